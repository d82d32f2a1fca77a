//! 示範銀行 線上開戶: the fictional bank's pages, before and after the platform (R69, R77).

mod codes;
mod tables;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Form, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::{get, post};
use mydata_sdk::sp::Return;
use mydata_wire::{PersonalId, Random, b64};
use serde::Deserialize;
use url::Url;

use crate::dp::Dataset;
use crate::page::{self, Lang, Page, html, see_other};
use crate::personas::{self, Persona};
use crate::sp::{Case, DatasetContent, Outcome, Sp};
use tables::Table;

/// The cookie that ties a case to a browser.
const COOKIE: &str = "demo_bank";

/// The bank.
#[derive(Clone)]
pub struct Bank {
    sp: Sp,
    platform: Url,
    random: Arc<dyn Random>,
}

#[derive(Template)]
#[template(path = "bank_apply.html")]
struct ApplyPage<'a> {
    page: Page,
    datasets: [Dataset; 3],
    people: &'static [Persona],
    name: &'a str,
    uid: &'a str,
    name_error: bool,
    uid_error: bool,
}

#[derive(Template)]
#[template(path = "bank_case.html")]
struct CasePage {
    page: Page,
    name: String,
    uid: String,
    tx_id: String,
    abnormal: Option<codes::Meaning>,
    code: u16,
    failed: Option<String>,
    waiting: bool,
    notified: bool,
    undeliverable: Vec<String>,
    datasets: Vec<Shown>,
}

/// One dataset on the page.
struct Shown {
    title: String,
    signer: Option<String>,
    refused: Option<String>,
    tables: Vec<Table>,
}

#[derive(Template)]
#[template(path = "bank_stranger.html")]
struct StrangerPage {
    page: Page,
    code: Option<codes::Meaning>,
    number: u16,
}

impl Bank {
    /// The bank's pages around its service.
    pub fn new(sp: Sp, platform: Url, random: Arc<dyn Random>) -> Self {
        Self { sp, platform, random }
    }

    /// Pages and SP-API.
    pub fn router(self) -> Router {
        let api = self.sp.notification_router();
        let router = Router::new()
            .route("/", get(start))
            .route("/apply", post(apply))
            .route("/return", get(came_back))
            .with_state(self);
        page::with_style(router).merge(api)
    }
}

async fn start(State(bank): State<Bank>, uri: Uri, headers: HeaderMap) -> Response {
    let page = ApplyPage {
        page: Page::of(&uri, &headers),
        datasets: Dataset::ALL,
        people: personas::all(),
        name: "王小明",
        uid: "A123456789",
        name_error: false,
        uid_error: false,
    };
    html(&page, StatusCode::OK, &[&bank.platform])
}

#[derive(Deserialize)]
struct Application {
    #[serde(default)]
    name: String,
    #[serde(default)]
    uid: String,
}

async fn apply(
    State(bank): State<Bank>,
    uri: Uri,
    headers: HeaderMap,
    Form(application): Form<Application>,
) -> Response {
    let name = application.name.trim();
    let person = application.uid.parse::<PersonalId>();
    let name_error = name.is_empty() || name.chars().count() > 80;
    let Ok(person) = person.as_ref().map_err(|_| ()).and_then(|p| if name_error { Err(()) } else { Ok(p) })
    else {
        let page = ApplyPage {
            page: Page::of(&uri, &headers),
            datasets: Dataset::ALL,
            people: personas::all(),
            name,
            uid: application.uid.trim(),
            name_error,
            uid_error: person.is_err(),
        };
        return html(&page, StatusCode::UNPROCESSABLE_ENTITY, &[&bank.platform]);
    };
    let session = page::cookie(&headers, COOKIE).filter(|s| s.len() == 43).map_or_else(
        || {
            let mut bytes = [0; 32];
            bank.random.fill(&mut bytes);
            b64::url_safe(&bytes)
        },
        str::to_owned,
    );
    let case = bank.sp.open_case(name, Some(person.clone()), &session);
    let mut answer = see_other(&case.entry_url);
    let cookie = format!("{COOKIE}={session}; Path=/; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    answer
}

async fn came_back(
    State(bank): State<Bank>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let page = Page::of(&uri, &headers);
    let session = page::cookie(&headers, COOKIE);
    match bank.sp.came_back(&query).filter(|case| session == Some(case.session.as_str())) {
        Some(case) => html(&case_page(page, &case), StatusCode::OK, &[]),
        None => {
            let code = match Return::from_query(&query) {
                Some(Return::Abnormal(code, _)) => Some(code),
                _ => None,
            };
            let stranger = StrangerPage {
                code: code.map(|code| codes::meaning(code, page.lang)),
                number: code.map_or(0, mydata_wire::ReturnCode::number),
                page,
            };
            html(&stranger, StatusCode::NOT_FOUND, &[])
        }
    }
}

fn case_page(page: Page, case: &Case) -> CasePage {
    let lang = page.lang;
    let code = match case.back {
        Some(Return::Abnormal(code, _)) => Some(code),
        _ => None,
    };
    let failed = match &case.outcome {
        Some(Outcome::Failed(reason)) => Some(reason.clone()),
        _ => None,
    };
    let title = |id: &_| Dataset::ALL.into_iter().find(|d| d.id() == *id).map(|d| name(d, lang));
    CasePage {
        page,
        name: case.name.clone(),
        uid: case.person.as_ref().map(|p| p.expose().to_owned()).unwrap_or_default(),
        tx_id: case.tx_id.to_string(),
        abnormal: code.map(|code| codes::meaning(code, lang)),
        code: code.map_or(0, mydata_wire::ReturnCode::number),
        waiting: code.is_none() && case.outcome.is_none(),
        failed,
        notified: case.notification.is_some(),
        undeliverable: case
            .unable_to_deliver
            .iter()
            .map(|id| title(id).unwrap_or(id.as_str()).to_owned())
            .collect(),
        datasets: case
            .received()
            .unwrap_or_default()
            .iter()
            .map(|dataset| {
                let (signer, refused, tables) = match &dataset.content {
                    DatasetContent::NoData => (None, None, Vec::new()),
                    DatasetContent::Refused(reason) => (None, Some(reason.clone()), Vec::new()),
                    DatasetContent::Verified { signer, document, .. } => {
                        let tables = document.as_ref().map(|d| tables::of(&d.content)).unwrap_or_default();
                        (Some(signer.clone()), None, tables)
                    }
                };
                let title = if lang.en() {
                    title(&dataset.resource_id).unwrap_or(&dataset.name)
                } else {
                    &dataset.name
                };
                Shown { title: title.to_owned(), signer, refused, tables }
            })
            .collect(),
    }
}

fn name(dataset: Dataset, lang: Lang) -> &'static str {
    if lang.en() { dataset.title_en() } else { dataset.title() }
}
