//! What the job table promises, on both engines.

use super::*;
use crate::testing::{START, TestStore, on, on_both};
use mydata_wire::{Random, SystemRandom};
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Instant;

const LEASE: Duration = Duration::from_secs(60);

fn at(seconds: u64) -> Time {
    START.plus(Duration::from_secs(seconds))
}

fn job<'a>(key: Option<&'a str>, run_at: Time) -> NewJob<'a> {
    NewJob { kind: "collect", key, lane: None, payload: r#"{"tx":"t1"}"#, run_at, now: START }
}

/// Enqueues; gives the id of the living job with its key, if it has one.
async fn add(db: &Db, new: &NewJob<'_>) -> String {
    db.run_tx("add", async |tx| enqueue(&tx, new).await).await.unwrap();
    let living = "SELECT id FROM jobs WHERE kind = $1 AND key = $2 AND dead_at IS NULL";
    let row = db.fetch_opt(living, args![new.kind, new.key]).await.unwrap();
    row.map(|r| r.get_text(0).unwrap()).unwrap_or_default()
}

async fn claim_one(jobs: &Jobs, now: Time) -> Leased {
    let mut claimed = jobs.claim(10, &Full::default(), now, LEASE).await.unwrap();
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    claimed.remove(0)
}

fn is_lost<T>(outcome: &Result<T>) -> bool {
    matches!(outcome, Err(StoreError::LeaseLost { .. }))
}

