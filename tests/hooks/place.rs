//! A hook is written to the folder that git reads: git itself is asked, and a commit proves it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::Keys;
use crate::support::hooks::HookFixture;

/// A step on the repository before the hook is installed.
type Prepare = fn(&HookFixture, &Path);

fn set(fixture: &HookFixture, repo: &Path, scope: &str, value: &str) {
    fixture.git(repo, &["config", scope, "core.hooksPath", value]).done();
}

/// A name, what is done, and whether a hook can be installed at all.
const CASES: [(&str, Prepare, bool); 17] = [
    ("plain", |_, _| {}, true),
    ("relative", |fixture, repo| set(fixture, repo, "--local", "tools/hooks"), true),
    ("with a slash", |fixture, repo| set(fixture, repo, "--local", "tools/hooks/"), true),
    ("dot", |fixture, repo| set(fixture, repo, "--local", "./x/../tools"), true),
    ("above", |fixture, repo| set(fixture, repo, "--local", "../shared hooks"), true),
    (
        "absolute",
        |fixture, repo| {
            let path = fixture.project.at("elsewhere/it's hooks");
            set(fixture, repo, "--local", path.to_str().expect("UTF-8"));
        },
        true,
    ),
    ("home", |fixture, repo| set(fixture, repo, "--local", "~/own hooks"), true),
    ("of the user", |fixture, repo| set(fixture, repo, "--global", "~/all hooks"), true),
    (
        "the last one counts",
        |fixture, repo| {
            set(fixture, repo, "--global", "~/all hooks");
            set(fixture, repo, "--local", "own");
        },
        true,
    ),
    (
        "included",
        |fixture, repo| {
            fs::write(fixture.project.at("home/more"), "[core]\n\thooksPath = inc\n")
                .expect("a file");
            fixture.git(repo, &["config", "include.path", "~/more"]).done();
        },
        true,
    ),
    (
        "of a worktree",
        |fixture, repo| {
            fixture.git(repo, &["config", "extensions.worktreeConfig", "true"]).done();
            set(fixture, repo, "--worktree", "mine");
        },
        true,
    ),
    (
        "a linked folder",
        |fixture, repo| {
            fs::remove_dir_all(repo.join(".git/hooks")).expect("a folder");
            fs::create_dir(fixture.project.at("linked hooks")).expect("a folder");
            symlink("../../linked hooks", repo.join(".git/hooks")).expect("a link");
        },
        true,
    ),
    ("empty", |fixture, repo| set(fixture, repo, "--local", ""), false),
    (
        "empty, after another",
        |fixture, repo| {
            set(fixture, repo, "--global", "~/all hooks");
            set(fixture, repo, "--local", "");
        },
        false,
    ),
    (
        "without value",
        |_, repo| {
            let path = repo.join(".git/config");
            let text = fs::read_to_string(&path).expect("a file") + "[core]\n\thooksPath\n";
            fs::write(path, text).expect("a file");
        },
        false,
    ),
    ("git's own folder", |fixture, repo| set(fixture, repo, "--local", "%(prefix)/hooks"), false),
    (
        "a user who is not there",
        |fixture, repo| set(fixture, repo, "--local", "~nobody-at-all/h"),
        false,
    ),
];

#[test]
fn a_hook_is_installed_where_git_looks_or_not_at_all() {
    for (name, prepare, can) in CASES {
        let fixture = HookFixture::new(&[]);
        let repo = fixture.repository("repo");
        fs::create_dir(repo.join("below")).expect("a folder");
        prepare(&fixture, &repo);
        let below = repo.join("below");
        let said = fixture.run(&below, env!("CARGO_BIN_EXE_keysweep"), &["install-hook"], "");
        assert_eq!(said.done, can, "{name}: {}", said.text);
        if !can {
            // It says what is wrong, and nothing was written anywhere.
            assert!(
                said.text.contains("core.hooksPath") || said.text.contains("configuration"),
                "{name}: {}",
                said.text
            );
            assert!(!said.text.contains("installed"), "{name}: {}", said.text);
            let elsewhere = ["repo/.git/hooks", "home/all hooks", "repo", "repo/below"];
            let written = elsewhere
                .iter()
                .any(|folder| fixture.project.at(folder).join("pre-commit").exists());
            assert!(!written, "{name}");
            continue;
        }
        let path = fixture.git(&repo, &["rev-parse", "--git-path", "hooks/pre-commit"]).done().text;
        let path = repo.join(path.trim());
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(text.contains("Written by keysweep"), "{name}: {text}");
        fs::write(repo.join("leak.env"), Keys::new(name).pair().env).expect("a file");
        fixture.git(&repo, &["add", "leak.env"]).done();
        fixture.git(&repo, &["commit", "-qm", "leak"]).stopped(&["leak.env:"]);
        let shared = fixture.keysweep(&below, &["install-hook"]).contains("may share it");
        assert_eq!(shared, name != "plain", "{name}");
    }
}

#[test]
fn a_hook_is_not_put_in_a_folder_in_which_nothing_can_run() {
    let fixture = HookFixture::new(&[]);
    let repo = fixture.repository("repo");
    fs::remove_dir_all(repo.join(".git/hooks")).expect("a folder");
    fs::write(repo.join(".git/hooks"), "no folder\n").expect("a file");
    let said = fixture.run(&repo, env!("CARGO_BIN_EXE_keysweep"), &["install-hook"], "");
    assert!(!said.done && !said.text.contains("installed"), "{}", said.text);
}

#[test]
fn a_merge_commit_of_git_is_scanned_and_old_keys_pass() {
    let fixture = HookFixture::new(&[]);
    let mut keys = Keys::new("hook merge");
    let repo = fixture.repository("repo");
    let git = |arguments: &[&str]| fixture.git(&repo, arguments);
    let commit = |name: &str, text: &str| {
        fs::write(repo.join(name), text).expect("a file");
        git(&["add", "-A"]).done();
        git(&["commit", "-qm", name]).done();
    };
    let pair = keys.pair();
    let (id, secret) = pair.env.split_once('\n').expect("two lines");
    let middle = "middle\n".repeat(6);
    commit("halves.env", &middle);
    git(&["switch", "-qc", "side"]).done();
    commit("halves.env", &format!("{middle}{secret}"));
    git(&["switch", "-q", "main"]).done();
    commit("halves.env", &format!("{id}\n{middle}"));
    git(&["switch", "-qc", "old", "main~1"]).done();
    commit("old.env", &keys.pair().env);
    git(&["switch", "-q", "main"]).done();

    fixture.keysweep(&repo, &["install-hook"]);
    // A key that the merged branch holds already is not new, though no MERGE_HEAD says so yet.
    git(&["merge", "-q", "--no-edit", "old"]).done();
    git(&["merge", "-q", "--no-edit", "side"]).stopped(&["halves.env:", &pair.id]);
}
