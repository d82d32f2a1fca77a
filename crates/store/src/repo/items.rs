//! Items: one row each, with the stage as the domain has it, and every step in a history.
//!
//! A change is made by [`load_for_update`], a step of the domain, [`Kept::take`] and [`Kept::save`], inside one database
//! transaction; the row is locked meanwhile, so two steps of one item never overlap.

use std::str::FromStr;

use mydata_domain::account::{AccountId, Role};
use mydata_domain::calendar::Date;
use mydata_domain::filing::{FilingId, FormNumber, OfficialLetter, Reason};
use mydata_domain::item::rule::Deed;
use mydata_domain::item::stage::{Draft, Ending};
use mydata_domain::item::{
    Actor, Cause, Certificate, Facts, ItemId, Kind, Running, Stage, StageName, Stepped, due,
};
use mydata_domain::organisation::{Organisation, OrganisationId, OrganisationKind};
use mydata_domain::{Time, Zone};
use mydata_wire::Random;

use super::list::{self, List, Page, Scope, Select, searchable};
use super::unreadable;
use crate::args;
use crate::db::{Db, Engine, Row, Tx};
use crate::error::Result;

const TABLE: &str = "items";
pub(super) const AREA: &str = "item";

/// Where an item came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The back office.
    Office,
    /// A registry file.
    File,
}

impl Origin {
    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::File => "file",
        }
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "office" => Ok(Self::Office),
            "file" => Ok(Self::File),
            other => Err(format!("no origin of an item {other:?}")),
        }
    }
}

/// An item as it is kept, with what is needed to write it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its identifier.
    pub id: ItemId,
    /// What it is.
    pub kind: Kind,
    /// Where it came from.
    pub origin: Origin,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// That organisation's name.
    pub organisation_name: String,
    /// That organisation's competent authority.
    pub authority: Option<OrganisationId>,
    /// Its name.
    pub name: String,
    /// 類別.
    pub category: String,
    /// The number of the filing that began it.
    pub number: Option<FormNumber>,
    /// How far it got: production once it has a record there.
    pub zone: Zone,
    /// 顯示前台; otherwise 不顯示前台且不可被取用 (R43).
    pub shown: bool,
    /// Where it stands.
    pub stage: Stage,
    /// The certificates that its connection needs.
    pub certificates: Vec<Certificate>,
    /// The id of its record in the test zone.
    pub test_record: Option<String>,
    /// The id of its record in the production zone.
    pub production_record: Option<String>,
    /// 上架日期.
    pub listed_at: Option<Time>,
    /// When it was begun.
    pub created_at: Time,
    /// 修改時間.
    pub updated_at: Time,
    /// 修改人員; none: the platform.
    pub updated_by: Option<AccountId>,
    /// The words by which it is found now.
    indexed: String,
}

/// One step of an item, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Time,
    /// Who; none: the platform.
    pub account: Option<AccountId>,
    /// In which role.
    pub role: Option<Role>,
    /// What.
    pub deed: Deed,
    /// Where it was.
    pub from: StageName,
    /// Where it went.
    pub to: StageName,
    /// The filing that it was about.
    pub filing: Option<FilingId>,
    /// Why.
    pub reason: Option<Reason>,
    /// The official letter that belongs to it.
    pub letter: Option<OfficialLetter>,
}

const COLUMNS: &str = "id, kind, origin, organisation, organisation_name, authority, name, category, number, zone, stage_data, \
     certificates, test_record, production_record, listed_at, created_at, updated_at, updated_by, search, shown";

