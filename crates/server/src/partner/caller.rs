//! Who calls: the limit per address, and whether a service or dataset allows the address.

use axum::extract::FromRequestParts;
use http::StatusCode;
use http::request::Parts;
use mydata_domain::service::Service;
use std::net::IpAddr;

use super::problem::Problem;
use crate::address::CallerAddress;
use crate::app::App;
use crate::limit::subscriber;

/// A partner's call that is within its limit, and comes while the platform is not in maintenance.
#[derive(Debug, Clone, Copy)]
pub struct Caller(pub IpAddr);

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Ok(CallerAddress(address)) = CallerAddress::from_request_parts(parts, app).await;
        if let Some(occurrence) = app.maintenance().await? {
            return Err(Problem::Maintenance(app.now().until(occurrence.until).as_secs().max(1)));
        }
        match app.partner_limit.take(subscriber(address), app.now()) {
            Ok(()) => Ok(Self(address)),
            Err(wait) => Err(Problem::TooMany(wait.as_secs().max(1))),
        }
    }
}

impl Caller {
    /// Refuses an address that the service has not registered, with the status that this API uses for it, and a service
    /// that is suspended or delisted.
    pub fn must_belong_to(self, service: &Service, status: StatusCode) -> Result<(), Problem> {
        if !service.allowed_ips.permits(self.0) {
            tracing::warn!(address = %self.0, client_id = %service.client_id, "a partner call came from an address that is not registered");
            return Err(Problem::Address(status));
        }
        if !service.is_listed() {
            tracing::warn!(client_id = %service.client_id, "a partner call came from a service that is not listed");
            return Err(Problem::NotListed);
        }
        Ok(())
    }
}

/// A header's value, when it stands there once and is text.
pub fn header<'p>(parts: &'p http::HeaderMap, name: &str) -> Option<&'p str> {
    let mut values = parts.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value.trim())
}
