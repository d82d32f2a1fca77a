//! Certificates as people make them, with openssl: good, ended, for another name, from a root that nobody trusts.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use mydata_domain::health::{Fault, FaultKind, Figure};
use mydata_domain::time::{Clock as _, SystemClock};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto::aws_lc_rs};
use url::Url;

use crate::probe::{Found, tls};

/// Runs openssl in a folder.
fn openssl(folder: &Path, args: &[&str]) {
    let ran = Command::new("openssl")
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("openssl is installed");
    assert!(ran.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

const CONFIG: &str = "\
[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = .
serial = serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = none
[none]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[named]
subjectAltName = DNS:localhost
[other]
subjectAltName = DNS:other.example, DNS:www.other.example
";

/// A root of openssl's in a folder.
fn root(folder: &Path, name: &str) {
    std::fs::write(folder.join("ca.cnf"), CONFIG).unwrap();
    std::fs::write(folder.join("index.txt"), "").unwrap();
    std::fs::write(folder.join("serial"), "01").unwrap();
    let subject = format!("/CN={name}");
    openssl(
        folder,
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
            "-days",
            "30",
            "-subj",
            &subject,
            "-config",
            "ca.cnf",
            "-extensions",
            "root",
        ],
    );
}

/// A server's certificate of the root in the folder, valid between two moments of ASN.1.
fn leaf(folder: &Path, extensions: &str, from: &str, until: &str) {
    openssl(
        folder,
        &[
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "leaf.key",
            "-out",
            "leaf.csr",
            "-subj",
            "/CN=Fictional Server",
            "-config",
            "ca.cnf",
        ],
    );
    openssl(
        folder,
        &[
            "ca",
            "-batch",
            "-config",
            "ca.cnf",
            "-cert",
            "ca.pem",
            "-keyfile",
            "ca.key",
            "-in",
            "leaf.csr",
            "-out",
            "leaf.pem",
            "-notext",
            "-extensions",
            extensions,
            "-startdate",
            from,
            "-enddate",
            until,
        ],
    );
}

/// Serves one handshake after the other with the folder's certificate; gives its port.
async fn serve(folder: &Path) -> u16 {
    let pem = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem("leaf.pem")).collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(&pem("leaf.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(acceptor.accept(stream).await);
        }
    });
    port
}

/// Shakes hands with the server of one folder, trusting the root of another.
async fn tried(folder: &Path, trusted: &Path) -> (Vec<Figure>, Found<()>) {
    let port = serve(folder).await;
    let mut roots = RootCertStore::empty();
    let root = std::fs::read(trusted.join("ca.pem")).unwrap();
    roots.add(CertificateDer::from_pem_slice(&root).unwrap()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let url = Url::parse(&format!("https://localhost:{port}/")).unwrap();
    let (shaken, figures) = tls::shake_with(stream, &url, Duration::from_secs(5), judge, None).await.unwrap();
    (figures, tls::judge(&shaken, SystemClock.now()))
}

#[tokio::test]
async fn a_certificate_is_good_ended_for_another_name_or_from_nobody() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (ours, theirs) = (ours.path(), theirs.path());
    root(ours, "Fictional Root");
    root(theirs, "Fictional Foreign Root");
    // openssl says days from now; these are far enough from any clock of a test machine.
    const ALWAYS: (&str, &str) = ("20200101000000Z", "20491231000000Z");

    leaf(ours, "named", ALWAYS.0, ALWAYS.1);
    let (shaken, judged) = tried(ours, ours).await;
    assert_eq!(shaken, [Figure::Tls("TLS 1.3".to_owned())]);
    let figures = judged.unwrap().1;
    assert!(matches!(figures[0], Figure::DaysLeft(left) if left > 1_000), "{figures:?}");
    assert_eq!(figures[1], Figure::Names("localhost".to_owned()));
    assert_eq!(figures[2], Figure::Issuer("CN=Fictional Root".to_owned()));
    let foreign = tried(ours, theirs).await.1.unwrap_err();
    assert_eq!(foreign.kind, FaultKind::CertificateUnknown, "nobody trusts its root");

    leaf(ours, "named", "20200101000000Z", "20210215120000Z");
    let ended = tried(ours, ours).await.1.unwrap_err();
    assert_eq!(ended, Fault::new(FaultKind::CertificateExpired, "110/02/15"));

    leaf(ours, "named", "20480101000000Z", ALWAYS.1);
    assert_eq!(tried(ours, ours).await.1.unwrap_err().kind, FaultKind::CertificateTooEarly);

    leaf(ours, "other", ALWAYS.0, ALWAYS.1);
    let other = tried(ours, ours).await.1.unwrap_err();
    assert_eq!(other, Fault::new(FaultKind::CertificateName, "other.example, www.other.example"));
}
