//! The wrapped keys in the database. Every change raises the *epoch*, by which running nodes see that there is something new.

use super::lease::Holder;
use super::source::{Earlier, KeySource, MasterKeys};
use super::{Key, KeyId, KeyRing, wrap};
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Row, Tx};
use crate::error::{Result, StoreError};
use mydata_domain::Time;
use mydata_domain::audit::{Actor, Event, What};
use mydata_wire::Random;
use std::sync::Arc;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Content is sealed under it.
    Data,
    /// Look-up values are made with it. There is one, and it stays.
    Index,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Index => "index",
        }
    }
}

/// A key as it lies in the database.
#[derive(Clone)]
pub struct Kept {
    /// Its id.
    pub id: KeyId,
    /// What it is for.
    pub purpose: Purpose,
    /// Which master key it is wrapped under.
    pub master: KeyId,
    /// When it was made, or came in from a key file of an earlier version.
    pub made_at: Time,
    /// Since when it seals; `None`: not yet.
    pub seals_from: Option<Time>,
    /// Since when another seals in its place.
    pub replaced_at: Option<Time>,
    /// When nothing in the database was under it any more.
    pub cleared_at: Option<Time>,
    wrapped: Vec<u8>,
}

/// Without the wrapped key.
impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("id", &self.id).field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

impl Kept {
    /// Whether it is the one that seals.
    pub fn seals(&self) -> bool {
        self.seals_from.is_some() && self.replaced_at.is_none()
    }

    /// Whether it waits to take over.
    pub fn waits(&self) -> bool {
        self.seals_from.is_none()
    }

    pub(super) fn unwrap(&self, masters: &MasterKeys, source: &KeySource) -> Result<Key> {
        let Some(master) = masters.find(self.master) else {
            return Err(wrong_keys(
                source,
                &format!(
                    "the database's keys are wrapped under the master key {}, here is {}",
                    self.master,
                    masters.newest()
                ),
            ));
        };
        wrap::unwrap(master, self.purpose.as_str(), self.id, &self.wrapped).ok_or(StoreError::Corrupt {
            table: "data_keys".into(),
            column: "wrapped".into(),
            reason: "it was changed, or belongs to another key",
        })
    }
}

fn wrong_keys(source: &KeySource, what: &str) -> StoreError {
    StoreError::Keys {
        place: source.place(),
        reason: format!(
            "{what}: these are not the keys of this database; put the right one back, what is stored cannot be read without it"
        ),
    }
}

const COLUMNS: &str = "id, purpose, master, wrapped, made_at, seals_from, replaced_at, cleared_at";
/// The key that seals first, then newest first.
const ORDER: &str =
    "ORDER BY CASE WHEN seals_from IS NOT NULL AND replaced_at IS NULL THEN 0 ELSE 1 END, made_at DESC, id";

fn read(row: &Row) -> Result<Kept> {
    let bad = |column: &'static str| StoreError::Corrupt {
        table: "data_keys".into(),
        column: column.into(),
        reason: "it is not what the program writes",
    };
    Ok(Kept {
        id: row.get_text("id")?.parse().map_err(|_| bad("id"))?,
        purpose: match row.get_text("purpose")?.as_str() {
            "data" => Purpose::Data,
            "index" => Purpose::Index,
            _ => return Err(bad("purpose")),
        },
        master: row.get_text("master")?.parse().map_err(|_| bad("master"))?,
        made_at: row.get_time("made_at")?,
        seals_from: row.get_opt_time("seals_from")?,
        replaced_at: row.get_opt_time("replaced_at")?,
        cleared_at: row.get_opt_time("cleared_at")?,
        wrapped: row.get_blob("wrapped")?,
    })
}

/// All keys: the one that seals first, then newest first.
///
/// # Errors
/// The database refuses, or a row is not the program's.
pub async fn all(db: &Db) -> Result<Vec<Kept>> {
    let sql = format!("SELECT {COLUMNS} FROM data_keys {ORDER}");
    db.fetch_all(sql, args![]).await?.iter().map(read).collect()
}

