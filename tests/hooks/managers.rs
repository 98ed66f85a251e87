//! Hooks that belong to a manager or go by their own name: nothing of them is changed, and the
//! lines that are printed instead work under the real husky, lefthook and pre-commit.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Keys;
use crate::support::hooks::{HookFixture, program_folder};
use crate::support::programs;
use crate::support::tools;

/// A fixture with a manager's programs in the `PATH`, if they can be had.
fn fixture(bin: Option<PathBuf>) -> Option<HookFixture> {
    let mut fixture = HookFixture::new(&[program_folder(), &bin?]);
    // A manager has to do without the network.
    fixture.set("PRE_COMMIT_HOME", fixture.project.at("cache"));
    fixture.set("npm_config_offline", "true");
    Some(fixture)
}

/// All files of the folders with hooks.
fn files(repo: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let folders = [".git/hooks", ".husky", ".husky/_", "."];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(repo.join(folder)).into_iter());
    let paths = entries.flatten().map(|entry| entry.expect("an entry").path());
    paths
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(path).expect("a file")))
        .collect()
}

/// Runs `install-hook`, which changes nothing, and gives what it says.
#[track_caller]
fn refused(fixture: &HookFixture, repo: &Path, types: &[&str]) -> String {
    let before = files(repo);
    let arguments: Vec<&str> = ["install-hook"]
        .into_iter()
        .chain(types.iter().flat_map(|name| ["--type", name]))
        .collect();
    let said = fixture.run(repo, env!("CARGO_BIN_EXE_keysweep"), &arguments, "");
    assert!(!said.done && said.text.contains("nothing was changed"), "{}", said.text);
    assert!(files(repo) == before, "something was changed");
    said.text
}

/// Does what the message says: writes its lines into the files that it names, runs its commands.
fn obey(fixture: &HookFixture, repo: &Path, message: &str) {
    let mut file: Option<PathBuf> = None;
    for line in message.lines() {
        if let Some(rest) = line.strip_prefix("Make ").or_else(|| line.strip_prefix("Add to ")) {
            let name = rest.split([',', ';']).next().expect("a name").trim_end_matches(':');
            file = Some(PathBuf::from(name));
        } else if let Some(line) = line.strip_prefix("    ") {
            let file = file.as_deref().expect("a file is named first");
            let text = fs::read_to_string(file).unwrap_or_default();
            fs::write(file, format!("{text}{line}\n")).expect("a file");
        } else if let Some((_, command)) = line.split_once("git does not run it yet: ") {
            fixture.run(repo, "sh", &["-c", command], "").done();
        }
    }
}

const TYPES: [&str; 3] = ["pre-commit", "pre-merge-commit", "pre-push"];

/// A commit, a merge and a push with a leak are stopped by keysweep, and those without pass.
fn holds(fixture: &HookFixture, repo: &Path, keys: &mut Keys) {
    let git = |arguments: &[&str]| fixture.git(repo, arguments);
    let commit = |name: &str, text: &str, verify: bool| {
        fs::write(repo.join(name), text).expect("a file");
        git(&["add", "-A"]).done();
        let how: &[&str] = if verify { &[] } else { &["--no-verify"] };
        git(&[&["commit", "-qm", name], how].concat())
    };
    commit("clean", "clean\n", true).done();
    commit("leak.env", &keys.pair().env, true).stopped(&["leak.env:"]);
    git(&["reset", "-q", "--hard"]).done();

    // Halves on two branches: only the merge holds the pair.
    let pair = keys.pair();
    let (id, secret) = pair.env.split_once('\n').expect("two lines");
    let middle = "middle\n".repeat(6);
    commit("halves.env", &middle, false).done();
    git(&["switch", "-qc", "side"]).done();
    commit("halves.env", &format!("{middle}{secret}"), false).done();
    git(&["switch", "-q", "-"]).done();
    commit("halves.env", &format!("{id}\n{middle}"), false).done();
    git(&["merge", "-q", "--no-edit", "side"]).stopped(&["halves.env:"]);
    git(&["merge", "--abort"]).done();
    git(&["reset", "-q", "--hard", "HEAD~2"]).done();

    git(&["init", "-q", "--bare", "../origin.git"]).done();
    git(&["remote", "add", "origin", "../origin.git"]).done();
    git(&["push", "-q", "origin", "HEAD"]).done();
    commit("pushed.env", &keys.pair().env, false).done();
    git(&["push", "-q", "origin", "HEAD"]).stopped(&["this push", "pushed.env:"]);
    git(&["reset", "-q", "--hard", "HEAD~1"]).done();
    // Once all is as it says, that is what it says.
    let arguments: Vec<&str> = ["install-hook"]
        .into_iter()
        .chain(TYPES.iter().flat_map(|name| ["--type", name]))
        .collect();
    let reported = fixture.keysweep(repo, &arguments);
    assert_eq!(
        reported.lines().filter(|line| line.ends_with("runs keysweep")).count(),
        3,
        "{reported}"
    );
}

