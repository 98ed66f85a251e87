//! Rotations over days, as their user sees them: an account in memory, a clock that a test moves,
//! and real files.

use keysweep::command::rotate::Mode;
use keysweep::command::rotate::destination::Wanted;
use keysweep::run::Status;
use keysweep_aws::{Attached, KeyStatus, Tag};

use crate::act::rotate_account::Fault;
use crate::support::rotate::{Asked, Came, World};

fn to_profile(name: &str) -> Asked {
    Asked { to: Some(Wanted::Profile(name.to_owned())), ..Asked::default() }
}

fn nothing() -> Asked {
    Asked::default()
}

/// A session of several runs, each below a line that says when and how it ended.
#[derive(Default)]
struct Days(String);

impl Days {
    #[track_caller]
    fn add(&mut self, what: &str, came: &Came, status: Status) {
        assert_eq!(came.status, status, "{what}: {}", came.text);
        self.0.push_str(&format!("===== {what}\n{}(status {})\n", came.text, status.code()));
    }
}

#[test]
fn a_planned_rotation_with_a_forgotten_job() {
    let world = World::new("planned rotation", "shop-deploy");
    let mut days = Days::default();
    world.project.file("src/prod.env", &world.old.env);
    world.project.file("src/README.md", format!("The key is {}.\n", world.old.id));
    let mut asked = to_profile("shop");
    asked.paths = vec![world.project.at("src"), world.project.at("home")];
    days.add("day 0", &world.run(&asked, &["y"]), Status::Findings);
    let new = world.account.keys()[1].0.clone();
    assert!(world.credentials().contains(&new) && !world.credentials().contains(&world.old.id));
    days.add("day 0, nothing was moved yet", &world.run(&nothing(), &[]), Status::Findings);
    world.project.file("src/prod.env", "KEY from the profile\n");
    world.days(2);
    world.account.used(&world.old.id, "s3");
    days.add("day 2, a job had been forgotten", &world.run(&nothing(), &[]), Status::Findings);
    world.days(7);
    days.add("day 9, no", &world.run(&nothing(), &["n"]), Status::Findings);
    days.add("day 9", &world.run(&nothing(), &["y"]), Status::Findings);
    assert_eq!(world.account.is(&world.old.id), Some(KeyStatus::Inactive));
    world.days(3);
    days.add("day 12", &world.run(&nothing(), &[]), Status::Findings);
    world.days(5);
    days.add("day 17, mistyped", &world.run(&nothing(), &["XXXX"]), Status::Findings);
    days.add("day 17", &world.run(&nothing(), &["LAST"]), Status::Clean);
    assert_eq!(world.account.keys(), [(new, KeyStatus::Active)]);
    let calls = world.account.state().calls.len();
    days.add("day 17, again", &world.run(&nothing(), &[]), Status::Clean);
    assert_eq!(world.account.state().calls.len(), calls, "nobody was asked");
    assert!(world.account.state().tags.is_empty());
    insta::assert_snapshot!(days.0);
}

#[test]
fn an_undo_in_between_and_a_second_person() {
    let world = World::new("undo", "path/to/shop+deploy=a,b.c@d-e_f");
    let mut days = Days::default();
    days.add("day 0", &world.run(&to_profile("other"), &["y"]), Status::Findings);
    world.days(8);
    days.add("day 8", &world.run(&nothing(), &["y"]), Status::Findings);
    world.days(1);
    world.account.set(&world.old.id, KeyStatus::Active);
    world.account.used(&world.old.id, "sqs");
    days.add("day 9, activated again", &world.run(&nothing(), &[]), Status::Findings);
    std::fs::remove_file(world.journal()).expect("a journal");
    world.days(7);
    days.add("day 16, by somebody else", &world.run(&nothing(), &["y"]), Status::Findings);
    world.days(8);
    days.add("day 24", &world.run(&nothing(), &["LAST"]), Status::Clean);
    insta::assert_snapshot!(days.0);
}

