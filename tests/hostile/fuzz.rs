//! The bodies of the fuzz targets with every stored input: a fault that fuzzing found once stays
//! fixed, and the inputs have the form that the bodies read.

use std::path::{Path, PathBuf};

use crate::fuzz_bodies::BODIES;
use crate::support::Project;

fn inputs(folder: &str, target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder).join(target);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

#[test]
fn every_input_that_is_kept_passes() {
    for (target, body) in BODIES {
        let kept = inputs("corpus", target);
        assert!(!kept.is_empty(), "{target} has no corpus");
        for path in kept.into_iter().chain(inputs("regressions", target)) {
            // A test that fails shows which input did.
            println!("{}", path.display());
            body(&std::fs::read(path).expect("an input"));
        }
    }
}

#[test]
fn every_target_has_a_body() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/Cargo.toml");
    let text = std::fs::read_to_string(manifest).expect("the targets");
    let names: Vec<&str> = text
        .split("[[bin]]\nname = \"")
        .skip(1)
        .filter_map(|part| part.split('"').next())
        .collect();
    assert_eq!(names, BODIES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

#[test]
fn no_input_that_is_kept_looks_like_a_key() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let project = Project::new();
    let arguments = ["scan", "--no-ignore", "--min-confidence", "low", "--fail-on", "note"];
    let ran =
        project.keysweep(arguments.map(Into::into).into_iter().chain([fuzz.into_os_string()]));
    ran.run().exits(0);
}
