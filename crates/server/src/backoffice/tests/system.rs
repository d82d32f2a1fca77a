//! The pages of the system, through the door.

use http::StatusCode;
use mydata_domain::account::Role;
use mydata_domain::account::session::Stage;

use super::{Office, PASSWORD};

/// An administrator opens an account, changes its role, locks and frees it; the record says so; the account's sessions end.
#[tokio::test]
async fn an_administrator_looks_after_accounts() {
    let office = Office::open().await;
    let admin = office.account("admin", Role::Administrator, None).await;
    let operator = office.account("operator", Role::Operator, None).await;
    let (mut theirs, _) = office.session(operator.id, Stage::Whole, office.now()).await;
    let (mut browser, _) = office.session(admin.id, Stage::Whole, office.now()).await;

    browser.get("/mydata-backend/system/accounts?role=operator").await.says("operator");
    let page = format!("/mydata-backend/system/account?account={}", operator.id);
    browser.get(&page).await.says("鎖定");
    let id = operator.id.to_string();
    // Asked once more first; nothing has happened yet.
    let asked = browser.post("/mydata-backend/system/account", &[("account", &id), ("do", "lock")]).await;
    asked.says("鎖定帳號 operator？");
    assert_eq!(theirs.get("/mydata-backend/system").await.status, StatusCode::OK);
    let lock = [("account", id.as_str()), ("do", "lock"), ("sure", "yes")];
    let done = browser.post("/mydata-backend/system/account", &lock).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, page.as_str()));
    browser.get(&page).await.says("已鎖定");
    // Locked means out, at once.
    assert_eq!(theirs.get("/mydata-backend/system").await.status, StatusCode::SEE_OTHER);
    browser.post("/mydata-backend/system/account", &[("account", &id), ("do", "unlock")]).await;
    browser
        .post(
            "/mydata-backend/system/account",
            &[("account", &id), ("do", "role"), ("role", "ministry"), ("sure", "yes")],
        )
        .await;
    browser.get(&page).await.says("數位發展部");
    // A role that needs an organisation is not given to an account without one.
    browser
        .post(
            "/mydata-backend/system/account",
            &[("account", &id), ("do", "role"), ("role", "applicant"), ("sure", "yes")],
        )
        .await;
    browser.get(&page).await.says("數位發展部");
    let audit = browser.get("/mydata-backend/system/audit?q=admin").await;
    audit.says("變更帳號");
    browser.get("/mydata-backend/system/audit?q=nobody").await.says("找不到這個帳號");

    // Nobody locks themselves out.
    let own = admin.id.to_string();
    let answer = browser.post("/mydata-backend/system/account", &[("account", &own), ("do", "lock")]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);

    let new = "/mydata-backend/system/accounts/new";
    browser.get(new).await.says("新增管理端帳號");
    let bad = browser.post(new, &[("role", "applicant"), ("name", "x")]).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    bad.says("請選擇角色。");
    let fields =
        [("role", "ministry"), ("name", "reviewer"), ("holder", "林示範"), ("mail", "lin@ministry.example")];
    let opened = browser.post(new, &fields).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.body);
    browser.get(opened.location()).await.says("待設定密碼");
    let again = browser.post(new, &fields).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    // The invitation stands in the outbox, without its secret link.
    let mails = browser.get("/mydata-backend/system/mails").await;
    mails.says("lin@ministry.example");
    let mail = mails.body.split("/system/mail?mail=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let shown = browser.get(&format!("/mydata-backend/system/mail?mail={mail}")).await;
    assert!(!shown.body.contains("link="), "{}", shown.body);
    office.close().await;
}

/// Sign-in that failures closed is opened again; what failures closed for an address is not, and the page says so.
#[tokio::test]
async fn an_administrator_reopens_sign_in() {
    let office = Office::open().await;
    let admin = office.account("admin", Role::Administrator, None).await;
    let jenny = office.account("jenny", Role::Applicant, Some("library")).await;
    let mut elsewhere = office.browser();
    elsewhere.address = "198.51.100.7:1000".parse().unwrap();
    for _ in 0..5 {
        elsewhere.sign_in("jenny", "wrong").await;
    }
    let mut at_home = office.browser();
    at_home.address = "198.51.100.8:1000".parse().unwrap();
    assert_eq!(at_home.sign_in("jenny", PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);

    let (mut browser, _) = office.session(admin.id, Stage::Whole, office.now()).await;
    let page = format!("/mydata-backend/system/account?account={}", jenny.id);
    let shown = browser.get(&page).await;
    shown.says("這個帳號暫停登入到");
    shown.says("解除暫停登入");
    let id = jenny.id.to_string();
    let done = browser.post("/mydata-backend/system/account", &[("account", &id), ("do", "unlock")]).await;
    assert!(done.headers.get_all("set-cookie").iter().count() > 0, "a sentence goes along");
    let shown = browser.get(&page).await;
    assert!(!shown.body.contains("解除暫停登入"), "{}", shown.body);
    assert_eq!(at_home.sign_in("jenny", PASSWORD).await.status, StatusCode::SEE_OTHER);
    let kept_out = elsewhere.sign_in("jenny", PASSWORD).await;
    assert_eq!(
        kept_out.status,
        StatusCode::TOO_MANY_REQUESTS,
        "the address waits for its quarter of an hour"
    );
    office.close().await;
}

/// The auditor reads and is offered nothing to change.
#[tokio::test]
async fn the_auditor_reads() {
    let office = Office::open().await;
    let auditor = office.account("auditor", Role::Auditor, None).await;
    let (mut browser, _) = office.session(auditor.id, Stage::Whole, office.now()).await;
    for path in [
        "system",
        "system/accounts",
        "system/mails",
        "system/audit",
        "system/categories",
        "system/categories?area=dataset",
        "system/policies",
        "system/policy?kind=terms&number=1",
        "system/maintenance",
        "system/news",
        "system/messages",
        "system/settings",
        "organisations",
        "organisation?organisation=library",
        "reviews",
        "all-datasets",
        "all-services",
    ] {
        let answer = browser.get(&format!("/mydata-backend/{path}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }
    let page = browser.get(&format!("/mydata-backend/system/account?account={}", auditor.id)).await;
    assert!(!page.body.contains("value=\"lock\""), "{}", page.body);
    let answer = browser.get("/mydata-backend/system/accounts/new").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    office.close().await;
}
