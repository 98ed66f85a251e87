//! Keys that no commit's file holds: messages, names, records, the index, worktrees, LFS.

use super::{Files, Special};
use crate::support::git::{Repo, key_id, leak, secret};
use crate::support::storage;

const WHAT: Special = Special {
    what: "",
    key: String::new(),
    object: "blob",
    count: 1,
    path: None,
    held_by: &[],
    reachable: false,
};

fn message(
    what: &'static str,
    number: u64,
    object: &'static str,
    held_by: &'static [&'static str],
) -> Special {
    let reachable = held_by.contains(&"ref");
    Special { what, key: key_id(number), object, held_by, reachable, ..WHAT }
}

/// Keys in commits, tags, refs, logs and the configuration.
pub(super) fn messages(repo: &Repo) -> Vec<Special> {
    let reason = |number| format!("set {} {}", key_id(number), secret(number));
    repo.write("README", "changed\n");
    repo.git(&["stash", "push", "-q", "-m", &reason(79)]);
    repo.git(&["commit", "-q", "--allow-empty", "-m", &format!("oops\n\n{}", leak(60))]);
    repo.git(&["tag", "-a", "-m", &leak(61), "message"]);
    repo.git(&["branch", &format!("fix-{}", key_id(62))]);
    repo.git(&["reset", "-q", "--soft", "HEAD"]);
    repo.git(&["update-ref", "-m", &reason(63), "HEAD", "HEAD~1"]);
    repo.git(&["update-ref", "-m", "back", "HEAD", "HEAD@{1}"]);
    let url =
        format!("https://{}:{}@example.com/x.git", key_id(64), secret(64).replace('/', "%2F"));
    repo.git(&["remote", "add", "leaky", &url]);
    repo.git(&["config", "branch.main.description", &leak(69)]);
    let author = format!("--author={} <a@example.com>", key_id(65));
    repo.git(&["commit", "-q", "--allow-empty", "-m", "by a key", &author]);
    repo.git(&["tag", "-a", "-m", &leak(67), "inner"]);
    repo.git(&["tag", "-a", "-m", &leak(66), "outer", "inner"]);
    repo.git(&["tag", "-d", "inner"]);
    merged_tag(repo);
    repo.git(&["commit", "-q", "--allow-empty", "-m", &format!("worse\n\n{}", leak(76))]);
    repo.git(&["commit", "-q", "--allow-empty", "--amend", "-m", "better"]);
    vec![
        message("a commit's message", 60, "commit", &["ref", "reflog"]),
        message("a tag's message", 61, "tag", &["ref"]),
        message("a ref's name", 62, "ref", &["ref"]),
        // In the log of HEAD and in that of its branch.
        Special { count: 2, ..message("a reflog's message", 63, "reflog", &["reflog"]) },
        message("a URL of the configuration", 64, "config", &[]),
        message("a branch's description", 69, "config", &[]),
        message("an author's name", 65, "commit", &["ref", "reflog"]),
        message("the tag of a tag", 66, "tag", &["ref"]),
        message("a tag that another tag names", 67, "tag", &["ref"]),
        message("a merge of a signed tag", 68, "commit", &["ref", "reflog"]),
        message("a message before it was amended", 76, "commit", &["reflog"]),
        Special { reachable: true, ..message("a stash's message", 79, "commit", &["stash"]) },
        message("a stash's message in its log", 79, "reflog", &["stash"]),
    ]
}

/// A merge keeps the signed tag that was merged among its headers.
fn merged_tag(repo: &Repo) {
    let (head, ann) = (repo.head(), "Ann <ann@example.com> 1600000000 +0000");
    let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    let reported = leak(68).trim_end().replace('\n', "\n ");
    let text = format!(
        "tree {tree}\nparent {head}\nparent {head}~\nauthor {ann}\ncommitter {ann}\n\
         mergetag object {head}\n type commit\n tag v9\n tagger {ann}\n \n {reported}\n\nmerged\n"
    );
    let text = text.replace(&format!("{head}~"), &repo.git(&["rev-parse", "HEAD~1"]));
    let merge = repo.git_with(&["hash-object", "-t", "commit", "-w", "--stdin"], text.as_bytes());
    repo.git(&["branch", "merged-tag", &merge]);
}

