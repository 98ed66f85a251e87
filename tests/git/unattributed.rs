//! `--no-attribution`: the same credentials, each only with its object, and the report counts them.

use serde_json::Value;

use crate::support::git::{Repo, key_id, leak};
use crate::support::{Project, Ran};

fn run(repo: &Repo, arguments: &[&str]) -> Ran {
    Project::new().keysweep(arguments.iter().chain(&["--format", "json"])).from(&repo.root).run()
}

/// The ids of keys that were found in git's objects, each with its places as JSON.
fn found(ran: &Ran) -> Vec<(String, Vec<Value>)> {
    let report = ran.json();
    let findings = report["findings"].as_array().expect("findings").iter();
    let mut found: Vec<_> = findings
        .map(|finding| {
            let places = finding["occurrences"].as_array().expect("places").iter();
            let places = places.filter(|place| !place["git"].is_null()).cloned().collect();
            (finding["key_id"].as_str().expect("a key").to_owned(), places)
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

#[test]
fn without_attribution_the_same_keys_are_found_and_counted() {
    let repo = Repo::new(&[]);
    repo.commit("kept.env", leak(1));
    let removed = repo.commit("removed.env", leak(2));
    let blob = repo.git(&["rev-parse", &format!("{removed}:removed.env")]);
    repo.git(&["rm", "-q", "removed.env"]);
    repo.git(&["commit", "-q", "-m", &leak(3)]);
    let message = repo.git(&["rev-parse", "HEAD"]);
    for command in [&["history"][..], &["sweep", "."], &["sweep", ".", "--jobs", "1"]] {
        let whole = run(&repo, command).exits(1);
        assert_eq!(whole.left_out("unattributed"), 0, "{command:?}");
        let fast = run(&repo, &[command, &["--no-attribution"]].concat()).exits(1);
        assert_eq!(fast.left_out("unattributed"), 3, "{command:?}");
        assert!(fast.json()["coverage"]["complete"].as_bool().expect("a flag"), "{command:?}");
        let (whole, fast) = (found(&whole), found(&fast));
        let keys = |found: &[(String, Vec<Value>)]| -> Vec<String> {
            found.iter().map(|one| one.0.clone()).collect()
        };
        assert_eq!(keys(&whole), keys(&fast), "{command:?}");
        let places = |number| {
            let key = key_id(number);
            fast.iter().find(|one| one.0 == key).expect("it is found").1.clone()
        };
        for (number, object, id) in [(2, "blob", &blob), (3, "commit", &message)] {
            // A message is in a reflog as well, whose text names its commit itself.
            let mut places = places(number);
            places.retain(|place| place["git"]["object"] == object);
            assert_eq!(places.len(), 1, "{command:?} {number}");
            assert_eq!(places[0]["git"]["object"], object);
            assert_eq!(places[0]["git"]["blob"], id.as_str());
            assert_eq!(places[0]["git"]["commit"], Value::Null);
            assert_eq!(places[0]["path"], Value::Null);
        }
    }
}

#[test]
fn the_report_names_the_object_and_says_what_is_left_out() {
    let repo = Repo::new(&[]);
    repo.commit("kept.env", leak(1));
    let project = Project::new();
    let ran = project.keysweep(["history", "--no-attribution"]).from(&repo.root).run().exits(1);
    let said = "1 git object with findings whose commits and paths are left out";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert!(!ran.stdout.contains("on no branch"), "{}", ran.stdout);
    // A message of a format with one sentence for each location.
    let blob = repo.git(&["rev-parse", "HEAD:kept.env"]);
    for (format, pointer) in
        [("sarif", "/runs/0/results/0/message/text"), ("gitlab", "/vulnerabilities/0/description")]
    {
        let args = ["history", "--no-attribution", "--format", format];
        let ran = project.keysweep(args).from(&repo.root).run().exits(1);
        let report = ran.json();
        let message = report.pointer(pointer).and_then(Value::as_str).expect("a message");
        let place = format!(", in blob {}, line 1 ", &blob[..12]);
        let place = if format == "sarif" {
            place
        } else {
            place.replace("blob", "`blob").replace(", line", "`, line")
        };
        assert!(message.contains(&place), "{message}");
    }
    for command in ["scan", "staged"] {
        project.keysweep([command, "--no-attribution"]).from(&repo.root).run().exits(2);
    }
}
