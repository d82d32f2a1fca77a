//! Where the database is, and how its connections are set up.

use crate::error::{Result, StoreError};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, PgPool};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// Statements kept prepared per connection; more than the program has.
const CACHED_STATEMENTS: usize = 512;
/// How long a caller waits for a free connection before it is told that the database cannot be reached.
const ACQUIRE: Duration = Duration::from_secs(20);

/// The address of a database.
#[derive(Clone)]
pub enum DbAddress {
    /// A file of SQLite's.
    Sqlite(PathBuf),
    /// A PostgreSQL server.
    Postgres(Box<PgConnectAddress>),
}

/// A parsed `postgres://` address.
#[derive(Clone)]
pub struct PgConnectAddress(PgConnectOptions);

#[cfg(any(test, feature = "testing"))]
impl PgConnectAddress {
    pub(crate) fn options(&self) -> &PgConnectOptions {
        &self.0
    }

    pub(crate) fn database(&self) -> &str {
        self.0.get_database().unwrap_or("")
    }
}

/// Without the password.
impl std::fmt::Debug for DbAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// Without the password.
impl std::fmt::Display for DbAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(a) => {
                let (o, name) = (&a.0, a.0.get_database().unwrap_or(""));
                write!(f, "postgres://{}@{}:{}/{name}", o.get_username(), o.get_host(), o.get_port())
            }
        }
    }
}

impl DbAddress {
    /// The same server's other database.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn in_database(self, name: &str) -> Self {
        match self {
            Self::Sqlite(path) => Self::Sqlite(path),
            Self::Postgres(a) => Self::Postgres(Box::new(PgConnectAddress(a.0.database(name)))),
        }
    }

    /// The SQLite file of a data folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self::Sqlite(folder.join("mydata.db"))
    }
}

impl FromStr for DbAddress {
    type Err = StoreError;

    /// Reads `sqlite:PATH`, `sqlite://PATH`, `postgres://…` or `postgresql://…`.
    fn from_str(s: &str) -> Result<Self> {
        let bad = |reason: &str| StoreError::Address { reason: reason.to_owned() };
        let (scheme, rest) = s.split_once(':').ok_or_else(|| bad("it has no scheme"))?;
        match scheme {
            "sqlite" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.is_empty() || path.contains(":memory:") {
                    return Err(bad(
                        "the path of the file is missing (a database in memory is lost with the process)",
                    ));
                }
                Ok(Self::Sqlite(path.into()))
            }
            "postgres" | "postgresql" => {
                // The parser's own text may repeat parts of the address, and with them the password.
                let options =
                    PgConnectOptions::from_str(s).map_err(|_| bad("it is not a PostgreSQL address"))?;
                Ok(Self::Postgres(Box::new(PgConnectAddress(options))))
            }
            _ => Err(bad("its scheme is neither sqlite nor postgres")),
        }
    }
}

/// How many connections are held at most.
#[derive(Debug, Clone, Copy)]
pub struct PoolSizes {
    /// For reading outside transactions.
    pub readers: u32,
    /// For transactions on PostgreSQL; SQLite has one writer whatever is said here.
    pub writers: u32,
}

impl Default for PoolSizes {
    fn default() -> Self {
        Self { readers: 8, writers: 8 }
    }
}

/// Opens PostgreSQL: (transactions, readers).
pub(super) async fn postgres(address: &PgConnectAddress, sizes: PoolSizes) -> Result<(PgPool, PgPool)> {
    let options = address
        .0
        .clone()
        .application_name("mydata")
        .statement_cache_capacity(CACHED_STATEMENTS)
        .disable_statement_logging();
    let pool = |most: u32| {
        // Not tested before use (a round trip each time): opening a transaction on a dead connection is tried again instead.
        PgPoolOptions::new().max_connections(most.max(1)).test_before_acquire(false).acquire_timeout(ACQUIRE)
    };
    let writer = pool(sizes.writers)
        .after_connect(|c, _| {
            Box::pin(async move {
                sqlx::Executor::execute(
                    &mut *c,
                    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
                )
                .await?;
                Ok(())
            })
        })
        .connect_with(options.clone())
        .await?;
    let readers = pool(sizes.readers)
        .after_connect(|c, _| {
            Box::pin(async move {
                sqlx::Executor::execute(&mut *c, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
                    .await?;
                Ok(())
            })
        })
        .connect_lazy_with(options);
    Ok((writer, readers))
}
