#![no_main]
//! A DP's manifest.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mydata_strangers::dp_manifest::read(bytes));
