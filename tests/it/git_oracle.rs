//! The contract's definitions of attribution, computed the slow way: git prints every commit,
//! every tree and every blob, and nothing is remembered between them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::git_support::{Outcome, Repo};

/// A place of a credential as the contract defines it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) commit: String,
    pub(crate) reachable: bool,
    pub(crate) at_head: bool,
    pub(crate) removed_in: Option<String>,
    pub(crate) refs: Vec<String>,
}

struct Commit {
    parents: Vec<String>,
    time: i64,
    files: BTreeMap<String, String>,
}

/// All of a repository, by git's own words.
pub(crate) struct Oracle {
    commits: BTreeMap<String, Commit>,
    blobs: BTreeMap<String, Vec<u8>>,
    refs: BTreeMap<String, String>,
    head: Option<String>,
    /// The HEADs of all worktrees.
    heads: Vec<String>,
}

impl Oracle {
    /// Reads the repository at `folder` with `repo`'s git.
    pub(crate) fn of(repo: &Repo, folder: &Path) -> Self {
        let git = |arguments: &[&str]| repo.git_in(folder, arguments);
        let list =
            git(&["cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)"]);
        let (mut commits, mut blobs) = (BTreeMap::new(), BTreeMap::new());
        for line in list.lines() {
            match line.split_once(' ') {
                Some(("commit", id)) => {
                    commits.insert(id.to_owned(), commit(&git, id));
                }
                Some(("blob", id)) => {
                    blobs.insert(id.to_owned(), git(&["cat-file", "blob", id]).into_bytes());
                }
                _ => {}
            }
        }
        let mut refs = BTreeMap::new();
        for line in
            git(&["for-each-ref", "--format=%(objectname) %(*objectname) %(refname)"]).lines()
        {
            let fields: Vec<&str> = line.split(' ').collect();
            let id = if fields[1].is_empty() { fields[0] } else { fields[1] };
            refs.insert(fields[2].to_owned(), id.to_owned());
        }
        let head = Some(git(&["rev-parse", "-q", "--verify", "HEAD"]));
        let worktrees = git(&["worktree", "list", "--porcelain"]);
        let heads = worktrees.lines().filter_map(|line| line.strip_prefix("HEAD "));
        let heads = heads.map(str::to_owned).collect();
        Self { commits, blobs, refs, head, heads }
    }

    /// The places of the credential that `holds` sees in a blob.
    pub(crate) fn places(&self, holds: impl Fn(&[u8]) -> bool) -> Vec<Place> {
        let holding: BTreeSet<&String> =
            self.blobs.iter().filter(|(_, bytes)| holds(bytes)).map(|(id, _)| id).collect();
        let mut paths = BTreeSet::new();
        for commit in self.commits.values() {
            paths.extend(
                commit
                    .files
                    .iter()
                    .filter(|(_, blob)| holding.contains(blob))
                    .map(|(path, _)| path),
            );
        }
        paths.into_iter().filter_map(|path| self.place(path, &holding)).collect()
    }

    fn place(&self, path: &String, holding: &BTreeSet<&String>) -> Option<Place> {
        let holds = |id: &String| {
            self.commits.get(id).is_some_and(|commit| {
                commit.files.get(path).is_some_and(|blob| holding.contains(blob))
            })
        };
        let order = |id: &String| (self.generation(id), self.commits[id].time, id.clone());
        let introducing = self
            .commits
            .iter()
            .filter(|(id, commit)| holds(id) && !commit.parents.iter().any(holds))
            .map(|(id, _)| order(id))
            .min()?;
        let of_head =
            self.head.iter().flat_map(|head| self.ancestors(head)).collect::<BTreeSet<_>>();
        let removed_in = of_head
            .iter()
            .filter(|id| !holds(id) && self.commits[*id].parents.iter().any(holds))
            .map(order)
            .max()
            .map(|order| order.2);
        let named = |name: &String| !name.ends_with("HEAD");
        let refs: Vec<String> = self
            .refs
            .iter()
            .filter(|(name, id)| named(name) && holds(id))
            .map(|(name, _)| name.clone())
            .collect();
        let reachable =
            self.refs.values().chain(&self.heads).any(|tip| self.ancestors(tip).iter().any(holds));
        Some(Place {
            path: path.clone(),
            commit: introducing.2,
            reachable,
            at_head: self.head.as_ref().is_some_and(holds),
            removed_in,
            refs,
        })
    }

    fn generation(&self, id: &str) -> usize {
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        let mut stack = vec![id];
        while let Some(&id) = stack.last() {
            let parents = &self.commits[id].parents;
            match parents.iter().find(|parent| !known.contains_key(parent.as_str())) {
                Some(parent) => stack.push(parent),
                None => {
                    let highest = parents.iter().map(|parent| known[parent.as_str()]).max();
                    known.insert(id, highest.unwrap_or(0) + 1);
                    stack.pop();
                }
            }
        }
        known[id]
    }

    fn ancestors(&self, tip: &str) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut stack = vec![tip.to_owned()];
        while let Some(id) = stack.pop() {
            if let Some(commit) = self.commits.get(&id)
                && seen.insert(id)
            {
                stack.extend(commit.parents.iter().cloned());
            }
        }
        seen
    }
}

fn commit(git: &dyn Fn(&[&str]) -> String, id: &str) -> Commit {
    let text = git(&["cat-file", "commit", id]);
    let headers: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).collect();
    let parents = headers.iter().filter_map(|line| line.strip_prefix("parent ")).map(str::to_owned);
    let time = headers
        .iter()
        .find_map(|line| line.strip_prefix("committer "))
        .and_then(|person| person.rsplit(' ').nth(1)?.parse().ok())
        .expect("a date");
    let files = git(&["ls-tree", "-r", "-z", id])
        .split('\0')
        .filter_map(|entry| entry.split_once('\t'))
        .filter(|(about, _)| about.split(' ').nth(1) == Some("blob"))
        .map(|(about, path)| {
            (path.to_owned(), about.rsplit(' ').next().unwrap_or_default().to_owned())
        })
        .collect();
    Commit { parents: parents.collect(), time, files }
}

/// The places of an id or a secret that a scan found in blobs of commits.
pub(crate) fn found(outcome: &Outcome, text: &str, prefix: &str) -> Vec<Place> {
    let mut places: Vec<Place> = outcome
        .of_text(text)
        .into_iter()
        .filter(|(_, git)| git.object == keysweep::finding::GitObject::Blob)
        .filter_map(|(path, git)| {
            Some(Place {
                path: path?.strip_prefix(prefix)?.to_owned(),
                commit: git.commit.clone()?,
                reachable: git.reachable,
                at_head: git.at_head,
                removed_in: git.removed_in.clone(),
                refs: git.refs.iter().filter(|name| !name.ends_with("HEAD")).cloned().collect(),
            })
        })
        .collect();
    places.sort();
    places.dedup();
    places
}
