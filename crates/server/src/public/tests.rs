//! News, questions, the contact page, documents and refusals through the door.

use axum::body::Body;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, ALLOW, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{Method, Request, StatusCode};
use mydata_domain::Time;
use mydata_domain::account::Role;
use mydata_domain::contact::State;
use mydata_domain::mail::Kind;
use mydata_domain::news::{Entry, NewsId, NewsKind, Topic};
use mydata_store::Engine;
use mydata_store::repo::contact::{self as messages, Filter, Sort};
use mydata_store::repo::list::List;
use mydata_store::repo::{audit, news};
use mydata_wire::SystemRandom;

use crate::backoffice::tests::Office;
use crate::captcha::Challenge;
use crate::portal::tests::{Answer, ask, ask_in_english, on_both, send};

fn entry(
    kind: NewsKind,
    topic: Option<Topic>,
    title: &str,
    from: Option<Time>,
    until: Option<Time>,
) -> Entry {
    Entry {
        id: NewsId::generate(&SystemRandom),
        kind,
        topic,
        title: format!("{title}<b>"),
        title_en: format!("{title} in English"),
        text: "第一段 **重點**\n\n<img src=x>".to_owned(),
        text_en: String::new(),
        from,
        until,
        place: 1,
        updated_at: Time(0),
        version: 1,
    }
}

async fn written(office: &Office, entries: &[Entry]) {
    let now = office.now();
    let write = async |tx: mydata_store::Tx| {
        for entry in entries {
            news::add(&tx, entry, now).await?;
        }
        Ok(())
    };
    office.app.store.db.run_tx("test", write).await.unwrap();
}

#[tokio::test]
async fn news_and_questions_are_there_while_they_are_public() {
    on_both(async |office| {
        let now = office.now();
        let hour = |hours: i64| Some(Time(now.0 + hours * 3_600_000));
        let public = entry(NewsKind::News, None, "公告", hour(-2), None);
        let hidden = [
            entry(NewsKind::News, None, "草稿", None, None),
            entry(NewsKind::News, None, "未到", hour(1), None),
            entry(NewsKind::News, None, "過期", hour(-5), hour(-1)),
        ];
        let question = entry(NewsKind::Faq, Some(Topic::Counter), "條碼多久有效", hour(-2), None);
        let untold = entry(NewsKind::Faq, None, "早期的問題", hour(-2), None);
        written(office, &[public.clone(), question.clone(), untold]).await;
        written(office, &hidden).await;

        for path in ["/news", "/"] {
            let page = ask(office, path).await;
            page.says("公告&#60;b&#62;");
            page.says(&format!("href=\"/news/{}\"", public.id));
            for gone in ["草稿", "未到", "過期", "條碼多久有效"] {
                page.hides(gone);
            }
        }
        let page = ask(office, &format!("/news/{}", public.id)).await;
        page.says("<strong>重點</strong>");
        page.says("&lt;img src=x&gt;");
        ask_in_english(office, &format!("/news/{}", public.id)).await.says("公告 in English");
        for gone in hidden.iter().map(|e| e.id.to_string()).chain([question.id.to_string(), "x".to_owned()]) {
            assert_eq!(ask(office, &format!("/news/{gone}")).await.status, StatusCode::NOT_FOUND, "{gone}");
        }
        let page = ask(office, "/faq").await;
        page.says("條碼多久有效");
        page.says("臨櫃與資料條碼");
        page.says("早期的問題");
        page.hides("公告");
    })
    .await;
}

#[tokio::test]
async fn news_are_paged() {
    let office = Office::open().await;
    let now = office.now();
    let many: Vec<Entry> = (0..45)
        .map(|n| entry(NewsKind::News, None, &format!("第{n:02}則"), Some(Time(now.0 - n * 60_000)), None))
        .collect();
    written(&office, &many).await;
    let first = ask(&office, "/news").await;
    first.says("第00則");
    first.says("第19則");
    first.hides("第20則");
    first.says("href=\"/news?page=2\"");
    let last = ask(&office, "/news?page=3").await;
    last.says("第44則");
    last.hides("page=4");
    for odd in ["/news?page=0", "/news?page=-1", "/news?page=99999999999", "/news?page=4"] {
        assert_eq!(ask(&office, odd).await.status, StatusCode::OK, "{odd}");
    }
    office.close().await;
}

const FIELDS: [(&str, &str); 4] = [
    ("subject", "wish-data"),
    ("name", "王示範"),
    ("mail", "wang@body.example"),
    ("text", "想要示範借閱紀錄。\n<b>謝謝</b>"),
];

