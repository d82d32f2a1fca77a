//! 前臺測試頁: an owner walks the citizen's own pages in the test zone, with a test citizen and virtual values.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use mydata_domain::account::session::Stage;
use mydata_domain::account::{Account, Role};
use mydata_domain::calendar::Date;
use mydata_domain::filing::{FilingKind, ReviewStep};
use mydata_domain::forms::Fields;
use mydata_domain::item::{ItemId, Kind};
use mydata_store::repo::audit;
use mydata_store::repo::list::List;

use super::super::{Answered, Browser};
use super::{Office, People, by, flow, on_both};
use crate::web::consent::param_name;

/// What a party was called with.
type Calls = Arc<Mutex<Vec<String>>>;

/// A DP that has no data for 114, dislikes 400, and refuses everybody else.
async fn dp() -> (String, Calls) {
    let calls = Calls::default();
    let noted = Arc::clone(&calls);
    let answer = async move |headers: HeaderMap| {
        let year = headers.get("INQ_YR").map_or("", |v| v.to_str().unwrap()).to_owned();
        noted.lock().unwrap().push(year.clone());
        match year.as_str() {
            "114" => StatusCode::NO_CONTENT,
            "400" => StatusCode::BAD_REQUEST,
            _ => StatusCode::FORBIDDEN,
        }
    };
    (serve(Router::new().route("/data", get(answer))).await + "data", calls)
}

/// An SP-API that accepts.
async fn sp() -> (String, Calls) {
    let calls = Calls::default();
    let noted = Arc::clone(&calls);
    let answer = async move |body: String| noted.lock().unwrap().push(body);
    (serve(Router::new().route("/notification", post(answer))).await + "notification", calls)
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/")
}

impl Office {
    pub(super) async fn rows(&self, table: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        self.app.store.db.fetch_one(sql, &[]).await.unwrap().get_i64(0).unwrap()
    }

    /// A dataset in its test, with a parameter.
    async fn in_test(&self, people: &People, owner: &Account, dp_api: &str) -> (ItemId, String) {
        let draft = flow::begin_item(&self.app, &by(owner), Kind::Dataset, Fields::new()).await.unwrap();
        let fields = self
            .dataset_fields(&draft)
            .await
            .with("dp_api", dp_api)
            .with("dp_ip[0]", "127.0.0.1")
            .with("parameter[0].key", "INQ_YR")
            .with("parameter[0].name", "查詢年度")
            .with("parameter[0].example", "例：114")
            .with("parameter[0].test_value", "114");
        let version = self.fill(&by(owner), &draft, &fields).await;
        let filed = flow::file(&self.app, &by(owner), draft.id, version).await.unwrap();
        let filing = filed.filing.unwrap();
        self.approve(&people.operator, filing, ReviewStep::Operator).await.unwrap();
        self.approve_with_letter(&people.ministry, filing, ReviewStep::Ministry).await.unwrap();
        // The registry in memory may be a second old.
        self.pass(Duration::from_secs(2));
        (filed.item, self.item(filed.item).await.test_record.unwrap())
    }

    async fn events(&self, what: &str) -> usize {
        let filter = audit::Filter { what: Some(what.to_owned()), ..Default::default() };
        let list = List { filter, ..List::default() };
        audit::list(&self.app.store.db, &list).await.unwrap().rows.len()
    }
}

/// Begins a test and enters; gives the way in and the exchange's page.
async fn enter(browser: &mut Browser<'_>, page: &str) -> (String, String) {
    browser.get(page).await.says("name=\"do\" value=\"begin\"");
    let begun = browser.post(page, &[("do", "begin")]).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.body);
    let way_in = begun.location().to_owned();
    let entered = browser.get(&way_in).await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER, "{}", entered.body);
    (way_in, entered.location().to_owned())
}

/// Ticks the terms and proves to be the test citizen.
async fn identify(browser: &mut Browser<'_>, exchange: &str, values: &[(&str, &str)]) {
    let mut form = vec![("terms", "yes"), ("method", "NHI")];
    form.extend_from_slice(values);
    let known = browser.post(&format!("{exchange}/authorise"), &form).await;
    assert_eq!((known.status, known.location()), (StatusCode::SEE_OTHER, exchange), "{}", known.body);
}

/// 確認. The answer waits until the service has been told, which is a job.
async fn confirm(office: &Office, browser: &mut Browser<'_>, exchange: &str) -> Answered {
    let path = format!("{exchange}/confirm");
    let told = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        office.run_jobs().await;
    };
    tokio::join!(browser.post(&path, &[]), told).0
}