pub(super) async fn all_in(tx: &Tx) -> Result<Vec<Kept>> {
    let sql = format!("SELECT {COLUMNS} FROM data_keys {ORDER}");
    tx.fetch_all(sql, args![]).await?.iter().map(read).collect()
}

/// The keys of a database that is in use, for looking only. Of one that has none yet, those of a key file of an earlier version.
///
/// # Errors
/// [`StoreError::Keys`]: the master key is not this database's.
pub fn open_ring(kept: &[Kept], masters: &MasterKeys, source: &KeySource) -> Result<KeyRing> {
    if kept.is_empty() {
        let earlier =
            masters.earlier().ok_or_else(|| wrong_keys(source, "the database has no keys of its own"))?;
        return Ok(ring_of(earlier));
    }
    let (mut sealing, mut older, mut index) = (None, Vec::new(), None);
    for one in kept {
        let key = one.unwrap(masters, source)?;
        match one.purpose {
            Purpose::Data if one.seals() => sealing = Some((one.id, key)),
            Purpose::Data => older.push((one.id, key)),
            Purpose::Index => index = Some(key),
        }
    }
    let (Some(sealing), Some(index)) = (sealing, index) else { return Err(missing_key()) };
    Ok(KeyRing { sealing, older, index })
}

/// Of the keys that must be there one is not.
pub(super) fn missing_key() -> StoreError {
    StoreError::Corrupt {
        table: "data_keys".into(),
        column: "id".into(),
        reason: "a key is missing; restore the table from a backup",
    }
}

fn ring_of(earlier: &Earlier) -> KeyRing {
    KeyRing { sealing: earlier.newest.clone(), older: earlier.older.clone(), index: earlier.index.clone() }
}

/// Opens the keys of a database, or puts the first ones there: fresh ones, or those of a key file of an earlier version. Gives the
/// crypter and the epoch.
pub(crate) async fn open(
    db: &Db,
    masters: &MasterKeys,
    source: &KeySource,
    random: &Arc<dyn Random>,
    now: Time,
) -> Result<(Crypter, i64)> {
    let opened = db
        .run_tx("open_keys", async |tx| {
            let kept = all_in(&tx).await?;
            let epoch = epoch_in(&tx).await?;
            if !kept.is_empty() {
                let crypter = Crypter::new(&open_ring(&kept, masters, source)?, Arc::clone(random));
                check_word(&tx, &crypter, source).await?;
                return Ok((crypter, epoch));
            }
            let ring = match masters.earlier() {
                Some(earlier) => ring_of(earlier),
                None => KeyRing::fresh(random.as_ref()),
            };
            let crypter = Crypter::new(&ring, Arc::clone(random));
            check_word(&tx, &crypter, source).await?;
            for (n, (id, key)) in ring.data().enumerate() {
                // The first line of a key file is the newest.
                let at = Time(now.0 - i64::try_from(n).unwrap_or(0));
                let replaced = (n > 0).then_some(at);
                insert(&tx, masters, random, Purpose::Data, (*id, key), at, Some(at), replaced).await?;
            }
            let id = KeyId::of(&ring.index);
            insert(&tx, masters, random, Purpose::Index, (id, &ring.index), now, Some(now), None).await?;
            Ok((crypter, raise(&tx).await?))
        })
        .await?;
    Ok(opened)
}

/// The first start leaves a sealed word in the database; every later one must be able to open it.
async fn check_word(tx: &Tx, crypter: &Crypter, source: &KeySource) -> Result<()> {
    let fresh = sealed_word(crypter);
    let look_up = crypter.index("meta", WORD);
    tx.execute(
        "INSERT INTO meta (key, value) VALUES ('keys', $1), ('index', $2) ON CONFLICT (key) DO NOTHING",
        args![&fresh, &look_up],
    )
    .await?;
    let rows =
        tx.fetch_all("SELECT value FROM meta WHERE key IN ('index', 'keys') ORDER BY key", args![]).await?;
    let [index, word] = rows.as_slice() else { return Err(StoreError::NotFound) };
    let opens = mydata_wire::b64::decode_lenient(&word.get_text(0)?)
        .is_ok_and(|s| crypter.open("meta", "keys", "value", &s).is_ok_and(|w| *w == WORD));
    if opens && index.get_text(0)? == look_up {
        return Ok(());
    }
    Err(wrong_keys(source, "they do not open the word that the first start left"))
}

