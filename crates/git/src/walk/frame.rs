//! The objects that a thread of the walk holds.

use std::ops::Range;
use std::sync::Arc;

use gix::objs::Kind;

/// An object in memory.
#[derive(Default)]
pub(super) struct Text<M> {
    pub(super) bytes: Vec<u8>,
    pub(super) memory: M,
    /// True if a part of it is missing.
    pub(super) damaged: bool,
}

/// The base of a delta that is about to be applied.
pub(super) struct Base<'b, M> {
    pub(super) text: &'b Text<M>,
    /// True if the visitor has seen it.
    pub(super) seen: bool,
    /// Bytes that are held meanwhile, including its own.
    pub(super) held: u64,
}

/// An object with children that remain to be walked.
pub(super) struct Frame<M> {
    pub(super) text: Held<M>,
    pub(super) kind: Kind,
    pub(super) children: Range<u32>,
    /// The end of the object's children; other threads may walk some of them.
    pub(super) end: u32,
    /// Bytes of the ancestors that are held while this object's children are walked.
    pub(super) above: u64,
}

impl<M> Frame<M> {
    pub(super) fn base(&self) -> &Text<M> {
        match &self.text {
            Held::Own(text) => text,
            Held::Shared(text) => text,
        }
    }

    /// Bytes that are held while a child is built.
    pub(super) fn held(&self) -> u64 {
        self.above + self.base().bytes.len() as u64
    }
}

pub(super) enum Held<M> {
    Own(Text<M>),
    Shared(Arc<Text<M>>),
}
