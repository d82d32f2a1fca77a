//! Who calls: the limits per address, service and dataset, and whether a service or dataset allows the address and the
//! client certificate.

use axum::extract::FromRequestParts;
use http::StatusCode;
use http::request::Parts;
use mydata_domain::Dataset;
use mydata_domain::client_certificate::ClientCertificate;
use mydata_domain::service::Service;
use mydata_listen::client::Presented;
use std::net::IpAddr;
use std::time::Duration;

use super::problem::Problem;
use crate::address::CallerAddress;
use crate::app::App;
use crate::edge::certificate;
use crate::limit::subscriber;

/// A partner's call that is within its limit, and comes while the platform is not in maintenance.
#[derive(Debug, Clone)]
pub struct Caller {
    /// From where.
    pub address: IpAddr,
    presented: Option<Presented>,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Ok(CallerAddress(address)) = CallerAddress::from_request_parts(parts, app).await;
        if let Some(occurrence) = app.maintenance().await? {
            return Err(Problem::Maintenance(app.now().until(occurrence.until).as_secs().max(1)));
        }
        match app.partner_limit.take(subscriber(address), app.now()) {
            Ok(()) => Ok(Self { address, presented: certificate::presented(parts, app) }),
            Err(wait) => Err(too_many(wait)),
        }
    }
}

fn too_many(wait: Duration) -> Problem {
    Problem::TooMany(wait.as_secs().max(1))
}

impl Caller {
    /// Refuses an address that the service has not registered, with the status that this API uses for it, a client
    /// certificate other than those it has registered, a service that is suspended or delisted, and one that calls too
    /// often.
    pub async fn must_belong_to(
        &self,
        app: &App,
        service: &Service,
        status: StatusCode,
    ) -> Result<(), Problem> {
        if !service.allowed_ips.permits(self.address) {
            tracing::warn!(address = %self.address, client_id = %service.client_id, "a partner call came from an address that is not registered");
            return Err(Problem::Address(status));
        }
        self.must_present(app, &service.client_certificates, service.client_id.as_str()).await?;
        if !service.is_listed() {
            tracing::warn!(client_id = %service.client_id, "a partner call came from a service that is not listed");
            return Err(Problem::NotListed);
        }
        app.service_limit.take(service.client_id.clone(), app.now()).map_err(too_many)
    }

    /// Refuses an address or a client certificate that is not registered for the dataset's DP, and one that calls too
    /// often.
    pub async fn must_be_of(&self, app: &App, dataset: &Dataset) -> Result<(), Problem> {
        if !dataset.permits_caller(self.address) {
            return Err(Problem::Address(StatusCode::FORBIDDEN));
        }
        self.must_present(app, &dataset.client_certificates, dataset.resource_id.as_str()).await?;
        app.dataset_limit.take(dataset.resource_id.clone(), app.now()).map_err(too_many)
    }

    async fn must_present(
        &self,
        app: &App,
        registered: &[ClientCertificate],
        id: &str,
    ) -> Result<(), Problem> {
        let (roots, now) = (&app.edge.client_roots, app.now());
        let judged = match certificate::check(registered, self.presented.as_ref(), roots, now) {
            Ok(Some(taken)) => taken.not_revoked(app, now).await,
            Ok(None) => Ok(()),
            Err(fault) => Err(fault),
        };
        judged.map_err(|fault| {
            tracing::warn!(address = %self.address, id, code = fault.code(), "a partner call was refused");
            Problem::Certificate(fault)
        })
    }
}

/// A header's value, when it stands there once and is text.
pub fn header<'p>(parts: &'p http::HeaderMap, name: &str) -> Option<&'p str> {
    let mut values = parts.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value.trim())
}
