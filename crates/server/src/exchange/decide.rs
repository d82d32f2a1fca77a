//! ③ 確認 or 拒絕, and the way back to the service (R73, R75, R76).

use std::time::Duration;

use axum::extract::{Form, Path};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mydata_domain::transaction::{Ended, Ending, State};
use mydata_store::repo::transactions::Kept;

use super::authorise::Posted;
use super::fault::Fault;
use super::views::Scene;
use super::visit::Visit;
use crate::flow::confirm;
use crate::web::{Destination, OnwardPage, Policy, WaitingPage, page};

/// How long the answer to 確認 waits for the SP before a page says that it does.
const PATIENCE: Duration = Duration::from_secs(3);

/// `POST /exchange/{id}/confirm`.
pub async fn confirm(visit: Visit, Path(id): Path<String>, form: Posted) -> Response {
    let answer = match form {
        Ok(Form(form)) => confirmed(&visit, &id, &form).await,
        Err(_) => Err(Fault::FormExpired),
    };
    visit.or_fault(answer)
}

async fn confirmed(visit: &Visit, id: &str, form: &[(String, String)]) -> Result<Response, Fault> {
    let kept = visit.posted(id, form).await?;
    let t = &kept.transaction;
    let catalogue = visit.app.catalogue().await?;
    match &t.state {
        State::Authorised(_) if t.client_id().is_some_and(|id| catalogue.is_listed(id)) => {
            match confirm::confirm(&visit.app, t.id, &kept.browser, visit.from).await {
                // Pressed twice: the first press counts, both lead on.
                Ok(()) | Err(crate::flow::FlowError::Stage(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        State::Entered | State::Authorised(_) => return Ok(to_exchange(id)),
        // The citizen wanted to confirm and could not: the page says why.
        State::Ended(Ended { ending: Ending::Abandoned | Ending::ServiceSuspended, .. }) => {
            return Ok(to_exchange(id));
        }
        _ => {}
    }
    match confirm::way_back(&visit.app, t.id, PATIENCE).await? {
        Some(location) => back_to(visit, &kept, &location).await,
        // A page that loads itself must not be the answer to a form.
        None => Ok(Redirect::to(&format!("/exchange/{id}/return")).into_response()),
    }
}

/// `POST /exchange/{id}/refuse`.
pub async fn refuse(visit: Visit, Path(id): Path<String>, form: Posted) -> Response {
    let answer = match form {
        Ok(Form(form)) => refused(&visit, &id, &form).await,
        Err(_) => Err(Fault::FormExpired),
    };
    visit.or_fault(answer)
}

async fn refused(visit: &Visit, id: &str, form: &[(String, String)]) -> Result<Response, Fault> {
    let kept = visit.posted(id, form).await?;
    let t = &kept.transaction;
    match &t.state {
        State::Entered | State::Authorised(_) => {
            match confirm::refuse(&visit.app, t.id, &kept.browser, visit.from).await {
                Ok(location) => back_to(visit, &kept, &location).await,
                // Pressed twice, or over meanwhile: the exchange's page says what became of it.
                Err(crate::flow::FlowError::Stage(_)) => Ok(to_exchange(id)),
                Err(error) => Err(error.into()),
            }
        }
        State::Ended(_) => back_to(visit, &kept, &t.return_location().ok_or(Fault::NotFound)?).await,
        // Too late to refuse: it was confirmed in another window.
        State::Confirmed(_) | State::Sealed(_) | State::Held(_) => Ok(to_exchange(id)),
    }
}

/// `POST /exchange/{id}/extend`: the citizen is still here.
pub async fn extend(visit: Visit, Path(id): Path<String>, form: Posted) -> Response {
    let answer = match form {
        Ok(Form(form)) => extended(&visit, &id, &form).await,
        Err(_) => Err(Fault::FormExpired),
    };
    visit.or_fault(answer)
}

async fn extended(visit: &Visit, id: &str, form: &[(String, String)]) -> Result<Response, Fault> {
    let kept = visit.posted(id, form).await?;
    match kept.transaction.state {
        State::Entered | State::Authorised(_) => {
            confirm::touch(&visit.app, kept.transaction.id, &kept.browser).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        _ => Err(Fault::FormExpired),
    }
}

/// `GET /exchange/{id}/return`: back to the service as soon as that may be.
pub async fn way_back(visit: Visit, Path(id): Path<String>) -> Response {
    let answer = leave(&visit, &id).await;
    visit.or_fault(answer)
}

async fn leave(visit: &Visit, id: &str) -> Result<Response, Fault> {
    let kept = visit.exchange(id).await?;
    if matches!(kept.transaction.state, State::Entered | State::Authorised(_)) {
        return Ok(to_exchange(id));
    }
    if let Some(location) = confirm::way_back(&visit.app, kept.transaction.id, Duration::ZERO).await? {
        return back_to(visit, &kept, &location).await;
    }
    let catalogue = visit.app.catalogue().await?;
    let scene = Scene {
        app: &visit.app,
        kept: &kept,
        catalogue: &catalogue,
        prefs: visit.prefs,
        now: visit.app.now(),
    };
    let mut chrome = scene.chrome();
    chrome.here = scene.path("/return");
    let view = WaitingPage { chrome, parties: scene.parties(), next_url: scene.path("/return") };
    // By this status the page's script knows that it has to go on waiting.
    Ok(page(StatusCode::ACCEPTED, &view, &Policy::personal()))
}

/// The page that takes the citizen back to the service.
pub async fn back_to(visit: &Visit, kept: &Kept, location: &str) -> Result<Response, Fault> {
    let catalogue = visit.app.catalogue().await?;
    let scene =
        Scene { app: &visit.app, kept, catalogue: &catalogue, prefs: visit.prefs, now: visit.app.now() };
    let to = Destination::Service { organisation: scene.organisation_short() };
    Ok(onward(&scene, to, location))
}

/// The page that leads to another party. A form of ours is never answered by a redirect to one: browsers of the
/// Chromium family hold every redirect that follows against the policy of the page with the form, and where that
/// party sends the browser on to nobody can know beforehand.
pub fn onward(scene: &Scene<'_>, to: Destination, location: &str) -> Response {
    let mut chrome = scene.chrome();
    // Nothing runs out here, so nothing warns of it.
    chrome.session = None;
    if let Destination::Service { .. } = to {
        chrome.here = scene.path("/return");
    }
    let view = OnwardPage { chrome, to, url: location.to_owned() };
    page(StatusCode::OK, &view, &Policy::personal())
}

fn to_exchange(id: &str) -> Response {
    Redirect::to(&format!("/exchange/{id}")).into_response()
}
