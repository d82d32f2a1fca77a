//! Health through the door: polls by their jobs, 測試連線, 異常管理.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse as _;
use http::StatusCode;
use mydata_domain::Time;
use mydata_domain::account::session::Stage;
use mydata_domain::account::{Account, Role};
use mydata_domain::audit::What;
use mydata_domain::dataset::DatasetState;
use mydata_domain::health::ByRule;
use mydata_domain::item::{ItemId, Kind, StageName};
use mydata_domain::mail::AboutHealth;
use mydata_domain::policy::Seconds;
use mydata_domain::registry::Registry;
use mydata_store::jobs::Full;
use mydata_store::repo::list::{List, Scope};
use mydata_store::repo::{health, items, mails, registry};
use mydata_store::{Engine, db};
use tokio::net::TcpListener;

use super::{Browser, Office};
use crate::backoffice::flow::health as flow;
use crate::config::Config;
use crate::jobs::Job;
use crate::jobs::lanes::{COLLECT, Lanes, POLL};

const DATASETS: &str = "/mydata-backend/datasets/failing";

/// A party whose answer the test sets.
struct Party {
    url: String,
    status: Arc<AtomicU16>,
}

impl Party {
    async fn start() -> Self {
        let status = Arc::new(AtomicU16::new(204));
        let seen = Arc::clone(&status);
        let handler = move || {
            let status = StatusCode::from_u16(seen.load(Ordering::SeqCst)).unwrap();
            async move { status.into_response() }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
        Self { url, status }
    }

    fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }
}

fn settings(config: &mut Config) {
    config.health.poll_every = Seconds::from_secs(300);
    config.health.tell_after = 2;
    config.health.suspend_after = Some(4);
    config.health.answer = Seconds::from_secs(2);
    config.limits.probes_per_minute = 3;
}

/// A dataset of the library and a service of the museum, both where the party is.
fn document(url: &str) -> Registry {
    let text = format!(
        r#"
        version = 1
        [[dataset]]
        resource_id = "API.Kr1C3b1ijJ"
        resource_secret = "lxLRIhDcR59kp2SG"
        zone = "test"
        organisation = "library"
        name = "示範借閱紀錄"
        name_en = "Loans"
        category = "教育"
        weakest_verification = "NHI"
        dp_api = "{url}"
        state = "listed"
        [[service]]
        client_id = "CLI.qqOjnjO4WR"
        client_secret = "demoBankSecret16"
        cbc_iv = "demoBankCbcIv016"
        zone = "test"
        organisation = "museum"
        name = "示範申請"
        name_en = "Demo application"
        purpose = "示範"
        purpose_en = "Demo"
        category = "綜合"
        url = "https://sp.example/"
        terms = "示範"
        return_urls = ["https://sp.example/return"]
        sp_api = "{url}"
        allowed_ips = ["192.0.2.1"]
        datasets = ["API.Kr1C3b1ijJ"]
        state = "listed"
        "#
    );
    toml::from_str(&text).unwrap()
}

struct Scene {
    office: Office,
    party: Party,
    owner: Account,
    stranger: Account,
    operator: Account,
    dataset: ItemId,
    service: ItemId,
}

impl Scene {
    async fn open(engine: Engine) -> Self {
        let office = Office::open_with(engine, settings).await;
        let party = Party::start().await;
        let (crypter, now, document) = (&office.app.store.crypter, office.now(), &document(&party.url));
        let apply = |tx| async move { registry::apply(&tx, crypter, document, now).await };
        office.app.store.db.run_tx("test", apply).await.unwrap();
        office.pass(Duration::from_secs(2));
        let found = async |kind, record| {
            items::of_record(&office.app.store.db, &Scope::All, kind, record).await.unwrap().unwrap().id
        };
        let dataset = found(Kind::Dataset, "API.Kr1C3b1ijJ").await;
        let service = found(Kind::Service, "CLI.qqOjnjO4WR").await;
        Self {
            owner: office.account("library.one", Role::Applicant, Some("library")).await,
            stranger: office.account("museum.one", Role::Applicant, Some("museum")).await,
            operator: office.account("operator.one", Role::Operator, None).await,
            office,
            party,
            dataset,
            service,
        }
    }

