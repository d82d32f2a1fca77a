//! TLS between everybody in the sandbox: an authority of its own, a certificate for each listener, and one for each party
//! that calls another.
//!
//! The authority is made at the first start and kept in the data folder, so that a browser need be told of it once; it can
//! vouch for this machine's own names only. Everything else is made anew at every start.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use mydata_listen::ServerTls;
use mydata_listen::client::Presented;
use mydata_listen::files::FileFault;
use mydata_listen::tls::Ask;
use mydata_wire::Random;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints,
};

use crate::Clock;
use crate::ca::{CaError, params};
use crate::data::DataFolder;

/// The names that the authority can vouch for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// The platform's name as a client.
const PLATFORM: &str = "MyData demo platform";
/// As the Gregorian calendar has it on average.
const SECONDS_PER_YEAR: u64 = 31_556_952;

/// The files that the platform is configured with.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The authority's certificate: what a browser has to trust.
    pub ca: PathBuf,
    /// The platform's certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// What the platform shows when it calls others.
    pub client_certificate: PathBuf,
    /// Its key.
    pub client_key: PathBuf,
}

/// The authority.
pub(crate) struct Authority {
    folder: DataFolder,
    random: Arc<dyn Random>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    years: (i32, i32),
}

/// What a party shows when it calls.
pub(crate) struct Shown {
    /// Certificate and key, PEM.
    pub pem: String,
    /// As it stands in the registry.
    pub registered: String,
}

impl Authority {
    /// The authority kept in `folder`, made when it is not there yet.
    pub(crate) fn open(folder: DataFolder, clock: &Clock, random: Arc<dyn Random>) -> Result<Self, CaError> {
        let key = folder.keep("ca.key", || Ok::<_, CaError>(KeyPair::generate()?.serialize_pem()))?;
        let pair = KeyPair::from_pem(&key)?;
        let params = root_params(&*random);
        let pem = folder.keep("ca.pem", || Ok::<_, CaError>(params.self_signed(&pair)?.pem()))?;
        Ok(Self { folder, pem, issuer: Issuer::new(params, pair), years: years(clock()), random })
    }

    /// Its certificate, PEM.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// Its key once more, for what it publishes.
    pub(crate) fn issuer_again(&self) -> Result<Issuer<'static, KeyPair>, CaError> {
        let key = std::fs::read_to_string(self.folder.path().join("ca.key"))?;
        Ok(Issuer::new(root_params(&*self.random), KeyPair::from_pem(&key)?))
    }

    /// A certificate for a listener: its file and its key's.
    fn server(&self, name: &str) -> Result<(PathBuf, PathBuf), CaError> {
        let mut params = self.params(name, name, ExtendedKeyUsagePurpose::ServerAuth);
        params.subject_alt_names = CertificateParams::new(NAMES.map(str::to_owned))?.subject_alt_names;
        self.issue(name, &params).map(|(certificate, key, _)| (certificate, key))
    }

    /// What a party shows when it calls; registered by its fingerprint, or by its name.
    pub(crate) fn client(&self, name: &str, by_name: bool) -> Result<Shown, CaError> {
        let organisation = format!("Demo {name}");
        let common_name = format!("{name}.demo.example");
        let params = self.params(&common_name, &organisation, ExtendedKeyUsagePurpose::ClientAuth);
        let (_, key, certificate) = self.issue(&format!("{name}-client"), &params)?;
        let key = std::fs::read_to_string(key)?;
        let registered = if by_name {
            format!("subject:CN={common_name},O={organisation},C=TW")
        } else {
            let sha256 = mydata_listen::client::sha256(certificate.der());
            let digits: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("sha256:{digits}")
        };
        Ok(Shown { pem: format!("{}\n{key}", certificate.pem()), registered })
    }

    /// The platform's files.
    pub(crate) fn platform(&self) -> Result<TlsFiles, CaError> {
        let (certificate, key) = self.server("platform")?;
        let params = self.params(PLATFORM, PLATFORM, ExtendedKeyUsagePurpose::ClientAuth);
        let (client_certificate, client_key, _) = self.issue("platform-client", &params)?;
        let ca = self.folder.path().join("ca.pem");
        Ok(TlsFiles { ca, certificate, key, client_certificate, client_key })
    }

    /// A listener's TLS; callers may show a certificate of this authority.
    pub(crate) fn listening(&self, name: &str) -> Result<ServerTls, TlsError> {
        let (certificate, key) = self.server(name)?;
        Ok(ServerTls::read(&certificate, &key, Ask::From(self.folder.path().join("ca.pem")))?)
    }

    fn params(
        &self,
        common_name: &str,
        organisation: &str,
        usage: ExtendedKeyUsagePurpose,
    ) -> CertificateParams {
        let mut params = params(common_name, organisation, self.years, &*self.random);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        params
    }

    fn issue(
        &self,
        name: &str,
        params: &CertificateParams,
    ) -> Result<(PathBuf, PathBuf, rcgen::Certificate), CaError> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        self.folder.write(&format!("{name}.pem"), certificate.pem().as_bytes())?;
        self.folder.write(&format!("{name}.key"), key.serialize_pem().as_bytes())?;
        let path = |end: &str| self.folder.path().join(format!("{name}.{end}"));
        Ok((path("pem"), path("key"), certificate))
    }
}

