//! Plain git hooks, with real commits and real pushes.

use std::fs;
use std::path::Path;

use crate::support::Keys;
use crate::support::hooks::HookFixture;

/// A repository in which `keysweep install-hook` ran.
fn hooked(fixture: &HookFixture, name: &str) -> std::path::PathBuf {
    let repo = fixture.repository(name);
    fixture.keysweep(&repo, &["install-hook"]);
    repo
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("a file");
}

#[test]
fn a_commit_with_a_leak_is_stopped_and_one_without_passes_in_silence() {
    let (fixture, mut keys) = (HookFixture::new(&[]), Keys::new("hook commit"));
    let repo = hooked(&fixture, "repo");
    let pair = keys.pair();
    write(&repo, "prod.env", &format!("PORT=1\n{}", pair.env));
    fixture.git(&repo, &["add", "-A"]).done();
    let said = fixture.git(&repo, &["commit", "-qm", "leak"]);
    let said = said.stopped(&[
        "this commit",
        "prod.env:2:",
        "aws-access-key",
        &pair.id,
        "git reset -q -- :/prod.env",
        &format!("keysweep explain {}", pair.id),
        "prod.env:2:19 (id) and 3:23 (secret)",
        "keysweep:allow",
        "keysweep baseline --only ",
    ]);
    assert!(!said.text.contains("pushed"), "{}", said.text);
    assert_eq!(fixture.commits(&repo), 1);

    // The advice in the message works.
    fixture.git(&repo, &["reset", "-q", "--", "prod.env"]).done();
    write(&repo, "clean.txt", "nothing\n");
    fixture.git(&repo, &["add", "clean.txt"]).done();
    let said = fixture.git(&repo, &["commit", "-qm", "clean"]).done();
    assert_eq!(said.text, "");
    assert_eq!(fixture.commits(&repo), 2);
}

#[test]
fn a_first_commit_and_its_advice() {
    let (fixture, mut keys) = (HookFixture::new(&[]), Keys::new("hook first"));
    let repo = fixture.project.at("repo");
    fs::create_dir(&repo).expect("a folder");
    fixture.git(&repo, &["init", "-q"]).done();
    fixture.keysweep(&repo, &["install-hook"]);
    write(&repo, "a.env", &keys.pair().env);
    fixture.git(&repo, &["add", "-A"]).done();
    fixture
        .git(&repo, &["commit", "-qm", "leak"])
        .stopped(&["a.env:1:", "git reset -q -- :/a.env"]);
    fixture.git(&repo, &["reset", "-q", "--", "a.env"]).done();
    write(&repo, "b", "clean\n");
    fixture.git(&repo, &["add", "b"]).done();
    fixture.git(&repo, &["commit", "-qm", "clean"]).done();
}

#[test]
fn all_ways_to_commit_are_caught_and_only_what_is_committed_counts() {
    let (fixture, mut keys) = (HookFixture::new(&[]), Keys::new("hook ways"));
    let repo = hooked(&fixture, "repo");
    write(&repo, "app.py", &"line\n".repeat(30));
    fixture.git(&repo, &["add", "-A"]).done();
    fixture.git(&repo, &["commit", "-qm", "clean"]).done();

    // A clean change at the top, a leak at the end: two hunks.
    let pair = keys.pair();
    write(&repo, "app.py", &format!("first\n{}{}", "line\n".repeat(30), pair.env));
    fixture.git(&repo, &["commit", "-qam", "all"]).stopped(&["app.py:32:"]);
    fixture.git(&repo, &["commit", "-qm", "named", "app.py"]).stopped(&["app.py:32:"]);
    let both = fixture.run(&repo, "git", &["commit", "-qpm", "both"], "y\ny\n");
    both.stopped(&["app.py:32:"]);
    assert_eq!(fixture.commits(&repo), 2);
    fixture.git(&repo, &["reset", "-q"]).done();
    fixture.run(&repo, "git", &["commit", "-qpm", "the clean hunk"], "y\nn\n").done();
    assert_eq!(fixture.commits(&repo), 3);
    fixture.git(&repo, &["commit", "-qa", "--amend", "--no-edit"]).stopped(&["app.py:32:"]);
}

