//! Keys that sign what others check: one for the roots of the record, one for receipts. Made at the first use, their seeds
//! sealed like everything secret; what is published is made from the seed, never read from a column that somebody with the
//! database could write. Signs compact JSON Web Signatures with Ed25519 (RFC 7515, RFC 8037) and checks them; it knows
//! nothing of what is signed.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use mydata_domain::Time;
use mydata_domain::audit::chain::Digest;
use mydata_domain::audit::{Actor, Event, What};
use mydata_wire::b64;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::Crypter;
use crate::args;
use crate::db::{Db, Isolation, Row, Tx};
use crate::error::{Result, StoreError};

/// The name of the algorithm, as RFC 8037 has it.
const ALG: &str = "EdDSA";
/// Most keys of one purpose, the retired ones included.
const MOST_KEYS: u32 = 1_000;

/// SHA-256 of some parts, one after the other.
pub fn sha256(parts: &[&[u8]]) -> Digest {
    let mut context = digest::Context::new(&digest::SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    Digest(out)
}

/// What a key signs. A signature of one purpose is none of the other: the type stands in what is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The daily roots of the record.
    Roots,
    /// Receipts of consents.
    Receipts,
}

impl Purpose {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Roots, Self::Receipts];

    /// As it is kept, and as the published key says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Roots => "audit-root",
            Self::Receipts => "receipt",
        }
    }

    /// The `typ` of what it signs.
    pub fn typ(self) -> &'static str {
        match self {
            Self::Roots => "mydata-audit-root+jws",
            Self::Receipts => "mydata-receipt+jws",
        }
    }
}

impl std::str::FromStr for Purpose {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|purpose| purpose.as_str() == text);
        found.ok_or_else(|| "a key that signs is for `audit-root` or `receipt`".to_owned())
    }
}

/// A key that signs.
pub struct Signer {
    purpose: Purpose,
    id: String,
    pair: Ed25519KeyPair,
}

/// Without the key.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({} {})", self.purpose.as_str(), self.id)
    }
}

impl Signer {
    fn new(purpose: Purpose, seed: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let id = thumbprint(pair.public_key().as_ref());
        Some(Self { purpose, id, pair })
    }

    /// The key's identifier: its thumbprint (RFC 7638).
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        let key = self.pair.public_key().as_ref().to_vec();
        PublicKey { id: self.id.clone(), purpose: self.purpose.as_str().to_owned(), key }
    }

    /// Signs.
    pub fn sign(&self, payload: &[u8]) -> String {
        let head = json!({ "alg": ALG, "kid": self.id, "typ": self.purpose.typ() }).to_string();
        let mut jws = format!("{}.{}", b64::url_safe(head.as_bytes()), b64::url_safe(payload));
        let signature = self.pair.sign(jws.as_bytes());
        jws.push('.');
        jws.push_str(&b64::url_safe(signature.as_ref()));
        jws
    }
}

fn thumbprint(key: &[u8]) -> String {
    let members = format!("{{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"{}\"}}", b64::url_safe(key));
    b64::url_safe(&sha256(&[members.as_bytes()]).0)
}

/// The key of a purpose that signs now, made when there is none.
///
/// # Errors
/// The database refuses; [`StoreError::Corrupt`]: what is kept is no key of ours.
pub async fn signer(db: &Db, crypter: &Crypter, purpose: Purpose, now: Time) -> Result<Signer> {
    let sql = "SELECT id, seed FROM signing_keys WHERE purpose = $1 AND retired_at IS NULL";
    if let Some(row) = db.fetch_opt(sql, args![purpose.as_str()]).await? {
        return read(crypter, purpose, &row.get_text(0)?, &row.get_blob(1)?);
    }
    let mut seed = Zeroizing::new([0; 32]);
    crypter.random().fill(seed.as_mut_slice());
    let fresh = Signer::new(purpose, seed.as_slice()).ok_or_else(corrupt)?;
    let sealed = crypter.seal("signing_keys", &fresh.id, "seed", seed.as_slice());
    let (id, sealed) = (&fresh.id, &sealed);
    // Another node may have been quicker: then its key is the one.
    let row = db
        .run_tx_as::<_, StoreError, _>(Isolation::ReadCommitted, "signing-key", |tx| async move {
            tx.run(
                "INSERT INTO signing_keys (id, purpose, seed, made_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                args![id, purpose.as_str(), sealed, now],
            )
            .await?;
            tx.fetch_one(sql, args![purpose.as_str()]).await
        })
        .await?;
    read(crypter, purpose, &row.get_text(0)?, &row.get_blob(1)?)
}

