//! The counter through its door, on both engines, with a clock that the test moves.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::header::{CONTENT_TYPE, COOKIE, RETRY_AFTER};
use http::{Request, StatusCode};
use mydata_domain::counter_service::Take;
use mydata_domain::registry::Registry;
use mydata_domain::service::ServiceState;
use mydata_domain::transaction::own::{CounterCase, Order};
use mydata_domain::transaction::person::Person;
use mydata_domain::transaction::{Ending, State, Transaction, TransactionId};
use mydata_domain::{Policy, Zone};
use mydata_store::Engine;
use mydata_store::blobs::BlobId;
use mydata_store::repo::registry;
use mydata_store::repo::transactions::{self, Which};
use mydata_store::testing::START;
use mydata_wire::{SystemRandom, Verification};
use serde_json::json;
use tower::ServiceExt as _;

use crate::captcha::work;
use crate::citizen::tests::{Answered, Browser, Portal, WANG, on_both};
use crate::flow::{download, look};

pub(crate) const DATASET: &str = "API.Example001";
pub(crate) const CASE: &str = "新開戶";
pub(crate) const SERVICE: &str = "3f6c2d1e-8f00-4c1b-9b6a-5d20a7f3a91e";
/// An address of the example's counter service.
const COUNTER: &str = "127.0.0.1:4100";

/// The example of the operators' book, changed, and Wang, who has logged in once.
async fn opened(portal: &Portal, change: impl FnOnce(&mut Registry)) {
    registered(portal, change).await;
    portal.browser().log_in(&WANG).await;
}

pub(crate) async fn registered(portal: &Portal, change: impl FnOnce(&mut Registry)) {
    let mut document: Registry =
        toml::from_str(include_str!("../../../../docs/operators/registry.example.toml")).unwrap();
    document.datasets[0].dataset.pilot = None;
    document.counter_services[0].pilot = None;
    change(&mut document);
    let (document, crypter) = (&document, &portal.office.app.store.crypter);
    let apply = async |tx| registry::apply(&tx, crypter, document, START).await;
    portal.office.app.store.db.run_tx("test", apply).await.unwrap();
    // What this node has read of the registry is looked at again after a while.
    portal.office.pass(Duration::from_secs(10));
}

