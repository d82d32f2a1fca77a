//! By a verification service: one of the test's own.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use mydata_store::Engine;
use mydata_wire::Verification;
use serde_json::{Value, json};

use super::{LENIENT, STRICT, begin, consents, exchange, follow, onward, person, state};
use crate::citizen::tests::Portal;
use crate::config::{FieldForm, Password, ServiceField, VerificationService};

const WANG: &str = "A123456789";

/// What the service answers next, and what it was asked.
#[derive(Clone, Default)]
struct Service {
    answers: Arc<Mutex<Value>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Service {
    fn answers(&self, answer: Value) {
        *self.answers.lock().unwrap() = answer;
    }
}

async fn answer(State(service): State<Service>, headers: HeaderMap, Json(asked): Json<Value>) -> Response {
    if headers.get("authorization").is_none_or(|v| v.as_bytes() != b"Bearer a token of the tests") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mut answer = service.answers.lock().unwrap().clone();
    if answer["nonce"] == "same" {
        answer["nonce"] = asked["nonce"].clone();
    }
    service.asked.lock().unwrap().push(asked);
    match answer["status"].as_u64() {
        Some(status) => StatusCode::from_u16(u16::try_from(status).unwrap()).unwrap().into_response(),
        None => Json(answer).into_response(),
    }
}

fn verified(uid: &str) -> Value {
    json!({ "nonce": "same", "result": "verified", "person": {
        "sub": "s-1", "uid": uid, "name": "王小明", "birthdate": "1991-01-01", "gender": "male",
    } })
}

async fn portal(engine: Engine) -> (Portal, Service) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/verify", listener.local_addr().unwrap());
    let service = Service::default();
    let router = Router::new().route("/verify", post(answer)).with_state(service.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let field = |name: &str, zh: &str, form, hidden| ServiceField {
        name: name.to_owned(),
        label_zh: zh.to_owned(),
        label_en: name.to_owned(),
        form,
        hidden,
        min: 4,
        max: 12,
    };
    let method = VerificationService {
        methods: vec![Verification::Nhi, Verification::Pii],
        url: url.parse().unwrap(),
        user: None,
        password: None,
        token: Some(Password("a token of the tests".to_owned())),
        fields: vec![
            field("id", "證號", FieldForm::PersonalId, false),
            field("birthdate", "出生日期", FieldForm::Date, false),
            field("card_number", "卡號", FieldForm::Digits, false),
            field("password", "註冊密碼", FieldForm::Text, true),
        ],
    };
    (Portal::open_with(engine, |config| config.identity.service.push(method)).await, service)
}

const TYPED: [(&str, &str); 4] = [
    ("id", " a123456789 "),
    ("birthdate", "80/01/01"),
    ("card_number", "00001111"),
    ("password", "pass word"),
];

/// Shows R74: who the service says it is is logged in; what was typed reaches it in one form, and nobody else.
#[tokio::test]
async fn whom_the_service_verifies_is_logged_in() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let (portal, service) = portal(engine).await;
        let mut browser = portal.browser();
        let path = begin(&mut browser, "NHI").await;
        browser.get(&path).await.says("卡號").says("type=\"password\"");
        service.answers(verified(WANG));
        let back = browser.post(&path, &TYPED).await;
        let landed = follow(&mut browser, &back).await;
        assert!(landed.location().starts_with("/login/"), "{} {}", landed.location(), landed.body);
        let asked = service.asked.lock().unwrap().pop().unwrap();
        assert_eq!(
            asked["fields"],
            json!({
                "id": WANG, "birthdate": "1991-01-01", "card_number": "00001111", "password": "pass word",
            })
        );
        assert_eq!(
            (&asked["version"], &asked["method"], &asked["language"]),
            (&json!(1), &json!("NHI"), &json!("zh-TW"))
        );
        portal.office.close().await;
    }
}

