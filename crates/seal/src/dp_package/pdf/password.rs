//! Whether a password opens a PDF locked with AES-256 (ISO 32000-2, 7.6.4.4): one hash a question, nothing decrypted.
//!
//! The hash (algorithm 2.B) is made to be slow, and a general reader computes it nine times a document. Here it is
//! computed once for each password that is asked about. Knows revisions 5 and 6 of the standard handler; whoever has
//! another document asks the general reader.

use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512, digest};
use aws_lc_rs::iv::FixedLength;
use lopdf::{Dictionary, Document, LoadOptions, Object};
use memchr::memmem;
use zeroize::Zeroizing;

/// Longest password in bytes; what is longer is cut.
const MAX_PASSWORD: usize = 127;
/// `/U` and `/O`: hash, validation salt, key salt. Some writers fill up with zeros behind.
const VALUE: usize = 48;

const ENCRYPT: &[u8] = b"/Encrypt";
/// As long as [`ENCRYPT`], and of no meaning to a reader.
const MASKED: &[u8] = b"/Encryp_";
const MASKED_KEY: &[u8] = b"Encryp_";

/// The lock of a document with pages.
pub(super) struct Lock {
    revision: i64,
    user: Vec<u8>,
    owner: Vec<u8>,
}

impl Lock {
    /// Reads the lock. `None` when the document is not locked in a way known here, or when its pages cannot be counted
    /// without the key; the general reader knows more then.
    pub(super) fn read(pdf: &[u8]) -> Option<Self> {
        // The reader tries passwords as soon as it sees the lock, so it is not shown one.
        let mut masked = Zeroizing::new(pdf.to_vec());
        let mut found = false;
        for at in memmem::find_iter(pdf, ENCRYPT) {
            let end = at + ENCRYPT.len();
            if pdf.get(end).is_some_and(|b| b.is_ascii_whitespace() || *b == b'<') {
                masked[at..end].copy_from_slice(MASKED);
                found = true;
            }
        }
        if !found {
            return None;
        }
        let without_streams = |id, object: &mut Object| match object {
            Object::Stream(_) => None,
            other => Some((id, other.clone())),
        };
        let document = Document::load_mem_with_options(
            &masked,
            LoadOptions { strict: true, ..LoadOptions::with_filter(without_streams) },
        )
        .ok()?;
        document.page_iter().next()?;
        let lock = match document.trailer.get(MASKED_KEY).ok()? {
            Object::Reference(id) => document.get_dictionary(*id).ok()?,
            Object::Dictionary(dictionary) => dictionary,
            _ => return None,
        };
        Self::of(lock)
    }

    fn of(lock: &Dictionary) -> Option<Self> {
        let standard = lock.get(b"Filter").and_then(Object::as_name).ok()? == b"Standard";
        let version = lock.get(b"V").and_then(Object::as_i64).ok()?;
        let revision = lock.get(b"R").and_then(Object::as_i64).ok()?;
        if !standard || version != 5 || !matches!(revision, 5 | 6) {
            return None;
        }
        let value = |key: &[u8]| {
            let bytes = lock.get(key).and_then(Object::as_str).ok()?;
            Some(bytes.get(..VALUE)?.to_vec())
        };
        Some(Self { revision, user: value(b"U")?, owner: value(b"O")? })
    }

    /// Whether it is the password of those who may read (algorithm 11).
    pub(super) fn opens_for_user(&self, password: &[u8]) -> bool {
        self.fits(password, &self.user, &[])
    }

    /// Whether it is the password of those who may do everything (algorithm 12).
    pub(super) fn opens_for_owner(&self, password: &[u8]) -> bool {
        self.fits(password, &self.owner, &self.user)
    }

    fn fits(&self, password: &[u8], value: &[u8], user: &[u8]) -> bool {
        let password = &password[..password.len().min(MAX_PASSWORD)];
        let salt = &value[32..40];
        let first = digest(&SHA256, &[password, salt, user].concat());
        let hash = if self.revision == 5 { Some(first) } else { hardened(first, password, user) };
        hash.is_some_and(|hash| verify_slices_are_equal(&hash.as_ref()[..32], &value[..32]).is_ok())
    }
}

/// Algorithm 2.B: at least 64 rounds of AES-128-CBC and a SHA-2 that depends on what came out.
fn hardened(first: digest::Digest, password: &[u8], user: &[u8]) -> Option<digest::Digest> {
    let mut k = first;
    let mut k1 = Zeroizing::new(Vec::new());
    for round in 1u32.. {
        k1.clear();
        for _ in 0..64 {
            k1.extend_from_slice(password);
            k1.extend_from_slice(k.as_ref());
            k1.extend_from_slice(user);
        }
        let (key, iv) = k.as_ref().split_at(16);
        let iv: [u8; 16] = iv[..16].try_into().ok()?;
        let key = EncryptingKey::cbc(UnboundCipherKey::new(&AES_128, key).ok()?).ok()?;
        key.less_safe_encrypt(&mut k1, EncryptionContext::Iv128(FixedLength::from(iv))).ok()?;
        // 256 is 1 modulo 3, so the sixteen bytes as a number leave what their sum leaves.
        k = match k1[..16].iter().map(|b| u32::from(*b)).sum::<u32>() % 3 {
            0 => digest(&SHA256, &k1),
            1 => digest(&SHA384, &k1),
            _ => digest(&SHA512, &k1),
        };
        if round >= 64 && k1.last().is_some_and(|last| u32::from(*last) <= round - 32) {
            break;
        }
    }
    Some(k)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERSON: &[u8] = b"A123456789";

    /// What other programs lock is read here, and not left to the general reader.
    #[test]
    fn agrees_with_the_programs_that_lock() {
        let own = include_bytes!("../../../../../docs/vectors/inputs/household.pdf");
        let r6 = include_bytes!("../../../tests/fixtures/aes256.pdf");
        let r5 = include_bytes!("../../../tests/fixtures/aes256-r5.pdf");
        for pdf in [&own[..], r6, r5] {
            let lock = Lock::read(pdf).expect("a lock that is known here");
            assert!(lock.opens_for_user(PERSON));
            assert!(
                !lock.opens_for_user(b"")
                    && !lock.opens_for_user(b"b123456789")
                    && !lock.opens_for_owner(b"")
            );
        }
        for pdf in [&r6[..], r5] {
            assert!(Lock::read(pdf).is_some_and(|lock| lock.opens_for_owner(b"other")));
        }
        let empty = include_bytes!("../../../tests/fixtures/owner-empty.pdf");
        assert!(Lock::read(empty).is_some_and(|lock| lock.opens_for_owner(b"")));
    }

    #[test]
    fn leaves_to_others_what_it_does_not_know() {
        for pdf in [
            &include_bytes!("../../../tests/fixtures/aes256-objstm.pdf")[..],
            include_bytes!("../../../tests/fixtures/rc4.pdf"),
            include_bytes!("../../../tests/fixtures/plain.pdf"),
            b"<html>/Encrypt </html>",
        ] {
            assert!(Lock::read(pdf).is_none());
        }
    }
}
