//! What lies on disk: after all scenarios, and in the middle of exchanges, the database and every file of the data folder are
//! searched for everybody's personal data and for every secret, in plain and in the usual disguises. None may be found.

use std::collections::BTreeSet;
use std::process::Command;

use mydata_e2e::country::Country;
use mydata_e2e::database::{Database, Engine};
use mydata_e2e::program::mydata;
use mydata_e2e::search::{Search, people};
use mydata_sandbox::personas;
use serde_json::Value;

use crate::steps::{Walk, outcome, quick, settled};

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
