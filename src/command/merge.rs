//! `keysweep merge`: from arguments to partials, and from a target to the name of its report.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use keysweep_base::paths::canonical;
use sha2::{Digest as _, Sha256};

use crate::run::merge::PartialFile;
use crate::run::partial::{BEGINNING, beginning};
use crate::secret::hex;
use crate::text::escape_path;

/// The ending of a partial's name, by which an empty one in a folder is known.
const ENDING: &str = "partial";
/// Longest name of a report, in bytes; file systems have 255.
const LONGEST: usize = 200;

/// The reason why there is nothing to merge.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An argument can't be read.
    #[error("{path}: {source}")]
    Read {
        /// The path, for display.
        path: String,
        /// The error.
        source: io::Error,
    },
    /// A folder without partials.
    #[error("{0}: no partial is in it; `keysweep sweep --partial FILE` writes one")]
    None(String),
    /// Another kind of file.
    #[error("{0} is not a partial; `keysweep sweep --partial FILE` writes one")]
    Foreign(String),
}

/// The partials that the arguments name, each once, sorted by path.
///
/// A folder names all partials in it, at any depth, without following links. Other files in it
/// are ignored, so partials may be in a folder with reports.
///
/// # Errors
///
/// If an argument can't be read or has no partial.
pub fn files(given: &[PathBuf]) -> Result<Vec<PartialFile>, Error> {
    let mut paths = Vec::new();
    for path in given {
        let failed = |source| Error::Read { path: shown(path), source };
        if path.metadata().map_err(failed)?.is_dir() {
            let before = paths.len();
            below(path, &mut paths)?;
            if paths.len() == before {
                return Err(Error::None(shown(path)));
            }
        } else if is_partial(path).map_err(failed)? {
            paths.push(path.clone());
        } else {
            return Err(Error::Foreign(shown(path)));
        }
    }
    // The same file may have two names.
    paths.sort_by_key(|path| canonical(path));
    paths.dedup_by_key(|path| canonical(path));
    Ok(paths.into_iter().map(|path| PartialFile { name: shown(&path), path }).collect())
}

fn below(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), Error> {
    let failed = |source| Error::Read { path: shown(folder), source };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
        if kind.is_dir() {
            below(&path, paths)?;
        } else if kind.is_file() {
            let failed = |source| Error::Read { path: shown(&path), source };
            let has_ending = path.extension().is_some_and(|ending| ending == ENDING);
            let is_empty = || entry.metadata().map(|found| found.len() == 0);
            // Other empty files are not partials.
            let is_one = is_partial(&path).map_err(failed)?
                && (has_ending || !is_empty().map_err(failed)?);
            if is_one {
                paths.push(path);
            }
        }
    }
    Ok(())
}

/// True if a file begins like a partial; an empty one may be one that was truncated.
fn is_partial(path: &Path) -> io::Result<bool> {
    if !path.metadata()?.is_file() {
        // A named pipe may have no writer, and a device no end.
        return Ok(false);
    }
    Ok(BEGINNING.starts_with(&beginning(File::open(path)?)?))
}

fn shown(path: &Path) -> String {
    escape_path(path.as_os_str().as_encoded_bytes())
}

/// The file name of a target's report, which no other target has: `/` is `%2F`.
pub fn report_name(target: &str, ending: &str) -> String {
    let mut name = String::new();
    for (at, letter) in target.chars().enumerate() {
        match letter {
            '%' => name.push_str("%25"),
            '/' => name.push_str("%2F"),
            '\\' => name.push_str("%5C"),
            ':' => name.push_str("%3A"),
            // No report is hidden, and none is called `..`.
            '.' if at == 0 => name.push_str("%2E"),
            letter => name.push(letter),
        }
    }
    if name.len() > LONGEST {
        let digest = hex(&Sha256::digest(target)[..8]);
        let mut end = LONGEST;
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        name = format!("{}-{digest}", &name[..end]);
    }
    format!("{name}.{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_name_of_its_own_in_the_folder() {
        for (target, name) in [
            ("api", "api.json"),
            ("team/api", "team%2Fapi.json"),
            ("team%2Fapi", "team%252Fapi.json"),
            (".", "%2E.json"),
            ("..", "%2E..json"),
            (".config/x", "%2Econfig%2Fx.json"),
            ("a\\xff", "a%5Cxff.json"),
        ] {
            assert_eq!(report_name(target, "json"), name);
        }
        let long = |last: char| report_name(&format!("{}{last}", "é".repeat(300)), "json");
        assert!(long('a').len() < 255 && long('a') != long('b'));
    }
}
