//! Documents: no bytes make a reader panic or read without end.
//!
//! `cargo +nightly fuzz run documents`. Damaged copies of real containers are read in every run of the
//! tests (`tests/it/container_damage.rs`).
#![no_main]

use libfuzzer_sys::fuzz_target;

mod shared;

const BEGINNINGS: &[&[u8]] = &[
    b"SQLite format 3\0",
    b"\x37\x7f\x06\x82",
    b"%PDF-1.4\n",
    b"\xca\xfe\xba\xbe\0\0\0\x34",
    b"\xcb\x0d\r\n\0\0\0\0",
    b"From: a\nContent-Type: x\nContent-Transfer-Encoding: base64\n\n",
];

fuzz_target!(|data: &[u8]| shared::read(BEGINNINGS, data));
