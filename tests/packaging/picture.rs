//! The picture in the README is a run of this program.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_picture_shows_what_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a folder");
    let drawn = folder.path().join("keysweep.svg");
    let output = Command::new("python3")
        .arg(root.join(".ci/picture"))
        .arg(env!("CARGO_BIN_EXE_keysweep"))
        .arg(&drawn)
        .output()
        .expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (new, old) =
        (fs::read_to_string(drawn), fs::read_to_string(root.join("docs/keysweep.svg")));
    assert!(
        new.expect("a picture") == old.expect("a picture"),
        "docs/keysweep.svg shows another output: look at it, then run `python3 .ci/picture`"
    );
}
