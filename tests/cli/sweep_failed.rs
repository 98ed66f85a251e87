//! Targets whose scan fails: `sweep --since` scans them again even if nothing changed.

use std::fs;
use std::thread;

use super::sweep_since::{RECENT, unchanged};
use crate::hostile::blinding_git::fifo;
use crate::support::process::endless_file;
use crate::support::{Keys, Project, Ran};

/// A way to make a target fail.
type Break = fn(&Project, &str);

const BROKEN: [(&str, Break); 4] = [
    ("branchless", |project, name| {
        project.file(format!("all/{name}/.git/HEAD"), "nothing\n");
    }),
    ("endless", |project, name| {
        endless_file(&project.at(format!("all/{name}/slow.bin")));
    }),
    ("newer", |project, name| {
        let config = ["config", "core.repositoryFormatVersion", "99"];
        project.git_in(&format!("all/{name}"), &config);
    }),
    ("pipe", |project, name| fifo(&project.at(format!("all/{name}/.git/config")))),
];

#[test]
fn a_target_that_failed_is_scanned_again() {
    let mut keys = Keys::new("since failed");
    let project = Project::new();
    for name in BROKEN.iter().map(|(name, _)| *name).chain(["whole"]) {
        project.git_in(&format!("all/{name}"), &["init", "-q"]);
        project.file(format!("all/{name}/a.env"), keys.pair().env);
    }
    let sweep = |more: &[&str]| {
        let sweep = ["sweep", "all", "--format", "json", "--jobs", "2"];
        project.keysweep([&sweep, more].concat()).run().exits(1)
    };
    let failed = |ran: &Ran| -> Vec<String> {
        let targets = ran.json()["coverage"]["targets"].as_array().expect("targets").clone();
        let failed = targets.iter().filter(|target| target["failed"].is_string());
        failed.filter_map(|target| target["name"].as_str().map(str::to_owned)).collect()
    };
    thread::sleep(RECENT);
    let all = sweep(&["--partial", "whole.partial"]);
    assert_eq!(failed(&all), Vec::<String>::new());
    for (name, make) in BROKEN {
        fs::copy(project.at(format!("all/{name}/.git/config")), project.at(name)).expect("a file");
        make(&project, name);
    }
    thread::sleep(RECENT);
    let names = BROKEN.map(|(name, _)| name);
    let limit = ["--target-timeout", "2s"];
    let first = sweep(&[&limit[..], &["--partial", "failed.partial"]].concat());
    assert_eq!(failed(&first), names);
    for since in [["failed.partial", "whole.partial"], ["whole.partial", "failed.partial"]] {
        let since = ["--since", since[0], "--since", since[1]];
        let second = sweep(&[&limit[..], &since].concat());
        assert_eq!(unchanged(&second), [".", "whole"], "{}", second.stderr);
        assert_eq!(failed(&second), names);
        assert_eq!(second.problems(), first.problems());
    }
    for name in names {
        let git = project.at(format!("all/{name}/.git"));
        fs::remove_file(git.join("config")).expect("ours");
        fs::rename(project.at(name), git.join("config")).expect("ours");
        fs::write(git.join("HEAD"), "ref: refs/heads/main\n").expect("a file");
    }
    fs::remove_file(project.at("all/endless/slow.bin")).expect("ours");
    let third = sweep(&["--since", "failed.partial"]);
    assert_eq!(failed(&third), Vec::<String>::new());
    assert_eq!(third.json()["findings"], all.json()["findings"]);
}
