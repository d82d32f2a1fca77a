//! Sessions of the back office. A browser's secret is looked up, never kept.

use mydata_domain::account::session::{ABSOLUTE, IDLE, Moments, Stage};
use mydata_domain::account::{Account, AccountId};
use mydata_domain::{Time, Zone};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{accounts, unreadable};
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

const TABLE: &str = "sessions";

/// From where and with what somebody works. Personal data: no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The address, as text.
    pub address: String,
    /// What the browser says it is.
    pub browser: String,
}

/// A session.
#[derive(Clone)]
pub struct Session {
    /// How it is kept; names the row.
    id: String,
    /// How its holder names it among others.
    pub handle: String,
    /// Whose it is.
    pub account: AccountId,
    /// How far its holder has come.
    pub stage: Stage,
    /// The zone that its pages show.
    pub zone: Zone,
    /// When it began, was last used, was last proven.
    pub moments: Moments,
    /// From where.
    pub device: Device,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("handle", &self.handle)
            .field("account", &self.account)
            .field("stage", &self.stage)
            .field("moments", &self.moments)
            .finish_non_exhaustive()
    }
}

const COLUMNS: &str =
    "s.id, s.handle, s.account_id, s.stage, s.zone, s.began_at, s.seen_at, s.proved_at, s.private";

fn read(crypter: &Crypter, row: &Row) -> Result<Session> {
    let bad = |column| unreadable(TABLE, column);
    let id = row.get_text(0)?;
    let device = crypter.open(TABLE, &id, "private", &row.get_blob(8)?)?;
    Ok(Session {
        handle: row.get_text(1)?,
        account: row.get_text(2)?.parse().map_err(|_| bad("account_id"))?,
        stage: row.get_text(3)?.parse().map_err(|_| bad("stage"))?,
        zone: row.get_text(4)?.parse().map_err(|_| bad("zone"))?,
        moments: Moments { began: row.get_time(5)?, seen: row.get_time(6)?, proved: row.get_time(7)? },
        device: serde_json::from_slice(&device).map_err(|_| bad("private"))?,
        id,
    })
}

fn index(crypter: &Crypter, secret: &str) -> String {
    crypter.index("session", secret)
}

/// A session that begins.
#[derive(Clone)]
pub struct NewSession<'a> {
    /// The browser's secret.
    pub secret: &'a str,
    /// A name for it: random, not secret.
    pub handle: &'a str,
    /// Whose it is.
    pub account: AccountId,
    /// How far its holder has come.
    pub stage: Stage,
    /// The zone that its pages show.
    pub zone: Zone,
    /// Its moments: a session that goes on under a new secret keeps its beginning.
    pub moments: Moments,
    /// From where.
    pub device: Device,
}

/// Keeps a new session.
///
/// # Errors
/// The database refuses.
pub async fn begin(tx: &Tx, crypter: &Crypter, new: &NewSession<'_>) -> Result<()> {
    let id = index(crypter, new.secret);
    let device = serde_json::to_vec(&new.device).expect("a device is made of texts");
    tx.execute(
        "INSERT INTO sessions (id, handle, account_id, stage, zone, began_at, seen_at, proved_at, private) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        args![
            &id,
            new.handle,
            new.account.to_string(),
            new.stage.as_str(),
            new.zone.as_str(),
            new.moments.began,
            new.moments.seen,
            new.moments.proved,
            crypter.seal(TABLE, &id, "private", &device),
        ],
    )
    .await?;
    Ok(())
}

/// The running session of a browser's secret, and its account as it is now.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn load(db: &Db, crypter: &Crypter, secret: &str, now: Time) -> Result<Option<(Session, Account)>> {
    let sql = format!(
        "SELECT {COLUMNS}, {} FROM sessions s JOIN accounts a ON a.id = s.account_id WHERE s.id = $1",
        accounts::COLUMNS
    );
    let Some(row) = db.fetch_opt(sql, args![index(crypter, secret)]).await? else { return Ok(None) };
    let session = read(crypter, &row)?;
    if !session.moments.runs(now) {
        return Ok(None);
    }
    Ok(Some((session, accounts::read(crypter, &row, 9)?)))
}

/// Writes down that a session was used.
///
/// # Errors
/// The database refuses.
pub async fn touch(db: &Db, session: &Session, now: Time) -> Result<()> {
    let sql = "UPDATE sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2";
    db.execute("session-touch", sql, args![&session.id, now]).await?;
    Ok(())
}

