//! Asking for data.

use std::time::Duration;

use http::StatusCode;
use mydata_domain::dataset::DatasetState;
use mydata_domain::registry::Registry;
use mydata_store::repo::transactions::{self, Which};
use mydata_wire::Verification;

use super::{FIRST, STRICT, registered};
use crate::citizen::tests::{WANG, WU, on_both};

const YEAR: &str = "p.API.Example001.INQ_YR";

/// From the catalogue to a download that is begun. Shows R70, R71, R72.
#[tokio::test]
async fn a_citizen_asks_for_a_dataset() {
    on_both(async |portal| {
        registered(portal, |_| ()).await;
        let mut browser = portal.browser();
        let page = browser.get("/datasets/API.Example001").await;
        page.says("href=\"/download?dataset=API.Example001\"").says("我要下載");
        let way_in = browser.get("/download?dataset=API.Example001").await;
        way_in.leads_to("/login?next=%2Fdownload%3Fdataset%3DAPI%2EExample001&needs=NHI");
        browser.log_in(&WANG).await;
        let page = browser.get("/download?dataset=API.Example001").await;
        assert_eq!(page.status, StatusCode::OK);
        page.says("範例戶籍資料").says("查詢年度").says("value=\"114\"").says("您目前以健保卡登入");
        page.says("只有您本人").says("王○明").hides("A123456789");

        // Nothing is begun before everything is filled in; what was typed stays.
        let fields = [("dataset", FIRST), (YEAR, "民國\n一一四")];
        let bad = browser.post("/download", &fields).await;
        assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
        bad.says("有 2 個地方需要您修正").says("請先閱讀服務條款並勾選同意");
        bad.says("「查詢年度」不能含有換行或控制字元").says("href=\"#p-API-Example001-INQ-YR\"");
        let bad = browser.post("/download", &[("dataset", FIRST), ("terms", "yes"), (YEAR, " ")]).await;
        bad.says("請填寫「查詢年度」").says("checked");

        let fields = [("dataset", FIRST), ("terms", "yes"), (YEAR, "113")];
        let begun = browser.post("/download", &fields).await;
        assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.body);
        let place = begun.location().to_owned();
        let id = place.strip_prefix("/downloads/").unwrap().parse().unwrap();
        let app = &portal.office.app;
        let kept =
            transactions::load(&app.store.db, &app.store.crypter, Which::Id(id)).await.unwrap().unwrap();
        let parameters = &kept.transaction.parts[0].parameters;
        assert_eq!(parameters.values().collect::<Vec<_>>(), ["113"]);
        let page = browser.get(&place).await;
        page.says("下載中").says("等待").says(&format!("data-events=\"{place}/progress\"")).says("noscript");
        browser.get("/downloads").await.says("範例戶籍資料").says("下載中").says(&place);
        assert!(portal.record().await.contains(&"download-begun".to_owned()));
    })
    .await;
}

/// The strictest dataset governs; whoever is logged in by less proves who they are again and loses nothing. Shows R71.
#[tokio::test]
async fn a_weaker_login_is_asked_for_a_stronger_one_and_finds_the_form_again() {
    on_both(async |portal| {
        registered(portal, |_| ()).await;
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        let both = "/download?dataset=API.Example001&dataset=API.Strict0001";
        let page = browser.get(both).await;
        page.says("這些資料需要自然人憑證以上的驗證方式。按下按鈕後請再驗證一次").says("前往身分驗證");
        let fields = [("dataset", FIRST), ("dataset", STRICT), ("terms", "yes"), (YEAR, "111")];
        let step_up = browser.post("/download", &fields).await;
        assert_eq!(step_up.status, StatusCode::SEE_OTHER);
        let login = step_up.location().to_owned();
        assert!(login.starts_with("/login?next=") && login.ends_with("&needs=CER"), "{login}");
        let weak = browser.proves(&login, Verification::Cer, &WANG, Verification::Nhi).await;
        assert!(weak.location().contains("fault=too-weak"), "{}", weak.location());
        let back = browser.proves(&login, Verification::Cer, &WANG, Verification::Cer).await;
        let back = back.location().to_owned();
        assert_eq!(back, format!("{both}&kept=1"));
        let page = browser.get(&back).await;
        page.says("value=\"111\"")
            .says("checked")
            .says("已帶出您登出前填寫的內容")
            .says("您目前以自然人憑證登入");
        let begun = browser.post("/download", &fields).await;
        assert!(begun.location().starts_with("/downloads/"), "{} {}", begun.location(), begun.body);
    })
    .await;
}

