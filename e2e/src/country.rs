//! The platform as a process of its own, and the sandbox's parties around it in ours.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use mydata_sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::database::{Database, Engine};
use crate::process::Process;
use crate::program;

/// How long the platform may take to answer after its start.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Below the ports that Linux gives out by itself.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
/// How long it may take to end when asked.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// `mydata serve` on a data folder of its own, which can be killed and started again.
#[derive(Debug)]
pub struct Platform {
    process: Option<Process>,
    base: Url,
    config: PathBuf,
    log: PathBuf,
    // The process ends first, then its database, then its folder.
    database: Database,
    folder: TempDir,
}

impl Platform {
    /// Where it answers, with a slash at the end.
    #[must_use]
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// An address of it.
    ///
    /// # Panics
    /// When `path` is no path.
    #[must_use]
    pub fn url(&self, path: &str) -> Url {
        self.base.join(path).expect("a path joins the base URL")
    }

    /// The folder of its database (on SQLite), blobs and keys.
    #[must_use]
    pub fn data_folder(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The database's address on PostgreSQL.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Everything it has logged since the first start.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The running process.
    ///
    /// # Panics
    /// When it is not running.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("the platform runs")
    }

    /// Runs another command of the program on the same configuration, to its end: `["registry", "apply", "file"]`.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn run(&self, args: &[&str]) -> Result<Output> {
        Ok(self.command(args).output()?)
    }

    /// Begins another command on the same configuration; its standard error is the caller's to read.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn begin(&self, args: &[&str]) -> Result<Child> {
        Ok(self.command(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?)
    }

    /// [`Self::run`], after `adjust` has changed its surroundings.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn run_with(&self, args: &[&str], adjust: impl FnOnce(&mut Command)) -> Result<Output> {
        let mut command = self.command(args);
        adjust(&mut command);
        Ok(command.output()?)
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
        }
        Ok(())
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Errors
    /// When it does not end in time, or ends with a failure.
    pub fn stop(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            let status = process.terminate(STOP_LIMIT)?;
            ensure!(status.success(), "the platform ended with {status}\n{}", self.log());
        }
        Ok(())
    }

    /// Starts it on what is in the data folder, and waits until it answers.
    ///
    /// # Errors
    /// When it ends instead, or does not answer in time.
    pub async fn start(&mut self) -> Result<()> {
        let mut process = Process::start(&mut self.command(&["serve"]), &self.log)?;
        let client = client()?;
        let since = Instant::now();
        while client.get(self.base.clone()).send().await.is_err() {
            if let Some(status) = process.ended()? {
                bail!("the platform ended at its start with {status}\n{}", self.log());
            }
            ensure!(since.elapsed() < START_LIMIT, "the platform does not answer\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.process = Some(process);
        Ok(())
    }

    /// Starts another node on the same configuration, database and folder, after `adjust` has changed its surroundings: where it
    /// listens. Its log is the first one's.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn another(&self, adjust: impl FnOnce(&mut Command)) -> Result<Process> {
        let mut command = self.command(&["serve"]);
        adjust(&mut command);
        Ok(Process::start(&mut command, &self.log)?)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program::mydata());
        command.args(args).arg("--config").arg(&self.config).current_dir(self.folder.path());
        // Nothing of the caller's environment shall configure it.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("MYDATA_")) {
                command.env_remove(name);
            }
        }
        command
    }
}

/// A port that is free now and that the platform takes a moment later. Not one that the system gives out by itself: one
/// of the many servers and connections of the tests beside this one would take it meanwhile, and answer in its place.
///
/// # Errors
/// When none is free.
pub fn free_port() -> Result<u16> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let own = std::process::id().wrapping_mul(61);
    for _ in 0..PORTS.len() {
        let place = own.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS.len() as u32;
        let port = PORTS.start + u16::try_from(place)?;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port between {} and {} is free", PORTS.start, PORTS.end)
}

/// A platform and the parties that it knows.
pub struct Country {
    /// The platform, a process.
    pub platform: Platform,
    /// The parties, in this process.
    pub sandbox: Sandbox,
}

impl Country {
    /// Starts it with PROTOCOL's own times.
    ///
    /// # Errors
    /// When one of its programs does not start.
    pub async fn start(engine: Engine) -> Result<Self> {
        Self::start_with(engine, |_| {}).await
    }

    /// Starts it; `adjust` may change the configuration, a JSON value of the same form as the file.
    ///
    /// # Errors
    /// When one of its programs does not start.
    pub async fn start_with(engine: Engine, adjust: impl FnOnce(&mut Value)) -> Result<Self> {
        Self::start_registered(engine, adjust, |sandbox| Ok(sandbox.registry_toml().to_owned())).await
    }

    /// Starts it with a registry of one's own, written when the sandbox's parties have their addresses.
    ///
    /// # Errors
    /// When one of its programs does not start, or the registry cannot be written or is refused.
    pub async fn start_registered(
        engine: Engine,
        adjust: impl FnOnce(&mut Value),
        registry: impl FnOnce(&Sandbox) -> Result<String>,
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let database = Database::create(engine);
        let port = free_port()?;
        let base = Url::parse(&format!("http://127.0.0.1:{port}/"))?;
        let mut parties = SandboxConfig::new(base.clone(), folder.path().join("sandbox"));
        parties.faults = true;
        let sandbox = Sandbox::start(parties).await?;

        let (provider, told) = (sandbox.idp(), sandbox.revocation());
        let mut config = json!({
            "listen": format!("127.0.0.1:{port}"),
            "base_url": base,
            "data_dir": folder.path().join("data"),
            "sandbox": true,
            // All the world is one address here, and no load balancer looks.
            "connections": { "requests_per_address": 1_024, "drain": 0 },
            "mail": { "mailbox": sandbox.addresses().mailbox },
            "trust": {
                "roots": [sandbox.ca_file()],
                "revocation": "ocsp-then-crl",
                "issuers": [{ "subject": told.issuer, "ocsp": [told.ocsp], "crl": [told.crl] }],
            },
            "identity": { "oidc": [{
                "issuer": provider.issuer,
                "client_id": provider.client_id,
                "client_secret": provider.client_secret,
                "methods": provider.methods,
            }] },
        });
        if let Some(url) = database.url() {
            config["database_url"] = url.into();
        }
        adjust(&mut config);
        let file = folder.path().join("mydata.toml");
        std::fs::write(&file, toml::to_string(&config).context("the configuration does not fit TOML")?)?;

        let text = registry(&sandbox)?;
        let registry = folder.path().join("registry.toml");
        std::fs::write(&registry, text)?;
        let log = folder.path().join("mydata.log");
        let mut platform = Platform { process: None, base, config: file, log, database, folder };
        platform.apply(&registry)?;
        platform.start().await?;
        Ok(Self { platform, sandbox })
    }
}

impl Platform {
    /// `mydata registry apply`; on SQLite only while the platform does not run.
    ///
    /// # Errors
    /// What the command says when it refuses the file.
    pub fn apply(&self, registry: &Path) -> Result<()> {
        let output = self.run(&["registry", "apply", &registry.to_string_lossy()])?;
        ensure!(output.status.success(), "registry apply: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }
}

/// A client for plain HTTP on this machine that follows no redirect.
///
/// # Errors
/// When it cannot be made.
pub fn client() -> Result<reqwest::Client> {
    let builder =
        reqwest::Client::builder().no_proxy().tls_certs_only([]).redirect(reqwest::redirect::Policy::none());
    Ok(builder.build()?)
}
