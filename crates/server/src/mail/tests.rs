//! Mails from the change that causes them to a mail server that speaks SMTP.

mod server;

use std::time::Duration;

use mydata_domain::account::Holder;
use mydata_domain::calendar::read_day;
use mydata_domain::item::rule::MailKind;
use mydata_domain::mail::{AboutAccount, DayOf, Fact, Kind, Link, Mail};
use mydata_store::Engine;
use mydata_store::repo::mails::{self, LINK, State};

use super::words;
use crate::backoffice::tests::Office;
use crate::config::{Config, Contact, Password, Smtp, SmtpTls};
use server::{MailServer, Manners};

fn settings(server: &MailServer) -> Smtp {
    Smtp {
        host: "127.0.0.1".to_owned(),
        port: Some(server.port),
        tls: SmtpTls::None,
        roots: None,
        user: None,
        password: None,
    }
}

async fn office_with(server: &MailServer) -> Office {
    let smtp = settings(server);
    Office::open_with(Engine::Sqlite, |config: &mut Config| config.mail.smtp = Some(smtp)).await
}

fn holder() -> Holder {
    Holder { name: "陳𠮷小華".to_owned(), mail: "jenny@library.example".to_owned(), ..Holder::default() }
}

fn reset() -> Mail {
    Mail::to(AboutAccount::PasswordReset, &holder()).about("account-1")
}

async fn enqueue(office: &Office, mail: &Mail) {
    let app = &office.app;
    let enqueue = |tx| async move { super::enqueue(&tx, app, mail).await };
    app.store.db.run_tx("test", enqueue).await.unwrap();
}

/// Shows R22, R38: the mail names the dataset, says 請勿回信, and gives the service phone and mailbox; in both languages.
#[tokio::test]
async fn a_mail_arrives_in_both_languages_with_names_that_are_not_ascii() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = MailServer::start(Manners::default()).await;
        let smtp = settings(&server);
        let office = Office::open_with(engine, |config| {
            config.mail.smtp = Some(smtp);
            config.contact =
                Contact { phone: "02-1111-2222".to_owned(), mailbox: "desk@mydata.example".to_owned() };
        })
        .await;
        let mail = Mail::to(MailKind::PilotMayBegin, &holder())
            .about("item-1")
            .fact(Fact::Item("示範資料集 & <b>".to_owned()))
            .fact(Fact::Number("A1151121001-1".parse().unwrap()))
            .fact(Fact::Day(DayOf::GoLive, read_day("115/12/30").unwrap()))
            .fact(Fact::Reason("第一行\r\n.\r\n第三行".to_owned()))
            .link(Link::page("/mydata-backend/items/1"));
        enqueue(&office, &mail).await;
        assert!(server.received().is_empty(), "nothing is sent inside the change");
        office.work().await;

        let [got] = server.received().try_into().unwrap_or_else(|_| panic!("one mail"));
        assert_eq!((got.from.as_str(), got.to.as_str()), ("system@mydata.example", "jenny@library.example"));
        assert!(got.raw.is_ascii(), "nothing but ASCII travels");
        assert_eq!(got.header("From"), "MyData平臺系統通知 <system@mydata.example>");
        assert_eq!(got.header("To"), "陳𠮷小華 <jenny@library.example>");
        assert_eq!(
            got.header("Subject"),
            "【個人化資料自主運用（MyData）平臺】申請試辦審核通過，請至正式區試辦（系統信件） \
             The pilot has been approved: it may begin in production"
        );
        assert_eq!(got.header("Auto-Submitted"), "auto-generated");
        assert!(got.header("Message-ID").ends_with("@mydata.example>"));
        let text = got.text();
        let (zh, en) = text.split_once("----").unwrap();
        for said in [
            "陳𠮷小華 您好：",
            "您申請的【示範資料集 & <b>】試辦已審核通過",
            "申請單號：A1151121001-1",
            "預計上線日期：115 年 12 月 30 日",
            "原因：第一行\n    .\n    第三行",
            "https://mydata.example/mydata-backend/items/1",
            "此為系統信件，請勿回信。",
            "服務電話：02-1111-2222，或寄信至服務信箱：desk@mydata.example",
        ] {
            assert!(zh.contains(said), "{said}\n{zh}");
        }
        for said in [
            "Dear 陳𠮷小華,",
            "The pilot of “示範資料集 & <b>” has been approved",
            "Estimated go-live date: 30 December 2026",
            "https://mydata.example/mydata-backend/items/1",
            "please do not reply",
            "call 02-1111-2222 or write to desk@mydata.example",
        ] {
            assert!(en.contains(said), "{said}\n{en}");
        }
        let [kept] = office.outbox().await.try_into().unwrap();
        assert_eq!(kept.state, State::Sent);
        let tries = mails::tries(&office.app.store.db, kept.id).await.unwrap();
        assert_eq!(tries.iter().map(|t| t.failure.as_deref()).collect::<Vec<_>>(), [None]);
        office.close().await;
    }
}

