//! The answers of `range` to each of its inputs: the rows of `docs/range.md` in their order.

use std::path::{Path, PathBuf};

use crate::git::messages::{Reported, refused, reported, reported_with};
use crate::support::git::{Repo, key_id, leak};

const ZEROS: &str = "0000000000000000000000000000000000000000";

fn between(repo: &Repo, range: &str) -> Reported {
    reported(&repo.root, &["range", range], b"")
}

fn hook(repo: &Repo, lines: &str) -> Reported {
    reported(&repo.root, &["range", "--stdin"], lines.as_bytes())
}

fn commits(reported: &Reported) -> Vec<(String, String)> {
    reported.commits()
}

fn expect(expected: &[(&String, u64)]) -> Vec<(String, String)> {
    let mut expected: Vec<_> =
        expected.iter().map(|&(commit, number)| (commit.clone(), key_id(number))).collect();
    expected.sort();
    expected
}

/// A repository with an old key in its first commit.
fn started() -> (Repo, String) {
    let repo = Repo::new(&[]);
    let base = repo.commit("old.env", leak(1));
    (repo, base)
}

#[test]
fn commit_by_commit_what_no_parent_holds() {
    let (repo, base) = started();
    let added = repo.commit("new.env", leak(2));
    let removed = repo.commit("new.env", "nothing\n");
    repo.commit("old.env", format!("# edited\n{}", leak(1)));
    let both = repo.commit("old.env", format!("{}\n\n\n{}", leak(1), leak(3)));
    let reported = repo.commit_all(&format!("reported\n\n{}", leak(4)));
    let outcome = between(&repo, &format!("{base}..HEAD"));
    assert_eq!(commits(&outcome), expect(&[(&added, 2), (&both, 3), (&reported, 4)]));
    assert_eq!(outcome.count("commits"), 5);
    assert_eq!(
        (&outcome.git(2)["at_head"], &outcome.git(3)["at_head"]),
        (&false.into(), &true.into())
    );
    assert_eq!(outcome.git(2)["author"]["name"], "Ann");
    assert_eq!(
        commits(&between(&repo, &format!("{removed}..HEAD"))),
        expect(&[(&both, 3), (&reported, 4)])
    );
}

#[test]
fn equal_ends_are_nothing_to_do() {
    let (repo, base) = started();
    let outcome = between(&repo, &format!("{base}..HEAD"));
    assert!(outcome.places().is_empty() && outcome.is_complete());
    assert_eq!(outcome.notes(), ["the range is empty"]);
}

#[test]
fn a_base_of_zeros_means_a_new_ref() {
    let (repo, old) = started();
    repo.git(&["checkout", "-qb", "work"]);
    let added = repo.commit("new.env", leak(2));
    // A commit of another ref may have come with the same push: it does not count as known.
    let outcome = between(&repo, &format!("{ZEROS}..work"));
    assert_eq!(commits(&outcome), expect(&[(&old, 1), (&added, 2)]));
    let outcome = between(&repo, &format!("{ZEROS}..main"));
    assert_eq!(commits(&outcome), expect(&[(&old, 1)]));
    assert!(outcome.notes()[0].contains("a new ref"), "{:?}", outcome.notes());
}

#[test]
fn a_head_of_zeros_means_a_deleted_ref() {
    let (repo, base) = started();
    let outcome = between(&repo, &format!("{base}..{ZEROS}"));
    assert!(outcome.places().is_empty() && outcome.is_complete());
    assert!(outcome.notes()[0].contains("was deleted"), "{:?}", outcome.notes());
}

#[test]
fn an_empty_side_is_an_error_with_the_way_out() {
    let (repo, _) = started();
    for (range, side) in
        [("..", "BASE"), ("..HEAD", "BASE"), ("HEAD..", "HEAD"), (" ..HEAD", "BASE")]
    {
        let why = refused(&repo.root, &["range", range], b"");
        assert!(why.contains(&format!("{side} of the range")), "{range}: {why}");
        assert!(why.contains("zeros") && why.contains("variable"), "{why}");
    }
}

#[test]
fn an_unknown_base_is_an_error_with_the_way_out() {
    let (repo, _) = started();
    for base in ["nowhere", "1234567890123456789012345678901234567890"] {
        let why = refused(&repo.root, &["range", &format!("{base}..HEAD")], b"");
        assert!(why.contains("fetch") && why.contains(base), "{why}");
        let why = refused(&repo.root, &["range", &format!("HEAD..{base}")], b"");
        assert!(why.contains("fetch") && why.contains(base), "{why}");
    }
    for range in ["main", "main...HEAD"] {
        let why = refused(&repo.root, &["range", range], b"");
        assert!(why.contains("BASE..HEAD"), "{why}");
    }
}

