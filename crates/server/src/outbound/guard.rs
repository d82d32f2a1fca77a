//! Keeps calls away from internal addresses: before the call when the URL names an address, after resolution when it
//! names a host; and the connection goes to just the addresses that were checked, so that a name whose answer changes
//! meanwhile leads nowhere else. Every new connection is checked anew.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// The address may not be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// Not https.
    #[error("only https is allowed")]
    Scheme,
    /// A name and a password stand in the URL.
    #[error("a name or password stands in the URL")]
    UserInfo,
    /// A port of other services.
    #[error("the port is one of other services; 443 and those from 1024 on are called")]
    Port,
    /// Private, loopback, link-local or otherwise not of the public internet.
    #[error("the address is internal; only public addresses are called")]
    Internal,
}

/// What is said over the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    /// Data and secrets: https only.
    Private,
    /// What anybody may read and what is signed itself: revocation lists and OCSP answers, which live on plain http.
    Signed,
}

/// Finds the addresses of a host.
pub trait Lookup: Send + Sync {
    /// Every address that the name has now.
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// Asks the system.
struct System;

impl Lookup for System {
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|socket| socket.ip()).collect()) }
            .boxed()
    }
}

/// Which addresses may be called. Cheap to clone.
#[derive(Clone)]
pub struct Guard {
    sandbox: bool,
    allowed: Arc<[IpNet]>,
    names: Arc<dyn Lookup>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("sandbox", &self.sandbox)
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

/// The sandbox's guard, which lets everything through; or one that lets the public internet through.
impl From<bool> for Guard {
    fn from(sandbox: bool) -> Self {
        Self::new(sandbox, Vec::new())
    }
}

impl Guard {
    /// In the sandbox everything may be called; else the public internet and `allowed` networks.
    pub fn new(sandbox: bool, allowed: Vec<IpNet>) -> Self {
        Self { sandbox, allowed: allowed.into(), names: Arc::new(System) }
    }

    /// The same, with another finder of addresses.
    #[must_use]
    pub fn with_lookup(self, names: Arc<dyn Lookup>) -> Self {
        Self { names, ..self }
    }

    /// Whether everything may be called.
    pub fn is_open(&self) -> bool {
        self.sandbox
    }

    /// Whether an address may be called.
    pub fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.sandbox || is_public(address) || self.allowed.iter().any(|network| network.contains(&address))
    }

    /// Checks what can be seen in the URL itself.
    ///
    /// # Errors
    /// Why it may not be called.
    pub fn check(&self, url: &Url, speech: Speech) -> Result<(), Blocked> {
        if self.sandbox {
            return Ok(());
        }
        match (url.scheme(), speech) {
            ("https", _) | ("http", Speech::Signed) => {}
            _ => return Err(Blocked::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Blocked::UserInfo);
        }
        let internal = match url.host() {
            Some(Host::Ipv4(address)) => !self.permits(address.into()),
            Some(Host::Ipv6(address)) => !self.permits(address.into()),
            Some(Host::Domain(name)) => self.is_internal_name(name),
            None => true,
        };
        if internal {
            return Err(Blocked::Internal);
        }
        // Below 1024 other services live: an address of ours must not become a way to speak to a mail server.
        match url.port_or_known_default() {
            Some(443 | 1_024..) => Ok(()),
            Some(80) if url.scheme() == "http" => Ok(()),
            _ => Err(Blocked::Port),
        }
    }

    /// Names that never lead outside. Where internal networks are allowed, they have names of their own.
    fn is_internal_name(&self, name: &str) -> bool {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let under =
            |top: &str| name.strip_suffix(top).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        under("localhost")
            || self.allowed.is_empty() && ["internal", "local", "home.arpa"].into_iter().any(under)
    }

    /// Every address of a host, the forbidden ones included.
    ///
    /// # Errors
    /// Its name cannot be resolved.
    pub async fn find(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.names.lookup(host.to_owned()).await
    }
}

/// For clients: the addresses of a name that may be called, and no others.
impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = guard.find(name.as_str()).await?;
            let permitted: Vec<SocketAddr> =
                found.into_iter().filter(|a| guard.permits(*a)).map(|a| SocketAddr::new(a, 0)).collect();
            if permitted.is_empty() {
                return Err(Box::new(Blocked::Internal) as Box<dyn std::error::Error + Send + Sync>);
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// Whether an internal network may be allowed by the operator. This machine itself and what has no host are none.
///
/// # Errors
/// What it overlaps with.
pub fn may_be_allowed(network: &IpNet) -> Result<(), &'static str> {
    let v4 = |a, b, c, d, len| IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), len));
    let v6 = |first, len| IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0), len));
    let never = [
        (v4(0, 0, 0, 0, 8), "this machine itself"),
        (v4(127, 0, 0, 0, 8), "this machine itself"),
        (v4(169, 254, 0, 0, 16), "link-local addresses, where clouds keep their secrets"),
        (v4(224, 0, 0, 0, 3), "multicast and reserved addresses"),
        // ::1, mapped and translated addresses: their IPv4 form is the one that counts.
        (v6(0, 8), "this machine itself, or IPv4 addresses in another form"),
        (v6(0xfe80, 10), "link-local addresses"),
        (v6(0xff00, 8), "multicast addresses"),
    ];
    let overlaps = |other: &IpNet| network.contains(other) || other.contains(network);
    match never.iter().find(|(other, _)| overlaps(other)) {
        Some((_, what)) => Err(what),
        None => Ok(()),
    }
}

