//! What a complete exchange costs the server: processor time and exchanges per second.
//!
//! `mydata serve` runs as a process of its own and is measured from outside (`/proc`). Everybody else, 32 scripted
//! citizens, the service provider, two data providers of 20 KiB each and the identity provider, lives in this process.
//! Start it with `cargo xtask bench exchange`.

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use mydata_e2e::country::{Country, client};
use mydata_e2e::database::Engine;
use mydata_e2e::process::CpuTime;
use mydata_sandbox::Sandbox;
use mydata_sandbox::citizen::{Citizen, Decision, End, Plan};
use mydata_sandbox::dp::document::{Document, Value};
use mydata_sandbox::dp::package;
use mydata_sandbox::lab::LabService;
use mydata_sandbox::personas::{self, Persona};
use mydata_sandbox::sp::{DatasetContent, Outcome, Sp};
use mydata_sdk::dp::{DpAnswer, DpConfig, DpRequest, DpRouter, Signer, TokenCheck};
use mydata_wire::{PersonalId, Random, ResourceId, SystemRandom, Verification, b64};
use tokio::task::LocalSet;

/// The two datasets: identifier, secret.
const DATASETS: [(&str, &str); 2] =
    [("API.BenchData1", "benchDataSecret1"), ("API.BenchData2", "benchDataSecret2")];
/// Size of a data provider's package.
const PACKAGE: usize = 20 * 1024;
/// When a citizen gives up.
const PATIENCE: Duration = Duration::from_secs(60);

const HELP: &str = "bench_exchange [--exchanges N] [--at-once N] [--engine sqlite|postgres|both]";

struct Options {
    exchanges: usize,
    at_once: usize,
    engines: Vec<Engine>,
}

impl Options {
    fn read() -> Result<Self> {
        let mut options =
            Self { exchanges: 960, at_once: 32, engines: vec![Engine::Sqlite, Engine::Postgres] };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let value = args.next().with_context(|| format!("`{arg}` needs a value\n{HELP}"))?;
            match (arg.as_str(), value.as_str()) {
                ("--exchanges", n) => options.exchanges = n.parse().context(HELP)?,
                ("--at-once", n) => options.at_once = n.parse().context(HELP)?,
                ("--engine", "sqlite") => options.engines = vec![Engine::Sqlite],
                ("--engine", "postgres") => options.engines = vec![Engine::Postgres],
                ("--engine", "both") => {}
                _ => bail!("`{arg} {value}` is not understood\n{HELP}"),
            }
        }
        ensure!(options.exchanges > 0 && options.at_once > 0, "nothing to do\n{HELP}");
        Ok(options)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let options = Options::read()?;
    println!(
        "complete exchanges, {} citizens at once, two datasets of {} KiB",
        options.at_once,
        PACKAGE / 1024
    );
    println!();
    println!(
        "| engine | exchanges | per second | server CPU per exchange | of it user | p50 | p95 | server peak memory |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for engine in &options.engines {
        let figures = measure(*engine, &options).await.with_context(|| format!("{engine:?}"))?;
        println!("{}", figures.row(*engine));
    }
    Ok(())
}

struct Figures {
    exchanges: usize,
    wall: Duration,
    cpu: CpuTime,
    took: Vec<Duration>,
    peak_kib: u64,
}

