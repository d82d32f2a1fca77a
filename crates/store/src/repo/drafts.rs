//! Drafts: forms being filled in. Each save names the version it began from, so that nothing is lost to an old page.

use mydata_domain::Time;
use mydata_domain::account::AccountId;
use mydata_domain::forms::{DraftId, Fields, FormKind};
use mydata_domain::item::ItemId;
use mydata_domain::organisation::OrganisationId;
use mydata_wire::Random;

use super::items::{parsed, parsed_opt};
use super::list::Select;
use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

const TABLE: &str = "drafts";

/// Whose draft it is. Whoever reads says it every time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// An account's own, while it has no organisation yet.
    Account(AccountId),
    /// An organisation's: its main and deputy accounts work on the same drafts.
    Organisation(OrganisationId),
}

impl Owner {
    /// A statement that is narrowed.
    fn select(&self) -> Select {
        let mut select = Select::default();
        self.narrow(&mut select);
        select
    }

    fn narrow(&self, select: &mut Select) {
        match self {
            Self::Account(id) => {
                select.and("account = {} AND organisation IS NULL", [id.to_string().into()]);
            }
            Self::Organisation(id) => select.and("organisation = {}", [id.as_str().to_owned().into()]),
        }
    }
}

/// A form being filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its identifier.
    pub id: DraftId,
    /// Which form.
    pub form: FormKind,
    /// Who saved it last.
    pub account: AccountId,
    /// Whose it is.
    pub organisation: Option<OrganisationId>,
    /// The item it is about.
    pub item: Option<ItemId>,
    /// Grows with each save, from 1.
    pub version: i64,
    /// When it was begun.
    pub created_at: Time,
    /// When it was last saved.
    pub updated_at: Time,
    /// What is typed.
    pub fields: Fields,
}

/// What a draft begins with.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// Which form.
    pub form: FormKind,
    /// Who begins it.
    pub account: AccountId,
    /// Whose it is; none while the account has no organisation.
    pub organisation: Option<&'a OrganisationId>,
    /// The item it is about.
    pub item: Option<ItemId>,
    /// What is typed already.
    pub fields: Fields,
}

/// What became of a save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It is saved as this version.
    As(i64),
    /// Somebody saved it meanwhile; nothing was changed. The version that is there.
    Stale(i64),
    /// There is no such draft of this owner: it was filed or deleted.
    Gone,
}

const COLUMNS: &str = "id, form, account, organisation, item, version, created_at, updated_at, fields";

fn read(crypter: &Crypter, row: &Row) -> Result<Draft> {
    let id: DraftId = parsed(row, TABLE, "id")?;
    let fields = crypter.open(TABLE, &id.to_string(), "fields", &row.get_blob("fields")?)?;
    Ok(Draft {
        id,
        form: parsed(row, TABLE, "form")?,
        account: parsed(row, TABLE, "account")?,
        organisation: parsed_opt(row, TABLE, "organisation")?,
        item: parsed_opt(row, TABLE, "item")?,
        version: row.get_i64("version")?,
        created_at: row.get_time("created_at")?,
        updated_at: row.get_time("updated_at")?,
        fields: serde_json::from_slice(&fields).map_err(|_| unreadable(TABLE, "fields"))?,
    })
}

fn seal(crypter: &Crypter, id: &str, fields: &Fields) -> Vec<u8> {
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(fields).expect("texts by texts are JSON"));
    crypter.seal(TABLE, id, "fields", &plain)
}

/// Begins a draft.
///
/// # Errors
/// [`crate::StoreError::Conflict`]: there is a draft of this form about the item.
pub async fn begin(
    tx: &Tx,
    crypter: &Crypter,
    random: &dyn Random,
    new: New<'_>,
    now: Time,
) -> Result<Draft> {
    let draft = Draft {
        id: DraftId::generate(random),
        form: new.form,
        account: new.account,
        organisation: new.organisation.cloned(),
        item: new.item,
        version: 1,
        created_at: now,
        updated_at: now,
        fields: new.fields,
    };
    let id = draft.id.to_string();
    tx.execute(
        "INSERT INTO drafts (id, form, account, organisation, item, version, created_at, updated_at, fields) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        args![
            &id,
            draft.form.as_str(),
            draft.account.to_string(),
            draft.organisation.as_ref().map(OrganisationId::as_str),
            draft.item.map(|i| i.to_string()),
            draft.version,
            now.0,
            now.0,
            seal(crypter, &id, &draft.fields),
        ],
    )
    .await?;
    Ok(draft)
}

