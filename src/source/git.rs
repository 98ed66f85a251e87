//! Git repositories: all of their history, what is staged, a range of commits.
//!
//! Takes untrusted repositories, and returns hits with the facts that git has about them. The format
//! is read here and by `gix`; no git program is run and nothing is fetched. Must not know what a
//! credential looks like.

mod attribute;
pub mod base;
mod by_credential;
pub mod database;
mod gathered;
mod git_dir;
mod grace_period;
pub mod head;
pub mod history;
mod lfs_object;
mod markers;
mod people;
pub mod provenance;
pub mod range;
mod records;
pub mod rescan;
pub mod since;
mod spots;
pub mod staged;
mod texts;
mod visit;

pub use keysweep_git::error::Error;
pub use keysweep_git::{find, hook_context, hooks, open};

use keysweep_git::{
    changes, commits, connectivity, edges, error, graph, listing, lookup, modules, objects, parse,
    preflight, reflogs, refs, staging, structure, tips, trees,
};
