//! Git repositories: all of their history, what is staged, a range of commits.
//!
//! Takes repositories that nobody vouches for, gives hits with what git knows of them. The format
//! is read here and by `gix`; no git program is run and nothing is fetched. Must not know what a
//! credential looks like.

pub mod again;
mod alternates;
mod attribute;
pub mod base;
mod by_credential;
mod changes;
mod connectivity;
pub mod database;
pub(super) mod delta;
mod error;
pub mod find;
mod forest;
mod gathered;
mod graph;
pub mod history;
pub mod hooks;
mod inflate;
mod known_trees;
mod large;
mod listing;
mod loose;
mod markers;
mod objects;
pub mod open;
mod outside;
mod pack;
mod parse;
mod patience;
mod people;
pub mod provenance;
pub mod range;
mod records;
mod reflogs;
mod refs;
pub(crate) mod sound;
mod spots;
pub mod staged;
mod staging;
pub mod standing;
mod stores;
mod structure;
mod texts;
mod tips;
mod trees;
mod unindexed;
mod visit;
mod walk;

pub use error::Error;
