//! The platform's edge as partners and browsers meet it: listeners, certificates, and what is said to whom is refused.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use axum::Router;
use axum::routing::get;
use mydata_domain::notify::SpAnswer;
use mydata_domain::registry::Registry;
use mydata_domain::service::{ServiceSecrets, ServiceWithSecrets};
use mydata_domain::{Policy, Time};
use mydata_listen::client::Presented;
use mydata_listen::tls::Ask;
use mydata_listen::{Limits, ServerTls, Settings};
use mydata_server::config::{OidcProvider, OnUnknown, Ops, Outgoing, Partner, RevocationOrder, Tls};
use mydata_server::edge::{unserved, watch};
use mydata_server::outbound::Outbound;
use mydata_server::{Config, Platform};
use mydata_store::repo::registry;
use mydata_wire::Verification;
use mydata_wire::notification::{News, Notification};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const SECRET: &str = "demoEdgeSecret16";

/// An authority with a folder for what it issues.
struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Demo Root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { folder, issuer: Issuer::new(params, key) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Issues a certificate of this name into `{file}.pem` and `{file}.key`; gives its SHA-256.
    fn issue(&self, file: &str, name: &str, usage: ExtendedKeyUsagePurpose, until: i32) -> String {
        let mut params =
            CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CountryName, "TW");
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![usage];
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.path(&format!("{file}.pem")), certificate.pem()).unwrap();
        std::fs::write(self.path(&format!("{file}.key")), key.serialize_pem()).unwrap();
        let sha256 = mydata_listen::client::sha256(certificate.der());
        sha256.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn server(&self, file: &str) {
        self.issue(file, file, ExtendedKeyUsagePurpose::ServerAuth, 2090);
    }

    fn client(&self, file: &str, name: &str, until: i32) -> String {
        self.issue(file, name, ExtendedKeyUsagePurpose::ClientAuth, until)
    }

    /// A caller that shows a certificate, trusting `server`'s authority.
    fn caller(&self, file: Option<&str>, server: &Authority) -> reqwest::Client {
        let root = reqwest::Certificate::from_pem(server.read("ca.pem").as_bytes()).unwrap();
        let builder = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([root])
            .redirect(reqwest::redirect::Policy::none());
        let builder = match file {
            Some(file) => {
                let pem = self.read(&format!("{file}.pem")) + &self.read(&format!("{file}.key"));
                builder.identity(reqwest::Identity::from_pem(pem.as_bytes()).unwrap())
            }
            None => builder,
        };
        builder.build().unwrap()
    }
}

fn config(folder: &Path, authority: &Authority) -> Config {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors");
    let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
    let mut config = Config {
        listen: any,
        base_url: Some("https://localhost/".parse().unwrap()),
        data_dir: folder.join("data"),
        tls: Tls {
            certificate: Some(authority.path("server.pem")),
            key: Some(authority.path("server.key")),
            redirect_listen: Some(any),
        },
        partner: Partner {
            listen: Some(any),
            only: true,
            client_roots: vec![authority.path("ca.pem")],
            ..Partner::default()
        },
        ..Config::default()
    };
    // Nobody tells anything of certificates that the tests make; where somebody does, the test says so.
    config.trust.revocation = Some(RevocationOrder::Off);
    config.trust.roots = vec![vectors.join("2-dp-packages/root.cer.pem")];
    config.identity.oidc = vec![OidcProvider {
        issuer: "https://id.example/".parse().unwrap(),
        client_id: "mydata".to_owned(),
        client_secret: "not-asked-for".to_owned(),
        methods: vec![Verification::Cer],
        claims: Default::default(),
        acr: Default::default(),
    }];
    config
}

/// A dataset with these client certificates.
fn dataset(n: usize, certificates: &[&str]) -> Value {
    json!({
        "resource_id": format!("API.EdgeTest{n:02}"), "resource_secret": SECRET, "zone": "test", "organisation": "edge",
        "name": "示範", "name_en": "Demo", "category": "教育", "weakest_verification": "NHI",
        "dp_api": "https://dp.example/", "state": "listed", "client_certificates": certificates,
    })
}

async fn register(platform: &Platform, datasets: Vec<Value>) {
    let registry: Registry = serde_json::from_value(json!({
        "version": 1,
        "organisation": [{ "id": "edge", "name": "示範機關", "name_en": "Demo Agency", "kind": "agency" }],
        "dataset": datasets,
    }))
    .unwrap();
    let (app, registry) = (&platform.app, &registry);
    let applied = app.store.db.run_tx("apply", |tx| async move {
        registry::apply(&tx, &app.store.crypter, registry, app.now()).await
    });
    applied.await.unwrap();
    app.catalogue_changed();
}

