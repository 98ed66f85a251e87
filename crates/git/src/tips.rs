//! The starting points of history: refs, HEADs of all worktrees, reflogs and stashes.

use gix::ObjectId;
use gix::objs::Kind;

use super::objects::{Objects, on_threads};
use super::parse;
use super::preflight::SHORT;
use super::reflogs::{self, Reflog};
use super::refs::{self, PRIVATE};
use keysweep_base::record::Record;

/// Limit of nested tags that are followed; git itself needs one level.
const LONGEST_CHAIN: usize = 32;

/// A ref and the object that it leads to.
#[derive(Clone, Debug)]
pub struct Ref {
    /// Full name; `worktrees/side/HEAD` for HEAD of a linked worktree.
    pub name: Vec<u8>,
    /// The annotated tags on the way, outermost first.
    pub tags: Vec<ObjectId>,
    /// The object at the end of the chain.
    pub object: ObjectId,
    /// The kind of that object.
    pub kind: Kind,
}

impl Ref {
    /// True if it is `refs/stash`, the newest stash.
    pub fn is_stash(&self) -> bool {
        self.name == b"refs/stash"
    }

    /// The name for a report.
    pub fn shown(&self) -> String {
        keysweep_base::text::escape_path(&self.name)
    }
}

/// All starting points.
pub struct Tips {
    /// Sorted by name, including detached HEADs.
    pub refs: Vec<Ref>,
    /// The commit of this worktree's HEAD, if there is one.
    pub head: Option<ObjectId>,
    /// Commits in reflogs other than that of `refs/stash`.
    pub reflogs: Vec<ObjectId>,
    /// Commits in the reflog of `refs/stash`.
    pub stashes: Vec<ObjectId>,
}

/// Reads all starting points. A ref with a missing object is a problem. A reflog entry with a
/// missing commit is not, since git expires entries one by one.
pub fn read(
    repo: &gix::Repository,
    objects: &Objects,
    logs: &[Reflog],
    threads: usize,
    ledger: &dyn Record,
) -> Tips {
    let mut targets = refs::targets(repo, ledger);
    if let Err(error) = repo.head() {
        ledger.problem("ref", b"HEAD", &format!("it can't be read: {error}"));
    }
    let head = head_of(repo, repo.git_dir()).filter(|id| objects.kind(id) == Some(Kind::Commit));
    targets.extend(detached_heads(repo, head, ledger));
    targets.sort();
    targets.dedup();
    let refs = on_threads(objects, threads, &targets, |objects, buffer, (name, id)| {
        // Repositories of large projects have a ref for each proposed change. Refs other than tags need
        // not be read here: the pass over all objects reports a damaged one.
        let kind = if objects.is_checked() { None } else { objects.kind(id) };
        match kind.filter(|kind| *kind != Kind::Tag) {
            Some(kind) => Some(Ref { name: name.clone(), tags: Vec::new(), object: *id, kind }),
            None => peel(objects, buffer, name, *id, ledger),
        }
    });
    let here = |id: &ObjectId, buffer: &mut Vec<u8>| {
        !id.is_null() && matches!(objects.find(id, buffer), Ok(Some(Kind::Commit)))
    };
    let mut buffer = Vec::new();
    let (mut reflogs, mut stashes) = (Vec::new(), Vec::new());
    for log in logs {
        let held = if log.is_stash() { &mut stashes } else { &mut reflogs };
        held.extend(log.ids().flat_map(|(old, new)| [old, new]));
    }
    for held in [&mut reflogs, &mut stashes] {
        held.sort_unstable();
        held.dedup();
        held.retain(|id| here(id, &mut buffer));
    }
    Tips { refs: refs.into_iter().flatten().collect(), head, reflogs, stashes }
}

