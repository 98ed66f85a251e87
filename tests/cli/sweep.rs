//! `keysweep sweep`: its targets, the report of all of them, and the effect of a broken target on
//! the others.

use serde_json::Value;

use crate::support::{Keys, Project, Ran};

/// A folder of clones: `one`, its clone `two`, the bare `three.git`, the clone `one/vendor/four`
/// that `one` ignores, and a file next to them; all hold the same key.
fn clones(name: &str) -> (Project, String) {
    let pair = Keys::new(name).pair();
    let project = Project::new();
    project.git_in("all/one", &["init", "-q", "-b", "main"]);
    project.file("all/one/conf/a.env", &pair.env).file("all/one/.gitignore", "/vendor/\n");
    project.git_in("all/one", &["add", "-A"]).git_in("all/one", &["commit", "-q", "-m", "one"]);
    project.git_in("all", &["clone", "-q", "one", "two"]);
    project.git_in("all", &["clone", "-q", "--bare", "one", "three.git"]);
    project.git_in("all", &["clone", "-q", "one", "one/vendor/four"]);
    project.file("all/notes/todo.txt", &pair.env);
    (project, pair.id)
}

/// `target: path` of each occurrence of the only finding.
fn held(ran: &Ran) -> Vec<String> {
    let report = ran.json();
    let findings = report["findings"].as_array().expect("findings");
    assert_eq!(findings.len(), 1, "{report:#}");
    let places = findings[0]["occurrences"].as_array().expect("places").iter();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    places.map(|place| format!("{}: {}", text(&place["target"]), text(&place["path"]))).collect()
}

/// The names of the targets in the report.
fn targets(ran: &Ran) -> Vec<String> {
    let report = ran.json();
    let targets = report["coverage"]["targets"].as_array().cloned().unwrap_or_default();
    targets.iter().map(|target| target["name"].as_str().unwrap_or("-").to_owned()).collect()
}

#[test]
fn each_clone_in_a_folder_is_a_target_and_a_key_in_all_of_them_is_one_finding() {
    let (project, id) = clones("sweep clones");
    let ran = project.keysweep(["sweep", "all", "--format", "json"]).run().exits(1);
    assert_eq!(targets(&ran), [".", "one", "one/vendor/four", "three.git", "two"]);
    assert_eq!(
        held(&ran),
        [
            ".: notes/todo.txt",
            "one: conf/a.env",
            "one/vendor/four: conf/a.env",
            "three.git: conf/a.env",
            "two: conf/a.env",
        ]
    );
    assert_eq!(ran.json()["findings"][0]["key_id"], id.as_str());
    assert_eq!(ran.left_out("repositories"), 0);
    for row in ["[1/5] .: 1 file", "[2/5] one: 2 files, 1 commit", "[4/5] three.git: "] {
        assert!(ran.stderr.contains(row), "{}", ran.stderr);
    }
}

#[test]
fn the_report_depends_on_neither_threads_nor_folder_nor_spelling() {
    let (project, _) = clones("sweep same");
    let absolute = project.at("all").to_string_lossy().into_owned();
    for format in ["json", "sarif", "csv", "text"] {
        let one = project.keysweep(["sweep", "all", "-j1", "--format", format]).run().exits(1);
        let other = ["sweep", &format!("{absolute}/./two/.."), "-j8", "--format", format];
        let other = project.keysweep(other).from("all/one").run().exits(1);
        assert_eq!(one.stdout, other.stdout);
        let twice = ["sweep", "two", ".", "one", "--format", format];
        assert_eq!(one.stdout, project.keysweep(twice).from("all").run().exits(1).stdout);
    }
    let uris = project.keysweep(["sweep", "all", "--format", "sarif"]).run().json();
    let results = uris["runs"][0]["results"].as_array().expect("results").iter();
    let uris: Vec<&str> = results
        .filter_map(|result| {
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str()
        })
        .collect();
    assert!(uris.contains(&"notes/todo.txt") && uris.contains(&"two/conf/a.env"), "{uris:?}");
}

