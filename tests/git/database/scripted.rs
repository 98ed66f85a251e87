//! Repositories of many small changes, written by `git fast-import` at fixed dates.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::differential::compare;
use crate::support::programs::GIT;
use crate::support::storage::{copy_as_loose, only_pack};

/// git without anybody's configuration, at a fixed date.
pub(crate) fn command(dir: &Path, arguments: &[&str]) -> Command {
    let date = "1700000000 +0000";
    let mut command = Command::new(&*GIT);
    command
        .args(["-c", "protocol.file.allow=always", "-c", "gc.auto=0"])
        .args(arguments)
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([("GIT_AUTHOR_DATE", date), ("GIT_COMMITTER_DATE", date)])
        .envs([("GIT_AUTHOR_NAME", "A"), ("GIT_AUTHOR_EMAIL", "a@example.com")])
        .envs([("GIT_COMMITTER_NAME", "C"), ("GIT_COMMITTER_EMAIL", "c@example.com")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs git on `input` and gives what it says.
pub(crate) fn git(dir: &Path, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = command(dir, arguments).spawn().expect("git is installed");
    let mut stdin = child.stdin.take().expect("a pipe");
    let bytes = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = child.wait_with_output().expect("git ends");
    drop(writer.join());
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {why}");
    output.stdout
}

/// Makes a pack, however small.
pub(crate) const IMPORT: [&str; 4] = ["-c", "fastimport.unpackLimit=1", "fast-import", "--quiet"];

/// A repository of `commits` commits, each changing two files, in one pack.
pub(crate) struct Scripted {
    pub(crate) dir: tempfile::TempDir,
}

impl Scripted {
    pub(crate) fn new(commits: u32) -> Self {
        Self::with(commits, &[])
    }

    pub(crate) fn with(commits: u32, init: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        git(dir.path(), &[&["init", "-q", "-b", "main", "--bare", "r.git"], init].concat(), b"");
        let repo = Self { dir };
        git(&repo.git_dir(), &IMPORT, &script(commits));
        repo
    }

    pub(crate) fn git_dir(&self) -> PathBuf {
        self.dir.path().join("r.git")
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> Vec<u8> {
        git(&self.git_dir(), arguments, b"")
    }

    pub(crate) fn pack_folder(&self) -> PathBuf {
        self.git_dir().join("objects/pack")
    }

    /// The only file with this extension in the pack folder.
    #[track_caller]
    pub(crate) fn pack(&self, extension: &str) -> PathBuf {
        let path = only_pack(&self.git_dir(), extension);
        writable(&path);
        path
    }

    /// Explodes the packs into loose objects.
    pub(crate) fn unpack(&self) {
        copy_as_loose(&self.git_dir());
        fs::remove_dir_all(self.pack_folder()).expect("ours");
    }

    #[track_caller]
    pub(crate) fn is_read_whole(&self) {
        for threads in [1, 4] {
            let compared = compare(&self.git_dir(), threads);
            assert_eq!(compared.differences(), Vec::<String>::new());
            assert_eq!(compared.coverage.objects, compared.objects as u64);
            assert_eq!(compared.coverage.problems, []);
        }
    }
}

fn writable(path: &Path) {
    let mut permissions = fs::metadata(path).expect("a file").permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "a file of this test's own")]
    permissions.set_readonly(false);
    fs::set_permissions(path, permissions).expect("our own file");
}

/// A stream for `git fast-import`: one file of lines that change here and there, another whose
/// blocks change places, an annotated tag.
pub(crate) fn script(commits: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let mut random = 1u64;
    let mut next = move |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) as usize % below
    };
    let line = |seed: usize| format!("line {seed} of {:x}\n", seed.wrapping_mul(0x9e37_79b9_7f4a));
    let mut lines: Vec<String> = (0..300).map(line).collect();
    let mut blocks: Vec<String> = (0..40).map(|n| line(n * 7919).repeat(3)).collect();
    for commit in 0..commits {
        for _ in 0..1 + next(3) {
            let at = next(lines.len());
            lines[at] = line(next(1 << 30));
        }
        let (a, b) = (next(blocks.len()), next(blocks.len()));
        blocks.swap(a, b);
        blocks[b] = blocks[a].clone();
        let message = format!("Change {commit}\n");
        let when = 1_700_000_000 + u64::from(commit);
        let head = format!("commit refs/heads/main\nauthor A <a@example.com> {when} +0000\n");
        out.extend(head.bytes());
        out.extend(format!("committer C <c@example.com> {when} +0000\n").bytes());
        data(&mut out, &message);
        for (path, text) in [("lines", lines.concat()), ("blocks", blocks.concat())] {
            out.extend(format!("M 100644 inline {path}\n").bytes());
            data(&mut out, &text);
        }
        out.push(b'\n');
    }
    out.extend(b"tag v1\nfrom refs/heads/main\ntagger T <t@example.com> 1700009999 +0000\n");
    data(&mut out, "A release\n");
    out
}

pub(crate) fn data(out: &mut Vec<u8>, text: impl AsRef<[u8]>) {
    let text = text.as_ref();
    out.extend(format!("data {}\n", text.len()).bytes());
    out.extend(text);
    out.push(b'\n');
}
