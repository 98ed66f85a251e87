//! Rotations over days against a real server of IAM that checks signatures and refuses what AWS
//! refuses, in the library: only the clock is the test's own.

use std::fs;
use std::path::PathBuf;

use jiff::SignedDuration;
use keysweep::act::{Context, Failure};
use keysweep::aws::KeyId;
use keysweep::command::rotate::destination::{Files, Wanted};
use keysweep::command::rotate::places::Scan;
use keysweep::command::rotate::{Mode, RotateOptions, rotate};
use keysweep::run::Status;

use crate::support::Project;
use crate::support::act::{Around, Played, Session, named, opened, profile};
use crate::support::moto::{Key, Moto};
use crate::support::tools;

/// A rotation of one key, with its files.
struct Rotation<'a> {
    moto: &'a Moto,
    project: Project,
    old: &'a Key,
    acting: &'a Key,
}

impl<'a> Rotation<'a> {
    fn new(moto: &'a Moto, old: &'a Key, acting: &'a Key) -> Self {
        let project = Project::new();
        project.file("credentials", profile("shop", old));
        Self { moto, project, old, acting }
    }

    fn run(&self, to: Option<Wanted>, days: u64, answers: &[&str]) -> Played {
        let session = Session { answers, days, ..Session::default() };
        session.play(&self.moto.url(), self.acting, |context| self.carry_out(context, to))
    }

    fn carry_out(&self, context: &mut Context<'_>, to: Option<Wanted>) -> Result<Status, Failure> {
        let week = SignedDuration::from_hours(7 * 24);
        let look = Scan::default();
        let options = RotateOptions {
            key: KeyId::parse(self.old.id.as_bytes()).expect("an id"),
            destination: to,
            files: Files {
                credentials: self.project.at("credentials"),
                config: self.project.at("config"),
            },
            paths: Vec::new(),
            report: None,
            look: &look,
            rest: week,
            hold: week,
            watch: None,
            mode: Mode::Next,
            journal: self.journal(),
        };
        rotate(context, &options)
    }

    fn journal(&self) -> PathBuf {
        self.project.at("state/journal.jsonl")
    }

    /// The whole of it: made, deactivated, deleted. The text, with names in place of ids.
    fn whole(&self) -> String {
        let mut text = String::new();
        let to = Some(Wanted::Profile("shop".to_owned()));
        let last = self.old.id[16..].to_owned();
        for (to, days, answer) in [(to, 0, "y"), (None, 8, "y"), (None, 16, last.as_str())] {
            let played = self.run(to, days, &[answer]);
            text.push_str(&format!("===== day {days}\n{}", played.text));
        }
        let new = self.new_key();
        let journal = fs::read_to_string(self.journal()).expect("a journal");
        for text in [&text, &journal] {
            assert!(!text.contains(&new.secret) && !text.contains(&self.old.secret), "{text}");
        }
        let folder = self.project.path().display().to_string();
        let last = format!(": {last}\n");
        let names = [
            (self.old.id.as_str(), "<OLD>"),
            (&new.id, "<NEW>"),
            (&last, ": <last four>\n"),
            (&folder, ""),
        ];
        named(&text, &names)
    }

    fn new_key(&self) -> Key {
        let text = fs::read_to_string(self.project.at("credentials")).expect("a file");
        let value = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).expect("a line");
            line.rsplit(" = ").next().expect("a value").to_owned()
        };
        let (id, secret) = (value("aws_access_key_id"), value("aws_secret_access_key"));
        Key { user: self.old.user.clone(), id, secret, token: None }
    }

    /// The ids of the user's keys, each with its status.
    fn left(&self) -> String {
        let user = self.old.user.replace('+', "%2B").replace('=', "%3D");
        let answer = self.moto.meanwhile(&format!("Action=ListAccessKeys&UserName={user}"));
        let part = |text: &str, name: &str| {
            let (start, end) = (format!("<{name}>"), format!("</{name}>"));
            let rest = text.split(start.as_str()).nth(1).unwrap_or_default().to_owned();
            rest.split(end.as_str()).next().unwrap_or_default().to_owned()
        };
        let keys = answer.split("<member>").skip(1);
        keys.map(|one| format!("{} {}\n", part(one, "AccessKeyId"), part(one, "Status"))).collect()
    }
}

fn has_tools() -> bool {
    tools::venv().is_some()
}

