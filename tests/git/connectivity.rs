//! `--check-connectivity`: everything that refs, reflogs and the index lead to must exist.

use std::fs;

use crate::support::git::{Repo, leak};
use crate::support::{Project, Ran};

fn run(repo: &Repo, arguments: &[&str]) -> Ran {
    let project = Project::new();
    project.keysweep(arguments.iter().chain(&["--format", "json"])).from(&repo.root).run()
}

fn remove(repo: &Repo, name: &str) -> String {
    let id = repo.git(&["rev-parse", name]);
    fs::remove_file(repo.root.join(format!(".git/objects/{}/{}", &id[..2], &id[2..])))
        .expect("loose");
    id
}

fn repository() -> Repo {
    let repo = Repo::new(&[]);
    repo.commit("a/one.txt", "one\n");
    repo.commit("a/two.txt", "two\n");
    repo.commit("three.txt", "three\n");
    repo
}

#[test]
fn a_complete_repository_has_no_missing_objects() {
    let repo = repository();
    repo.git(&["tag", "-a", "-m", "a tree", "tree", "HEAD^{tree}"]);
    repo.write("staged.txt", "staged\n");
    repo.git(&["add", "-A"]);
    for command in [&["history"][..], &["staged"], &["range", "HEAD~1..HEAD"], &["sweep", "."]] {
        run(&repo, &[command, &["--check-connectivity"]].concat()).exits(0);
    }
}

/// Without a finding no tree is read, so that only the option sees what is missing, except files
/// that are checked out: `history` looks these up.
#[test]
fn what_is_missing_is_found_by_every_command_that_reads_git() {
    for (name, kind) in [("HEAD:a/one.txt", "blob"), ("HEAD~2:a", "tree")] {
        let repo = repository();
        let id = remove(&repo, name);
        for command in [&["history"][..], &["range", "HEAD~1..HEAD"], &["sweep", "."]] {
            let is_noticed = kind == "blob" && command[0] != "range";
            run(&repo, command).exits(if is_noticed { 3 } else { 0 });
            let ran = run(&repo, &[command, &["--check-connectivity"]].concat()).exits(3);
            let (what, missing) = (format!("{kind} "), format!("{id}: missing"));
            assert_eq!(ran.problems().len(), 1, "{:?}", ran.problems());
            let problem = &ran.problems()[0];
            assert!(problem.starts_with(&what) && problem.contains(&missing), "{problem}");
        }
    }
    let repo = repository();
    let id = remove(&repo, "HEAD:a/one.txt");
    run(&repo, &["staged"]).exits(0);
    let ran = run(&repo, &["staged", "--check-connectivity"]).exits(3);
    assert!(ran.problems()[0].starts_with(&format!("blob {id}: missing")));
    fs::remove_file(repo.root.join(".git/HEAD"))
        .and_then(|()| fs::write(repo.root.join(".git/HEAD"), "ref: refs/heads/other\n"))
        .expect("ours");
    remove(&repo, "main~1");
    let ran = run(&repo, &["history", "--check-connectivity"]).exits(3);
    assert!(ran.problems().iter().any(|one| one.starts_with("commit ")), "{:?}", ran.problems());
}

/// Objects that only reflogs and stashes reach count, and unreachable ones do not.
#[test]
fn reflogs_and_stashes_count_and_dangling_objects_do_not() {
    let repo = repository();
    repo.commit("lost.txt", "in a reflog alone\n");
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    let lost = remove(&repo, "HEAD@{1}:lost.txt");
    repo.write("three.txt", "stashed\n");
    repo.git(&["stash", "-q"]);
    let stashed = remove(&repo, "stash:three.txt");
    let inner = repo.git_with(&["hash-object", "-w", "--stdin"], b"soon gone\n");
    repo.git_with(&["mktree"], format!("100644 blob {inner}\tx\n").as_bytes());
    remove(&repo, &inner);
    let ran = run(&repo, &["history", "--check-connectivity"]).exits(3);
    let problems = ran.problems().join("\n");
    assert!(problems.contains(&lost) && problems.contains(&stashed), "{problems}");
    assert!(!problems.contains(&inner), "{problems}");
}

