//! `/downloads`, 我的下載: what is being collected, what is there and for how long, and what is over.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use mydata_store::repo::downloads;
use mydata_store::repo::transactions::Kept;

use super::view::{Left, Names, Stage, case, moment, path, percent};
use crate::citizen::session::Citizen;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::portal::nav::Area;
use crate::portal::view::{Frame, query};
use crate::web::{Chrome, Lang, Policy, page};

/// Where.
pub const PATH: &str = "/downloads";
/// Downloads on a page.
const PAGE: u32 = 20;

/// One download in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The names of its datasets.
    pub names: String,
    /// Its page.
    pub href: String,
    /// How far it is: the chip's colour, its words.
    pub chip: (&'static str, String),
    /// When it was asked for.
    pub at: String,
    /// For which case.
    pub case: Option<String>,
    /// The part that is done, while it is being collected.
    pub percent: Option<u8>,
    /// How long it is there, once it is.
    pub left: Option<Left>,
}

/// The list.
#[derive(Template)]
#[template(path = "download/list.html")]
pub struct ListPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// Too many run at a time.
    pub full: bool,
    /// The downloads of this page, latest first.
    pub lines: Vec<Line>,
    /// The pages: number, address, whether it is this one.
    pub pages: Vec<(u32, String, bool)>,
}

/// `GET /downloads`.
pub async fn show(visit: Visit, citizen: Citizen) -> Response {
    let answer = shown(&visit, &citizen).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, citizen: &Citizen) -> Result<Response, Fault> {
    let (app, lang) = (&visit.app, visit.prefs.lang);
    let pairs = query(&visit.here);
    let given = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let count = downloads::count(&app.store.db, &citizen.index).await?;
    let last = u32::try_from(count.div_ceil(u64::from(PAGE))).unwrap_or(u32::MAX).max(1);
    let number = given("page").and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, last);
    let skip = (number - 1) * PAGE;
    let (db, crypter) = (&app.store.db, &app.store.crypter);
    let kept = downloads::of_citizen(db, crypter, &citizen.index, skip, PAGE).await?;
    let catalogue = app.catalogue().await?;
    let names = Names { catalogue: &catalogue, lang };
    let near = (1..=last).filter(|n| last > 1 && (*n == 1 || *n == last || n.abs_diff(number) <= 2));
    let frame = Frame::new(visit, Area::Elsewhere, lang.t("own-downloads"));
    let view = ListPage {
        chrome: frame.chrome.clone(),
        frame,
        full: given("full").is_some(),
        lines: kept.iter().map(|kept| line(visit, names, kept)).collect(),
        pages: near.map(|n| (n, format!("{PATH}?page={n}"), n == number)).collect(),
    };
    Ok(page(StatusCode::OK, &view, &Policy::personal()))
}

fn line(visit: &Visit, names: Names<'_>, kept: &Kept) -> Line {
    let (lang, now): (Lang, _) = (names.lang, visit.app.now());
    let t = &kept.transaction;
    let stage = Stage::of(t, now);
    let (colour, words) = stage.chip();
    let held = t.held().filter(|_| stage == Stage::Ready);
    Line {
        names: names.of(&t.parts),
        href: path(t.id, ""),
        chip: (colour, lang.t(words)),
        at: moment(lang, t.entered_at),
        case: case(names.catalogue, lang, t),
        percent: (stage == Stage::Running).then(|| percent(t)),
        left: held.map(|held| Left::until(lang, now, held.expires_at)),
    }
}