#[tokio::test]
async fn what_cannot_be_sent_now_is_kept_tried_again_and_at_last_given_up() {
    let server = MailServer::start(Manners { busy: 2, ..Manners::default() }).await;
    let office = office_with(&server).await;
    enqueue(&office, &reset()).await;
    office.work().await;
    office.work().await;
    let [kept] = office.outbox().await.try_into().unwrap();
    let tries = mails::tries(&office.app.store.db, kept.id).await.unwrap();
    assert_eq!((kept.state, tries.len()), (State::Waiting, 1), "not at once again");
    let failure = tries[0].failure.as_deref().unwrap();
    assert!(failure.contains("451") && failure.contains("come back later"), "{failure}");
    office.pass(Duration::from_secs(10));
    office.work().await;
    office.pass(Duration::from_secs(60));
    office.work().await;
    assert_eq!(server.received().len(), 1);
    let tries = mails::tries(&office.app.store.db, kept.id).await.unwrap();
    assert_eq!(tries.len(), 3);
    assert_eq!(tries[2].failure, None);
    office.close().await;

    let office = Office::open().await;
    enqueue(&office, &reset()).await;
    for _ in 0..60 {
        office.work().await;
        office.pass(Duration::from_secs(2 * 3600));
    }
    let [kept] = office.outbox().await.try_into().unwrap();
    assert_eq!(kept.state, State::GivenUp);
    let tries = mails::tries(&office.app.store.db, kept.id).await.unwrap();
    assert!(tries.len() > 10 && tries.iter().all(|t| t.failure.as_deref().unwrap().contains("mail.smtp")));

    // It can be sent again by hand.
    let app = &office.app;
    let again = |tx| async move { super::send_again(&tx, app, kept.id).await };
    assert!(app.store.db.run_tx("again", again).await.unwrap());
    assert_eq!(office.outbox().await[0].state, State::Waiting);
    office.close().await;
}

#[tokio::test]
async fn a_refused_addressee_ends_it_and_the_record_does_not_name_them() {
    let server = MailServer::start(Manners { refuse_rcpt: Some(550), ..Manners::default() }).await;
    let office = office_with(&server).await;
    enqueue(&office, &reset()).await;
    office.work().await;
    let [kept] = office.outbox().await.try_into().unwrap();
    assert_eq!(kept.state, State::GivenUp);
    let tries = mails::tries(&office.app.store.db, kept.id).await.unwrap();
    let failure = tries[0].failure.as_deref().unwrap();
    assert!(failure.contains("550") && !failure.contains("jenny"), "{failure}");
    office.close().await;
}

