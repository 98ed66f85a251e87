//! One repository with a key at every place where git can keep one, each key with its own number.

mod more;
mod no_file;

use crate::support::git::{Repo, key_id, leak, pair, secret};
use crate::support::require::skip;

/// A place that no commit's file is, and what is to be said of it.
pub(crate) struct Special {
    /// The place in words.
    pub(crate) what: &'static str,
    /// The key.
    pub(crate) key: String,
    /// `blob`, `commit`, `tag`, `ref`, `reflog` or `config`.
    pub(crate) object: &'static str,
    /// In how many such objects it stands.
    pub(crate) count: usize,
    /// The path, if any.
    pub(crate) path: Option<&'static str>,
    /// The refs that hold it, in order.
    pub(crate) held_by: &'static [&'static str],
    /// True if a ref reaches it.
    pub(crate) reachable: bool,
}

/// The repository and what it holds.
pub(crate) struct Places {
    pub(crate) repo: Repo,
    /// Ids or secrets of keys in files of commits, with a name for failures; the oracle knows the
    /// rest.
    pub(crate) files: Vec<(&'static str, String)>,
    /// Keys elsewhere.
    pub(crate) special: Vec<Special>,
}

/// Collects the keys in files.
type Files<'a> = dyn FnMut(&'static str, u64) + 'a;

/// Builds it. `init` are arguments of `git init`.
pub(crate) fn build(init: &[&str]) -> Places {
    let repo = Repo::new(init);
    let mut files = Vec::new();
    let mut file = |what, number| files.push((what, key_id(number)));
    repo.commit("README", "nothing here\n");
    repo.commit(".mailmap", "Ann Proper <ann@proper.example> <ann@example.com>\n");
    removed_and_kept(&repo, &mut file);
    branches(&repo, &mut file);
    rotations(&repo, &mut file);
    names(&repo, &mut file);
    more::files(&repo, &mut file);
    refs(&repo, &mut file);
    let mut special = no_file::messages(&repo);
    special.extend(no_file::objects(&repo));
    no_file::heads(&repo, &mut file);
    special.extend(no_file::staged(&repo));
    special.extend(no_file::lfs(&repo));
    files.push(("the secret alone changed", secret(26)));
    files.push(("the secret alone changed to it", secret(27)));
    Places { repo, files, special }
}

fn removed_and_kept(repo: &Repo, file: &mut Files<'_>) {
    repo.commit("removed.env", leak(1));
    std::fs::remove_file(repo.root.join("removed.env")).expect("it is there");
    repo.commit_all("remove it");
    file("a removed file", 1);
    repo.commit("kept.env", leak(2));
    file("a file of HEAD", 2);
    repo.commit("again.env", leak(3));
    repo.commit("again.env", "nothing\n");
    repo.commit("again.env", leak(3));
    file("deleted and added again", 3);
    repo.commit("old name.env", leak(4));
    repo.git(&["mv", "old name.env", "new name.env"]);
    repo.commit_all("rename");
    file("renamed", 4);
    repo.commit("copies/one.env", leak(5));
    repo.commit("copies/two.env", leak(5));
    file("copied", 5);
    repo.commit("mode.sh", leak(6));
    repo.git(&["update-index", "--chmod=+x", "mode.sh"]);
    repo.git(&["commit", "-qm", "mode"]);
    repo.git(&["checkout", "-q", "mode.sh"]);
    file("its mode changed", 6);
}

fn branches(repo: &Repo, file: &mut Files<'_>) {
    repo.git(&["checkout", "-qb", "side"]);
    repo.commit("side.env", leak(10));
    file("a side branch", 10);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["checkout", "-qb", "merged"]);
    repo.commit("merged.env", leak(11));
    file("a merged branch", 11);
    repo.git(&["checkout", "-q", "main"]);
    repo.commit("main.txt", "main goes on\n");
    repo.git(&["merge", "-q", "--no-ff", "--no-commit", "merged"]);
    repo.write("evil.env", leak(12));
    repo.commit_all("an evil merge");
    file("an evil merge", 12);
    repo.git(&["checkout", "-qb", "ours"]);
    repo.commit("dropped.env", leak(13));
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["merge", "-q", "-s", "ours", "-m", "drop it", "ours"]);
    file("dropped by a merge", 13);
    repo.git(&["checkout", "-q", "--orphan", "alone"]);
    repo.git(&["rm", "-rfq", "."]);
    repo.commit("orphan.env", leak(14));
    file("an orphan branch", 14);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["checkout", "-qb", "picked", "side"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["cherry-pick", "side"]);
    file("picked from another branch", 10);
}

