//! The PROXY protocol, versions 1 and 2, as haproxy's specification has it: a proxy that passes bytes on says first for
//! whom. It is read where it is expected, and from proxies that are trusted only; nothing but addresses is taken from it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// How version 2 begins.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The longest header of version 1, line end included.
const LINE: usize = 107;
/// The longest header of version 2 that is read, behind its first 16 bytes: addresses and whatever a proxy adds.
const MOST: usize = 4 * 1024;

/// Why a connection's first bytes are no header of the PROXY protocol.
#[derive(Debug, thiserror::Error)]
pub enum ProxyFault {
    /// It ended before, or broke.
    #[error("the connection broke before the PROXY header was there: {0}")]
    Io(#[from] std::io::Error),
    /// It begins with something else.
    #[error(
        "the connection does not begin with a PROXY header; let the proxy send one, or set proxy_protocol = false"
    )]
    Missing,
    /// It cannot be read.
    #[error("the PROXY header cannot be read: {0}")]
    Malformed(&'static str),
}

/// Reads the header, and not a byte more. `None`: the proxy speaks for itself, as in a health check.
///
/// # Errors
/// [`ProxyFault`]: the connection cannot be used.
pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<SocketAddr>, ProxyFault> {
    let mut head = [0; 12];
    stream.read_exact(&mut head).await?;
    if head == SIGNATURE {
        return version_2(stream).await;
    }
    if head.starts_with(b"PROXY ") {
        return version_1(stream, &head).await;
    }
    Err(ProxyFault::Missing)
}

async fn version_1(
    stream: &mut (impl AsyncRead + Unpin),
    begun: &[u8],
) -> Result<Option<SocketAddr>, ProxyFault> {
    let mut line = begun.to_vec();
    // One by one: what follows belongs to whoever speaks next.
    while !line.ends_with(b"\r\n") {
        if line.len() >= LINE {
            return Err(ProxyFault::Malformed("its line is too long"));
        }
        line.push(stream.read_u8().await?);
    }
    let line = std::str::from_utf8(&line[..line.len() - 2])
        .map_err(|_| ProxyFault::Malformed("its line is no ASCII"))?;
    let words: Vec<&str> = line.split(' ').collect();
    let bad = ProxyFault::Malformed("its line is not PROXY TCP4|TCP6 source destination port port");
    let [_, family, source, destination, port, to_port] = words[..] else {
        return if words.get(1) == Some(&"UNKNOWN") { Ok(None) } else { Err(bad) };
    };
    let address = |text: &str| -> Option<IpAddr> {
        match family {
            "TCP4" => text.parse().ok().map(IpAddr::V4),
            "TCP6" => text.parse().ok().map(IpAddr::V6),
            _ => None,
        }
    };
    let parsed = address(source)
        .zip(address(destination))
        .zip(port.parse::<u16>().ok().zip(to_port.parse::<u16>().ok()));
    match parsed {
        Some(((source, _), (port, _))) => Ok(Some(SocketAddr::new(source, port))),
        None if family == "UNKNOWN" => Ok(None),
        None => Err(bad),
    }
}

