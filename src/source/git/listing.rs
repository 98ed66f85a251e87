//! What stands in a folder of git's, without leaving anything out in silence.

use std::fs::DirEntry;
use std::io;
use std::path::Path;

use crate::coverage::Ledger;

/// The entries of a folder, in no order; none if there is no such folder. What can't be listed of
/// it is a problem of the ledger: an object that nobody sees is an object that nobody scans.
pub(super) fn entries(folder: &Path, ledger: &Ledger) -> Vec<DirEntry> {
    let problem = |error: &io::Error| {
        ledger.problem("folder", folder.as_os_str().as_encoded_bytes(), error);
    };
    match std::fs::read_dir(folder) {
        Ok(entries) => listed(entries, &problem),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            problem(&error);
            Vec::new()
        }
    }
}

/// What is listed before and after an error.
fn listed<T>(entries: impl Iterator<Item = io::Result<T>>, problem: &dyn Fn(&io::Error)) -> Vec<T> {
    let mut found = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => found.push(entry),
            Err(error) => problem(&error),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_cannot_be_read_is_told_and_the_others_are_there() {
        let ledger = Ledger::new();
        let problem = |error: &io::Error| ledger.problem("folder", b"objects/pack", error);
        let failed = || Err(io::Error::from(io::ErrorKind::InvalidData));
        let entries = vec![Ok(1), failed(), Ok(2)];
        assert_eq!(listed(entries.into_iter(), &problem), [1, 2]);
        assert_eq!(ledger.coverage().problems.len(), 1);
    }

    #[test]
    fn a_folder_that_is_missing_is_empty_and_one_that_is_none_is_told() {
        let ledger = Ledger::new();
        let place = tempfile::tempdir().expect("a folder");
        assert!(entries(&place.path().join("missing"), &ledger).is_empty());
        assert!(!ledger.has_problems());
        let file = place.path().join("file");
        std::fs::write(&file, "").expect("a file");
        assert!(entries(&file, &ledger).is_empty());
        assert!(ledger.has_problems());
    }
}
