//! The record after a backup was put back: what was published stays, what is lost is told, and nobody else can tell so.

use mydata_domain::audit::chain::Digest;

use super::*;
use crate::args;
use crate::repo::audit_chain::{Head, head};
use crate::repo::audit_restored::{NotItsRoots, restored};
use crate::repo::audit_roots::{self, proof};
use crate::repo::audit_verify::Why;
use crate::testing::on_both;

/// Takes the record back to an earlier moment, as a backup of that moment does.
async fn back_to(store: &TestStore, head: Head, root: i64) {
    let db = &store.db;
    sql(db, "DELETE FROM audit_blocks WHERE last_seq > $1", args![root]).await;
    sql(db, "DELETE FROM audit_roots WHERE last_seq > $1", args![root]).await;
    sql(db, "DELETE FROM audit_events WHERE seq IS NULL OR seq > $1", args![head.seq]).await;
    sql(db, "UPDATE audit_chain SET seq = $1, link = $2", args![head.seq, &head.link.0]).await;
}

async fn all_roots(store: &TestStore) -> Vec<Kept> {
    let mut roots = Vec::new();
    while let Some(next) =
        audit_roots::next(&store.db, roots.last().map_or(0, |k: &Kept| k.root.last)).await.unwrap()
    {
        roots.push(next);
    }
    roots
}

/// Three days with roots, a morning of the fourth that is in the backup, and two more roots that are not. Gives the end of the chain in
/// the backup, all published roots, and the moment after them.
async fn lost(store: &TestStore, key: &Signer) -> (Head, Vec<Kept>, Time) {
    let morning = days(store, key, 3, 5).await;
    append(&store.db, &[morning; 4]).await;
    seal_all(&store.db, key, morning).await.unwrap();
    let backup = head(&store.db).await.unwrap();
    let mut now = morning;
    for _ in 0..2 {
        append(&store.db, &[now.plus(HOUR); 6]).await;
        now = now.plus(24 * HOUR);
        seal_all(&store.db, key, now).await.unwrap();
    }
    let published = all_roots(store).await;
    assert_eq!((backup.seq, published.len()), (19, 5));
    back_to(store, backup, published[2].root.last).await;
    (backup, published, now)
}

/// The published roots are taken over, what they cover and is lost is told, and the record goes on behind it: nothing is signed twice.
#[tokio::test]
async fn published_roots_are_taken_over_and_the_loss_is_told() {
    on_both(async |store: TestStore| {
        let key = key(&store).await;
        let (backup, published, now) = lost(&store, &key).await;
        let end = published[4].root.last;
        let done = restored(&store.db, &SystemRandom, "2026-11-24T08:00:00Z", &published, now).await.unwrap();
        assert_eq!((done.known, done.taken_over, done.lost), (3, 2, Some((backup.seq + 1, end))));
        for report in [checked(&store).await, against(&store, published.clone()).await] {
            assert_eq!(report.broken, None);
            let [lost] = report.lost.as_slice() else { panic!("{:?}", report.lost) };
            assert_eq!((lost.first, lost.last, lost.at), (backup.seq + 1, end, now));
            assert_eq!(lost.backup_of, "2026-11-24T08:00:00Z");
            assert_eq!((report.links, report.last.seq, report.roots), (20, end + 1, 3));
        }

        // The record goes on.
        append(&store.db, &[now.plus(HOUR); 3]).await;
        let later = now.plus(24 * HOUR);
        seal_all(&store.db, &key, later).await.unwrap();
        let report = against(&store, published.clone()).await;
        assert!(report.broken.is_none() && report.lost.len() == 1 && report.roots == 4, "{report:?}");
        let roots = all_roots(&store).await;
        assert_eq!(roots[..5], published, "none was signed anew");
        let keys = Some(public_keys(&store.db, &store.crypter).await.unwrap());
        for recent in 1..=8 {
            let recent = Against { keys: keys.clone(), recent: Some(recent), ..Against::default() };
            assert_eq!(verify(&store.db, &recent, |_| ()).await.unwrap().broken, None, "{recent:?}");
        }
        // An event of a day whose other links are lost has no proof; those before and behind it have.
        for (seq, there) in
            [(3, true), (15, true), (16, false), (19, false), (end + 1, true), (end + 3, true)]
        {
            let row =
                store.db.fetch_one("SELECT id FROM audit_events WHERE seq = $1", args![seq]).await.unwrap();
            let proof = proof(&store.db, &row.get_text(0).unwrap()).await.unwrap();
            assert_eq!(proof.is_some(), there, "link {seq}");
        }
    })
    .await;
}

