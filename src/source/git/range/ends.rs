//! The two ends of each range, from the command line or a hook's input.

use gix::ObjectId;
use gix::objs::Kind;

use super::super::error::Error;
use super::super::objects::Objects;
use super::super::preflight;
use super::super::provenance;
use super::super::refs;
use super::super::tips::{self, Ref};
use crate::coverage::Ledger;

/// One range: the commits that `tip` reaches and `hidden` does not.
#[derive(Clone, Debug)]
pub(super) struct Update {
    /// The new end; its name is that of the ref, or empty.
    pub(super) tip: Ref,
    /// Objects whose history is already known.
    pub(super) hidden: Vec<ObjectId>,
}

/// Parses `BASE..HEAD`. A BASE of zeros is a new ref, whose history is all new: the other refs of a
/// checkout may have come with the same push, so they do not show what existed before.
pub(super) fn between(
    repo: &gix::Repository,
    objects: &Objects,
    range: &str,
    ledger: &Ledger,
) -> Result<Vec<Update>, Error> {
    let (base, head) = sides(range)?;
    if is_zeros(head) {
        ledger.note("HEAD is all zeros: the ref was deleted, so nothing was added");
        return Ok(Vec::new());
    }
    let new = resolve(repo, objects, head)?;
    let tip = peel(objects, b"", new, head, ledger)?;
    let hidden = if is_zeros(base) {
        ledger.note(format!(
            "BASE is all zeros, a new ref: all commits that {head} reaches are \
             scanned"
        ));
        Vec::new()
    } else {
        vec![resolve(repo, objects, base)?]
    };
    Ok(vec![Update { tip, hidden }])
}

/// BASE and HEAD of a range. An empty side is an error: it comes from an unset variable of a
/// script, and taking HEAD instead would scan nothing.
pub(super) fn sides(range: &str) -> Result<(&str, &str), Error> {
    let text = || crate::text::escape_line(range);
    let (base, head) = range.split_once("..").ok_or_else(|| Error::NotARange { text: text() })?;
    if head.starts_with('.') {
        return Err(Error::NotARange { text: text() });
    }
    let empty = |side: &str| side.trim().is_empty();
    match (empty(base), empty(head)) {
        (true, _) => Err(Error::EmptySide { side: "BASE", text: text() }),
        (false, true) => Err(Error::EmptySide { side: "HEAD", text: text() }),
        (false, false) => Ok((base, head)),
    }
}

/// A ref that no remote has yet: everything that a remote has is known.
pub(super) fn of_new(
    repo: &gix::Repository,
    objects: &Objects,
    name: &str,
    remote: Option<&[u8]>,
    ledger: &Ledger,
) -> Result<Vec<Update>, Error> {
    let new = resolve(repo, objects, name)?;
    let tip = peel(objects, name.as_bytes(), new, name, ledger)?;
    Ok(vec![Update { tip, hidden: of_remotes(repo, remote, ledger) }])
}

/// The targets of the remote-tracking refs of `remote`, or of all remotes.
fn of_remotes(repo: &gix::Repository, remote: Option<&[u8]>, ledger: &Ledger) -> Vec<ObjectId> {
    let mut prefix = b"refs/remotes/".to_vec();
    if let Some(remote) = remote {
        prefix.extend_from_slice(remote);
        prefix.push(b'/');
    }
    let refs = refs::targets(repo, ledger).into_iter();
    refs.filter(|(name, _)| name.starts_with(&prefix)).map(|(_, id)| id).collect()
}

/// BASE of `BASE..HEAD`; `None` if it is all zeros.
pub(super) fn base(
    repo: &gix::Repository,
    objects: &Objects,
    range: &str,
) -> Result<Option<ObjectId>, Error> {
    let (base, _) = sides(range)?;
    if is_zeros(base) { Ok(None) } else { resolve(repo, objects, base).map(Some) }
}

/// The old ids in a hook's input, each once; deleted refs are skipped.
pub(super) fn bases_of_hook(objects: &Objects, input: &[u8]) -> Result<Vec<ObjectId>, Error> {
    let lines = lines(input, objects.hash())?;
    let kept = lines.iter().filter(|line| !line.new.is_null() && !line.old.is_null());
    let mut bases: Vec<ObjectId> = kept.map(|line| line.old).collect();
    bases.sort_unstable();
    bases.dedup();
    Ok(bases)
}

