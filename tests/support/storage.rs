//! The files in which git stores objects: packs, and objects of Git LFS.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use super::programs::GIT;

/// The files of all packs of a git folder that have this extension, by name.
pub(crate) fn packs(git_dir: &Path, extension: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(git_dir.join("objects/pack")).expect("a folder");
    let paths = files.map(|file| file.expect("a file").path());
    let is_one = |path: &PathBuf| path.extension().is_some_and(|it| it == extension);
    let mut packs: Vec<PathBuf> = paths.filter(is_one).collect();
    packs.sort();
    packs
}

/// The file of the only pack of a git folder that has this extension.
#[track_caller]
pub(crate) fn only_pack(git_dir: &Path, extension: &str) -> PathBuf {
    let packs = packs(git_dir, extension);
    assert_eq!(packs.len(), 1, "{packs:?}");
    packs[0].clone()
}

/// Writes loose copies of all packed objects. The packs remain.
pub(crate) fn copy_as_loose(git_dir: &Path) {
    let (folder, aside) = (git_dir.join("objects/pack"), git_dir.join("objects/pack-aside"));
    let packs = packs(git_dir, "pack");
    // git writes no object that a pack has.
    fs::rename(&folder, &aside).expect("the same file system");
    for pack in packs {
        let pack = File::open(aside.join(pack.file_name().expect("a name"))).expect("a pack");
        let mut command = Command::new(&*GIT);
        super::scrub(&mut command, git_dir);
        command.args(["unpack-objects", "-q"]).current_dir(git_dir).stdin(pack);
        assert!(command.status().expect("git runs").success());
    }
    // git may have made an empty folder.
    let _ = fs::remove_dir(&folder);
    fs::rename(&aside, &folder).expect("the same file system");
}

/// The pointer file of a Git LFS object.
pub(crate) fn lfs_pointer(oid: &str, size: usize) -> String {
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n")
}

/// The pointer file of a Git LFS object with this content, and the path of the object in a git
/// folder.
pub(crate) fn lfs(content: &str) -> (String, String) {
    let oid: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    let path = format!("lfs/objects/{}/{}/{oid}", &oid[..2], &oid[2..4]);
    (lfs_pointer(&oid, content.len()), path)
}
