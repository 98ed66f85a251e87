//! Tests on one machine, and those that need no cluster.

use std::path::Path;
use std::process::Command;

use super::kit::Fleet;
use crate::support::process::Running;
use crate::support::tools;

/// The command without Ray, as the wheel without its extra has it.
fn plain(project: &Path, options: &[&str]) -> (i32, String) {
    let mut command = Command::new(std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into()));
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
    command.args(["-m", "keysweep_fleet"]).args(options).current_dir(project);
    command.env("PYTHONPATH", package).env("PYTHONDONTWRITEBYTECODE", "1");
    let ended = Running::start(command, true).end();
    (ended.code(), ended.stderr.clone() + &ended.stdout)
}

#[test]
fn what_means_nothing_is_refused() {
    let project = crate::support::Project::new();
    for (options, words) in [
        (&["."][..], "--output DIR is required"),
        (&["--output", "o"], "PLACE..., or --plan FILE"),
        (&[".", "--plan", "-", "--output", "o"], "give either"),
        (&[".", "--output", "o", "--stage", "none"], "is not a folder"),
        (&[".", "--output", "o", "--memory", "much"], "500M or 2G"),
        (&[".", "--output", "o", "--target-timeout", "0s"], "30s, 10m or 1h"),
        (&[".", "--output", "o", "--", "--verify"], "--verify after --"),
        (&[".", "--output", "o", "--", "--jobs=3"], "--jobs=3 after --"),
        (&[".", "--output", "o"], "pip install 'keysweep[ray]'"),
        (&["--status", "o"], "pip install 'keysweep[ray]'"),
    ] {
        let (code, said) = plain(project.path(), options);
        assert_eq!(code, 2, "{options:?}: {said}");
        assert!(said.contains(words), "{options:?}: {said}");
    }
    assert_eq!(plain(project.path(), &["--help"]).0, 0);
    assert!(!project.at("o").exists());
}

/// As `tests/tools/fleet_queue.py` says.
#[test]
fn a_plan_becomes_tasks() {
    let mut command = Command::new(std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into()));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    command.arg(root.join("tests/tools/fleet_queue.py")).env("PYTHONPATH", root.join("python"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let ended = Running::start(command, true).end();
    assert_eq!(ended.code(), 0, "{}", ended.stderr);
}

#[test]
fn a_sweep_on_this_machine_is_one_sweep() {
    let Some(venv) = tools::ray() else { return };
    let mut fleet = Fleet::new(&venv, "fleet here");
    fleet.repositories(&["one", "team/two", "team/three"]);
    fleet.project.file("mirrors/notes.txt", "nothing\n");
    let keysweep = fleet.keysweep();
    let place = ["mirrors", "--output", "out"];
    let others = [&place[..], &["--address", "192.0.2.1:6379"]].concat();
    let mut without_mode = fleet.command(&keysweep, &others);
    without_mode.env_remove("RAY_AUTH_MODE");
    let refused = Running::start(without_mode, true).end();
    assert!(refused.stderr.contains("has no token"), "{}", refused.stderr);

    let (code, said) = fleet.run(&keysweep, &place);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("4 targets done, 0 failed, 0 incomplete"), "{said}");
    assert_eq!(fleet.merge("out").stdout, fleet.sweep().exits(1).stdout);
    let rows = fleet.rows("out", "targets");
    assert_eq!(rows.len(), 4);
    for row in &rows {
        let is_repository = row["kind"] == "repository";
        assert_eq!(row["head"].as_str().map_or(0, str::len), if is_repository { 40 } else { 0 });
        assert!(row["cpu_seconds"].is_f64() && row["peak_bytes"].is_i64(), "{row}");
    }
    let occurrences = fleet.rows("out", "occurrences");
    let with_digest = occurrences.iter().filter(|row| row["secret_sha256"].is_string()).count();
    assert!(occurrences.len() >= 9 && with_digest >= 6, "{occurrences:#?}");
    fleet.holds_no_secret("out", None);

    // Nothing is left to do, and other options do not fit.
    let (code, said) = fleet.run(&keysweep, &place);
    assert_eq!((code, said.contains("4 of them done before")), (0, true), "{said}");
    let (code, said) = fleet.run(&keysweep, &[&place[..], &["--", "--no-ignore"]].concat());
    assert_eq!((code, said.contains("with other options")), (2, true), "{said}");
}
