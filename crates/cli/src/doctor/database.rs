//! The database: can it be reached, is its schema this program's.
//!
//! An SQLite file that no platform has open is copied, with its journal, to a folder of ours and the copy looked at:
//! SQLite itself would recover and rewrite the original. While a platform has it open, looking is harmless, and done
//! only as the files' owner.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mydata_server::Config;
use mydata_store::db::{Db, DbAddress, PoolSizes};
use mydata_store::{StoreError, migrate};
use mydata_wire::{SystemRandom, random};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use super::folder::is_owner;
use super::report::Report;

const SUBJECT: &str = "database";
const SCHEMA: &str = "database schema";
/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(8);
/// Larger SQLite files are not copied.
const MOST_COPIED: u64 = 1 << 30;

/// What is there.
pub enum Found {
    /// Nothing yet.
    Absent,
    /// A platform has it open, and it was not looked into.
    Running,
    /// It could not be looked into.
    Unknown,
    /// It is open, for reading.
    Open(Open),
}

/// An open database.
pub struct Open {
    /// Read from it only.
    pub db: Db,
    /// Whether every step of the schema is applied.
    pub current: bool,
    /// Whether a platform on this machine has it open.
    pub running: bool,
    _copy: Option<Copy>,
}

impl Open {
    /// Closes it.
    pub async fn close(self) {
        self.db.close().await;
    }
}

/// Opens the database for reading and says how it is.
pub async fn open(config: &Config, report: &mut Report) -> Found {
    let address = match mydata_server::platform::store_config(config) {
        Ok(store) => store.database.unwrap_or_else(|| DbAddress::in_folder(&config.data_dir)),
        Err(error) => {
            report.fail(SUBJECT, error.to_string(), "set database_url, or MYDATA_DATABASE_URL");
            return Found::Unknown;
        }
    };
    match &address {
        DbAddress::Sqlite(file) => sqlite(file, report).await,
        DbAddress::Postgres(_) => {
            let url = config.database_url.as_ref().map(|url| url.0.as_str()).unwrap_or_default();
            postgres(url, &address, report).await
        }
    }
}

async fn sqlite(file: &Path, report: &mut Report) -> Found {
    let meta = match std::fs::metadata(file) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            report.ok(SUBJECT, format!("{} is not there yet; the first start makes it", file.display()));
            return Found::Absent;
        }
        Err(error) => return cannot_look(file, &error.to_string(), report),
    };
    let running = match in_use(file) {
        Ok(running) => running,
        Err(error) => return cannot_look(file, &error.to_string(), report),
    };
    if running {
        let what = format!("{} is in use by the running platform, as it should be", file.display());
        report.ok(SUBJECT, what);
        if !is_owner(&meta) {
            return Found::Running;
        }
        return connect(&DbAddress::Sqlite(file.to_owned()), true, None, report).await;
    }
    let copied = Copy::of(file);
    match copied {
        Ok(Some(copy)) => {
            report.ok(SUBJECT, format!("{}, not in use", file.display()));
            connect(&DbAddress::Sqlite(copy.file.clone()), false, Some(copy), report).await
        }
        Ok(None) => {
            report.ok(SUBJECT, format!("{}, not in use; it is too large to be looked into", file.display()));
            Found::Unknown
        }
        Err(error) => cannot_look(file, &error.to_string(), report),
    }
}

fn cannot_look(file: &Path, reason: &str, report: &mut Report) -> Found {
    report.fail(
        SUBJECT,
        format!("{} cannot be looked at: {reason}", file.display()),
        "run `mydata doctor` as the user that the platform runs as",
    );
    Found::Unknown
}

