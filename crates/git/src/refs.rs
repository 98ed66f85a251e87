//! The refs of a repository with the objects that they lead to.
//!
//! Takes a repository, gives refs by name. Loose ones are read here: `gix` would read a file of any
//! size whole, and passes over a link without a word. Which refs a walk begins with is not known
//! here.

use std::collections::BTreeMap;
use std::path::Path;

use gix::ObjectId;
use gix::bstr::BStr;
use gix::refs::FullNameRef;

use super::preflight::SHORT;
use super::reflogs::files_below;
use keysweep_base::record::Record;

/// Folders below `refs` that each worktree has for itself (gitrepository-layout(5), `worktrees`).
pub const PRIVATE: [&str; 3] = ["bisect", "rewritten", "worktree"];

/// Refs that name refs are followed this far.
const LONGEST: usize = 32;

/// What a ref's file says.
enum Target {
    Object(ObjectId),
    /// Another ref.
    Name(Vec<u8>),
}

type Refs = BTreeMap<Vec<u8>, Target>;

/// All refs in order of their names, symbolic ones resolved; one may lead to a branch that does not
/// exist yet, and is left out. What can't be read is a problem of the ledger.
pub fn targets(repo: &gix::Repository, ledger: &dyn Record) -> Vec<(Vec<u8>, ObjectId)> {
    let mut refs = Refs::new();
    packed(repo, &mut refs, ledger);
    let is_linked = repo.git_dir() != repo.common_dir();
    loose(&repo.common_dir().join("refs"), is_linked, &mut refs, ledger);
    if is_linked {
        loose(&repo.git_dir().join("refs"), false, &mut refs, ledger);
    }
    refs.keys().filter_map(|name| Some((name.clone(), resolve(&refs, name)?))).collect()
}

fn resolve(refs: &Refs, name: &[u8]) -> Option<ObjectId> {
    let mut target = refs.get(name)?;
    for _ in 0..LONGEST {
        match target {
            Target::Object(id) => return Some(*id),
            Target::Name(name) => target = refs.get(name)?,
        }
    }
    None
}

/// The refs in `packed-refs`.
fn packed(repo: &gix::Repository, refs: &mut Refs, ledger: &dyn Record) {
    let path = repo.refs.packed_refs_path();
    let problem = |error: &dyn std::fmt::Display| {
        let why = format!("a ref can't be read: {error}; `git for-each-ref` names it");
        ledger.problem("ref", path.as_os_str().as_encoded_bytes(), &why);
    };
    let buffer = match repo.refs.cached_packed_buffer() {
        Ok(Some(buffer)) => buffer,
        Ok(None) => return,
        Err(error) => return problem(&error),
    };
    match buffer.iter() {
        Ok(all) => {
            for reference in all {
                match reference {
                    Ok(one) => {
                        refs.insert(one.name.as_bstr().to_vec(), Target::Object(one.target()));
                    }
                    Err(error) => problem(&error),
                }
            }
        }
        Err(error) => problem(&error),
    }
}

/// The refs that are files below `folder`; they take the place of packed ones.
fn loose(folder: &Path, is_shared: bool, refs: &mut Refs, ledger: &dyn Record) {
    files_below(folder, b"refs/", SHORT, ledger, &mut |name, path, bytes| {
        let kind = name.split(|&byte| byte == b'/').nth(1).unwrap_or_default();
        let is_private = PRIVATE.iter().any(|private| private.as_bytes() == kind);
        // Git passes over other names: its own locks, what a file manager left.
        let is_name = <&FullNameRef>::try_from(BStr::new(&name)).is_ok();
        if !is_name || (is_shared && is_private) {
            return;
        }
        match target(&bytes) {
            Some(target) => {
                refs.insert(name, target);
            }
            None => {
                let why = "it holds neither an object's id nor a ref's name: \
                           `git for-each-ref` shows what git makes of it";
                ledger.problem("ref", path.as_os_str().as_encoded_bytes(), &why);
            }
        }
    });
}

fn target(bytes: &[u8]) -> Option<Target> {
    if let Some(name) = bytes.strip_prefix(b"ref:") {
        return Some(Target::Name(name.trim_ascii().to_vec()));
    }
    let id = bytes.split(u8::is_ascii_whitespace).next()?;
    ObjectId::from_hex(id).ok().map(Target::Object)
}