/// Asks as the DP of a dataset whether a token is good: status, the problem's code and its words.
async fn introspect(caller: &reqwest::Client, at: SocketAddr, n: usize) -> (u16, String, String) {
    let url = format!("https://{at}/connect/introspect");
    let request = caller.post(url).basic_auth(format!("API.EdgeTest{n:02}"), Some(SECRET));
    let answer = request.form(&[("token", "mydata::nobodys-token-of-a-good-length")]).send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
    (status, text("code"), text("detail"))
}

/// Shows R97: a partner is who presents a certificate that is registered; a refusal says why, and the way out.
#[tokio::test]
async fn partners_are_known_by_their_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, stranger) = (Authority::new(), Authority::new());
    authority.server("server");
    let pinned = authority.client("pinned", "pinned.example", 2090);
    authority.client("pem", "pem.example", 2090);
    let over = authority.client("over", "over.example", 2021);
    authority.client("named", "named.example", 2090);
    authority.client("named-over", "named.example", 2021);
    stranger.client("named", "named.example", 2090);
    let foreign = stranger.client("pinned", "foreign.example", 2090);
    authority.issue("named-server", "named.example", ExtendedKeyUsagePurpose::ServerAuth, 2090);

    let platform = Platform::start(config(folder.path(), &authority)).await.unwrap();
    let (pinned, over, foreign) =
        (format!("sha256:{pinned}"), format!("sha256:{over}"), format!("sha256:{foreign}"));
    let datasets = [
        dataset(0, &[]),
        dataset(1, &[&pinned]),
        dataset(2, &[&authority.read("pem.pem")]),
        dataset(3, &["subject:CN=named.example,C=TW"]),
        dataset(4, &[&over, "subject:CN=over.example"]),
        dataset(5, &[&foreign, &pinned]),
    ];
    register(&platform, datasets.to_vec()).await;
    let at = platform.partner_address.unwrap();
    for (of, file, n, code) in [
        (&authority, None, 0, ""),
        (&authority, Some("pinned"), 0, ""),
        (&authority, Some("pinned"), 1, ""),
        (&authority, Some("pem"), 2, ""),
        (&authority, Some("named"), 3, ""),
        (&authority, Some("pinned"), 5, ""),
        (&stranger, Some("pinned"), 5, ""),
        (&authority, None, 1, "client_certificate_missing"),
        (&authority, Some("pem"), 1, "client_certificate_not_registered"),
        (&stranger, Some("pinned"), 1, "client_certificate_not_registered"),
        (&authority, Some("pinned"), 2, "client_certificate_not_registered"),
        (&authority, Some("pinned"), 3, "client_certificate_not_registered"),
        (&authority, Some("named-over"), 3, "client_certificate_expired"),
        (&stranger, Some("named"), 3, "client_certificate_untrusted"),
        (&authority, Some("named-server"), 3, "client_certificate_untrusted"),
        (&authority, Some("over"), 4, "client_certificate_expired"),
    ] {
        let (status, said, detail) = introspect(&of.caller(file, &authority), at, n).await;
        let expected = if code.is_empty() { 200 } else { 401 };
        assert_eq!((status, said.as_str()), (expected, code), "{file:?} for dataset {n}");
        assert_eq!(detail.contains("請"), !code.is_empty(), "the way out is said: {detail}");
    }
    platform.stop().await;
}

