//! The trait for code that sees the objects of a database, packed and loose, one by one.

use std::io::Read;

use gix::hash::oid;
use gix::objs::Kind;

use super::forest::Node;
use super::pack::Pack;
use keysweep_base::copied::Copied;
use keysweep_base::memory::Claim;

/// Receives each object of a pass.
pub trait Visitor: Sync {
    /// State of an object that is kept for the deltas based on it.
    type BaseState: Default + Send + Sync;

    /// True if objects of this kind are shown.
    fn wants(&self, kind: Kind) -> bool;

    /// Receives a whole object. `base` has the kept state of its delta base and the runs copied
    /// from it.
    fn object(
        &self,
        seen: &Seen<'_>,
        base: Option<(&Self::BaseState, &[Copied])>,
        bytes: &[u8],
    ) -> Self::BaseState;

    /// Receives an object as a stream: a loose one, or a packed one that is too large for memory.
    /// Returns true if it could be read to its end.
    ///
    /// By default, an object that fits the memory budget is shown whole, and others are not shown.
    fn stream(&self, seen: &Seen<'_>, bytes: &mut dyn Read, claim: &mut Claim) -> bool {
        let size = seen.object.size;
        if claim.set(size) {
            let mut whole = Vec::new();
            let read = bytes.take(size.saturating_add(1)).read_to_end(&mut whole);
            if read.is_ok() && whole.len() as u64 == size {
                self.object(seen, None, &whole);
            }
        }
        true
    }

    /// Receives the damage of an object; its readable part is shown as well.
    fn damaged(&self, _: &Object<'_>, _: &Damage) {}
}

/// An object in a pack or in a loose file.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    place: ObjectLocation<'a>,
    /// Its size in bytes, as stated in its header; for a delta, the size of the delta.
    pub size: u64,
    /// True if it is requested; other objects are shown because deltas are based on them.
    pub wanted: bool,
    /// True if deltas are based on it.
    pub is_base: bool,
}

#[derive(Clone, Copy)]
enum ObjectLocation<'a> {
    Packed { pack: &'a Pack, number: u32 },
    Loose(&'a oid),
}

impl std::fmt::Debug for ObjectLocation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Packed { number, .. } => write!(f, "packed {number}"),
            Self::Loose(id) => write!(f, "loose {id}"),
        }
    }
}

impl<'a> Object<'a> {
    /// An entry of a pack.
    pub fn packed(pack: &'a Pack, node: &Node) -> Self {
        Self {
            place: ObjectLocation::Packed { pack, number: node.number },
            size: node.size,
            wanted: node.wanted,
            is_base: !node.children().is_empty(),
        }
    }

    /// A loose object.
    pub fn loose(id: &'a oid, size: u64) -> Self {
        Self { place: ObjectLocation::Loose(id), size, wanted: true, is_base: false }
    }

    /// Its id; for a packed object it is looked up.
    pub fn id(&self) -> &'a oid {
        match self.place {
            ObjectLocation::Packed { pack, number } => pack.id(number),
            ObjectLocation::Loose(id) => id,
        }
    }

    /// Its number in the index of its pack; `None` if it is loose.
    pub fn number(&self) -> Option<u32> {
        match self.place {
            ObjectLocation::Packed { number, .. } => Some(number),
            ObjectLocation::Loose(_) => None,
        }
    }
}

/// An object as it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The object.
    pub object: Object<'a>,
    /// Its kind.
    pub kind: Kind,
    /// True if only its readable part is shown.
    pub is_damaged: bool,
}

/// The reason why an object could not be read whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Its own bytes are damaged.
    #[error("its stored bytes are damaged; the readable part was scanned")]
    Bytes,
    /// The bytes of its delta base are damaged.
    #[error("its delta base is damaged; the readable part was scanned")]
    Base,
    /// Its delta base is missing.
    #[error("its delta base is missing; the readable part was scanned")]
    NoBase,
    /// The file of a loose object can't be read.
    #[error("{0}")]
    File(String),
    /// It is not in the forest.
    #[error("its header in the pack is damaged")]
    Header,
    /// It exceeds the memory budget.
    #[error("there is not enough memory for it and its delta base: raise --max-memory")]
    TooLarge,
}
