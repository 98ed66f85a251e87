//! What a thread of the walk holds of objects.

use std::ops::Range;
use std::sync::Arc;

use gix::objs::Kind;

/// An object in memory.
#[derive(Default)]
pub(super) struct Text<M> {
    pub(super) bytes: Vec<u8>,
    pub(super) memory: M,
    /// A part of it is missing.
    pub(super) damaged: bool,
}

/// The base of an object that is about to be made.
pub(super) struct Base<'b, M> {
    pub(super) text: &'b Text<M>,
    /// The visitor has seen it.
    pub(super) seen: bool,
    /// Bytes that are held meanwhile, its own among them.
    pub(super) held: u64,
}

/// An object some of whose children are still to be walked.
pub(super) struct Frame<M> {
    pub(super) text: Held<M>,
    pub(super) kind: Kind,
    pub(super) children: Range<u32>,
    /// Where the object's children end, though others may walk some of them.
    pub(super) end: u32,
    /// Bytes of the objects further up that are held while this one's children are walked.
    pub(super) above: u64,
}

impl<M> Frame<M> {
    pub(super) fn base(&self) -> &Text<M> {
        match &self.text {
            Held::Own(text) => text,
            Held::Shared(text) => text,
        }
    }

    /// Bytes that are held while a child is made.
    pub(super) fn held(&self) -> u64 {
        self.above + self.base().bytes.len() as u64
    }
}

pub(super) enum Held<M> {
    Own(Text<M>),
    Shared(Arc<Text<M>>),
}
