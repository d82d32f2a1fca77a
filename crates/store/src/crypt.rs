//! Columns sealed with AES-256-GCM, bound to the place where they stand, and look-up values for what is sealed.
//!
//! A sealed value is `version 01 | key id (4) | nonce (12) | ciphertext | tag (16)`. The additional data are table, column and row,
//! so a value copied to another place does not open. Each table has its own key (HKDF-SHA256 of the data key), so the limit of 2³²
//! random nonces holds per table and data key.

use crate::error::{Result, StoreError};
use crate::keys::{Key, KeyId, KeyRing};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use mydata_wire::{Random, b64};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Notify;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const HEAD: usize = 1 + KeyId::LEN + NONCE_LEN;
const TAG: usize = 16;
/// By how much a sealed value is longer than its content.
pub const OVERHEAD: usize = HEAD + TAG;

/// Seals and opens. Cloning is cheap.
#[derive(Clone)]
pub struct Crypter(Arc<Inner>);

struct Inner {
    /// Others take their place when keys are added or retired.
    data: RwLock<Arc<DataKeys>>,
    index: Derived<hmac::Key>,
    random: Arc<dyn Random>,
    /// Rings when something lies under a key that is not here.
    missed: Notify,
}

struct DataKeys {
    sealing: Arc<DataKey>,
    /// The one that seals among them.
    all: Vec<Arc<DataKey>>,
}

impl DataKeys {
    fn find(&self, id: KeyId) -> Option<&Arc<DataKey>> {
        self.all.iter().find(|key| key.id == id)
    }
}

struct DataKey {
    id: KeyId,
    tables: Derived<LessSafeKey>,
}

impl DataKey {
    fn new(id: KeyId, key: &Key) -> Self {
        Self { id, tables: Derived::new(key) }
    }
}

/// Keys derived from one, each made at its first use.
struct Derived<K> {
    root: hkdf::Prk,
    made: RwLock<HashMap<String, Arc<K>>>,
}

/// Shows no key.
impl std::fmt::Debug for Crypter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Crypter")
    }
}

impl Crypter {
    /// A crypter with these keys.
    pub fn new(ring: &KeyRing, random: Arc<dyn Random>) -> Self {
        let sealing = Arc::new(DataKey::new(ring.sealing.0, &ring.sealing.1));
        let older = ring.older.iter().map(|(id, key)| Arc::new(DataKey::new(*id, key)));
        let all = std::iter::once(Arc::clone(&sealing)).chain(older).collect();
        Self(Arc::new(Inner {
            data: RwLock::new(Arc::new(DataKeys { sealing, all })),
            index: Derived::new(&ring.index),
            random,
            missed: Notify::new(),
        }))
    }

