//! The sandbox's certificate authority: one root, one signing certificate per data provider.
//!
//! Keys are RSA-2048, made at the first start and kept in the data folder. Nobody outside the sandbox trusts them.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, SerialNumber, date_time_ymd,
};

use crate::data::DataFolder;
use mydata_wire::Random;

/// A certificate could not be made or a kept one not be read.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// The file cannot be read or written.
    #[error("the sandbox's certificate folder cannot be used: {0}")]
    Io(#[from] std::io::Error),
    /// A kept key or certificate cannot be read, or a new one not be made.
    #[error(
        "the sandbox's certificates cannot be made or read (delete the folder `pki` to have new ones): {0}"
    )]
    Certificate(#[from] rcgen::Error),
    /// A kept certificate is none.
    #[error("a certificate of the sandbox cannot be read (delete the folder `pki` to have new ones)")]
    Unreadable,
}

/// A key (PKCS#8, PEM) and its certificate (PEM).
#[derive(Clone)]
pub struct KeyAndCertificate {
    /// The private key.
    pub key: String,
    /// The certificate.
    pub certificate: String,
}

/// From when to when a certificate is valid: first of January of these years.
type Years = (i32, i32);

/// Long enough for every sandbox.
const VALID: Years = (2020, 2050);
/// Over.
const PAST: Years = (2020, 2021);

/// The authority.
pub struct Authority<'r> {
    folder: DataFolder,
    random: &'r dyn Random,
    common_name: String,
    root: KeyAndCertificate,
    issuer: Issuer<'static, KeyPair>,
}

impl<'r> Authority<'r> {
    /// The authority kept under `name` in `folder`, made when it is not there yet.
    pub fn open(
        folder: &DataFolder,
        name: &str,
        common_name: &str,
        random: &'r dyn Random,
    ) -> Result<Self, CaError> {
        let key = folder.keep(&format!("{name}.key"), new_key)?;
        let pair = KeyPair::from_pem(&key)?;
        let params = root_params(common_name, random);
        let certificate =
            folder.keep(&format!("{name}.pem"), || Ok::<_, CaError>(params.self_signed(&pair)?.pem()))?;
        let issuer = Issuer::new(params, pair);
        let root = KeyAndCertificate { key, certificate };
        Ok(Self { folder: folder.clone(), random, common_name: common_name.to_owned(), root, issuer })
    }

    /// The root certificate, PEM.
    pub fn pem(&self) -> &str {
        &self.root.certificate
    }

    /// The authority once more, to sign what it publishes.
    pub(crate) fn issuer_again(&self) -> Result<Issuer<'static, KeyPair>, CaError> {
        let params = root_params(&self.common_name, self.random);
        Ok(Issuer::new(params, KeyPair::from_pem(&self.root.key)?))
    }

    /// The signing key and certificate kept under `name`.
    pub fn signer(&self, name: &str, organisation: &str) -> Result<KeyAndCertificate, CaError> {
        self.issue(name, organisation, VALID)
    }

    /// One whose validity is over.
    pub fn expired_signer(&self, name: &str, organisation: &str) -> Result<KeyAndCertificate, CaError> {
        self.issue(name, organisation, PAST)
    }

    fn issue(&self, name: &str, organisation: &str, years: Years) -> Result<KeyAndCertificate, CaError> {
        let key = self.folder.keep(&format!("{name}.key"), new_key)?;
        let certificate = self.folder.keep(&format!("{name}.pem"), || {
            let mut params = params(&format!("{organisation} 資料簽章"), organisation, years, self.random);
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment];
            params.use_authority_key_identifier_extension = true;
            Ok::<_, CaError>(params.signed_by(&KeyPair::from_pem(&key)?, &self.issuer)?.pem())
        })?;
        Ok(KeyAndCertificate { key, certificate })
    }
}

/// Makes the keys of these names, several at a time, where they are not there yet: most of a first start's time.
pub(crate) fn prepare_keys(folder: &DataFolder, names: &[&str]) -> Result<(), CaError> {
    std::thread::scope(|scope| {
        let making: Vec<_> = names
            .iter()
            .map(|name| scope.spawn(move || folder.keep(&format!("{name}.key"), new_key).map(drop)))
            .collect();
        // A thread that panicked has made nothing: the key is made again where it is asked for.
        making.into_iter().try_for_each(|thread| thread.join().unwrap_or(Ok(())))
    })
}

pub(crate) fn new_key() -> Result<String, CaError> {
    Ok(KeyPair::generate_for(&PKCS_RSA_SHA256)?.serialize_pem())
}

fn root_params(common_name: &str, random: &dyn Random) -> CertificateParams {
    let mut params = params(common_name, "示範憑證機構", VALID, random);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// What a person's card says, before it is said whose it is.
pub(crate) fn card_params(name: &str, random: &dyn Random) -> CertificateParams {
    let mut params = params(name, "示範自然人憑證", VALID, random);
    params.use_authority_key_identifier_extension = true;
    params
}

pub(crate) fn params(
    common_name: &str,
    organisation: &str,
    years: Years,
    random: &dyn Random,
) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "TW");
    name.push(DnType::OrganizationName, organisation);
    name.push(DnType::CommonName, common_name);
    params.distinguished_name = name;
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    let mut serial = [0; 16];
    random.fill(&mut serial);
    // A serial number is positive.
    serial[0] = serial[0] & 0x7f | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params
}
