//! Signing up over HTTP, from the mail address to 審核中.

use http::StatusCode;
use mydata_domain::account::session::Stage;
use mydata_domain::account::{Account, AccountState, Role};
use mydata_domain::mail::{AboutAccount, Kind};
use mydata_store::Engine;
use mydata_store::repo::list::List;
use mydata_store::repo::{accounts, mails, registry};

use super::forms::hidden;
use super::{Browser, Office, PASSWORD};
use crate::backoffice::ROOT;
use crate::backoffice::flow::sign_up::LINK_PATH;

const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);

impl Office {
    /// The links of the registration mails that were sent, oldest first: path and query.
    async fn links(&self) -> Vec<String> {
        let store = &self.app.store;
        let mut sent = mails::list(&store.db, &store.crypter, &List::default()).await.unwrap().rows;
        sent.retain(|mail| mail.kind == Kind::from(AboutAccount::SignUp));
        sent.reverse();
        sent.into_iter()
            .map(|mail| {
                let link: url::Url = mail.content.link.unwrap().parse().unwrap();
                link[url::Position::BeforePath..].to_owned()
            })
            .collect()
    }

    /// A dataset of the test zone that may be asked for.
    async fn demo_dataset(&self) {
        let dataset = serde_json::json!({
            "resource_id": "API.TM12KLkB8o",
            "resource_secret": "lxLRIhDcR59kp2SG",
            "zone": "test",
            "organisation": "library",
            "name": "示範資料",
            "name_en": "Demo data",
            "category": "教育",
            "weakest_verification": "NHI",
            "dp_api": "https://api.library.example/mydata",
            "state": "listed",
        });
        let mut document = registry::export(&self.app.store.db, &self.app.store.crypter).await.unwrap();
        document.datasets.push(serde_json::from_value(dataset).unwrap());
        let (document, crypter, now) = (&document, &self.app.store.crypter, self.now());
        let apply = |tx| async move { registry::apply(&tx, crypter, document, now).await };
        self.app.store.db.run_tx("test", apply).await.unwrap();
    }

    async fn by_name(&self, name: &str) -> Account {
        let (crypter, name) = (&self.app.store.crypter, &name.parse().unwrap());
        let read = |tx| async move { accounts::by_name(&tx, crypter, name).await };
        self.app.store.db.run_tx("test", read).await.unwrap().unwrap()
    }

    /// Asks for a link as a newcomer does.
    async fn ask(&self, mail: &str) -> super::Answered {
        let mut browser = self.browser();
        browser.get(&format!("{ROOT}/signup")).await;
        browser.post(&format!("{ROOT}/signup"), &[("agree", "yes"), ("mail", mail)]).await
    }
}

/// Opens a link and chooses name and password.
async fn open(browser: &mut Browser<'_>, link: &str, name: &str) -> super::Answered {
    let page = browser.get(link).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let secret = hidden(&page, "link");
    let fields = [("link", secret.as_str()), ("account", name), ("new", PASSWORD), ("again", PASSWORD)];
    browser.post(LINK_PATH, &fields).await
}