    fn data(&self) -> Arc<DataKeys> {
        Arc::clone(&self.0.data.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The key that seals.
    pub fn sealing(&self) -> KeyId {
        self.data().sealing.id
    }

    /// Whether content under this key opens here.
    pub fn knows(&self, id: KeyId) -> bool {
        self.data().find(id).is_some()
    }

    /// From now on these keys are there, and `sealing`, one of them, seals. Those that are not in `fresh` must be known already.
    /// `false`: the one that seals is not to be had, and all stays as it is.
    pub(crate) fn update(&self, sealing: KeyId, ids: &[KeyId], fresh: &[(KeyId, Key)]) -> bool {
        let known = self.data();
        let have = |id: KeyId| {
            known.find(id).map(Arc::clone).or_else(|| {
                let (id, key) = fresh.iter().find(|(found, _)| *found == id)?;
                Some(Arc::new(DataKey::new(*id, key)))
            })
        };
        let Some(sealing) = have(sealing) else { return false };
        let others = ids.iter().filter(|id| **id != sealing.id).filter_map(|id| have(*id));
        let all = std::iter::once(Arc::clone(&sealing)).chain(others).collect();
        *self.0.data.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(DataKeys { sealing, all });
        true
    }

    /// Comes back when something was met that lies under a key that is not here.
    pub(crate) async fn missed(&self) {
        self.0.missed.notified().await;
    }

    /// Under which key a value lies.
    pub fn key_of(sealed: &[u8]) -> Option<KeyId> {
        KeyId::from_slice(sealed.get(1..=KeyId::LEN)?)
    }

    /// Seals `plain` for one place. `table` and `column` are names in the program; `row` is the row's id.
    pub fn seal(&self, table: &str, row: &str, column: &str, plain: &[u8]) -> Vec<u8> {
        let key = &self.data().sealing;
        let mut nonce = [0; NONCE_LEN];
        self.0.random.fill(&mut nonce);
        // Large enough from the beginning: growing would leave a copy of the plain content behind.
        let mut out = Vec::with_capacity(OVERHEAD + plain.len());
        out.push(VERSION);
        out.extend_from_slice(key.id.bytes());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(plain);
        let tag = key
            .tables
            .get(table, table_key)
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place(table, row, column)),
                &mut out[HEAD..],
            )
            .expect("a value is shorter than the cipher's 64 GiB");
        out.extend_from_slice(tag.as_ref());
        out
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`]: it was sealed for another place or under a key that is not here, or it was changed.
    pub fn open(&self, table: &str, row: &str, column: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let fail = |reason| StoreError::Corrupt {
            table: table.to_owned().into(),
            column: column.to_owned().into(),
            reason,
        };
        if sealed.len() < OVERHEAD || sealed[0] != VERSION {
            return Err(fail("it is not a sealed value"));
        }
        let (head, body) = sealed.split_at(HEAD);
        let data = self.data();
        let Some(key) = KeyId::from_slice(&head[1..=KeyId::LEN]).and_then(|id| data.find(id)) else {
            self.0.missed.notify_one();
            return Err(fail("it is sealed under a key that is not here"));
        };
        let nonce =
            Nonce::try_assume_unique_for_key(&head[1 + KeyId::LEN..]).expect("the head ends with a nonce");
        let mut out = Zeroizing::new(body.to_vec());
        let len = key
            .tables
            .get(table, table_key)
            .open_in_place(nonce, Aad::from(place(table, row, column)), &mut out)
            .map_err(|_| fail("it was changed, or belongs to another row or column"))?
            .len();
        out.truncate(len);
        Ok(out)
    }

    /// [`Self::open`] for text.
    ///
    /// # Errors
    /// As there, and when the content is not UTF-8.
    pub fn open_text(
        &self,
        table: &str,
        row: &str,
        column: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<String>> {
        let bytes = self.open(table, row, column, sealed)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| StoreError::Corrupt {
            table: table.to_owned().into(),
            column: column.to_owned().into(),
            reason: "its content is not text",
        })?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// Whether a sealed value is under another key than the one that seals.
    pub fn is_old(&self, sealed: &[u8]) -> bool {
        Self::key_of(sealed).is_some_and(|id| id != self.sealing())
    }

    /// A value to look something secret up by: the same for the same `purpose` and `value`, and telling nothing about it (HMAC-SHA256,
    /// 43 characters). It does not change when a new data key is added.
    pub fn index(&self, purpose: &str, value: impl AsRef<[u8]>) -> String {
        b64::url_safe(hmac::sign(&self.0.index.get(purpose, index_key), value.as_ref()).as_ref())
    }

    pub(crate) fn random(&self) -> &dyn Random {
        self.0.random.as_ref()
    }

    pub(crate) fn random_source(&self) -> &Arc<dyn Random> {
        &self.0.random
    }
}

/// Names hold no zero byte, so no two places look the same.
fn place(table: &str, row: &str, column: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(table.len() + row.len() + column.len() + 2);
    out.extend_from_slice(table.as_bytes());
    out.push(0);
    out.extend_from_slice(column.as_bytes());
    out.push(0);
    out.extend_from_slice(row.as_bytes());
    out
}

fn table_key(root: &hkdf::Prk, table: &str) -> LessSafeKey {
    let info = [b"mydata column", table.as_bytes()];
    let key = root.expand(&info, &AES_256_GCM).expect("the cipher's key is shorter than 8160 bytes");
    LessSafeKey::new(UnboundKey::from(key))
}

fn index_key(root: &hkdf::Prk, purpose: &str) -> hmac::Key {
    let info = [b"mydata index", purpose.as_bytes()];
    let key = root.expand(&info, hmac::HMAC_SHA256).expect("the hash's key is shorter than 8160 bytes");
    hmac::Key::from(key)
}

impl<K> Derived<K> {
    fn new(key: &Key) -> Self {
        // The key is uniformly random already: no salt, no extraction.
        Self { root: hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, key.as_slice()), made: RwLock::default() }
    }

    fn get(&self, name: &str, make: fn(&hkdf::Prk, &str) -> K) -> Arc<K> {
        if let Some(key) = self.made.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Arc::clone(key);
        }
        let mut made = self.made.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(made.entry(name.to_owned()).or_insert_with(|| Arc::new(make(&self.root, name))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mydata_wire::SystemRandom;
    use proptest::prelude::*;

    fn any() -> Crypter {
        Crypter::new(&KeyRing::fresh(&SystemRandom), Arc::new(SystemRandom))
    }

    #[test]
    fn opens_only_where_it_was_sealed() {
        let c = any();
        let sealed = c.seal("person", "r1", "name", "陳𠮷小玲".as_bytes());
        assert_eq!(c.open_text("person", "r1", "name", &sealed).unwrap().as_str(), "陳𠮷小玲");
        for (table, row, column) in [
            ("persons", "r1", "name"),
            ("person", "r2", "name"),
            ("person", "r1", "birth"),
            ("person", "1", "namer"),
            ("perso", "r1", "nname"),
        ] {
            let error = c.open(table, row, column, &sealed).unwrap_err();
            assert!(matches!(error, StoreError::Corrupt { .. }), "{table} {row} {column}");
        }
        assert!(any().open("person", "r1", "name", &sealed).unwrap_err().to_string().contains("not here"));
    }

    #[test]
    fn older_keys_still_open_and_look_ups_stay() {
        let (old, new) = (KeyRing::fresh(&SystemRandom), KeyRing::fresh(&SystemRandom));
        let c = Crypter::new(&old, Arc::new(SystemRandom));
        let (first, second) = (old.sealing.0, new.sealing.0);
        let (sealed, looked_up) = (c.seal("t", "r", "c", b"x"), c.index("ticket", "abc"));

        // Known, but it does not seal yet.
        assert!(c.update(first, &[first, second], std::slice::from_ref(&new.sealing)));
        assert!(c.knows(second) && c.sealing() == first && !c.is_old(&sealed));
        assert!(c.update(second, &[first, second], &[]));
        assert_eq!(c.sealing(), second);
        assert_eq!(c.open("t", "r", "c", &sealed).unwrap().as_slice(), b"x");
        assert!(c.is_old(&sealed) && Crypter::key_of(&sealed) == Some(first));
        let fresh = c.seal("t", "r", "c", b"x");
        assert!(!c.is_old(&fresh));
        assert!(c.update(second, &[second], &[]));
        assert!(c.open("t", "r", "c", &sealed).is_err() && c.open("t", "r", "c", &fresh).is_ok());
        assert!(!c.update(first, &[], &[]));
        assert!(c.knows(second) && c.sealing() == second, "there is always one");

        assert_eq!(c.index("ticket", "abc"), looked_up);
        assert_ne!(looked_up, c.index("token", "abc"));
        assert_ne!(looked_up, c.index("ticket", "abd"));
        assert_ne!(looked_up, any().index("ticket", "abc"));
    }

    proptest! {
        #[test]
        fn round_trip_and_no_byte_may_change(plain: Vec<u8>, row: String, at: prop::sample::Index, bit in 0..8u8) {
            let c = any();
            let mut sealed = c.seal("t", &row, "c", &plain);
            prop_assert_eq!(sealed.len(), plain.len() + OVERHEAD);
            let opened = c.open("t", &row, "c", &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert!(c.open("t", &row, "c", &sealed).is_err());
            for short in 0..sealed.len() {
                prop_assert!(c.open("t", &row, "c", &sealed[..short]).is_err());
            }
        }
    }
}
