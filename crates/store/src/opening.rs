//! Opens everything together: keys, database, blobs, jobs; and makes sure that they belong together.

use crate::blobs::{Blobs, make_private};
use crate::crypt::Crypter;
use crate::db::{Db, DbAddress, Engine, PoolSizes};
use crate::error::{Result, StoreError};
use crate::jobs::Jobs;
use crate::keys::keeper::Keeper;
use crate::keys::{KeySource, MasterKeys, kept, rotate};
use crate::migrate;
use mydata_domain::Time;
use mydata_wire::{Random, SystemRandom};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How the store is to be opened.
#[derive(Clone)]
pub struct StoreConfig {
    /// The folder of all files; made for its owner only if it does not exist.
    pub data_dir: PathBuf,
    /// The database; `None`: SQLite, `mydata.db` in the folder.
    pub database: Option<DbAddress>,
    /// Where the master key comes from; `None`: the file `keys` in the folder.
    pub keys: Option<KeySource>,
    /// How many connections are held.
    pub pools: PoolSizes,
    /// This process's name among those that share the database, the same after a restart; `None`: a random one, so that the leases of
    /// a killed process have to run out.
    pub node: Option<String>,
    /// Whether missing steps of the schema are applied; otherwise they are an error.
    pub migrate: bool,
    /// Where ids, tokens, keys and nonces come from.
    pub random: Arc<dyn Random>,
}

impl StoreConfig {
    /// Everything in one folder, with SQLite.
    pub fn in_folder(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            database: None,
            keys: None,
            pools: PoolSizes::default(),
            node: None,
            migrate: true,
            random: Arc::new(SystemRandom),
        }
    }
}

impl std::fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreConfig")
            .field("data_dir", &self.data_dir)
            .field("database", &self.database)
            .field("keys", &self.keys)
            .field("pools", &self.pools)
            .field("node", &self.node)
            .field("migrate", &self.migrate)
            .finish_non_exhaustive()
    }
}

/// Everything that is kept. Cloning is cheap and gives the same one.
#[derive(Debug, Clone)]
pub struct Store {
    /// The database.
    pub db: Db,
    /// Seals columns.
    pub crypter: Crypter,
    /// Follows what is done to the keys.
    pub keys: Keeper,
    /// Large content.
    pub blobs: Blobs,
    /// Work due later.
    pub jobs: Jobs,
    /// Held as long as any clone lives; the system lets go of it when the process ends, however it ends.
    _lock: Option<Arc<File>>,
}

impl Store {
    /// Opens the store, making what does not exist yet. On SQLite all leases of jobs end: whoever held them lives no more.
    ///
    /// # Errors
    /// Another process has the SQLite database open; files, keys, schema or database are not usable, or do not belong together.
    pub async fn open(config: &StoreConfig, now: Time) -> Result<Self> {
        Self::open_as(config, now, false).await
    }

    /// Opens the store for a few changes, also while a platform has it open: then the schema must be the program's
    /// already, and leases stay as they are. Whoever opens it so claims no jobs.
    ///
    /// # Errors
    /// As [`Self::open`], but for another process that has the SQLite database open.
    pub async fn open_beside(config: &StoreConfig, now: Time) -> Result<Self> {
        Self::open_as(config, now, true).await
    }

    async fn open_as(config: &StoreConfig, now: Time, beside: bool) -> Result<Self> {
        let folder = &config.data_dir;
        make_private(folder).map_err(|e| StoreError::io("make the folder", folder, e))?;
        let address = config.database.clone().unwrap_or_else(|| DbAddress::in_folder(folder));
        let mut config = config.clone();
        let mut running = false;
        let lock = match &address {
            DbAddress::Sqlite(file) => match lock(file) {
                Err(StoreError::InUse { .. }) if beside => {
                    running = true;
                    config.migrate = false;
                    None
                }
                locked => Some(Arc::new(locked?)),
            },
            DbAddress::Postgres(_) => None,
        };
        let config = &config;

        let source = config.keys.clone().unwrap_or_else(|| KeySource::File(folder.join("keys")));
        let (masters, made) = source.read_or_make(&config.random).await?;
        let ready = Self::open_database(config, &address, &masters, &source, now).await;
        if made
            && let Err(StoreError::Keys { .. }) = ready
            && let KeySource::File(path) = &source
        {
            // The key made just now opens nothing here; leaving it would hide that the right one is missing.
            fs::remove_file(path).map_err(|e| StoreError::io("remove", path, e))?;
        }
        let (db, crypter, epoch) = ready?;

        let node = config
            .node
            .clone()
            .unwrap_or_else(|| mydata_wire::random::uuid_v4(config.random.as_ref()).to_string());
        let keys = Keeper::new(db.clone(), crypter.clone(), source, node.clone(), epoch);
        let jobs = Jobs::new(db.clone(), node);
        match db.engine() {
            Engine::Sqlite if running => 0,
            Engine::Sqlite => jobs.release_all(now).await?,
            Engine::Postgres => jobs.release_own(now).await?,
        };
        let blobs = Blobs::in_folder(&folder.join("blobs"), crypter.clone())?;
        let store = Self { db, crypter, keys, blobs, jobs, _lock: lock };
        rotate::tidy(&store, !running, now).await?;
        Ok(store)
    }

