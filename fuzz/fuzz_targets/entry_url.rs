#![no_main]
//! The entry request in the browser: path and query, split at the first `?`.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| mydata_strangers::entry_url::read(bytes));
