//! Depth that an attacker chooses: no nesting of anything overflows the stack, which would end the
//! program with all that it had found.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use crate::support::git::{Repo, key_id, leak};
use crate::support::process::{Ended, Running};
use crate::support::require::skip;
use crate::support::{Keys, Project};

/// The depth of nesting.
const DEEP: usize = 100_000;

fn run(project: &Project, arguments: &[&str]) -> Ended {
    let mut running = Running::start(project.keysweep(arguments).command(), true);
    drop(running.child.stdin.take());
    let ended = running.end();
    // A stack that overflows is a signal.
    assert!((0..=3).contains(&ended.code()), "{arguments:?}: {ended:?}");
    assert!(!ended.stderr.contains("internal error"), "{arguments:?}: {ended:?}");
    ended
}

/// So many of an opening, something, and as many of a closing.
fn nested(open: &str, inner: &str, close: &str) -> String {
    [open.repeat(DEEP).as_str(), inner, close.repeat(DEEP).as_str()].concat()
}

#[test]
fn braces_in_ignore_files_and_globs() {
    let project = Project::new();
    let pair = Keys::new("braces").pair();
    project.git(&["init", "-q"]).file("a.env", &pair.env).file("b/c.txt", "text");
    for name in [".gitignore", "b/.gitignore", ".git/info/exclude"] {
        project.file(name, nested("{", "a", "}"));
    }
    let ended = run(&project, &["scan"]);
    assert!(ended.code() == 1 && ended.stdout.contains(&pair.id), "{ended:?}");
    let glob = nested("{", "a", "}");
    project.file(".keysweep.toml", format!("exclude = [\"{glob}\"]\n"));
    let ended = run(&project, &["scan"]);
    assert!(ended.code() == 2 && ended.stderr.contains("16 deep"), "{ended:?}");
    fs::remove_file(project.at(".keysweep.toml")).expect("a file");
    let args = ["scan", "--exclude", &glob[DEEP - 5_000..DEEP + 5_001]];
    assert_eq!(run(&project, &args).code(), 2);
}

/// To git a brace is a letter: what looks like alternatives ignores none of them.
#[test]
fn an_ignore_file_has_no_alternatives() {
    let project = Project::new();
    let mut keys = Keys::new("alternatives");
    project.git(&["init", "-q"]).file(".gitignore", "{a,b}.env\nc[{]*.env\n\\{d}.env\n");
    for name in ["a.env", "b.env", "{a,b}.env", "c{.env", "c.env", "{d}.env"] {
        project.file(name, keys.pair().env);
    }
    let ran = project.keysweep(["scan", "--format", "json"]).run().exits(1);
    assert_eq!(ran.places(), ["a.env:1", "b.env:1", "c.env:1"]);
    assert_eq!(ran.left_out("ignored"), 3);
}

#[test]
fn folders_deeper_than_any_path() {
    let project = Project::new();
    let pair = Keys::new("deep folders").pair();
    project.file("a.env", &pair.env);
    let script = "mkdir deep; cd deep; i=0; while [ $i -lt 5000 ]; do mkdir dddddddd; \
        cd -P dddddddd 2>/dev/null || exit 0; i=$((i+1)); done";
    let python = "import os\nos.mkdir('deep')\nos.chdir('deep')\nfor _ in range(5000):\n \
        os.mkdir('dddddddd')\n os.chdir('dddddddd')\n";
    let made = Command::new("python3").args(["-c", python]).current_dir(project.path()).status();
    if !made.is_ok_and(|status| status.success()) {
        skip("there is no python3: the shell makes the folders, and goes less deep");
        project.shell(script, "");
    }
    for arguments in [&["scan", "."][..], &["sweep", "."], &["baseline", "."]] {
        let ended = run(&project, &[arguments, &["--timeout", "1h"]].concat());
        assert!(ended.code() != 0, "too deep a document is reported: {ended:?}");
        assert!(ended.stderr.contains("File name too long"), "{ended:?}");
    }
    // No program but rm goes that deep again.
    let rm = Command::new("rm").arg("-rf").arg(project.at("deep")).status();
    assert!(rm.expect("rm runs").success());
}

