//! Damage that must not pass as complete: objects that do not match their ids, folders that can't
//! be listed, content outside the database, names that contain a key although no file does.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::storage::lfs_pointer;
use crate::support::{Keys, Project, Ran};

/// The only loose blob among the objects that `before` does not list.
fn new_object(project: &Project, before: &[PathBuf]) -> PathBuf {
    let mut new = loose(project);
    new.retain(|path| !before.contains(path));
    assert_eq!(new.len(), 1, "{new:?}");
    new.remove(0)
}

fn loose(project: &Project) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in fs::read_dir(project.at(".git/objects")).expect("objects") {
        let folder = folder.expect("an entry").path();
        let name = folder.file_name().expect("a name").len();
        if name == 2 {
            let files = fs::read_dir(folder).expect("a folder");
            found.extend(files.map(|file| file.expect("an entry").path()));
        }
    }
    found
}

/// Changes each of some bits of a file, and runs `check`.
fn flip_bits(file: &Path, check: &dyn Fn(usize)) {
    let whole = fs::read(file).expect("an object");
    fs::remove_file(file).expect("it was there");
    // Bytes of the header, some of the content, bytes of the checksum.
    let bits = whole.len() * 8;
    let chosen = (0..bits).filter(|bit| *bit < 48 || *bit >= bits - 16 || bit % 5 == 0);
    for bit in chosen {
        let mut changed = whole.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        fs::write(file, changed).expect("a file");
        check(bit);
    }
    fs::write(file, whole).expect("a file");
}

/// The paths of all places, in order.
fn paths(ran: &Ran) -> Vec<String> {
    let places = ran.places().into_iter();
    let mut paths: Vec<String> =
        places.map(|place| place.rsplit_once(':').expect("a line").0.to_owned()).collect();
    paths.sort();
    paths
}

fn reported(ran: &Ran, bit: usize) {
    match ran.code {
        Some(1) => {}
        Some(3) => assert!(!ran.problems().is_empty(), "bit {bit}: {}", ran.stdout),
        code => panic!("bit {bit}: {code:?} {}{}", ran.stdout, ran.stderr),
    }
}

#[test]
fn no_changed_bit_of_a_staged_object_passes_as_complete() {
    let (project, mut keys) = (Project::new(), Keys::new("staged bits"));
    project.git(&["init", "-q", "-b", "main"]).git(&["commit", "-qm", "one", "--allow-empty"]);
    let before = loose(&project);
    project.file("a.env", keys.pair().env).git(&["add", "."]);
    let blob = new_object(&project, &before);
    flip_bits(&blob, &|bit| {
        reported(&project.keysweep(["staged", "--format", "json"]).run(), bit);
    });
    project.keysweep(["staged"]).run().exits(1);
}

#[test]
fn no_changed_bit_of_an_object_of_a_range_passes_as_complete() {
    let (project, mut keys) = (Project::new(), Keys::new("range bits"));
    project.git(&["init", "-q", "-b", "main"]).git(&["commit", "-qm", "one", "--allow-empty"]);
    let before = loose(&project);
    project.file("a.env", keys.pair().env).git(&["add", "."]);
    let blob = new_object(&project, &before);
    project.git(&["commit", "-qm", "two"]);
    flip_bits(&blob, &|bit| {
        reported(&project.keysweep(["range", "HEAD~1..HEAD", "--format", "json"]).run(), bit);
    });
    project.keysweep(["range", "HEAD~1..HEAD"]).run().exits(1);
}

/// A blob of other content under the id of the one that leaks: whole, and not what was staged.
#[test]
fn an_object_under_a_false_id_is_reported() {
    let (project, mut keys) = (Project::new(), Keys::new("false ids"));
    project.git(&["init", "-q", "-b", "main"]).git(&["commit", "-qm", "one", "--allow-empty"]);
    let before = loose(&project);
    project.file("b.txt", "nothing\n").git(&["add", "b.txt"]);
    let harmless = new_object(&project, &before);
    let before = loose(&project);
    project.file("a.env", keys.pair().env).git(&["add", "a.env"]);
    let leak = new_object(&project, &before);
    let (leaking, harmless) = (fs::read(&leak).expect("a blob"), fs::read(harmless).expect("one"));
    fs::remove_file(&leak).expect("it was there");
    fs::write(&leak, harmless).expect("a file");
    let ran = project.keysweep(["staged", "--format", "json"]).run().exits(3);
    assert!(ran.problems()[0].contains("does not match its id"), "{:?}", ran.problems());
    fs::remove_file(&leak).expect("it was there");
    fs::write(&leak, &leaking).expect("a file");
    project.git(&["commit", "-qm", "two"]);
    // The remains of an object that does not match its id are scanned all the same.
    let other = new_object_of(&project, "c.env", &keys.pair().env);
    let bytes = fs::read(&leak).expect("a blob");
    fs::remove_file(&other).expect("it was there");
    fs::write(&other, bytes).expect("a file");
    let ran = project.keysweep(["staged", "--format", "json"]).run();
    assert!(!ran.problems().is_empty(), "{}", ran.stdout);
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
}

