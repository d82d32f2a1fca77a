//! TLS as callers see it: with `openssl s_client`, and with hellos written by hand for what openssl has forgotten.

mod common;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use common::{Authority, GET, PATIENCE, quick, s_client, start};
use mydata_listen::client::{ClientFault, ClientRoots, Presented};
use mydata_listen::tls::Ask;
use mydata_listen::{Limits, ServerTls, Settings};
use rcgen::ExtendedKeyUsagePurpose;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

fn settings(tls: ServerTls) -> Settings {
    Settings { tls: Some(tls), ..Settings::plain(Limits::default()) }
}

fn hello() -> Router {
    Router::new().route("/", get(|| async { "the page" }))
}

fn text(path: &std::path::Path) -> &str {
    path.to_str().unwrap()
}

async fn listening(authority: &Authority) -> common::Running {
    authority.server("server");
    let tls = ServerTls::read(&authority.path("server.pem"), &authority.path("server.key"), Ask::Nobody);
    start(hello(), settings(tls.unwrap())).await
}

/// Shows R96: nothing older than TLS 1.2 is spoken.
#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken_and_nothing_older() {
    let authority = Authority::new("Demo Root");
    let running = listening(&authority).await;
    let root = authority.path("ca.pem");
    let verify = ["-CAfile", text(&root), "-verify_return_error", "-verify_hostname", "localhost"];
    for (version, name) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let (fine, said) = s_client(running.address, &[&verify[..], &[version]].concat()).await;
        assert!(fine && said.contains("the page") && said.contains(name), "{said}");
    }
    for old in ["-tls1", "-tls1_1"] {
        let (fine, said) =
            s_client(running.address, &[old, "-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"]).await;
        // The alert is the listener's: openssl itself was willing.
        assert!(!fine && said.contains("SSL alert number"), "{old}: {said}");
    }
}

/// A hello of TLS 1.2 or older with these cipher suites.
fn client_hello(version: u8, suites: &[u16]) -> Vec<u8> {
    let sized = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let extension = |kind: u16, body: &[u8]| [&kind.to_be_bytes()[..], &sized(body)].concat();
    let extensions = [
        extension(10, &sized(&[0, 29, 0, 23])),
        extension(11, &[1, 0]),
        extension(13, &sized(&[4, 3, 8, 4, 4, 1, 2, 1])),
    ]
    .concat();
    let suites: Vec<u8> = suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
    let body = [&[3, version][..], &[7; 32], &[0], &sized(&suites), &[1, 0], &sized(&extensions)].concat();
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let handshake = [&[1], &length[1..], &body].concat();
    [&[22, 3, 1], &sized(&handshake)[..]].concat()
}

/// The first record of the answer to a hello: its kind and its content.
async fn answer_to(address: std::net::SocketAddr, hello: &[u8]) -> (u8, Vec<u8>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(hello).await.unwrap();
    let mut head = [0; 5];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut head)).await.unwrap().unwrap();
    let mut body = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    stream.read_exact(&mut body).await.unwrap();
    (head[0], body)
}

/// Shows R96: what is weak is not there to be chosen.
#[tokio::test]
async fn weak_ciphers_are_refused() {
    let authority = Authority::new("Demo Root");
    let running = listening(&authority).await;
    let fatal_handshake_failure = (21, vec![2, 40]);
    for (name, suite) in [
        ("ECDHE-ECDSA-RC4-SHA", 0xc007),
        ("ECDHE-ECDSA-DES-CBC3-SHA", 0xc008),
        ("ECDHE-ECDSA-NULL-SHA", 0xc006),
        ("ECDHE-ECDSA-AES128-SHA (CBC)", 0xc009),
        ("ECDHE-ECDSA-AES128-SHA256 (CBC)", 0xc023),
        ("AES128-GCM-SHA256 (no forward secrecy)", 0x009c),
        ("RC4-MD5", 0x0004),
        ("DES-CBC3-SHA", 0x000a),
        ("NULL-SHA256", 0x003b),
        ("ADH-AES128-SHA", 0x0034),
        ("EXP-RC4-MD5", 0x0003),
    ] {
        assert_eq!(
            answer_to(running.address, &client_hello(3, &[suite])).await,
            fatal_handshake_failure,
            "{name}"
        );
    }
    let (kind, body) = answer_to(running.address, &client_hello(3, &[0xc007, 0xc02b])).await;
    assert_eq!((kind, body[0]), (22, 2), "with a good one among them a ServerHello is the answer");
    assert_eq!(answer_to(running.address, &client_hello(2, &[0xc02b])).await, (21, vec![2, 70]), "TLS 1.1");
}

