//! The identity provider as a relying party meets it.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use common::{CHALLENGE, VERIFIER, World, claims, redeem};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use mydata_sandbox::citizen::html;
use serde_json::Value;
use url::Url;

/// An authorization request that is right, with some parameters changed.
fn request(world: &World, changes: &[(&str, &str)]) -> Url {
    let idp = world.sandbox.idp();
    let callback = format!("{}callback", world.platform);
    let mut pairs = vec![
        ("response_type", "code"),
        ("scope", "openid profile email"),
        ("client_id", idp.client_id.as_str()),
        ("redirect_uri", callback.as_str()),
        ("state", "st&te"),
        ("nonce", "n-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("acr_values", "CER"),
        ("prompt", "login"),
    ];
    for (name, value) in changes {
        pairs.retain(|(n, _)| n != name);
        if !value.is_empty() {
            pairs.push((name, value));
        }
    }
    let mut url = idp.issuer.join("authorize").unwrap();
    url.query_pairs_mut().extend_pairs(pairs);
    url
}

/// Signs in as `persona`; gives the redirect.
async fn sign_in(world: &World, changes: &[(&str, &str)], persona: &str) -> Url {
    let page = world.http.get(request(world, changes)).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let reading = html::read(&page.text().await.unwrap());
    let form = reading.form("persona").unwrap();
    let url = world.sandbox.idp().issuer.join(&form.action).unwrap();
    let sent = [(form.fields[0].name.as_str(), form.fields[0].value.as_str()), ("persona", persona)];
    let answer = world.http.post(url).form(&sent).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    answer.headers()["location"].to_str().unwrap().parse().unwrap()
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
}

async fn code(world: &World, persona: &str) -> String {
    parameter(&sign_in(world, &[], persona).await, "code").unwrap()
}

async fn error_of(answer: reqwest::Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (status, body["error"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn the_whole_way_gives_a_signed_id_token_of_the_persona() {
    let world = World::new().await;
    let idp = world.sandbox.idp();
    let issuer = idp.issuer.as_str().trim_end_matches('/');
    let discovery: Value = world
        .http
        .get(idp.issuer.join(".well-known/openid-configuration").unwrap())
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(discovery["issuer"], issuer);
    let back = sign_in(&world, &[], "ji-xiaotian").await;
    assert!(back.as_str().starts_with(&format!("{}callback?", world.platform)));
    assert_eq!(parameter(&back, "state").as_deref(), Some("st&te"));
    assert_eq!(parameter(&back, "iss").as_deref(), Some(issuer));
    let callback = format!("{}callback", world.platform);
    let code = parameter(&back, "code").unwrap();
    let answer: Value = redeem(&world.http, idp, &code, VERIFIER, &callback).await.json().await.unwrap();

    let keys = discovery["jwks_uri"].as_str().unwrap();
    let keys: JwkSet = world.http.get(keys).send().await.unwrap().json().await.unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[&idp.client_id]);
    let token = answer["id_token"].as_str().unwrap();
    let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap();
    let claims = decode::<Value>(token, &key, &validation).unwrap().claims;
    for (name, value) in [
        ("nonce", "n-1"),
        ("acr", "CER"),
        ("name", "𠮷小田"),
        ("uid", "G101010105"),
        ("birthdate", "1982-11-21"),
        ("gender", "male"),
        ("email", "ji-xiaotian@example.test"),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert!(!claims["sub"].as_str().unwrap().contains("ji"), "sub is a pseudonym");

    let userinfo = idp.issuer.join("userinfo").unwrap();
    let access = answer["access_token"].as_str().unwrap();
    let info: Value =
        world.http.get(userinfo.clone()).bearer_auth(access).send().await.unwrap().json().await.unwrap();
    assert_eq!((&info["sub"], &info["uid"]), (&claims["sub"], &claims["uid"]));
    assert_eq!(world.http.get(userinfo).bearer_auth("x").send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_code_is_good_once_for_its_verifier_client_and_address() {
    let world = World::new().await;
    let idp = world.sandbox.idp();
    let callback = format!("{}callback", world.platform);
    let wrong_verifier = "0123456789012345678901234567890123456789012";
    let attempt = code(&world, "wang-xiaoming").await;
    let answer = redeem(&world.http, idp, &attempt, wrong_verifier, &callback).await;
    assert_eq!(error_of(answer).await, (400, "invalid_grant".to_owned()));
    let answer = redeem(&world.http, idp, &attempt, VERIFIER, &callback).await;
    assert_eq!(error_of(answer).await.0, 400, "a failed attempt uses the code up");

    let attempt = code(&world, "wang-xiaoming").await;
    assert_eq!(redeem(&world.http, idp, &attempt, VERIFIER, &callback).await.status(), 200);
    let answer = redeem(&world.http, idp, &attempt, VERIFIER, &callback).await;
    assert_eq!(error_of(answer).await, (400, "invalid_grant".to_owned()));

    let attempt = code(&world, "wang-xiaoming").await;
    let elsewhere = format!("{}elsewhere", world.platform);
    let answer = redeem(&world.http, idp, &attempt, VERIFIER, &elsewhere).await;
    assert_eq!(error_of(answer).await, (400, "invalid_grant".to_owned()));

    let mut stranger = idp.clone();
    stranger.client_secret = "guess".to_owned();
    let attempt = code(&world, "wang-xiaoming").await;
    let answer = redeem(&world.http, &stranger, &attempt, VERIFIER, &callback).await;
    assert_eq!(error_of(answer).await, (401, "invalid_client".to_owned()));
    let answer = redeem(&world.http, idp, &attempt, VERIFIER, &callback).await;
    assert_eq!(answer.status(), 200, "a stranger cannot use the code up");
}

#[tokio::test]
async fn a_code_ends_after_a_minute() {
    let ahead = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&ahead);
    let world = World::with(|config| {
        config.clock =
            Arc::new(move || SystemTime::now() + Duration::from_secs(clock.load(Ordering::SeqCst)));
    })
    .await;
    let callback = format!("{}callback", world.platform);
    for (seconds, status) in [(58, 200), (61, 400)] {
        ahead.store(0, Ordering::SeqCst);
        let code = code(&world, "wang-xiaoming").await;
        ahead.store(seconds, Ordering::SeqCst);
        let answer = redeem(&world.http, world.sandbox.idp(), &code, VERIFIER, &callback).await;
        assert_eq!(answer.status(), status, "after {seconds} s");
    }
}

#[tokio::test]
async fn unknown_clients_and_addresses_are_never_redirected_to() {
    let world = World::new().await;
    for (name, value) in [
        ("client_id", "somebody"),
        ("client_id", ""),
        ("redirect_uri", "https://evil.example/callback"),
        ("redirect_uri", "//evil"),
        ("redirect_uri", "javascript:alert(1)"),
        ("redirect_uri", ""),
    ] {
        let answer = world.http.get(request(&world, &[(name, value)])).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{name}={value}");
        assert!(!answer.headers().contains_key("location"));
        assert!(answer.text().await.unwrap().contains(name));
    }
    let mut twice = request(&world, &[]);
    twice.query_pairs_mut().append_pair("redirect_uri", "https://evil.example/");
    assert_eq!(world.http.get(twice).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn other_mistakes_are_told_by_redirect() {
    let world = World::new().await;
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("scope", "profile", "invalid_scope"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("acr_values", "XYZ", "invalid_request"),
        ("prompt", "none", "login_required"),
    ] {
        let answer = world.http.get(request(&world, &[(name, value)])).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{name}={value}");
        let back: Url = answer.headers()["location"].to_str().unwrap().parse().unwrap();
        assert_eq!(parameter(&back, "error").as_deref(), Some(error), "{name}={value}");
        assert_eq!(parameter(&back, "state").as_deref(), Some("st&te"));
    }
}

/// Shows R71 on the provider's side: a method is offered to its holders only.
#[tokio::test]
async fn only_holders_of_a_method_can_use_it_and_everybody_can_cancel() {
    let world = World::new().await;
    let page = |method| {
        let world = &world;
        async move {
            let url = request(world, &[("acr_values", method)]);
            world.http.get(url).header("accept-language", "en").send().await.unwrap().text().await.unwrap()
        }
    };
    let (cer, nhi, moe) = (page("CER").await, page("NHI").await, page("MOE").await);
    assert!(!cer.contains("李小小") && nhi.contains("李小小"), "a minor holds a health card only");
    assert!(moe.contains("吳負責") && !moe.contains("王小明"));
    assert!(cer.contains("Continue as") && cer.contains(r#"lang="en""#));
    let back = sign_in(&world, &[], "li-xiaoxiao").await;
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"), "chosen past the page");
    let reading = html::read(&cer);
    let form = reading.form("cancel").unwrap();
    let url = world.sandbox.idp().issuer.join(&form.action).unwrap();
    let sent = [(form.fields[0].name.as_str(), form.fields[0].value.as_str()), ("cancel", "1")];
    let answer = world.http.post(url.clone()).form(&sent).send().await.unwrap();
    let back: Url = answer.headers()["location"].to_str().unwrap().parse().unwrap();
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(world.http.post(url).form(&sent).send().await.unwrap().status(), 400, "a page works once");
}

#[tokio::test]
async fn keys_and_pseudonyms_outlive_a_restart() {
    let mut world = World::new().await;
    let callback = format!("{}callback", world.platform);
    let mut seen = Vec::new();
    for _ in 0..2 {
        let code = code(&world, "wang-xiaoming").await;
        let answer: Value =
            redeem(&world.http, world.sandbox.idp(), &code, VERIFIER, &callback).await.json().await.unwrap();
        let token = answer["id_token"].as_str().unwrap();
        let kid = jsonwebtoken::decode_header(token).unwrap().kid;
        seen.push((kid, claims(token)["sub"].clone(), world.sandbox.ca_pem().to_owned()));
        let config = mydata_sandbox::SandboxConfig::new(world.platform.clone(), world.data_dir());
        let next = mydata_sandbox::Sandbox::start(config).await.unwrap();
        std::mem::replace(&mut world.sandbox, next).stop().await;
    }
    assert_eq!(seen[0], seen[1]);
}
