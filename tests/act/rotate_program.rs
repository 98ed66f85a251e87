//! `keysweep rotate` as a program in a terminal, against a real server of IAM: its output, the
//! files that remain, `kill -9` at any moment, and the recipes of the documents.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::Project;
use crate::support::act::profile;
use crate::support::moto::{Key, Moto};
use crate::support::process::Running;
use crate::support::programs;
use crate::support::tools;

const README: &str = include_str!("../../README.md");
const ROTATION: &str = include_str!("../../docs/rotation.md");

/// A home with the profiles of an administrator and of the key that leaves.
struct Home {
    project: Project,
    moto: Moto,
    venv: PathBuf,
    old: Key,
}

impl Home {
    /// `None`, and why on standard error, without a server.
    fn new() -> Option<Self> {
        let venv = tools::venv()?;
        let moto = Moto::start_strict(&[]);
        let (ops, old) = (moto.administrator("ops"), moto.user_key("shop-deploy"));
        moto.check_signatures();
        let project = Project::new();
        let text = format!("{}# mine\n{}", profile("ops", &ops), profile("shop", &old));
        project.file(".aws/credentials", text);
        let path = project.at(".aws/credentials");
        fs::set_permissions(path, fs::Permissions::from_mode(0o640)).expect("a mode");
        Some(Self { project, moto, venv, old })
    }

    fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.project.path())
            .env("PATH", format!("{}:{path}", tools::programs(&self.venv).display()))
            .env("LC_ALL", "C")
            .current_dir(self.project.path());
        command
    }

    fn arguments<'a>(&'a self, more: &[&'a str], url: &'a str) -> Vec<&'a str> {
        let mut all = vec!["rotate", self.old.id.as_str(), "--profile", "ops"];
        all.extend(["--iam-endpoint", url, "--sts-endpoint", url, "--rest", "0d", "--hold", "0d"]);
        all.extend(more);
        all
    }

    /// Runs it in a terminal; what it printed, and its status.
    fn run(&self, more: &[&str], answers: &[&str]) -> (String, i32) {
        let url = self.moto.url();
        let arguments = self.arguments(more, &url);
        let answers = serde_json::to_string(answers).expect("JSON");
        let mut all = vec![tools::TERMINAL, answers.as_str(), env!("CARGO_BIN_EXE_keysweep")];
        all.extend(arguments);
        let output = self
            .command(&tools::programs(&self.venv).join("python"), &all)
            .output()
            .expect("python");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (text, status) = text.trim_end().rsplit_once("\nstatus ").expect("a status");
        (text.to_owned(), status.parse().expect("a number"))
    }

    fn last_four(&self) -> &str {
        &self.old.id[16..]
    }

    fn journal(&self) -> PathBuf {
        self.project.at(format!(".local/state/keysweep/rotations/{}.jsonl", self.old.id))
    }

    fn credentials(&self) -> String {
        fs::read_to_string(self.project.at(".aws/credentials")).expect("a file")
    }

    /// The key of profile `shop`.
    fn shop(&self) -> (String, String) {
        let text = self.credentials();
        let shop = text.split("[shop]\n").nth(1).expect("a profile").to_owned();
        let mut values = shop.lines().map(|line| line.rsplit(" = ").next().expect("a value"));
        let mut next = || values.next().expect("a line").to_owned();
        (next(), next())
    }

    /// The ids of the user's keys.
    fn keys(&self) -> Vec<String> {
        let answer = self.moto.meanwhile("Action=ListAccessKeys&UserName=shop-deploy");
        let ids = answer.split("<AccessKeyId>").skip(1);
        ids.map(|rest| rest[..20].to_owned()).collect()
    }

    /// No file below the home holds the secret but the one that is to.
    fn look_for(&self, secret: &str, printed: &str, but: &[&str]) {
        assert!(!printed.contains(secret), "{printed}");
        let mut folders = vec![self.project.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if !but.iter().any(|but| path.ends_with(but)) {
                    let text = fs::read(&path).expect("a file");
                    let held = text.windows(40).any(|part| part == secret.as_bytes());
                    assert!(!held, "{} holds the secret", path.display());
                }
            }
        }
    }
}

