//! From where a request comes (R96). Behind a proxy the address is taken from `X-Forwarded-For`, but only what trusted
//! proxies wrote there.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::HeaderMap;
use http::request::Parts;
use ipnet::IpNet;

use crate::app::App;

/// The address of the one who asks, IPv4 written as IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallerAddress(pub IpAddr);

/// Walks from the connection outwards for as long as the hop is a trusted proxy.
pub fn caller(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    let trusts = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    if !trusts(peer) {
        return peer;
    }
    let mut nearest = peer;
    let values = headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok());
    let hops: Vec<&str> = values.flat_map(|v| v.split(',')).map(str::trim).collect();
    for hop in hops.iter().rev() {
        let hop = hop.trim_start_matches('[').trim_end_matches(']');
        let Some(address) = hop.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|a| a.ip()))
        else {
            // A trusted proxy wrote no address: nothing beyond it is known.
            return nearest;
        };
        nearest = IpAddr::to_canonical(&address);
        if !trusts(nearest) {
            break;
        }
    }
    nearest
}

impl FromRequestParts<App> for CallerAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
        Ok(Self(caller(peer, &parts.headers, &app.config.trusted_proxies)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(header: &str, peer: &str, trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        if !header.is_empty() {
            headers.insert("x-forwarded-for", header.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|t| t.parse().unwrap()).collect();
        caller(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    /// Shows R96.
    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(with("203.0.113.9", "198.51.100.1", &[]), "198.51.100.1");
        assert_eq!(with("203.0.113.9", "10.0.0.2", &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(with("1.2.3.4, 203.0.113.9", "10.0.0.2", &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(with("203.0.113.9, 10.0.0.7", "10.0.0.2", &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(with("203.0.113.9:4711", "10.0.0.2", &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(with("[2001:db8::1]", "10.0.0.2", &["10.0.0.0/8"]), "2001:db8::1");
        assert_eq!(with("nonsense", "10.0.0.2", &["10.0.0.0/8"]), "10.0.0.2");
        assert_eq!(with("", "10.0.0.2", &["10.0.0.0/8"]), "10.0.0.2");
        assert_eq!(with("203.0.113.9", "::ffff:10.0.0.2", &["10.0.0.0/8"]), "203.0.113.9");
    }
}
