//! The outbox: every mail and text message with every try to send it. Whom it goes to and what it says is sealed.

use mydata_domain::Time;
use mydata_domain::citizen::contact::Channel;
use mydata_domain::mail::{Kind, MailId};
use serde::{Deserialize, Serialize};

use super::list::{List, Page, Select};
use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Row, Tx};
use crate::error::{Result, StoreError};

const TABLE: &str = "mails";
const COLUMNS: &str = "id, kind, about, state, created_at, done_at, private, channel";
/// Tries of one mail that are read.
const MAX_TRIES: i64 = 100;

/// Stands in a text where the link belongs.
pub const LINK: char = '\u{e000}';

/// A worded mail. Personal data: no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The addressee's name; possibly empty.
    pub name: String,
    /// The addressee's mail address, or phone number.
    pub address: String,
    /// The subject.
    pub subject: String,
    /// The text, with [`LINK`] where the link belongs.
    pub text: String,
    /// The link, or a code in its place. One that is a secret is gone once the mail was sent or given up.
    pub link: Option<String>,
    /// Whether the link is a secret.
    pub secret: bool,
    /// From when on the mail is not worth sending.
    pub until: Option<Time>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Content(…)")
    }
}

/// How far a mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// To be sent.
    Waiting,
    /// The mail server took it.
    Sent,
    /// Not sent, and not tried again by itself.
    GivenUp,
}

impl State {
    /// All of them.
    pub const ALL: [State; 3] = [Self::Waiting, Self::Sent, Self::GivenUp];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::GivenUp => "given-up",
        }
    }
}

impl std::str::FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| format!("no state {text:?}"))
    }
}

/// A mail as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its identifier.
    pub id: MailId,
    /// Which.
    pub kind: Kind,
    /// The item, filing or account it is about.
    pub about: Option<String>,
    /// How it travels.
    pub channel: Channel,
    /// How far it is.
    pub state: State,
    /// When it was written.
    pub created_at: Time,
    /// When it was sent or given up.
    pub done_at: Option<Time>,
    /// What it says, and to whom.
    pub content: Content,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail({}, {}, {:?})", self.id, self.kind, self.state)
    }
}

/// One try to send a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Try {
    /// Which, from 1.
    pub number: i64,
    /// When.
    pub at: Time,
    /// Why it failed; nothing when the mail server took the mail.
    pub failure: Option<String>,
}

fn read(crypter: &Crypter, row: &Row) -> Result<Kept> {
    let bad = |column| unreadable(TABLE, column);
    let id = row.get_text(0)?;
    let plain = crypter.open(TABLE, &id, "private", &row.get_blob(6)?)?;
    Ok(Kept {
        id: id.parse().map_err(|_| bad("id"))?,
        kind: row.get_text(1)?.parse().map_err(|_| bad("kind"))?,
        about: row.get_opt_text(2)?,
        state: row.get_text(3)?.parse().map_err(|_| bad("state"))?,
        created_at: row.get_time(4)?,
        done_at: row.get_opt_time(5)?,
        content: serde_json::from_slice(&plain).map_err(|_| bad("private"))?,
        channel: row.get_text(7)?.parse().map_err(|_| bad("channel"))?,
    })
}

fn seal(crypter: &Crypter, id: MailId, content: &Content) -> Vec<u8> {
    let plain = serde_json::to_vec(content).expect("a mail is made of texts");
    crypter.seal(TABLE, &id.to_string(), "private", &plain)
}

/// Keeps a mail that is to be sent.
///
/// # Errors
/// The database refuses.
pub async fn add(
    tx: &Tx,
    crypter: &Crypter,
    id: MailId,
    kind: Kind,
    about: Option<&str>,
    content: &Content,
    now: Time,
) -> Result<()> {
    add_by(tx, crypter, (id, Channel::Mail), kind, about, content, now).await
}

/// Keeps a mail or a text message that is to be sent.
///
/// # Errors
/// The database refuses.
pub async fn add_by(
    tx: &Tx,
    crypter: &Crypter,
    (id, channel): (MailId, Channel),
    kind: Kind,
    about: Option<&str>,
    content: &Content,
    now: Time,
) -> Result<()> {
    let private = seal(crypter, id, content);
    tx.run(
        "INSERT INTO mails (id, kind, about, state, created_at, private, channel) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![id.to_string(), kind.as_str(), about, State::Waiting.as_str(), now, private, channel.as_str(),],
    )
    .await
}

/// A mail.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn load(db: &Db, crypter: &Crypter, id: MailId) -> Result<Option<Kept>> {
    let sql = format!("SELECT {COLUMNS} FROM mails WHERE id = $1");
    let row = db.fetch_opt(sql, args![id.to_string()]).await?;
    row.map(|row| read(crypter, &row)).transpose()
}

