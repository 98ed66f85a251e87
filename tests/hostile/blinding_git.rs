//! Git's own files replaced by links, FIFOs and devices: nothing hangs, and they are reported.

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
    project.git(&["init", "-q", "-b", "main"]);
    for file in ["a.env", "b.env"] {
        project.file(file, keys.pair().env).git(&["add", "."]).git(&["commit", "-qm", file]);
    }
    project.file("c.env", keys.pair().env).git(&["add", "."]);
    project
}

pub(crate) fn fifo(path: &Path) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    let _ = fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo runs").success());
}

/// Status and output of a run that must end: one that waits for a writer would wait for ever.
pub(crate) fn ends(project: &Project, arguments: &[&str]) -> (Option<i32>, String) {
    let reported = project.at("log");
    let mut command = project.keysweep(arguments).command();
    let file = fs::File::create(&reported).expect("a file");
    command.stdout(file.try_clone().expect("a file")).stderr(file);
    let mut child = command.stdin(std::process::Stdio::null()).spawn().expect("it starts");
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("ours") {
            return (status.code(), fs::read_to_string(&reported).expect("text"));
        }
        // Far beyond any machine's slowness.
        if start.elapsed() > Duration::from_secs(120) {
            child.kill().expect("ours");
            child.wait().expect("ours");
            return (None, "it hangs".to_owned());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

const COMMANDS: [&[&str]; 4] = [&["history"], &["range", "HEAD~1..HEAD"], &["staged"], &["scan"]];

#[test]
fn a_fifo_in_place_of_a_file_of_git_is_not_waited_for() {
    for name in [
        "HEAD",
        "MERGE_HEAD",
        "config",
        "packed-refs",
        "shallow",
        "commondir",
        "index",
        "refs/heads/main",
        "objects/info/commit-graph",
        "worktrees/side/HEAD",
    ] {
        let project = repository("fifo");
        fifo(&project.at(".git").join(name));
        for command in COMMANDS {
            let (code, reported) = ends(&project, command);
            let scans = command == ["scan"];
            assert_eq!(code, Some(if scans { 1 } else { 2 }), "{name} {command:?}: {reported}");
            let named = reported.contains(name) && reported.contains("a FIFO, socket or device");
            assert!(scans || named, "{name} {command:?}: {reported}");
        }
    }
}

/// Objects are read from elsewhere, so such a file costs no more than itself.
#[test]
fn a_fifo_in_place_of_an_object_file_costs_only_that_file() {
    let pack = format!("objects/pack/pack-{}", "a".repeat(40));
    let (data, index) = (format!("{pack}.pack"), format!("{pack}.idx"));
    let beside = "../beside/pack/multi-pack-index";
    for name in [&*data, &index, "objects/info/alternates", "objects/pack/multi-pack-index", beside]
    {
        let project = repository("fifo of objects");
        project.git(&["rm", "-q", "--cached", "c.env"]).git(&["gc", "-q"]);
        project.git(&["add", "c.env"]);
        if name == beside {
            project.file(".git/objects/info/alternates", "../../beside\n");
        }
        fifo(&project.at(".git").join(name));
        let (code, reported) = ends(&project, &["history"]);
        assert_eq!(code, Some(1), "{name}: {reported}");
        assert!(reported.contains("3 findings"), "{name}: {reported}");
        let file = name.rsplit('/').next().expect("a name");
        let named = reported.contains(file) && reported.contains("a FIFO, socket or device");
        assert!(named || file == "multi-pack-index", "{name}: {reported}");
        assert_eq!(ends(&project, &["staged"]).0, Some(1), "{name}");
        // A revision is looked up among all of them.
        let (code, reported) = ends(&project, &["range", "HEAD~1..HEAD"]);
        assert_eq!(code, Some(2), "{name}: {reported}");
        assert!(reported.contains(file), "{name}: {reported}");
    }
}

/// A ref, a log or a note of a merge makes nobody read a device, a gigabyte or another folder.
#[test]
fn refs_and_logs_that_are_not_files_are_reported() {
    type Plant = fn(&Path);
    let plants: [(&str, Plant); 4] = [
        ("a link, FIFO", |path| fifo(path)),
        ("a link, FIFO", |path| symlink("/dev/zero", path).expect("a link")),
        ("a link, FIFO", |path| symlink("main", path).expect("a link")),
        ("larger than", |path| {
            fs::File::create(path).and_then(|file| file.set_len(1 << 30)).expect("a sparse file");
        }),
    ];
    for name in ["refs/heads/side", "refs/tags/deep/er", "logs/refs/heads/side"] {
        for (number, (why, plant)) in plants.iter().enumerate() {
            let project = repository("refs");
            let path = project.at(".git").join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
            plant(&path);
            let (code, reported) = ends(&project, &["history"]);
            assert_eq!(code, Some(1), "{name} {number}: {reported}");
            let named = reported.contains(name)
                && reported.contains(why)
                && reported.contains("3 findings");
            assert!(named, "{name} {number}: {reported}");
            let revision = name.rsplit_once("heads/").map_or("deep/er", |(_, name)| name);
            let (code, reported) = ends(&project, &["range", &format!("HEAD~1..{revision}")]);
            // Git reads a link to a branch next to it as that branch.
            let expected = if name == "refs/heads/side" && number == 2 { 1 } else { 2 };
            assert_eq!(code, Some(expected), "{name} {number}: {reported}");
        }
    }
}

#[test]
fn a_link_to_a_device_is_not_read_as_a_file_of_git() {
    for name in ["HEAD", "packed-refs", "config", "shallow"] {
        let project = repository("device");
        let path = project.at(".git").join(name);
        let _ = fs::remove_file(&path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        symlink("/dev/zero", &path).expect("a link");
        let (code, reported) = ends(&project, &["history"]);
        assert_eq!(code, Some(2), "{name}: {reported}");
        assert!(reported.contains(name), "{name}: {reported}");
    }
}

#[test]
fn a_head_of_a_gigabyte_is_not_read() {
    let project = repository("gigabyte");
    for name in ["config", "HEAD"] {
        let file = fs::File::create(project.at(".git").join(name)).expect("ours");
        file.set_len(1 << 30).expect("a sparse file");
        for command in &COMMANDS[..3] {
            let (code, reported) = ends(&project, command);
            assert_eq!(code, Some(2), "{name} {command:?}: {reported}");
            assert!(reported.contains("is larger than any, which git never writes"), "{reported}");
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
    let (code, reported) = ends(&project, &["scan"]);
    assert_eq!(code, Some(3), "{reported}");
    assert!(reported.contains("use --no-ignore"), "{reported}");
}
