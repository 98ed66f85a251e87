//! The pass over a git database whose files were changed.

use std::collections::BTreeMap;
use std::fs;

use gix::ObjectId;
use gix::objs::Kind;

use super::scripted::Scripted;
use super::witness::{Outcome, oracle, pass};

#[test]
fn a_damaged_byte_costs_one_object_and_is_reported() {
    let repo = Scripted::new(80);
    repo.git(&["repack", "-q", "-adf"]);
    let expected = oracle(&repo.git_dir());
    let path = repo.pack("pack");
    let intact = fs::read(&path).expect("a pack");
    for at in (100..intact.len() - 100).step_by(intact.len() / 40) {
        let mut bytes = intact.clone();
        bytes[at] ^= 0x55;
        fs::write(&path, &bytes).expect("our own file");
        let outcome = pass(&repo.git_dir(), 2);
        is_found_or_reported(&outcome, &expected, at);
    }
}

fn is_found_or_reported(
    outcome: &Outcome,
    expected: &BTreeMap<ObjectId, (Kind, String)>,
    at: usize,
) {
    let right = |id: &ObjectId| outcome.seen.get(id) == expected.get(id);
    let problems = &outcome.coverage.problems;
    let reported = |id: &ObjectId| {
        let id = id.to_string();
        problems.iter().any(|one| one.path == id)
    };
    let unreported = expected.keys().filter(|id| !right(id) && !reported(id)).count();
    assert_eq!(unreported, 0, "byte {at}: {problems:?}");
}

#[test]
fn deltas_of_an_unreadable_base_are_reported() {
    let repo = Scripted::new(80);
    repo.git(&["repack", "-q", "-adf"]);
    let expected = oracle(&repo.git_dir());
    let index = repo.pack("idx");
    let list = repo.git(&["verify-pack", "-v", &index.to_string_lossy()]);
    let list = String::from_utf8(list).expect("text");
    // Id, kind, size, size in the pack, offset, depth, base.
    let deltas: Vec<Vec<&str>> = list
        .lines()
        .map(|line| line.split(' ').filter(|word| !word.is_empty()).collect())
        .collect();
    let is_base = |id: &str| deltas.iter().any(|fields| fields.get(6) == Some(&id));
    let inner = deltas.iter().filter(|fields| fields.len() == 7 && is_base(fields[0]));
    let offsets: Vec<usize> = inner.map(|fields| fields[4].parse().expect("an offset")).collect();
    assert!(!offsets.is_empty(), "no delta of a delta in {list}");
    let path = repo.pack("pack");
    let intact = fs::read(&path).expect("a pack");
    for at in offsets.iter().copied().take(10) {
        let mut bytes = intact.clone();
        bytes[at + 3..at + 9].fill(0xff);
        fs::write(&path, &bytes).expect("our own file");
        is_found_or_reported(&pass(&repo.git_dir(), 2), &expected, at);
    }
}

#[test]
fn a_cut_pack_is_read_up_to_the_cut() {
    let repo = Scripted::new(80);
    repo.git(&["repack", "-q", "-adf"]);
    let expected = oracle(&repo.git_dir());
    let path = repo.pack("pack");
    let bytes = fs::read(&path).expect("a pack");
    fs::write(&path, &bytes[..bytes.len() * 2 / 3]).expect("our own file");
    let outcome = pass(&repo.git_dir(), 2);
    let right = outcome.seen.iter().filter(|(id, seen)| expected.get(*id) == Some(seen)).count();
    assert!(right > expected.len() / 4, "{right} of {}", expected.len());
    let problems = outcome.coverage.problems;
    assert!(problems.iter().any(|one| one.what == "pack" && one.why.contains("it is truncated")));
}

#[test]
fn a_second_copy_replaces_a_damaged_one() {
    let repo = Scripted::new(80);
    repo.git(&["repack", "-q", "-adf"]);
    let expected = oracle(&repo.git_dir());
    let path = repo.pack("pack");
    let intact = fs::read(&path).expect("a pack");
    let copy = path.with_file_name("pack-ffffffffffffffffffffffffffffffffffffffff.pack");
    fs::copy(&path, &copy).expect("our own folder");
    fs::copy(path.with_extension("idx"), copy.with_extension("idx")).expect("our own folder");
    let mut bytes = intact.clone();
    for at in (1000..intact.len() - 100).step_by(997) {
        bytes[at] ^= 0x55;
    }
    fs::write(&path, &bytes).expect("our own file");
    assert!(pass(&repo.git_dir(), 2).seen == expected);
}
