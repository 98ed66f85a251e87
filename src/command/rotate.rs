//! `keysweep rotate`: a key and its successor, step by step, over days.

pub mod profile;
