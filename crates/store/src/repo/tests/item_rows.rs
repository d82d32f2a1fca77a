//! Items, their steps and their history.

use mydata_domain::Time;
use mydata_domain::account::Role;
use mydata_domain::calendar::day_of;
use mydata_domain::filing::{FilingId, FormNumber, Letter, Reason};
use mydata_domain::item::rule::Deed;
use mydata_domain::item::stage::Filed;
use mydata_domain::item::{Act, Cause, Certificate, ItemId, Kind, Refused, Stage, StageName, step};
use mydata_domain::registry::Registry;
use mydata_wire::SystemRandom;

use super::*;
use crate::StoreError;
use crate::repo::items::{Filter, Origin, Sort, history, list, load, load_for_update, note, of_record};
use crate::repo::list::{List, Scope};
use crate::testing::{START, on_both};

fn file(now: Time) -> Act {
    let number = FormNumber::new(Letter::A, day_of(now), 1).unwrap();
    Act::File(Filed { filing: FilingId::generate(&SystemRandom), number, by: account(1), at: now })
}

/// One step as a flow makes it.
async fn make(
    store: &TestStore,
    id: ItemId,
    act: Act,
    actor: &Actor,
    now: Time,
) -> Result<StageName, Refused> {
    let act = &act;
    store
        .db
        .run_tx_as(crate::Isolation::ReadCommitted, "step", async |tx| {
            let mut kept = load_for_update(&tx, &Scope::All, id).await?.expect("the item is there");
            let facts = items::facts(&tx, &kept).await?;
            let stepped = match step(kept.stage.clone(), act.clone(), actor, &facts, now) {
                Ok(stepped) => stepped,
                Err(refused) => return Ok::<_, StoreError>(Err(refused)),
            };
            kept.take(&stepped);
            kept.save(&tx, now, None).await?;
            note(&tx, id, &stepped, actor, None, now).await?;
            Ok(Ok(stepped.stage.name()))
        })
        .await
        .unwrap()
}

#[tokio::test]
async fn an_item_is_kept_with_its_stage_and_its_whole_way() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        let begun = begin(&store, "library", Kind::Dataset, "館藏資料", "教育", START).await;
        assert_eq!(load(&store.db, &Scope::All, begun.id).await.unwrap().as_ref(), Some(&begun));
        let (owner, operator) =
            (person(1, Role::Applicant, Some("library")), person(2, Role::Operator, None));
        make(&store, begun.id, file(later(5)), &owner, later(5)).await.unwrap();
        make(&store, begun.id, Act::Refuse("請補正".parse().unwrap()), &operator, later(9)).await.unwrap();

        let kept = load(&store.db, &Scope::All, begun.id).await.unwrap().unwrap();
        assert!(matches!(&kept.stage, Stage::Draft(d) if d.returned.is_some()));
        assert_eq!((kept.updated_at, kept.created_at), (later(9), START));
        let way = history(&store.db, begun.id).await.unwrap();
        let told: Vec<_> = way.iter().map(|e| (e.at, e.deed, e.from, e.to, e.role)).collect();
        assert_eq!(
            told,
            [
                (later(5), Deed::Filed, StageName::Draft, StageName::OperatorReview, Some(Role::Applicant)),
                (later(9), Deed::Returned, StageName::OperatorReview, StageName::Draft, Some(Role::Operator)),
            ]
        );
        assert_eq!(way[1].reason.as_ref().map(Reason::as_str), Some("請補正"));
    })
    .await;
}

/// Two reviewers press at once: one decides, the other is told that it is done.
#[tokio::test]
async fn two_reviewers_at_once_decide_once() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        let item = begin(&store, "library", Kind::Service, "借閱", "教育", START).await.id;
        let owner = person(1, Role::Applicant, Some("library"));
        make(&store, item, file(START), &owner, START).await.unwrap();
        let (one, two) = (person(2, Role::Operator, None), person(3, Role::Operator, None));
        let refuse = Act::Refuse("請補正".parse().unwrap());
        let (a, b) = tokio::join!(
            make(&store, item, Act::Approve(None), &one, later(1)),
            make(&store, item, refuse, &two, later(1))
        );
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
        let refused = a.err().or(b.err()).unwrap();
        assert!(matches!(refused, Refused::NotNow { .. }), "{refused}");
        assert_eq!(history(&store.db, item).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn one_organisation_never_sees_anothers_items() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        let own = begin(&store, "library", Kind::Dataset, "館藏資料", "教育", START).await;
        begin(&store, "bank", Kind::Dataset, "存款資料", "財稅金融", START).await;
        let bank = Scope::Organisation(id("bank"));
        assert_eq!(load(&store.db, &bank, own.id).await.unwrap(), None);
        let found =
            store.db.run_tx("see", async |tx| load_for_update(&tx, &bank, own.id).await).await.unwrap();
        assert_eq!(found, None);
        let all: List<Filter, Sort> = List::default();
        let seen = list(&store.db, &bank, &all).await.unwrap();
        assert_eq!(seen.rows.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["存款資料"]);
        // Neither by asking for the other's rows.
        let asked =
            List { filter: Filter { organisation: Some(id("library")), ..Filter::default() }, ..all.clone() };
        assert_eq!(list(&store.db, &bank, &asked).await.unwrap().count, 0);
        assert_eq!(list(&store.db, &Scope::Authority(id("commission")), &all).await.unwrap().count, 0);
    })
    .await;
}