/// What `openssl s_client` is told when it sends a request.
fn s_client(at: SocketAddr, request: &str, more: &[&str]) -> String {
    use std::io::Write as _;
    let mut child = Command::new("openssl")
        .args(["s_client", "-quiet", "-connect", &at.to_string()])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl is installed");
    child.stdin.take().unwrap().write_all(request.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

/// Shows R97, with a client that is not ours: the wrong certificate is 401, the right one is let in.
#[tokio::test(flavor = "multi_thread")]
async fn openssl_is_let_in_with_the_right_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.server("server");
    let right = authority.client("right", "right.example", 2090);
    authority.client("wrong", "wrong.example", 2090);
    let platform = Platform::start(config(folder.path(), &authority)).await.unwrap();
    register(&platform, vec![dataset(1, &[&right])]).await;
    let at = platform.partner_address.unwrap();
    let basic = base64_simd::STANDARD.encode_to_string(format!("API.EdgeTest01:{SECRET}"));
    let body = "token=mydata%3A%3Anobodys-token-of-a-good-length";
    let request = format!(
        "POST /connect/introspect HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Basic {basic}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    for version in ["-tls1_2", "-tls1_3"] {
        let with = |file: &str| {
            let path = |end: &str| authority.path(&format!("{file}.{end}")).to_str().unwrap().to_owned();
            s_client(at, &request, &[version, "-cert", &path("pem"), "-key", &path("key")])
        };
        let said = with("right");
        assert!(said.starts_with("HTTP/1.1 200") && said.contains(r#"{"active":false}"#), "{said}");
        let said = with("wrong");
        assert!(
            said.starts_with("HTTP/1.1 401") && said.contains("client_certificate_not_registered"),
            "{said}"
        );
        let said = s_client(at, &request, &[version]);
        assert!(said.starts_with("HTTP/1.1 401") && said.contains("client_certificate_missing"), "{said}");
    }
    platform.stop().await;
}

/// Each listener has its own: partners theirs, citizens theirs, and plain http only the way to https.
#[tokio::test]
async fn each_listener_serves_whom_it_is_for() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.server("server");
    let platform = Platform::start(config(folder.path(), &authority)).await.unwrap();
    let caller = authority.caller(None, &authority);
    let (main, partner) = (platform.address, platform.partner_address.unwrap());
    let get = async |url: String| caller.get(url).send().await.unwrap();

    let home = get(format!("https://{main}/")).await;
    assert_eq!(home.status(), 200);
    assert_eq!(home.headers()["strict-transport-security"], "max-age=31536000; includeSubDomains");
    for path in ["/service/data", "/service/type_valid", "/service/txid_status", "/connect/userinfo"] {
        let answer = get(format!("https://{main}{path}")).await;
        assert_eq!(answer.status(), 421, "{path}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["code"], "misdirected_request");
    }
    let answer = get(format!("https://{partner}/service/data")).await;
    assert_eq!(answer.status(), 400, "partners are served here");
    assert!(answer.headers().contains_key("strict-transport-security"));
    for listener in [main, partner] {
        assert_eq!(get(format!("https://{listener}/healthz")).await.text().await.unwrap(), "ok\n");
        let ready = get(format!("https://{listener}/readyz")).await;
        let said: Value = ready.json().await.unwrap();
        assert_eq!((&said["database"], &said["node"]), (&json!("ok"), &json!("ok")));
    }
    for path in ["/", "/mydata-backend", "/datasets"] {
        assert_eq!(get(format!("https://{partner}{path}")).await.status(), 404, "{path}");
    }
    let pointed = get(format!("http://{}/datasets?page=2", platform.redirect_address.unwrap())).await;
    assert_eq!(
        (pointed.status().as_u16(), &pointed.headers()["location"]),
        (308, &"https://localhost/datasets?page=2".parse().unwrap())
    );
    platform.stop().await;
}

/// A request for which there is no room gets a page or a problem like any other refusal.
#[tokio::test]
async fn whoever_finds_no_room_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.server("server");
    let platform = Platform::start(config(folder.path(), &authority)).await.unwrap();
    let (pages, problems) = (unserved::pages(&platform.app), unserved::problems(&platform.app));
    for (answer, path, accept, kind, words) in [
        (&pages, "/datasets", "text/html", "text/html; charset=utf-8", "<html"),
        (&pages, "/service/data", "*/*", "application/problem+json", "\"code\":\"busy\""),
        (&problems, "/nowhere", "text/html", "application/problem+json", "\"code\":\"busy\""),
    ] {
        let (parts, ()) = http::Request::get(path).header("accept", accept).body(()).unwrap().into_parts();
        let response = answer(&parts, http::StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.status(), 503);
        let headers = response.headers();
        assert_eq!(headers["content-type"], kind, "{path}");
        for name in ["strict-transport-security", "content-security-policy", "cache-control"] {
            assert!(headers.contains_key(name), "{path}: {name}");
        }
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        assert!(String::from_utf8_lossy(&body).contains(words), "{path}");
    }
    platform.stop().await;
}

/// Shows R97: where a proxy ends TLS, its word counts for the certificate; nobody else's does, and by default not even its.
#[tokio::test]
async fn a_proxy_that_ends_tls_may_pass_the_certificate_on() {
    let authority = Authority::new();
    authority.server("server");
    let pinned = authority.client("pinned", "pinned.example", 2090);
    let escaped: String = percent_encoding::utf8_percent_encode(
        &authority.read("pinned.pem"),
        percent_encoding::NON_ALPHANUMERIC,
    )
    .to_string();
    let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
    for (header, trusted, expected) in [
        (Some("x-client-cert"), vec!["127.0.0.1/32"], 200),
        (None, vec!["127.0.0.1/32"], 401),
        (Some("x-client-cert"), vec!["192.0.2.1/32"], 401),
        (Some("x-other-name"), vec!["127.0.0.1/32"], 401),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path(), &authority);
        config.tls = Tls::default();
        config.partner = Partner {
            listen: Some(any),
            client_certificate_header: header.map(str::to_owned),
            ..Partner::default()
        };
        config.trusted_proxies = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let platform = Platform::start(config).await.unwrap();
        register(&platform, vec![dataset(1, &[&pinned])]).await;
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        // On the citizens' listener nobody removes the header from what callers send.
        for (at, expected) in [(platform.partner_address.unwrap(), expected), (platform.address, 401)] {
            let answer = client
                .post(format!("http://{at}/connect/introspect"))
                .basic_auth("API.EdgeTest01", Some(SECRET))
                .header("x-client-cert", &escaped)
                .form(&[("token", "mydata::nobodys-token-of-a-good-length")])
                .send();
            assert_eq!(answer.await.unwrap().status().as_u16(), expected, "{header:?} {trusted:?} {at}");
        }
        platform.stop().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut alone = config(folder.path(), &authority);
    alone.partner =
        Partner { client_certificate_header: Some("x-client-cert".to_owned()), ..Partner::default() };
    alone.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    let faults = alone.faults();
    assert!(faults.iter().any(|fault| fault.contains("believed on partner.listen only")), "{faults:?}");
}

/// Shows R97: the platform shows its certificate to whom it calls, and the next one once its files have changed. A file that
/// cannot be used changes nothing.
#[tokio::test]
async fn the_platform_shows_its_certificate_and_renews_it() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.server("server");
    authority.client("platform", "platform.example", 2090);
    authority.client("next", "next.example", 2090);
    let say = |presented: Option<axum::Extension<Presented>>| async move {
        presented.and_then(|axum::Extension(presented)| presented.subject()).unwrap_or_default()
    };
    let tls = ServerTls::read(
        &authority.path("server.pem"),
        &authority.path("server.key"),
        Ask::From(authority.path("ca.pem")),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let settings = Settings { tls: Some(tls.unwrap()), ..Settings::plain(Limits::default()) };
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    tokio::spawn(mydata_listen::serve(listener, Router::new().route("/", get(say)), settings, stopped));

    let mut config = config(folder.path(), &authority);
    config.outbound = Outgoing {
        client_certificate: Some(authority.path("platform.pem")),
        client_key: Some(authority.path("platform.key")),
        roots: vec![authority.path("ca.pem")],
        ..Outgoing::default()
    };
    let outbound = Outbound::with(&Policy::default(), true, &config.outbound).unwrap();
    let url: url::Url = format!("https://localhost:{}/", at.port()).parse().unwrap();
    let shown = async || {
        let client = outbound.identity(&url).unwrap();
        client.get(url.clone()).send().await.unwrap().text().await.unwrap()
    };
    assert_eq!(shown().await, "CN=platform.example,C=TW");
    std::fs::write(authority.path("platform.pem"), "nothing").unwrap();
    assert!(outbound.look().is_err());
    assert_eq!(shown().await, "CN=platform.example,C=TW");
    std::fs::copy(authority.path("next.pem"), authority.path("platform.pem")).unwrap();
    // Each of the two can be read; they do not belong together.
    let why = outbound.look().unwrap_err().to_string();
    assert!(why.contains("platform.pem") && why.contains("platform.key"), "{why}");
    assert!(outbound.fault().is_some());
    assert_eq!(shown().await, "CN=platform.example,C=TW");
    assert!(!outbound.look().unwrap(), "told once");
    assert!(outbound.fault().is_some(), "and known on");
    std::fs::copy(authority.path("next.key"), authority.path("platform.key")).unwrap();
    assert!(outbound.look().unwrap());
    assert_eq!((shown().await.as_str(), outbound.fault()), ("CN=next.example,C=TW", None));

    // Without a root of its own the listener is not trusted, and without a certificate nothing is shown.
    let bare = Outbound::new(&Policy::default(), true).unwrap();
    assert!(bare.identity(&url).unwrap().get(url.clone()).send().await.is_err());
    let roots = Outgoing { roots: config.outbound.roots.clone(), ..Outgoing::default() };
    let nobody = Outbound::with(&Policy::default(), true, &roots).unwrap();
    let said = nobody.identity(&url).unwrap().get(url.clone()).send().await.unwrap().text().await.unwrap();
    assert_eq!(said, "");
    drop(config);
    drop(folder);
}

/// The listeners' own certificate is renewed in the same way, for both of them.
#[tokio::test]
async fn the_listeners_certificate_is_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, next) = (Authority::new(), Authority::new());
    authority.server("server");
    next.server("server");
    let platform = Platform::start(config(folder.path(), &authority)).await.unwrap();
    let reach = async |caller: reqwest::Client| {
        let mut all = true;
        for at in [platform.address, platform.partner_address.unwrap()] {
            all &= caller.get(format!("https://{at}/service/data")).send().await.is_ok();
        }
        all
    };
    assert!(reach(authority.caller(None, &authority)).await);
    for end in ["pem", "key"] {
        std::fs::copy(next.path(&format!("server.{end}")), authority.path(&format!("server.{end}"))).unwrap();
    }
    watch::look(&platform.app.edge, &platform.app.outbound);
    assert!(!reach(authority.caller(None, &authority)).await);
    assert!(reach(next.caller(None, &next)).await);
    platform.stop().await;
}

