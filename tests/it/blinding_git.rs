//! Files of git's own that are no files: nothing hangs, and it is told.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Keys, Project};

/// A repository of two commits, each with a leak, and one staged.
fn repository(name: &str) -> Project {
    let mut keys = Keys::new(name);
    let project = Project::new();
    project.git(&["init", "-q"]);
    for file in ["a.env", "b.env"] {
        project.file(file, keys.pair().env).git(&["add", "."]).git(&["commit", "-qm", file]);
    }
    project.file("c.env", keys.pair().env).git(&["add", "."]);
    project
}

fn fifo(path: &Path) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    let _ = fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo runs").success());
}

/// The status of a run that must end: one that waits for a writer would wait for ever.
fn ends(project: &Project, arguments: &[&str]) -> (Option<i32>, String) {
    let told = project.at("told");
    let mut command = project.keysweep(arguments).command();
    command.stdout(std::process::Stdio::null()).stderr(fs::File::create(&told).expect("a file"));
    let mut child = command.stdin(std::process::Stdio::null()).spawn().expect("it starts");
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("ours") {
            return (status.code(), fs::read_to_string(&told).expect("text"));
        }
        // Far beyond any machine's slowness.
        if start.elapsed() > Duration::from_secs(300) {
            child.kill().expect("ours");
            child.wait().expect("ours");
            return (None, "it hangs".to_owned());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

const COMMANDS: [&[&str]; 4] = [&["history"], &["range", "HEAD~1..HEAD"], &["staged"], &["scan"]];

#[test]
fn no_file_of_git_that_is_a_fifo_is_waited_for() {
    let pack = format!("objects/pack/pack-{}", "a".repeat(40));
    let (data, index) = (format!("{pack}.pack"), format!("{pack}.idx"));
    for name in [
        "HEAD",
        "config",
        "packed-refs",
        "shallow",
        "commondir",
        "index",
        "objects/info/alternates",
        "objects/info/commit-graph",
        &data,
        &index,
    ] {
        let project = repository("fifo");
        let path = project.at(".git").join(name);
        fifo(&path);
        for command in COMMANDS {
            let (code, told) = ends(&project, command);
            let scans = command == ["scan"];
            assert_eq!(code, Some(if scans { 1 } else { 2 }), "{name} {command:?}: {told}");
            let named = told.contains(name) && told.contains("a FIFO, socket or device");
            assert!(scans || named, "{name} {command:?}: {told}");
        }
    }
}

#[test]
fn a_link_to_a_device_is_not_read_as_git_s_own() {
    for name in ["HEAD", "packed-refs", "config", "shallow", "objects/info/alternates"] {
        let project = repository("device");
        let path = project.at(".git").join(name);
        let _ = fs::remove_file(&path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        symlink("/dev/zero", &path).expect("a link");
        let (code, told) = ends(&project, &["history"]);
        assert_eq!(code, Some(2), "{name}: {told}");
        assert!(told.contains(name), "{name}: {told}");
    }
}

#[test]
fn a_head_of_a_gigabyte_is_not_read() {
    let project = repository("gigabyte");
    for name in ["config", "HEAD"] {
        let file = fs::File::create(project.at(".git").join(name)).expect("ours");
        file.set_len(1 << 30).expect("a sparse file");
        for command in &COMMANDS[..3] {
            let (code, told) = ends(&project, command);
            assert_eq!(code, Some(2), "{name} {command:?}: {told}");
            assert!(told.contains("is larger than any, which git never writes"), "{told}");
        }
    }
}

#[test]
fn a_git_file_may_lead_anywhere_and_scan_reads_the_files() {
    for target in [".git", "../other", "/proc/self", "/dev/zero", "pipe", "/nowhere"] {
        let mut keys = Keys::new("git file");
        let project = Project::new();
        project.file("a.env", keys.pair().env).file(".git", format!("gitdir: {target}\n"));
        fifo(&project.at("pipe"));
        assert_eq!(ends(&project, &["scan"]).0, Some(1), "{target}");
        assert_eq!(ends(&project, &["history"]).0, Some(2), "{target}");
    }
}

#[test]
fn an_index_that_can_t_be_read_hides_no_ignored_file_in_silence() {
    let project = repository("ignored");
    project.file(".gitignore", "*.env\n");
    fifo(&project.at(".git/index"));
    let (code, told) = ends(&project, &["scan"]);
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("use --no-ignore"), "{told}");
}
