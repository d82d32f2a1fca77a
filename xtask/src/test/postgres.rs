//! A private PostgreSQL for one run of the tests or of a benchmark.
//!
//! Its folder, its socket and its port belong to this run alone. A small shell holds the server and waits for the end of a
//! pipe whose other end is ours: however we end (done, panic, Ctrl-C, `kill -9`), the pipe closes, the shell stops the
//! server that it started and removes the folder. `initdb` and the server refuse to run as root; then both run as the
//! user `postgres`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::run;

/// How long the server may take to answer after its start.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Tests throw their data away: nothing is forced to the disk. A benchmark leaves these as they are.
const CARELESS: &[&str] = &["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

const SETTINGS: &[&str] =
    &["max_connections=400", "shared_buffers=64MB", "timezone=UTC", "log_min_messages=warning"];

/// Starts the server, waits for our end of the pipe to close, stops the server, removes the folder.
const HOLDER: &str = r#"
bin=$1; dir=$2; port=$3; keep=$4; shift 4
set -- "$bin/postgres" -D "$dir/data" -p "$port" -h 127.0.0.1 -k "$dir" "$@"
if [ "$keep" = yes ]; then exec "$@" >"$dir/log" 2>&1; fi
"$@" >"$dir/log" 2>&1 </dev/null &
server=$!
cat >/dev/null
kill -INT "$server" 2>/dev/null
wait "$server"
rm -rf "$dir"
"#;

/// A running server.
pub struct Cluster {
    holder: Child,
    port: u16,
    folder: PathBuf,
    keep: bool,
}

impl Cluster {
    /// Makes a new cluster on a free port and waits until it answers. `durable`: as careful with data as in earnest.
    pub fn start(keep: bool, durable: bool) -> Result<Self> {
        let bin = programs().context("PostgreSQL's initdb was not found, though it is installed")?;
        let user = User::fit_for_postgres()?;
        eprintln!("\nstarting a private PostgreSQL from {}", bin.display());

        let folder = std::env::temp_dir().join("mydata-pg.XXXXXX");
        let folder = run::output(user.command("mktemp").arg("-d").arg(&folder))?;
        let folder = PathBuf::from(folder);
        run::output(
            user.command(bin.join("initdb"))
                .args([
                    "--auth=trust",
                    "--username=mydata",
                    "--encoding=UTF8",
                    "--no-locale",
                    "--no-sync",
                    "-D",
                ])
                .arg(folder.join("data")),
        )?;

        let port = free_port()?;
        let mut command = user.command("sh");
        command.args(["-c", HOLDER, "hold-postgres"]).arg(&bin).arg(&folder).arg(port.to_string());
        command.arg(if keep { "yes" } else { "no" });
        let careless = if durable { &[] } else { CARELESS };
        for setting in SETTINGS.iter().chain(careless) {
            command.args(["-c", setting]);
        }
        // Its own process group: a Ctrl-C in the terminal reaches it only through the pipe, after the tests have ended.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.stdin(if keep { Stdio::null() } else { Stdio::piped() });
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let holder = command.spawn().context("cannot start a shell that holds PostgreSQL")?;
        let mut cluster = Self { holder, port, folder, keep };
        if let Err(error) = cluster.wait_until_ready(&bin) {
            let log = std::fs::read_to_string(cluster.folder.join("log")).unwrap_or_default();
            cluster.stop();
            bail!("{error:#}\n{log}");
        }
        if keep {
            eprintln!(
                "PostgreSQL stays: {}  (stop it with: kill -INT {}; its folder: {})",
                cluster.url(),
                cluster.holder.id(),
                cluster.folder.display()
            );
        }
        Ok(cluster)
    }

    /// Where the tests reach it; they make databases of their own.
    pub fn url(&self) -> String {
        format!("postgres://mydata@127.0.0.1:{}/postgres", self.port)
    }

    /// Stops the server and waits for its end, unless it shall stay.
    pub fn stop(mut self) {
        self.close();
    }

    fn close(&mut self) {
        if self.keep {
            return;
        }
        drop(self.holder.stdin.take());
        if let Err(error) = self.holder.wait() {
            eprintln!("warning: PostgreSQL on port {} may still be running: {error}", self.port);
        }
    }

    fn wait_until_ready(&mut self, bin: &Path) -> Result<()> {
        let since = Instant::now();
        let mut ask = Command::new(bin.join("pg_isready"));
        ask.args(["--quiet", "--host=127.0.0.1", "--dbname=postgres", "--username=mydata"]);
        ask.arg(format!("--port={}", self.port));
        while !ask.status().context("cannot start pg_isready")?.success() {
            if let Some(status) = self.holder.try_wait()? {
                bail!("PostgreSQL ended at once: {status}");
            }
            ensure!(since.elapsed() < START_LIMIT, "PostgreSQL does not answer after {START_LIMIT:?}");
            sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.close();
    }
}

/// The folder that holds `initdb` and `postgres`: the newest of Debian's, else the one on the PATH.
pub fn programs() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let bin = entry.path().join("bin");
            let version = entry.file_name().to_str()?.parse().ok()?;
            bin.join("initdb").is_file().then_some((version, bin))
        })
        .collect();
    versions.sort();
    versions.pop().map(|(_, bin)| bin).or_else(|| Some(run::find_program(&["initdb"])?.parent()?.to_owned()))
}

/// Who runs the server.
enum User {
    Ourselves,
    Postgres,
}

impl User {
    fn fit_for_postgres() -> Result<Self> {
        if !super::tools::is_root()? {
            return Ok(Self::Ourselves);
        }
        run::output(Command::new("id").args(["-u", "postgres"])).context(
            "we are root, PostgreSQL refuses to run as root, and there is no user `postgres`: add one",
        )?;
        Ok(Self::Postgres)
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = match self {
            Self::Ourselves => Command::new(program),
            Self::Postgres => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
                command
            }
        };
        // The user `postgres` need not be allowed to enter the folder we stand in.
        command.current_dir(std::env::temp_dir());
        command
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}
