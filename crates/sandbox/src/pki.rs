//! What the sandbox's authority publishes: its revocation list at `/pki/ca.crl`, and answers of OCSP at `/pki/ocsp`. Both are
//! made when they are asked for. One certificate is revoked: that of the faulty data provider's dataset `revoked`. Where
//! everybody speaks TLS, the authority of that publishes a list as well, at `/pki/tls.crl`; nothing is on it.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use mydata_revocation::Certificate;
use mydata_revocation::crl::{Reason, Revoked};
use mydata_revocation::ocsp::write::{Asked, Draft, refusal};
use mydata_revocation::ocsp::{RESPONSE_TYPE, Status};
use rcgen::{
    CertificateRevocationListParams, Issuer, KeyIdMethod, KeyPair, RevocationReason, RevokedCertParams,
    SerialNumber, SigningKey as _, date_time_ymd,
};
use url::Url;

use crate::Clock;
use crate::ca::{Authority, CaError, KeyAndCertificate};
use crate::tls;

/// Where the list lies.
const LIST: &str = "/pki/ca.crl";
/// Where the list of the authority for TLS lies.
const TLS_LIST: &str = "/pki/tls.crl";
/// Where OCSP is answered.
const OCSP: &str = "/pki/ocsp";
/// How long a list holds.
const LIST_LIFE: Duration = Duration::from_secs(24 * 3_600);
/// How long an answer holds.
const ANSWER_LIFE: Duration = Duration::from_secs(600);
/// Longest question.
const MAX_QUESTION: usize = 4_096;
/// sha256WithRSAEncryption, with its parameters (RFC 4055 §5).
const ALGORITHM: &[u8] = &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0b, 5, 0];

/// Where it is told which certificates of an authority are revoked.
#[derive(Debug, Clone)]
pub struct RevocationAt {
    /// The authority's subject as RFC 4514 text.
    pub issuer: String,
    /// Its responder, where it has one.
    pub ocsp: Option<Url>,
    /// Its list.
    pub crl: Url,
}

/// The publishing side of the authority.
pub(crate) struct Publisher {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
    /// What was issued, and whether it is revoked.
    issued: Vec<(Certificate, bool)>,
    clock: Clock,
}

impl Publisher {
    /// Publishes for `authority`, which issued these; `true`: it is revoked.
    pub(crate) fn new(
        authority: &Authority<'_>,
        issued: &[(KeyAndCertificate, bool)],
        clock: Clock,
    ) -> Result<Self, CaError> {
        let read = |pem: &str| Certificate::read_pem(pem.as_bytes()).map_err(|_| CaError::Unreadable);
        let issued =
            issued.iter().map(|(one, revoked)| Ok::<_, CaError>((read(&one.certificate)?, *revoked)));
        Ok(Self {
            issuer: authority.issuer_again()?,
            certificate: read(authority.pem())?,
            issued: issued.collect::<Result<_, _>>()?,
            clock,
        })
    }

    /// Where it is told, on a listener with this base address.
    pub(crate) fn at(&self, base: &Url) -> RevocationAt {
        let join = |path: &str| base.join(path).expect("a path joins a base address");
        RevocationAt { issuer: self.certificate.subject(), ocsp: Some(join(OCSP)), crl: join(LIST) }
    }

    pub(crate) fn router(self) -> Router {
        Router::new()
            .route(LIST, get(list))
            .route(OCSP, post(answer))
            .layer(DefaultBodyLimit::max(MAX_QUESTION))
            .with_state(Arc::new(self))
    }

    fn list(&self) -> Result<Vec<u8>, rcgen::Error> {
        let revoked = self.issued.iter().filter(|(_, revoked)| *revoked).map(|(one, _)| RevokedCertParams {
            serial_number: SerialNumber::from_slice(one.serial()),
            revocation_time: date_time_ymd(2026, 1, 1),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        });
        signed(&self.issuer, revoked.collect(), &self.clock)
    }

    fn answer(&self, asked: &Asked) -> Result<Vec<u8>, rcgen::Error> {
        let at: SystemTime = date_time_ymd(2026, 1, 1).into();
        let found = self.issued.iter().find(|(one, _)| one.serial() == asked.serial);
        let status = match found {
            None => Status::Unknown,
            Some((_, false)) => Status::Good,
            Some((_, true)) => Status::Revoked(Revoked { at, reason: Reason::KeyCompromise }),
        };
        let now = (self.clock)();
        let next_update = Some(now + ANSWER_LIFE);
        let responder = &self.certificate;
        Draft { asked, status, this_update: now, next_update, responder, certificates: &[] }
            .sign(ALGORITHM, |data| self.issuer.key().sign(data))
    }
}

/// The list of the authority for TLS: where it lies, and who gives it.
pub(crate) fn of_tls(
    authority: &tls::Authority,
    base: &Url,
    clock: Clock,
) -> Result<(RevocationAt, Router), CaError> {
    let certificate = Certificate::read_pem(authority.pem().as_bytes()).map_err(|_| CaError::Unreadable)?;
    let crl = base.join(TLS_LIST).expect("a path joins a base address");
    let issuer = Arc::new(authority.issuer_again()?);
    let list = move || {
        let made = made("application/pkix-crl", signed(&issuer, Vec::new(), &clock));
        async move { made }
    };
    let at = RevocationAt { issuer: certificate.subject(), ocsp: None, crl };
    Ok((at, Router::new().route(TLS_LIST, get(list))))
}

fn signed(
    issuer: &Issuer<'static, KeyPair>,
    revoked_certs: Vec<RevokedCertParams>,
    clock: &Clock,
) -> Result<Vec<u8>, rcgen::Error> {
    // Whole seconds, a moment ago: clocks differ.
    let since = clock().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().saturating_sub(60);
    let now = date_time_ymd(1970, 1, 1) + Duration::from_secs(since);
    let params = CertificateRevocationListParams {
        this_update: now,
        next_update: now + LIST_LIFE,
        crl_number: SerialNumber::from(since),
        issuing_distribution_point: None,
        revoked_certs,
        key_identifier_method: KeyIdMethod::Sha256,
    };
    Ok(params.signed_by(issuer)?.der().to_vec())
}

fn made(kind: &'static str, bytes: Result<Vec<u8>, rcgen::Error>) -> Response {
    match bytes {
        Ok(bytes) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        Err(error) => {
            tracing::error!(%error, "the sandbox's authority cannot sign");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn list(State(publisher): State<Arc<Publisher>>) -> Response {
    made("application/pkix-crl", publisher.list())
}

async fn answer(State(publisher): State<Arc<Publisher>>, question: Bytes) -> Response {
    match Asked::read(&question) {
        Ok(asked) => made(RESPONSE_TYPE, publisher.answer(&asked)),
        Err(_) => made(RESPONSE_TYPE, Ok(refusal(1))),
    }
}
