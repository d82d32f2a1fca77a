//! Whoever has the database bends the record; `verify` finds it and names the first place.

use mydata_domain::audit::chain::Digest;

use super::*;
use crate::args;
use crate::repo::audit_chain::{ENTRY, entry, head};
use crate::repo::audit_roots;
use crate::repo::audit_verify::{Broken, Why};
use crate::signing::sha256;
use crate::testing::on_both;

/// Days and events a day of the record that is bent.
const DAYS: u64 = 3;
const EACH: u64 = 40;

/// Bends a fresh record of each engine and gives what is said of it to `look`.
async fn bent(statements: &'static [&'static str], look: impl Fn(&Report, Broken)) {
    on_both(async |store: TestStore| {
        let key = key(&store).await;
        days(&store, &key, DAYS, EACH).await;
        assert_eq!(checked(&store).await.broken, None);
        for statement in statements {
            assert!(sql(&store.db, statement, args![]).await > 0, "{statement}");
        }
        let report = checked(&store).await;
        let broken = report.broken.clone().expect("it is found");
        look(&report, broken);
    })
    .await;
}

#[tokio::test]
async fn a_changed_field_is_found() {
    for statement in [
        &["UPDATE audit_events SET detail = '{}' WHERE seq = 57"] as &'static [_],
        &["UPDATE audit_events SET detail = NULL WHERE seq = 57"],
        &["UPDATE audit_events SET at = at + 1 WHERE seq = 57"],
        &["UPDATE audit_events SET place = place + 1 WHERE seq = 57"],
        &["UPDATE audit_events SET actor = 'sp' WHERE seq = 57"],
        &["UPDATE audit_events SET what = 'refused' WHERE seq = 57"],
        &["UPDATE audit_events SET outcome = 'failed' WHERE seq = 57"],
        &["UPDATE audit_events SET transaction_id = 'x' WHERE seq = 57"],
        &["UPDATE audit_events SET account_id = 'x' WHERE seq = 57"],
        &["UPDATE audit_events SET from_address = '192.0.2.8' WHERE seq = 57"],
        &["UPDATE audit_events SET id = 'x' WHERE seq = 57"],
    ] {
        bent(statement, |report, broken| {
            assert_eq!((broken.seq, &broken.why), (Some(57), &Why::Changed), "{statement:?}");
            assert!(broken.id.is_some() && broken.at.is_some());
            assert_eq!((report.links, report.roots), (56, 1));
        })
        .await;
    }
}

#[tokio::test]
async fn a_removed_event_is_found() {
    bent(&["DELETE FROM audit_events WHERE seq = 57"], |_, broken| {
        assert_eq!((broken.seq, broken.why), (Some(58), Why::Removed { missing: 57 }));
    })
    .await;
    // One that is said never to have been linked.
    bent(&["UPDATE audit_events SET seq = NULL, link = NULL WHERE seq = 57"], |_, broken| {
        assert_eq!((broken.seq, broken.why), (Some(58), Why::Removed { missing: 57 }));
    })
    .await;
}

#[tokio::test]
async fn a_removed_tail_is_found() {
    bent(&["DELETE FROM audit_events WHERE seq > 115"], |report, broken| {
        assert_eq!((broken.seq, broken.why), (Some(116), Why::TailRemoved { head: 120 }));
        assert_eq!(report.links, 115);
    })
    .await;
    // Also when the end of the chain is moved: the root of that day stands.
    bent(
        &[
            "UPDATE audit_chain SET seq = 115, link = (SELECT link FROM audit_events WHERE seq = 115)",
            "DELETE FROM audit_events WHERE seq > 115",
        ],
        |_, broken| assert!(matches!(broken.why, Why::RootOrder { .. }), "{broken:?}"),
    )
    .await;
}