/// Objects that nothing names, or a tag alone.
pub(super) fn objects(repo: &Repo) -> Vec<Special> {
    let store = |kind: &str, text: &str| {
        repo.git_with(&["hash-object", "-t", kind, "-w", "--stdin"], text.as_bytes())
    };
    let tree = |blob: &str, name: &str| {
        repo.git_with(&["mktree"], format!("100644 blob {blob}\t{name}\n").as_bytes())
    };
    store("blob", &leak(70));
    tree(&store("blob", &leak(71)), "dangling.env");
    repo.git(&["tag", "of-a-blob", &store("blob", &leak(72))]);
    let tagged = tree(&store("blob", &leak(73)), "in-tag.env");
    repo.git(&["tag", "-a", "-m", "a tree", "of-a-tree", &tagged]);
    let inner = tree(&store("blob", &leak(74)), "deep.env");
    repo.git_with(&["mktree"], format!("040000 tree {inner}\tfolder\n").as_bytes());
    let (head, ann) = (repo.head(), "Ann <ann@example.com> 1600000000 +0000");
    let root = repo.git(&["rev-parse", "HEAD^{tree}"]);
    store("commit", &format!("tree {root}\nauthor {ann}\ncommitter {ann}\n\n{}", leak(77)));
    store("tag", &format!("object {head}\ntype commit\ntag lost\ntagger {ann}\n\n{}", leak(78)));
    let blob =
        |what, number, path, held_by| Special { path, ..message(what, number, "blob", held_by) };
    vec![
        blob("a dangling blob", 70, None, &[]),
        blob("a dangling tree", 71, Some("dangling.env"), &[]),
        blob("a folder of a dangling tree", 74, Some("folder/deep.env"), &[]),
        blob("a tag of a blob", 72, None, &["ref"]),
        blob("a tag of a tree", 73, Some("in-tag.env"), &["ref"]),
        message("a dangling commit's message", 77, "commit", &[]),
        message("a dangling tag's message", 78, "tag", &[]),
    ]
}

/// The files that a linked worktree has for itself.
pub(super) fn heads(repo: &Repo, file: &mut Files<'_>) {
    let linked = repo.sibling("linked");
    let path = linked.to_str().expect("UTF-8");
    repo.git(&["worktree", "add", "-q", "--detach", path, "main"]);
    std::fs::write(linked.join("private.env"), leak(81)).expect("a file");
    repo.git_in(&linked, &["add", "-A"]);
    repo.git_in(&linked, &["commit", "-qm", "for a private ref"]);
    repo.git_in(&linked, &["update-ref", "refs/worktree/mine", "HEAD"]);
    repo.git_in(&linked, &["reset", "-q", "--hard", "HEAD~1"]);
    file("a worktree's private ref", 81);
    std::fs::write(linked.join("linked.env"), leak(80)).expect("a file");
    repo.git_in(&linked, &["add", "-A"]);
    repo.git_in(&linked, &["commit", "-qm", "in a worktree"]);
    file("the detached HEAD of a worktree", 80);
}

/// Keys that indexes hold and no commit does.
pub(super) fn staged(repo: &Repo) -> Vec<Special> {
    repo.write("conf/staged.env", leak(90));
    repo.git(&["add", "-A"]);
    let linked = repo.sibling("linked");
    std::fs::write(linked.join("theirs.env"), leak(91)).expect("a file");
    repo.git_in(&linked, &["add", "-A"]);
    let stage = |number: u64| {
        let bytes = leak(number);
        repo.git_with(&["hash-object", "-w", "--stdin"], bytes.as_bytes())
    };
    let (ours, theirs) = (stage(92), stage(93));
    let lines = format!("100644 {ours} 2\tconflict.env\n100644 {theirs} 3\tconflict.env\n");
    repo.git_with(&["update-index", "--index-info"], lines.as_bytes());
    let staged = |what, number, path| Special {
        what,
        key: key_id(number),
        path: Some(path),
        held_by: &["index"],
        ..WHAT
    };
    vec![
        staged("staged, not committed", 90, "conf/staged.env"),
        staged("staged in a linked worktree", 91, "theirs.env"),
        staged("our side of a conflict", 92, "conflict.env"),
        staged("their side of a conflict", 93, "conflict.env"),
    ]
}

/// A large file, of which the index of `staged` and no commit holds the pointer.
pub(super) fn lfs(repo: &Repo) -> Vec<Special> {
    let content = leak(75);
    let (pointer, object) = storage::lfs(&content);
    repo.write("assets/big.psd", pointer);
    repo.git(&["add", "assets/big.psd"]);
    repo.write(format!(".git/{object}"), content);
    vec![Special {
        what: "an LFS object",
        key: key_id(75),
        path: Some("assets/big.psd"),
        held_by: &["index"],
        ..WHAT
    }]
}