fn rotations(repo: &Repo, file: &mut Files<'_>) {
    let filler: String =
        (0..20_000).map(|line| format!("setting_{line} = value {line}\n")).collect();
    let (head, tail) = filler.split_at(filler.len() / 2);
    for number in [20, 21] {
        repo.commit("large.conf", format!("{head}\n{}\n{tail}", leak(number)));
        file("rotated inside a large file", number);
    }
    repo.commit("id.env", pair(22, 23));
    repo.commit("id.env", pair(24, 23));
    file("the id alone changed", 22);
    file("the id alone changed to it", 24);
    repo.commit("secret.env", pair(25, 26));
    repo.commit("secret.env", pair(25, 27));
    let mut big: String = (0..400_000).map(|line| format!("row {line} of much text\n")).collect();
    big.push_str(&leak(28));
    repo.commit("big.log", big);
    file("the end of a 10 MB file", 28);
}

fn names(repo: &Repo, file: &mut Files<'_>) {
    use std::os::unix::ffi::OsStrExt as _;
    let mut names = vec![("a newline", 31), ("quotes", 32), ("a dash, a tab", 33)];
    let folder = repo.root.join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    if std::fs::create_dir(&folder).is_ok() {
        repo.write(folder.join("odd.env"), leak(30));
        names.push(("no UTF-8", 30));
    } else {
        skip("the file system has names in UTF-8 alone");
    }
    repo.write("a\nb.env", leak(31));
    repo.write("q\"uote's \\ back.env", leak(32));
    repo.write("-dash \t tab.env", leak(33));
    repo.commit_all("odd names");
    for (what, number) in names {
        file(what, number);
    }
    let target = format!("/{}/{}", key_id(34), secret(34).replace('/', "x"));
    std::os::unix::fs::symlink(target, repo.root.join("link")).expect("a link");
    repo.commit_all("a link");
    file("a symlink's target", 34);
    repo.write("deep/er/and/deeper/still/x.env", leak(35));
    repo.commit_all("deep");
    file("deep down", 35);
    repo.write(".gitattributes", "*.bin binary -diff\n");
    repo.write("hidden.bin", [b"\0\x01\x02\n", leak(36).as_bytes()].concat());
    repo.commit_all("binary");
    file("what attributes call binary", 36);
}

fn refs(repo: &Repo, file: &mut Files<'_>) {
    let keep = |file: &mut Files<'_>, what, number: u64, name: &str| {
        repo.git(&["checkout", "-q", "--detach", "main"]);
        let id = repo.commit(&format!("r{number}.env"), leak(number));
        repo.git(&["update-ref", name, &id]);
        repo.git(&["checkout", "-q", "main"]);
        file(what, number);
        id
    };
    keep(file, "a pull ref", 40, "refs/pull/7/head");
    keep(file, "a remote branch", 41, "refs/remotes/origin/work");
    keep(file, "a bisect ref", 42, "refs/bisect/bad");
    keep(file, "a tag alone", 43, "refs/tags/v0");
    keep(file, "history before it was rewritten", 53, "refs/original/refs/heads/main");
    let tagged = keep(file, "an annotated tag alone", 44, "refs/tags/passing");
    repo.git(&["tag", "-a", "-m", "a release", "v1", &tagged]);
    repo.git(&["update-ref", "-d", "refs/tags/passing"]);
    let original = repo.head();
    let replacement = keep(file, "a replacement", 45, "refs/replace/passing");
    repo.git(&["update-ref", "-d", "refs/replace/passing"]);
    repo.git(&["replace", &original, &replacement]);
    repo.git(&["notes", "add", "-m", &leak(46), "main"]);
    file("a note", 46);
    repo.git(&["notes", "--ref=review", "add", "-m", &leak(54), "main~3"]);
    file("a note of another kind", 54);
    let lost = keep(file, "a dangling commit", 47, "refs/heads/lost");
    repo.git(&["update-ref", "-d", "refs/heads/lost"]);
    // Its entry in HEAD's log would hold it.
    let log = repo.root.join(".git/logs/HEAD");
    let lines = std::fs::read_to_string(&log).expect("a log");
    let kept: String = lines
        .lines()
        .filter(|line| !line.contains(&lost))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(log, kept).expect("a log");
    let amended = repo.commit("amended.env", leak(48));
    repo.write("amended.env", "clean\n");
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-q", "--amend", "-m", "amended"]);
    assert_ne!(amended, repo.head());
    file("in reflogs alone", 48);
    repo.write("kept.env", leak(49));
    repo.git(&["stash", "-q"]);
    file("a stash", 49);
    repo.write("untracked.env", leak(50));
    repo.git(&["stash", "-q", "-u"]);
    file("an older stash's untracked file", 50);
    repo.write("newest", "x");
    repo.git(&["stash", "-q", "-u"]);
}
