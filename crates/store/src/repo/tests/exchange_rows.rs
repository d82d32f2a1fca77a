//! What the repositories keep of an exchange, on both engines.

use std::collections::BTreeMap;

use mydata_domain::entry::Accepted;
use mydata_domain::notify::Notice;
use mydata_domain::transaction::person::Person;
use mydata_domain::transaction::{Ended, Ending, State, Token, Transaction};
use mydata_domain::{Policy, Zone};
use mydata_wire::pid::Pid;
use mydata_wire::returns::ReturnTarget;
use mydata_wire::{SystemRandom, Verification};

use super::super::transactions::{self, Kept, Which};
use super::super::{consent_draft, unreadable};
use crate::StoreError;
use crate::testing::{START, TestStore, on_both};

pub(super) fn entered() -> Transaction {
    let registered = ["https://bank.example/done".parse().unwrap()];
    let accepted = Accepted {
        client_id: "CLI.qqOjnjO4WR".parse().unwrap(),
        zone: Zone::Test,
        tx_id: "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e".parse().unwrap(),
        resources: vec!["API.0000000001".parse().unwrap()],
        target: ReturnTarget::matching("https://bank.example/done?case=7", &registered).unwrap(),
        pid: Pid::NotChecked,
    };
    Transaction::enter(accepted, START, &Policy::default(), &SystemRandom)
}

/// Changes the exchange and gives it as it is read back.
async fn step(store: &TestStore, t: &Transaction, change: impl Fn(&mut Transaction) + Sync) -> Kept {
    let change = &change;
    let stepped = store.db.run_tx("step", |tx| async move {
        let kept = transactions::load_for_update(&tx, &store.crypter, Which::Id(t.id)).await?;
        let mut kept = kept.ok_or(StoreError::NotFound)?;
        change(&mut kept.transaction);
        kept.save(&tx, &store.crypter).await
    });
    stepped.await.unwrap();
    transactions::load(&store.db, &store.crypter, Which::Id(t.id)).await.unwrap().unwrap()
}

async fn insert(store: &TestStore, t: &Transaction) {
    let inserted = store
        .db
        .run_tx("insert", |tx| async move { transactions::insert(&tx, &store.crypter, t, "b").await });
    inserted.await.unwrap();
}

fn authorise(t: &mut Transaction) {
    let person = Person::new(&"A123456789".parse().unwrap(), "王小明".to_owned(), "sub".to_owned());
    let policy = Policy::default();
    t.authorise(person, Verification::Cer, BTreeMap::new(), START, &policy).unwrap().unwrap();
}

fn confirm(t: &mut Transaction) {
    t.confirm(START, &Policy::default(), &SystemRandom).unwrap();
}

#[tokio::test]
async fn how_the_sp_answered_is_kept_beyond_the_end() {
    on_both(async |store: TestStore| {
        let t = entered();
        insert(&store, &t).await;
        step(&store, &t, authorise).await;
        step(&store, &t, confirm).await;
        let kept = step(&store, &t, |t| {
            t.telling_failed(false);
            t.telling_failed(false);
        })
        .await;
        assert_eq!(kept.transaction.confirmed().unwrap().told, Notice::Failing(2), "failures are counted");
        let kept = step(&store, &t, |t| drop(t.told(false, START).unwrap())).await;
        let State::Ended(Ended { ending: Ending::SpRefused, ticket: Some(ticket), .. }) =
            kept.transaction.state
        else {
            panic!("{:?}", kept.transaction.state)
        };
        assert_eq!((ticket.told, ticket.told_undeliverable), (Notice::Refused, Notice::None));
        let row = store.db.fetch_one("SELECT told FROM transactions", &[]).await.unwrap();
        assert_eq!(row.get_text(0).unwrap(), "refused");
    })
    .await;
}

