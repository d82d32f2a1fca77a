//! A listener on loopback, certificates, and callers that speak by hand.
#![allow(dead_code)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use mydata_listen::{Limits, Settings, serve};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Longer than anything here takes.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A running listener.
pub struct Running {
    pub address: SocketAddr,
    pub stop: watch::Sender<bool>,
    pub task: JoinHandle<bool>,
}

pub async fn start(router: Router, settings: Settings) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(serve(listener, router, settings, stopped));
    Running { address, stop, task }
}

/// Limits that tests need not wait for.
pub fn quick() -> Limits {
    let soon = Duration::from_millis(400);
    Limits {
        handshake: soon,
        head: soon,
        body_pause: soon,
        body: Duration::from_millis(1_200),
        body_bytes: 100_000,
        stalled: soon,
        ..Limits::default()
    }
}

/// Everything until the other end closes, or what came until patience ended.
pub async fn rest_of(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut all)).await.expect("it is closed in time");
    String::from_utf8_lossy(&all).into_owned()
}

/// One request on a connection of its own, and the whole answer.
pub async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A listener that has no room may close before it has read anything.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut all = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut all)).await.expect("it is closed in time");
    String::from_utf8_lossy(&all).into_owned()
}

pub const GET: &str = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// A certificate authority with a folder for what it issues.
pub struct Authority {
    pub folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        Self { folder, issuer: Issuer::new(params, key) }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Issues a certificate into `{name}.pem` and `{name}.key`; gives it in DER.
    pub fn issue(&self, name: &str, usage: ExtendedKeyUsagePurpose, years: (i32, i32)) -> Vec<u8> {
        let mut params =
            CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CountryName, "TW");
        params.distinguished_name.push(DnType::OrganizationName, "Demo Bank, Ltd.");
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![usage];
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.path(&format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(self.path(&format!("{name}.key")), key.serialize_pem()).unwrap();
        certificate.der().to_vec()
    }

    pub fn server(&self, name: &str) -> Vec<u8> {
        self.issue(name, ExtendedKeyUsagePurpose::ServerAuth, (2020, 2090))
    }

    pub fn client(&self, name: &str) -> Vec<u8> {
        self.issue(name, ExtendedKeyUsagePurpose::ClientAuth, (2020, 2090))
    }
}

/// `openssl s_client` against a listener: what it prints, and whether the handshake went well.
pub async fn s_client(address: SocketAddr, arguments: &[&str]) -> (bool, String) {
    let connect = address.to_string();
    let arguments: Vec<String> = ["s_client", "-connect", &connect, "-ign_eof"]
        .into_iter()
        .chain(arguments.iter().copied())
        .map(str::to_owned)
        .collect();
    tokio::task::spawn_blocking(move || {
        use std::io::Write as _;
        use std::process::{Command, Stdio};
        let mut child = Command::new("openssl")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("openssl is installed");
        // It has ended already where the handshake failed.
        let _ = child.stdin.take().unwrap().write_all(GET.as_bytes());
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    })
    .await
    .unwrap()
}