/// Files that cannot be used are on the operator's dashboard until they can.
#[tokio::test]
async fn files_that_cannot_be_used_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.server("server");
    authority.client("platform", "platform.example", 2090);
    authority.client("other", "other.example", 2090);
    let mut config = config(folder.path(), &authority);
    config.ops = Ops { listen: Some((Ipv4Addr::LOCALHOST, 0).into()), ..Ops::default() };
    config.outbound.client_certificate = Some(authority.path("platform.pem"));
    config.outbound.client_key = Some(authority.path("platform.key"));
    let platform = Platform::start(config).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let told = async |key: &str| {
        let url = format!("http://{}/metrics", platform.ops_address.unwrap());
        let text = client.get(url).send().await.unwrap().text().await.unwrap();
        let sample = format!("mydata_files_unusable{{key=\"{key}\"}} ");
        text.lines()
            .find_map(|line| line.strip_prefix(&sample))
            .unwrap_or_else(|| panic!("{text}"))
            .to_owned()
    };
    let all = ["outbound", "tls.certificate", "partner.client_roots"];
    for key in all {
        assert_eq!(told(key).await, "0", "{key}");
    }
    let right = authority.read("platform.key");
    std::fs::copy(authority.path("other.key"), authority.path("platform.key")).unwrap();
    for file in ["server.key", "ca.pem"] {
        std::fs::write(authority.path(file), "nothing").unwrap();
    }
    watch::look(&platform.app.edge, &platform.app.outbound);
    for key in all {
        assert_eq!(told(key).await, "1", "{key}");
    }
    std::fs::write(authority.path("platform.key"), right).unwrap();
    watch::look(&platform.app.edge, &platform.app.outbound);
    assert_eq!((told("outbound").await.as_str(), told("tls.certificate").await.as_str()), ("0", "1"));
    platform.stop().await;
}