#[test]
fn very_many_missing_objects_are_counted() {
    let repo = Repo::new(&[]);
    for number in 0..150 {
        repo.write(format!("{number}.txt"), format!("{number}\n"));
    }
    repo.commit_all("many");
    for number in 0..150 {
        remove(&repo, &format!("HEAD:{number}.txt"));
    }
    let ran = run(&repo, &["history", "--check-connectivity"]).exits(3);
    let problems = ran.problems();
    assert_eq!(problems.len(), 101);
    assert!(problems.iter().any(|one| one.contains("50 more are missing")), "{problems:?}");
}

/// Objects that remained on the server may arrive later: by a fetch, or because git needed it.
#[test]
fn a_partial_clone_is_whole_once_everything_arrived() {
    let repo = Repo::new(&[]);
    for number in 1..4 {
        repo.commit("a/old.env", leak(number));
    }
    repo.commit("a/old.env", "nothing\n");
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    repo.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let project = Project::new();
    let source = format!("file://{}", repo.root.display());
    let fetch = ["fetch", "-q", "--refetch", "--no-filter"];
    let read = ["log", "-p", "--all"];
    let cases: [(&str, &[&str], &[&str]); 5] = [
        ("--filter=blob:none", &[], &fetch),
        ("--filter=blob:none", &["--bare"], &read),
        ("--filter=tree:0", &[], &fetch),
        ("--filter=tree:0", &["--bare"], &fetch),
        ("--filter=blob:limit=20", &["--no-checkout"], &read),
    ];
    for (number, (filter, more, arrive)) in cases.into_iter().enumerate() {
        let to = project.at(number.to_string());
        let path = to.to_str().expect("UTF-8");
        let clone = ["clone", "-q", "-c", "gc.auto=0", filter, &source, path];
        repo.git(&[&clone[..], more].concat());
        let history = |more: &[&str]| {
            let arguments = [&["history", path, "--format", "json"], more].concat();
            project.keysweep(arguments).run()
        };
        let sweep = |more: &[&str]| {
            let arguments = [&["sweep", path, "--format", "json"], more].concat();
            project.keysweep(arguments).run()
        };
        let partial = format!("{number}.partial");
        for ran in [history(&[]), sweep(&["--partial", &partial])] {
            let ran = ran.exits(3);
            let is_said = ran.problems().iter().any(|one| one.starts_with("partial clone "));
            assert!(is_said, "{filter} {more:?}: {ran:?}");
        }
        repo.git_in(&to, arrive);
        for ran in [history(&[]), history(&["--check-connectivity"]), sweep(&["--since", &partial])]
        {
            let ran = ran.exits(1);
            assert!(ran.problems().is_empty(), "{filter} {more:?}: {ran:?}");
            assert_eq!(ran.json()["findings"].as_array().map(Vec::len), Some(3), "{filter}");
        }
    }
}

/// Borrowed objects count, unless they are left out on purpose.
#[test]
fn what_is_borrowed_counts_unless_it_is_left_out() {
    let repo = Repo::new(&[]);
    repo.commit("old.env", leak(1));
    let borrower = repo.sibling("borrower");
    let (from, to) = (repo.root.to_str().expect("UTF-8"), borrower.to_str().expect("UTF-8"));
    repo.git(&["clone", "-q", "--shared", from, to]);
    fs::write(borrower.join("new.env"), leak(2)).expect("a file");
    repo.git_in(&borrower, &["add", "-A"]);
    let author = ["-c", "user.name=B", "-c", "user.email=b@example.com"];
    repo.git_in(&borrower, &[&author[..], &["commit", "-qm", "new"]].concat());
    let project = Project::new();
    let count = |arguments: &[&str], code| {
        let program = project.keysweep(arguments.iter().chain(&["--format", "json"]));
        let ran = program.from(&borrower).run().exits(code);
        let found = ran.json()["findings"].as_array().expect("findings").len();
        (found, ran.problems().len())
    };
    assert_eq!(count(&["history", "--check-connectivity"], 1), (2, 0));
    assert_eq!(count(&["history", "--no-alternates"], 1).0, 1);
    assert_eq!(count(&["range", "HEAD~1..HEAD"], 1), (1, 0));
    // The commit below is in the other repository: without it nothing can be called old.
    let (found, problems) = count(&["range", "HEAD~1..HEAD", "--no-alternates"], 1);
    assert!(found >= 1 && problems > 0, "{found}, {problems}");
}
