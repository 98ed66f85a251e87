//! `keysweep staged` against `git diff --cached`, in random states of the index.

use crate::git::messages::reported;
use crate::support::git::{Repo, leak};
use crate::support::seed;
use crate::texts::Random;

/// Names on both sides of the slash in git's order, at several depths.
const PATHS: [&str; 15] = [
    "a-b", "a.b", "a/a-a", "a/a/x", "a/a/y", "a/a0", "a/b/c/d", "a0/x", "b", "b-b/x", "c/d/e", "d",
    "d/e", "d/f/g", "e",
];

/// Writes or deletes a file; what is in the way of its path goes.
fn change(repo: &Repo, random: &mut Random, number: u64) {
    let path = PATHS[random.below(PATHS.len())];
    let whole = repo.root.join(path);
    // Whatever was there or not.
    let _ = std::fs::remove_file(&whole);
    if random.chance(30) {
        return;
    }
    let _ = std::fs::remove_dir_all(&whole);
    for folder in whole.ancestors().skip(1).filter(|folder| folder.is_file()) {
        let _ = std::fs::remove_file(folder);
    }
    repo.write(path, leak(number));
}

#[test]
fn the_same_files_differ_as_for_git() {
    let mut random = Random::new(seed());
    let repo = Repo::new(&[]);
    repo.commit("e", "first\n");
    // Each file has a key of its own, so a file that differs is a finding.
    let mut number = 1;
    for round in 0..30 {
        for _ in 0..random.between(1, 6) {
            number += 1;
            change(&repo, &mut random, number);
        }
        repo.git(&["add", "-A"]);
        match random.below(6) {
            // Cached trees of the index that differ from HEAD's.
            0 | 1 => drop(repo.git(&["write-tree"])),
            // A file that is deleted in the index alone.
            2 => drop(repo.git(&["update-index", "--force-remove", "c/d/e"])),
            3 => drop(repo.git(&["update-index", "--index-version", "4"])),
            4 => drop(repo.git(&["update-index", "--index-version", "2"])),
            _ => {}
        }
        let root = repo.root.to_str().expect("UTF-8");
        let outcome = reported(repo.outer(), &["staged", root], b"");
        let differ =
            repo.git(&["diff", "--cached", "--name-only", "--no-renames", "--diff-filter=d"]);
        let differ: Vec<&str> = differ.lines().collect();
        assert_eq!(outcome.count("files"), differ.len() as u64, "round {round}: {differ:?}");
        let found: Vec<String> = outcome.places().into_iter().map(|(path, _)| path).collect();
        assert_eq!(found, differ, "round {round}");
        if random.chance(40) {
            repo.git(&["commit", "-q", "--allow-empty", "-m", "more"]);
        }
    }
}
