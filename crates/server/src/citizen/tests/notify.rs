//! What citizens are told, by mail and text message.

use std::time::Duration;

use mydata_domain::citizen::contact::Channel;
use mydata_domain::mail::Kind as MailKind;
use mydata_domain::one_time::OneTimeCode;
use mydata_store::Engine;
use mydata_store::repo::citizens;
use mydata_store::repo::mails::{self, State};
use mydata_wire::SystemRandom;

use super::idp::Who;
use super::sink::Sink;
use super::{Portal, WANG};
use crate::citizen::notify::{self, Details, Kind};
use crate::config::{Password, SmsGateway};
use crate::mail::words;
use crate::web::Lang;

/// A platform with a gateway, and a citizen who is told by text message.
async fn with_gateway(engine: Engine, sink: &Sink) -> (Portal, String) {
    let url = sink.url.join("sms").unwrap();
    let portal = Portal::open_with(engine, |config| {
        let token = Password("gateway-token".to_owned());
        config.sms.gateway = Some(SmsGateway { url, token, sender: Some("MyData".to_owned()) });
    })
    .await;
    let mut browser = portal.browser();
    browser.log_in(&WANG).await;
    let store = &portal.office.app.store;
    let index = store.crypter.index("citizen", WANG.uid);
    let row = citizens::load(&store.db, &store.crypter, &index).await.unwrap().unwrap();
    let mut contact = row.contact.clone();
    contact.set_address(Channel::Sms, "0912345678".to_owned());
    contact.channels = vec![Channel::Sms];
    let (row, contact) = (&row, &contact);
    let set = async |tx| citizens::set_contact(&tx, &store.crypter, row, contact).await;
    assert!(store.db.run_tx("test", set).await.unwrap());
    (portal, index)
}

async fn tell(portal: &Portal, index: &str, kind: Kind, details: &Details) -> Vec<Channel> {
    let app = &portal.office.app;
    let tell = |tx| async move { notify::tell(&tx, app, index, kind, details).await };
    app.store.db.run_tx("test", tell).await.unwrap()
}

#[tokio::test]
async fn the_gateway_gets_a_bearer_token_and_the_same_id_at_every_try() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let sink = Sink::start().await;
        let (portal, index) = with_gateway(engine, &sink).await;
        let item = Some(("線上開戶".to_owned(), "Open an account".to_owned()));
        let details = Details { item, ..Details::default() };
        sink.answer(&[503, 429, 409]);
        assert_eq!(tell(&portal, &index, Kind::SentToService, &details).await, [Channel::Sms]);
        for wait in [0, 10, 60, 300] {
            portal.office.pass(Duration::from_secs(wait));
            portal.office.work().await;
        }
        let got = sink.take();
        assert_eq!(got.len(), 3, "{got:?}");
        for (path, token, body) in &got {
            assert_eq!((path.as_str(), token.as_deref()), ("/sms", Some("Bearer gateway-token")));
            assert_eq!((&body["to"], &body["from"]), (&"+886912345678".into(), &"MyData".into()));
            assert_eq!(body["id"], got[0].2["id"]);
            assert_eq!(body["text"], "【MyData】經您同意，您的資料已傳送給線上開戶。詳情請見平臺使用紀錄。");
            assert!(body.get("valid_until").is_none());
        }
        assert_eq!(portal.office.outbox().await[0].state, State::Sent);
        // Somebody who was never here is told nothing.
        assert!(tell(&portal, "nobody", Kind::Ready, &details).await.is_empty());
        portal.office.close().await;
    }
}

#[tokio::test]
async fn what_the_gateway_refuses_is_given_up_without_naming_anybody() {
    let sink = Sink::start().await;
    let (portal, index) = with_gateway(Engine::Sqlite, &sink).await;
    for (status, said) in [(400, "answers 400"), (302, "redirects are not followed")] {
        sink.answer(&[status]);
        tell(&portal, &index, Kind::Saved, &Details::default()).await;
        portal.office.work().await;
        let kept = portal.office.outbox().await.pop().unwrap();
        assert_eq!((kept.state, sink.take().len()), (State::GivenUp, 1));
        let tries = mails::tries(&portal.office.app.store.db, kept.id).await.unwrap();
        let failure = tries[0].failure.clone().unwrap();
        assert!(failure.contains(said) && !failure.contains("0912"), "{failure}");
        portal.office.pass(Duration::from_secs(1));
    }
    portal.office.close().await;
}