fn read(row: &Row) -> Result<Kept> {
    let bad = |column| unreadable(TABLE, column);
    Ok(Kept {
        id: parsed(row, TABLE, "id")?,
        kind: parsed(row, TABLE, "kind")?,
        origin: parsed(row, TABLE, "origin")?,
        organisation: parsed(row, TABLE, "organisation")?,
        organisation_name: row.get_text("organisation_name")?,
        authority: parsed_opt(row, TABLE, "authority")?,
        name: row.get_text("name")?,
        category: row.get_text("category")?,
        number: parsed_opt(row, TABLE, "number")?,
        zone: parsed(row, TABLE, "zone")?,
        stage: serde_json::from_str(&row.get_text("stage_data")?).map_err(|_| bad("stage_data"))?,
        certificates: serde_json::from_str(&row.get_text("certificates")?)
            .map_err(|_| bad("certificates"))?,
        test_record: row.get_opt_text("test_record")?,
        production_record: row.get_opt_text("production_record")?,
        listed_at: row.get_opt_time("listed_at")?,
        created_at: row.get_time("created_at")?,
        updated_at: row.get_time("updated_at")?,
        updated_by: parsed_opt(row, TABLE, "updated_by")?,
        indexed: row.get_text("search")?,
        shown: row.get_i64("shown")? != 0,
    })
}

/// A text column as the domain's type.
pub(super) fn parsed<T: FromStr>(row: &Row, table: &'static str, column: &'static str) -> Result<T> {
    row.get_text(column)?.parse().map_err(|_| unreadable(table, column))
}

/// A text column that may be NULL.
pub(super) fn parsed_opt<T: FromStr>(
    row: &Row,
    table: &'static str,
    column: &'static str,
) -> Result<Option<T>> {
    row.get_opt_text(column)?.map(|t| t.parse().map_err(|_| unreadable(table, column))).transpose()
}

/// An official letter in two columns.
pub(super) fn read_letter(row: &Row, table: &'static str) -> Result<Option<OfficialLetter>> {
    let number = row.get_opt_text("letter_number")?;
    let date: Option<Date> = parsed_opt(row, table, "letter_date")?;
    let Some((number, date)) = number.zip(date) else { return Ok(None) };
    OfficialLetter::new(&number, date).map(Some).map_err(|_| unreadable(table, "letter_number"))
}

/// What a new item begins with.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// What it is.
    pub kind: Kind,
    /// Whose it is.
    pub organisation: &'a OrganisationId,
    /// Its name, as far as it has one.
    pub name: &'a str,
    /// 類別, as far as it has one.
    pub category: &'a str,
    /// Who begins it.
    pub by: AccountId,
}

/// Begins an item as a draft of its organisation.
///
/// # Errors
/// [`crate::StoreError::NotFound`]: the organisation is not registered.
pub async fn begin(tx: &Tx, random: &dyn Random, new: &New<'_>, now: Time) -> Result<Kept> {
    let (organisation_name, authority) = organisation(tx, new.organisation).await?;
    let mut kept = Kept {
        id: ItemId::generate(random),
        kind: new.kind,
        origin: Origin::Office,
        organisation: new.organisation.clone(),
        organisation_name,
        authority,
        name: new.name.to_owned(),
        category: new.category.to_owned(),
        number: None,
        zone: Zone::Test,
        stage: Stage::Draft(Draft::default()),
        certificates: Vec::new(),
        test_record: None,
        production_record: None,
        listed_at: None,
        created_at: now,
        updated_at: now,
        updated_by: Some(new.by),
        indexed: String::new(),
        shown: true,
    };
    kept.write(tx, now, Some(new.by)).await?;
    Ok(kept)
}

/// An organisation's name and competent authority.
async fn organisation(tx: &Tx, id: &OrganisationId) -> Result<(String, Option<OrganisationId>)> {
    let row = tx
        .fetch_one(
            "SELECT o.name, p.authority FROM organisations o \
             LEFT JOIN organisation_profiles p ON p.organisation = o.id WHERE o.id = $1",
            args![id.as_str()],
        )
        .await?;
    let authority =
        row.get_opt_text(1)?.map(|a| a.parse().map_err(|_| unreadable("organisation_profiles", "authority")));
    Ok((row.get_text(0)?, authority.transpose()?))
}