/// Whether an address belongs to the public internet (the special-purpose registries of RFC 6890).
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(a: Ipv4Addr) -> bool {
    let [first, second, third, _] = a.octets();
    let shared = first == 100 && (64..128).contains(&second);
    let protocol = first == 192 && second == 0 && third == 0;
    let relay = first == 192 && second == 88 && third == 99;
    let benchmark = first == 198 && (second == 18 || second == 19);
    !(a.is_private()
        || a.is_loopback()
        || a.is_link_local()
        || a.is_broadcast()
        || a.is_documentation()
        || a.is_multicast()
        || first == 0
        || first >= 240
        || shared
        || protocol
        || relay
        || benchmark)
}

fn is_public_v6(a: Ipv6Addr) -> bool {
    let s = a.segments();
    let carried =
        |high: u16, low: u16| is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    // Addresses that carry an IPv4 address inside are judged by that one: NAT64, 6to4, ISATAP.
    if s[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return carried(s[6], s[7]);
    }
    if s[0] == 0x2002 {
        return carried(s[1], s[2]);
    }
    if matches!(s[4], 0 | 0x200) && s[5] == 0x5efe && !carried(s[6], s[7]) {
        return false;
    }
    let global = s[0] & 0xe000 == 0x2000;
    let documentation = (s[0] == 0x2001 && s[1] == 0xdb8) || (s[0] == 0x3fff && s[1] < 0x1000);
    // 2001::/23: Teredo, benchmarks, ORCHID and other protocols; nobody's servers.
    let protocol = s[0] == 0x2001 && s[1] < 0x200;
    global && !documentation && !protocol
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn strict() -> Guard {
        false.into()
    }

    fn check(url: &str) -> Result<(), Blocked> {
        strict().check(&Url::parse(url).unwrap(), Speech::Private)
    }

    #[test]
    fn internal_addresses_are_blocked() {
        for internal in [
            "https://127.0.0.1/",
            "https://10.1.2.3/",
            "https://172.16.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://192.88.99.1/",
            "https://198.51.100.7/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            // One address, written otherwise.
            "https://0x7f000001/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://017700000001/",
            "https://127.1/",
            "https://127.0.0.1./",
            "https://%31%32%37.0.0.1/",
            "https://\u{ff11}\u{ff12}\u{ff17}.0.0.1/",
            // IPv4 inside IPv6.
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a00:1]/",
            "https://[::7f00:1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[64:ff9b:1::808:808]/",
            "https://[2002:7f00:1::]/",
            "https://[2002:a00:1::1]/",
            "https://[2001:b000::5efe:10.0.0.1]/",
            "https://[2001:0:808:808::]/",
            "https://[fc00::1]/",
            "https://[fd12:3456::1]/",
            "https://[fe80::1]/",
            "https://[fec0::1]/",
            "https://[ff02::1]/",
            "https://[2001:db8::1]/",
            "https://[3fff:fff::1]/",
            "https://[100::1]/",
            "https://[5f00::1]/",
            // Names.
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost./",
            "https://metadata.google.internal/",
            "https://printer.local/",
            "https://router.home.arpa/",
        ] {
            assert_eq!(check(internal), Err(Blocked::Internal), "{internal}");
        }
        for public in [
            "https://dp.example/",
            "https://notlocalhost/",
            "https://8.8.8.8/",
            "https://[2606:4700::1111]/",
            "https://[64:ff9b::808:808]/",
            "https://dp.example:8443/",
            "https://dp.example:1024/",
        ] {
            assert_eq!(check(public), Ok(()), "{public}");
        }
    }

    #[test]
    fn schemes_names_and_ports_are_checked() {
        for plain in ["http://dp.example/", "ftp://dp.example/", "file:///etc/passwd", "gopher://dp.example/"]
        {
            assert_eq!(check(plain), Err(Blocked::Scheme), "{plain}");
        }
        for named in ["https://user@dp.example/", "https://:word@dp.example/", "https://dp.example@8.8.8.8/"]
        {
            assert_eq!(check(named), Err(Blocked::UserInfo), "{named}");
        }
        for port in [1, 22, 25, 80, 389, 445, 993, 1_023] {
            assert_eq!(check(&format!("https://dp.example:{port}/")), Err(Blocked::Port), "{port}");
        }
        let signed = |url: &str| strict().check(&Url::parse(url).unwrap(), Speech::Signed);
        assert_eq!(signed("http://crl.example/ca.crl"), Ok(()));
        assert_eq!(signed("http://crl.example:8080/ca.crl"), Ok(()));
        assert_eq!(signed("https://crl.example:80/ca.crl"), Err(Blocked::Port));
        assert_eq!(signed("http://crl.example:25/"), Err(Blocked::Port));
        assert_eq!(signed("ldap://crl.example/"), Err(Blocked::Scheme));
        assert_eq!(signed("http://127.0.0.1/ca.crl"), Err(Blocked::Internal));
    }

    #[test]
    fn networks_that_are_allowed_are_reached_and_nothing_else_inside() {
        let guard = Guard::new(false, vec!["10.20.0.0/16".parse().unwrap(), "fd00:20::/32".parse().unwrap()]);
        let check = |url: &str| guard.check(&Url::parse(url).unwrap(), Speech::Private);
        for inside in [
            "https://10.20.3.4/",
            "https://[::ffff:10.20.3.4]/",
            "https://[fd00:20::1]/",
            "https://dp.internal/",
        ] {
            assert_eq!(check(inside), Ok(()), "{inside}");
        }
        for outside in
            ["https://10.21.0.1/", "https://127.0.0.1/", "https://[fd00:21::1]/", "https://a.localhost/"]
        {
            assert_eq!(check(outside), Err(Blocked::Internal), "{outside}");
        }
        assert_eq!(
            check("https://[64:ff9b::a14:304]/"),
            Err(Blocked::Internal),
            "translated, it is another address"
        );
        assert_eq!(check("https://10.20.3.4:22/"), Err(Blocked::Port));
        for never in
            ["127.0.0.0/8", "0.0.0.0/0", "169.254.169.254/32", "::/0", "::1/128", "fe80::/64", "ff02::1/128"]
        {
            assert!(may_be_allowed(&never.parse().unwrap()).is_err(), "{never}");
        }
        for fine in ["10.0.0.0/8", "172.16.0.0/12", "192.168.7.0/24", "fd00::/8", "100.64.0.0/10"] {
            assert_eq!(may_be_allowed(&fine.parse().unwrap()), Ok(()), "{fine}");
        }
    }

    #[tokio::test]
    async fn names_that_lead_inside_do_not_resolve() {
        let name: Name = "localhost".parse().unwrap();
        assert!(strict().resolve(name).await.is_err());
    }

    proptest! {
        #[test]
        fn no_form_of_an_internal_address_is_public(rest in any::<[u8; 3]>(), net in 0usize..8, form in 0usize..5) {
            let [a, b, c] = rest;
            let v4 = match net {
                0 => Ipv4Addr::new(10, a, b, c),
                1 => Ipv4Addr::new(127, a, b, c),
                2 => Ipv4Addr::new(172, 16 | (a & 15), b, c),
                3 => Ipv4Addr::new(192, 168, b, c),
                4 => Ipv4Addr::new(169, 254, b, c),
                5 => Ipv4Addr::new(100, 64 | (a & 63), b, c),
                6 => Ipv4Addr::new(224 | (a & 31), a, b, c),
                _ => Ipv4Addr::new(0, a, b, c),
            };
            let [p, q, r, s] = v4.octets().map(u16::from);
            let (high, low) = (p << 8 | q, r << 8 | s);
            let address: IpAddr = match form {
                0 => v4.into(),
                1 => v4.to_ipv6_mapped().into(),
                2 => Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low).into(),
                3 => Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1).into(),
                _ => Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low).into(),
            };
            prop_assert!(!is_public(address), "{address}");
            let host = if let IpAddr::V6(v6) = address { format!("[{v6}]") } else { address.to_string() };
            let url = format!("https://{host}/");
            prop_assert_eq!(check(&url), Err(Blocked::Internal));
        }

        #[test]
        fn every_way_to_write_an_ipv4_address_is_one_address(bits in any::<u32>()) {
            let address = Ipv4Addr::from(bits);
            let [a, b, c, d] = address.octets();
            let plain = check(&format!("https://{address}/"));
            for other in [
                format!("https://{bits}/"),
                format!("https://{bits:#x}/"),
                format!("https://{bits:#o}/").replace("0o", "0"),
                format!("https://{a:#x}.{b}.{c:#x}.{d}./"),
                format!("https://{a}.{}/", bits & 0xff_ffff),
                format!("https://[::ffff:{a}.{b}.{c}.{d}]/"),
            ] {
                prop_assert_eq!(check(&other), plain, "{}", other);
            }
        }

        #[test]
        fn outside_2000_slash_3_only_translated_addresses_are_public(bits in any::<u128>()) {
            let address = Ipv6Addr::from(bits);
            let first = address.segments()[0];
            if first & 0xe000 != 0x2000 && first != 0x64 && address.to_ipv4_mapped().is_none() {
                prop_assert!(!is_public(address.into()), "{address}");
            }
        }
    }
}
