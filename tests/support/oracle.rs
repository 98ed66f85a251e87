//! The contract's definitions of attribution, computed the slow way: git prints every commit,
//! every tree and every blob, and nothing is remembered between them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use keysweep::finding::{GitObject, Person};

use crate::support::git::{Outcome, Repo};

/// A place of a credential as the contract defines it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) commit: String,
    pub(crate) reachable: bool,
    pub(crate) held_by: Vec<String>,
    pub(crate) at_head: bool,
    pub(crate) removed_in: Option<String>,
    pub(crate) refs: Vec<String>,
    /// Author and committer as `name <email> date`, by the mailmap.
    pub(crate) people: [String; 2],
}

struct Commit {
    parents: Vec<String>,
    time: i64,
    files: BTreeMap<String, String>,
    people: [String; 2],
}

/// An index: paths and blobs; and the commit of its HEAD.
struct Index {
    entries: Vec<(String, String)>,
    head: Option<String>,
}

/// All of a repository, by git's own words.
pub(crate) struct Oracle {
    commits: BTreeMap<String, Commit>,
    blobs: BTreeMap<String, Vec<u8>>,
    refs: BTreeMap<String, String>,
    head: Option<String>,
    indexes: Vec<Index>,
    reflogs: BTreeSet<String>,
    stashes: BTreeSet<String>,
}

impl Oracle {
    /// Reads the repository at `folder` with `repo`'s git.
    pub(crate) fn of(repo: &Repo, folder: &Path) -> Self {
        let git = |arguments: &[&str]| repo.git_in(folder, arguments);
        let Objects { commits, trees, blobs } = Objects::of(repo, folder);
        let mut commits = read_commits(&git, &commits, &trees);
        let common = folder.join(git(&["rev-parse", "--git-common-dir"]));
        for cut in std::fs::read_to_string(common.join("shallow")).unwrap_or_default().lines() {
            commits.get_mut(cut).expect("the boundary is here").parents.clear();
        }
        let names = git(&["for-each-ref", "--format=%(refname)"]);
        let peeled: Vec<String> = names.lines().map(|name| format!("{name}^{{}}")).collect();
        let arguments = ["rev-parse"].into_iter().chain(peeled.iter().map(String::as_str));
        let ids = git(&arguments.collect::<Vec<_>>());
        let mut refs: BTreeMap<String, String> =
            names.lines().zip(ids.lines()).map(|(name, id)| (name.into(), id.into())).collect();
        assert_eq!(refs.len(), peeled.len());
        let head = repo.ask_in(folder, &["rev-parse", "-q", "--verify", "HEAD"]);
        if let Some(head) = &head {
            refs.insert("HEAD".to_owned(), head.clone());
        }
        let mut oracle = Self {
            commits,
            blobs,
            refs,
            head,
            indexes: Vec::new(),
            reflogs: BTreeSet::new(),
            stashes: BTreeSet::new(),
        };
        let own = folder.join(git(&["rev-parse", "--git-dir"]));
        oracle.worktrees(repo, &own, &common);
        oracle
    }

