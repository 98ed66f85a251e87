//! Git repositories: all of their history, what is staged, a range of commits.
//!
//! Takes repositories that nobody vouches for, gives hits with what git knows of them. The format
//! is read here and by `gix`; no git program is run and nothing is fetched. Must not know what a
//! credential looks like.

mod alternates;
pub mod database;
mod delta;
mod forest;
mod inflate;
mod loose;
mod pack;
mod stores;
mod unindexed;
mod visit;
mod walk;
