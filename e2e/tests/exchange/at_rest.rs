//! What lies on disk: after all scenarios, and in the middle of exchanges, the database and every file of the data folder are
//! searched for everybody's personal data and for every secret, in plain and in the usual disguises. None may be found.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::process::Command;

use mydata_e2e::country::Country;
use mydata_e2e::database::{Database, Engine};
use mydata_e2e::program::mydata;
use mydata_sandbox::personas;
use mydata_wire::b64;
use serde_json::Value;

use crate::steps::{Walk, outcome, quick, settled};

/// What is looked for, by its first four bytes.
struct Search {
    by_start: HashMap<[u8; 4], Vec<(Vec<u8>, String)>>,
}

impl Search {
    /// Looks for these, in every disguise.
    fn new(secrets: &BTreeSet<(String, String)>) -> Self {
        let mut by_start: HashMap<[u8; 4], Vec<(Vec<u8>, String)>> = HashMap::new();
        for (what, secret) in secrets {
            for (disguise, bytes) in disguises(secret) {
                let start = bytes[..4].try_into().unwrap();
                by_start.entry(start).or_default().push((bytes, format!("{what} ({disguise})")));
            }
        }
        Self { by_start }
    }

    fn find(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let mut found = BTreeSet::new();
        for at in 0..bytes.len().saturating_sub(3) {
            let start: [u8; 4] = bytes[at..at + 4].try_into().unwrap();
            for (whole, what) in self.by_start.get(&start).into_iter().flatten() {
                if bytes[at..].starts_with(whole) {
                    found.insert(format!("{what} in {place}"));
                }
            }
        }
        found.into_iter().collect()
    }

    /// Every file below a folder.
    fn find_below(&self, folder: &Path, searched: &mut u64) -> Vec<String> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                found.extend(self.find_below(&path, searched));
            } else {
                let bytes = std::fs::read(&path).unwrap();
                *searched += bytes.len() as u64;
                found.extend(self.find(&path.file_name().unwrap().to_string_lossy(), &bytes));
            }
        }
        found
    }

    /// The data folder, and on PostgreSQL all that the server has.
    fn find_all(&self, folder: &Path, database: &Database) -> Vec<String> {
        let mut searched = 0;
        let mut found = self.find_below(folder, &mut searched);
        if let Some(url) = database.url() {
            let dump = Command::new("pg_dump").args(["--data-only", "--no-owner", url]).output().unwrap();
            assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
            searched += dump.stdout.len() as u64;
            found.extend(self.find("the dump", &dump.stdout));
        }
        assert!(searched > 50_000, "there was something to search: {searched} bytes");
        found
    }
}

