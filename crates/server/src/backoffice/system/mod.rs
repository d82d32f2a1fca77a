//! 系統管理: accounts and roles, the outbox, the record; categories, policies, maintenance windows, news and settings.
//! Administrators change accounts, the ministry and they the rest; the operating team and the auditor read.

pub mod account;
pub mod accounts;
pub mod audit;
pub mod categories;
pub mod chain;
pub mod mails;
pub mod maintenance;
pub mod messages;
pub mod moment;
pub mod news;
pub mod policies;
pub mod settings;

#[cfg(test)]
pub(super) mod samples;

use askama::Template;
use mydata_domain::account::Role;

use super::ROOT;
use super::fault::Fault;
use super::frame::Frame;
use super::parts::cell::Link;
use super::route::{Answer, Route};
use super::rule::Rule;
use super::visit::Visit;

const READERS: &[Role] = &[Role::Operator, Role::Administrator, Role::Auditor];
/// Who reads what is set while the platform runs.
const SETTINGS_READERS: &[Role] = &[Role::Operator, Role::Ministry, Role::Administrator, Role::Auditor];
/// Who changes it.
const KEEPERS: &[Role] = &[Role::Ministry, Role::Administrator];
const ACCOUNT_READERS: &[Role] = &[Role::Administrator, Role::Auditor];

/// The lines of the table.
pub fn routes() -> Vec<Route> {
    let readers = Rule::Roles(READERS);
    let account_readers = Rule::Roles(ACCOUNT_READERS);
    let administrators = Rule::Roles(&[Role::Administrator]);
    let senders = Rule::Roles(&[Role::Operator, Role::Administrator]);
    let mut table = settings_routes();
    table.extend([
        Route::get("/mydata-backend/system", Rule::Roles(SETTINGS_READERS), show),
        Route::get("/mydata-backend/system/accounts", account_readers, accounts::show),
        Route::get("/mydata-backend/system/accounts/new", administrators, accounts::ask_new),
        Route::post("/mydata-backend/system/accounts/new", administrators, accounts::submit_new).fresh(),
        Route::get("/mydata-backend/system/account", account_readers, account::show),
        Route::post("/mydata-backend/system/account", administrators, account::submit).fresh(),
        Route::get("/mydata-backend/system/mails", readers, mails::show),
        Route::get("/mydata-backend/system/mail", readers, mails::one),
        Route::post("/mydata-backend/system/mail", senders, mails::again),
        Route::get("/mydata-backend/system/messages", readers, messages::show),
        Route::get("/mydata-backend/system/message", readers, messages::one),
        Route::post("/mydata-backend/system/message", senders, messages::submit),
        Route::get("/mydata-backend/system/audit", readers, audit::show),
        Route::get(chain::PATH, readers, chain::show),
        Route::get(chain::EVENT, readers, chain::event),
        Route::get(chain::PROOF, readers, chain::proof),
    ]);
    table
}

fn settings_routes() -> Vec<Route> {
    let (readers, keepers) = (Rule::Roles(SETTINGS_READERS), Rule::Roles(KEEPERS));
    vec![
        Route::get("/mydata-backend/system/categories", readers, categories::show),
        Route::get("/mydata-backend/system/category", keepers, categories::ask),
        Route::post("/mydata-backend/system/category", keepers, categories::submit),
        Route::get("/mydata-backend/system/category/new", keepers, categories::ask_new),
        Route::post("/mydata-backend/system/category/new", keepers, categories::submit_new),
        Route::get("/mydata-backend/system/policies", readers, policies::show),
        Route::post("/mydata-backend/system/policies", keepers, policies::begin),
        Route::get("/mydata-backend/system/policy", readers, policies::one),
        Route::post("/mydata-backend/system/policy", keepers, policies::save).with_long_texts(),
        Route::get("/mydata-backend/system/policy/publish", keepers, policies::ask_publish),
        Route::post("/mydata-backend/system/policy/publish", keepers, policies::publish),
        Route::get("/mydata-backend/system/policy/discard", keepers, policies::ask_discard),
        Route::post("/mydata-backend/system/policy/discard", keepers, policies::discard),
        Route::get("/mydata-backend/system/maintenance", readers, maintenance::show),
        Route::get("/mydata-backend/system/maintenance/window", keepers, maintenance::ask),
        Route::post("/mydata-backend/system/maintenance/window", keepers, maintenance::submit),
        Route::post("/mydata-backend/system/maintenance/remove", keepers, maintenance::remove),
        Route::get("/mydata-backend/system/news", readers, news::show),
        Route::get("/mydata-backend/system/news/entry", keepers, news::ask),
        Route::post("/mydata-backend/system/news/entry", keepers, news::submit).with_long_texts(),
        Route::post("/mydata-backend/system/news/remove", keepers, news::remove),
        Route::get("/mydata-backend/system/settings", readers, settings::show),
        Route::post("/mydata-backend/system/settings", keepers, settings::submit),
    ]
}

/// Whether whoever visits may change what is set while the platform runs.
fn may_keep(visit: &Visit) -> Result<bool, Fault> {
    Ok(KEEPERS.contains(&visit.me()?.account.role))
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
    let mut add = |title: &str, about: &str, below: &str| {
        areas.push((Link::new(visit.t(title), format!("{ROOT}/system/{below}")), visit.t(about)));
    };
    add("system-categories", "system-categories.about", "categories");
    add("system-policies", "system-policies.about", "policies");
    add("system-maintenance", "system-maintenance.about", "maintenance");
    add("system-news", "system-news.about", "news");
    add("system-settings", "system-settings.about", "settings");
    if READERS.contains(&role) {
        add("system-messages", "system-messages.about", "messages");
        add("system-mails", "system-mails.about", "mails");
        add("system-audit", "system-audit.about", "audit");
    }
    Ok(visit.ok(&SystemPage { frame: visit.frame(visit.t("menu-administration"), Vec::new()), areas }))
}

/// The page above all of these.
fn above(visit: &Visit) -> super::frame::Crumb {
    super::frame::Crumb::new(visit.t("menu-administration"), format!("{ROOT}/system"))
}