    async fn at(&self, account: &Account) -> Browser<'_> {
        let (mut browser, _) = self.office.session(account.id, Stage::Whole, self.office.now()).await;
        browser.get(super::ROOT).await;
        browser
    }

    /// To the next poll, and makes it. Mails and the rest stay where they are.
    async fn poll(&self) {
        let kinds = ["mail", "item-due", "abandon"].map(str::to_owned).to_vec();
        let full = Full { kinds, lanes: Vec::new() };
        let app = &self.office.app;
        let due = app.store.jobs.next_run_at(&full).await.unwrap().expect("a poll is to come");
        self.office.clock.0.store(due.0.max(self.office.now().0), Ordering::SeqCst);
        let claimed =
            app.store.jobs.claim(10, &full, self.office.now(), Duration::from_secs(30)).await.unwrap();
        assert!(!claimed.is_empty() && claimed.iter().all(|leased| leased.kind == POLL));
        for leased in claimed {
            let job = Job::read(&leased).unwrap();
            crate::flow::work(app, &job, &leased).await.unwrap();
        }
    }

    async fn switch(&self, account: &Account, item: ItemId, polled: &str) {
        let mut browser = self.at(account).await;
        let path = format!("/mydata-backend/items/{item}/polling");
        let answer = browser.post(&path, &[("polled", polled)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    }

    async fn health(&self, item: ItemId) -> mydata_domain::health::Health {
        health::load(&self.office.app.store.db, item).await.unwrap().0
    }

    async fn stage(&self, item: ItemId) -> StageName {
        let found = items::load(&self.office.app.store.db, &Scope::All, item).await.unwrap();
        found.unwrap().stage.name()
    }

    async fn told(&self, news: AboutHealth) -> Vec<mails::Content> {
        let filter = mails::Filter { kind: Some(news.into()), ..Default::default() };
        let list = List { filter, size: 100, ..List::default() };
        let store = &self.office.app.store;
        let page = mails::list(&store.db, &store.crypter, &list).await.unwrap();
        page.rows.into_iter().map(|kept| kept.content).collect()
    }

    async fn recorded(&self, what: What) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM audit_events WHERE what = '{}'", what.as_str());
        let row = self.office.app.store.db.fetch_one(sql, &[]).await;
        row.unwrap().get_i64(0).unwrap()
    }
}

async fn on_both(test: impl AsyncFn(&Scene)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let scene = Scene::open(engine).await;
        test(&scene).await;
        scene.office.close().await;
    }
}

/// Shows R42, R43: 未啟用輪詢 stands beside the state until polling is switched on; by the owner, on the item's page.
#[tokio::test]
async fn polling_is_switched_on_and_off_and_lists_say_which() {
    on_both(async |scene| {
        let page = format!("/mydata-backend/items/{}", scene.dataset);
        let mut browser = scene.at(&scene.owner).await;
        browser.get("/mydata-backend/datasets").await.says("未啟用輪詢");
        let shown = browser.get(&page).await;
        shown.says("未啟用輪詢");
        shown.says("啟用輪詢</button>");
        browser.post(&format!("{page}/display"), &[("shown", "no")]).await;
        browser.get("/mydata-backend/datasets").await.says("不顯示前台且不可被取用");
        browser.post(&format!("{page}/display"), &[("shown", "yes")]).await;
        scene.switch(&scene.owner, scene.dataset, "yes").await;
        scene.switch(&scene.owner, scene.dataset, "yes").await;
        assert_eq!(scene.recorded(What::PollingSwitched).await, 1, "the second time nothing is switched");
        browser.get(&page).await.says("尚未輪詢");
        scene.poll().await;
        let shown = browser.get(&page).await;
        shown.says("最近 1 次輪詢：1 次正常，0 次異常");
        shown.says("停用輪詢</button>");
        assert!(!browser.get("/mydata-backend/datasets").await.body.contains("未啟用輪詢"));
        // Somebody else's cannot be switched, nor seen.
        let mut other = scene.at(&scene.stranger).await;
        let answer = other.post(&format!("{page}/polling"), &[("polled", "no")]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        // What makes no sense switches nothing.
        for odd in [&[][..], &[("polled", "maybe")]] {
            let answer = browser.post(&format!("{page}/polling"), odd).await;
            assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, page.as_str()));
        }
        scene.switch(&scene.operator, scene.dataset, "no").await;
        assert_eq!(scene.recorded(What::PollingSwitched).await, 2);
        browser.get("/mydata-backend/datasets").await.says("未啟用輪詢");
        // Its job ends by itself.
        scene.poll().await;
        let left = scene.office.app.store.jobs.living_by_kind().await.unwrap();
        assert!(!left.iter().any(|(kind, _)| kind == POLL), "{left:?}");
    })
    .await;
}

