//! An identity provider that says what the test wants: OpenID Connect, one person at a time.

use std::sync::{Arc, LazyLock, Mutex};

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use mydata_domain::Time;
use mydata_wire::Verification;
use serde_json::{Value, json};
use url::Url;

use crate::config::OidcProvider;

/// A fictional person.
pub(crate) struct Who {
    pub(crate) uid: &'static str,
    pub(crate) name: &'static str,
    pub(crate) email: &'static str,
    pub(crate) email_verified: bool,
}

/// Has a mail address.
pub(crate) const WANG: Who =
    Who { uid: "A123456789", name: "王小明", email: "wang.demo@example.test", email_verified: true };
/// Has none.
pub(crate) const WU: Who = Who { uid: "A800000014", name: "Nguyen Van An", email: "", email_verified: false };

static KEY: LazyLock<EncodingKey> = LazyLock::new(|| {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).unwrap()
});

/// The provider.
pub(crate) struct Idp {
    issuer: Url,
    token: Arc<Mutex<Option<Value>>>,
}

#[derive(Clone)]
struct Shared {
    issuer: String,
    token: Arc<Mutex<Option<Value>>>,
}

impl Idp {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let token = Arc::<Mutex<Option<Value>>>::default();
        let shared = Shared { issuer: issuer.clone(), token: Arc::clone(&token) };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(redeem))
            .with_state(shared);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { issuer: issuer.parse().unwrap(), token }
    }

    pub(crate) fn settings(&self) -> OidcProvider {
        OidcProvider {
            issuer: self.issuer.clone(),
            client_id: "mydata".to_owned(),
            client_secret: "a secret of the tests".to_owned(),
            methods: Verification::ALL.into_iter().filter(|m| *m != Verification::Gov).collect(),
            claims: Default::default(),
            acr: Default::default(),
        }
    }

    /// The address that the browser comes back to, from the page that leads to the provider, with `who` as the person.
    pub(crate) fn way_back(&self, onward: &str, who: &Who, by: Verification, now: Time) -> String {
        let url = onward.split("0;url=").nth(1).unwrap_or_else(|| panic!("the page leads nowhere: {onward}"));
        let url = url.split('"').next().unwrap().replace("&#38;", "&");
        let url = Url::parse(&url).unwrap();
        let get = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        assert_eq!(get("prompt"), "login");
        *self.token.lock().unwrap() = Some(json!({
            "iss": self.issuer.as_str().trim_end_matches('/'), "aud": "mydata", "sub": who.uid, "nonce": get("nonce"),
            "iat": now.seconds(), "exp": 4_000_000_000_i64, "acr": by.code(),
            "name": who.name, "uid": who.uid, "birthdate": "1991-01-01", "email": who.email,
            "email_verified": who.email_verified,
        }));
        format!("{}?code=1&state={}", crate::CALLBACK_PATH, get("state"))
    }
}

async fn discovery(State(shared): State<Shared>) -> Json<Value> {
    let issuer = shared.issuer;
    Json(json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
    }))
}

async fn keys() -> Json<Value> {
    let jwk = Jwk::from_encoding_key(&KEY, Algorithm::RS256).unwrap();
    let AlgorithmParameters::RSA(public) = jwk.algorithm else { panic!("the key is an RSA key") };
    Json(json!({ "keys": [
        { "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "n": public.n, "e": public.e }
    ] }))
}

async fn redeem(State(shared): State<Shared>) -> Json<Value> {
    let claims = shared.token.lock().unwrap().take().expect("a code is redeemed once");
    let header = Header { kid: Some("1".to_owned()), ..Header::new(Algorithm::RS256) };
    Json(json!({ "id_token": jsonwebtoken::encode(&header, &claims, &KEY).unwrap(), "token_type": "Bearer" }))
}
