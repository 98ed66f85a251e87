//! Packs and bundles of git: no bytes make a reader panic or read without end.
//!
//! `cargo +nightly fuzz run packs`. Damaged copies of real containers are read in every run of the
//! tests (`tests/it/container_damage.rs`).
#![no_main]

use libfuzzer_sys::fuzz_target;

mod shared;

const BEGINNINGS: &[&[u8]] =
    &[b"PACK\0\0\0\x02", b"# v2 git bundle\n", b"# v3 git bundle\n@object-format=sha256\n"];

fuzz_target!(|data: &[u8]| shared::read(BEGINNINGS, data));
