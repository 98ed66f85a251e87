//! See `bodies/damage.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keysweep_fuzz::damage::pack(data));
