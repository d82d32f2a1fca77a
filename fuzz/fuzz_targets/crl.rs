#![no_main]
//! A revocation list, looked into for a fixed certificate.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mydata_strangers::crl::read(bytes));
