//! The sockets of a configuration.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::config::Config;
use crate::platform::StartError;

/// Sockets that are listened on, not served yet.
#[derive(Debug)]
pub struct Listeners {
    /// For everybody.
    pub main: TcpListener,
    /// For partners.
    pub partner: Option<TcpListener>,
    /// Plain http that only points to https.
    pub redirect: Option<TcpListener>,
}

impl From<TcpListener> for Listeners {
    fn from(main: TcpListener) -> Self {
        Self { main, partner: None, redirect: None }
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })
}

impl Listeners {
    /// All that the configuration names.
    ///
    /// # Errors
    /// An address cannot be listened on.
    pub async fn bind(config: &Config) -> Result<Self, StartError> {
        Self::from(bind(config.listen).await?).complete(config).await
    }

    /// Adds those that the configuration names and that are not there yet, and says in it where all of them are.
    pub(crate) async fn complete(mut self, config: &Config) -> Result<Self, StartError> {
        if let (None, Some(address)) = (&self.partner, config.partner.listen) {
            self.partner = Some(bind(address).await?);
        }
        if let (None, Some(address)) = (&self.redirect, config.tls.redirect_listen) {
            self.redirect = Some(bind(address).await?);
        }
        Ok(self)
    }
}

/// Where a socket listens.
pub(crate) fn address(listener: &TcpListener, meant: SocketAddr) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|source| StartError::Listen { address: meant, source })
}
