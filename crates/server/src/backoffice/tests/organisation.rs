//! 機關單位管理 through the door.

use http::StatusCode;
use mydata_domain::account::session::Stage;
use mydata_domain::account::{AccountState, Role};
use mydata_domain::mail::{AboutAccount, Kind};
use mydata_domain::organisation::OrganisationKind;
use mydata_store::Engine;
use mydata_store::repo::{accounts, organisations};

use super::Office;
use super::flow::pilot::document;
use super::forms::hidden;

const PAGE: &str = "/mydata-backend/organisation";

fn details<'f>(seen: &'f str, address: &'f str) -> Vec<(&'f str, &'f str)> {
    vec![
        ("seen", seen),
        ("address", address),
        ("applicant.name", "陳示華"),
        ("applicant.phone", "02-2345-6789"),
        ("applicant.email", "chen@library.example"),
        ("applicant.account", "demo.chen"),
        // Nobody of the organisation changes these, whatever is posted.
        ("name", "改名圖書館"),
        ("kind", "private"),
    ]
}

/// Shows R85, R87: the organisation's data is filled in and changed by its people, on record; its name by the operating
/// team alone.
#[tokio::test]
async fn an_organisation_keeps_its_data() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let office = Office::open_on(engine).await;
        let jenny = office.account("jenny", Role::Applicant, Some("library")).await;
        let (mut jenny, _) = office.session(jenny.id, Stage::Whole, office.now()).await;
        let page = jenny.get(PAGE).await;
        page.says("尚未填寫");
        page.says("示範圖書館");
        let change = format!("{PAGE}/change");
        let form = jenny.get(&change).await;
        assert!(!form.body.contains("name=\"name\""), "the name is only shown");
        let seen = hidden(&form, "seen");
        let bad = jenny.post(&change, &details(&seen, "臺北\u{202e}市")).await;
        assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
        bad.says("方向");
        let saved = jenny.post(&change, &details(&seen, "臺北市<b>示範</b>路 1 號")).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        // A second editor's page was made before: nothing is lost.
        let late = jenny.post(&change, &details(&seen, "高雄市")).await;
        assert_eq!(late.status, StatusCode::CONFLICT);
        late.says("高雄市");
        let page = jenny.get(PAGE).await;
        page.says("臺北市&#60;b&#62;示範");
        assert!(!page.body.contains("改名圖書館"));

        let operator = office.account("operator", Role::Operator, None).await;
        let (mut operator, _) = office.session(operator.id, Stage::Whole, office.now()).await;
        let led = operator.get(PAGE).await;
        assert_eq!(led.location(), "/mydata-backend/organisations");
        let list = operator.get("/mydata-backend/organisations?q=圖書").await;
        list.says("示範圖書館");
        assert!(!list.body.contains("示範博物館"));
        let form = operator.get(&format!("{change}?organisation=library")).await;
        let seen = hidden(&form, "seen");
        let mut fields = details(&seen, "臺北市");
        fields.extend([("organisation", "library"), ("name_en", "Renamed"), ("short_name", "")]);
        fields.retain(|(name, _)| *name != "kind");
        fields.push(("kind", "agency"));
        office.pass(std::time::Duration::from_secs(2));
        let renamed = operator.post(&change, &fields).await;
        assert_eq!(renamed.status, StatusCode::SEE_OTHER, "{}", renamed.body);
        office.pass(std::time::Duration::from_secs(2));
        jenny.get(PAGE).await.says("改名圖書館");
        let id = "library".parse().unwrap();
        let kept =
            organisations::profile(&office.app.store.db, &office.app.store.crypter, &id).await.unwrap();
        assert_eq!(kept.unwrap().form.name, "改名圖書館");
        office.close().await;
    }
}