#[test]
fn husky() {
    let Some(fixture) = fixture(tools::hook_managers()) else { return };
    let mut keys = Keys::new("husky");
    let repo = fixture.repository("repo");
    fs::write(repo.join("package.json"), "{\"scripts\": {\"prepare\": \"husky\"}}")
        .expect("a file");
    let prepare = || fixture.run(&repo, "husky", &[], "").done();
    prepare();
    // The user's own check still works, and outlives the next `npm install`.
    fs::write(repo.join(".husky/pre-commit"), "echo checked >> ../checks\n").expect("a file");
    let message = refused(&fixture, &repo, &TYPES);
    assert!(message.contains("husky"), "{message}");
    obey(&fixture, &repo, &message);
    fixture.git(&repo, &["add", "-A"]).done();
    fixture.git(&repo, &["commit", "-qm", "hooks"]).done();
    prepare();
    holds(&fixture, &repo, &mut keys);
    let checks = fs::read_to_string(fixture.project.at("checks")).expect("it ran");
    assert_eq!(checks.lines().count(), 3, "{checks}");
}

#[test]
fn the_folder_of_husky_is_restored_after_an_older_keysweep_changed_it() {
    let Some(fixture) = fixture(tools::hook_managers()) else { return };
    let repo = fixture.repository("repo");
    fixture.run(&repo, "husky", &[], "").done();
    let before = files(&repo);
    fixture.keysweep(&repo, &["install-hook", "--force"]);
    assert!(files(&repo) != before);
    let message = refused(&fixture, &repo, &[]);
    assert!(message.contains("keysweep install-hook --uninstall"), "{message}");
    fixture.keysweep(&repo, &["install-hook", "--uninstall"]);
    assert!(files(&repo) == before);
}

#[test]
fn lefthook() {
    let Some(fixture) = fixture(tools::hook_managers()) else { return };
    let mut keys = Keys::new("lefthook");
    // Known by its file before it is installed, and by its hooks after that.
    for installed in [false, true] {
        let repo = fixture.repository(&format!("{installed}/repo"));
        let own = "commit-msg:\n  commands:\n    own:\n      run: echo checked >> ../checks\n";
        fs::write(repo.join("lefthook.yml"), own).expect("a file");
        if installed {
            fixture.run(&repo, "lefthook", &["install"], "").done();
        }
        let message = refused(&fixture, &repo, &TYPES);
        assert!(message.contains("lefthook.yml"), "{message}");
        obey(&fixture, &repo, &message);
        fixture.git(&repo, &["add", "-A"]).done();
        fixture.git(&repo, &["commit", "-qm", "hooks"]).done();
        holds(&fixture, &repo, &mut keys);
        assert!(fixture.project.at(format!("{installed}/checks")).is_file());
    }
}

