//! Barcodes, and how downloads end.

use std::time::Duration;

use futures_util::StreamExt as _;
use http::StatusCode;
use mydata_domain::barcode::BarcodeNumber;
use mydata_domain::transaction::TransactionId;
use mydata_store::StoreError;
use mydata_store::repo::audit;
use mydata_store::repo::list::List;
use mydata_store::repo::transactions::{self, Which};

use super::{FIRST, STRICT, good, held, package, registered, stream_of};
use crate::citizen::tests::{Answered, Portal, WANG, on_both};
use crate::counter::tests::told;

const MINUTES: u64 = 60;

/// The number on the page.
fn number(page: &Answered) -> BarcodeNumber {
    let text = page.body.split("class=\"big-code\">").nth(1).expect("a number stands there");
    text.split('<').next().unwrap().parse().unwrap()
}

async fn by_number(portal: &Portal, number: BarcodeNumber) -> Option<TransactionId> {
    let app = &portal.office.app;
    let found = transactions::load(&app.store.db, &app.store.crypter, Which::Barcode(number)).await.unwrap();
    let now = portal.office.now();
    let kept = found.filter(|kept| kept.transaction.held().is_some_and(|h| h.barcode_at(now).is_some()));
    kept.map(|kept| kept.transaction.id)
}

/// Shows R80.
#[tokio::test]
async fn a_barcode_lives_twenty_minutes_or_until_it_is_renewed() {
    on_both(async |portal| {
        registered(portal, |_| ()).await;
        let (id, _) = held(portal, &[(FIRST, package(&good()))]).await;
        let (other, _) = held(portal, &[(STRICT, package(&good()))]).await;
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        browser.get("/barcodes").await.says("這份資料目前沒有有效的條碼").says("產生條碼");
        let made = browser.post(&format!("/barcodes/{id}"), &[]).await;
        made.leads_to(&format!("/barcodes#code-{id}"));
        let page = browser.get("/barcodes").await;
        let first = number(&page);
        page.says(&first.grouped()).says("class=\"code128\"").says("class=\"qr\"").says("data-left=\"1200\"");
        page.says("手動更新條碼").says("範例財產資料");
        assert_eq!(by_number(portal, first).await, Some(id));

        browser.post(&format!("/barcodes/{id}"), &[]).await;
        let second = number(&browser.get("/barcodes").await);
        assert_ne!(first, second);
        assert_eq!(by_number(portal, first).await, None, "the one before is dead");
        assert_eq!(by_number(portal, second).await, Some(id));
        browser.post(&format!("/barcodes/{other}"), &[]).await;
        assert_eq!(by_number(portal, second).await, Some(id), "each has its own");

        portal.office.pass(Duration::from_secs(9 * MINUTES));
        browser.get("/barcodes").await.says("data-left=\"660\"");
        portal.office.pass(Duration::from_secs(9 * MINUTES));
        browser.get("/barcodes").await;
        portal.office.pass(Duration::from_secs(2 * MINUTES));
        browser.get("/barcodes").await.hides("big-code").says("這份資料目前沒有有效的條碼");
        assert_eq!(by_number(portal, second).await, None);

        // No number stands on record.
        let rows =
            audit::list(&portal.office.app.store.db, &List { size: 100, ..List::default() }).await.unwrap();
        let said = format!("{:?}", rows.rows.iter().map(|row| &row.event).collect::<Vec<_>>());
        assert_eq!(said.matches("barcode-made").count(), 3, "{said}");
        assert!(!said.contains(first.as_str()) && !said.contains(second.as_str()));
    })
    .await;
}