    /// Reads what main and linked worktrees have for themselves.
    fn worktrees(&mut self, repo: &Repo, own: &Path, common: &Path) {
        let mut folders = vec![("main-worktree/".to_owned(), common.to_owned())];
        for (name, folder) in files(&common.join("worktrees"), 1) {
            folders.push((format!("worktrees/{name}/"), folder));
        }
        for (prefix, folder) in folders {
            let dir = format!("--git-dir={}", folder.display());
            let head = repo.ask_in(common, &[&dir, "rev-parse", "-q", "--verify", "HEAD"]);
            let staged = repo.git_in(common, &[&dir, "ls-files", "-s", "-z"]);
            let entries = staged.split('\0').filter_map(|entry| {
                let (about, path) = entry.split_once('\t')?;
                Some((path.to_owned(), about.split(' ').nth(1)?.to_owned()))
            });
            self.indexes.push(Index { entries: entries.collect(), head: head.clone() });
            if canonical(&folder) != canonical(own) {
                self.refs.extend(head.map(|head| (format!("{prefix}HEAD"), head)));
                let private = |name: &str| {
                    ["bisect", "worktree"].contains(&name.split('/').next().unwrap_or_default())
                };
                for (name, file) in files(&folder.join("refs"), usize::MAX) {
                    let id = std::fs::read_to_string(file).expect("a ref");
                    if private(&name) {
                        self.refs.insert(format!("{prefix}refs/{name}"), id.trim().to_owned());
                    }
                }
            }
            for (name, file) in files(&folder.join("logs"), usize::MAX) {
                let log = std::fs::read(file).expect("a log");
                let log = String::from_utf8_lossy(&log);
                let ids = log.lines().flat_map(|line| line.split(' ').take(2)).map(str::to_owned);
                let stash = name == "refs/stash";
                if stash { &mut self.stashes } else { &mut self.reflogs }.extend(ids);
            }
        }
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
        let reaches = |tip: &String| self.ancestors(tip).iter().any(holds);
        let is_stash = |name: &String| name == "refs/stash";
        let held_by = [
            ("ref", self.refs.iter().any(|(name, tip)| !is_stash(name) && reaches(tip))),
            ("reflog", self.reflogs.iter().any(reaches)),
            ("stash", self.stashes.iter().chain(self.refs.get("refs/stash")).any(reaches)),
            ("index", self.indexes.iter().any(|index| index.adds(path, holding, &holds))),
        ];
        Some(Place {
            path: path.clone(),
            reachable: self.refs.values().any(reaches),
            held_by: held_by.iter().filter(|(_, is)| *is).map(|(by, _)| (*by).to_owned()).collect(),
            at_head: self.head.as_ref().is_some_and(holds),
            removed_in,
            refs,
            people: self.commits[&introducing.2].people.clone(),
            commit: introducing.2,
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

impl Index {
    /// True if it holds at `path` a blob that its HEAD does not.
    fn adds(
        &self,
        path: &String,
        holding: &BTreeSet<&String>,
        holds: &dyn Fn(&String) -> bool,
    ) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|(at, blob)| at == path && holding.contains(blob))
            && !self.head.as_ref().is_some_and(holds)
    }
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().expect("it is there")
}

/// Files below a folder, or what it holds itself if `depth` is 1, by their names below it.
fn files(folder: &Path, depth: usize) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        if path.is_dir() && depth > 1 {
            let below = files(&path, depth - 1).into_iter();
            found.extend(below.map(|(inner, path)| (format!("{name}/{inner}"), path)));
        } else {
            found.push((name, path));
        }
    }
    found
}

/// All objects but tags, as one run of git prints them.
#[derive(Default)]
struct Objects {
    commits: BTreeMap<String, Vec<u8>>,
    trees: BTreeMap<String, Vec<u8>>,
    blobs: BTreeMap<String, Vec<u8>>,
}

impl Objects {
    fn of(repo: &Repo, folder: &Path) -> Self {
        let printed = repo.bytes_in(folder, &["cat-file", "--batch-all-objects", "--batch"]);
        let (mut objects, mut rest) = (Self::default(), printed.as_slice());
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let line = String::from_utf8_lossy(&rest[..end]).into_owned();
            let words: Vec<&str> = line.split(' ').collect();
            let [id, kind, len] = words[..] else { panic!("git prints {line}") };
            let body = end + 1..end + 1 + len.parse::<usize>().expect("a length");
            let of_kind = match kind {
                "commit" => Some(&mut objects.commits),
                "tree" => Some(&mut objects.trees),
                "blob" => Some(&mut objects.blobs),
                _ => None,
            };
            of_kind.map(|map| map.insert(id.to_owned(), rest[body.clone()].to_vec()));
            rest = &rest[body.end + 1..];
        }
        objects
    }
}

