//! A key wrapped under a master key with AES-256-GCM: `version 01 | nonce (12) | ciphertext (32) | tag (16)`. What it is for and its
//! id are authenticated, so a wrapped key put in another's place does not unwrap.

use super::{Key, KeyId};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce};
use aws_lc_rs::hkdf;
use mydata_wire::Random;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const HEAD: usize = 1 + NONCE_LEN;
const TAG: usize = 16;

/// Wraps a key. `purpose` holds no zero byte.
pub(super) fn wrap(master: &Key, purpose: &str, id: KeyId, key: &Key, random: &dyn Random) -> Vec<u8> {
    let mut nonce = [0; NONCE_LEN];
    random.fill(&mut nonce);
    let mut out = Vec::with_capacity(HEAD + key.len() + TAG);
    out.push(VERSION);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(key.as_slice());
    let tag = cipher(master)
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(place(purpose, id)),
            &mut out[HEAD..],
        )
        .expect("a key is shorter than the cipher's 64 GiB");
    out.extend_from_slice(tag.as_ref());
    out
}

/// Unwraps a key; `None`: another master key, another place, or changed.
pub(super) fn unwrap(master: &Key, purpose: &str, id: KeyId, wrapped: &[u8]) -> Option<Key> {
    if wrapped.len() != HEAD + size_of::<[u8; 32]>() + TAG || wrapped[0] != VERSION {
        return None;
    }
    let nonce = Nonce::try_assume_unique_for_key(&wrapped[1..HEAD]).ok()?;
    let mut body = Zeroizing::new(wrapped[HEAD..].to_vec());
    let plain = cipher(master).open_in_place(nonce, Aad::from(place(purpose, id)), &mut body).ok()?;
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(plain);
    (KeyId::of(&key) == id).then_some(key)
}

fn cipher(master: &Key) -> LessSafeKey {
    // The key is uniformly random already: no salt, no extraction.
    let root = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, master.as_slice());
    let key = root
        .expand(&[b"mydata wrapped key"], &AES_256_GCM)
        .expect("the cipher's key is shorter than 8160 bytes");
    LessSafeKey::new(key.into())
}

fn place(purpose: &str, id: KeyId) -> Vec<u8> {
    let mut out = Vec::with_capacity(purpose.len() + 1 + KeyId::LEN);
    out.extend_from_slice(purpose.as_bytes());
    out.push(0);
    out.extend_from_slice(id.bytes());
    out
}
