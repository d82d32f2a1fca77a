//! Running the program, and fictional files for it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CrlDistributionPoint, DnType, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, RevocationReason, RevokedCertParams,
    SerialNumber, date_time_ymd,
};
use tempfile::TempDir;

/// The person of the test vectors.
pub const PERSON: &str = "A123456789";

pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A published test vector.
pub fn vector(name: &str) -> PathBuf {
    repository().join("docs/vectors").join(name)
}

/// A value of the test vectors' parameters.
pub fn parameter(name: &str) -> String {
    let text = std::fs::read_to_string(vector("inputs/parameters.env")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap();
    line.trim_matches('\'').to_owned()
}

pub fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// What the program did.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// The exit code must be this one.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out))
    }

    /// Neither output repeats this.
    #[track_caller]
    pub fn hides(self, secret: &str) -> Self {
        assert!(!self.out.contains(secret) && !self.err.contains(secret), "{}{}", self.out, self.err);
        self
    }
}

/// The program in a folder of its own, with nothing of the caller's environment.
pub struct Place {
    pub folder: TempDir,
    env: Vec<(String, String)>,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), env: Vec::new() }
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        text(&path)
    }

    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("MYDATA_")) {
                command.env_remove(name);
            }
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    pub fn mydata(&self, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_mydata"));
        command.args(args);
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&self.mydata(args).output().unwrap())
    }

    pub fn run_with(&self, args: &[&str], stdin: &[u8]) -> Ran {
        let mut command = self.mydata(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A program that refuses its arguments reads nothing.
        let _ = child.stdin.take().unwrap().write_all(stdin);
        Ran::of(&child.wait_with_output().unwrap())
    }
}

/// A child that ends with the test.
pub struct Running(pub Child);

impl Running {
    /// Asks it to end and waits.
    pub fn stop(mut self) {
        Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap();
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already; either way it is gone afterwards.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A root and what it signs.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub root: String,
}

fn params(name: &str, years: (i32, i32)) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::OrganizationName, "Fictional Organisation");
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    params
}

/// The key of the test vectors' data provider.
pub fn dp_key() -> KeyPair {
    let pem = std::fs::read_to_string(vector("inputs/dp.key.pem")).unwrap();
    KeyPair::from_pem_and_sign_algo(&pem, &PKCS_RSA_SHA256).unwrap()
}

impl Authority {
    /// On the key of the test vectors' root, under a name of its own.
    pub fn new() -> Self {
        let pem = std::fs::read_to_string(vector("inputs/root.key.pem")).unwrap();
        let key = KeyPair::from_pem_and_sign_algo(&pem, &PKCS_RSA_SHA256).unwrap();
        let mut params = params("Fictional Test Root", (2020, 2046));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let root = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), root }
    }

    /// A signer's certificate of [`dp_key`].
    pub fn signer(&self, years: (i32, i32)) -> String {
        let mut params = params("Fictional Signer", years);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.signed_by(&dp_key(), &self.issuer).unwrap().pem()
    }

    /// One that names where the revocation list lies, with this serial number.
    pub fn listed_signer(&self, list: &str, serial: u64) -> String {
        let mut params = params("Fictional Signer", (2020, 2046));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.serial_number = Some(SerialNumber::from(serial));
        params.crl_distribution_points = vec![CrlDistributionPoint { uris: vec![list.to_owned()] }];
        params.signed_by(&dp_key(), &self.issuer).unwrap().pem()
    }

    /// The revocation list, in DER.
    pub fn list(&self, revoked: &[u64]) -> Vec<u8> {
        let entry = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2026, 1, 2),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, 1),
            next_update: date_time_ymd(2046, 1, 1),
            crl_number: SerialNumber::from(1u64),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().der().to_vec()
    }
}

/// A registry file with a service of the test vectors' keys.
pub fn registry(change: impl FnOnce(&mut String)) -> String {
    let mut text =
        std::fs::read_to_string(repository().join("docs/operators/registry.example.toml")).unwrap();
    change(&mut text);
    text
}