/// The blobs below a tree by their paths.
fn list(
    trees: &BTreeMap<String, Vec<u8>>,
    id: &str,
    above: &str,
    files: &mut BTreeMap<String, String>,
) {
    let mut rest = trees[id].as_slice();
    while !rest.is_empty() {
        let space = rest.iter().position(|&byte| byte == b' ').expect("a mode");
        let end = rest.iter().position(|&byte| byte == 0).expect("a name");
        let (mode, name) = (&rest[..space], String::from_utf8_lossy(&rest[space + 1..end]));
        let path = format!("{above}{name}");
        // As long as the name of the tree itself.
        let hash = &rest[end + 1..end + 1 + id.len() / 2];
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        rest = &rest[end + 1 + id.len() / 2..];
        match mode {
            b"40000" => list(trees, &hash, &format!("{path}/"), files),
            b"160000" => {}
            _ => drop(files.insert(path, hash)),
        }
    }
}

fn read_commits(
    git: &dyn Fn(&[&str]) -> String,
    commits: &BTreeMap<String, Vec<u8>>,
    trees: &BTreeMap<String, Vec<u8>>,
) -> BTreeMap<String, Commit> {
    if commits.is_empty() {
        return BTreeMap::new();
    }
    let format = "--format=%x01%H%x00%aN <%aE> %aI%x00%cN <%cE> %cI";
    let show = ["-c", "mailmap.blob=HEAD:.mailmap", "show", "-s", format];
    let arguments = show.into_iter().chain(commits.keys().map(String::as_str));
    let printed = git(&arguments.collect::<Vec<_>>());
    let people = printed.split('\u{1}').filter_map(|line| {
        let (id, people) = line.trim_end().split_once('\0')?;
        let (author, committer) = people.split_once('\0')?;
        Some((id, [author.to_owned(), committer.to_owned()]))
    });
    let people: BTreeMap<&str, [String; 2]> = people.collect();
    let read = |(id, text): (&String, &Vec<u8>)| {
        let text = String::from_utf8_lossy(text);
        (id.clone(), commit(&text, trees, people[id.as_str()].clone()))
    };
    commits.iter().map(read).collect()
}

fn commit(text: &str, trees: &BTreeMap<String, Vec<u8>>, people: [String; 2]) -> Commit {
    let headers: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).collect();
    let parents = headers.iter().filter_map(|line| line.strip_prefix("parent ")).map(str::to_owned);
    let time = headers
        .iter()
        .find_map(|line| line.strip_prefix("committer "))
        .and_then(|person| person.rsplit(' ').nth(1)?.parse().ok())
        .expect("a date");
    let tree = headers[0].strip_prefix("tree ").expect("a tree");
    let mut files = BTreeMap::new();
    list(trees, tree, "", &mut files);
    Commit { parents: parents.collect(), time, files, people }
}

/// The places of an id or a secret that a scan found in blobs of commits.
pub(crate) fn found(outcome: &Outcome, text: &str) -> Vec<Place> {
    let person = |person: &Option<Person>| {
        let person = person.as_ref().expect("a commit has one");
        format!("{} <{}> {}", person.name, person.email, person.date)
    };
    let mut places: Vec<Place> = outcome
        .of_text(text)
        .into_iter()
        .filter(|(_, git)| git.object == GitObject::Blob)
        .filter_map(|(path, git)| {
            Some(Place {
                path: path?,
                commit: git.commit.clone()?,
                reachable: git.reachable,
                held_by: git.held_by.iter().map(|by| format!("{by:?}").to_lowercase()).collect(),
                at_head: git.at_head,
                removed_in: git.removed_in.clone(),
                refs: git.refs.iter().filter(|name| !name.ends_with("HEAD")).cloned().collect(),
                people: [person(&git.author), person(&git.committer)],
            })
        })
        .collect();
    places.sort();
    places.dedup();
    places
}
