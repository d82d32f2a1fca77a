//! One at a time changes the keys. Whoever does holds a lease in the database and renews it while it works; each change looks, in its
//! own transaction, whether the lease is still held. It refuses to wait for ever where nobody is told that it waits.
//!
//! Whoever was killed holds it for some seconds more.

use crate::args;
use crate::db::{Db, DbAddress, PoolSizes, Tx};
use crate::error::{Result, StoreError};
use mydata_domain::{Clock, Time};
use mydata_wire::{Random, SystemRandom, random};
use std::sync::Arc;
use std::time::Duration;

/// How long it lasts without being renewed.
const LIFE: Duration = Duration::from_secs(10);
/// How often it is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// How often a taken lease is looked at again.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long whoever is not told is kept waiting: longer than the lease of somebody who was killed.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Who holds it: random, so that nobody takes another's for their own.
pub(super) struct Holder(String);

const READ: &str = "SELECT value FROM meta WHERE key = 'keys-lease'";

impl Holder {
    /// Whether a row says that this one holds it, and until when somebody does.
    async fn look(&self, tx: &Tx) -> Result<(bool, Time)> {
        let Some(row) = tx.fetch_opt(READ, args![]).await? else { return Ok((false, Time(0))) };
        let value = row.get_text(0)?;
        let (holder, until) = value.split_once(' ').unwrap_or_default();
        Ok((holder == self.0, Time(until.parse().unwrap_or(0))))
    }

    /// Fails when somebody else may be changing the keys: nothing must be changed any more.
    pub(super) async fn check(&self, tx: &Tx) -> Result<()> {
        if self.look(tx).await?.0 { Ok(()) } else { Err(StoreError::KeysTaken) }
    }

    async fn take(&self, db: &Db, now: Time) -> Result<bool> {
        db.run_tx("lease_keys", async |tx| {
            let (mine, until) = self.look(&tx).await?;
            if !mine && until > now {
                return Ok(false);
            }
            let value = format!("{} {}", self.0, now.plus(LIFE).0);
            let sql = "INSERT INTO meta (key, value) VALUES ('keys-lease', $1) \
                       ON CONFLICT (key) DO UPDATE SET value = excluded.value";
            tx.execute(sql, args![&value]).await.map(|_| true)
        })
        .await
    }

    async fn renew(&self, db: &Db, now: Time) -> Result<()> {
        db.run_tx("renew_keys", async |tx| {
            self.check(&tx).await?;
            let value = format!("{} {}", self.0, now.plus(LIFE).0);
            tx.run("UPDATE meta SET value = $1 WHERE key = 'keys-lease'", args![&value]).await
        })
        .await
    }

    async fn give_back(&self, db: &Db) -> Result<()> {
        db.run_tx("release_keys", async |tx| {
            if self.look(&tx).await?.0 {
                tx.run("DELETE FROM meta WHERE key = 'keys-lease'", args![]).await?;
            }
            Ok(())
        })
        .await
    }
}

/// Does work on the keys while nobody else does. `waits` is called when somebody does, and says how long at most it is waited for
/// (`None`: until it ends).
pub(super) async fn alone<T>(
    db: &Db,
    clock: &dyn Clock,
    random: &dyn Random,
    waits: impl FnOnce() -> Option<Duration>,
    work: impl AsyncFnOnce(&Holder) -> Result<T>,
) -> Result<T> {
    let holder = Holder(random::uuid_v4(random).simple().to_string());
    if !holder.take(db, clock.now()).await? {
        let until = waits().map(|patience| clock.now().plus(patience));
        while !holder.take(db, clock.now()).await? {
            if until.is_some_and(|until| clock.now() > until) {
                return Err(StoreError::KeysTaken);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    let renewing = async {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            match holder.renew(db, clock.now()).await {
                // The database may be back before the lease runs out; each change looks for itself.
                Ok(()) => {}
                Err(error) if error.passes() => {}
                Err(error) => return error,
            }
        }
    };
    let done = tokio::select! {
        done = work(&holder) => done,
        error = renewing => Err(error),
    };
    let given_back = holder.give_back(db).await;
    done.and_then(|done| given_back.map(|()| done))
}

/// Does work during which nobody changes the keys of a database: none is added, retired or wrapped anew, and no blob's header is
/// written. The master key is not needed. `waits` is called when somebody changes them now; it is waited until they have ended.
///
/// # Errors
/// The database refuses. [`StoreError::KeysTaken`]: it could not be reached for so long that somebody else may have begun meanwhile.
pub async fn unchanged<T>(
    address: &DbAddress,
    clock: &dyn Clock,
    waits: impl FnOnce(),
    work: impl AsyncFnOnce() -> T,
) -> Result<T> {
    let db = Db::connect(address, PoolSizes { readers: 1, writers: 1 }, Arc::new(SystemRandom)).await?;
    let waits = || {
        waits();
        None
    };
    let done = alone(&db, clock, &SystemRandom, waits, async |_: &Holder| Ok(work().await)).await;
    db.close().await;
    done
}
