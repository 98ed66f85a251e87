//! Files that only Unix has: links, devices, sockets, FIFOs, permissions, names that are not UTF-8.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::process::Command;

use crate::support::require::{self, skip};
use crate::support::{Keys, Project};

const JSON: [&str; 5] = ["scan", "--format", "json", "--fail-on", "never"];

#[test]
fn a_link_is_followed_only_if_the_user_names_it() {
    let mut keys = Keys::new("links");
    let (project, elsewhere) = (Project::new(), Project::new());
    elsewhere.file("folder/a.env", keys.pair().env).file("b.env", keys.pair().env);
    project.file("c.txt", "text");
    symlink(elsewhere.at("folder"), project.at("folder")).expect("a link");
    symlink(elsewhere.at("b.env"), project.at("b.env")).expect("a link");
    symlink(".", project.at("loop")).expect("a link");
    symlink("nowhere", project.at("dangling")).expect("a link");
    let ran = project.keysweep(JSON).run().exits(0);
    assert_eq!((ran.places().len(), ran.left_out("links")), (0, 4));
    for (named, place) in [("folder", "a.env:1"), ("b.env", "b.env:1"), ("folder/", "a.env:1")] {
        let ran = project.keysweep(JSON.iter().chain(&[named])).run().exits(0);
        assert_eq!(ran.places(), [place], "{named}");
    }
    project.keysweep(["scan", "dangling"]).run().exits(2);
}

#[test]
fn an_ignore_file_that_is_a_link_is_not_applied() {
    let mut keys = Keys::new("linked ignore file");
    let project = Project::new();
    project.git(&["init", "-q"]).file("rules", "*.env\n").file("a.env", keys.pair().env);
    symlink("rules", project.at(".gitignore")).expect("a link");
    let ran = project.keysweep(JSON).run().exits(0);
    assert_eq!(ran.places(), ["a.env:1"]);
}

#[test]
fn devices_sockets_and_fifos_are_skipped_and_counted() {
    let project = Project::new();
    project.file("a.txt", "text");
    let _socket = UnixListener::bind(project.at("socket")).expect("a socket");
    let made = Command::new("mkfifo").arg(project.at("fifo")).status().expect("mkfifo runs");
    assert!(made.success());
    let ran = project.keysweep(JSON).run().exits(0);
    assert_eq!(ran.left_out("special"), 2);
    for special in ["socket", "fifo", "/dev/zero"] {
        project.keysweep(["scan", special]).run().exits(2);
        let ran = project.keysweep(JSON.iter().chain(&["a.txt", special])).run().exits(0);
        assert_eq!(ran.left_out("special"), 1, "{special}");
    }
}

#[test]
fn a_name_that_is_not_utf8_is_escaped_and_given_in_bytes() {
    let mut keys = Keys::new("names");
    let project = Project::new();
    let pair = keys.pair();
    fs::create_dir(project.at("dir")).expect("a folder");
    let name = OsStr::from_bytes(b"dir/\xff\x1b[2J.env");
    if fs::write(project.at(name), &pair.env).is_err() {
        skip("the file system has names in UTF-8 alone");
        return;
    }
    let ran = project.keysweep(JSON).run().exits(0);
    assert_eq!(ran.places(), ["dir/\\xff\\u{1b}[2J.env:1"]);
    let report = ran.json();
    assert_eq!(report["findings"][0]["occurrences"][0]["path_bytes"], "ZGlyL/8bWzJKLmVudg==");
    let text = project.keysweep(["scan"]).run().exits(1);
    assert!(!text.stdout.contains('\u{1b}') && !text.stderr.contains('\u{1b}'), "{text:?}");
}

#[test]
fn a_file_without_read_permission_is_a_problem() {
    let mut keys = Keys::new("permissions");
    let project = Project::new();
    project.file("open.env", keys.pair().env);
    project.file("closed/b.txt", "text").file("closed.txt", "text");
    let forbid = |path: &str| {
        fs::set_permissions(project.at(path), fs::Permissions::from_mode(0o0))
            .expect("permissions");
    };
    forbid("closed.txt");
    forbid("closed");
    if fs::read(project.at("closed.txt")).is_ok() {
        skip("this user may read everything");
    } else {
        let ran = project.keysweep(JSON).run().exits(3);
        assert_eq!(ran.places(), ["open.env:1"]);
        let why = "Permission denied (os error 13)";
        assert_eq!(
            ran.problems(),
            [format!("file closed.txt: {why}"), format!("folder closed: {why}")]
        );
    }
    fs::set_permissions(project.at("closed"), fs::Permissions::from_mode(0o755)).expect("undone");
}

#[test]
fn a_file_that_reads_with_an_error_does_not_end_the_scan() {
    // Reading a process's memory from its beginning is an I/O error for root, too.
    if !std::path::Path::new("/proc/self/mem").exists() {
        skip("there is no /proc");
        return;
    }
    let mut keys = Keys::new("read error");
    let project = Project::new();
    project.file("a.env", keys.pair().env);
    let path = project.at("a.env").display().to_string();
    let ran = project.keysweep(JSON.iter().copied().chain(["/proc/self/mem", path.as_str()]));
    let ran = ran.run().exits(3);
    assert_eq!(ran.places().len(), 1);
    assert!(ran.problems()[0].contains("mem"), "{:?}", ran.problems());
}

#[test]
fn a_sparse_file_of_gigabytes_costs_no_memory() {
    let mut keys = Keys::new("sparse");
    let project = Project::new();
    let pair = keys.pair();
    let file = fs::File::create(project.at("large")).expect("a file");
    file.set_len(300 << 20).expect("a sparse file");
    std::os::unix::fs::FileExt::write_all_at(&file, pair.env.as_bytes(), 299 << 20).expect("a key");
    drop(file);
    let program = env!("CARGO_BIN_EXE_keysweep");
    let limited = format!("ulimit -v 700000; exec '{program}' scan -j1 --format json large");
    let output = Command::new("sh")
        .args(["-c", &limited])
        .current_dir(project.path())
        .output()
        .expect("sh runs");
    let reported = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{reported}");
    assert!(reported.contains(&pair.id) && !reported.contains(&pair.secret));
}

#[test]
fn a_pipe_of_the_shell_is_read() {
    let mut keys = Keys::new("process substitution");
    let project = Project::new();
    let pair = keys.pair();
    project.file("a.env", &pair.env);
    let line = format!("'{}' scan --fail-on never <(cat a.env)", env!("CARGO_BIN_EXE_keysweep"));
    let Some(bash) = require::program("bash") else { return };
    let output = Command::new(bash).args(["-c", &line]).current_dir(project.path()).output();
    let output = output.expect("bash runs");
    let reported = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(reported.contains(&pair.id) && !reported.contains(&pair.secret), "{reported}");
}
