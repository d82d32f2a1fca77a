//! How items are.

use mydata_domain::Zone;
use mydata_domain::health::{ByRule, Fault, FaultKind, Figure, Health, Outcome, Poll, Probe, Step, Tried};
use mydata_domain::item::ItemId;
use mydata_wire::AccessToken;

use super::*;
use crate::repo::health::{self, Counts, Filter, Sort, Standing};
use crate::repo::list::{List, Scope};
use crate::testing::on_both;

async fn put(store: &TestStore, item: ItemId, state: &Health) {
    store.db.run_tx("save", async |tx| health::save(&tx, item, state).await).await.unwrap();
}

fn failing(since: i64, failures: u32) -> Health {
    let fault = Fault::new(FaultKind::ResponseStatus, 503);
    Health {
        polled: true,
        since: Some(later(since)),
        failures,
        polls: vec![Poll { at: later(since), ms: 12, fault: Some(fault.clone()) }],
        fault: Some(fault),
        told: true,
        held: true,
        by_rule: ByRule::Over,
    }
}

#[tokio::test]
async fn what_is_known_of_an_item_is_read_back() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        let item = begin(&store, "library", Kind::Dataset, "館藏資料", "教育", START).await.id;
        assert_eq!(health::load(&store.db, item).await.unwrap(), (Health::default(), None));
        let probe = &Probe {
            at: START,
            zone: Zone::Test,
            record: "API.Kr1C3b1ijJ".to_owned(),
            address: "https://dp.example/".to_owned(),
            steps: vec![Tried {
                step: Step::Dns,
                outcome: Outcome::Passed { ms: 1, figures: vec![Figure::Literal] },
            }],
        };
        store.db.run_tx("probe", async |tx| health::save_probe(&tx, item, probe).await).await.unwrap();
        assert_eq!(
            health::load(&store.db, item).await.unwrap(),
            (Health::default(), Some(probe.clone())),
            "a test alone switches nothing on"
        );
        let state = failing(5, 3);
        put(&store, item, &state).await;
        assert_eq!(health::load(&store.db, item).await.unwrap(), (state.clone(), Some(probe.clone())));
        let locked = store.db.run_tx("l", async |tx| health::load_for_update(&tx, item).await).await;
        assert_eq!(locked.unwrap(), state);
    })
    .await;
}

