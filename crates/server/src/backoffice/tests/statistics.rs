//! 統計數據 through the door, and how a step of an exchange gets into it.

use http::StatusCode;
use mydata_domain::Zone;
use mydata_domain::account::session::Stage;
use mydata_domain::account::{Account, Role};
use mydata_domain::audit::{Actor, Event, What};
use mydata_domain::calendar::day_of;
use mydata_domain::entry::Accepted;
use mydata_domain::registry::Registry;
use mydata_domain::statistics::{Area, Count, Counts, Facet};
use mydata_domain::transaction::Transaction;
use mydata_store::Tx;
use mydata_store::repo::list::Scope;
use mydata_store::repo::statistics::{self, Asked};
use mydata_store::repo::transactions::{self, Which};
use mydata_store::repo::{items, registry};
use mydata_wire::SystemRandom;
use mydata_wire::pid::Pid;
use mydata_wire::returns::ReturnTarget;

use super::{Answered, Browser, Office};
use crate::flow::{Change, FlowError, step};

const LOANS: &str = "API.Kr1C3b1ijJ";
const COLLECTION: &str = "API.0sD8yWq2Lm";

/// A dataset of the library and one of the museum, in the test zone.
async fn registered(office: &Office) {
    let dataset = |id: &str, organisation: &str, name: &str| {
        serde_json::from_value(serde_json::json!({
            "resource_id": id,
            "resource_secret": "lxLRIhDcR59kp2SG",
            "zone": "test",
            "organisation": organisation,
            "name": name,
            "name_en": name,
            "category": "教育",
            "weakest_verification": "NHI",
            "dp_api": "https://api.library.example/mydata",
            "state": "listed",
        }))
        .unwrap()
    };
    let document = &Registry {
        datasets: vec![
            dataset(LOANS, "library", "=示範借閱紀錄"),
            dataset(COLLECTION, "museum", "示範典藏授權"),
        ],
        ..registry::export(&office.app.store.db, &office.app.store.crypter).await.unwrap()
    };
    let (crypter, now) = (&office.app.store.crypter, office.now());
    let apply = |tx: Tx| async move { registry::apply(&tx, crypter, document, now).await };
    office.app.store.db.run_tx("test", apply).await.unwrap();
}

async fn count(office: &Office, subject: &str, values: &[(Facet, &str)]) {
    let count = |(facet, value): &(Facet, &str)| Count {
        area: Area::Datasets,
        subject: subject.to_owned(),
        facet: *facet,
        value: (*value).to_owned(),
    };
    let counts =
        &Counts { zone: Zone::Test, day: day_of(office.now()), counts: values.iter().map(count).collect() };
    let add = |tx: Tx| async move { statistics::add(&tx, counts).await };
    office.app.store.db.run_tx("test", add).await.unwrap();
}

async fn at<'o>(office: &'o Office, account: &Account) -> Browser<'o> {
    office.session(account.id, Stage::Whole, office.now()).await.0
}

fn hides(answer: &Answered, text: &str) {
    assert!(!answer.body.contains(text), "{text:?} is said:\n{}", answer.body);
}

const PAGE: &str = "/mydata-backend/statistics?area=datasets";