/// Whose an item is; `None` when there is no such item.
///
/// # Errors
/// The database refuses.
pub async fn owner(db: &Db, id: &str) -> Result<Option<OrganisationId>> {
    let row = db.fetch_opt("SELECT organisation FROM items WHERE id = $1", args![id]).await?;
    row.map(|row| parsed(&row, TABLE, "organisation")).transpose()
}

/// Reads an item, if it is within the scope.
pub async fn load(db: &Db, scope: &Scope, id: ItemId) -> Result<Option<Kept>> {
    let mut select = Select::default();
    scope.narrow(&mut select);
    select.and("id = {}", [id.to_string().into()]);
    let (sql, values) = select.statement(COLUMNS, TABLE, "");
    db.fetch_opt(sql, values).await?.as_ref().map(read).transpose()
}

/// Reads an item, if it is within the scope, and locks it until the database transaction ends.
pub async fn load_for_update(tx: &Tx, scope: &Scope, id: ItemId) -> Result<Option<Kept>> {
    let mut select = Select::default();
    scope.narrow(&mut select);
    select.and("id = {}", [id.to_string().into()]);
    let (sql, values) = select.statement(COLUMNS, TABLE, lock(tx));
    tx.fetch_opt(sql, values).await?.as_ref().map(read).transpose()
}

pub(super) fn lock(tx: &Tx) -> &'static str {
    match tx.engine() {
        // SQLite has one writer, which we are.
        Engine::Sqlite => "",
        Engine::Postgres => " FOR UPDATE",
    }
}

/// The item that a registry record belongs to.
pub async fn of_record(db: &Db, scope: &Scope, kind: Kind, record: &str) -> Result<Option<Kept>> {
    let mut select = Select::default();
    scope.narrow(&mut select);
    select.and("kind = {}", [kind.as_str().into()]);
    select.and(
        "(test_record = {} OR production_record = {})",
        [record.to_owned().into(), record.to_owned().into()],
    );
    let (sql, values) = select.statement(COLUMNS, TABLE, "");
    db.fetch_opt(sql, values).await?.as_ref().map(read).transpose()
}

/// The items of an organisation that have this stage, locked until the database transaction ends; at most 200.
pub async fn of_organisation_for_update(
    tx: &Tx,
    organisation: &OrganisationId,
    stage: StageName,
) -> Result<Vec<Kept>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM items WHERE organisation = $1 AND stage = $2 ORDER BY id LIMIT 200{}",
        lock(tx)
    );
    tx.fetch_all(sql, args![organisation.as_str(), stage.as_str()]).await?.iter().map(read).collect()
}

/// Items for which the clock does something some day, although no living job of this kind has their id as its key; with
/// that moment. At most `limit`, the earliest first.
pub async fn unwatched(db: &Db, job: &str, limit: u32) -> Result<Vec<(ItemId, Time)>> {
    let rows = db
        .fetch_all(
            "SELECT id, next_due FROM items WHERE next_due IS NOT NULL AND NOT EXISTS \
             (SELECT 1 FROM jobs WHERE kind = $1 AND key = items.id AND dead_at IS NULL) ORDER BY next_due LIMIT $2",
            args![job, limit],
        )
        .await?;
    rows.iter().map(|row| Ok((parsed(row, TABLE, "id")?, row.get_time("next_due")?))).collect()
}

/// What a step of this item must know: its organisation as it is registered now.
///
/// # Errors
/// The organisation cannot be read.
pub async fn facts(tx: &Tx, kept: &Kept) -> Result<Facts> {
    let row = tx
        .fetch_one("SELECT body FROM organisations WHERE id = $1", args![kept.organisation.as_str()])
        .await?;
    let body: Organisation =
        serde_json::from_str(&row.get_text(0)?).map_err(|_| unreadable("organisations", "body"))?;
    Ok(kept.facts(body.kind))
}