/// Whose a draft is; `None` when there is no such draft. For rules only: its content is read by its owner.
///
/// # Errors
/// The database refuses.
pub async fn owner(db: &Db, id: &str) -> Result<Option<Owner>> {
    let row = db.fetch_opt("SELECT account, organisation FROM drafts WHERE id = $1", args![id]).await?;
    row.map(|row| owner_of(&row, TABLE)).transpose()
}

/// An organisation's, or the account's as long as there is none.
pub(super) fn owner_of(row: &Row, table: &'static str) -> Result<Owner> {
    Ok(match parsed_opt(row, table, "organisation")? {
        Some(organisation) => Owner::Organisation(organisation),
        None => Owner::Account(parsed(row, table, "account")?),
    })
}

/// Reads a draft of this owner.
pub async fn load(db: &Db, crypter: &Crypter, owner: &Owner, id: DraftId) -> Result<Option<Draft>> {
    let row = owner.select().one(db, COLUMNS, TABLE, id.to_string()).await?;
    row.map(|row| read(crypter, &row)).transpose()
}

/// Reads a draft of this owner and locks it until the database transaction ends.
pub async fn load_for_update(
    tx: &Tx,
    crypter: &Crypter,
    owner: &Owner,
    id: DraftId,
) -> Result<Option<Draft>> {
    let row = owner.select().one_for_update(tx, COLUMNS, TABLE, id.to_string()).await?;
    row.map(|row| read(crypter, &row)).transpose()
}

/// The draft of this form about an item, of this owner.
pub async fn of_item(
    db: &Db,
    crypter: &Crypter,
    owner: &Owner,
    item: ItemId,
    form: FormKind,
) -> Result<Option<Draft>> {
    let mut select = owner.select();
    select.and("item = {} AND form = {}", [item.to_string().into(), form.as_str().into()]);
    let (sql, values) = select.statement(COLUMNS, TABLE, "");
    db.fetch_opt(sql, values).await?.map(|row| read(crypter, &row)).transpose()
}

/// The drafts of this owner, last saved first, at most 100.
pub async fn of_owner(db: &Db, crypter: &Crypter, owner: &Owner) -> Result<Vec<Draft>> {
    let select = owner.select();
    let (sql, values) = select.statement(COLUMNS, TABLE, " ORDER BY updated_at DESC, id LIMIT 100");
    db.fetch_all(sql, values).await?.iter().map(|row| read(crypter, row)).collect()
}

/// Saves what is typed, if the draft is still at the version that the page was made from.
///
/// # Errors
/// The database refuses.
pub async fn save(
    tx: &Tx,
    crypter: &Crypter,
    owner: &Owner,
    (id, version): (DraftId, i64),
    (fields, by): (&Fields, AccountId),
    now: Time,
) -> Result<Saved> {
    let Some(draft) = load_for_update(tx, crypter, owner, id).await? else { return Ok(Saved::Gone) };
    if draft.version != version {
        return Ok(Saved::Stale(draft.version));
    }
    let id = id.to_string();
    tx.execute(
        "UPDATE drafts SET fields = $2, account = $3, version = version + 1, updated_at = $4 WHERE id = $1",
        args![&id, seal(crypter, &id, fields), by.to_string(), now.0],
    )
    .await?;
    Ok(Saved::As(version + 1))
}

/// Deletes every draft about an item: the item is over. Its uploads stay with it.
///
/// # Errors
/// The database refuses.
pub async fn end_item(tx: &Tx, item: ItemId) -> Result<()> {
    let id = item.to_string();
    let unfiled =
        "DELETE FROM uploads WHERE item IS NULL AND draft IN (SELECT id FROM drafts WHERE item = $1)";
    tx.run(unfiled, args![&id]).await?;
    tx.run("DELETE FROM drafts WHERE item = $1", args![&id]).await
}

/// Deletes a draft of this owner: it was filed, or thrown away. Its uploads go with it unless an item took them over.
/// Tells whether there was one.
///
/// # Errors
/// The database refuses.
pub async fn delete(tx: &Tx, owner: &Owner, id: DraftId) -> Result<bool> {
    let mut select = owner.select();
    select.and("id = {}", [id.to_string().into()]);
    let (sql, values) = select.statement("id", TABLE, super::list::lock(tx));
    if tx.fetch_opt(sql, values).await?.is_none() {
        return Ok(false);
    }
    let id = id.to_string();
    tx.run("DELETE FROM uploads WHERE draft = $1 AND item IS NULL", args![&id]).await?;
    tx.run("DELETE FROM drafts WHERE id = $1", args![&id]).await?;
    Ok(true)
}
