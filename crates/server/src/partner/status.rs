//! `GET /service/type_valid` and `GET /service/txid_status` (R136–R141): a wrong address is 401, anything else 403.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use http::{HeaderMap, StatusCode};
use mydata_store::repo::transactions::{Kept, Which};
use mydata_wire::status::{TxidStatus, TypeValid};
use mydata_wire::{PermissionTicket, TxId};

use super::caller::{Caller, header};
use super::problem::Problem;
use crate::app::App;
use crate::flow::look;

/// How the citizen of a ticket proved who they are.
pub async fn type_valid(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let ticket: PermissionTicket =
        header(&headers, "permission_ticket").and_then(|t| t.parse().ok()).ok_or(Problem::Ticket)?;
    let kept = look(&app, Which::Ticket(ticket)).await?.ok_or(Problem::Ticket)?;
    owner_calls(&app, &caller, &kept, Problem::Ticket).await?;
    let t = &kept.transaction;
    if !t.ticket_lives(app.now()) {
        return Err(Problem::Ticket);
    }
    let verification = t.verification().ok_or(Problem::Ticket)?;
    Ok(private(Json(TypeValid { verification })))
}

/// How far the transaction of a `tx_id` is. Two services may use the same `tx_id`; the caller's address tells which. An
/// address of no service is 401, whatever is asked for; what belongs to another service is 403, like what nobody knows.
pub async fn txid_status(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tx_id: TxId = header(&headers, "tx_id").and_then(|t| t.parse().ok()).ok_or(Problem::TxId)?;
    let catalogue = app.catalogue().await?;
    // Said before anything is looked up: nobody learns from it whether there is such a transaction.
    if !catalogue.services.values().any(|one| one.service.allowed_ips.permits(caller.address)) {
        tracing::warn!(address = %caller.address, "a partner call came from an address that no service has registered");
        return Err(Problem::Address(StatusCode::UNAUTHORIZED));
    }
    let mut refused = Problem::TxId;
    for client_id in mydata_store::repo::transactions::services_of(&app.store.db, tx_id).await? {
        let Some(service) = catalogue.services.get(&client_id) else { continue };
        // To another service it is as one that never was.
        if !service.service.allowed_ips.permits(caller.address) {
            continue;
        }
        let belongs = caller.must_belong_to(&app, &service.service, StatusCode::UNAUTHORIZED).await;
        if let Err(problem) = belongs {
            refused = problem;
            continue;
        }
        let kept = look(&app, Which::TxId(&client_id, tx_id)).await?.ok_or(Problem::TxId)?;
        // Another service of this address may have used the same one.
        let Some(status) = kept.transaction.tx_status(app.now()) else { continue };
        return Ok(private(Json(TxidStatus::from(status))));
    }
    Err(refused)
}

async fn owner_calls(app: &App, caller: &Caller, kept: &Kept, unknown: Problem) -> Result<(), Problem> {
    let catalogue = app.catalogue().await?;
    let client_id = kept.transaction.client_id().ok_or(unknown)?;
    let service = catalogue.services.get(client_id).ok_or(unknown)?;
    caller.must_belong_to(app, &service.service, StatusCode::UNAUTHORIZED).await
}

fn private(body: impl IntoResponse) -> Response {
    ([(CACHE_CONTROL, "no-store")], body).into_response()
}
