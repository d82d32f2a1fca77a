//! Lists of items: what they are filtered and sorted by, and a row of one. Reads only.

use mydata_domain::filing::FormNumber;
use mydata_domain::item::{Cause, ItemId, Kind, Stage, StageName};
use mydata_domain::organisation::OrganisationId;
use mydata_domain::{Time, Zone};

use super::{AREA, Origin, TABLE, parsed, parsed_opt};
use crate::db::{Db, Row};
use crate::error::Result;
use crate::repo::list::{List, Page, Scope};
use crate::repo::unreadable;

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

const LIST_COLUMNS: &str = "id, kind, origin, organisation, organisation_name, name, category, number, zone, stage, detail, \
     test_record, production_record, next_due, listed_at, updated_at, shown, \
     stage_data";

fn read_listed(row: &Row) -> Result<Listed> {
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
    let mut select = scope.select();
    select.and("hidden = 0", []);
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
