//! What the repositories keep of own downloads, on both engines.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use mydata_domain::barcode::BarcodeNumber;
use mydata_domain::parameter::ParameterKey;
use mydata_domain::transaction::own::{CounterCase, Order};
use mydata_domain::transaction::person::Person;
use mydata_domain::transaction::{Ended, Ending, Purpose, State, Transaction, TransactionId};
use mydata_domain::{Policy, Time, Zone};
use mydata_wire::{PersonalId, Random, SystemRandom, Verification};

use super::super::citizens::index as citizen_index;
use super::super::downloads;
use super::super::transactions::{self, Kept, Which};
use crate::StoreError;
use crate::error::Result;
use crate::testing::{START, TestStore, on_both};

const WANG: &str = "A123456789";
const LIN: &str = "B222222228";

fn person(id: &str) -> Person {
    let id: PersonalId = id.parse().unwrap();
    Person::new(&id, "王小明".to_owned(), "sub".to_owned())
}

fn download(id: &str, case: Option<CounterCase>, now: Time) -> Transaction {
    let resources = ["API.0000000001", "API.0000000002"].map(|id| id.parse().unwrap()).to_vec();
    let key = ParameterKey::try_from("year".to_owned()).unwrap();
    let parameters =
        BTreeMap::from([("API.0000000001".parse().unwrap(), BTreeMap::from([(key, "114".to_owned())]))]);
    let order = Order { zone: Zone::Test, resources, parameters, case };
    Transaction::download(order, person(id), Verification::Cer, now, &Policy::default(), &SystemRandom)
}

async fn insert(store: &TestStore, t: &Transaction) {
    let inserted =
        store.db.run_tx("insert", |tx| async move { transactions::insert(&tx, &store.crypter, t, "").await });
    inserted.await.unwrap();
}

/// Changes the download and gives it as it is read back.
async fn step(
    store: &TestStore,
    id: TransactionId,
    change: impl Fn(&mut Transaction) + Sync + Send,
) -> Result<Kept> {
    let change = &change;
    store
        .db
        .run_tx("step", |tx| async move {
            let kept = transactions::load_for_update(&tx, &store.crypter, Which::Id(id)).await?;
            let mut kept = kept.ok_or(StoreError::NotFound)?;
            change(&mut kept.transaction);
            kept.save(&tx, &store.crypter).await
        })
        .await?;
    Ok(transactions::load(&store.db, &store.crypter, Which::Id(id)).await?.unwrap())
}

fn arrive(t: &mut Transaction) {
    for (n, part) in t.parts.iter_mut().enumerate() {
        part.begin(START, Duration::from_secs(60), &SystemRandom);
        part.revocation_unknown = n == 0;
        part.arrived(format!("{n:032}"), 20);
    }
    t.settle(START, &Policy::default());
}

fn renew(t: &mut Transaction, number: BarcodeNumber, now: Time) {
    t.renew_barcode("holder", number, now, &Policy::default()).unwrap();
}

async fn by_number(store: &TestStore, number: BarcodeNumber) -> Option<TransactionId> {
    let found = transactions::load(&store.db, &store.crypter, Which::Barcode(number)).await.unwrap();
    found.map(|kept| kept.transaction.id)
}

