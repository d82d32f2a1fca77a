//! Work to be done later, kept in the same database as the state it follows from. It leases work; it runs none.
//!
//! A job is enqueued in the transaction that makes it necessary and completed in the one that records its result, so that neither is
//! ever without the other. Whoever claims a job holds a lease on it; when the lease runs out the job goes to another, and whatever
//! the first still tries to record under its lease is refused.

use crate::args;
use crate::db::{Arg, Db, Engine, Row, Tx, placeholders};
use crate::error::{Result, StoreError};
use mydata_domain::Time;
use mydata_wire::random::uuid_v4;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

/// A job to be enqueued.
#[derive(Debug, Clone, Copy)]
pub struct NewJob<'a> {
    /// What is to be done.
    pub kind: &'a str,
    /// Of a kind at most one living job has this key; `None`: any number.
    pub key: Option<&'a str>,
    /// What it shares with other jobs of its kind and may wait for, such as a dataset's DP; see [`Full`].
    pub lane: Option<&'a str>,
    /// JSON, identifiers only: no personal data, no secret.
    pub payload: &'a str,
    /// When it is due.
    pub run_at: Time,
    /// Now.
    pub now: Time,
}

/// A job held by this process until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// The job's id.
    pub id: String,
    /// What is to be done.
    pub kind: String,
    /// Its key, if it has one.
    pub key: Option<String>,
    /// Its lane, if it has one.
    pub lane: Option<String>,
    /// JSON.
    pub payload: String,
    /// How often it was claimed, this time included.
    pub attempts: i64,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was first enqueued.
    pub created_at: Time,
    token: String,
}

/// What is not to be claimed now, because enough of it is being worked on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Full {
    /// Kinds.
    pub kinds: Vec<String>,
    /// Lanes.
    pub lanes: Vec<String>,
}

impl Full {
    /// Whether anything may be claimed.
    pub fn is_nothing(&self) -> bool {
        self.kinds.is_empty() && self.lanes.is_empty()
    }

    /// The condition that leaves them out, its placeholders counted from `first`; empty when there is nothing to leave out.
    fn condition(&self, first: usize) -> String {
        let mut sql = String::new();
        if !self.kinds.is_empty() {
            sql += &format!(" AND kind NOT IN ({})", placeholders(first, self.kinds.len()));
        }
        if !self.lanes.is_empty() {
            let list = placeholders(first + self.kinds.len(), self.lanes.len());
            sql += &format!(" AND (lane IS NULL OR lane NOT IN ({list}))");
        }
        sql
    }

    fn args<'a>(&'a self, before: &[Arg<'a>]) -> Vec<Arg<'a>> {
        let mut args = before.to_vec();
        args.extend(self.kinds.iter().chain(&self.lanes).map(Arg::from));
        args
    }
}

/// A job that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    /// The job's id.
    pub id: String,
    /// What was to be done.
    pub kind: String,
    /// Its key, if it has one.
    pub key: Option<String>,
    /// JSON.
    pub payload: String,
    /// How often it was tried.
    pub attempts: i64,
    /// Why it was given up.
    pub error: String,
    /// When it was given up.
    pub dead_at: Time,
}

/// Enqueues a job in a transaction.
///
/// When a living job of this kind has the key, that one is kept: it comes earlier if this one is due earlier; and if it is being
/// worked on just now, it is run once more afterwards, since the work may have looked at the state before this transaction changed it.
///
/// # Errors
/// The database refuses.
pub async fn enqueue(tx: &Tx, job: &NewJob<'_>) -> Result<()> {
    let id = uuid_v4(tx.db().random()).to_string();
    tx.run(
            "INSERT INTO jobs (id, kind, key, payload, run_at, attempts, created_at, lane) VALUES ($1, $2, $3, $4, $5, 0, $6, $7)
             ON CONFLICT (kind, key) WHERE dead_at IS NULL DO UPDATE SET
                 run_at = CASE WHEN jobs.lease_token IS NULL AND excluded.run_at < jobs.run_at
                               THEN excluded.run_at ELSE jobs.run_at END,
                 again_at = CASE WHEN jobs.lease_token IS NULL THEN NULL
                                 WHEN jobs.again_at < excluded.run_at THEN jobs.again_at
                                 ELSE excluded.run_at END",
        args![id, job.kind, job.key, job.payload, job.run_at, job.now, job.lane],
    )
    .await?;
    tx.job_enqueued(job.run_at).await;
    Ok(())
}

