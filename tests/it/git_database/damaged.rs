//! The pass over a git database whose files are not as they were written.

use std::fs;

use gix::ObjectId;

use super::scripted::Scripted;
use super::witness::{oracle, pass};

#[test]
fn a_damaged_byte_costs_one_object_and_is_told() {
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
        let right = outcome.seen.iter().filter(|(id, seen)| expected.get(*id) == Some(seen));
        let problems = &outcome.coverage.problems;
        let told = |id: &ObjectId| {
            let id = id.to_string();
            problems.iter().any(|one| one.path == id)
        };
        let right: Vec<_> = right.map(|(id, _)| id).collect();
        let untold = expected.keys().filter(|id| !right.contains(id) && !told(id)).count();
        assert_eq!(untold, 0, "byte {at}: {problems:?}");
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
    assert!(problems.iter().any(|one| one.what == "pack" && one.why.contains("it is cut")));
}

#[test]
fn a_second_copy_stands_in_for_a_damaged_one() {
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
