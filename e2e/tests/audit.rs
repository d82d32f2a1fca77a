//! What a citizen takes away of an exchange: the receipt and the proofs, checked by the program and by Python, with nothing
//! but what the platform publishes; and the whole record, verified beside the running platform and after a `kill -9`.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use mydata_domain::Time;
use mydata_e2e::country::{Country, client};
use mydata_e2e::database::Engine;
use mydata_e2e::program::{mydata, repository};
use mydata_sandbox::citizen::html::{Field, Kind};
use mydata_sandbox::citizen::{Citizen, End, Page, Plan};
use mydata_sandbox::personas;
use mydata_store::repo::audit_chain;
use mydata_store::signing::{Purpose, signer};
use mydata_store::{DbAddress, Store, StoreConfig};
use mydata_wire::Verification;
use serde_json::Value;

const PERSON: &str = "wang-xiaoming";

async fn send(citizen: &mut Citizen, page: &Page, purpose: &str, button: Option<&str>) -> Page {
    let form =
        page.reading.form(purpose).unwrap_or_else(|| panic!("no form {purpose}: {}", page.html)).clone();
    let fill = |field: &Field| match field.kind {
        Kind::Radio => (field.value == "CER").then(|| field.value.clone()),
        _ => Some(field.value.clone()),
    };
    let named = |value: &str| form.buttons.iter().find(|(_, v)| v == value).expect("the button is there");
    let button = button.map(named).or(form.buttons.first());
    citizen.submit(page, &form, button, fill).await.unwrap()
}

/// Logs in to the portal, on the way to the record.
async fn log_in(country: &Country) -> (Citizen, Page) {
    let mut citizen = Citizen::new(client().unwrap());
    let mut page = citizen.get(country.platform.url("/record").as_str()).await.unwrap();
    page = send(&mut citizen, &page, "login", None).await;
    page = send(&mut citizen, &page, "persona", Some(PERSON)).await;
    if page.reading.form("policies").is_some() {
        page = send(&mut citizen, &page, "policies", None).await;
    }
    assert_eq!(page.url.path(), "/record", "{}", page.html);
    (citizen, page)
}

/// Links of a page that have a part in them.
fn links(page: &Page, part: &str) -> Vec<String> {
    page.reading.links.iter().filter(|link| link.contains(part)).cloned().collect()
}

async fn fetch(citizen: &mut Citizen, country: &Country, path: &str, to: &Path) {
    let file = citizen.get(country.platform.url(path).as_str()).await.unwrap();
    assert_eq!(file.status, 200, "{path}: {}", file.html);
    std::fs::write(to, file.html).unwrap();
}

fn offline(folder: &Path, args: &[&str]) -> Output {
    Command::new(mydata()).args(args).current_dir(folder).output().unwrap()
}