/// A new certificate serves the next handshake; connections that are open go on; a bad file changes nothing.
#[tokio::test]
async fn a_certificate_is_replaced_under_living_connections() {
    let authority = Authority::new("Demo Root");
    authority.server("server");
    let (certificate, key) = (authority.path("server.pem"), authority.path("server.key"));
    let tls = ServerTls::read(&certificate, &key, Ask::Nobody).unwrap();
    let running = start(hello(), settings(tls.clone())).await;

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority.path("ca.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(running.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut living = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let mut ask = async || {
        living.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"the page") {
            assert_ne!(living.read_buf(&mut answer).await.unwrap(), 0);
        }
    };
    ask().await;

    assert_eq!(tls.look(), Ok(false));
    std::fs::write(&certificate, "no certificate").unwrap();
    assert!(tls.look().unwrap_err().to_string().contains("server.pem"));
    let served = async || s_client(running.address, &[]).await.1;
    assert!(served().await.contains("CN = server"), "what was there goes on");

    authority.server("renewed");
    std::fs::copy(authority.path("renewed.pem"), &certificate).unwrap();
    assert!(tls.look().is_err(), "the key is still that of the certificate before");
    std::fs::copy(authority.path("renewed.key"), &key).unwrap();
    assert_eq!(tls.look(), Ok(true));
    assert!(served().await.contains("CN = renewed"));
    ask().await;
}

/// A listener that asks for certificates and says what it thinks of them.
async fn asking(authority: &Authority, ask: Ask) -> common::Running {
    authority.server("server");
    let tls = ServerTls::read(&authority.path("server.pem"), &authority.path("server.key"), ask).unwrap();
    let roots = ClientRoots::read(&[authority.path("ca.pem")]).unwrap();
    let say = move |presented: Option<axum::Extension<Presented>>| async move {
        let Some(axum::Extension(presented)) = presented else { return "none".to_owned() };
        let judged = roots.vouch_for(&presented, std::time::SystemTime::now());
        let judged = match judged {
            Ok(chain) if chain.len() == 2 => "good".to_owned(),
            Ok(chain) => format!("a chain of {}", chain.len()),
            Err(fault @ ClientFault::Untrusted { .. }) => format!("untrusted {fault}"),
            Err(fault) => fault.to_string(),
        };
        format!("{} {} {judged}", presented.subject().unwrap(), presented.sha256()[0])
    };
    start(Router::new().route("/", get(say)), settings(tls)).await
}

/// What `openssl s_client` hears when it presents a certificate.
async fn present(running: &common::Running, of: &Authority, name: &str, more: &[&str]) -> String {
    let (certificate, key) = (of.path(&format!("{name}.pem")), of.path(&format!("{name}.key")));
    let given = ["-cert", text(&certificate), "-key", text(&key)];
    s_client(running.address, &[&given[..], more].concat()).await.1
}

/// Shows R97: who presents what is known to the handler, in both versions of TLS and when a session is taken up again.
#[tokio::test]
async fn what_callers_present_is_known_and_judged() {
    let authority = Authority::new("Demo Root");
    let running = asking(&authority, Ask::Everybody).await;
    assert!(
        s_client(running.address, &[]).await.1.contains("\r\n\r\nnone"),
        "a certificate is asked for, not needed"
    );

    let der = authority.client("bank");
    let subject = format!("CN=bank,O=Demo Bank\\, Ltd.,C=TW {}", mydata_listen::client::sha256(&der)[0]);
    for version in ["-tls1_2", "-tls1_3"] {
        let session = authority.path("session");
        let first = present(&running, &authority, "bank", &[version, "-sess_out", text(&session)]).await;
        assert!(first.contains(&format!("{subject} good")), "{first}");
        let again = present(&running, &authority, "bank", &[version, "-sess_in", text(&session)]).await;
        assert!(again.contains("Reused, TLSv1.") && again.contains(&format!("{subject} good")), "{again}");
    }

    authority.issue("over", ExtendedKeyUsagePurpose::ClientAuth, (2020, 2021));
    authority.issue("early", ExtendedKeyUsagePurpose::ClientAuth, (2080, 2090));
    let stranger = Authority::new("Another Root");
    stranger.client("bank");
    for (of, name, word) in [
        (&authority, "over", "it expired at 2021-01-01T00:00:00Z"),
        (&authority, "early", "it is not valid before 2080-01-01T00:00:00Z"),
        (&authority, "server", "untrusted"),
        (&stranger, "bank", "untrusted"),
    ] {
        let said = present(&running, of, name, &[]).await;
        assert!(said.contains(word), "{name}: {said}");
    }
}

/// Browsers offer only what suits: a listener for them names the roots, and takes no other certificate.
#[tokio::test]
async fn a_listener_may_take_certificates_of_some_roots_only() {
    let authority = Authority::new("Demo Root");
    let running = asking(&authority, Ask::From(authority.path("ca.pem"))).await;
    authority.client("bank");
    let said = present(&running, &authority, "bank", &[]).await;
    assert!(said.contains("good") && said.contains("CN = Demo Root"), "{said}");
    assert!(s_client(running.address, &[]).await.1.contains("\r\n\r\nnone"));
    let stranger = Authority::new("Another Root");
    stranger.client("bank");
    let said = present(&running, &stranger, "bank", &[]).await;
    assert!(said.contains("alert"), "{said}");
}