/// Shows R1, R2, R18: without the tick nothing begins; free mail is refused with the reason; the texts stand in full.
#[tokio::test]
async fn terms_and_an_organisations_address_come_first() {
    let office = Office::open().await;
    let mut browser = office.browser();
    let door = browser.get(&format!("{ROOT}/signin")).await;
    door.says(&format!("href=\"{ROOT}/signup\">建立帳號"));
    let page = browser.get(&format!("{ROOT}/signup")).await;
    for says in
        ["服務條款", "隱私權保護政策", "四、Cookie 運用", "七、隱私權保護政策修訂", "我已了解並同意", "Gmail"]
    {
        page.says(says);
    }
    let agree = page.body.find("name=\"agree\"").unwrap();
    assert!(agree > page.body.find("八、您的權利").unwrap(), "the tick stands at the end of the text");
    for (fields, says) in [
        (&[("mail", "chen@library.example")][..], "並勾選同意"),
        (&[("agree", "yes"), ("mail", "")], "請填寫機關信箱"),
        (&[("agree", "yes"), ("mail", "x")], "不是電子郵件地址"),
        (&[("agree", "yes"), ("mail", "chen@gmail.com")], "gmail.com 是免費信箱"),
        (&[("agree", "yes"), ("mail", "Chen@Mail.YAHOO.com")], "mail.yahoo.com 是免費信箱"),
        (&[("agree", "yes"), ("mail", "a@library.example\r\nBcc: b@x.example")], "不是電子郵件地址"),
    ] {
        let answer = browser.post(&format!("{ROOT}/signup"), fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        answer.says(says);
    }
    assert!(office.links().await.is_empty());
    office.close().await;
}

/// Shows R3, R21: the link works for ten minutes, once; looking at it does not use it up; nobody learns which addresses are
/// known.
#[tokio::test]
async fn a_link_works_once_and_for_ten_minutes() {
    let office = Office::open().await;
    office.account("jenny", Role::Applicant, Some("library")).await;
    let answers = [office.ask("jenny@library.example").await, office.ask("new@library.example").await];
    for answer in &answers {
        assert_eq!(answer.location(), format!("{ROOT}/signup/sent"));
    }
    office.browser().get(answers[0].location()).await.says("連結 10 分鐘內有效");
    let links = office.links().await;
    assert_eq!(links.len(), 2);
    assert!(links[0].starts_with(LINK_PATH));

    let mut browser = office.browser();
    for bad in ["", "x", &"a".repeat(5_000)] {
        let answer = browser.get(&format!("{LINK_PATH}?link={bad}")).await;
        assert_eq!(answer.status, StatusCode::GONE, "{bad}");
        answer.says("重新申請驗證信");
    }
    // A name that is taken, or none, leaves the link as it is.
    for (name, says) in [("jenny", "已有人使用"), ("9", "以字母開頭"), ("<b>", "以字母開頭")] {
        let answer = open(&mut browser, &links[1], name).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        answer.says(says);
    }
    let answer = open(&mut browser, &links[1], "newcomer").await;
    assert_eq!(answer.location(), format!("{ROOT}/signup/form"), "{}", answer.body);
    assert_eq!(browser.get(&links[1]).await.status, StatusCode::GONE, "used");

    office.pass(MINUTE * 10);
    let mut late = office.browser();
    let answer = late.get(&links[0]).await;
    assert_eq!(answer.status, StatusCode::GONE);
    answer.says("超過 10 分鐘");
    office.close().await;
}

const ORGANISATION: [(&str, &str); 8] = [
    ("name", "示範縣立檔案館"),
    ("kind", "agency"),
    ("address", "000 示範市示範路 1 號"),
    ("applicant.name", "林示例"),
    ("applicant.phone", "02-2345-6789#12"),
    ("applicant.email", "lin@archives.example"),
    ("applicant.account", "lin.archives"),
    ("deputy[0].name", ""),
];

const SERVICE: [(&str, &str); 10] = [
    ("category", "其他/綜合/其他服務"),
    ("name", "線上閱覽"),
    ("url", "https://archives.example/read"),
    ("description", "線上閱覽檔案"),
    ("purpose", "線上閱覽身分確認"),
    ("terms", "示範條款"),
    ("dataset[]", "API.TM12KLkB8o"),
    ("return_url[0]", "https://archives.example/back"),
    ("sp_api", "https://api.archives.example/notification"),
    ("ip[0]", "192.0.2.7"),
];

/// Shows R4, R5, R6, R23, R24, R26, R85, R89: from the link over both forms to 送出; what is typed is kept over leaving; until then
/// the account is good for nothing else, and afterwards it waits for its review.
async fn a_newcomer_signs_up(engine: Engine) {
    let office = Office::open_on(engine).await;
    office.demo_dataset().await;
    office.ask("lin@archives.example").await;
    let link = office.links().await.remove(0);
    let mut browser = office.browser();
    open(&mut browser, &link, "lin").await;
    let form = format!("{ROOT}/signup/form");
    let page = browser.get(&form).await;
    for says in ["1. 機關單位基本資料", "待填寫", "選擇申請類型", "填妥後開放"] {
        page.says(says);
    }
    let organisation = link_to(&page, "/drafts/");

    // Half of it; then the browser is closed.
    let page = browser.get(&organisation).await;
    page.says("value=\"lin@archives.example\"");
    let version = hidden(&page, "version");
    let half = [("version", version.as_str()), ("do", "save"), ("name", "示範縣立檔案館")];
    browser.post(&organisation, &half).await;
    let mut browser = office.browser();
    let answer = browser.sign_in("lin", PASSWORD).await;
    assert_eq!(answer.location(), form, "{}", answer.body);
    for closed in [ROOT, "/mydata-backend/me", "/mydata-backend/datasets/new", "/mydata-backend/drafts"] {
        assert_eq!(browser.get(closed).await.location(), form, "{closed}");
    }
    browser.get(&form).await.says("填寫中");
    browser.get(&organisation).await.says("value=\"示範縣立檔案館\"");

    let answer = fill(&mut browser, &organisation, &ORGANISATION).await;
    assert_eq!(answer.location(), form, "{}", answer.body);
    let choose = format!("{ROOT}/signup/choose");
    let page = browser.get(&choose).await;
    for says in ["資料提供者申請單", "服務提供者申請單", "臨櫃服務申請單"] {
        page.says(says);
    }
    assert_eq!(browser.post(&choose, &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let answer = browser.post(&choose, &[("form", "dataset")]).await;
    let dataset = answer.location().to_owned();
    browser.get(&choose).await.says("已填寫的內容與上傳的檔案會刪除");
    let answer = browser.post(&choose, &[("form", "service")]).await;
    let application = answer.location().to_owned();
    assert_ne!(application, dataset);
    assert_eq!(browser.get(&dataset).await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.get(&format!("{ROOT}/signup/overview")).await.location(), form, "not yet");

    let version = hidden(&browser.get(&application).await, "version");
    let mut fields = vec![("version", version.as_str()), ("do", "check")];
    fields.extend(SERVICE);
    let pdf = b"%PDF-1.7\n1 0 obj<<>>endobj\nstartxref\n0\n%%EOF\n";
    let answer = browser.post_files(&application, &fields, &[("application", "申請書.pdf", pdf)]).await;
    assert_eq!(answer.location(), form, "{}", answer.body);
    browser.get(&form).await.says("確認內容並送出");
    let overview = browser.get(&format!("{ROOT}/signup/overview")).await;
    for says in ["示範縣立檔案館", "線上閱覽", "申請書.pdf", "公務機關", "示範資料（API.TM12KLkB8o）"]
    {
        overview.says(says);
    }
    let (a, b) = (hidden(&overview, "organisation"), hidden(&overview, "application"));
    let send = [("organisation", a.as_str()), ("application", b.as_str())];
    for _ in 0..2 {
        let answer = browser.post(&format!("{ROOT}/signup/overview"), &send).await;
        assert_eq!(answer.location(), form, "{}", answer.body);
    }
    let page = browser.get(&form).await;
    page.says("審核中");
    page.says("帳號申請單號：R");
    assert_eq!(browser.get(ROOT).await.location(), form);
    let account = office.by_name("lin").await;
    assert_eq!(account.state, AccountState::InReview);
    office.browser().sign_in("lin", PASSWORD).await.says("請您耐心等候通知");
    it_comes_back(&office, browser).await;
    office.close().await;
}

/// A reviewer returns the sign-up with a reason and a comment: the applicant reads both by mail and by the field, mends,
/// and sends it in again under its number. Shows R7, R8.
async fn it_comes_back(office: &Office, mut browser: Browser<'_>) {
    let form = format!("{ROOT}/signup/form");
    let operator = office.account("operator", Role::Operator, None).await;
    let (mut reviewer, _) = office.session(operator.id, Stage::Whole, office.now()).await;
    let list = reviewer.get(&format!("{ROOT}/reviews")).await;
    let rows: Vec<&str> = list.body.split("<tr>").skip(1).filter(|row| row.contains("帳號申請")).collect();
    assert_eq!(rows.len(), 1, "{}", list.body);
    let review = rows[0].split("href=\"").find(|part| part.starts_with("/mydata-backend/reviews/")).unwrap();
    let review = review.split('"').next().unwrap().to_owned();
    let page = reviewer.get(&review).await;
    let step = hidden(&page, "step");
    let no_reason = [("do", "refuse"), ("step", step.as_str())];
    let answer = reviewer.post(&review, &no_reason).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
    let refuse = [
        ("do", "refuse"),
        ("step", step.as_str()),
        ("reason", "請補正機關地址"),
        ("comment:address", "郵遞區號不存在"),
    ];
    let answer = reviewer.post(&review, &refuse).await;
    assert_eq!(answer.location(), format!("{ROOT}/reviews"), "{}", answer.body);
    assert_eq!(reviewer.post(&review, &refuse).await.status, StatusCode::CONFLICT, "decided by now");

    assert_eq!(office.by_name("lin").await.state, AccountState::FillingIn);
    let outbox = office.outbox().await;
    let told = outbox.iter().find(|mail| mail.kind == Kind::from(AboutAccount::Refused)).unwrap();
    for says in ["請補正機關地址", "郵遞區號不存在", "機關地址"] {
        assert!(told.content.text.contains(says), "{says}: {}", told.content.text);
    }
    browser.get(ROOT).await;
    let page = browser.get(&form).await;
    page.says("請補正機關地址");
    let organisation = link_to(&page, "/drafts/");
    browser.get(&organisation).await.says("郵遞區號不存在");
    assert_eq!(fill(&mut browser, &organisation, &ORGANISATION).await.location(), form);
    let overview = browser.get(&format!("{ROOT}/signup/overview")).await;
    let (a, b) = (hidden(&overview, "organisation"), hidden(&overview, "application"));
    let send = [("organisation", a.as_str()), ("application", b.as_str())];
    browser.post(&format!("{ROOT}/signup/overview"), &send).await;
    let page = browser.get(&form).await;
    page.says("審核中");
    page.says("-1");
}

#[tokio::test]
async fn a_newcomer_signs_up_on_sqlite() {
    a_newcomer_signs_up(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_newcomer_signs_up_on_postgres() {
    a_newcomer_signs_up(Engine::Postgres).await;
}

async fn fill(browser: &mut Browser<'_>, path: &str, fields: &[(&str, &str)]) -> super::Answered {
    let version = hidden(&browser.get(path).await, "version");
    let mut all = vec![("version", version.as_str()), ("do", "check")];
    all.extend_from_slice(fields);
    browser.post(path, &all).await
}

/// The first link on a page whose address has this in it.
fn link_to(page: &super::Answered, part: &str) -> String {
    let link = page.body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    link.into_iter().find(|href| href.contains(part)).unwrap_or_else(|| panic!("no {part}")).to_owned()
}