/// A session that ended meanwhile loses nothing that was typed.
#[tokio::test]
async fn a_form_that_comes_too_late_is_there_again_after_the_login() {
    on_both(async |portal| {
        registered(portal, |_| ()).await;
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        browser.get("/download?dataset=API.Example001").await;
        portal.office.pass(Duration::from_secs(11 * 60));
        let late = browser.post("/download", &[("dataset", FIRST), ("terms", "yes"), (YEAR, "109")]).await;
        let login = late.location().to_owned();
        assert!(
            login.starts_with("/login?next=%2Fdownload%3Fdataset%3DAPI%2EExample001%26kept%3D1"),
            "{login}"
        );
        let login = login.replace("&ended=1", "");
        let back = browser.proves(&login, Verification::Nhi, &WANG, Verification::Nhi).await;
        browser.get(back.location()).await.says("value=\"109\"").says("checked");
        assert!(
            !portal.record().await.contains(&"download-begun".to_owned()),
            "nothing was carried out unseen"
        );
    })
    .await;
}

fn in_state(document: &mut Registry, id: &str, state: DatasetState) {
    let mut other = document.datasets[0].clone();
    other.dataset.resource_id = id.parse().unwrap();
    other.dataset.name = format!("別的資料 {}", state.as_str());
    other.dataset.state = state;
    document.datasets.push(other);
}

/// Shows R15: a pilot is there for registered addresses only.
#[tokio::test]
async fn what_cannot_be_had_is_refused_before_anything_is_asked() {
    on_both(async |portal| {
        registered(portal, |document| {
            in_state(document, "API.Other00001", DatasetState::Maintenance);
            in_state(document, "API.Other00002", DatasetState::Failing);
            in_state(document, "API.Other00003", DatasetState::Suspended);
            in_state(document, "API.Other00004", DatasetState::Listed);
            let pilot = document.datasets.last_mut().unwrap();
            pilot.dataset.pilot = serde_json::from_value(serde_json::json!(["127.0.0.0/8"])).unwrap();
        })
        .await;
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        for unseen in ["API.Other00003", "API.Other00004", "API.Unknown001"] {
            let path = format!("/download?dataset={unseen}");
            assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND, "{unseen}");
            browser.get("/download?dataset=API.Example001").await;
            let posted = browser.post("/download", &[("dataset", unseen), ("terms", "yes")]).await;
            assert_eq!(posted.status, StatusCode::NOT_FOUND, "{unseen}");
        }
        for (closed, says) in
            [("API.Other00001", "維護中，請稍後再試"), ("API.Other00002", "連線異常，請稍後再試")]
        {
            let page = browser.get(&format!("/download?dataset={closed}")).await;
            page.says("現在無法下載").says(says).says("disabled");
            let year = format!("p.{closed}.INQ_YR");
            let fields = [("dataset", closed), ("terms", "yes"), (year.as_str(), "113")];
            let posted = browser.post("/download", &fields).await;
            assert_eq!(posted.status, StatusCode::UNPROCESSABLE_ENTITY, "{closed}");
            posted.says(says);
        }
        // One to five together.
        let many: String = (1..=6).map(|n| format!("&dataset=API.Many00000{n}")).collect();
        let page = browser.get(&format!("/download?go=1{many}")).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        page.says("一次最多下載 5 個資料集");
        let page = browser.get("/download?go=1").await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        page.says("請至少勾選一個資料集");
        let page = browser.get("/download?q=%E8%B2%A1%E7%94%A2&dataset=API.Example001&pick=1").await;
        page.says("value=\"API.Example001\" checked").says("範例財產資料").hides("別的資料 failing");
        // A form of somebody else, or none of ours.
        browser.get("/download?dataset=API.Example001").await;
        let foreign =
            browser.post_with("/download", &[("dataset", FIRST), ("terms", "yes")], "foreign").await;
        assert_eq!(foreign.status, StatusCode::CONFLICT);
        assert!(!portal.record().await.contains(&"download-begun".to_owned()));
    })
    .await;
}

/// The id of another's download in an address is as good as none.
#[tokio::test]
async fn nobody_sees_what_is_anothers() {
    on_both(async |portal| {
        registered(portal, |_| ()).await;
        let (id, _) = super::held(portal, &[(FIRST, super::package(&super::good()))]).await;
        let mut other = portal.browser();
        other.log_in(&WU).await;
        for path in [
            format!("/downloads/{id}"),
            format!("/downloads/{id}/progress"),
            format!("/downloads/{id}/preview/{FIRST}"),
            format!("/downloads/{id}/preview/{FIRST}/file?name=household.pdf"),
            format!("/downloads/{id}/withdraw"),
            "/downloads/3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e".to_owned(),
            "/downloads/1".to_owned(),
        ] {
            let page = other.get(&path).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
            page.hides("範例戶籍資料");
        }
        other.get("/downloads").await.says("您還沒有下載任何資料").hides(&id.to_string());
        for path in
            [format!("/downloads/{id}/save"), format!("/downloads/{id}/withdraw"), format!("/barcodes/{id}")]
        {
            assert_eq!(other.post(&path, &[]).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        other.get("/barcodes").await.says("目前沒有可以出示的資料").hides("範例戶籍資料");
        // Whoever is not logged in is led to the login.
        let mut nobody = portal.browser();
        let way_in = nobody.get(&format!("/downloads/{id}")).await;
        assert!(way_in.location().starts_with("/login?next=%2Fdownloads%2F"), "{}", way_in.location());
    })
    .await;
}
