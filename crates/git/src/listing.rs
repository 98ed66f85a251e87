//! Lists folders of a repository; every error is recorded.

use std::fs::DirEntry;
use std::io;
use std::path::Path;

use super::preflight;
use keysweep_base::record::Record;

/// The entries of a folder, in no order; none if the folder does not exist. An entry that can't be
/// listed is a problem in the ledger: an object that is not listed is not scanned.
pub fn entries(folder: &Path, ledger: &dyn Record) -> Vec<DirEntry> {
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

/// The entries of a folder in the git folder `git`. If it is a link that may not be followed, there are
/// none, and the ledger says so.
pub fn entries_of_git(git: &Path, folder: &Path, ledger: &dyn Record) -> Vec<DirEntry> {
    if let Err(malformed) = preflight::check_link(git, folder.strip_prefix(git).unwrap_or(folder)) {
        ledger.problem("folder", folder.as_os_str().as_encoded_bytes(), &malformed.advice());
        return Vec::new();
    }
    entries(folder, ledger)
}

/// The entries before and after an error.
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
    use std::sync::Mutex;

    use super::*;

    /// The problems that were recorded.
    #[derive(Default)]
    struct Problems(Mutex<Vec<String>>);

    impl Problems {
        fn count(&self) -> usize {
            self.0.lock().expect("no panic").len()
        }
    }

    impl Record for Problems {
        fn problem(&self, what: &str, _: &[u8], _: &dyn std::fmt::Display) {
            self.0.lock().expect("no panic").push(what.to_owned());
        }

        fn quoted(&self, what: &str, text: &[u8], why: &dyn std::fmt::Display) {
            self.problem(what, text, why);
        }

        fn note(&self, _: String) {}

        fn scanned(&self, _: &str, _: &[u8]) {}
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_reported_and_the_others_are_there() {
        let ledger = Problems::default();
        let problem = |error: &io::Error| ledger.problem("folder", b"objects/pack", error);
        let failed = || Err(io::Error::from(io::ErrorKind::InvalidData));
        let entries = vec![Ok(1), failed(), Ok(2)];
        assert_eq!(listed(entries.into_iter(), &problem), [1, 2]);
        assert_eq!(ledger.count(), 1);
    }

    #[test]
    fn a_folder_that_is_missing_is_empty_and_one_that_is_none_is_reported() {
        let ledger = Problems::default();
        let place = tempfile::tempdir().expect("a folder");
        assert!(entries(&place.path().join("missing"), &ledger).is_empty());
        assert_eq!(ledger.count(), 0);
        let file = place.path().join("file");
        std::fs::write(&file, "").expect("a file");
        assert!(entries(&file, &ledger).is_empty());
        assert_eq!(ledger.count(), 1);
    }
}