#[tokio::test]
async fn a_registry_record_belongs_to_one_item() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        let mut first = begin(&store, "library", Kind::Dataset, "一", "教育", START).await;
        let mut second = begin(&store, "library", Kind::Dataset, "二", "教育", START).await;
        first.test_record = Some("API.Kr1C3b1ijJ".to_owned());
        second.test_record.clone_from(&first.test_record);
        first.certificates = vec![Certificate { name: "c".to_owned(), until: later(9), warned: Some(7) }];
        let (first, second) = (&first, &second);
        store.db.run_tx("save", async |tx| first.clone().save(&tx, START, None).await).await.unwrap();
        let refused = store.db.run_tx("save", async |tx| second.clone().save(&tx, START, None).await).await;
        assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
        let found =
            of_record(&store.db, &Scope::All, Kind::Dataset, "API.Kr1C3b1ijJ").await.unwrap().unwrap();
        assert_eq!((found.id, &found.certificates), (first.id, &first.certificates));
        let other =
            of_record(&store.db, &Scope::Organisation(id("bank")), Kind::Dataset, "API.Kr1C3b1ijJ").await;
        assert_eq!(other.unwrap(), None);
    })
    .await;
}

pub(super) fn from_file(state: &str, name: &str) -> Registry {
    let dataset = serde_json::json!({
        "resource_id": "API.Kr1C3b1ijJ", "resource_secret": "lxLRIhDcR59kp2SG", "zone": "test", "organisation": "library",
        "name": name, "name_en": "Holdings", "category": "教育", "weakest_verification": "NHI",
        "dp_api": "https://library.example/holdings", "state": state,
    });
    Registry { datasets: vec![serde_json::from_value(dataset).unwrap()], ..Registry::default() }
}

#[tokio::test]
async fn what_a_registry_file_declares_shows_as_an_item() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        let crypter = &store.crypter;
        let apply = async |registry: Registry, now: Time| {
            let registry = &registry;
            store
                .db
                .run_tx("apply", async |tx| registry::apply(&tx, crypter, registry, now).await)
                .await
                .unwrap()
        };
        let all: List<Filter, Sort> = List::default();
        let row = async || {
            let page = list(&store.db, &Scope::All, &all).await.unwrap();
            assert_eq!(page.count, 1);
            page.rows[0].clone()
        };
        assert_eq!(apply(from_file("listed", "館藏資料"), START).await.added.len(), 1);
        let first = row().await;
        assert_eq!(
            (first.origin, first.stage, first.listed_at),
            (Origin::File, StageName::Listed, Some(START))
        );
        assert_eq!((first.name.as_str(), first.organisation_name.as_str()), ("館藏資料", "示範國家圖書館"));
        assert_eq!(first.test_record.as_deref(), Some("API.Kr1C3b1ijJ"));
        // Applied again, nothing happens.
        assert_eq!(apply(from_file("listed", "館藏資料"), later(60)).await.unchanged, 1);
        assert_eq!(row().await, first);
        // Renamed, it is the same item, listed since the same day.
        apply(from_file("listed", "館藏書目"), later(61)).await;
        let renamed = row().await;
        assert_eq!(
            (renamed.id, renamed.name.as_str(), renamed.listed_at),
            (first.id, "館藏書目", Some(START))
        );
        apply(from_file("failing", "館藏書目"), later(62)).await;
        assert_eq!((row().await.stage, row().await.cause), (StageName::Suspended, Some(Cause::Failing)));
        apply(from_file("delisted", "館藏書目"), later(63)).await;
        assert_eq!(row().await.stage, StageName::Delisted);

        // A record that the back office has made its own is left to it.
        store.db.execute("own", "UPDATE items SET origin = 'office'", crate::args![]).await.unwrap();
        apply(from_file("listed", "改名"), later(64)).await;
        assert_eq!((row().await.stage, row().await.name), (StageName::Delisted, "館藏書目".to_owned()));
    })
    .await;
}
