//! `kill -9` at every step of an own download, of its withdrawal and of a counter's taking: after the restart it is there or
//! it is not, nothing happens twice, and nothing is left behind.

use std::path::Path;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use mydata_e2e::country::{Country, client};
use mydata_e2e::database::Engine;
use mydata_sandbox::citizen::html::{Field, Form, Kind};
use mydata_sandbox::citizen::{Citizen, Page};
use serde_json::Value;
use url::form_urlencoded;

const DATASET: &str = "API.Hh7Qm2Zt9X";
const MAIL: &str = "wang-xiaoming@example.test";
/// How long a request runs before the platform is killed under it: from not begun to hardly over.
const CUTS: [u64; 4] = [1, 4, 10, 40];

/// Somebody without scripts.
pub struct Person {
    pub hands: Citizen,
    pub page: Page,
}

fn as_it_is(field: &Field) -> Option<String> {
    match field.kind {
        Kind::Checkbox => Some(field.value.clone()),
        Kind::Radio => (field.value == "CER").then(|| field.value.clone()),
        _ => Some(field.value.clone()),
    }
}

impl Person {
    pub async fn at(country: &Country, path: &str) -> Self {
        let mut hands = Citizen::new(client().unwrap());
        let page = hands.get(country.platform.url(path).as_str()).await.unwrap();
        Self { hands, page }
    }

    pub async fn opens(&mut self, country: &Country, path: &str) {
        self.page = self.hands.get(country.platform.url(path).as_str()).await.unwrap();
    }

    pub fn form(&self, purpose: &str) -> Form {
        let form = self.page.reading.form(purpose);
        form.unwrap_or_else(|| panic!("no {purpose} on {}: {}", self.page.url, self.page.html)).clone()
    }

    /// Sends a form as it is, with these values in place of its own.
    pub async fn sends(&mut self, purpose: &str, values: &[(&str, &str)]) {
        let form = self.form(purpose);
        let fill = |field: &Field| {
            let given = values.iter().find(|(name, _)| *name == field.name);
            given.map_or_else(|| as_it_is(field), |(_, value)| Some((*value).to_owned()))
        };
        let sent = self.hands.submit(&self.page, &form, form.buttons.first(), fill).await;
        self.page = sent.unwrap_or_else(|error| panic!("{purpose}: {error}"));
    }

    /// Posts a form whose answer may be no page, or never come.
    pub fn posts(&self, country: &Country, purpose: &str) -> reqwest::RequestBuilder {
        let form = self.form(purpose);
        let url = country.platform.url(form.action.trim_start_matches('/'));
        let fields: Vec<_> = form.fields.iter().map(|f| (f.name.clone(), f.value.clone())).collect();
        let cookies = self.hands.cookies_for(&url);
        client().unwrap().post(url).header("cookie", cookies).form(&fields)
    }

    pub async fn logs_in(&mut self) {
        self.logs_in_as("wang-xiaoming").await;
    }

    pub async fn logs_in_as(&mut self, persona: &str) {
        self.sends("login", &[]).await;
        while let Some((_, Some(next))) = self.page.reading.refresh.clone() {
            let next = self.page.url.join(&next).unwrap();
            self.page = self.hands.get(next.as_str()).await.unwrap();
        }
        let form = self.form("persona");
        let button = form.buttons.iter().find(|(_, value)| value == persona).unwrap().clone();
        let fill = |field: &Field| Some(field.value.clone());
        self.page = self.hands.submit(&self.page, &form, Some(&button), fill).await.unwrap();
        self.sends("policies", &[]).await;
    }

    /// Asks for a dataset; gives the download's page.
    pub async fn orders(&mut self, country: &Country) -> String {
        self.opens(country, &format!("download?dataset={DATASET}")).await;
        self.sends("download", &[]).await;
        self.page.url.path().trim_start_matches('/').to_owned()
    }

    /// Asks for what a case at a counter needs; gives the download's page.
    pub async fn applies(&mut self, country: &Country) -> String {
        self.opens(country, "counter-services").await;
        let service = self.link("/counter-services/");
        self.opens(country, &service).await;
        let apply = self.link(&format!("/{service}/apply?"));
        self.opens(country, &apply).await;
        let mut query = form_urlencoded::Serializer::new(String::new());
        let form = self.page.reading.forms.iter().find(|form| form.action == "/download").unwrap();
        let mut chosen = false;
        for field in &form.fields {
            // What is always needed, and one of the others.
            if field.kind != Kind::Checkbox || !std::mem::replace(&mut chosen, true) {
                query.append_pair(&field.name, &field.value);
            }
        }
        let order = format!("download?{}", query.finish());
        self.opens(country, &order).await;
        self.sends("download", &[]).await;
        self.page.url.path().trim_start_matches('/').to_owned()
    }