/// What the other end says to bytes, until it closes.
async fn raw(at: SocketAddr, request: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(at).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    let read = stream.read_to_end(&mut all);
    let _ = tokio::time::timeout(std::time::Duration::from_secs(10), read).await.expect("it is closed");
    String::from_utf8_lossy(&all).into_owned()
}

/// Without TLS, and with limits that a test need not wait for.
fn plain(folder: &Path, authority: &Authority) -> Config {
    let mut config = config(folder, authority);
    config.tls = Tls::default();
    config.partner.only = false;
    config.connections.body_pause = seconds(0.4);
    config.connections.head_bytes = 8_192;
    config.connections.body_bytes = 1 << 20;
    config
}

fn seconds(seconds: f64) -> mydata_domain::policy::Seconds {
    mydata_domain::policy::Seconds(std::time::Duration::from_secs_f64(seconds))
}

/// What a listener refuses by itself is told in the words of whom it serves, and ends the connection.
#[tokio::test]
async fn a_listener_refuses_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let platform = Platform::start(plain(folder.path(), &authority)).await.unwrap();
    register(&platform, vec![dataset(1, &[])]).await;
    let basic = base64_simd::STANDARD.encode_to_string(format!("API.EdgeTest01:{SECRET}"));
    let post = |path: &str, more: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\nauthorization: Basic {basic}\r\n\
             content-type: application/x-www-form-urlencoded\r\n{more}\r\n"
        )
    };
    let large = format!("x-a: {}\r\n", "a".repeat(9_000));
    for (at, path, kind) in [
        (platform.partner_address.unwrap(), "/connect/introspect", "application/problem+json"),
        (platform.address, "/preferences", "text/html"),
    ] {
        for (request, status, code, words) in [
            (post(path, "content-length: 9999999\r\n"), 413, "too_large", "送出的內容太大"),
            (post(path, "content-length: 20\r\n") + "tok", 408, "too_slow", "送出的內容沒有及時送達"),
            (post(path, &large), 431, "too_large", "送出的內容太大"),
        ] {
            let said = raw(at, &request).await;
            let (head, body) = said.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{said}"));
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {said}");
            assert!(head.contains("connection: close") && head.contains(kind), "{head}");
            assert!(head.contains("content-security-policy") && head.contains("cache-control"), "{head}");
            if kind == "text/html" {
                assert!(body.contains(words), "{body}");
            } else {
                let body: Value = serde_json::from_str(body).unwrap();
                assert_eq!((&body["status"], &body["code"]), (&json!(status), &json!(code)));
                assert!(body["detail"].as_str().unwrap().contains('請'), "{body}");
            }
        }
    }
    platform.stop().await;
}

