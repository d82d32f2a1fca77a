//! The sums, on both engines.

use mydata_domain::Zone;
use mydata_domain::calendar::Date;
use mydata_domain::organisation::OrganisationKind;
use mydata_domain::registry::Registry;
use mydata_domain::statistics::{Area, Count, Counts, Facet, day_number};

use super::super::list::Scope;
use super::super::registry;
use super::super::statistics::{self, Asked, Subject};
use super::{id, organisation};
use crate::StoreError;
use crate::testing::{START, TestStore, on_both};

fn day(month: i8, day: i8) -> Date {
    Date::constant(2026, month, day)
}

async fn count(store: &TestStore, day: Date, subject: &str, values: &[(Facet, &str)]) {
    let count = |(facet, value): &(Facet, &str)| Count {
        area: Area::Datasets,
        subject: subject.to_owned(),
        facet: *facet,
        value: (*value).to_owned(),
    };
    let counts = &Counts { zone: Zone::Test, day, counts: values.iter().map(count).collect() };
    store.db.run_tx("count", |tx| async move { statistics::add(&tx, counts).await }).await.unwrap();
}

fn asked(from: Date, until: Date) -> Asked {
    Asked { area: Area::Datasets, zone: Zone::Test, from, until, subject: None }
}

/// Two datasets, of the library and of the museum.
async fn datasets(store: &TestStore) {
    let of = |id: &str| organisation(id, "示範", OrganisationKind::Agency);
    let registry = &Registry { organisations: vec![of("library"), of("museum")], ..Registry::default() };
    let crypter = &store.crypter;
    let fill = |tx: crate::Tx| async move {
        registry::write(&tx, crypter, registry, START).await?;
        for (resource, organisation) in [("API.0000000001", "library"), ("API.0000000002", "museum")] {
            tx.run(
                "INSERT INTO datasets (resource_id, zone, organisation, state, name, body, secret, updated_at) \
                 VALUES ($1, 'test', $2, 'listed', 'x', '{}', $3, 0)",
                crate::args![resource, organisation, vec![0u8]],
            )
            .await?;
        }
        Ok(())
    };
    store.db.run_tx("fill", fill).await.unwrap();
}

#[tokio::test]
async fn sums_are_kept_by_day_and_seen_by_those_who_may() {
    on_both(async |store: TestStore| {
        datasets(&store).await;
        let (first, second) = ("API.0000000001", "API.0000000002");
        let well = [(Facet::Outcome, "collected"), (Facet::Wait, "2000")];
        count(&store, day(11, 20), first, &well).await;
        count(&store, day(11, 20), second, &well).await;
        count(&store, day(11, 21), first, &well).await;
        count(&store, day(11, 21), first, &[(Facet::Outcome, "no-data"), (Facet::Outcome, "no-data")]).await;
        let read = async |scope: &Scope, asked: &Asked| {
            let sums = statistics::by_day(&store.db, scope, asked).await.unwrap();
            let text =
                |s: &statistics::Sum| format!("{} {} {}", s.day - day_number(day(11, 20)), s.value, s.number);
            sums.iter().map(text).collect::<Vec<_>>()
        };
        let all = asked(day(11, 1), day(11, 30));
        let whole = ["0 collected 2", "0 2000 2", "1 collected 1", "1 no-data 2", "1 2000 1"];
        assert_eq!(read(&Scope::All, &all).await, whole);
        assert_eq!(read(&Scope::All, &asked(day(11, 21), day(11, 21))).await, whole[2..]);
        let of_museum = Scope::Organisation(id("museum"));
        assert_eq!(read(&of_museum, &all).await, ["0 collected 1", "0 2000 1"]);
        let of_other = Asked { subject: Some(first.to_owned()), ..all.clone() };
        assert!(read(&of_museum, &of_other).await.is_empty(), "another's dataset, named");
        assert_eq!(read(&Scope::All, &of_other).await[0], "0 collected 1");
        let production = Asked { zone: Zone::Production, ..all.clone() };
        assert!(read(&Scope::All, &production).await.is_empty());

        let ranked = async |scope: &Scope, asked: &Asked| {
            statistics::subjects(&store.db, scope, asked, 10).await.unwrap()
        };
        let row = |id: &str, number, well| Subject { id: id.to_owned(), number, well };
        // Whole months are read from other rows than single days; both say the same.
        for span in [all.clone(), asked(day(11, 20), day(11, 21)), asked(day(10, 7), day(12, 3))] {
            assert_eq!(ranked(&Scope::All, &span).await, [row(first, 4, 2), row(second, 1, 1)]);
            assert_eq!(ranked(&of_museum, &span).await, [row(second, 1, 1)]);
        }
        assert!(ranked(&Scope::Authority(id("library")), &all).await.is_empty(), "nobody in its charge");
    })
    .await;
}

/// What is taken back is not counted.
#[tokio::test]
async fn counts_go_with_their_transaction() {
    on_both(async |store: TestStore| {
        let counts = &Counts {
            zone: Zone::Test,
            day: day(11, 21),
            counts: vec![Count {
                area: Area::Exchanges,
                subject: "CLI.qqOjnjO4WR".to_owned(),
                facet: Facet::Outcome,
                value: "delivered".to_owned(),
            }],
        };
        let broken = store.db.run_tx("count", |tx| async move {
            statistics::add(&tx, counts).await?;
            Err::<(), _>(StoreError::NotFound)
        });
        assert!(broken.await.is_err());
        let asked = Asked { area: Area::Exchanges, ..asked(day(11, 21), day(11, 21)) };
        assert!(statistics::by_day(&store.db, &Scope::All, &asked).await.unwrap().is_empty());
    })
    .await;
}
