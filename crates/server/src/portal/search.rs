//! 搜尋: in datasets, services and counter services at once.

use askama::Template;
use axum::response::Response;

use super::find::Search;
use super::nav::Area;
use super::view::{Card, Entry, Frame, public, query, shelf};
use super::{counter_services, datasets, services};
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::web::Chrome;

/// Cards of each kind; the list behind them has all.
const FIRST: usize = 5;

/// What was found of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub title: String,
    /// How many.
    pub count: usize,
    /// The first of them.
    pub cards: Vec<Card>,
    /// All of them.
    pub all: String,
}

/// The page.
#[derive(Template)]
#[template(path = "portal/search.html")]
pub struct SearchPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// What is searched for.
    pub search: String,
    /// What was found.
    pub found: Vec<Found>,
}

/// `GET /search`.
pub async fn show(visit: Visit) -> Response {
    let answer = shown(&visit).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit) -> Result<Response, Fault> {
    let (catalogue, system) = (visit.app.catalogue().await?, visit.app.system().await?);
    let shelf = shelf(visit, &catalogue, &system);
    let lang = visit.prefs.lang;
    let pairs = query(&visit.here);
    let typed = pairs.iter().find(|(name, _)| name == "q").map_or("", |(_, value)| value.as_str());
    let search = Search::read(typed);
    let found = |title: &str, path: &str, entries: Vec<Entry<'_>>| {
        let hits: Vec<_> = entries.into_iter().filter(|entry| search.finds(entry.folded)).collect();
        let text: String = url::form_urlencoded::byte_serialize(search.text().as_bytes()).collect();
        Found {
            title: lang.t(title),
            count: hits.len(),
            cards: hits.iter().take(FIRST).map(|entry| (entry.card)()).collect(),
            all: format!("{path}?q={text}"),
        }
    };
    let found = if search.is_empty() {
        Vec::new()
    } else {
        let of_datasets = shelf.datasets().into_iter().map(|d| datasets::entry(lang, shelf, d)).collect();
        let of_services = shelf.services().into_iter().map(|s| services::entry(lang, shelf, s)).collect();
        let of_counters =
            shelf.counter_services().into_iter().map(|s| counter_services::entry(lang, shelf, s)).collect();
        vec![
            found("portal-datasets", "/datasets", of_datasets),
            found("portal-services", "/services", of_services),
            found("portal-counter-services", "/counter-services", of_counters),
        ]
    };
    let frame =
        Frame::new(visit, Area::Elsewhere, lang.t("portal-search")).about(lang.t("portal-search.lead"));
    Ok(public(&SearchPage { chrome: frame.chrome.clone(), frame, search: search.text().to_owned(), found }))
}
