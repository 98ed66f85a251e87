//! Who sees the objects of a database, packed and loose, one after the other.

use std::io::Read;

use gix::hash::oid;
use gix::objs::Kind;

use super::forest::Node;
use super::pack::Pack;
use keysweep_base::copied::Copied;
use keysweep_base::memory::Claim;

/// What happens to each object.
pub trait Visitor: Sync {
    /// What is kept of an object for its children.
    type BaseState: Default + Send + Sync;

    /// Whether objects of a kind are seen.
    fn wants(&self, kind: Kind) -> bool;

    /// Whether a loose object is seen, if it is of such a kind; a forest says so of packed ones.
    fn wants_loose(&self, _: &oid) -> bool {
        true
    }

    /// Sees an object whole. `base` is what was kept of its base and what was copied from it.
    fn object(
        &self,
        seen: &Seen<'_>,
        base: Option<(&Self::BaseState, &[Copied])>,
        bytes: &[u8],
    ) -> Self::BaseState;

    /// Sees an object as a stream: a packed one that is too large to be held, or a loose one. Says
    /// whether it was there to its end.
    ///
    /// By default one that finds room is seen whole, and all others are not.
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

    /// Hears of an object that could not be read whole; what was readable of it is seen as well.
    fn damaged(&self, _: &Object<'_>, _: &Damage) {}
}

/// An object, wherever it is stored.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    place: Place<'a>,
    /// Its size in bytes, as its header has it; of a delta, that of the delta.
    pub size: u64,
    /// It is asked for; others are shown for the sake of what is stored as a change of them.
    pub wanted: bool,
    /// Others are stored as changes of it.
    pub is_base: bool,
}

#[derive(Clone, Copy)]
enum Place<'a> {
    Packed { pack: &'a Pack, number: u32 },
    Loose(&'a oid),
}

impl std::fmt::Debug for Place<'_> {
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
            place: Place::Packed { pack, number: node.number },
            size: node.size,
            wanted: node.wanted,
            is_base: !node.children().is_empty(),
        }
    }

    /// A loose object.
    pub fn loose(id: &'a oid, size: u64) -> Self {
        Self { place: Place::Loose(id), size, wanted: true, is_base: false }
    }

    /// Its id; of a packed one it is looked up.
    pub fn id(&self) -> &'a oid {
        match self.place {
            Place::Packed { pack, number } => pack.id(number),
            Place::Loose(id) => id,
        }
    }

    /// The number of its entry in the index of its pack.
    pub fn number(&self) -> Option<u32> {
        match self.place {
            Place::Packed { number, .. } => Some(number),
            Place::Loose(_) => None,
        }
    }
}

/// An object that is seen.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Which.
    pub object: Object<'a>,
    /// What it is.
    pub kind: Kind,
    /// This is what was readable of it.
    pub is_damaged: bool,
}

/// Why an object could not be read whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Its own bytes.
    #[error("its stored bytes are damaged; the readable part was scanned")]
    Bytes,
    /// Its base's.
    #[error(
        "the object that it is stored as a change of is damaged; the readable part was scanned"
    )]
    Base,
    /// There is no base.
    #[error(
        "the object that it is stored as a change of is not here; the readable part was scanned"
    )]
    NoBase,
    /// The file of a loose object.
    #[error("{0}")]
    File(String),
    /// It has no place in the forest.
    #[error("its header in the pack is damaged")]
    Header,
    /// It would not fit.
    #[error(
        "it takes more memory, with what it is stored as a change of, than may be held: raise \
         --max-memory"
    )]
    TooLarge,
}
