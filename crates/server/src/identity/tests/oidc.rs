//! What an OpenID Connect provider may not say, and what it may call things.

use std::sync::{Arc, LazyLock, Mutex};

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use mydata_domain::{Policy, Time};
use mydata_store::testing::START;
use mydata_wire::{SystemRandom, Verification, b64};
use serde_json::{Value, json};

use crate::config::{ClaimNames, OidcProvider};
use crate::identity::oidc::Oidc;
use crate::identity::{Attempt, Fault, Verified};
use crate::outbound::Outbound;

static KEYS: LazyLock<[(String, EncodingKey); 2]> = LazyLock::new(|| {
    [(); 2].map(|()| {
        let pem = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap().serialize_pem();
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
        (pem, key)
    })
});

#[derive(Clone)]
struct Provider {
    issuer: String,
    token: Arc<Mutex<String>>,
    /// Which keys it publishes, by kid.
    keys: Arc<Mutex<Vec<(&'static str, usize)>>>,
    read: Arc<Mutex<u32>>,
}

async fn discovery(State(provider): State<Provider>) -> Json<Value> {
    let issuer = provider.issuer;
    Json(json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
    }))
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    *provider.read.lock().unwrap() += 1;
    let published = provider.keys.lock().unwrap().clone();
    let jwk = |(kid, key): (&str, usize)| {
        let jwk = Jwk::from_encoding_key(&KEYS[key].1, Algorithm::RS256).unwrap();
        let AlgorithmParameters::RSA(public) = jwk.algorithm else { panic!("the key is an RSA key") };
        json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": public.n, "e": public.e })
    };
    Json(json!({ "keys": published.into_iter().map(jwk).collect::<Vec<_>>() }))
}

async fn token(State(provider): State<Provider>) -> Json<Value> {
    Json(json!({ "id_token": *provider.token.lock().unwrap(), "token_type": "Bearer" }))
}

impl Provider {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            token: Arc::default(),
            keys: Arc::new(Mutex::new(vec![("1", 0)])),
            read: Arc::default(),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    fn way(&self, change: impl FnOnce(&mut OidcProvider)) -> Oidc {
        let mut settings = OidcProvider {
            issuer: self.issuer.parse().unwrap(),
            client_id: "mydata".to_owned(),
            client_secret: "a secret of the tests".to_owned(),
            methods: vec![Verification::Nhi, Verification::Otp],
            claims: ClaimNames::default(),
            acr: Default::default(),
        };
        change(&mut settings);
        let outbound = Outbound::new(&Policy::default(), true).unwrap();
        Oidc::new(settings, "https://mydata.example/identity/callback".parse().unwrap(), outbound)
    }

    fn claims(&self) -> Value {
        json!({
            "iss": self.issuer, "aud": "mydata", "sub": "s-1", "nonce": "n", "acr": "NHI",
            "iat": START.seconds(), "exp": START.seconds() + 300,
            "uid": "A123456789", "name": "王小明", "birthdate": "1991-01-01",
        })
    }

    async fn says(&self, way: &Oidc, token: String, now: Time) -> Result<Verified, Fault> {
        *self.token.lock().unwrap() = token;
        way.finish("code", &Attempt { nonce: "n".to_owned(), verifier: "v".to_owned() }, now).await
    }
}

fn signed(claims: &Value, kid: Option<&str>, key: usize) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::RS256) };
    jsonwebtoken::encode(&header, claims, &KEYS[key].1).unwrap()
}

fn reason(result: Result<Verified, Fault>) -> String {
    result.map(|v| v.method).expect_err("it was believed").to_string()
}

/// Shows R74: a token holds when everything in it does, and else says nothing.
#[tokio::test]
async fn a_token_that_does_not_hold_is_refused() {
    let provider = Provider::start().await;
    let way = provider.way(|_| ());
    let good = provider
        .says(&way, signed(&provider.claims(), Some("1"), 0), START)
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((good.method, good.person.name.as_str()), (Verification::Nhi, "王小明"));
    assert!(!good.mail_verified);
    let (now, old) = (START.seconds(), START.seconds() - 700);
    for (claim, value, why) in [
        ("nonce", json!("another"), "nonce"),
        ("nonce", Value::Null, "nonce"),
        ("aud", json!("another"), "audience"),
        ("aud", json!(["mydata", "another"]), "azp"),
        ("azp", json!("another"), "azp"),
        ("iss", json!("https://evil.example"), "signature, times, audience"),
        ("exp", json!(now - 61), "exp"),
        ("exp", Value::Null, "signature, times"),
        ("iat", json!(old), "iat"),
        ("iat", json!(now + 700), "iat"),
        ("iat", Value::Null, "iat"),
        ("acr", Value::Null, "acr"),
        ("acr", json!("CER"), "acr"),
        ("acr", json!("strong"), "acr"),
        ("uid", json!("A123456788"), "uid"),
        ("uid", Value::Null, "uid"),
        ("name", json!("  "), "name"),
        ("sub", Value::Null, "signature, times"),
    ] {
        let mut claims = provider.claims();
        claims[claim] = value;
        if claims[claim].is_null() {
            claims.as_object_mut().unwrap().remove(claim);
        }
        let said = reason(provider.says(&way, signed(&claims, Some("1"), 0), START).await);
        assert!(said.contains(why), "{claim}: {said}");
    }
    // The token of several audiences that was made for us.
    let mut claims = provider.claims();
    (claims["aud"], claims["azp"]) = (json!(["mydata", "another"]), json!("mydata"));
    assert!(provider.says(&way, signed(&claims, Some("1"), 0), START).await.is_ok());
}

