//! The browser comes back from the identity provider (R74).

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, Method, StatusCode};
use mydata_store::repo::transactions::{Kept, Which};

use super::authorise::identity_error;
use super::browser;
use super::decide::back_to;
use super::fault::Fault;
use super::views::Scene;
use super::visit::Visit;
use crate::citizen::login;
use crate::flow::identify::{self, Callback, Identified, Trouble};
use crate::flow::look;
use crate::web::IdentityFault;

/// `GET /identity/callback`.
///
/// The login behind `state` serves once. Whoever only looks at the address, or loads it as a picture or beforehand, does
/// not use it up.
pub async fn callback(
    visit: Visit,
    method: Method,
    query: Result<Query<Callback>, QueryRejection>,
) -> Response {
    if method != Method::GET {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    if !is_visit(&visit.headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let answer = match query {
        Ok(Query(callback)) => finished(&visit, &callback).await,
        Err(_) => Err(Fault::NotFound),
    };
    visit.or_fault(answer)
}

/// Whether a browser goes to the address as a page. One that does not say what for is believed to.
pub fn is_visit(headers: &HeaderMap) -> bool {
    let is = |name: &str, wanted: fn(&str) -> bool| {
        headers.get(name).is_none_or(|value| value.to_str().is_ok_and(wanted))
    };
    is("sec-fetch-dest", |dest| dest == "document")
        && is("sec-purpose", |purpose| !purpose.contains("prefetch"))
}

async fn finished(visit: &Visit, callback: &Callback) -> Result<Response, Fault> {
    let app = &visit.app;
    let Some(id) = identify::transaction_of(app, &callback.state).await? else {
        return login::finish(visit, callback).await;
    };
    let kept = look(app, Which::Id(id)).await?.ok_or(Fault::OtherBrowser)?;
    // Somebody else's login must not end up in this citizen's exchange.
    if !browser::owns(app, &visit.headers, &kept) {
        return Err(Fault::OtherBrowser);
    }
    visit.within(&kept).await?;
    let outcome = identify::finish(app, callback, &kept.browser, visit.from).await?;
    landed(visit, &kept, outcome).await
}

/// The page that follows when a citizen has proved who they are, or has not.
pub async fn landed(visit: &Visit, kept: &Kept, outcome: Option<Identified>) -> Result<Response, Fault> {
    let (app, id) = (&visit.app, kept.transaction.id);
    let back = Redirect::to(&format!("/exchange/{id}"));
    match outcome {
        None => Err(Fault::OtherBrowser),
        Some(Identified::Authorised { browser: secret }) => {
            let mut response = back.into_response();
            browser::remember(app, &mut response, id, &secret);
            Ok(response)
        }
        Some(Identified::Conflict) => {
            let kept = look(app, Which::Id(id)).await?.ok_or(Fault::NotFound)?;
            back_to(visit, &kept, &kept.transaction.return_location().ok_or(Fault::NotFound)?).await
        }
        Some(Identified::Elsewhere) => Ok(back.into_response()),
        Some(Identified::Failed { method, fault }) => {
            let catalogue = app.catalogue().await?;
            let scene = Scene { app, kept, catalogue: &catalogue, prefs: visit.prefs, now: app.now() };
            let fault = match fault {
                Trouble::Cancelled => IdentityFault::Cancelled,
                Trouble::Invalid => IdentityFault::Failed,
                Trouble::Unavailable => IdentityFault::Unavailable,
                Trouble::TooWeak => IdentityFault::TooWeak,
            };
            Ok(identity_error(&scene, method, fault))
        }
    }
}