impl Kept {
    /// What a step must know, of an organisation of this kind.
    pub fn facts(&self, kind: OrganisationKind) -> Facts {
        Facts {
            organisation: self.organisation.clone(),
            kind,
            authority: self.authority.clone(),
            certificates: self.certificates.clone(),
        }
    }

    /// Takes over what a step came to; [`Self::save`] writes it.
    pub fn take(&mut self, stepped: &Stepped) {
        self.stage = stepped.stage.clone();
        if let Some(warned) = &stepped.warned {
            for certificate in self.certificates.iter_mut().filter(|c| c.name == warned.certificate) {
                certificate.warned = Some(warned.days);
            }
        }
        if let Some(since) = self.stage.running().and_then(Running::listed_since) {
            self.listed_at = Some(since);
        }
    }

    /// Writes the item back, changed by this account or by the platform.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`]: another item has the registry record.
    pub async fn save(&mut self, tx: &Tx, now: Time, by: Option<AccountId>) -> Result<()> {
        self.write(tx, now, by).await
    }

    async fn write(&mut self, tx: &Tx, now: Time, by: Option<AccountId>) -> Result<()> {
        self.updated_at = now;
        self.updated_by = by;
        if self.production_record.is_some() {
            self.zone = Zone::Production;
        }
        let id = self.id.to_string();
        let (detail, hidden) = detail(&self.stage);
        let next_due = due(&self.stage, &self.certificates, now).map(|d| d.at.0);
        let number = self.number.map(|n| n.to_string());
        let search = searchable(
            [
                self.name.as_str(),
                &self.organisation_name,
                &self.category,
                number.as_deref().unwrap_or_default(),
                self.test_record.as_deref().unwrap_or_default(),
                self.production_record.as_deref().unwrap_or_default(),
            ]
            .into_iter()
            .filter(|word| !word.is_empty()),
        );
        tx.execute(
            "INSERT INTO items (id, kind, origin, organisation, organisation_name, authority, name, category, number, zone, \
             stage, detail, hidden, stage_data, certificates, test_record, production_record, listed_at, next_due, \
             created_at, updated_at, updated_by, search, shown) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24) \
             ON CONFLICT (id) DO UPDATE SET organisation_name = excluded.organisation_name, authority = excluded.authority, \
             name = excluded.name, category = excluded.category, number = excluded.number, zone = excluded.zone, \
             stage = excluded.stage, detail = excluded.detail, hidden = excluded.hidden, stage_data = excluded.stage_data, \
             certificates = excluded.certificates, test_record = excluded.test_record, \
             production_record = excluded.production_record, listed_at = excluded.listed_at, next_due = excluded.next_due, \
             updated_at = excluded.updated_at, updated_by = excluded.updated_by, search = excluded.search, \
             shown = excluded.shown",
            args![
                &id,
                self.kind.as_str(),
                self.origin.as_str(),
                self.organisation.as_str(),
                &self.organisation_name,
                self.authority.as_ref().map(OrganisationId::as_str),
                &self.name,
                &self.category,
                number,
                self.zone.as_str(),
                self.stage.name().as_str(),
                detail,
                hidden,
                json(&self.stage),
                json(&self.certificates),
                &self.test_record,
                &self.production_record,
                self.listed_at.map(|t| t.0),
                next_due,
                self.created_at.0,
                now.0,
                by.map(|a| a.to_string()),
                &search,
                i64::from(self.shown),
            ],
        )
        .await?;
        if search != self.indexed {
            list::index(tx, AREA, &id, &search).await?;
            self.indexed = search;
        }
        Ok(())
    }
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("what the domain serialises has text keys and finite numbers")
}

/// Why an item is suspended (the first cause) or delisted, and whether lists pass it over.
fn detail(stage: &Stage) -> (Option<&'static str>, bool) {
    match stage {
        Stage::Suspended(s) => (s.causes.first().map(|c| c.cause.as_str()), false),
        Stage::Delisted(d) => (Some(d.why.as_str()), d.why == Ending::Discarded),
        _ => (None, false),
    }
}