/// Shows R87: deputies are invited, changed, locked and removed by their own organisation's applicant, and by nobody of
/// another.
#[tokio::test]
async fn an_organisation_looks_after_its_deputies() {
    let office = Office::open().await;
    let jenny = office.account("jenny", Role::Applicant, Some("library")).await;
    let (mut jenny, _) = office.session(jenny.id, Stage::Whole, office.now()).await;
    let new = format!("{PAGE}/deputy/new");
    let fields = |mail: &'static str| {
        [
            ("deputy_name", "林示範"),
            ("deputy_phone", "02-2345-6789"),
            ("deputy_email", mail),
            ("deputy_account", "demo.lin"),
        ]
    };
    let bad = jenny.post(&new, &fields("nobody")).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    bad.says("不是電子郵件地址");
    let invited = jenny.post(&new, &fields("lin@library.example")).await;
    assert_eq!(invited.status, StatusCode::SEE_OTHER, "{}", invited.body);
    let page = jenny.get(PAGE).await;
    page.says("林示範");
    page.says("待設定密碼");
    let link = page.body.split("/organisation/deputy?").nth(1).unwrap().split('"').next().unwrap();
    let link = format!("{PAGE}/deputy?{}", link.replace("&amp;", "&").replace("&#38;", "&"));
    let id = link.split("account=").nth(1).unwrap().to_owned();
    jenny.get(&link).await.says("重寄邀請");
    let post = format!("{PAGE}/deputy");
    jenny.post(&post, &[("account", &id), ("do", "invite")]).await;
    let mails = office.outbox().await;
    assert_eq!(mails.iter().filter(|m| m.kind == Kind::from(AboutAccount::Opened)).count(), 2);
    let mut change = fields("lin.new@library.example").to_vec();
    change.push(("account", id.as_str()));
    assert_eq!(jenny.post(&post, &change).await.status, StatusCode::SEE_OTHER);
    jenny.get(&link).await.says("lin.new@library.example");
    jenny.post(&post, &[("account", &id), ("do", "lock")]).await.says("鎖定「林示範」");
    jenny.post(&post, &[("account", &id), ("do", "lock"), ("sure", "yes")]).await;
    jenny.get(PAGE).await.says("已鎖定");

    // Another organisation's applicant learns nothing, and does nothing.
    let other = office.account("other", Role::Applicant, Some("museum")).await;
    let (mut other, _) = office.session(other.id, Stage::Whole, office.now()).await;
    assert_eq!(other.get(&link).await.status, StatusCode::NOT_FOUND);
    other.get(PAGE).await;
    let remove = [("organisation", "library"), ("account", id.as_str()), ("do", "remove"), ("sure", "yes")];
    assert_eq!(other.post(&post, &remove).await.status, StatusCode::NOT_FOUND);
    let named = other.get(&format!("{PAGE}?organisation=library")).await;
    assert!(!named.body.contains("林示範"), "one's own, whatever is named");
    // A deputy looks after nobody.
    let deputy = office.account("deputy", Role::Deputy, Some("library")).await;
    let (mut deputy, _) = office.session(deputy.id, Stage::Whole, office.now()).await;
    assert_eq!(deputy.get(&link).await.status, StatusCode::FORBIDDEN);
    assert_eq!(deputy.get(PAGE).await.status, StatusCode::OK);
    // The main account is none of those that can be removed here.
    jenny.get(PAGE).await;
    jenny.post(&post, &remove).await;
    let (db, crypter) = (&office.app.store.db, &office.app.store.crypter);
    let account = accounts::load(db, crypter, id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(account.state, AccountState::Closed);
    office.close().await;
}

/// A private body that came with a registry file names its competent authority itself, once.
#[tokio::test]
async fn a_private_body_names_its_authority_once() {
    let office = Office::open().await;
    let mut file = document("", "");
    file.organisations[0].kind = OrganisationKind::Private;
    office.apply(&file).await;
    office.account("authority", Role::Authority, Some("museum")).await;
    let jenny = office.account("jenny", Role::Applicant, Some("library")).await;
    let (mut jenny, _) = office.session(jenny.id, Stage::Whole, office.now()).await;
    let change = format!("{PAGE}/change");
    jenny.get(&change).await.says("name=\"authority\"");
    let missing = jenny.post(&change, &details("", "臺北市")).await;
    assert_eq!(missing.status, StatusCode::UNPROCESSABLE_ENTITY);
    missing.says("href=\"#authority\"");
    let mut fields = details("", "臺北市");
    fields.push(("authority", "museum"));
    let saved = jenny.post(&change, &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    jenny.get(PAGE).await.says("示範博物館");
    assert!(!jenny.get(&change).await.body.contains("name=\"authority\""));
    office.close().await;
}