#[test]
fn what_is_refused_before_anything_is_changed() {
    let mut days = Days::default();
    let mut refused = |what: &str, asked: &Asked, change: &dyn Fn(&World)| {
        let world = World::new(what, "shop-deploy");
        change(&world);
        let before = world.credentials();
        let came = world.run(asked, &["y"]);
        days.add(what, &came, Status::Usage);
        assert!(world.account.mutations().is_empty(), "{what}: {}", came.text);
        assert_eq!(world.credentials(), before, "{what}");
        assert!(!world.journal().exists(), "{what}");
    };
    refused("no destination", &nothing(), &|_| {});
    refused("two keys", &to_profile("shop"), &|world| drop(world.account.add_key()));
    refused("the user is gone", &to_profile("shop"), &|world| world.account.state().gone = true);
    refused("a key of root", &to_profile("shop"), &|world| {
        world.account.state().keys[0].key.user = "<root>".to_owned();
    });
    refused("whose it is may not be asked", &to_profile("shop"), &|world| {
        world.account.fail("GetAccessKeyLastUsed", Fault::Denied);
    });
    refused("a state that is not known", &to_profile("shop"), &|world| {
        world.account.set(&world.old.id, KeyStatus::Expired);
    });
    refused("a file that botocore does not read", &to_profile("shop"), &|world| {
        world.project.file("home/credentials", format!("{}[shop]\n", world.credentials()));
    });
    refused("nothing to abandon", &Asked { mode: Mode::Abandon, ..nothing() }, &|_| {});
    insta::assert_snapshot!(days.0);
}

#[test]
fn a_new_user_of_the_same_name_is_not_changed() {
    let world = World::new("namesake", "shop-deploy");
    world.run(&to_profile("shop"), &["y"]);
    world.account.state().user.id = "AIDAQNZGKIQY56JQ7WMLX".to_owned();
    let before = world.account.mutations();
    world.days(8);
    let came = world.run(&nothing(), &["y", "y"]);
    assert_eq!(came.status, Status::Usage, "{}", came.text);
    assert!(came.text.contains("was made under its name. Nothing was changed"), "{}", came.text);
    assert_eq!(world.account.mutations(), before);
}

#[test]
fn a_dry_run_and_a_status_change_nothing() {
    let world = World::new("dry run", "shop-deploy");
    let mut days = Days::default();
    for (what, mode, dry_run) in
        [("--dry-run", Mode::Next, true), ("--status", Mode::Status, false)]
    {
        let asked = Asked { mode, dry_run, ..to_profile("shop") };
        days.add(what, &world.run(&asked, &[]), Status::Findings);
        assert!(world.account.mutations().is_empty() && !world.journal().exists());
    }
    world.run(&to_profile("shop"), &["y"]);
    world.days(8);
    let before = (world.account.mutations(), std::fs::read(world.journal()).expect("a journal"));
    let dry = || Asked { dry_run: true, ..nothing() };
    days.add("--dry-run, day 8", &world.run(&dry(), &[]), Status::Findings);
    world.account.set(&world.old.id, KeyStatus::Inactive);
    days.add("--dry-run, inactive", &world.run(&dry(), &[]), Status::Findings);
    let after = (world.account.mutations(), std::fs::read(world.journal()).expect("a journal"));
    assert_eq!(before, after);
    insta::assert_snapshot!(days.0);
}

#[test]
fn a_leaked_key_that_is_inactive_already_gets_its_successor() {
    let world = World::new("inactive already", "shop-deploy");
    let mut days = Days::default();
    world.account.set(&world.old.id, KeyStatus::Inactive);
    let name = "AWSCompromisedKeyQuarantineV3".to_owned();
    let arn = "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3".to_owned();
    world.account.state().policies.push(Attached { name, arn });
    days.add("day 0", &world.run(&to_profile("shop"), &["y"]), Status::Findings);
    days.add("day 0, again", &world.run(&nothing(), &[]), Status::Findings);
    world.days(8);
    days.add("day 8", &world.run(&nothing(), &["LAST"]), Status::Clean);
    insta::assert_snapshot!(days.0);
}