fn new_object_of(project: &Project, path: &str, text: &str) -> PathBuf {
    let before = loose(project);
    project.file(path, text).git(&["add", path]);
    new_object(project, &before)
}

#[test]
fn what_a_pointer_of_lfs_stands_for_is_read_in_every_command() {
    let (project, mut keys) = (Project::new(), Keys::new("lfs everywhere"));
    let pointer = |oid: &str| lfs_pointer(oid, 12);
    let (here, gone) = ("ab".repeat(32), "cd".repeat(32));
    project
        .git(&["init", "-q", "-b", "main"])
        .git(&["commit", "-qm", "one", "--allow-empty"])
        .file("here.bin", pointer(&here))
        .file("gone.bin", pointer(&gone))
        .file(format!(".git/lfs/objects/ab/ab/{here}"), keys.pair().env)
        .git(&["add", "-A"]);
    let staged = project.keysweep(["staged", "--format", "json"]).run().exits(1);
    assert_eq!(staged.left_out("lfs_missing"), 1);
    assert_eq!(paths(&staged), ["here.bin"]);
    project.git(&["commit", "-qm", "two"]);
    let range = project.keysweep(["range", "HEAD~1..HEAD", "--format", "json"]).run().exits(1);
    assert_eq!(range.left_out("lfs_missing"), 1);
    assert_eq!(paths(&range), ["here.bin"]);
    // The same object under a pointer that says more of it is not new.
    project.file("here.bin", pointer(&here) + "x 1\n").git(&["add", "-A"]);
    project.keysweep(["staged"]).run().exits(0);
}

/// Whoever may read everything is refused nothing: a file in the place of a folder can't be listed
/// by anybody.
#[test]
fn a_folder_of_git_that_cannot_be_listed_is_reported() {
    for (folder, command) in [
        ("modules", "history"),
        ("worktrees", "history"),
        ("objects/pack", "history"),
        ("modules", "sweep ."),
        ("worktrees", "sweep ."),
        ("objects/pack", "sweep ."),
    ] {
        let project = Project::new();
        project
            .git(&["init", "-q", "-b", "main"])
            .git(&["commit", "-qm", "one", "--allow-empty"])
            .git(&["commit", "-qm", "two", "--allow-empty"]);
        let place = project.at(".git").join(folder);
        if place.is_dir() {
            fs::remove_dir_all(&place).expect("an empty folder");
        }
        fs::write(&place, "").expect("a file");
        let words = command.split(' ').chain(["--format", "json"]);
        let ran = project.keysweep(words).run().exits(3);
        let problems = ran.problems().concat();
        assert!(problems.contains(folder), "{command} {folder}: {problems}");
    }
}

/// The files of a git folder outside of the database that keysweep does not parse.
#[test]
fn files_outside_of_the_object_database_are_read() {
    let (project, mut keys) = (Project::new(), Keys::new("outside"));
    project.git(&["init", "-q", "-b", "main"]).git(&["commit", "-qm", "one", "--allow-empty"]);
    project.git(&["worktree", "add", "-q", "side"]).git(&["init", "-q", "--bare", "bare.git"]);
    let mut expected: Vec<String> = [
        "hooks/pre-push",
        "hooks/old.sample",
        "rr-cache/0123/preimage",
        "FETCH_HEAD",
        "COMMIT_EDITMSG",
        "rebase-apply/0001",
        "rebase-merge/message",
        "annex/creds/s3",
        "description",
        "info/attributes",
        "filter-repo/x/y.txt",
        "worktrees/side/COMMIT_EDITMSG",
    ]
    .map(|name| format!(".git/{name}"))
    .to_vec();
    for path in &expected {
        project.file(path, keys.pair().env);
    }
    let ran = project.keysweep(["history", ".", "--format", "json"]).run().exits(1);
    expected.sort();
    assert_eq!(paths(&ran), expected);
    let ran = project.keysweep(["sweep", ".", "--format", "json"]).run().exits(1);
    assert_eq!(paths(&ran), expected);
    // A hook, which git keeps in a bare repository too.
    project.file("bare.git/hooks/post-receive", keys.pair().env);
    let ran = project.keysweep(["history", "bare.git", "--format", "json"]).run().exits(1);
    assert_eq!(paths(&ran), ["hooks/post-receive"]);
}

