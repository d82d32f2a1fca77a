//! One behaviour on both engines.

use super::*;
use crate::args;
use crate::testing::{TestStore, on, on_both};
use mydata_domain::Time;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::sync::atomic::AtomicU32;

async fn with_table(store: &TestStore, columns: &'static str) {
    store.db.execute("create", format!("CREATE TABLE t ({columns})"), args![]).await.unwrap();
}

#[tokio::test]
async fn values_come_back_as_they_were_given() {
    on_both(async |store: TestStore| {
        with_table(&store, "id BIGINT PRIMARY KEY, i BIGINT, s TEXT, b BYTEA").await;
        store
            .db
            .run_tx("fill", async |tx| {
                let put = "INSERT INTO t (id, i, s, b) VALUES ($1, $2, $3, $4)";
                tx.execute(put, args![1u8, i64::MIN, "𠮷野家 👩‍👩‍👧 陳小玲", &[0u8, 255, 1]]).await?;
                tx.execute(put, args![2, None::<i64>, None::<&str>, None::<Vec<u8>>]).await?;
                tx.execute(put, args![3, true, String::new(), Vec::<u8>::new()]).await?;
                tx.execute(put, args![4, Time(7), &Some("x".to_owned()), &None::<Vec<u8>>]).await
            })
            .await
            .unwrap();
        let rows = store.db.fetch_all("SELECT i, s, b FROM t ORDER BY id", args![]).await.unwrap();
        assert_eq!(rows[0].get_i64("i").unwrap(), i64::MIN);
        assert_eq!(rows[0].get_text("s").unwrap(), "𠮷野家 👩‍👩‍👧 陳小玲");
        assert_eq!(rows[0].get_blob(2).unwrap(), [0, 255, 1]);
        assert_eq!(rows[1].get_opt_i64(0).unwrap(), None);
        assert_eq!(rows[1].get_opt_text("s").unwrap(), None);
        assert_eq!(rows[1].get_opt_blob("b").unwrap(), None);
        assert!(rows[2].get_bool("i").unwrap());
        assert_eq!(rows[2].get_text("s").unwrap(), "");
        assert_eq!(rows[2].get_opt_blob("b").unwrap(), Some(vec![]));
        assert_eq!(rows[3].get_time("i").unwrap(), Time(7));
        // A typed NULL also compares with a column of its type.
        let same = "SELECT 1 FROM t WHERE i = $1 OR s = $2";
        assert!(store.db.fetch_all(same, args![None::<i64>, None::<&str>]).await.unwrap().is_empty());
        let sum = "SELECT COUNT(*) AS n, CAST(SUM(i) AS BIGINT) FROM t WHERE id > 2";
        let n = store.db.fetch_one(sum, args![]).await.unwrap();
        assert_eq!((n.get_i64("n").unwrap(), n.get_i64(1).unwrap(), n.len()), (2, 8, 2));
    })
    .await;
}

#[tokio::test]
async fn a_wrong_column_is_named() {
    on_both(async |store: TestStore| {
        with_table(&store, "id BIGINT, s TEXT").await;
        store.db.execute("fill", "INSERT INTO t VALUES (2, NULL)", args![]).await.unwrap();
        let row = store.db.fetch_one("SELECT id, s FROM t", args![]).await.unwrap();
        let text = |e: StoreError| e.to_string();
        assert_eq!(text(row.get_text("s").unwrap_err()), "column s: is NULL");
        assert_eq!(text(row.get_text("gone").unwrap_err()), "column gone: is not in the answer");
        assert_eq!(text(row.get_i64(5).unwrap_err()), "column number 5: is not in the answer");
        assert_eq!(text(row.get_bool("id").unwrap_err()), "column id: is neither 0 nor 1");
    })
    .await;
}

