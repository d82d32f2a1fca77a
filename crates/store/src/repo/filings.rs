//! Filings (申請單): what was filed, how far its review is, and every decision. The content never changes.

use mydata_domain::Time;
use mydata_domain::account::AccountId;
use mydata_domain::calendar::Date;
use mydata_domain::filing::{
    Comment, Filing, FilingId, FilingKind, FilingState, FormNumber, Letter, OfficialLetter, Reason, Review,
    ReviewStep,
};
use mydata_domain::item::{ItemId, Kind};
use mydata_domain::organisation::OrganisationId;
use serde_json::Value;

use super::drafts::Owner;
use super::items::{json, parsed, parsed_opt, read_letter};
use super::list::{self, List, Page, Scope, Select, searchable};
use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

const TABLE: &str = "filings";
const AREA: &str = "filing";

/// The next counter of a letter on a day of Taipei, from 1. Two filings of one moment wait for each other here, and one
/// that is taken back gives its number back.
///
/// # Errors
/// The database refuses.
pub async fn next_counter(tx: &Tx, letter: Letter, day: Date) -> Result<u16> {
    let row = tx
        .fetch_one(
            "INSERT INTO form_counters (letter, day, last) VALUES ($1, $2, 1) \
             ON CONFLICT (letter, day) DO UPDATE SET last = form_counters.last + 1 RETURNING last",
            args![letter.as_str(), day.to_string()],
        )
        .await?;
    // What does not fit is refused where the number is made.
    Ok(u16::try_from(row.get_i64(0)?).unwrap_or(u16::MAX))
}

/// What stands beside a filing for lists.
#[derive(Debug, Clone)]
pub struct About<'a> {
    /// What the item is.
    pub item_kind: Option<Kind>,
    /// The item's name; of a sign-up the organisation's.
    pub item_name: &'a str,
    /// The organisation's name.
    pub organisation_name: &'a str,
    /// The organisation's competent authority.
    pub authority: Option<&'a OrganisationId>,
}

/// Keeps a new filing.
///
/// # Errors
/// [`crate::StoreError::Conflict`]: a filing has this number.
pub async fn insert(tx: &Tx, crypter: &Crypter, filing: &Filing, about: &About<'_>) -> Result<()> {
    let id = filing.id.to_string();
    let number = filing.number.to_string();
    let content = crypter.seal(TABLE, &id, "content", filing.content.to_string().as_bytes());
    let search = searchable([number.as_str(), about.item_name, about.organisation_name]);
    tx.execute(
        "INSERT INTO filings (id, number, kind, item, item_kind, item_name, organisation, organisation_name, authority, filed_by, \
         filed_at, mends, state, step, closed_at, content, search) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        args![
            &id,
            &number,
            filing.kind.as_str(),
            filing.item.map(|i| i.to_string()),
            about.item_kind.map(Kind::as_str),
            about.item_name,
            filing.organisation.as_ref().map(OrganisationId::as_str),
            about.organisation_name,
            about.authority.map(OrganisationId::as_str),
            filing.filed_by.to_string(),
            filing.filed_at.0,
            filing.mends.map(|m| m.to_string()),
            filing.state.as_str(),
            filing.step.map(ReviewStep::as_str),
            filing.closed_at.map(|t| t.0),
            content,
            &search,
        ],
    )
    .await?;
    list::index(tx, AREA, &id, &search).await
}

const COLUMNS: &str =
    "id, number, kind, item, organisation, filed_by, filed_at, mends, state, step, closed_at, content";

fn read(crypter: &Crypter, row: &Row) -> Result<Filing> {
    let id: FilingId = parsed(row, TABLE, "id")?;
    let content = crypter.open(TABLE, &id.to_string(), "content", &row.get_blob("content")?)?;
    let content: Value = serde_json::from_slice(&content).map_err(|_| unreadable(TABLE, "content"))?;
    Ok(Filing {
        id,
        number: parsed(row, TABLE, "number")?,
        kind: parsed(row, TABLE, "kind")?,
        item: parsed_opt(row, TABLE, "item")?,
        organisation: parsed_opt(row, TABLE, "organisation")?,
        filed_by: parsed(row, TABLE, "filed_by")?,
        filed_at: row.get_time("filed_at")?,
        mends: parsed_opt(row, TABLE, "mends")?,
        content,
        state: parsed(row, TABLE, "state")?,
        step: parsed_opt(row, TABLE, "step")?,
        closed_at: row.get_opt_time("closed_at")?,
    })
}

/// Reads a filing, if it is within the scope.
pub async fn load(db: &Db, crypter: &Crypter, scope: &Scope, id: FilingId) -> Result<Option<Filing>> {
    let row = scope.select().one(db, COLUMNS, TABLE, id.to_string()).await?;
    row.map(|row| read(crypter, &row)).transpose()
}

