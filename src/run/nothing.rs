//! Runs in which no file was scanned, and why.

use std::path::PathBuf;

use super::{Error, LISTED, RunOptions, Source};
use crate::coverage::Coverage;
use crate::text::escape_path;

/// Fails if files were to be scanned and there was none.
pub(super) fn something_scanned(
    sources: &[Source],
    options: &RunOptions,
    coverage: &Coverage,
) -> Result<(), Error> {
    let walks = sources.iter().any(|source| matches!(source, Source::Files(_)));
    if walks && coverage.files == 0 && !options.stop.is_set() {
        return Err(Error::NothingScanned(reasons(given(sources), coverage)));
    }
    Ok(())
}

/// The reasons why no file was scanned, as far as the ledger has any.
pub(super) fn reasons(mut given: Vec<String>, coverage: &Coverage) -> String {
    let left_out = &coverage.left_out;
    let counts = [
        (left_out.ignored, "ignored (--no-ignore scans them)"),
        (left_out.excluded, "excluded by --include or --exclude"),
        (left_out.too_large, "over --max-file-size"),
        (left_out.special, "not regular files"),
        (left_out.links, "links (name one to follow it)"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let mut reasons: Vec<String> = counts.map(|(count, what)| format!("{count} {what}")).collect();
    let problems = coverage.problems.iter().take(3);
    reasons.extend(problems.map(|problem| format!("{}: {}", problem.path, problem.why)));
    if !reasons.is_empty() {
        return reasons.join("; ");
    }
    if given.len() > LISTED {
        let more = given.len() - LISTED;
        given.truncate(LISTED);
        given.push(format!("{more} more"));
    }
    format!("there is none in {}", given.join(", "))
}

/// The paths of `sources`, as the user gave them.
fn given(sources: &[Source]) -> Vec<String> {
    let paths = sources.iter().filter_map(|source| match source {
        Source::Files(options) => Some(&options.paths),
        _ => None,
    });
    let shown = |path: &PathBuf| escape_path(path.as_os_str().as_encoded_bytes());
    paths.flatten().map(shown).collect()
}
