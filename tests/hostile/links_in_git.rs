//! Links inside a git folder, which git follows: what one leads to is read, or the report says that it
//! is not.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::support::{Keys, Project, Ran};

/// Names that keysweep reads through a link to the same name in another git folder.
const SHARED: [&str; 11] = [
    "config",
    "index",
    "lfs",
    "logs",
    "modules",
    "modules/a/b",
    "objects",
    "packed-refs",
    "refs",
    "worktrees",
    "worktrees/side",
];

/// A repository with a leak in each kind of place.
fn repository() -> Project {
    let mut keys = Keys::new("links in git");
    let mut leak = || keys.pair().env;
    let project = Project::new();
    project.git(&["init", "-q", "-b", "main", "main"]).file("main/a.env", leak());
    project.git_in("main", &["add", "-A"]).git_in("main", &["commit", "-qm", "one"]);
    project.git_in("main", &["tag", "v1"]).git_in("main", &["gc", "-q"]);
    project.git_in("main", &["worktree", "add", "-q", "--detach", "../side"]);
    project.file("side/b.env", leak()).git_in("side", &["add", "-A"]);
    project.git_in("side", &["commit", "-qm", "two"]);
    project.git(&["init", "-q", "-b", "main", "sub"]).file("sub/c.env", leak());
    project.git_in("sub", &["add", "-A"]).git_in("sub", &["commit", "-qm", "three"]);
    project.git(&["clone", "-q", "--bare", "sub", "main/.git/modules/a/b"]);
    for name in [
        "hooks/post-x",
        "info/exclude",
        &format!("lfs/objects/ab/ab/{}", "ab".repeat(32)),
        "modules/a/b/hooks/post-x",
        "worktrees/side/COMMIT_EDITMSG",
    ] {
        project.file(format!("main/.git/{name}"), leak());
    }
    project.git_in("main", &["config", "x.y", &leak()]);
    let log = project.at("main/.git/worktrees/side/logs/HEAD");
    let line = format!("{0} {0} a <a@b> 1 +0000\t{1}\n", "0".repeat(40), leak().replace('\n', " "));
    let text = fs::read_to_string(&log).expect("a log") + &line;
    fs::write(log, text).expect("a file");
    project
}

fn history(project: &Project) -> Ran {
    project.keysweep(["history", "main", "--format", "json"]).run()
}

/// The number of places of each finding.
fn findings(ran: &Ran) -> BTreeMap<String, usize> {
    let report = ran.json();
    let findings = report["findings"].as_array().expect("findings");
    let count = |one: &serde_json::Value| one["occurrences"].as_array().map_or(0, Vec::len);
    findings.iter().map(|one| (one["fingerprint"].to_string(), count(one))).collect()
}

/// Everything in a git folder but single objects and samples, relative to it.
fn entries(git: &Path) -> Vec<PathBuf> {
    let (mut found, mut left) = (Vec::new(), vec![git.to_owned()]);
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let inner = path.strip_prefix(git).expect("inside").to_owned();
            let is_object = inner.components().any(|part| part.as_os_str().len() == 2);
            if is_object || inner.extension().is_some_and(|extension| extension == "sample") {
                continue;
            }
            if path.is_dir() {
                left.push(path);
            }
            found.push(inner);
        }
    }
    found.sort();
    found
}

#[test]
fn no_link_is_skipped_in_silence() {
    let project = repository();
    let git = project.at("main/.git");
    let whole = history(&project).exits(1);
    let expected = findings(&whole);
    assert_eq!((expected.len(), whole.problems().len()), (10, 0), "{whole:?}");
    let other = project.at("other/.git");
    for inner in entries(&git) {
        for is_shared in [true, false] {
            fs::create_dir_all(other.join("objects")).expect("folders");
            fs::write(other.join("HEAD"), "ref: refs/heads/main\n").expect("a file");
            let real = if is_shared { other.join(&inner) } else { project.at("elsewhere/x") };
            fs::create_dir_all(real.parent().expect("a folder")).expect("folders");
            let link = git.join(&inner);
            fs::rename(&link, &real).expect("ours");
            symlink(&real, &link).expect("a link");
            let ran = history(&project);
            let place = format!("{} {is_shared}: {ran:?}", inner.display());
            // Status 2: nothing is read, and the error says why.
            if ran.code != Some(2) {
                assert_eq!(ran.code, Some(1), "{place}");
                let is_said = !ran.problems().is_empty() || ran.left_out("links") > 0;
                assert!(is_said || findings(&ran) == expected, "{place}");
            }
            if is_shared && SHARED.iter().any(|name| inner == Path::new(name)) {
                assert_eq!(findings(&ran), expected, "{place}");
                assert_eq!(ran.problems(), whole.problems(), "{place}");
            }
            let is_folder = ["modules", "worktrees"].iter().any(|name| inner.starts_with(name))
                && link.join("HEAD").exists();
            if !is_shared && is_folder {
                assert!(ran.stdout.contains("a link that leads out"), "{place}");
            }
            fs::remove_file(&link).expect("ours");
            fs::rename(&real, &link).expect("ours");
            fs::remove_dir_all(&other).expect("ours");
        }
    }
    assert_eq!(findings(&history(&project)), expected);
}

/// The folders of submodules of two repositories may lead from one to the other and back.
#[test]
fn a_circle_of_linked_submodules_has_an_end() {
    let project = Project::new();
    let env = Keys::new("circle").pair().env;
    for one in ["a", "b"] {
        for name in ["main", "main/.git/modules/a", "main/.git/modules/b"] {
            let bare = if name == "main" { "-q" } else { "--bare" };
            project.git(&["init", "-q", bare, &format!("{one}/{name}")]);
        }
        project.file(format!("{one}/main/.git/modules/a/hooks/post-x"), &env);
    }
    for (one, other) in [("a", "b"), ("b", "a")] {
        for (outer, inner) in [("a", "b"), ("b", "a"), ("a", "a"), ("b", "b")] {
            let link = project.at(format!("{one}/main/.git/modules/{outer}/modules/{inner}"));
            fs::create_dir_all(link.parent().expect("a folder")).expect("folders");
            symlink(project.at(format!("{other}/main/.git/modules/{inner}")), link)
                .expect("a link");
        }
    }
    let ran = project.keysweep(["history", "a/main", "--format", "json"]).run().exits(1);
    assert_eq!((findings(&ran).len(), ran.problems().len()), (1, 0), "{ran:?}");
}
