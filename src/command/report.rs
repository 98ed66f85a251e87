//! `keysweep report`: earlier reports merged, filtered, grouped, compared and made into tickets.
//!
//! Takes reports that were read ([`crate::report::Saved`]), and returns reports. Nothing is scanned and
//! nothing is sent.

pub mod accounts;
pub mod diff;
pub mod filter;
pub mod group;
pub mod merge;
mod nearest;
pub mod owner;
pub mod ticket;