#[test]
fn a_whole_rotation_in_a_terminal() {
    let Some(home) = Home::new() else { return };
    let before = home.credentials();
    let (text, status) = home.run(&["--to-profile", "shop", "--dry-run"], &[]);
    assert_eq!((status, home.keys().len()), (1, 1), "{text}");
    assert!(text.contains("--dry-run: this would be next: make a second key"), "{text}");
    assert!(!home.journal().exists() && home.credentials() == before);
    let mut printed = String::new();
    for (more, answer, status) in [
        (vec!["--to-profile", "shop", "--in", ".aws"], "y", 1),
        (vec![], "y", 1),
        (vec![], "XXXX", 1),
        (vec!["--yes"], home.last_four(), 0),
        (vec![], "", 0),
    ] {
        let (text, ended) = home.run(&more, &[answer]);
        assert_eq!(ended, status, "{text}");
        printed.push_str(&text);
    }
    assert!(printed.contains("was rotated: deleted"), "{printed}");
    let (id, secret) = home.shop();
    assert_eq!(home.keys(), [id.as_str()]);
    let changed = before.replace(&home.old.id, &id).replace(&home.old.secret, &secret);
    assert_eq!(home.credentials(), changed, "nothing else changed");
    let mode =
        |path: PathBuf| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(home.project.at(".aws/credentials")), 0o640);
    assert_eq!(mode(home.journal()), 0o600);
    assert_eq!(mode(home.project.at(".local/state/keysweep/rotations")), 0o700);
    home.look_for(&secret, &printed, &["credentials"]);
    home.look_for(&home.old.secret, &printed, &[]);
}

#[test]
fn without_anybody_to_ask_there_is_no_answer() {
    let Some(home) = Home::new() else { return };
    let url = home.moto.url();
    let program = Path::new(env!("CARGO_BIN_EXE_keysweep"));
    let run = |more: &[&str]| {
        let output = home.command(program, &home.arguments(more, &url)).output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), text)
    };
    let (status, text) = run(&["--to-profile", "shop"]);
    assert_eq!(status, Some(2), "{text}");
    assert!(text.contains("nobody can be asked"), "{text}");
    assert!(!home.journal().exists());
    // `--yes` goes as far as what can be undone.
    assert_eq!(run(&["--to-profile", "shop", "--yes"]).0, Some(1));
    assert_eq!(run(&["--yes"]).0, Some(1));
    let (status, text) = run(&["--yes"]);
    assert_eq!(status, Some(2), "{text}");
    assert_eq!(home.keys().len(), 2);
}

/// The program is killed later each time; the next runs bring the rotation to its end.
#[test]
fn a_rotation_continues_after_a_kill() {
    let Some(mut home) = Home::new() else { return };
    let program = Path::new(env!("CARGO_BIN_EXE_keysweep"));
    let (mut killed, mut whole) = (0, Duration::from_secs(2));
    for moment in 0..12 {
        let url = home.moto.url();
        let arguments = home.arguments(&["--to-profile", "shop", "--yes"], &url);
        let begin = Instant::now();
        let mut running = Running::start(home.command(program, &arguments), true);
        if moment > 0 {
            thread::sleep(whole.mul_f64(f64::from(moment) / 15.0));
            running.child.kill().expect("SIGKILL, or it has ended");
        }
        let ended = running.end();
        killed += usize::from(ended.code() == -9);
        if moment == 0 {
            whole = begin.elapsed();
        }
        let (id, secret) = home.shop();
        assert!(
            home.keys().contains(&id),
            "moment {moment}: the profile holds a key that is there"
        );
        // Whatever is asked about, somebody who wants it done answers.
        for _ in 0..6 {
            let four = |id: &String| id[16..].to_owned();
            let other =
                home.keys().into_iter().find(|key| *key != home.old.id && *key != home.shop().0);
            let args = other.as_ref().map_or(home.last_four().to_owned(), four);
            let (text, status) = home.run(&["--to-profile", "shop", "--yes"], &[&args]);
            assert!(status == 0 || status == 1, "moment {moment}: {text}");
            assert!(!text.contains(&secret), "{text}");
            if status == 0 {
                break;
            }
        }
        let (id, secret) = home.shop();
        assert_eq!(home.keys(), [id.as_str()], "moment {moment}");
        let names = fs::read_dir(home.project.at(".aws")).expect("a folder").flatten().count();
        assert_eq!(names, 1, "moment {moment}: a temporary file is left");
        // The new key is the next one to leave.
        home.old = Key { user: "shop-deploy".to_owned(), id, secret, token: None };
    }
    println!("{killed} of 11 kills came in time");
    // The number depends on the machine.
    assert!(killed > 0, "{killed}");
}

