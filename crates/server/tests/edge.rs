//! The platform's edge as partners and browsers meet it: listeners, certificates, and what is said to whom is refused.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use axum::Router;
use axum::routing::get;
use mydata_domain::Policy;
use mydata_domain::registry::Registry;
use mydata_listen::client::Presented;
use mydata_listen::tls::Ask;
use mydata_listen::{Limits, ServerTls, Settings};
use mydata_server::config::{OidcProvider, Outgoing, Partner, Tls};
use mydata_server::edge::{busy, watch};
use mydata_server::outbound::Outbound;
use mydata_server::{Config, Platform};
use mydata_store::repo::registry;
use mydata_wire::Verification;
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
    let answer = busy::answer(&platform.app);
    for (path, accept, kind, words) in [
        ("/datasets", "text/html", "text/html; charset=utf-8", "<html"),
        ("/service/data", "*/*", "application/problem+json", "\"code\":\"busy\""),
    ] {
        let (parts, ()) = http::Request::get(path).header("accept", accept).body(()).unwrap().into_parts();
        let response = answer(&parts);
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
    for (header, trusted, expected) in [
        (Some("x-client-cert"), vec!["127.0.0.1/32"], 200),
        (None, vec!["127.0.0.1/32"], 401),
        (Some("x-client-cert"), vec!["192.0.2.1/32"], 401),
        (Some("x-other-name"), vec!["127.0.0.1/32"], 401),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path(), &authority);
        config.tls = Tls::default();
        config.partner =
            Partner { client_certificate_header: header.map(str::to_owned), ..Partner::default() };
        config.trusted_proxies = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let platform = Platform::start(config).await.unwrap();
        register(&platform, vec![dataset(1, &[&pinned])]).await;
        let answer = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .build()
            .unwrap()
            .post(format!("http://{}/connect/introspect", platform.address))
            .basic_auth("API.EdgeTest01", Some(SECRET))
            .header("x-client-cert", &escaped)
            .form(&[("token", "mydata::nobodys-token-of-a-good-length")])
            .send();
        assert_eq!(answer.await.unwrap().status().as_u16(), expected, "{header:?} {trusted:?}");
        platform.stop().await;
    }
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
    std::fs::copy(authority.path("next.key"), authority.path("platform.key")).unwrap();
    assert!(outbound.look().unwrap());
    assert_eq!(shown().await, "CN=next.example,C=TW");

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