/// A refusal counts; what cannot be told does not, and answers that do not hold are no verification.
#[tokio::test]
async fn answers_that_do_not_hold_verify_nobody() {
    let (portal, service) = portal(Engine::Sqlite).await;
    let mut browser = portal.browser();
    let path = begin(&mut browser, "PII").await;
    browser.get(&path).await;
    let mut other = verified(WANG);
    other["nonce"] = json!("another");
    let mut stronger = verified(WANG);
    stronger["method"] = json!("CER");
    for (answer, why) in [
        (other, "another nonce"),
        (stronger, "a method it is not trusted with"),
        (verified("A123456788"), "no personal id"),
        (json!({ "nonce": "same", "result": "verified" }), "nobody"),
        (json!({ "nonce": "same", "result": "perhaps" }), "no result"),
        (json!({ "status": 500 }), "an error"),
        (json!({ "status": 204 }), "nothing"),
        (json!("x"), "no object"),
    ] {
        service.answers(answer);
        let answered = browser.post(&path, &TYPED).await;
        assert_eq!(answered.status, StatusCode::BAD_GATEWAY, "{why}");
        answered.says("不計入次數");
    }
    service.answers(json!({ "nonce": "same", "result": "refused", "reason": "locked" }));
    browser.post(&path, &TYPED).await.says("已鎖定").says("還可以再試 4 次").hides("pass word");
    service.answers(json!({ "nonce": "same", "result": "refused", "reason": "something new" }));
    for left in [3, 2, 1] {
        browser.post(&path, &TYPED).await.says(&format!("還可以再試 {left} 次"));
    }
    let fifth = browser.post(&path, &TYPED).await;
    assert!(fifth.location().contains("error=login_failed"), "{}", fifth.body);
    portal.office.close().await;
}

/// What cannot be is mended before anybody is asked.
#[tokio::test]
async fn what_cannot_be_is_not_sent() {
    let (portal, service) = portal(Engine::Sqlite).await;
    let mut browser = portal.browser();
    let path = begin(&mut browser, "NHI").await;
    browser.get(&path).await;
    for (field, value, words) in [
        ("id", "A123456788", "10 碼證號"),
        ("birthdate", "80/13/01", "正確的日期"),
        ("card_number", "12a4", "請輸入數字"),
        ("card_number", "123", "請輸入數字，4 到 12 碼"),
        ("password", "1234567890123", "4 到 12 個字"),
    ] {
        let typed = TYPED.map(|(name, good)| if name == field { (name, value) } else { (name, good) });
        let answer = browser.post(&path, &typed).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        answer.says(words).says("有 1 個地方需要您修正");
    }
    assert!(service.asked.lock().unwrap().is_empty());
    portal.office.close().await;
}

/// Shows R71: a weaker method that the service says was used governs, and 409 when it is another than the SP asked for.
#[tokio::test]
async fn an_exchange_by_service_is_for_whom_the_sp_expects() {
    let (portal, service) = portal(Engine::Sqlite).await;
    let mut browser = portal.browser();
    let id = exchange(&portal, &mut browser, STRICT, person(WANG)).await;
    let refused = consents(&mut browser, &id, "NHI").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    for expected in [WANG, "B222222228"] {
        let mut browser = portal.browser();
        let id = exchange(&portal, &mut browser, LENIENT, person(expected)).await;
        let path = onward(&consents(&mut browser, &id, "NHI").await);
        browser.get(&path).await;
        let mut weaker = verified(WANG);
        weaker["method"] = json!("PII");
        service.answers(weaker);
        let back = browser.post(&path, &TYPED).await;
        let landed = follow(&mut browser, &back).await;
        if expected == WANG {
            landed.leads_to(&format!("/exchange/{id}"));
            assert_eq!(state(&portal, &id).await, "authorised PII");
        } else {
            landed.says("code=409");
        }
    }
    // Where more is needed than was used.
    let path = {
        browser.get("/login?next=%2Fabout&needs=NHI").await;
        let page = browser.post("/login", &[("next", "/about"), ("needs", "NHI"), ("method", "NHI")]).await;
        onward(&page)
    };
    browser.get(&path).await;
    let back = browser.post(&path, &TYPED).await;
    let landed = follow(&mut browser, &back).await;
    assert!(landed.location().contains("fault=too-weak"), "{}", landed.location());
    portal.office.close().await;
}
