//! Failed sign-ins, counted by account and by address; and numbers and codes that were refused at a counter, by address.

use std::net::IpAddr;

use mydata_domain::Time;
use mydata_domain::account::lockout::{FAILURES, WINDOW, closed_until};
use mydata_domain::transaction::TransactionId;
use mydata_wire::random::uuid_v4;

use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Tx};
use crate::error::Result;

/// What failures are counted for.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// An account by the name that was typed, whether it exists or not.
    Name(&'a str),
    /// An account's second factor or repeated proof.
    Account(mydata_domain::account::AccountId),
    /// An address.
    Address(IpAddr),
    /// An address from which clerks work: their wrong numbers and codes, counted apart from sign-ins.
    Counter(IpAddr),
    /// A download whose holder was sent a code: not a failure, but no more often than one may fail.
    CounterCode(TransactionId),
    /// A citizen by the keyed index of the personal id that was typed, whether anybody knows it or not.
    Citizen(&'a str),
    /// Codes that were asked for with that id: not a failure, but no more often than one may fail.
    CitizenCode(&'a str),
}

impl Subject<'_> {
    fn index(&self, crypter: &Crypter) -> String {
        crypter.index(
            "sign-in",
            match self {
                Self::Name(name) => format!("name {}", name.trim().to_ascii_lowercase()),
                Self::Account(id) => format!("account {id}"),
                Self::Address(address) => format!("address {address}"),
                Self::Counter(address) => format!("counter {address}"),
                Self::CounterCode(id) => format!("counter code {id}"),
                Self::Citizen(citizen) => format!("citizen {citizen}"),
                Self::CitizenCode(citizen) => format!("citizen code {citizen}"),
            },
        )
    }
}

/// A try that was written down as a failure until it proves right.
#[derive(Debug)]
pub struct Try(Vec<String>);

/// Writes a try down as failed for every subject, unless the door is closed for one of them: then nothing is written, and
/// the moment is given at which it opens again. A caller whose try was right takes it back with [`was_right`].
///
/// # Errors
/// The database refuses.
pub async fn try_once(
    tx: &Tx,
    crypter: &Crypter,
    subjects: &[Subject<'_>],
    now: Time,
) -> Result<std::result::Result<Try, Time>> {
    let indexes: Vec<String> = subjects.iter().map(|subject| subject.index(crypter)).collect();
    let mut closed: Option<Time> = None;
    for index in &indexes {
        let rows = tx
            .fetch_all(
                "SELECT at FROM sign_in_failures WHERE subject = $1 ORDER BY at DESC LIMIT $2",
                args![index, i64::try_from(FAILURES).unwrap_or(i64::MAX)],
            )
            .await?;
        let failures = rows.iter().map(|row| row.get_time(0)).collect::<Result<Vec<_>>>()?;
        closed = closed.max(closed_until(&failures, now));
    }
    if let Some(until) = closed {
        return Ok(Err(until));
    }
    let mut ids = Vec::new();
    for index in &indexes {
        let id = uuid_v4(tx.db().random()).to_string();
        tx.execute(
            "INSERT INTO sign_in_failures (id, subject, at) VALUES ($1, $2, $3)",
            args![&id, index, now],
        )
        .await?;
        ids.push(id);
    }
    Ok(Ok(Try(ids)))
}

/// The try was right: it does not count, and earlier failures of the `forgiven` subjects do not either.
///
/// # Errors
/// The database refuses.
pub async fn was_right(tx: &Tx, crypter: &Crypter, right: &Try, forgiven: &[Subject<'_>]) -> Result<()> {
    for id in &right.0 {
        tx.execute("DELETE FROM sign_in_failures WHERE id = $1", args![id]).await?;
    }
    for subject in forgiven {
        tx.execute("DELETE FROM sign_in_failures WHERE subject = $1", args![subject.index(crypter)]).await?;
    }
    Ok(())
}

/// Until when the door is closed, after a failure.
///
/// # Errors
/// The database refuses.
pub async fn closed(db: &Db, crypter: &Crypter, subjects: &[Subject<'_>], now: Time) -> Result<Option<Time>> {
    let mut closed: Option<Time> = None;
    for subject in subjects {
        let rows = db
            .fetch_all(
                "SELECT at FROM sign_in_failures WHERE subject = $1 ORDER BY at DESC LIMIT $2",
                args![subject.index(crypter), i64::try_from(FAILURES).unwrap_or(i64::MAX)],
            )
            .await?;
        let failures = rows.iter().map(|row| row.get_time(0)).collect::<Result<Vec<_>>>()?;
        closed = closed.max(closed_until(&failures, now));
    }
    Ok(closed)
}

/// Opens the door again, as an administrator does.
///
/// # Errors
/// The database refuses.
pub async fn forgive(tx: &Tx, crypter: &Crypter, subjects: &[Subject<'_>]) -> Result<()> {
    for subject in subjects {
        tx.execute("DELETE FROM sign_in_failures WHERE subject = $1", args![subject.index(crypter)]).await?;
    }
    Ok(())
}

/// Removes failures that no longer matter.
///
/// # Errors
/// The database refuses.
pub async fn sweep(db: &Db, now: Time) -> Result<u64> {
    // A door stays closed for one window after its last failure, counted with those of one window before.
    let before = Time(now.0 - 2 * i64::try_from(WINDOW.as_millis()).unwrap_or(i64::MAX));
    db.execute("sign-in-sweep", "DELETE FROM sign_in_failures WHERE at < $1", args![before]).await
}