#[test]
fn a_whole_rotation_by_an_administrator_a_role_and_the_key_itself() {
    if !has_tools() {
        return;
    }
    let moto = Moto::start_strict(&[]);
    let ops = moto.administrator("ops");
    let role = moto.session_key("rotator");
    moto.iam(
        "Action=PutRolePolicy&RoleName=rotator&PolicyName=all&PolicyDocument=%7B%22Version%22%3A\
         %222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22\
         %2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D",
    );
    let keys = ["shop-deploy", "by-role", "a.name+of=all,kinds@x_y-z", "itself"];
    let [plain, by_role, odd, itself] = keys.map(|user| moto.user_key(user));
    moto.allow("itself", "iam:*");
    moto.check_signatures();
    for (what, old, acting) in
        [("administrator", &plain, &ops), ("role", &by_role, &role), ("name", &odd, &ops)]
    {
        let rotation = Rotation::new(&moto, old, acting);
        let text = rotation.whole();
        assert_eq!(rotation.left(), format!("{} Active\n", rotation.new_key().id), "{text}");
        if what != "role" {
            insta::assert_snapshot!(format!("rotate_by_{what}"), text);
        }
    }
    // The key makes its successor itself; from then on that one signs.
    let rotation = Rotation::new(&moto, &itself, &itself);
    let played = rotation.run(Some(Wanted::Profile("shop".to_owned())), 0, &["y"]);
    assert!(played.text.contains("this very key signs the requests"), "{}", played.text);
    let new = rotation.new_key();
    let rotation = Rotation { acting: &new, ..rotation };
    assert_eq!(rotation.run(None, 8, &["y"]).status, Status::Findings);
    let played = rotation.run(None, 16, &[&itself.id[16..]]);
    assert_eq!(played.status, Status::Clean, "{}", played.text);
    assert_eq!(rotation.left(), format!("{} Active\n", new.id));
}

#[test]
fn what_aws_refuses_changes_nothing() {
    if !has_tools() {
        return;
    }
    let moto = Moto::start_strict(&[]);
    let ops = moto.administrator("ops");
    let [two, gone, stranger] = ["two", "gone", "stranger"].map(|user| moto.user_key(user));
    let second = moto.user_key("two");
    moto.delete(&gone);
    moto.iam("Action=DeleteUser&UserName=gone");
    moto.check_signatures();
    let profile = || Some(Wanted::Profile("shop".to_owned()));
    for (old, acting, why) in [
        (&two, &ops, "already has another key, and a user can have two"),
        (&gone, &ops, "has no such key"),
        (&two, &stranger, "not allowed"),
    ] {
        let rotation = Rotation::new(&moto, old, acting);
        let played = rotation.run(profile(), 0, &["y"]);
        assert_eq!(played.status, Status::Usage, "{}", played.text);
        assert!(played.text.contains(why), "{why}: {}", played.text);
        assert!(!rotation.journal().exists(), "{}", played.text);
    }
    let rotation = Rotation::new(&moto, &two, &ops);
    assert_eq!(rotation.left(), format!("{} Active\n{} Active\n", two.id, second.id));
}

#[test]
fn each_destination_gets_the_secret_and_each_failure_gives_the_key_back() {
    if !has_tools() {
        return;
    }
    let moto = Moto::start_strict(&[]);
    let ops = moto.administrator("ops");
    let users = ["csv", "json", "env", "command", "fails", "reads-nothing"];
    let [csv, json, env, command, fails, nothing] = users.map(|user| moto.user_key(user));
    moto.check_signatures();
    let store = |rotation: &Rotation<'_>, name: &str| {
        let text = fs::read_to_string(rotation.project.at(name)).expect("a file");
        assert!(rotation.left().contains(&text[text.find("AKIA").expect("an id")..][..20]));
        text
    };
    for (old, name) in [(&csv, "new.csv"), (&json, "new.json"), (&env, "new.env")] {
        let rotation = Rotation::new(&moto, old, &ops);
        let path = rotation.project.at(name);
        let played = rotation.run(Some(Wanted::File(path.clone())), 0, &["y"]);
        assert_eq!(played.status, Status::Findings, "{}", played.text);
        let text = store(&rotation, name);
        let secret = text.lines().last().filter(|_| name != "new.json").unwrap_or_default();
        assert!(secret.is_empty() || !played.text.contains(&secret[secret.len() - 40..]));
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = rotation.run(Some(Wanted::File(path)), 0, &["y"]);
        assert_eq!(again.status, Status::Findings, "step 1 is over: {}", again.text);
    }
    let rotation = Rotation::new(&moto, &command, &ops);
    let (kept, seen) = (rotation.project.at("kept"), rotation.project.at("seen"));
    // The command records everything that can be seen of it from outside, and prints the key.
    let script = format!(
        "key=$(cat); printf '%s\\n' \"$key\" > '{}'; cat /proc/$$/cmdline /proc/$PPID/cmdline > \
         '{}'; env >> '{}'; printf '%s' \"$key\"; printf '%s' \"$key\" >&2",
        kept.display(),
        seen.display(),
        seen.display()
    );
    let played = rotation.run(Some(Wanted::Command(script)), 0, &["y"]);
    assert_eq!(played.status, Status::Findings, "{}", played.text);
    let key: serde_json::Value = serde_json::from_str(&store(&rotation, "kept")).expect("JSON");
    let secret = key["SecretAccessKey"].as_str().expect("a secret");
    assert_eq!(key["UserName"], "command");
    let seen = String::from_utf8_lossy(&fs::read(seen).expect("a file")).into_owned();
    let journal = fs::read_to_string(rotation.journal()).expect("a journal");
    for text in [&played.text, &seen, &journal] {
        assert!(!text.contains(secret), "{text}");
    }

    failures(&moto, &ops, [&fails, &nothing]);
}

