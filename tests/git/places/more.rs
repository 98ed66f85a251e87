//! Keys in files of commits: the effect of merges, types, encodings and dates on them.

use super::Files;
use crate::support::git::{Repo, leak};

/// Adds them all.
pub(super) fn files(repo: &Repo, file: &mut Files<'_>) {
    merges(repo, file);
    types(repo, file);
    contents(repo, file);
    dates(repo, file);
}

fn merges(repo: &Repo, file: &mut Files<'_>) {
    for (branch, number) in [("left", 15), ("right", 16)] {
        repo.git(&["checkout", "-qb", branch, "main"]);
        repo.commit(&format!("{branch}.env"), leak(number));
    }
    repo.git(&["checkout", "-q", "main"]);
    repo.commit("middle.txt", "goes on\n");
    repo.git(&["merge", "-q", "--no-ff", "-m", "an octopus", "left", "right"]);
    file("the second branch of an octopus", 15);
    file("the third branch of an octopus", 16);
    repo.git(&["merge", "-q", "-s", "ours", "--no-commit", "--allow-unrelated-histories", "alone"]);
    repo.git(&["read-tree", "--prefix=vendor/alone/", "-u", "alone"]);
    repo.git(&["commit", "-qm", "a subtree"]);
    file("merged as a subtree", 14);
}

fn types(repo: &Repo, file: &mut Files<'_>) {
    let replace = |name: &str, number: u64| {
        repo.commit(name, leak(number));
        std::fs::remove_file(repo.root.join(name)).expect("it is there");
    };
    replace("thing", 17);
    repo.commit("thing/inner.txt", "a folder now\n");
    file("a file that became a folder", 17);
    replace("typed", 18);
    std::os::unix::fs::symlink("README", repo.root.join("typed")).expect("a link");
    repo.commit_all("a link now");
    file("a file that became a link", 18);
    replace("module", 19);
    repo.git(&["rm", "-q", "--cached", "module"]);
    let head = repo.head();
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},module")]);
    repo.git(&["commit", "-qm", "a submodule now"]);
    repo.git(&["rm", "-q", "--cached", "module"]);
    repo.git(&["commit", "-qm", "no submodule"]);
    file("a file that became a submodule", 19);
    repo.commit("folder/a/key.env", leak(58));
    repo.git(&["rm", "-rq", "folder"]);
    repo.commit_all("remove the folder");
    file("a removed folder", 58);
    repo.commit("Case.env", leak(59));
    repo.commit("case.env", "another file\n");
    file("a name that differs in case alone", 59);
    repo.commit("before.env", format!("{}\n{}", leak(57), "a line\n".repeat(40)));
    repo.git(&["mv", "before.env", "after.env"]);
    repo.commit("after.env", format!("# edited\n{}\n{}", leak(57), "a line\n".repeat(41)));
    file("renamed and edited", 57);
}

fn contents(repo: &Repo, file: &mut Files<'_>) {
    let wide: Vec<u8> = format!("\u{feff}{}", leak(29).replace('\n', "\r\n"))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    repo.commit("wide.ps1", wide);
    repo.git(&["rm", "-q", "wide.ps1"]);
    repo.commit_all("remove it");
    file("UTF-16", 29);
    repo.commit("dos.ini", leak(37).trim_end().replace('\n', "\r\n"));
    file("CRLF, no newline at the end", 37);
    repo.write(".gitignore", "*.secret\n");
    repo.write("ignored.secret", leak(38));
    repo.git(&["add", "-f", ".gitignore", "ignored.secret"]);
    repo.git(&["commit", "-qm", "ignored"]);
    file("ignored, but tracked", 38);
    repo.commit("data.bin", [&[0; 5000][..], leak(39).as_bytes(), &[0xff; 5000]].concat());
    file("between zeros", 39);
}

/// A commit from before its parents, half a day west of anybody.
fn dates(repo: &Repo, file: &mut Files<'_>) {
    repo.write("early.env", leak(56));
    repo.git(&["add", "-A"]);
    let tree = repo.git(&["write-tree"]);
    let head = repo.head();
    let ann = "Ann <ann@example.com>";
    let text = format!(
        "tree {tree}\nparent {head}\nauthor {ann} 86400 -1130\ncommitter {ann} 86400 +1345\n\nearly\n"
    );
    let early = repo.git_with(&["hash-object", "-t", "commit", "-w", "--stdin"], text.as_bytes());
    repo.git(&["merge", "-q", "--ff-only", &early]);
    file("a commit older than its parents", 56);
}
