//! 機關單位管理 (R85, R87, R88): what an organisation says about itself, its accounts, its files; for the operating side every
//! organisation with its page. What is changed goes through [`super::flow::organisations`].
//!
//! | module | page |
//! | --- | --- |
//! | [`page`] | an organisation |
//! | [`change`] | the form that changes what it says |
//! | [`deputy`] | 副帳號: invited, changed, locked, removed |
//! | [`list`] | all organisations |
//! | [`open`] | opens an organisation's account for it, and notes whom the operating team told |
//! | [`signed`] | the signed 介接申請表 |

pub mod change;
pub mod deputy;
mod fields;
pub mod list;
pub mod open;
pub mod page;
pub mod signed;

#[cfg(test)]
pub(super) mod samples;

use mydata_domain::account::Role;
use mydata_domain::organisation::{Organisation, OrganisationId};

use super::ROOT;
use super::fault::Fault;
use super::frame::Crumb;
use super::route::Route;
use super::rule::Rule;
use super::visit::Visit;

/// Who sees an organisation's page: its own people, and those who oversee all.
const READERS: &[Role] =
    &[Role::Applicant, Role::Deputy, Role::Operator, Role::Ministry, Role::Administrator, Role::Auditor];
/// Who sees the list of all.
const OVERSEERS: &[Role] = &[Role::Operator, Role::Ministry, Role::Administrator, Role::Auditor];
/// Who changes what an organisation says about itself.
const CHANGERS: &[Role] = &[Role::Applicant, Role::Deputy, Role::Operator];
/// Who looks after its deputies.
const MANAGERS: &[Role] = &[Role::Applicant, Role::Operator];

/// Who opens organisations' accounts for them.
const OPENERS: &[Role] = &[Role::Operator];

/// The lines of the table.
pub fn routes() -> Vec<Route> {
    let (readers, changers, managers) = (Rule::Roles(READERS), Rule::Roles(CHANGERS), Rule::Roles(MANAGERS));
    let openers = Rule::Roles(OPENERS);
    vec![
        Route::get("/mydata-backend/organisation", readers, page::show),
        Route::get("/mydata-backend/organisation/change", changers, change::ask),
        Route::post("/mydata-backend/organisation/change", changers, change::submit),
        Route::get("/mydata-backend/organisation/deputy", managers, deputy::ask),
        Route::post("/mydata-backend/organisation/deputy", managers, deputy::submit),
        Route::get("/mydata-backend/organisation/deputy/new", managers, deputy::ask_new),
        Route::post("/mydata-backend/organisation/deputy/new", managers, deputy::submit_new),
        Route::get("/mydata-backend/organisation/signed", openers, signed::ask),
        Route::post("/mydata-backend/organisation/signed", openers, signed::submit).with_files(1),
        Route::post("/mydata-backend/organisation/told", openers, open::submit_told),
        Route::get("/mydata-backend/organisations", Rule::Roles(OVERSEERS), list::show),
        Route::get("/mydata-backend/organisations/new", openers, open::ask),
        Route::post("/mydata-backend/organisations/new", openers, open::submit).with_files(1),
    ]
}

/// The page of an organisation.
pub fn path(id: &OrganisationId) -> String {
    format!("{ROOT}/organisation?organisation={id}")
}

/// The organisation that a request is about: one's own, whatever it names; for those who oversee all the one that it names.
fn about(visit: &Visit) -> Result<Option<Organisation>, Fault> {
    let account = &visit.me()?.account;
    let id = if Role::ORGANISATION.contains(&account.role) {
        Some(account.organisation.as_ref().ok_or(Fault::Forbidden)?.as_str())
    } else {
        visit.posted.get("organisation").or_else(|| visit.query("organisation"))
    };
    Ok(id.and_then(|id| visit.catalogue.organisation(id)).cloned())
}

fn name(visit: &Visit, organisation: &Organisation) -> String {
    visit.lang().pick(&organisation.name, Some(&organisation.name_en)).to_owned()
}

/// The pages above those below an organisation's own.
fn crumbs(visit: &Visit, organisation: &Organisation) -> Result<Vec<Crumb>, Fault> {
    let mut crumbs = above(visit)?;
    crumbs.push(Crumb::new(name(visit, organisation), path(&organisation.id)));
    Ok(crumbs)
}

/// The pages above an organisation's own.
fn above(visit: &Visit) -> Result<Vec<Crumb>, Fault> {
    let own = Role::ORGANISATION.contains(&visit.me()?.account.role);
    let list = || Crumb::new(visit.t("organisations"), format!("{ROOT}/organisations"));
    Ok((!own).then(list).into_iter().collect())
}
