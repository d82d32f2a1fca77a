//! What people write to the service desk, in SQL. Who wrote, and what, is sealed.

use mydata_domain::Time;
use mydata_domain::account::AccountId;
use mydata_domain::contact::{Message, MessageId, MessageNumber, State, Subject};

use super::list::{List, Page, Select};
use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

const TABLE: &str = "contact_messages";
const COLUMNS: &str = "id, number, subject, state, at, answered_at, answered_by, version, private";

fn read(crypter: &Crypter, row: &Row) -> Result<Message> {
    let bad = |column| unreadable(TABLE, column);
    let id = row.get_text("id")?;
    let plain = crypter.open(TABLE, &id, "private", &row.get_blob("private")?)?;
    let by = row.get_opt_text("answered_by")?;
    Ok(Message {
        id: id.parse().map_err(|_| bad("id"))?,
        number: row.get_text("number")?.parse().map_err(|_| bad("number"))?,
        subject: row.get_text("subject")?.parse().map_err(|_| bad("subject"))?,
        state: row.get_text("state")?.parse().map_err(|_| bad("state"))?,
        at: row.get_time("at")?,
        answered_at: row.get_opt_time("answered_at")?,
        answered_by: by.map(|by| by.parse()).transpose().map_err(|_| bad("answered_by"))?,
        version: row.get_i64("version")?,
        written: serde_json::from_slice(&plain).map_err(|_| bad("private"))?,
    })
}

/// Keeps a new message. `false`: another one has its number.
///
/// # Errors
/// The database refuses.
pub async fn add(tx: &Tx, crypter: &Crypter, message: &Message) -> Result<bool> {
    let id = message.id.to_string();
    let plain = serde_json::to_vec(&message.written).expect("a message is made of texts");
    let private = crypter.seal(TABLE, &id, "private", &plain);
    let sql = "INSERT INTO contact_messages (id, number, subject, state, at, version, private) \
               VALUES ($1, $2, $3, $4, $5, 1, $6) ON CONFLICT (number) DO NOTHING";
    let values = args![
        id,
        message.number.as_str(),
        message.subject.as_str(),
        message.state.as_str(),
        message.at,
        private
    ];
    Ok(tx.execute(sql, values).await? == 1)
}

/// What a list of messages is filtered by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// How far they are.
    pub state: Option<State>,
    /// What they are about.
    pub subject: Option<Subject>,
    /// The number that its sender tells.
    pub number: Option<MessageNumber>,
}

/// What a list of messages is sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// When they came.
    #[default]
    Came,
}

/// A page of the messages.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn list(db: &Db, crypter: &Crypter, list: &List<Filter, Sort>) -> Result<Page<Message>> {
    let mut select = Select::default();
    if let Some(state) = list.filter.state {
        select.and("state = {}", [state.as_str().into()]);
    }
    if let Some(subject) = list.filter.subject {
        select.and("subject = {}", [subject.as_str().into()]);
    }
    if let Some(number) = &list.filter.number {
        select.and("number = {}", [number.as_str().to_owned().into()]);
    }
    select.page(db, COLUMNS, TABLE, "at, id", list.into(), |row| read(crypter, row)).await
}

/// Reads a message.
///
/// # Errors
/// As [`list`].
pub async fn load(db: &Db, crypter: &Crypter, id: MessageId) -> Result<Option<Message>> {
    let sql = format!("SELECT {COLUMNS} FROM contact_messages WHERE id = $1");
    db.fetch_opt(sql, args![id.to_string()]).await?.map(|row| read(crypter, &row)).transpose()
}

/// Says how far a message is; `false` when somebody said something else since `version`.
///
/// # Errors
/// The database refuses.
pub async fn set_state(
    tx: &Tx,
    id: MessageId,
    version: i64,
    state: State,
    by: AccountId,
    now: Time,
) -> Result<bool> {
    let answered = state == State::Answered;
    let changed = tx
        .execute(
            "UPDATE contact_messages SET state = $3, answered_at = $4, answered_by = $5, version = version + 1 \
             WHERE id = $1 AND version = $2",
            args![
                id.to_string(),
                version,
                state.as_str(),
                answered.then_some(now),
                answered.then(|| by.to_string())
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Deletes what was answered before a moment.
///
/// # Errors
/// The database refuses.
pub async fn sweep(db: &Db, before: Time) -> Result<u64> {
    let sql = "DELETE FROM contact_messages WHERE state = 'answered' AND answered_at < $1";
    db.execute("contact-sweep", sql, args![before]).await
}
