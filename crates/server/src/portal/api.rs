//! `GET /api/catalogue`: what is offered, as JSON for anybody, with an `ETag`.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use axum::response::{IntoResponse, Response};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use mydata_domain::counter_service::CounterService;
use mydata_domain::{Dataset, Service};
use serde_json::{Value, json};

use super::shelf::Shelf;
use super::view::shelf;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;

/// `GET /api/catalogue`.
pub async fn show(visit: Visit) -> Response {
    let answer = shown(&visit).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit) -> Result<Response, Fault> {
    let (catalogue, system) = (visit.app.catalogue().await?, visit.app.system().await?);
    let shelf = shelf(visit, &catalogue, &system);
    let body = json!({
        "datasets": shelf.datasets().into_iter().map(|d| dataset(shelf, d)).collect::<Vec<_>>(),
        "services": shelf.services().into_iter().map(|s| service(shelf, s)).collect::<Vec<_>>(),
        "counter_services": shelf.counter_services().into_iter().map(|s| counter_service(shelf, s)).collect::<Vec<_>>(),
    });
    let body = body.to_string();
    let mut tag = String::from("\"");
    for byte in &digest(&SHA256, body.as_bytes()).as_ref()[..12] {
        write!(tag, "{byte:02x}").expect("writing to a String does not fail");
    }
    tag.push('"');
    let status = if knows(&visit.headers, &tag) { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let headers = [
        (CONTENT_TYPE, "application/json; charset=utf-8"),
        // Not for shared caches: of what is in its pilot some addresses see more than others.
        (CACHE_CONTROL, "private, max-age=60"),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (ETAG, tag.as_str()),
    ];
    let body = if status == StatusCode::OK { body } else { String::new() };
    Ok((status, headers, body).into_response())
}

/// Whether the caller has this version.
fn knows(headers: &HeaderMap, tag: &str) -> bool {
    let all = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

fn organisation(shelf: Shelf<'_>, id: &str) -> Value {
    let found = shelf.organisation(id);
    json!({ "id": id, "name": found.map(|o| &o.name), "name_en": found.map(|o| &o.name_en) })
}

fn dataset(shelf: Shelf<'_>, d: &Dataset) -> Value {
    let parameter = |p: &mydata_domain::parameter::Parameter| json!({ "key": p.key.as_str(), "name": p.name, "name_en": p.name_en, "example": p.example, "optional": p.optional });
    json!({
        "resource_id": d.resource_id.as_str(),
        "zone": d.zone.as_str(),
        "provider": organisation(shelf, d.organisation.as_str()),
        "name": d.name,
        "name_en": d.name_en,
        "description": d.description,
        "description_en": d.description_en,
        "category": d.category,
        "fields": d.fields,
        "fields_en": d.fields_en,
        "weakest_verification": d.weakest_verification.code(),
        "expected_minutes": d.expected_minutes,
        "state": d.state.as_str(),
        "parameters": d.parameters.iter().map(parameter).collect::<Vec<_>>(),
    })
}

fn service(shelf: Shelf<'_>, s: &Service) -> Value {
    json!({
        "client_id": s.client_id.as_str(),
        "zone": s.zone.as_str(),
        "organisation": organisation(shelf, s.organisation.as_str()),
        "name": s.name,
        "name_en": s.name_en,
        "purpose": s.purpose,
        "purpose_en": s.purpose_en,
        "category": s.category,
        "url": s.url.as_str(),
        "datasets": s.datasets.iter().map(mydata_wire::ResourceId::as_str).collect::<Vec<_>>(),
    })
}

fn counter_service(shelf: Shelf<'_>, s: &CounterService) -> Value {
    json!({
        "id": s.id.to_string(),
        "zone": s.zone.as_str(),
        "organisation": organisation(shelf, s.organisation.as_str()),
        "name": s.name,
        "name_en": s.name_en,
        "description": s.description,
        "description_en": s.description_en,
        "category": s.category,
        "cases": s.cases,
    })
}
