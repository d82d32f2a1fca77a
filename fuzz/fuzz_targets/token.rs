#![no_main]
//! The token, three ways: bytes as they come; a header and a payload under a good signature, so that the signature
//! does not keep the fuzzer out; and a package that is sealed and opened again.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mydata_strangers::token::read(bytes));
