//! Repositories: histories, ranges, the index, and the places of keys in them.

mod attribution;
mod complete;
mod connectivity;
mod damage;
mod database;
mod messages;
mod named;
mod places;
mod range;
mod real;
mod settled_history;
mod settled_merge;
mod staged;
mod staged_random;
mod staged_whole;
mod stop;
mod table;
mod unattributed;