/// Nothing is read of a data provider that is not known: it is refused before its body comes.
#[tokio::test]
async fn strangers_bodies_are_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let mut config = plain(folder.path(), &authority);
    config.connections.body_pause = seconds(60.0);
    let platform = Platform::start(config).await.unwrap();
    register(&platform, vec![dataset(1, &[])]).await;
    let basic = base64_simd::STANDARD.encode_to_string("API.EdgeTest01:anotherSecret016");
    let request = format!(
        "POST /connect/introspect HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic {basic}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: 900\r\n\r\ntok"
    );
    let said = raw(platform.partner_address.unwrap(), &request).await;
    assert!(said.starts_with("HTTP/1.1 401") && said.contains("invalid_client"), "{said}");
    platform.stop().await;
}

/// Told to end, a node says first that it is not ready, and is served on for a while, new callers included.
#[tokio::test]
async fn a_node_that_ends_says_so_before_its_doors_close() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let mut config = plain(folder.path(), &authority);
    config.connections.drain = seconds(1.5);
    let platform = Platform::start(config).await.unwrap();
    let listeners = [platform.address, platform.partner_address.unwrap()];
    let ask = async |at: SocketAddr, path: &str| {
        raw(at, &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")).await
    };
    let asking = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        for at in listeners {
            let said = ask(at, "/readyz").await;
            assert!(said.starts_with("HTTP/1.1 503") && said.contains("\"node\":\"ending\""), "{said}");
            assert!(ask(at, "/healthz").await.ends_with("ok\n"));
        }
        let said = ask(listeners[0], "/datasets").await;
        assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    };
    let began = std::time::Instant::now();
    tokio::join!(platform.drain(), asking);
    assert!(began.elapsed().as_secs_f64() >= 1.5);
    platform.stop().await;
    for at in listeners {
        assert!(tokio::net::TcpStream::connect(at).await.is_err());
    }
}

/// A service at this SP-API, with these roots of its certificate.
fn service(at: SocketAddr, roots: Option<String>) -> ServiceWithSecrets {
    let mut body = json!({
        "client_id": "CLI.qqOjnjO4WR", "zone": "test", "organisation": "edge", "name": "示範", "name_en": "Demo",
        "purpose": "示範", "purpose_en": "Demo", "category": "綜合", "url": "https://bank.example/", "terms": "示範",
        "return_urls": ["https://bank.example/return"], "sp_api": format!("https://localhost:{}/notify", at.port()),
        "allowed_ips": [], "datasets": [], "state": "listed",
    });
    if let Some(roots) = roots {
        body["sp_api_roots"] = roots.into();
    }
    let client_secret = "demoBankSecret16".parse().unwrap();
    let cbc_iv = "demoBankCbcIv016".parse().unwrap();
    ServiceWithSecrets {
        service: serde_json::from_value(body).unwrap(),
        secrets: ServiceSecrets { client_secret, cbc_iv, api_key: None, earlier: None },
    }
}

