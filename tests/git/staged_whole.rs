//! Files named to `staged` without a staged change are read like any other source: in windows,
//! within the limits of the run, and until the run is stopped.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};

use crate::support::{Keys, Project};

/// A repository with a tracked file of `size`, most of it a hole, with a leak at its end.
fn with_large_file(name: &str, size: u64) -> (Project, String) {
    let (project, pair) = (Project::new(), Keys::new(name).pair());
    project.file("big.bin", "small\n");
    project.git(&["init", "-q", "-b", "main"]).git(&["add", "-A"]).git(&["commit", "-qm", "one"]);
    let mut file = File::create(project.at("big.bin")).expect("a file");
    file.set_len(size).expect("a hole");
    file.seek(SeekFrom::Start(size)).expect("its end");
    writeln!(file, "\n{}", pair.env).expect("written");
    (project, pair.id)
}

#[test]
#[cfg(target_os = "linux")]
fn a_large_file_fits_into_little_memory() {
    let (project, id) = with_large_file("large", 200 << 20);
    let args = ["staged", ".", "big.bin", "--max-memory", "64M", "--format", "json"];
    let reported = project.keysweep(args).run().exits(1);
    assert!(reported.stdout.contains(&id), "{}", reported.stdout);
    assert_eq!(reported.problems(), Vec::<String>::new());
}

#[test]
fn a_limit_of_time_ends_it_in_the_middle() {
    let (project, _) = with_large_file("endless", 4 << 30);
    let args = ["staged", ".", "big.bin", "--timeout", "300ms", "--format", "json"];
    let reported = project.keysweep(args).run().exits(3);
    let bytes = reported.json()["coverage"]["bytes"].as_u64().expect("a count");
    assert!(bytes < 4 << 30, "{bytes} bytes were read");
    assert!(reported.problems()[0].starts_with("time "), "{:?}", reported.problems());
}
