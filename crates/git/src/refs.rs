//! The refs of a repository with the objects that they lead to.
//!
//! Loose refs are read here: `gix` would read a file of any size whole, and skips links without an
//! error.

use std::collections::BTreeMap;
use std::path::Path;

use gix::ObjectId;
use gix::bstr::BStr;
use gix::refs::FullNameRef;

use super::preflight::SHORT;
use super::reflogs::files_below;
use keysweep_base::record::Record;

/// Folders below `refs` that are private to each worktree (gitrepository-layout(5), `worktrees`).
pub const PRIVATE: [&str; 3] = ["bisect", "rewritten", "worktree"];

/// Limit of symbolic refs that are followed.
const LONGEST: usize = 32;

/// The content of a ref's file.
enum Target {
    Object(ObjectId),
    /// Another ref.
    Name(Vec<u8>),
}

type Refs = BTreeMap<Vec<u8>, Target>;

/// All refs sorted by name, with symbolic refs resolved. A symbolic ref to a branch that does not
/// exist yet is left out. A ref that can't be read is a problem in the ledger.
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

/// Reads the loose refs below `folder`; they override packed ones.
fn loose(folder: &Path, is_shared: bool, refs: &mut Refs, ledger: &dyn Record) {
    files_below(folder, b"refs/", SHORT, ledger, &mut |name, path, bytes| {
        let kind = name.split(|&byte| byte == b'/').nth(1).unwrap_or_default();
        let is_private = PRIVATE.iter().any(|private| private.as_bytes() == kind);
        // Git ignores other names, such as its own locks and files of file managers.
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