/// Writes down that the holder has proven again who they are.
///
/// # Errors
/// The database refuses.
pub async fn proved(tx: &Tx, session: &Session, now: Time) -> Result<()> {
    let sql = "UPDATE sessions SET proved_at = $2, seen_at = $2, pending = NULL WHERE id = $1";
    tx.execute(sql, args![&session.id, now]).await?;
    Ok(())
}

/// Lets the session's pages show another zone.
///
/// # Errors
/// The database refuses.
pub async fn set_zone(db: &Db, session: &Session, zone: Zone) -> Result<()> {
    let sql = "UPDATE sessions SET zone = $2 WHERE id = $1";
    db.execute("session-zone", sql, args![&session.id, zone.as_str()]).await?;
    Ok(())
}

/// Keeps what must be remembered until the holder answers: a challenge, a secret not yet confirmed. One at a time.
///
/// # Errors
/// The database refuses.
pub async fn set_pending(db: &Db, crypter: &Crypter, session: &Session, plain: &[u8]) -> Result<()> {
    let sealed = crypter.seal(TABLE, &session.id, "pending", plain);
    let sql = "UPDATE sessions SET pending = $2 WHERE id = $1";
    db.execute("session-pending", sql, args![&session.id, sealed]).await?;
    Ok(())
}

/// What [`set_pending`] kept, without using it up.
///
/// # Errors
/// The database refuses, or the column cannot be read.
pub async fn pending(db: &Db, crypter: &Crypter, session: &Session) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let row = db.fetch_opt("SELECT pending FROM sessions WHERE id = $1", args![&session.id]).await?;
    let sealed = row.map_or(Ok(None), |row| row.get_opt_blob(0))?;
    sealed.map(|sealed| crypter.open(TABLE, &session.id, "pending", &sealed)).transpose()
}

/// Forgets what [`set_pending`] kept; `false` when somebody else did so first.
///
/// # Errors
/// The database refuses.
pub async fn use_pending(tx: &Tx, session: &Session) -> Result<bool> {
    let sql = "UPDATE sessions SET pending = NULL WHERE id = $1 AND pending IS NOT NULL";
    Ok(tx.execute(sql, args![&session.id]).await? == 1)
}

/// Ends a session; `false` when it had ended.
///
/// # Errors
/// The database refuses.
pub async fn end(tx: &Tx, session: &Session) -> Result<bool> {
    Ok(tx.execute("DELETE FROM sessions WHERE id = $1", args![&session.id]).await? == 1)
}

/// Ends one of an account's sessions by its handle; `false` when the account has none of that name.
///
/// # Errors
/// The database refuses.
pub async fn end_handle(tx: &Tx, account: AccountId, handle: &str) -> Result<bool> {
    let sql = "DELETE FROM sessions WHERE account_id = $1 AND handle = $2";
    Ok(tx.execute(sql, args![account.to_string(), handle]).await? == 1)
}

/// Ends an account's sessions, but for `but`; gives their number.
///
/// # Errors
/// The database refuses.
pub async fn end_all(tx: &Tx, account: AccountId, but: Option<&Session>) -> Result<u64> {
    let but = but.map_or("", |session| session.id.as_str());
    let sql = "DELETE FROM sessions WHERE account_id = $1 AND id <> $2";
    tx.execute(sql, args![account.to_string(), but]).await
}

/// The account's running sessions, the latest used first.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn of_account(db: &Db, crypter: &Crypter, account: AccountId, now: Time) -> Result<Vec<Session>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM sessions s WHERE s.account_id = $1 ORDER BY s.seen_at DESC, s.handle LIMIT 50"
    );
    let rows = db.fetch_all(sql, args![account.to_string()]).await?;
    let mut sessions = rows.iter().map(|row| read(crypter, row)).collect::<Result<Vec<_>>>()?;
    sessions.retain(|session| session.moments.runs(now));
    Ok(sessions)
}

/// The account that a session belongs to, by its handle.
///
/// # Errors
/// The database refuses, or the column cannot be read.
pub async fn owner(db: &Db, handle: &str) -> Result<Option<AccountId>> {
    let row = db.fetch_opt("SELECT account_id FROM sessions WHERE handle = $1", args![handle]).await?;
    row.map(|row| row.get_text(0)?.parse().map_err(|_| unreadable(TABLE, "account_id"))).transpose()
}

/// Removes sessions that have ended.
///
/// # Errors
/// The database refuses.
pub async fn sweep(db: &Db, now: Time) -> Result<u64> {
    let before =
        |span: std::time::Duration| Time(now.0 - i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
    let sql = "DELETE FROM sessions WHERE seen_at < $1 OR began_at < $2";
    db.execute("sessions-sweep", sql, args![before(IDLE), before(ABSOLUTE)]).await
}
