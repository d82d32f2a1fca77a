//! What the pages of the back office that list something cost with a country's worth of rows, against the same pages with
//! next to nothing in them: SQL statements, and the ratio of the times. Every list is found by walking the table of routes
//! with every role, so a new one is measured without being named here. Start it with `cargo xtask bench backoffice`; it
//! fails when a page needs more than ten statements.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use http::header::COOKIE;
use http::{Method, Request, StatusCode};
use mydata_domain::account::session::{Moments, Stage};
use mydata_domain::account::{Account, AccountId, AccountState, Holder, Role};
use mydata_domain::{Clock, Time, Zone};
use mydata_server::backoffice::routes;
use mydata_server::{Config, platform};
use mydata_store::db::count_statements;
use mydata_store::repo::sessions::{Device, NewSession};
use mydata_store::repo::{accounts, sessions};
use mydata_store::testing::crowd::{self, Sizes, organisation_id};
use mydata_store::testing::{START, TestStore};
use mydata_store::{Engine, Store};
use mydata_wire::random::alphanumeric;
use mydata_wire::{Random as _, SystemRandom, b64};
use tower::ServiceExt as _;

/// Most statements of a page.
const MOST_STATEMENTS: u64 = 10;
/// How often a page is asked for; the quickest counts, for a busy machine only ever adds to it.
const TIMES: usize = 7;
const HELP: &str = "bench_backoffice [--engine sqlite|postgres|both] [--events N] [--only TEXT]";

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
    sizes: Sizes,
    only: String,
}

impl Options {
    fn read() -> Result<Self, Failure> {
        let mut options = Self {
            engines: vec![Engine::Sqlite, Engine::Postgres],
            sizes: Sizes::COUNTRY,
            only: String::new(),
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let value = args.next().ok_or_else(|| format!("`{arg}` needs a value\n{HELP}"))?;
            match (arg.as_str(), value.as_str()) {
                ("--engine", "sqlite") => options.engines = vec![Engine::Sqlite],
                ("--engine", "postgres") => options.engines = vec![Engine::Postgres],
                ("--engine", "both") => {}
                ("--events", number) => options.sizes.events = number.parse()?,
                ("--only", text) => text.clone_into(&mut options.only),
                _ => return Err(format!("`{arg} {value}` is not understood\n{HELP}").into()),
            }
        }
        Ok(options)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
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
    let mut good = true;
    for engine in &options.engines {
        let empty = Place::open(*engine, Sizes::EMPTY).await?;
        let begun = Instant::now();
        let full = Place::open(*engine, options.sizes).await?;
        eprintln!("{engine:?}: {:?} in {:.1} s", options.sizes, begun.elapsed().as_secs_f64());
        let lists = full.lists(&options.only).await?;
        let mut rows: Vec<Row> = Vec::new();
        for ask in &lists {
            let (before, after) = (empty.measure(ask).await?, full.measure(ask).await?);
            rows.push(Row {
                ask: ask.clone(),
                statements: before.1.max(after.1),
                empty: before.0,
                full: after.0,
            });
        }
        report(*engine, &rows);
        for row in rows.iter().filter(|row| row.statements > MOST_STATEMENTS) {
            println!("too many statements: {} with {} needs {}", row.ask.path, row.ask.role, row.statements);
            good = false;
        }
        empty.close().await;
        full.close().await;
    }
    Ok(good)
}

/// One request.
#[derive(Clone)]
struct Ask {
    /// The page.
    page: &'static str,
    /// What of it: first page, last page, a search, a column.
    what: String,
    role: Role,
    path: String,
}

struct Row {
    ask: Ask,
    statements: u64,
    empty: Duration,
    full: Duration,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.full.as_secs_f64() / self.empty.as_secs_f64()
    }
}