/// Parses the input of a pre-receive hook (old, new, ref) or a pre-push hook (local ref and id,
/// remote ref and id); deletions are skipped.
pub(super) fn of_hook(
    repo: &gix::Repository,
    objects: &Objects,
    input: &[u8],
    remote: Option<&[u8]>,
    ledger: &Ledger,
) -> Result<Vec<Update>, Error> {
    let lines = lines(input, objects.hash())?;
    let names: Vec<&[u8]> = lines.iter().map(|line| line.name).collect();
    let mut known: Option<Vec<ObjectId>> = None;
    let mut updates = Vec::new();
    for line in lines.iter().filter(|line| !line.new.is_null()) {
        let shown = line.new.to_string();
        let tip = peel(objects, line.name, line.new, &shown, ledger)?;
        let hidden = if line.old.is_null() {
            if known.is_none() {
                let mut others: Vec<ObjectId> = if line.push {
                    of_remotes(repo, remote, ledger)
                } else {
                    let refs = refs::targets(repo, ledger).into_iter();
                    refs.filter(|(name, _)| !names.contains(&name.as_slice()))
                        .map(|(_, id)| id)
                        .collect()
                };
                // The old ids of the same push existed before it.
                others.extend(lines.iter().map(|line| line.old).filter(|old| !old.is_null()));
                known = Some(others);
            }
            known.clone().unwrap_or_default()
        } else {
            vec![present(objects, line.old)?]
        };
        updates.push(Update { tip, hidden });
    }
    Ok(updates)
}

/// The commit at the end of a range, and the branch that names it.
pub(super) fn name(
    repo: &gix::Repository,
    objects: &Objects,
    head: &str,
) -> Option<(Option<String>, Option<String>)> {
    let revision = commit(objects, resolve(repo, objects, head).ok()?);
    let branch = match head {
        "HEAD" => provenance::branch_of_head(repo),
        name => {
            repo.find_reference(name).ok().and_then(|it| provenance::branch(it.name().as_bstr()))
        }
    };
    Some((revision, branch))
}

/// Commit and branch of a push of one ref.
pub(super) fn only_update(
    objects: &Objects,
    input: &[u8],
) -> Option<(Option<String>, Option<String>)> {
    let lines = lines(input, objects.hash()).ok()?;
    let mut updates = lines.iter().filter(|line| !line.new.is_null());
    Some(match (updates.next(), updates.next()) {
        (Some(line), None) => (commit(objects, line.new), provenance::branch(line.name)),
        _ => (None, None),
    })
}

fn commit(objects: &Objects, id: ObjectId) -> Option<String> {
    let peeled = tips::peel(objects, &mut Vec::new(), b"", id, &Ledger::new())?;
    (peeled.kind == Kind::Commit).then(|| peeled.object.to_string())
}

/// A line of a hook's input.
struct Line<'a> {
    old: ObjectId,
    new: ObjectId,
    /// The ref on the receiving side.
    name: &'a [u8],
    push: bool,
}

fn lines(input: &[u8], hash: gix::hash::Kind) -> Result<Vec<Line<'_>>, Error> {
    let mut lines = Vec::new();
    for (index, text) in input.split(|&byte| byte == b'\n').enumerate() {
        let fields: Vec<&[u8]> =
            text.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty()).collect();
        let id = |field: &[u8]| match ObjectId::from_hex(field) {
            Ok(id) if id.kind() == hash => Ok(id),
            _ => {
                let field = crate::text::escape_path(field);
                Err(Error::NotAnId { line: index + 1, field })
            }
        };
        match fields.as_slice() {
            [] => {}
            [old, new, name] => {
                lines.push(Line { old: id(old)?, new: id(new)?, name, push: false });
            }
            [_, new, name, old] => {
                lines.push(Line { old: id(old)?, new: id(new)?, name, push: true });
            }
            other => return Err(Error::NotAHook { line: index + 1, fields: other.len() }),
        }
    }
    Ok(lines)
}

fn is_zeros(name: &str) -> bool {
    name.len() >= 40 && name.bytes().all(|byte| byte == b'0')
}

fn resolve(repo: &gix::Repository, objects: &Objects, name: &str) -> Result<ObjectId, Error> {
    if let Ok(id) = ObjectId::from_hex(name.as_bytes()) {
        return present(objects, id);
    }
    preflight::check_stores(&repo.common_dir().join("objects"))?;
    preflight::check_revision(repo, name)?;
    objects.attach_to(repo).rev_parse_single(name).map(gix::Id::detach).map_err(|_| {
        let name = crate::text::escape_line(name);
        if objects.is_whole() {
            return Error::UnknownRevision { name };
        }
        let why = format!(
            "{name:?} can't be looked up, because alternates can't be read: use full commit ids"
        );
        Error::Open { path: repo.git_dir().to_owned(), why }
    })
}

fn present(objects: &Objects, id: ObjectId) -> Result<ObjectId, Error> {
    match objects.kind(&id) {
        Some(_) => Ok(id),
        None => Err(Error::UnknownRevision { name: id.to_string() }),
    }
}

fn peel(
    objects: &Objects,
    name: &[u8],
    id: ObjectId,
    shown: &str,
    ledger: &Ledger,
) -> Result<Ref, Error> {
    tips::peel(objects, &mut Vec::new(), name, id, ledger)
        .ok_or_else(|| Error::UnknownRevision { name: crate::text::escape_line(shown) })
}
