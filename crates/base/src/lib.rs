//! Types that the crates of keysweep share: the stop flag of a run, its memory budget, bounded
//! collections, buffers of zeros, runs of bytes that a text copies from another one, the record of
//! problems, the escapes for names, the number of processors, and the type of secrets.

pub mod bounded;
pub mod copied;
pub mod memory;
pub mod paths;
pub mod processors;
pub mod record;
pub mod secret;
pub mod stop;
pub mod text;
pub mod watch;
pub mod zeros;
