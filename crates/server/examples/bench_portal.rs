//! What the citizens' pages cost: requests a second and processor time a page over real connections, beside a static file from
//! the same server in the same run; SQL statements; and whether they stay as they are when there are years of history.
//! Start it with `cargo xtask bench portal`; it fails when a page needs more than ten statements.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use http::header::COOKIE;
use http::{Request, StatusCode};
use mydata_domain::citizen::contact::Contact;
use mydata_domain::citizen::session::{SessionId, Stage};
use mydata_domain::transaction::person::Person;
use mydata_domain::{Clock, Time};
use mydata_server::{Config, platform};
use mydata_store::db::count_statements;
use mydata_store::repo::citizen_sessions::{self, NewSession};
use mydata_store::repo::{citizens, sessions};
use mydata_store::testing::crowd::{self, Sizes};
use mydata_store::testing::history::{self, History};
use mydata_store::testing::{START, TestStore};
use mydata_store::{Engine, Store};
use mydata_wire::{Random as _, SystemRandom, Verification, b64};
use tower::ServiceExt as _;

/// Most statements of a page.
const MOST_STATEMENTS: u64 = 10;
/// Organisations, and items of the back office of which about a thousand are datasets that the portal lists.
const SIZES: Sizes = Sizes { organisations: 200, items: 2_670, events: 0 };
/// Exchanges of the citizen whose record is read.
const THEIRS: u64 = 240;
/// Connections that ask at a time.
const CONNECTIONS: usize = 4;
const HELP: &str = "bench_portal [--engine sqlite|postgres|both] [--events N] [--seconds N] [--only TEXT]";

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The moment at which everything was seeded.
struct Held;

impl Clock for Held {
    fn now(&self) -> Time {
        START
    }
}

struct Options {
    engines: Vec<Engine>,
    events: u64,
    seconds: u64,
    only: String,
}

impl Options {
    fn read() -> Result<Self, Failure> {
        let mut options = Self {
            engines: vec![Engine::Sqlite, Engine::Postgres],
            events: 10_000_000,
            seconds: 3,
            only: String::new(),
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let value = args.next().ok_or_else(|| format!("`{arg}` needs a value\n{HELP}"))?;
            match (arg.as_str(), value.as_str()) {
                ("--engine", "sqlite") => options.engines = vec![Engine::Sqlite],
                ("--engine", "postgres") => options.engines = vec![Engine::Postgres],
                ("--engine", "both") => {}
                ("--events", number) => options.events = number.parse()?,
                ("--seconds", number) => options.seconds = number.parse()?,
                ("--only", text) => text.clone_into(&mut options.only),
                _ => return Err(format!("`{arg} {value}` is not understood\n{HELP}").into()),
            }
        }
        Ok(options)
    }
}

fn main() -> ExitCode {
    let done = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(run()));
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<bool, Failure> {
    let options = Options::read()?;
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    println!("{profile} build, one server thread, {CONNECTIONS} connections, {} s a page", options.seconds);
    let mut good = true;
    for engine in &options.engines {
        let few = Place::open(*engine, THEIRS * history::EVENTS_EACH).await?;
        let begun = Instant::now();
        let many = Place::open(*engine, options.events).await?;
        println!(
            "\n{engine:?}: {} events and {} datasets, written in {:.0} s\n",
            options.events,
            many.datasets,
            begun.elapsed().as_secs_f64()
        );
        println!("| page | bytes | statements | requests a second | CPU-ms a page | with few events |");
        println!("| --- | ---: | ---: | ---: | ---: | ---: |");
        for (name, path) in many.pages() {
            if !name.contains(&options.only) {
                continue;
            }
            let (bytes, statements) = many.look(&path).await?;
            let time = Duration::from_secs(options.seconds);
            let (before, after) = (few.load(&path, time).await?, many.load(&path, time).await?);
            println!(
                "| {name} | {bytes} | {statements} | {:.0} | {:.2} | {:.2} |",
                after.a_second, after.cpu_ms, before.cpu_ms
            );
            if statements > MOST_STATEMENTS {
                println!("too many statements: {path} needs {statements}");
                good = false;
            }
        }
        few.close().await;
        many.close().await;
    }
    Ok(good)
}