#[test]
fn names_count_from_the_folder_that_holds_all() {
    let (project, _) = clones("sweep names");
    let one = project.keysweep(["sweep", "all/two", "--format", "json"]).run();
    assert_eq!(targets(&one), ["two"]);
    let file = project.keysweep(["sweep", "all/notes/todo.txt", "--format", "json"]).run();
    assert_eq!(
        (targets(&file), held(&file)),
        (vec!["todo.txt".into()], vec![".: todo.txt".into()])
    );
    let two = ["sweep", "all/two", "all/notes", "--format", "json"];
    assert_eq!(targets(&project.keysweep(two).run()), ["notes", "two"]);
    // A part of a repository is a folder of files, and its paths count from itself.
    let part = project.keysweep(["sweep", "all/one/conf", "--format", "json"]).run();
    assert_eq!(held(&part), [".: a.env"]);
}

#[test]
fn targets_come_from_standard_input_too() {
    let (project, _) = clones("sweep list");
    let sweep = ["sweep", "--stdin", "--format", "json"];
    for list in ["all/two\n\nall/one\r\n", "all/two\0all/one\0"] {
        let ran = project.keysweep(sweep).input(list).run().exits(1);
        assert_eq!(targets(&ran), ["one", "one/vendor/four", "two"], "{list:?}");
    }
    let none = project.keysweep(sweep).run().exits(0);
    assert!(none.stderr.contains("names no target"), "{}", none.stderr);
    project.keysweep(["sweep"]).run().exits(2);
}

#[test]
fn a_place_of_a_file_and_of_the_commit_it_is_from_is_one() {
    let mut keys = Keys::new("sweep checked out");
    let (pair, new) = (keys.pair(), keys.pair());
    let project = Project::new();
    project.git_in("r", &["init", "-q", "-b", "main"]).file("r/a.env", &pair.env);
    project.git_in("r", &["add", "-A"]).git_in("r", &["commit", "-q", "-m", "one"]);
    project.file("r/a.env", format!("# moved\n{}", pair.env)).file("r/new.env", &new.env);
    let ran = project.keysweep(["sweep", "r", "--format", "json"]).run().exits(1);
    let report = ran.json();
    let of = |id: &str| -> Vec<(Option<String>, u64, bool)> {
        let findings = report["findings"].as_array().expect("findings").iter();
        let places = findings.filter(|finding| finding["key_id"] == id);
        let places = places.flat_map(|finding| finding["occurrences"].as_array().expect("places"));
        places
            .map(|place| {
                let path = place["path"].as_str().map(str::to_owned);
                (path, place["line"].as_u64().expect("a line"), place["git"].is_null())
            })
            .collect()
    };
    let path = |name: &str| Some(name.to_owned());
    assert_eq!(of(&pair.id), [(path("a.env"), 1, false), (path("a.env"), 2, true)]);
    assert_eq!(of(&new.id), [(path("new.env"), 1, true)]);
}

#[test]
fn a_broken_target_is_reported_and_the_others_are_scanned() {
    let (project, _) = clones("sweep broken");
    project.file("bad/.git/HEAD", "nonsense").file("clean/x.txt", "nothing here\n");
    project.git_in("empty", &["init", "-q"]);
    let all = ["sweep", "all/two", "bad", "missing", "https://example.org/r.git", "empty"];
    let ran = project.keysweep(all).run().exits(1);
    for said in ["[2/5] bad: ", "it is damaged", "No such file", "clone it first", "two: 2 files"] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    let names = ["all/two", "bad", "empty", "https://example.org/r.git", "missing"];
    let json = project.keysweep(all.into_iter().chain(["--format", "json"])).run();
    assert_eq!(targets(&json), names);
    // A damaged clone inside of another one is not mistaken for that one.
    project.file("all/two/inner/.git/HEAD", "nonsense");
    let inner = project.keysweep(["sweep", "all/two/inner", "clean"]).run().exits(3);
    assert!(inner.stderr.contains("it is damaged"), "{}", inner.stderr);
    project.keysweep(["sweep", "clean", "bad"]).run().exits(3);
    project.keysweep(["sweep", "clean", "missing"]).run().exits(3);
    project.keysweep(["sweep", "clean", "empty"]).run().exits(0);
    project.keysweep(["sweep", "empty"]).run().exits(0);
    let nothing = project.keysweep(["sweep", "bad", "missing"]).run().exits(2);
    assert!(nothing.stderr.contains("no file was scanned"), "{}", nothing.stderr);
}