/// Follows tags to the object that they name.
pub fn peel(
    objects: &Objects,
    buffer: &mut Vec<u8>,
    name: &[u8],
    id: ObjectId,
    ledger: &dyn Record,
) -> Option<Ref> {
    let mut tags = Vec::new();
    let mut object = id;
    for _ in 0..LONGEST_CHAIN {
        let kind = match objects.find(&object, buffer) {
            Ok(Some(kind)) => kind,
            Ok(None) => {
                let why = format!("its object {object} is missing: fetch it, or delete the ref");
                ledger.problem("ref", name, &why);
                return None;
            }
            Err(error) => {
                ledger.problem("ref", name, &format!("its object {object} is damaged: {error}"));
                return None;
            }
        };
        if kind != Kind::Tag {
            return Some(Ref { name: name.to_owned(), tags, object, kind });
        }
        tags.push(object);
        let Some(target) = parse::tag_target(buffer) else { break };
        object = target;
    }
    ledger.problem("ref", name, &format!("its tag {object} can't be followed"));
    None
}

/// HEADs that are not on a branch, and the private refs of other worktrees.
fn detached_heads(
    repo: &gix::Repository,
    head: Option<ObjectId>,
    ledger: &dyn Record,
) -> Vec<(Vec<u8>, ObjectId)> {
    let mut found = Vec::new();
    if let (Some(id), Ok(None)) = (head, repo.head_name()) {
        found.push((b"HEAD".to_vec(), id));
    }
    let mut private = |prefix: &[u8], folder: &std::path::Path| {
        reflogs::files_below(folder, prefix, SHORT, ledger, &mut |name, _, bytes| {
            if let Ok(id) = ObjectId::from_hex(bytes.trim_ascii()) {
                found.push((name, id));
            }
        });
    };
    let mut heads = Vec::new();
    if repo.git_dir() != repo.common_dir() {
        heads.push((b"main-worktree/".to_vec(), repo.common_dir().to_owned()));
        for kind in PRIVATE {
            let prefix = [b"main-worktree/refs/", kind.as_bytes(), b"/"].concat();
            private(&prefix, &repo.common_dir().join("refs").join(kind));
        }
    }
    for (name, folder) in reflogs::worktrees(repo, ledger) {
        // The private refs of this worktree are already in its list of refs.
        if !same_folder(&folder, repo.git_dir()) {
            let prefix = [b"worktrees/", name.as_slice(), b"/"].concat();
            private(&[prefix.as_slice(), b"refs/"].concat(), &folder.join("refs"));
            heads.push((prefix, folder));
        }
    }
    for (prefix, folder) in heads {
        let path = folder.join("HEAD");
        let bytes = std::fs::read(&path).unwrap_or_else(|error| {
            if error.kind() != std::io::ErrorKind::NotFound {
                ledger.problem("ref", path.as_os_str().as_encoded_bytes(), &error);
            }
            Vec::new()
        });
        if let Ok(id) = ObjectId::from_hex(bytes.trim_ascii()) {
            found.push(([prefix.as_slice(), b"HEAD"].concat(), id));
        }
    }
    found
}

fn same_folder(one: &std::path::Path, other: &std::path::Path) -> bool {
    // Two folders that do not exist are not the same.
    let canonical = |path: &std::path::Path| path.canonicalize().ok();
    canonical(one).is_some_and(|one| Some(one) == canonical(other))
}

/// The commit of HEAD in a git folder; `None` on a branch without commits, and if HEAD can't be
/// read: then nothing counts as old, and reading all refs reports the reason.
pub fn head_of(repo: &gix::Repository, folder: &std::path::Path) -> Option<ObjectId> {
    let bytes = std::fs::read(folder.join("HEAD")).ok()?;
    match bytes.trim_ascii().strip_prefix(b"ref: ") {
        Some(name) => {
            let name: &gix::refs::FullNameRef =
                gix::bstr::BStr::new(name.trim_ascii()).try_into().ok()?;
            let mut found = repo.refs.try_find(name).ok()??;
            for _ in 0..LONGEST_CHAIN {
                match found.target {
                    gix::refs::Target::Object(id) => return Some(id),
                    gix::refs::Target::Symbolic(name) => {
                        found = repo.refs.try_find(name.as_ref()).ok()??;
                    }
                }
            }
            None
        }
        None => ObjectId::from_hex(bytes.trim_ascii()).ok(),
    }
}
