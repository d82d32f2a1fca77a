//! Accounts, sessions, factors and counted failures on both engines.

use std::time::Duration;

use mydata_domain::account::session::{Moments, Stage};
use mydata_domain::account::{Account, AccountId, AccountState, Holder, Role};
use mydata_domain::organisation::{Organisation, OrganisationKind};
use mydata_domain::registry::Registry;
use mydata_domain::{Time, Zone};
use mydata_wire::SystemRandom;

use super::factors::{self, FactorKind, NewFactor};
use super::sessions::{self, Device, NewSession};
use super::sign_ins::{self, Subject};
use super::{accounts, registry};
use crate::StoreError;
use crate::args;
use crate::testing::{START, TestStore, on_both};

fn account(name: &str) -> Account {
    Account {
        id: AccountId::generate(&SystemRandom),
        name: name.parse().unwrap(),
        role: Role::Applicant,
        organisation: Some("library".parse().unwrap()),
        state: AccountState::Active,
        locked_at: None,
        holder: Holder {
            name: "陳示華".to_owned(),
            mail: "Jenny@Library.example".to_owned(),
            ..Holder::default()
        },
        created_at: START,
        signed_in_at: None,
    }
}

async fn keep(store: &TestStore, account: &Account) -> Result<(), StoreError> {
    let library = &Registry {
        organisations: vec![Organisation {
            id: "library".parse().unwrap(),
            name: "示範圖書館".to_owned(),
            name_en: "Demo Library".to_owned(),
            short_name: None,
            kind: OrganisationKind::Agency,
        }],
        ..Registry::default()
    };
    let insert = |tx| async move {
        registry::apply(&tx, &store.crypter, library, START).await?;
        accounts::insert(&tx, &store.crypter, account).await
    };
    store.db.run_tx("test", insert).await
}

fn later(seconds: u64) -> Time {
    START.plus(Duration::from_secs(seconds))
}