/// Organisations see their own numbers alone, wherever they look; the operating side and the auditor see all.
#[tokio::test]
async fn everybody_sees_the_numbers_they_may_see() {
    let office = Office::open().await;
    registered(&office).await;
    let well = [(Facet::Outcome, "collected"), (Facet::Wait, "2000")];
    for _ in 0..3 {
        count(&office, LOANS, &well).await;
    }
    for _ in 0..1_234 {
        count(&office, COLLECTION, &[(Facet::Outcome, "no-data")]).await;
    }
    let library = office.account("jenny", Role::Applicant, Some("library")).await;
    let mut browser = at(&office, &library).await;
    browser.get("/mydata-backend").await.says("href=\"/mydata-backend/statistics\"");
    let page = browser.get(PAGE).await;
    page.says("=示範借閱紀錄");
    page.says("<dd class=\"sum\">3</dd>");
    page.says("100.0%");
    page.says("1.8 秒");
    hides(&page, "示範典藏授權");
    hides(&page, "1,23");
    // Another's, named in the address, does not exist; nor does what nobody has.
    for of in [COLLECTION, "API.0000000000", "x'--"] {
        for path in ["statistics", "statistics.csv"] {
            let path = format!("/mydata-backend/{path}?area=datasets&of={of}");
            assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
    browser.get(&format!("{PAGE}&of={LOANS}")).await.says("看全部");
    browser.get("/mydata-backend/statistics").await.says("這段期間沒有數據");
    let wrong = browser.get(&format!("{PAGE}&from=115/11/30&until=115/11/1")).await;
    wrong.says("迄日早於起日");
    wrong.says("value=\"115/11/30\"");

    for role in [Role::Operator, Role::Ministry, Role::Administrator, Role::Auditor] {
        let account = office.account(role.as_str(), role, None).await;
        let page = at(&office, &account).await.get(PAGE).await;
        page.says("<dd class=\"sum\">1,237</dd>");
        page.says("示範典藏授權");
    }
    let authority = office.account("authority", Role::Authority, Some("museum")).await;
    at(&office, &authority).await.get(PAGE).await.says("這段期間沒有數據");
    office.close().await;
}

/// The file opens in a spreadsheet as what it says, and nothing in it is a formula.
#[tokio::test]
async fn the_numbers_go_out_as_csv() {
    let office = Office::open().await;
    registered(&office).await;
    count(&office, LOANS, &[(Facet::Outcome, "collected"), (Facet::Wait, "2000")]).await;
    let library = office.account("jenny", Role::Applicant, Some("library")).await;
    let mut browser = at(&office, &library).await;
    let csv = "/mydata-backend/statistics.csv?area=datasets&from=115/11/20&until=115/11/21";
    let file = browser.get(csv).await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    let disposition = "attachment; filename=\"mydata-datasets-periods-2026-11-20-2026-11-21.csv\"";
    assert_eq!(file.headers["content-disposition"], disposition);
    let lines: Vec<&str> = file.body.split("\r\n").collect();
    assert!(
        lines[0].starts_with("起日,迄日,起日（民國）,次數,取得資料,查無資料,資料無法提供,"),
        "{}",
        lines[0]
    );
    assert_eq!(lines[1], "2026-11-20,2026-11-20,115/11/20,0,0,0,0,,");
    assert_eq!(lines[2], "2026-11-21,2026-11-21,115/11/21,1,1,0,0,2.0,2.0");
    let subjects = browser.get(&format!("{csv}&table=subjects&bom=yes")).await;
    assert!(subjects.body.starts_with('\u{feff}'));
    assert_eq!(subjects.body.lines().nth(1), Some("API.Kr1C3b1ijJ,'=示範借閱紀錄,示範圖書館,1,1"));
    office.close().await;
}

/// Shows on an item's page how much it was used.
#[tokio::test]
async fn an_item_shows_how_much_it_was_used() {
    let office = Office::open().await;
    registered(&office).await;
    count(&office, LOANS, &[(Facet::Outcome, "collected")]).await;
    let library = office.account("jenny", Role::Applicant, Some("library")).await;
    let own = Scope::Organisation("library".parse().unwrap());
    let item = items::list(&office.app.store.db, &own, &Default::default()).await.unwrap().rows.remove(0);
    let page = at(&office, &library).await.get(&format!("/mydata-backend/items/{}", item.id)).await;
    page.says("最近 30 天的使用情形");
    page.says("共 1 次，其中「取得資料」1 次");
    page.says(&format!("/mydata-backend/statistics?area=datasets&#38;of={LOANS}"));
    office.close().await;
}

/// A step that was made is counted, once; one that was not made is not, however often it is tried.
#[tokio::test]
async fn the_step_that_ends_an_exchange_counts_it_once() {
    for engine in [mydata_store::Engine::Sqlite, mydata_store::Engine::Postgres] {
        let office = Office::open_on(engine).await;
        let (app, policy) = (&office.app, &office.app.config.policy);
        let registered = ["https://bank.example/done".parse().unwrap()];
        let accepted = Accepted {
            client_id: "CLI.qqOjnjO4WR".parse().unwrap(),
            zone: Zone::Test,
            tx_id: "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e".parse().unwrap(),
            resources: vec![LOANS.parse().unwrap()],
            target: ReturnTarget::matching("https://bank.example/done", &registered).unwrap(),
            pid: Pid::NotChecked,
        };
        let t = &Transaction::enter(accepted, office.now(), policy, &SystemRandom);
        let insert = |tx: Tx| async move { transactions::insert(&tx, &app.store.crypter, t, "b").await };
        app.store.db.run_tx("test", insert).await.unwrap();
        let asked = Asked {
            area: Area::Exchanges,
            zone: Zone::Test,
            from: day_of(office.now()),
            until: day_of(office.now()),
            subject: None,
        };
        let counted = async || {
            let sums = statistics::by_day(&app.store.db, &Scope::All, &asked).await.unwrap();
            sums.into_iter().map(|sum| (sum.value, sum.number)).collect::<Vec<_>>()
        };
        // What follows the change fails: an event that does not fit is as good a reason as a lost connection.
        let broken = step(app, "test", Which::Id(t.id), None, |kept, now| {
            kept.transaction.refuse(now)?;
            let event = Event::new(now, Actor::Citizen, What::Refused).of(kept.transaction.id);
            let _ = Change::telling(()).event(event);
            Err::<Change<()>, _>(FlowError::Broken("the power went".to_owned()))
        });
        assert!(broken.await.is_err());
        assert_eq!(counted().await, []);
        let refuse = || {
            step(app, "test", Which::Id(t.id), None, |kept, now| {
                Ok(Change::telling(()).wiping(kept.transaction.refuse(now)?))
            })
        };
        refuse().await.unwrap();
        assert_eq!(counted().await, [("refused".to_owned(), 1)]);
        assert!(refuse().await.is_err(), "it is over");
        let again = step(app, "test", Which::Id(t.id), None, |_, _| Ok(Change::telling(())));
        again.await.unwrap();
        assert_eq!(counted().await, [("refused".to_owned(), 1)]);
        office.close().await;
    }
}