impl Figures {
    fn row(&self, engine: Engine) -> String {
        let each = |time: Duration| time.as_secs_f64() * 1e3 / self.exchanges as f64;
        let at = |share: f64| self.took[((self.took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        format!(
            "| {} | {} | {:.1} | {:.2} ms | {:.2} ms | {:.0} ms | {:.0} ms | {:.1} MiB |",
            match engine {
                Engine::Sqlite => "SQLite",
                Engine::Postgres => "PostgreSQL",
            },
            self.exchanges,
            self.exchanges as f64 / self.wall.as_secs_f64(),
            each(self.cpu.user + self.cpu.system),
            each(self.cpu.user),
            at(0.5),
            at(0.95),
            self.peak_kib as f64 / 1024.0
        )
    }
}

async fn measure(engine: Engine, options: &Options) -> Result<Figures> {
    let persona = personas::all().first().context("the sandbox has no people")?;
    let mut home = String::new();
    let adjust = |config: &mut serde_json::Value| {
        // All the world's citizens live at 127.0.0.1 here.
        config["limits"] =
            serde_json::json!({ "partner_per_minute": 10_000_000, "pages_per_minute": 10_000_000 });
    };
    let mut country = Country::start_registered(engine, adjust, |sandbox| {
        let registered = start_data_providers(sandbox, persona)?;
        home = registered.home;
        Ok(registered.registry)
    })
    .await?;
    let lab = country.sandbox.lab().service(LabService::Accept).clone();
    lab.keep_files(false);
    let task = Rc::new(Task { sp: lab, home, persona });

    // Connections, prepared statements and caches are filled before the clock runs.
    task.repeat(options.at_once * 2, options.at_once).await?;
    let before = country.platform.process().cpu_times()?;
    let since = Instant::now();
    let took = task.repeat(options.exchanges, options.at_once).await?;
    let wall = since.elapsed();
    // What the last exchanges leave to be done belongs to them.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let cpu = country.platform.process().cpu_times()? - before;
    let peak_kib = country.platform.process().peak_memory_kib()?;
    country.platform.stop()?;
    country.sandbox.stop().await;
    Ok(Figures { exchanges: options.exchanges, wall, cpu, took, peak_kib })
}

struct Task {
    sp: Sp,
    home: String,
    persona: &'static Persona,
}

impl Task {
    /// Does `count` exchanges, `at_once` of them at a time; how long each took, sorted.
    async fn repeat(self: &Rc<Self>, count: usize, at_once: usize) -> Result<Vec<Duration>> {
        let next = Rc::new(Cell::new(0));
        // A citizen's walk stays on one thread; the parties have the others.
        let here = LocalSet::new();
        let citizens: Vec<_> = (0..at_once)
            .map(|_| {
                let (task, next) = (Rc::clone(self), Rc::clone(&next));
                here.spawn_local(async move {
                    let http = client()?;
                    let mut took = Vec::new();
                    while next.replace(next.get() + 1) < count {
                        let since = Instant::now();
                        task.once(&http).await?;
                        took.push(since.elapsed());
                    }
                    anyhow::Ok(took)
                })
            })
            .collect();
        let mut all = Vec::with_capacity(count);
        here.await;
        for citizen in citizens {
            all.extend(citizen.await??);
        }
        all.sort();
        Ok(all)
    }

    /// From the service provider's link until its data is opened and verified.
    async fn once(&self, http: &reqwest::Client) -> Result<()> {
        let person: PersonalId = self.persona.uid.parse().context("a persona's id")?;
        let datasets = DATASETS.map(|(id, _)| id.parse::<ResourceId>().expect("well formed"));
        let case = self.sp.open_case_for(&datasets, self.persona.name, Some(person), "bench");
        let mut citizen = Citizen::new(http.clone());
        let page = citizen.get(&case.entry_url).await?;
        let mut plan = Plan::new(self.persona, Verification::Nhi).decide(Decision::ConfirmAtOnce);
        plan.patience = PATIENCE;
        match citizen.walk(page, &self.home, &plan).await? {
            End::Returned { url, .. } => {
                ensure!(
                    !url.query().unwrap_or_default().contains("code="),
                    "the citizen came back with {url}"
                );
            }
            End::DeadEnd(page) => bail!("the citizen stands before “{}”", page.reading.title),
        }
        let case = self.sp.wait_for(&case.tx_id, PATIENCE, |case| case.outcome.is_some()).await;
        match case.and_then(|case| case.outcome) {
            Some(Outcome::Received(received)) => {
                let good = |content: &DatasetContent| matches!(content, DatasetContent::Verified { .. });
                ensure!(
                    received.len() == 2 && received.iter().all(|d| good(&d.content)),
                    "not all datasets came"
                );
                Ok(())
            }
            Some(Outcome::Failed(reason)) => bail!("the service provider could not receive: {reason}"),
            None => bail!("no data after {PATIENCE:?}"),
        }
    }
}

/// What the two datasets add to the country.
struct Registered {
    registry: String,
    /// Where the citizens of the laboratory's service come back to.
    home: String,
}

/// Serves the two datasets, registers them, and lets the laboratory's service ask for them.
fn start_data_providers(sandbox: &Sandbox, persona: &Persona) -> Result<Registered> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let address = listener.local_addr()?;
    let person: PersonalId = persona.uid.parse().context("a persona's id")?;
    // The household's key signs for both: any certificate of the sandbox's authority is trusted.
    let pki = sandbox.ca_file().parent().context("the root lies in a folder")?;
    let read = |name: &str| std::fs::read(pki.join(name)).with_context(|| format!("{name} of the sandbox"));
    let signer = Signer::new(&read("household.key")?, &read("household.pem")?)?;

    let mut registry: toml::Table = sandbox.registry_toml().parse()?;
    let mut router = axum::Router::new();
    for (number, (id, secret)) in DATASETS.into_iter().enumerate() {
        let package = built(number, &person, &signer)?;
        let check = TokenCheck::with_client(
            sandbox.addresses().platform.clone(),
            id.parse().expect("well formed"),
            secret.parse().expect("well formed"),
            client()?,
        );
        let handler = move |_: DpRequest| {
            let package = package.clone();
            async move { DpAnswer::from(package) }
        };
        let path = format!("/bench{number}");
        router = router.merge(DpRouter::new(DpConfig { check, parameters: Vec::new() }, handler).at(&path));

        let datasets = registry["dataset"].as_array_mut().context("the registry has datasets")?;
        let mut entry = datasets[0].as_table().context("a dataset is a table")?.clone();
        entry.insert("resource_id".to_owned(), id.into());
        entry.insert("resource_secret".to_owned(), secret.into());
        entry.insert("name".to_owned(), format!("量測資料{number}").into());
        entry.insert("dp_api".to_owned(), format!("http://{address}{path}").into());
        entry.remove("parameter");
        datasets.push(entry.into());
    }
    tokio::spawn(async move { axum::serve(listener, router).await });

    let service = LabService::Accept.client_id().to_string();
    let services = registry["service"].as_array_mut().context("the registry has services")?;
    let service = services
        .iter_mut()
        .filter_map(toml::Value::as_table_mut)
        .find(|entry| entry["client_id"].as_str() == Some(&service))
        .context("the laboratory's service is registered")?;
    let datasets = service["datasets"].as_array_mut().context("a service has datasets")?;
    datasets.extend(DATASETS.map(|(id, _)| id.into()));
    let home = service["return_urls"][0].as_str().context("a service has a return URL")?.to_owned();
    Ok(Registered { registry: toml::to_string(&registry)?, home })
}

/// A package of the wanted size; the rest is filled with text that does not compress well.
fn built(number: usize, person: &PersonalId, signer: &Signer) -> Result<Vec<u8>> {
    let package_with = |filler: usize| -> Result<Vec<u8>> {
        let mut bytes = vec![0; filler * 3 / 4];
        SystemRandom.fill(&mut bytes);
        let document = Document {
            title: format!("量測資料{number}"),
            issuer: "示範戶政司".to_owned(),
            content: Value::record([("說明", "量測用")]),
        };
        let mut files = package::files(&document, person, &SystemRandom)?;
        let json = serde_json::json!({ "說明": "量測用", "內容": b64::standard(&bytes) });
        files[0].1 = serde_json::to_vec(&json)?;
        Ok(package::good(&files, signer)?)
    };
    let bare = package_with(0)?.len();
    // Base64 of random bytes deflates to three quarters of its length.
    package_with(PACKAGE.saturating_sub(bare) * 4 / 3)
}