#[test]
fn a_merge_counts_by_what_neither_parent_holds() {
    let (repo, base) = started();
    repo.git(&["checkout", "-qb", "work"]);
    let work = repo.commit("work.env", leak(2));
    repo.git(&["checkout", "-q", "main"]);
    let main = repo.commit("main.env", leak(3));
    repo.git(&["checkout", "-q", "work"]);
    repo.git(&["merge", "-q", "--no-commit", "--no-ff", "main"]);
    repo.write("evil.env", leak(4));
    let merge = repo.commit_all("merge main");
    assert_eq!(commits(&between(&repo, "main..work")), expect(&[(&work, 2), (&merge, 4)]));
    assert_eq!(
        commits(&between(&repo, &format!("{base}..work"))),
        expect(&[(&work, 2), (&main, 3), (&merge, 4)])
    );
}

#[test]
fn a_revert_brings_a_key_back() {
    let (repo, _) = started();
    let removed = repo.commit("old.env", "nothing\n");
    repo.git(&["revert", "--no-edit", "HEAD"]);
    let revert = repo.head();
    assert_eq!(commits(&between(&repo, &format!("{removed}..HEAD"))), expect(&[(&revert, 1)]));
    // The commit in between is what reverts: over both the key was never away from its end.
    assert_eq!(commits(&between(&repo, "HEAD~2..HEAD")), expect(&[(&revert, 1)]));
}

#[test]
fn a_forced_push_counts_what_the_new_history_has() {
    let (repo, base) = started();
    let old = repo.commit("old-work.env", leak(2));
    repo.git(&["reset", "-q", "--hard", &base]);
    let new = repo.commit("new-work.env", leak(3));
    let outcome = hook(&repo, &format!("{old} {new} refs/heads/main\n"));
    assert_eq!(commits(&outcome), expect(&[(&new, 3)]));
    assert_eq!(outcome.git(3)["refs"], serde_json::json!(["refs/heads/main"]));
}

#[test]
fn a_new_branch_means_minus_all_other_refs() {
    let (repo, base) = started();
    repo.git(&["checkout", "-qb", "work"]);
    let one = repo.commit("one.env", leak(2));
    repo.git(&["checkout", "-qb", "more"]);
    let two = repo.commit("two.env", leak(3));
    // After the push both refs are there; those of the same push hide nothing.
    let lines = format!("{ZEROS} {one} refs/heads/work\n{ZEROS} {two} refs/heads/more\n");
    assert_eq!(commits(&hook(&repo, &lines)), expect(&[(&one, 2), (&two, 3)]));
    let lines = format!("{ZEROS} {two} refs/heads/more\n");
    assert_eq!(commits(&hook(&repo, &lines)), expect(&[(&two, 3)]));
    // A commit that another ref of the push had before is known.
    let lines = format!("{base} {one} refs/heads/work\n{ZEROS} {two} refs/heads/more\n");
    assert_eq!(commits(&hook(&repo, &lines)), expect(&[(&one, 2), (&two, 3)]));
}

#[test]
fn a_deleted_ref_and_an_empty_input_are_nothing_to_do() {
    let (repo, base) = started();
    let deleted = format!("{base} {ZEROS} refs/heads/gone\n");
    let pushed = format!("(delete) {ZEROS} refs/heads/gone {base}\n");
    for lines in ["", "\n", &deleted, &pushed] {
        let outcome = hook(&repo, lines);
        assert!(outcome.places().is_empty() && outcome.is_complete(), "{lines:?}");
        assert_eq!(outcome.notes(), ["the range is empty"]);
    }
}

#[test]
fn the_first_push_of_all() {
    let (repo, base) = started();
    let next = repo.commit("new.env", leak(2));
    let lines = format!("refs/heads/main {next} refs/heads/main {ZEROS}\n");
    assert_eq!(commits(&hook(&repo, &lines)), expect(&[(&base, 1), (&next, 2)]));
    let lines = format!("{ZEROS} {next} refs/heads/main\n");
    assert_eq!(commits(&hook(&repo, &lines)), expect(&[(&base, 1), (&next, 2)]));
}

#[test]
fn pre_push_of_a_new_branch_means_minus_the_remotes_refs() {
    let (repo, base) = started();
    repo.git(&["update-ref", "refs/remotes/origin/main", &base]);
    let local = repo.commit("local.env", leak(2));
    repo.git(&["checkout", "-qb", "work"]);
    let work = repo.commit("work.env", leak(3));
    // The local main does not count: the remote has never seen it.
    let lines = format!("refs/heads/work {work} refs/heads/work {ZEROS}\n");
    assert_eq!(commits(&hook(&repo, &lines)), expect(&[(&local, 2), (&work, 3)]));
    let lines = format!("refs/heads/work {work} refs/heads/work {local}\n");
    assert_eq!(commits(&hook(&repo, &lines)), expect(&[(&work, 3)]));
}

