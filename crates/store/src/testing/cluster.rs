//! The PostgreSQL cluster of the tests.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Runs the server until the process with the given number has ended, by `kill -9` too.
/// Arguments: the process, the folder, then the command.
const HOLDER: &str = r#"
owner=$1; dir=$2; shift 2
"$@" >"$dir/log" 2>&1 </dev/null &
server=$!
while kill -0 $owner && kill -0 $server; do sleep 0.2; done 2>/dev/null
kill -QUIT $server
wait $server
rm -rf "$dir" "$dir.lock"
"#;

/// The address of a cluster, started if need be.
pub(super) fn url() -> &'static str {
    static CLUSTER: OnceLock<String> = OnceLock::new();
    CLUSTER.get_or_init(|| std::env::var("MYDATA_TEST_POSTGRES").unwrap_or_else(|_| shared()))
}

/// nextest gives each test a process of its own: the first one of a run starts the cluster for all of them, as the run's.
/// Otherwise the cluster is this process's.
fn shared() -> String {
    let Ok(run) = std::env::var("NEXTEST_RUN_ID") else {
        return start(
            &std::env::temp_dir().join(format!("mydata-pg-{}", std::process::id())),
            std::process::id(),
        );
    };
    let folder = std::env::temp_dir().join(format!("mydata-pg-{run}"));
    let lock = fs::File::create(folder.with_extension("lock")).expect("a lock in the temporary folder");
    lock.lock().expect("the lock is to be had");
    if folder.join(READY).exists() {
        return url_of(&folder);
    }
    let url = start(&folder, std::os::unix::process::parent_id());
    fs::write(folder.join(READY), "").expect("the temporary folder is writable");
    url
}

/// Says that the cluster has been started.
const READY: &str = "ready";

fn url_of(folder: &Path) -> String {
    let host = folder.display().to_string().replace('/', "%2F");
    format!("postgres://mydata@localhost/postgres?host={host}")
}

/// Starts a cluster in a folder, to end with the process `owner`.
fn start(folder: &Path, owner: u32) -> String {
    let bin = programs();
    fs::create_dir_all(folder).expect("a temporary folder");
    let root = succeeds(Command::new("id").arg("-u")).trim() == "0";
    if root {
        succeeds(Command::new("chown").arg("postgres:").arg(folder));
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
            .current_dir(folder),
    );
    let mut holder = Command::new("sh")
        .args(["-c", HOLDER, "mydata-test-postgres"])
        .arg(owner.to_string())
        .arg(folder)
        .args(as_owner(bin.join("postgres")))
        .arg("-D")
        .arg(&data)
        .arg("-k")
        .arg(folder)
        .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=400"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A test that is killed must not take the others' cluster along.
        .process_group(0)
        .spawn()
        .expect("sh can be started");
    std::thread::spawn(move || holder.wait());

    let socket = folder.join(".s.PGSQL.5432");
    let limit = Instant::now() + Duration::from_secs(60);
    // The socket is there a moment before connections are accepted; the line in the log is the truth.
    while !(socket.exists() && log(folder).contains("ready to accept connections")) {
        assert!(Instant::now() < limit, "PostgreSQL did not start:\n{}", log(folder));
        std::thread::sleep(Duration::from_millis(10));
    }
    url_of(folder)
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
