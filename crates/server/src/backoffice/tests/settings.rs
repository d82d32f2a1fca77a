//! What is set while the platform runs, through the door: categories, policies, maintenance windows, news, settings.

use std::time::Duration;

use http::StatusCode;
use http::header::RETRY_AFTER;
use mydata_domain::account::Role;
use mydata_domain::account::session::Stage;
use mydata_domain::dataset::DatasetState;
use mydata_domain::item::{Act, Kind as ItemKind};
use mydata_domain::mail::{AboutAccount, Kind};
use mydata_domain::news::{NewsKind, Topic};
use mydata_domain::policy_text::PolicyKind;
use mydata_store::Engine;
use mydata_store::repo::list::Scope;
use mydata_store::repo::{items, news, policy_texts};

use super::flow::pilot::document;
use super::forms::hidden;
use super::{Browser, Office};
use crate::backoffice::flow::{self, By};

const SYSTEM: &str = "/mydata-backend/system";
const HOUR: Duration = Duration::from_secs(3_600);

impl Office {
    /// Somebody of the ministry, signed in.
    async fn ministry(&self) -> Browser<'_> {
        let account = self.account("ministry", Role::Ministry, None).await;
        self.session(account.id, Stage::Whole, self.now()).await.0
    }

    /// Somebody of the library, signed in.
    async fn jenny(&self) -> Browser<'_> {
        let account = self.account("jenny", Role::Applicant, Some("library")).await;
        self.session(account.id, Stage::Whole, self.now()).await.0
    }
}

/// Shows R91: a category is added, renamed, moved and retired; forms offer what holds, in both languages.
#[tokio::test]
async fn the_ministry_looks_after_the_categories() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let office = Office::open_on(engine).await;
        let mut ministry = office.ministry().await;
        let page = ministry.get(&format!("{SYSTEM}/categories?area=service")).await;
        page.says("生育津貼");
        page.says("Birth grants");
        let add = format!("{SYSTEM}/category/new");
        let parent = {
            // The second level below 社會福利: its link that adds below it.
            let (_, after) = page.body.split_once("線上申請").unwrap();
            let link = after.split("category/new?").nth(1).unwrap();
            link.split("parent=").nth(1).unwrap().split('"').next().unwrap().to_owned()
        };
        for (name, name_en, says) in [
            ("", "New", "請填寫"),
            ("甲/乙", "A", "不能含有"),
            ("甲\u{202e}乙", "A", "方向"),
            ("生育津貼", "Birth grants", "已有同名的類別"),
        ] {
            let fields = [("area", "service"), ("parent", &parent), ("name", name), ("name_en", name_en)];
            let answer = ministry.post(&add, &fields).await;
            assert!(answer.status.is_client_error(), "{name}: {}", answer.status);
            answer.says(says);
        }
        let fields = [("area", "service"), ("parent", &parent), ("name", "<script>𠮷"), ("name_en", "<b>")];
        let added = ministry.post(&add, &fields).await;
        assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.body);
        let page = ministry.get(&format!("{SYSTEM}/categories?area=service")).await;
        assert!(!page.body.contains("<script>𠮷"), "{}", page.body);
        page.says("𠮷");
        let row = page.body.split("<tr").find(|row| row.contains("𠮷") && row.contains("category?category="));
        let id =
            row.unwrap().split("category?category=").nth(1).unwrap().split('"').next().unwrap().to_owned();
        // Two at once: the second is told.
        let edit = ministry.get(&format!("{SYSTEM}/category?category={id}")).await;
        let version = hidden(&edit, "version");
        let save = |name| {
            [
                ("category", id.clone()),
                ("version", version.clone()),
                ("do", "save".to_owned()),
                ("name", name),
                ("name_en", "Meals".to_owned()),
            ]
        };
        let post = async |ministry: &mut Browser<'_>, fields: [(&str, String); 5]| {
            let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
            ministry.post(&format!("{SYSTEM}/category"), &fields).await
        };
        assert_eq!(post(&mut ministry, save("餐食服務".to_owned())).await.status, StatusCode::SEE_OTHER);
        let late = post(&mut ministry, save("別的名稱".to_owned())).await;
        assert_eq!(late.status, StatusCode::CONFLICT);
        late.says("有人先儲存了變更");
        // Forms offer it, by its new name; up it goes; retired it is offered no more.
        let mut jenny = office.jenny().await;
        jenny.get("/mydata-backend/services/new").await;
        let draft = jenny.post("/mydata-backend/services/new", &[]).await;
        let draft = draft.location().to_owned();
        jenny.get(&draft).await.says("社會福利 / 線上申請 / 餐食服務");
        let up = [("category", id.as_str()), ("do", "up")];
        assert_eq!(ministry.post(&format!("{SYSTEM}/category"), &up).await.status, StatusCode::SEE_OTHER);
        let form = jenny.get(&draft).await;
        let place = |name: &str| form.body.find(name).unwrap();
        assert!(place("/ 餐食服務") < place("/ 長期照顧"), "it was the last, behind 長期照顧");
        let retire = [("category", id.as_str()), ("do", "retire")];
        ministry.post(&format!("{SYSTEM}/category"), &retire).await;
        assert!(!jenny.get(&draft).await.body.contains("餐食服務"));
        ministry.get(&format!("{SYSTEM}/categories?area=service")).await.says("停用");
        office.close().await;
    }
}