/// Shows R12, R48, R61.
#[tokio::test]
async fn an_owner_tries_a_dataset_as_a_citizen_would_and_nothing_of_it_stays() {
    on_both(async |office| {
        office.noon(Date::new(2026, 11, 20).unwrap());
        let people = office.people().await;
        let owner = office.account("library.one", Role::Applicant, Some("library")).await;
        let (dp_api, calls) = dp().await;
        let (item, record) = office.in_test(&people, &owner, &dp_api).await;
        let (own, page) =
            (format!("/mydata-backend/items/{item}"), format!("/mydata-backend/items/{item}/front-test"));
        let (mut browser, _) = office.session(owner.id, Stage::Whole, office.now()).await;
        browser.get(&own).await.says("前臺測試頁");

        let (way_in, exchange) = enter(&mut browser, &page).await;
        assert!(way_in.starts_with("/service/CLI.FrontTest0/"), "{way_in}");
        let consent = browser.get(&exchange).await;
        consent.says("示範借閱紀錄");
        consent.says("value=\"114\"");
        consent.says("不會傳送給任何服務");
        let stranger = office.browser().get(&exchange).await;
        assert_eq!(stranger.status, StatusCode::FORBIDDEN, "it is this browser's");

        let name = param_name(&record.parse().unwrap(), "INQ_YR");
        identify(&mut browser, &exchange, &[(&name, "114")]).await;
        browser.get(&exchange).await.says("測○○眾");
        office.run_jobs().await;
        assert_eq!(*calls.lock().unwrap(), ["114"]);
        browser.get(&page).await.says("查無資料");
        browser.get(&exchange).await;
        let confirmed = confirm(office, &mut browser, &exchange).await;
        confirmed.says(&format!("https://mydata.example{page}?tx_id="));
        office.run_jobs().await;
        browser.get(&page).await.says("全部完成");

        // Nobody else can come by the same link, and nothing stays.
        assert_eq!(office.rows("transactions").await, 1);
        let shown = browser.get(&page).await;
        let test = shown.body.split("name=\"test\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let ended = browser.post(&page, &[("do", "end"), ("test", test)]).await;
        assert_eq!((ended.status, ended.location()), (StatusCode::SEE_OTHER, page.as_str()));
        for table in ["transactions", "transaction_parts", "logins", "statistics"] {
            assert_eq!(office.rows(table).await, 0, "{table}");
        }
        assert_eq!(browser.get(&exchange).await.status, StatusCode::NOT_FOUND);
        let again = browser.get(&way_in).await;
        assert_eq!(again.status, StatusCode::GONE);
        again.says("這次前臺測試已經結束");
        browser.get(&page).await.says("全部完成");
        assert_eq!(
            (office.events("front-test-begun").await, office.events("front-test-ended").await),
            (1, 1)
        );
        let again = browser.post(&page, &[("do", "end"), ("test", test)]).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER, "ended twice, it ended once");
        assert_eq!(office.events("front-test-ended").await, 1);
    })
    .await;
}