/// The identifier of the key that signs now.
pub(crate) async fn current(tx: &Tx, purpose: Purpose) -> Result<Option<String>> {
    let sql = "SELECT id FROM signing_keys WHERE purpose = $1 AND retired_at IS NULL";
    tx.fetch_opt(sql, args![purpose.as_str()]).await?.map(|row| row.get_text(0)).transpose()
}

/// Another key signs from now on. The one before stays published: what it signed holds. Gives both, the new one first.
///
/// # Errors
/// As [`signer`].
pub async fn replace(
    db: &Db,
    crypter: &Crypter,
    purpose: Purpose,
    now: Time,
) -> Result<(String, Option<String>)> {
    let mut seed = Zeroizing::new([0; 32]);
    crypter.random().fill(seed.as_mut_slice());
    let fresh = Signer::new(purpose, seed.as_slice()).ok_or_else(corrupt)?;
    let sealed = &crypter.seal("signing_keys", &fresh.id, "seed", seed.as_slice());
    let id = &fresh.id;
    let before = db
        .run_tx("replace-signing-key", |tx| async move {
            let before = current(&tx, purpose).await?;
            let sql = "UPDATE signing_keys SET retired_at = $2 WHERE purpose = $1 AND retired_at IS NULL";
            tx.run(sql, args![purpose.as_str(), now]).await?;
            let sql = "INSERT INTO signing_keys (id, purpose, seed, made_at) VALUES ($1, $2, $3, $4)";
            tx.run(sql, args![id, purpose.as_str(), sealed, now]).await?;
            let detail =
                json!({ "purpose": purpose.as_str(), "key": id, "before": before, "by": "command-line" });
            let event = Event::new(now, Actor::Operator, What::SigningKeyReplaced).with(detail);
            crate::repo::audit::append(&tx, crypter.random(), &[event]).await?;
            Ok(before)
        })
        .await?;
    Ok((fresh.id, before))
}

/// A key that signs or has signed, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its identifier.
    pub id: String,
    /// What for: `audit-root`, `receipt`.
    pub purpose: String,
    /// Since when.
    pub made_at: Time,
    /// Until when; `None`: it signs now.
    pub retired_at: Option<Time>,
}

/// All keys that sign or have signed, oldest first.
///
/// # Errors
/// The database refuses.
pub async fn list(db: &Db) -> Result<Vec<Listed>> {
    let sql =
        "SELECT id, purpose, made_at, retired_at FROM signing_keys ORDER BY purpose, made_at, id LIMIT $1";
    let read = |row: &Row| {
        Ok(Listed {
            id: row.get_text(0)?,
            purpose: row.get_text(1)?,
            made_at: row.get_time(2)?,
            retired_at: row.get_opt_time(3)?,
        })
    };
    db.fetch_all(sql, args![MOST_KEYS]).await?.iter().map(read).collect()
}

fn read(crypter: &Crypter, purpose: Purpose, id: &str, sealed: &[u8]) -> Result<Signer> {
    let seed = crypter.open("signing_keys", id, "seed", sealed)?;
    Signer::new(purpose, &seed).filter(|signer| signer.id == id).ok_or_else(corrupt)
}

fn corrupt() -> StoreError {
    StoreError::Corrupt {
        table: "signing_keys".into(),
        column: "seed".into(),
        reason: "is not the key of its identifier",
    }
}

/// The public halves of all keys, the retired ones included: what they signed still holds.
///
/// # Errors
/// As [`signer`].
pub async fn public_keys(db: &Db, crypter: &Crypter) -> Result<PublicKeys> {
    let sql = "SELECT id, purpose, seed FROM signing_keys ORDER BY made_at, id LIMIT $1";
    let mut keys = Vec::new();
    for row in db.fetch_all(sql, args![MOST_KEYS]).await? {
        let named = row.get_text(1)?;
        // One of a later version of this program is not ours to publish.
        let Some(purpose) = Purpose::ALL.into_iter().find(|p| p.as_str() == named) else { continue };
        keys.push(read(crypter, purpose, &row.get_text(0)?, &row.get_blob(2)?)?.public());
    }
    Ok(PublicKeys(keys))
}