/// What fails, since when, in lists that never reach beyond whom they are for.
#[tokio::test]
async fn what_fails_is_listed_with_its_reason_for_whom_it_concerns() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        let one = begin(&store, "library", Kind::Dataset, "館藏資料", "教育", START).await.id;
        let two = begin(&store, "library", Kind::Dataset, "借閱紀錄", "教育", START).await.id;
        let bank = begin(&store, "bank", Kind::Dataset, "帳戶資料", "財稅金融", START).await.id;
        let service = begin(&store, "bank", Kind::Service, "線上開戶", "財稅金融", START).await.id;
        let well = begin(&store, "bank", Kind::Service, "信用貸款", "財稅金融", START).await.id;
        for (item, since, failures) in [(one, 30, 1), (two, 10, 7), (bank, 20, 3), (service, 5, 2)] {
            put(&store, item, &failing(since, failures)).await;
        }
        put(&store, well, &Health { polled: true, ..Health::default() }).await;

        let mut asked: List<Filter, Sort> =
            List { filter: Filter { kind: Some(Kind::Dataset) }, descending: false, ..List::default() };
        let ids = async |scope: &Scope, asked: &List<Filter, Sort>| -> Vec<ItemId> {
            let page = health::failing(&store.db, scope, asked).await.unwrap();
            page.rows.iter().map(|row| row.item.id).collect()
        };
        assert_eq!(ids(&Scope::All, &asked).await, [two, bank, one], "the longest first");
        let library = Scope::Organisation(id("library"));
        assert_eq!(ids(&library, &asked).await, [two, one]);
        asked.sort = Sort::Failures;
        asked.descending = true;
        assert_eq!(ids(&Scope::All, &asked).await, [two, bank, one], "the most often first");
        asked.search = "館藏".to_owned();
        assert_eq!(ids(&Scope::All, &asked).await, [one]);
        asked.search.clear();
        asked.size = 2;
        asked.page = 2;
        let page = health::failing(&store.db, &Scope::All, &asked).await.unwrap();
        assert_eq!((page.count, page.rows.len()), (3, 1));
        let row = &page.rows[0];
        assert_eq!((row.since, row.failures, row.polled), (later(30), 1, true));
        assert_eq!(row.fault, Some(Fault::new(FaultKind::ResponseStatus, 503)));

        assert_eq!(health::counts(&store.db).await.unwrap(), Counts { polled: 5, failing: 4 });
        let known = health::standings(&store.db, &[one, well]).await.unwrap();
        assert_eq!(known[&one], Standing { polled: true, since: Some(later(30)) });
        assert_eq!(known[&well], Standing { polled: true, since: None });
        assert!(health::standings(&store.db, &[]).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn polled_items_without_a_job_are_found() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        let item = begin(&store, "library", Kind::Dataset, "館藏資料", "教育", START).await.id;
        let missing = async |stages: &[&str]| health::unwatched(&store.db, "poll", stages, 10).await.unwrap();
        assert!(missing(&["draft"]).await.is_empty());
        put(&store, item, &Health { polled: true, ..Health::default() }).await;
        assert_eq!(missing(&["draft"]).await, [item]);
        assert!(missing(&["listed"]).await.is_empty() && missing(&[]).await.is_empty());
        let key = item.to_string();
        let job = crate::jobs::NewJob {
            kind: "poll",
            key: Some(&key),
            lane: None,
            payload: "{}",
            run_at: START,
            now: START,
        };
        store.db.run_tx("job", async |tx| crate::jobs::enqueue(&tx, &job).await).await.unwrap();
        assert!(missing(&["draft"]).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_token_of_a_connection_test_ends_and_is_never_kept_in_clear() {
    on_both(async |store: TestStore| {
        let (token, other) = (&AccessToken::generate(&SystemRandom), &AccessToken::generate(&SystemRandom));
        let resource = &"API.Kr1C3b1ijJ".parse().unwrap();
        let crypter = &store.crypter;
        let grant = async |token: &AccessToken, until, now| {
            let grant = async |tx| health::grant(&tx, crypter, token, resource, until, now).await;
            store.db.run_tx("grant", grant).await.unwrap();
        };
        grant(token, later(10), START).await;
        let granted = async |token: &AccessToken| health::granted(&store.db, crypter, token).await.unwrap();
        assert_eq!(granted(token).await, Some((resource.clone(), later(10))));
        assert_eq!(granted(other).await, None);
        let row = store.db.fetch_one("SELECT token FROM probe_grants", &[]).await.unwrap();
        assert!(!row.get_text(0).unwrap().contains(token.expose()));
        // The next test takes away what has ended.
        grant(other, later(20), later(10)).await;
        assert_eq!(granted(token).await, None);
        let end = async |tx| health::end_grant(&tx, crypter, other).await;
        store.db.run_tx("end", end).await.unwrap();
        assert_eq!(granted(other).await, None);
    })
    .await;
}

#[tokio::test]
async fn what_a_registry_file_says_to_fail_is_listed_until_a_file_says_otherwise() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        let crypter = &store.crypter;
        let failing_after = async |state: &str, now: Time| {
            let registry = &super::item_rows::from_file(state, "館藏資料");
            let apply = async |tx| crate::repo::registry::apply(&tx, crypter, registry, now).await;
            store.db.run_tx("apply", apply).await.unwrap();
            let list: List<Filter, Sort> = List::default();
            let page = health::failing(&store.db, &Scope::All, &list).await.unwrap();
            page.rows.into_iter().map(|row| (row.since, row.failures)).collect::<Vec<_>>()
        };
        assert!(failing_after("listed", START).await.is_empty());
        assert_eq!(failing_after("failing", later(5)).await, [(later(5), 0)]);
        assert_eq!(failing_after("failing", later(9)).await, [(later(5), 0)], "since it was said first");
        assert!(failing_after("listed", later(12)).await.is_empty());
        assert_eq!(failing_after("failing", later(20)).await, [(later(20), 0)]);
        assert!(failing_after("delisted", later(30)).await.is_empty());
    })
    .await;
}