const WORD: &[u8] = b"mydata";

fn sealed_word(crypter: &Crypter) -> String {
    mydata_wire::b64::standard(&crypter.seal("meta", "keys", "value", WORD))
}

/// Under which key the word lies.
pub(super) async fn word_key(db: &Db) -> Result<Option<KeyId>> {
    let row = db.fetch_opt("SELECT value FROM meta WHERE key = 'keys'", args![]).await?;
    let Some(row) = row else { return Ok(None) };
    let sealed = mydata_wire::b64::decode_lenient(&row.get_text(0)?).unwrap_or_default();
    Ok(Crypter::key_of(&sealed))
}

/// Seals the word anew.
pub(super) async fn reseal_word(db: &Db, crypter: &Crypter) -> Result<()> {
    let word = sealed_word(crypter);
    db.execute("reseal_word", "UPDATE meta SET value = $1 WHERE key = 'keys'", args![&word]).await.map(drop)
}

#[expect(clippy::too_many_arguments, reason = "the columns of one row")]
async fn insert(
    tx: &Tx,
    masters: &MasterKeys,
    random: &Arc<dyn Random>,
    purpose: Purpose,
    (id, key): (KeyId, &Key),
    made_at: Time,
    seals_from: Option<Time>,
    replaced_at: Option<Time>,
) -> Result<()> {
    let (master, master_key) = masters.newest_key();
    let wrapped = wrap::wrap(master_key, purpose.as_str(), id, key, random.as_ref());
    tx.run(
        "INSERT INTO data_keys (id, purpose, master, wrapped, made_at, seals_from, replaced_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![
            id.to_string(),
            purpose.as_str(),
            master.to_string(),
            wrapped,
            made_at,
            seals_from,
            replaced_at
        ],
    )
    .await
}

/// Puts a fresh data key beside the others. It seals nothing yet.
pub(super) async fn add(
    db: &Db,
    holder: &Holder,
    (masters, source): (&MasterKeys, &KeySource),
    random: &Arc<dyn Random>,
    now: Time,
) -> Result<KeyId> {
    let key = super::fresh_key(random.as_ref());
    let id = KeyId::of(&key);
    db.run_tx("add_key", async |tx| {
        holder.check(&tx).await?;
        // Under a master key that was replaced meanwhile it could never be opened.
        if let Some(other) = all_in(&tx).await?.iter().find(|one| masters.find(one.master).is_none()) {
            return other.unwrap(masters, source).map(drop);
        }
        insert(&tx, masters, random, Purpose::Data, (id, &key), now, None, None).await?;
        note(&tx, random, What::DataKeyAdded, id, now).await?;
        raise(&tx).await.map(drop)
    })
    .await?;
    Ok(id)
}

/// From now on this key seals. Nothing happens when it does not wait for it any more: one that seals is never replaced by none.
pub(super) async fn take_over(
    db: &Db,
    holder: &Holder,
    random: &Arc<dyn Random>,
    id: KeyId,
    now: Time,
) -> Result<()> {
    db.run_tx("take_over", async |tx| {
        holder.check(&tx).await?;
        let all = all_in(&tx).await?;
        if !all.iter().any(|one| one.id == id && one.purpose == Purpose::Data && one.waits()) {
            return Ok(());
        }
        // In this order: two never seal at once, which the index on the table would refuse.
        tx.run(
            "UPDATE data_keys SET replaced_at = $1 WHERE purpose = 'data' AND seals_from IS NOT NULL AND replaced_at IS NULL",
            args![now],
        )
        .await?;
        let sql = "UPDATE data_keys SET seals_from = $2 WHERE id = $1 AND purpose = 'data' AND seals_from IS NULL";
        if tx.execute(sql, args![id.to_string(), now]).await? != 1 {
            return Err(missing_key());
        }
        note(&tx, random, What::DataKeyUsed, id, now).await?;
        raise(&tx).await.map(drop)
    })
    .await
}

