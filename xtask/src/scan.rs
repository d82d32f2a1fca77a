//! `cargo xtask scan`: outside eyes on a running demo.
//!
//! | step | by |
//! | --- | --- |
//! | the partner APIs against docs/integrators/openapi.yaml | schemathesis |
//! | portal and back office, as nobody, as a citizen, and as accounts | wapiti3 |
//! | what both found against what is explained in docs/security/scan.md | [`findings`] |
//!
//! Everything is on loopback, bounded in time, and ends by itself. The demo is one of its own, on a folder of its own.

mod findings;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::test::tools;
use crate::{repo, run};
use findings::Finding;

/// The demo's port; its parties have the ten behind it.
const PORT: u16 = 8_640;
/// How long the demo may take until its back office is furnished.
const START_LIMIT: Duration = Duration::from_secs(180);
/// Who looks at the portal, and who at the back office.
const PORTAL: [&str; 2] = ["nobody", "citizen"];
const OFFICE: [&str; 4] = ["applicant", "operator", "administrator", "auditor"];
/// What is tried: everything that needs nobody outside this machine and attacks what the platform is made of.
const MODULES: &str =
    "cookieflags,crlf,csp,csrf,exec,file,htaccess,http_headers,permanentxss,redirect,sql,upload,xss";
/// Each module's share of the time, beside the crawl's.
const SHARES: u64 = 15;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    /// Seconds for each visitor, and for the APIs.
    seconds: u64,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self> {
        match args {
            [] => Ok(Self { seconds: 240 }),
            [flag, seconds] if flag == "--seconds" => match seconds.parse() {
                Ok(seconds) if (30..=3_600).contains(&seconds) => Ok(Self { seconds }),
                _ => bail!(run::usage("`--seconds` needs a number from 30 to 3600")),
            },
            _ => bail!(run::usage("`scan` takes `--seconds N` and nothing else")),
        }
    }
}

