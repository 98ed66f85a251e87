//! The estimated cost of a target, from sizes that the file system says. Nothing is read.
//!
//! The unit is a byte of a pack. Such a byte inflates to about 18 bytes that are scanned, so a byte
//! of a file counts as a sixteenth. In addition, each target costs a quarter of a megabyte.

use std::fs;
use std::path::{Path, PathBuf};

use super::plan::{Kind, Planned};
use keysweep_git::alternates;

/// The cost of a target with nothing in it.
const EACH: u64 = 256 << 10;
/// Bytes of files that cost as much as a byte of a pack.
const FILE: u64 = 16;

/// Sets the weight of a target that the search found. `alternates` says if they are read.
pub(super) fn set_weight(planned: &mut Planned, alternates: bool) {
    let objects = planned.objects.as_deref().map_or(0, |folder| objects(folder, alternates));
    let place = &planned.place;
    let apart = || planned.apart.iter().map(|inner| place.join(inner)).collect::<Vec<PathBuf>>();
    let files = match planned.kind {
        Kind::Missing => return,
        // Everything else in a bare repository is small.
        Kind::Repository if planned.bare => 0,
        Kind::File => place.metadata().map_or(0, |found| found.len()),
        Kind::Repository | Kind::Rest => files(place, &apart()),
    };
    planned.weight = EACH + objects + files / FILE;
}

/// The bytes of packs and of loose objects, alternates included.
fn objects(folder: &Path, follow: bool) -> u64 {
    // The scan reports what can't be followed.
    let folders = alternates::folders(folder, follow, &());
    folders.iter().map(|folder| packs(&folder.join("pack")) + loose(folder)).sum()
}

fn packs(folder: &Path) -> u64 {
    let is_pack = |path: &Path| path.extension().is_some_and(|ending| ending == "pack");
    entries(folder).filter(|entry| is_pack(&entry.path())).map(|entry| size(&entry)).sum()
}

/// Loose objects are in folders named by two hexadecimal digits.
fn loose(folder: &Path) -> u64 {
    let is_fan = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        name.len() == 2 && name.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit)
    };
    let folders = entries(folder).filter(is_fan);
    folders.flat_map(|fan| entries(&fan.path())).map(|entry| size(&entry)).sum()
}

/// The bytes of files at and below a folder, without git's own and other targets.
fn files(top: &Path, apart: &[PathBuf]) -> u64 {
    let mut waiting = vec![top.to_owned()];
    let mut bytes = 0;
    while let Some(folder) = waiting.pop() {
        for entry in entries(&folder) {
            let path = entry.path();
            if entry.file_name() == ".git" || apart.binary_search(&path).is_ok() {
                continue;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => waiting.push(path),
                Ok(kind) if kind.is_file() => bytes += size(&entry),
                // The scan reports what can't be read.
                Ok(_) | Err(_) => {}
            }
        }
    }
    bytes
}

/// The entries of a folder. This is an estimate: the scan reports a folder that can't be listed.
fn entries(folder: &Path) -> impl Iterator<Item = fs::DirEntry> + use<> {
    fs::read_dir(folder).into_iter().flatten().flatten()
}

fn size(entry: &fs::DirEntry) -> u64 {
    entry.metadata().map_or(0, |found| found.len())
}