#[test]
fn pre_commit() {
    let Some(fixture) = fixture(tools::pre_commit().map(|venv| tools::programs(&venv))) else {
        return;
    };
    let mut keys = Keys::new("pre-commit lines");
    for installed in [false, true] {
        let repo = fixture.repository(&format!("{installed}/repo"));
        fs::write(repo.join(".pre-commit-config.yaml"), "repos:\n").expect("a file");
        if installed {
            fixture.run(&repo, "pre-commit", &["install"], "").done();
        }
        let message = refused(&fixture, &repo, &TYPES);
        assert!(message.contains("the pre-commit framework"), "{message}");
        obey(&fixture, &repo, &message);
        fixture.git(&repo, &["add", "-A"]).done();
        fixture.git(&repo, &["commit", "-qm", "hooks"]).done();
        holds(&fixture, &repo, &mut keys);
    }
}

/// Hooks, each with the words by which a refusal names its owner; the last two have none and may be
/// moved away.
const HOOKS: [(&str, &str, &str); 14] = [
    ("husky 4", "#!/bin/sh\n# husky\n. \"$(dirname \"$0\")/husky.sh\"\n", "husky"),
    ("husky 8", "#!/bin/sh\n. \"$(dirname -- \"$0\")/_/husky.sh\"\nnpm test\n", "husky"),
    ("lefthook", "#!/bin/sh\ncall_lefthook run \"pre-commit\" \"$@\"\n", "lefthook"),
    ("Overcommit", "#!/usr/bin/env ruby\nrequire 'overcommit'\n", "Overcommit"),
    (
        "pre-commit",
        "#!/bin/sh\n# File generated by pre-commit: x\nexec x\n",
        "the pre-commit framework",
    ),
    ("prek", "#!/bin/sh\n# File generated by prek: x\nexec x\n", "the pre-commit framework"),
    ("simple-git-hooks", "#!/bin/sh\n[ \"$SKIP_SIMPLE_GIT_HOOKS\" = 1 ]\n", "simple-git-hooks"),
    ("sh", "#!/bin/sh\nexec \"hooks.d/$(basename \"$0\")\"\n", "its own name"),
    ("parameter", "#!/bin/sh\nexec \"hooks.d/${0##*/}\"\n", "its own name"),
    ("bash", "#!/bin/bash\nname=${BASH_SOURCE[0]}\n", "its own name"),
    ("python", "#!/usr/bin/python3\nimport sys\nprint(sys.argv[0])\n", "its own name"),
    ("program", "\u{7f}ELF\0\0\0", "is not a script"),
    ("plain", "#!/bin/sh\n# $0 is not asked\nexit 0\n", ""),
    ("arguments", "#!/bin/sh\nexec true \"$@\" \"$1\"\n", ""),
];

#[test]
fn the_owner_of_a_hook_decides_if_it_is_moved_away() {
    let fixture = HookFixture::new(&[program_folder()]);
    for (name, text, owner) in HOOKS {
        for linked in [false, true] {
            let repo = fixture.repository(&format!("{name} {linked}"));
            let hook = repo.join(".git/hooks/pre-commit");
            if linked {
                programs::script(&repo.join("tools/check"), text);
                std::os::unix::fs::symlink("../../tools/check", &hook).expect("a link");
            } else {
                programs::script(&hook, text);
            }
            if owner.is_empty() {
                let reported = fixture.keysweep(&repo, &["install-hook"]);
                assert!(reported.contains("runs first"), "{name}: {reported}");
                continue;
            }
            let message = refused(&fixture, &repo, &[]);
            assert!(message.contains(owner) && message.contains("staged"), "{name}: {message}");
            // `--force` installs it, and `--uninstall` undoes that.
            let reported = fixture.keysweep(&repo, &["install-hook", "--force"]);
            assert!(reported.contains("runs first"), "{name}: {reported}");
            fixture.keysweep(&repo, &["install-hook", "--uninstall"]);
            assert_eq!(fs::read(&hook).expect("a hook"), text.as_bytes(), "{name}");
        }
    }
}