    async fn open_database(
        config: &StoreConfig,
        address: &DbAddress,
        masters: &MasterKeys,
        source: &KeySource,
        now: Time,
    ) -> Result<(Db, Crypter, i64)> {
        let db = Db::connect(address, config.pools, Arc::clone(&config.random)).await?;
        let ready = async {
            if config.migrate {
                migrate::run(&db, now).await?;
            } else {
                migrate::check(&db).await?;
            }
            kept::open(&db, masters, source, &config.random, now).await
        };
        match ready.await {
            Ok((crypter, epoch)) => Ok((db, crypter, epoch)),
            Err(e) => {
                db.close().await;
                Err(e)
            }
        }
    }

    /// Closes the database. The blobs need no closing.
    pub async fn close(&self) {
        self.db.close().await;
    }
}

/// Only one process may have an SQLite database open: leases and wake-ups rest on that.
fn lock(database: &Path) -> Result<File> {
    let mut name = OsString::from(database);
    name.push(".lock");
    let path = PathBuf::from(name);
    let file = open_private(&path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { path: database.to_owned() }),
        Err(TryLockError::Error(e)) => return Err(StoreError::io("lock", path, e)),
    }
    // Made here, so that SQLite does not make it for everybody; its journals take over the mode.
    open_private(database)?;
    Ok(file)
}