/// What a page took.
struct Load {
    a_second: f64,
    cpu_ms: f64,
}

/// A platform on a store of its own that answers on a socket, with a citizen who is logged in.
struct Place {
    router: Router,
    store: TestStore,
    cookie: String,
    address: SocketAddr,
    /// The server's thread, as `/proc` names it.
    thread: String,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
    datasets: usize,
    style: String,
}

impl Place {
    async fn open(engine: Engine, events: u64) -> Result<Self, Failure> {
        let store = TestStore::fresh(engine).await;
        crowd::fill(&store, SIZES).await?;
        let catalogue = mydata_store::repo::registry::load(&store.db, &store.crypter).await?;
        let service = catalogue.services.keys().min().ok_or("no service was written")?.clone();
        let dataset = catalogue.datasets.keys().min().ok_or("no dataset was written")?.clone();
        let (cookie, citizen) = log_in(&store.store()).await?;
        history::fill(&store, &History { events, citizen, theirs: THEIRS, service, dataset }).await?;
        // No package is verified here, but no platform begins without a root.
        let root = store.folder().join("root.pem");
        let certificate = rcgen::generate_simple_self_signed(vec!["root.example".to_owned()])?;
        std::fs::write(&root, certificate.cert.pem())?;
        let mut config =
            Config { sandbox: true, base_url: Some("https://mydata.example/".parse()?), ..Config::default() };
        config.trust.roots = vec![root];
        let app = platform::assemble(config, store.store(), Arc::new(Held), Arc::new(SystemRandom))?;
        let router = platform::router(app);
        let (told, tells) = mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let served = router.clone();
        let serving = std::thread::spawn(move || serve(served, &told, stopped));
        let (address, thread) = tells.recv()??;
        let datasets = catalogue.datasets.len();
        let mut place = Self {
            router,
            store,
            cookie,
            address,
            thread,
            stop: Some(stop),
            serving: Some(serving),
            datasets,
            style: String::new(),
        };
        let home = place.body("/").await?.0;
        let link = home.split("rel=\"stylesheet\" href=\"").nth(1).and_then(|rest| rest.split('"').next());
        link.ok_or("the first page has no style")?.clone_into(&mut place.style);
        Ok(place)
    }

    fn pages(&self) -> Vec<(&'static str, String)> {
        let found: String = url::form_urlencoded::byte_serialize("第00010號".as_bytes()).collect();
        let often: String = url::form_urlencoded::byte_serialize("示範".as_bytes()).collect();
        vec![
            ("static file (the style sheet)", self.style.clone()),
            ("home", "/".to_owned()),
            ("catalogue, first page", "/datasets".to_owned()),
            ("catalogue search, found once", format!("/datasets?q={found}")),
            ("search, found everywhere", format!("/search?q={often}")),
            ("news", "/news".to_owned()),
            ("record, first page", "/record".to_owned()),
            ("record, one year and a service", "/record?kind=service&from=2025-11-21".to_owned()),
        ]
    }

    /// A page, and its statements.
    async fn body(&self, path: &str) -> Result<(String, u64), Failure> {
        let mut request = Request::get(path).header(COOKIE, &self.cookie).body(Body::empty())?;
        let address: SocketAddr = "192.0.2.1:1000".parse()?;
        request.extensions_mut().insert(ConnectInfo(address));
        let (response, statements) = count_statements(self.router.clone().oneshot(request)).await;
        let response = response?;
        if response.status() != StatusCode::OK {
            return Err(format!("{path}: {}", response.status()).into());
        }
        let body = to_bytes(response.into_body(), usize::MAX).await?;
        Ok((String::from_utf8(body.to_vec())?, statements))
    }

    /// A page's bytes and statements, once everything is warm.
    async fn look(&self, path: &str) -> Result<(usize, u64), Failure> {
        self.body(path).await?;
        let (body, statements) = self.body(path).await?;
        if path.starts_with("/record") && !body.contains("class=\"timeline\"") {
            return Err("the record is empty".into());
        }
        Ok((body.len(), statements))
    }

