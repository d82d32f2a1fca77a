//! A listener's own TLS: 1.2 and 1.3 with the ciphers that give forward secrecy and authenticated encryption, none other
//! being built in. Certificate and key are read again while connections go on: a new one serves the next handshake.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{
    CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::server::{ServerSessionMemoryCache, WebPkiClientVerifier};
use tokio_rustls::rustls::{
    DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig, SignatureScheme,
};

use crate::files::{FileFault, Watched};

/// Handshakes that can be taken up again.
const SESSIONS: usize = 4_096;

/// Whether callers are asked for a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Nobody is.
    Nobody,
    /// Everybody is, and may have none. What is presented is proven to be the caller's, but not judged: that is done
    /// request by request, where a refusal can say why.
    Everybody,
    /// Everybody is, and may have none; one from other roots than those in this file (PEM) ends the handshake. Browsers
    /// offer only what suits these roots.
    From(PathBuf),
}

/// Certificate and key of a listener.
#[derive(Clone, Debug)]
pub struct ServerTls(Arc<Watched<ServerConfig>>);

impl ServerTls {
    /// Reads a certificate with those between it and its root (PEM), and its key (PEM).
    ///
    /// # Errors
    /// A file cannot be used.
    pub fn read(certificate: &Path, key: &Path, ask: Ask) -> Result<Self, FileFault> {
        let mut files = vec![certificate.to_owned(), key.to_owned()];
        if let Ask::From(roots) = &ask {
            files.push(roots.clone());
        }
        let make = move |contents: &[(&Path, Vec<u8>)]| {
            let [certificate, key, roots @ ..] = contents else {
                unreachable!("two files at least are named")
            };
            let asked = match (&ask, roots.first()) {
                (Ask::Nobody, _) => None,
                (Ask::Everybody, _) | (Ask::From(_), None) => Some(Arc::new(Anybody::new()) as _),
                (Ask::From(_), Some((path, pem))) => Some(from_roots(path, pem)?),
            };
            config((certificate.0, &certificate.1), (key.0, &key.1), asked)
        };
        Watched::new(files, make).map(|watched| Self(Arc::new(watched)))
    }

    /// Looks at the files; says whether a new certificate holds now.
    ///
    /// # Errors
    /// See [`Watched::look`].
    pub fn look(&self) -> Result<bool, FileFault> {
        self.0.look()
    }

    /// Why the files as they are cannot be used; nothing where they are.
    pub fn fault(&self) -> Option<FileFault> {
        self.0.fault()
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.0.get()
    }
}

/// The certificates of a PEM file, at least one.
///
/// # Errors
/// There is none, or one cannot be read.
pub fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, FileFault> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| FileFault::content(path, format_args!("a certificate cannot be read: {error}")))?;
    if found.is_empty() {
        return Err(FileFault::content(path, "holds no certificate in PEM"));
    }
    Ok(found)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn config(
    certificate: (&Path, &[u8]),
    key: (&Path, &[u8]),
    asked: Option<Arc<dyn ClientCertVerifier>>,
) -> Result<ServerConfig, FileFault> {
    let chain = certificates(certificate.0, certificate.1)?;
    let secret = PrivateKeyDer::from_pem_slice(key.1)
        .map_err(|error| FileFault::content(key.0, format_args!("holds no private key in PEM: {error}")))?;
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| FileFault::content(certificate.0, error))?;
    let builder = match asked {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let pair = format_args!("cannot be used with {}: ", key.0.display()).to_string();
    let mut config = builder
        .with_single_cert(chain, secret)
        .map_err(|error| FileFault::content(certificate.0, format_args!("{pair}{error}")))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
    Ok(config)
}

fn from_roots(path: &Path, pem: &[u8]) -> Result<Arc<dyn ClientCertVerifier>, FileFault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, pem)? {
        roots.add(certificate).map_err(|error| FileFault::content(path, error))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
        .allow_unauthenticated()
        .build()
        .map_err(|error| FileFault::content(path, error))?;
    Ok(verifier)
}

/// Takes every certificate whose key the caller is shown to have.
struct Anybody(Arc<CryptoProvider>);

impl Anybody {
    fn new() -> Self {
        Self(provider())
    }
}

impl fmt::Debug for Anybody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Anybody")
    }
}

impl ClientCertVerifier for Anybody {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    // None: pinned certificates may come from anywhere, and many clients send nothing that is not from a root named here.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _between: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
