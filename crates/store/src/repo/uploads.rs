//! Uploads: files of forms, with versions. The content is a sealed blob, which the sweeper takes once nothing names it.

use mydata_domain::Time;
use mydata_domain::account::AccountId;
use mydata_domain::forms::{DraftId, Purpose, UploadId};
use mydata_domain::item::ItemId;
use mydata_domain::organisation::OrganisationId;
use mydata_wire::Random;

use super::drafts::Owner;
use super::items::{parsed, parsed_opt};
use super::list::{Scope, Select};
use super::unreadable;
use crate::args;
use crate::blobs::BlobId;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

const TABLE: &str = "uploads";

/// An upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its identifier.
    pub id: UploadId,
    /// The draft it was uploaded with.
    pub draft: Option<DraftId>,
    /// The item it belongs to, once its form was filed.
    pub item: Option<ItemId>,
    /// Whose it is.
    pub organisation: Option<OrganisationId>,
    /// Who uploaded it.
    pub account: AccountId,
    /// What it was uploaded as.
    pub purpose: Purpose,
    /// Which version of this purpose, from 1.
    pub version: i64,
    /// The file's name.
    pub name: String,
    /// Its type, by its content.
    pub media_type: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
    /// Its content.
    pub blob: BlobId,
    /// When it was uploaded.
    pub uploaded_at: Time,
}

/// What is uploaded; the content is a finished sealed blob.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// With which draft; of a file that belongs to an organisation itself, with none.
    pub draft: Option<DraftId>,
    /// About which item, where there is one already.
    pub item: Option<ItemId>,
    /// Whose it is.
    pub organisation: Option<&'a OrganisationId>,
    /// Who uploads it.
    pub account: AccountId,
    /// As what.
    pub purpose: Purpose,
    /// The file's name.
    pub name: &'a str,
    /// Its type, by its content.
    pub media_type: &'a str,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: &'a str,
    /// Its content.
    pub blob: &'a BlobId,
}

const COLUMNS: &str = "id, draft, item, organisation, account, purpose, version, name, media_type, bytes, sha256, blob, uploaded_at";

fn read(row: &Row) -> Result<Upload> {
    Ok(Upload {
        id: parsed(row, TABLE, "id")?,
        draft: parsed_opt(row, TABLE, "draft")?,
        item: parsed_opt(row, TABLE, "item")?,
        organisation: parsed_opt(row, TABLE, "organisation")?,
        account: parsed(row, TABLE, "account")?,
        purpose: parsed(row, TABLE, "purpose")?,
        version: row.get_i64("version")?,
        name: row.get_text("name")?,
        media_type: row.get_text("media_type")?,
        bytes: u64::try_from(row.get_i64("bytes")?).map_err(|_| unreadable(TABLE, "bytes"))?,
        sha256: row.get_text("sha256")?,
        blob: parsed(row, TABLE, "blob")?,
        uploaded_at: row.get_time("uploaded_at")?,
    })
}

/// Keeps an upload as the next version of its purpose. The draft's row, or without one the organisation's, must be locked,
/// so that two uploads of one moment get two versions.
///
/// # Errors
/// The database refuses.
pub async fn add(tx: &Tx, random: &dyn Random, new: &New<'_>, now: Time) -> Result<Upload> {
    let (draft, item) = (new.draft.map(|d| d.to_string()), new.item.map(|i| i.to_string()));
    let organisation = new.organisation.map(OrganisationId::as_str);
    let row = match (&draft, &item) {
        (None, None) => {
            let own = "SELECT COALESCE(MAX(version), 0) FROM uploads WHERE organisation = $1 AND item IS NULL AND draft IS NULL \
                       AND purpose = $2";
            tx.fetch_one(own, args![organisation, new.purpose.as_str()]).await?
        }
        _ => {
            let there = "SELECT COALESCE(MAX(version), 0) FROM uploads WHERE (draft = $1 OR item = $2) AND purpose = $3";
            tx.fetch_one(there, args![draft.as_deref(), item.as_deref(), new.purpose.as_str()]).await?
        }
    };
    let upload = Upload {
        id: UploadId::generate(random),
        draft: new.draft,
        item: new.item,
        organisation: new.organisation.cloned(),
        account: new.account,
        purpose: new.purpose,
        version: row.get_i64(0)? + 1,
        name: new.name.to_owned(),
        media_type: new.media_type.to_owned(),
        bytes: new.bytes,
        sha256: new.sha256.to_owned(),
        blob: new.blob.clone(),
        uploaded_at: now,
    };
    tx.execute(
        "INSERT INTO uploads (id, draft, item, organisation, account, purpose, version, name, media_type, bytes, sha256, blob, \
         uploaded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        args![
            upload.id.to_string(),
            draft,
            item,
            organisation,
            new.account.to_string(),
            new.purpose.as_str(),
            upload.version,
            new.name,
            new.media_type,
            i64::try_from(new.bytes).unwrap_or(i64::MAX),
            new.sha256,
            new.blob,
            now.0,
        ],
    )
    .await?;
    Ok(upload)
}

