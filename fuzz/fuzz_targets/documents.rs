#![no_main]
//! The files that a DP puts into its package.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mydata_strangers::documents::read(bytes));
