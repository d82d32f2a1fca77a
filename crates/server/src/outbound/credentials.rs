//! What the platform shows when it calls others, SPs and DPs above all (R97), and which roots it trusts there besides the system's. The files are
//! read again while calls go on.

use std::fmt;
use std::path::{Path, PathBuf};

use mydata_listen::files::{Contents, FileFault, Watched};
use mydata_listen::tls::certificates;
use reqwest::{Certificate, Identity};
use tokio_rustls::rustls::pki_types::CertificateDer;
use zeroize::Zeroizing;

use crate::config::Outgoing;

/// See the module. `Debug` shows no key.
#[derive(Clone, Default)]
pub(crate) struct Credentials {
    identity: Option<Zeroizing<Vec<u8>>>,
    roots: Vec<CertificateDer<'static>>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({} roots)", self.roots.len())
    }
}

/// Reads the files and makes of them what calls are made with; they are looked at again whenever one wants to, and what
/// cannot be made leaves what was there.
pub(super) fn watch<T>(
    settings: &Outgoing,
    make: impl Fn(Credentials) -> Result<T, reqwest::Error> + Send + Sync + 'static,
) -> Result<Watched<T>, FileFault> {
    let pair = settings.client_certificate.clone().zip(settings.client_key.clone());
    let shown = usize::from(pair.is_some()) * 2;
    let files = pair.into_iter().flat_map(|(certificate, key)| [certificate, key]);
    let files: Vec<PathBuf> = files.chain(settings.roots.iter().cloned()).collect();
    Watched::new(files, move |contents| {
        make(Credentials::from(contents, shown)?).map_err(|error| {
            // Each can be read; it is together that they do not go, such as a key of another certificate.
            let (all, error) = (contents.iter().map(|(path, _)| path.display().to_string()), chain(&error));
            FileFault::Content { path: all.collect::<Vec<_>>().join(", "), reason: error }
        })
    })
}

/// An error with all that caused it: reqwest's own words are "builder error".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(why) = cause {
        text = format!("{text}: {why}");
        cause = why.source();
    }
    text
}

impl Credentials {
    fn from(contents: Contents<'_>, shown: usize) -> Result<Self, FileFault> {
        let (pair, roots) = contents.split_at(shown);
        let identity = match pair {
            [(path, certificate), (_, key)] => {
                certificates(path, certificate)?;
                let both = Zeroizing::new([certificate.as_slice(), b"\n", key.as_slice()].concat());
                Identity::from_pem(&both).map_err(|_| fault(path, "and its key cannot be read as PEM"))?;
                Some(both)
            }
            _ => None,
        };
        let mut trusted = Vec::new();
        for (path, pem) in roots {
            trusted.extend(certificates(path, pem)?);
        }
        Ok(Self { identity, roots: trusted })
    }

    /// The roots.
    pub(crate) fn roots(&self) -> &[CertificateDer<'static>] {
        &self.roots
    }

    /// The certificate with its chain, and the key, as one PEM text.
    pub(crate) fn identity(&self) -> Option<&[u8]> {
        self.identity.as_deref().map(Vec::as_slice)
    }

    /// Trusts the roots, and shows the certificate to whoever asks for one.
    pub(super) fn shown(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        let roots = self.roots.iter().filter_map(|root| Certificate::from_der(root).ok());
        self.identified(if self.roots.is_empty() { builder } else { builder.tls_certs_merge(roots) })
    }

    /// Shows the certificate to whoever asks for one.
    pub(super) fn identified(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        match self.identity.as_deref().and_then(|pem| Identity::from_pem(pem).ok()) {
            Some(identity) => builder.identity(identity),
            None => builder,
        }
    }
}

fn fault(path: &Path, reason: &str) -> FileFault {
    FileFault::Content { path: path.display().to_string(), reason: reason.to_owned() }
}
