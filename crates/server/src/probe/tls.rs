//! The handshake, and what is to be said of the certificate. The certificate is judged by the same roots as that of a real
//! call, and afterwards, so that a test can tell an expired one from a foreign one; nothing is sent over the connection.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mydata_domain::Time;
use mydata_domain::calendar::{day_of, days_between, roc};
use mydata_domain::health::{Fault, FaultKind, Figure};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, RootCertStore,
    SignatureScheme,
};
use url::{Host, Url};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::{Found, late};
use crate::outbound::credentials::Credentials;
use crate::outbound::registered::NotCalled;

/// So many names of a certificate are shown.
const SHOWN_NAMES: usize = 5;

/// A handshake that ended well, apart from the certificate.
#[derive(Debug)]
pub struct Shaken {
    leaf: Vec<u8>,
    judged: Result<(), Error>,
}

/// Lets every certificate pass, and remembers what the real judge says.
#[derive(Debug)]
struct Remembering {
    judge: Arc<dyn ServerCertVerifier>,
    seen: Mutex<Option<Shaken>>,
}

impl ServerCertVerifier for Remembering {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged = self.judge.verify_server_cert(leaf, between, name, ocsp, now).map(drop);
        let seen = Shaken { leaf: leaf.as_ref().to_vec(), judged };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}

/// Shakes hands, shows the platform's certificate, and judges by the roots that are trusted, as real calls do: by those that
/// are registered (PEM), and no others, where there are any.
pub(super) async fn shake(
    stream: TcpStream,
    url: &Url,
    limit: Duration,
    credentials: &Credentials,
    registered: Option<&str>,
) -> Found<Shaken> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let judge: Arc<dyn ServerCertVerifier> = match registered {
        Some(pem) => {
            let bad = || Fault::new(FaultKind::CertificateBad, NotCalled::Roots);
            let mut roots = RootCertStore::empty();
            for root in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                roots.add(root.map_err(|_| bad())?).map_err(|_| bad())?;
            }
            let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.build().map_err(|_| bad())?
        }
        None => {
            let roots = credentials.roots().iter().cloned();
            Arc::new(Verifier::new_with_extra_roots(roots, provider).map_err(|e| fault(&e))?)
        }
    };
    shake_with(stream, url, limit, judge, credentials.identity()).await
}

/// [`shake`], with another judge.
pub(super) async fn shake_with(
    stream: TcpStream,
    url: &Url,
    limit: Duration,
    judge: Arc<dyn ServerCertVerifier>,
    shown: Option<&[u8]>,
) -> Found<Shaken> {
    let remembering = Arc::new(Remembering { judge, seen: Mutex::default() });
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| fault(&e))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&remembering) as Arc<dyn ServerCertVerifier>);
    let config = match shown.and_then(pair) {
        Some((chain, key)) => config.with_client_auth_cert(chain, key).map_err(|e| fault(&e))?,
        None => config.with_no_client_auth(),
    };
    let name = match url.host() {
        Some(Host::Ipv4(address)) => ServerName::from(std::net::IpAddr::from(address)),
        Some(Host::Ipv6(address)) => ServerName::from(std::net::IpAddr::from(address)),
        Some(Host::Domain(name)) => {
            ServerName::try_from(name.to_owned()).map_err(|_| FaultKind::DnsUnknown)?
        }
        None => return Err(FaultKind::DnsUnknown.into()),
    };
    let shaking = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let connected = match tokio::time::timeout(limit, shaking).await {
        Err(_) => return Err(late(FaultKind::TlsNoAnswer, limit)),
        Ok(Err(error)) => return Err(of_handshake(&error)),
        Ok(Ok(connected)) => connected,
    };
    let version = match connected.get_ref().1.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2".to_owned(),
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3".to_owned(),
        other => format!("{other:?}"),
    };
    let seen = remembering.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    let seen = seen.ok_or(FaultKind::TlsClosed)?;
    Ok((seen, vec![Figure::Tls(version)]))
}

/// A certificate with its chain, and its key, of one PEM text.
fn pair(pem: &[u8]) -> Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()?;
    Some((chain, PrivateKeyDer::from_pem_slice(pem).ok()?))
}

fn of_handshake(error: &io::Error) -> Fault {
    if let Some(error) = rustls_error(error) {
        return match error {
            Error::InvalidMessage(_) => FaultKind::TlsNotSpoken.into(),
            other => Fault::new(FaultKind::TlsRefused, other),
        };
    }
    FaultKind::TlsClosed.into()
}

/// What TLS says, inside an error of the connection.
pub(super) fn rustls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<Error>())
}

/// What is to be said of the certificate.
pub(super) fn judge(shaken: &Shaken, now: Time) -> Found<()> {
    let read = Certificate::from_der(&shaken.leaf).ok();
    if let Err(error) = &shaken.judged {
        let mut found = fault(error);
        if let Some(certificate) = &read
            && matches!(found.kind, FaultKind::CertificateExpired | FaultKind::CertificateName)
        {
            found = Fault::new(
                found.kind,
                match found.kind {
                    FaultKind::CertificateExpired => roc(day_of(ends(certificate))),
                    _ => names(certificate),
                },
            );
        }
        return Err(found);
    }
    let Some(certificate) = read else { return Err(FaultKind::CertificateBad.into()) };
    let left = days_between(day_of(now), day_of(ends(&certificate)));
    let figures = vec![
        Figure::DaysLeft(i64::from(left)),
        Figure::Names(names(&certificate)),
        Figure::Issuer(certificate.tbs_certificate.issuer.to_string()),
    ];
    Ok(((), figures))
}

fn ends(certificate: &Certificate) -> Time {
    Time::from(certificate.tbs_certificate.validity.not_after.to_system_time())
}

fn names(certificate: &Certificate) -> String {
    let found = certificate.tbs_certificate.get::<SubjectAltName>().ok().flatten();
    let one = |name: &GeneralName| match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(bytes) => match bytes.as_bytes() {
            [a, b, c, d] => Some(std::net::Ipv4Addr::new(*a, *b, *c, *d).to_string()),
            bytes => {
                let octets: [u8; 16] = bytes.try_into().ok()?;
                Some(std::net::Ipv6Addr::from(octets).to_string())
            }
        },
        _ => None,
    };
    let names: Vec<String> = found
        .map(|(_, names)| names.0.iter().filter_map(one).take(SHOWN_NAMES).collect())
        .unwrap_or_default();
    if names.is_empty() { certificate.tbs_certificate.subject.to_string() } else { names.join(", ") }
}

/// What an error of TLS means.
pub(super) fn fault(error: &Error) -> Fault {
    use CertificateError as E;
    let Error::InvalidCertificate(why) = error else {
        return Fault::new(FaultKind::TlsRefused, error);
    };
    let kind = match why {
        E::Expired | E::ExpiredContext { .. } => FaultKind::CertificateExpired,
        E::NotValidYet | E::NotValidYetContext { .. } => FaultKind::CertificateTooEarly,
        E::NotValidForName | E::NotValidForNameContext { .. } => FaultKind::CertificateName,
        E::UnknownIssuer | E::BadSignature => FaultKind::CertificateUnknown,
        E::Revoked => FaultKind::CertificateRevoked,
        other => return Fault::new(FaultKind::CertificateBad, other),
    };
    kind.into()
}
