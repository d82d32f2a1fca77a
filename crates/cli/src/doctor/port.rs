//! The address to listen on: free, or the platform's own.

use std::io::ErrorKind;
use std::time::Duration;

use mydata_server::Config;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::report::Report;

const SUBJECT: &str = "listen";
/// How long what has the address may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(3);

/// Takes the address for a moment, or asks who has it.
pub async fn check(config: &Config, running: bool, report: &mut Report) {
    let listen = config.listen;
    let error = match TcpListener::bind(listen).await {
        Ok(_) if running => {
            return report.warn(
                SUBJECT,
                format!("a platform has the data folder, but nobody listens on {listen}"),
                "look whether it runs with another listen, and correct the configuration",
            );
        }
        Ok(_) => return report.ok(SUBJECT, format!("{listen} is free")),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::AddrInUse if running && config.tls.certificate.is_some() => {
            report.ok(SUBJECT, format!("{listen} is taken, and a platform runs on the data folder"));
        }
        ErrorKind::AddrInUse if is_platform(config).await => {
            report.ok(SUBJECT, format!("{listen} is taken by a running platform, as it should be"));
        }
        ErrorKind::AddrInUse => report.fail(
            SUBJECT,
            format!("{listen} is taken by another program"),
            "stop that program, or set listen to another port",
        ),
        ErrorKind::PermissionDenied => report.fail(
            SUBJECT,
            format!("{listen} may not be listened on: ports below 1024 need a privilege"),
            "set listen to a higher port behind a proxy, or grant CAP_NET_BIND_SERVICE",
        ),
        ErrorKind::AddrNotAvailable => report.fail(
            SUBJECT,
            format!("{listen} is no address of this machine"),
            "set listen to one of this machine's addresses, or 0.0.0.0 for all",
        ),
        _ => report.fail(
            SUBJECT,
            format!("{listen} cannot be listened on: {error}"),
            "set listen to another address",
        ),
    }
}

/// A platform refuses to hand out data without a ticket in its own words.
async fn is_platform(config: &Config) -> bool {
    let mut address = config.listen;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET /service/data HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(8 * 1024).read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    match timeout(PATIENCE, asked).await {
        Ok(Ok(answer)) => {
            let answer = String::from_utf8_lossy(&answer).to_ascii_lowercase();
            answer.starts_with("http/1.1 4") && answer.contains("application/problem+json")
        }
        _ => false,
    }
}
