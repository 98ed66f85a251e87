//! The parts that commands which act on keys in AWS share: the identity that signs, the person who
//! is asked, the clock, and the end of a command.
//!
//! It takes an [`Iam`](keysweep_aws::Iam) and returns facts, words and statuses. It opens no socket
//! itself, and no other stage imports it: a scan never acts.

pub mod change;
pub mod context;
pub mod facts;
pub mod failure;
pub mod open;
pub mod places;
pub mod policy;

pub use context::{Acting, Clock, Context, Person, SystemClock};
pub use failure::Failure;