#[tokio::test]
async fn a_code_is_wiped_once_it_was_sent_and_not_sent_when_it_is_over() {
    let sink = Sink::start().await;
    let (portal, index) = with_gateway(Engine::Sqlite, &sink).await;
    let code = OneTimeCode::generate(&SystemRandom);
    let until = portal.office.now().plus(Duration::from_secs(120));
    let details = Details { code: Some((code.clone(), until)), ..Details::default() };
    tell(&portal, &index, Kind::Code, &details).await;
    let waiting = portal.office.outbox().await.remove(0);
    assert!(
        !crate::mail::readable(&waiting.content).contains(code.as_str()),
        "nobody reads it in the outbox"
    );
    portal.office.work().await;
    let got = sink.take().remove(0).2;
    let text = got["text"].as_str().unwrap();
    assert!(text.contains(code.as_str()) && text.chars().count() <= 70, "{text}");
    assert_eq!(got["valid_until"], until.to_string());
    assert_eq!(portal.office.outbox().await[0].content.link, None);

    tell(&portal, &index, Kind::Code, &details).await;
    portal.office.pass(Duration::from_secs(120));
    portal.office.work().await;
    assert!(sink.take().is_empty());
    portal.office.close().await;
}

fn with_code(kind: Kind) -> bool {
    matches!(kind, Kind::Code | Kind::LoginCode | Kind::CounterCode)
}

#[test]
fn every_text_message_fits_whatever_it_names() {
    let code = OneTimeCode::generate(&SystemRandom);
    let long = "非常長的臨櫃服務名稱".repeat(20);
    for kind in Kind::ALL {
        for item in ["戶籍謄本", long.as_str(), "a\nb\u{e000}c"] {
            for (lang, most) in [(Lang::ZhTw, 70), (Lang::En, 160)] {
                let mut mail =
                    mydata_domain::mail::Mail::to_address(MailKind::Citizen(kind), "", "0912345678");
                if with_code(kind) {
                    mail.code =
                        Some(mydata_domain::mail::Code { code: code.clone(), until: mydata_domain::Time(0) });
                }
                let content = words::text_message(&mail, lang, item);
                let text = content.text.replace(mails::LINK, content.link.as_deref().unwrap_or("?"));
                assert!(text.chars().count() <= most, "{lang} {kind:?}: {text}");
                assert!(!text.contains(['\n', '{', '?']) && text.contains("MyData"), "{text}");
                assert_eq!(text.contains(code.as_str()), with_code(kind));
            }
        }
    }
}

/// Who chose a language gets mails in it alone; everybody else in both.
#[tokio::test]
async fn a_mail_speaks_the_language_that_was_chosen() {
    let portal = Portal::open_on(Engine::Sqlite).await;
    portal.browser().log_in(&WANG).await;
    let store = &portal.office.app.store;
    let index = store.crypter.index("citizen", WANG.uid);
    for (language, zh, en) in [(None, true, true), (Some("en"), false, true), (Some("zh-TW"), true, false)] {
        let row = citizens::load(&store.db, &store.crypter, &index).await.unwrap().unwrap();
        let mut contact = row.contact.clone();
        contact.language = language.map(str::to_owned);
        let (row, contact) = (&row, &contact);
        let set = async |tx| citizens::set_contact(&tx, &store.crypter, row, contact).await;
        assert!(store.db.run_tx("test", set).await.unwrap());
        portal.office.pass(Duration::from_secs(1));
        assert_eq!(tell(&portal, &index, Kind::Saved, &Details::default()).await, [Channel::Mail]);
        let outbox = portal.office.outbox().await;
        let mail = &outbox.iter().max_by_key(|mail| mail.created_at).unwrap().content;
        for (text, said_zh, said_en) in [
            (&mail.text, "請勿回信", "do not reply"),
            (&mail.subject, "您的資料已轉存", "Your data was saved"),
        ] {
            assert_eq!((text.contains(said_zh), text.contains(said_en)), (zh, en), "{language:?}: {text}");
        }
    }
    portal.office.close().await;
}

/// An address that the identity provider has not verified is nobody's until it is confirmed here.
#[tokio::test]
async fn an_unverified_address_is_told_nothing() {
    let portal = Portal::open_on(Engine::Sqlite).await;
    let mut browser = portal.browser();
    let doubtful = Who { email_verified: false, ..WANG };
    browser.log_in(&doubtful).await;
    browser.get("/me").await.hides("@example.test");
    let index = portal.office.app.store.crypter.index("citizen", WANG.uid);
    assert!(tell(&portal, &index, Kind::Saved, &Details::default()).await.is_empty());
    portal.office.close().await;
}
