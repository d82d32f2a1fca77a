//! `/login/elsewhere`: the citizen is logged in elsewhere already. One session at a time: the newer login wins, once the
//! citizen says so.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use mydata_domain::audit::{Actor, Event, What};
use mydata_domain::citizen::contact::Contact;
use mydata_domain::citizen::session::Stage;
use mydata_store::repo::citizen_sessions::{self, Session};
use mydata_store::repo::{audit, citizens};
use serde_json::json;

use super::form::BrowserForm;
use super::login::{on_to, stage_of};
use super::session::Known;
use super::{logout, next};
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::portal::nav::Area;
use crate::portal::view::{Frame, query};
use crate::web::{Chrome, FormTarget, Policy, RocDateTime, i18n, page, verification_name};

/// Where.
pub const PATH: &str = "/login/elsewhere";

/// The page.
#[derive(Template)]
#[template(path = "citizen/elsewhere.html")]
pub struct ElsewherePage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// When and how the other login was; nothing when it has ended meanwhile.
    pub other: Option<String>,
    /// Where to go on to.
    pub next: String,
    /// 繼續登入
    pub submit: FormTarget,
    /// 取消
    pub cancel: FormTarget,
}

/// `GET /login/elsewhere`.
pub async fn show(visit: Visit) -> Response {
    let answer = shown(&visit).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit) -> Result<Response, Fault> {
    let (app, lang) = (&visit.app, visit.prefs.lang);
    let now = app.now();
    let known = Known::of(app, &visit.headers, now).await?;
    let pairs = query(&visit.here);
    let next = pairs.iter().find(|(key, _)| key == "next").map(|(_, value)| value.as_str());
    let next = next::own_path(next).to_owned();
    let session = match known.waits_at(Stage::Elsewhere, &next) {
        Ok(session) => session,
        Err(on) => return Ok(Redirect::to(&on).into_response()),
    };
    let other = app
        .store
        .db
        .run_tx("citizen-elsewhere", |tx| async move {
            citizen_sessions::holding(&tx, &app.store.crypter, &session.citizen).await
        })
        .await?;
    let idle = app.config.policy.session_idle.0;
    let other = other.filter(|other| other.moments.runs(idle, now)).map(|other| {
        let at = RocDateTime::new(other.moments.began.to_timestamp()).date_time(lang);
        let args = [("at", at.into()), ("method", verification_name(lang, other.method).into())];
        i18n::t(lang, "elsewhere-since", &args)
    });
    let token = known.browser().map(|browser| browser.form_token(app)).unwrap_or_default();
    let frame = Frame::new(visit, Area::Elsewhere, lang.t("elsewhere-title"));
    let view = ElsewherePage {
        chrome: frame.chrome.clone(),
        frame,
        other,
        next,
        submit: FormTarget { action: PATH.to_owned(), token: token.clone() },
        cancel: FormTarget { action: logout::PATH.to_owned(), token },
    };
    Ok(page(StatusCode::OK, &view, &Policy::personal()))
}

/// `POST /login/elsewhere`: ends the other session, and goes on with this one.
pub async fn submit(visit: Visit, form: BrowserForm) -> Response {
    let answer = taken_over(&visit, &form).await;
    visit.or_fault(answer)
}

async fn taken_over(visit: &Visit, form: &BrowserForm) -> Result<Response, Fault> {
    let app = &visit.app;
    let next = next::own_path(form.posted.get("next")).to_owned();
    let session = match form.known.waits_at(Stage::Elsewhere, &next) {
        Ok(session) => session,
        Err(on) => return Ok(Redirect::to(&on).into_response()),
    };
    let (system, from) = (app.system().await?, visit.from);
    let all = &system.policies;
    let stage = app
        .store
        .db
        .run_tx("citizen-take-over", |tx| async move {
            let (crypter, now) = (&app.store.crypter, app.now());
            // Locks the citizen, as every login does.
            let citizen = citizens::logs_in(&tx, crypter, &session.person, &Contact::default(), now).await?;
            let ended = citizen_sessions::end_others(&tx, &citizen.index, Some(session), now).await?;
            let stage = stage_of(&tx, &citizen.index, all, now).await?;
            if !citizen_sessions::go_on(&tx, session, stage, now).await? {
                return Ok(None);
            }
            if ended > 0 {
                let detail = json!({ "citizen": citizen.index, "by": "login-elsewhere" });
                let event = Event::new(now, Actor::Citizen, What::CitizenLoggedOut);
                audit::append(&tx, &*app.random, &[event.from(Some(from)).with(detail)]).await?;
            }
            Ok(Some(stage))
        })
        .await?;
    let on = match stage {
        Some(stage) => on_to(stage, &next),
        None => next,
    };
    Ok(Redirect::to(&on).into_response())
}