/// Shows R97: a service may say which roots its SP-API's certificate comes from; then those count and no others.
#[tokio::test]
async fn an_sp_api_is_known_by_the_roots_of_its_service() {
    let (authority, another) = (Authority::new(), Authority::new());
    authority.server("server");
    let tls = ServerTls::read(&authority.path("server.pem"), &authority.path("server.key"), Ask::Nobody);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let settings = Settings { tls: Some(tls.unwrap()), ..Settings::plain(Limits::default()) };
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let router = Router::new().route("/notify", axum::routing::post(|| async {}));
    tokio::spawn(mydata_listen::serve(listener, router, settings, stopped));

    let trusting = |roots: Vec<PathBuf>| {
        let settings = Outgoing { roots, ..Outgoing::default() };
        Outbound::with(&Policy::default(), true, &settings).unwrap()
    };
    let (nobody, everybody) = (trusting(Vec::new()), trusting(vec![authority.path("ca.pem")]));
    let notification = Notification {
        tx_id: "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e".parse().unwrap(),
        permission_ticket: "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e".parse().unwrap(),
        news: News::Undeliverable { unable_to_deliver: Vec::new() },
    };
    let (own, foreign) = (authority.read("ca.pem"), another.read("ca.pem"));
    let both = format!("{foreign}\n{own}");
    for (outbound, roots, taken) in [
        (&nobody, None, false),
        (&nobody, Some(&own), true),
        (&nobody, Some(&both), true),
        (&nobody, Some(&foreign), false),
        (&everybody, None, true),
        (&everybody, Some(&foreign), false),
        (&everybody, Some(&own), true),
    ] {
        let said = outbound.notify(&service(at, roots.cloned()), &notification, Time(0)).await;
        assert_eq!(said == SpAnswer::Accepted, taken, "{said:?}");
    }
    let unreadable = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----".to_owned();
    let said = everybody.notify(&service(at, Some(unreadable)), &notification, Time(0)).await;
    assert!(matches!(&said, SpAnswer::Failed(why) if why.contains("sp_api_roots")), "{said:?}");
}

/// An authority as `openssl ca` runs one.
struct OpensslCa(TempDir);

impl OpensslCa {
    fn new() -> Self {
        let ca = Self(tempfile::tempdir().unwrap());
        let config = "[ca]\ndefault_ca = own\n[own]\ndir = .\ndatabase = index.txt\nnew_certs_dir = .\ncertificate = ca.pem\n\
            private_key = ca.key\nserial = serial\ncrlnumber = crlnumber\ndefault_md = sha256\ndefault_days = 30\n\
            default_crl_days = 1\npolicy = any\nrand_serial = yes\n[any]\ncountryName = optional\ncommonName = supplied\n\
            [req]\ndistinguished_name = name\nprompt = no\n[name]\n[root]\nbasicConstraints = critical, CA:TRUE\n\
            keyUsage = critical, keyCertSign, cRLSign\nsubjectKeyIdentifier = hash\n";
        for (file, text) in [("ca.cnf", config), ("index.txt", ""), ("crlnumber", "1000\n")] {
            std::fs::write(ca.0.path().join(file), text).unwrap();
        }
        ca.run("req -x509 -config ca.cnf -extensions root -subj /C=TW/CN=Demo-Partners -days 30 -keyout ca.key -out ca.pem", true);
        ca
    }

    fn run(&self, arguments: &str, new_key: bool) {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let output = Command::new("openssl")
            .args(arguments.split(' '))
            .args(if new_key { &key[..] } else { &[] })
            .current_dir(self.0.path())
            .output()
            .expect("openssl is installed");
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Issues a client's certificate with this extension, and another name than any other; gives its SHA-256.
    fn issue(&self, name: &str, extension: &str) -> String {
        let text = format!("keyUsage = digitalSignature\nextendedKeyUsage = clientAuth\n{extension}\n");
        std::fs::write(self.0.path().join("ext.cnf"), text).unwrap();
        let request =
            format!("req -config ca.cnf -new -subj /C=TW/CN={name} -keyout {name}.key -out {name}.csr");
        self.run(&request, true);
        let sign =
            format!("ca -batch -config ca.cnf -notext -extfile ext.cnf -in {name}.csr -out {name}.pem");
        self.run(&sign, false);
        let pem = self.read(&format!("{name}.pem"));
        let sha256 = mydata_listen::client::sha256(&mydata_listen::client::der_of_pem(&pem).unwrap());
        sha256.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn revoke(&self, name: &str) {
        self.run(&format!("ca -config ca.cnf -revoke {name}.pem"), false);
    }

    /// Its revocation list as it is now, in DER.
    fn list(&self) -> Vec<u8> {
        self.run("ca -config ca.cnf -gencrl -out list.pem", false);
        self.run("crl -in list.pem -outform DER -out list.der", false);
        std::fs::read(self.0.path().join("list.der")).unwrap()
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.0.path().join(file)).unwrap()
    }

    /// Its responder at this port, until what is returned is dropped.
    fn responder(&self, port: u16) -> Responder {
        let log = self.0.path().join("responder.log");
        let child = Command::new("openssl")
            .args(["ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key"])
            .args(["-port", &port.to_string()])
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .expect("openssl is installed");
        let responder = Responder(child);
        for _ in 0..400 {
            if std::fs::read_to_string(&log).unwrap().contains("waiting for OCSP client connections") {
                return responder;
            }
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
        panic!("the responder does not start");
    }
}

struct Responder(std::process::Child);

impl Drop for Responder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Shows R97: a partner whose certificate its issuer has revoked is refused, by the responder's word and by the list; what
/// was learnt is kept; where nobody tells, the setting decides.
#[tokio::test(flavor = "multi_thread")]
async fn a_partner_whose_certificate_is_revoked_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, ca) = (Authority::new(), OpensslCa::new());
    authority.server("server");
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let list = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let (counted, shown) = (asked.clone(), list.clone());
    let lists = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let list_url = format!("http://{}/list.crl", lists.local_addr().unwrap());
    let give = move || async move {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        shown.lock().unwrap().clone()
    };
    tokio::spawn(async move { axum::serve(lists, Router::new().fallback(give)).await });
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();

