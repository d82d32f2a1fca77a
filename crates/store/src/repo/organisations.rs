//! What an organisation filled in about itself, beside its registry record. The form names people: it is sealed.

use std::str::FromStr;

use mydata_domain::Time;
use mydata_domain::forms::OrganisationForm;
use mydata_domain::organisation::{Organisation, OrganisationId};

use super::items::{json, parsed, parsed_opt};
use super::list::{List, Page, Select};
use super::{items, unreadable};
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

const TABLE: &str = "organisation_profiles";

/// Whether an organisation's accounts may work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Its sign-up is in review.
    InReview,
    /// Its accounts may work.
    Active,
    /// It has left.
    Closed,
}

impl State {
    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InReview => "in-review",
            Self::Active => "active",
            Self::Closed => "closed",
        }
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::InReview, Self::Active, Self::Closed]
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| format!("no state of an organisation {text:?}"))
    }
}

/// What an organisation filled in about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Which organisation.
    pub organisation: OrganisationId,
    /// Whether its accounts may work.
    pub state: State,
    /// 目的事業主管機關.
    pub authority: Option<OrganisationId>,
    /// 機關單位基本資料.
    pub form: OrganisationForm,
    /// When it was changed.
    pub updated_at: Time,
}

fn read(crypter: &Crypter, row: &Row) -> Result<Profile> {
    let organisation: OrganisationId = parsed(row, TABLE, "organisation")?;
    let form = crypter.open(TABLE, organisation.as_str(), "form", &row.get_blob("form")?)?;
    Ok(Profile {
        state: parsed(row, TABLE, "state")?,
        authority: parsed_opt(row, TABLE, "authority")?,
        form: serde_json::from_slice(&form).map_err(|_| unreadable(TABLE, "form"))?,
        updated_at: row.get_time("updated_at")?,
        organisation,
    })
}

/// Whether an organisation is registered.
///
/// # Errors
/// The database refuses.
pub async fn exists(tx: &Tx, id: &OrganisationId) -> Result<bool> {
    let row = tx.fetch_opt("SELECT 1 FROM organisations WHERE id = $1", args![id.as_str()]).await?;
    Ok(row.is_some())
}

/// Locks an organisation's record until the database transaction ends; `false` when there is none.
///
/// # Errors
/// The database refuses.
pub async fn lock(tx: &Tx, id: &OrganisationId) -> Result<bool> {
    let sql = format!("SELECT id FROM organisations WHERE id = $1{}", super::list::lock(tx));
    Ok(tx.fetch_opt(sql, args![id.as_str()]).await?.is_some())
}

/// Reads what an organisation filled in.
pub async fn profile(db: &Db, crypter: &Crypter, id: &OrganisationId) -> Result<Option<Profile>> {
    let row = db
        .fetch_opt(
            "SELECT organisation, state, authority, updated_at, form FROM organisation_profiles WHERE organisation = $1",
            args![id.as_str()],
        )
        .await?;
    row.map(|row| read(crypter, &row)).transpose()
}

/// Reads what an organisation filled in, locked until the database transaction ends.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn profile_for_update(tx: &Tx, crypter: &Crypter, id: &OrganisationId) -> Result<Option<Profile>> {
    let sql = format!(
        "SELECT organisation, state, authority, updated_at, form FROM organisation_profiles WHERE organisation = $1{}",
        super::list::lock(tx)
    );
    let row = tx.fetch_opt(sql, args![id.as_str()]).await?;
    row.map(|row| read(crypter, &row)).transpose()
}

/// Keeps what an organisation filled in; its registry record must be there. What lists show of it is brought up to date.
///
/// # Errors
/// [`crate::StoreError::Reference`]: the organisation is not registered.
pub async fn save_profile(
    tx: &Tx,
    crypter: &Crypter,
    id: &OrganisationId,
    state: State,
    form: &OrganisationForm,
    now: Time,
) -> Result<()> {
    let plain = zeroize::Zeroizing::new(json(form));
    tx.execute(
        "INSERT INTO organisation_profiles (organisation, state, authority, updated_at, form) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (organisation) DO UPDATE SET state = excluded.state, authority = excluded.authority, \
         updated_at = excluded.updated_at, form = excluded.form",
        args![
            id.as_str(),
            state.as_str(),
            form.authority.as_ref().map(OrganisationId::as_str),
            now.0,
            crypter.seal(TABLE, id.as_str(), "form", plain.as_bytes()),
        ],
    )
    .await?;
    items::organisation_changed(tx, id, now).await
}

/// Changes whether an organisation's accounts may work.
///
/// # Errors
/// The database refuses.
pub async fn set_state(tx: &Tx, id: &OrganisationId, state: State, now: Time) -> Result<()> {
    tx.run(
        "UPDATE organisation_profiles SET state = $2, updated_at = $3 WHERE organisation = $1",
        args![id.as_str(), state.as_str(), now.0],
    )
    .await
}

/// An organisation of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What is registered.
    pub organisation: Organisation,
    /// Whether its accounts may work; none when it came with a registry file and has filled in nothing.
    pub state: Option<State>,
    /// When it was changed.
    pub updated_at: Time,
}

/// What a list of organisations is sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// By name.
    #[default]
    Name,
    /// When it was changed.
    Changed,
}

/// A page of the organisations; the filter is their state.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn list(db: &Db, list: &List<Option<State>, Sort>) -> Result<Page<Listed>> {
    let mut select = Select::default();
    select.find("o.search", &list.search);
    if let Some(state) = list.filter {
        select.and("p.state = {}", [state.as_str().into()]);
    }
    let order = match list.sort {
        Sort::Name => "o.name, o.id",
        Sort::Changed => "o.updated_at, o.id",
    };
    let read = |row: &Row| {
        let body = row.get_text("body")?;
        Ok(Listed {
            organisation: serde_json::from_str(&body).map_err(|_| unreadable("organisations", "body"))?,
            state: parsed_opt(row, TABLE, "state")?,
            updated_at: row.get_time("updated_at")?,
        })
    };
    let table = "organisations o LEFT JOIN organisation_profiles p ON p.organisation = o.id";
    select
        .page(
            db,
            "o.body AS body, p.state AS state, o.updated_at AS updated_at",
            table,
            order,
            list.into(),
            read,
        )
        .await
}