#[test]
fn a_rotation_is_given_up() {
    let world = World::new("abandon", "shop-deploy");
    let mut days = Days::default();
    let abandon = || Asked { mode: Mode::Abandon, ..nothing() };
    world.run(&to_profile("other"), &["y"]);
    let new = world.account.keys()[1].0.clone();
    world.hours(1);
    world.account.used(&new, "s3");
    days.add("in use", &world.run(&abandon(), &["LAST"]), Status::Usage);
    world.account.state().keys[1].used = Default::default();
    days.add("never used", &world.run(&abandon(), &["LAST"]), Status::Clean);
    assert_eq!(world.account.keys(), [(world.old.id.clone(), KeyStatus::Active)]);
    days.add("once more", &world.run(&to_profile("third"), &["y"]), Status::Findings);
    insta::assert_snapshot!(days.0);
}

#[test]
fn a_lost_answer_is_looked_up_and_never_sent_again() {
    let mut days = Days::default();
    for fault in [Fault::Lost, Fault::NeverCame] {
        let lost = fault == Fault::Lost;
        let world = World::new(&format!("lost {lost}"), "shop-deploy");
        let before = world.credentials();
        world.account.fail("CreateAccessKey", fault.clone());
        days.add(
            &format!("create: {fault:?}"),
            &world.run(&to_profile("shop"), &["y"]),
            Status::Incomplete,
        );
        assert_eq!(world.account.mutations(), ["CreateAccessKey shop-deploy"]);
        assert_eq!(world.credentials(), before);
        let answers: &[&str] = if lost { &["LAST"] } else { &["y"] };
        days.add("the next run", &world.run(&to_profile("shop"), answers), Status::Findings);
        if lost {
            days.add("one more", &world.run(&to_profile("shop"), &["y"]), Status::Findings);
        }
        world.days(8);
        world.account.fail("UpdateAccessKey", fault.clone());
        let status = if lost { Status::Findings } else { Status::Incomplete };
        days.add("deactivate", &world.run(&nothing(), &["y"]), status);
        if !lost {
            days.add("the next run", &world.run(&nothing(), &["y"]), Status::Findings);
        }
        world.days(8);
        world.account.fail("DeleteAccessKey", fault.clone());
        let status = if lost { Status::Clean } else { Status::Incomplete };
        days.add("delete", &world.run(&nothing(), &["LAST"]), status);
        if !lost {
            days.add("the next run", &world.run(&nothing(), &["LAST"]), Status::Clean);
        }
        assert_eq!(world.account.keys().len(), 1);
    }
    insta::assert_snapshot!(days.0);
}

#[test]
fn a_new_key_that_does_not_work_at_once_is_tried_and_then_deleted_again() {
    for (refused, kept) in [(12, true), (60, true), (61, false)] {
        let world = World::new(&format!("slow {refused}"), "shop-deploy");
        world.account.state().refused_tries = refused;
        let came = world.run(&to_profile("shop"), &["y"]);
        if kept {
            assert!(came.text.contains(&format!("works, {refused} s after")), "{}", came.text);
            continue;
        }
        assert_eq!(came.status, Status::Incomplete);
        assert!(came.text.contains("is deleted again, and <OLD> is as it was"), "{}", came.text);
        assert_eq!(world.account.keys().len(), 1);
        assert!(world.credentials().contains(&world.old.secret));
    }
}

