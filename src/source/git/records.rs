//! Scans the texts of a repository outside of its objects: ref names, reflog messages,
//! configuration.
//!
//! Hits have no path, since these texts are not files of the project.

use std::fmt::Display;
use std::io;
use std::path::PathBuf;

use super::preflight;
use super::reflogs::{self, Reflog};
use super::tips::Tips;
use crate::coverage::Ledger;
use crate::finding::{GitObject, GitOrigin, HeldBy, Origin};
use crate::scan::{Detector, Hit};
use crate::source::guard::whole_text;

/// Scans all of these texts.
pub(super) fn scan<D: Detector>(
    repo: &gix::Repository,
    tips: &Tips,
    logs: &[Reflog],
    detector: &D,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) {
    let found = |name: &[u8], bytes: &[u8]| {
        let name = || name.to_owned();
        whole_text(detector, "text", &name, bytes, "the repository's own records", ledger)
    };
    for tip in &tips.refs {
        for candidate in found(&tip.name, &tip.name) {
            let commit = (tip.kind == gix::objs::Kind::Commit).then_some(tip.object);
            let git = GitOrigin {
                commit: commit.map(|commit| commit.to_string()),
                reachable: true,
                held_by: vec![if tip.is_stash() { HeldBy::Stash } else { HeldBy::Ref }],
                refs: vec![tip.shown()],
                ..GitOrigin::new(GitObject::Ref)
            };
            hits(Hit { origin: Origin::of_git(git), candidate });
        }
    }
    for log in logs {
        for candidate in found(&log.name, &log.bytes) {
            let line = candidate.sighting.primary().map(|region| region.start.line);
            let commit = line.and_then(|line| log.id_of_line(line)).filter(|id| !id.is_null());
            let git = GitOrigin {
                commit: commit.map(|commit| commit.to_string()),
                held_by: vec![if log.is_stash() { HeldBy::Stash } else { HeldBy::Reflog }],
                refs: vec![crate::text::escape_path(&log.name)],
                ..GitOrigin::new(GitObject::Reflog)
            };
            hits(Hit { origin: Origin::of_git(git), candidate });
        }
    }
    for (path, bytes) in configurations(repo, ledger) {
        let name = path.as_os_str().as_encoded_bytes();
        for candidate in found(name, &bytes) {
            let origin = Origin::of_git(GitOrigin::new(GitObject::Config));
            hits(Hit { origin, candidate });
        }
    }
}

/// The configuration of the repository and of its worktrees.
fn configurations(repo: &gix::Repository, ledger: &Ledger) -> Vec<(PathBuf, Vec<u8>)> {
    let common = repo.common_dir();
    let mut paths = vec![common.join("config"), common.join("config.worktree")];
    paths.extend(
        reflogs::worktrees(repo, ledger)
            .into_iter()
            .map(|(_, folder)| folder.join("config.worktree")),
    );
    let read = |path: PathBuf| {
        let problem = |why: &dyn Display| {
            ledger.problem("file", path.as_os_str().as_encoded_bytes(), why);
        };
        let (folder, name) = (path.parent()?, path.file_name()?);
        if let Err(malformed) = preflight::check_link(folder, name) {
            problem(&malformed.advice());
            return None;
        }
        match path.metadata() {
            // The check of the repository reports what is not a file.
            Ok(found) if !found.is_file() => return None,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Ok(_) | Err(_) => {}
        }
        match std::fs::read(&path) {
            Ok(bytes) => Some((path, bytes)),
            Err(error) => {
                problem(&error);
                None
            }
        }
    };
    paths.into_iter().filter_map(read).collect()
}