#[test]
fn any_text_number_and_bytes_come_back() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        runtime.block_on(on(engine, async |store: TestStore| {
            with_table(&store, "i BIGINT, s TEXT, b BYTEA").await;
            let handle = tokio::runtime::Handle::current();
            let tested = tokio::task::spawn_blocking(move || {
                // PostgreSQL's text cannot hold U+0000; no text of ours may.
                let text = "[^\u{0}]{0,40}";
                let values = (any::<Option<i64>>(), proptest::option::of(text), any::<Option<Vec<u8>>>());
                let mut runner =
                    TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
                runner.run(&values, |(i, s, b)| {
                    let row = handle.block_on(store.db.run_tx("turn", async |tx| {
                        let sql = "INSERT INTO t VALUES ($1, $2, $3) RETURNING i, s, b";
                        tx.fetch_one(sql, args![i, &s, &b]).await
                    }));
                    let row = row.unwrap();
                    prop_assert_eq!(row.get_opt_i64(0).unwrap(), i);
                    prop_assert_eq!(row.get_opt_text(1).unwrap(), s);
                    prop_assert_eq!(row.get_opt_blob(2).unwrap(), b);
                    Ok(())
                })
            });
            tested.await.unwrap().unwrap();
        }));
    }
}

/// Shows that read-then-write transactions lose nothing to each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_hundred_increments_by_eight_tasks_are_all_there() {
    on_both(async |store: TestStore| {
        with_table(&store, "id BIGINT PRIMARY KEY, n BIGINT NOT NULL").await;
        store.db.execute("fill", "INSERT INTO t VALUES (1, 0)", args![]).await.unwrap();
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let db = store.db.clone();
                tokio::spawn(async move {
                    for _ in 0..50 {
                        db.run_tx("increment", async |tx| {
                            let n =
                                tx.fetch_one("SELECT n FROM t WHERE id = 1", args![]).await?.get_i64(0)?;
                            tx.execute("UPDATE t SET n = $1 WHERE id = 1", args![n + 1]).await
                        })
                        .await
                        .unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let n = store.db.fetch_one("SELECT n FROM t", args![]).await.unwrap().get_i64(0).unwrap();
        assert_eq!(n, 400);
        let stats = store.db.transactions().into_iter().find(|s| s.name == "increment").unwrap();
        assert_eq!((stats.runs, stats.failures), (400, 0));
    })
    .await;
}

/// Two doctors on call: each goes off call if another stays. Without serialisability both would.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_transactions_that_read_what_the_other_writes_do_not_both_succeed() {
    on_both(async |store: TestStore| {
        with_table(&store, "id BIGINT PRIMARY KEY, on_call BIGINT NOT NULL").await;
        for round in 0..10 {
            let fill = "INSERT INTO t VALUES (1, 1), (2, 1) ON CONFLICT (id) DO UPDATE SET on_call = 1";
            store.db.execute("fill", fill, args![]).await.unwrap();
            let leave = |id: i64| {
                let db = store.db.clone();
                tokio::spawn(async move {
                    db.run_tx("leave", async |tx| {
                        let n = tx
                            .fetch_one("SELECT COUNT(*) FROM t WHERE on_call = 1", args![])
                            .await?
                            .get_i64(0)?;
                        if n > 1 {
                            tx.execute("UPDATE t SET on_call = 0 WHERE id = $1", args![id]).await?;
                        }
                        Ok(())
                    })
                    .await
                })
            };
            let (a, b) = (leave(1), leave(2));
            a.await.unwrap().unwrap();
            b.await.unwrap().unwrap();
            let left = store.db.fetch_one("SELECT COUNT(*) FROM t WHERE on_call = 1", args![]).await.unwrap();
            assert_eq!(left.get_i64(0).unwrap(), 1, "round {round}");
        }
    })
    .await;
}

#[tokio::test]
async fn broken_rules_are_told_apart() {
    on_both(async |store: TestStore| {
        with_table(&store, "id TEXT PRIMARY KEY, mail TEXT UNIQUE, parent TEXT REFERENCES t (id)").await;
        let put = async |id: &str, mail: &str, parent: Option<&str>| {
            store.db.execute("put", "INSERT INTO t VALUES ($1, $2, $3)", args![id, mail, parent]).await
        };
        put("a", "a@example.org", None).await.unwrap();
        let again = put("a", "b@example.org", None).await.unwrap_err();
        assert!(again.is_conflict(), "{again}");
        assert!(!again.to_string().contains("b@example.org"));
        assert!(put("b", "a@example.org", None).await.unwrap_err().is_conflict());
        let orphan = put("b", "b@example.org", Some("zz")).await.unwrap_err();
        assert!(matches!(orphan, StoreError::Reference { .. }), "{orphan}");
        let gone = store.db.fetch_one("SELECT 1 FROM t WHERE id = 'q'", args![]).await.unwrap_err();
        assert!(matches!(gone, StoreError::NotFound));
        let nonsense = store.db.fetch_all("SELECT nonsense FROM t", args![]).await.unwrap_err();
        assert!(matches!(nonsense, StoreError::Database { .. }), "{nonsense}");
        let write = store.db.fetch_all("INSERT INTO t VALUES ('w', 'w', NULL) RETURNING id", args![]).await;
        assert!(write.is_err(), "reading statements cannot write");
    })
    .await;
}

#[tokio::test]
async fn an_error_takes_everything_back() {
    on_both(async |store: TestStore| {
        with_table(&store, "id BIGINT PRIMARY KEY").await;
        let count =
            async || store.db.fetch_one("SELECT COUNT(*) FROM t", args![]).await.unwrap().get_i64(0).unwrap();

        #[derive(Debug, thiserror::Error)]
        enum Mine {
            #[error("not wanted")]
            NotWanted,
            #[error(transparent)]
            Store(#[from] StoreError),
        }
        let refused = store
            .db
            .run_tx_as(Isolation::Serializable, "own_error", async |tx| {
                tx.execute("INSERT INTO t VALUES (1)", args![]).await?;
                Err::<(), _>(Mine::NotWanted)
            })
            .await;
        assert!(matches!(refused, Err(Mine::NotWanted)));
        assert_eq!(count().await, 0);

        // A failure passed over must not look like success, nor may what follows it be kept.
        let passed_over = store
            .db
            .run_tx("passed_over", async |tx| {
                tx.execute("INSERT INTO t VALUES (1)", args![]).await?;
                let _ = tx.execute("INSERT INTO t VALUES (1)", args![]).await;
                assert!(tx.execute("INSERT INTO t VALUES (2)", args![]).await.is_err());
                Ok(())
            })
            .await;
        assert!(passed_over.unwrap_err().to_string().contains("refused before"));
        assert_eq!(count().await, 0);

        // Dropped in the middle, as when the caller goes away.
        let slow = store.db.run_tx("dropped", async |tx| {
            tx.execute("INSERT INTO t VALUES (1)", args![]).await?;
            std::future::pending::<()>().await;
            Ok(())
        });
        assert!(tokio::time::timeout(Duration::from_millis(100), slow).await.is_err());
        store.db.execute("after", "INSERT INTO t VALUES (9)", args![]).await.unwrap();
        assert_eq!(count().await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_transaction_handle_is_of_no_use_after_the_end() {
    on_both(async |store: TestStore| {
        let kept = std::sync::Mutex::new(None);
        store
            .db
            .run_tx("kept", async |tx| {
                *kept.lock().unwrap() = Some(tx);
                Ok(())
            })
            .await
            .unwrap();
        let tx = kept.lock().unwrap().take().unwrap();
        assert!(tx.fetch_all("SELECT 1", args![]).await.unwrap_err().to_string().contains("has ended"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn gives_up_when_others_are_always_in_the_way() {
    on(Engine::Postgres, async |store: TestStore| {
        with_table(&store, "id BIGINT PRIMARY KEY, n BIGINT NOT NULL").await;
        store.db.execute("fill", "INSERT INTO t VALUES (1, 0)", args![]).await.unwrap();
        let tries = AtomicU32::new(0);
        let outcome = store
            .db
            .run_tx("unlucky", async |tx| {
                tries.fetch_add(1, Relaxed);
                tx.fetch_one("SELECT n FROM t", args![]).await?;
                store.db.execute("luckier", "UPDATE t SET n = n + 1", args![]).await?;
                tx.execute("UPDATE t SET n = 0", args![]).await
            })
            .await;
        assert!(matches!(outcome, Err(StoreError::Busy { name: "unlucky", tries: TRIES })), "{outcome:?}");
        assert_eq!(tries.load(Relaxed), TRIES);
    })
    .await;
}

#[tokio::test]
async fn connections_that_died_are_replaced_unnoticed() {
    on(Engine::Postgres, async |store: TestStore| {
        with_table(&store, "id BIGINT PRIMARY KEY").await;
        // Some of each kind lie in the pools.
        let read = async || store.db.fetch_one("SELECT COUNT(*) FROM t, pg_sleep(0.05)", args![]).await;
        let write = async |id: i64| {
            store
                .db
                .run_tx("write", async |tx| {
                    tx.execute("INSERT INTO t VALUES ($1)", args![id]).await?;
                    tx.fetch_all("SELECT pg_sleep(0.05)", args![]).await
                })
                .await
        };
        let (a, b, c, d, e, f) = tokio::join!(read(), read(), read(), write(1), write(2), write(3));
        assert!(a.is_ok() && b.is_ok() && c.is_ok() && d.is_ok() && e.is_ok() && f.is_ok());
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
        store.db.fetch_all(others, args![]).await.unwrap();
        for n in 10..16 {
            read().await.unwrap();
            write(n).await.unwrap();
        }
        assert_eq!(read().await.unwrap().get_i64(0).unwrap(), 9);
    })
    .await;
}

#[tokio::test]
async fn statements_are_counted_by_task() {
    on_both(async |store: TestStore| {
        let before = store.db.statements();
        let ((), mine) = count_statements(async {
            store.db.fetch_all("SELECT 1", args![]).await.unwrap();
            let (db, other) = (store.db.clone(), store.db.clone());
            tokio::spawn(async move { other.fetch_all("SELECT 2", args![]).await }).await.unwrap().unwrap();
            db.run_tx("two", async |tx| {
                tx.fetch_all("SELECT 3", args![]).await?;
                tx.fetch_all("SELECT 4", args![]).await
            })
            .await
            .unwrap();
        })
        .await;
        assert_eq!(mine, 3);
        assert_eq!(store.db.statements() - before, 4);
    })
    .await;
}

#[tokio::test]
async fn placeholders_serve_a_list() {
    on_both(async |store: TestStore| {
        with_table(&store, "id BIGINT PRIMARY KEY").await;
        store.db.execute("fill", "INSERT INTO t VALUES (1), (2), (3)", args![]).await.unwrap();
        let ids: Vec<Arg<'_>> = [3, 1, 8].map(Arg::from).to_vec();
        let sql = format!("SELECT id FROM t WHERE id IN ({}) ORDER BY id", placeholders(1, ids.len()));
        let rows = store.db.fetch_all(sql, &ids).await.unwrap();
        assert_eq!(rows.iter().map(|r| r.get_i64(0).unwrap()).collect::<Vec<_>>(), [1, 3]);
    })
    .await;
}

#[test]
fn addresses_are_read_and_shown_without_the_password() {
    let shown = |s: &str| s.parse::<DbAddress>().map(|a| format!("{a:?}"));
    assert_eq!(shown("sqlite:data/mydata.db").unwrap(), "sqlite:data/mydata.db");
    assert_eq!(shown("sqlite:///var/lib/mydata.db").unwrap(), "sqlite:/var/lib/mydata.db");
    let pg = shown("postgres://mydata:hunter2@db.example.org:5433/my").unwrap();
    assert_eq!(pg, "postgres://mydata@db.example.org:5433/my");
    for bad in ["", "mydata.db", "sqlite:", "sqlite::memory:", "mysql://x", "postgres://u:hunter2@h:port/d"] {
        let error = shown(bad).unwrap_err().to_string();
        assert!(error.contains("database address") && !error.contains("hunter2"), "{error}");
    }
}

/// A command beside the platform may write for a while; a single statement waits for it as a transaction does.
#[tokio::test]
async fn a_single_change_waits_for_a_writer_outside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let address = DbAddress::Sqlite(path.clone());
    let sizes = PoolSizes { readers: 1, writers: 1 };
    let db = Db::connect(&address, sizes, Arc::new(mydata_wire::SystemRandom)).await.unwrap();
    db.run_tx("make", async |tx| tx.script("CREATE TABLE t (n BIGINT)").await).await.unwrap();
    let outside = rusqlite::Connection::open(&path).unwrap();
    outside.execute_batch("BEGIN IMMEDIATE; INSERT INTO t (n) VALUES (1)").unwrap();
    let changing = db.change("change", "INSERT INTO t (n) VALUES (2) RETURNING n", args![]);
    let letting_go = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        outside.execute_batch("COMMIT").unwrap();
    };
    let (changed, ()) = tokio::join!(changing, letting_go);
    assert_eq!(changed.unwrap()[0].get_i64(0).unwrap(), 2);
    db.close().await;
}