/// Opens a file, making it for its owner only if it does not exist.
fn open_private(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|e| StoreError::io("open", path, e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args;
    use crate::jobs::{Full, NewJob, enqueue};
    use crate::testing::{START, TestStore, on_both};
    use futures_util::StreamExt as _;
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};
    use std::time::Duration;

    #[tokio::test]
    async fn a_second_opening_of_the_same_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let config = StoreConfig::in_folder(folder.path().join("data"));
        let first = Store::open(&config, START).await.unwrap();
        let clone = first.clone();
        let refused = Store::open(&config, START).await.unwrap_err();
        assert!(matches!(&refused, StoreError::InUse { .. }), "{refused}");
        assert!(refused.to_string().contains("another process"));
        drop(first);
        assert!(Store::open(&config, START).await.is_err(), "a clone still uses it");
        clone.close().await;
        drop(clone);
        Store::open(&config, START).await.unwrap();
    }

    #[tokio::test]
    async fn a_few_changes_can_be_made_beside_a_running_platform() {
        on_both(async |platform: TestStore| {
            let enqueued = async |tx| {
                let job =
                    NewJob { kind: "k", key: None, lane: None, payload: "{}", run_at: START, now: START };
                enqueue(&tx, &job).await
            };
            platform.db.run_tx("enqueue", enqueued).await.unwrap();
            let lease = Duration::from_secs(60);
            let held = platform.jobs.claim(1, &Full::default(), START, lease).await.unwrap();
            let beside = Store::open_beside(platform.config(), START).await.unwrap();
            let set = async |tx: crate::db::Tx| {
                tx.execute("INSERT INTO meta (key, value) VALUES ('beside', 'x')", args![]).await
            };
            beside.db.run_tx("set", set).await.unwrap();
            beside.close().await;
            let sql = "SELECT value FROM meta WHERE key = 'beside'";
            assert_eq!(platform.db.fetch_one(sql, args![]).await.unwrap().get_text(0).unwrap(), "x");
            // What the platform works on is still its own.
            platform.jobs.complete(&held[0]).await.unwrap();
        })
        .await;
        // Where no platform runs it is an opening like any other.
        let folder = tempfile::tempdir().unwrap();
        let config = StoreConfig::in_folder(folder.path());
        let store = Store::open_beside(&config, START).await.unwrap();
        assert!(matches!(Store::open(&config, START).await, Err(StoreError::InUse { .. })));
        store.close().await;
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn everything_is_its_owners_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let _store = Store::open(&StoreConfig::in_folder(&data), START).await.unwrap();
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&data), 0o700);
        let mut names = Vec::new();
        for entry in fs::read_dir(&data).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
            names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
        names.sort();
        assert_eq!(names, ["blobs", "keys", "mydata.db", "mydata.db-shm", "mydata.db-wal", "mydata.db.lock"]);
    }

    #[tokio::test]
    async fn other_keys_than_the_databases_are_refused() {
        on_both(async |store: TestStore| {
            store.close().await;
            let mut config = store.config().clone();
            if config.database.is_none() {
                // The lock of the folder is this test's own; work on a copy.
                let copy = store.folder().join("copy.db");
                fs::copy(store.folder().join("mydata.db"), &copy).unwrap();
                config.database = Some(DbAddress::Sqlite(copy));
            }
            let keys = store.folder().join("keys");
            let kept = fs::read(&keys).unwrap();
            fs::remove_file(&keys).unwrap();
            let lost = Store::open(&config, START).await.unwrap_err().to_string();
            assert!(lost.contains("not the keys of this database") && lost.contains("keys"), "{lost}");
            assert!(!keys.exists(), "no wrong keys are left in the place of the right ones");

            fs::write(&keys, kept).unwrap();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                fs::set_permissions(&keys, fs::Permissions::from_mode(0o600)).unwrap();
            }
            Store::open(&config, START).await.unwrap().close().await;
        })
        .await;
    }

    #[tokio::test]
    async fn a_schema_that_is_not_up_to_date_is_an_error_when_not_to_be_migrated() {
        let folder = tempfile::tempdir().unwrap();
        let config = StoreConfig { migrate: false, ..StoreConfig::in_folder(folder.path()) };
        let refused = Store::open(&config, START).await.unwrap_err();
        assert!(matches!(&refused, StoreError::Schema(_)), "{refused}");
        Store::open(&StoreConfig { migrate: true, ..config.clone() }, START).await.unwrap().close().await;
    }

    /// The part of the next test that runs in another process.
    #[tokio::test]
    #[ignore = "runs in the process that another test starts"]
    async fn process_that_is_killed() {
        let folder = std::env::var_os("MYDATA_TEST_FOLDER").expect("started by the other test");
        let store = match Store::open(&StoreConfig::in_folder(folder), START).await {
            Ok(store) => store,
            Err(e) => return println!("\nrefused: {e}"),
        };
        let job = NewJob { kind: "collect", key: None, lane: None, payload: "{}", run_at: START, now: START };
        store.db.run_tx("add", async |tx| enqueue(&tx, &job).await).await.unwrap();
        assert_eq!(
            store
                .jobs
                .claim(1, &crate::jobs::Full::default(), START, Duration::from_secs(3600))
                .await
                .unwrap()
                .len(),
            1
        );
        let mut finished = store.blobs.create();
        finished.write(b"kept").await.unwrap();
        let finished = finished.finish().await.unwrap();
        let mut draft = store.blobs.create();
        draft.write(&vec![0; 3 << 20]).await.unwrap();
        println!("\nblob {}", finished.id);
        for n in 0.. {
            let put = "INSERT INTO meta (key, value) VALUES ($1, 'x')";
            store.db.execute("put", put, args![format!("n{n}")]).await.unwrap();
            println!("{n}");
        }
    }

    /// A process is killed in the middle of its work; everything that it was told is done is there, what it held is free at once, and
    /// what it left unfinished is swept.
    #[tokio::test]
    async fn after_a_kill_nothing_is_lost_and_work_resumes_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let start = || {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "opening::tests::process_that_is_killed", "--ignored", "--nocapture"])
                .env("MYDATA_TEST_FOLDER", folder.path())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        let mut child = start();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(|l| l.unwrap());
        let blob: crate::blobs::BlobId =
            lines.find_map(|l| l.strip_prefix("blob ").map(|id| id.parse().unwrap())).unwrap();
        lines.find(|l| l == "40").expect("the child works");

        let config = StoreConfig::in_folder(folder.path());
        assert!(matches!(Store::open(&config, START).await, Err(StoreError::InUse { .. })), "two processes");
        let mut second = start();
        let said = BufReader::new(second.stdout.take().unwrap()).lines().map(|l| l.unwrap());
        assert!(said.into_iter().any(|l| l.starts_with("refused: ") && l.contains("in use")));
        second.wait().unwrap();

        // SIGKILL.
        child.kill().unwrap();
        child.wait().unwrap();
        let last: i64 = lines.last().map_or(40, |l| l.parse().unwrap());

        let store = Store::open(&config, START).await.unwrap();
        let count = "SELECT COUNT(*) FROM meta WHERE key LIKE 'n%'";
        let n = store.db.fetch_one(count, args![]).await.unwrap().get_i64(0).unwrap();
        assert!(n > last, "{last} was answered, {n} are there");
        let job =
            store.jobs.claim(9, &crate::jobs::Full::default(), START, Duration::from_secs(60)).await.unwrap();
        assert_eq!((job.len(), job[0].attempts), (1, 2));
        assert_eq!(store.blobs.read(&blob).await.unwrap(), b"kept");
        let later = Time::from(std::time::SystemTime::now()).plus(Duration::from_secs(60));
        let known = |ids: Vec<_>| async { Ok(ids.into_iter().collect()) };
        assert_eq!(store.blobs.sweep(later, known).await.unwrap(), 1, "the draft");
        assert_eq!(store.blobs.list().count().await, 1);
        store.close().await;
    }
}