/// Nothing in the database is under these any more.
pub(super) async fn cleared(db: &Db, ids: &[KeyId], now: Time) -> Result<()> {
    db.run_tx("keys_cleared", async |tx| {
        for id in ids {
            let sql = "UPDATE data_keys SET cleared_at = $2 WHERE id = $1 AND cleared_at IS NULL";
            tx.run(sql, args![id.to_string(), now]).await?;
        }
        Ok(())
    })
    .await
}

/// Drops a key.
pub(super) async fn drop_key(
    db: &Db,
    holder: &Holder,
    random: &Arc<dyn Random>,
    id: KeyId,
    now: Time,
) -> Result<()> {
    db.run_tx("retire_key", async |tx| {
        holder.check(&tx).await?;
        let sql = "DELETE FROM data_keys WHERE id = $1 AND purpose = 'data' AND replaced_at IS NOT NULL";
        if tx.execute(sql, args![id.to_string()]).await? == 1 {
            note(&tx, random, What::DataKeyRetired, id, now).await?;
        }
        raise(&tx).await.map(drop)
    })
    .await
}

/// Wraps every key under the newest master key of `to`, unwrapping with those of `from` or `to`. Gives how many were not under it.
pub(super) async fn rewrap(
    db: &Db,
    holder: &Holder,
    random: &Arc<dyn Random>,
    from: (&MasterKeys, &KeySource),
    to: &MasterKeys,
    now: Time,
) -> Result<usize> {
    db.run_tx("rewrap_keys", async |tx| {
        holder.check(&tx).await?;
        let (master, master_key) = to.newest_key();
        let mut changed = 0;
        for one in all_in(&tx).await?.into_iter().filter(|one| one.master != *master) {
            let key = one.unwrap(if to.find(one.master).is_some() { to } else { from.0 }, from.1)?;
            let wrapped = wrap::wrap(master_key, one.purpose.as_str(), one.id, &key, random.as_ref());
            let sql = "UPDATE data_keys SET master = $2, wrapped = $3 WHERE id = $1";
            tx.run(sql, args![one.id.to_string(), master.to_string(), wrapped]).await?;
            changed += 1;
        }
        if changed > 0 {
            note(&tx, random, What::MasterKeyChanged, *master, now).await?;
        }
        Ok(changed)
    })
    .await
}

async fn note(tx: &Tx, random: &Arc<dyn Random>, what: What, id: KeyId, now: Time) -> Result<()> {
    let detail = serde_json::json!({ "key": id.to_string(), "by": "command-line" });
    let event = Event::new(now, Actor::Operator, what).with(detail);
    crate::repo::audit::append(tx, random.as_ref(), &[event]).await
}

const EPOCH: &str = "SELECT value FROM meta WHERE key = 'keys-epoch'";

fn parse_epoch(row: Option<&Row>) -> Result<i64> {
    Ok(row.map(|row| row.get_text(0)).transpose()?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// How often the keys were changed.
pub(super) async fn epoch(db: &Db) -> Result<i64> {
    parse_epoch(db.fetch_opt(EPOCH, args![]).await?.as_ref())
}

async fn epoch_in(tx: &Tx) -> Result<i64> {
    parse_epoch(tx.fetch_opt(EPOCH, args![]).await?.as_ref())
}

async fn raise(tx: &Tx) -> Result<i64> {
    let sql = "INSERT INTO meta (key, value) VALUES ('keys-epoch', '1') \
               ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT) RETURNING value";
    parse_epoch(Some(&tx.fetch_one(sql, args![]).await?))
}
