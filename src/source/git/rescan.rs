//! Scans objects with known ids again, and the records of a repository.
//!
//! An earlier report, or the state of a sweep, names the objects that contained credentials, but has
//! no credentials. The caller attributes the findings.

use std::ops::ControlFlow;
use std::path::PathBuf;

use gix::ObjectId;
use gix::objs::Kind;

use super::database::DatabaseOptions;
use super::error::Error;
use super::history::HistoryOptions;
use super::objects::{Objects, on_threads};
use super::open::{self, Environment};
use super::texts::{self, Use};
use super::{git_dir, modules, records, reflogs, tips};
use crate::coverage::{Count, Ledger};
use crate::finding::Candidate;
use crate::scan::{Detector, Hit};
use crate::source::container::Scanner;
use crate::source::pointer;
use keysweep_base::paths::canonical;

/// The candidates of each object, by its id in hex; missing and damaged objects are left out. With
/// `records`, the names of refs, the reflogs and the configuration are scanned as well.
///
/// # Errors
/// If the repository no longer exists, or can't be opened.
pub fn scan<D: Detector>(
    options: &HistoryOptions,
    ids: &[&str],
    records: Option<&(dyn Fn(Hit) + Sync)>,
    detector: &D,
    ledger: &Ledger,
) -> Result<Vec<(String, Vec<Candidate>)>, Error> {
    let mut wanted: Vec<ObjectId> =
        ids.iter().filter_map(|id| ObjectId::from_hex(id.as_bytes()).ok()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut found = Vec::new();
    let database = &options.database;
    let mut work = |repo: &gix::Repository, environment: &Environment| {
        let objects = Objects::new(repo, environment, &database.storage())?;
        of_one(&objects, database, &mut wanted, detector, ledger, &mut found);
        if let Some(hits) = records {
            let logs = reflogs::read(repo, ledger);
            let tips = tips::read(repo, &objects, &logs, database.threads.max(1), ledger);
            records::scan(repo, &tips, &logs, detector, ledger, hits);
        }
        let is_done = wanted.is_empty() && records.is_none();
        Ok::<_, Error>(if is_done { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    let repo = open::open(options.repo.as_deref(), &options.environment)?;
    let environment = options.environment.of(&repo, options.repo.is_some());
    if work(&repo, &environment)?.is_break() {
        return Ok(found);
    }
    for module in modules::below(&repo, &Ledger::new()) {
        // The content of a submodule is missing then, and the caller looks for it everywhere.
        let worked = open::open_git_dir(&module.git_dir)
            .and_then(|module| work(&module, &Environment::default()));
        if worked.is_ok_and(|flow| flow.is_break()) {
            break;
        }
    }
    Ok(found)
}

/// Records the repository whose objects are read. Gives its git folder, and the folder that reports
/// name the files in it from.
///
/// # Errors
/// If the repository no longer exists, or can't be opened.
pub fn place(options: &HistoryOptions, ledger: &Ledger) -> Result<(PathBuf, PathBuf), Error> {
    let repo = open::open(options.repo.as_deref(), &options.environment)?;
    open::note_place(&repo, ledger);
    let common = canonical(repo.common_dir());
    let top = git_dir::top(&common).to_owned();
    Ok((common, top))
}

/// Scans the wanted objects that this repository has; the remaining ones stay in `wanted`.
fn of_one<D: Detector>(
    objects: &Objects,
    options: &DatabaseOptions,
    wanted: &mut Vec<ObjectId>,
    detector: &D,
    ledger: &Ledger,
    found: &mut Vec<(String, Vec<Candidate>)>,
) {
    let scanned = on_threads(objects, options.threads.max(1), wanted, |objects, buffer, id| {
        object(objects, buffer, id, options, detector, ledger)
    });
    let mut missing = Vec::new();
    for (id, candidates) in std::mem::take(wanted).into_iter().zip(scanned) {
        match candidates {
            Some(candidates) => found.push((id.to_string(), candidates)),
            None => missing.push(id),
        }
    }
    *wanted = missing;
}

/// The candidates in an object and, if it is the pointer of a Git LFS object, in that one.
fn object<D: Detector>(
    objects: &Objects,
    buffer: &mut Vec<u8>,
    id: &ObjectId,
    options: &DatabaseOptions,
    detector: &D,
    ledger: &Ledger,
) -> Option<Vec<Candidate>> {
    let stop = &options.stop;
    if stop.is_set() {
        return None;
    }
    let name = || id.to_hex().to_string().into_bytes();
    let mut scanner = Scanner::new(detector, &options.containers, ledger, stop);
    let streamed = objects
        .stream(id, |size, bytes| texts::piecewise(&mut scanner, (id, &name), size, bytes, ledger));
    let (detected, size, pointer) = match streamed {
        // A pointer is small. The buffer has the previous object.
        Some((detected, size)) => (detected, size, None),
        None => match objects.find(id, buffer) {
            Ok(Some(Kind::Tree) | None) | Err(_) => return None,
            Ok(Some(kind)) => {
                ledger.add(Count::Commits, u64::from(kind == Kind::Commit));
                (scanner.bytes(&name, buffer), buffer.len() as u64, pointer::of(buffer))
            }
        },
    };
    ledger.add(Count::Objects, 1);
    ledger.add(Count::Bytes, size);
    detected.note(ledger, "object", &name);
    let mut candidates = detected.candidates;
    if let Some(oid) = pointer {
        candidates.extend(texts::pointed_at(objects, &oid, &mut scanner, Use::Asked(stop), ledger));
    }
    Some(candidates)
}
