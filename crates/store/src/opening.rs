//! Opens everything together: keys, database, blobs, jobs; and makes sure that they belong together.

use crate::args;
use crate::blobs::{Blobs, make_private};
use crate::crypt::Crypter;
use crate::db::{Db, DbAddress, Engine, PoolSizes};
use crate::error::{Result, StoreError};
use crate::jobs::Jobs;
use crate::keys::{KeyRing, KeySource};
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
    /// The keys; `None`: the file `keys` in the folder.
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
        let folder = &config.data_dir;
        make_private(folder).map_err(|e| StoreError::io("make the folder", folder, e))?;
        let address = config.database.clone().unwrap_or_else(|| DbAddress::in_folder(folder));
        let lock = match &address {
            DbAddress::Sqlite(file) => Some(Arc::new(lock(file)?)),
            DbAddress::Postgres(_) => None,
        };

        let source = config.keys.clone().unwrap_or_else(|| KeySource::File(folder.join("keys")));
        let (ring, made) = KeyRing::load(&source, config.random.as_ref())?;
        let crypter = Crypter::new(&ring, Arc::clone(&config.random));
        let ready = Self::open_database(config, &address, &crypter, now).await;
        if made
            && let Err(StoreError::Keys { .. }) = ready
            && let KeySource::File(path) = &source
        {
            // The keys made just now open nothing here; leaving them would hide that the right ones are missing.
            fs::remove_file(path).map_err(|e| StoreError::io("remove", path, e))?;
        }
        let db = ready.map_err(|e| match (e, &source) {
            (StoreError::Keys { reason, .. }, KeySource::File(path)) => {
                StoreError::Keys { path: path.clone(), reason }
            }
            (e, _) => e,
        })?;

        let node = config
            .node
            .clone()
            .unwrap_or_else(|| mydata_wire::random::uuid_v4(config.random.as_ref()).to_string());
        let jobs = Jobs::new(db.clone(), node);
        match db.engine() {
            Engine::Sqlite => jobs.release_all(now).await?,
            Engine::Postgres => jobs.release_own(now).await?,
        };
        let blobs = Blobs::in_folder(&folder.join("blobs"), crypter.clone())?;
        Ok(Self { db, crypter, blobs, jobs, _lock: lock })
    }

    async fn open_database(
        config: &StoreConfig,
        address: &DbAddress,
        crypter: &Crypter,
        now: Time,
    ) -> Result<Db> {
        let db = Db::connect(address, config.pools, Arc::clone(&config.random)).await?;
        let ready = async {
            if config.migrate {
                migrate::run(&db, now).await?;
            } else {
                migrate::check(&db).await?;
            }
            check_keys(&db, crypter).await
        };
        match ready.await {
            Ok(()) => Ok(db),
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

/// The first start leaves a sealed word in the database; every later one must be able to open it.
async fn check_keys(db: &Db, crypter: &Crypter) -> Result<()> {
    const WORD: &[u8] = b"mydata";
    let fresh = mydata_wire::b64::standard(&crypter.seal("meta", "keys", "value", WORD));
    let look_up = crypter.index("meta", WORD);
    let (sealed, kept) = db
        .run_tx("check_keys", async |tx| {
            tx.execute(
                "INSERT INTO meta (key, value) VALUES ('keys', $1), ('index', $2) ON CONFLICT (key) DO NOTHING",
                args![&fresh, &look_up],
            )
            .await?;
            let rows = tx.fetch_all("SELECT value FROM meta WHERE key IN ('index', 'keys') ORDER BY key", args![]).await?;
            let [index, keys] = rows.as_slice() else { return Err(StoreError::NotFound) };
            Ok((keys.get_text(0)?, index.get_text(0)?))
        })
        .await?;
    let opens = mydata_wire::b64::decode_lenient(&sealed)
        .is_ok_and(|s| crypter.open("meta", "keys", "value", &s).is_ok_and(|w| *w == WORD));
    if opens && kept == look_up {
        return Ok(());
    }
    Err(StoreError::Keys {
        path: "(configuration)".into(),
        reason: "these are not the keys of this database; put the right ones back, what is stored cannot be read without them"
            .to_owned(),
    })
}