#[tokio::test]
async fn what_went_out_of_a_token_is_kept_until_all_of_it_has() {
    on_both(async |store: TestStore| {
        let t = entered();
        insert(&store, &t).await;
        let token = Token { blob: "t".to_owned(), len: 100, sha256: "e".repeat(64) };
        step(&store, &t, |t| {
            authorise(t);
            confirm(t);
            t.parts[0].answered(mydata_domain::collect::Next::NoData);
            t.sealed(token.clone(), START).unwrap();
        })
        .await;
        let taken = |kept: &Kept| match &kept.transaction.state {
            State::Sealed(sealed) => (sealed.delivered.to_string(), sealed.taken_at.is_some()),
            other => panic!("{other:?}"),
        };
        let kept = step(&store, &t, |t| t.delivered(99..100, START)).await;
        assert_eq!(taken(&kept), ("99-100".to_owned(), false));
        let kept = step(&store, &t, |t| t.delivered(0..40, START)).await;
        assert_eq!(taken(&kept), ("0-40 99-100".to_owned(), false));
        let kept = step(&store, &t, |t| t.delivered(40..99, START)).await;
        assert_eq!(taken(&kept), (String::new(), true));
    })
    .await;
}

/// A call is wanted by the part it was made for, as long as the exchange is on.
#[tokio::test]
async fn progress_is_noted_for_the_part_that_is_being_fetched_only() {
    on_both(async |store: TestStore| {
        let t = entered();
        insert(&store, &t).await;
        let uid = t.parts[0].transaction_uid;
        let other = entered().parts[0].transaction_uid;
        let progress = async |uid| transactions::progress(&store.db, t.id, uid, 7, Some(9)).await.unwrap();
        let wanted = async |uid| transactions::is_wanted(&store.db, t.id, uid).await.unwrap();
        assert!(!progress(uid).await && !wanted(uid).await, "nobody has begun");
        let begin = |t: &mut Transaction| {
            authorise(t);
            t.parts[0].begin(START, Policy::default().access_token_life.0, &SystemRandom);
        };
        step(&store, &t, begin).await;
        assert!(progress(uid).await && wanted(uid).await);
        assert!(!progress(other).await && !wanted(other).await, "another part's call");
        step(&store, &t, |t| drop(t.refuse(START).unwrap())).await;
        assert!(!progress(uid).await && !wanted(uid).await, "refused");
    })
    .await;
}

#[tokio::test]
async fn a_draft_is_sealed_and_goes_with_its_page() {
    on_both(async |store: TestStore| {
        let t = entered();
        insert(&store, &t).await;
        let (db, crypter) = (&store.db, &store.crypter);
        let load = async || consent_draft::load::<String>(db, crypter, t.id).await;
        let keep = async |text: &str| {
            let text = text.to_owned();
            let (text, id) = (&text, t.id);
            db.run_tx("keep", |tx| async move { consent_draft::keep(&tx, crypter, id, text).await })
                .await
                .unwrap();
        };
        assert_eq!(load().await.unwrap(), None);
        keep("臺北市").await;
        keep("虛構市").await;
        assert_eq!(load().await.unwrap().as_deref(), Some("虛構市"));
        let row = db.fetch_one("SELECT draft FROM transactions", &[]).await.unwrap();
        let sealed = row.get_blob(0).unwrap();
        assert!(!sealed.windows(3).any(|w| w == "虛".as_bytes()), "what is kept cannot be read");
        let wrong = consent_draft::load::<u32>(db, crypter, t.id).await.unwrap_err();
        assert_eq!(wrong.to_string(), unreadable("transactions", "draft").to_string());
        let id = t.id;
        db.run_tx("end", |tx| async move { consent_draft::end(&tx, id).await }).await.unwrap();
        assert_eq!(load().await.unwrap(), None);
        step(&store, &t, authorise).await;
        keep("too late").await;
        assert_eq!(load().await.unwrap(), None, "the page is behind the citizen");
    })
    .await;
}

#[tokio::test]
async fn what_counts_once_is_spent_by_one_of_many() {
    use mydata_domain::Time;

    use super::super::spent;

    on_both(async |store: TestStore| {
        let spend = |name: &'static str| {
            let db = store.db.clone();
            async move {
                db.run_tx("spend", async |tx| spent::spend(&tx, name, Time(START.0 + 1_000)).await)
                    .await
                    .unwrap()
            }
        };
        let all = futures_util::future::join_all((0..8).map(|_| spend("one"))).await;
        assert_eq!(all.iter().filter(|first| **first).count(), 1);
        assert!(spend("two").await && !spend("two").await);
        assert_eq!(spent::sweep(&store.db, Time(START.0 + 1_000)).await.unwrap(), 0);
        assert_eq!(spent::sweep(&store.db, Time(START.0 + 1_001)).await.unwrap(), 2);
    })
    .await;
}
