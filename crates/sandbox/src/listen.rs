//! Listening on the loopback address, and stopping again.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use mydata_listen::{Limits, ServerTls, Settings};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

use crate::SandboxError;

/// How long open requests may go on after the sandbox was told to stop.
const GRACE: Duration = Duration::from_millis(500);

/// A port that is taken but not served yet: its address can be written into the registry first.
#[derive(Debug)]
pub struct Port {
    listener: TcpListener,
    address: SocketAddr,
}

impl Port {
    /// Takes a port on 127.0.0.1; 0 means any.
    pub async fn take(port: u16, who: &'static str) -> Result<Self, SandboxError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(|source| SandboxError::Port { who, port, source })?;
        let address = listener.local_addr().map_err(|source| SandboxError::Port { who, port, source })?;
        Ok(Self { listener, address })
    }

    /// The base URL of what will be served here, with a slash at its end.
    pub fn url(&self, tls: bool) -> Url {
        let scheme = if tls { "https" } else { "http" };
        Url::parse(&format!("{scheme}://{}/", self.address)).expect("an address and port make a URL")
    }
}

/// The programs that are being served.
#[derive(Debug)]
pub struct Serving {
    stop: watch::Sender<bool>,
    programs: Vec<JoinHandle<()>>,
}

impl Serving {
    /// None yet.
    pub fn new() -> Self {
        Self { stop: watch::Sender::new(false), programs: Vec::new() }
    }

    /// Serves `router` on `port` until stopped, with TLS where there is some.
    pub fn add(&mut self, port: Port, router: Router, tls: Option<ServerTls>) {
        // All the world is one address here.
        let limits = Limits {
            grace: GRACE,
            connections_per_address: usize::MAX,
            requests_per_address: usize::MAX,
            ..Limits::default()
        };
        let settings = Settings { tls, ..Settings::plain(limits) };
        let serving = mydata_listen::serve(port.listener, router, settings, self.stop.subscribe());
        self.programs.push(tokio::spawn(async move {
            serving.await;
        }));
    }

    /// Tells all to stop, gives them a moment, then ends what still hangs.
    pub async fn stop(&mut self) {
        self.stop.send_replace(true);
        // Each ends by itself within its grace; a bit later at the latest.
        let end = tokio::time::Instant::now() + 2 * GRACE;
        for mut program in self.programs.drain(..) {
            if tokio::time::timeout_at(end, &mut program).await.is_err() {
                program.abort();
            }
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        for program in &self.programs {
            program.abort();
        }
    }
}
