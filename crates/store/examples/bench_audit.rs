//! `cargo xtask bench audit`: what the chain of the record costs those who append, how fast it is linked and verified.
//!
//! 32 writers append in transactions of their own, on each engine, in turns without the chain (its indexes are dropped, nobody
//! links) and with it: as fast as they can, and as often as 32 citizens at once make them. Arguments: seconds a turn, turns (0: none),
//! events that are linked and verified at the end, and `sqlite` for that engine alone.

use std::time::{Duration, Instant};

use mydata_domain::Time;
use mydata_domain::audit::{Actor, Event, What};
use mydata_domain::transaction::TransactionId;
use mydata_store::repo::audit_verify::{Against, verify};
use mydata_store::repo::{audit, audit_chain};
use mydata_store::signing::{Purpose, signer};
use mydata_store::testing::{START, TestStore};
use mydata_store::{Db, Engine, StoreError, args};
use mydata_wire::SystemRandom;
use serde_json::json;
use tokio::sync::watch;

const WRITERS: usize = 32;
/// Events that one transaction appends.
const EACH: usize = 2;
/// How often each writer appends when it does not append as fast as it can: more than `bench exchange` has them do.
const PACE: Duration = Duration::from_millis(100);

fn events(at: Time) -> Vec<Event> {
    let id = TransactionId::generate(&SystemRandom);
    let one = |n: usize| {
        let what = [What::Authorised, What::Confirmed][n % 2];
        let event = Event::new(at, Actor::Citizen, what).of(id).from("192.0.2.7".parse().ok());
        event.with(json!({ "resources": ["API.Example001", "API.Example002"] }))
    };
    (0..EACH).map(one).collect()
}

async fn append(db: &Db, at: Time) -> Result<(), StoreError> {
    let events = &events(at);
    db.run_tx("append", |tx| async move { audit::append(&tx, &SystemRandom, events).await }).await
}

/// Transactions a second, how long the middle one and the longest of a hundred take in milliseconds, and the events that
/// waited for their link at the end.
struct Turn {
    rate: f64,
    p50: f64,
    p99: f64,
    left: u64,
}

async fn turn(engine: Engine, chained: bool, paced: bool, length: Duration) -> Result<Turn, StoreError> {
    let store = TestStore::fresh(engine).await;
    if !chained {
        let drop = async |tx: mydata_store::Tx| {
            tx.run("DROP INDEX audit_events_seq", args![]).await?;
            tx.run("DROP INDEX audit_events_waiting", args![]).await
        };
        store.db.run_tx("drop", drop).await?;
    }
    let (stop, stopped) = watch::channel(false);
    let linker = chained.then(|| {
        let (db, stopped) = (store.db.clone(), stopped.clone());
        tokio::spawn(async move {
            while !*stopped.borrow() {
                let began = Instant::now();
                let linked = audit_chain::link(&db, Time(i64::MAX), audit_chain::BATCH).await?;
                // As the platform's own does: more at once, with a rest as long as the work, else once a second.
                let more = linked == audit_chain::BATCH;
                tokio::time::sleep(if more { began.elapsed() } else { Duration::from_secs(1) }).await;
            }
            Ok::<_, StoreError>(())
        })
    });
    let began = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|place| {
            let (db, stopped) = (store.db.clone(), stopped.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                let mut beat = tokio::time::interval(PACE);
                if paced {
                    tokio::time::sleep(PACE * place as u32 / WRITERS as u32).await;
                }
                while !*stopped.borrow() {
                    let one = Instant::now();
                    let at = START.plus(began.elapsed());
                    append(&db, at).await?;
                    times.push(one.elapsed().as_secs_f64() * 1_000.0);
                    if paced {
                        beat.tick().await;
                    }
                }
                Ok::<_, StoreError>(times)
            })
        })
        .collect();
    tokio::time::sleep(length).await;
    let _ = stop.send(true);
    let elapsed = began.elapsed().as_secs_f64();
    let mut times = Vec::new();
    for writer in writers {
        times.extend(writer.await.expect("a writer does not panic")?);
    }
    let left = audit_chain::waiting(&store.db, 10_000_000).await?;
    if let Some(linker) = linker {
        linker.await.expect("the one who links does not panic")?;
    }
    times.sort_by(f64::total_cmp);
    let of_100 = |n: usize| times.get(times.len() * n / 100).copied().unwrap_or_default();
    let turn = Turn { rate: times.len() as f64 / elapsed, p50: of_100(50), p99: of_100(99), left };
    store.remove().await;
    Ok(turn)
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// What linking and verifying many came to.
struct Capacity {
    /// Events linked a second.
    linking: f64,
    /// Events verified a second.
    verifying: f64,
    /// The most memory that was held while verifying, in KiB, and before it began.
    memory: Option<(u64, u64)>,
}