/// The block of a document that follows a mark.
fn block(text: &'static str, mark: &str) -> &'static str {
    let (_, rest) = text.split_once(mark).unwrap_or_else(|| panic!("no {mark}"));
    let (_, rest) = rest.split_once("```").expect("a block");
    let (_, block) = rest.split_once('\n').expect("a language");
    block.split("\n```").next().expect("its end")
}

impl Home {
    /// Runs commands of a document in a terminal, each with its answers.
    fn recipe(&self, text: &str, answers: &[&str]) -> (String, i32) {
        let bin = self.project.at("bin");
        let url = self.moto.url();
        let program = env!("CARGO_BIN_EXE_keysweep");
        let script = format!(
            "#!/bin/sh\ncase \"$1\" in scan) ;; *) set -- \"$@\" --iam-endpoint {url} \
             --sts-endpoint {url} ;; esac\nexec '{program}' \"$@\"\n"
        );
        programs::script(&bin.join("keysweep"), &script);
        let answers = serde_json::to_string(answers).expect("JSON");
        let all = [tools::TERMINAL, answers.as_str(), "/bin/sh", "-c", text];
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{}:{path}", bin.display(), tools::programs(&self.venv).display());
        let output = self
            .command(&tools::programs(&self.venv).join("python"), &all)
            .env("PATH", path)
            .env("KEY_ID", &self.old.id)
            .env("AWS_PROFILE", "ops")
            .env("AWS_ENDPOINT_URL", &url)
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .output()
            .expect("python");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (text, status) = text.trim_end().rsplit_once("\nstatus ").expect("a status");
        (text.to_owned(), status.parse().expect("a number"))
    }
}

#[test]
fn the_stores_of_aws_get_the_key_by_the_recipes_of_the_document() {
    let Some(home) = Home::new() else { return };
    home.moto.trust();
    let aws = |text: &str| home.recipe(text, &[]);
    let made = aws("aws secretsmanager create-secret --name ci/deploy --secret-string none");
    assert_eq!(made.1, 0, "{}", made.0);
    let stores = [
        "aws secretsmanager get-secret-value --secret-id ci/deploy --query SecretString --output text",
        "aws ssm get-parameter --name /ci/deploy --with-decryption --query Parameter.Value --output text",
    ];
    let lines =
        block(ROTATION, "<!-- run: stores -->").lines().filter(|line| !line.starts_with('#'));
    let recipes: Vec<&str> = lines.collect();
    assert_eq!(recipes.len(), stores.len());
    for (recipe, store) in recipes.into_iter().zip(stores) {
        let (text, status) = home.recipe(recipe, &["y"]);
        assert_eq!(status, 1, "{text}");
        assert!(text.contains("kept      the command of --to-command"), "{text}");
        let (stored, status) = aws(store);
        assert_eq!(status, 0, "{stored}");
        let key: serde_json::Value = serde_json::from_str(&stored).expect("the object");
        let id = key["AccessKeyId"].as_str().expect("an id");
        assert!(home.keys().contains(&id.to_owned()), "{stored}");
        let secret = key["SecretAccessKey"].as_str().expect("a secret");
        home.look_for(secret, &text, &[]);
        // Back to one key, for the next store.
        home.moto.trust();
        let (text, status) = home.recipe("keysweep rotate \"$KEY_ID\" --abandon", &[&id[16..]]);
        assert_eq!(status, 0, "{text}");
    }
}

#[test]
fn the_readme_leads_from_the_finding_to_the_last_step() {
    let Some(home) = Home::new() else { return };
    home.project
        .file("repo/prod.env", format!("key={}\nsecret={}\n", home.old.id, home.old.secret));
    let commands: Vec<&str> = block(README, "<!-- run: from the finding to the last step -->")
        .lines()
        .filter_map(|line| line.strip_prefix("$ "))
        .collect();
    let mut printed = String::new();
    for command in &commands {
        // The clock of this machine can't be moved: the days of rest and hold are none.
        let mut command = format!("cd repo && {command}");
        if command.contains("rotate") {
            let at = command.find(" #").unwrap_or(command.len());
            command.insert_str(at, " --rest 0d --hold 0d");
        }
        let answers: &[&str] = match () {
            // The server does not know the condition by which only sessions are denied.
            () if command.contains("deactivate") => &["y", "n"],
            () if printed.contains("Its secret goes to") => &[home.last_four()],
            () => &["y"],
        };
        let (text, status) = home.recipe(&command, answers);
        assert!(status == 0 || status == 1, "{command}: {text}");
        printed.push_str(&format!("{command}\n{text}\n"));
    }
    assert!(printed.contains("is rotated"), "{printed}");
    let (id, secret) = home.shop();
    assert_eq!(home.keys(), [id.as_str()], "{printed}");
    home.look_for(&secret, &printed, &["credentials"]);
}