/// Gives the uploads of a draft to the item that was filed with it.
///
/// # Errors
/// The database refuses.
pub async fn adopt(tx: &Tx, draft: DraftId, item: ItemId, organisation: &OrganisationId) -> Result<()> {
    tx.run(
        "UPDATE uploads SET item = $2, organisation = $3 WHERE draft = $1",
        args![draft.to_string(), item.to_string(), organisation.as_str()],
    )
    .await
}

/// Whose an upload is; `None` when there is no such upload.
///
/// # Errors
/// The database refuses.
pub async fn owner(db: &Db, id: &str) -> Result<Option<Owner>> {
    let row = db.fetch_opt("SELECT account, organisation FROM uploads WHERE id = $1", args![id]).await?;
    row.map(|row| super::drafts::owner_of(&row, TABLE)).transpose()
}

/// Reads an upload of an account that has no organisation yet.
pub async fn load_own(db: &Db, account: AccountId, id: UploadId) -> Result<Option<Upload>> {
    let mut select = Select::default();
    select.and("account = {} AND organisation IS NULL", [account.to_string().into()]);
    select.and("id = {}", [id.to_string().into()]);
    let (sql, values) = select.statement(COLUMNS, TABLE, "");
    db.fetch_opt(sql, values).await?.as_ref().map(read).transpose()
}

/// Gives the uploads of a draft to an organisation; they are no draft's any more.
///
/// # Errors
/// The database refuses.
pub async fn give(tx: &Tx, draft: DraftId, organisation: &OrganisationId) -> Result<()> {
    tx.run(
        "UPDATE uploads SET draft = NULL, organisation = $2 WHERE draft = $1",
        args![draft.to_string(), organisation.as_str()],
    )
    .await
}

/// Gives the uploads of an item back to a draft of an account that has no organisation to work for yet.
///
/// # Errors
/// The database refuses.
pub async fn hand_back(tx: &Tx, item: ItemId, draft: DraftId) -> Result<()> {
    tx.run(
        "UPDATE uploads SET draft = $2, item = NULL, organisation = NULL WHERE item = $1",
        args![item.to_string(), draft.to_string()],
    )
    .await
}

/// Reads an upload within the scope.
pub async fn load(db: &Db, scope: &Scope, id: UploadId) -> Result<Option<Upload>> {
    let mut select = Select::default();
    narrow(scope, &mut select);
    select.and("id = {}", [id.to_string().into()]);
    let (sql, values) = select.statement(COLUMNS, TABLE, "");
    db.fetch_opt(sql, values).await?.as_ref().map(read).transpose()
}

/// A competent authority sees what was filed about the items in its charge.
fn narrow(scope: &Scope, select: &mut Select) {
    match scope {
        Scope::Authority(id) => {
            let charge = "item IN (SELECT id FROM items WHERE authority = {})";
            select.and(charge, [id.as_str().to_owned().into()]);
        }
        other => other.narrow(select),
    }
}

/// The uploads of a draft of this owner, newest version of each purpose first, at most 200.
pub async fn of_draft(db: &Db, owner: &Owner, draft: DraftId) -> Result<Vec<Upload>> {
    let mut select = Select::default();
    match owner {
        Owner::Account(id) => {
            select.and("account = {} AND organisation IS NULL", [id.to_string().into()]);
        }
        Owner::Organisation(id) => select.and("organisation = {}", [id.as_str().to_owned().into()]),
    }
    select.and("draft = {}", [draft.to_string().into()]);
    let (sql, values) = select.statement(COLUMNS, TABLE, " ORDER BY purpose, version DESC LIMIT 200");
    db.fetch_all(sql, values).await?.iter().map(read).collect()
}

/// The uploads of an item within the scope, newest version of each purpose first, at most 200.
pub async fn of_item(db: &Db, scope: &Scope, item: ItemId) -> Result<Vec<Upload>> {
    let mut select = Select::default();
    narrow(scope, &mut select);
    select.and("item = {}", [item.to_string().into()]);
    let (sql, values) = select.statement(COLUMNS, TABLE, " ORDER BY purpose, version DESC LIMIT 200");
    db.fetch_all(sql, values).await?.iter().map(read).collect()
}

/// The uploads that belong to an organisation itself (R66), newest first, at most 200.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn of_organisation(db: &Db, organisation: &OrganisationId) -> Result<Vec<Upload>> {
    let mut select = Select::default();
    select.and("organisation = {}", [organisation.as_str().to_owned().into()]);
    select.and("item IS NULL AND draft IS NULL", []);
    let (sql, values) = select.statement(COLUMNS, TABLE, " ORDER BY uploaded_at DESC, id LIMIT 200");
    db.fetch_all(sql, values).await?.iter().map(read).collect()
}
