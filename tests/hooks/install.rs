//! `keysweep install-hook`: the folder that it writes to, the files that it keeps, and those that
//! it removes.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::Keys;
use crate::support::hooks::HookFixture;
use crate::support::programs;

fn program(path: &Path, script: &str) {
    programs::script(path, &format!("#!/bin/sh\n{script}\n"));
}

fn stage_leak(fixture: &HookFixture, repo: &Path, name: &str) {
    let text = Keys::new(name).pair().env;
    fs::write(repo.join("leak.env"), text).expect("a file");
    fixture.git(repo, &["add", "-A"]).done();
}

#[test]
fn a_hook_that_was_there_runs_first_and_comes_back() {
    let fixture = HookFixture::new(&[]);
    let repo = fixture.repository("repo");
    let hook = repo.join(".git/hooks/pre-commit");
    program(&hook, "echo before >> log; [ ! -e refuse ]");
    let written = fs::read(&hook).expect("a hook");
    let reported = fixture.keysweep(&repo, &["install-hook"]);
    assert!(reported.contains("pre-commit.before-keysweep and runs first"), "{reported}");
    // Once more changes nothing.
    fixture.keysweep(&repo, &["install-hook"]);

    fs::write(repo.join("refuse"), "").expect("a file");
    let said = fixture.git(&repo, &["commit", "-q", "--allow-empty", "-m", "refused by the first"]);
    assert!(!said.done, "{}", said.text);
    fs::remove_file(repo.join("refuse")).expect("it is there");
    stage_leak(&fixture, &repo, "hook chain");
    fixture.git(&repo, &["commit", "-qm", "leak"]).stopped(&["leak.env:1:"]);
    let ran = fs::read_to_string(repo.join("log")).expect("it ran");
    assert_eq!(ran, "before\nbefore\n");

    let reported = fixture.keysweep(&repo, &["install-hook", "--uninstall"]);
    assert!(reported.contains("the earlier hook is restored"), "{reported}");
    assert_eq!(fs::read(&hook).expect("a hook"), written);
    assert!(!repo.join(".git/hooks/pre-commit.before-keysweep").exists());
    fixture.git(&repo, &["commit", "-qm", "leak"]).done();
    let reported = fixture.keysweep(&repo, &["install-hook", "--uninstall"]);
    assert!(reported.starts_with("no hook of keysweep's in "), "{reported}");
    assert_eq!(fs::read(&hook).expect("a hook"), written);
}

#[test]
fn a_link_is_put_aside_as_it_is_and_what_it_leads_to_is_left_alone() {
    let fixture = HookFixture::new(&[]);
    let repo = fixture.repository("repo");
    program(&repo.join("tools/check"), "echo checked; exit 0");
    let hook = repo.join(".git/hooks/pre-commit");
    symlink("../../tools/check", &hook).expect("a link");
    fixture.keysweep(&repo, &["install-hook"]);
    let said = fixture.git(&repo, &["commit", "-q", "--allow-empty", "-m", "checked"]).done();
    assert_eq!(said.text, "checked\n");
    assert!(fs::read_to_string(repo.join("tools/check")).expect("a file").contains("checked"));
    fixture.keysweep(&repo, &["install-hook", "--uninstall"]);
    assert_eq!(fs::read_link(&hook).expect("a link"), Path::new("../../tools/check"));
}

