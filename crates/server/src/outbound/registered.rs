//! Calls that may reach registered addresses only (R15, R37, R96): the host's name is resolved, what is not registered is left
//! out, and the connection goes to just what is left. Clients are kept, so that connections are.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mydata_domain::Dataset;
use reqwest::Client;
use url::{Host, Url};

use super::credentials::Credentials;
use super::guard::{Blocked, Guard, Speech};
use super::{Outbound, builder};

/// So many clients are kept; a platform has hundreds of datasets.
const KEPT: usize = 1_024;

/// Why a DP is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCalled {
    /// Its address may not be called at all.
    #[error(transparent)]
    Blocked(#[from] Blocked),
    /// None of the addresses at which its host is found is registered for the dataset.
    #[error("the host is found at no address that is registered for the dataset")]
    NotRegistered,
    /// Its host's name cannot be resolved at present.
    #[error("the host's name cannot be resolved")]
    Unknown,
    /// The roots that its certificate is registered to come from cannot be used.
    #[error("the roots registered for its certificate (sp_api_roots) cannot be read as certificates")]
    Roots,
}

/// A host with the addresses at which it may be reached.
type Place = (String, Vec<SocketAddr>);

/// The clients, by what each may reach.
#[derive(Clone)]
pub(super) struct Registered {
    connect: Duration,
    idle: Duration,
    kept: Arc<Mutex<HashMap<Place, Client>>>,
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registered")
    }
}

impl Registered {
    pub(super) fn new(connect: Duration, idle: Duration) -> Self {
        Self { connect, idle, kept: Arc::default() }
    }

    /// A client that finds this host at these addresses, and no other host at all: redirects are not followed.
    fn client(&self, place: Place, guard: &Guard, credentials: &Credentials) -> Result<Client, NotCalled> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = kept.get(&place) {
            return Ok(client.clone());
        }
        if kept.len() >= KEPT {
            kept.clear();
        }
        let client = builder(self.connect, guard, Speech::Private)
            .read_timeout(self.idle)
            .resolve_to_addrs(&place.0, &place.1);
        let client = credentials.shown(client).build().map_err(|_| NotCalled::Unknown)?;
        kept.insert(place, client.clone());
        Ok(client)
    }
}

impl Outbound {
    /// The client with which the DP of a dataset is called.
    ///
    /// # Errors
    /// The address may not be called, or is not one of those registered. In a pilot nothing is called that is not
    /// registered, even when nothing is.
    pub(crate) async fn dp_client(&self, dataset: &Dataset) -> Result<Client, NotCalled> {
        let url = &dataset.dp_api;
        self.check(url)?;
        if dataset.dp_ips.is_empty() && dataset.pilot.is_none() {
            return Ok(self.clients().dp);
        }
        let allowed = |address: IpAddr| dataset.dp_ips.permits(address) && self.reaches(address);
        match url.host() {
            Some(Host::Ipv4(address)) if allowed(address.into()) => Ok(self.clients().dp),
            Some(Host::Ipv6(address)) if allowed(address.into()) => Ok(self.clients().dp),
            Some(Host::Domain(name)) => {
                let mut found = resolve(&self.guard, name, url).await?;
                found.retain(|socket| allowed(socket.ip()));
                found.sort_unstable();
                found.dedup();
                if found.is_empty() {
                    return Err(NotCalled::NotRegistered);
                }
                // Both of one reading of the files.
                let held = self.held.get();
                held.registered.client((name.to_owned(), found), &self.guard, &held.credentials)
            }
            _ => Err(NotCalled::NotRegistered),
        }
    }
}

async fn resolve(guard: &Guard, name: &str, url: &Url) -> Result<Vec<SocketAddr>, NotCalled> {
    let port = url.port_or_known_default().unwrap_or(443);
    let found = guard.find(name).await.map_err(|_| NotCalled::Unknown)?;
    Ok(found.into_iter().map(|address| SocketAddr::new(address, port)).collect())
}

#[cfg(test)]
mod tests {
    use mydata_domain::Policy;

    use super::*;

    fn dataset(dp_api: &str, dp_ips: &[&str], pilot: bool) -> Dataset {
        let mut body = serde_json::json!({
            "resource_id": "API.Kr1C3b1ijJ", "zone": "production", "organisation": "library", "name": "示範",
            "name_en": "Demo", "category": "教育", "weakest_verification": "NHI", "dp_api": dp_api,
            "state": "listed", "dp_ips": dp_ips,
        });
        if pilot {
            body["pilot"] = serde_json::json!(["192.0.2.1"]);
        }
        serde_json::from_value(body).unwrap()
    }

    /// Shows R96.
    #[tokio::test]
    async fn a_dp_is_called_at_registered_addresses_only() {
        let outbound = Outbound::new(&Policy::default(), true).unwrap();
        let may = async |dp_api: &str, dp_ips: &[&str], pilot| {
            outbound.dp_client(&dataset(dp_api, dp_ips, pilot)).await.map(drop)
        };
        assert_eq!(may("http://localhost:9/", &["127.0.0.0/8", "::1"], false).await, Ok(()));
        assert_eq!(may("http://127.0.0.1:9/", &["127.0.0.1"], true).await, Ok(()));
        assert_eq!(may("http://127.0.0.1:9/", &[], false).await, Ok(()), "nothing registered: anywhere");
        assert_eq!(
            may("http://127.0.0.1:9/", &[], true).await,
            Err(NotCalled::NotRegistered),
            "but not in a pilot"
        );
        for elsewhere in ["http://127.0.0.1:9/", "http://localhost:9/", "http://[::1]:9/"] {
            assert_eq!(
                may(elsewhere, &["163.22.21.64"], false).await,
                Err(NotCalled::NotRegistered),
                "{elsewhere}"
            );
        }
        assert_eq!(may("http://no-such-host.invalid/", &["127.0.0.1"], false).await, Err(NotCalled::Unknown));
        let strict = Outbound::new(&Policy::default(), false).unwrap();
        let inside = dataset("https://127.0.0.1/", &["127.0.0.1"], false);
        assert_eq!(strict.dp_client(&inside).await.map(drop), Err(NotCalled::Blocked(Blocked::Internal)));
        assert_eq!(outbound.held.get().registered.kept.lock().unwrap().len(), 1, "clients are kept");
    }
}