/// The slowest role of each page and question.
fn report(engine: Engine, rows: &[Row]) {
    let mut worst: BTreeMap<(&str, &str), &Row> = BTreeMap::new();
    for row in rows {
        let kept = worst.entry((row.ask.page, row.ask.what.as_str())).or_insert(row);
        if row.full > kept.full {
            *kept = row;
        }
    }
    println!("\n{engine:?}: {} requests\n", rows.len());
    println!("| page | asked for | slowest role | statements | empty | full | ratio |");
    println!("| --- | --- | --- | ---: | ---: | ---: | ---: |");
    for ((page, what), row) in worst {
        println!(
            "| `{}` | {what} | {} | {} | {:.1} ms | {:.1} ms | {:.1} |",
            page.trim_start_matches("/mydata-backend"),
            row.ask.role,
            row.statements,
            row.empty.as_secs_f64() * 1e3,
            row.full.as_secs_f64() * 1e3,
            row.ratio()
        );
    }
}

/// A platform on a store of its own, with an account of each role.
struct Place {
    router: Router,
    store: TestStore,
    cookies: BTreeMap<&'static str, String>,
}

impl Place {
    async fn open(engine: Engine, sizes: Sizes) -> Result<Self, Failure> {
        let store = TestStore::fresh(engine).await;
        crowd::fill(&store, sizes).await?;
        // No package is verified here, but no platform begins without a root.
        let root = store.folder().join("root.pem");
        let certificate = rcgen::generate_simple_self_signed(vec!["root.example".to_owned()])?;
        std::fs::write(&root, certificate.cert.pem())?;
        let mut config =
            Config { sandbox: true, base_url: Some("https://mydata.example/".parse()?), ..Config::default() };
        config.trust.roots = vec![root];
        let mut cookies = BTreeMap::new();
        for role in Role::ALL {
            cookies.insert(role.as_str(), sign_in(&store.store(), role).await?);
        }
        let app = platform::assemble(config, store.store(), Arc::new(Held), Arc::new(SystemRandom))?;
        Ok(Self { router: platform::router(app), store, cookies })
    }

    async fn get(&self, role: Role, path: &str) -> Result<(StatusCode, String, u64), Failure> {
        let mut request =
            Request::get(path).header(COOKIE, &self.cookies[role.as_str()]).body(Body::empty())?;
        let address: SocketAddr = "192.0.2.1:1000".parse()?;
        request.extensions_mut().insert(ConnectInfo(address));
        let (response, statements) = count_statements(self.router.clone().oneshot(request)).await;
        let response = response?;
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await?;
        Ok((status, String::from_utf8(body.to_vec())?, statements))
    }

    /// The quickest time of a request, and its statements.
    async fn measure(&self, ask: &Ask) -> Result<(Duration, u64), Failure> {
        let mut took = Vec::with_capacity(TIMES);
        let mut most = 0;
        // The first one warms up: templates, plans, the registry.
        for round in 0..=TIMES {
            let begun = Instant::now();
            let (status, _, statements) = self.get(ask.role, &ask.path).await?;
            if status != StatusCode::OK {
                return Err(format!("{} with {}: {status}", ask.path, ask.role).into());
            }
            if round > 0 {
                took.push(begun.elapsed());
                most = most.max(statements);
            }
        }
        Ok((took.into_iter().min().unwrap_or_default(), most))
    }