/// Files by which a project says that it uses a manager, though nobody installed it yet.
const PROJECTS: [(&str, &str, &str); 7] = [
    (".husky/pre-commit", "npm test\n", "husky"),
    ("lefthook.yml", "x: 1\n", "lefthook"),
    (".lefthook.toml", "", "lefthook"),
    (".overcommit.yml", "PreCommit:\n", "Overcommit"),
    (".pre-commit-config.yaml", "repos:\n", "the pre-commit framework"),
    (".simple-git-hooks.json", "{}\n", "simple-git-hooks"),
    ("package.json", "{\"simple-git-hooks\": {}, \"husky\": 0}\n", "simple-git-hooks"),
];

#[test]
fn a_project_that_uses_a_manager_is_known_before_its_hooks_are_there() {
    let fixture = HookFixture::new(&[program_folder()]);
    for (name, text, owner) in PROJECTS {
        let folder = name.replace('/', " ");
        fixture.project.file(format!("{folder}/{name}"), text);
        if name.starts_with(".husky") {
            fixture.project.file(format!("{folder}/package.json"), "{\"husky\": {}}");
        }
        let repo = fixture.repository(&folder);
        let message = refused(&fixture, &repo, &[]);
        assert!(message.contains(owner), "{name}: {message}");
        // Managers do not install hooks of servers.
        fixture.keysweep(&repo, &["install-hook", "--type", "pre-receive"]);
    }
}

/// The lines for a shell script leave what git says to the script that follows them.
#[test]
fn a_script_that_asks_for_its_name_reads_what_git_says_after_keysweep() {
    let fixture = HookFixture::new(&[program_folder()]);
    let mut keys = Keys::new("hook own name");
    let repo = fixture.repository("repo");
    let hook = repo.join(".git/hooks/pre-push");
    let text = "#!/bin/sh\necho \"${0##*/}\" > log; cat >> log\n";
    programs::script(&hook, text);
    let message = refused(&fixture, &repo, &["pre-push"]);
    let lines: String = message
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .map(|line| format!("{line}\n"))
        .collect();
    programs::script(&hook, &text.replacen('\n', &format!("\n{lines}"), 1));
    let git = |arguments: &[&str]| fixture.git(&repo, arguments);
    git(&["init", "-q", "--bare", "../origin.git"]).done();
    git(&["push", "-q", "../origin.git", "HEAD"]).done();
    let reported = fs::read_to_string(repo.join("log")).expect("it ran");
    assert!(
        reported.starts_with("pre-push\nrefs/heads/main ") || reported.contains("\nHEAD "),
        "{reported}"
    );
    assert_eq!(reported.lines().count(), 2, "{reported}");
    fs::write(repo.join("leak.env"), keys.pair().env).expect("a file");
    git(&["add", "-A"]).done();
    git(&["commit", "-qm", "leak"]).done();
    git(&["push", "-q", "../origin.git", "HEAD"]).stopped(&["leak.env:"]);
}

#[test]
fn a_hook_that_a_manager_does_not_have_is_a_plain_one_next_to_it() {
    let fixture = HookFixture::new(&[program_folder()]);
    fixture.project.file("repo/.overcommit.yml", "gemfile: false\n");
    let repo = fixture.repository("repo");
    // A stand-in for the hook of Overcommit's installer, with the words by which it is recognised.
    let hook = repo.join(".git/hooks/pre-commit");
    programs::script(&hook, "#!/bin/sh\n# Entrypoint for Overcommit hook integration\nexit 0\n");
    let message = refused(&fixture, &repo, &[]);
    let command = "keysweep install-hook --type pre-merge-commit";
    assert!(message.contains("PreCommit:") && message.contains(command), "{message}");
    fixture.run(&repo, "sh", &["-c", command], "").done();
    obey(&fixture, &repo, &message);
    let reported = fixture.keysweep(&repo, &["install-hook"]);
    assert!(reported.contains("runs keysweep") && reported.contains("is installed"), "{reported}");
}