#[tokio::test]
async fn a_job_is_due_claimed_and_done() {
    on_both(async |store: TestStore| {
        let jobs = &store.jobs;
        assert_eq!(jobs.next_run_at(&Full::default()).await.unwrap(), None);
        let id = add(&store.db, &job(Some("t1"), at(5))).await;
        assert_eq!(jobs.next_run_at(&Full::default()).await.unwrap(), Some(at(5)));
        assert_eq!(jobs.claim(10, &Full::default(), at(4), LEASE).await.unwrap(), []);
        let leased = claim_one(jobs, at(5)).await;
        assert_eq!(
            (leased.id.as_str(), leased.kind.as_str(), leased.key.as_deref()),
            (&*id, "collect", Some("t1"))
        );
        assert_eq!(
            (leased.payload.as_str(), leased.attempts, leased.created_at),
            (r#"{"tx":"t1"}"#, 1, START)
        );
        assert_eq!(jobs.claim(10, &Full::default(), at(5), LEASE).await.unwrap(), [], "it is held");
        assert_eq!(jobs.next_run_at(&Full::default()).await.unwrap(), Some(at(65)), "the end of the lease");
        assert_eq!(jobs.living_by_kind().await.unwrap(), [("collect".to_owned(), 1)]);
        jobs.complete(&leased).await.unwrap();
        assert!(is_lost(&jobs.complete(&leased).await), "once only");
        store.assert_no_jobs().await;
    })
    .await;
}

#[tokio::test]
async fn a_job_and_the_change_it_follows_from_come_together_or_not_at_all() {
    on_both(async |store: TestStore| {
        let refused = store
            .db
            .run_tx("refused", async |tx| {
                enqueue(&tx, &job(None, START)).await?;
                Err::<(), _>(StoreError::NotFound)
            })
            .await;
        assert!(refused.is_err());
        store.assert_no_jobs().await;
    })
    .await;
}

#[tokio::test]
async fn a_lease_that_ran_out_goes_to_another_and_binds_the_first() {
    on_both(async |store: TestStore| {
        let jobs = &store.jobs;
        add(&store.db, &job(None, START)).await;
        let first = claim_one(jobs, START).await;
        jobs.extend(&first, at(100)).await.unwrap();
        assert_eq!(jobs.claim(10, &Full::default(), at(99), LEASE).await.unwrap(), []);
        let second = claim_one(jobs, at(100)).await;
        assert_eq!(second.attempts, 2);
        assert!(is_lost(&jobs.extend(&first, at(500)).await));
        assert!(is_lost(&jobs.retry_at(&first, at(500), "late").await));
        assert!(is_lost(&jobs.fail(&first, "late", at(101)).await));
        assert!(is_lost(&jobs.release(&first, at(101)).await));
        let late = store.db.run_tx("late", async |tx| {
            tx.execute("INSERT INTO meta (key, value) VALUES ('work', 'of the first')", args![]).await?;
            complete(&tx, &first).await
        });
        assert!(is_lost(&late.await));
        let kept = store.db.fetch_all("SELECT 1 FROM meta WHERE key = 'work'", args![]).await.unwrap();
        assert!(kept.is_empty(), "the work done under a lost lease is thrown away with it");
        jobs.complete(&second).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_same_key_gives_the_same_job() {
    on_both(async |store: TestStore| {
        let jobs = &store.jobs;
        let first = add(&store.db, &job(Some("t1"), at(50))).await;
        assert_eq!(add(&store.db, &job(Some("t1"), at(90))).await, first, "later: nothing changes");
        assert_eq!(jobs.next_run_at(&Full::default()).await.unwrap(), Some(at(50)));
        assert_eq!(add(&store.db, &job(Some("t1"), at(20))).await, first, "earlier: it moves");
        assert_eq!(jobs.next_run_at(&Full::default()).await.unwrap(), Some(at(20)));
        let other_kind = NewJob { kind: "notify", ..job(Some("t1"), at(300)) };
        assert_ne!(add(&store.db, &other_kind).await, first);
        assert_ne!(add(&store.db, &job(Some("t2"), at(300))).await, first);
        let living = store.jobs.living().await.unwrap();
        add(&store.db, &job(None, at(300))).await;
        add(&store.db, &job(None, at(300))).await;
        assert_eq!(store.jobs.living().await.unwrap(), living + 2, "without a key: any number");
        assert_eq!(jobs.living().await.unwrap(), 5);
    })
    .await;
}

/// The work may have looked at the state before it changed: the wake-up must not get lost.
#[tokio::test]
async fn a_job_enqueued_again_while_it_is_worked_on_runs_once_more() {
    on_both(async |store: TestStore| {
        let jobs = &store.jobs;
        let id = add(&store.db, &job(Some("t1"), START)).await;
        let first = claim_one(jobs, START).await;
        for seconds in [9, 3, 6] {
            assert_eq!(add(&store.db, &job(Some("t1"), at(seconds))).await, id);
        }
        assert_eq!(jobs.claim(10, &Full::default(), at(10), LEASE).await.unwrap(), [], "not two at a time");
        jobs.complete(&first).await.unwrap();
        assert_eq!(jobs.next_run_at(&Full::default()).await.unwrap(), Some(at(3)));
        let again = claim_one(jobs, at(3)).await;
        assert_eq!((&again.id, again.attempts), (&id, 1));

        // Also when the work failed, whether for now …
        add(&store.db, &job(Some("t1"), at(4))).await;
        jobs.retry_at(&again, at(1000), "429").await.unwrap();
        let again = claim_one(jobs, at(4)).await;
        assert_eq!(again.last_error.as_deref(), Some("429"));
        // … or for good.
        add(&store.db, &job(Some("t1"), at(5))).await;
        jobs.fail(&again, "broken", at(5)).await.unwrap();
        let again = claim_one(jobs, at(5)).await;
        assert_eq!(jobs.dead(10).await.unwrap(), []);

        // A lease that ran out meanwhile: the next run is late enough to see everything, one is enough.
        add(&store.db, &job(Some("t1"), at(6))).await;
        let last = claim_one(jobs, at(500)).await;
        assert_eq!(again.id, last.id);
        jobs.complete(&last).await.unwrap();
        store.assert_no_jobs().await;
    })
    .await;
}

#[tokio::test]
async fn a_job_given_up_is_kept_with_its_reason_and_can_be_revived() {
    on_both(async |store: TestStore| {
        let jobs = &store.jobs;
        let id = add(&store.db, &job(Some("t1"), START)).await;
        jobs.retry_at(&claim_one(jobs, START).await, at(10), "connection refused").await.unwrap();
        assert_eq!(jobs.claim(10, &Full::default(), at(9), LEASE).await.unwrap(), []);
        let leased = claim_one(jobs, at(10)).await;
        assert_eq!((leased.attempts, leased.last_error.as_deref()), (2, Some("connection refused")));
        jobs.fail(&leased, "answered 403", at(11)).await.unwrap();
        store.assert_no_jobs().await;
        let dead = jobs.dead(10).await.unwrap();
        assert_eq!(
            (dead[0].id.as_str(), dead[0].error.as_str(), dead[0].dead_at),
            (&*id, "answered 403", at(11))
        );

        // Its key is free again; while another holds it, the dead one cannot come back.
        let other = add(&store.db, &job(Some("t1"), at(20))).await;
        assert_ne!(other, id);
        let back =
            async || store.db.run_tx("revive", async |tx| revive(&tx, &id, at(20)).await).await.unwrap();
        assert!(!back().await);
        jobs.complete(&claim_one(jobs, at(20)).await).await.unwrap();
        assert!(back().await);
        assert!(!back().await, "it lives already");
        let leased = claim_one(jobs, at(20)).await;
        assert_eq!((leased.id.as_str(), leased.attempts), (&*id, 1));
        jobs.fail(&leased, "answered 403", at(21)).await.unwrap();
        assert_eq!(jobs.forget_dead(at(21)).await.unwrap(), 0);
        assert_eq!(jobs.forget_dead(at(22)).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_job_given_back_is_due_at_once_and_was_not_tried() {
    on_both(async |store: TestStore| {
        let jobs = &store.jobs;
        add(&store.db, &job(None, START)).await;
        jobs.release(&claim_one(jobs, START).await, at(1)).await.unwrap();
        let leased = claim_one(jobs, at(1)).await;
        assert_eq!(leased.attempts, 1);
        jobs.complete(&leased).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_node_that_starts_again_takes_back_its_own_leases_only() {
    on_both(async |store: TestStore| {
        let (a, b) = (Jobs::new(store.db.clone(), "node-a"), Jobs::new(store.db.clone(), "node-b"));
        add(&store.db, &job(None, START)).await;
        let of_a = claim_one(&a, START).await;
        add(&store.db, &job(None, START)).await;
        let of_b = claim_one(&b, START).await;
        assert_eq!(a.release_own(at(1)).await.unwrap(), 1);
        assert!(is_lost(&a.complete(&of_a).await));
        assert_eq!(claim_one(&a, at(1)).await.id, of_a.id);
        b.complete(&of_b).await.unwrap();
    })
    .await;
}

/// Many claimers, random ends: no job is ever held twice at one time, none is done twice, and none is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_claimers_never_hold_the_same_job() {
    on_both(async |store: TestStore| {
        const JOBS: usize = 150;
        store
            .db
            .run_tx("fill", async |tx| {
                for _ in 0..JOBS {
                    enqueue(&tx, &job(None, START)).await?;
                }
                Ok(())
            })
            .await
            .unwrap();
        // The clock stands still, so no lease runs out: whoever holds a job must be alone with it.
        let held: &'static Mutex<HashSet<String>> = Box::leak(Box::default());
        let done: &'static Mutex<HashMap<String, u32>> = Box::leak(Box::default());
        let claimers: Vec<_> = (0..6)
            .map(|n| {
                let jobs = Jobs::new(store.db.clone(), format!("node-{n}"));
                tokio::spawn(async move {
                    while done.lock().unwrap().len() < JOBS {
                        let claimed = jobs.claim(7, &Full::default(), START, LEASE).await.unwrap();
                        for job in &claimed {
                            assert!(held.lock().unwrap().insert(job.id.clone()), "held twice: {}", job.id);
                        }
                        for job in claimed {
                            tokio::task::yield_now().await;
                            let mut choice = [0];
                            SystemRandom.fill(&mut choice);
                            // What is no longer held must be so before another can claim it.
                            held.lock().unwrap().remove(&job.id);
                            match choice[0] % 4 {
                                0 => jobs.retry_at(&job, START, "again").await.unwrap(),
                                1 => jobs.release(&job, START).await.unwrap(),
                                _ => {
                                    jobs.complete(&job).await.unwrap();
                                    *done.lock().unwrap().entry(job.id).or_default() += 1;
                                }
                            }
                        }
                    }
                })
            })
            .collect();
        for claimer in claimers {
            claimer.await.unwrap();
        }
        assert!(done.lock().unwrap().values().all(|n| *n == 1));
        store.assert_no_jobs().await;
    })
    .await;
}

#[tokio::test]
async fn a_claim_takes_no_more_than_asked_for() {
    on_both(async |store: TestStore| {
        for n in 0..5 {
            add(&store.db, &job(None, at(n))).await;
        }
        assert_eq!(store.jobs.claim(2, &Full::default(), at(9), LEASE).await.unwrap().len(), 2);
        assert_eq!(store.jobs.claim(2, &Full::default(), at(9), LEASE).await.unwrap().len(), 2);
        assert_eq!(store.jobs.claim(2, &Full::default(), at(9), LEASE).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn waiting_ends_when_a_job_is_enqueued_but_not_for_a_later_one() {
    on_both(async |store: TestStore| {
        let woken: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
        let jobs = store.jobs.clone();
        add(&store.db, &job(None, at(1000))).await;
        // Whatever woke it before is used up.
        jobs.wait(&Full::default(), at(2000), LEASE).await.unwrap();
        let start = Instant::now();
        let runner = tokio::spawn(async move {
            jobs.wait(&Full::default(), START, Duration::from_secs(3600)).await.unwrap();
            woken.store(true, SeqCst);
        });
        tokio::time::sleep(Duration::from_millis(150)).await;
        add(&store.db, &job(None, at(1001))).await;
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert!(!woken.load(SeqCst), "a job due later than the next one wakes nobody");
        add(&store.db, &job(None, at(5))).await;
        runner.await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(20));
    })
    .await;
}

/// A transaction that commits while the runner is between looking and sleeping must wake it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_wake_up_is_lost() {
    on(Engine::Sqlite, async |store: TestStore| {
        let taken: &'static AtomicU64 = Box::leak(Box::new(AtomicU64::new(0)));
        let jobs = store.jobs.clone();
        let runner = tokio::spawn(async move {
            while taken.load(SeqCst) < 100 {
                for job in jobs.claim(10, &Full::default(), START, LEASE).await.unwrap() {
                    jobs.complete(&job).await.unwrap();
                    taken.fetch_add(1, SeqCst);
                }
                if taken.load(SeqCst) < 100 {
                    jobs.wait(&Full::default(), START, Duration::from_secs(3600)).await.unwrap();
                }
            }
        });
        for n in 0..100 {
            add(&store.db, &job(None, START)).await;
            let limit = Instant::now();
            while taken.load(SeqCst) <= n {
                assert!(limit.elapsed() < Duration::from_secs(20), "job {n} was never taken");
                tokio::task::yield_now().await;
            }
        }
        runner.await.unwrap();
        store.assert_no_jobs().await;
    })
    .await;
}

/// What waits behind a full lane or kind lets the rest pass, and is not looked at again and again meanwhile.
#[tokio::test]
async fn what_is_full_is_left_where_it_is() {
    on_both(async |store: TestStore| {
        let jobs = &store.jobs;
        let new = |kind, key, lane, run_at| NewJob { kind, key: Some(key), lane, ..job(None, run_at) };
        for (n, key) in (0..).zip(["slow0", "slow1", "slow2"]) {
            add(&store.db, &new("collect", key, Some("slow"), at(n))).await;
        }
        add(&store.db, &new("collect", "quick", Some("quick"), at(5))).await;
        add(&store.db, &new("notify", "n", None, at(6))).await;
        let full = Full { kinds: Vec::new(), lanes: vec!["slow".to_owned()] };
        assert_eq!(jobs.next_run_at(&full).await.unwrap(), Some(at(5)));
        let claimed = jobs.claim(10, &full, at(9), LEASE).await.unwrap();
        let mut keys: Vec<_> = claimed.iter().filter_map(|j| j.key.as_deref()).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["n", "quick"]);
        let full =
            Full { kinds: vec!["collect".to_owned()], lanes: vec!["other".to_owned(), "x".to_owned()] };
        assert_eq!(jobs.claim(10, &full, at(9), LEASE).await.unwrap(), []);
        // Claimed all at once, and put back for want of room: untried, and due as before.
        let mut claimed = jobs.claim(10, &Full::default(), at(9), LEASE).await.unwrap();
        assert_eq!(claimed.len(), 3);
        let kept = claimed.remove(0);
        assert_eq!(kept.lane.as_deref(), Some("slow"));
        jobs.put_back(&claimed, at(9)).await.unwrap();
        let again = jobs.claim(10, &Full::default(), at(9), LEASE).await.unwrap();
        assert_eq!(again.iter().map(|j| j.attempts).collect::<Vec<_>>(), [1, 1]);
        jobs.put_back(&claimed, at(9)).await.unwrap();
        for job in again.iter().chain([&kept]) {
            jobs.complete(job).await.unwrap();
        }
    })
    .await;
}