/// A name or an address cannot add a header or an addressee.
#[tokio::test]
async fn a_name_that_would_be_a_header_is_refused() {
    let server = MailServer::start(Manners::default()).await;
    let office = office_with(&server).await;
    for (name, address, why) in [
        ("Chen\r\nBcc: all@library.example", "jenny@library.example", "control characters"),
        ("Chen\u{202e}", "jenny@library.example", "direction"),
        ("Chen", "jenny@library.example\r\nRCPT TO:<all@library.example>", "mail address is none"),
        ("Chen", "jenny@library.example, all@library.example", "mail address is none"),
    ] {
        enqueue(&office, &Mail::to_address(AboutAccount::Approved, name, address)).await;
        office.work().await;
        let kept = office.outbox().await.pop().unwrap();
        assert_eq!(kept.state, State::GivenUp, "{name:?} {address:?}");
        let tries = mails::tries(&office.app.store.db, kept.id).await.unwrap();
        assert!(tries[0].failure.as_deref().unwrap().contains(why), "{tries:?}");
        office.pass(Duration::from_secs(1));
    }
    // What has a meaning in a header stands there as a name.
    for name in ["\"Chen\" <all@library.example>", "Chen, Bcc: x;", "=?utf-8?q?Chen?="] {
        enqueue(&office, &Mail::to_address(AboutAccount::Approved, name, "jenny@library.example")).await;
        office.work().await;
    }
    let received = server.received();
    assert_eq!(received.len(), 3);
    assert!(received.iter().all(|got| got.to == "jenny@library.example" && got.rcpts == 1));
    assert!(received.iter().all(|got| !got.raw.contains("\r\nBcc:")));
    office.close().await;
}

#[tokio::test]
async fn a_secret_link_is_sent_once_and_then_gone() {
    let server = MailServer::start(Manners::default()).await;
    let office = office_with(&server).await;
    let until = office.now().plus(Duration::from_secs(600));
    let link = || Link::secret("/mydata-backend/password?link=s3cret", until);
    enqueue(&office, &reset().link(link())).await;
    assert!(!super::readable(&office.outbox().await[0].content).contains("s3cret"));
    office.work().await;
    let [got] = server.received().try_into().unwrap_or_else(|_| panic!("one mail"));
    assert_eq!(got.text().matches("https://mydata.example/mydata-backend/password?link=s3cret").count(), 2);
    let kept = office.outbox().await.pop().unwrap();
    assert_eq!((kept.state, kept.content.link.clone()), (State::Sent, None));
    let readable = super::readable(&kept.content);
    assert!(readable.contains("連結已隱去") && !readable.contains(LINK), "{readable}");

    // One that could not be sent in time is not sent at all.
    office.pass(Duration::from_secs(1));
    enqueue(&office, &reset().link(link())).await;
    office.pass(Duration::from_secs(601));
    office.work().await;
    assert_eq!(server.received().len(), 1);
    let kept = office.outbox().await.pop().unwrap();
    assert_eq!((kept.state, kept.content.link), (State::GivenUp, None));
    office.close().await;
}