#[test]
fn windows_line_ends() {
    let (fixture, mut keys) = (HookFixture::new(&[]), Keys::new("hook crlf"));
    let repo = hooked(&fixture, "repo");
    for convert in ["false", "true", "input"] {
        fixture.git(&repo, &["config", "core.autocrlf", convert]).done();
        let text = format!("[a]\n{}", keys.pair().env).replace('\n', "\r\n");
        write(&repo, "keys.ini", &text);
        fixture.git(&repo, &["add", "-A"]).done();
        fixture.git(&repo, &["commit", "-qm", convert]).stopped(&["keys.ini:2:"]);
    }
}

#[test]
fn a_worktree_and_a_submodule() {
    let (fixture, mut keys) = (HookFixture::new(&[]), Keys::new("hook worktree"));
    let repo = hooked(&fixture, "repo");
    let tree = fixture.project.at("tree");
    fixture.git(&repo, &["worktree", "add", "-q", "-b", "other", "../tree"]).done();
    write(&tree, "leak.env", &keys.pair().env);
    fixture.git(&tree, &["add", "-A"]).done();
    fixture.git(&tree, &["commit", "-qm", "leak"]).stopped(&["leak.env:1:"]);
    fixture.git(&tree, &["rm", "-qf", "leak.env"]).done();
    write(&tree, "clean", "clean\n");
    fixture.git(&tree, &["add", "-A"]).done();
    fixture.git(&tree, &["commit", "-qm", "clean"]).done();

    // Installed from inside a worktree, it serves all of them; inside a submodule, that alone.
    let reported = fixture.keysweep(&tree, &["install-hook"]);
    assert!(reported.contains("/repo/.git/hooks/pre-commit"), "{reported}");
    let library = fixture.repository("library");
    let library = library.to_str().expect("UTF-8");
    fixture.git(&repo, &["submodule", "--quiet", "add", library, "vendor/lib"]).done();
    fixture.git(&repo, &["commit", "-qm", "a submodule"]).done();
    let inside = repo.join("vendor/lib");
    fixture.keysweep(&inside, &["install-hook"]);
    write(&inside, "leak.env", &keys.pair().env);
    fixture.git(&inside, &["add", "-A"]).done();
    fixture.git(&inside, &["commit", "-qm", "leak"]).stopped(&["leak.env:1:"]);
}

#[test]
fn a_push_is_stopped_for_what_any_of_its_commits_added() {
    let (fixture, mut keys) = (HookFixture::new(&[]), Keys::new("hook push"));
    let repo = fixture.repository("repo");
    fixture.git(&repo, &["init", "-q", "--bare", "../origin.git"]).done();
    fixture.git(&repo, &["remote", "add", "origin", "../origin.git"]).done();
    fixture.keysweep(&repo, &["install-hook", "--type", "pre-push"]);
    let said = fixture.git(&repo, &["push", "-q", "origin", "main"]).done();
    assert_eq!(said.text, "");

    let pair = keys.pair();
    write(&repo, "leak.env", &pair.env);
    fixture.git(&repo, &["add", "-A"]).done();
    fixture.git(&repo, &["commit", "-qm", "leak"]).done();
    fixture.git(&repo, &["rm", "-q", "leak.env"]).done();
    fixture.git(&repo, &["commit", "-qm", "removed again"]).done();
    let words =
        ["this push", "leak.env:1:", "rebase -q -i", &pair.id, "in a baseline pushed before"];
    fixture.git(&repo, &["push", "-q", "origin", "main"]).stopped(&words);
    fixture.git(&repo, &["push", "-q", "origin", "main:new"]).stopped(&words);
    fixture.git(&repo, &["push", "-q", "origin", "main~2:refs/heads/old"]).done();
    fixture.git(&repo, &["push", "-q", "origin", ":old"]).done();

    // A commit of another remote is new to this one.
    fixture.git(&repo, &["push", "-q", "--no-verify", "origin", "main"]).done();
    fixture.git(&repo, &["init", "-q", "--bare", "../public.git"]).done();
    fixture.git(&repo, &["remote", "add", "public", "../public.git"]).done();
    fixture.git(&repo, &["push", "-q", "public", "main"]).stopped(&["leak.env:1:"]);
    fixture.git(&repo, &["push", "-q", "../public.git", "main"]).stopped(&["leak.env:1:"]);
    fixture.git(&repo, &["push", "-q", "origin", "main:copy"]).done();
}

