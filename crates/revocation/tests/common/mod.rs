//! An authority as `openssl ca` makes one, its responder as `openssl ocsp` runs it, and a web server for lists.
#![allow(dead_code, reason = "each test file uses its part")]

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use mydata_revocation::fetch::{Fetch, FetchFault, Request};
use mydata_revocation::{Certificate, Checker, Order, Settings};
use mydata_wire::SystemRandom;
use tempfile::TempDir;

/// Runs `openssl` in a folder.
pub fn openssl(folder: &Path, args: &[&str]) {
    let output =
        Command::new("openssl").args(args).current_dir(folder).output().expect("openssl is installed");
    assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An authority in a folder of its own.
pub struct Ca {
    folder: TempDir,
    key: &'static str,
}

const CONFIG: &str = "
[ca]
default_ca = own
[own]
dir = .
database = index.txt
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
serial = serial
crlnumber = crlnumber
default_md = sha256
default_days = 30
default_crl_days = 1
policy = any
unique_subject = no
rand_serial = yes
[any]
countryName = optional
organizationName = optional
commonName = supplied
[req]
distinguished_name = name
prompt = no
[name]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[no_crl_sign]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[crl_delta]
2.5.29.27 = critical, ASN1:INTEGER:1
[crl_indirect]
issuingDistributionPoint = critical, @indirect
[indirect]
indirectCRL = TRUE
[crl_some_reasons]
issuingDistributionPoint = critical, @some_reasons
[some_reasons]
onlysomereasons = keyCompromise
[crl_users]
issuingDistributionPoint = critical, @users
[users]
onlyuser = TRUE
[crl_authorities]
issuingDistributionPoint = critical, @authorities
[authorities]
onlyCA = TRUE
[crl_elsewhere]
issuingDistributionPoint = critical, @elsewhere
[elsewhere]
fullname = URI:http://crl.example/another.crl
[crl_unknown]
1.2.3.4 = critical, ASN1:NULL
";

impl Ca {
    /// An authority with a P-256 key.
    pub fn new(name: &str) -> Self {
        Self::with(name, "ec", "root")
    }

    /// An authority with an RSA-2048 key.
    pub fn rsa(name: &str) -> Self {
        Self::with(name, "rsa:2048", "root")
    }

    /// One whose certificate has these extensions.
    pub fn with(name: &str, key: &'static str, extensions: &str) -> Self {
        let ca = Self { folder: tempfile::tempdir().unwrap(), key };
        let path = ca.path();
        fs::write(path.join("ca.cnf"), CONFIG).unwrap();
        fs::write(path.join("index.txt"), "").unwrap();
        fs::write(path.join("crlnumber"), "1000\n").unwrap();
        let subject = format!("/C=TW/O=Example Trust/CN={name}");
        let mut args =
            vec!["req", "-x509", "-config", "ca.cnf", "-extensions", extensions, "-subj", &subject];
        args.extend(["-days", "3650", "-keyout", "ca.key", "-out", "ca.pem"]);
        args.extend(ca.key_args());
        openssl(path, &args);
        ca
    }

    fn key_args(&self) -> Vec<&'static str> {
        match self.key {
            "ec" => vec!["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
            rsa => vec!["-newkey", rsa, "-nodes"],
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn root(&self) -> Certificate {
        self.read("ca")
    }

    /// A certificate of this folder.
    pub fn read(&self, name: &str) -> Certificate {
        let (pem, der) = (format!("{name}.pem"), format!("{name}.der"));
        openssl(self.path(), &["x509", "-in", &pem, "-outform", "DER", "-out", &der]);
        Certificate::read(&fs::read(self.path().join(der)).unwrap()).unwrap()
    }

    /// Issues a certificate with these extensions, in the form of openssl's configuration.
    pub fn issue(&self, name: &str, extensions: &str) -> Certificate {
        let path = self.path();
        let (csr, key, pem) = (format!("{name}.csr"), format!("{name}.key"), format!("{name}.pem"));
        let subject = format!("/C=TW/O=Example/CN={name}");
        let mut args =
            vec!["req", "-config", "ca.cnf", "-new", "-subj", &subject, "-keyout", &key, "-out", &csr];
        args.extend(self.key_args());
        openssl(path, &args);
        fs::write(path.join("ext.cnf"), format!("keyUsage = digitalSignature\n{extensions}\n")).unwrap();
        let args = [
            "ca", "-batch", "-config", "ca.cnf", "-notext", "-extfile", "ext.cnf", "-in", &csr, "-out", &pem,
        ];
        openssl(path, &args);
        self.read(name)
    }

    /// Revokes a certificate, with more arguments of `openssl ca`.
    pub fn revoke(&self, name: &str, more: &[&str]) {
        let pem = format!("{name}.pem");
        let mut args = vec!["ca", "-config", "ca.cnf", "-revoke", &pem];
        args.extend(more);
        openssl(self.path(), &args);
    }

    /// A list in DER, with more arguments of `openssl ca`.
    pub fn list(&self, more: &[&str]) -> Vec<u8> {
        let mut args = vec!["ca", "-config", "ca.cnf", "-gencrl", "-out", "list.pem"];
        args.extend(more);
        openssl(self.path(), &args);
        openssl(self.path(), &["crl", "-in", "list.pem", "-outform", "DER", "-out", "list.der"]);
        fs::read(self.path().join("list.der")).unwrap()
    }

    /// Runs the responder, signing with this certificate, with more arguments of `openssl ocsp`.
    pub fn responder(&self, signer: &str, more: &[&str]) -> Responder {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (pem, key, at) = (format!("{signer}.pem"), format!("{signer}.key"), port.to_string());
        let mut args = vec!["ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", &pem, "-rkey", &key];
        args.extend(["-port", &at]);
        args.extend(more);
        let log = self.path().join("responder.log");
        let child = Command::new("openssl")
            .args(&args)
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .expect("openssl is installed");
        let mut responder = Responder { child, url: format!("http://127.0.0.1:{port}/") };
        // It would wait for ever for somebody who connects only to see whether it is there.
        for _ in 0..400 {
            if fs::read_to_string(&log).unwrap().contains("waiting for OCSP client connections") {
                return responder;
            }
            assert!(responder.child.try_wait().unwrap().is_none(), "the responder ended");
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("the responder does not start");
    }
}

/// `openssl ocsp -port`, until it is dropped.
pub struct Responder {
    child: Child,
    pub url: String,
}

impl Drop for Responder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a web server gives to everybody, and how often it was asked.
#[derive(Clone)]
pub struct Web {
    body: Arc<Mutex<(StatusCode, Vec<u8>)>>,
    calls: Arc<AtomicU32>,
    pub url: String,
}

impl Web {
    pub async fn start(body: Vec<u8>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let web = Self {
            body: Arc::new(Mutex::new((StatusCode::OK, body))),
            calls: Arc::default(),
            url: format!("http://{address}/status"),
        };
        let router = Router::new().fallback(serve).with_state(web.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        web
    }

    pub fn set(&self, body: Vec<u8>) {
        *self.body.lock().unwrap() = (StatusCode::OK, body);
    }

    pub fn fail(&self, status: StatusCode) {
        *self.body.lock().unwrap() = (status, Vec::new());
    }

    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }
}

async fn serve(State(web): State<Web>, _: Bytes) -> (StatusCode, Vec<u8>) {
    web.calls.fetch_add(1, Ordering::SeqCst);
    web.body.lock().unwrap().clone()
}

/// Accepts connections and says nothing.
pub async fn silent() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    format!("http://{address}/")
}

/// Plain calls on this machine.
pub struct Loopback(reqwest::Client);

impl Loopback {
    pub fn new() -> Self {
        let redirect = reqwest::redirect::Policy::none();
        Self(reqwest::Client::builder().no_proxy().tls_certs_only([]).redirect(redirect).build().unwrap())
    }
}

impl Fetch for Loopback {
    fn fetch(&self, request: Request) -> BoxFuture<'static, Result<Vec<u8>, FetchFault>> {
        let http = self.0.clone();
        async move {
            let call = match request.body {
                Some((kind, body)) => http.post(request.url).header("content-type", kind).body(body),
                None => http.get(request.url),
            };
            let silent = |e: reqwest::Error| FetchFault::Silent(e.without_url().to_string());
            let answer = call.timeout(request.time).send().await.map_err(silent)?;
            if answer.status() != StatusCode::OK {
                return Err(FetchFault::Status(answer.status().as_u16()));
            }
            let body = answer.bytes().await.map_err(silent)?;
            if body.len() > request.limit {
                return Err(FetchFault::TooLarge(request.limit));
            }
            Ok(body.to_vec())
        }
        .boxed()
    }
}

pub fn settings(order: Order) -> Settings {
    Settings {
        order,
        addresses: Vec::new(),
        patience: Duration::from_secs(3),
        max_list: 1 << 20,
        folder: None,
    }
}

pub fn checker(settings: Settings) -> Checker {
    Checker::new(settings, Arc::new(Loopback::new()), Arc::new(SystemRandom))
}

/// A checker that asks an issuer at these addresses.
pub fn asking(order: Order, issuer: &Certificate, ocsp: &[&str], crl: &[&str]) -> Checker {
    let list = |all: &[&str]| all.iter().map(ToString::to_string).collect();
    let addresses =
        mydata_revocation::Addresses { issuer: issuer.subject(), ocsp: list(ocsp), crl: list(crl) };
    checker(Settings { addresses: vec![addresses], ..settings(order) })
}

pub fn now() -> SystemTime {
    SystemTime::now()
}

pub fn hours(n: u64) -> Duration {
    Duration::from_secs(n * 3_600)
}

/// A folder for lists.
pub fn kept_in(folder: &TempDir) -> Option<PathBuf> {
    Some(folder.path().join("revocation"))
}