/// Whether a process holds the lock that every platform takes on its SQLite file. The lock tried here is shared and
/// let go at once.
fn in_use(database: &Path) -> io::Result<bool> {
    let mut name = OsString::from(database);
    name.push(".lock");
    let file = match File::open(PathBuf::from(name)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// A copy of a database in a folder for its owner only; gone when dropped.
struct Copy {
    folder: PathBuf,
    file: PathBuf,
}

impl Copy {
    /// Copies; `None` when it is too large.
    fn of(file: &Path) -> io::Result<Option<Self>> {
        let mut journal = OsString::from(file);
        journal.push("-wal");
        let journal = PathBuf::from(journal);
        let size = std::fs::metadata(file)?.len() + std::fs::metadata(&journal).map_or(0, |m| m.len());
        if size > MOST_COPIED {
            return Ok(None);
        }
        let folder =
            std::env::temp_dir().join(format!("mydata-doctor-{}", random::alphanumeric(&SystemRandom, 16)));
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let copy = Self { file: folder.join("mydata.db"), folder };
        copy.take(file, "mydata.db")?;
        if journal.exists() {
            copy.take(&journal, "mydata.db-wal")?;
        }
        Ok(Some(copy))
    }

    fn take(&self, from: &Path, name: &str) -> io::Result<()> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        io::copy(&mut File::open(from)?, &mut options.open(self.folder.join(name))?)?;
        Ok(())
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // Nothing more can be done where removing fails; the folder is for its owner only.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn postgres(url: &str, address: &DbAddress, report: &mut Report) -> Found {
    let unreachable = |reason: String, report: &mut Report| {
        report.fail(
            SUBJECT,
            format!("{address} cannot be reached: {reason}"),
            "start the server, or correct host, port, user and password in database_url",
        );
        Found::Unknown
    };
    // The pool would try a refused connection again and again.
    if let Ok(url) = Url::parse(url)
        && let Some(host) = url.host_str().filter(|host| !host.is_empty() && !url.as_str().contains("host="))
    {
        let at = (host.trim_matches(['[', ']']).to_owned(), url.port().unwrap_or(5432));
        match timeout(PATIENCE, TcpStream::connect(at)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return unreachable(error.to_string(), report),
            Err(_) => return unreachable("no answer in time".to_owned(), report),
        }
    }
    connect(address, false, None, report).await
}

async fn connect(address: &DbAddress, running: bool, copy: Option<Copy>, report: &mut Report) -> Found {
    let sizes = PoolSizes { readers: 1, writers: 1 };
    let opened = timeout(PATIENCE, Db::connect(address, sizes, Arc::new(SystemRandom))).await;
    let local = matches!(address, DbAddress::Sqlite(_));
    let db = match opened {
        Ok(Ok(db)) => db,
        Ok(Err(error)) => return not_opened(&error.to_string(), local, report),
        Err(_) => return not_opened("no answer in time", local, report),
    };
    if !local {
        match timeout(PATIENCE, version(&db)).await {
            Ok(Ok(version)) => report.ok(SUBJECT, format!("{address} answers, PostgreSQL {version}")),
            _ => report.ok(SUBJECT, format!("{address} answers, but does not say its version")),
        }
    }
    let current = match timeout(PATIENCE, migrate::status(&db)).await {
        Ok(Ok(steps)) => Some(schema(&steps, running, report)),
        Ok(Err(StoreError::Schema(reason))) => {
            report.fail(
                SCHEMA,
                reason,
                "start the program that the text names; do not change the tables by hand",
            );
            None
        }
        Ok(Err(error)) => {
            report.fail(SCHEMA, error.to_string(), "look at the database's own log");
            None
        }
        Err(_) => {
            report.fail(SCHEMA, "no answer in time", "look at the database's own log");
            None
        }
    };
    match current {
        Some(current) => Found::Open(Open { db, current, running, _copy: copy }),
        None => {
            db.close().await;
            Found::Unknown
        }
    }
}

/// The server's own version.
async fn version(db: &Db) -> Result<String, StoreError> {
    db.fetch_one("SELECT current_setting('server_version')", &[]).await?.get_text(0)
}

fn not_opened(reason: &str, local: bool, report: &mut Report) -> Found {
    let mend = if local {
        "restore the file from a backup; if the platform was just starting, run `mydata doctor` again"
    } else {
        "start the server, or correct host, port, user, password and database in database_url"
    };
    report.fail(SUBJECT, format!("it cannot be opened: {reason}"), mend);
    Found::Unknown
}

/// Whether the schema is complete.
fn schema(steps: &[migrate::Step], running: bool, report: &mut Report) -> bool {
    let missing: Vec<&str> =
        steps.iter().filter(|s| s.applied_at.is_none()).map(|s| s.name.as_str()).collect();
    if missing.is_empty() {
        let last = steps.last().map_or("empty", |step| step.name.as_str());
        report.ok(SCHEMA, format!("up to date, at {last}"));
        return true;
    }
    let mend = if running {
        "the running platform is an older program: start this one in its place"
    } else {
        "run `mydata migrate`, or start the platform: it does so itself"
    };
    report.warn(SCHEMA, format!("not applied yet: {}", missing.join(", ")), mend);
    false
}
