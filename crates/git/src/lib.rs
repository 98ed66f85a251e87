//! Reads a git repository as it is stored: its database, refs, reflogs, index and configuration.
//!
//! Repositories are not trusted. This crate and `gix` read the format; no git program is run and
//! nothing is fetched. Problems go to a [`Record`](keysweep_base::record::Record).

pub mod alternates;
pub mod changes;
pub mod commits;
pub mod connectivity;
pub mod database;
pub mod delta;
pub mod edges;
pub mod error;
pub mod find;
pub mod forest;
pub mod graph;
pub mod hook_context;
pub mod hooks;
pub mod index;
mod index_paths;
pub mod inflate;
pub mod listing;
pub mod lookup;
pub mod loose;
pub mod modules;
pub mod names;
pub mod objects;
pub mod open;
pub mod pack;
pub mod parse;
pub mod preflight;
pub mod reflogs;
pub mod refs;
pub mod sorted_ids;
pub mod staging;
pub mod stores;
pub mod structure;
pub mod tips;
pub mod tree_cursor;
pub mod trees;
pub mod unindexed;
pub mod visitor;
pub mod walk;
