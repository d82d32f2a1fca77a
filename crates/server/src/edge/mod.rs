//! The platform's edge: which listeners there are, with which certificates and limits, and what is answered to whom they do
//! not let through. Sockets, handshakes and limits themselves are `mydata-listen`'s; no route is known here.
//!
//! | module | what |
//! | --- | --- |
//! | [`listeners`] | the sockets of a configuration |
//! | [`watch`] | files of certificates, read again while everything goes on |
//! | [`certificate`] | which client certificate a partner must present |
//! | [`unserved`] | what a request gets that a listener does not let through |

pub mod certificate;
pub mod listeners;
pub mod unserved;
pub mod watch;

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use mydata_listen::client::ClientRoots;
use mydata_listen::files::FileFault;
use mydata_listen::serve::{OnBehalf, Refused};
use mydata_listen::tls::Ask;
use mydata_listen::{ServerTls, Settings};

use crate::address;
use crate::config::Config;
use crate::ops;

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

    /// Which of the files cannot be used as they are now, by the key of the configuration, and whether that is so. What was
    /// read before still holds.
    pub fn faults(&self) -> Vec<(&'static str, Option<FileFault>)> {
        let tls = |tls: &Option<ServerTls>| tls.as_ref().and_then(ServerTls::fault);
        vec![
            ("tls.certificate", tls(&self.tls).or_else(|| tls(&self.partner_tls))),
            ("partner.client_roots", self.client_roots.fault()),
        ]
    }

    /// How the main listener works.
    pub fn main(&self, config: &Config, refused: Refused) -> Settings {
        Settings {
            limits: config.connections.limits(),
            tls: self.tls.clone(),
            proxy_protocol: config.proxy_protocol,
            trusted: config.trusted_proxies.clone(),
            on_behalf: Some(on_behalf(config)),
            beside: ops::BESIDE.to_vec(),
            refused: Some(refused),
        }
    }

    /// How the partners' listener works.
    pub fn partner(&self, config: &Config, refused: Refused) -> Settings {
        Settings {
            tls: self.partner_tls.clone(),
            proxy_protocol: config.partner.proxy_protocol,
            ..self.main(config, refused)
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

/// For whom a request comes, as the proxies that are trusted say it.
fn on_behalf(config: &Config) -> OnBehalf {
    let (trusted, header) = (config.trusted_proxies.clone(), config.proxy_header);
    Arc::new(move |peer: IpAddr, headers: &HeaderMap| address::caller(peer, headers, &trusted, header))
}