/// How a text may stand somewhere without being plain to see.
fn disguises(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = text.as_bytes();
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    let percent: String = bytes.iter().map(|b| format!("%{b:02X}")).collect();
    let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let mut all = vec![
        ("plain", bytes.to_vec()),
        ("hex", hex.clone().into_bytes()),
        ("hex", hex.to_uppercase().into_bytes()),
        ("percent", percent.into_bytes()),
        ("escaped", escaped.into_bytes()),
        ("UTF-16", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("UTF-16", text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
    ];
    // In the middle of something longer base64 looks in one of three ways.
    for shift in 0..3 {
        let mut longer = vec![0; shift];
        longer.extend_from_slice(bytes);
        let (begin, end) = ([0, 2, 3][shift], longer.len() * 8 / 6);
        for encoded in [b64::standard(&longer), b64::url_safe(&longer)] {
            all.push(("base64", encoded.as_bytes()[begin..end].to_vec()));
        }
    }
    all
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let secrets = BTreeSet::from([
        ("name".to_owned(), "王小明".to_owned()),
        ("id".to_owned(), "A123456789".to_owned()),
    ]);
    let search = Search::new(&secrets);
    for secret in ["王小明", "A123456789"] {
        for (disguise, bytes) in disguises(secret) {
            let hay = [b"before ".as_slice(), &bytes, b" after"].concat();
            assert!(!search.find("hay", &hay).is_empty(), "{secret} {disguise}");
        }
        for before in ["", "x", "xy"] {
            let text = b64::standard(format!("{before}{secret}, and more").as_bytes());
            assert!(!search.find("hay", text.as_bytes()).is_empty(), "{secret} after {before}");
        }
    }
    assert!(search.find("hay", "王小 明 A12345678".as_bytes()).is_empty());
}

/// Everybody: id, name, mail, address, day of birth with name.
fn people() -> BTreeSet<(String, String)> {
    let mut all = BTreeSet::new();
    for persona in personas::all() {
        for (what, text) in [
            ("a personal id", persona.uid.to_owned()),
            ("a name", persona.name.to_owned()),
            ("a mail address", persona.email()),
            ("an address", persona.household.address.to_owned()),
        ] {
            all.insert((what.to_owned(), text));
        }
        for relative in persona.relatives {
            all.insert(("a relative's id".to_owned(), relative.id.to_owned()));
            all.insert(("a relative's name".to_owned(), relative.name.to_owned()));
        }
    }
    all
}

/// What a registry file keeps secret.
fn registered(toml: &str) -> BTreeSet<(String, String)> {
    let secret = |key: &str| ["client_secret", "resource_secret", "cbc_iv", "api_key"].contains(&key);
    toml.lines()
        .filter_map(|line| line.split_once(" = "))
        .filter(|(key, _)| secret(key.trim()))
        .map(|(key, value)| (key.trim().to_owned(), value.trim().trim_matches('"').to_owned()))
        .collect()
}

/// Tickets and keys of notifications.
fn told(json: &Value, secrets: &mut BTreeSet<(String, String)>) {
    match json {
        Value::Object(map) => {
            for (key, value) in map {
                if let (true, Some(text)) =
                    (matches!(key.as_str(), "permission_ticket" | "secret_key"), value.as_str())
                {
                    secrets.insert((key.clone(), text.to_owned()));
                }
                told(value, secrets);
            }
        }
        Value::Array(list) => list.iter().for_each(|v| told(v, secrets)),
        _ => {}
    }
}

fn after_every_scenario(engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::create(engine);
    let (data, out) = (folder.path().join("data"), folder.path().join("out"));
    let demo = |more: &[&str]| {
        let mut command = Command::new(mydata());
        command.args(["demo", "--port", "0", "--data-dir"]).arg(&data).args(more);
        if let Some(url) = database.url() {
            command.args(["--database-url", url]);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let mut secrets = people();
    let registry = registered(&demo(&["--print-registry"]));
    assert!(registry.len() > 10, "{} secrets are registered", registry.len());
    secrets.extend(registry);
    let said = demo(&["--run", "--out", out.to_str().unwrap()]);
    assert!(said.contains(", 0 failed"), "{said}");
    for scenario in std::fs::read_dir(&out).unwrap().flatten() {
        for file in std::fs::read_dir(scenario.path()).into_iter().flatten().flatten() {
            let text = std::fs::read_to_string(file.path()).unwrap_or_default();
            told(&serde_json::from_str(&text).unwrap_or_default(), &mut secrets);
        }
    }
    assert!(secrets.iter().filter(|(what, _)| what == "permission_ticket").count() >= 5);
    // Of the parties that the demo plays beside the platform nothing is asked.
    let found = Search::new(&secrets).find_all(&data.join("platform"), &database);
    assert!(found.is_empty(), "{found:#?}");
}

/// What a citizen has filled in, what came, what is being waited for and what is to be fetched, all at once, when the machine
/// goes down: nothing had a chance to be tidied up.
async fn in_the_middle(engine: Engine) {
    let mut country = Country::start_with(engine, |config| {
        quick(config);
        config["policy"]["dp_default_wait"] = 30.0.into();
    })
    .await
    .unwrap();
    let bank = country.sandbox.bank().clone();
    let open = || bank.open_case("某人", None, "test");
    let mut entered = Walk::enter(&open().entry_url).await;
    entered.choose_method().await;
    let _waiting = Walk::to_confirm(&open().entry_url, "chen-manman").await;
    let mut collected = Walk::to_confirm(&open().entry_url, "wang-xiaoming").await;
    collected.reload_until(settled).await;
    let known = bank.open_case("王小明", Some(personas::by_key("wang-xiaoming").unwrap().id()), "test");
    let mut fetched = Walk::to_confirm(&known.entry_url, "wang-xiaoming").await;
    fetched.reload_until(settled).await;
    fetched.press("confirm").await.unwrap();
    outcome(&bank, &known).await;

    country.platform.kill().unwrap();
    let mut secrets = people();
    secrets.extend(registered(country.sandbox.registry_toml()));
    for call in bank.notifications().calls() {
        told(&serde_json::from_slice(&call.body).unwrap_or_default(), &mut secrets);
    }
    assert!(secrets.iter().any(|(what, _)| what == "permission_ticket"));
    let blobs = country.platform.data_folder().join("blobs/s");
    assert!(std::fs::read_dir(blobs).unwrap().count() > 0, "packages lie there");
    let found = Search::new(&secrets).find_all(&country.platform.data_folder(), country.platform.database());
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn nothing_lies_open_after_every_scenario_on_sqlite() {
    after_every_scenario(Engine::Sqlite);
}

#[test]
fn nothing_lies_open_after_every_scenario_on_postgresql() {
    after_every_scenario(Engine::Postgres);
}

#[tokio::test]
async fn nothing_lies_open_in_the_middle_of_exchanges_on_sqlite() {
    in_the_middle(Engine::Sqlite).await;
}

#[tokio::test]
async fn nothing_lies_open_in_the_middle_of_exchanges_on_postgresql() {
    in_the_middle(Engine::Postgres).await;
}