/// Ends a job as done. One that was enqueued again meanwhile is due again.
///
/// # Errors
/// [`StoreError::LeaseLost`]: the transaction must be given up with all the work.
pub async fn complete(tx: &Tx, job: &Leased) -> Result<()> {
    let done = tx
        .execute(
            "DELETE FROM jobs WHERE id = $1 AND lease_token = $2 AND again_at IS NULL",
            args![&job.id, &job.token],
        )
        .await?;
    if done == 1 || run_again(tx, job, None).await? { Ok(()) } else { Err(lost(job)) }
}

/// Puts a job back, to be tried again at `when`; or earlier, if it was enqueued again for an earlier time.
///
/// # Errors
/// [`StoreError::LeaseLost`].
pub async fn retry_at(tx: &Tx, job: &Leased, when: Time, error: &str) -> Result<()> {
    let row = tx
        .fetch_opt(
            "UPDATE jobs SET lease_token = NULL, leased_by = NULL, last_error = $3, again_at = NULL,
                 run_at = CASE WHEN again_at < $4 THEN again_at ELSE $4 END
             WHERE id = $1 AND lease_token = $2 RETURNING run_at",
            args![&job.id, &job.token, error, when],
        )
        .await?
        .ok_or_else(|| lost(job))?;
    tx.job_enqueued(row.get_time(0)?).await;
    Ok(())
}

/// Gives a job up; it is kept for the operator. One that was enqueued again meanwhile is due again instead.
///
/// # Errors
/// [`StoreError::LeaseLost`].
pub async fn fail(tx: &Tx, job: &Leased, error: &str, now: Time) -> Result<()> {
    let dead = tx
        .execute(
            "UPDATE jobs SET lease_token = NULL, leased_by = NULL, last_error = $3, dead_at = $4
             WHERE id = $1 AND lease_token = $2 AND again_at IS NULL",
            args![&job.id, &job.token, error, now],
        )
        .await?;
    if dead == 1 || run_again(tx, job, Some(error)).await? { Ok(()) } else { Err(lost(job)) }
}

/// Makes a job that was enqueued again while leased a fresh one.
async fn run_again(tx: &Tx, job: &Leased, error: Option<&str>) -> Result<bool> {
    let row = tx
        .fetch_opt(
            "UPDATE jobs SET lease_token = NULL, leased_by = NULL, run_at = again_at, again_at = NULL, attempts = 0, last_error = $3
             WHERE id = $1 AND lease_token = $2 AND again_at IS NOT NULL RETURNING run_at",
            args![&job.id, &job.token, error],
        )
        .await?;
    if let Some(row) = &row {
        tx.job_enqueued(row.get_time(0)?).await;
    }
    Ok(row.is_some())
}

fn lost(job: &Leased) -> StoreError {
    StoreError::LeaseLost { id: job.id.clone() }
}

/// Jobs of one kind that are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The kind.
    pub kind: String,
    /// How many.
    pub number: u64,
    /// Since when the oldest is due.
    pub since: Time,
}

/// The job table as one node sees it. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Jobs {
    db: Db,
    node: String,
}

/// MATERIALIZED, so that the rows are picked (and locked) once, whatever the planner thinks.
fn claim(engine: Engine, full: &Full) -> String {
    let lock = match engine {
        Engine::Sqlite => "",
        Engine::Postgres => " FOR UPDATE SKIP LOCKED",
    };
    let but = full.condition(6);
    format!(
        "WITH due AS MATERIALIZED (SELECT id FROM jobs WHERE dead_at IS NULL AND run_at <= $1{but} ORDER BY run_at LIMIT $2{lock})
         UPDATE jobs SET lease_token = $3, leased_by = $4, run_at = $5, again_at = NULL, attempts = attempts + 1
         WHERE id IN (SELECT id FROM due) RETURNING id, kind, key, payload, attempts, last_error, created_at, lane"
    )
}

impl Jobs {
    /// The jobs of `db`, claimed in the name of `node`.
    pub fn new(db: Db, node: impl Into<String>) -> Self {
        Self { db, node: node.into() }
    }

