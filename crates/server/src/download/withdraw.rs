//! `/downloads/{id}/withdraw`: the citizen ends a download at once, after being asked once more.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;

use super::view::{Names, Stage, own, path};
use crate::citizen::form::CitizenForm;
use crate::citizen::session::Citizen;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::flow::{FlowError, download};
use crate::portal::nav::Area;
use crate::portal::view::Frame;
use crate::web::{Chrome, FormTarget, Policy, page};

/// The question.
#[derive(Template)]
#[template(path = "download/withdraw.html")]
pub struct WithdrawPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// The names of the datasets.
    pub names: String,
    /// The answer yes.
    pub submit: FormTarget,
    /// The answer no.
    pub back: String,
}

/// `GET /downloads/{id}/withdraw`.
pub async fn show(visit: Visit, citizen: Citizen, Path(id): Path<String>) -> Response {
    let answer = shown(&visit, &citizen, &id).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, citizen: &Citizen, id: &str) -> Result<Response, Fault> {
    let kept = own(visit, id, &citizen.index).await?;
    let t = &kept.transaction;
    if !matches!(Stage::of(t, visit.app.now()), Stage::Running | Stage::Ready) {
        return Ok(Redirect::to(&path(t.id, "")).into_response());
    }
    let catalogue = visit.app.catalogue().await?;
    let lang = visit.prefs.lang;
    let frame = Frame::new(visit, Area::Elsewhere, lang.t("download-withdraw"))
        .below(lang.t("own-downloads"), super::list::PATH);
    let view = WithdrawPage {
        chrome: frame.chrome.clone(),
        frame,
        names: Names { catalogue: &catalogue, lang }.of(&t.parts),
        submit: citizen.form(&visit.app, path(t.id, "/withdraw")),
        back: path(t.id, ""),
    };
    Ok(page(StatusCode::OK, &view, &Policy::personal()))
}

/// `POST /downloads/{id}/withdraw`.
pub async fn submit(visit: Visit, Path(id): Path<String>, form: CitizenForm) -> Response {
    let answer = submitted(&visit, &id, &form).await;
    visit.or_fault(answer)
}

async fn submitted(visit: &Visit, id: &str, form: &CitizenForm) -> Result<Response, Fault> {
    let index = &form.citizen.index;
    let kept = own(visit, id, index).await?;
    match download::withdraw(&visit.app, kept.transaction.id, index, visit.from).await {
        // Pressed twice, or over meanwhile: the page says what became of it.
        Ok(()) | Err(FlowError::Stage(_)) => Ok(Redirect::to(&path(kept.transaction.id, "")).into_response()),
        Err(error) => Err(error.into()),
    }
}
