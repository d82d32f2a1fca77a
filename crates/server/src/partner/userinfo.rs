//! `GET /connect/userinfo`: a DP asks who the citizen is, inside the call it was made (PROTOCOL.md §6).

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{AUTHORIZATION, CACHE_CONTROL};
use mydata_store::repo::transactions;
use mydata_wire::AccessToken;

use super::caller::{Caller, header};
use super::problem::Problem;
use crate::app::App;
use crate::probe::grant;

/// Who the citizen of a token is.
pub async fn userinfo(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = header(&headers, AUTHORIZATION.as_str())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .and_then(|(_, token)| AccessToken::from_wire(token.trim()).ok())
        .ok_or(Problem::Token)?;
    let Some(grant) = transactions::by_access(&app.store.db, &app.store.crypter, &token).await? else {
        return fictional(&app, &caller, &token).await;
    };
    if app.now() >= grant.expires_at {
        return Err(Problem::Token);
    }
    let catalogue = app.catalogue().await?;
    let dataset = catalogue.datasets.get(&grant.resource_id).ok_or(Problem::Token)?;
    caller.must_be_of(&app, &dataset.dataset).await?;
    let t = &grant.kept.transaction;
    let (Some(person), Some(verification)) = (t.person(), t.verification()) else {
        return Err(Problem::Token);
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(person.to_user_info(verification))).into_response())
}

/// Who the fictional person of a connection test is.
async fn fictional(app: &App, caller: &Caller, token: &AccessToken) -> Result<Response, Problem> {
    let (resource, info) = grant::user_info(app, token).await?.ok_or(Problem::Token)?;
    let catalogue = app.catalogue().await?;
    let dataset = catalogue.datasets.get(&resource).ok_or(Problem::Token)?;
    caller.must_be_of(app, &dataset.dataset).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(info)).into_response())
}