#[test]
fn for_the_first_push_of_the_framework_the_refs_of_the_remote_decide() {
    let (repo, base) = started();
    let work = repo.commit("work.env", leak(2));
    for (remote, stands_at) in [("origin", &base), ("backup", &work)] {
        repo.git(&["update-ref", &format!("refs/remotes/{remote}/main"), stands_at]);
    }
    let branch = ("PRE_COMMIT_LOCAL_BRANCH", Path::new("refs/heads/main"));
    let pushed = |remote: &'static str| {
        let remote = ("PRE_COMMIT_REMOTE_NAME", Path::new(remote));
        let project = crate::support::Project::new();
        let mut program = project.keysweep(["range", "--hook"]);
        for (name, value) in [branch, remote] {
            program = program.env(name, value);
        }
        program.from(&repo.root).run().code
    };
    // A commit of another remote is new to this one.
    assert_eq!((pushed("origin"), pushed("backup")), (Some(1), Some(0)));
}

#[test]
fn an_update_from_an_unknown_commit_is_an_error() {
    let (repo, base) = started();
    let unknown = "1234567890123456789012345678901234567890";
    let lines = format!("refs/heads/main {base} refs/heads/main {unknown}\n");
    let why = refused(&repo.root, &["range", "--stdin"], lines.as_bytes());
    assert!(why.contains("fetch"), "{why}");
}

#[test]
fn other_lines_are_an_error() {
    let (repo, base) = started();
    for (lines, part) in [
        (format!("{base} refs/heads/main\n"), "line 1 of standard input has 2 fields"),
        (format!("\n{base} x refs/heads/main\n"), "line 2 of standard input: \"x\""),
    ] {
        let why = refused(&repo.root, &["range", "--stdin"], lines.as_bytes());
        assert!(why.contains(part), "{why}");
    }
}

#[test]
fn pushed_tags_and_their_messages() {
    let (repo, base) = started();
    let next = repo.commit("new.env", leak(2));
    repo.git(&["tag", "-a", "-m", &leak(3), "v1"]);
    let tag = repo.git(&["rev-parse", "v1"]);
    let lines = format!("{base} {next} refs/heads/main\n{ZEROS} {tag} refs/tags/v1\n");
    let outcome = hook(&repo, &lines);
    assert_eq!(outcome.places(), [(String::new(), key_id(3)), ("new.env".to_owned(), key_id(2))]);
    assert_eq!(outcome.git(3)["refs"], serde_json::json!(["refs/tags/v1"]));
    assert_eq!(outcome.git(3)["blob"], tag);

    let blob = repo.git_with(&["hash-object", "-w", "--stdin"], leak(4).as_bytes());
    let outcome = hook(&repo, &format!("{ZEROS} {blob} refs/tags/blob\n"));
    assert_eq!(outcome.places(), [(String::new(), key_id(4))]);
    let tree = repo.git_with(&["mktree"], format!("100644 blob {blob}\tin.env\n").as_bytes());
    let outcome = hook(&repo, &format!("{ZEROS} {tree} refs/tags/tree\n"));
    assert_eq!(outcome.places(), [("in.env".to_owned(), key_id(4))]);
}

#[test]
fn objects_in_quarantine_are_read() {
    let (repo, base) = started();
    let client = repo.sibling("client");
    let to = client.to_str().expect("UTF-8");
    repo.git(&["clone", "-q", repo.root.to_str().expect("UTF-8"), to]);
    std::fs::write(client.join("new.env"), leak(2)).expect("a file");
    repo.git_in(&client, &["add", "-A"]);
    repo.git_in(
        &client,
        &["-c", "user.name=B", "-c", "user.email=b@example.com", "commit", "-qm", "new"],
    );
    let new = repo.git_in(&client, &["rev-parse", "HEAD"]);
    let quarantine = repo.root.join(".git/objects/tmp_objdir-incoming-x");
    std::fs::rename(client.join(".git/objects"), &quarantine).expect("movable");
    let lines = format!("{base} {new} refs/heads/main\n");
    let root = repo.root.to_str().expect("UTF-8");
    refused(&repo.root, &["range", "--stdin"], lines.as_bytes());
    let (git_dir, own) = (repo.root.join(".git"), repo.root.join(".git/objects"));
    let variables: [(&str, &Path); 4] = [
        ("GIT_DIR", &git_dir),
        ("GIT_OBJECT_DIRECTORY", &quarantine),
        ("GIT_ALTERNATE_OBJECT_DIRECTORIES", &own),
        ("GIT_QUARANTINE_PATH", &quarantine),
    ];
    for arguments in [&["range", "--stdin"][..], &["range", "--stdin", root]] {
        let outcome = reported_with(repo.outer(), arguments, lines.as_bytes(), &variables);
        assert_eq!(commits(&outcome), expect(&[(&new, 2)]), "{arguments:?}");
    }
    // Another repository's quarantine is not this one's.
    let other = Repo::new(&[]);
    other.commit("other.txt", "other\n");
    let explicit = ["range", "--stdin", other.root.to_str().expect("UTF-8")];
    let project = crate::support::Project::new();
    let mut program = project.keysweep(explicit).input(&lines);
    for (name, value) in variables {
        program = program.env(name, value);
    }
    program.run().exits(2);
}

