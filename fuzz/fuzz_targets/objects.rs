//! See `bodies/hostile.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keysweep_fuzz::hostile::objects(data));
