//! `keysweep baseline` lists what it suppresses, suppresses one finding by its name, asks in a
//! terminal, and does not suppress an active key that nobody named.

use std::fs;
use std::process::Command;

use crate::cli::suppressed::fingerprints;
use crate::support::findings::key_id;
use crate::support::stub::{Stub, identity};
use crate::support::tools::TERMINAL;
use crate::support::{Keys, Project};

fn entries(project: &Project) -> Vec<String> {
    let text = fs::read_to_string(project.at(".keysweep-baseline")).unwrap_or_default();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// A folder with two leaks, and their fingerprints in the order of their files.
fn two(name: &str) -> (Project, Vec<String>, Vec<String>) {
    let project = Project::new();
    let mut keys = Keys::new(name);
    let mut ids = Vec::new();
    let mut prints = Vec::new();
    for file in ["a.env", "b.env"] {
        let pair = keys.pair();
        project.file(file, &pair.env);
        let report = project.keysweep(["scan", file, "--format", "json"]).run().exits(1).json();
        prints.extend(fingerprints(&report));
        ids.push(pair.id);
    }
    (project, ids, prints)
}

#[test]
fn what_is_suppressed_is_listed() {
    let (project, ids, prints) = two("baseline list");
    let ran = project.keysweep(["baseline"]).run().exits(0);
    for (file, (id, print)) in ["a.env", "b.env"].iter().zip(ids.iter().zip(&prints)) {
        let line = format!("suppresses {file}:1:19  aws-access-key {id}  {print}\n");
        assert!(ran.stdout.contains(&line), "{line} in {}", ran.stdout);
    }
    // An entry that is there already is not listed again.
    let ran = project.keysweep(["baseline"]).run().exits(0);
    assert!(!ran.stdout.contains("suppresses"), "{}", ran.stdout);
}

#[test]
fn one_is_added_by_its_fingerprint_or_key_id() {
    let (project, ids, prints) = two("baseline only");
    for (name, added) in [(&prints[1], 1), (&ids[0], 0)] {
        let _ = fs::remove_file(project.at(".keysweep-baseline"));
        let ran = project.keysweep(["baseline", "--only", name]).run().exits(0);
        assert!(ran.stdout.ends_with("1 findings are not suppressed\n"), "{}", ran.stdout);
        let entries = entries(&project);
        assert_eq!(entries.len(), 1);
        assert!(entries[0].starts_with(&prints[added]), "{entries:?}");
        let report = project.keysweep(["scan", "--format", "json"]).run().exits(1).json();
        assert_eq!(fingerprints(&report), [prints[1 - added].clone()]);
    }
    let before = entries(&project);
    // A name of nothing changes nothing; what may be a secret is not repeated.
    for (name, reported) in [
        (key_id("AKIA", 7), "no finding has that fingerprint or key id"),
        ("0".repeat(32), "no finding has that fingerprint or key id"),
        ("x/".repeat(20), "neither a fingerprint"),
    ] {
        let ran = project.keysweep(["baseline", "--only", &name]).run().exits(2);
        assert!(ran.stderr.contains(reported), "{}", ran.stderr);
        assert_eq!(entries(&project), before);
    }
    project.keysweep(["baseline", "--only", &ids[0], "--prune"]).run().exits(2);
}

#[test]
fn an_active_key_is_added_only_by_name() {
    let project = Project::new();
    let id = key_id("AKIA", 5);
    let pair = Keys::new("baseline active").pair();
    project.file("a.env", pair.env.replace(&pair.id, &id));
    let stub = Stub::start(|_, _| identity("aws"));
    let url = stub.url();
    let asked = ["baseline", "--verify", "--sts-endpoint", &url];
    let ran = project.keysweep(asked).run().exits(0);
    assert!(
        ran.stdout.contains("leaves     a.env:1:19") && ran.stdout.contains("ACTIVE"),
        "{}",
        ran.stdout
    );
    assert_eq!(entries(&project).len(), 0, "{}", ran.stdout);
    let ran = project.keysweep([&asked[..], &["--only", &id]].concat()).run().exits(0);
    assert_eq!(entries(&project).len(), 1, "{}", ran.stdout);
}

#[test]
fn in_a_terminal_it_asks() {
    let (project, ids, _) = two("baseline terminal");
    let run = |answer: &str, arguments: &[&str]| {
        let output = Command::new("python3")
            .args([
                TERMINAL,
                &format!("[\"{answer}\"]"),
                env!("CARGO_BIN_EXE_keysweep"),
                "baseline",
            ])
            .args(arguments)
            .current_dir(project.path())
            .output()
            .expect("python3");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    for answer in ["n", "", "what"] {
        let said = run(answer, &[]);
        assert!(said.contains("Suppress 2?") && said.contains("nothing was changed"), "{said}");
        assert!(said.ends_with("status 1\n") && entries(&project).is_empty(), "{said}");
    }
    // A user who names a finding, or agrees beforehand, is not asked.
    let said = run("n", &["--only", &ids[0]]);
    assert!(!said.contains("[y/N]") && entries(&project).len() == 1, "{said}");
    let said = run("y", &[]);
    assert!(said.contains("Suppress 1?") && entries(&project).len() == 2, "{said}");
    fs::remove_file(project.at(".keysweep-baseline")).expect("a baseline");
    let said = run("n", &["--yes"]);
    assert!(!said.contains("[y/N]") && entries(&project).len() == 2, "{said}");
}
