#![no_main]
//! A `pid` parameter as it arrives.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mydata_strangers::pid::read(bytes));