/// Shows R18, R20: a version is written, looked at, published for a later day; account holders are told by mail, the page
/// for everybody has both versions, and who signs in later accepts it first.
#[tokio::test]
async fn a_new_version_of_the_terms_is_announced_and_accepted() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let office = Office::open_on(engine).await;
        let mut ministry = office.ministry().await;
        let jenny = office.account("jenny", Role::Applicant, Some("library")).await;
        ministry.get(&format!("{SYSTEM}/policies")).await.says("第 1 版");
        let begun = ministry.post(&format!("{SYSTEM}/policies"), &[("kind", "terms")]).await;
        let page = begun.location().to_owned();
        let draft = ministry.get(&page).await;
        draft.says("一、適用範圍");
        let edit = hidden(&draft, "edit");
        let save = async |ministry: &mut Browser<'_>, edit: &str, zh: &str| {
            let fields =
                [("kind", "terms"), ("number", "2"), ("edit", edit), ("zh", zh), ("en", "# 1. All\n\nNew.")];
            ministry.post(&format!("{SYSTEM}/policy"), &fields).await
        };
        save(&mut ministry, &edit, "").await.says("請填寫");
        save(&mut ministry, &edit, "甲\u{202e}乙").await.says("方向");
        let long =
            format!("# 新條款\n\n<script>alert(1)</script>\n\n{}", "第 1 條 示範。\n\n".repeat(10_000));
        assert_eq!(save(&mut ministry, &edit, &long).await.status, StatusCode::SEE_OTHER);
        let late = save(&mut ministry, &edit, "較晚的編輯者").await;
        assert_eq!(late.status, StatusCode::CONFLICT);
        late.says("較晚的編輯者");
        late.says("&lt;script&gt;alert(1)");
        assert!(!late.body.contains("<script>alert"));
        // Nobody sees a draft.
        assert_eq!(office.browser().get("/policies/terms?version=2").await.status, StatusCode::NOT_FOUND);

        let ask = ministry.get(&format!("{SYSTEM}/policy/publish?kind=terms&number=2")).await;
        ask.says("不能再變更");
        let edit = hidden(&ask, "edit");
        let publish = async |ministry: &mut Browser<'_>, day: &str, time: &str| {
            let fields = [
                ("kind", "terms"),
                ("number", "2"),
                ("edit", edit.as_str()),
                ("when", "later"),
                ("from_day", day),
                ("from_time", time),
                ("binding", "yes"),
            ];
            ministry.post(&format!("{SYSTEM}/policy/publish"), &fields).await
        };
        publish(&mut ministry, "", "").await.says("請填寫");
        publish(&mut ministry, "115/2/30", "").await.says("沒有這一天");
        publish(&mut ministry, "115/12/1", "25:00").await.says("24 小時制");
        publish(&mut ministry, "115/1/1", "").await.says("已經過去");
        // The day after tomorrow: the tests begin on 21 November 2026.
        let done = publish(&mut ministry, "115/11/23", "00:00").await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        assert_eq!(publish(&mut ministry, "115/11/24", "").await.status, StatusCode::SEE_OTHER, "once");
        assert!(!ministry.get(&page).await.body.contains("<textarea"), "nothing is left to be changed");

        office.work().await;
        let told: Vec<_> = office.outbox().await;
        let told = told.iter().filter(|m| m.kind == Kind::from(AboutAccount::PolicyChanged));
        let told: Vec<_> = told.map(|m| (m.content.address.clone(), m.content.text.clone())).collect();
        assert_eq!(told.len(), 1, "organisations' accounts alone");
        assert_eq!(told[0].0, "jenny@library.example");
        assert!(told[0].1.contains("115 年 11 月 23 日") && told[0].1.contains("service@mydata.example"));

        // Announced, and still the first version holds.
        let (mut before, _) = office.session(jenny.id, Stage::Whole, office.now()).await;
        before.get("/mydata-backend").await.says("將修訂");
        let public = office.browser().get("/policies/terms").await;
        public.says("第 1 版");
        public.says("尚未生效");
        office.browser().get("/policies/terms?version=2").await.says("如有異議");

        office.pass(48 * HOUR);
        let mut public = office.browser();
        public.get("/policies/terms").await.says("新條款");
        public.get("/policies/terms?version=1").await.says("這不是現行版本");
        assert_eq!(public.get("/policies/nothing").await.status, StatusCode::NOT_FOUND);
        assert_eq!(public.get("/policies/terms?version=x").await.status, StatusCode::NOT_FOUND);
        public.get("/mydata-backend/signup").await.says("新條款");
        // A session that begins now meets it first; staff do not.
        let (mut later, _) = office.session(jenny.id, Stage::Whole, office.now()).await;
        let led = later.get("/mydata-backend/datasets?page=2").await;
        assert_eq!(led.status, StatusCode::SEE_OTHER);
        assert!(led.location().starts_with("/mydata-backend/policies?next="), "{}", led.location());
        let to = led.location().to_owned();
        let shown = later.get(&to).await;
        shown.says("新條款");
        let (versions, next) = (hidden(&shown, "versions"), hidden(&shown, "next"));
        later.post("/mydata-backend/policies", &[("versions", &versions)]).await.says("並勾選同意");
        let fields = [("versions", versions.as_str()), ("next", &next), ("agree", "yes")];
        let accepted = later.post("/mydata-backend/policies", &fields).await;
        assert_eq!(accepted.location(), "/mydata-backend/datasets?page=2");
        assert_eq!(later.get("/mydata-backend/datasets").await.status, StatusCode::OK);
        let known = policy_texts::accepted(&office.app.store.db, jenny.id).await.unwrap();
        assert_eq!(known, [(PolicyKind::Terms, 2)]);
        let account = office.account("ministry-two", Role::Ministry, None).await;
        let (mut staff, _) = office.session(account.id, Stage::Whole, office.now()).await;
        assert_eq!(staff.get("/mydata-backend").await.status, StatusCode::OK);
        office.close().await;
    }
}

