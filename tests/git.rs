//! Repositories: histories, ranges, the index, and the places of keys in them.

mod attribution;
mod baseline_merge;
mod complete;
mod connectivity;
mod damage;
mod database;
mod messages;
mod named;
mod places;
mod range;
mod real;
mod staged;
mod staged_random;
mod staged_whole;
mod stop;
mod suppressed_history;
mod table;
mod unattributed;
