//! `/login/policies`: terms and policy are accepted at the first login, and a new version that binds at the next one after
//! it (R18–R20). Which version was accepted, and when, is kept.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use mydata_domain::audit::{Actor, Event, What};
use mydata_domain::citizen::acceptance;
use mydata_domain::citizen::session::Stage;
use mydata_domain::policy_text::PolicyKind;
use mydata_store::repo::citizen_sessions::{self, Session};
use mydata_store::repo::{audit, citizens};
use serde_json::json;

use super::form::BrowserForm;
use super::session::Known;
use super::{logout, next};
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::portal::nav::Area;
use crate::portal::view::{Frame, query};
use crate::public::policies;
use crate::web::policy::PolicyText;
use crate::web::{Chrome, FormTarget, Policy, page};

/// Where.
pub const PATH: &str = "/login/policies";

/// The page.
#[derive(Template)]
#[template(path = "citizen/policies.html")]
pub struct AcceptPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// What is to be accepted, with its text.
    pub policies: Vec<PolicyText>,
    /// How the page names what it shows.
    pub versions: String,
    /// What is to be mended.
    pub fault: Option<String>,
    /// Where to go on to.
    pub next: String,
    /// 同意並繼續
    pub submit: FormTarget,
    /// 取消
    pub cancel: FormTarget,
}

/// What the citizen of a session has to accept.
async fn wanted(visit: &Visit, session: &Session) -> Result<Vec<(PolicyKind, u32)>, Fault> {
    let app = &visit.app;
    let system = app.system().await?;
    let accepted = app
        .store
        .db
        .run_tx("citizen-accepted", |tx| async move { citizens::accepted(&tx, &session.citizen).await })
        .await?;
    Ok(acceptance::wanted(&system.policies, &accepted, app.now()))
}

fn names(all: &[(PolicyKind, u32)]) -> String {
    all.iter().map(|(kind, number)| format!("{kind}-{number}")).collect::<Vec<_>>().join(" ")
}

async fn asking(
    visit: &Visit,
    known: &Known,
    wanted: &[(PolicyKind, u32)],
    next: String,
    fault: Option<String>,
) -> Result<Response, Fault> {
    let (app, lang) = (&visit.app, visit.prefs.lang);
    let mut texts = Vec::new();
    for version in &app.system().await?.policies {
        if wanted.contains(&(version.kind, version.number)) {
            texts.extend(policies::text(app, lang, version).await?);
        }
    }
    let token = known.browser().map(|browser| browser.form_token(app)).unwrap_or_default();
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = Frame::new(visit, Area::Elsewhere, lang.t("agree-title"));
    let view = AcceptPage {
        chrome: frame.chrome.clone(),
        frame,
        policies: texts,
        versions: names(wanted),
        fault,
        next,
        submit: FormTarget { action: PATH.to_owned(), token: token.clone() },
        cancel: FormTarget { action: logout::PATH.to_owned(), token },
    };
    Ok(page(status, &view, &Policy::personal()))
}

/// `GET /login/policies`.
pub async fn show(visit: Visit) -> Response {
    let answer = shown(&visit).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit) -> Result<Response, Fault> {
    let known = Known::of(&visit.app, &visit.headers, visit.app.now()).await?;
    let pairs = query(&visit.here);
    let next = pairs.iter().find(|(key, _)| key == "next").map(|(_, value)| value.as_str());
    let next = next::own_path(next).to_owned();
    match known.waits_at(Stage::Policies, &next) {
        Ok(session) => {
            let wanted = wanted(visit, session).await?;
            asking(visit, &known, &wanted, next, None).await
        }
        Err(on) => Ok(Redirect::to(&on).into_response()),
    }
}

/// `POST /login/policies`: accepts what the page showed; what came to hold meanwhile is shown first.
pub async fn submit(visit: Visit, form: BrowserForm) -> Response {
    let answer = accepted(&visit, &form).await;
    visit.or_fault(answer)
}

async fn accepted(visit: &Visit, form: &BrowserForm) -> Result<Response, Fault> {
    let app = &visit.app;
    let next = next::own_path(form.posted.get("next")).to_owned();
    let session = match form.known.waits_at(Stage::Policies, &next) {
        Ok(session) => session,
        Err(on) => return Ok(Redirect::to(&on).into_response()),
    };
    let wanted = wanted(visit, session).await?;
    let agreed = form.posted.ticked("agree");
    if !agreed || form.posted.text("versions") != names(&wanted) {
        let fault = (!agreed).then(|| visit.prefs.lang.t("agree-missing"));
        return asking(visit, &form.known, &wanted, next, fault).await;
    }
    let (wanted, from) = (&wanted, visit.from);
    app.store
        .db
        .run_tx("citizen-accept", |tx| async move {
            let now = app.now();
            if !citizen_sessions::go_on(&tx, session, Stage::Whole, now).await? {
                return Ok(());
            }
            for (kind, number) in wanted {
                citizens::accept(&tx, &session.citizen, *kind, *number, now).await?;
            }
            let detail = json!({ "citizen": session.citizen, "versions": names(wanted) });
            let event = Event::new(now, Actor::Citizen, What::PolicyAccepted).from(Some(from)).with(detail);
            audit::append(&tx, &*app.random, &[event]).await
        })
        .await?;
    Ok(Redirect::to(&next).into_response())
}