#[test]
fn both_hooks_of_a_push_read_what_git_says() {
    let fixture = HookFixture::new(&[]);
    let repo = fixture.repository("repo");
    fixture.git(&repo, &["init", "-q", "--bare", "../origin.git"]).done();
    fixture.git(&repo, &["remote", "add", "origin", "../origin.git"]).done();
    program(&repo.join(".git/hooks/pre-push"), "echo \"$1\" > log; cat >> log");
    fixture.keysweep(&repo, &["install-hook", "-t", "pre-push", "-t", "pre-commit"]);
    fixture.git(&repo, &["push", "-q", "origin", "main"]).done();
    let reported = fs::read_to_string(repo.join("log")).expect("it ran");
    assert!(reported.starts_with("origin\nrefs/heads/main "), "{reported}");
    assert_eq!(reported.lines().count(), 2, "{reported}");
    // Without the file, git's words reach keysweep all the same.
    stage_leak(&fixture, &repo, "hook words");
    fixture.git(&repo, &["commit", "-q", "--no-verify", "-m", "leak"]).done();
    fixture.git(&repo, &["push", "-q", "origin", "main"]).stopped(&["leak.env:1:"]);
}

#[test]
fn a_second_hook_of_another_tool_is_never_overwritten() {
    let fixture = HookFixture::new(&[]);
    let repo = fixture.repository("repo");
    let hook = repo.join(".git/hooks/pre-commit");
    program(&hook, "echo first");
    fixture.keysweep(&repo, &["install-hook"]);
    program(&hook, "echo second");
    let ran = fixture.project.keysweep(["install-hook", "repo"]).run().exits(2);
    assert!(ran.stderr.contains("merge the two by hand"), "{}", ran.stderr);
    assert!(fs::read_to_string(&hook).expect("a hook").contains("second"));
    let before = repo.join(".git/hooks/pre-commit.before-keysweep");
    assert!(fs::read_to_string(before).expect("a hook").contains("first"));
}

#[test]
fn hooks_path_of_the_repository_and_of_the_user() {
    let fixture = HookFixture::new(&[]);
    let repo = fixture.repository("repo");
    fixture.git(&repo, &["config", "core.hooksPath", "tools/hooks"]).done();
    fs::create_dir(repo.join("below")).expect("a folder");
    let reported = fixture.keysweep(&repo.join("below"), &["install-hook"]);
    assert!(reported.contains("/repo/tools/hooks/pre-commit"), "{reported}");
    assert!(reported.contains("core.hooksPath"), "{reported}");
    stage_leak(&fixture, &repo, "hook path");
    fixture.git(&repo, &["commit", "-qm", "leak"]).stopped(&["leak.env:1:"]);

    let other = fixture.repository("other");
    fixture.git(&other, &["config", "--global", "core.hooksPath", "~/all hooks"]).done();
    fixture.keysweep(&other, &["install-hook"]);
    assert!(fixture.project.at("home/all hooks/pre-commit").is_file());
    stage_leak(&fixture, &other, "hook path of all");
    fixture.git(&other, &["commit", "-qm", "leak"]).stopped(&["leak.env:1:"]);
}

#[test]
fn a_program_that_is_gone_stops_the_commit_and_says_why() {
    let fixture = HookFixture::new(&[]);
    let repo = fixture.repository("repo");
    let copy = fixture.project.at("it's here/keysweep");
    programs::copy(&copy);
    fixture.run(&repo, copy.to_str().expect("UTF-8"), &["install-hook"], "").done();
    stage_leak(&fixture, &repo, "hook gone");
    fixture.git(&repo, &["commit", "-qm", "leak"]).stopped(&["leak.env:1:"]);
    fs::remove_file(&copy).expect("it is there");
    let said = fixture.git(&repo, &["commit", "-qm", "leak"]);
    assert!(!said.done && said.text.contains("not found, so nothing was scanned"), "{}", said.text);
    // Any keysweep of the PATH takes its place.
    let elsewhere = HookFixture::new(&[crate::support::hooks::program_folder()]);
    elsewhere.git(&repo, &["commit", "-qm", "leak"]).stopped(&["leak.env:1:"]);
}

#[test]
fn outside_of_a_repository_the_command_says_so() {
    let fixture = HookFixture::new(&[]);
    fixture.project.file("plain/file", "");
    let ran = fixture.project.keysweep(["install-hook", "plain"]).run().exits(2);
    assert!(ran.stderr.contains("not a git repository"), "{}", ran.stderr);
}