#[tokio::test]
async fn the_mail_server_is_signed_in_to_over_tls_that_is_checked() {
    let manners =
        |starttls| Manners { tls: true, starttls, user: Some(("mydata", "p w")), ..Manners::default() };
    for starttls in [false, true] {
        let server = MailServer::start(manners(starttls)).await;
        let tls = if starttls { SmtpTls::Starttls } else { SmtpTls::Implicit };
        let with = |host: &str, roots: bool, password: &str| Smtp {
            host: host.to_owned(),
            tls,
            roots: roots.then(|| server.roots.clone()),
            user: Some("mydata".to_owned()),
            password: Some(Password(password.to_owned())),
            ..settings(&server)
        };
        for (smtp, fails) in [
            (with("localhost", true, "p w"), None),
            (with("localhost", true, "wrong"), Some("535")),
            (with("localhost", false, "p w"), Some("invalid peer certificate")),
            (with("127.0.0.1", true, "p w"), Some("invalid peer certificate")),
        ] {
            let before = server.received().len();
            let office = Office::open_with(Engine::Sqlite, |config| config.mail.smtp = Some(smtp)).await;
            enqueue(&office, &reset()).await;
            office.work().await;
            let kept = office.outbox().await.pop().unwrap();
            let tries = mails::tries(&office.app.store.db, kept.id).await.unwrap();
            match (fails, &tries[0].failure) {
                (None, None) => assert_eq!(server.received().len(), before + 1),
                (Some(why), Some(failure)) => {
                    assert!(failure.contains(why), "{failure}");
                    assert_eq!((server.received().len(), kept.state), (before, State::Waiting));
                }
                (fails, failure) => panic!("{fails:?} {failure:?}"),
            }
            assert_eq!(office.app.post.check().await.is_ok(), fails.is_none());
            office.close().await;
        }
    }
    // Nothing is said in the clear where STARTTLS is asked for and not offered.
    let server = MailServer::start(Manners::default()).await;
    let smtp = Smtp { tls: SmtpTls::Starttls, ..settings(&server) };
    let office = Office::open_with(Engine::Sqlite, |config| config.mail.smtp = Some(smtp)).await;
    enqueue(&office, &reset()).await;
    office.work().await;
    assert!(server.received().is_empty());
    office.close().await;
}

/// Shows R7, R22, R25, R26, R34, R35, R64: every mail says what it is about, in both languages.
#[test]
fn every_kind_of_mail_is_worded() {
    let base = "https://mydata.example/".parse().unwrap();
    for kind in Kind::all() {
        let mail = Mail::to(kind, &holder()).fact(Fact::Item("示範資料集".to_owned()));
        let content = words::write(&mail, &base, &Contact::default());
        let (zh, en) = content.text.split_once("----").unwrap();
        assert!(zh.contains("請勿回信") && zh.contains("02-0000-0000"), "{zh}");
        assert!(en.contains("do not reply") && en.contains("service@mydata.example"), "{en}");
        assert!(content.subject.contains(kind.zh()) && content.subject.contains(kind.en()));
        assert!(!content.text.contains("mail-") && !content.subject.contains("mail-"), "{}", content.text);
        let sentence = zh.lines().nth(2).unwrap();
        assert!(sentence.chars().count() > 10, "{kind}: {sentence}");
    }
    let said = |kind: MailKind, words: &str| {
        let mail = Mail::to(kind, &holder()).fact(Fact::Item("test0214".to_owned()));
        let text = words::write(&mail, &base, &Contact::default()).text;
        assert!(text.contains(words), "{text}");
    };
    said(MailKind::InReview, "目前您的申請單正由維運團隊審核中，請您耐心等候通知");
    said(MailKind::WriteForGoLive, "請貴單位發函至數位發展部");
    said(MailKind::PilotMayBegin, "請至正式區進行試辦");
    said(MailKind::ListingPlanned, "目前您的申請單已審核通過，【test0214】將依照申請日期上線");
    assert!(MailKind::ListingPlanned.zh().contains("【正式區】"));
}

#[test]
fn facts_are_lines_of_text_and_nothing_more() {
    let base = "https://mydata.example/".parse().unwrap();
    let mail = Mail::to(MailKind::NotPassed, &Holder::default())
        .fact(Fact::Item(format!("a{LINK}b\n請開啟：")))
        .fact(Fact::Reason("一\n\n請開啟：\nhttps://evil.example".to_owned()))
        .fact(Fact::Comment { field: "網址".to_owned(), text: "改為 https".to_owned() });
    let content = words::write(&mail, &base, &Contact::default());
    assert!(!content.text.contains(LINK) && content.text.contains("項目：ab 請開啟：\n"), "{}", content.text);
    assert!(content.text.contains("原因：一\n    請開啟：\n    https://evil.example\n"), "{}", content.text);
    assert!(content.text.contains("「網址」：改為 https\n"), "{}", content.text);
    assert!(content.text.starts_with("您好：\n"));
}