/// Who opens a connection and does not shake hands is not waited for.
#[tokio::test]
async fn a_handshake_that_does_not_come_ends() {
    let authority = Authority::new("Demo Root");
    authority.server("server");
    let tls = ServerTls::read(&authority.path("server.pem"), &authority.path("server.key"), Ask::Nobody);
    let settings = Settings { tls: Some(tls.unwrap()), ..Settings::plain(quick()) };
    let running = start(hello(), settings).await;
    let mut silent = TcpStream::connect(running.address).await.unwrap();
    assert_eq!(common::rest_of(&mut silent).await, "");
    let mut dribbling = TcpStream::connect(running.address).await.unwrap();
    for byte in client_hello(3, &[0xc02b]) {
        if dribbling.write_all(&[byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("a hello of a hundred bytes in five seconds is taken");
}

/// Plain http on a port of TLS gets nothing.
#[tokio::test]
async fn plain_http_is_not_spoken_on_a_port_of_tls() {
    let authority = Authority::new("Demo Root");
    let running = listening(&authority).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(GET.as_bytes()).await.unwrap();
    assert!(!common::rest_of(&mut stream).await.contains("HTTP"));
}

/// Shows R97: proxies write the certificate in different ways; none of them is taken from two headers of one name.
#[test]
fn a_certificate_is_read_from_a_proxys_header() {
    use http::{HeaderMap, HeaderName, HeaderValue};
    let authority = Authority::new("Demo Root");
    let der = authority.client("bank");
    let pem = std::fs::read_to_string(authority.path("bank.pem")).unwrap();
    let escaped: String =
        percent_encoding::utf8_percent_encode(&pem, percent_encoding::NON_ALPHANUMERIC).to_string();
    let base64 = base64_simd::STANDARD.encode_to_string(&der);
    let read = |values: &[(&str, &str)], name: &str| {
        let mut headers = HeaderMap::new();
        for (name, value) in values {
            headers.append(
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        Presented::from_header(&headers, name).map(|presented| presented.sha256())
    };
    let right = Some(mydata_listen::client::sha256(&der));
    let hash: String = mydata_listen::client::sha256(&der).iter().map(|byte| format!("{byte:02x}")).collect();
    let stranger = authority.client("stranger");
    let other: String = percent_encoding::utf8_percent_encode(
        &std::fs::read_to_string(authority.path("stranger.pem")).unwrap(),
        percent_encoding::NON_ALPHANUMERIC,
    )
    .to_string();
    let envoys = [
        format!("Cert=\"{escaped}\""),
        format!("By=spiffe://x;Hash={hash};Cert=\"{escaped}\";Subject=\"CN=bank\";URI="),
        format!("By=spiffe://x;Cert=\"{other}\",Hash={hash};Cert={escaped};Chain=\"{escaped}{other}\""),
        format!("Hash={hash};Chain=\"{escaped}\""),
        format!("Subject=\"CN=x,Cert=\\\"{other}\\\"\";Cert=\"{escaped}\""),
    ];
    for value in
        [vec![escaped.clone(), pem.trim().replace('\n', " "), format!(":{base64}:")], envoys.to_vec()]
            .concat()
    {
        assert_eq!(read(&[("x-cert", &value)], "x-cert"), right, "{value:.60}");
        assert_eq!(read(&[("x-cert", &value), ("x-cert", &value)], "x-cert"), None);
    }
    let chain = format!(":{base64}:, :{base64}:");
    assert_eq!(
        read(&[("client-cert", &format!(":{base64}:")), ("client-cert-chain", &chain)], "client-cert"),
        right
    );
    // What stands somewhere inside of something else, in two places, or without its own form, is nobody's.
    let wrong = mydata_listen::client::sha256(&stranger)[0];
    for bad in [
        String::new(),
        "bank".to_owned(),
        ":###:".to_owned(),
        "-----BEGIN CERTIFICATE-----".to_owned(),
        format!("x {escaped}"),
        format!("{escaped}{escaped}"),
        format!("Cert=\"{escaped}\",Subject=\"CN=bank\""),
        format!("Cert=\"{escaped}\";Cert=\"{escaped}\""),
        format!("Cert=\"{escaped}"),
        format!("Cert=\"{escaped}\"x"),
        format!("Subject=\"CN=x;Cert=\\\"{escaped}\\\"\""),
        format!("URI=Cert=\"{escaped}\""),
        format!("Hash={wrong:064x};Cert=\"{escaped}\""),
        format!("Cert=\"{escaped}\";Chain=\"{other}\""),
    ] {
        assert_eq!(read(&[("x-cert", &bad)], "x-cert"), None, "{bad:.60}");
    }
    let broken = [("client-cert", format!(":{base64}:")), ("client-cert-chain", format!(":{base64}:, x"))];
    let broken: Vec<(&str, &str)> = broken.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(read(&broken, "client-cert"), None, "a chain that cannot be read is not left out");
}