    /// The first link of the page that begins so, without its slash.
    fn link(&self, begins: &str) -> String {
        let link = self.page.reading.links.iter().find(|link| link.starts_with(begins));
        link.unwrap_or_else(|| panic!("no {begins} on {}: {}", self.page.url, self.page.html))[1..].to_owned()
    }

    pub async fn waits_for(&mut self, country: &Country, path: &str, words: &str) {
        for _ in 0..300 {
            self.opens(country, path).await;
            if self.page.html.contains(words) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{path} never says {words}: {}", self.page.html);
    }

    /// Everything that is there, and its number.
    pub async fn holds(&mut self, country: &Country) -> (String, String) {
        let path = self.orders(country).await;
        self.waits_for(country, &path, "action=\"/barcodes/").await;
        let id = path.rsplit('/').next().unwrap().to_owned();
        self.sends(&id, &[]).await;
        (path, self.number(&id))
    }

    pub fn number(&self, id: &str) -> String {
        let card = self.page.html.split(&format!("id=\"code-{id}\"")).nth(1).unwrap();
        let number = card.split("class=\"big-code\">").nth(1).unwrap_or_else(|| panic!("no number: {card}"));
        number.split('<').next().unwrap().to_owned()
    }

    /// How often something is on the record of a download.
    async fn on_record(&mut self, country: &Country, path: &str, what: &str) -> usize {
        self.opens(country, "record/export.json").await;
        let record: Value = serde_json::from_str(&self.page.html).unwrap();
        let id = path.rsplit('/').next().unwrap();
        let all = record["transactions"].as_array().unwrap();
        let one = all.iter().find(|one| one["id"] == id).unwrap();
        one["events"].as_array().unwrap().iter().filter(|event| event["what"] == what).count()
    }

    /// As a clerk: types the number, and the code that is the `count`th to arrive.
    pub async fn opens_the_data(&mut self, country: &Country, number: &str, count: usize) {
        self.opens(country, "counter").await;
        let captcha = self.form("number").fields.into_iter().find(|f| f.name == "captcha").unwrap().value;
        let nonce = work(&captcha);
        self.sends("number", &[("number", number), ("captcha_nonce", &nonce)]).await;
        let code = code(country, count).await;
        self.sends("code", &[("code", &code)]).await;
        self.opens(country, "counter/take").await;
    }
}

/// What the page's script would find: a number that gives a hash with sixteen leading zero bits.
fn work(captcha: &str) -> String {
    let enough =
        |nonce: &String| digest(&SHA256, format!("{captcha}:{nonce}").as_bytes()).as_ref()[..2] == [0, 0];
    (0_u64..).map(|nonce| nonce.to_string()).find(enough).unwrap()
}

async fn code(country: &Country, count: usize) -> String {
    let messages = country.sandbox.addresses().mailbox.join("messages").unwrap();
    for _ in 0..150 {
        let all: Vec<Value> =
            client().unwrap().get(messages.clone()).send().await.unwrap().json().await.unwrap();
        let body = |message: &Value| {
            let body =
                message["body"].as_str().filter(|body| message["to"] == MAIL && body.contains("承辦人員"))?;
            body.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 8).map(str::to_owned)
        };
        let codes: Vec<_> = all.iter().filter_map(body).collect();
        if codes.len() >= count {
            return codes[0].clone();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the code did not come");
}

fn files_in(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let count = |entry: std::fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => files_in(&entry.path()),
        _ => 1,
    };
    entries.flatten().map(count).sum()
}

async fn restart(country: &mut Country) {
    country.platform.kill().unwrap();
    country.platform.start().await.unwrap();
}

/// Asked for, collected, held: each survives, and the number is the one that was shown.
async fn a_download(country: &mut Country, citizen: &mut Person) {
    let path = citizen.orders(country).await;
    restart(country).await;
    citizen.waits_for(country, &path, "action=\"/barcodes/").await;
    let id = path.rsplit('/').next().unwrap().to_owned();
    citizen.sends(&id, &[]).await;
    let number = citizen.number(&id);
    restart(country).await;
    citizen.opens(country, "barcodes").await;
    assert_eq!(citizen.number(&id), number);

    // Killed while it is saved: it is still there to be saved.
    citizen.opens(country, &path).await;
    let saving = citizen.posts(country, "save").send().await.unwrap();
    restart(country).await;
    drop(saving);
    citizen.opens(country, &path).await;
    let saved = citizen.posts(country, "save").send().await.unwrap();
    assert!(saved.bytes().await.unwrap().starts_with(b"PK"));
    citizen.opens(country, &format!("{path}/withdraw")).await;
    citizen.sends("withdraw", &[]).await;
}

/// Withdrawn or not withdrawn; in the end withdrawn once.
async fn a_withdrawal(country: &mut Country, citizen: &mut Person, cut: u64) {
    let (path, _) = citizen.holds(country).await;
    let ask = format!("{path}/withdraw");
    citizen.opens(country, &ask).await;
    let withdrawing = citizen.posts(country, "withdraw").send();
    let _ = tokio::time::timeout(Duration::from_millis(cut), withdrawing).await;
    restart(country).await;
    citizen.opens(country, &path).await;
    if citizen.on_record(country, &path, "withdrawn").await == 0 {
        citizen.opens(country, &path).await;
        assert!(citizen.page.html.contains("action=\"/barcodes/"), "not withdrawn: it is all there");
        citizen.opens(country, &ask).await;
        citizen.sends("withdraw", &[]).await;
    }
    citizen.opens(country, &path).await;
    assert!(citizen.page.html.contains("您已撤回"), "{}", citizen.page.html);
    assert_eq!(citizen.on_record(country, &path, "withdrawn").await, 1);
}

/// Taken or not taken; in the end taken once, and only by the clerk who took it, until that one says so.
async fn a_taking(country: &mut Country, citizen: &mut Person, cut: u64, count: usize) {
    let (path, number) = citizen.holds(country).await;
    let mut clerk = Person::at(country, "counter").await;
    clerk.opens_the_data(country, &number, count).await;
    let taking = async {
        let answer = clerk.posts(country, "take").send().await?;
        answer.bytes().await
    };
    let _ = tokio::time::timeout(Duration::from_millis(cut), taking).await;
    restart(country).await;
    let taken = citizen.on_record(country, &path, "taken").await;
    assert!(taken <= 1);
    if taken == 1 {
        citizen.opens(country, &path).await;
        assert!(!citizen.page.html.contains("action=\"/barcodes/"), "taken: nobody else gets it");
    }
    // Not taken: it is there to be taken. Taken, broken off or not: the same clerk fetches it again.
    let again = clerk.posts(country, "take").send().await.unwrap();
    assert_eq!(again.status(), 200, "cut after {cut} ms, taken {taken}");
    assert!(again.bytes().await.unwrap().starts_with(b"PK"));
    assert_eq!(citizen.on_record(country, &path, "taken-again").await, taken);
    restart(country).await;
    let done = clerk.posts(country, "end").send().await.unwrap();
    assert_eq!(done.status(), 303);
    citizen.waits_for(country, &path, "資料已由臨櫃人員取走").await;
    for _ in 0..100 {
        if citizen.on_record(country, &path, "forgotten").await > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for what in ["taken", "forgotten"] {
        assert_eq!(citizen.on_record(country, &path, what).await, 1, "{what}, cut after {cut} ms");
    }
    assert_eq!(clerk.posts(country, "take").send().await.unwrap().status(), 409);
}

async fn survives(engine: Engine) {
    let mut country = Country::start_with(engine, |config| {
        config["jobs"] = serde_json::json!({ "lease": 1.5, "sweep_every": 0.5, "sweep_older_than": 3.0 });
    })
    .await
    .unwrap();
    let mut citizen = Person::at(&country, "downloads").await;
    citizen.logs_in().await;
    a_download(&mut country, &mut citizen).await;
    for cut in CUTS {
        a_withdrawal(&mut country, &mut citizen, cut).await;
    }
    for (count, cut) in CUTS.into_iter().enumerate() {
        a_taking(&mut country, &mut citizen, cut, count + 1).await;
    }
    let blobs = country.platform.data_folder().join("blobs");
    for _ in 0..150 {
        if files_in(&blobs) == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(files_in(&blobs), 0, "files left behind");
    country.platform.stop().unwrap();
}

#[tokio::test]
async fn downloads_and_takings_survive_a_kill_on_sqlite() {
    survives(Engine::Sqlite).await;
}

#[tokio::test]
async fn downloads_and_takings_survive_a_kill_on_postgresql() {
    survives(Engine::Postgres).await;
}
