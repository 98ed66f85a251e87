//! What bounds a run: the flag that ends it, the memory that it may take, how many values are kept.

pub mod bounded;
pub mod memory;
pub mod stop;