/// What fails is told to its owner once, suspended by the operator's rule, resumed by itself, and told again.
#[tokio::test]
async fn a_dataset_that_fails_is_told_suspended_and_comes_back() {
    on_both(async |scene| {
        scene.switch(&scene.owner, scene.dataset, "yes").await;
        scene.poll().await;
        scene.party.answers(503);
        let begun = scene.office.now();
        scene.poll().await;
        let between = begun.until(scene.office.now()).as_secs();
        assert!((270..=330).contains(&between), "every 300 s, a tenth earlier or later: {between}");
        assert!(scene.told(AboutHealth::Failing).await.is_empty(), "one failure is a stumble");
        scene.poll().await;
        let [mail] = scene.told(AboutHealth::Failing).await.try_into().unwrap();
        assert_eq!(mail.address, "library.one@library.example");
        for text in ["示範借閱紀錄", "狀態碼 503", "status is 503"] {
            assert!(mail.text.contains(text), "{text} is missing:\n{}", mail.text);
        }
        assert_eq!(scene.stage(scene.dataset).await, StageName::Listed);
        scene.poll().await;
        scene.poll().await;
        assert_eq!(scene.stage(scene.dataset).await, StageName::Suspended, "the fourth failure");
        let registered = registry::load(&scene.office.app.store.db, &scene.office.app.store.crypter).await;
        let state = registered.unwrap().datasets.values().next().unwrap().dataset.state;
        assert_eq!(state, DatasetState::Failing, "citizens cannot ask for it now");
        let mut browser = scene.at(&scene.owner).await;
        let listed = browser.get(DATASETS).await;
        for text in ["示範借閱紀錄", "異常，停權中", "回應狀態碼 503", ">4<", "立即測試"]
        {
            listed.says(text);
        }
        assert!(!listed.body.contains("通知擁有者"), "that is the operating team's");
        let page = browser.get(&format!("/mydata-backend/items/{}", scene.dataset)).await;
        page.says("異常停權");
        page.says("5 次輪詢：1 次正常，4 次異常");

        let home = browser.get(super::ROOT).await;
        home.says("連線異常的項目");
        home.says("示範借閱紀錄");

        // Told once, suspended once, however long it lasts.
        scene.poll().await;
        assert_eq!(scene.told(AboutHealth::Failing).await.len(), 1);
        scene.party.answers(204);
        scene.poll().await;
        assert_eq!(scene.stage(scene.dataset).await, StageName::Listed, "it comes back by itself");
        assert_eq!(scene.told(AboutHealth::Mended).await.len(), 1);
        browser.get(DATASETS).await.says("目前沒有異常的資料集。");
        assert_eq!(scene.recorded(What::HealthChanged).await, 2);
    })
    .await;
}