#[test]
fn a_target_that_takes_too_long_is_reported() {
    let (project, _) = clones("sweep timeout");
    let sweep = ["sweep", "all", "--target-timeout", "0s", "--format", "json"];
    let ran = project.keysweep(sweep).run().exits(3);
    assert_eq!(targets(&ran).len(), 5);
    let why = |problem: &String| problem.contains("raise --target-timeout");
    assert_eq!(ran.problems().iter().filter(|problem| why(problem)).count(), 5);
}

#[test]
fn worktrees_and_submodules_are_read_once() {
    let (project, _) = clones("sweep linked");
    project.git_in("all/one", &["worktree", "add", "-q", "../side", "-b", "side"]);
    let add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../one", "sub"];
    project.git_in("all/two", &add);
    let ran = project.keysweep(["sweep", "all", "--format", "json"]).run().exits(1);
    assert_eq!(targets(&ran), [".", "one", "one/vendor/four", "side", "three.git", "two"]);
    let report = ran.json();
    let commits: Vec<(String, u64)> = report["coverage"]["targets"]
        .as_array()
        .expect("targets")
        .iter()
        .map(|one| (one["name"].to_string(), one["commits"].as_u64().expect("a count")))
        .collect();
    assert!(commits.contains(&("\"side\"".to_owned(), 0)), "{commits:?}");
    assert!(commits.contains(&("\"two\"".to_owned(), 2)), "{commits:?}");
    assert!(ran.stderr.contains("side: its history was scanned with that of one"));
    assert!(held(&ran).contains(&"two: sub/conf/a.env".to_owned()), "{:?}", held(&ran));
    assert!(held(&ran).contains(&"side: conf/a.env".to_owned()), "{:?}", held(&ran));
    // By itself the worktree has its history.
    let alone = project.keysweep(["sweep", "all/side", "--format", "json"]).run().exits(1);
    assert_eq!(alone.json()["coverage"]["commits"], 1);
}

#[test]
fn findings_are_counted_by_account_and_owner() {
    let (project, _) = clones("sweep totals");
    let report = project.keysweep(["sweep", "all", "--format", "json"]).run().exits(1).json();
    let account = report["findings"][0]["account_id"].clone();
    let row = &report["summary"]["accounts"][0];
    assert_eq!(
        (&row["account_id"], &row["credentials"], &row["targets"]),
        (&account, &1.into(), &5.into())
    );
    let owner = &report["summary"]["owners"][0];
    assert_eq!((&owner["email"], &owner["errors"]), (&"t@example.org".into(), &1.into()));
    let text = project.keysweep(["sweep", "all"]).run().exits(1).stdout;
    let row = |name: &str| format!("       -        1        -         -  {name}\n");
    for name in ["T <t@example.org>", "aws-access-key", account.as_str().expect("an id")] {
        assert!(text.contains(&row(name)), "{name}: {text}");
    }
    // Only a sweep has more than one.
    assert!(
        project.keysweep(["scan", "all", "--format", "json"]).run().json()["summary"].is_null()
    );
}

#[test]
fn quiet_does_not_list_clean_targets() {
    let project = Project::new();
    project.file("a/x.txt", "nothing\n").file("b/x.txt", "nothing\n");
    let ran = project.keysweep(["sweep", "a", "b", "--quiet"]).run().exits(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}
