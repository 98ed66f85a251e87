//! Scans objects with known ids again.
//!
//! A resumed run knows the objects that contained credentials, but does not store credentials. The
//! caller attributes the findings.

use gix::ObjectId;

use super::error::Error;
use super::history::HistoryOptions;
use super::modules;
use super::objects::{Objects, on_threads};
use super::open;
use crate::coverage::Ledger;
use crate::finding::Candidate;
use crate::scan::Detector;
use crate::source::container::Scanner;

/// The candidates of each object, by its id in hex; missing objects are left out.
///
/// # Errors
/// If there is no repository any more, or it can't be opened.
pub fn scan<D: Detector>(
    options: &HistoryOptions,
    ids: &[&str],
    detector: &D,
) -> Result<Vec<(String, Vec<Candidate>)>, Error> {
    let repo = open::open(options.repo.as_deref(), &options.environment)?;
    let mut wanted: Vec<ObjectId> =
        ids.iter().filter_map(|id| ObjectId::from_hex(id.as_bytes()).ok()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut found = Vec::new();
    of_one(&repo, options, &mut wanted, detector, &mut found)?;
    for module in modules::below(&repo, &Ledger::new()) {
        if wanted.is_empty() {
            break;
        }
        of_one(&open::open_git_dir(&module.git_dir)?, options, &mut wanted, detector, &mut found)?;
    }
    Ok(found)
}

/// Scans the wanted objects that this repository has; the remaining ones stay in `wanted`.
fn of_one<D: Detector>(
    repo: &gix::Repository,
    options: &HistoryOptions,
    wanted: &mut Vec<ObjectId>,
    detector: &D,
    found: &mut Vec<(String, Vec<Candidate>)>,
) -> Result<(), Error> {
    let objects = Objects::new(repo, &options.environment, &options.database.storage())?;
    let threads = options.database.threads.max(1);
    let unseen = Ledger::new();
    let scanned = on_threads(&objects, threads, wanted, |objects, buffer, id| {
        let read = objects.find(id, buffer).ok().flatten();
        let name = || id.to_hex().to_string().into_bytes();
        let database = &options.database;
        let mut scanner = Scanner::new(detector, &database.containers, &unseen, &database.stop);
        read.map(|_| scanner.bytes(&name, buffer).candidates)
    });
    let mut missing = Vec::new();
    for (id, candidates) in std::mem::take(wanted).into_iter().zip(scanned) {
        match candidates {
            Some(candidates) => found.push((id.to_string(), candidates)),
            None => missing.push(id),
        }
    }
    *wanted = missing;
    Ok(())
}