async fn post(office: &Office, fields: &[(&str, &str)]) -> Answer {
    let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post("/contact").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(office, "192.0.2.7", request.body(Body::from(body)).unwrap()).await
}

/// A challenge and its right digits, as somebody reads them off the picture.
fn challenge(office: &Office) -> (String, String) {
    let challenge = Challenge::new(&office.app.store.crypter, &SystemRandom, office.now());
    (challenge.as_str().to_owned(), challenge.digits().to_owned())
}

async fn kept(office: &Office) -> Vec<mydata_domain::contact::Message> {
    let all = List::<Filter, Sort>::default();
    messages::list(&office.app.store.db, &office.app.store.crypter, &all).await.unwrap().rows
}

/// A message is kept, told to the service desk and on record, and gets a number; whoever reads it in the back office marks
/// it as answered.
#[tokio::test]
async fn a_message_reaches_the_service_desk() {
    on_both(async |office| {
        let (captcha, digits) = challenge(office);
        let with = |captcha: &[(&'static str, String)]| {
            let mut fields: Vec<(&str, String)> = FIELDS.map(|(k, v)| (k, v.to_owned())).to_vec();
            fields.extend_from_slice(captcha);
            fields
        };
        let right = with(&[("captcha", captcha), ("captcha_digits", digits)]);
        let right: Vec<(&str, &str)> = right.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let sent = post(office, &right).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
        let to = sent.headers[LOCATION].to_str().unwrap().to_owned();
        let [message] = kept(office).await.try_into().unwrap();
        assert_eq!(to, format!("/contact/sent?number={}", message.number));
        ask(office, &to).await.says(message.number.as_str());
        assert_eq!(message.written.text, FIELDS[3].1);

        // The same answer counts once: pressed twice, written once.
        let again = post(office, &right).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        again.says("驗證碼已逾時");
        assert_eq!(kept(office).await.len(), 1);

        let [mail] = office.outbox().await.try_into().unwrap();
        assert_eq!(mail.kind, Kind::Contact);
        assert_eq!(mail.content.address, office.app.contact().mailbox, "and nobody else gets one");
        assert!(mail.content.text.contains("王示範 <wang@body.example>"), "{}", mail.content.text);
        let record = audit::list(&office.app.store.db, &List::default()).await.unwrap();
        let event = record.rows.iter().find(|row| row.event.what == "message-written").unwrap();
        let detail = event.event.detail.as_deref().unwrap();
        assert!(detail.contains(message.number.as_str()) && !detail.contains("wang"), "{detail}");

        let operator = office.account("olga", Role::Operator, None).await;
        let (mut browser, _) =
            office.session(operator.id, mydata_domain::account::session::Stage::Whole, office.now()).await;
        let list = browser.get("/mydata-backend/system/messages?state=open").await;
        list.says(message.number.as_str());
        let none = browser.get("/mydata-backend/system/messages?q=nothing").await;
        assert!(!none.body.contains(message.number.as_str()));
        let path = format!("/mydata-backend/system/message?message={}", message.id);
        let page = browser.get(&path).await;
        page.says("&#60;b&#62;謝謝");
        let id = message.id.to_string();
        let answered = [("message", id.as_str()), ("version", "1"), ("state", "answered")];
        let said = browser.post("/mydata-backend/system/message", &answered).await;
        assert_eq!(said.status, StatusCode::SEE_OTHER, "{}", said.body);
        assert_eq!(kept(office).await[0].state, State::Answered);
        let twice = browser.post("/mydata-backend/system/message", &answered).await;
        assert_eq!(twice.status, StatusCode::CONFLICT);
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_is_said_and_what_was_typed_stays() {
    let office = Office::open().await;
    let bad =
        post(&office, &[("subject", "none"), ("name", ""), ("mail", "wang@"), ("text", "留著這段")]).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    for said in ["還有 3 處需要修改", "留著這段", "value=\"wang@\"", "href=\"#subject\"", "aria-invalid"]
    {
        bad.says(said);
    }
    let without = post(&office, &FIELDS).await;
    assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY);
    without.says("請完成驗證碼");
    without.says("&#60;b&#62;謝謝");
    // A wrong answer spends the challenge: the right one does not count after it.
    let (captcha, digits) = challenge(&office);
    let mut fields = FIELDS.to_vec();
    fields.extend([("captcha", captcha.as_str()), ("captcha_digits", "x")]);
    post(&office, &fields).await.says("驗證碼不正確");
    fields.pop();
    fields.push(("captcha_digits", digits.as_str()));
    let late = post(&office, &fields).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(kept(&office).await.is_empty() && office.outbox().await.is_empty());
    // Three a minute from one address.
    let limited = post(&office, &fields).await;
    assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(limited.headers.contains_key(RETRY_AFTER));
    office.close().await;
}

/// Shows R95: what integrators need is there for everyone, from the program itself.
#[tokio::test]
async fn documents_are_open_to_everyone() {
    let office = Office::open_with(Engine::Sqlite, |config| config.sandbox = false).await;
    let page = ask(&office, "/documents").await;
    page.says("href=\"/documents/protocol.md\"");
    page.says("href=\"/documents/vectors/4-token/token.jwt\"");
    let links: Vec<String> = page
        .text()
        .split("href=\"/documents/")
        .skip(1)
        .map(|rest| format!("/documents/{}", rest.split('"').next().unwrap()))
        .collect();
    assert!(links.len() > 40);
    for link in links {
        let document = ask(&office, &link).await;
        assert_eq!(document.status, StatusCode::OK, "{link}");
        assert!(!document.body.is_empty() && document.headers.contains_key(CONTENT_TYPE), "{link}");
    }
    for gone in ["/documents/../Cargo.toml", "/documents/x", "/documents/operators/configuration.md"] {
        assert_eq!(ask(&office, gone).await.status, StatusCode::NOT_FOUND, "{gone}");
    }
    assert_eq!(ask(&office, "/styleguide").await.status, StatusCode::NOT_FOUND, "in a sandbox only");
    office.close().await;
}

async fn asked(office: &Office, method: Method, path: &str, accept: &str, body: Vec<u8>) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(ACCEPT, accept)
        .header(ACCEPT_LANGUAGE, "zh-TW")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .unwrap();
    send(office, "192.0.2.7", request).await
}

/// Of every family of routes: whatever is refused has the right status, a page that says how to go on for people, and a
/// problem for programs.
#[tokio::test]
async fn refusals_help() {
    let office = Office::open().await;
    let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
    let large = vec![b'a'; 3 << 20];
    for (method, path, status) in [
        (Method::POST, "/", 405),
        (Method::DELETE, "/datasets", 405),
        (Method::PUT, "/news", 405),
        (Method::GET, "/preferences", 405),
        (Method::POST, "/faq", 405),
        (Method::GET, "/nowhere", 404),
        (Method::GET, "/datasets/API.None000001", 404),
        (Method::GET, "/policies/nothing", 404),
        (Method::GET, "/assets/nothing.css", 404),
        (Method::GET, "/exchange/nothing", 404),
        (Method::GET, "/identity/nothing", 404),
        (Method::GET, "/mydata-backend/nothing", 404),
    ] {
        let answer = asked(&office, method.clone(), path, browser, Vec::new()).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}");
        assert_eq!(answer.headers[CONTENT_TYPE], "text/html; charset=utf-8", "{method} {path}");
        answer.says("<h1");
        answer.says("href=\"/");
        if status == 405 {
            assert!(answer.headers.contains_key(ALLOW), "{method} {path}");
            answer.says("這個網址不能這樣使用");
        }
        assert_eq!(answer.text().matches("<html").count(), 1);
    }
    let large = asked(&office, Method::POST, "/contact", browser, large).await;
    assert!(large.status.is_client_error(), "{}", large.status);
    large.says("<h1");
    for (method, path, status, code) in [
        (Method::POST, "/api/catalogue", 405, "method_not_allowed"),
        (Method::POST, "/service/data", 405, "method_not_allowed"),
        (Method::GET, "/connect/introspect", 405, "method_not_allowed"),
        (Method::POST, "/datasets", 405, "method_not_allowed"),
    ] {
        let answer = asked(&office, method.clone(), path, "application/json", Vec::new()).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}");
        assert_eq!(answer.headers[CONTENT_TYPE], "application/problem+json", "{method} {path}");
        let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((problem["code"].as_str(), problem["status"].as_u64()), (Some(code), Some(status.into())));
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
    let picture =
        asked(&office, Method::GET, "/captcha/picture?c=x", "image/webp,*/*;q=0.8", Vec::new()).await;
    assert_eq!((picture.status, picture.body.len()), (StatusCode::NOT_FOUND, 0));
    office.close().await;
}