#[test]
fn paths_and_cached_trees_of_an_index() {
    let repo = Repo::new(&[]);
    repo.commit("a.env", leak(1));
    let blob = repo.git_with(&["hash-object", "-w", "--stdin"], leak(2).as_bytes());
    let path = "a/".repeat(20_000);
    repo.git_with(
        &["update-index", "--index-info"],
        format!("100644 {blob}\t{path}f\n").as_bytes(),
    );
    let project = Project::new();
    let root = repo.root.to_string_lossy().into_owned();
    let ended = run(&project, &["staged", &root]);
    assert!(ended.code() == 1 && ended.stdout.contains(&key_id(2)), "{:?}", ended.code());
    run(&project, &["history", &root]);
    // An index without entries whose cached trees nest, in gix's reader a call in a call.
    let trees = nested("a\0-1 1\n", "b\0-1 0\n", "");
    let mut index = b"DIRC\0\0\0\x02\0\0\0\0TREE".to_vec();
    index.extend(u32::try_from(trees.len()).expect("small").to_be_bytes());
    index.extend(trees.bytes());
    index.extend([0; 20]);
    fs::write(repo.root.join(".git/index"), index).expect("an index");
    let ended = run(&project, &["staged", &root]);
    assert!(ended.code() == 2 && ended.stderr.contains("nest more than"), "{ended:?}");
    let ended = run(&project, &["history", &root]);
    assert!(ended.code() == 1 && ended.stderr.contains("nest more than"), "{ended:?}");
    run(&project, &["scan", &root]);
}

/// An index of version 4, each path of which is the one before it and `more` bytes
/// (gitformat-index(5)).
fn growing(entries: u32, more: usize) -> Vec<u8> {
    let mut index = [&b"DIRC"[..], &4_u32.to_be_bytes(), &entries.to_be_bytes()].concat();
    for _ in 0..entries {
        index.extend([0; 62]);
        index.push(0);
        index.extend(std::iter::repeat_n(b'a', more));
        index.push(0);
    }
    index.extend([0; 20]);
    index
}

#[test]
fn paths_of_an_index_that_grow_without_end() {
    let repo = Repo::new(&[]);
    repo.commit("a.env", leak(1));
    let (project, root) = (Project::new(), repo.root.to_string_lossy().into_owned());
    let git = repo.root.join(".git");
    let link = [b"link".to_vec(), 20_u32.to_be_bytes().to_vec(), vec![7; 20], vec![0; 20]].concat();
    let split = [b"DIRC\0\0\0\x02\0\0\0\0".to_vec(), link].concat();
    for shared in [false, true] {
        if shared {
            let name = format!("sharedindex.{}", "07".repeat(20));
            fs::write(git.join(name), growing(8000, 100)).expect("the part it shares");
            fs::write(git.join("index"), &split).expect("a split index");
        } else {
            fs::write(git.join("index"), growing(8000, 100)).expect("an index");
        }
        let ended = run(&project, &["staged", &root]);
        assert!(ended.code() == 2 && ended.stderr.contains("many times"), "{shared} {ended:?}");
        let ended = run(&project, &["history", &root]);
        assert!(ended.code() == 1 && ended.stderr.contains("many times"), "{shared} {ended:?}");
    }
}

/// Feeds git a stream of commands that makes many objects at once.
fn fast_import(repo: &Repo, stream: &[u8]) {
    repo.git_with(&["fast-import", "--quiet", "--force"], stream);
}

