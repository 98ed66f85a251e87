//! Suppressions that depend on history: later markers, several branches, clones.

use std::fs;

use crate::cli::suppressed::{fingerprints, repository};
use crate::support::{Keys, Project};

#[test]
fn the_marker_at_head_decides_whichever_commit_brought_the_key() {
    let mut keys = Keys::new("marker at head");
    let project = Project::new();
    let line = format!("key(\"{}\", \"{}\")", keys.id(), keys.secret());
    let commit = |text: String| {
        project.file("a.py", text).git(&["add", "."]).git(&["commit", "-q", "-m", "c"]);
    };
    project.git(&["init", "-q", "-b", "main"]).git(&["commit", "-q", "--allow-empty", "-m", "0"]);
    project.git(&["tag", "base"]);
    commit(format!("{line}\n"));
    project.keysweep(["history"]).run().exits(1);
    project.keysweep(["range", "base..HEAD"]).run().exits(1);
    commit(format!("{line}  # keysweep:allow\n"));
    for command in [&["history"][..], &["range", "base..HEAD"]] {
        let ran = project.keysweep([command, &["--format", "json"]].concat()).run().exits(0);
        assert_eq!(ran.left_out("suppressed"), 1, "{command:?}");
        let distrusted = [command, &["--no-inline-allow"]].concat();
        project.keysweep(distrusted).run().exits(1);
    }
    // Removing the marker brings the finding back, though the marker is in history.
    commit(format!("{line}  # used by CI\n"));
    project.keysweep(["history"]).run().exits(1);
    project.keysweep(["range", "base..HEAD"]).run().exits(1);
    // One place without a marker is enough.
    commit(format!("{line}  # keysweep:allow\n\n{line}\n"));
    project.keysweep(["history"]).run().exits(1);
    project.keysweep(["range", "base..HEAD"]).run().exits(1);
}

#[test]
fn a_push_of_several_branches_suppresses_what_all_of_them_suppress() {
    let mut keys = Keys::new("several branches");
    let (project, _) = repository(&mut keys);
    project.git(&["branch", "lenient"]).git(&["tag", "main-before"]);
    project.git(&["checkout", "-q", "lenient"]).file(".keysweep.toml", "exclude = [\"*.env\"]\n");
    project
        .git(&["add", "."])
        .git(&["commit", "-q", "-m", "lenient"])
        .git(&["tag", "lenient-before"]);
    project.file("x.txt", "x").git(&["add", "."]).git(&["commit", "-q", "-m", "x"]);
    project.git(&["checkout", "-q", "main"]).file("new.env", keys.pair().env);
    project.git(&["add", "."]).git(&["commit", "-q", "-m", "new"]);
    let id = |name: &str| project.ask_git("", &["rev-parse", name]);
    let line = |branch: &str| {
        format!("{} {} refs/heads/{branch}\n", id(&format!("{branch}-before")), id(branch))
    };
    let push = |lines: String, status| {
        project.keysweep(["range", "--stdin"]).input(lines).run().exits(status)
    };
    push(line("main"), 1);
    push(line("lenient"), 0);
    push(line("lenient") + &line("main"), 1);
    push(line("main") + &line("lenient"), 1);
}

#[test]
fn the_same_credentials_are_the_same_findings_after_whatever_git_does() {
    let mut keys = Keys::new("what git does");
    let (project, env) = repository(&mut keys);
    project.file("b/other.env", keys.pair().env);
    project.git(&["add", "."]).git(&["commit", "-q", "-m", "two"]);
    project.keysweep(["baseline"]).run().exits(0);
    let clean = |project: &Project, command: &str| {
        let asked = [command, "--include-suppressed", "--format", "json"];
        let mut found = fingerprints(&project.keysweep(asked).run().exits(0).json());
        found.sort();
        found
    };
    let known = clean(&project, "history");
    assert_eq!(known.len(), 2);
    let commit = |message: &str| {
        project.git(&["add", "-A"]).git(&["commit", "-q", "-m", message]);
    };
    commit("baseline");
    // Lines above, a rename, a squash.
    project.file("conf/a.env", "# x\n".repeat(50) + &env);
    commit("lines above");
    assert_eq!(clean(&project, "scan"), known);
    project.git(&["mv", "conf/a.env", "moved.env"]);
    commit("rename");
    assert_eq!(
        (clean(&project, "scan"), clean(&project, "history")),
        (known.clone(), known.clone())
    );
    project.git(&["checkout", "-q", "--orphan", "squashed"]);
    commit("all in one");
    project.git(&["branch", "-q", "-D", "main"]);
    assert_eq!(
        (clean(&project, "scan"), clean(&project, "history")),
        (known.clone(), known.clone())
    );
    // Another clone, and plain files.
    let clone = Project::new();
    let from = project.path().to_str().expect("UTF-8");
    clone.git(&["clone", "-q", from, "."]);
    assert_eq!((clean(&clone, "scan"), clean(&clone, "history")), (known.clone(), known.clone()));
    fs::remove_dir_all(clone.at(".git")).expect("plain files");
    assert_eq!(clean(&clone, "scan"), known);
    // SARIF names them by the same words.
    let asked = ["scan", "--include-suppressed", "--format", "sarif"];
    let log = clone.keysweep(asked).run().exits(0).json();
    let results = log["runs"][0]["results"].as_array().expect("results");
    let reported = |result: &serde_json::Value| {
        let print = result["partialFingerprints"]["keysweep/v1"].as_str().expect("a fingerprint");
        (print.to_owned(), result["baselineState"].as_str().expect("a state").to_owned())
    };
    let mut reported: Vec<_> = results.iter().map(reported).collect();
    reported.sort();
    let expected = known.into_iter().map(|print| (print, "unchanged".to_owned()));
    assert_eq!(reported, expected.collect::<Vec<_>>());
}
