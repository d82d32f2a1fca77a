//! Many append, several link, some die in the middle: never a gap, never a fork, never an event lost.

use std::future::poll_fn;
use std::io::{BufRead as _, BufReader};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::task::Poll;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::args;
use crate::repo::audit_chain::{BATCH, link, seal};
use crate::testing::{on, on_both};
use crate::{Engine, Store, StoreConfig};

/// Polls so many times and then drops, as a kill would.
async fn dies_after<T>(polls: usize, work: impl Future<Output = T>) {
    let mut work = pin!(work);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 || work.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        left -= 1;
        Poll::Pending
    })
    .await;
}

#[derive(Debug, Clone)]
enum Act {
    Append { events: usize, late: bool },
    Seal,
    SealAndDie(usize),
    Together,
    NextDay,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (1_usize..30, any::<bool>()).prop_map(|(events, late)| Act::Append { events, late }),
        2 => Just(Act::Seal),
        3 => (0_usize..25).prop_map(Act::SealAndDie),
        1 => Just(Act::Together),
        1 => Just(Act::NextDay),
    ];
    prop::collection::vec(act, 1..20)
}

#[test]
fn whatever_dies_when_the_chain_has_neither_gap_nor_fork() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (engine, cases) in [(Engine::Sqlite, 12), (Engine::Postgres, 12)] {
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        runner
            .run(&acts(), |acts| {
                runtime.block_on(on(engine, async |store: TestStore| {
                    let key = key(&store).await;
                    let (mut now, mut appended) = (START, 0);
                    for act in &acts {
                        match act {
                            Act::Append { events, late } => {
                                let at = if *late { START } else { now };
                                append(&store.db, &vec![at; *events]).await;
                                appended += events;
                            }
                            Act::Seal => drop(seal(&store.db, &key, now).await.unwrap()),
                            Act::SealAndDie(polls) => dies_after(*polls, seal(&store.db, &key, now)).await,
                            Act::Together => {
                                let moments = vec![now; 7];
                                let (one, two, ()) = tokio::join!(
                                    seal(&store.db, &key, now),
                                    seal(&store.db, &key, now),
                                    append(&store.db, &moments)
                                );
                                one.unwrap();
                                two.unwrap();
                                appended += 7;
                            }
                            Act::NextDay => now = now.plus(24 * HOUR),
                        }
                        assert_eq!(checked(&store).await.broken, None, "after {act:?} of {acts:?}");
                    }
                    seal_all(&store.db, &key, now).await.unwrap();
                    let report = checked(&store).await;
                    assert_eq!((report.broken, report.waiting), (None, 0));
                    assert_eq!(report.links, appended as u64, "each once");
                }));
                Ok(())
            })
            .unwrap();
    }
}

/// Thirty-two append while two link.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appending_and_linking_go_on_side_by_side() {
    on_both(async |store: TestStore| {
        let writers: Vec<_> = (0..32)
            .map(|n| {
                let db = store.db.clone();
                tokio::spawn(async move {
                    for i in 0..10 {
                        append(&db, &[START.plus(Duration::from_millis(n * 10 + i)); 3]).await;
                    }
                })
            })
            .collect();
        let linkers: Vec<_> = (0..2)
            .map(|_| {
                let db = store.db.clone();
                tokio::spawn(async move {
                    let mut linked = 0;
                    for _ in 0..200 {
                        linked += link(&db, START.plus(HOUR), 37).await.unwrap();
                        tokio::time::sleep(Duration::from_millis(2)).await;
                    }
                    linked
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let mut linked = 0;
        for linker in linkers {
            linked += linker.await.unwrap();
        }
        while linked < 960 {
            linked += link(&store.db, START.plus(HOUR), BATCH).await.unwrap();
        }
        let report = checked(&store).await;
        assert_eq!((report.broken, report.links, report.waiting), (None, 960, 0));
    })
    .await;
}

/// The part of the next test that runs in another process.
#[tokio::test]
#[ignore = "runs in the process that another test starts"]
async fn one_that_is_killed() {
    let folder = std::env::var_os("MYDATA_TEST_FOLDER").expect("started by the other test");
    let store = Store::open(&StoreConfig::in_folder(folder), START).await.unwrap();
    let key = signer(&store.db, &store.crypter, Purpose::Roots, START).await.unwrap();
    for n in 0_u32.. {
        let now = START.plus(n * 6 * HOUR);
        append(&store.db, &vec![now; 40]).await;
        seal_all(&store.db, &key, now).await.unwrap();
        println!("\nround {n}");
    }
}

#[tokio::test]
async fn after_a_kill_the_chain_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = 0;
    for kill in 0..4_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "repo::tests::audit::crash::one_that_is_killed", "--ignored", "--nocapture"])
            .env("MYDATA_TEST_FOLDER", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let wanted = format!("round {}", 3 + kill);
        lines.find(|line| *line == wanted).expect("the child works");
        std::thread::sleep(Duration::from_millis(kill * 3));
        child.kill().unwrap();
        child.wait().unwrap();

        let store = Store::open(&StoreConfig::in_folder(folder.path()), START).await.unwrap();
        let keys = Some(public_keys(&store.db, &store.crypter).await.unwrap());
        let report = verify(&store.db, &Against { keys, ..Against::default() }, |_| ()).await.unwrap();
        assert_eq!(report.broken, None);
        assert!(report.links > before, "{} links, {before} before", report.links);
        let all = store.db.fetch_one("SELECT COUNT(*) FROM audit_events", args![]).await.unwrap();
        assert_eq!(all.get_i64(0).unwrap().unsigned_abs(), report.links + report.waiting);
        before = report.links;
        store.close().await;
    }
}