/// Commands that fail, and destinations that are refused before a key is made.
fn failures(moto: &Moto, ops: &Key, [fails, nothing]: [&Key; 2]) {
    let leak = "printf 'no room for ' >&2; tr -d '\\n' >&2; exit 3";
    for (old, script, why) in [
        (fails, "cat > /dev/null; echo 'no room' >&2; exit 3", "exit status: 3: no room"),
        (fails, leak, "its output contains the secret and is not shown"),
        (nothing, "exec <&-; exit 4", "exit status: 4"),
    ] {
        let rotation = Rotation::new(moto, old, ops);
        let played = rotation.run(Some(Wanted::Command(script.to_owned())), 0, &["y"]);
        assert_eq!(played.status, Status::Incomplete, "{}", played.text);
        assert!(played.text.contains(why), "{why}: {}", played.text);
        assert!(played.text.contains("is deleted again, and"), "{}", played.text);
        assert_eq!(rotation.left(), format!("{} Active\n", old.id));
    }
    let rotation = Rotation::new(moto, fails, ops);
    for (to, why) in [
        (Wanted::Command("no-such-program-here x".to_owned()), "there is no program"),
        (Wanted::Command(" ".to_owned()), "--to-command is empty"),
        (Wanted::File(rotation.project.at("credentials")), "must end in .csv"),
        (Wanted::File(rotation.project.at("none/x.csv")), "No such file"),
    ] {
        let played = rotation.run(Some(to), 0, &["y"]);
        assert_eq!(played.status, Status::Usage, "{}", played.text);
        assert!(played.text.contains(why), "{why}: {}", played.text);
        assert!(!rotation.journal().exists());
    }
}

/// The profiles are read again before they are replaced: what somebody else wrote meanwhile stays.
#[test]
fn a_file_that_somebody_changed_meanwhile_is_left_alone() {
    if !has_tools() {
        return;
    }
    let moto = Moto::start_strict(&[]);
    let (ops, old) = (moto.administrator("ops"), moto.user_key("shop-deploy"));
    moto.check_signatures();
    let rotation = Rotation::new(&moto, &old, &ops);
    let path = rotation.project.at("credentials");
    let project = Project::new();
    project.file(".aws/credentials", profile("ops", &ops));
    let request =
        keysweep::act::open::Request { profile: Some("ops".to_owned()), ..Default::default() };
    let opened = opened(&moto.url(), request, &mut Around::new(&project)).expect("an identity");
    let theirs = format!("{}\n# theirs\n", fs::read_to_string(&path).expect("a file"));
    let session = Session { answers: &["y"], ..Session::default() };
    let played = session.play_as(&opened, &ops, |context| {
        let mut person = Meddler { path: path.clone(), text: theirs.clone() };
        let Context { iam, acting, clock, out, dry_run, .. } = context;
        let mut context = Context {
            iam: *iam,
            acting,
            clock: *clock,
            person: &mut person,
            out: *out,
            dry_run: *dry_run,
        };
        rotation.carry_out(&mut context, Some(Wanted::Profile("shop".to_owned())))
    });
    assert_eq!(played.status, Status::Incomplete, "{}", played.text);
    assert!(played.text.contains("it was changed after it was read"), "{}", played.text);
    assert_eq!(fs::read_to_string(&path).expect("a file"), theirs);
    assert_eq!(rotation.left(), format!("{} Active\n", old.id));
}

/// Says yes, and changes the file meanwhile.
struct Meddler {
    path: PathBuf,
    text: String,
}

impl keysweep::act::Person for Meddler {
    fn confirm(&mut self, _: &str) -> Result<bool, Failure> {
        fs::write(&self.path, &self.text).expect("a file");
        Ok(true)
    }

    fn type_in(&mut self, _: &str) -> Result<String, Failure> {
        Ok(String::new())
    }
}
