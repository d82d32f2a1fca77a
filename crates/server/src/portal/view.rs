//! What the portal's pages are made of: the frame, lists of cards with search, filters and pages, and detail pages.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use mydata_domain::Zone;
use mydata_store::repo::system::System;
use url::form_urlencoded::Serializer;

use super::find::Search;
use super::nav::{Area, Way, ways};
use super::shelf::Shelf;
use crate::catalogue::Registered;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::web::{Chrome, Lang, Policy, i18n};

/// Cards on a page.
const PAGE: usize = 20;

/// The frame of a page.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The title.
    pub title: String,
    /// The portal's ways.
    pub ways: Vec<Way>,
    /// The pages above this one.
    pub above: Vec<(String, String)>,
    /// What search engines show of it; without one what the platform is.
    pub description: Option<String>,
}

impl Frame {
    /// Of a page that a visit asks for.
    pub fn new(visit: &Visit, area: Area, title: String) -> Self {
        Self {
            ways: ways(visit.prefs.lang, area),
            chrome: visit.chrome(),
            title,
            above: Vec::new(),
            description: None,
        }
    }

    /// With a sentence that says what the page is about.
    #[must_use]
    pub fn about(mut self, description: impl Into<String>) -> Self {
        let description = description.into();
        self.description = (!description.is_empty()).then_some(description);
        self
    }

    /// Below another page.
    #[must_use]
    pub fn below(mut self, title: String, href: &str) -> Self {
        self.above.push((title, href.to_owned()));
        self
    }
}

/// A small mark: its look, and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// A class of chips.
    pub look: &'static str,
    /// The words.
    pub text: String,
}

/// One thing that is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its name.
    pub title: String,
    /// Its page.
    pub href: String,
    /// Who offers it, its category.
    pub about: Vec<String>,
    /// What it is.
    pub text: String,
    /// What is to be known at once.
    pub marks: Vec<Mark>,
}

/// A choice of a filter: a link to the same list with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What it says.
    pub label: String,
    /// How many there are.
    pub count: usize,
    /// The list with it.
    pub href: String,
    /// Whether it is chosen.
    pub current: bool,
}

/// A filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// What is filtered by.
    pub label: String,
    /// The name in the address, and the value that is chosen.
    pub chosen: (&'static str, String),
    /// What there is.
    pub choices: Vec<Choice>,
}

/// A list of what is offered.
#[derive(Template)]
#[template(path = "portal/list.html")]
pub struct ListPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// What the list is.
    pub lead: String,
    /// Its address.
    pub path: &'static str,
    /// What is searched for.
    pub search: String,
    /// The filters.
    pub filters: Vec<Filter>,
    /// How many were found.
    pub count: String,
    /// Those of this page.
    pub cards: Vec<Card>,
    /// The pages: number, address, whether it is this one.
    pub pages: Vec<(usize, String, bool)>,
    /// What it says when there is none.
    pub none: String,
}

/// A thing in the list with what it is filtered and searched by.
pub struct Entry<'c> {
    /// Its texts in both languages, folded.
    pub folded: &'c str,
    /// What each filter of the list sees in it.
    pub values: Vec<String>,
    /// Its card.
    pub card: Box<dyn Fn() -> Card + 'c>,
}

/// A filter before it is counted: text, name in the address, how a value is called.
pub struct Kind<'c> {
    /// What is filtered by.
    pub label: String,
    /// The name in the address.
    pub name: &'static str,
    /// What a value is called.
    pub words: Box<dyn Fn(&str) -> String + 'c>,
}

/// One of the portal's lists: what it is a list of.
#[derive(Clone, Copy)]
pub struct Offer {
    /// Where it belongs.
    pub area: Area,
    /// The key of its name; `.lead` says what it is.
    pub key: &'static str,
    /// Its address.
    pub path: &'static str,
    /// What it is filtered by.
    pub kinds: for<'c> fn(Lang, Shelf<'c>) -> Vec<Kind<'c>>,
    /// All that there is.
    pub entries: for<'c> fn(Lang, Shelf<'c>) -> Vec<Entry<'c>>,
}

/// `GET` of a list.
pub async fn offer(visit: Visit, offer: Offer) -> Response {
    let answer = offered(&visit, offer).await;
    visit.or_fault(answer)
}

async fn offered(visit: &Visit, offer: Offer) -> Result<Response, Fault> {
    let (catalogue, system) = (visit.app.catalogue().await?, visit.app.system().await?);
    let shelf = shelf(visit, &catalogue, &system);
    let lang = visit.prefs.lang;
    let lead = lang.t(&format!("{}.lead", offer.key));
    let frame = Frame::new(visit, offer.area, lang.t(offer.key)).about(lead.as_str());
    let (kinds, entries) = ((offer.kinds)(lang, shelf), (offer.entries)(lang, shelf));
    Ok(public(&list(visit, frame, offer.path, lead, &kinds, entries)))
}