#[test]
fn a_server_takes_no_push_with_a_leak() {
    let (fixture, mut keys) = (HookFixture::new(&[]), Keys::new("hook receive"));
    let repo = fixture.repository("repo");
    let server = fixture.project.at("server.git");
    fixture.git(&repo, &["init", "-q", "--bare", "../server.git"]).done();
    fixture.git(&repo, &["remote", "add", "origin", "../server.git"]).done();
    // In a bare repository there is nothing to commit: the hook of the server is meant.
    let reported = fixture.keysweep(&server, &["install-hook"]);
    assert!(reported.contains("pre-receive"), "{reported}");
    fixture.git(&repo, &["push", "-q", "origin", "main"]).done();

    let pair = keys.pair();
    write(&repo, "leak.env", &pair.env);
    fixture.git(&repo, &["add", "-A"]).done();
    fixture.git(&repo, &["commit", "-qm", "leak"]).done();
    let said = fixture.git(&repo, &["push", "-q", "origin", "main", "HEAD~1:refs/heads/fine"]);
    said.stopped(&["remote: keysweep: stopped, this push", "leak.env:1:", &pair.id]);
    let refs = fixture.git(&server, &["for-each-ref", "--format=%(refname) %(subject)"]).done();
    assert_eq!(refs.text, "refs/heads/main start\n");
    fixture.git(&repo, &["reset", "-q", "--hard", "HEAD~1"]).done();
    write(&repo, "clean", "clean\n");
    fixture.git(&repo, &["add", "-A"]).done();
    fixture.git(&repo, &["commit", "-qm", "clean"]).done();
    let said = fixture.git(&repo, &["push", "-q", "origin", "main"]).done();
    assert_eq!(said.text, "");
}

#[test]
fn many_leaks_are_ten_lines_and_each_file_of_odd_name_is_one_word() {
    let (fixture, mut keys) = (HookFixture::new(&[]), Keys::new("hook many"));
    let repo = hooked(&fixture, "repo");
    for number in 0..30 {
        write(&repo, &format!("-o '$(x)'{number}\u{1b}[2J.env"), &keys.pair().env);
    }
    fixture.git(&repo, &["add", "-A"]).done();
    let said = fixture.git(&repo, &["commit", "-qm", "leaks"]).stopped(&["and 26 more"]);
    assert!(said.text.contains("git reset -q\n"), "{}", said.text);
    assert!(!said.text.contains('\u{1b}'), "{}", said.text);
    assert!(said.text.lines().count() <= 10, "{}", said.text);
}

#[test]
fn what_is_allowed_on_purpose_passes_in_silence() {
    let (fixture, mut keys) = (HookFixture::new(&[]), Keys::new("hook allow"));
    let repo = hooked(&fixture, "repo");
    let marked = keys.pair();
    let text =
        format!("aws = \"{}\", \"{}\" # keysweep:allow a test's own\n", marked.id, marked.secret);
    write(&repo, "marked.py", &text);
    fixture.git(&repo, &["add", "-A"]).done();
    assert_eq!(fixture.git(&repo, &["commit", "-qm", "marked"]).done().text, "");

    let known = keys.pair();
    write(&repo, "known.env", &known.env);
    fixture.git(&repo, &["add", "-A"]).done();
    fixture.git(&repo, &["commit", "-qm", "known"]).stopped(&[&known.id]);
    fixture.keysweep(&repo, &["baseline"]);
    fixture.git(&repo, &["add", "-A"]).done();
    assert_eq!(fixture.git(&repo, &["commit", "-qm", "known"]).done().text, "");
    // The next one is nobody's.
    write(&repo, "new.env", &keys.pair().env);
    fixture.git(&repo, &["add", "-A"]).done();
    fixture.git(&repo, &["commit", "-qm", "new"]).stopped(&["new.env:1:"]);
}
