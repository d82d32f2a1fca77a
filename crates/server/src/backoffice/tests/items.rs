//! Lists and the page of an item, through the door.

use http::StatusCode;
use mydata_domain::account::session::Stage;
use mydata_domain::account::{Account, Role};
use mydata_domain::item::{ItemId, Kind};
use mydata_store::Tx;
use mydata_store::repo::items;
use mydata_wire::SystemRandom;

use super::{Answered, Browser, Office};

async fn add(office: &Office, of: &Account, kind: Kind, name: &str) -> ItemId {
    let (organisation, now) = (of.organisation.as_ref().unwrap(), office.now());
    let begin = |tx: Tx| async move {
        let new = items::New { kind, organisation, name, category: "教育", by: of.id };
        Ok(items::begin(&tx, &SystemRandom, &new, now).await?.id)
    };
    office.app.store.db.run_tx("test", begin).await.unwrap()
}

async fn at<'o>(office: &'o Office, account: &Account) -> Browser<'o> {
    office.session(account.id, Stage::Whole, office.now()).await.0
}

fn hides(answer: &Answered, text: &str) {
    assert!(!answer.body.contains(text), "{text:?} is said:\n{}", answer.body);
}

/// One organisation never sees another's items; the operating side sees all. Shows R39, R40, R92.
#[tokio::test]
async fn everybody_lists_what_they_may_see() {
    let office = Office::open().await;
    let library = office.account("jenny", Role::Applicant, Some("library")).await;
    let museum = office.account("wangda", Role::Applicant, Some("museum")).await;
    let operator = office.account("operator", Role::Operator, None).await;
    let own = add(&office, &library, Kind::Dataset, "借閱紀錄").await;
    let other = add(&office, &museum, Kind::Dataset, "典藏授權").await;
    add(&office, &library, Kind::Service, "線上辦證").await;

    let mut browser = at(&office, &library).await;
    let list = browser.get("/mydata-backend/datasets").await;
    for head in ["項次", "機關名稱", "類別", "資料集名稱", "狀態", "編輯", "顯示前台", "查看"]
    {
        list.says(&format!(">{head}<"));
    }
    list.says("借閱紀錄");
    list.says("共 1 筆");
    hides(&list, "典藏授權");
    hides(&list, "線上辦證");
    browser.get("/mydata-backend/services").await.says("線上辦證");
    browser.get("/mydata-backend/datasets?q=%E5%80%9F%E9%96%B1&state=draft&size=50").await.says("借閱紀錄");
    browser.get("/mydata-backend/datasets?state=listed").await.says("沒有符合條件的資料。");
    // What makes no sense in the address is passed over.
    browser.get("/mydata-backend/datasets?state=nonsense&sort=x&page=0&size=7").await.says("借閱紀錄");

    // A draft is nobody else's business, wherever one looks.
    let all = browser.get("/mydata-backend/all-datasets").await;
    hides(&all, "典藏授權");
    hides(&all, "借閱紀錄");
    assert_eq!(browser.get(&format!("/mydata-backend/items/{own}")).await.status, StatusCode::OK);
    for below in ["", "/act?act=delist", "/display", "/credentials"] {
        let path = format!("/mydata-backend/items/{other}{below}");
        assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }

    let mut browser = at(&office, &operator).await;
    let all = browser.get("/mydata-backend/all-datasets").await;
    all.says("借閱紀錄");
    all.says("典藏授權");
    all.says("共 2 筆");
    assert_eq!(browser.get("/mydata-backend/datasets").await.status, StatusCode::FORBIDDEN);
    browser.get(&format!("/mydata-backend/items/{other}")).await.says("典藏授權");
    office.close().await;
}

/// What is still a draft is filled in from its page and from the list.
#[tokio::test]
async fn the_form_of_a_draft_is_one_press_away() {
    let office = Office::open().await;
    let library = office.account("jenny", Role::Applicant, Some("library")).await;
    let id = add(&office, &library, Kind::Dataset, "借閱紀錄").await;
    let mut browser = at(&office, &library).await;
    let form = format!("/mydata-backend/items/{id}/application");
    for path in [format!("/mydata-backend/items/{id}"), "/mydata-backend/datasets".to_owned()] {
        browser.get(&path).await.says(&format!("href=\"{form}\""));
    }
    assert_eq!(browser.get(&form).await.status, StatusCode::OK);
    office.close().await;
}

/// The page offers what the rules allow, asks once more, and what was done shows. Shows R50.
#[tokio::test]
async fn a_draft_is_deleted_after_a_question() {
    let office = Office::open().await;
    let library = office.account("jenny", Role::Applicant, Some("library")).await;
    let operator = office.account("operator", Role::Operator, None).await;
    let id = add(&office, &library, Kind::Dataset, "借閱紀錄").await;
    let page = format!("/mydata-backend/items/{id}");
    let mut browser = at(&office, &operator).await;
    hides(&browser.get(&page).await, "刪除資料集");
    let mut browser = at(&office, &library).await;
    let shown = browser.get(&page).await;
    shown.says("刪除資料集");
    hides(&shown, "下架資料集");
    // What the stage does not allow is not asked, either.
    let answer = browser.get(&format!("{page}/act?act=delist")).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let asked = browser.get(&format!("{page}/act?act=discard")).await;
    asked.says("刪除資料集「借閱紀錄」？");
    asked.says("狀態會變成「下架」。");
    let done = browser.post(&format!("{page}/act"), &[("act", "discard")]).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/mydata-backend/datasets"));
    hides(&browser.get("/mydata-backend/datasets").await, &id.to_string());
    let again = browser.post(&format!("{page}/act"), &[("act", "discard")]).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "the second time there is nothing to delete");
    office.close().await;
}
