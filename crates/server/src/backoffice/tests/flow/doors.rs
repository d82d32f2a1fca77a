//! Decisions, drafts and credentials through the door: two at once, too late, sent twice, somebody else's.

use std::time::Duration;

use http::StatusCode;
use mydata_domain::account::session::Stage;
use mydata_domain::account::{Account, Role};
use mydata_domain::calendar::roc;
use mydata_domain::filing::{FilingId, FilingKind};
use mydata_domain::forms::{Fields, Purpose};
use mydata_domain::item::{Kind, StageName};

use super::super::{Answered, Browser};
use super::{Office, by, flow};

async fn at<'o>(office: &'o Office, account: &Account) -> Browser<'o> {
    office.session(account.id, Stage::Whole, office.now()).await.0
}

fn review(filing: FilingId) -> String {
    format!("/mydata-backend/reviews/{filing}")
}

fn hides(answer: &Answered, text: &str) {
    assert!(!answer.body.contains(text), "{text:?} is said:\n{}", answer.body);
}

const PASS: &[(&str, &str)] = &[("do", "approve"), ("step", "operator")];

/// Two reviewers have the same page open; the second is told, and nothing happens twice. Shows R51, R55.
#[tokio::test]
async fn the_second_of_two_reviewers_gets_a_clear_page() {
    let office = Office::open().await;
    let people = office.people().await;
    let owner = office.account("library.one", Role::Applicant, Some("library")).await;
    let filed = office.filed_dataset(&owner).await;
    let page = review(filed.filing.unwrap());
    let (mut one, mut other) =
        (at(&office, &people.operator).await, at(&office, &people.other_operator).await);
    one.get(&page).await.says("審核通過");
    other.get(&page).await.says("審核通過");
    assert_eq!(one.post(&page, PASS).await.status, StatusCode::SEE_OTHER);
    let late = other.post(&page, &[("do", "refuse"), ("step", "operator"), ("reason", "請補正")]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    late.says("已不在這個審核階段");
    late.says("未變更任何資料");
    assert_eq!(office.stage(filed.item).await, StageName::MinistryReview);
    // Pressed twice by the same person, it is said, too.
    let twice = one.post(&page, PASS).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    office.close().await;
}

/// The page is open while the role is taken away, or the account locked.
#[tokio::test]
async fn a_reviewer_whose_role_was_taken_away_decides_nothing() {
    let office = Office::open().await;
    let people = office.people().await;
    let owner = office.account("library.one", Role::Applicant, Some("library")).await;
    let filed = office.filed_dataset(&owner).await;
    let page = review(filed.filing.unwrap());
    let (mut one, mut other) =
        (at(&office, &people.operator).await, at(&office, &people.other_operator).await);
    one.get(&page).await.says("審核通過");
    other.get(&page).await.says("審核通過");
    office.change(people.operator.id, |account| account.role = Role::Auditor).await;
    let now = office.now();
    office.change(people.other_operator.id, |account| account.locked_at = Some(now)).await;
    let barred = one.post(&page, PASS).await;
    assert_eq!(barred.status, StatusCode::NOT_FOUND, "an auditor has no such form");
    let locked = other.post(&page, PASS).await;
    assert_eq!(locked.status, StatusCode::SEE_OTHER);
    assert!(locked.location().starts_with("/mydata-backend/signin"), "{}", locked.location());
    assert_eq!(office.stage(filed.item).await, StageName::OperatorReview);
    // The auditor still reads it.
    let read = one.get(&page).await;
    assert_eq!(read.status, StatusCode::OK);
    hides(&read, "value=\"approve\"");
    office.close().await;
}

/// Nobody reviews what they filed, whatever role they have by then. Shows R8.
#[tokio::test]
async fn nobody_reviews_their_own_filing() {
    let office = Office::open().await;
    office.people().await;
    let filer = office.account("library.one", Role::Applicant, Some("library")).await;
    let filed = office.filed_dataset(&filer).await;
    office
        .change(filer.id, |account| {
            account.role = Role::Operator;
            account.organisation = None;
        })
        .await;
    let page = review(filed.filing.unwrap());
    let mut browser = at(&office, &filer).await;
    hides(&browser.get(&page).await, "value=\"approve\"");
    let refused = browser.post(&page, PASS).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    refused.says("須由其他人審核");
    assert_eq!(office.stage(filed.item).await, StageName::OperatorReview);
    office.close().await;
}

/// Going live is approved by two different people, even if one holds both roles in turn. Shows R33, R34, R35.
#[tokio::test]
async fn going_live_takes_two_different_people() {
    let office = Office::open().await;
    let (item, owner) = office.testing_dataset().await;
    let draft = flow::begin_form(&office.app, &by(&owner), item, FilingKind::GoLive).await.unwrap();
    let day = roc(mydata_domain::calendar::days_after(mydata_domain::calendar::day_of(office.now()), 30));
    let fields = office.go_live_fields(&draft, &day).await;
    let version = office.fill(&by(&owner), &draft, &fields).await;
    let filed = flow::file(&office.app, &by(&owner), draft.id, version).await.unwrap();
    let page = review(filed.filing.unwrap());
    let reviewer = office.account("operator.three", Role::Operator, None).await;
    let mut browser = at(&office, &reviewer).await;
    browser.get(&page).await;
    assert_eq!(browser.post(&page, PASS).await.status, StatusCode::SEE_OTHER);

    // A letter without its number, or of tomorrow, is told by its field.
    browser.get(&page).await.says("發文字號");
    let today = roc(mydata_domain::calendar::day_of(office.now()));
    let tomorrow = roc(mydata_domain::calendar::days_after(mydata_domain::calendar::day_of(office.now()), 1));
    let letter = |number: &'static str, day: String| {
        vec![("do", "letter".to_owned()), ("letter_number", number.to_owned()), ("letter_date", day)]
    };
    let send = async |browser: &mut Browser<'_>, fields: Vec<(&str, String)>| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, text)| (*name, text.as_str())).collect();
        browser.post(&page, &fields).await
    };
    let missing = send(&mut browser, letter("", today.clone())).await;
    assert_eq!(missing.status, StatusCode::UNPROCESSABLE_ENTITY);
    missing.says("aria-invalid=\"true\"");
    let ahead = send(&mut browser, letter("示範字第1150001234號", tomorrow)).await;
    assert_eq!(ahead.status, StatusCode::CONFLICT);
    ahead.says("不能晚於今天");
    let noted = send(&mut browser, letter("示範字第1150001234號", today)).await;
    assert_eq!(noted.status, StatusCode::SEE_OTHER, "{}", noted.body);

    // The same person, in the ministry by now, is not a second one.
    office.change(reviewer.id, |account| account.role = Role::Ministry).await;
    let mut browser = at(&office, &reviewer).await;
    hides(&browser.get(&page).await, "value=\"approve\"");
    let same = browser.post(&page, &[("do", "approve"), ("step", "ministry")]).await;
    assert_eq!(same.status, StatusCode::CONFLICT);
    same.says("須由另一位審核人員審核");
    let other = office.account("ministry.two", Role::Ministry, None).await;
    let mut browser = at(&office, &other).await;
    browser.get(&page).await;
    let passed = browser.post(&page, &[("do", "approve"), ("step", "ministry")]).await;
    assert_eq!(passed.status, StatusCode::SEE_OTHER);
    assert_eq!(office.stage(item).await, StageName::Piloting);
    office.close().await;
}