#[tokio::test]
async fn an_account_comes_back_as_it_was_kept_and_its_person_is_sealed() {
    on_both(async |store| {
        let mut jenny = account("jenny");
        keep(&store, &jenny).await.unwrap();
        let load = || accounts::load(&store.db, &store.crypter, jenny.id);
        assert_eq!(load().await.unwrap().unwrap(), jenny);
        let row = store.db.fetch_one("SELECT mail, private FROM accounts", args![]).await.unwrap();
        let (mail, private) = (row.get_text(0).unwrap(), row.get_blob(1).unwrap());
        assert!(!mail.to_lowercase().contains("jenny"));
        assert!(!String::from_utf8_lossy(&private).contains("Library"));

        let taken = keep(&store, &account("jenny")).await.unwrap_err();
        assert!(taken.is_conflict(), "{taken}");
        let nowhere = Account { organisation: Some("nowhere".parse().unwrap()), ..account("other") };
        let error = keep(&store, &nowhere).await.unwrap_err();
        assert!(matches!(error, StoreError::Reference { .. }), "{error}");

        jenny.role = Role::Authority;
        jenny.state = AccountState::Refused;
        jenny.locked_at = Some(later(1));
        jenny.holder.mail = "new@library.example".to_owned();
        let changed = &jenny;
        let crypter = &store.crypter;
        let found = store
            .db
            .run_tx("test", |tx| async move {
                accounts::update(&tx, crypter, changed, later(1)).await?;
                let old = accounts::by_mail(&tx, crypter, "jenny@library.example").await?;
                let new = accounts::by_mail(&tx, crypter, " NEW@library.example ").await?;
                Ok((old.len(), new, accounts::by_name(&tx, crypter, &changed.name).await?))
            })
            .await
            .unwrap();
        assert_eq!(found, (0, vec![jenny.clone()], Some(jenny.clone())));
        assert_eq!(load().await.unwrap().unwrap(), jenny);
        let of =
            accounts::of_organisation(&store.db, crypter, &"library".parse().unwrap(), 10).await.unwrap();
        assert_eq!((of.len(), accounts::list(&store.db, crypter, 10).await.unwrap().len()), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn a_link_is_used_once_and_a_new_password_ends_the_others() {
    on_both(async |store| {
        let jenny = account("jenny");
        keep(&store, &jenny).await.unwrap();
        let (id, crypter) = (jenny.id, &store.crypter);
        let life = Duration::from_secs(600);
        let make = async |secret: &'static str| {
            let make = |tx| async move {
                accounts::make_link(&tx, crypter, id, accounts::Purpose::Reset, secret, START, life).await
            };
            store.db.run_tx("test", make).await.unwrap();
        };
        let take = async |secret: &'static str, now| {
            let take = |tx| async move { accounts::take_link(&tx, crypter, secret, now).await };
            store.db.run_tx("test", take).await.unwrap().map(|account| account.id)
        };
        make("one").await;
        make("two").await;
        assert_eq!(take("one", START).await, None, "a newer link replaces it");
        assert!(accounts::look_at_link(&store.db, crypter, "two", later(599)).await.unwrap().is_some());
        assert_eq!(take("two", later(599)).await, Some(id));
        assert_eq!(take("two", later(599)).await, None);
        make("three").await;
        assert_eq!(take("three", later(600)).await, None, "too late");
        make("four").await;
        store
            .db
            .run_tx("test", |tx| async move { accounts::set_password(&tx, id, "hash", START).await })
            .await
            .unwrap();
        assert_eq!(take("four", START).await, None);
        let found = accounts::with_password(&store.db, crypter, &jenny.name).await.unwrap().unwrap();
        assert_eq!(found.1.as_deref(), Some("hash"));
        make("five").await;
        assert_eq!(accounts::sweep_links(&store.db, later(601)).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn sessions_are_found_by_their_secret_and_end() {
    on_both(async |store| {
        let jenny = account("jenny");
        keep(&store, &jenny).await.unwrap();
        let crypter = &store.crypter;
        for (secret, handle) in [("first", "h1"), ("second", "h2"), ("third", "h3")] {
            let device = Device { address: "192.0.2.1".to_owned(), browser: "Firefox".to_owned() };
            let moments = Moments::begin(START);
            let new = &NewSession {
                secret,
                handle,
                account: jenny.id,
                stage: Stage::Whole,
                zone: Zone::Test,
                moments,
                device,
            };
            store
                .db
                .run_tx("test", |tx| async move { sessions::begin(&tx, crypter, new).await })
                .await
                .unwrap();
        }
        let load = async |secret: &str, now| sessions::load(&store.db, crypter, secret, now).await.unwrap();
        let (session, of) = load("first", START).await.unwrap();
        assert_eq!(
            (session.handle.as_str(), of.id, session.device.address.as_str()),
            ("h1", jenny.id, "192.0.2.1")
        );
        assert!(load("unknown", START).await.is_none());
        assert!(load("first", later(20 * 60)).await.is_none(), "idle");

        sessions::touch(&store.db, &session, later(19 * 60)).await.unwrap();
        assert!(load("first", later(38 * 60)).await.is_some());
        sessions::set_zone(&store.db, &session, Zone::Production).await.unwrap();
        sessions::set_pending(&store.db, crypter, &session, b"a challenge").await.unwrap();
        let pending = sessions::pending(&store.db, crypter, &session).await.unwrap().unwrap();
        assert_eq!(pending.as_slice(), b"a challenge");
        assert_eq!(load("first", later(60)).await.unwrap().0.zone, Zone::Production);
        let session = &session;
        let used = async || {
            store.db.run_tx("test", |tx| async move { sessions::use_pending(&tx, session).await }).await
        };
        assert_eq!((used().await.unwrap(), used().await.unwrap()), (true, false));

        let list = sessions::of_account(&store.db, crypter, jenny.id, later(60)).await.unwrap();
        assert_eq!(list.iter().map(|s| s.handle.as_str()).collect::<Vec<_>>(), ["h1", "h2", "h3"]);
        assert_eq!(sessions::owner(&store.db, "h2").await.unwrap(), Some(jenny.id));
        let stranger = AccountId::generate(&SystemRandom);
        let ended = store
            .db
            .run_tx("test", |tx| async move {
                let by_stranger = sessions::end_handle(&tx, stranger, "h2").await?;
                let by_holder = sessions::end_handle(&tx, jenny.id, "h2").await?;
                Ok((by_stranger, by_holder, sessions::end_all(&tx, jenny.id, Some(session)).await?))
            })
            .await
            .unwrap();
        assert_eq!(ended, (false, true, 1));
        assert_eq!(sessions::sweep(&store.db, later(38 * 60)).await.unwrap(), 0);
        assert_eq!(sessions::sweep(&store.db, later(40 * 60)).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_factor_is_used_once_for_each_counter() {
    on_both(async |store| {
        let jenny = account("jenny");
        keep(&store, &jenny).await.unwrap();
        let crypter = &store.crypter;
        let new = |id, kind, lookup, counter| NewFactor {
            id,
            account: jenny.id,
            kind,
            lookup,
            counter,
            content: b"secret",
        };
        let all = [
            new("t", FactorKind::Totp, None, 7),
            new("p", FactorKind::Passkey, Some(&b"cred"[..]), 0),
            new("r", FactorKind::Recovery, Some(&b"CODE"[..]), 0),
        ];
        let all = &all;
        let add = |tx| async move {
            for factor in all {
                factors::add(&tx, crypter, factor, START).await?;
            }
            Ok(())
        };
        store.db.run_tx("test", add).await.unwrap();
        let kept = factors::of_account(&store.db, crypter, jenny.id).await.unwrap();
        assert_eq!(kept.len(), 3);
        assert!(kept.iter().all(|factor| factor.content.as_slice() == b"secret"));
        let find = async |kind, lookup: &[u8]| {
            factors::find(&store.db, crypter, jenny.id, kind, lookup).await.unwrap().map(|factor| factor.id)
        };
        assert_eq!(find(FactorKind::Passkey, b"cred").await.as_deref(), Some("p"));
        assert_eq!(find(FactorKind::Recovery, b"cred").await, None);

        let used = async |counter| {
            store
                .db
                .run_tx("test", |tx| async move { factors::used(&tx, "t", counter, later(1)).await })
                .await
                .unwrap()
        };
        assert_eq!((used(8).await, used(8).await, used(7).await, used(9).await), (true, false, false, true));
        let twice = factors::add;
        let again = &new("q", FactorKind::Passkey, Some(&b"cred"[..]), 0);
        let error =
            store.db.run_tx("test", |tx| async move { twice(&tx, crypter, again, START).await }).await;
        assert!(error.unwrap_err().is_conflict());

        let stranger = AccountId::generate(&SystemRandom);
        let removed = store
            .db
            .run_tx("test", |tx| async move {
                let by_stranger = factors::remove(&tx, stranger, "t").await?;
                let once = factors::remove(&tx, jenny.id, "t").await?;
                let twice = factors::remove(&tx, jenny.id, "t").await?;
                Ok((
                    by_stranger,
                    once,
                    twice,
                    factors::remove_kind(&tx, jenny.id, FactorKind::Recovery).await?,
                ))
            })
            .await
            .unwrap();
        assert_eq!(removed, (false, true, false, 1));
    })
    .await;
}

#[tokio::test]
async fn failures_side_by_side_are_all_counted() {
    on_both(async |store| {
        let subject = [Subject::Name("jenny")];
        let attempt = async |now| {
            let crypter = &store.crypter;
            let subject = &subject;
            store
                .db
                .run_tx("test", |tx| async move { sign_ins::try_once(&tx, crypter, subject, now).await })
                .await
        };
        let all = (0..12).map(|_| attempt(later(5)));
        let outcomes = futures_util::future::join_all(all).await;
        let open = outcomes.into_iter().filter(|outcome| outcome.as_ref().unwrap().is_ok()).count();
        assert_eq!(open, 5);
        let crypter = &store.crypter;
        let closed = async |now| sign_ins::closed(&store.db, crypter, &subject, now).await.unwrap();
        assert_eq!(closed(later(5)).await, Some(later(5 + 15 * 60)));
        let right = attempt(later(5 + 15 * 60)).await.unwrap().unwrap();
        let (right, subject) = (&right, &subject);
        let forgive = |tx| async move { sign_ins::was_right(&tx, crypter, right, subject).await };
        store.db.run_tx("test", forgive).await.unwrap();
        let left = store.db.fetch_one("SELECT COUNT(*) FROM sign_in_failures", args![]).await.unwrap();
        assert_eq!(left.get_i64(0).unwrap(), 0);
    })
    .await;
}
