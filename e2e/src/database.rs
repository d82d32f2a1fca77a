//! A database for one test: a file in its data folder, or a PostgreSQL database that is dropped at the end.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// The engines that the program supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in the data folder, made by the program itself.
    Sqlite,
    /// A database in the cluster that `cargo xtask test` started.
    Postgres,
}

/// A database of one's own.
#[derive(Debug)]
pub enum Database {
    /// The program's default; the data folder is the database.
    Sqlite,
    /// Dropped with this value.
    Postgres {
        /// `postgres://…/its-name`
        url: String,
        /// The cluster's own database, from which ours is made and dropped.
        cluster: String,
        /// Its name.
        name: String,
    },
}

impl Database {
    /// Makes an empty one.
    ///
    /// # Panics
    /// When PostgreSQL is wanted and cannot be reached.
    #[must_use]
    pub fn create(engine: Engine) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        match engine {
            Engine::Sqlite => Self::Sqlite,
            Engine::Postgres => {
                let cluster = crate::prepared("MYDATA_TEST_POSTGRES");
                let name = format!("e2e_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
                psql(&cluster, &format!("CREATE DATABASE {name}"));
                let server = cluster.rsplit_once('/').expect("a database URL has a path").0;
                Self::Postgres { url: format!("{server}/{name}"), cluster: cluster.clone(), name }
            }
        }
    }

    /// Lets nobody connect any more, or lets everybody again.
    ///
    /// # Panics
    /// When this is not PostgreSQL.
    pub fn shut(&self, shut: bool) {
        let Self::Postgres { cluster, name, .. } = self else { panic!("only PostgreSQL can be shut") };
        psql(cluster, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {}", !shut));
        if shut {
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname";
            psql(cluster, &format!("{end} = '{name}'"));
        }
    }

    /// What `--database-url` takes; nothing for the default.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres { url, .. } => Some(url),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres { cluster, name, .. } = self
            && !std::thread::panicking()
        {
            psql(cluster, &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

fn psql(cluster: &str, statement: &str) {
    let output = Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--command", statement, cluster])
        .output()
        .expect("psql can be started");
    assert!(output.status.success(), "`{statement}` failed: {}", String::from_utf8_lossy(&output.stderr));
}
