//! The platform's edge: which listeners there are, with which certificates and limits, and what is answered when there is no
//! room. Sockets, handshakes and limits themselves are `mydata-listen`'s; no route is known here.
//!
//! | module | what |
//! | --- | --- |
//! | [`listeners`] | the sockets of a configuration |
//! | [`watch`] | files of certificates, read again while everything goes on |
//! | [`certificate`] | which client certificate a partner must present |
//! | [`busy`] | what a request gets for which there is no room |

pub mod busy;
pub mod certificate;
pub mod listeners;
pub mod watch;

use mydata_listen::client::ClientRoots;
use mydata_listen::files::FileFault;
use mydata_listen::serve::Overloaded;
use mydata_listen::tls::Ask;
use mydata_listen::{ServerTls, Settings};

use crate::config::Config;

/// The certificates of the listeners.
#[derive(Debug, Clone)]
pub struct Edge {
    /// The main listener's.
    pub tls: Option<ServerTls>,
    /// The partners' listener's: the same certificate, and clients are asked for theirs.
    pub partner_tls: Option<ServerTls>,
    /// Where client certificates that are registered by subject come from.
    pub client_roots: ClientRoots,
}

impl Edge {
    /// Reads every file.
    ///
    /// # Errors
    /// One cannot be used.
    pub fn read(config: &Config) -> Result<Self, FileFault> {
        let tls = |ask: Ask| match (&config.tls.certificate, &config.tls.key) {
            (Some(certificate), Some(key)) => ServerTls::read(certificate, key, ask).map(Some),
            _ => Ok(None),
        };
        Ok(Self {
            tls: tls(Ask::Nobody)?,
            partner_tls: if config.partner.listen.is_some() { tls(Ask::Everybody)? } else { None },
            client_roots: ClientRoots::read(&config.partner.client_roots)?,
        })
    }

    /// How the main listener works.
    pub fn main(&self, config: &Config, overloaded: Overloaded) -> Settings {
        Settings {
            limits: config.connections.limits(),
            tls: self.tls.clone(),
            proxy_protocol: config.proxy_protocol,
            trusted: config.trusted_proxies.clone(),
            overloaded: Some(overloaded),
        }
    }

    /// How the partners' listener works.
    pub fn partner(&self, config: &Config, overloaded: Overloaded) -> Settings {
        Settings {
            tls: self.partner_tls.clone(),
            proxy_protocol: config.partner.proxy_protocol,
            ..self.main(config, overloaded)
        }
    }

    /// How the listener of the operator's own tools works.
    pub fn operators(&self, config: &Config) -> Settings {
        Settings::plain(config.connections.limits())
    }

    /// How the listener works that only points to https.
    pub fn redirect(&self, config: &Config) -> Settings {
        Settings { trusted: config.trusted_proxies.clone(), ..Settings::plain(config.connections.limits()) }
    }
}
