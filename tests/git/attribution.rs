//! Attribution in single cases and over random histories; `git_table.rs` has the whole table.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use crate::git::places::build;
use crate::support::git::{Repo, history_of, key_id, leak};
use crate::support::oracle::{Oracle, found};
use crate::support::storage;
use crate::support::{Project, cases};

#[test]
fn a_detached_head_counts_as_a_ref() {
    let repo = Repo::new(&[]);
    repo.commit("a", "a\n");
    repo.git(&["checkout", "-q", "--detach"]);
    let commit = repo.commit("x.env", leak(1));
    let outcome = history_of(&repo.root, 1).expect("a repository");
    let (_, git) = outcome.of(1)[0].clone();
    assert_eq!(git.commit.as_deref(), Some(commit.as_str()));
    assert!(git.reachable && git.at_head);
    assert_eq!(git.refs, ["HEAD"]);
}

#[test]
fn lfs_objects_are_reported_at_the_path_of_their_pointer() {
    let repo = Repo::new(&[]);
    let content = leak(1);
    let (pointer, object) = storage::lfs(&content);
    let commit = repo.commit("assets/big.bin", pointer);
    repo.write(format!(".git/{object}"), content);
    let outcome = history_of(&repo.root, 1).expect("a repository");
    let (path, git) = outcome.of(1)[0].clone();
    assert_eq!(path.as_deref(), Some("assets/big.bin"));
    assert_eq!(git.commit.as_deref(), Some(commit.as_str()));
}

#[test]
fn lfs_objects_that_are_not_here_are_counted() {
    let project = Project::new();
    project.git(&["init", "-q"]);
    let pointer = |oid: &str| storage::lfs_pointer(oid, 12);
    let (here, packed, loose) = ("ab".repeat(32), "cd".repeat(32), "ef".repeat(32));
    project.file("here.bin", pointer(&here)).file("packed.bin", pointer(&packed));
    project.file(format!(".git/lfs/objects/ab/ab/{here}"), "an object");
    project.git(&["add", "-A"]).git(&["commit", "-qm", "packed"]).git(&["repack", "-qad"]);
    project.file("loose.bin", pointer(&loose)).git(&["add", "-A"]);
    let history = project.keysweep(["history", "--format", "json"]).run().exits(0);
    assert_eq!(history.left_out("lfs_missing"), 2);
    // A scan of files does not read the objects of pointers.
    let scan = project.keysweep(["scan", "--format", "json"]).run().exits(0);
    assert_eq!(scan.left_out("lfs_missing"), 3);
    let reported = project.keysweep(["scan"]).run().exits(0).stderr;
    assert!(reported.contains("3 Git LFS objects that are not here"), "{reported}");
}

#[test]
fn the_answer_is_the_same_on_any_number_of_threads() {
    let places = build(&[]);
    let show = |threads| {
        let outcome = history_of(&places.repo.root, threads).expect("a repository");
        format!("{:?}", outcome.hits)
    };
    assert_eq!(show(1), show(5));
}

#[test]
fn what_is_not_here_is_reported() {
    let repo = Repo::new(&[]);
    for number in 0..4 {
        repo.commit("x.env", leak(number));
    }
    let clone = repo.sibling("clone");
    let source = format!("file://{}", repo.root.display());
    let to = clone.to_str().expect("UTF-8");
    repo.git(&["clone", "-q", "--depth=2", &source, to]);
    let outcome = history_of(&clone, 1).expect("a repository");
    assert_eq!(outcome.problems(), ["shallow clone"]);
    assert_eq!(outcome.places().len(), 2);

    let partial = repo.sibling("partial");
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    repo.git(&[
        "clone",
        "-q",
        "--bare",
        "--filter=blob:none",
        &source,
        partial.to_str().expect("UTF-8"),
    ]);
    let outcome = history_of(&partial, 1).expect("a repository");
    assert_eq!(outcome.problems(), ["partial clone"]);

    let tree = repo.git(&["rev-parse", "HEAD~1^{tree}"]);
    std::fs::remove_file(repo.root.join(format!(".git/objects/{}/{}", &tree[..2], &tree[2..])))
        .expect("loose");
    let outcome = history_of(&repo.root, 1).expect("a repository");
    assert_eq!(outcome.problems(), ["tree"]);
    assert_eq!(outcome.coverage.problems[0].path, tree);
}

