//! Sessions of citizens. A browser's secret is looked up, never kept.

use std::time::Duration;

use mydata_domain::Time;
use mydata_domain::citizen::session::{ABSOLUTE, FORM_KEPT, Moments, SessionId, Stage};
use mydata_domain::transaction::person::Person;
use mydata_wire::Verification;
use serde::{Deserialize, Serialize};

use super::sessions::Device;
use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

const TABLE: &str = "citizen_sessions";
const COLUMNS: &str = "id, handle, citizen, stage, method, began_at, seen_at, ended_at, private";

/// A session, running or over. Personal data: `Debug` shows its identifier alone.
#[derive(Clone)]
pub struct Session {
    /// How it is kept; names the row.
    id: String,
    /// Its identifier.
    pub handle: SessionId,
    /// Whose it is: the keyed index.
    pub citizen: String,
    /// How far the login has come.
    pub stage: Stage,
    /// How the citizen proved who they are.
    pub method: Verification,
    /// Its moments.
    pub moments: Moments,
    /// Who it is.
    pub person: Person,
    /// From where.
    pub device: Device,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({}, {:?})", self.handle, self.stage)
    }
}

#[derive(Serialize, Deserialize)]
struct Private {
    person: Person,
    device: Device,
}

fn index(crypter: &Crypter, secret: &str) -> String {
    crypter.index("citizen session", secret)
}

fn read(crypter: &Crypter, row: &Row) -> Result<Session> {
    let bad = |column| unreadable(TABLE, column);
    let id = row.get_text(0)?;
    let plain = crypter.open(TABLE, &id, "private", &row.get_blob(8)?)?;
    let Private { person, device } = serde_json::from_slice(&plain).map_err(|_| bad("private"))?;
    Ok(Session {
        handle: row.get_text(1)?.parse().map_err(|_| bad("handle"))?,
        citizen: row.get_text(2)?,
        stage: row.get_text(3)?.parse().map_err(|_| bad("stage"))?,
        method: row.get_text(4)?.parse().map_err(|_| bad("method"))?,
        moments: Moments { began: row.get_time(5)?, seen: row.get_time(6)?, ended: row.get_opt_time(7)? },
        person,
        device,
        id,
    })
}

/// A session that begins.
pub struct NewSession<'a> {
    /// The browser's secret.
    pub secret: &'a str,
    /// Its identifier.
    pub handle: SessionId,
    /// Whose it is: the keyed index.
    pub citizen: &'a str,
    /// How far the login has come.
    pub stage: Stage,
    /// How the citizen proved who they are.
    pub method: Verification,
    /// Who it is.
    pub person: &'a Person,
    /// From where.
    pub device: &'a Device,
}

/// Keeps a new session.
///
/// # Errors
/// The database refuses; also when another session of the citizen runs.
pub async fn begin(tx: &Tx, crypter: &Crypter, new: &NewSession<'_>, now: Time) -> Result<()> {
    let id = index(crypter, new.secret);
    let private = Private { person: new.person.clone(), device: new.device.clone() };
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(&private).expect("a person is made of texts"));
    tx.run(
        "INSERT INTO citizen_sessions (id, handle, citizen, stage, method, began_at, seen_at, private) \
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7)",
        args![
            &id,
            new.handle.to_string(),
            new.citizen,
            new.stage.as_str(),
            new.method.code(),
            now,
            crypter.seal(TABLE, &id, "private", &plain),
        ],
    )
    .await
}

/// The session of a browser's secret, running or over.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn load(db: &Db, crypter: &Crypter, secret: &str) -> Result<Option<Session>> {
    let sql = format!("SELECT {COLUMNS} FROM citizen_sessions WHERE id = $1");
    db.fetch_opt(sql, args![index(crypter, secret)]).await?.map(|row| read(crypter, &row)).transpose()
}

/// The session that holds a citizen's place, if one does: it may have run out of time without having been ended.
///
/// # Errors
/// As [`load`].
pub async fn holding(tx: &Tx, crypter: &Crypter, citizen: &str) -> Result<Option<Session>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM citizen_sessions WHERE citizen = $1 AND ended_at IS NULL AND stage <> 'elsewhere'"
    );
    tx.fetch_opt(sql, args![citizen]).await?.map(|row| read(crypter, &row)).transpose()
}

/// Writes down that a citizen did something.
///
/// # Errors
/// The database refuses.
pub async fn touch(db: &Db, session: &Session, now: Time) -> Result<()> {
    let sql = "UPDATE citizen_sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2 AND ended_at IS NULL";
    db.execute("citizen-session-touch", sql, args![&session.id, now]).await?;
    Ok(())
}

/// A login comes a stage further; `false` when it did so before, or the session was ended.
///
/// # Errors
/// The database refuses; also when another session of the citizen runs.
pub async fn go_on(tx: &Tx, session: &Session, to: Stage, now: Time) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE citizen_sessions SET stage = $3, seen_at = $4 WHERE id = $1 AND stage = $2 AND ended_at IS NULL",
            args![&session.id, session.stage.as_str(), to.as_str(), now],
        )
        .await?;
    Ok(changed == 1)
}

/// Ends a session; `false` when it had been ended.
///
/// # Errors
/// The database refuses.
pub async fn end(tx: &Tx, session: &Session, now: Time) -> Result<bool> {
    let sql = "UPDATE citizen_sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
    Ok(tx.execute(sql, args![&session.id, now]).await? == 1)
}

/// Ends all sessions of a citizen but one; gives their number.
///
/// # Errors
/// The database refuses.
pub async fn end_others(tx: &Tx, citizen: &str, but: Option<&Session>, now: Time) -> Result<u64> {
    let but = but.map_or("", |session| session.id.as_str());
    let sql =
        "UPDATE citizen_sessions SET ended_at = $3 WHERE citizen = $1 AND id <> $2 AND ended_at IS NULL";
    tx.execute(sql, args![citizen, but, now]).await
}

/// Removes sessions that ended long enough ago that nothing asks for them. `idle` is how long a citizen may do nothing.
///
/// # Errors
/// The database refuses.
pub async fn sweep(db: &Db, idle: Duration, now: Time) -> Result<u64> {
    let before = |span: Duration| Time(now.0 - i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
    let sql = "DELETE FROM citizen_sessions WHERE seen_at < $1 OR began_at < $2";
    let args = args![before(idle + FORM_KEPT), before(ABSOLUTE + FORM_KEPT)];
    db.execute("citizen-sessions-sweep", sql, args).await
}
