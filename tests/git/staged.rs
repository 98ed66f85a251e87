//! The answers of `keysweep staged` about the next commit, in every state that an index can be in.

use crate::git::messages::{Reported, refused, reported, reported_with};
use crate::support::git::{Repo, key_id, leak};
use crate::support::programs;

fn scan(repo: &Repo) -> Reported {
    scan_paths(repo, &[])
}

fn scan_paths(repo: &Repo, paths: &[&str]) -> Reported {
    let paths: Vec<String> =
        paths.iter().map(|path| repo.root.join(path).to_str().expect("UTF-8").to_owned()).collect();
    let mut arguments = vec!["staged", repo.root.to_str().expect("UTF-8")];
    arguments.extend(paths.iter().map(String::as_str));
    reported(repo.outer(), &arguments, b"")
}

fn places(expected: &[(&str, u64)]) -> Vec<(String, String)> {
    expected.iter().map(|&(path, number)| (path.to_owned(), key_id(number))).collect()
}

/// A repository with a few folders, one of which holds an old key.
fn started() -> Repo {
    let repo = Repo::new(&[]);
    for path in ["a/one.txt", "a/two.txt", "b/c/three.txt", "b/d.txt", "z.txt"] {
        repo.write(path, format!("{path}\n"));
    }
    repo.commit("old.env", leak(1));
    repo
}

#[test]
fn nothing_staged_is_reported() {
    let repo = started();
    repo.write("not added.env", leak(2));
    let outcome = scan(&repo);
    assert_eq!(outcome.places(), []);
    assert!(outcome.is_complete());
    assert_eq!(outcome.notes(), ["nothing is staged"]);
}

#[test]
fn the_first_commit_of_a_repository() {
    let repo = Repo::new(&[]);
    repo.write("first.env", leak(1));
    repo.write("d/e.txt", "nothing\n");
    repo.git(&["add", "-A"]);
    let outcome = scan(&repo);
    assert_eq!(outcome.places(), places(&[("first.env", 1)]));
    assert_eq!(outcome.count("files"), 2);
}

#[test]
fn what_is_new_in_a_file_counts_and_what_it_had_does_not() {
    let repo = started();
    repo.write("old.env", format!("# moved down\n{}", leak(1)));
    repo.write("b/c/new.env", leak(2));
    repo.git(&["add", "-A"]);
    assert_eq!(scan(&repo).places(), places(&[("b/c/new.env", 2)]));
    repo.write("old.env", format!("{}\n\n\n\n{}", leak(1), leak(3)));
    repo.git(&["add", "-A"]);
    assert_eq!(scan(&repo).places(), places(&[("b/c/new.env", 2), ("old.env", 3)]));
}

#[test]
fn a_moved_or_copied_file_is_not_new_but_a_key_in_another_file_is() {
    let repo = started();
    repo.git(&["mv", "old.env", "b/moved.env"]);
    assert_eq!(scan(&repo).places(), []);
    repo.write("other.env", format!("# not the same content\n{}", leak(1)));
    repo.git(&["add", "-A"]);
    assert_eq!(scan(&repo).places(), places(&[("other.env", 1)]));
}

#[test]
fn what_is_staged_counts_and_not_the_work_tree() {
    let repo = started();
    repo.write("a/one.txt", leak(2));
    repo.git(&["add", "-A"]);
    repo.write("a/one.txt", "clean again\n");
    assert_eq!(scan(&repo).places(), places(&[("a/one.txt", 2)]));
    repo.git(&["add", "-A"]);
    repo.write("a/one.txt", leak(2));
    assert_eq!(scan(&repo).places(), []);
}

#[test]
fn an_intent_to_add_is_not_content_yet() {
    let repo = started();
    repo.write("later.env", leak(2));
    repo.git(&["add", "-N", "later.env"]);
    assert_eq!(scan(&repo).places(), []);
    assert_eq!(scan_paths(&repo, &["later.env"]).places(), places(&[("later.env", 2)]));
}

