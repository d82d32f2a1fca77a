//! The code that the holder was sent, and tells the clerk.

use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use mydata_domain::one_time::{OneTimeCode, Refused};

use super::desk::ClerkForm;
use super::stop::{Stop, no_step, stop};
use super::{PATH, show};
use crate::exchange::fault::Fault;
use crate::flow::counter::{self, Coded};
use crate::web::i18n;

/// `POST /counter/code`.
pub async fn submit(form: ClerkForm) -> Response {
    let answer = submitted(&form).await;
    form.desk.visit.or_fault(answer)
}

async fn submitted(form: &ClerkForm) -> Result<Response, Fault> {
    let desk = &form.desk;
    let (app, lang, from) = (desk.app(), desk.visit.prefs.lang, desk.visit.from);
    if let Some(until) = desk.closed().await? {
        return Ok(stop(&desk.visit, Stop::Locked(until)));
    }
    let text = form.posted.text("code");
    let typed = OneTimeCode::read(text);
    if typed.is_none() {
        // What cannot be a code is no guess.
        let fault = if text.is_empty() { "counter-code.missing" } else { "counter-code.form" };
        return show::page_of(desk, Some(lang.t(fault)), false, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    match counter::code(app, desk.browser.expose(), from, typed.as_ref()).await {
        Ok(Coded::Open) => Ok(Redirect::to(PATH).into_response()),
        Ok(Coded::Refused(Refused::Wrong { left })) => {
            let fault = i18n::t(lang, "counter-code.wrong", &[("left", left.into())]);
            show::page_of(desk, Some(fault), false, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Ok(Coded::Refused(Refused::Late)) => Ok(stop(&desk.visit, Stop::CodeLate)),
        Ok(Coded::Refused(Refused::TooOften)) => Ok(stop(&desk.visit, Stop::CodeTooOften)),
        Ok(Coded::Closed(until)) => Ok(stop(&desk.visit, Stop::Locked(until))),
        Err(why) => no_step(desk, why).await,
    }
}
