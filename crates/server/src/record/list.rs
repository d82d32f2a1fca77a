//! `GET /record`: a citizen's transactions, the latest first, each with everything that happened.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use mydata_store::repo::delegations;
use mydata_store::repo::record::{self, Cursor};

use super::PATH;
use super::asked::Asked;
use super::view::{Card, Delegated, Teller};
use crate::citizen::session::Citizen;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::portal::nav::Area;
use crate::portal::view::Frame;
use crate::web::{Chrome, Policy, page};

/// Transactions on a page.
const PAGE: usize = 10;
/// Most delegations that are shown.
const DELEGATIONS: u32 = 20;

/// The page.
#[derive(Template)]
#[template(path = "record/list.html")]
pub struct RecordPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// What was asked for.
    pub asked: Asked,
    /// The services to filter by: client id, name.
    pub services: Vec<(String, String)>,
    /// Whether a day was typed that is none.
    pub bad_day: bool,
    /// What others asked the citizen to do for them, on the first page of everything.
    pub delegations: Vec<Delegated>,
    /// The transactions.
    pub cards: Vec<Card>,
    /// The beginning of the list, on a later page.
    pub newest: Option<String>,
    /// The next page.
    pub older: Option<String>,
    /// The files: CSV, JSON.
    pub files: [String; 2],
}

/// `GET /record?kind=…&state=…&service=…&from=…&until=…&after=…`.
pub async fn show(visit: Visit, citizen: Citizen) -> Response {
    let answer = shown(&visit, &citizen).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, citizen: &Citizen) -> Result<Response, Fault> {
    let (app, lang) = (&visit.app, visit.prefs.lang);
    let asked = Asked::read(&visit.here);
    let db = &app.store.db;
    let most = u32::try_from(PAGE + 1).unwrap_or(u32::MAX);
    let mut entries = record::list(db, &citizen.index, &asked.filter(), asked.after, most).await?;
    let more = entries.len() > PAGE;
    entries.truncate(PAGE);
    let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
    let events = record::events(db, &ids).await?;
    let services = record::services(db, &citizen.index).await?;
    let asked_of = match asked.after {
        None if !asked.is_narrowed() => {
            delegations::of_delegate(db, &app.store.crypter, &citizen.index, DELEGATIONS).await?
        }
        _ => Vec::new(),
    };
    let catalogue = app.catalogue().await?;
    let teller = Teller { lang, catalogue: &catalogue };
    let last = entries.last().filter(|_| more).map(|e| Cursor { at: e.entered_at, id: e.id });
    let frame = Frame::new(visit, Area::Elsewhere, lang.t("my-record")).about(lang.t("my-record.lead"));
    let view = RecordPage {
        chrome: frame.chrome.clone(),
        frame,
        services: services.iter().map(|id| (id.to_string(), teller.service(id))).collect(),
        bad_day: asked.has_bad_day(),
        delegations: asked_of
            .iter()
            // The name that was named with the id must be theirs: else somebody else was meant.
            .filter(|(one, _)| one.names(&citizen.index, &citizen.person.name))
            .map(|(one, case)| teller.delegated(one, case.as_ref(), app.now()))
            .collect(),
        cards: teller.cards(&entries, &events),
        newest: asked.after.map(|_| asked.url(PATH, None)),
        older: last.map(|last| asked.url(PATH, Some(last))),
        files: ["csv", "json"].map(|kind| asked.url(&format!("{PATH}/export.{kind}"), None)),
        asked,
    };
    Ok(page(StatusCode::OK, &view, &Policy::personal()))
}
