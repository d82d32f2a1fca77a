//! Keys, certificates and packages for the tests. Everything is fictional.

#![allow(dead_code, reason = "each test program uses its part")]

use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mydata_seal::dp_package::{Builder, CERTIFICATE, MANIFEST, SIGNATURE, Signer};
use mydata_seal::trust::{NoRevocationCheck, Trust};
use mydata_wire::manifest::{DigestEntry, DigestManifest};
use mydata_wire::{CbcIv, ClientId, PersonalId, SecretKey};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256,
    SerialNumber, SigningKey, date_time_ymd,
};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub fn input(name: &str) -> Vec<u8> {
    let path = repository().join("docs/vectors/inputs").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub fn key(pem: &[u8]) -> KeyPair {
    let pem = std::str::from_utf8(pem).unwrap();
    KeyPair::from_pem_and_sign_algo(pem, &PKCS_RSA_SHA256).unwrap()
}

/// 2026-11-21T00:00:00Z.
pub fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_219_200)
}

pub fn person() -> PersonalId {
    "A123456789".parse().unwrap()
}

pub fn client_id() -> ClientId {
    "CLI.qqOjnjO4WR".parse().unwrap()
}

pub fn secret_key() -> SecretKey {
    SecretKey::from_bytes(*b"0123456789abcdef0123456789ABCDEF")
}

pub fn iv() -> CbcIv {
    "Qm7XwT2zB9nKfR4v".parse().unwrap()
}

fn root_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::OrganizationName, "Fictional Root");
    params.distinguished_name.push(DnType::CommonName, "Fictional Root CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2046, 1, 1);
    params.serial_number = Some(SerialNumber::from_slice(&[1]));
    params
}

pub fn root_pem() -> String {
    root_params().self_signed(&key(&input("root.key.pem"))).unwrap().pem()
}

/// A DP's certificate before `change`.
pub fn dp_params(change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::OrganizationName, "Fictional Household Office");
    params.distinguished_name.push(DnType::CommonName, "household.example");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params.serial_number = Some(SerialNumber::from_slice(&[2, 3]));
    change(&mut params);
    params
}

/// The DP's certificate, issued by the root.
pub fn dp_cert(change: impl FnOnce(&mut CertificateParams)) -> String {
    cert_of(&input("dp.key.pem"), change)
}

/// A certificate of another key, issued by the root.
pub fn cert_of(key_pem: &[u8], change: impl FnOnce(&mut CertificateParams)) -> String {
    let issuer = Issuer::new(root_params(), key(&input("root.key.pem")));
    dp_params(change).signed_by(&key(key_pem), &issuer).unwrap().pem()
}

/// An intermediate certificate of `other.key.pem`, and a DP's certificate issued under it.
pub fn chain_of_three() -> (String, String) {
    let root = Issuer::new(root_params(), key(&input("root.key.pem")));
    let mut middle = root_params();
    middle.distinguished_name.push(DnType::CommonName, "Fictional Issuing CA");
    middle.serial_number = Some(SerialNumber::from_slice(&[9]));
    let middle_pem = middle.signed_by(&key(&fixture("other.key.pem")), &root).unwrap().pem();
    let middle = Issuer::new(middle, key(&fixture("other.key.pem")));
    let dp = dp_params(|_| {}).signed_by(&key(&input("dp.key.pem")), &middle).unwrap().pem();
    (middle_pem, dp)
}

pub fn trust() -> Trust {
    Trust::new(root_pem().as_bytes(), Arc::new(NoRevocationCheck)).unwrap()
}

pub fn signer() -> Signer {
    Signer::new(&input("dp.key.pem"), dp_cert(|_| {}).as_bytes()).unwrap()
}

pub const JSON: &str = "{\"戶號\":\"F1234567\",\"姓名\":\"王小明\",\"出生日期\":\"民國80年1月1日\"}";

pub fn good_files() -> Vec<(String, Vec<u8>)> {
    vec![
        ("戶籍資料.json".to_owned(), JSON.as_bytes().to_vec()),
        ("household.pdf".to_owned(), input("household.pdf")),
    ]
}

/// A good package as our own builder makes it.
pub fn good_package() -> Vec<u8> {
    let signer = signer();
    let mut builder = Builder::new(Vec::new(), &signer);
    for (name, content) in good_files() {
        builder.file(&name, content.as_slice()).unwrap();
    }
    builder.finish().unwrap()
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref().try_into().unwrap()
}

pub fn manifest_of(files: &[(String, Vec<u8>)]) -> DigestManifest {
    let files = files
        .iter()
        .map(|(name, content)| DigestEntry { filename: name.clone(), digest: sha256(content) })
        .collect();
    DigestManifest { files }
}

/// A package put together by hand, so that each part can be wrong on its own.
pub struct Parts {
    pub files: Vec<(String, Vec<u8>)>,
    pub manifest: Option<Vec<u8>>,
    pub signature: Option<Vec<u8>>,
    pub certificate: Option<Vec<u8>>,
}

impl Parts {
    /// Good parts of these files.
    pub fn of(files: Vec<(String, Vec<u8>)>) -> Self {
        let manifest = manifest_of(&files).to_xml().into_bytes();
        let mut parts = Self {
            files,
            manifest: Some(manifest),
            signature: None,
            certificate: Some(dp_cert(|_| {}).into_bytes()),
        };
        parts.sign();
        parts
    }

    pub fn good() -> Self {
        Self::of(good_files())
    }

    /// Signs the manifest as it is now.
    pub fn sign(&mut self) {
        self.sign_with(&input("dp.key.pem"));
    }

    pub fn sign_with(&mut self, key_pem: &[u8]) {
        self.signature = Some(key(key_pem).sign(self.manifest.as_ref().unwrap()).unwrap());
    }

    pub fn zip(&self) -> Vec<u8> {
        let mut entries: Vec<(&str, &[u8])> =
            self.files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
        for (name, part) in
            [(MANIFEST, &self.manifest), (SIGNATURE, &self.signature), (CERTIFICATE, &self.certificate)]
        {
            entries.extend(part.as_ref().map(|part| (name, part.as_slice())));
        }
        zip_of(&entries, CompressionMethod::Deflated)
    }
}

/// A zip as the `zip` crate writes it.
pub fn zip_of(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Puts `to` wherever `from` stands; both of one length, so that the zip stays sound.
pub fn patch(bytes: &mut [u8], from: &[u8], to: &[u8]) -> usize {
    assert_eq!(from.len(), to.len());
    let mut count = 0;
    for at in 0..=bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
            count += 1;
        }
    }
    count
}
