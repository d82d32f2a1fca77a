//! The sandbox's identity provider: a real OpenID Connect provider whose people are the personas.
//!
//! Authorization code with PKCE (S256 required), `client_secret_basic`, RS256. It owns signing keys and codes; it
//! refuses every client and redirect address but the platform's.

mod authorize;
mod keys;
mod token;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::routing::{get, post};
use axum::{Json, Router, extract::State};
use mydata_wire::{Random, Verification, b64};
use serde_json::{Value, json};
use url::Url;

use crate::Clock;
use crate::data::DataFolder;
use crate::page;
use crate::personas::Persona;

pub use keys::KeyError;

/// How long a code may be redeemed.
pub const CODE_LIVES: Duration = Duration::from_secs(60);
/// How long somebody may look at the login page.
const REQUEST_LIVES: Duration = Duration::from_secs(600);
/// How long the ID token and the access token are good.
const TOKEN_LIVES: Duration = Duration::from_secs(300);
/// How many requests, codes and tokens are held at a time, each.
const HELD: usize = 10_000;

/// The platform as the provider's client: what it is configured with.
#[derive(Clone)]
pub struct Client {
    /// The provider's issuer.
    pub issuer: Url,
    /// The platform's name there.
    pub client_id: String,
    /// The platform's secret there.
    pub client_secret: String,
    /// Every method the personas hold.
    pub methods: Vec<Verification>,
}

/// A request whose citizen is choosing.
#[derive(Clone)]
struct Pending {
    redirect_uri: String,
    state: Option<String>,
    nonce: Option<String>,
    challenge: String,
    method: Verification,
}

/// A code on its way to being redeemed.
struct Code {
    request: Pending,
    persona: &'static Persona,
}

/// Who an access token speaks of.
struct Access {
    persona: &'static Persona,
    method: Verification,
}

/// The provider.
pub struct Provider {
    client: Client,
    platform: Url,
    keys: keys::Keys,
    clock: Clock,
    random: Arc<dyn Random>,
    pending: Shelf<Pending>,
    codes: Shelf<Code>,
    tokens: Shelf<Access>,
}

impl Provider {
    /// A provider at `issuer` for the platform at `platform`. Its key is kept in `folder`.
    pub fn new(
        issuer: Url,
        platform: Url,
        folder: &DataFolder,
        clock: Clock,
        random: Arc<dyn Random>,
    ) -> Result<Self, KeyError> {
        Ok(Self {
            client: Client {
                issuer,
                client_id: "mydata-platform".to_owned(),
                client_secret: "demo-idp-secret-of-the-platform".to_owned(),
                methods: Verification::ALL.to_vec(),
            },
            platform,
            keys: keys::Keys::open(folder, &*random)?,
            clock,
            random,
            pending: Shelf::new(),
            codes: Shelf::new(),
            tokens: Shelf::new(),
        })
    }

    /// What the platform must be told.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Its endpoints.
    pub fn router(self) -> Router {
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/authorize", get(authorize::ask))
            .route("/authorize/decide", post(authorize::decide))
            .route("/token", post(token::redeem))
            .route("/userinfo", get(token::userinfo))
            .with_state(Arc::new(self));
        page::with_style(router)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer())
    }

    /// The issuer as it stands in tokens: without a slash at its end.
    fn issuer(&self) -> &str {
        self.client.issuer.as_str().trim_end_matches('/')
    }

    fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// A fresh name for a request, a code or a token.
    fn secret(&self) -> String {
        let mut bytes = [0; 32];
        self.random.fill(&mut bytes);
        b64::url_safe(&bytes)
    }
}

async fn discovery(State(idp): State<Arc<Provider>>) -> Json<Value> {
    Json(json!({
        "issuer": idp.issuer(),
        "authorization_endpoint": idp.url("/authorize"),
        "token_endpoint": idp.url("/token"),
        "userinfo_endpoint": idp.url("/userinfo"),
        "jwks_uri": idp.url("/jwks"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": Verification::ALL.map(Verification::code),
        "scopes_supported": ["openid", "profile", "email"],
        "claims_supported":
            ["iss", "sub", "aud", "exp", "iat", "nonce", "acr", "name", "uid", "birthdate", "gender", "email"],
        "ui_locales_supported": ["zh-Hant-TW", "en"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn jwks(State(idp): State<Arc<Provider>>) -> Json<Value> {
    Json(idp.keys.jwks())
}

/// Things that are taken once, or until they end.
struct Shelf<T>(Mutex<HashMap<String, (SystemTime, T)>>);

impl<T> Shelf<T> {
    fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    fn with<R>(&self, f: impl FnOnce(&mut HashMap<String, (SystemTime, T)>) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, name: String, thing: T, ends: SystemTime, now: SystemTime) {
        self.with(|shelf| {
            if shelf.len() >= HELD {
                shelf.retain(|_, (ends, _)| *ends > now);
            }
            if shelf.len() >= HELD {
                shelf.clear();
            }
            shelf.insert(name, (ends, thing));
        });
    }

    /// Takes it away; nobody gets it a second time.
    fn take(&self, name: &str, now: SystemTime) -> Option<T> {
        self.with(|shelf| shelf.remove(name)).filter(|(ends, _)| *ends > now).map(|(_, thing)| thing)
    }

    /// Looks at it where it lies.
    fn look<R>(&self, name: &str, now: SystemTime, f: impl FnOnce(&T) -> R) -> Option<R> {
        self.with(|shelf| shelf.get(name).filter(|(ends, _)| *ends > now).map(|(_, thing)| f(thing)))
    }
}