/// A form sent twice is filed once; an old tab overwrites nothing, and what was typed in it is still there. Shows R56.
#[tokio::test]
async fn a_form_sent_twice_is_filed_once_and_a_stale_draft_loses_nothing() {
    let office = Office::open().await;
    let owner = office.account("library.one", Role::Applicant, Some("library")).await;
    let draft = flow::begin_item(&office.app, &by(&owner), Kind::Dataset, Fields::new()).await.unwrap();
    let fields = office.dataset_fields(&draft).await;
    let version = office.fill(&by(&owner), &draft, &fields).await;
    let (page, old) = (format!("/mydata-backend/drafts/{}", draft.id), draft.version.to_string());
    let mut browser = at(&office, &owner).await;
    browser.get(&page).await.says("示範借閱紀錄");
    let stale = browser.post(&page, &[("do", "save"), ("version", &old), ("name", "另一個視窗的名稱")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    stale.says("另一個視窗的名稱");
    stale.says("示範借閱紀錄");
    browser.get(&page).await.says("示範借閱紀錄");

    let (id, version) = (draft.id.to_string(), version.to_string());
    let form: &[(&str, &str)] = &[("do", "file"), ("draft", &id), ("version", &version)];
    browser.get(&format!("{page}/overview")).await.says("示範借閱紀錄");
    let stale = browser.post("/mydata-backend/drafts/file", &[("draft", &id), ("version", "1")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    stale.says("已在其他視窗或由其他人儲存過");
    let (first, second) = (
        browser.post("/mydata-backend/drafts/file", form).await,
        browser.post("/mydata-backend/drafts/file", form).await,
    );
    assert_eq!((first.status, second.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
    assert_eq!(first.location(), second.location());
    assert_eq!(office.rows("filings").await, 1);
    let gone = browser.get(&page).await;
    assert!(gone.status.is_client_error(), "{}", gone.status);
    office.close().await;
}

/// By changing an id in an address, one organisation learns nothing of another: no draft, upload, filing, number, secret, test.
/// Shows R44, R48.
#[tokio::test]
async fn another_organisations_ids_lead_nowhere() {
    let office = Office::open().await;
    let (item, owner) = office.testing_dataset().await;
    let draft = flow::begin_form(&office.app, &by(&owner), item, FilingKind::GoLive).await.unwrap();
    let upload = office.upload(&draft, Purpose::Checklist).await;
    let kept = office.item(item).await;
    let record = kept.test_record.clone().unwrap();
    let number = kept.number.unwrap().to_string();
    let secret = office.registered().await.datasets[&record.parse().unwrap()].secret.expose().to_owned();
    let filing = {
        let store = &office.app.store;
        let all =
            mydata_store::repo::filings::of_item(&store.db, &mydata_store::repo::list::Scope::All, item);
        all.await.unwrap()[0].id
    };
    let stranger = office.account("museum.one", Role::Applicant, Some("museum")).await;
    let deputy = office.account("museum.two", Role::Deputy, Some("museum")).await;
    let commission = office.account("museum.three", Role::Authority, Some("museum")).await;
    let addresses = [
        format!("/mydata-backend/drafts/{}", draft.id),
        format!("/mydata-backend/drafts/{}/overview", draft.id),
        format!("/mydata-backend/drafts/{}/delete", draft.id),
        format!("/mydata-backend/uploads/{upload}"),
        format!("/mydata-backend/items/{item}"),
        format!("/mydata-backend/items/{item}/act?act=delist"),
        format!("/mydata-backend/items/{item}/display"),
        format!("/mydata-backend/items/{item}/credentials?zone=test"),
        format!("/mydata-backend/items/{item}/front-test"),
        format!("/mydata-backend/items/{item}/go-live"),
        format!("/mydata-backend/items/{item}/change"),
        review(filing),
        format!("{}/print", review(filing)),
        format!("{}/pdf", review(filing)),
    ];
    for account in [&stranger, &deputy, &commission] {
        let mut browser = at(&office, account).await;
        for address in &addresses {
            let answer = browser.get(address).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{address} for {}", account.name);
            for text in ["示範借閱紀錄", &number, &secret, &record] {
                hides(&answer, text);
            }
        }
        // Nor by posting.
        browser.get("/mydata-backend").await;
        let id = draft.id.to_string();
        let posts: [(String, Vec<(&str, &str)>); 5] = [
            (format!("/mydata-backend/items/{item}/act"), vec![("act", "delist"), ("reason", "x")]),
            (format!("/mydata-backend/items/{item}/credentials"), vec![("do", "rotate"), ("zone", "test")]),
            (format!("/mydata-backend/drafts/{id}"), vec![("do", "save"), ("version", "1")]),
            (format!("/mydata-backend/drafts/{id}/delete"), Vec::new()),
            ("/mydata-backend/drafts/file".to_owned(), vec![("draft", &id), ("version", "1")]),
        ];
        for (address, fields) in &posts {
            let answer = browser.post(address, fields).await;
            assert!(answer.status.is_client_error(), "{address} for {}: {}", account.name, answer.status);
        }
        for list in ["/mydata-backend/reviews", "/mydata-backend/drafts", "/mydata-backend/datasets"] {
            let answer = browser.get(list).await;
            hides(&answer, &number);
            hides(&answer, &draft.id.to_string());
        }
    }
    assert_eq!(office.stage(item).await, StageName::Testing);
    assert!(office.draft(draft.id, &owner).await.is_some());
    office.close().await;
}

/// Shown after a proof, replaced with an overlap, ended. Shows R44.
#[tokio::test]
async fn credentials_are_shown_replaced_and_ended_through_the_door() {
    let office = Office::open().await;
    let (item, owner) = office.testing_dataset().await;
    let page = format!("/mydata-backend/items/{item}/credentials");
    let shown = format!("{page}?zone=test");
    let record = office.item(item).await.test_record.unwrap();
    let works = async || -> Vec<String> {
        let registered = office.registered().await;
        let dataset = &registered.datasets[&record.parse().unwrap()];
        dataset.secrets(office.now()).map(|s| s.expose().to_owned()).collect()
    };
    let first = works().await.remove(0);
    let mut browser = at(&office, &owner).await;
    browser.get(&shown).await.says(&first);
    office.pass(Duration::from_secs(1));
    let rotated = browser.post(&page, &[("do", "rotate"), ("zone", "test")]).await;
    assert_eq!(rotated.status, StatusCode::OK);
    hides(&rotated, &first);
    let both = works().await;
    assert_eq!((both.len(), both[1].as_str()), (2, first.as_str()), "both work");
    rotated.says(&both[0]);
    rotated.says("舊");
    let ended = browser.post(&page, &[("do", "end"), ("zone", "test")]).await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER);
    assert_eq!(works().await, [both[0].clone()]);
    office.pass(Duration::from_secs(1));
    browser.get(&shown).await;
    browser.post(&page, &[("do", "rotate-now"), ("zone", "test")]).await;
    assert_eq!(works().await.len(), 1);
    assert_ne!(works().await, [both[0].clone()]);
    // There is none of production yet.
    browser.get(&shown).await;
    let none = browser.post(&page, &[("do", "rotate"), ("zone", "production")]).await;
    assert_eq!(none.status, StatusCode::CONFLICT);
    // The proof grows old.
    office.pass(Duration::from_secs(5 * 60));
    let old = browser.get(&shown).await;
    assert_eq!(old.status, StatusCode::SEE_OTHER);
    assert!(old.location().starts_with("/mydata-backend/prove"));
    office.close().await;
}

/// The page of an item leads to the form that it is time for. Shows R30, R32.
#[tokio::test]
async fn the_page_of_an_item_leads_to_its_forms() {
    let office = Office::open().await;
    let (item, owner) = office.testing_dataset().await;
    let page = format!("/mydata-backend/items/{item}");
    let mut browser = at(&office, &owner).await;
    let shown = browser.get(&page).await;
    shown.says("申請上線");
    hides(&shown, "延長測試");
    let href = format!("{page}/go-live");
    shown.says(&format!("href=\"{href}\""));
    assert_eq!(browser.get(&href).await.status, StatusCode::OK);
    let filed = flow::begin_item(&office.app, &by(&owner), Kind::Service, Fields::new()).await.unwrap();
    let draft = format!("/mydata-backend/items/{}", filed.item.unwrap());
    browser.get(&draft).await.says(&format!("href=\"{draft}/application\""));
    let operator = office.account("operator.three", Role::Operator, None).await;
    hides(&at(&office, &operator).await.get(&page).await, &href);
    office.close().await;
}

/// Shows R41.
#[tokio::test]
async fn a_signing_certificate_is_replaced_through_the_door() {
    let office = Office::open().await;
    let (item, owner) = office.testing_dataset().await;
    let page = format!("/mydata-backend/items/{item}/certificate");
    let shown = format!("{page}?zone=test");
    let record = office.item(item).await.test_record.unwrap();
    let kept = async || {
        let registered = office.registered().await;
        registered.datasets[&record.parse().unwrap()].dataset.signer_certificate.clone()
    };
    let before = kept().await;
    // What is registered is looked at once a second.
    office.pass(Duration::from_secs(2));
    let mut browser = at(&office, &owner).await;
    browser.get(&format!("/mydata-backend/items/{item}")).await.says(&shown);
    browser.get(&shown).await.says("BEGIN CERTIFICATE");
    for bad in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"] {
        let refused = browser.post(&page, &[("zone", "test"), ("certificate", bad)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
        refused.says("aria-invalid=\"true\"");
    }
    assert_eq!(kept().await, before);
    let good = office.certificate(jiff::civil::date(2028, 1, 20));
    let done = browser.post(&page, &[("zone", "test"), ("certificate", &good)]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(kept().await.as_deref(), Some(good.trim()));
    // There is none of production yet.
    let none = browser.get(&format!("{page}?zone=production")).await;
    assert_eq!(none.status, StatusCode::SEE_OTHER);
    office.close().await;
}
