//! `GET /api/catalogue`: what is offered, as JSON for anybody, with an `ETag`.

use axum::response::Response;
use mydata_domain::counter_service::CounterService;
use mydata_domain::{Dataset, Service};
use serde_json::{Value, json};

use super::shelf::Shelf;
use super::view::shelf;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::web::tagged;

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
    // Not for shared caches: of what is in its pilot some addresses see more than others.
    Ok(tagged::json(&visit.headers, &body, "private, max-age=60"))
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
