//! `/news`: 最新消息, the latest first, and a page for each.

use askama::Template;
use askama::filters::Safe;
use axum::extract::Path;
use axum::response::Response;
use mydata_domain::Time;
use mydata_domain::news::{Entry, NewsId, NewsKind, Status};
use mydata_store::StoreError;
use mydata_store::repo::news as kept;

use crate::app::App;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::portal::nav::Area;
use crate::portal::view::{Frame, public, query};
use crate::web::{Chrome, Lang, RocDateTime, document};

/// Entries on a page.
const PAGE: u32 = 20;
/// Last page that can be asked for.
const LAST: u32 = 500;

/// An entry in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its title.
    pub title: String,
    /// Its page.
    pub href: String,
    /// Its day, in words.
    pub day: String,
    /// The same for programs.
    pub machine: String,
}

fn line(lang: Lang, entry: &Entry) -> Line {
    let at = RocDateTime::new(entry.from.unwrap_or(entry.updated_at).to_timestamp());
    Line {
        title: lang.pick(&entry.title, Some(&entry.title_en)).to_owned(),
        href: format!("/news/{}", entry.id),
        day: at.date(lang),
        machine: at.machine(),
    }
}

/// The latest that are public.
///
/// # Errors
/// The store fails.
pub async fn latest(app: &App, lang: Lang, now: Time, most: u32) -> Result<Vec<Line>, StoreError> {
    let entries = kept::public(&app.store.db, NewsKind::News, now, most, 0).await?;
    Ok(entries.iter().map(|entry| line(lang, entry)).collect())
}

/// The list.
#[derive(Template)]
#[template(path = "public/news.html")]
pub struct NewsPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// The entries of this page.
    pub lines: Vec<Line>,
    /// The page before.
    pub newer: Option<String>,
    /// The page after.
    pub older: Option<String>,
}

/// `GET /news?page=…`.
pub async fn list(visit: Visit) -> Response {
    let answer = listed(&visit).await;
    visit.or_fault(answer)
}

async fn listed(visit: &Visit) -> Result<Response, Fault> {
    let lang = visit.prefs.lang;
    let pairs = query(&visit.here);
    let asked = pairs.iter().find(|(name, _)| name == "page").and_then(|(_, page)| page.parse::<u32>().ok());
    let page = asked.unwrap_or(1).clamp(1, LAST);
    let (db, now) = (&visit.app.store.db, visit.app.now());
    let mut entries = kept::public(db, NewsKind::News, now, PAGE + 1, (page - 1) * PAGE).await?;
    let more = entries.len() > PAGE as usize;
    entries.truncate(PAGE as usize);
    let path = |page: u32| if page > 1 { format!("/news?page={page}") } else { "/news".to_owned() };
    let frame = Frame::new(visit, Area::Elsewhere, lang.t("news")).about(lang.t("news.lead"));
    Ok(public(&NewsPage {
        chrome: frame.chrome.clone(),
        frame,
        lines: entries.iter().map(|entry| line(lang, entry)).collect(),
        newer: (page > 1).then(|| path(page - 1)),
        older: (more && page < LAST).then(|| path(page + 1)),
    }))
}

/// The page of an entry.
#[derive(Template)]
#[template(path = "public/news_entry.html")]
pub struct NewsEntryPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// Its day, in words.
    pub day: String,
    /// The same for programs.
    pub machine: String,
    /// Its text.
    pub text: Safe<String>,
}

/// `GET /news/{id}`.
pub async fn one(visit: Visit, Path(id): Path<String>) -> Response {
    let answer = shown(&visit, &id).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, id: &str) -> Result<Response, Fault> {
    let id: NewsId = id.parse().map_err(|_| Fault::NotFound)?;
    let (lang, now) = (visit.prefs.lang, visit.app.now());
    let entry = kept::load(&visit.app.store.db, id).await?;
    let entry = entry.filter(|e| e.kind == NewsKind::News && e.status(now) == Status::Public);
    let entry = entry.ok_or(Fault::NotFound)?;
    let Line { title, day, machine, .. } = line(lang, &entry);
    let frame = Frame::new(visit, Area::Elsewhere, title).below(lang.t("news"), "/news");
    let text = document::html(lang.pick(&entry.text, Some(&entry.text_en)), &[]);
    Ok(public(&NewsEntryPage { chrome: frame.chrome.clone(), frame, day, machine, text }))
}
