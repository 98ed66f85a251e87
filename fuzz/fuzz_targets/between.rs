//! See `bodies/containers.rs`.
#![no_main]

use keysweep_fuzz::containers;

libfuzzer_sys::fuzz_target!(
    init: containers::forgive_libraries(),
    |data: &[u8]| containers::between(data)
);
