//! Links, roots and proofs as they come to be.

use mydata_domain::audit::chain::Digest;
use mydata_domain::calendar::day_of;

use super::*;
use crate::args;
use crate::repo::audit_chain::{BATCH, GRACE, head, link, seal, waiting};
use crate::repo::{audit_roots, record};
use crate::signing::sha256;
use crate::testing::on_both;

#[tokio::test]
async fn events_are_linked_once_and_days_get_roots() {
    on_both(async |store: TestStore| {
        let key = key(&store).await;
        assert_eq!(seal(&store.db, &key, START).await.unwrap(), Default::default(), "nothing to do");
        let many = u64::from(BATCH) + 20;
        let now = days(&store, &key, 3, many).await;
        let report = checked(&store).await;
        assert_eq!(report.broken, None);
        assert_eq!((report.links, report.roots, report.waiting), (3 * many, 3, 0));
        assert_eq!(report.last, head(&store.db).await.unwrap());
        let last = report.last_root.unwrap();
        assert_eq!(last.day, day_of(now).yesterday().unwrap().to_string());
        assert_eq!(last.size(), many);
        assert_eq!(
            audit_roots::months(&store.db).await.unwrap(),
            Some(("2026-11".to_owned(), "2026-11".to_owned()))
        );
        assert_eq!(audit_roots::of_month(&store.db, "2026-11").await.unwrap().len(), 3);
        assert_eq!(audit_roots::of_month(&store.db, "2026-12").await.unwrap().len(), 0);

        // A day that is not over has links but no root; one that waits counts as waiting.
        append(&store.db, &[now, now]).await;
        assert_eq!(waiting(&store.db, 10).await.unwrap(), 2);
        seal_all(&store.db, &key, now).await.unwrap();
        let report = checked(&store).await;
        assert_eq!((report.links, report.roots, report.broken), (3 * many + 2, 3, None));
        let recent = Against { recent: Some(700), ..Against::default() };
        let report = verify(&store.db, &recent, |_| ()).await.unwrap();
        assert_eq!((report.links, report.roots, report.broken), (700, 1, None));
    })
    .await;
}

/// What is written down late, after the root of its day, is in the next root; between the end of a day and its root the next
/// day's events wait.
#[tokio::test]
async fn late_events_are_linked_later_and_never_lost() {
    on_both(async |store: TestStore| {
        let key = key(&store).await;
        let now = days(&store, &key, 2, 3).await;
        append(&store.db, &[START]).await;
        seal_all(&store.db, &key, now).await.unwrap();
        assert_eq!(head(&store.db).await.unwrap().seq, 7);
        let midnight = mydata_domain::calendar::end_of(day_of(now));
        append(&store.db, &[midnight]).await;
        let step = seal(&store.db, &key, midnight).await.unwrap();
        assert_eq!((step.linked, step.root), (0, None), "the day before it is still open");
        seal_all(&store.db, &key, midnight.plus(GRACE)).await.unwrap();
        let report = checked(&store).await;
        assert_eq!((report.links, report.roots, report.broken), (8, 3, None));
        let last = report.last_root.unwrap();
        assert_eq!((last.first, last.last), (7, 7), "the late one, without the next day's");
        assert_eq!(report.backdated, (1, Some(7)), "what comes late is remarked upon");
    })
    .await;
}

#[tokio::test]
async fn each_event_has_a_proof_that_leads_to_its_days_root() {
    on_both(async |store: TestStore| {
        let key = key(&store).await;
        let now = days(&store, &key, 2, 700).await;
        append(&store.db, &[now]).await;
        let rows =
            store.db.fetch_all("SELECT id, seq FROM audit_events ORDER BY seq", args![]).await.unwrap();
        let keys = public_keys(&store.db, &store.crypter).await.unwrap();
        let mut roots = 0;
        for row in rows.iter().step_by(83).chain(&rows[255..258]).chain(&rows[699..702]) {
            let (id, seq) = (row.get_text(0).unwrap(), row.get_opt_i64(1).unwrap());
            let proof = audit_roots::proof(&store.db, &id).await.unwrap();
            let Some(seq) = seq else {
                assert_eq!(proof, None);
                continue;
            };
            let proof = proof.unwrap();
            let root = serde_json::from_slice(&keys.check(&proof.root, Purpose::Roots).unwrap()).unwrap();
            assert_eq!((proof.seq, proof.check(sha256, &root)), (seq, Ok(())));
            assert!(proof.path.len() <= 10);
            let mut forged = proof.clone();
            forged.event.detail = None;
            assert!(forged.check(sha256, &root).is_err());
            let mut moved = proof.clone();
            moved.seq += 1;
            assert!(moved.check(sha256, &root).is_err());
            let mut other = proof;
            other.path.push(Digest::GENESIS);
            assert!(other.check(sha256, &root).is_err());
            roots += 1;
        }
        assert!(roots > 15);
        assert!(audit_roots::proof(&store.db, "nobody's").await.is_err());
        sql(&store.db, "UPDATE audit_events SET actor = 'sp' WHERE seq = 5", args![]).await;
        let changed = store.db.fetch_one("SELECT id FROM audit_events WHERE seq = 5", args![]).await.unwrap();
        let refused = audit_roots::proof(&store.db, &changed.get_text(0).unwrap()).await.unwrap_err();
        assert!(refused.to_string().contains("mydata audit verify"), "{refused}");
    })
    .await;
}

/// Events of one millisecond keep their order in the record, linked or not.
#[tokio::test]
async fn what_happens_within_a_millisecond_keeps_its_order() {
    on_both(async |store: TestStore| {
        let transaction = mydata_domain::transaction::TransactionId::generate(&SystemRandom);
        let order = [
            What::Entered,
            What::Authorised,
            What::Collected,
            What::Confirmed,
            What::Sealed,
            What::Delivered,
        ];
        for what in order {
            let event = &[Event::new(START, Actor::Citizen, what).of(transaction)];
            store
                .db
                .run_tx("append", |tx| async move { audit::append(&tx, &SystemRandom, event).await })
                .await
                .unwrap();
        }
        let read = async || {
            let mut all = record::events(&store.db, &[transaction]).await.unwrap();
            all.remove(&transaction).unwrap().into_iter().map(|kept| kept.what).collect::<Vec<_>>()
        };
        assert_eq!(read().await, order.map(What::as_str));
        link(&store.db, START.plus(HOUR), BATCH).await.unwrap();
        assert_eq!(read().await, order.map(What::as_str));
        let kept = audit::of_transaction(&store.db, transaction).await.unwrap();
        assert_eq!(
            kept.iter().map(|kept| kept.seq).collect::<Vec<_>>(),
            (1..=6).map(Some).collect::<Vec<_>>()
        );
    })
    .await;
}