/// What a signature is checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    id: String,
    purpose: String,
    key: Vec<u8>,
}

/// Published keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicKeys(Vec<PublicKey>);

/// Why a signature does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// Not three parts of base64, or its head is no JSON.
    #[error("it is not a compact JSON Web Signature")]
    Form,
    /// Another algorithm or type.
    #[error("it says {found:?} where {wanted:?} is expected")]
    Kind {
        /// What it says.
        found: String,
        /// What it should say.
        wanted: &'static str,
    },
    /// A key that was not given.
    #[error("it is signed with the key {kid:?}, which is not among the keys")]
    UnknownKey {
        /// The key's identifier.
        kid: String,
    },
    /// The signature is of other bytes or of another key.
    #[error("the signature does not hold")]
    Signature,
}

/// The content of a signature that was not checked.
///
/// # Errors
/// [`BadSignature::Form`].
pub fn content(jws: &str) -> Result<Vec<u8>, BadSignature> {
    let (_, rest) = jws.split_once('.').ok_or(BadSignature::Form)?;
    let (payload, _) = rest.split_once('.').ok_or(BadSignature::Form)?;
    b64::decode_lenient(payload).map_err(|_| BadSignature::Form)
}

impl PublicKeys {
    /// As they are published (RFC 7517).
    pub fn to_jwks(&self) -> Value {
        let key = |key: &PublicKey| {
            json!({
                "kty": "OKP", "crv": "Ed25519", "alg": ALG, "use": "sig",
                "kid": key.id, "x": b64::url_safe(&key.key), "mydata_purpose": key.purpose,
            })
        };
        json!({ "keys": self.0.iter().map(key).collect::<Vec<_>>() })
    }