#[tokio::test]
async fn a_download_is_read_back_as_it_was_at_every_stage() {
    on_both(async |store: TestStore| {
        let case = CounterCase {
            service: "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e".parse().unwrap(),
            case: "生育津貼".to_owned(),
        };
        let t = download(WANG, Some(case.clone()), START);
        insert(&store, &t).await;
        let index = citizen_index(&store.crypter, &person(WANG));
        let kept = transactions::load(&store.db, &store.crypter, Which::Id(t.id)).await.unwrap().unwrap();
        assert_eq!(kept.citizen.as_deref(), Some(index.as_str()));
        assert_eq!(kept.transaction.own().unwrap().case, Some(case));
        assert_eq!(kept.transaction.person().unwrap().uid().expose(), WANG);
        assert_eq!(kept.transaction.parts[0].parameters.len(), 1);

        let kept = step(&store, t.id, arrive).await.unwrap();
        let held = kept.transaction.held().unwrap();
        assert_eq!(held.expires_at, START.plus(Duration::from_secs(8 * 3600)));
        assert!(kept.transaction.parts[0].parameters.is_empty());
        assert!(
            kept.transaction.parts[0].revocation_unknown,
            "what was accepted in doubt stays written down"
        );
        let number = BarcodeNumber::generate(&SystemRandom);
        let kept = step(&store, t.id, |t| {
            t.previewed(START).unwrap();
            t.saved(START).unwrap();
            renew(t, number, START);
        })
        .await
        .unwrap();
        let held = kept.transaction.held().unwrap().clone();
        assert_eq!((held.previewed, held.saved), (1, 1));
        let barcode = held.barcode.unwrap();
        assert_eq!((barcode.number, barcode.holder.as_str()), (number, "holder"));
        assert_eq!(by_number(&store, number).await, Some(t.id));

        // What is kept tells neither the number nor the person.
        let row = store
            .db
            .fetch_one(
                "SELECT t.private, b.number FROM transactions t JOIN barcodes b ON b.transaction_id = t.id",
                &[],
            )
            .await
            .unwrap();
        let sealed = row.get_blob(0).unwrap();
        assert!(!sealed.windows(8).any(|w| w == number.as_str().as_bytes()));
        assert_ne!(row.get_text(1).unwrap(), number.as_str());

        let kept = step(&store, t.id, |t| t.take(START).unwrap()).await.unwrap();
        assert_eq!(kept.transaction.held().unwrap().taken_at, Some(START));
        assert_eq!(by_number(&store, number).await, None, "the number went with the taking");
        let kept = step(&store, t.id, |t| assert_eq!(t.taken(START).unwrap().len(), 2)).await.unwrap();
        let State::Ended(Ended { ending: Ending::Taken, .. }) = kept.transaction.state else {
            panic!("{:?}", kept.transaction.state)
        };
        assert_eq!(kept.citizen.as_deref(), Some(index.as_str()), "the citizen still finds it");
    })
    .await;
}

#[tokio::test]
async fn lists_are_a_citizens_own() {
    on_both(async |store: TestStore| {
        let (db, crypter) = (&store.db, &store.crypter);
        let mut mine = Vec::new();
        for n in 0..3 {
            let t = download(WANG, None, START.plus(Duration::from_secs(n)));
            insert(&store, &t).await;
            mine.push(t.id);
        }
        let other = download(LIN, None, START);
        insert(&store, &other).await;
        let (wang, lin) = (citizen_index(crypter, &person(WANG)), citizen_index(crypter, &person(LIN)));
        let ids = |list: Vec<Kept>| list.iter().map(|kept| kept.transaction.id).collect::<Vec<_>>();
        mine.reverse();
        assert_eq!(ids(downloads::of_citizen(db, crypter, &wang, 0, 10).await.unwrap()), mine);
        assert_eq!(ids(downloads::of_citizen(db, crypter, &wang, 1, 1).await.unwrap()), mine[1..2]);
        assert_eq!(ids(downloads::of_citizen(db, crypter, &lin, 0, 10).await.unwrap()), [other.id]);
        assert_eq!(downloads::count(db, &wang).await.unwrap(), 3);

        assert!(downloads::held(db, crypter, &wang, 10).await.unwrap().is_empty());
        step(&store, mine[0], |t| {
            arrive(t);
            renew(t, BarcodeNumber::generate(&SystemRandom), START);
        })
        .await
        .unwrap();
        step(&store, mine[1], |t| drop(t.withdraw(START).unwrap())).await.unwrap();
        assert_eq!(ids(downloads::held(db, crypter, &wang, 10).await.unwrap()), mine[..1]);
        assert_eq!(ids(downloads::with_barcode_of(db, crypter, "holder", 10).await.unwrap()), mine[..1]);
        assert!(downloads::with_barcode_of(db, crypter, "other", 10).await.unwrap().is_empty());
        assert_eq!(downloads::running(db, &wang).await.unwrap(), 2);
    })
    .await;
}