#[test]
fn an_empty_repository_is_empty_and_one_without_objects_is_an_error() {
    let repo = Repo::new(&[]);
    let outcome = history_of(&repo.root, 1).expect("a repository");
    assert!(outcome.coverage.complete);
    assert_eq!(outcome.coverage.notes.len(), 1);
    repo.commit("a", "a\n");
    std::fs::remove_dir_all(repo.root.join(".git/objects")).expect("there");
    std::fs::create_dir(repo.root.join(".git/objects")).expect("gone");
    let error = history_of(&repo.root, 1).err().expect("nothing can be read");
    assert!(error.to_string().contains("no object of it can be read"), "{error}");
    let error = history_of(Path::new("/"), 1).err().expect("no repository");
    assert!(error.to_string().contains("not a git repository"), "{error}");
}

/// A repository of random commits and merges, by a list of choices.
fn random(choices: &[(u8, u8, u8)]) -> Repo {
    let repo = Repo::new(&[]);
    // Trees of some size become deltas when they are packed.
    for number in 0..24 {
        repo.write(format!("d/filler {number}"), format!("{number}\n"));
        repo.write(format!("filler {number}"), format!("{number}\n"));
    }
    repo.commit("start", "start\n");
    let branches = ["main", "one", "two"];
    for branch in &branches[1..] {
        repo.git(&["branch", branch]);
    }
    for &(branch, action, number) in choices {
        let branch = branches[usize::from(branch) % branches.len()];
        repo.git(&["checkout", "-q", "-f", branch]);
        let path = ["a.env", "d/b.env", "d/c.env"][usize::from(number) % 3];
        match action % 6 {
            0 | 1 => {
                repo.commit(path, leak(u64::from(number) % 3));
            }
            2 => {
                repo.commit(path, format!("{}\n# edited {number}\n", leak(u64::from(number) % 3)));
            }
            3 => {
                let _ = std::fs::remove_file(repo.root.join(path));
                repo.commit_all("remove");
            }
            _ => {
                let other = branches[usize::from(number) % branches.len()];
                let side = if action % 6 == 4 { "ours" } else { "theirs" };
                if !repo.try_git(&["merge", "-q", "-X", side, "-m", "merge", other]) {
                    repo.git(&["add", "-A"]);
                    repo.git(&["commit", "-q", "--allow-empty", "-m", "merge"]);
                }
            }
        }
    }
    repo
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..cases(8) })]
    #[test]
    fn random_histories_agree_with_the_definitions(
        choices in proptest::collection::vec((any::<u8>(), any::<u8>(), any::<u8>()), 1..18),
    ) {
        let repo = random(&choices);
        let oracle = Oracle::of(&repo, &repo.root);
        let right: Vec<_> = (0..3).map(|number| {
            let key = key_id(number);
            let holds = |blob: &[u8]| blob.windows(key.len()).any(|window| window == key.as_bytes());
            (key.clone(), oracle.places(holds))
        }).collect();
        // Loose, one pack, a pack whose deltas name their bases, and some objects twice.
        let ways: [&[&str]; 4] = [
            &["status"],
            &["repack", "-qadf", "--depth=50"],
            &["-c", "repack.useDeltaBaseOffset=false", "repack", "-qadf"],
            &["pack-objects", "-q", "--all", "--revs", ".git/objects/pack/pack"],
        ];
        for way in ways {
            repo.git(way);
            let outcome = history_of(&repo.root, 2).expect("a repository");
            for (key, right) in &right {
                prop_assert_eq!(&found(&outcome, key), right, "{:?}", way);
            }
        }
    }
}

#[test]
fn the_environment_names_a_repository_only_where_nobody_else_does() {
    use keysweep::source::git::open::{Environment, open};
    let (one, two) = (Repo::new(&[]), Repo::new(&[]));
    let environment =
        Environment { git_dir: Some(one.root.join(".git")), ..Environment::default() };
    let place = |path: Option<PathBuf>| {
        let repo = open(path.as_deref(), &environment).expect("a repository");
        repo.git_dir().canonicalize().expect("it is there")
    };
    assert_eq!(place(None), one.root.join(".git"));
    assert_eq!(place(Some(two.root.clone())), two.root.join(".git"));
}
