//! `GET/POST /record/{id}/withdraw`: takes a consent back that is still running, after saying what follows.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;

use super::PATH;
use super::one::find;
use super::view::{Teller, can_withdraw};
use crate::citizen::form::CitizenForm;
use crate::citizen::session::Citizen;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::flow::{FlowError, withdraw};
use crate::portal::nav::Area;
use crate::portal::view::Frame;
use crate::web::{Chrome, FormTarget, Policy, page};

/// The question.
#[derive(Template)]
#[template(path = "record/withdraw.html")]
pub struct WithdrawPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// What it is about.
    pub title: String,
    /// Who was to get the data; none: it was for the citizen.
    pub organisation: Option<String>,
    /// Whether all of it has been fetched.
    pub taken: bool,
    /// The form.
    pub form: FormTarget,
    /// The way back.
    pub back: String,
}

/// `GET /record/{id}/withdraw`. What has ended meanwhile is shown instead.
pub async fn ask(visit: Visit, citizen: Citizen, Path(id): Path<String>) -> Response {
    let answer = asked(&visit, &citizen, &id).await;
    visit.or_fault(answer)
}

async fn asked(visit: &Visit, citizen: &Citizen, id: &str) -> Result<Response, Fault> {
    let entry = find(visit, citizen, id).await?;
    let back = format!("{PATH}/{}", entry.id);
    if !can_withdraw(&entry) {
        return Ok(Redirect::to(&back).into_response());
    }
    let lang = visit.prefs.lang;
    let catalogue = visit.app.catalogue().await?;
    let teller = Teller { lang, catalogue: &catalogue };
    let title = teller.title(&entry);
    let frame = Frame::new(visit, Area::Elsewhere, lang.t("my-record-withdraw-ask"))
        .below(lang.t("my-record"), PATH)
        .below(title.clone(), &back);
    let view = WithdrawPage {
        chrome: frame.chrome.clone(),
        frame,
        title,
        organisation: entry
            .service
            .as_ref()
            .map(|(id, _)| teller.provider_of(id).unwrap_or_else(|| id.to_string())),
        taken: entry.taken_at.is_some(),
        form: citizen.form(&visit.app, format!("{back}/withdraw")),
        back,
    };
    Ok(page(StatusCode::OK, &view, &Policy::personal()))
}

/// `POST /record/{id}/withdraw`.
pub async fn submit(visit: Visit, Path(id): Path<String>, form: CitizenForm) -> Response {
    let answer = submitted(&visit, &form.citizen, &id).await;
    visit.or_fault(answer)
}

async fn submitted(visit: &Visit, citizen: &Citizen, id: &str) -> Result<Response, Fault> {
    let id = id.parse().map_err(|_| Fault::NotFound)?;
    match withdraw::withdraw(&visit.app, id, &citizen.index, visit.from).await {
        // It ended by itself while the citizen was reading: the page says how.
        Ok(()) | Err(FlowError::Stage(_)) => Ok(Redirect::to(&format!("{PATH}/{id}")).into_response()),
        Err(error) => Err(error.into()),
    }
}