    /// Every question that every list can be asked, by every role that may.
    async fn lists(&self, only: &str) -> Result<Vec<Ask>, Failure> {
        let mut asks = Vec::new();
        for route in routes::table() {
            let page = route.path;
            if route.method != Method::GET || page.contains('{') || !page.contains(only) {
                continue;
            }
            for role in Role::ALL {
                let (status, body, _) = self.get(role, page).await?;
                // A list, or a page of sums.
                let is_list = body.contains("<table class=\"list\"")
                    || body.contains("class=\"list-count\"")
                    || page.contains("/statistics");
                if status != StatusCode::OK || !is_list {
                    continue;
                }
                let mut add = |what: &str, path: String| {
                    asks.push(Ask { page, what: what.to_owned(), role, path });
                };
                add("first page", page.to_owned());
                let links = links(&body, page);
                let last =
                    links.iter().filter_map(|link| Some((page_of(link)?, link))).max_by_key(|(n, _)| *n);
                if let Some((_, link)) = last {
                    add("last page", link.clone());
                }
                for link in links.iter().filter(|link| link.contains("sort=") && page_of(link).is_none()) {
                    let column = link.split("sort=").nth(1).unwrap_or_default().split('&').next();
                    add(&format!("by {}", column.unwrap_or_default()), link.clone());
                }
                if body.contains("name=\"q\"") {
                    let many = if page.contains("audit") { "115/11/20" } else { "示範" };
                    let one = match page {
                        _ if page.contains("audit") => "demo.person.00000".to_owned(),
                        _ if page.contains("accounts") => "demo.person.00010".to_owned(),
                        _ => "第00010號".to_owned(),
                    };
                    for (what, search) in
                        [("found often", many), ("found once", one.as_str()), ("not found", "無此名稱")]
                    {
                        add(what, format!("{page}?q={}", encoded(search)));
                    }
                }
                for filter in filters(&body) {
                    add(&format!("{} set", filter.0), format!("{page}?{}={}", filter.0, encoded(&filter.1)));
                }
                if page.contains("/statistics") {
                    for more in ["span=year", "span=year&area=datasets"] {
                        add(more, format!("{page}?{more}"));
                    }
                    add("one year by day", format!("{page}?from=2025-11-21&until=2026-11-21&by=day"));
                }
            }
        }
        Ok(asks)
    }

    async fn close(self) {
        self.store.remove().await;
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The links of a page to itself.
fn links(body: &str, page: &str) -> Vec<String> {
    let links = body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut links: Vec<String> = links
        .map(|link| link.replace("&#38;", "&"))
        .filter(|link| link.split('?').next() == Some(page) && link.contains('?'))
        .collect();
    links.sort();
    links.dedup();
    links
}

fn page_of(link: &str) -> Option<u32> {
    link.split(['?', '&']).find_map(|pair| pair.strip_prefix("page="))?.parse().ok()
}

/// The first value of each filter of a list.
fn filters(body: &str) -> Vec<(String, String)> {
    let selects = body.split("<select name=\"").skip(1);
    let one = |select: &str| {
        let (name, rest) = select.split_once('"')?;
        let options = rest.split("</select>").next()?;
        let values = options.split("<option value=\"").skip(1).filter_map(|o| o.split('"').next());
        let value = values.into_iter().find(|value| !value.is_empty())?;
        (name != "size").then(|| (name.to_owned(), value.to_owned()))
    };
    selects.filter_map(one).collect()
}

/// An account of a role, and the cookie of a session of it. Those of an organisation belong to the one with the most items.
async fn sign_in(store: &Store, role: Role) -> Result<String, Failure> {
    let organisation = match role {
        Role::Authority => Some(organisation_id(1)),
        role if role.needs_organisation() => Some(organisation_id(0)),
        _ => None,
    };
    let account = &Account {
        id: AccountId::generate(&SystemRandom),
        name: format!("bench.{}", role.as_str()).parse()?,
        role,
        organisation: organisation.map(|id| id.parse()).transpose()?,
        state: AccountState::Active,
        locked_at: None,
        holder: Holder {
            name: "陳示範".to_owned(),
            mail: "bench@body.example".to_owned(),
            ..Holder::default()
        },
        created_at: START,
        signed_in_at: None,
    };
    let mut secret = [0u8; 32];
    SystemRandom.fill(&mut secret);
    let (secret, handle) = (b64::url_safe(&secret), alphanumeric(&SystemRandom, 16));
    let session = &NewSession {
        secret: &secret,
        handle: &handle,
        account: account.id,
        stage: Stage::Whole,
        // Where most is listed.
        zone: Zone::Production,
        moments: Moments { began: START, seen: START, proved: START },
        device: Device { address: "192.0.2.1".to_owned(), browser: "bench".to_owned() },
    };
    let crypter = &store.crypter;
    let begin = |tx| async move {
        accounts::insert(&tx, crypter, account).await?;
        sessions::begin(&tx, crypter, session).await
    };
    store.db.run_tx("bench", begin).await?;
    Ok(format!("__Host-mydata_backend={secret}"))
}
