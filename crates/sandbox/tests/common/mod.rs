//! A scripted platform: just enough of one for the sandbox's programs to talk to.
//!
//! Its access tokens are `{persona}__{resource_id without dot}…`, so that every test decides who is meant. Entry, consent
//! and confirmation are bare forms; the token it delivers is sealed from whatever packages the DPs gave.

#![allow(dead_code, reason = "each test program is compiled with all of this and uses a part")]

use std::collections::HashMap;
use std::io::Cursor;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use mydata_sandbox::personas::{self, Persona};
use mydata_sandbox::{Sandbox, SandboxConfig, idp};
use mydata_sdk::seal::{package, token::TokenWriter};
use mydata_wire::entry::{RawEntry, decode_resources};
use mydata_wire::manifest::{FileCode, PackageEntry, PackageManifest};
use mydata_wire::{
    AccessToken, CbcIv, PermissionTicket, ResourceId, SecretKey, SystemRandom, TransactionUid, TxId,
};
use serde_json::json;
use url::Url;

/// A PKCE verifier and its challenge.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub struct World {
    pub sandbox: Sandbox,
    pub platform: Url,
    pub script: Arc<Mutex<Script>>,
    pub http: reqwest::Client,
    _folder: tempfile::TempDir,
}

/// What the scripted platform knows.
#[derive(Default)]
pub struct Script {
    pub idp: Option<idp::Client>,
    /// Where the provider sends the browser back to.
    pub callback: String,
    /// Filled at the entry.
    pub resources: Vec<ResourceId>,
    pub tx_id: Option<TxId>,
    pub return_url: String,
    pub form: HashMap<String, String>,
    /// The persona who signed in.
    pub persona: Option<&'static Persona>,
    /// Sealed token by ticket.
    pub tokens: HashMap<String, Vec<u8>>,
    pub polls: u32,
}

type Shared = Arc<Mutex<Script>>;