#[tokio::test]
async fn an_event_that_is_put_in_or_moved_is_found() {
    // Two change places.
    bent(
        &[
            "UPDATE audit_events SET seq = 1000 WHERE seq = 57",
            "UPDATE audit_events SET seq = 57 WHERE seq = 58",
            "UPDATE audit_events SET seq = 58 WHERE seq = 1000",
        ],
        |_, broken| assert_eq!((broken.seq, broken.why), (Some(57), Why::DoesNotFollow)),
    )
    .await;
    // Only what is in them.
    bent(
        &[
            "UPDATE audit_events SET id = 'a' || id, at = at + 1 WHERE seq = 57",
            "UPDATE audit_events SET link = (SELECT link FROM audit_events WHERE seq = 58) WHERE seq = 57",
        ],
        |_, broken| assert_eq!((broken.seq, broken.why), (Some(57), Why::DoesNotFollow)),
    )
    .await;
    // One more behind the end.
    bent(
        &["INSERT INTO audit_events (id, at, actor, what, seq, link) \
           SELECT 'x', at, actor, what, 121, link FROM audit_events WHERE seq = 120"],
        |_, broken| {
            assert_eq!((broken.seq, broken.why), (Some(121), Why::BeyondHead { head: 120 }));
        },
    )
    .await;
    // Before the first.
    bent(
        &["INSERT INTO audit_events (id, at, actor, what, seq, link) \
           SELECT 'x', at, actor, what, 0, link FROM audit_events WHERE seq = 1"],
        |_, broken| assert_eq!((broken.seq, broken.why), (Some(0), Why::DoesNotFollow)),
    )
    .await;
    // Between two, the later ones counted on.
    bent(
        &[
            "DELETE FROM audit_chain",
            "INSERT INTO audit_chain (id, seq, link) SELECT 1, 121, link FROM audit_events WHERE seq = 120",
            "UPDATE audit_events SET seq = -seq - 1 WHERE seq >= 57",
            "UPDATE audit_events SET seq = -seq WHERE seq < 0",
            "INSERT INTO audit_events (id, at, actor, what, seq, link) \
             SELECT 'x', at, actor, what, 57, link FROM audit_events WHERE seq = 56",
        ],
        |_, broken| {
            assert_eq!((broken.seq, broken.why), (Some(57), Why::DoesNotFollow));
            assert_eq!(broken.id.as_deref(), Some("x"));
        },
    )
    .await;
}

#[tokio::test]
async fn one_number_twice_is_found() {
    on_both(async |store: TestStore| {
        let key = key(&store).await;
        days(&store, &key, DAYS, EACH).await;
        let drop = async |tx: crate::Tx| tx.run("DROP INDEX audit_events_seq", args![]).await;
        store.db.run_tx("by hand", drop).await.unwrap();
        let put = "INSERT INTO audit_events (id, at, actor, what, seq, link) \
                   SELECT 'zzz', at, actor, what, seq, link FROM audit_events WHERE seq = 57";
        sql(&store.db, put, args![]).await;
        let broken = checked(&store).await.broken.unwrap();
        assert_eq!((broken.seq, broken.id.as_deref(), broken.why), (Some(57), Some("zzz"), Why::Twice));
    })
    .await;
}

#[tokio::test]
async fn bent_roots_are_found() {
    bent(&["DELETE FROM audit_blocks", "DELETE FROM audit_roots WHERE last_seq = 80"], |_, broken| {
        assert_eq!(broken.seq, Some(81));
        assert!(matches!(broken.why, Why::RootOrder { .. }));
    })
    .await;
    bent(
        &["UPDATE audit_roots SET jws = (SELECT jws FROM audit_roots WHERE last_seq = 40) WHERE last_seq = 80"],
        |_, broken| assert!(matches!(broken.why, Why::Unreadable { .. }), "{broken:?}"),
    )
    .await;
    bent(&["UPDATE audit_chain SET link = NULL"], |_, broken| assert_eq!(broken.why, Why::OtherHead)).await;
    bent(&["DELETE FROM audit_chain"], |_, broken| {
        assert!(matches!(broken.why, Why::Unreadable { .. }), "{broken:?}");
    })
    .await;
}

