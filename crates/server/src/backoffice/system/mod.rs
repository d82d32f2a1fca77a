//! 系統管理: accounts and roles, the outbox, the record. Administrators change accounts; the operating team and the auditor read.

pub mod account;
pub mod accounts;
pub mod audit;
pub mod mails;

use askama::Template;
use mydata_domain::account::Role;

use super::ROOT;
use super::frame::Frame;
use super::parts::cell::Link;
use super::route::{Answer, Route};
use super::rule::Rule;
use super::visit::Visit;

const READERS: &[Role] = &[Role::Operator, Role::Administrator, Role::Auditor];
const ACCOUNT_READERS: &[Role] = &[Role::Administrator, Role::Auditor];

/// The lines of the table.
pub fn routes() -> Vec<Route> {
    let readers = Rule::Roles(READERS);
    let account_readers = Rule::Roles(ACCOUNT_READERS);
    let administrators = Rule::Roles(&[Role::Administrator]);
    let senders = Rule::Roles(&[Role::Operator, Role::Administrator]);
    vec![
        Route::get("/mydata-backend/system", readers, show),
        Route::get("/mydata-backend/system/accounts", account_readers, accounts::show),
        Route::get("/mydata-backend/system/accounts/new", administrators, accounts::ask_new),
        Route::post("/mydata-backend/system/accounts/new", administrators, accounts::submit_new).fresh(),
        Route::get("/mydata-backend/system/account", account_readers, account::show),
        Route::post("/mydata-backend/system/account", administrators, account::submit).fresh(),
        Route::get("/mydata-backend/system/mails", readers, mails::show),
        Route::get("/mydata-backend/system/mail", readers, mails::one),
        Route::post("/mydata-backend/system/mail", senders, mails::again),
        Route::get("/mydata-backend/system/audit", readers, audit::show),
    ]
}

/// The page: where to go on.
#[derive(Template)]
#[template(path = "backoffice/system.html")]
pub struct SystemPage {
    /// The frame.
    pub frame: Frame,
    /// The areas, each with what it holds.
    pub areas: Vec<(Link, String)>,
}

/// `GET /system`.
pub async fn show(visit: Visit) -> Answer {
    let role = visit.me()?.account.role;
    let mut areas = Vec::new();
    if ACCOUNT_READERS.contains(&role) {
        let link = Link::new(visit.t("system-accounts"), format!("{ROOT}/system/accounts"));
        areas.push((link, visit.t("system-accounts.about")));
    }
    let link = Link::new(visit.t("system-mails"), format!("{ROOT}/system/mails"));
    areas.push((link, visit.t("system-mails.about")));
    let link = Link::new(visit.t("system-audit"), format!("{ROOT}/system/audit"));
    areas.push((link, visit.t("system-audit.about")));
    Ok(visit.ok(&SystemPage { frame: visit.frame(visit.t("menu-administration"), Vec::new()), areas }))
}

/// The page above all of these.
fn above(visit: &Visit) -> super::frame::Crumb {
    super::frame::Crumb::new(visit.t("menu-administration"), format!("{ROOT}/system"))
}
