//! 7z archives of another program: keys are found with path and line, or the reason is reported. A
//! block that can't be read hides no other.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::containers::forms::member_paths;
use crate::support::tools;
use crate::support::{Keys, Project, Ran};

/// Files by name.
type Files = Vec<(std::ffi::OsString, Vec<u8>)>;

/// A folder with all that `tests/containers/sevenz.py` writes, if its library is here. It is run once.
fn written() -> Option<Project> {
    static WRITTEN: OnceLock<Files> = OnceLock::new();
    let venv = tools::venv()?;
    let project = Project::new();
    for (name, bytes) in WRITTEN.get_or_init(|| write(&venv)) {
        project.file(name, bytes);
    }
    Some(project)
}

fn write(venv: &Path) -> Files {
    let pair = Keys::new("7z").pair();
    let project = Project::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/containers/sevenz.py");
    let ran = Command::new(tools::programs(venv).join("python"))
        .args(["-B", script])
        .arg(project.path())
        .args([&pair.id, &pair.secret])
        .output()
        .expect("Python runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let entries = std::fs::read_dir(project.path()).expect("a folder");
    let read = |path: PathBuf| (path.file_name().unwrap_or_default().into(), std::fs::read(path));
    let files = entries.map(|entry| read(entry.expect("an entry").path()));
    files.map(|(name, bytes)| (name, bytes.expect("no folder is among them"))).collect()
}

fn scan(project: &Project, name: &str) -> Ran {
    project.keysweep(["scan", "--format", "json", "--no-progress", name]).run()
}

#[track_caller]
fn is_found(ran: &Ran, name: &str) {
    let member_path = [name, "conf/prod.env"].map(str::to_owned).to_vec();
    assert_eq!(member_paths(ran), [(member_path, 3)], "{name}");
    assert_eq!(ran.json()["findings"][0]["rule"], "aws-access-key", "{name}");
}

#[test]
fn every_method_is_read_after_other_members() {
    let Some(project) = written() else { return };
    for name in ["lzma2", "lzma", "large", "x86", "arm", "delta", "bzip2", "deflate", "copy"] {
        let name = format!("{name}.7z");
        let ran = scan(&project, &name).exits(1);
        is_found(&ran, &name);
        assert_eq!(ran.problems(), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn members_that_are_not_read_are_reported_by_name() {
    let Some(project) = written() else { return };
    for name in ["ppmd", "zstd", "brotli"] {
        let ran = scan(&project, &format!("{name}.7z")).exits(3);
        let reported: Vec<bool> = ["bin/noise", "conf/prod.env"]
            .iter()
            .zip(ran.problems())
            .map(|(member, problem)| {
                let begin = format!("container {name}.7z > {member}: packed by ");
                problem.starts_with(&begin) && problem.ends_with("which is not read: unpack it")
            })
            .collect();
        assert_eq!(reported, [true, true], "{:?}", ran.problems());
    }
    for (name, members) in [("encrypted.7z", 2), ("names.7z", 1)] {
        let ran = scan(&project, name).exits(0);
        assert_eq!(ran.left_out("encrypted"), members, "{name}");
    }
}

#[test]
fn a_block_that_cannot_be_read_hides_no_other() {
    let Some(project) = written() else { return };
    for (name, reported) in [("ppmd", "packed by PPMD"), ("damaged", "a damaged 7z")] {
        let name = format!("after-{name}.7z");
        let ran = scan(&project, &name).exits(1);
        is_found(&ran, &name);
        assert!(ran.problems().iter().any(|problem| problem.contains(reported)), "{ran:?}");
    }
    let ran = scan(&project, "after-encrypted.7z").exits(1);
    is_found(&ran, "after-encrypted.7z");
    assert_eq!(ran.left_out("encrypted"), 1);
}

#[test]
fn a_wrong_checksum_hides_no_member_of_its_block() {
    let Some(project) = written() else { return };
    for (name, member) in [("wrong-before.7z", "note"), ("wrong-own.7z", "conf/prod.env")] {
        let ran = scan(&project, name).exits(1);
        is_found(&ran, name);
        let reported = format!("container {name} > {member}: a wrong checksum");
        let problems = ran.problems();
        assert!(problems.len() == 1 && problems[0].starts_with(&reported), "{problems:?}");
    }
}

#[test]
fn data_after_the_end_of_a_member_is_unpacked_within_limits() {
    let Some(project) = written() else { return };
    let reported = scan(&project, "rest.7z").exits(3).problems();
    assert!(reported.iter().any(|why| why.contains("raise --max-ratio")), "{reported:?}");
}