/// Writes the links anew from a number on, as somebody who knows how but has no key.
async fn write_anew(store: &TestStore, from: i64) {
    let head = head(&store.db).await.unwrap();
    let text = format!("SELECT {ENTRY}, seq, link FROM audit_events WHERE seq >= $1 ORDER BY seq");
    let mut last = Digest::GENESIS;
    for row in store.db.fetch_all(text, args![from - 1]).await.unwrap() {
        let (event, seq) = (entry(&row).unwrap(), row.get_i64(10).unwrap());
        if seq < from {
            last = Digest::try_from(row.get_blob(11).unwrap().as_slice()).unwrap();
            continue;
        }
        last = event.link(sha256, seq, last);
        sql(&store.db, "UPDATE audit_events SET link = $2 WHERE seq = $1", args![seq, &last.0]).await;
    }
    sql(&store.db, "UPDATE audit_chain SET link = $1, seq = $2", args![&last.0, head.seq]).await;
}

/// Whoever has the database alone cannot make a root; whoever has the keys as well cannot make the one that was kept
/// elsewhere.
#[tokio::test]
async fn a_chain_that_was_written_anew_is_found() {
    on_both(async |store: TestStore| {
        let key = key(&store).await;
        days(&store, &key, DAYS, EACH).await;
        let outside = audit_roots::of_month(&store.db, "2026-11").await.unwrap();
        assert_eq!(against(&store, outside.clone()).await.broken, None);

        sql(&store.db, "UPDATE audit_events SET what = 'refused' WHERE seq = 57", args![]).await;
        write_anew(&store, 57).await;
        let broken = checked(&store).await.broken.unwrap();
        let day = outside[1].root.day.clone();
        assert_eq!(
            (broken.seq, &broken.why),
            (Some(41), &Why::Root { day: day.clone(), first: 41, last: 80 })
        );

        // Signed with a key of their own.
        let forger = TestStore::fresh(crate::Engine::Sqlite).await;
        let foreign = super::key(&forger).await;
        let own = &key;
        let anew = async |key: &Signer| {
            sql(&store.db, "DELETE FROM audit_blocks WHERE last_seq >= 80", args![]).await;
            sql(&store.db, "DELETE FROM audit_roots WHERE last_seq >= 80", args![]).await;
            // The program signs with no key but the one that is kept; a forger does not ask it.
            let kept = "UPDATE signing_keys SET id = $1 WHERE purpose = 'audit-root'";
            sql(&store.db, kept, args![key.id()]).await;
            seal_all(&store.db, key, START.plus(DAYS as u32 * 24 * HOUR)).await.unwrap();
            sql(&store.db, kept, args![own.id()]).await;
        };
        anew(&foreign).await;
        let broken = checked(&store).await.broken.unwrap();
        assert!(matches!(broken.why, Why::Signature { .. }), "{broken:?}");

        // With the platform's own.
        anew(&key).await;
        assert_eq!(checked(&store).await.broken, None, "here it all fits again");
        let broken = against(&store, outside.clone()).await.broken.unwrap();
        assert_eq!((broken.seq, broken.why), (Some(41), Why::OtherRoot { day, first: 41, last: 80 }));

        // The end of the record taken away, its root too.
        for text in [
            "DELETE FROM audit_blocks WHERE last_seq >= 80",
            "DELETE FROM audit_roots WHERE last_seq >= 80",
            "DELETE FROM audit_events WHERE seq > 40",
            "UPDATE audit_chain SET seq = 40, link = (SELECT link FROM audit_events WHERE seq = 40)",
        ] {
            sql(&store.db, text, args![]).await;
        }
        assert_eq!(checked(&store).await.broken, None);
        let broken = against(&store, outside.clone()).await.broken.unwrap();
        assert_eq!(broken.why, Why::RootGone { day: outside[1].root.day.clone() });
        forger.remove().await;
    })
    .await;
}
