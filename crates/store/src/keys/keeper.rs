//! A running node follows what is done to the keys: it signs in a list, looks every moment whether the epoch was raised, and signs
//! how far it has come. Whoever rotates waits for the signatures, so no node meets content under a key that it does not know.

use super::kept::{self, Kept, Purpose};
use super::{Key, KeyId, KeySource};
use crate::args;
use crate::crypt::Crypter;
use crate::db::Db;
use crate::error::{Result, StoreError};
use mydata_domain::{Clock, Time};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;
use tokio::sync::watch;

/// How often a node looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often it signs when there is nothing new.
const SIGN_EVERY: Duration = Duration::from_secs(10);
/// Who has not signed for so long does not run any more.
pub(super) const GONE_AFTER: Duration = Duration::from_secs(40);

/// Follows the keys of a store. Cloning gives the same one.
#[derive(Debug, Clone)]
pub struct Keeper {
    db: Db,
    crypter: Crypter,
    source: KeySource,
    node: String,
    epoch: Arc<AtomicI64>,
}

impl Keeper {
    pub(crate) fn new(db: Db, crypter: Crypter, source: KeySource, node: String, epoch: i64) -> Self {
        Self { db, crypter, source, node, epoch: Arc::new(AtomicI64::new(epoch)) }
    }

    /// Where the master key comes from.
    pub fn source(&self) -> &KeySource {
        &self.source
    }

    /// Signs in, before anything is served: from here on whoever rotates waits for this node.
    ///
    /// # Errors
    /// The database refuses, or the keys cannot be read.
    pub async fn sign_in(&self, now: Time) -> Result<()> {
        self.sign(now).await?;
        self.look(now).await.map(drop)
    }

    /// Takes over what was done to the keys since the last look. `true`: something was.
    ///
    /// # Errors
    /// The database refuses; the source does not give the master key that a new key is wrapped under.
    pub async fn look(&self, now: Time) -> Result<bool> {
        let changed = self.look_only().await?;
        if changed {
            self.sign(now).await?;
        }
        Ok(changed)
    }

    /// [`Self::look`] without signing, for whoever is no node.
    pub(super) async fn look_only(&self) -> Result<bool> {
        let epoch = kept::epoch(&self.db).await?;
        if epoch == self.epoch.load(SeqCst) {
            return Ok(false);
        }
        // Read after the epoch: what came later still will be seen at the next look.
        let kept: Vec<Kept> =
            kept::all(&self.db).await?.into_iter().filter(|one| one.purpose == Purpose::Data).collect();
        let unknown: Vec<&Kept> = kept.iter().filter(|one| !self.crypter.knows(one.id)).collect();
        let mut fresh: Vec<(KeyId, Key)> = Vec::new();
        if !unknown.is_empty() {
            let masters = self.source.read().await?.ok_or_else(|| StoreError::Keys {
                place: self.source.place(),
                reason: "it is not there any more; put it back".to_owned(),
            })?;
            for one in unknown {
                fresh.push((one.id, one.unwrap(&masters, &self.source)?));
            }
        }
        let ids: Vec<KeyId> = kept.iter().map(|one| one.id).collect();
        let sealing = kept.iter().find(|one| one.seals()).map(|one| one.id);
        if !sealing.is_some_and(|sealing| self.crypter.update(sealing, &ids, &fresh)) {
            return Err(kept::missing_key());
        }
        self.epoch.store(epoch, SeqCst);
        Ok(true)
    }

    async fn sign(&self, now: Time) -> Result<()> {
        let sql = "INSERT INTO key_nodes (node, epoch, seen_at) VALUES ($1, $2, $3) \
                   ON CONFLICT (node) DO UPDATE SET epoch = excluded.epoch, seen_at = excluded.seen_at";
        let epoch = self.epoch.load(SeqCst);
        self.db.execute("sign_keys", sql, args![&self.node, epoch, now]).await.map(drop)
    }

    /// Signs out: nobody waits for this node any more.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn sign_out(&self) -> Result<()> {
        let sql = "DELETE FROM key_nodes WHERE node = $1";
        self.db.execute("sign_out_keys", sql, args![&self.node]).await.map(drop)
    }

    /// Follows until told to stop, then signs out. `troubled` hears what went wrong; it is tried again.
    pub async fn follow(
        self,
        clock: Arc<dyn Clock>,
        mut stop: watch::Receiver<bool>,
        troubled: impl Fn(&StoreError),
    ) {
        let mut signed = clock.now();
        while !*stop.borrow() {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                // Content under a key that is not known here: whoever met it is told so, the next one shall not be.
                () = self.crypter.missed() => tokio::time::sleep(LOOK_EVERY / 10).await,
                changed = stop.changed() => if changed.is_err() { break },
            }
            let now = clock.now();
            let looked = self.look(now).await;
            let fresh = matches!(looked, Ok(true));
            let mut outcome = looked.map(drop);
            if fresh {
                signed = now;
            } else if now >= signed.plus(SIGN_EVERY) || now < signed {
                // Also a node that cannot follow runs, and must be waited for.
                signed = now;
                outcome = outcome.and(self.sign(now).await);
            }
            if let Err(error) = outcome {
                troubled(&error);
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    _ = stop.changed() => {}
                }
            }
        }
        if let Err(error) = self.sign_out().await {
            troubled(&error);
        }
    }
}

/// Those who run and have not come as far as this.
pub(super) async fn behind(db: &Db, epoch: i64, now: Time) -> Result<Vec<String>> {
    let gone = Time(now.0 - i64::try_from(GONE_AFTER.as_millis()).unwrap_or(i64::MAX));
    let sql = "SELECT node FROM key_nodes WHERE epoch < $1 AND seen_at > $2 ORDER BY node LIMIT 100";
    db.fetch_all(sql, args![epoch, gone]).await?.iter().map(|row| row.get_text(0)).collect()
}

/// Forgets who does not run any more. `all`: nobody does, this process has the database to itself.
pub(crate) async fn forget_gone(db: &Db, all: bool, now: Time) -> Result<()> {
    let gone = Time(if all {
        i64::MAX
    } else {
        now.0 - i64::try_from(GONE_AFTER.as_millis() * 10).unwrap_or(i64::MAX)
    });
    db.execute("forget_key_nodes", "DELETE FROM key_nodes WHERE seen_at < $1", args![gone]).await.map(drop)
}
