//! The files that a DP puts into its package.

use mydata_seal::dp_package::{check_json, check_pdf};

/// Reads the bytes.
pub fn read(content: &[u8]) {
    let person = "A123456789".parse().expect("a personal id");
    let _ = check_json(content).expect("a slice can be read");
    let alone = check_pdf(content, None).expect("a slice can be read");
    let with_person = check_pdf(content, Some(&person)).expect("a slice can be read");
    assert!(alone.is_ok() || with_person.is_err(), "what opens with a password is a PDF");
}