#[test]
fn commits_in_a_line_and_parents_in_a_row() {
    let repo = Repo::new(&[]);
    let mut stream = Vec::new();
    let person = "committer T <t@example.org> 1600000000 +0000\ndata 0\n";
    let first = leak(1);
    write!(stream, "blob\nmark :1\ndata {}\n{first}\n", first.len()).expect("memory");
    write!(stream, "commit refs/heads/main\n{person}M 100644 :1 a.env\n\n").expect("memory");
    for _ in 0..DEEP {
        write!(stream, "commit refs/heads/main\n{person}").expect("memory");
    }
    write!(stream, "D a.env\n\n").expect("memory");
    // Commits without parents, and one that has them all.
    for number in 0..10_000 {
        let person = person.replace("1600000000", &format!("16{number:08}"));
        write!(stream, "commit refs/heads/roots\nmark :{}\n{person}\n", number + 10)
            .expect("memory");
        write!(stream, "reset refs/heads/roots\n\n").expect("memory");
    }
    fast_import(&repo, &stream);
    let tree = repo.git(&["rev-parse", "main^{tree}"]);
    let roots =
        repo.git(&["cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)"]);
    let parents: String = roots
        .lines()
        .filter_map(|line| line.strip_prefix("commit "))
        .take(10_000)
        .map(|id| format!("parent {id}\n"))
        .collect();
    let who = "T <t@example.org> 1700000000 +0000";
    let merge = format!("tree {tree}\n{parents}author {who}\ncommitter {who}\n\nmerge\n");
    let merge = repo.git_with(&["hash-object", "-t", "commit", "-w", "--stdin"], merge.as_bytes());
    repo.git(&["update-ref", "refs/heads/merge", &merge]);
    let project = Project::new();
    let root = repo.root.to_string_lossy().into_owned();
    let ended = run(&project, &["history", &root, "--check-connectivity"]);
    assert!(ended.code() == 1 && ended.stdout.contains(&key_id(1)), "{ended:?}");
    let ended = run(&project, &["range", "main~99999..main", &root]);
    assert!(ended.code() != 2, "{ended:?}");
}

#[test]
fn tags_of_tags_refs_in_rings_and_names_without_end() {
    let repo = Repo::new(&[]);
    let commit = repo.commit("a.env", leak(1));
    let (mut stream, mut refs) = (Vec::new(), Vec::new());
    let tagger = "tagger T <t@example.org> 1600000000 +0000\ndata 0\n";
    write!(stream, "tag t0\nmark :1\nfrom {commit}\n{tagger}\n").expect("memory");
    for number in 1..50_000 {
        let mark = number + 1;
        write!(stream, "tag t{number}\nmark :{mark}\nfrom :{number}\n{tagger}\n").expect("memory");
        writeln!(refs, "delete refs/tags/t{}", number - 1).expect("memory");
    }
    fast_import(&repo, &stream);
    repo.git(&["update-ref", "refs/tags/deep", "refs/tags/t49999"]);
    writeln!(refs, "delete refs/tags/t49999").expect("memory");
    repo.git_with(&["update-ref", "--stdin"], &refs);
    let git = repo.root.join(".git");
    fs::write(git.join("refs/heads/one"), "ref: refs/heads/two\n").expect("a ref");
    fs::write(git.join("refs/heads/two"), "ref: refs/heads/one\n").expect("a ref");
    let mut folder = git.join("refs/heads");
    while folder.as_os_str().len() < 3_900 {
        folder.push("n".repeat(100));
    }
    fs::create_dir_all(&folder).expect("folders");
    fs::write(folder.join("ref"), format!("{commit}\n")).expect("a ref");
    let mut logs = git.join("logs/refs/heads");
    while logs.as_os_str().len() < 3_900 {
        logs.push("a");
    }
    fs::create_dir_all(&logs).expect("folders");
    let project = Project::new();
    let root = repo.root.to_string_lossy().into_owned();
    let ended = run(&project, &["history", &root]);
    assert!(ended.code() == 1 && ended.stdout.contains(&key_id(1)), "{ended:?}");
    assert!(ended.stderr.contains("refs/tags/deep") || ended.stderr.contains("deep"), "{ended:?}");
    run(&project, &["range", "HEAD..deep", &root]);
    run(&project, &["range", "HEAD..one", &root]);
    fs::write(git.join("HEAD"), "ref: refs/heads/one\n").expect("HEAD");
    for command in [&["history", &root][..], &["staged", &root], &["scan", &root]] {
        assert!(run(&project, command).code() != 0, "{command:?}");
    }
}

