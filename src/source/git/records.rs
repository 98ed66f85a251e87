//! Scans the texts of a repository outside of its objects: ref names, reflog messages,
//! configuration.
//!
//! Hits have no path, since these texts are not files of the project.

use std::path::PathBuf;

use gix::ObjectId;

use super::reflogs::{self, Reflog};
use super::tips::Tips;
use crate::coverage::{Count, Ledger};
use crate::finding::{GitObject, GitOrigin, HeldBy, Origin};
use crate::scan::{Detected, Detector, Hit};
use crate::source::guard::guarded;

/// Scans all of these texts.
pub(super) fn scan<D: Detector>(
    repo: &gix::Repository,
    tips: &Tips,
    logs: &[Reflog],
    detector: &D,
    ledger: &Ledger,
    hits: &(dyn Fn(Hit) + Sync),
) {
    for tip in &tips.refs {
        for candidate in texts(detector, &tip.name, &tip.name, ledger).candidates {
            let commit = (tip.kind == gix::objs::Kind::Commit).then_some(tip.object);
            let mut git = record(GitObject::Ref, commit);
            git.reachable = true;
            git.held_by = vec![if tip.is_stash() { HeldBy::Stash } else { HeldBy::Ref }];
            git.refs = vec![tip.shown()];
            hits(Hit { origin: Origin { git: Some(git), ..Origin::default() }, candidate });
        }
    }
    for log in logs {
        for candidate in texts(detector, &log.name, &log.bytes, ledger).candidates {
            let line = candidate.sighting.primary().map(|region| region.start.line);
            let commit = line.and_then(|line| log.id_of_line(line)).filter(|id| !id.is_null());
            let mut git = record(GitObject::Reflog, commit);
            git.held_by = vec![if log.is_stash() { HeldBy::Stash } else { HeldBy::Reflog }];
            git.refs = vec![crate::text::escape_path(&log.name)];
            hits(Hit { origin: Origin { git: Some(git), ..Origin::default() }, candidate });
        }
    }
    for (path, bytes) in configurations(repo, ledger) {
        let name = path.as_os_str().as_encoded_bytes();
        for candidate in texts(detector, name, &bytes, ledger).candidates {
            let git = record(GitObject::Config, None);
            hits(Hit { origin: Origin { git: Some(git), ..Origin::default() }, candidate });
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
    let regular =
        |path: &PathBuf| std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file());
    let read = |path: PathBuf| match std::fs::read(&path) {
        Ok(bytes) => Some((path, bytes)),
        Err(error) => {
            ledger.problem("file", path.as_os_str().as_encoded_bytes(), &error);
            None
        }
    };
    paths.into_iter().filter(regular).filter_map(read).collect()
}

fn texts<D: Detector>(
    detector: &D,
    name: &[u8],
    bytes: &[u8],
    ledger: &Ledger,
) -> Detected<D::BaseState> {
    let detected = guarded("text", &|| name.to_owned(), ledger, || detector.whole(bytes));
    let detected = detected.unwrap_or_default();
    ledger.add(Count::Bytes, bytes.len() as u64);
    detected.note(ledger, "object", &|| b"the repository's own records".to_vec());
    detected
}

/// An origin with only the kind of object and the commit that it names.
pub(super) fn record(object: GitObject, commit: Option<ObjectId>) -> GitOrigin {
    GitOrigin {
        commit: commit.map(|commit| commit.to_string()),
        blob: None,
        object,
        author: None,
        committer: None,
        reachable: false,
        held_by: Vec::new(),
        at_head: false,
        removed_in: None,
        removed_by: None,
        refs: Vec::new(),
    }
}