/// The running demo; ends with this.
struct Demo {
    child: Child,
    log: PathBuf,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Scans and compares; true when nothing was found that is not explained.
pub fn main(args: &[String]) -> Result<bool> {
    let options = Options::parse(args)?;
    let python = tools::scanners()?;
    run::must(&mut run::cargo(["build", "--quiet", "--package", "mydata"]))?;
    let folder = repo::target().join("scan");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut demo = start(&folder)?;
    let mut found = schemathesis(&python, &folder, options.seconds)?;
    alive(&mut demo)?;
    let cookies = sessions(&python)?;
    for (visitor, path) in
        PORTAL.iter().map(|one| (one, "")).chain(OFFICE.iter().map(|one| (one, "mydata-backend")))
    {
        let cookie = cookies[visitor].as_str().with_context(|| format!("{visitor} has no session"))?;
        found.extend(wapiti(&python, &folder, visitor, path, cookie, options.seconds)?);
        alive(&mut demo)?;
    }
    drop(demo);
    findings::judge(found, &repo::root().join("docs/security/scan.md"))
}

fn start(folder: &Path) -> Result<Demo> {
    let log = folder.join("demo.log");
    let out = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let program = repo::target().join("debug/mydata");
    let child = Command::new(&program)
        .args(["demo", "--port", &PORT.to_string(), "--data-dir"])
        .arg(folder.join("demo"))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(out.try_clone()?)
        .stdout(out)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let mut demo = Demo { child, log };
    let since = Instant::now();
    // The last thing it says, when the accounts are there.
    while !std::fs::read_to_string(&demo.log).unwrap_or_default().contains("Ctrl-C ends the demo") {
        alive(&mut demo)?;
        ensure!(since.elapsed() < START_LIMIT, "the demo does not come up; see {}", demo.log.display());
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(demo)
}

/// A demo that has ended, or whose platform answers no more, is the worst finding of all.
fn alive(demo: &mut Demo) -> Result<()> {
    if let Some(status) = demo.child.try_wait()? {
        bail!("the demo ended with {status}; see {}", demo.log.display());
    }
    let log = std::fs::read_to_string(&demo.log).unwrap_or_default();
    if !log.contains("the platform is up") {
        return Ok(());
    }
    let mut answer = String::new();
    let mut socket =
        TcpStream::connect(("127.0.0.1", PORT)).context("the demo takes no connection any more")?;
    socket.set_read_timeout(Some(Duration::from_secs(30)))?;
    socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    socket.read_to_string(&mut answer).context("the demo answers no more")?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "the demo is not well: {answer}");
    Ok(())
}

/// The partner APIs, against what the document says of them.
fn schemathesis(python: &Path, folder: &Path, seconds: u64) -> Result<Vec<Finding>> {
    let report = folder.join("schemathesis.json");
    let mut command = Command::new(python.with_file_name("schemathesis"));
    command
        .arg("--config-file")
        .arg(repo::root().join("xtask/scan/schemathesis.toml"))
        .arg("run")
        .arg(repo::root().join("docs/integrators/openapi.yaml"))
        .args([
            "--url",
            &format!("http://127.0.0.1:{PORT}"),
            "--checks",
            "all",
            "--continue-on-failure",
            "--seed",
            "1",
        ])
        .args([
            "--phases",
            "examples,coverage,fuzzing",
            "--max-time",
            &seconds.to_string(),
            "--max-examples",
            "200",
        ])
        .args(["--generation-database", "none", "--no-color", "--report", "json", "--report-json-path"])
        .arg(&report)
        .current_dir(folder);
    // It fails when it found something; what it found stands in the report.
    run::passes(&mut command)?;
    findings::of_schemathesis(&read(&report)?)
}

fn sessions(python: &Path) -> Result<Value> {
    let mut command = Command::new(python);
    command
        .arg(repo::root().join("xtask/scan/sessions.py"))
        .arg(format!("http://localhost:{PORT}/"))
        .arg(format!("http://127.0.0.1:{}/authenticator", PORT + 7))
        .args(PORTAL)
        .args(OFFICE);
    serde_json::from_str(&run::output(&mut command)?).context("the sessions are not JSON")
}

fn wapiti(
    python: &Path,
    folder: &Path,
    visitor: &str,
    path: &str,
    cookie: &str,
    seconds: u64,
) -> Result<Vec<Finding>> {
    let base = format!("http://localhost:{PORT}/");
    let report = folder.join(format!("wapiti-{visitor}.json"));
    let share = (seconds / SHARES).max(2);
    let (crawl, attack) = (share * 4, share.saturating_sub(share / 4));
    let log = folder.join(format!("wapiti-{visitor}.log"));
    let out = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = Command::new(python.with_file_name("wapiti"));
    command.args(["--url", &format!("{base}{path}"), "--scope", "folder", "--module", MODULES]);
    if !cookie.is_empty() {
        // A header goes before what the answers set: the session that was begun stays the one that is used.
        command.args(["--header", &format!("Cookie: {cookie}")]);
    }
    // What ends the session would make all that follows nobody's.
    for end in ["logout", "mydata-backend/signout", "mydata-backend/me/sessions/*"] {
        command.args(["--exclude", &format!("{base}{end}")]);
    }
    command
        .args([
            "--depth",
            "4",
            "--max-links-per-page",
            "25",
            "--max-files-per-dir",
            "8",
            "--max-parameters",
            "40",
        ])
        .args([
            "--max-scan-time",
            &crawl.to_string(),
            "--max-attack-time",
            &attack.to_string(),
            "--tasks",
            "4",
        ])
        .args([
            "--timeout",
            "10",
            "--flush-session",
            "--no-bugreport",
            "--dns-endpoint",
            "localhost",
            "--endpoint",
            "http://127.0.0.1:9/",
            "--format",
            "json",
            "--output",
        ])
        .arg(&report)
        .arg("--store-session")
        .arg(folder.join("sessions"))
        .arg("--store-config")
        .arg(folder.join("config"))
        .current_dir(folder)
        .stderr(out.try_clone()?)
        .stdout(out);
    // What it sends along is a session of a demo that ends with the scan; still it is not printed.
    eprintln!("\n$ wapiti as {visitor} on {base}{path}");
    let status = command.status().context("cannot start wapiti")?;
    ensure!(status.success(), "wapiti ended with {status}; see {}", log.display());
    findings::of_wapiti(visitor, &read(&report)?)
}

fn read(file: &Path) -> Result<Value> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("there is no report {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_bounded() {
        let parse =
            |args: &[&str]| Options::parse(&args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>());
        assert_eq!(parse(&[]).unwrap(), Options { seconds: 240 });
        assert_eq!(parse(&["--seconds", "60"]).unwrap(), Options { seconds: 60 });
        for bad in [
            &["--seconds"][..],
            &["--seconds", "0"],
            &["--seconds", "x"],
            &["--seconds", "99999"],
            &["http://example.org"],
        ] {
            assert!(parse(bad).unwrap_err().is::<run::Usage>(), "{bad:?}");
        }
    }
}
