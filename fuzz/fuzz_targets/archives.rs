//! Archives: no bytes make a reader panic or read without end.
//!
//! `cargo +nightly fuzz run archives`. Damaged copies of real containers are read in every run of the
//! tests (`tests/it/container_damage.rs`).
#![no_main]

use libfuzzer_sys::fuzz_target;

mod shared;

const BEGINNINGS: &[&[u8]] = &[
    b"",
    b"PK\x03\x04",
    b"!<arch>\n",
    b"070701",
    b"070707",
    b"\xed\xab\xee\xdb",
    b"7z\xbc\xaf\x27\x1c",
];

fuzz_target!(|data: &[u8]| shared::read(BEGINNINGS, data));