#[test]
fn a_denied_request_is_reported_and_is_not_an_obstacle() {
    let world = World::new("not allowed", "shop-deploy");
    for operation in ["GetUser", "ListUserTags", "ListAttachedUserPolicies", "TagUser"] {
        world.account.fail(operation, Fault::Denied);
    }
    let came = world.run(&to_profile("shop"), &["y"]);
    assert_eq!(came.status, Status::Findings, "{}", came.text);
    for what in ["iam:GetUser is not allowed", "iam:ListUserTags is not allowed", "not described"] {
        assert!(came.text.contains(what), "{what}: {}", came.text);
    }
}

/// A tag on the user is enough to take over a rotation.
#[test]
fn a_tagged_key_that_was_made_by_hand_becomes_the_successor() {
    let world = World::new("by hand", "shop-deploy");
    let other = world.account.add_key();
    let value = format!("keysweep: replaces {}", world.old.id);
    world.account.state().tags.push(Tag { key: other.id.clone(), value });
    let came = world.run(&nothing(), &[]);
    assert!(came.text.contains("by somebody else: the user's tag says so"), "{}", came.text);
    assert!(came.text.contains("Step 3 of 6: wait."), "{}", came.text);
    assert!(world.account.mutations().is_empty());
}

#[test]
fn watching_waits_and_says_only_what_is_new() {
    let world = World::new("watch", "shop-deploy");
    world.run(&to_profile("shop"), &["y"]);
    let came = world.run(&Asked { watch: true, ..nothing() }, &["y", "LAST"]);
    assert_eq!(came.status, Status::Clean, "{}", came.text);
    assert_eq!(came.text.matches("Step 3 of 6: wait.").count(), 1, "{}", came.text);
    assert_eq!(world.account.keys().len(), 1);
}

#[test]
fn the_files_of_a_report_are_searched_and_its_own_files_are_left_out() {
    let world = World::new("by a report", "shop-deploy");
    let old = &world.old.id;
    world.project.file("src/prod.env", &world.old.env);
    let path = world.project.at("src/prod.env").display().to_string();
    let report = format!(
        r#"{{"schema": 2, "tool": {{"name": "keysweep"}}, "findings": [{{"fingerprint": "{}",
        "key_id": "{old}", "occurrences": [{{"path": "{path}", "line": 1}},
        {{"path": "gone.env", "line": 1}}]}}]}}"#,
        "ab".repeat(16)
    );
    world.project.file("src/report.json", &report);
    let report = Some(world.project.at("src/report.json"));
    let came = world.run(&Asked { report: report.clone(), ..to_profile("shop") }, &["y"]);
    assert!(
        came.text.contains("It was found in 1 place:\n  /src/prod.env:1  with"),
        "{}",
        came.text
    );
    let missing = "  not searched: gone.env (of the report) is not here\n";
    assert!(came.text.contains(missing), "{}", came.text);
    // The journal names the key, and so does the report.
    std::fs::copy(world.journal(), world.project.at("src/journal.jsonl")).expect("a copy");
    let paths = vec![world.project.at("src")];
    let came = world.run(&Asked { paths, ..nothing() }, &[]);
    let listed = came.text.split("run the same command again:\n").nth(1).expect("a list");
    assert_eq!(listed, "  /src/prod.env:1  with its secret\n", "{}", came.text);
    let came = world.run(&Asked { paths: vec!["no/such/folder".into()], ..nothing() }, &[]);
    assert_eq!(came.status, Status::Usage, "{}", came.text);
}

#[test]
fn a_secret_that_git_tracks_is_a_leak() {
    let world = World::new("tracked", "shop-deploy");
    world.project.file("repo/prod.env", &world.old.env);
    world.project.git_in("repo", &["init", "-q"]);
    let asked =
        || Asked { paths: vec![world.project.at("repo")], dry_run: true, ..to_profile("shop") };
    let leak = "git tracks /repo/prod.env, so whoever has the repository has the secret.";
    assert!(!world.run(&asked(), &[]).text.contains(leak));
    world.project.git_in("repo", &["add", "-A"]);
    let came = world.run(&asked(), &[]);
    assert!(came.text.contains(leak), "{}", came.text);
}
