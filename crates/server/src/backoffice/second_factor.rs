//! The second factor at sign-in: one-time password, passkey, or a recovery code.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use mydata_domain::account::session::Stage;
use mydata_domain::audit::What;
use mydata_store::repo::audit;
use mydata_store::repo::factors::{self, Factor, FactorKind};
use serde_json::json;

use super::enrol;
use super::factor::{self, PasskeyAsk, Shown};
use super::fault::Fault;
use super::frame::Frame;
use super::parts::field::{Field, TextKind};
use super::parts::form::Form;
use super::parts::notice::{Notice, Tone};
use super::route::Answer;
use super::session::Beginning;
use super::sign_in::{closed_text, retry_after};
use super::visit::{Visit, next_path, with_next};
use crate::web::assets;

/// The page's address.
pub const PATH: &str = "/mydata-backend/second-factor";

/// The page. Also shown where somebody proves again who they are.
#[derive(Template)]
#[template(path = "backoffice/second_factor.html")]
pub struct SecondFactorPage {
    /// The frame.
    pub frame: Frame,
    /// Where its forms post to.
    pub action: &'static str,
    /// Where to go on.
    pub next: String,
    /// Why it is asked, or why it did not work.
    pub notice: Option<Notice>,
    /// Whole seconds until the door opens again; no forms until then.
    pub closed_for: Option<u64>,
    /// Passkey.
    pub passkey: Option<PasskeyAsk>,
    /// The forms: one-time password, password, recovery code.
    pub forms: Vec<Form>,
}

/// The forms for the factors that an account has.
pub(super) fn forms(visit: &Visit, frame: &Frame, factors: &[Factor], action: &str, next: &str) -> Vec<Form> {
    let lang = visit.lang();
    let has = |kind| factors.iter().any(|factor| factor.kind == kind);
    let mut forms = Vec::new();
    let form = |key: &str, value: &'static str| {
        let mut form = Form::simple(lang, action, &frame.token, visit.t(&format!("{key}.submit")))
            .section(visit.t(key), Some(visit.t(&format!("{key}.how"))))
            .hide("next", next);
        form.buttons[0].value = value;
        form
    };
    if has(FactorKind::Totp) {
        let field = Field::text(lang, "code", visit.t("factor-totp.code"), TextKind::Code).max(12);
        forms.push(form("factor-totp", "totp").with(field));
    }
    if has(FactorKind::Recovery) {
        let field = Field::line(lang, "recovery", visit.t("factor-recovery.code")).max(20);
        let mut form = form("factor-recovery", "recovery").with(field);
        form.buttons[0].look = super::parts::form::Look::Plain;
        forms.push(form);
    }
    forms
}

async fn page(
    visit: &Visit,
    status: StatusCode,
    notice: Option<Notice>,
    closed: Option<u64>,
) -> Result<Response, Fault> {
    let me = visit.me()?;
    let store = &visit.app.store;
    let factors = factors::of_account(&store.db, &store.crypter, me.account.id).await?;
    let next = next_path(visit.posted.get("next").or_else(|| visit.query("next"))).to_owned();
    if factor::usable(&factors).next().is_none() {
        return Ok(visit.go(&with_next(enrol::PATH, &next)));
    }
    let mut frame = visit.frame(visit.t("second-factor"), Vec::new());
    let passkey = match closed {
        None => factor::ask_passkey(visit, me, &factors, false, None).await?,
        Some(_) => None,
    };
    if passkey.is_some() {
        frame.script = Some(assets::passkey_script_url());
    }
    let forms = if closed.is_none() { forms(visit, &frame, &factors, PATH, &next) } else { Vec::new() };
    let view = SecondFactorPage { frame, action: PATH, next, notice, closed_for: closed, passkey, forms };
    Ok(visit.page(status, &view))
}

/// `GET /second-factor`.
pub async fn show(visit: Visit) -> Answer {
    if visit.me()?.is_whole() {
        return Ok(visit.go(next_path(visit.query("next"))));
    }
    page(&visit, StatusCode::OK, None, None).await
}

/// `POST /second-factor`.
pub async fn submit(visit: Visit) -> Answer {
    let me = visit.me()?;
    if me.is_whole() {
        return Ok(visit.go(next_path(visit.posted.get("next"))));
    }
    let outcome = match factor::look(&visit, me).await? {
        Shown::Right(right, tried) => {
            let beginning = Beginning::of(&visit, me.account.id, Stage::Whole);
            let event = visit.event(What::SignedIn).with(json!({ "stage": "whole", "factor": right.word() }));
            let (right, tried, begin, event) = (&right, &tried, &beginning, &event);
            let (app, visit_in) = (&visit.app, &visit);
            let accepted = app
                .store
                .db
                .run_tx("second-factor", |tx| async move {
                    if !right.accept(&tx, &app.store.crypter, me, tried, visit_in.now).await? {
                        return Ok(false);
                    }
                    if !begin.write(&tx, visit_in).await? {
                        return Ok(false);
                    }
                    audit::append(&tx, &*app.random, std::slice::from_ref(event)).await?;
                    Ok(true)
                })
                .await?;
            if accepted {
                let on = visit.go(next_path(visit.posted.get("next")));
                return Ok(beginning.remember(app, on));
            }
            factor::wrong(&visit).await?
        }
        other => other,
    };
    refused(&visit, outcome).await
}

async fn refused(visit: &Visit, outcome: Shown) -> Answer {
    if let Shown::Closed(until) = outcome {
        let (text, seconds) = closed_text(visit, until);
        let notice = Notice::new(Tone::Bad, text).titled(visit.t("sign-in-closed"));
        let response = page(visit, StatusCode::TOO_MANY_REQUESTS, Some(notice), Some(seconds)).await?;
        return Ok(retry_after(response, seconds));
    }
    let notice = Notice::new(Tone::Bad, visit.t(wrong_key(visit.posted.text("do"))));
    page(visit, StatusCode::UNPROCESSABLE_ENTITY, Some(notice), None).await
}

/// What did not work, and what to do.
pub(super) fn wrong_key(shown: &str) -> &'static str {
    match shown {
        "passkey" => "factor-wrong.passkey",
        "recovery" => "factor-wrong.recovery",
        "password" => "factor-wrong.password",
        _ => "factor-wrong.totp",
    }
}