/// A number that another download has is not given while it lives, and is given again once it has ended. Shows R80.
#[tokio::test]
async fn a_number_belongs_to_one_living_barcode() {
    on_both(async |store: TestStore| {
        let (a, b) = (download(WANG, None, START), download(LIN, None, START));
        for t in [&a, &b] {
            insert(&store, t).await;
            step(&store, t.id, arrive).await.unwrap();
        }
        let number = BarcodeNumber::generate(&SystemRandom);
        let kept = step(&store, a.id, |t| renew(t, number, START)).await.unwrap();
        let ends = kept.transaction.held().unwrap().barcode.as_ref().unwrap().ends_at;
        let before_the_end = Time(ends.0 - 1);
        let refused = step(&store, b.id, |t| renew(t, number, before_the_end)).await;
        assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
        let kept = transactions::load(&store.db, &store.crypter, Which::Id(b.id)).await.unwrap().unwrap();
        assert!(kept.transaction.held().unwrap().barcode.is_none(), "nothing was kept");
        assert_eq!(by_number(&store, number).await, Some(a.id));

        step(&store, b.id, |t| renew(t, number, ends)).await.unwrap();
        assert_eq!(by_number(&store, number).await, Some(b.id), "it had ended");
        // A's own is renewed without touching B's.
        let next = BarcodeNumber::generate(&SystemRandom);
        step(&store, a.id, |t| renew(t, next, ends)).await.unwrap();
        assert_eq!(by_number(&store, number).await, Some(b.id));
        assert_eq!(by_number(&store, next).await, Some(a.id));
    })
    .await;
}

/// Numbers from a very small set, so that many want the same one.
#[derive(Debug)]
struct Few(SystemRandom);

impl Random for Few {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.fill(bytes);
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = if place == 0 { *byte % 20 } else { 0 };
        }
    }
}

/// Many downloads renew their numbers at once, and there are hardly more numbers than downloads: at every moment no two
/// have the same, and every one gets one in the end. Shows R80.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_that_renew_at_once_never_share_a_number() {
    on_both(async |store: TestStore| {
        let mut all = Vec::new();
        for _ in 0..12 {
            let t = download(WANG, None, START);
            insert(&store, &t).await;
            step(&store, t.id, arrive).await.unwrap();
            all.push(t.id);
        }
        let tasks = all.iter().map(|id| {
            let (store, id) = (store.clone(), *id);
            tokio::spawn(async move {
                for _ in 0..5 {
                    loop {
                        let number = BarcodeNumber::generate(&Few(SystemRandom));
                        match step(&store, id, |t| renew(t, number, START)).await {
                            Ok(_) => break,
                            Err(StoreError::Conflict { .. } | StoreError::Busy { .. }) => {}
                            Err(other) => panic!("{other}"),
                        }
                    }
                }
            })
        });
        for done in futures_util::future::join_all(tasks.collect::<Vec<_>>()).await {
            done.unwrap();
        }
        let wang = citizen_index(&store.crypter, &person(WANG));
        let held = downloads::held(&store.db, &store.crypter, &wang, 20).await.unwrap();
        let numbers: HashSet<_> = held
            .iter()
            .map(|kept| kept.transaction.held().unwrap().barcode.as_ref().unwrap().number)
            .collect();
        assert_eq!((held.len(), numbers.len()), (12, 12));
        for kept in &held {
            let number = kept.transaction.held().unwrap().barcode.as_ref().unwrap().number;
            assert_eq!(by_number(&store, number).await, Some(kept.transaction.id));
        }
    })
    .await;
}

/// What was there before own downloads were, and what a node of the version before still writes.
#[tokio::test]
async fn rows_without_a_purpose_are_exchanges_of_a_service() {
    on_both(async |store: TestStore| {
        let t = super::exchange_rows::entered();
        store
            .db
            .run_tx("insert", |tx| {
                let (t, store) = (&t, &store);
                async move {
                    transactions::insert(&tx, &store.crypter, t, "b").await?;
                    tx.script(
                        "CREATE TABLE old_rows AS SELECT * FROM transactions; \
                         CREATE TABLE old_parts AS SELECT * FROM transaction_parts; \
                         DELETE FROM transaction_parts; DELETE FROM transactions; \
                         INSERT INTO transactions (id, client_id, tx_id, zone, stage, browser, entered_at, idle_until, private) \
                         SELECT id, client_id, tx_id, zone, stage, browser, entered_at, idle_until, private FROM old_rows; \
                         INSERT INTO transaction_parts SELECT * FROM old_parts;",
                    )
                    .await
                }
            })
            .await
            .unwrap();
        let kept = transactions::load(&store.db, &store.crypter, Which::Id(t.id)).await.unwrap().unwrap();
        assert!(matches!(kept.transaction.purpose, Purpose::Service(_)));
        assert_eq!(kept.citizen, None);
        assert_eq!(kept.transaction.client_id(), t.client_id());
    })
    .await;
}
