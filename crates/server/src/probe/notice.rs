//! A notification that belongs to no transaction: its `tx_id` was made by no SP, its ticket opens nothing, and it says that
//! a dataset cannot be delivered. Whoever keeps to PROTOCOL.md §3 takes it (and finds nothing to do) or refuses it.

use http::StatusCode;
use mydata_domain::health::{Fault, FaultKind, Figure};
use mydata_domain::service::ServiceWithSecrets;
use mydata_wire::notification::{News, Notification};

use super::{Found, answer, reach};
use crate::app::App;

/// `tx_id` and `permission_ticket` of every such notification: no random version 4 UUID is ever this one.
pub const NOBODYS: &str = "00000000-0000-4000-8000-000000000000";
/// The dataset named when the service asks for none.
const NO_DATASET: &str = "API.0000000000";

fn notification(service: &ServiceWithSecrets) -> Notification {
    let dataset = service.service.datasets.first().cloned();
    let dataset = dataset.unwrap_or_else(|| NO_DATASET.parse().expect("it has the form of a resource_id"));
    Notification {
        tx_id: NOBODYS.parse().expect("it has the form of a version 4 UUID"),
        permission_ticket: NOBODYS.parse().expect("it has the form of a version 4 UUID"),
        news: News::Undeliverable { unable_to_deliver: vec![dataset] },
    }
}

/// Tells the SP-API, and judges what it says.
pub(super) async fn tell(app: &App, service: &ServiceWithSecrets) -> Found<()> {
    let secrets = &service.secrets;
    let told = tell_with(app, service, secrets.api_key.as_deref()).await;
    match (&told, secrets.earlier_api_key(app.now())) {
        // The service may not have taken a new key over yet; real calls go the same way.
        (Err(fault), Some(earlier)) if fault.kind == FaultKind::NoticeKey => {
            tell_with(app, service, Some(earlier)).await
        }
        _ => told,
    }
}

async fn tell_with(app: &App, service: &ServiceWithSecrets, api_key: Option<&str>) -> Found<()> {
    let url = &service.service.sp_api;
    let client = app.outbound.sp_client(&service.service).map_err(reach::not_called)?;
    let mut request = client.post(url.clone()).json(&notification(service));
    if let Some(key) = api_key {
        request = request.header("x-api-key", key);
    }
    let answered = answer::send(request, app.config.policy.sp_answer.0).await?;
    let status = answered.status();
    let fault = |kind| Err(Fault::new(kind, status.as_u16()));
    let mut figures = answer::figures(&answered);
    // Servers say 404 in a page where no SP-API is; a SP-API that knows no such transaction says it in JSON.
    let page = answer::kind(&answered).is_none_or(|kind| !kind.ends_with("json"));
    match status {
        StatusCode::UNAUTHORIZED => fault(FaultKind::NoticeKey),
        StatusCode::METHOD_NOT_ALLOWED => fault(FaultKind::NoticeNowhere),
        StatusCode::NOT_FOUND if page => fault(FaultKind::NoticeNowhere),
        StatusCode::TOO_MANY_REQUESTS => fault(FaultKind::NoticeStatus),
        status if status.is_success() => {
            figures.push(Figure::Taken);
            Ok(((), figures))
        }
        status if status.is_client_error() => {
            figures.push(Figure::Refused);
            Ok(((), figures))
        }
        _ => fault(FaultKind::NoticeStatus),
    }
}