    let ocsp = format!("authorityInfoAccess = OCSP;URI:http://127.0.0.1:{port}/");
    let crl = format!("crlDistributionPoints = URI:{list_url}");
    let names = ["asked-good", "asked-gone", "listed-good", "listed-gone", "silent"];
    let mut pins = Vec::new();
    for name in names {
        pins.push(ca.issue(
            name,
            if name.starts_with("asked") {
                &ocsp
            } else if name == "silent" {
                ""
            } else {
                &crl
            },
        ));
    }
    ca.revoke("asked-gone");
    ca.revoke("listed-gone");
    *list.lock().unwrap() = ca.list();
    let responder = ca.responder(port);

    let start = async |folder: &Path, on_unknown: OnUnknown| {
        let mut config = config(folder, &authority);
        // The responder is on this machine.
        config.sandbox = true;
        config.partner.client_roots = vec![ca.0.path().join("ca.pem")];
        config.trust.revocation = Some(RevocationOrder::OcspThenCrl);
        config.trust.on_unknown = on_unknown;
        config.trust.patience = seconds(5.0);
        let platform = Platform::start(config).await.unwrap();
        let subjects: Vec<String> = names.iter().map(|name| format!("subject:CN={name},C=TW")).collect();
        let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
        let pins: Vec<&str> = pins.iter().map(String::as_str).collect();
        register(&platform, vec![dataset(1, &subjects), dataset(2, &pins)]).await;
        platform
    };
    let caller = |name: &str| {
        let root = reqwest::Certificate::from_pem(authority.read("ca.pem").as_bytes()).unwrap();
        let pem = ca.read(&format!("{name}.pem")) + &ca.read(&format!("{name}.key"));
        let identity = reqwest::Identity::from_pem(pem.as_bytes()).unwrap();
        reqwest::Client::builder().no_proxy().tls_certs_only([root]).identity(identity).build().unwrap()
    };
    let platform = start(folder.path(), OnUnknown::Refuse).await;
    let at = platform.partner_address.unwrap();
    let (revoked, unknown) = ("client_certificate_revoked", "client_certificate_revocation_unknown");
    for _ in 0..3 {
        for (name, n, code) in [
            ("asked-good", 1, ""),
            ("asked-gone", 1, revoked),
            ("listed-good", 1, ""),
            ("listed-gone", 1, revoked),
            ("silent", 1, unknown),
            ("asked-good", 2, ""),
            ("asked-gone", 2, revoked),
            ("listed-gone", 2, revoked),
            ("silent", 2, ""),
        ] {
            let (status, said, detail) = introspect(&caller(name), at, n).await;
            let expected = if code.is_empty() { 200 } else { 401 };
            assert_eq!((status, said.as_str()), (expected, code), "{name} for dataset {n}");
            assert_eq!(detail.contains("請"), !code.is_empty(), "the way out is said: {detail}");
        }
    }
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1, "the list is fetched once");
    drop(responder);
    assert_eq!(introspect(&caller("asked-gone"), at, 1).await.1, revoked, "what the responder said holds");
    assert_eq!(introspect(&caller("asked-good"), at, 1).await.0, 200);
    platform.stop().await;

    let folder = tempfile::tempdir().unwrap();
    let platform = start(folder.path(), OnUnknown::AcceptAndFlag).await;
    let at = platform.partner_address.unwrap();
    assert_eq!(introspect(&caller("silent"), at, 1).await.0, 200);
    assert_eq!(introspect(&caller("asked-gone"), at, 1).await.0, 200, "nobody tells any more");
    assert_eq!(introspect(&caller("listed-gone"), at, 1).await.1, revoked);
    platform.stop().await;
}