/// Reads a filing, if it is within the scope, and locks it until the database transaction ends.
pub async fn load_for_update(
    tx: &Tx,
    crypter: &Crypter,
    scope: &Scope,
    id: FilingId,
) -> Result<Option<Filing>> {
    let row = scope.select().one_for_update(tx, COLUMNS, TABLE, id.to_string()).await?;
    row.map(|row| read(crypter, &row)).transpose()
}

/// The last filing of an account that is for this, such as its sign-up.
pub async fn last_of_account(
    db: &Db,
    crypter: &Crypter,
    account: AccountId,
    kind: FilingKind,
) -> Result<Option<Filing>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM filings WHERE filed_by = $1 AND kind = $2 ORDER BY filed_at DESC, id DESC LIMIT 1"
    );
    let row = db.fetch_opt(sql, args![account.to_string(), kind.as_str()]).await?;
    row.map(|row| read(crypter, &row)).transpose()
}

/// The last filings about an item within the scope, at most 200, newest first.
pub async fn of_item(db: &Db, scope: &Scope, item: ItemId) -> Result<Vec<Listed>> {
    let mut select = scope.select();
    select.and("item = {}", [item.to_string().into()]);
    let (sql, values) = select.statement(LIST_COLUMNS, TABLE, " ORDER BY filed_at DESC, id DESC LIMIT 200");
    db.fetch_all(sql, values).await?.iter().map(read_listed).collect()
}

/// The last approved content of this kind about an item: what the registry records say.
pub async fn approved(
    tx: &Tx,
    crypter: &Crypter,
    item: ItemId,
    kinds: &[FilingKind],
) -> Result<Option<Filing>> {
    let mut select = Select::default();
    select.and("item = {}", [item.to_string().into()]);
    select.and("state = 'approved'", []);
    let kinds: Vec<&str> = kinds.iter().map(|k| k.as_str()).collect();
    select.one_of("kind", &kinds);
    let (sql, values) = select.statement(COLUMNS, TABLE, " ORDER BY closed_at DESC, filed_at DESC LIMIT 1");
    tx.fetch_opt(sql, values).await?.map(|row| read(crypter, &row)).transpose()
}

/// The last content of these kinds about an item that was approved before a moment: what a change is compared with.
pub async fn approved_before(
    db: &Db,
    crypter: &Crypter,
    item: ItemId,
    kinds: &[FilingKind],
    before: Time,
) -> Result<Option<Filing>> {
    let mut select = Select::default();
    select.and("item = {}", [item.to_string().into()]);
    select.and("state = 'approved' AND closed_at <= {}", [before.0.into()]);
    let kinds: Vec<&str> = kinds.iter().map(|k| k.as_str()).collect();
    select.one_of("kind", &kinds);
    let (sql, values) = select.statement(COLUMNS, TABLE, " ORDER BY closed_at DESC, filed_at DESC LIMIT 1");
    db.fetch_opt(sql, values).await?.map(|row| read(crypter, &row)).transpose()
}

/// Moves a filing on: its state, whose turn it is, and when its review ended.
///
/// # Errors
/// The database refuses.
pub async fn move_on(
    tx: &Tx,
    id: FilingId,
    state: FilingState,
    step: Option<ReviewStep>,
    now: Time,
) -> Result<()> {
    let open = state == FilingState::InReview;
    tx.run(
        "UPDATE filings SET state = $2, step = $3, closed_at = $4 WHERE id = $1",
        args![
            id.to_string(),
            state.as_str(),
            step.filter(|_| open).map(ReviewStep::as_str),
            (!open).then_some(now.0),
        ],
    )
    .await
}

/// Notes the organisation the account of a sign-up was given.
///
/// # Errors
/// [`crate::StoreError::Reference`]: the organisation is not registered.
pub async fn belongs_to(tx: &Tx, id: FilingId, organisation: &OrganisationId) -> Result<()> {
    tx.execute(
        "UPDATE filings SET organisation = $2 WHERE id = $1",
        args![id.to_string(), organisation.as_str()],
    )
    .await?;
    Ok(())
}

/// Keeps a decision.
///
/// # Errors
/// The database refuses.
pub async fn decide(tx: &Tx, filing: FilingId, review: &Review) -> Result<()> {
    tx.run(
        "INSERT INTO reviews (filing, place, step, decision, reason, reviewer, at, letter_number, letter_date, comments) \
         SELECT $1, COALESCE(MAX(place) + 1, 0), $2, $3, $4, $5, $6, $7, $8, $9 FROM reviews WHERE filing = $1",
        args![
            filing.to_string(),
            review.step.as_str(),
            review.decision.as_str(),
            review.reason.as_ref().map(Reason::as_str),
            review.reviewer.to_string(),
            review.at.0,
            review.letter.as_ref().map(OfficialLetter::number),
            review.letter.as_ref().map(|l| l.date().to_string()),
            json(&review.comments),
        ],
    )
    .await
}