/// Without the published roots the platform signs another root for a day that had one, which whoever kept it finds.
#[tokio::test]
async fn without_published_roots_a_day_is_signed_twice_and_found() {
    on_both(async |store: TestStore| {
        let key = key(&store).await;
        let (_, published, now) = lost(&store, &key).await;
        let done = restored(&store.db, &SystemRandom, "then", &[], now).await.unwrap();
        assert_eq!((done.taken_over, done.lost), (0, None));
        seal_all(&store.db, &key, now.plus(24 * HOUR)).await.unwrap();
        assert_eq!(checked(&store).await.broken, None);
        let broken = against(&store, published).await.broken.unwrap();
        assert!(matches!(broken.why, Why::OtherRoot { .. }), "{broken:?}");
        let row = "SELECT COUNT(*) FROM audit_events WHERE what = 'restored'";
        assert_eq!(store.db.fetch_one(row, args![]).await.unwrap().get_i64(0).unwrap(), 1, "it is on record");
    })
    .await;
}

/// A root whose links are all in the backup is taken over after its links gave it; its events have proofs.
#[tokio::test]
async fn a_root_that_was_made_after_the_backup_over_links_in_it_is_checked() {
    on_both(async |store: TestStore| {
        let key = key(&store).await;
        let now = days(&store, &key, 3, 300).await;
        let (end, published) = (head(&store.db).await.unwrap(), all_roots(&store).await);
        back_to(&store, end, published[1].root.last).await;
        let mut bent = published.clone();
        bent[2].root.root = Digest([7; 32]);
        let said = restored(&store.db, &SystemRandom, "then", &bent, now).await.unwrap_err();
        assert!(matches!(said, NotItsRoots::Content { .. }), "{said}");
        let done = restored(&store.db, &SystemRandom, "then", &published, now).await.unwrap();
        assert_eq!((done.known, done.taken_over, done.lost), (2, 1, None));
        seal_all(&store.db, &key, now.plus(48 * HOUR)).await.unwrap();
        let report = against(&store, published).await;
        assert!(report.broken.is_none() && report.lost.is_empty() && report.roots == 4, "{report:?}");
        let row = store.db.fetch_one("SELECT id FROM audit_events WHERE seq = 700", args![]).await.unwrap();
        assert!(proof(&store.db, &row.get_text(0).unwrap()).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn roots_of_another_record_or_with_one_missing_change_nothing() {
    on_both(async |store: TestStore| {
        let key = key(&store).await;
        let (backup, published, now) = lost(&store, &key).await;
        let without = |n: usize| {
            let mut some = published.clone();
            some.remove(n);
            some
        };
        let said = restored(&store.db, &SystemRandom, "then", &without(3), now).await.unwrap_err();
        assert!(matches!(said, NotItsRoots::Order { .. }), "{said}");
        let mut other = published.clone();
        other[1].jws.push('x');
        let said = restored(&store.db, &SystemRandom, "then", &other, now).await.unwrap_err();
        assert!(matches!(said, NotItsRoots::Other { .. }), "{said}");
        assert_eq!(head(&store.db).await.unwrap(), backup);
        assert_eq!(all_roots(&store).await.len(), 3);
        // One of the backup's own need not be there.
        restored(&store.db, &SystemRandom, "then", &without(0), now).await.unwrap();
    })
    .await;
}

/// Whoever removes links cannot pass it off as a loss by an event of their own: it would have to stand behind the gap, and what
/// follows it is signed.
#[tokio::test]
async fn a_made_up_restoring_hides_no_removed_links() {
    on_both(async |store: TestStore| {
        let key = key(&store).await;
        let now = days(&store, &key, 4, 5).await;
        sql(&store.db, "DELETE FROM audit_events WHERE seq > 5 AND seq <= 10", args![]).await;
        let detail = json!({ "backup_of": "then", "lost": { "first": 6, "last": 10 } });
        let event = &[Event::new(now, Actor::Operator, What::Restored).with(detail.clone())];
        let forge = |tx| async move { audit::append(&tx, &SystemRandom, event).await };
        store.db.run_tx("forge", forge).await.unwrap();
        let broken = checked(&store).await.broken.unwrap();
        assert_eq!(broken.why, Why::Removed { missing: 6 });
        // Nor by changing the first event behind the gap.
        let detail = detail.to_string();
        sql(
            &store.db,
            "UPDATE audit_events SET what = 'restored', detail = $1 WHERE seq = 11",
            args![&detail],
        )
        .await;
        let broken = checked(&store).await.broken.unwrap();
        assert!(matches!(broken.why, Why::Changed | Why::DoesNotFollow), "{broken:?}");
    })
    .await;
}
