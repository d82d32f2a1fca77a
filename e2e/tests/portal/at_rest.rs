//! What lies on disk of the portal when the machine goes down in the middle of own downloads, at a counter, with a delegate, of
//! changed phones, and of the accounts of the back office. None of the secrets may be found, in plain or in the usual disguises.

use mydata_e2e::country::{Country, client};
use mydata_e2e::database::Engine;
use mydata_e2e::search::{Search, Secrets, people};
use serde_json::Value;

use crate::crash::Person;

const PASSWORD: &str = "a sentence of the search";
const HOLDER: &str = "陳示華";

/// The latest code that was sent to an address, once there are so many.
async fn code_to(country: &Country, to: &str, count: usize) -> String {
    let messages = country.sandbox.addresses().mailbox.join("messages").unwrap();
    for _ in 0..150 {
        let all: Vec<Value> =
            client().unwrap().get(messages.clone()).send().await.unwrap().json().await.unwrap();
        let code = |message: &Value| {
            let body = message["body"].as_str().filter(|_| message["to"] == to)?;
            body.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 8).map(str::to_owned)
        };
        let codes: Vec<String> = all.iter().filter_map(code).collect();
        if codes.len() >= count {
            return codes[0].clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("no code came to {to}");
}

/// A phone number, confirmed by its own code and the old address's, and a mail address that waits for its code.
async fn contacts(country: &Country, citizen: &mut Person) {
    citizen.opens(country, "me/phone").await;
    citizen.sends("phone", &[("address", "0912-345-678")]).await;
    let change = citizen.page.url.path().rsplit('/').next().unwrap().to_owned();
    let (new, old) =
        (code_to(country, "0912345678", 1).await, code_to(country, "wang-xiaoming@example.test", 1).await);
    citizen.sends(&change, &[("new", &new), ("old", &old)]).await;
    citizen.opens(country, "me").await;
    assert!(citizen.page.html.contains("678"), "the phone number is there: {}", citizen.page.html);
    citizen.opens(country, "me/mail").await;
    citizen.sends("mail", &[("address", "xiaoming.new@example.test")]).await;
    code_to(country, "xiaoming.new@example.test", 1).await;
}

/// An account of the back office: its link, password, and the secret of its second factor.
async fn staff(country: &Country, secrets: &mut Secrets) -> Person {
    let add =
        ["admin", "add", "--role", "operator", "--account", "olga", "--mail", "olga.search@mydata.example"];
    let output = country
        .platform
        .run(&[&add[..], &["--name", HOLDER, "--phone", "02-2345-6789#123"]].concat())
        .unwrap();
    let link = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let token = link.rsplit_once("link=").unwrap().1.to_owned();
    let path = link[link.find("/mydata-backend").unwrap() + 1..].to_owned();
    let mut person = Person::at(country, &path).await;
    person.sends("password", &[("new", PASSWORD), ("again", PASSWORD)]).await;
    person.opens(country, "mydata-backend/signin").await;
    person.sends("signin", &[("account", "olga"), ("password", PASSWORD)]).await;
    let shown = person.page.html.split("class=\"secret\">").nth(1);
    let shown = shown.unwrap_or_else(|| panic!("no secret of an app: {}", person.page.html));
    let secret: String = shown.split('<').next().unwrap().split_whitespace().collect();
    for (what, text) in [
        ("a mail address of staff", "olga.search@mydata.example"),
        ("a name of staff", HOLDER),
        ("a phone of staff", "02-2345-6789#123"),
        ("a link", &token),
        ("a password", PASSWORD),
        ("the secret of an app", &secret),
    ] {
        secrets.insert((what.to_owned(), text.to_owned()));
    }
    person
}

async fn in_the_middle(engine: Engine) {
    let mut country = Country::start_with(engine, |config| {
        let mailbox = config["mail"]["mailbox"].clone();
        config["sms"] = serde_json::json!({ "mailbox": mailbox });
    })
    .await
    .unwrap();
    let mut secrets = people();
    let mut citizen = Person::at(&country, "downloads").await;
    citizen.logs_in().await;

    // Taken at a counter, and not told that it is there.
    let (_, taken) = citizen.holds(&country).await;
    let mut clerk = Person::at(&country, "counter").await;
    clerk.opens_the_data(&country, &taken, 1).await;
    let zip = clerk.posts(&country, "take").send().await.unwrap();
    assert!(zip.bytes().await.unwrap().starts_with(b"PK"));
    // Open at a counter.
    let (_, open) = citizen.holds(&country).await;
    let mut other = Person::at(&country, "counter").await;
    other.opens_the_data(&country, &open, 2).await;
    // Looked at and saved by its owner.
    let (path, saved) = citizen.holds(&country).await;
    citizen.opens(&country, &path).await;
    let zip = citizen.posts(&country, "save").send().await.unwrap();
    assert!(zip.bytes().await.unwrap().starts_with(b"PK"));
    // In the hands of a delegate, and asked of one who never came.
    let mut delegate = Person::at(&country, "delegations").await;
    delegate.logs_in_as("zhou-daiban").await;
    let path = citizen.applies(&country).await;
    citizen.waits_for(&country, &path, "action=\"/barcodes/").await;
    citizen.opens(&country, &format!("{path}/delegate")).await;
    citizen.sends("delegate", &[("uid", "K220000008"), ("name", "周代辦")]).await;
    delegate.opens(&country, "delegations").await;
    delegate.sends("agree", &[]).await;
    delegate.sends("number", &[]).await;
    let held =
        delegate.page.html.split("class=\"big-code\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    // Being collected.
    citizen.orders(&country).await;
    contacts(&country, &mut citizen).await;
    let staff = staff(&country, &mut secrets).await;

    for (what, text) in
        [("a phone", "0912345678"), ("a phone", "0912-345-678"), ("a mail", "xiaoming.new@example.test")]
    {
        secrets.insert((what.to_owned(), text.to_owned()));
    }
    for number in [&taken, &open, &saved, &held] {
        let plain: String = number.split_whitespace().collect();
        assert_eq!(plain.chars().count(), 8, "{number}");
        secrets.insert(("a barcode".to_owned(), plain));
        secrets.insert(("a barcode".to_owned(), number.clone()));
    }
    for (person, of) in [(&citizen, ""), (&delegate, ""), (&clerk, "counter"), (&staff, "mydata-backend")] {
        let cookies = person.hands.cookies_for(&country.platform.url(of));
        for (name, value) in cookies.split("; ").filter_map(|cookie| cookie.split_once('=')) {
            if value.len() >= 16 {
                secrets.insert((format!("the cookie {name}"), value.to_owned()));
            }
        }
    }
    assert!(secrets.iter().filter(|(what, _)| what.starts_with("the cookie")).count() >= 4, "{secrets:?}");

    country.platform.kill().unwrap();
    let found = Search::new(&secrets).find_all(&country.platform.data_folder(), country.platform.database());
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn nothing_lies_open_in_the_middle_of_the_portal_on_sqlite() {
    in_the_middle(Engine::Sqlite).await;
}

#[tokio::test]
async fn nothing_lies_open_in_the_middle_of_the_portal_on_postgresql() {
    in_the_middle(Engine::Postgres).await;
}
