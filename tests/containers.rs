//! Keys in archives, documents and other containers.

use crate::support::Project;

mod binary_strings;
mod bombs;
mod columnar;
mod compound;
pub(crate) mod damage;
mod embedded;
pub(crate) mod forms;
mod parquet;
mod pdf;
mod pdf_filters;
mod sevenz;
mod streams;

/// Scans a container that holds a pair, which is found at `inside` (as in JSON) without a problem. One
/// that is truncated to any length of `cuts` is reported or has nothing to report, and never stops the
/// program.
#[track_caller]
fn holds_a_pair(name: &str, bytes: &[u8], inside: &str, cuts: &[usize]) {
    let project = Project::new();
    project.file(name, bytes);
    let ran = project.keysweep(["scan", "--format", "json"]).run().exits(1);
    let report = ran.json();
    let finding = &report["findings"][0];
    assert_eq!(finding["rule"], "aws-access-key", "{name}: {finding}");
    let places = finding["occurrences"].to_string();
    assert!(places.contains(inside), "{name}: {places}");
    assert_eq!(ran.problems(), Vec::<String>::new(), "{name}");
    for &cut in cuts {
        project.file(name, &bytes[..cut]);
        let code = project.keysweep(["scan"]).run().code;
        assert!(matches!(code, Some(0 | 1 | 3)), "{name} cut at {cut}: {code:?}");
    }
}