/// A field of this process's status, in KiB.
fn status(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Links and verifies many.
async fn capacity(engine: Engine, count: u64) -> Result<Capacity, StoreError> {
    let store = TestStore::fresh(engine).await;
    let key = signer(&store.db, &store.crypter, Purpose::Roots, START).await?;
    let mut appended = 0;
    while appended < count {
        let many: &Vec<Event> = &(0..250).flat_map(|_| events(START)).collect();
        store.db.run_tx("fill", |tx| async move { audit::append(&tx, &SystemRandom, many).await }).await?;
        appended += many.len() as u64;
    }
    let began = Instant::now();
    audit_chain::seal_all(&store.db, &key, START.plus(Duration::from_secs(48 * 3_600))).await?;
    let linking = appended as f64 / began.elapsed().as_secs_f64();
    // From here on the most memory counts anew.
    let counts = std::fs::write("/proc/self/clear_refs", "5").is_ok();
    let before = status("VmRSS:");
    let began = Instant::now();
    let report = verify(&store.db, &Against::default(), |_| ()).await?;
    assert_eq!((report.links, report.broken), (appended, None), "the chain holds");
    let verifying = appended as f64 / began.elapsed().as_secs_f64();
    let memory = status("VmHWM:").filter(|_| counts).zip(before);
    store.remove().await;
    Ok(Capacity { linking, verifying, memory })
}

#[tokio::main]
async fn main() -> Result<(), StoreError> {
    let given: Vec<u64> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let number = |place: usize, usual: u64| given.get(place).copied().unwrap_or(usual);
    let (length, turns, count) = (Duration::from_secs(number(0, 10)), number(1, 5), number(2, 200_000));
    println!("{WRITERS} writers, {EACH} events a transaction, {turns} turns of {length:?} each, in turn");
    let sqlite_alone = std::env::args().any(|arg| arg == "sqlite");
    for engine in [Engine::Sqlite, Engine::Postgres] {
        if sqlite_alone && engine == Engine::Postgres {
            break;
        }
        for paced in [false, true] {
            if turns == 0 {
                break;
            }
            let (mut without, mut with) = (Vec::new(), Vec::new());
            for _ in 0..turns {
                without.push(turn(engine, false, paced, length).await?);
                with.push(turn(engine, true, paced, length).await?);
            }
            let of = |turns: &[Turn], what: fn(&Turn) -> f64| median(turns.iter().map(what).collect());
            let left = with.iter().map(|t| t.left).max().unwrap_or_default();
            println!(
                "{engine:?}, {}: {:.0} transactions a second without, {:.0} with ({:.2}); half within {:.2} ms and {:.2} ms, 99 \
                 of 100 within {:.1} ms and {:.1} ms; at most {left} events waited at the end",
                if paced { "ten a second each" } else { "as fast as they can" },
                of(&without, |t| t.rate),
                of(&with, |t| t.rate),
                of(&with, |t| t.rate) / of(&without, |t| t.rate),
                of(&without, |t| t.p50),
                of(&with, |t| t.p50),
                of(&without, |t| t.p99),
                of(&with, |t| t.p99)
            );
        }
        let Capacity { linking, verifying, memory } = capacity(engine, count).await?;
        println!("{engine:?}, {count} events: {linking:.0} linked a second, {verifying:.0} verified");
        if let Some((most, before)) = memory {
            println!("{engine:?}: at most {most} KiB in memory while verifying, {before} KiB before");
        }
    }
    Ok(())
}
