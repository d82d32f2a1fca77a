//! The host's name, the addresses that may be called, and the connection. Nothing is connected to that the outbound guard
//! would not let a real call reach.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;

use mydata_domain::health::{Fault, FaultKind, Figure};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use url::{Host, Url};

use super::{Found, Target, late};
use crate::outbound::Outbound;
use crate::outbound::guard::Blocked;
use crate::outbound::registered::NotCalled;

/// So many addresses of a host are tried.
const TRIED: usize = 4;

/// Where a host is found.
pub(super) async fn resolve(outbound: &Outbound, url: &Url, limit: Duration) -> Found<Vec<IpAddr>> {
    let name = match url.host() {
        Some(Host::Ipv4(address)) => return Ok((vec![address.into()], vec![Figure::Literal])),
        Some(Host::Ipv6(address)) => return Ok((vec![address.into()], vec![Figure::Literal])),
        Some(Host::Domain(name)) => name,
        None => return Err(FaultKind::DnsUnknown.into()),
    };
    match timeout(limit, outbound.guard().find(name)).await {
        Err(_) => Err(FaultKind::DnsSlow.into()),
        Ok(Err(_)) => Err(FaultKind::DnsUnknown.into()),
        Ok(Ok(found)) => {
            let mut found: Vec<IpAddr> = found.iter().map(IpAddr::to_canonical).collect();
            found.sort_unstable();
            found.dedup();
            if found.is_empty() {
                return Err(FaultKind::DnsUnknown.into());
            }
            Ok((found.clone(), vec![Figure::Addresses(found)]))
        }
    }
}

fn port(url: &Url) -> u16 {
    url.port_or_known_default().unwrap_or(443)
}

/// Those of the addresses that may be called: by the outbound guard, and by what is registered.
pub(crate) fn allowed(outbound: &Outbound, target: &Target, found: &[IpAddr]) -> Found<Vec<IpAddr>> {
    outbound.check(target.url()).map_err(blocked)?;
    let public: Vec<IpAddr> = found.iter().copied().filter(|address| outbound.reaches(*address)).collect();
    if public.is_empty() {
        return Err(FaultKind::AddressInternal.into());
    }
    let rows = match target {
        Target::Dataset(dataset) if !dataset.dp_ips.is_empty() || dataset.pilot.is_some() => &dataset.dp_ips,
        _ => return Ok((public, vec![Figure::AnyAddress])),
    };
    let registered: Vec<IpAddr> = public.iter().copied().filter(|address| rows.permits(*address)).collect();
    if registered.is_empty() {
        let found: Vec<String> = public.iter().map(IpAddr::to_string).collect();
        return Err(Fault::new(FaultKind::AddressNotRegistered, found.join(", ")));
    }
    Ok((registered.clone(), vec![Figure::Registered, Figure::Addresses(registered)]))
}

fn blocked(blocked: Blocked) -> Fault {
    match blocked {
        Blocked::Scheme => FaultKind::AddressPlain.into(),
        Blocked::UserInfo => FaultKind::AddressName.into(),
        Blocked::Port => FaultKind::AddressPort.into(),
        Blocked::Internal => FaultKind::AddressInternal.into(),
    }
}

/// Why a real call would not be made.
pub(super) fn not_called(why: NotCalled) -> Fault {
    match why {
        NotCalled::Blocked(why) => blocked(why),
        NotCalled::NotRegistered => FaultKind::AddressNotRegistered.into(),
        NotCalled::Unknown => FaultKind::DnsUnknown.into(),
        NotCalled::Roots => Fault::new(FaultKind::CertificateBad, why),
    }
}

/// Connects to the first address that answers.
pub(crate) async fn connect(url: &Url, addresses: &[IpAddr], limit: Duration) -> Found<TcpStream> {
    let deadline = Instant::now() + limit;
    let mut last = FaultKind::TcpUnreachable.into();
    for address in addresses.iter().take(TRIED) {
        match timeout_at(deadline, TcpStream::connect((*address, port(url)))).await {
            Err(_) => return Err(late(FaultKind::TcpNoAnswer, limit)),
            Ok(Ok(stream)) => return Ok((stream, vec![Figure::Connected(*address)])),
            Ok(Err(error)) => last = of_io(error.kind(), limit),
        }
    }
    Err(last)
}

/// Why a connection was not made.
pub(super) fn of_io(kind: ErrorKind, limit: Duration) -> Fault {
    match kind {
        ErrorKind::ConnectionRefused => FaultKind::TcpRefused.into(),
        ErrorKind::TimedOut => late(FaultKind::TcpNoAnswer, limit),
        _ => FaultKind::TcpUnreachable.into(),
    }
}