/// A name that can stand in a path, with a key's id and its secret.
fn leaking_name(keys: &mut Keys) -> (String, String) {
    let id = keys.id();
    let secret = std::iter::repeat_with(|| keys.secret())
        .find(|secret| secret.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .expect("one in four");
    (format!("aws_access_key_id={id} aws_secret_access_key={secret}"), id)
}

#[test]
fn a_key_that_only_a_name_holds_is_found_and_masked() {
    let (project, mut keys) = (Project::new(), Keys::new("names alone"));
    let (folder, in_folder) = leaking_name(&mut keys);
    let (file, in_file) = leaking_name(&mut keys);
    let (member, in_member) = leaking_name(&mut keys);
    project.git(&["init", "-q", "-b", "main"]).git(&["commit", "-qm", "one", "--allow-empty"]);
    project.file(format!("{folder}/a.txt"), "x").file(format!("{folder}/b.txt"), "y");
    project.file(format!("c/{file}.txt"), "z").git(&["add", "-A"]);
    for command in ["scan", "staged", "history", "sweep ."] {
        found(&project, command, &[&in_folder, &in_file]);
    }
    project.git(&["commit", "-qm", "two"]);
    found(&project, "range HEAD~1..HEAD", &[&in_folder, &in_file]);
    project.keysweep(["staged"]).run().exits(0);
    let bare = Project::new();
    let from = project.path().display().to_string();
    bare.git(&["clone", "-q", "--bare", &from, "x.git"]);
    found(&bare, "history x.git", &[&in_folder, &in_file]);

    let packed = Project::new();
    packed.file(format!("t/{member}.txt"), "x");
    packed.shell("tar cf a.tar t && rm -r t", "");
    found(&packed, "scan", &[&in_member]);
}

/// Each id is found with its secret; the harness sees to it that none is shown.
fn found(project: &Project, command: &str, ids: &[&str]) {
    for format in ["json", "text", "jsonl", "sarif", "gitlab", "github", "junit", "csv"] {
        let words = command.split(' ').chain(["--format", format]);
        let ran = project.keysweep(words).run().exits(1);
        for id in ids {
            assert!(ran.stdout.contains(id), "{command} {format}: {}", ran.stdout);
        }
        if format == "json" {
            let findings = ran.json()["findings"].as_array().expect("findings").clone();
            assert_eq!(findings.len(), ids.len(), "{command}: {}", ran.stdout);
            for finding in findings {
                assert_eq!(finding["rule"], "aws-access-key", "{finding}");
                assert_eq!(finding["occurrences"].as_array().map(Vec::len), Some(1), "{finding}");
            }
        }
    }
}

#[test]
fn only_its_owner_reads_a_report_with_secrets_and_no_report_widens_permissions() {
    use std::os::unix::fs::PermissionsExt as _;
    let (project, mut keys) = (Project::new(), Keys::new("modes"));
    project.file("a.env", keys.pair().env);
    let mode = |name: &str| fs::metadata(project.at(name)).expect("a file").permissions().mode();
    let set = |name: &str, mode: u32| {
        project.file(name, "old");
        fs::set_permissions(project.at(name), fs::Permissions::from_mode(mode)).expect("a file");
    };
    let secret = ["scan", "a.env", "--show-secrets", "--output", "json=new.json"];
    let mut umask = project.shell("umask", "").stdout.trim().to_owned();
    umask.insert(0, '0');
    let usual = 0o666 & !u32::from_str_radix(&umask, 8).expect("a mask");
    set("loose.json", 0o666);
    set("tight.json", 0o600);
    set("group.json", 0o640);
    for (arguments, name, expected) in [
        (&secret[..], "new.json", 0o600),
        (&["scan", "a.env", "--show-secrets", "--output", "json=loose.json"], "loose.json", 0o600),
        (&["scan", "a.env", "--output", "json=usual.json"], "usual.json", usual),
        (&["scan", "a.env", "--output", "json=tight.json"], "tight.json", 0o600),
        (&["scan", "a.env", "--output", "json=group.json"], "group.json", 0o640 & usual),
    ] {
        project.keysweep(arguments).run().exits(1);
        assert_eq!(mode(name) & 0o777, expected, "{arguments:?}");
    }
}

/// Errors of the system that are dropped without a word why.
#[test]
fn no_error_is_dropped_without_a_reason() {
    let mut dropped = Vec::new();
    let suspicious = [
        r"\.flatten\(\)\.flatten\(\)",
        r"entries\.flatten\(\)",
        r"fs::\w+\([^;]*\)\s*\.(ok|unwrap_or_default)\(\)",
        r"\.(metadata|symlink_metadata|canonicalize|length|file_type|read_link|try_clone)\(\)\s*\.ok\(\)",
        r"if let Ok\([^)]*\) = [^;]*(fs::|File::open)",
        r"let _ = (fs|std::fs|file)[:.]",
    ]
    .map(|pattern| regex::Regex::new(pattern).expect("a pattern"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src"), root.join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension() != Some("rs".as_ref()) {
                continue;
            }
            let text = fs::read_to_string(&path).expect("a source");
            let text = text.split("#[cfg(test)]\nmod tests").next().expect("a part");
            let lines: Vec<&str> = text.lines().collect();
            for (at, line) in lines.iter().enumerate() {
                let has_reason =
                    lines[at.saturating_sub(3)..=at].iter().any(|it| it.contains("//"));
                if suspicious.iter().any(|it| it.is_match(line)) && !has_reason {
                    dropped.push(format!("{}:{}: {}", path.display(), at + 1, line.trim()));
                }
            }
        }
    }
    assert!(dropped.is_empty(), "{}", dropped.join("\n"));
}