/// What an operator decides is left alone by the rule, and stays on the list until an operator resumes it.
#[tokio::test]
async fn operators_notify_suspend_and_resume() {
    on_both(async |scene| {
        let mut operator = scene.at(&scene.operator).await;
        let item = scene.dataset;
        let act = format!("/mydata-backend/items/{item}/act");
        operator.get(DATASETS).await.says("目前沒有異常的資料集。");
        operator.post(&act, &[("act", "suspend-failing"), ("reason", "接獲通報")]).await;
        assert_eq!(scene.stage(item).await, StageName::Suspended);
        let listed = operator.get(DATASETS).await;
        for text in ["人工標示為異常", "通知擁有者", "復權", "示範圖書館"] {
            listed.says(text);
        }
        // Its owner hears of it when an operator presses.
        let tell = format!("/mydata-backend/failing/tell?item={item}");
        operator.get(&tell).await.says("通知「示範借閱紀錄」的擁有者？");
        let id = item.to_string();
        let told = operator.post("/mydata-backend/failing/tell", &[("item", &id)]).await;
        assert_eq!((told.status, told.location()), (StatusCode::SEE_OTHER, DATASETS));
        assert_eq!(scene.told(AboutHealth::Failing).await.len(), 1);
        assert_eq!(scene.recorded(What::OwnerTold).await, 1);
        let mut owner = scene.at(&scene.owner).await;
        assert_eq!(owner.get(&tell).await.status, StatusCode::FORBIDDEN);
        let answer = owner.post("/mydata-backend/failing/tell", &[("item", &id)]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        for odd in ["x", "3f6c2d1e-8f00-4c1b-9b6a-5d20a7f3a91e"] {
            let answer = operator.get(&format!("/mydata-backend/failing/tell?item={odd}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{odd}");
        }

        // A healthy poll does not undo what an operator did.
        scene.switch(&scene.operator, item, "yes").await;
        scene.poll().await;
        assert_eq!(scene.stage(item).await, StageName::Suspended);
        operator.get(DATASETS).await.says("示範借閱紀錄");
        operator.post(&act, &[("act", "resume-failing")]).await;
        assert_eq!(scene.stage(item).await, StageName::Listed);
        operator.get(DATASETS).await.says("目前沒有異常的資料集。");
        let late = operator.post("/mydata-backend/failing/tell", &[("item", &id)]).await;
        assert_eq!(late.status, StatusCode::SEE_OTHER);
        assert_eq!(scene.told(AboutHealth::Failing).await.len(), 1, "there is nothing to tell");

        // Suspended by the rule and resumed by an operator: not suspended again in this spell.
        scene.party.answers(500);
        for _ in 0..4 {
            scene.poll().await;
        }
        assert_eq!(scene.health(item).await.by_rule, ByRule::Suspended);
        // The session has ended meanwhile.
        let mut operator = scene.at(&scene.operator).await;
        operator.post(&act, &[("act", "resume-failing")]).await;
        scene.poll().await;
        assert_eq!(scene.stage(item).await, StageName::Listed);
        assert_eq!(scene.health(item).await.failures, 5);

        // Delisted, it fails no more, and is asked no more.
        operator.post(&act, &[("act", "delist"), ("reason", "停止提供")]).await;
        assert_eq!(scene.health(item).await.since, None);
        scene.poll().await;
        operator.get(DATASETS).await.says("目前沒有異常的資料集。");
    })
    .await;
}

/// The rule meets an item that an operator has suspended as failing already.
#[tokio::test]
async fn two_causes_of_one_failure_do_not_quarrel() {
    on_both(async |scene| {
        scene.switch(&scene.owner, scene.dataset, "yes").await;
        scene.party.answers(500);
        for _ in 0..3 {
            scene.poll().await;
        }
        let mut operator = scene.at(&scene.operator).await;
        let act = format!("/mydata-backend/items/{}/act", scene.dataset);
        operator.post(&act, &[("act", "suspend-failing")]).await;
        scene.poll().await;
        assert_eq!(scene.health(scene.dataset).await.by_rule, ByRule::Over);
        scene.party.answers(204);
        scene.poll().await;
        assert_eq!(scene.stage(scene.dataset).await, StageName::Suspended, "it is the operator's to resume");
    })
    .await;
}

/// Shows R88: 異常管理 has a list for services and one for datasets, and an organisation sees nothing of others'.
#[tokio::test]
async fn the_lists_are_searched_paged_and_kept_apart() {
    on_both(async |scene| {
        for (account, item) in [(&scene.owner, scene.dataset), (&scene.stranger, scene.service)] {
            scene.switch(account, item, "yes").await;
        }
        scene.party.answers(502);
        scene.poll().await;
        scene.poll().await;
        let services = "/mydata-backend/services/failing";
        let mut operator = scene.at(&scene.operator).await;
        let (listed, statements) = db::count_statements(operator.get(services)).await;
        listed.says("示範申請");
        assert!(statements <= 10, "{statements} statements");
        assert!(!listed.body.contains("示範借閱紀錄"));
        operator.get(&format!("{services}?q=%E7%A4%BA%E7%AF%84%E7%94%B3%E8%AB%8B")).await.says("示範申請");
        operator.get(&format!("{services}?q=xyz&sort=-times")).await.says("沒有符合條件的資料。");
        operator.get(&format!("{services}?page=9&size=7&sort=secret")).await.says("示範申請");
        let mut owner = scene.at(&scene.owner).await;
        owner.get(services).await.says("目前沒有異常的服務。");
        owner.get(DATASETS).await.says("示範借閱紀錄");
        let mut stranger = scene.at(&scene.stranger).await;
        stranger.get(DATASETS).await.says("目前沒有異常的資料集。");
        stranger.get(services).await.says("示範申請");
    })
    .await;
}

/// 測試連線: its result is kept and shown with what is wrong and how to mend it; so many a minute.
#[tokio::test]
async fn a_connection_is_tested_from_the_items_page() {
    on_both(async |scene| {
        let page = format!("/mydata-backend/items/{}/probe", scene.dataset);
        let mut browser = scene.at(&scene.owner).await;
        let none = browser.get(&page).await;
        assert_eq!(none.status, StatusCode::SEE_OTHER);
        let tested = browser.post(&page, &[("zone", "test")]).await;
        assert_eq!((tested.status, tested.location()), (StatusCode::SEE_OTHER, page.as_str()));
        let shown = browser.get(&page).await;
        for text in ["連線正常，每一步都通過。", "沙箱使用 http，略過", "狀態碼 204", "再測一次"]
        {
            shown.says(text);
        }
        scene.party.answers(500);
        browser.post(&page, &[("zone", "nonsense")]).await;
        let shown = browser.get(&page).await;
        for text in ["在「回應」這一步停住。", "回應狀態碼 500，不是正常狀態。", "處理方式：", "未進行"]
        {
            shown.says(text);
        }
        let item = browser.get(&format!("/mydata-backend/items/{}", scene.dataset)).await;
        item.says("最近測試");
        assert_eq!(scene.recorded(What::ConnectionTested).await, 2);
        assert!(scene.health(scene.dataset).await.since.is_none(), "a test says nothing about polls");
        // There is no production yet.
        browser.post(&page, &[("zone", "production")]).await;
        assert_eq!(scene.recorded(What::ConnectionTested).await, 2);
        browser.post(&page, &[]).await;
        let limited = browser.post(&page, &[]).await;
        assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS, "{}", limited.body);
        let mut operator = scene.at(&scene.operator).await;
        assert_eq!(operator.post(&page, &[]).await.status, StatusCode::TOO_MANY_REQUESTS, "by item");
        let mut stranger = scene.at(&scene.stranger).await;
        assert_eq!(stranger.get(&page).await.status, StatusCode::NOT_FOUND);
        assert_eq!(stranger.post(&page, &[]).await.status, StatusCode::NOT_FOUND);
        // The auditor reads and does not test.
        let auditor = scene.office.account("auditor.one", Role::Auditor, None).await;
        let mut auditor = scene.at(&auditor).await;
        let read = auditor.get(&page).await;
        assert!(read.status == StatusCode::OK && !read.body.contains("再測一次"));
        assert_eq!(auditor.post(&page, &[]).await.status, StatusCode::NOT_FOUND);
    })
    .await;
}

/// A polled item whose job got lost gets one.
#[tokio::test]
async fn a_lost_poll_is_found() {
    on_both(async |scene| {
        scene.switch(&scene.owner, scene.dataset, "yes").await;
        let db = &scene.office.app.store.db;
        db.execute("test", "DELETE FROM jobs WHERE kind = 'poll'", &[]).await.unwrap();
        flow::sweep(&scene.office.app).await;
        flow::sweep(&scene.office.app).await;
        let row = db.fetch_one("SELECT COUNT(*), MIN(run_at) FROM jobs WHERE kind = 'poll'", &[]).await;
        let row = row.unwrap();
        assert_eq!(row.get_i64(0).unwrap(), 1);
        let at = row.get_time(1).unwrap();
        assert!(scene.office.now() <= at && at <= Time(scene.office.now().0 + 300_000));
        scene.poll().await;
        assert_eq!(scene.health(scene.dataset).await.polls.len(), 1);
    })
    .await;
}

/// Parties that hang take the room of polls, and of nothing else.
#[test]
fn polls_have_room_of_their_own() {
    let mut config = Config::default();
    config.jobs.poll_at_once = 2;
    let lanes = Lanes::new(&config.jobs);
    assert!(lanes.enter(POLL, None) && lanes.enter(POLL, None) && !lanes.enter(POLL, None));
    assert_eq!(lanes.full().kinds, [POLL]);
    assert!(lanes.enter(COLLECT, Some("API.Kr1C3b1ijJ")) && lanes.enter("notify", None));
}

/// A party that takes requests and never answers, while the platform's own runner works.
#[tokio::test]
async fn polls_that_hang_hold_up_nothing_else() {
    let office = Office::open_with(Engine::Sqlite, |config| {
        settings(config);
        config.jobs.poll_at_once = 1;
        config.health.answer = Seconds::from_secs(60);
    })
    .await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let (crypter, now, document) = (&office.app.store.crypter, office.now(), &document(&url));
    let apply = |tx| async move { registry::apply(&tx, crypter, document, now).await };
    office.app.store.db.run_tx("test", apply).await.unwrap();
    office.pass(Duration::from_secs(2));
    let operator = office.account("operator.one", Role::Operator, None).await;
    let by = crate::backoffice::flow::By::account(&operator, None);
    for (kind, record) in [(Kind::Dataset, "API.Kr1C3b1ijJ"), (Kind::Service, "CLI.qqOjnjO4WR")] {
        let db = &office.app.store.db;
        let item = items::of_record(db, &Scope::All, kind, record).await.unwrap().unwrap().id;
        flow::switch(&office.app, &by, item, true).await.unwrap();
    }
    office.pass(Duration::from_secs(20));
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(crate::jobs::runner::run(office.app.clone(), stopped));
    // Somebody is there, and says nothing.
    let (_held, _) = tokio::time::timeout(Duration::from_secs(10), silent.accept()).await.unwrap().unwrap();
    let now = office.now();
    let other = |tx| async move {
        Job::CredentialsEnd { record: "API.0000000000".to_owned() }.enqueue(&tx, now, now).await
    };
    office.app.store.db.run_tx("test", other).await.unwrap();
    let living = async || office.app.store.jobs.living_by_kind().await.unwrap();
    let begun = std::time::Instant::now();
    while living().await.iter().any(|(kind, _)| kind == "credentials-end") {
        assert!(begun.elapsed() < Duration::from_secs(10), "another job waits for polls that hang");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(
        living().await.iter().any(|(kind, left)| kind == POLL && *left == 2),
        "both polls are still open"
    );
    drop(stop);
    running.abort();
    office.close().await;
}

/// What fails its polls is seen by entries, by its provider and by further polls: a dataset answers 504 until it is well
/// (PROTOCOL.md §2, check 11), 501 when an operator suspends it (check 10); a service 423 (check 9).
#[tokio::test]
async fn what_fails_is_seen_at_every_door() {
    on_both(async |scene| {
        let secret = "demoBankSecret16".parse().unwrap();
        let number = AtomicU16::new(1);
        let entry = async || {
            scene.office.pass(Duration::from_secs(2));
            let number = u8::try_from(number.fetch_add(1, Ordering::SeqCst)).unwrap();
            scene.office.entry("192.0.2.1:1000", number, &secret).await.location().to_owned()
        };
        let act = async |item: ItemId, act: &str| {
            let mut operator = scene.at(&scene.operator).await;
            let fields = [("act", act), ("reason", "示範原因")];
            let done = operator.post(&format!("/mydata-backend/items/{item}/act"), &fields).await;
            assert_eq!(done.status, StatusCode::SEE_OTHER, "{act}: {}", done.body);
        };
        scene.switch(&scene.owner, scene.dataset, "yes").await;
        scene.poll().await;
        assert!(entry().await.starts_with("/exchange/"));
        scene.party.answers(503);
        for failures in 1..=4 {
            scene.poll().await;
            let suspended = scene.stage(scene.dataset).await == StageName::Suspended;
            assert_eq!(suspended, failures == 4);
            let to = entry().await;
            // One stumble, or three, is no reason to send citizens back.
            assert_eq!(to.contains("code=504"), failures == 4, "{failures}: {to}");
        }
        // The provider may still ask whom a call is about: what was begun before goes on.
        let asked = scene.office.introspect("192.0.2.1:1000", "lxLRIhDcR59kp2SG").await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
        scene.office.browser().get("/datasets/API.Kr1C3b1ijJ").await.says("示範借閱紀錄");

        // Suspended by an operator besides, it is no longer offered; without that it fails again.
        act(scene.dataset, "suspend").await;
        assert!(entry().await.contains("code=501"));
        act(scene.dataset, "resume").await;
        assert!(entry().await.contains("code=504"));
        scene.party.answers(204);
        scene.poll().await;
        assert!(entry().await.starts_with("/exchange/"), "well again");

        // The same of a service.
        scene.switch(&scene.stranger, scene.service, "yes").await;
        scene.party.answers(500);
        while scene.stage(scene.service).await != StageName::Suspended {
            scene.poll().await;
        }
        assert!(entry().await.contains("code=423"));
        let request = axum::http::Request::get("/service/txid_status")
            .header("tx_id", "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca901")
            .body(axum::body::Body::empty())
            .unwrap();
        let partner = scene.office.browser().send(request).await;
        assert_eq!(partner.status, StatusCode::FORBIDDEN);
        partner.says("service_not_listed");
        scene.party.answers(204);
        while scene.stage(scene.service).await == StageName::Suspended {
            scene.poll().await;
        }
        assert!(!entry().await.contains("code=423"));
    })
    .await;
}
