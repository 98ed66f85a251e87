//! Repositories whose files or objects were written by hand.
//!
//! Nothing in them makes a scan panic, or hides the key in the intact object next to them without a report.

use gix::ObjectId;
use gix::objs::Kind;
use keysweep::source::git::{database, history, range, staged};

use super::detection::ENGINE;
use super::feed::Feed;
use super::pieces::expand;
use super::repository::{Repository, commit_of, id_of, planted, reported};

/// Files of a git folder that say what there is and how to read it.
const PLACES: [&str; 26] = [
    "config",
    "HEAD",
    "packed-refs",
    "index",
    "logs/HEAD",
    "logs/refs/stash",
    "objects/info/alternates",
    "shallow",
    "refs/heads/main",
    "refs/heads/side",
    "refs/tags/t",
    "refs/stash",
    "refs/replace/x",
    "worktrees/w/HEAD",
    "worktrees/w/gitdir",
    "worktrees/w/commondir",
    "worktrees/w/logs/HEAD",
    "modules/m/config",
    "modules/m/HEAD",
    "commondir",
    "config.worktree",
    "MERGE_HEAD",
    "info/grafts",
    "objects/info/commit-graph",
    "objects/info/http-alternates",
    "objects/pack/x.promisor",
];

/// Files of a git folder.
pub fn places(data: &[u8]) {
    let mut feed = Feed::new(data);
    let repository = Repository::new();
    let blob = id_of(Kind::Blob, planted().as_bytes());
    let tree = id_of(Kind::Tree, &[b"100644 planted\0", blob.as_slice()].concat());
    let commit = id_of(Kind::Commit, commit_of(tree, &[]).as_bytes());
    let names = Names(vec![commit, tree, blob, ObjectId::null(gix::hash::Kind::Sha1)]);
    while !feed.is_empty() {
        let place = PLACES[usize::from(feed.byte()) % PLACES.len()];
        let content = feed.long_run();
        let is_text = place != "index" && !place.ends_with("graph");
        let content = if is_text { names.fill(&expand(content)) } else { content.to_vec() };
        // A place may stand where a folder does.
        let path = repository.at(place);
        if path.parent().is_some_and(|folder| std::fs::create_dir_all(folder).is_ok()) {
            let _ = std::fs::write(path, content);
        }
    }
    if let Ok(reported) = repository.scan()
        && reported.coverage.problems.is_empty()
    {
        reported.holds_planted();
    }
    let options = staged::StagedOptions {
        repo: Some(repository.root().to_owned()),
        ..staged::StagedOptions::default()
    };
    let _ = reported(|ledger, hits| staged::scan(&options, &*ENGINE, ledger, hits));
}

const CONNECTIVITY: u8 = 1;
const HOOK: u8 = 2;

/// Commits, trees and tags, and a range of them.
pub fn objects(data: &[u8]) {
    let mut feed = Feed::new(data);
    let flags = feed.byte();
    let hook = if flags & HOOK == 0 { &[] } else { feed.run() };
    let repository = Repository::new();
    let blob = id_of(Kind::Blob, planted().as_bytes());
    let mut names = Names(vec![blob]);
    while !feed.is_empty() && names.0.len() < 8 {
        let kind = [Kind::Commit, Kind::Tree, Kind::Tag, Kind::Blob][usize::from(feed.byte() % 4)];
        let bytes = names.fill(&expand(feed.run()));
        let id = repository.loose(kind, &bytes);
        let number = names.0.len();
        repository.write(&format!("refs/tags/t{number}"), format!("{id}\n").as_bytes());
        names.0.push(id);
    }
    let last = names.0.last().copied().unwrap_or(blob);
    let first = names.0.get(1).copied().unwrap_or(blob);
    repository.write("refs/heads/main", format!("{last}\n").as_bytes());
    let database = database::DatabaseOptions {
        threads: 1,
        connectivity: flags & CONNECTIVITY != 0,
        ..database::DatabaseOptions::default()
    };
    let repo = Some(repository.root().to_owned());
    let options = history::HistoryOptions {
        repo: repo.clone(),
        database: database.clone(),
        ..history::HistoryOptions::default()
    };
    let history = reported(|ledger, hits| history::scan(&options, &*ENGINE, ledger, hits));
    history.unwrap_or_else(|error| panic!("refused: {error}")).holds_planted();
    let input = match flags & HOOK {
        0 => range::Input::Between(format!("{first}..{last}")),
        _ => range::Input::Hook(names.fill(&expand(hook))),
    };
    let options = range::RangeOptions { repo, input, database, ..range::RangeOptions::default() };
    let _ = reported(|ledger, hits| range::scan(&options, &*ENGINE, ledger, hits));
}

/// Ids for which single bytes of an input stand: in hex from 16 on, as they are from 24 on.
struct Names(Vec<ObjectId>);

impl Names {
    fn fill(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            let name = |first: u8| self.0[usize::from(byte - first) % self.0.len()];
            match byte {
                16..24 => out.extend_from_slice(name(16).to_string().as_bytes()),
                24..32 => out.extend_from_slice(name(24).as_slice()),
                _ => out.push(byte),
            }
        }
        out
    }
}
