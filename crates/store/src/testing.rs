//! For tests, of other crates too (feature `testing`): a fresh, empty store on each engine.
//!
//! PostgreSQL is the cluster that the variable `MYDATA_TEST_POSTGRES` names (`cargo xtask test` sets it); without it a cluster is started
//! for this process and ends with it, however it ends. A test on PostgreSQL is never passed over: without PostgreSQL it fails.
//!
//! ```ignore
//! #[tokio::test]
//! async fn keeps_what_it_is_given() {
//!     on_both(async |store| assert_eq!(store.jobs.living().await.unwrap(), 0)).await;
//! }
//! ```

mod cluster;
pub mod crowd;
pub mod history;

use crate::db::{DbAddress, Engine, PoolSizes};
use crate::{Store, StoreConfig};
use futures_util::FutureExt as _;
use mydata_domain::Time;
use mydata_wire::SystemRandom;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;

/// The moment at which a test's store is opened: 2026-11-21T00:00:00Z.
pub const START: Time = Time(1_795_219_200_000);

/// A store of its own for one test; read through it to the [`Store`].
#[derive(Debug, Clone)]
pub struct TestStore {
    store: Store,
    config: StoreConfig,
    folder: Arc<tempfile::TempDir>,
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl TestStore {
    /// A fresh store. Prefer [`on_both`], which also removes the database.
    pub async fn fresh(engine: Engine) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = StoreConfig::in_folder(folder.path());
        config.pools = PoolSizes { readers: 4, writers: 8 };
        if engine == Engine::Postgres {
            let name = format!("mydata_test_{}", mydata_wire::random::uuid_v4(&SystemRandom).simple());
            admin(&format!(
                "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
            ))
            .await;
            config.database = Some(cluster_address().in_database(&name));
        }
        let store = Store::open(&config, START).await.expect("the store opens");
        Self { store, config, folder: Arc::new(folder) }
    }

    /// How it was opened, for opening it once more.
    pub fn config(&self) -> &StoreConfig {
        &self.config
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The store itself, for whom it does not matter that it is a test's. Keep `self` alive as long.
    pub fn store(&self) -> Store {
        self.store.clone()
    }

    /// Fails when a job is waiting or being worked on.
    pub async fn assert_no_jobs(&self) {
        let left = self.jobs.living_by_kind().await.expect("the jobs are counted");
        assert!(left.is_empty(), "the test leaves jobs behind: {left:?}");
    }

    /// Closes it and removes its database. (The folder goes with the last clone.)
    pub async fn remove(self) {
        self.store.close().await;
        if let Some(DbAddress::Postgres(address)) = &self.config.database {
            admin(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", address.database())).await;
        }
    }
}

/// Runs a test's body on a fresh store on SQLite, then on one on PostgreSQL.
pub async fn on_both<Fut: Future<Output = ()>>(body: impl Fn(TestStore) -> Fut) {
    on(Engine::Sqlite, &body).await;
    on(Engine::Postgres, &body).await;
}

/// Runs a test's body on a fresh store on one engine.
pub async fn on<Fut: Future<Output = ()>>(engine: Engine, body: impl Fn(TestStore) -> Fut) {
    let store = TestStore::fresh(engine).await;
    let outcome = AssertUnwindSafe(body(store.clone())).catch_unwind().await;
    store.remove().await;
    if let Err(panic) = outcome {
        eprintln!("the test failed on {engine:?}");
        resume_unwind(panic);
    }
}

fn cluster_address() -> DbAddress {
    DbAddress::from_str(cluster::url()).expect("MYDATA_TEST_POSTGRES is a PostgreSQL address")
}

/// Runs a statement of the administrator's. It holds names made here only.
async fn admin(sql: &str) {
    let DbAddress::Postgres(address) = cluster_address() else {
        panic!("MYDATA_TEST_POSTGRES must begin with postgres://")
    };
    let mut connection =
        sqlx::PgConnection::connect_with(address.options()).await.expect("the test cluster can be reached");
    connection.execute(AssertSqlSafe(sql)).await.expect("the test's role may create databases");
    connection.close().await.expect("the connection closes");
}