pub fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut SandboxConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let platform: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let script = Shared::default();
        let router = Router::new()
            .route("/connect/introspect", post(introspect))
            .route("/connect/userinfo", get(userinfo))
            .route("/service/data", get(data))
            .route("/service/{*rest}", get(entry))
            .route("/exchange/1/authorise", post(authorise))
            .route("/callback", get(callback))
            .route("/exchange/1", get(confirm_page))
            .route("/exchange/1/confirm", post(confirm))
            .route("/exchange/1/refuse", post(refuse))
            .with_state(Arc::clone(&script));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut config = SandboxConfig::new(platform.clone(), folder.path().join("data"));
        change(&mut config);
        let sandbox = Sandbox::start(config).await.unwrap();
        {
            let mut script = script.lock().unwrap();
            script.idp = Some(sandbox.idp().clone());
            script.callback = format!("{platform}callback");
        }
        Self { sandbox, platform, script, http: client(), _folder: folder }
    }

    pub fn data_dir(&self) -> std::path::PathBuf {
        self._folder.path().join("data")
    }

    /// Calls a DP as the platform would.
    pub async fn ask_dp(
        &self,
        url: &str,
        persona: &str,
        uid: TransactionUid,
        parameters: &[(&str, &str)],
    ) -> reqwest::Response {
        let mut request = self
            .http
            .get(url)
            .header("Authorization", format!("Bearer {}", token_for(persona).to_wire()))
            .header("transaction_uid", uid.to_string());
        for (name, value) in parameters {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    /// Seals packages as the platform would; gives the ticket and the key.
    pub fn seal(
        &self,
        iv: &CbcIv,
        packages: &[(ResourceId, &str, Option<Vec<u8>>)],
    ) -> (PermissionTicket, SecretKey) {
        let manifest = PackageManifest {
            files: packages
                .iter()
                .map(|(id, name, content)| PackageEntry {
                    resource_id: id.clone(),
                    resource_name: (*name).to_owned(),
                    code: if content.is_some() { FileCode::Present } else { FileCode::NoData },
                })
                .collect(),
        };
        let key = SecretKey::generate(&SystemRandom);
        let client_id = self.sandbox.bank().facts().service.client_id.clone();
        let token = TokenWriter::new(Vec::new(), &client_id, &key, iv).unwrap();
        let open = |id: &ResourceId| {
            let content = packages.iter().find(|(i, ..)| i == id).and_then(|(.., c)| c.clone());
            Ok(Cursor::new(content.unwrap_or_default()))
        };
        let token = package::write(token, &manifest, open).unwrap().finish().unwrap();
        let ticket = PermissionTicket::generate(&SystemRandom);
        self.script.lock().unwrap().tokens.insert(ticket.expose(), token);
        (ticket, key)
    }

    /// Calls the bank's SP-API.
    pub async fn notify(&self, body: serde_json::Value) -> u16 {
        let sp = self.sandbox.bank();
        let url = format!("{}mydata-sp/notification", self.sandbox.addresses().bank);
        let request = self.http.post(url).header("x-api-key", &sp.facts().api_key).json(&body);
        request.send().await.unwrap().status().as_u16()
    }
}

/// The token of a persona.
pub fn token_for(persona: &str) -> AccessToken {
    AccessToken::from_wire(&format!("mydata::{persona}__0123456789abcdef")).unwrap()
}

fn persona_of(token: &str) -> Option<&'static Persona> {
    personas::by_key(token.strip_prefix("mydata::")?.split("__").next()?)
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

async fn introspect(headers: HeaderMap, Form(form): Form<HashMap<String, String>>) -> Response {
    let basic = headers["authorization"].to_str().unwrap().strip_prefix("Basic ").unwrap();
    let basic = String::from_utf8(mydata_wire::b64::decode_lenient(basic).unwrap()).unwrap();
    let (id, _) = basic.split_once(':').unwrap();
    match persona_of(&form["token"]) {
        Some(_) => Json(json!({"active": true, "client_id": id, "verification": "CER", "exp": now() + 600}))
            .into_response(),
        None => Json(json!({"active": false})).into_response(),
    }
}

async fn userinfo(headers: HeaderMap) -> Response {
    let token = headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap();
    match persona_of(token) {
        Some(p) => Json(json!({"sub": p.key, "cn": p.name, "uid": p.uid, "uid_verified": "True",
            "birthdate": p.birthdate, "gender": p.gender, "email": p.email(), "verification": "CER"}))
        .into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn data(State(script): State<Shared>, headers: HeaderMap) -> Response {
    let ticket = headers["permission_ticket"].to_str().unwrap();
    match script.lock().unwrap().tokens.get(ticket) {
        Some(token) => ([(header::CONTENT_TYPE, "application/jwt")], token.clone()).into_response(),
        None => StatusCode::FORBIDDEN.into_response(),
    }
}

async fn entry(State(script): State<Shared>, uri: Uri) -> Html<String> {
    let raw = RawEntry::split(uri.path().strip_prefix("/service/").unwrap(), uri.query());
    let mut script = script.lock().unwrap();
    script.resources = decode_resources(&raw.resources).unwrap();
    script.tx_id = Some(raw.tx_id.parse().unwrap());
    script.return_url = raw.return_url.unwrap();
    Html(
        r#"<title>同意</title><form method="post" action="/exchange/1/authorise">
        <input type="hidden" name="form_token" value="t0"><input type="checkbox" name="terms" value="yes" required>
        <input type="radio" name="method" value="CER"><input type="radio" name="method" value="NHI">
        <input name="INQ_YR" value="114" required><button>確認</button></form>
        <form method="post" action="/exchange/1/refuse"><button>拒絕</button></form>"#
            .to_owned(),
    )
}

async fn authorise(State(script): State<Shared>, Form(form): Form<HashMap<String, String>>) -> Redirect {
    let mut script = script.lock().unwrap();
    let idp = script.idp.clone().unwrap();
    let mut to = idp.issuer.join("authorize").unwrap();
    to.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("scope", "openid"),
        ("client_id", &idp.client_id),
        ("redirect_uri", &script.callback),
        ("state", "s"),
        ("nonce", "n"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("acr_values", &form["method"]),
    ]);
    script.form = form;
    Redirect::to(to.as_str())
}

async fn callback(State(script): State<Shared>, Query(query): Query<HashMap<String, String>>) -> Response {
    let (idp, redirect_uri) = {
        let script = script.lock().unwrap();
        (script.idp.clone().unwrap(), script.callback.clone())
    };
    let Some(code) = query.get("code") else { return Html("<title>已取消</title>").into_response() };
    let answer = redeem(&client(), &idp, code, VERIFIER, &redirect_uri).await;
    let body: serde_json::Value = answer.json().await.unwrap();
    let claims = claims(body["id_token"].as_str().unwrap());
    let uid = claims["uid"].as_str().unwrap().parse().unwrap();
    script.lock().unwrap().persona = personas::by_id(&uid);
    Redirect::to("/exchange/1").into_response()
}

async fn confirm_page(State(script): State<Shared>) -> Html<String> {
    let mut script = script.lock().unwrap();
    script.polls += 1;
    let running =
        if script.polls < 3 { r#"<noscript><meta http-equiv="refresh" content="5"></noscript>"# } else { "" };
    Html(format!(
        r#"<title>確認傳送資料</title>{running}
        <form method="post" action="/exchange/1/confirm"><button>確認</button></form>
        <form method="post" action="/exchange/1/refuse"><button>拒絕</button></form>"#
    ))
}

async fn confirm(State(script): State<Shared>) -> Redirect {
    let script = script.lock().unwrap();
    let url = script.return_url.replacen('?', &format!("?tx_id={}&", script.tx_id.unwrap()), 1);
    Redirect::to(&url)
}

async fn refuse(State(script): State<Shared>) -> Redirect {
    let script = script.lock().unwrap();
    let url = script.return_url.replacen('?', &format!("?code=205&tx_id={}&", script.tx_id.unwrap()), 1);
    Redirect::to(&url)
}

/// Redeems a code at the provider.
pub async fn redeem(
    http: &reqwest::Client,
    idp: &idp::Client,
    code: &str,
    verifier: &str,
    redirect_uri: &str,
) -> reqwest::Response {
    http.post(idp.issuer.join("token").unwrap())
        .basic_auth(&idp.client_id, Some(&idp.client_secret))
        .form(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ])
        .send()
        .await
        .unwrap()
}

/// The claims of a JWT, unverified.
pub fn claims(jwt: &str) -> serde_json::Value {
    let payload = jwt.split('.').nth(1).unwrap();
    serde_json::from_slice(&mydata_wire::b64::decode_lenient(payload).unwrap()).unwrap()
}

/// Runs a program and gives its standard output.
pub fn run(program: &str, arguments: &[&str], folder: &Path) -> String {
    let output = std::process::Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|e| panic!("{program} must be installed: {e}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}