fn once<'f>(from: (&'f str, &'f str), until: (&'f str, &'f str)) -> Vec<(&'f str, &'f str)> {
    vec![
        ("scope", "platform"),
        ("kind", "once"),
        ("from_day", from.0),
        ("from_time", from.1),
        ("until_day", until.0),
        ("until_time", until.1),
        ("announced", "3"),
        ("note", "更換<b>機器</b>"),
        ("note_en", "New machines"),
    ]
}

/// During a window entries and partners are told until when; before it everybody is; afterwards all is as before.
#[tokio::test]
async fn maintenance_is_announced_and_answered() {
    let office = Office::open().await;
    office.apply(&document("", "")).await;
    let secret = "demoBankSecret16".parse().unwrap();
    let mut ministry = office.ministry().await;
    let window = format!("{SYSTEM}/maintenance/window");
    ministry.get(&window).await.says("整個平臺");
    for (fields, says) in [
        (once(("115/11/23", "05:00"), ("115/11/23", "01:00")), "結束必須晚於開始"),
        (once(("115/11/20", "01:00"), ("115/11/20", "05:00")), "已經過去"),
        (once(("115/11/23", "01:00"), ("116/11/23", "05:00")), "最長 31 天"),
        (once(("0/1/1", "01:00"), ("115/11/23", "05:00")), "民國"),
        (once(("115/11/23", "1"), ("115/11/23", "05:00")), "24 小時制"),
        (vec![("scope", "dataset"), ("dataset", "API.0000000000"), ("kind", "weekly")], "沒有這個資料集代碼"),
        (vec![("scope", "platform"), ("kind", "monthly"), ("day", "32"), ("announced", "0")], "1"),
        (vec![("scope", "x"), ("kind", "x"), ("announced", "99")], "請從選項中選擇"),
    ] {
        let answer = ministry.post(&window, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        answer.says(says);
    }
    // From midnight between 22 and 23 November, over two hours.
    let set = ministry.post(&window, &once(("115/11/22", "23:00"), ("115/11/23", "01:00"))).await;
    assert_eq!(set.status, StatusCode::SEE_OTHER, "{}", set.body);
    let list = ministry.get(&format!("{SYSTEM}/maintenance")).await;
    list.says("公告中");
    let mut citizen = office.browser();
    citizen.get("/").await.says("115 年 11 月 22 日 23:00 至 115 年 11 月 23 日 01:00");
    assert!(!citizen.get("/").await.body.contains("<b>機器"));
    ministry.get("/mydata-backend").await.says("期間暫停服務");
    let entered = office.entry("192.0.2.1:1000", 1, &secret).await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER);
    let exchange = entered.location().to_owned();

    // START is midnight in Taipei plus eight hours: 21 November 08:00.
    office.pass(39 * HOUR);
    let closed = office.entry("192.0.2.1:1000", 2, &secret).await;
    assert_eq!(closed.status, StatusCode::SERVICE_UNAVAILABLE, "{}", closed.body);
    closed.says("115 年 11 月 23 日 01:00");
    closed.says("更換&#60;b&#62;機器");
    let wait: u64 = closed.headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((7_000..=7_200).contains(&wait), "{wait}");
    let partner = office.introspect("192.0.2.1:1000", "lxLRIhDcR59kp2SG").await;
    assert_eq!(partner.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(partner.headers.contains_key(RETRY_AFTER) && partner.body.contains("\"maintenance\""));
    // The back office goes on; the window may be ended early.
    let account = office.account("ministry-two", Role::Ministry, None).await;
    let (mut ministry, _) = office.session(account.id, Stage::Whole, office.now()).await;
    let list = ministry.get(&format!("{SYSTEM}/maintenance")).await;
    list.says("進行中");
    let id = list.body.split("window?window=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let asked = ministry.post(&window, &[("window", &id), ("do", "remove")]).await;
    asked.says("刪除後立即恢復服務");
    ministry.post(&format!("{SYSTEM}/maintenance/remove"), &[("window", &id)]).await;
    let open = office.entry("192.0.2.1:1000", 3, &secret).await;
    assert_eq!(open.status, StatusCode::SEE_OTHER);
    assert!(exchange.starts_with("/exchange/") && open.location().starts_with("/exchange/"));
    office.close().await;
}

/// A dataset in its window is one in maintenance: the SP gets its code (PROTOCOL.md §2, check 11), and a page of consent
/// that is open says until when.
#[tokio::test]
async fn a_dataset_has_windows_of_its_own() {
    let office = Office::open().await;
    office.apply(&document("", "")).await;
    let secret = "demoBankSecret16".parse().unwrap();
    let mut ministry = office.ministry().await;
    let window = format!("{SYSTEM}/maintenance/window");
    let weekly = [
        ("scope", "dataset"),
        ("dataset", "API.Kr1C3b1ijJ"),
        ("kind", "weekly"),
        // 22 November 2026 is a Sunday.
        ("weekday", "7"),
        ("clock_from", "23:30"),
        ("clock_until", "00:30"),
        ("announced", "0"),
    ];
    let set = ministry.post(&window, &weekly).await;
    assert_eq!(set.status, StatusCode::SEE_OTHER, "{}", set.body);
    ministry.get(&format!("{SYSTEM}/maintenance")).await.says("每星期日 23:30 至 00:30");
    let open = office.entry("192.0.2.1:1000", 1, &secret).await;
    assert!(open.location().starts_with("/exchange/"));
    // Sunday 23:35, and five minutes before that a citizen came to the page of consent.
    office.pass(39 * HOUR + Duration::from_secs(28 * 60));
    let mut citizen = office.browser();
    let begun = office.entry("192.0.2.1:1000", 2, &secret).await;
    let cookie = begun.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    citizen.cookie = Some(cookie);
    let path = begun.location().to_owned();
    assert_eq!(citizen.get(&path).await.status, StatusCode::OK);
    office.pass(Duration::from_secs(7 * 60));
    let closed = citizen.get(&path).await;
    assert_eq!(closed.status, StatusCode::SERVICE_UNAVAILABLE, "{}", closed.body);
    closed.says("示範借閱紀錄");
    closed.says("115 年 11 月 23 日 00:30");
    let refused = office.entry("192.0.2.1:1000", 3, &secret).await;
    assert!(refused.location().contains("code=504"), "{}", refused.location());
    office.pass(HOUR);
    let again = office.entry("192.0.2.1:1000", 4, &secret).await;
    assert!(again.location().starts_with("/exchange/"), "{}", again.location());
    office.close().await;
}

#[tokio::test]
async fn news_are_written_for_a_time() {
    let office = Office::open().await;
    let mut ministry = office.ministry().await;
    let entry = format!("{SYSTEM}/news/entry");
    ministry.get(&entry).await.says("最新消息");
    let fields = |until: &'static str| {
        [
            ("kind", "faq"),
            ("topic", "data"),
            ("title", "<script>如何下載？</script>"),
            ("title_en", "How?"),
            ("text", "按 **下載**。\n\n<img src=x onerror=alert(1)>"),
            ("text_en", "Press **download**."),
            ("from_day", "115/11/21"),
            ("from_time", "00:00"),
            ("until_day", until),
            ("place", "1"),
        ]
    };
    let bad = ministry.post(&entry, &fields("115/11/20")).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    bad.says("結束必須晚於開始");
    let mut without = fields("115/12/20").to_vec();
    without.retain(|(name, _)| *name != "topic");
    assert_eq!(ministry.post(&entry, &without).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let saved = ministry.post(&entry, &fields("115/12/20")).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let page = ministry.get(saved.location()).await;
    page.says("<strong>下載</strong>");
    assert!(!page.body.contains("<img src=x") && !page.body.contains("<script>如何"));
    let public = news::public(&office.app.store.db, NewsKind::Faq, office.now(), 10, 0).await.unwrap();
    assert_eq!(public.len(), 1);
    assert_eq!(public[0].topic, Some(Topic::Data));
    // Two at once.
    let (id, version) = (hidden(&page, "entry"), hidden(&page, "version"));
    let mut again = fields("115/12/25").to_vec();
    again.extend([("entry", id.as_str()), ("version", version.as_str())]);
    assert_eq!(ministry.post(&entry, &again).await.status, StatusCode::SEE_OTHER);
    assert_eq!(ministry.post(&entry, &again).await.status, StatusCode::CONFLICT);
    ministry.post(&entry, &[("entry", &id), ("do", "remove")]).await.says("無法復原");
    ministry.post(&format!("{SYSTEM}/news/remove"), &[("entry", &id)]).await;
    assert!(news::public(&office.app.store.db, NewsKind::Faq, office.now(), 10, 0).await.unwrap().is_empty());
    assert_eq!(ministry.post(&entry, &again).await.status, StatusCode::CONFLICT, "it is gone");
    office.close().await;
}

/// Shows R2, R22: what the ministry sets holds at once, and goes on record; secrets of the configuration are shown to
/// nobody.
#[tokio::test]
async fn settings_hold_at_once() {
    let office = Office::open_with(Engine::Sqlite, |config| {
        config.database_url =
            Some(crate::config::DatabaseUrl("postgres://u:hunter2@db.example/x".to_owned()));
    })
    .await;
    let mut ministry = office.ministry().await;
    let path = format!("{SYSTEM}/settings");
    let page = ministry.get(&path).await;
    page.says("MYDATA_CONTACT__PHONE");
    assert!(!page.body.contains("hunter2"));
    let fields = |mailbox: &'static str, domains: &'static str| {
        [
            ("version", "0"),
            ("phone", "02-1234-5678"),
            ("mailbox", mailbox),
            ("free_mail", domains),
            ("automatic_suspension", "off"),
        ]
    };
    ministry.post(&path, &fields("nobody", "")).await.says("不是電子郵件地址");
    ministry.post(&path, &fields("", "no domain")).await.says("每行請填寫一個網域");
    let saved = ministry.post(&path, &fields("desk@gov.example", "free.example\n@other.example")).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let late = ministry.post(&path, &fields("late@gov.example", "")).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    ministry.get(&path).await.says("desk@gov.example");
    let mut newcomer = office.browser();
    newcomer.get("/").await.says("02-1234-5678");
    newcomer.get("/mydata-backend/signup").await.says("desk@gov.example");
    let fields = [("agree", "yes"), ("mail", "chen@mail.other.example")];
    newcomer.post("/mydata-backend/signup", &fields).await.says("mail.other.example 是免費信箱");
    let system = office.app.system().await.unwrap();
    assert_eq!(system.settings.automatic_suspension, Some(false));
    let auditor = office.account("auditor", Role::Auditor, None).await;
    let (mut auditor, _) = office.session(auditor.id, Stage::Whole, office.now()).await;
    auditor.get(&format!("{SYSTEM}/audit?what=settings-changed")).await.says("功能設定變更");
    let read = auditor.get(&path).await;
    assert!(!read.body.contains("<textarea"), "the auditor reads");
    office.close().await;
}

/// What a registry file put into maintenance is suspended and resumed, and is in maintenance again.
#[tokio::test]
async fn a_dataset_in_maintenance_comes_back_to_it() {
    let office = Office::open().await;
    let mut file = document("", "");
    file.datasets[0].dataset.state = DatasetState::Maintenance;
    office.apply(&file).await;
    let (app, id) = (&office.app, &"API.Kr1C3b1ijJ".parse().unwrap());
    let item =
        items::of_record(&app.store.db, &Scope::All, ItemKind::Dataset, "API.Kr1C3b1ijJ").await.unwrap();
    let item = item.unwrap().id;
    let operator = office.account("operator", Role::Operator, None).await;
    let by = By::account(&operator, None);
    let state = async || {
        office.pass(Duration::from_secs(2));
        app.catalogue().await.unwrap().datasets[id].dataset.state
    };
    flow::act(app, &by, item, Act::Suspend("稽核".parse().unwrap())).await.unwrap();
    assert_eq!(state().await, DatasetState::Suspended);
    flow::act(app, &by, item, Act::Resume("完成".parse().unwrap())).await.unwrap();
    assert_eq!(state().await, DatasetState::Maintenance);
    office.close().await;
}