async fn version_2(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<SocketAddr>, ProxyFault> {
    let mut fixed = [0; 4];
    stream.read_exact(&mut fixed).await?;
    let [version_and_command, family, high, low] = fixed;
    if version_and_command >> 4 != 2 {
        return Err(ProxyFault::Malformed("its version is not 2"));
    }
    let len = usize::from(u16::from_be_bytes([high, low]));
    if len > MOST {
        return Err(ProxyFault::Malformed("it is too long"));
    }
    let mut rest = vec![0; len];
    stream.read_exact(&mut rest).await?;
    match version_and_command & 0x0f {
        0 => return Ok(None),
        1 => {}
        _ => return Err(ProxyFault::Malformed("its command is neither LOCAL nor PROXY")),
    }
    let port = |at: usize| rest.get(at..at + 2).map(|b| u16::from_be_bytes([b[0], b[1]]));
    let short = ProxyFault::Malformed("its addresses are cut off");
    match family {
        0x11 => {
            let octets: Option<[u8; 4]> = rest.get(..4).and_then(|b| b.try_into().ok());
            let (octets, port) = octets.zip(port(8)).ok_or(short)?;
            Ok(Some(SocketAddr::from((Ipv4Addr::from(octets), port))))
        }
        0x21 => {
            let octets: Option<[u8; 16]> = rest.get(..16).and_then(|b| b.try_into().ok());
            let (octets, port) = octets.zip(port(32)).ok_or(short)?;
            Ok(Some(SocketAddr::from((Ipv6Addr::from(octets), port))))
        }
        0x00 => Ok(None),
        _ => Err(ProxyFault::Malformed("its family is neither TCP over IPv4 nor TCP over IPv6")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read, and what is left of the stream.
    async fn reading(bytes: &[u8]) -> (Result<Option<SocketAddr>, String>, Vec<u8>) {
        let mut stream = bytes;
        let read = read(&mut stream).await.map_err(|fault| fault.to_string());
        (read, stream.to_vec())
    }

    fn version_2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([0x20 | command, family]);
        bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        bytes.extend(body);
        bytes
    }

    #[tokio::test]
    async fn both_versions_say_who_calls_and_leave_the_rest() {
        let (read, left) = reading(b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\nGET / HTTP/1.1").await;
        assert_eq!(read, Ok(Some("203.0.113.9:4711".parse().unwrap())));
        assert_eq!(left, b"GET / HTTP/1.1");
        let (read, _) = reading(b"PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n").await;
        assert_eq!(read, Ok(Some("[2001:db8::1]:4711".parse().unwrap())));
        for itself in ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN a b c d\r\n"] {
            assert_eq!(reading(itself.as_bytes()).await.0, Ok(None), "{itself}");
        }
        let v4 = [203, 0, 113, 9, 192, 0, 2, 1, 0x12, 0x67, 1, 187];
        let mut bytes = version_2(1, 0x11, &v4);
        bytes.extend(b"\x16\x03");
        let (read, left) = reading(&bytes).await;
        assert_eq!(read, Ok(Some("203.0.113.9:4711".parse().unwrap())));
        assert_eq!(left, b"\x16\x03");
        let mut v6 = Ipv6Addr::LOCALHOST.octets().to_vec();
        v6.extend(Ipv6Addr::LOCALHOST.octets());
        v6.extend([0, 80, 1, 187, 4, 0, 1, 7]);
        assert_eq!(reading(&version_2(1, 0x21, &v6)).await.0, Ok(Some("[::1]:80".parse().unwrap())));
        assert_eq!(reading(&version_2(0, 0x11, &v4)).await.0, Ok(None), "LOCAL");
        assert_eq!(reading(&version_2(1, 0, &[])).await.0, Ok(None), "UNSPEC");
    }

    #[tokio::test]
    async fn nothing_else_is_taken_for_a_header() {
        for bad in [
            "GET / HTTP/1.1\r\n\r\n",
            "PROXY TCP4 203.0.113.9 192.0.2.1 4711\r\n",
            "PROXY TCP4 2001:db8::1 192.0.2.1 4711 443\r\n",
            "PROXY TCP4 203.0.113.9 192.0.2.1 4711 99999\r\n",
            "PROXY TCP5 203.0.113.9 192.0.2.1 4711 443\r\n",
            "PROXY TCP4 203.0.113.9",
            &format!("PROXY UNKNOWN {}\r\n", "x".repeat(200)),
        ] {
            assert!(reading(bad.as_bytes()).await.0.is_err(), "{bad}");
        }
        for bad in [version_2(2, 0x11, &[0; 12]), version_2(1, 0x11, &[0; 4]), version_2(1, 0x31, &[0; 216])]
        {
            assert!(reading(&bad).await.0.is_err(), "{bad:?}");
        }
        let mut long = SIGNATURE.to_vec();
        long.extend([0x21, 0x11, 0xff, 0xff]);
        assert!(reading(&long).await.0.unwrap_err().contains("too long"));
    }
}
