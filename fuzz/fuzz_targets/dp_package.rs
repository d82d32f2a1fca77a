#![no_main]
//! A DP's zip: verification, and reading one file of it. The root is one whose key nobody has.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mydata_strangers::dp_package::read(bytes));
