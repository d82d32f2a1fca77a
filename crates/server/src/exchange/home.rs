//! `/`: what this is and where to begin.

use axum::response::Response;
use http::StatusCode;
use mydata_domain::service::ServiceState;

use super::fault::Fault;
use super::views;
use super::visit::Visit;
use crate::web::{HomePage, Policy, WayIn, maintenance, page};

/// `GET /`.
pub async fn home(visit: Visit) -> Response {
    let answer = shown(&visit).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit) -> Result<Response, Fault> {
    let catalogue = visit.app.catalogue().await?;
    let lang = visit.prefs.lang;
    let mut services: Vec<_> =
        catalogue.services.values().map(|s| &s.service).filter(|s| s.state == ServiceState::Listed).collect();
    services.sort_by(|a, b| a.client_id.cmp(&b.client_id));
    let ways_in = services
        .into_iter()
        .map(|service| WayIn {
            service: lang.pick(&service.name, Some(&service.name_en)).to_owned(),
            organisation: catalogue
                .organisation(service.organisation.as_str())
                .map(|o| lang.pick(&o.name, Some(&o.name_en)).to_owned())
                .unwrap_or_default(),
            url: service.url.to_string(),
        })
        .collect();
    let system = visit.app.system().await?;
    let name = |id: &mydata_wire::ResourceId| {
        let dataset = &catalogue.datasets.get(id).filter(|d| d.dataset.is_offered())?.dataset;
        Some(lang.pick(&dataset.name, Some(&dataset.name_en)).to_owned())
    };
    let notices = maintenance::announced(lang, &system.windows, visit.app.now(), name);
    let chrome = views::chrome(&visit.app, visit.prefs, visit.here.clone());
    let view = HomePage { chrome, notices, ways_in };
    Ok(page(StatusCode::OK, &view, &Policy::public()))
}
