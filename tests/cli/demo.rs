//! `keysweep demo`: it works anywhere, shows both commands, and removes its files.

use std::fs;

use crate::support::Project;
use crate::support::git::Repo;

#[test]
fn the_demo_needs_no_git_and_leaves_no_files() {
    let project = Project::new();
    project.file("tmp/.keep", "").file("bin/.keep", "");
    // A hook's variables must not lead it elsewhere.
    let program = project.keysweep(["demo"]).env("PATH", project.at("bin"));
    let program = program.env("TMPDIR", project.at("tmp")).env("GIT_DIR", project.at("nowhere"));
    let ran = program.run().exits(0);
    let order = ["12 findings", "$ keysweep scan reports", "No findings", "1 finding: 1 error"];
    let places: Vec<usize> = order
        .iter()
        .map(|text| ran.stdout.find(text).unwrap_or_else(|| panic!("{ran:?}")))
        .collect();
    assert!(places.is_sorted(), "{ran:?}");
    assert!(ran.stdout.contains("2019-03-04, removed in "), "{ran:?}");
    let left: Vec<_> = fs::read_dir(project.at("tmp")).expect("a folder").flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn git_fsck_accepts_the_repository_of_the_demo() {
    let repo = Repo::new(&[]);
    let folder = repo.sibling("reports");
    keysweep::command::demo::repository::write(&folder).expect("writable");
    repo.git_in(&folder, &["fsck", "--strict"]);
    let log = repo.git_in(&folder, &["log", "--format=%ad  %an %s", "--date=format:%Y-%m-%d"]);
    let shown = keysweep::command::demo::repository::LOG;
    let log: Vec<&str> = log.lines().collect();
    assert_eq!(log.len(), shown.len());
    for (line, shown) in log.iter().zip(shown) {
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(squeeze(line), squeeze(shown));
    }
    repo.git_in(&folder, &["reset", "-q"]);
    assert_eq!(repo.git_in(&folder, &["status", "--porcelain"]), "");
}
