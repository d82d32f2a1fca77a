#![no_main]
//! The platform's zip, as an SP reads it after opening a token.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mydata_strangers::platform_package::read(bytes));
