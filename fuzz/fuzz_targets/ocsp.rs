#![no_main]
//! An OCSP answer, judged for a fixed certificate and issuer; and a question.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mydata_strangers::ocsp::read(bytes));
