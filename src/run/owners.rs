//! The code owners of the findings.
//!
//! The file is read only if something was found. A scan of files reads that of the work tree,
//! all others that of HEAD.

use std::sync::OnceLock;

use super::Source;
use super::target::Target;
use crate::codeowners::{self, CodeOwners};
use crate::coverage::Ledger;
use crate::finding::{GitObject, Origin};
use crate::provenance::Provenance;
use crate::source::{files, git};

/// The path of the file.
#[derive(Clone, Debug)]
enum FileLocation {
    Nowhere,
    WorkTree(std::path::PathBuf),
    Head(Box<git::history::HistoryOptions>),
}

/// The owners of paths, read when they are asked for.
#[derive(Debug)]
pub(super) struct Owners {
    place: FileLocation,
    read: OnceLock<Option<CodeOwners>>,
}

impl Owners {
    /// The owners of the repository to which all sources belong.
    pub(super) fn of_sources(sources: &[Source]) -> Self {
        Self::at(match sources {
            [Source::Files(options)] | [Source::Files(options), Source::History(_)] => {
                files::work_tree(options).map_or(FileLocation::Nowhere, FileLocation::WorkTree)
            }
            [Source::History(options)] => FileLocation::Head(Box::new(options.clone())),
            [Source::Staged(options)] => {
                head(&options.repo, &options.environment, &options.database)
            }
            [Source::Range(options)] => {
                head(&options.repo, &options.environment, &options.database)
            }
            _ => FileLocation::Nowhere,
        })
    }

    /// The owners of a target of a sweep.
    pub(super) fn of_target(target: &Target) -> Self {
        Self::at(match &target.history {
            Some(history) => FileLocation::Head(Box::new(history.clone())),
            // A linked worktree, whose history is scanned with another target.
            None if git::open::is_repository(&target.place) => head(
                &Some(target.place.clone()),
                &git::open::Environment::default(),
                &git::database::DatabaseOptions::default(),
            ),
            None => FileLocation::Nowhere,
        })
    }

    fn at(place: FileLocation) -> Self {
        Self { place, read: OnceLock::new() }
    }

    /// Adds the owners of the path, if it is one of the repository.
    pub(super) fn add(&self, origin: &mut Origin, ledger: &Ledger) {
        let is_file = origin.git.as_ref().is_none_or(|git| git.object == GitObject::Blob);
        let Some(path) = origin.path.as_ref().filter(|_| is_file) else { return };
        if path.starts_with(b".git/") {
            return;
        }
        if let Some(owners) = self.read.get_or_init(|| read(&self.place, ledger)) {
            origin.owners = owners.owners(path);
        }
    }
}

fn head(
    repo: &Option<std::path::PathBuf>,
    environment: &git::open::Environment,
    database: &git::database::DatabaseOptions,
) -> FileLocation {
    FileLocation::Head(Box::new(git::history::HistoryOptions {
        repo: repo.clone(),
        environment: environment.clone(),
        database: database.clone(),
        ..Default::default()
    }))
}

fn read(place: &FileLocation, ledger: &Ledger) -> Option<CodeOwners> {
    let none = git::open::Environment::default();
    let (provenance, found) = match place {
        FileLocation::Nowhere => return None,
        FileLocation::WorkTree(folder) => {
            let provenance = git::provenance::of_repository(Some(folder), &none);
            let places = places(&provenance);
            (provenance, files::first_below(folder, places, codeowners::LARGEST, ledger))
        }
        FileLocation::Head(options) => {
            let repo = options.repo.as_deref();
            let provenance = git::provenance::of_repository(repo, &options.environment);
            let places = places(&provenance);
            let found = git::head::first(repo, &options.environment, &options.database, places);
            (provenance, found.map(|file| (file.path, file.content)))
        }
    };
    let (name, content) = found?;
    if content.len() > codeowners::LARGEST {
        ledger.note(format!("{name} has more than 3 MiB: nobody is named as a code owner"));
        return None;
    }
    let remote = provenance.as_ref().and_then(Provenance::remote);
    Some(CodeOwners::read(&name, remote, &content))
}

fn places(provenance: &Option<Provenance>) -> Vec<String> {
    codeowners::places(provenance.as_ref().and_then(Provenance::remote))
}
