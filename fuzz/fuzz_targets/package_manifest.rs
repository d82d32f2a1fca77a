#![no_main]
//! The platform's manifest.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mydata_strangers::package_manifest::read(bytes));
