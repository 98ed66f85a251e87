//! Reads files from BASE of a range: settings from before the tested change apply.

use gix::ObjectId;
use gix::objs::Kind;

use super::error::Error;
use super::objects::Objects;
use super::range::{self, RangeOptions};
use super::{open, parse};

/// Limit of nested tags: a forged tag may name itself.
const LONGEST: usize = 32;

/// The files of one BASE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// Contents of the requested files, in order; `None` for one that is missing or not a regular
    /// file.
    Files(Vec<Option<Vec<u8>>>),
    /// An object is missing or damaged, so the files are unknown.
    Unreadable(String),
}

/// Reads files in the root tree of every BASE, each BASE once.
///
/// A range has one BASE; a hook has one for each ref that existed before. A new ref has none.
///
/// # Errors
/// If there is no repository, or the input names a missing object.
pub fn files(options: &RangeOptions, names: &[&str]) -> Result<Vec<Base>, Error> {
    let repo = open::open(options.repo.as_deref(), &options.environment)?;
    let environment = options.environment.of(&repo, options.repo.is_some());
    let objects = Objects::new(&repo, &environment, &options.database.storage())?.checked();
    let bases = range::bases(&repo, &objects, &options.input)?;
    Ok(bases.into_iter().map(|base| of_base(&objects, base, names)).collect())
}

fn of_base(objects: &Objects, base: ObjectId, names: &[&str]) -> Base {
    let mut buffer = Vec::new();
    let mut id = base;
    for _ in 0..LONGEST {
        let kind = objects.find(&id, &mut buffer);
        // A tag names a commit, a commit its tree.
        let next = match kind {
            Ok(Some(Kind::Tag)) => parse::tag_target(&buffer),
            Ok(Some(Kind::Commit)) => parse::commit(&buffer).map(|commit| commit.tree),
            Ok(Some(Kind::Tree)) => return of_tree(objects, &buffer, names),
            _ => None,
        };
        match next {
            Some(next) => id = next,
            None => break,
        }
    }
    Base::Unreadable(id.to_string())
}

fn of_tree(objects: &Objects, tree: &[u8], names: &[&str]) -> Base {
    let mut buffer = Vec::new();
    let mut files = Vec::new();
    for name in names {
        let entries = gix::objs::TreeRefIter::from_bytes(tree, objects.hash());
        // A malformed entry names no file; the comparison of the tree reports it.
        let entry = entries.flatten().find(|entry| entry.filename == name.as_bytes());
        let blob = entry.filter(|entry| entry.mode.is_blob()).map(|entry| entry.oid.to_owned());
        files.push(match blob.map(|blob| (blob, objects.find(&blob, &mut buffer))) {
            None => None,
            Some((_, Ok(Some(Kind::Blob)))) => Some(buffer.clone()),
            Some((blob, _)) => return Base::Unreadable(blob.to_string()),
        });
    }
    Base::Files(files)
}