/// Nothing but the provider's published keys signs: neither nobody, nor its public key as a shared secret, nor another's.
#[tokio::test]
async fn a_token_signed_otherwise_is_refused() {
    let provider = Provider::start().await;
    let way = provider.way(|_| ());
    let body = b64::url_safe(provider.claims().to_string().as_bytes());
    let none = format!("{}.{body}.", b64::url_safe(br#"{"alg":"none","typ":"JWT","kid":"1"}"#));
    let said = reason(provider.says(&way, none, START).await);
    assert!(said.contains("no JWT") || said.contains("algorithm"), "{said}");
    let shared = EncodingKey::from_secret(KEYS[0].0.as_bytes());
    let header = Header { kid: Some("1".to_owned()), ..Header::new(Algorithm::HS256) };
    let hmac = jsonwebtoken::encode(&header, &provider.claims(), &shared).unwrap();
    assert!(reason(provider.says(&way, hmac, START).await).contains("algorithm"));
    let foreign = signed(&provider.claims(), Some("1"), 1);
    assert!(reason(provider.says(&way, foreign, START).await).contains("signature"));
    let good = signed(&provider.claims(), Some("1"), 0);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let (head, _) = head.split_once('.').unwrap();
    let mut changed = provider.claims();
    changed["uid"] = json!("B222222228");
    let changed = format!("{head}.{}.{signature}", b64::url_safe(changed.to_string().as_bytes()));
    assert!(reason(provider.says(&way, changed, START).await).contains("signature"));
    for garbage in ["", "a.b.c", "x"] {
        assert!(reason(provider.says(&way, garbage.to_owned(), START).await).contains("no JWT"));
    }
}

/// A key that is not known makes the keys be read again, not more often than every ten seconds.
#[tokio::test]
async fn keys_are_read_again_when_the_provider_uses_another() {
    let provider = Provider::start().await;
    let way = provider.way(|_| ());
    assert!(
        provider.says(&way, signed(&provider.claims(), None, 0), START).await.is_ok(),
        "the only key there is"
    );
    *provider.keys.lock().unwrap() = vec![("1", 0), ("2", 1)];
    let new = signed(&provider.claims(), Some("2"), 1);
    let soon = START.plus(std::time::Duration::from_secs(5));
    assert!(reason(provider.says(&way, new.clone(), soon).await).contains("does not publish"));
    let later = START.plus(std::time::Duration::from_secs(11));
    assert!(provider.says(&way, new, later).await.is_ok());
    let unknown = signed(&provider.claims(), Some("3"), 1);
    for _ in 0..5 {
        assert!(reason(provider.says(&way, unknown.clone(), later).await).contains("does not publish"));
    }
    assert_eq!(*provider.read.lock().unwrap(), 2, "strangers' tokens do not make us ask for keys");
}

/// Claims and methods may have other names at a provider; two providers stand side by side.
#[tokio::test]
async fn a_provider_may_call_things_otherwise() {
    let provider = Provider::start().await;
    let way = provider.way(|settings| {
        settings.claims = ClaimNames {
            uid: "tw_id".to_owned(),
            name: "full_name".to_owned(),
            birthdate: "born".to_owned(),
            email: "mail".to_owned(),
            email_verified: "mail_ok".to_owned(),
            ..ClaimNames::default()
        };
        settings.acr = [("urn:example:card", Verification::Nhi), ("urn:example:sms", Verification::Otp)]
            .map(|(acr, method)| (acr.to_owned(), method))
            .into();
    });
    let begun =
        way.begin(Verification::Nhi, "s", "en", START, &SystemRandom).await.unwrap_or_else(|e| panic!("{e}"));
    assert!(begun.redirect.query_pairs().any(|(k, v)| k == "acr_values" && v == "urn:example:card"));
    let mut claims = provider.claims();
    claims["acr"] = json!("urn:example:sms");
    (claims["tw_id"], claims["full_name"], claims["born"]) =
        (json!("B222222228"), json!("林小花"), json!("1964-05-06"));
    (claims["mail"], claims["mail_ok"]) = (json!("lin@example.test"), json!("true"));
    let verified =
        provider.says(&way, signed(&claims, Some("1"), 0), START).await.unwrap_or_else(|e| panic!("{e}"));
    let person = &verified.person;
    assert_eq!((verified.method, person.uid().expose()), (Verification::Otp, "B222222228"));
    assert_eq!((person.name.as_str(), person.birthdate.as_str()), ("林小花", "1964-05-06"));
    assert!(verified.mail_verified && person.email == "lin@example.test");
    // The platform's own words are nothing there.
    claims["acr"] = json!("NHI");
    assert!(reason(provider.says(&way, signed(&claims, Some("1"), 0), START).await).contains("acr"));
}
