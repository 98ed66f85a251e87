//! Compressed files: no bytes make a reader panic or read without end.
//!
//! `cargo +nightly fuzz run streams`. Damaged copies of real containers are read in every run of the
//! tests (`tests/it/container_damage.rs`).
#![no_main]

use libfuzzer_sys::fuzz_target;

mod shared;

const BEGINNINGS: &[&[u8]] = &[
    b"\x1f\x8b\x08\0",
    b"BZh9\x31\x41\x59\x26\x53\x59",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"\x04\x22\x4d\x18",
    b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0",
];

fuzz_target!(|data: &[u8]| shared::read(BEGINNINGS, data));
