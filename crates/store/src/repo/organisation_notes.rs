//! Notes of the operating team about the opening of an organisation's account (R65, R84). They name people: the text is
//! sealed. Nothing of them is ever changed.

use mydata_domain::Time;
use mydata_domain::account::AccountId;
use mydata_domain::organisation::{NoteKind, OrganisationId};
use mydata_wire::Random;
use mydata_wire::random::uuid_v4;

use super::items::parsed;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

const TABLE: &str = "organisation_notes";

/// A note. Its text may name people: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Note {
    /// About which organisation.
    pub organisation: OrganisationId,
    /// Who wrote it.
    pub account: AccountId,
    /// What it is about.
    pub kind: NoteKind,
    /// When.
    pub at: Time,
    /// What it says; may be empty.
    pub text: String,
}

/// Writes a note.
///
/// # Errors
/// [`crate::StoreError::Reference`]: the organisation is not registered.
pub async fn add(tx: &Tx, crypter: &Crypter, random: &dyn Random, note: &Note) -> Result<()> {
    let id = uuid_v4(random).to_string();
    let sealed = crypter.seal(TABLE, &id, "private", note.text.as_bytes());
    tx.run(
        "INSERT INTO organisation_notes (id, organisation, account, kind, at, private) VALUES ($1, $2, $3, $4, $5, $6)",
        args![
            &id,
            note.organisation.as_str(),
            note.account.to_string(),
            note.kind.as_str(),
            note.at.0,
            sealed,
        ],
    )
    .await
}

/// The notes about an organisation, newest first, at most 50.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn of_organisation(db: &Db, crypter: &Crypter, id: &OrganisationId) -> Result<Vec<Note>> {
    let rows = db
        .fetch_all(
            "SELECT id, organisation, account, kind, at, private FROM organisation_notes WHERE organisation = $1 \
             ORDER BY at DESC, id LIMIT 50",
            args![id.as_str()],
        )
        .await?;
    rows.iter().map(|row| read(crypter, row)).collect()
}

fn read(crypter: &Crypter, row: &Row) -> Result<Note> {
    let text = crypter.open_text(TABLE, &row.get_text("id")?, "private", &row.get_blob("private")?)?;
    Ok(Note {
        organisation: parsed(row, TABLE, "organisation")?,
        account: parsed(row, TABLE, "account")?,
        kind: parsed(row, TABLE, "kind")?,
        at: row.get_time("at")?,
        text: text.to_string(),
    })
}