/// Writes a step into the history.
///
/// # Errors
/// The database refuses.
pub async fn note(
    tx: &Tx,
    id: ItemId,
    stepped: &Stepped,
    actor: &Actor,
    filing: Option<FilingId>,
    now: Time,
) -> Result<()> {
    let person = match actor {
        Actor::Person(person) => Some(person),
        Actor::Clock => None,
    };
    tx.run(
        "INSERT INTO item_history (item, place, at, account, role, deed, from_stage, to_stage, filing, reason, letter_number, \
         letter_date) \
         SELECT $1, COALESCE(MAX(place) + 1, 0), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM item_history WHERE item = $1",
        args![
            id.to_string(),
            now.0,
            person.map(|p| p.account.to_string()),
            person.map(|p| p.role.as_str()),
            stepped.deed.as_str(),
            stepped.from.as_str(),
            stepped.stage.name().as_str(),
            filing.map(|f| f.to_string()),
            stepped.reason.as_ref().map(Reason::as_str),
            stepped.letter.as_ref().map(OfficialLetter::number),
            stepped.letter.as_ref().map(|l| l.date().to_string()),
        ],
    )
    .await
}

/// The last steps of an item, at most 500, oldest first.
pub async fn history(db: &Db, id: ItemId) -> Result<Vec<Entry>> {
    const HISTORY: &str = "item_history";
    let rows = db
        .fetch_all(
            "SELECT at, account, role, deed, from_stage, to_stage, filing, reason, letter_number, letter_date \
             FROM item_history WHERE item = $1 ORDER BY place DESC LIMIT 500",
            args![id.to_string()],
        )
        .await?;
    let entry = |row: &Row| {
        Ok(Entry {
            at: row.get_time("at")?,
            account: parsed_opt(row, HISTORY, "account")?,
            role: parsed_opt(row, HISTORY, "role")?,
            deed: parsed(row, HISTORY, "deed")?,
            from: parsed(row, HISTORY, "from_stage")?,
            to: parsed(row, HISTORY, "to_stage")?,
            filing: parsed_opt(row, HISTORY, "filing")?,
            reason: parsed_opt(row, HISTORY, "reason")?,
            letter: read_letter(row, HISTORY)?,
        })
    };
    rows.iter().rev().map(entry).collect()
}

/// What is filtered in a list of items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// What they are.
    pub kind: Option<Kind>,
    /// Where they stand; empty: anywhere.
    pub stages: Vec<StageName>,
    /// How far they got.
    pub zone: Option<Zone>,
    /// 類別.
    pub category: Option<String>,
    /// Whose they are, within the scope.
    pub organisation: Option<OrganisationId>,
}

/// By what a list of items is sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Sort {
    /// 修改時間.
    #[default]
    Updated,
    /// Name.
    Name,
    /// 機關名稱.
    Organisation,
    /// 類別.
    Category,
    /// 狀態.
    Stage,
}

impl Sort {
    fn columns(self) -> &'static str {
        match self {
            Self::Updated => "updated_at, id",
            Self::Name => "name, id",
            Self::Organisation => "organisation_name, id",
            Self::Category => "category, id",
            Self::Stage => "stage, updated_at, id",
        }
    }
}

/// One row of a list of items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its identifier.
    pub id: ItemId,
    /// What it is.
    pub kind: Kind,
    /// Where it came from.
    pub origin: Origin,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// That organisation's name.
    pub organisation_name: String,
    /// Its name.
    pub name: String,
    /// 類別.
    pub category: String,
    /// The number of the filing that began it.
    pub number: Option<FormNumber>,
    /// How far it got.
    pub zone: Zone,
    /// 顯示前台 (R39, R43).
    pub shown: bool,
    /// Where it stands.
    pub stage: StageName,
    /// The same with what exists there: the last day of a test, why it is suspended.
    pub standing: Stage,
    /// Why it is suspended.
    pub cause: Option<Cause>,
    /// The id of its record in the test zone.
    pub test_record: Option<String>,
    /// The id of its record in the production zone.
    pub production_record: Option<String>,
    /// When the clock next does something to it.
    pub next_due: Option<Time>,
    /// 上架日期.
    pub listed_at: Option<Time>,
    /// 修改時間.
    pub updated_at: Time,
}