/// Unused files vanish after eight hours, by a job, and to whoever looks before the job has run. Shows R78.
#[tokio::test]
async fn after_eight_hours_everything_is_gone() {
    on_both(async |portal| {
        registered(portal, |_| ()).await;
        let app = &portal.office.app;
        let (by_job, blobs) = held(portal, &[(FIRST, package(&good()))]).await;
        portal.office.work().await;
        portal.office.pass(Duration::from_secs(8 * 60 * MINUTES - 1));
        portal.office.work().await;
        app.store.blobs.read(&blobs[0]).await.unwrap();
        portal.office.pass(Duration::from_secs(1));
        portal.office.work().await;
        let gone = app.store.blobs.read(&blobs[0]).await;
        assert!(matches!(gone, Err(StoreError::NoBlob { .. })), "{gone:?}");
        assert!(portal.record().await.contains(&"forgotten".to_owned()));

        let (by_look, blobs) = held(portal, &[(FIRST, package(&good()))]).await;
        portal.office.pass(Duration::from_secs(8 * 60 * MINUTES));
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        browser.get("/downloads").await.says("已到期刪除");
        for id in [by_job, by_look] {
            browser.get(&format!("/downloads/{id}")).await.says("保存時間已到").hides("前往資料條碼區");
            let page = browser.get(&format!("/downloads/{id}/preview/{FIRST}")).await;
            page.leads_to(&format!("/downloads/{id}"));
            browser.get("/downloads").await;
            browser.post(&format!("/downloads/{id}/save"), &[]).await.leads_to(&format!("/downloads/{id}"));
            browser.get("/downloads").await;
            browser.post(&format!("/barcodes/{id}"), &[]).await.leads_to(&format!("/downloads/{id}"));
        }
        let gone = app.store.blobs.read(&blobs[0]).await;
        assert!(matches!(gone, Err(StoreError::NoBlob { .. })), "{gone:?}");
    })
    .await;
}

#[tokio::test]
async fn what_is_withdrawn_is_gone_at_once() {
    on_both(async |portal| {
        registered(portal, |_| ()).await;
        let (id, blobs) = held(portal, &[(FIRST, package(&good()))]).await;
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        browser.get("/barcodes").await;
        browser.post(&format!("/barcodes/{id}"), &[]).await;
        let code = number(&browser.get("/barcodes").await);
        let path = format!("/downloads/{id}/withdraw");
        browser.get(&path).await.says("確定要撤回「範例戶籍資料」嗎？");
        browser.post(&path, &[]).await.leads_to(&format!("/downloads/{id}"));
        let page = browser.get(&format!("/downloads/{id}")).await;
        page.says("您已撤回這次下載");
        assert_eq!(by_number(portal, code).await, None);
        assert!(portal.office.app.store.blobs.read(&blobs[0]).await.is_err());
        assert_eq!(told(portal, "citizen-withdrawn").await, 1);
        browser.get("/downloads").await.says("已撤回");
        // Pressed twice.
        browser.post(&path, &[]).await.leads_to(&format!("/downloads/{id}"));
        assert_eq!(portal.record().await.iter().filter(|what| *what == "withdrawn").count(), 1);
    })
    .await;
}

/// Nobody answers: what was asked for comes to its end, and nothing is held.
#[tokio::test]
async fn where_no_dataset_can_be_had_the_page_says_why() {
    on_both(async |portal| {
        registered(portal, |_| ()).await;
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        browser.get("/download?dataset=API.Example001").await;
        let fields = [("dataset", FIRST), ("terms", "yes"), ("p.API.Example001.INQ_YR", "113")];
        let begun = browser.post("/download", &fields).await;
        let place = begun.location().to_owned();
        for _ in 0..8 {
            portal.office.work().await;
            portal.office.pass(Duration::from_secs(5 * MINUTES));
            assert_eq!(browser.get(&place).await.status, StatusCode::OK);
        }
        let page = browser.get(&place).await;
        page.says("這次要下載的資料都無法取得").says("資料提供者的系統沒有回應").hides("前往資料條碼區");
        assert_eq!(told(portal, "citizen-undeliverable").await, 1);
    })
    .await;
}

/// What is on its way when the citizen withdraws does not arrive.
#[tokio::test]
async fn a_withdrawal_cuts_off_what_is_being_sent() {
    on_both(async |portal| {
        registered(portal, |_| ()).await;
        let (id, _) = held(portal, &[(FIRST, package(&good()))]).await;
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        browser.get(&format!("/downloads/{id}")).await;
        let mut sent = stream_of(portal, &browser, &format!("/downloads/{id}/save")).await;
        assert!(sent.next().await.unwrap().is_ok(), "it has begun");
        browser.get(&format!("/downloads/{id}/withdraw")).await;
        browser.post(&format!("/downloads/{id}/withdraw"), &[]).await.leads_to(&format!("/downloads/{id}"));
        assert!(sent.next().await.unwrap().is_err(), "it breaks off");
    })
    .await;
}