/// Shows R48.
#[tokio::test]
async fn a_test_that_fails_names_the_reason_and_the_field() {
    let office = &Office::open().await;
    office.noon(Date::new(2026, 11, 20).unwrap());
    let people = office.people().await;
    let owner = office.account("library.one", Role::Applicant, Some("library")).await;
    let (dp_api, _) = dp().await;
    let (item, record) = office.in_test(&people, &owner, &dp_api).await;
    let page = format!("/mydata-backend/items/{item}/front-test");
    let name = param_name(&record.parse().unwrap(), "INQ_YR");
    // A deputy of the same organisation may, too.
    let deputy = office.account("library.two", Role::Deputy, Some("library")).await;
    let (mut browser, _) = office.session(deputy.id, Stage::Whole, office.now()).await;
    for (value, why, field) in
        [("400", "不接受參數的值", "DP-API自訂參數"), ("999", "不接受平臺的授權", "resource_secret")]
    {
        let (_, exchange) = enter(&mut browser, &page).await;
        browser.get(&exchange).await;
        identify(&mut browser, &exchange, &[(&name, value)]).await;
        office.run_jobs().await;
        let shown = browser.get(&page).await;
        for words in ["失敗", why, "請檢查", field] {
            shown.says(words);
        }
        assert_eq!(office.rows("transactions").await, 1, "the one before ended when the next began");
        browser.get(&page).await;
    }
    // Left alone, it ends by itself.
    office.pass(Duration::from_secs(30 * 60));
    office.run_jobs().await;
    assert_eq!(office.rows("transactions").await, 0);
    let (mut browser, _) = office.session(owner.id, Stage::Whole, office.now()).await;
    browser.get(&page).await.says("失敗");

    // What a citizen could not enter either is refused with the reason.
    flow::display::set(&office.app, &by(&owner), item, false).await.unwrap();
    office.pass(Duration::from_secs(2));
    browser.get(&page).await;
    let refused = browser.post(&page, &[("do", "begin")]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    refused.says("不顯示前台且不可被取用");
}

/// Shows R48, R61: only whom the item belongs to and the operating team; no link but a test's; never a real record.
#[tokio::test]
async fn nobody_comes_through_the_front_test_to_anything_else() {
    let office = &Office::open().await;
    office.noon(Date::new(2026, 11, 20).unwrap());
    let people = office.people().await;
    let owner = office.account("library.one", Role::Applicant, Some("library")).await;
    let (dp_api, calls) = dp().await;
    let (item, record) = office.in_test(&people, &owner, &dp_api).await;
    let page = format!("/mydata-backend/items/{item}/front-test");

    let stranger = office.account("museum.one", Role::Applicant, Some("museum")).await;
    let (mut browser, _) = office.session(stranger.id, Stage::Whole, office.now()).await;
    assert_eq!(browser.get(&page).await.status, StatusCode::NOT_FOUND);
    browser.get("/mydata-backend").await;
    assert_eq!(browser.post(&page, &[("do", "begin")]).await.status, StatusCode::NOT_FOUND);
    let (mut browser, _) = office.session(people.ministry.id, Stage::Whole, office.now()).await;
    assert_eq!(browser.get(&page).await.status, StatusCode::NOT_FOUND);

    // Another organisation's test is not ended through an item of one's own.
    let (mut browser, _) = office.session(people.operator.id, Stage::Whole, office.now()).await;
    let (way_in, _) = enter(&mut browser, &page).await;
    let shown = browser.get(&page).await;
    let test = shown.body.split("name=\"test\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let other = {
        let draft =
            flow::begin_item(&office.app, &by(&stranger), Kind::Dataset, Fields::new()).await.unwrap();
        format!("/mydata-backend/items/{}/front-test", draft.item.unwrap())
    };
    let (mut theirs, _) = office.session(stranger.id, Stage::Whole, office.now()).await;
    theirs.get(&other).await.says("還沒有介接設定");
    assert_eq!(theirs.post(&other, &[("do", "end"), ("test", test)]).await.status, StatusCode::NOT_FOUND);
    theirs.get(&other).await;
    assert_eq!(theirs.post(&other, &[("do", "begin")]).await.status, StatusCode::CONFLICT);

    // The service behind it takes no other entry: not with a new number, not with another dataset.
    let tx_id = way_in.split(['/', '?']).nth(4).unwrap();
    let new = way_in.replace(tx_id, "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e");
    assert_eq!(office.browser().get(&new).await.status, StatusCode::UNAUTHORIZED);
    let resources = way_in.split('/').nth(3).unwrap();
    let wanted = mydata_wire::entry::encode_resources(&["API.Kr1C3b1ijJ".parse().unwrap()]);
    let bent = office.browser().get(&way_in.replace(resources, &wanted)).await;
    assert!(bent.location().contains("?code="), "{} {}", bent.status, bent.location());
    assert!(calls.lock().unwrap().is_empty());

    // Its exchange is one of the test zone, of the test record; a plain exchange is never deleted with it.
    let row =
        &office.app.store.db.fetch_all("SELECT zone, front_test FROM transactions", &[]).await.unwrap()[0];
    assert_eq!((row.get_text(0).unwrap().as_str(), row.get_i64(1).unwrap()), ("test", 1));
    assert_eq!(office.item(item).await.test_record.unwrap(), record);
    office.app.store.db.execute("test", "UPDATE transactions SET front_test = 0", &[]).await.unwrap();
    browser.get(&page).await;
    browser.post(&page, &[("do", "end"), ("test", test)]).await;
    assert_eq!(office.rows("transactions").await, 1);
}

/// Shows R12, R48: a service is entered by its own link, told, and waited for.
#[tokio::test]
async fn an_owner_tries_a_service_up_to_the_notification() {
    on_both(async |office| {
        office.noon(Date::new(2026, 11, 20).unwrap());
        let people = office.people().await;
        let owner = office.account("library.one", Role::Applicant, Some("library")).await;
        let ((dp_api, calls), (sp_api, told)) = (dp().await, sp().await);
        let (_, record) = office.in_test(&people, &owner, &dp_api).await;
        let draft = flow::begin_item(&office.app, &by(&owner), Kind::Service, Fields::new()).await.unwrap();
        let fields = office.service_fields(&draft, &record).await.with("sp_api", &sp_api);
        let version = office.fill(&by(&owner), &draft, &fields).await;
        let filed = flow::file(&office.app, &by(&owner), draft.id, version).await.unwrap();
        let filing = filed.filing.unwrap();
        office.approve(&people.operator, filing, ReviewStep::Operator).await.unwrap();
        office.approve_with_letter(&people.ministry, filing, ReviewStep::Ministry).await.unwrap();
        office.pass(Duration::from_secs(2));
        let page = format!("/mydata-backend/items/{}/front-test", filed.item);
        let (mut browser, _) = office.session(owner.id, Stage::Whole, office.now()).await;
        let (way_in, exchange) = enter(&mut browser, &page).await;
        let service = office.item(filed.item).await.test_record.unwrap();
        assert!(way_in.starts_with(&format!("/service/{service}/")), "{way_in}");
        browser.get(&exchange).await.says("示範信用貸款");
        let name = param_name(&record.parse().unwrap(), "INQ_YR");
        identify(&mut browser, &exchange, &[(&name, "114")]).await;
        office.run_jobs().await;
        assert_eq!(*calls.lock().unwrap(), ["114"]);
        browser.get(&exchange).await;
        confirm(office, &mut browser, &exchange).await;
        assert_eq!(told.lock().unwrap().len(), 1);
        let shown = browser.get(&page).await;
        for words in ["通知服務（SP-API）", "服務取件", "進行中"] {
            shown.says(words);
        }
        let test = shown.body.split("name=\"test\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        browser.post(&page, &[("do", "end"), ("test", test)]).await;
        assert_eq!(office.rows("transactions").await, 0);
        browser.get(&page).await.says("未走完");

        // The form of a change is not about a test.
        let change = flow::begin_form(&office.app, &by(&owner), filed.item, FilingKind::Change).await;
        assert!(change.is_err(), "it is still in its test");
    })
    .await;
}

/// Whoever was asked to collect while a window begins waits for its end, and then asks: nothing is lost, nobody is called
/// meanwhile.
#[tokio::test]
async fn what_is_to_be_collected_waits_for_the_end_of_a_maintenance() {
    on_both(async |office| {
        office.noon(Date::new(2026, 11, 20).unwrap());
        let people = office.people().await;
        let owner = office.account("library.one", Role::Applicant, Some("library")).await;
        let (dp_api, calls) = dp().await;
        let (item, record) = office.in_test(&people, &owner, &dp_api).await;
        let page = format!("/mydata-backend/items/{item}/front-test");
        let (mut browser, _) = office.session(owner.id, Stage::Whole, office.now()).await;
        let (_, exchange) = enter(&mut browser, &page).await;
        let (mut ministry, _) = office.session(people.ministry.id, Stage::Whole, office.now()).await;
        let window = "/mydata-backend/system/maintenance/window";
        ministry.get(window).await;
        let fields = [
            ("scope", "dataset"),
            ("dataset", record.as_str()),
            ("kind", "once"),
            ("from_day", "115/11/20"),
            ("from_time", "12:02"),
            ("until_day", "115/11/20"),
            ("until_time", "12:05"),
            ("announced", "0"),
        ];
        let set = ministry.post(window, &fields).await;
        assert_eq!(set.status, StatusCode::SEE_OTHER, "{}", set.body);
        browser.get(&exchange).await;
        let name = param_name(&record.parse().unwrap(), "INQ_YR");
        identify(&mut browser, &exchange, &[(&name, "114")]).await;

        office.pass(Duration::from_secs(3 * 60));
        office.run_jobs().await;
        office.run_jobs().await;
        assert!(calls.lock().unwrap().is_empty(), "nobody is called in the window");
        office.pass(Duration::from_secs(2 * 60 + 1));
        office.run_jobs().await;
        assert_eq!(*calls.lock().unwrap(), ["114"]);
        browser.get(&page).await.says("查無資料");
    })
    .await;
}