pub(super) const LIST_COLUMNS: &str = "id, kind, origin, organisation, organisation_name, name, category, number, zone, stage, detail, \
     test_record, production_record, next_due, listed_at, updated_at, shown, \
     stage_data";

pub(super) fn read_listed(row: &Row) -> Result<Listed> {
    let stage = parsed(row, TABLE, "stage")?;
    let cause = if stage == StageName::Suspended { parsed_opt(row, TABLE, "detail")? } else { None };
    Ok(Listed {
        id: parsed(row, TABLE, "id")?,
        kind: parsed(row, TABLE, "kind")?,
        origin: parsed(row, TABLE, "origin")?,
        organisation: parsed(row, TABLE, "organisation")?,
        organisation_name: row.get_text("organisation_name")?,
        name: row.get_text("name")?,
        category: row.get_text("category")?,
        number: parsed_opt(row, TABLE, "number")?,
        zone: parsed(row, TABLE, "zone")?,
        stage,
        standing: serde_json::from_str(&row.get_text("stage_data")?)
            .map_err(|_| unreadable(TABLE, "stage_data"))?,
        cause,
        test_record: row.get_opt_text("test_record")?,
        production_record: row.get_opt_text("production_record")?,
        next_due: row.get_opt_time("next_due")?,
        listed_at: row.get_opt_time("listed_at")?,
        updated_at: row.get_time("updated_at")?,
        shown: row.get_i64("shown")? != 0,
    })
}

/// A page of the items within the scope. Drafts that were thrown away are passed over.
pub async fn list(db: &Db, scope: &Scope, list: &List<Filter, Sort>) -> Result<Page<Listed>> {
    let mut select = Select::default();
    select.and("hidden = 0", []);
    scope.narrow(&mut select);
    let filter = &list.filter;
    if let Some(kind) = filter.kind {
        select.and("kind = {}", [kind.as_str().into()]);
    }
    let stages: Vec<&str> = filter.stages.iter().map(|s| s.as_str()).collect();
    select.one_of("stage", &stages);
    if let Some(zone) = filter.zone {
        select.and("zone = {}", [zone.as_str().into()]);
    }
    if let Some(category) = &filter.category {
        select.and("category = {}", [category.clone().into()]);
    }
    if let Some(organisation) = &filter.organisation {
        select.and("organisation = {}", [organisation.as_str().to_owned().into()]);
    }
    select.search(db, AREA, &list.search).await?;
    select.page(db, LIST_COLUMNS, TABLE, list.sort.columns(), list.into(), read_listed).await
}

/// What a registry file's record says of its item.
#[derive(Debug, Clone)]
pub(super) struct Mirrored<'a> {
    pub(super) kind: Kind,
    pub(super) record: &'a str,
    pub(super) zone: Zone,
    pub(super) organisation: &'a OrganisationId,
    pub(super) name: &'a str,
    pub(super) category: &'a str,
    pub(super) stage: Stage,
    pub(super) shown: bool,
}