#[test]
fn a_shallow_boundary_inside_the_range_is_reported() {
    let (repo, _) = started();
    repo.git(&["checkout", "-qb", "work"]);
    repo.commit("work.txt", "work\n");
    let work = repo.commit("work.env", leak(2));
    repo.git(&["checkout", "-q", "main"]);
    let main = repo.commit("main.txt", "main\n");
    let clone = |depth: &str, name: &str| -> PathBuf {
        let to = repo.sibling(name);
        let source = format!("file://{}", repo.root.display());
        repo.git(&[
            "clone",
            "-q",
            "--no-single-branch",
            "--depth",
            depth,
            &source,
            to.to_str().expect("UTF-8"),
        ]);
        to
    };
    let scan = |folder: PathBuf| reported(&folder, &["range", &format!("{main}..{work}")], b"");
    let cut = scan(clone("1", "cut"));
    assert_eq!(cut.problems(), [("shallow clone", work.as_str())]);
    assert!(commits(&cut).contains(&(work.clone(), key_id(2))), "what is here is scanned");
    let whole = scan(clone("3", "whole"));
    assert!(whole.is_complete(), "{:?}", whole.problems());
    assert_eq!(commits(&whole), expect(&[(&work, 2)]));
}

#[test]
fn a_partial_clone_is_reported() {
    let (repo, base) = started();
    let new = repo.commit("new.env", leak(2));
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let to = repo.sibling("partial");
    let source = format!("file://{}", repo.root.display());
    let path = to.to_str().expect("UTF-8");
    // The blobs of HEAD are fetched by the checkout.
    repo.git(&["clone", "-q", "--filter=blob:none", &source, path]);
    let outcome = reported(&to, &["range", &format!("{base}..HEAD")], b"");
    assert_eq!(commits(&outcome), expect(&[(&new, 2)]));
    assert_eq!(outcome.problems().iter().map(|one| one.0).collect::<Vec<_>>(), ["partial clone"]);
}

#[test]
fn what_is_missing_or_damaged_is_reported_and_the_rest_is_scanned() {
    let damages: [(&str, &str, &[u64]); 4] = [
        ("HEAD:lost.env", "blob", &[2, 4]),
        ("HEAD~1:lost", "tree", &[2, 4]),
        ("HEAD~1^{tree}", "tree", &[2, 4]),
        ("HEAD~1", "commit", &[4]),
    ];
    for (name, kind, left) in damages {
        for is_gone in [true, false] {
            let (repo, base) = started();
            repo.commit("kept.env", leak(2));
            repo.write("lost/inner.env", leak(3));
            repo.commit("lost.env", leak(5));
            repo.commit("last.env", leak(4));
            let id = repo.git(&["rev-parse", name]);
            let file = repo.root.join(format!(".git/objects/{}/{}", &id[..2], &id[2..]));
            std::fs::remove_file(&file).expect("loose");
            if !is_gone {
                std::fs::write(&file, "no object").expect("ours");
            }
            let outcome = between(&repo, &format!("{base}..main"));
            for number in left {
                let found = outcome.places().iter().any(|(_, id)| *id == key_id(*number));
                assert!(found, "{name}: {number} is there: {:?}", outcome.places());
            }
            assert!(outcome.problems().contains(&(kind, id.as_str())), "{:?}", outcome.problems());
        }
    }
}

#[test]
fn wrong_dates_hide_no_commit() {
    let (repo, base) = started();
    let added = repo.commit("new.env", leak(2));
    let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    let author = "Ann <ann@example.com>";
    let old = format!(
        "tree {tree}\nparent {added}\nauthor {author} 5 +0000\ncommitter {author} 5 +0000\n\nold\n"
    );
    let old = repo.git_with(&["hash-object", "-t", "commit", "-w", "--stdin"], old.as_bytes());
    assert_eq!(commits(&between(&repo, &format!("{base}..{old}"))), expect(&[(&added, 2)]));
    let outcome = between(&repo, &format!("{old}..{added}"));
    assert!(outcome.places().is_empty(), "an older date does not take it out of BASE's history");
}