    /// Asks for a page over and over.
    async fn load(&self, path: &str, time: Duration) -> Result<Load, Failure> {
        self.ask(path, Duration::from_millis(300)).await?;
        let cpu = cpu_of(&self.thread)?;
        let begun = Instant::now();
        let asked = self.ask(path, time).await?;
        let (took, cpu) = (begun.elapsed(), cpu_of(&self.thread)? - cpu);
        let asked = u32::try_from(asked)?;
        Ok(Load {
            a_second: f64::from(asked) / took.as_secs_f64(),
            cpu_ms: cpu.as_secs_f64() * 1e3 / f64::from(asked.max(1)),
        })
    }

    async fn ask(&self, path: &str, time: Duration) -> Result<usize, Failure> {
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
        let url = format!("http://{}{path}", self.address);
        let until = Instant::now() + time;
        let one = || async {
            let mut asked = 0;
            while Instant::now() < until {
                let answer = client.get(&url).header(COOKIE, &self.cookie).send().await?;
                if answer.status() != StatusCode::OK {
                    return Err(Failure::from(format!("{path}: {}", answer.status())));
                }
                answer.bytes().await?;
                asked += 1;
            }
            Ok(asked)
        };
        let all = futures_util::future::join_all((0..CONNECTIONS).map(|_| one())).await;
        all.into_iter().sum()
    }

    async fn close(mut self) {
        drop(self.stop.take());
        if let Some(serving) = self.serving.take() {
            let _ = serving.join();
        }
        self.store.remove().await;
    }
}

type Told = Result<(SocketAddr, String), std::io::Error>;

/// Serves on a thread of its own, whose processor time can be told from the client's.
fn serve(router: Router, told: &mpsc::Sender<Told>, stopped: tokio::sync::oneshot::Receiver<()>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = told.send(Err(error));
            return;
        }
    };
    runtime.block_on(async {
        let open = async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
            let thread = std::fs::read_link("/proc/thread-self")?;
            Ok::<_, std::io::Error>((listener.local_addr()?, format!("/proc/{}", thread.display()), listener))
        };
        match open.await {
            Ok((address, thread, listener)) => {
                let _ = told.send(Ok((address, thread)));
                let service = router.into_make_service_with_connect_info::<SocketAddr>();
                tokio::select! {
                    served = axum::serve(listener, service) => {
                        if let Err(error) = served {
                            eprintln!("the server ended: {error}");
                        }
                    }
                    _ = stopped => {}
                }
            }
            Err(error) => {
                let _ = told.send(Err(error));
            }
        }
    });
}

/// Processor time that a thread has used.
fn cpu_of(thread: &str) -> Result<Duration, Failure> {
    // Nanoseconds on the processor, nanoseconds waiting for it, turns.
    let times = std::fs::read_to_string(format!("{thread}/schedstat"))?;
    let nanos: u64 = times.split_whitespace().next().ok_or("schedstat is empty")?.parse()?;
    Ok(Duration::from_nanos(nanos))
}

/// Logs a citizen in; gives the cookie and the citizen's keyed index.
async fn log_in(store: &Store) -> Result<(String, String), Failure> {
    let person = &Person::new(&"A123456789".parse()?, "王示範".to_owned(), "sub".to_owned());
    let mut secret = [0u8; 32];
    SystemRandom.fill(&mut secret);
    let secret = &b64::url_safe(&secret);
    let crypter = &store.crypter;
    let index = citizens::index(crypter, person);
    let citizen = index.as_str();
    let device = &sessions::Device { address: "192.0.2.1".to_owned(), browser: "bench".to_owned() };
    let begin = |tx| async move {
        citizens::logs_in(&tx, crypter, person, &Contact::default(), START).await?;
        let new = NewSession {
            secret,
            handle: SessionId::generate(&SystemRandom),
            citizen,
            stage: Stage::Whole,
            method: Verification::Nhi,
            person,
            device,
        };
        citizen_sessions::begin(&tx, crypter, &new, START).await
    };
    store.db.run_tx("bench", begin).await?;
    Ok((format!("__Host-mydata_citizen={secret}"), index))
}
