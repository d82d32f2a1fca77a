//! The PostgreSQL cluster of the tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Runs the server until its standard input closes, which happens when the process of the tests ends, even by `kill -9`.
/// Arguments: the folder, then the command.
const HOLDER: &str = r#"
dir=$1; shift
"$@" >"$dir/log" 2>&1 </dev/null &
server=$!
cat >/dev/null
kill -QUIT $server
wait $server
rm -rf "$dir"
"#;

struct Cluster {
    url: String,
    /// Keeps the holder's standard input open.
    _holder: Option<Child>,
}

/// The address of a cluster, started if need be.
pub(super) fn url() -> &'static str {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| match std::env::var("MYDATA_TEST_POSTGRES") {
        Ok(url) => Cluster { url, _holder: None },
        Err(_) => start(),
    });
    &cluster.url
}

fn start() -> Cluster {
    let bin = programs();
    let folder = tempfile::Builder::new().prefix("mydata-pg-").tempdir().expect("a temporary folder").keep();
    let root = succeeds(Command::new("id").arg("-u")).trim() == "0";
    if root {
        succeeds(Command::new("chown").arg("postgres:").arg(&folder));
    }
    // The server refuses to run as root.
    let as_owner = |program: PathBuf| {
        let mut words = Vec::new();
        if root {
            words.extend(
                ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"].map(PathBuf::from),
            );
        }
        words.push(program);
        words
    };
    let data = folder.join("data");

    let initdb = as_owner(bin.join("initdb"));
    succeeds(
        Command::new(&initdb[0])
            .args(&initdb[1..])
            .arg("--pgdata")
            .arg(&data)
            .args(["--username=mydata", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .current_dir(&folder),
    );
    let holder = Command::new("sh")
        .args(["-c", HOLDER, "mydata-test-postgres"])
        .arg(&folder)
        .args(as_owner(bin.join("postgres")))
        .arg("-D")
        .arg(&data)
        .arg("-k")
        .arg(&folder)
        .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200"])
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh can be started");

    let socket = folder.join(".s.PGSQL.5432");
    let limit = Instant::now() + Duration::from_secs(30);
    // The socket is there a moment before connections are accepted; the line in the log is the truth.
    while !(socket.exists() && log(&folder).contains("ready to accept connections")) {
        assert!(Instant::now() < limit, "PostgreSQL did not start:\n{}", log(&folder));
        std::thread::sleep(Duration::from_millis(10));
    }
    let host = folder.display().to_string().replace('/', "%2F");
    Cluster { url: format!("postgres://mydata@localhost/postgres?host={host}"), _holder: Some(holder) }
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}

/// The folder of `initdb` and `postgres`: the newest of Debian's, or one on the PATH.
fn programs() -> PathBuf {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let bin = entry.path().join("bin");
        bin.join("initdb").is_file().then_some((version, bin))
    });
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian
        .max()
        .map(|(_, bin)| bin)
        .or_else(|| std::env::split_paths(&path).find(|bin| bin.join("initdb").is_file()))
        .expect("PostgreSQL is installed, or MYDATA_TEST_POSTGRES names a cluster (`cargo xtask test` sees to both)")
}

fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