/// A list's page from all that there is: searched, filtered, counted, cut into pages.
fn list(
    visit: &Visit,
    frame: Frame,
    path: &'static str,
    lead: String,
    kinds: &[Kind<'_>],
    entries: Vec<Entry<'_>>,
) -> ListPage {
    let lang = visit.prefs.lang;
    let query = query(&visit.here);
    let given =
        |name: &str| query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    let search = Search::read(given("q"));
    let chosen: Vec<&str> = kinds.iter().map(|kind| given(kind.name)).collect();
    let fits = |value: &str, chosen: &str| {
        chosen.is_empty()
            || value == chosen
            || value.strip_prefix(chosen).is_some_and(|rest| rest.starts_with('/'))
    };
    let found: Vec<Entry<'_>> = entries.into_iter().filter(|entry| search.finds(entry.folded)).collect();
    let address = |with: Option<(usize, &str)>, page: usize| {
        let mut pairs = Serializer::new(String::new());
        if !search.is_empty() {
            pairs.append_pair("q", search.text());
        }
        for (index, kind) in kinds.iter().enumerate() {
            let value = with.filter(|(at, _)| *at == index).map_or(chosen[index], |(_, value)| value);
            if !value.is_empty() {
                pairs.append_pair(kind.name, value);
            }
        }
        if page > 1 {
            pairs.append_pair("page", &page.to_string());
        }
        let pairs = pairs.finish();
        if pairs.is_empty() { path.to_owned() } else { format!("{path}?{pairs}") }
    };
    let passes = |entry: &Entry<'_>, but: Option<usize>| {
        let all = entry.values.iter().zip(&chosen).enumerate();
        all.filter(|(index, _)| Some(*index) != but).all(|(_, (value, chosen))| fits(value, chosen))
    };
    let filters = kinds.iter().enumerate().map(|(index, kind)| {
        // What each choice would find with the other filters as they are.
        let mut counts: Vec<(&str, usize)> = Vec::new();
        let within = found.iter().filter(|entry| passes(entry, Some(index)));
        let total = within.clone().count();
        for entry in within {
            let value = entry.values[index].split('/').next().unwrap_or_default();
            match counts.iter_mut().find(|(known, _)| *known == value) {
                Some((_, count)) => *count += 1,
                None => counts.push((value, 1)),
            }
        }
        counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let choice = |(value, count): (&str, usize)| Choice {
            label: if value.is_empty() { i18n::t(lang, "portal-all", &[]) } else { (kind.words)(value) },
            count,
            href: address(Some((index, value)), 1),
            current: chosen[index] == value,
        };
        let all =
            std::iter::once(("", total)).chain(counts.into_iter().filter(|(value, _)| !value.is_empty()));
        Filter {
            label: kind.label.clone(),
            chosen: (kind.name, chosen[index].to_owned()),
            choices: all.map(choice).collect(),
        }
    });
    let filters = filters.collect();
    let hits: Vec<&Entry<'_>> = found.iter().filter(|entry| passes(entry, None)).collect();
    let pages = hits.len().div_ceil(PAGE).max(1);
    let page = given("page").parse::<usize>().unwrap_or(1).clamp(1, pages);
    let cards = hits.iter().skip((page - 1) * PAGE).take(PAGE).map(|entry| (entry.card)()).collect();
    let listed = (1..=pages)
        .filter(|number| pages > 1 && (*number == 1 || *number == pages || number.abs_diff(page) <= 2));
    let pages = listed.map(|number| (number, address(None, number), number == page)).collect();
    ListPage {
        chrome: frame.chrome.clone(),
        lead,
        path,
        search: search.text().to_owned(),
        filters,
        count: i18n::t(lang, "portal-count", &[("count", hits.len().into())]),
        cards,
        pages,
        none: i18n::t(lang, "portal-none", &[]),
        frame,
    }
}

/// The pairs of an address.
pub fn query(here: &str) -> Vec<(String, String)> {
    let query = here.split_once('?').map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// The mark of what is in the test zone.
pub fn zone_mark(lang: Lang, zone: Zone) -> Option<Mark> {
    (zone == Zone::Test).then(|| Mark { look: "quiet", text: lang.t("zone-test") })
}

/// An answer of a page that anybody may see.
pub fn public<V: Template>(view: &V) -> Response {
    crate::web::page(StatusCode::OK, view, &Policy::public())
}

/// What a visit sees.
pub fn shelf<'c>(visit: &Visit, catalogue: &'c Registered, system: &'c System) -> Shelf<'c> {
    Shelf::new(catalogue, &system.categories, visit.from, visit.app.config.sandbox)
}