/// [`load`] inside a transaction.
///
/// # Errors
/// As there.
pub async fn load_in(tx: &Tx, crypter: &Crypter, id: MailId) -> Result<Option<Kept>> {
    let sql = format!("SELECT {COLUMNS} FROM mails WHERE id = $1");
    let row = tx.fetch_opt(sql, args![id.to_string()]).await?;
    row.map(|row| read(crypter, &row)).transpose()
}

/// Writes down a try to send a mail; gives the number of tries so far.
///
/// # Errors
/// The database refuses.
pub async fn tried(tx: &Tx, id: MailId, failure: Option<&str>, now: Time) -> Result<i64> {
    tx.fetch_one(
        "INSERT INTO mail_tries (mail_id, number, at, failure) \
         SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3 FROM mail_tries WHERE mail_id = $1 RETURNING number",
        args![id.to_string(), now, failure],
    )
    .await?
    .get_i64(0)
}

/// A mail is sent or given up; a secret link is wiped.
///
/// # Errors
/// The database refuses; [`StoreError::NotFound`]: there is no such mail.
pub async fn close(tx: &Tx, crypter: &Crypter, id: MailId, state: State, now: Time) -> Result<()> {
    let mut kept = load_in(tx, crypter, id).await?.ok_or(StoreError::NotFound)?;
    if kept.content.secret {
        kept.content.link = None;
    }
    tx.execute(
        "UPDATE mails SET state = $2, done_at = $3, private = $4 WHERE id = $1",
        args![id.to_string(), state.as_str(), now, seal(crypter, id, &kept.content)],
    )
    .await?;
    Ok(())
}

/// Lets a mail that was given up be sent after all. `false`: it was not given up, or its secret link is gone.
///
/// # Errors
/// As [`load`].
pub async fn again(tx: &Tx, crypter: &Crypter, id: MailId) -> Result<bool> {
    let Some(kept) = load_in(tx, crypter, id).await? else { return Ok(false) };
    if kept.state != State::GivenUp || kept.content.secret {
        return Ok(false);
    }
    let changed = tx
        .execute(
            "UPDATE mails SET state = $2, done_at = NULL WHERE id = $1 AND state = $3",
            args![id.to_string(), State::Waiting.as_str(), State::GivenUp.as_str()],
        )
        .await?;
    Ok(changed == 1)
}

/// How many mails and text messages wait or were given up.
///
/// # Errors
/// The database refuses.
pub async fn unsent(db: &Db) -> Result<u64> {
    let row = db.fetch_one("SELECT COUNT(*) FROM mails WHERE state <> 'sent'", args![]).await?;
    Ok(row.get_i64(0)?.unsigned_abs())
}

/// The tries of a mail, in order.
///
/// # Errors
/// As [`load`].
pub async fn tries(db: &Db, id: MailId) -> Result<Vec<Try>> {
    let rows = db
        .fetch_all(
            "SELECT number, at, failure FROM mail_tries WHERE mail_id = $1 ORDER BY number LIMIT $2",
            args![id.to_string(), MAX_TRIES],
        )
        .await?;
    let read =
        |row: &Row| Ok(Try { number: row.get_i64(0)?, at: row.get_time(1)?, failure: row.get_opt_text(2)? });
    rows.iter().map(read).collect()
}

/// When the newest mail of a kind about something was written.
///
/// # Errors
/// As [`load`].
pub async fn newest(tx: &Tx, kind: Kind, about: &str) -> Result<Option<Time>> {
    let row = tx
        .fetch_opt(
            "SELECT created_at FROM mails WHERE about = $1 AND kind = $2 ORDER BY created_at DESC LIMIT 1",
            args![about, kind.as_str()],
        )
        .await?;
    row.map(|row| row.get_time(0)).transpose()
}

/// What a list of mails is filtered by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// How far they are.
    pub state: Option<State>,
    /// Which they are.
    pub kind: Option<Kind>,
    /// What they are about: the identifier of an item, a filing or an account.
    pub about: Option<String>,
}

/// What a list of mails is sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// When they were written.
    #[default]
    Created,
}

/// A page of the outbox. Its texts are sealed, so it is filtered, not searched.
///
/// # Errors
/// As [`load`].
pub async fn list(db: &Db, crypter: &Crypter, list: &List<Filter, Sort>) -> Result<Page<Kept>> {
    let mut select = Select::default();
    if let Some(state) = list.filter.state {
        select.and("state = {}", [state.as_str().into()]);
    }
    if let Some(kind) = list.filter.kind {
        select.and("kind = {}", [kind.as_str().into()]);
    }
    if let Some(about) = &list.filter.about {
        select.and("about = {}", [about.clone().into()]);
    }
    select.page(db, COLUMNS, TABLE, "created_at, id", list.into(), |row| read(crypter, row)).await
}
