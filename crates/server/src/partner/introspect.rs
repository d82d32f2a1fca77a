//! `POST /connect/introspect` (RFC 7662): a DP asks whether the token it was called with is good, for its dataset.

use axum::Json;
use axum::extract::{Form, FromRequest as _, Request, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{AUTHORIZATION, CACHE_CONTROL};
use mydata_domain::Time;
use mydata_domain::dataset::DatasetWithSecret;
use mydata_store::repo::registry::Catalogue;
use mydata_store::repo::transactions;
use mydata_wire::dp::Introspection;
use mydata_wire::{AccessToken, ResourceId, ResourceSecret, b64};
use serde::Deserialize;

use super::caller::{Caller, header};
use super::problem::Problem;
use crate::app::App;
use crate::probe::grant;

/// The form of the request.
#[derive(Deserialize)]
pub struct Asked {
    token: Option<String>,
}

/// Says whether a token is good.
pub async fn introspect(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let catalogue = app.catalogue().await?;
    let dataset = sign_in(&catalogue, request.headers(), app.now())?;
    caller.must_be_of(&app, &dataset.dataset).await?;
    // Nothing is read of somebody who is not known.
    let form = Form::<Asked>::from_request(request, &app).await;
    let token = form.ok().and_then(|Form(asked)| asked.token).ok_or(Problem::Form)?;
    let answer = match AccessToken::from_wire(token.trim()) {
        Err(_) => Introspection::INACTIVE,
        Ok(token) => look_up(&app, &token, &dataset.dataset.resource_id).await?,
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

async fn look_up(app: &App, token: &AccessToken, resource_id: &ResourceId) -> Result<Introspection, Problem> {
    let Some(grant) = transactions::by_access(&app.store.db, &app.store.crypter, token).await? else {
        let tested = grant::introspect(app, token, resource_id).await?;
        return Ok(tested.unwrap_or(Introspection::INACTIVE));
    };
    let good = grant.resource_id == *resource_id && app.now() < grant.expires_at;
    match grant.kept.transaction.verification() {
        Some(verification) if good => Ok(Introspection {
            active: true,
            client_id: Some(grant.resource_id),
            verification: Some(verification),
            exp: Some(grant.expires_at.seconds()),
        }),
        _ => Ok(Introspection::INACTIVE),
    }
}

/// The dataset whose id and secret the caller gives; an earlier secret counts while it works.
fn sign_in<'c>(
    catalogue: &'c Catalogue,
    headers: &HeaderMap,
    now: Time,
) -> Result<&'c DatasetWithSecret, Problem> {
    let basic = header(headers, AUTHORIZATION.as_str())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, credentials)| b64::decode_lenient(credentials.trim()).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or(Problem::Credentials)?;
    let (id, secret) = basic.split_once(':').ok_or(Problem::Credentials)?;
    let dataset = id
        .parse::<ResourceId>()
        .ok()
        .and_then(|id| catalogue.datasets.get(&id))
        .ok_or(Problem::Credentials)?;
    let same = |good: &ResourceSecret| {
        aws_lc_rs::constant_time::verify_slices_are_equal(secret.as_bytes(), good.expose().as_bytes()).is_ok()
    };
    if dataset.secrets(now).any(same) { Ok(dataset) } else { Err(Problem::Credentials) }
}
