//! The token, three ways: bytes as they come; a header and a payload under a good signature, so that the signature
//! does not keep the fuzzer out; and a package that is sealed and opened again.

use std::io::Write;

use aws_lc_rs::hmac;
use mydata_seal::token::{TokenWriter, open, sealed_len};
use mydata_wire::{SecretKey, b64};

/// Reads the bytes.
pub fn read(data: &[u8]) {
    let key = SecretKey::from_bytes(*b"0123456789abcdef0123456789ABCDEF");
    let iv = "Qm7XwT2zB9nKfR4v".parse().expect("a CBC IV");
    let client_id = "CLI.qqOjnjO4WR".parse().expect("a client id");

    assert!(open(data, &key, &iv, Vec::new()).is_err(), "nobody forges a signature");

    let (header, payload) = match data.iter().position(|&byte| byte == 0) {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (&br#"{"alg":"HS256","typ":"JWT"}"#[..], data),
    };
    let input = format!("{}.{}", b64::url_safe(header), b64::url_safe(payload));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.bytes()), input.as_bytes());
    let token = format!("{input}.{}", b64::url_safe(tag.as_ref()));
    let whole = open(token.as_bytes(), &key, &iv, Vec::new()).map(|o| (o.content, o.filename)).ok();
    let dripping = open(Drip(token.as_bytes()), &key, &iv, Vec::new()).map(|o| (o.content, o.filename)).ok();
    assert_eq!(whole, dripping, "in one piece and in pieces");

    let mut writer = TokenWriter::new(Vec::new(), &client_id, &key, &iv).expect("a Vec takes all");
    for piece in data.chunks(1 + data.len() / 3) {
        writer.write_all(piece).expect("a Vec takes all");
    }
    let token = writer.finish().expect("a Vec takes all");
    assert_eq!(token.len() as u64, sealed_len(&client_id, data.len() as u64));
    let opened = open(token.as_slice(), &key, &iv, Vec::new()).expect("it was sealed with this key");
    assert_eq!(opened.content, data);
}

/// Five bytes at a time.
struct Drip<'a>(&'a [u8]);

impl std::io::Read for Drip<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.0.len().min(buf.len()).min(5);
        buf[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}