/// Every decision on a filing, oldest first.
pub async fn reviews(db: &Db, filing: FilingId) -> Result<Vec<Review>> {
    const REVIEWS: &str = "reviews";
    let rows = db
        .fetch_all(
            "SELECT step, decision, reason, reviewer, at, letter_number, letter_date, comments \
             FROM reviews WHERE filing = $1 ORDER BY place LIMIT 100",
            args![filing.to_string()],
        )
        .await?;
    let review = |row: &Row| {
        let comments: Vec<Comment> =
            serde_json::from_str(&row.get_text("comments")?).map_err(|_| unreadable(REVIEWS, "comments"))?;
        Ok(Review {
            step: parsed(row, REVIEWS, "step")?,
            decision: parsed(row, REVIEWS, "decision")?,
            reason: parsed_opt(row, REVIEWS, "reason")?,
            comments,
            reviewer: parsed(row, REVIEWS, "reviewer")?,
            at: row.get_time("at")?,
            letter: read_letter(row, REVIEWS)?,
        })
    };
    rows.iter().map(review).collect()
}

/// What is filtered in a list of filings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// What is applied for.
    pub kind: Option<FilingKind>,
    /// About what kind of item.
    pub item_kind: Option<Kind>,
    /// How far they are.
    pub state: Option<FilingState>,
    /// Whose turn it is.
    pub step: Option<ReviewStep>,
}

/// By what a list of filings is sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Sort {
    /// 申請日期.
    #[default]
    Filed,
    /// 單號.
    Number,
}

/// One row of the review list (R54). 申請人 is an account, whose name the accounts know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its identifier.
    pub id: FilingId,
    /// 單號.
    pub number: FormNumber,
    /// What is applied for.
    pub kind: FilingKind,
    /// The item.
    pub item: Option<ItemId>,
    /// 申請項目.
    pub item_kind: Option<Kind>,
    /// The item's name as it was filed.
    pub item_name: String,
    /// 申請機關, as it was filed.
    pub organisation_name: String,
    /// 申請人.
    pub filed_by: AccountId,
    /// 申請日期.
    pub filed_at: Time,
    /// 申請狀態.
    pub state: FilingState,
    /// Whose turn it is.
    pub step: Option<ReviewStep>,
    /// When its review ended.
    pub closed_at: Option<Time>,
}

const LIST_COLUMNS: &str = "id, number, kind, item, item_kind, item_name, organisation_name, filed_by, filed_at, state, step, closed_at";

fn read_listed(row: &Row) -> Result<Listed> {
    Ok(Listed {
        id: parsed(row, TABLE, "id")?,
        number: parsed(row, TABLE, "number")?,
        kind: parsed(row, TABLE, "kind")?,
        item: parsed_opt(row, TABLE, "item")?,
        item_kind: parsed_opt(row, TABLE, "item_kind")?,
        item_name: row.get_text("item_name")?,
        organisation_name: row.get_text("organisation_name")?,
        filed_by: parsed(row, TABLE, "filed_by")?,
        filed_at: row.get_time("filed_at")?,
        state: parsed(row, TABLE, "state")?,
        step: parsed_opt(row, TABLE, "step")?,
        closed_at: row.get_opt_time("closed_at")?,
    })
}

/// Whose a filing is: an organisation's, or the account's of a sign-up. `None` when there is no such filing.
///
/// # Errors
/// The database refuses.
pub async fn owner(db: &Db, id: &str) -> Result<Option<Owner>> {
    let row = db.fetch_opt("SELECT filed_by, organisation FROM filings WHERE id = $1", args![id]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(match parsed_opt(&row, TABLE, "organisation")? {
        Some(organisation) => Owner::Organisation(organisation),
        None => Owner::Account(parsed(&row, TABLE, "filed_by")?),
    }))
}

/// What lists say of a filing within the scope.
pub async fn listed(db: &Db, scope: &Scope, id: FilingId) -> Result<Option<Listed>> {
    scope.select().one(db, LIST_COLUMNS, TABLE, id.to_string()).await?.as_ref().map(read_listed).transpose()
}

/// A page of the filings within the scope.
pub async fn list(db: &Db, scope: &Scope, list: &List<Filter, Sort>) -> Result<Page<Listed>> {
    let mut select = scope.select();
    let filter = &list.filter;
    if let Some(kind) = filter.kind {
        select.and("kind = {}", [kind.as_str().into()]);
    }
    if let Some(kind) = filter.item_kind {
        select.and("item_kind = {}", [kind.as_str().into()]);
    }
    if let Some(state) = filter.state {
        select.and("state = {}", [state.as_str().into()]);
    }
    if let Some(step) = filter.step {
        select.and("step = {}", [step.as_str().into()]);
    }
    select.search(db, AREA, &list.search).await?;
    let order = match list.sort {
        Sort::Filed => "filed_at, id",
        Sort::Number => "number, id",
    };
    select.page(db, LIST_COLUMNS, TABLE, order, list.into(), read_listed).await
}