/// Makes or brings up to date the item of a record that came from a registry file. An item of the back office stays as it is.
pub(super) async fn mirror(tx: &Tx, record: &Mirrored<'_>, now: Time) -> Result<()> {
    let sql = format!(
        "SELECT {COLUMNS} FROM items WHERE kind = $1 AND (test_record = $2 OR production_record = $2){}",
        lock(tx)
    );
    let old = tx.fetch_opt(sql, args![record.kind.as_str(), record.record]).await?;
    let old = old.as_ref().map(read).transpose()?;
    if old.as_ref().is_some_and(|kept| kept.origin == Origin::Office) {
        return Ok(());
    }
    let (organisation_name, authority) = organisation(tx, record.organisation).await?;
    let slot = Some(record.record.to_owned());
    let (test_record, production_record) = match record.zone {
        Zone::Test => (slot, None),
        Zone::Production => (None, slot),
    };
    // Since when it stands there is kept as long as it stands there.
    let stage = match &old {
        Some(kept) if same_standing(&kept.stage, &record.stage) => kept.stage.clone(),
        _ => record.stage.clone(),
    };
    let listed_at = stage.running().and_then(Running::listed_since);
    let mut new = Kept {
        id: old.as_ref().map_or_else(|| ItemId::generate(tx.db().random()), |kept| kept.id),
        kind: record.kind,
        origin: Origin::File,
        organisation: record.organisation.clone(),
        organisation_name,
        authority,
        name: record.name.to_owned(),
        category: record.category.to_owned(),
        number: None,
        zone: record.zone,
        stage,
        certificates: old.as_ref().map(|kept| kept.certificates.clone()).unwrap_or_default(),
        test_record,
        production_record,
        listed_at,
        created_at: old.as_ref().map_or(now, |kept| kept.created_at),
        updated_at: old.as_ref().map_or(now, |kept| kept.updated_at),
        updated_by: None,
        indexed: old.as_ref().map(|kept| kept.indexed.clone()).unwrap_or_default(),
        shown: record.shown,
    };
    let fails = |stage: &Stage| matches!(stage, Stage::Suspended(s) if s.is_for(Cause::Failing));
    let failed = old.as_ref().is_some_and(|kept| fails(&kept.stage));
    let moved = old.as_ref().is_some_and(|kept| kept.organisation != new.organisation);
    if old.as_ref() == Some(&new) {
        return Ok(());
    }
    new.write(tx, now, None).await?;
    if failed != fails(&new.stage) {
        // What a file says to fail is on the list of what fails, until a file says otherwise.
        let mut health = super::health::load_for_update(tx, new.id).await?;
        if failed {
            health.release();
        } else {
            health.hold(now);
        }
        super::health::save(tx, new.id, &health).await?;
    }
    if moved {
        // A file may give a record to another organisation; the back office never does.
        tx.execute(
            "UPDATE items SET organisation = $2 WHERE id = $1",
            args![new.id.to_string(), new.organisation.as_str()],
        )
        .await?;
    }
    Ok(())
}

fn same_standing(a: &Stage, b: &Stage) -> bool {
    a.name() == b.name() && detail(a) == detail(b)
}

/// Brings the names kept beside items up to date after an organisation was changed.
pub(super) async fn organisation_changed(tx: &Tx, id: &OrganisationId, now: Time) -> Result<()> {
    let (name, authority) = organisation(tx, id).await?;
    let sql = format!(
        "SELECT {COLUMNS} FROM items WHERE organisation = $1 AND (organisation_name <> $2 OR COALESCE(authority, '') <> $3){}",
        lock(tx)
    );
    let authority_text = authority.as_ref().map_or("", |a| a.as_str());
    for row in tx.fetch_all(sql, args![id.as_str(), &name, authority_text]).await? {
        let mut kept = read(&row)?;
        let (updated_at, updated_by) = (kept.updated_at, kept.updated_by);
        kept.organisation_name.clone_from(&name);
        kept.authority.clone_from(&authority);
        kept.write(tx, now, updated_by).await?;
        // Nothing of the item itself was changed.
        tx.run("UPDATE items SET updated_at = $2 WHERE id = $1", args![kept.id.to_string(), updated_at.0])
            .await?;
    }
    tx.run(
        "UPDATE filings SET authority = $2 WHERE organisation = $1 AND COALESCE(authority, '') <> $3",
        args![id.as_str(), authority.as_ref().map(OrganisationId::as_str), authority_text],
    )
    .await
}