    /// Reads what is published; keys of other kinds are passed over.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn from_jwks(jwks: &Value) -> Result<Self, String> {
        let keys = jwks["keys"].as_array().ok_or("a key set is an object with the list `keys`")?;
        let mut read = Vec::new();
        for key in keys.iter().filter(|key| key["kty"] == "OKP" && key["crv"] == "Ed25519") {
            let bytes = key["x"].as_str().and_then(|x| b64::decode_lenient(x).ok());
            let key_bytes =
                bytes.filter(|b| b.len() == 32).ok_or("`x` of a key is not 32 bytes of base64url")?;
            let id = thumbprint(&key_bytes);
            if key["kid"].as_str().is_some_and(|kid| kid != id) {
                return Err(format!("the key {} is not the one that its `kid` names", key["kid"]));
            }
            let purpose = key["mydata_purpose"].as_str().unwrap_or_default().to_owned();
            read.push(PublicKey { id, purpose, key: key_bytes });
        }
        Ok(Self(read))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks a signature of a purpose; gives what was signed.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn check(&self, jws: &str, purpose: Purpose) -> Result<Vec<u8>, BadSignature> {
        let (signed, signature) = jws.rsplit_once('.').ok_or(BadSignature::Form)?;
        let (head, payload) = signed.split_once('.').ok_or(BadSignature::Form)?;
        let bytes = |text: &str| b64::decode_lenient(text).map_err(|_| BadSignature::Form);
        let head: Value = serde_json::from_slice(&bytes(head)?).map_err(|_| BadSignature::Form)?;
        let says = |name: &str| head[name].as_str().unwrap_or_default().to_owned();
        for (found, wanted) in [(says("alg"), ALG), (says("typ"), purpose.typ())] {
            if found != wanted {
                return Err(BadSignature::Kind { found, wanted });
            }
        }
        let kid = says("kid");
        let key = self.0.iter().find(|key| key.id == kid && key.purpose == purpose.as_str());
        let key = key.ok_or(BadSignature::UnknownKey { kid })?;
        UnparsedPublicKey::new(&ED25519, &key.key)
            .verify(signed.as_bytes(), &bytes(signature)?)
            .map_err(|_| BadSignature::Signature)?;
        bytes(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{START, TestStore, on_both};

    #[tokio::test]
    async fn a_key_is_made_once_and_signs_for_its_purpose_alone() {
        on_both(async |store: TestStore| {
            let make = |purpose| signer(&store.db, &store.crypter, purpose, START);
            let (first, again) = tokio::join!(make(Purpose::Roots), make(Purpose::Roots));
            let (first, again) = (first.unwrap(), again.unwrap());
            assert_eq!(first.id(), again.id());
            let receipts = make(Purpose::Receipts).await.unwrap();
            assert_ne!(first.id(), receipts.id());

            let published = public_keys(&store.db, &store.crypter).await.unwrap().to_jwks();
            let keys = PublicKeys::from_jwks(&published).unwrap();
            assert_eq!(published["keys"].as_array().unwrap().len(), 2);
            let jws = first.sign(b"{\"a\":1}");
            assert_eq!(keys.check(&jws, Purpose::Roots).unwrap(), b"{\"a\":1}");
            assert!(matches!(keys.check(&jws, Purpose::Receipts), Err(BadSignature::Kind { .. })));
            assert_eq!(content(&jws).unwrap(), b"{\"a\":1}");
            let (signed, signature) = jws.rsplit_once('.').unwrap();
            let (head, _) = signed.split_once('.').unwrap();
            let forged = format!("{head}.{}.{signature}", b64::url_safe(b"{\"a\":2}"));
            assert_eq!(keys.check(&forged, Purpose::Roots), Err(BadSignature::Signature));
            assert!(matches!(
                PublicKeys::default().check(&jws, Purpose::Roots),
                Err(BadSignature::UnknownKey { .. })
            ));
            assert_eq!(keys.check("x", Purpose::Roots), Err(BadSignature::Form));

            // A key that somebody put into the table opens nothing.
            let swap = "UPDATE signing_keys SET seed = (SELECT seed FROM signing_keys WHERE purpose = 'receipt') \
                        WHERE purpose = 'audit-root'";
            store.db.execute("swap", swap, args![]).await.unwrap();
            assert!(matches!(make(Purpose::Roots).await, Err(StoreError::Corrupt { .. })));
            assert!(!format!("{first:?}").contains("seed"));
        })
        .await;
    }

    /// Another key takes the place of one: both are published, what either signed holds, and it is on record.
    #[tokio::test]
    async fn another_key_takes_over_and_what_the_first_signed_holds() {
        on_both(async |store: TestStore| {
            let key = async || signer(&store.db, &store.crypter, Purpose::Roots, START).await.unwrap();
            let first = key().await;
            let receipts = signer(&store.db, &store.crypter, Purpose::Receipts, START).await.unwrap();
            let later = Time(START.0 + 1);
            let (id, before) = replace(&store.db, &store.crypter, Purpose::Roots, later).await.unwrap();
            assert_eq!(before.as_deref(), Some(first.id()));
            let second = key().await;
            assert!(second.id() == id && id != first.id());
            let published = public_keys(&store.db, &store.crypter).await.unwrap();
            assert_eq!(PublicKeys::from_jwks(&published.to_jwks()).unwrap(), published);
            for signer in [&first, &second] {
                assert_eq!(published.check(&signer.sign(b"{}"), Purpose::Roots).unwrap(), b"{}");
            }
            let listed = list(&store.db).await.unwrap();
            let said: Vec<_> = listed.iter().map(|key| (key.id.as_str(), key.retired_at)).collect();
            assert_eq!(said, [(first.id(), Some(later)), (second.id(), None), (receipts.id(), None)]);
            let row = store
                .db
                .fetch_one("SELECT detail FROM audit_events WHERE what = 'signing-key-replaced'", args![]);
            assert!(row.await.unwrap().get_text(0).unwrap().contains(&id));

            // Several at once: one of them signs in the end.
            let (one, two) = tokio::join!(
                replace(&store.db, &store.crypter, Purpose::Roots, later),
                replace(&store.db, &store.crypter, Purpose::Roots, later)
            );
            let now = key().await;
            assert!([one.unwrap().0, two.unwrap().0].contains(&now.id().to_owned()));
        })
        .await;
    }

    /// The example of RFC 8037, appendix A.
    #[test]
    fn is_what_the_standard_says() {
        let seed = b64::decode_lenient("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let signer = Signer::new(Purpose::Roots, &seed).unwrap();
        assert_eq!(signer.id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(signer.public().to_x(), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(
            sha256(&[b"a", b"bc"]).to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    impl PublicKey {
        fn to_x(&self) -> String {
            b64::url_safe(&self.key)
        }
    }
}
