//! What the crates of keysweep share: the flag that ends a run, the memory that it may take, bounded
//! collections, runs of bytes that a text has from another one, the record of what could not be read,
//! the escapes under which names are shown, and the one type that holds secret bytes.

pub mod bounded;
pub mod copied;
pub mod memory;
pub mod paths;
pub mod record;
pub mod secret;
pub mod stop;
pub mod text;