#[test]
fn a_merge_in_progress_counts_by_what_neither_side_has() {
    let repo = started();
    repo.git(&["checkout", "-qb", "side"]);
    repo.commit("side.env", leak(2));
    repo.commit("z.txt", format!("theirs\n{}", leak(3)));
    repo.git(&["checkout", "-q", "main"]);
    repo.commit("z.txt", "ours\n");
    assert!(!repo.try_git(&["merge", "side"]), "a conflict");
    assert_eq!(scan(&repo).places(), [], "both sides are committed already");
    repo.write("z.txt", format!("both\n{}\n\n\n{}", leak(3), leak(4)));
    repo.git(&["add", "-A"]);
    assert_eq!(scan(&repo).places(), places(&[("z.txt", 4)]));
}

#[test]
fn a_split_index() {
    let repo = started();
    repo.git(&["update-index", "--split-index"]);
    repo.write("b/new.env", leak(2));
    repo.git(&["add", "-A"]);
    assert_eq!(scan(&repo).places(), places(&[("b/new.env", 2)]));
}

#[test]
fn sparse_checkouts_with_and_without_a_sparse_index() {
    let repo = started();
    repo.commit("b/hidden.env", leak(5));
    repo.git(&["sparse-checkout", "set", "--cone", "a"]);
    for sparse_index in [false, true] {
        if sparse_index {
            repo.git(&["sparse-checkout", "reapply", "--sparse-index"]);
        }
        repo.write("a/new.env", leak(2));
        repo.git(&["add", "a/new.env"]);
        assert_eq!(scan(&repo).places(), places(&[("a/new.env", 2)]), "{sparse_index}");
        // Another commit's tree under the index: the folder as a whole is staged.
        repo.git(&["reset", "-q", "--soft", "HEAD~1"]);
        let expected = places(&[("a/new.env", 2), ("b/hidden.env", 5)]);
        assert_eq!(scan(&repo).places(), expected, "{sparse_index}");
        repo.git(&["reset", "-q", "--soft", "HEAD@{1}"]);
    }
}

#[test]
fn another_index_by_the_environment() {
    let repo = started();
    repo.write("b/new.env", leak(2));
    let other = repo.root.join(".git/other-index");
    std::fs::copy(repo.root.join(".git/index"), &other).expect("an index");
    repo.git(&["add", "-A"]);
    let index = repo.root.join(".git/index");
    let saved = repo.root.join(".git/saved-index");
    std::fs::rename(&index, &saved).expect("movable");
    std::fs::rename(&other, &index).expect("movable");
    let git_dir = repo.root.join(".git");
    let variables = [("GIT_DIR", git_dir.as_path()), ("GIT_INDEX_FILE", saved.as_path())];
    let outcome = reported_with(repo.outer(), &["staged"], b"", &variables);
    assert_eq!(outcome.places(), places(&[("b/new.env", 2)]));
    // An explicit repository is not the environment's.
    let root = repo.root.to_str().expect("UTF-8");
    let outcome = reported_with(repo.outer(), &["staged", root], b"", &variables);
    assert_eq!(outcome.places(), []);
}

#[test]
fn links_are_read_as_their_targets_and_submodules_are_left_alone() {
    let repo = started();
    std::os::unix::fs::symlink(format!("/x/{}/y", key_id(2)), repo.root.join("link"))
        .expect("a link");
    repo.git(&["add", "link"]);
    let head = repo.head();
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},vendor/sub")]);
    let outcome = scan(&repo);
    assert_eq!(outcome.places(), places(&[("link", 2)]));
    assert!(outcome.is_complete());
}

#[test]
fn named_files_without_change_are_scanned_whole() {
    let repo = started();
    repo.write("b/new.env", leak(2));
    repo.git(&["add", "-A"]);
    assert_eq!(scan_paths(&repo, &["old.env"]).places(), places(&[("old.env", 1)]));
    assert_eq!(scan_paths(&repo, &["b"]).places(), places(&[("b/new.env", 2)]));
    let expected = places(&[("b/new.env", 2), ("old.env", 1)]);
    assert_eq!(scan_paths(&repo, &["old.env", "b/new.env", "a/one.txt"]).places(), expected);
    assert_eq!(scan_paths(&repo, &["."]).places(), expected);
    assert_eq!(scan_paths(&repo, &["nowhere"]).problems(), [("file", "nowhere")]);
    repo.git(&["rm", "-q", "--cached", "old.env"]);
    assert_eq!(scan_paths(&repo, &["old.env"]).places(), places(&[("old.env", 1)]));
    let why = refused(&repo.root, &["staged", "../elsewhere"], b"");
    assert!(why.contains("outside of the work tree"), "{why}");
}

