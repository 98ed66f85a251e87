//! The bodies of the fuzz targets, as plain functions.
//!
//! Each target of `fuzz_targets/` calls one of them, and so does `tests/hostile/fuzz.rs` with every input
//! of `corpus/` and `regressions/`. A body panics where a law of keysweep is broken. Credentials are
//! made at run time ([`pieces`]), so that no input holds one.

pub mod blind;
pub mod containers;
pub mod damage;
pub mod detection;
pub mod feed;
pub mod hostile;
pub mod pieces;
pub mod repository;
pub mod texts;

/// A body by the name of its target.
pub type Body = (&'static str, fn(&[u8]));

/// All bodies.
pub const BODIES: &[Body] = &[
    ("answers", texts::answers),
    ("archives", containers::archives),
    ("between", containers::between),
    ("bundles", containers::bundles),
    ("detect", detection::deltas),
    ("documents", containers::documents),
    ("encoded", detection::encoded),
    ("index", damage::index),
    ("keys", texts::keys),
    ("loose", damage::loose),
    ("objects", hostile::objects),
    ("pack", damage::pack),
    ("places", hostile::places),
    ("reports", texts::reports),
    ("settings", texts::settings),
    ("settled", texts::settled),
    ("streams", containers::streams),
    ("windows", detection::windows),
];