fn root_params(random: &dyn Random) -> CertificateParams {
    let mut params = params("MyData 沙箱 TLS 憑證機構", "示範憑證機構", (2020, 2050), random);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::V4([127, 0, 0, 0], [255, 0, 0, 0])),
            GeneralSubtree::IpAddress(CidrSubnet::V6(std::net::Ipv6Addr::LOCALHOST.octets(), [255; 16])),
        ],
        excluded_subtrees: Vec::new(),
    });
    params
}

/// The sandbox's TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A certificate cannot be made.
    #[error(transparent)]
    Ca(#[from] CaError),
    /// One that was made cannot be used.
    #[error(transparent)]
    File(#[from] FileFault),
}

/// From the first day of this year to the last of the next: browsers refuse certificates of many years.
fn years(now: SystemTime) -> (i32, i32) {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // Two days early, for an average year does not begin on New Year's Day.
    let year = 1970 + seconds.saturating_sub(2 * 24 * 3_600) / SECONDS_PER_YEAR;
    let year = i32::try_from(year).unwrap_or(2050);
    (year, year + 2)
}

/// A client for this machine: no proxy, no redirects. It trusts the authority alone – or nobody, for plain http – and shows
/// what the party has.
pub(crate) fn client(
    authority: Option<&str>,
    shown: Option<&Shown>,
) -> Result<reqwest::Client, reqwest::Error> {
    let trusted = authority.map(|pem| reqwest::Certificate::from_pem(pem.as_bytes())).transpose()?;
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only(trusted)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(std::time::Duration::from_secs(5))
        .read_timeout(std::time::Duration::from_secs(60));
    if let Some(shown) = shown {
        builder = builder.identity(reqwest::Identity::from_pem(shown.pem.as_bytes())?);
    }
    builder.build()
}

/// Lets nobody but the platform, by its client certificate, reach these paths of a router; with none named, any path.
pub(crate) fn platform_only(router: Router, paths: &[&str]) -> Router {
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    router.layer(from_fn(move |request: Request, next: Next| {
        let path = request.uri().path();
        let guarded = paths.is_empty() || paths.iter().any(|guarded| guarded == path);
        let is_platform = !guarded || shows_platform(&request);
        async move { if is_platform { next.run(request).await } else { refused() } }
    }))
}

fn shows_platform(request: &Request) -> bool {
    // The handshake has let in certificates of the sandbox's own authority only.
    let subject = request.extensions().get::<Presented>().and_then(Presented::subject);
    subject.is_some_and(|subject| subject == format!("CN={PLATFORM},O={PLATFORM},C=TW"))
}

fn refused() -> Response {
    let said = "Only the platform may call here: its client certificate was not presented.\n";
    (StatusCode::UNAUTHORIZED, said).into_response()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn certificates_begin_before_today_and_end_after_a_year() {
        let at = |days: u64| years(UNIX_EPOCH + Duration::from_secs(days * 86_400));
        // 2026-01-01 is day 20,454.
        assert_eq!(at(20_454), (2025, 2027));
        assert_eq!(at(20_460), (2026, 2028));
        assert_eq!(at(20_454 - 1), (2025, 2027));
    }
}
