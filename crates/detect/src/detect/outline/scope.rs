//! Scopes: what an outline consists of.

use std::ops::Range;

use super::Name;

/// The construct that opens a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Kind {
    /// The text as a whole.
    Root,
    /// One of `{`, `[` and `(`.
    Bracket(u8),
    /// An element of markup.
    Element,
    /// A line that ends in a colon, and the following lines that are indented more than this.
    Block(usize),
    /// A list item, as in YAML, with its indentation.
    ListItem(usize),
    /// A section header, as `[default]`.
    Section,
    /// A document of YAML that follows another, or a row of a table that is written vertically.
    Document,
    /// A heading, or a comment that acts as one, with its indentation.
    Heading(usize),
}

#[derive(Clone, Debug)]
pub(in super::super) struct Scope {
    /// The enclosing scope; its own index if there is none.
    pub parent: usize,
    /// The construct that opened it.
    pub kind: Kind,
    /// Its name, if an item is in it.
    pub name: Name,
    /// The text that names a bracket, until the name is read.
    pub(super) names: Range<usize>,
    /// Start of the text that names it.
    pub(super) segment: usize,
    /// Start of its content.
    pub start: usize,
    /// End of its content, as far as the text is known.
    pub end: usize,
    /// Number of commas, semicolons and elements in it.
    pub separators: u32,
    /// Number of line breaks in it.
    pub lines: u32,
}