#[test]
fn a_work_tree_elsewhere() {
    let repo = started();
    let tree = repo.sibling("tree");
    std::fs::create_dir(&tree).expect("a folder");
    repo.git(&["config", "core.worktree", tree.to_str().expect("UTF-8")]);
    std::fs::write(tree.join("new.env"), leak(2)).expect("a file");
    repo.git_in(
        &tree,
        &["--git-dir", repo.root.join(".git").to_str().expect("UTF-8"), "add", "new.env"],
    );
    let new = tree.join("new.env");
    let paths = [repo.root.to_str().expect("UTF-8"), new.to_str().expect("UTF-8")];
    let outcome = reported(repo.outer(), &["staged", paths[0], paths[1]], b"");
    assert_eq!(outcome.places(), places(&[("new.env", 2)]));
}

#[test]
fn a_damaged_index_is_an_error() {
    let repo = started();
    repo.write(".git/index", b"DIRC\0\0\0\x02\xff\xff\xff\xff");
    let why = refused(&repo.root, &["staged"], b"");
    assert!(why.contains("index"), "{why}");
}

/// The extension that a file system monitor leaves, valid bits and all.
#[test]
fn an_index_with_a_file_system_monitor() {
    let repo = started();
    let program = repo.sibling("monitor");
    programs::script(&program, "#!/bin/sh\nprintf 'token\\0'\n");
    repo.git(&["config", "core.fsmonitor", program.to_str().expect("UTF-8")]);
    repo.git(&["config", "core.fsmonitorHookVersion", "2"]);
    repo.git(&["update-index", "--fsmonitor", "--untracked-cache"]);
    repo.git(&["status"]);
    let index = std::fs::read(repo.root.join(".git/index")).expect("an index");
    assert!(memchr::memmem::find(&index, b"FSMN").is_some(), "the extension is there");
    repo.write("b/new.env", leak(2));
    repo.git(&["add", "-A"]);
    assert_eq!(scan(&repo).places(), places(&[("b/new.env", 2)]));
}

/// All that a conflict can be: both sides, one side, deleted by one of them, added by both.
#[test]
fn a_cherry_pick_and_a_rebase_in_progress() {
    let repo = started();
    repo.git(&["checkout", "-qb", "side"]);
    repo.commit("z.txt", format!("theirs\n{}", leak(2)));
    repo.git(&["checkout", "-q", "main"]);
    repo.commit("z.txt", "ours\n");
    assert!(!repo.try_git(&["cherry-pick", "side"]), "a conflict");
    // Their side is in no commit that this branch has: it is about to be added.
    assert_eq!(scan(&repo).places(), places(&[("z.txt", 2)]));
    repo.write("z.txt", "resolved without it\n");
    repo.git(&["add", "-A"]);
    assert_eq!(scan(&repo).places(), []);
    repo.git(&["cherry-pick", "--abort"]);
    repo.write("kept.env", leak(3));
    repo.git(&["add", "-A"]);
    repo.git(&["rm", "-q", "old.env"]);
    assert_eq!(scan(&repo).places(), places(&[("kept.env", 3)]));
}

#[test]
fn an_object_that_is_missing_or_damaged_is_reported_and_the_rest_is_scanned() {
    let repo = started();
    repo.write("a/one.txt", "changed\n");
    repo.write("b/new.env", leak(2));
    repo.git(&["add", "-A"]);
    let blob = repo.git(&["rev-parse", ":a/one.txt"]);
    let file = repo.root.join(format!(".git/objects/{}/{}", &blob[..2], &blob[2..]));
    for damage in [Some(&b"x"[..]), None] {
        std::fs::remove_file(&file).expect("loose");
        if let Some(bytes) = damage {
            std::fs::write(&file, bytes).expect("ours");
        }
        let outcome = scan(&repo);
        assert_eq!(outcome.places(), places(&[("b/new.env", 2)]));
        assert_eq!(outcome.problems(), [("blob", blob.as_str())]);
    }
    repo.git(&["reset", "-q", "HEAD", "b/new.env"]);
    assert_eq!(scan(&repo).problems(), [("blob", blob.as_str())]);
}
