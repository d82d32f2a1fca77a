//! What strangers send, in the hands of every parser that reads it: any bytes at all.
//!
//! Owns what a fuzzer calls, and what must hold whatever the bytes are; a breach is a panic. `fuzz/` gives each of these to
//! libFuzzer, `tests/replay.rs` the bytes that were kept from it and thousands made out of them, in every run of the tests.
//! Refuses to know who sends the bytes.

#![expect(clippy::missing_panics_doc, reason = "a panic is how a target tells what it found")]

pub mod crl;
pub mod documents;
pub mod dp_manifest;
pub mod dp_package;
pub mod entry_url;
pub mod ocsp;
pub mod package_manifest;
pub mod pid;
pub mod platform_package;
pub mod token;

/// One parser, or several that read the same.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What it is called in `fuzz/`, and the folder of its seeds.
    pub name: &'static str,
    /// Reads the bytes; a panic is a finding.
    pub read: fn(&[u8]),
}

/// Every one.
pub const TARGETS: [Target; 10] = [
    Target { name: "crl", read: crl::read },
    Target { name: "documents", read: documents::read },
    Target { name: "dp_manifest", read: dp_manifest::read },
    Target { name: "dp_package", read: dp_package::read },
    Target { name: "entry_url", read: entry_url::read },
    Target { name: "ocsp", read: ocsp::read },
    Target { name: "package_manifest", read: package_manifest::read },
    Target { name: "pid", read: pid::read },
    Target { name: "platform_package", read: platform_package::read },
    Target { name: "token", read: token::read },
];

/// The text at the beginning of the bytes.
fn text(bytes: &[u8]) -> &str {
    let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    std::str::from_utf8(&bytes[..valid]).expect("it is valid up to there")
}
