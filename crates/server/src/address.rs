//! From where a request comes (R96). Behind a proxy the address is taken from the header in which proxies write it, but only
//! what trusted proxies wrote there.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::HeaderMap;
use http::request::Parts;
use ipnet::IpNet;

use crate::app::App;
use crate::config::ProxyHeader;

/// The address of the one who asks, IPv4 written as IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallerAddress(pub IpAddr);

/// Walks from the connection outwards for as long as the hop is a trusted proxy.
pub fn caller(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet], header: ProxyHeader) -> IpAddr {
    let peer = peer.to_canonical();
    if !trusts(trusted, peer) {
        return peer;
    }
    let mut nearest = peer;
    for hop in hops(headers, header).into_iter().rev() {
        // Where a trusted proxy wrote no address, nothing beyond it is known.
        let Some(address) = hop else { break };
        nearest = address;
        if !trusts(trusted, nearest) {
            break;
        }
    }
    nearest
}

fn trusts(trusted: &[IpNet], address: IpAddr) -> bool {
    trusted.iter().any(|network| network.contains(&address.to_canonical()))
}

/// The hops that the header names, the farthest first; nothing for one that is no address.
fn hops(headers: &HeaderMap, header: ProxyHeader) -> Vec<Option<IpAddr>> {
    let name = match header {
        ProxyHeader::XForwardedFor => "x-forwarded-for",
        ProxyHeader::Forwarded => "forwarded",
        ProxyHeader::None => return Vec::new(),
    };
    // One that is no text is a hop of which nothing is known.
    let values = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
    match header {
        ProxyHeader::Forwarded => values.flat_map(|value| split(value, b',')).map(forwarded_for).collect(),
        _ => values.flat_map(|value| value.split(',')).map(address).collect(),
    }
}

/// An address, with or without a port, IPv6 with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

/// The `for` of an element of `Forwarded` (RFC 7239 §4, §6).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = split(element, b';').into_iter().filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case("for"))?;
    let value = value.trim();
    address(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value))
}

/// Splits at a sign that stands outside of quotes.
fn split(text: &str, at: u8) -> Vec<&str> {
    let (mut parts, mut begin, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            byte if byte == at && !quoted => {
                parts.push(&text[begin..index]);
                begin = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

/// Who is at the other end of the connection.
fn peer(parts: &Parts) -> IpAddr {
    parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), |info| info.0.ip())
}

/// Whether a request comes over a connection of a trusted proxy, so that its headers count.
pub fn is_of_proxy(parts: &Parts, app: &App) -> bool {
    trusts(&app.config.trusted_proxies, peer(parts))
}

impl FromRequestParts<App> for CallerAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let config = &app.config;
        Ok(Self(caller(peer(parts), &parts.headers, &config.trusted_proxies, config.proxy_header)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(kind: ProxyHeader, name: &'static str, header: &str, peer: &str, trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        if !header.is_empty() {
            headers.insert(name, header.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|t| t.parse().unwrap()).collect();
        caller(peer.parse().unwrap(), &headers, &trusted, kind).to_string()
    }

    fn with(header: &str, peer: &str, trusted: &[&str]) -> String {
        by(ProxyHeader::XForwardedFor, "x-forwarded-for", header, peer, trusted)
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
        assert_eq!(with("203.0.113.9, nonsense", "10.0.0.2", &["10.0.0.0/8"]), "10.0.0.2");
        assert_eq!(with("", "10.0.0.2", &["10.0.0.0/8"]), "10.0.0.2");
        assert_eq!(with("203.0.113.9", "::ffff:10.0.0.2", &["10.0.0.0/8"]), "203.0.113.9");
    }

    /// Shows R96: the standard's header is read as the standard has it, and instead of the other one, never beside it.
    #[test]
    fn one_header_is_read_and_no_other() {
        let of = |header: &str| by(ProxyHeader::Forwarded, "forwarded", header, "10.0.0.2", &["10.0.0.0/8"]);
        for (header, found) in [
            ("for=203.0.113.9", "203.0.113.9"),
            ("For=\"203.0.113.9:4711\";proto=https;by=10.0.0.2", "203.0.113.9"),
            ("for=1.2.3.4, proto=https;for=203.0.113.9, for=10.0.0.7", "203.0.113.9"),
            ("for=\"[2001:db8::1]:443\"", "2001:db8::1"),
            ("for=\"[2001:db8::1]\"", "2001:db8::1"),
            ("for=\"1.2.3.4, for=5.6.7.8\", for=203.0.113.9", "203.0.113.9"),
            ("host=\"a;for=1.2.3.4\";for=203.0.113.9", "203.0.113.9"),
            ("for=203.0.113.9, for=unknown", "10.0.0.2"),
            ("for=_hidden", "10.0.0.2"),
            ("proto=https", "10.0.0.2"),
            ("", "10.0.0.2"),
        ] {
            assert_eq!(of(header), found, "{header}");
        }
        let proxies = &["10.0.0.0/8"];
        let other = by(ProxyHeader::Forwarded, "x-forwarded-for", "203.0.113.9", "10.0.0.2", proxies);
        assert_eq!(other, "10.0.0.2");
        assert_eq!(
            by(ProxyHeader::XForwardedFor, "forwarded", "for=203.0.113.9", "10.0.0.2", proxies),
            "10.0.0.2"
        );
        assert_eq!(by(ProxyHeader::None, "x-forwarded-for", "203.0.113.9", "10.0.0.2", proxies), "10.0.0.2");
    }
}
