//! Files as BASE of a range has them: what was there before the change under test decides.

use gix::ObjectId;
use gix::objs::Kind;

use super::error::Error;
use super::objects::Objects;
use super::range::{self, RangeOptions};
use super::{open, parse};

/// Tags of tags are followed this far: one that was forged may name itself.
const LONGEST: usize = 32;

/// What one BASE holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// Contents of the files that were asked for, in their order; `None` for one that is not
    /// there, or is no regular file.
    Files(Vec<Option<Vec<u8>>>),
    /// An object of it is not here, or damaged: what it would say is not known.
    Unreadable(String),
}

/// Reads files at the root of the tree of every BASE, each BASE once.
///
/// A range has one; a hook has one for each ref that existed before. A new ref has none.
///
/// # Errors
/// If there is no repository, or the input names what is not here.
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
        // A tag leads to a commit, a commit to its tree.
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
        // A malformed entry names no file; whoever compares the tree tells it.
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
