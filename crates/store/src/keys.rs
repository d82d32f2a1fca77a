//! The keys under which everything secret is kept. It hands out no key, shows none, and makes none outside the first start and a
//! rotation.
//!
//! Content is sealed under *data keys*; they lie in the database, wrapped under a *master key* that lies elsewhere (docs/decisions,
//! 21). New content is sealed under the newest data key, older ones open what is under them still.
//!
//! | module | does |
//! | --- | --- |
//! | [`source`] | where the master key comes from: a file, a variable, a command's output |
//! | [`wrap`] | wraps a data key under a master key |
//! | [`kept`] | the wrapped keys in the database, and what is done to them |
//! | [`lease`] | one at a time changes them |
//! | [`keeper`] | a running node follows what is done to the keys |
//! | [`places`] | every column that is sealed: counting and sealing anew |
//! | [`rotate`] | a new data key takes over while the platform serves; an old one is retired; a new master key |

mod command;
mod file;
pub mod keeper;
pub mod kept;
mod lease;
pub mod places;
pub mod rotate;
pub mod source;
#[cfg(test)]
mod tests;
mod wrap;

pub use lease::unchanged;
pub use source::{KeySource, MasterKeys};

use aws_lc_rs::hmac;
use mydata_wire::{Random, b64};
use std::fmt;
use std::str::FromStr;
use zeroize::{Zeroize as _, Zeroizing};

/// 256 bits.
pub(crate) type Key = Zeroizing<[u8; 32]>;

/// Names a key: four bytes that follow from it and tell nothing about it, so that a damaged key is noticed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 4]);

impl KeyId {
    /// How many bytes it has inside what was sealed.
    pub(crate) const LEN: usize = 4;

    pub(crate) fn of(key: &Key) -> Self {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()), b"mydata key id");
        let mut id = [0; Self::LEN];
        id.copy_from_slice(&tag.as_ref()[..Self::LEN]);
        Self(id)
    }

    pub(crate) fn bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is no key's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key's id has eight hexadecimal digits; `mydata keys list` shows them")]
pub struct NoKeyId;

impl FromStr for KeyId {
    type Err = NoKeyId;

    fn from_str(s: &str) -> Result<Self, NoKeyId> {
        if s.len() != 8 || !s.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NoKeyId);
        }
        u32::from_str_radix(s, 16).map(|n| Self(n.to_be_bytes())).map_err(|_| NoKeyId)
    }
}

/// All data keys of an installation, and the key of the look-up values.
pub struct KeyRing {
    /// The one that seals.
    pub(crate) sealing: (KeyId, Key),
    /// Those that only open.
    pub(crate) older: Vec<(KeyId, Key)>,
    pub(crate) index: Key,
}

/// Ids only.
impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.data().map(|(id, _)| id)).finish()
    }
}

impl KeyRing {
    /// Keys that nobody has used.
    pub fn fresh(random: &dyn Random) -> Self {
        let key = fresh_key(random);
        Self { sealing: (KeyId::of(&key), key), older: Vec::new(), index: fresh_key(random) }
    }

    /// All data keys, the one that seals first.
    pub(crate) fn data(&self) -> impl Iterator<Item = &(KeyId, Key)> {
        std::iter::once(&self.sealing).chain(&self.older)
    }
}

fn fresh_key(random: &dyn Random) -> Key {
    let mut key = Zeroizing::new([0; 32]);
    random.fill(key.as_mut_slice());
    key
}

fn parse_key(text: &str) -> Option<Key> {
    let mut bytes = b64::decode_lenient(text).ok()?;
    let key = <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Zeroizing::new);
    bytes.zeroize();
    key
}