#[track_caller]
fn fine(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// Lets the day of everything so far be over, as the night does.
async fn seal_the_day(country: &mut Country) {
    country.platform.stop().unwrap();
    let mut config = StoreConfig::in_folder(country.platform.data_folder());
    config.database = country.platform.database().url().map(|url| url.parse::<DbAddress>().unwrap());
    let later = Time::from(std::time::SystemTime::now()).plus(Duration::from_secs(2 * 86_400));
    let store = Store::open(&config, later).await.unwrap();
    let key = signer(&store.db, &store.crypter, Purpose::Roots, later).await.unwrap();
    audit_chain::seal_all(&store.db, &key, later).await.unwrap();
    store.close().await;
    // Its lock goes with it.
    drop(store);
    country.platform.start().await.unwrap();
}

async fn one_exchange(country: &Country) {
    let bank = country.sandbox.bank().clone();
    let case = bank.open_case("某人", None, "test");
    let person = personas::all().iter().find(|p| p.key == PERSON).unwrap();
    let plan = Plan::new(person, Verification::Cer);
    let mut citizen = Citizen::new(client().unwrap());
    let entry = citizen.get(&case.entry_url).await.unwrap();
    let end = citizen.walk(entry, &bank.facts().return_url, &plan).await.unwrap();
    assert!(matches!(end, End::Returned { .. }), "the citizen comes back");
}

async fn taken_away(engine: Engine) {
    let mut country = Country::start(engine).await.unwrap();
    one_exchange(&country).await;
    let person = personas::all().iter().find(|p| p.key == PERSON).unwrap();

    // The platform dies; what was linked and what was not yet is whole after it.
    country.platform.kill().unwrap();
    country.platform.start().await.unwrap();
    let said = fine(&country.platform.run(&["audit", "verify"]).unwrap());
    assert!(said.ends_with("the record holds\n"), "{said}");

    let (mut citizen, record) = log_in(&country).await;
    let one =
        links(&record, "/record/").into_iter().find(|link| link.len() == "/record/".len() + 36).unwrap();
    let page = citizen.get(country.platform.url(&one).as_str()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fetch(&mut citizen, &country, &links(&page, "/receipt")[0], &at("receipt.json")).await;
    assert!(links(&page, "/proof/").is_empty(), "the day is not over");
    fetch(&mut citizen, &country, "/api/audit/keys", &at("keys.json")).await;
    let said = fine(&offline(folder.path(), &["receipt", "verify", "receipt.json", "--keys", "keys.json"]));
    assert!(said.contains("王○明") && !said.contains(person.uid), "{said}");
    // Without keys it asks the platform that the receipt names.
    fine(&offline(folder.path(), &["receipt", "verify", "receipt.json"]));

    seal_the_day(&mut country).await;
    let page = citizen.get(country.platform.url(&one).as_str()).await.unwrap();
    let proofs = links(&page, "/proof/");
    assert!(proofs.len() >= 6, "{proofs:?}");
    fetch(&mut citizen, &country, "/api/audit/roots", &at("roots.json")).await;
    std::fs::write(at("check.py"), python_of_the_page()).unwrap();
    for proof in &proofs {
        fetch(&mut citizen, &country, proof, &at("proof.json")).await;
        let outside = ["--roots", "roots.json", "--keys", "keys.json"];
        let said = fine(&offline(
            folder.path(),
            &[&["audit", "verify", "--proof", "proof.json"], &outside[..]].concat(),
        ));
        assert!(said.starts_with("the proof holds"), "{said}");
        let python = std::env::var("MYDATA_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let mut command = Command::new(python);
        command.args(["check.py", "proof.json", "roots.json", "keys.json"]).current_dir(folder.path());
        fine(&command.output().unwrap());
    }
    // Straight from the running platform.
    let (roots, keys) = (country.platform.url("/api/audit/roots"), country.platform.url("/api/audit/keys"));
    let online =
        ["audit", "verify", "--proof", "proof.json", "--roots", roots.as_str(), "--keys", keys.as_str()];
    fine(&offline(folder.path(), &online));
    let said = fine(&country.platform.run(&["audit", "verify", "--roots", roots.as_str()]).unwrap());
    assert!(said.contains("kept elsewhere") && said.ends_with("the record holds\n"), "{said}");

    let mut bent: Value = serde_json::from_slice(&std::fs::read(at("proof.json")).unwrap()).unwrap();
    bent["event"]["from"] = "192.0.2.66".into();
    std::fs::write(at("proof.json"), bent.to_string()).unwrap();
    let refused = offline(folder.path(), &online);
    assert_eq!(refused.status.code(), Some(1));
    assert!(!country.platform.log().contains(person.uid));
}

fn python_of_the_page() -> String {
    let page = std::fs::read_to_string(repository().join("docs/integrators/audit.md")).unwrap();
    page.split("```python\n").nth(1).unwrap().split("```").next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receipts_and_proofs_hold_offline_on_sqlite() {
    taken_away(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receipts_and_proofs_hold_offline_on_postgresql() {
    taken_away(Engine::Postgres).await;
}

/// Everything but the keys.
fn lose(country: &Country) {
    for entry in std::fs::read_dir(country.platform.data_folder()).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            std::fs::remove_dir_all(entry.path()).unwrap();
        } else if entry.file_name().to_str().is_some_and(|name| name.starts_with("mydata.db")) {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    if country.platform.database().url().is_some() {
        country.platform.database().lose();
    }
}

/// A platform is lost after it had published the root of a day that its backup does not have: the restored one takes the root over,
/// tells what is lost, and goes on behind it. Also another key that signs is followed, and what the first one signed holds.
async fn restored(engine: Engine) {
    let mut country = Country::start(engine).await.unwrap();
    one_exchange(&country).await;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, roots, keys) = (at("backup.tar"), at("roots.json"), at("keys.json"));
    fine(&country.platform.run(&["backup", &file]).unwrap());
    one_exchange(&country).await;
    seal_the_day(&mut country).await;
    let mut citizen = Citizen::new(client().unwrap());
    fetch(&mut citizen, &country, "/api/audit/roots", Path::new(&roots)).await;
    fetch(&mut citizen, &country, "/api/audit/keys", Path::new(&keys)).await;
    country.platform.kill().unwrap();
    lose(&country);
    let said = fine(&country.platform.run(&["restore", &file, "--roots", &roots, "--keys", &keys]).unwrap());
    assert!(said.contains("of the record are lost"), "{said}");
    let verify = ["audit", "verify", "--roots", &roots];
    let said = fine(&country.platform.run(&verify).unwrap());
    assert!(said.contains("were lost when the backup of") && said.ends_with("the record holds\n"), "{said}");

    country.platform.start().await.unwrap();
    let published = std::fs::read_to_string(&roots).unwrap();
    fetch(&mut citizen, &country, "/api/audit/roots", Path::new(&at("again.json"))).await;
    assert_eq!(std::fs::read_to_string(at("again.json")).unwrap(), published, "the same root is published");
    one_exchange(&country).await;
    let replaced = country.platform.run(&["keys", "rotate", "--purpose", "audit-root"]).unwrap();
    assert!(replaced.status.success(), "{}", String::from_utf8_lossy(&replaced.stderr));
    fetch(&mut citizen, &country, "/api/audit/keys", Path::new(&keys)).await;
    let both: Value = serde_json::from_slice(&std::fs::read(&keys).unwrap()).unwrap();
    let both =
        both["keys"].as_array().unwrap().iter().filter(|key| key["mydata_purpose"] == "audit-root").count();
    assert_eq!(both, 2, "both keys are published");
    let said = fine(&country.platform.run(&[&verify[..], &["--keys", &keys]].concat()).unwrap());
    assert!(said.ends_with("the record holds\n"), "{said}");
    country.platform.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_platform_signs_no_published_day_anew_on_sqlite() {
    restored(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_platform_signs_no_published_day_anew_on_postgresql() {
    restored(Engine::Postgres).await;
}