    /// Claims up to `limit` jobs that are due, for as long as `lease`, and none of what is `full`. No two callers get the same one.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn claim(&self, limit: u32, full: &Full, now: Time, lease: Duration) -> Result<Vec<Leased>> {
        let token = uuid_v4(self.db.random()).to_string();
        let sql = claim(self.db.engine(), full);
        // The locked rows are all that the statement depends on; SERIALIZABLE would make claimers hinder each other.
        let fixed = args![now, limit, &token, &self.node, now.plus(lease)];
        let rows = self.db.change("jobs_claim", sql, &full.args(fixed)).await?;
        let mut jobs = rows.iter().map(|row| leased(row, &token)).collect::<Result<Vec<_>>>()?;
        jobs.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(jobs)
    }

    /// Lets the lease end at `until` instead.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn extend(&self, job: &Leased, until: Time) -> Result<()> {
        let n = self
            .db
            .execute(
                "jobs_extend",
                "UPDATE jobs SET run_at = $3 WHERE id = $1 AND lease_token = $2",
                args![&job.id, &job.token, until],
            )
            .await?;
        if n == 1 { Ok(()) } else { Err(lost(job)) }
    }

    /// [`complete`] in a transaction of its own, for work that leaves nothing to record.
    ///
    /// # Errors
    /// As there.
    pub async fn complete(&self, job: &Leased) -> Result<()> {
        self.db.run_tx("jobs_complete", async |tx| complete(&tx, job).await).await
    }

    /// [`retry_at`] in a transaction of its own.
    ///
    /// # Errors
    /// As there.
    pub async fn retry_at(&self, job: &Leased, when: Time, error: &str) -> Result<()> {
        self.db.run_tx("jobs_retry", async |tx| retry_at(&tx, job, when, error).await).await
    }

    /// [`fail`] in a transaction of its own.
    ///
    /// # Errors
    /// As there.
    pub async fn fail(&self, job: &Leased, error: &str, now: Time) -> Result<()> {
        self.db.run_tx("jobs_fail", async |tx| fail(&tx, job, error, now).await).await
    }

    /// Gives a job back untried, as when the process ends in good order: it is due at once, and the attempt does not count.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn release(&self, job: &Leased, now: Time) -> Result<()> {
        let n = self
            .db
            .execute(
                "jobs_release",
                "UPDATE jobs SET lease_token = NULL, leased_by = NULL, run_at = $3, again_at = NULL, attempts = attempts - 1
                 WHERE id = $1 AND lease_token = $2",
                args![&job.id, &job.token, now],
            )
            .await?;
        if n == 1 { Ok(()) } else { Err(lost(job)) }
    }

    /// Gives several jobs back untried that were claimed together, for want of room: [`Jobs::release`] for many. One whose lease is
    /// lost is passed over: somebody else has it.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn put_back(&self, jobs: &[Leased], now: Time) -> Result<()> {
        let Some(first) = jobs.first() else { return Ok(()) };
        let sql = format!(
            "UPDATE jobs SET lease_token = NULL, leased_by = NULL, run_at = COALESCE(again_at, $2), again_at = NULL,
                 attempts = attempts - 1 WHERE lease_token = $1 AND id IN ({})",
            placeholders(3, jobs.len())
        );
        let mut args = args![&first.token, now].to_vec();
        args.extend(jobs.iter().map(|job| Arg::from(&job.id)));
        self.db.execute("jobs_put_back", sql, &args).await?;
        Ok(())
    }

    /// Ends all leases of this node, as at its start: what it held when it was killed is due at once. Gives their number.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn release_own(&self, now: Time) -> Result<u64> {
        self.db
            .execute(
                "jobs_release_own",
                "UPDATE jobs SET lease_token = NULL, leased_by = NULL, run_at = $2, again_at = NULL
                 WHERE leased_by = $1 AND dead_at IS NULL",
                args![&self.node, now],
            )
            .await
    }

    /// Ends all leases, whoever holds them: for a database that only this process can have open.
    pub(crate) async fn release_all(&self, now: Time) -> Result<u64> {
        self.db
            .execute(
                "jobs_release_all",
                "UPDATE jobs SET lease_token = NULL, leased_by = NULL, run_at = $1, again_at = NULL
                 WHERE lease_token IS NOT NULL AND dead_at IS NULL",
                args![now],
            )
            .await
    }

    /// When the next job is due or the next lease ends, of what is not `full`; `None`: there is no such living job.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn next_run_at(&self, full: &Full) -> Result<Option<Time>> {
        let sql = format!("SELECT MIN(run_at) FROM jobs WHERE dead_at IS NULL{}", full.condition(1));
        self.db.fetch_one(sql, &full.args(args![])).await?.get_opt_time(0)
    }

    /// Returns when a job that is not `full` is due, when this process enqueues one that is due sooner than all others, or after `at_most` (another node may
    /// have enqueued one). It may also return too early. One task at a time.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn wait(&self, full: &Full, now: Time, at_most: Duration) -> Result<()> {
        // While the next time is looked up every job enqueued must wake us, afterwards only an earlier one.
        self.db.jobs_horizon().store(i64::MAX, SeqCst);
        let longest = now.plus(at_most);
        let next = self.next_run_at(full).await?.map_or(longest, |t| t.min(longest));
        self.db.jobs_horizon().store(next.0, SeqCst);
        // Woken or timed out: both mean "look again".
        let _ = tokio::time::timeout(now.until(next), self.db.jobs_added().notified()).await;
        self.db.jobs_horizon().store(i64::MAX, SeqCst);
        Ok(())
    }

    /// How many jobs are waiting or being worked on. A test that leaves one behind has forgotten something.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn living(&self) -> Result<i64> {
        self.db.fetch_one("SELECT COUNT(*) FROM jobs WHERE dead_at IS NULL", args![]).await?.get_i64(0)
    }

    /// The number of living jobs by kind, for the operator.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn living_by_kind(&self) -> Result<Vec<(String, i64)>> {
        self.db
            .fetch_all(
                "SELECT kind, COUNT(*) FROM jobs WHERE dead_at IS NULL GROUP BY kind ORDER BY kind",
                args![],
            )
            .await?
            .iter()
            .map(|r| Ok((r.get_text(0)?, r.get_i64(1)?)))
            .collect()
    }

    /// What is due and worked on by nobody, by kind: how much, and since when the oldest is due.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn due(&self, now: Time) -> Result<Vec<Due>> {
        // A lease that ended is due as well: whoever held it is gone.
        let sql = "SELECT kind, COUNT(*), MIN(run_at) FROM jobs WHERE dead_at IS NULL AND run_at <= $1
                   GROUP BY kind ORDER BY kind";
        let rows = self.db.fetch_all(sql, args![now]).await?;
        let read = |row: &Row| {
            let number = row.get_i64(1)?.unsigned_abs();
            Ok(Due { kind: row.get_text(0)?, number, since: row.get_time(2)? })
        };
        rows.iter().map(read).collect()
    }

    /// How many jobs were given up.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn dead_count(&self) -> Result<u64> {
        let row = self.db.fetch_one("SELECT COUNT(*) FROM jobs WHERE dead_at IS NOT NULL", args![]).await?;
        Ok(row.get_i64(0)?.unsigned_abs())
    }

    /// In whose name jobs are claimed here.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// The jobs given up, latest first.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn dead(&self, limit: u32) -> Result<Vec<Dead>> {
        self.db
            .fetch_all(
                "SELECT id, kind, key, payload, attempts, last_error, dead_at FROM jobs WHERE dead_at IS NOT NULL
                 ORDER BY dead_at DESC, id LIMIT $1",
                args![limit],
            )
            .await?
            .iter()
            .map(|r| {
                Ok(Dead {
                    id: r.get_text(0)?,
                    kind: r.get_text(1)?,
                    key: r.get_opt_text(2)?,
                    payload: r.get_text(3)?,
                    attempts: r.get_i64(4)?,
                    error: r.get_opt_text(5)?.unwrap_or_default(),
                    dead_at: r.get_time(6)?,
                })
            })
            .collect()
    }

    /// Removes the jobs given up before `before`; gives their number.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn forget_dead(&self, before: Time) -> Result<u64> {
        self.db.execute("jobs_forget", "DELETE FROM jobs WHERE dead_at < $1", args![before]).await
    }
}

/// Lets a job that was given up be tried afresh. `false`: it is not there, or a living one has taken its place.
///
/// # Errors
/// The database refuses.
pub async fn revive(tx: &Tx, id: &str, now: Time) -> Result<bool> {
    let n = tx
        .execute(
            "UPDATE jobs SET dead_at = NULL, run_at = $2, attempts = 0 WHERE id = $1 AND dead_at IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM jobs l WHERE l.kind = jobs.kind AND l.key = jobs.key AND l.dead_at IS NULL)",
            args![id, now],
        )
        .await?;
    if n == 1 {
        tx.job_enqueued(now).await;
    }
    Ok(n == 1)
}

fn leased(row: &Row, token: &str) -> Result<Leased> {
    Ok(Leased {
        id: row.get_text(0)?,
        kind: row.get_text(1)?,
        key: row.get_opt_text(2)?,
        payload: row.get_text(3)?,
        attempts: row.get_i64(4)?,
        last_error: row.get_opt_text(5)?,
        created_at: row.get_time(6)?,
        lane: row.get_opt_text(7)?,
        token: token.to_owned(),
    })
}

#[cfg(test)]
mod tests;
