//! The encryption of a sealed blob: a header and AES-256-GCM chunks.
//!
//! ```text
//! header (69): "MDB1" | data key, sealed by the Crypter for ("blobs", blob id, "key") (65)
//! chunk:       ciphertext of 64 KiB (the last one: 0 … 64 KiB) | tag (16)
//! nonce (12):  seven zero bytes | chunk number from 0, big-endian (4) | 1 for the last chunk, else 0
//! ```
//! Each blob has its own random key, so the nonces need not be random. A chunk moved, repeated, left out or put into another blob does
//! not open, and a blob cut off at a chunk's edge ends with a chunk that was not sealed as the last.

use super::BlobId;
use crate::crypt::{Crypter, OVERHEAD};
use crate::error::Result;
use crate::keys::KeyId;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

/// Plain bytes in a chunk.
pub(super) const CHUNK: usize = 64 << 10;
const TAG: usize = 16;
/// A full chunk as it lies in the blob.
pub(super) const SEALED_CHUNK: usize = CHUNK + TAG;
const MAGIC: &[u8; 4] = b"MDB1";
/// Length of the header.
pub(super) const HEADER: usize = MAGIC.len() + OVERHEAD + 32;

/// The key of one blob.
pub(super) struct BlobKey(LessSafeKey);

impl BlobKey {
    /// A fresh key, and the header that holds it.
    pub(super) fn fresh(crypter: &Crypter, id: &BlobId) -> (Self, Vec<u8>) {
        let mut key = Zeroizing::new([0; 32]);
        crypter.random().fill(key.as_mut_slice());
        let mut header = MAGIC.to_vec();
        header.extend_from_slice(&crypter.seal("blobs", id.as_str(), "key", key.as_slice()));
        (Self::new(key.as_slice()), header)
    }

    /// The key from a blob's header.
    pub(super) fn from_header(crypter: &Crypter, id: &BlobId, header: &[u8]) -> Result<Self> {
        let sealed = header
            .strip_prefix(MAGIC)
            .filter(|s| s.len() == HEADER - MAGIC.len())
            .ok_or_else(|| BlobId::corrupt("header", "it is not the header of a sealed blob"))?;
        Ok(Self::new(&crypter.open("blobs", id.as_str(), "key", sealed)?))
    }

    /// Under which of the crypter's keys a header lies.
    pub(super) fn sealed_under(header: &[u8]) -> Option<KeyId> {
        Crypter::key_of(header.strip_prefix(MAGIC)?)
    }

    /// The same header, sealed under the key that seals now.
    pub(super) fn reseal(crypter: &Crypter, id: &BlobId, header: &[u8]) -> Result<Vec<u8>> {
        let sealed = header
            .strip_prefix(MAGIC)
            .ok_or_else(|| BlobId::corrupt("header", "it is not the header of a sealed blob"))?;
        let key = crypter.open("blobs", id.as_str(), "key", sealed)?;
        let mut header = MAGIC.to_vec();
        header.extend_from_slice(&crypter.seal("blobs", id.as_str(), "key", &key));
        Ok(header)
    }

    fn new(key: &[u8]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("the key has 32 bytes")))
    }

    /// Encrypts a chunk in place and appends the tag.
    pub(super) fn seal(&self, number: u32, last: bool, chunk: &mut Vec<u8>) {
        self.0
            .seal_in_place_append_tag(nonce(number, last), Aad::empty(), chunk)
            .expect("a chunk is shorter than the cipher's 64 GiB");
    }

    /// Decrypts a chunk in place; gives the plain bytes.
    pub(super) fn open<'c>(&self, number: u32, last: bool, chunk: &'c mut [u8]) -> Result<&'c [u8]> {
        self.0
            .open_in_place(nonce(number, last), Aad::empty(), chunk)
            .map(|plain| &*plain)
            .map_err(|_| BlobId::corrupt("chunk", "it was changed, moved or cut off"))
    }
}

fn nonce(number: u32, last: bool) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[7..11].copy_from_slice(&number.to_be_bytes());
    nonce[11] = last.into();
    Nonce::assume_unique_for_key(nonce)
}

/// How many chunks a blob of `size` bytes has, and how many plain bytes; `None`: no sealed blob has this size.
pub(super) fn layout(size: u64) -> Option<(u32, u64)> {
    let body = size.checked_sub(HEADER as u64)?;
    let chunks = body.div_ceil(SEALED_CHUNK as u64);
    let last = body.checked_sub(chunks.checked_sub(1)? * SEALED_CHUNK as u64)?;
    // Only a blob of one chunk may end with an empty one.
    if last < TAG as u64 || (last == TAG as u64 && chunks > 1) {
        return None;
    }
    Some((u32::try_from(chunks).ok()?, body - chunks * TAG as u64))
}