fn package() -> Vec<u8> {
    let mut zip = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    let json = "{\"姓名\":\"王小明\",\"地址\":\"虛構市示範路1號\"}".as_bytes();
    let pdf = include_bytes!("../../../../docs/vectors/inputs/household.pdf").as_slice();
    for (name, content) in [("戶籍.json", json), ("household.pdf", pdf), ("META-INFO/manifest.xml", b"<m/>")]
    {
        let stored =
            ::zip::write::SimpleFileOptions::default().compression_method(::zip::CompressionMethod::Stored);
        zip.start_file(name, stored).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A complete download of Wang's, for a case of the example's counter service or for none, with its number.
pub(crate) async fn held(portal: &Portal, case: bool) -> (TransactionId, BlobId, String) {
    let app = &portal.office.app;
    let now = portal.office.now();
    let person = Person::new(&WANG.uid.parse().unwrap(), WANG.name.to_owned(), WANG.uid.to_owned());
    let case = case.then(|| CounterCase { service: SERVICE.parse().unwrap(), case: CASE.to_owned() });
    let resources = vec![DATASET.parse().unwrap()];
    let order = Order { zone: Zone::Test, resources, parameters: BTreeMap::new(), case };
    let policy = Policy::default();
    let mut t = Transaction::download(order, person, Verification::Cer, now, &policy, &SystemRandom);
    let mut blob = app.store.blobs.create();
    blob.write(&package()).await.unwrap();
    let blob = blob.finish().await.unwrap();
    t.parts[0].begin(now, policy.access_token_life.0, &SystemRandom);
    t.parts[0].arrived(blob.id.to_string(), blob.len);
    let insert = async |tx| {
        let crypter = &app.store.crypter;
        transactions::insert(&tx, crypter, &t, "").await?;
        let mut kept = transactions::load_for_update(&tx, crypter, Which::Id(t.id)).await?.unwrap();
        kept.transaction.settle(now, &Policy::default());
        kept.save(&tx, crypter).await
    };
    app.store.db.run_tx("test", insert).await.unwrap();
    let number = renewed(portal, t.id).await;
    (t.id, blob.id, number)
}

/// A new number for it.
async fn renewed(portal: &Portal, id: TransactionId) -> String {
    let app = &portal.office.app;
    let citizen = look(app, Which::Id(id)).await.unwrap().unwrap().citizen.unwrap();
    download::renew(app, id, &citizen, "192.0.2.7".parse().unwrap()).await.unwrap();
    let kept = look(app, Which::Id(id)).await.unwrap().unwrap();
    kept.transaction.held().unwrap().barcode.as_ref().unwrap().number.grouped()
}

async fn state(portal: &Portal, id: TransactionId) -> State {
    look(&portal.office.app, Which::Id(id)).await.unwrap().unwrap().transaction.state
}

pub(crate) fn clerk(portal: &Portal) -> Browser<'_> {
    let mut browser = portal.browser();
    browser.address = COUNTER.parse().unwrap();
    browser
}

/// Types a number, with a captcha that is answered.
pub(crate) async fn types(clerk: &mut Browser<'_>, number: &str) -> Answered {
    types_for(clerk, "", number).await
}

/// The same for a counter service that was chosen.
async fn types_for(clerk: &mut Browser<'_>, service: &str, number: &str) -> Answered {
    let page = clerk.get("/counter").await;
    let Some(challenge) = page.body.split("name=\"captcha\" value=\"").nth(1) else { return page };
    let challenge = challenge.split('"').next().unwrap().to_owned();
    let nonce = work::find(&challenge);
    let fields = [
        ("service", service),
        ("number", number),
        ("captcha", &challenge),
        ("captcha_nonce", &nonce),
        ("captcha_digits", ""),
    ];
    clerk.post("/counter/number", &fields).await
}

/// The code that was sent last.
pub(crate) async fn code(portal: &Portal) -> String {
    let all = portal.office.outbox().await;
    let codes = all.iter().filter(|mail| mail.kind.to_string() == "citizen-counter-code");
    codes.max_by_key(|mail| mail.created_at).unwrap().content.link.clone().unwrap()
}

/// How often a kind of notification was told.
pub(crate) async fn told(portal: &Portal, kind: &str) -> usize {
    portal.office.outbox().await.iter().filter(|mail| mail.kind.to_string() == kind).count()
}

/// Goes as far as the data.
pub(crate) async fn opens(portal: &Portal, clerk: &mut Browser<'_>, number: &str) -> Answered {
    types(clerk, number).await.leads_to("/counter");
    clerk.get("/counter").await.says("輸入確認碼");
    let code = code(portal).await;
    clerk.post("/counter/code", &[("code", &code)]).await.leads_to("/counter");
    // So that the next code is the latest.
    portal.office.pass(Duration::from_secs(1));
    clerk.get("/counter").await
}

/// Posts a form whose answer may be no text.
async fn raw(portal: &Portal, clerk: &Browser<'_>, path: &str, fields: &str) -> (StatusCode, Bytes) {
    let (parts, body) = sent(portal, clerk, path, fields).await.into_parts();
    (parts.status, to_bytes(body, usize::MAX).await.unwrap())
}

/// Posts a form and reads nothing of the answer.
async fn sent(portal: &Portal, clerk: &Browser<'_>, path: &str, fields: &str) -> http::Response<Body> {
    let pairs: Vec<_> = clerk.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut request = Request::post(path)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(COOKIE, pairs.join("; "))
        .body(Body::from(format!("form_token={}&{fields}", clerk.token)))
        .unwrap();
    request.extensions_mut().insert(ConnectInfo(clerk.address));
    let router = crate::platform::router(portal.office.app.clone());
    router.oneshot(request).await.unwrap()
}

/// Shows R81, R82.
#[tokio::test]
async fn a_clerk_types_the_number_and_the_code_looks_and_takes_once() {
    on_both(async |portal| {
        opened(portal, |_| ()).await;
        let (id, blob, number) = held(portal, true).await;
        let mut clerk = clerk(portal);
        let page = opens(portal, &mut clerk, &number.to_lowercase()).await;
        page.says("王○明")
            .says("範例臨櫃開戶")
            .says(CASE)
            .says("範例戶籍資料")
            .hides("王小明")
            .hides("A123456789");

        let seen = clerk.post("/counter/preview", &[("resource", DATASET)]).await;
        seen.says("虛構市示範路1號").says("household.pdf").hides("<m/>");
        let pdf = format!("resource={DATASET}&name=household.pdf");
        let (status, bytes) = raw(portal, &clerk, "/counter/file", &pdf).await;
        assert!(status == StatusCode::OK && bytes.starts_with(b"%PDF-"));
        clerk.get("/counter").await.says("目前共預覽 2 次");
        assert_eq!(told(portal, "citizen-previewed-at-counter").await, 2);

        clerk.get("/counter/take").await.says("確定要取走資料嗎").says("身分證字號");
        let (status, bytes) = raw(portal, &clerk, "/counter/take", "").await;
        assert_eq!(status, StatusCode::OK);
        let mut zip = ::zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let names: Vec<_> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
        assert!(names.contains(&"範例戶籍資料/戶籍.json".to_owned()), "{names:?}");
        assert!(zip.by_name_decrypt("範例戶籍資料/戶籍.json", b"A123456789").is_ok());
        assert!(zip.by_name_decrypt("範例戶籍資料/戶籍.json", b"a123456789").is_err());

        // Whether it has arrived, only the clerk sees: it stays this visit's until the clerk says so.
        let app = &portal.office.app;
        assert!(matches!(state(portal, id).await, State::Held(held) if held.taken_at.is_some()));
        assert_eq!(told(portal, "citizen-taken-at-counter").await, 1);
        let after = clerk.post("/counter/preview", &[("resource", DATASET)]).await;
        assert_eq!(after.status, StatusCode::GONE);
        after.says("資料已被取走");
        let page = clerk.get("/counter").await;
        page.says("資料已取走").says("已取得").says("再取一次");
        clerk.post("/counter/end", &[]).await.leads_to("/counter");
        assert!(matches!(state(portal, id).await, State::Ended(ended) if ended.ending == Ending::Taken));
        assert!(app.store.blobs.reader(&blob).await.is_err());
        let (status, _) = raw(portal, &clerk, "/counter/take", "").await;
        assert_eq!(status, StatusCode::CONFLICT, "the visit is over");
        let record = portal.record().await;
        for what in ["counter-asked", "counter-opened", "counter-previewed", "taken", "forgotten"] {
            assert!(record.iter().any(|known| known == what), "{what}: {record:?}");
        }
        clerk.get("/counter").await.says("請輸入驗證序號");
    })
    .await;
}

/// How often something is on record.
async fn on_record(portal: &Portal, what: &str) -> usize {
    portal.record().await.iter().filter(|known| *known == what).count()
}

/// A line that breaks before the end of the file loses nothing: for ten minutes the same clerk gets it whole, and nobody else; each
/// time is on record. Then it is gone, whether anybody said so or not. Shows R82.
#[tokio::test]
async fn what_was_taken_is_fetched_again_until_its_time_is_over() {
    on_both(async |portal| {
        opened(portal, |_| ()).await;
        let app = &portal.office.app;
        let (id, blob, number) = held(portal, true).await;
        let mut clerk = clerk(portal);
        opens(portal, &mut clerk, &number).await;
        // As late in a visit as it can be.
        portal.office.pass(Duration::from_secs(290));
        let response = sent(portal, &clerk, "/counter/take", "").await;
        let len: u64 = response.headers()["content-length"].to_str().unwrap().parse().unwrap();
        let (mut body, mut read) = (response.into_body().into_data_stream(), 0);
        while let Some(piece) = body.next().await {
            read += piece.unwrap().len() as u64;
            // The last piece is on its way: what it holds is never seen.
            if len - read < 64 * 1024 {
                break;
            }
        }
        drop(body);
        assert!(len - read < 64 * 1024 && read < len, "{read} of {len}");

        let whole = |bytes: Bytes| {
            let mut zip = ::zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
            assert!(zip.by_name_decrypt("範例戶籍資料/戶籍.json", b"A123456789").is_ok());
        };
        // Two clicks at once.
        let (one, two) =
            tokio::join!(raw(portal, &clerk, "/counter/take", ""), raw(portal, &clerk, "/counter/take", ""));
        assert_eq!((one.0, two.0), (StatusCode::OK, StatusCode::OK));
        whole(one.1);
        whole(two.1);
        assert_eq!((on_record(portal, "taken").await, on_record(portal, "taken-again").await), (1, 2));
        assert_eq!(told(portal, "citizen-taken-at-counter").await, 1);
        let mut other = self::clerk(portal);
        types(&mut other, &number).await.says("這個序號無法取用");

        portal.office.pass(Duration::from_secs(599));
        clerk.get("/counter").await.says("資料已取走");
        let (status, bytes) = raw(portal, &clerk, "/counter/take", "").await;
        assert_eq!(status, StatusCode::OK);
        whole(bytes);
        portal.office.pass(Duration::from_secs(1));
        // Its time is over, whether the job has run or not.
        let (status, _) = raw(portal, &clerk, "/counter/take", "").await;
        assert_eq!(status, StatusCode::CONFLICT, "the visit is over");
        portal.office.work().await;
        assert!(matches!(state(portal, id).await, State::Ended(ended) if ended.ending == Ending::Taken));
        assert!(app.store.blobs.reader(&blob).await.is_err());
        assert_eq!(on_record(portal, "forgotten").await, 1);
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_over_or_foreign_is_told_alike_and_costs_the_same() {
    on_both(async |portal| {
        opened(portal, |document| {
            let mut other = document.counter_services[0].clone();
            other.id = "9e107d9d-372b-4b6a-8e1f-0242ac120002".parse().unwrap();
            other.allowed_ips = serde_json::from_str("[\"198.51.100.0/24\"]").unwrap();
            document.counter_services.push(other);
        })
        .await;
        let app = &portal.office.app;
        let (_, _, number) = held(portal, true).await;
        let mut answers = Vec::new();
        let mut ask = async |number: &str, address: &str| {
            let mut clerk = clerk(portal);
            clerk.address = address.parse().unwrap();
            clerk.get("/counter").await;
            let before = app.store.db.statements();
            let page = types(&mut clerk, number).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
            page.says("這個序號無法取用");
            let main = page.body.split("class=\"mends\"").nth(1).unwrap().split("<form").next().unwrap();
            answers.push((main.to_owned(), app.store.db.statements() - before));
        };
        ask("3333 3333", COUNTER).await;
        // For another counter than the one where it is typed.
        ask(&number, "198.51.100.7:4000").await;
        portal.office.pass(Duration::from_secs(20 * 60));
        ask(&number, COUNTER).await;
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[0], answers[2]);
        // Whoever's number was typed finds it on record; the number is nowhere.
        let record = portal.record().await;
        assert_eq!(record.iter().filter(|what| *what == "counter-refused").count(), 3);
        assert_eq!(told(portal, "citizen-counter-code").await, 0);
    })
    .await;
}

/// At an address of two organisations the clerk says whose they are; a number of the other's case is refused, and the citizen is told
/// of the right one.
#[tokio::test]
async fn at_a_shared_address_the_clerk_chooses_the_counter_service() {
    const OTHER: &str = "9e107d9d-372b-4b6a-8e1f-0242ac120002";
    on_both(async |portal| {
        opened(portal, |document| {
            let mut organisation = document.organisations[0].clone();
            organisation.id = "another-office".parse().unwrap();
            organisation.name = "另一機關".to_owned();
            let mut other = document.counter_services[0].clone();
            other.id = OTHER.parse().unwrap();
            other.organisation = organisation.id.clone();
            other.name = "另一臨櫃服務".to_owned();
            document.organisations.push(organisation);
            document.counter_services.push(other);
        })
        .await;
        let (_, _, number) = held(portal, true).await;
        let mut clerk = clerk(portal);
        clerk.get("/counter").await.says("這個位址有多個機關的櫃檯").says("另一機關：另一臨櫃服務");
        types(&mut clerk, &number).await.says("請選擇臨櫃服務。").hides("captcha-fault");
        types_for(&mut clerk, "11111111-1111-4111-8111-111111111111", &number).await.says("請選擇臨櫃服務。");
        types_for(&mut clerk, OTHER, &number).await.says("這個序號無法取用");
        types_for(&mut clerk, SERVICE, &number).await.leads_to("/counter");
        clerk.get("/counter").await.says("輸入確認碼");
        let again = format!("/counter?service={SERVICE}");
        clerk.post("/counter/end", &[]).await.leads_to(&again);
        clerk.get(&again).await.says(&format!("value=\"{SERVICE}\" selected"));

        // Without a case it is the chosen one that looks, and that the citizen is told of.
        let (_, _, number) = held(portal, false).await;
        types_for(&mut clerk, OTHER, &number).await.leads_to("/counter");
        portal.office.pass(Duration::from_secs(1));
        let asked = portal.office.outbox().await;
        let mut codes = asked.iter().filter(|mail| mail.kind.to_string() == "citizen-counter-code");
        assert!(
            codes.any(|mail| mail.content.text.contains("另一機關")),
            "the citizen is told whose clerk asks"
        );
    })
    .await;
}

#[tokio::test]
async fn five_wrong_ones_lock_the_address_and_no_other() {
    on_both(async |portal| {
        opened(portal, |document| {
            document.counter_services[0].allowed_ips = serde_json::from_str("[\"127.0.0.0/8\"]").unwrap();
        })
        .await;
        let (_, _, number) = held(portal, true).await;
        let mut clerk = clerk(portal);
        // What cannot be a number is no guess.
        for bad in ["", "3333", "ABCDEFGH"] {
            assert_eq!(types(&mut clerk, bad).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
        }
        for _ in 0..2 {
            types(&mut clerk, "3333 3333").await.says("這個序號無法取用");
        }
        types(&mut clerk, &number).await.leads_to("/counter");
        clerk.get("/counter").await.says("輸入確認碼");
        for left in [4, 3] {
            let page = clerk.post("/counter/code", &[("code", "00000000")]).await;
            page.says(&format!("還可以輸入 {left} 次"));
        }
        let page = clerk.post("/counter/code", &[("code", "00000000")]).await;
        assert_eq!(
            (page.status, page.headers[RETRY_AFTER].to_str().unwrap()),
            (StatusCode::TOO_MANY_REQUESTS, "900")
        );
        page.says("暫時不能輸入").says("data-left=\"900\"");
        portal.office.pass(Duration::from_secs(60));
        let right = code(portal).await;
        let page = clerk.post("/counter/code", &[("code", &right)]).await;
        page.says("data-left=\"840\"");
        clerk.get("/counter").await.says("暫時不能輸入");
        let mut other = self::clerk(portal);
        other.address = "127.0.0.2:4000".parse().unwrap();
        types(&mut other, &number).await.leads_to("/counter");
        portal.office.pass(Duration::from_secs(840));
        types(&mut clerk, &number).await.leads_to("/counter");
    })
    .await;
}

#[tokio::test]
async fn only_addresses_on_a_list_and_services_that_run_are_let_in() {
    on_both(async |portal| {
        opened(portal, |_| ()).await;
        let (_, _, number) = held(portal, true).await;
        let mut elsewhere = portal.browser();
        let page = elsewhere.get("/counter").await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        page.says("您的位址不能使用這個頁面").says("192.0.2.7");
        assert_eq!(elsewhere.post("/counter/number", &[]).await.status, StatusCode::FORBIDDEN);

        let mut clerk = clerk(portal);
        opens(portal, &mut clerk, &number).await.says("取資料");
        // A session is its address's alone.
        let mut stolen = clerk.clone();
        stolen.address = "[::1]:4000".parse().unwrap();
        stolen.get("/counter").await.says("請輸入驗證序號");
        assert_eq!(
            stolen.post("/counter/preview", &[("resource", DATASET)]).await.status,
            StatusCode::CONFLICT
        );
        // Nor is a form of another browser's taken.
        let page = clerk.post_with("/counter/preview", &[("resource", DATASET)], "x").await;
        assert_eq!(page.status, StatusCode::CONFLICT);
        registered(portal, |document| document.counter_services[0].state = ServiceState::Suspended).await;
        let page = clerk.post("/counter/preview", &[("resource", DATASET)]).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        page.says("停權中");
        registered(portal, |_| ()).await;
        // Five idle minutes end it.
        clerk.get("/counter").await.says("王○明");
        portal.office.pass(Duration::from_secs(300));
        clerk.get("/counter").await.says("請輸入驗證序號");
    })
    .await;
}

#[tokio::test]
async fn the_case_says_what_a_clerk_may_do() {
    on_both(async |portal| {
        opened(portal, |document| document.counter_services[0].cases[0].take = Take::Preview).await;
        let (id, _, number) = held(portal, true).await;
        let mut clerk = clerk(portal);
        opens(portal, &mut clerk, &number).await.says("只能預覽").hides("href=\"/counter/take\"");
        assert_eq!(clerk.get("/counter/take").await.status, StatusCode::FORBIDDEN);
        assert_eq!(raw(portal, &clerk, "/counter/take", "").await.0, StatusCode::FORBIDDEN);
        assert!(matches!(state(portal, id).await, State::Held(held) if held.taken_at.is_none()));
        registered(portal, |document| document.counter_services[0].cases[0].take = Take::Save).await;
        clerk.get("/counter").await.says("這個案件不提供預覽").says("href=\"/counter/take\"");
        let page = clerk.post("/counter/preview", &[("resource", DATASET)]).await;
        page.says("這個案件不能這樣取用");
        assert_eq!(told(portal, "citizen-previewed-at-counter").await, 0);
        // A download for no case may be looked at and taken at any counter.
        let (_, _, plain) = held(portal, false).await;
        let mut other = self::clerk(portal);
        opens(portal, &mut other, &plain).await.says("民眾未指定案件").says("取資料").says("預覽");
    })
    .await;
}

#[tokio::test]
async fn a_number_that_is_renewed_meanwhile_opens_nothing_more() {
    on_both(async |portal| {
        opened(portal, |_| ()).await;
        let (id, _, number) = held(portal, true).await;
        let (mut early, mut late) = (clerk(portal), clerk(portal));
        opens(portal, &mut early, &number).await.says("取資料");
        types(&mut late, &number).await.leads_to("/counter");
        late.get("/counter").await.says("輸入確認碼");
        let right = code(portal).await;
        let number = renewed(portal, id).await;
        let page = early.post("/counter/preview", &[("resource", DATASET)]).await;
        assert_eq!(page.status, StatusCode::GONE);
        page.says("條碼已更新");
        assert_eq!(
            raw(portal, &early, "/counter/take", "").await.0,
            StatusCode::CONFLICT,
            "the visit is over"
        );
        late.post("/counter/code", &[("code", &right)]).await.says("條碼已更新");
        // The number's own time may end while a clerk is at it.
        portal.office.pass(Duration::from_secs(600));
        opens(portal, &mut early, &number).await;
        for _ in 0..3 {
            portal.office.pass(Duration::from_secs(230));
            early.get("/counter").await;
            early.post("/counter/preview", &[("resource", DATASET)]).await;
        }
        let page = early.post("/counter/preview", &[("resource", DATASET)]).await;
        page.says("虛構市示範路1號");
    })
    .await;
}

#[tokio::test]
async fn of_two_who_take_at_once_one_gets_it() {
    on_both(async |portal| {
        opened(portal, |_| ()).await;
        let (id, _, number) = held(portal, true).await;
        let mut clerks = Vec::new();
        for _ in 0..3 {
            let mut clerk = clerk(portal);
            opens(portal, &mut clerk, &number).await;
            clerks.push(clerk);
        }
        let takes = clerks.iter().map(|clerk| raw(portal, clerk, "/counter/take", ""));
        let mut answers: Vec<_> =
            futures_util::future::join_all(takes).await.into_iter().map(|(s, _)| s).collect();
        answers.sort();
        assert_eq!(answers, [StatusCode::OK, StatusCode::GONE, StatusCode::GONE]);
        assert_eq!(told(portal, "citizen-taken-at-counter").await, 1);
        assert!(matches!(state(portal, id).await, State::Held(held) if held.taken_at.is_some()));
    })
    .await;
}

#[tokio::test]
async fn a_line_that_breaks_loses_nothing_and_ten_minutes_end_it() {
    on_both(async |portal| {
        opened(portal, |_| ()).await;
        let app = &portal.office.app;
        let (id, blob, number) = held(portal, true).await;
        let mut clerk = clerk(portal);
        opens(portal, &mut clerk, &number).await;
        // The process ends, or the line breaks, between the step and the last byte.
        let secret = clerk.cookies["__Host-mydata_counter"].clone();
        let catalogue = app.catalogue().await.unwrap();
        let from = clerk.address.ip();
        crate::flow::counter::take(app, &catalogue, &secret, from).await.unwrap();
        assert!(matches!(state(portal, id).await, State::Held(held) if held.taken_at.is_some()));
        let page = clerk.get("/counter").await;
        page.says("資料已取走").says("再取一次");
        assert_eq!(told(portal, "citizen-taken-at-counter").await, 1);
        let (status, bytes) = raw(portal, &clerk, "/counter/take", "").await;
        assert!(status == StatusCode::OK && bytes.starts_with(b"PK"));
        assert_eq!(told(portal, "citizen-taken-at-counter").await, 1, "it was taken once");
        assert!(app.store.blobs.reader(&blob).await.is_ok(), "whether it came, only the clerk sees");

        clerk.post("/counter/end", &[]).await.leads_to("/counter");
        assert!(matches!(state(portal, id).await, State::Ended(_)));
        assert!(app.store.blobs.reader(&blob).await.is_err());
        let (id, blob, number) = held(portal, true).await;
        opens(portal, &mut clerk, &number).await;
        let secret = clerk.cookies["__Host-mydata_counter"].clone();
        crate::flow::counter::take(app, &catalogue, &secret, from).await.unwrap();
        portal.office.pass(Duration::from_secs(601));
        portal.office.work().await;
        assert!(matches!(state(portal, id).await, State::Ended(_)));
        assert!(app.store.blobs.reader(&blob).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn codes_end_after_two_minutes_and_are_not_sent_without_end() {
    on_both(async |portal| {
        opened(portal, |_| ()).await;
        let (_, _, number) = held(portal, true).await;
        let mut clerk = clerk(portal);
        types(&mut clerk, &number).await.leads_to("/counter");
        clerk.get("/counter").await;
        let right = code(portal).await;
        portal.office.pass(Duration::from_secs(120));
        clerk.post("/counter/code", &[("code", &right)]).await.says("確認碼已逾時");
        for _ in 0..4 {
            types(&mut clerk, &number).await.leads_to("/counter");
            clerk.get("/counter").await;
            clerk.post("/counter/end", &[]).await.leads_to("/counter");
        }
        types(&mut clerk, &number).await.says("暫時不能輸入");
        assert_eq!(told(portal, "citizen-counter-code").await, 5);
        // A captcha counts once.
        let page = clerk.get("/counter").await;
        assert_eq!(page.status, StatusCode::OK);
        let challenge = page
            .body
            .split("name=\"captcha\" value=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned();
        let nonce = work::find(&challenge);
        let fields = [("number", "3333 3333"), ("captcha", &challenge), ("captcha_nonce", nonce.as_str())];
        clerk.post("/counter/number", &fields).await.says("這個序號無法取用");
        clerk.post("/counter/number", &fields).await.hides("這個序號無法取用").says("captcha");
        let fields = [("number", "3333 3333"), ("captcha", &challenge), ("captcha_nonce", "")];
        clerk.post("/counter/number", &fields).await.hides("這個序號無法取用");
    })
    .await;
}

#[tokio::test]
async fn a_case_is_asked_for_with_its_datasets_and_in_a_pilot_by_registered_addresses_only() {
    on_both(async |portal| {
        opened(portal, |document| {
            document.counter_services[0].pilot = serde_json::from_str("[\"127.0.0.1\"]").unwrap();
        })
        .await;
        let apply = format!("/counter-services/{SERVICE}/apply?case=%E6%96%B0%E9%96%8B%E6%88%B6");
        let mut outsider = portal.browser();
        assert_eq!(outsider.get(&apply).await.status, StatusCode::NOT_FOUND);
        registered(portal, |_| ()).await;
        let mut citizen = portal.browser();
        citizen.get(&format!("/counter-services/{SERVICE}")).await.says("我要申請").says("取走一次");
        citizen.get(&apply).await.says("以下 1 項擇 1 項").says(DATASET);
        assert_eq!(
            citizen.get(&format!("/counter-services/{SERVICE}/apply?case=x")).await.status,
            StatusCode::NOT_FOUND
        );
        let order = format!("/download?counter={SERVICE}&case=%E6%96%B0%E9%96%8B%E6%88%B6");
        let none = citizen.get(&order).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        none.says("請選 1 項，您選了 0 項");
    })
    .await;
}

/// A service outside answers as the test says, by the token.
async fn captcha_service() -> url::Url {
    use axum::response::IntoResponse as _;
    let answer = |axum::Form(form): axum::Form<BTreeMap<String, String>>| async move {
        let right = form["secret"] == "a secret of the tests" && form.len() == 2;
        match form["response"].as_str() {
            "down" => StatusCode::BAD_GATEWAY.into_response(),
            "elsewhere" => {
                axum::Json(json!({ "success": right, "hostname": "other.example" })).into_response()
            }
            token => {
                let success = right && token.starts_with("right");
                axum::Json(json!({ "success": success, "hostname": "mydata.example" })).into_response()
            }
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/siteverify", listener.local_addr().unwrap()).parse().unwrap();
    let router = axum::Router::new().route("/siteverify", axum::routing::post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// A captcha service in place of the proof of work: its token counts once, what cannot be verified lets nobody through, and the
/// picture stays for whoever cannot use it. Other pages load nothing from it.
#[tokio::test]
async fn a_captcha_service_outside_fails_closed() {
    let siteverify = captcha_service().await;
    let portal = Portal::open_with(Engine::Sqlite, |config| {
        config.captcha.outside = Some(crate::config::OutsideCaptcha {
            siteverify,
            secret: crate::config::Password("a secret of the tests".to_owned()),
            site_key: "public-key".to_owned(),
            script: "https://captcha.example/api.js".parse().unwrap(),
            class: "demo-captcha".to_owned(),
            field: "demo-response".to_owned(),
            origins: vec!["https://frames.example/".parse().unwrap()],
        });
    })
    .await;
    let portal = &portal;
    opened(portal, |_| ()).await;
    let (_, _, number) = held(portal, true).await;
    let mut clerk = clerk(portal);
    let page = clerk.get("/counter").await;
    page.says("data-sitekey=\"public-key\"")
        .says("https://captcha.example/api.js")
        .says("改用圖片或語音驗證碼");
    let policy = |page: &Answered| page.headers["content-security-policy"].to_str().unwrap().to_owned();
    let said = policy(&page);
    assert!(said.contains("script-src 'self' https://captcha.example https://frames.example;"), "{said}");
    assert!(said.contains("form-action 'self';"), "{said}");
    assert!(!policy(&clerk.get("/about").await).contains("captcha.example"));

    let mut tries = async |token: &str| {
        clerk.get("/counter").await;
        clerk.post("/counter/number", &[("number", &number), ("demo-response", token)]).await
    };
    for (token, words) in [
        ("", "請完成驗證碼"),
        ("wrong", "驗證碼不正確"),
        ("elsewhere", "驗證碼不正確"),
        ("down", "目前無法確認上方的驗證"),
    ] {
        let answer = tries(token).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{token}");
        answer.says(words);
        assert_eq!(told(portal, "citizen-counter-code").await, 0, "{token}");
    }
    tries("right-1").await.leads_to("/counter");
    clerk.post("/counter/end", &[]).await;
    // The same token again is spent.
    clerk.get("/counter").await;
    clerk.post("/counter/end", &[]).await;
    clerk.get("/counter").await;
    let again = clerk.post("/counter/number", &[("number", &number), ("demo-response", "right-1")]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    // The proof of work is no way round it, the picture's digits are one for whoever needs it.
    types(&mut clerk, &number).await.says("請完成驗證碼");
    let page = clerk.get("/counter").await;
    let challenge = page.body.split("name=\"captcha\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let app = &portal.office.app;
    let digits = crate::captcha::Challenge::read(&app.store.crypter, challenge, portal.office.now()).unwrap();
    let fields = [("number", number.as_str()), ("captcha", challenge), ("captcha_digits", digits.digits())];
    clerk.post("/counter/number", &fields).await.leads_to("/counter");
}