#[test]
fn documents_that_nest() {
    let project = Project::new();
    let pair = Keys::new("documents").pair();
    project.file("a.env", &pair.env);
    let json = nested("[", "1", "]");
    let objects = nested("{\"a\":", "1", "}");
    project.file("arrays.json", &json).file("objects.json", &objects);
    project.file("arrays.toml", format!("exclude = {json}\n"));
    project.file("dotted.toml", format!("a{} = 1\n", ".a".repeat(DEEP)));
    project.file("tables.toml", format!("a = {}\n", nested("{a=", "1", "}")));
    let parens = nested("(", "a", ")");
    project.file(
        "pattern.toml",
        format!("[[rule]]\nid = \"my-rule\"\ntitle = \"t\"\npattern = '{parens}'\n"),
    );
    for file in ["arrays.json", "objects.json"] {
        assert_eq!(run(&project, &["verify", "--report", file, "a.env"]).code(), 2);
        assert_eq!(run(&project, &["scan", "a.env", "--baseline", file]).code(), 2);
        assert_eq!(run(&project, &["sweep", "a.env", "--resume", file]).code(), 2);
        for option in ["--from-gitleaks", "--from-detect-secrets"] {
            assert_eq!(run(&project, &["baseline", ".", option, file]).code(), 2);
        }
    }
    for file in ["arrays.toml", "dotted.toml", "tables.toml", "pattern.toml"] {
        let ended = run(&project, &["scan", "a.env", "--config", file]);
        assert!(ended.code() == 2 && ended.stderr.contains(file), "{ended:?}");
    }
    // As texts they are scanned like any other.
    let ended = run(&project, &["scan", "."]);
    assert!(ended.code() == 1 && ended.stdout.contains(&pair.id), "{ended:?}");
}

#[test]
fn texts_that_nest() {
    let project = Project::new();
    let pair = Keys::new("texts").pair();
    let (id, secret) = (&pair.id, &pair.secret);
    // A string of a hundred thousand pieces, and the key in four of them.
    let pieces = "\"x\" + ".repeat(DEEP);
    let (head, tail) = secret.split_at(20);
    let code = format!(
        "a = {pieces}\"y\"\nid = \"{id}\"\naws_secret_access_key = \"{head}\" + \"{tail}\"\n"
    );
    project.file("code.py", code);
    project.file("quotes.txt", format!("{}\n{}", "\\".repeat(DEEP), "\"'`".repeat(DEEP)));
    project.file("entities.txt", format!("{}{}", "&amp;".repeat(DEEP), "%25".repeat(DEEP)));
    project.file("yaml.yml", nested("{a: [", "1", "]}"));
    let mut mail = String::from("MIME-Version: 1.0\nContent-Type: multipart/mixed\n");
    for part in 0..10_000 {
        mail.push_str(&format!("Content-Type: multipart/mixed; boundary=b{part}\n\n--b{part}\n"));
    }
    mail.push_str("Content-Transfer-Encoding: base64\n\nSGVsbG8=\n\n");
    project.file("mail.eml", format!("{mail}\n{}", Keys::new("in a mail").pair().env));
    let ended = run(&project, &["scan", ".", "--format", "json"]);
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(ended.stdout.contains(id.as_str()), "{ended:?}");
    assert_eq!(ended.stdout.matches("\"fingerprint\"").count(), 2, "{}", ended.stdout);
}
