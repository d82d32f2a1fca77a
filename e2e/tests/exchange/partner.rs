//! Every row of the partner APIs, over HTTP (PROTOCOL.md §4 and §6).

use mydata_e2e::country::{Country, client};
use mydata_e2e::database::Engine;
use mydata_sandbox::dp::Dataset;
use mydata_sandbox::dp::faults::Fault;
use mydata_sandbox::lab::LabService;
use mydata_sandbox::sp::SpBehaviour;
use mydata_wire::{SystemRandom, TxId};
use serde_json::{Value, json};

use crate::steps::{Walk, call, call_with, notifications, outcome, quick, settled};

const NOBODY: &str = "0b8e5f64-3c1d-4f7a-8a55-6d2f1c9e7b30";

async fn every_row(engine: Engine) {
    let country = Country::start_with(engine, quick).await.unwrap();
    let bank = country.sandbox.bank();
    let data =
        async |ticket: &str| call(&country, "/service/data", Some(("permission_ticket", ticket))).await;
    let type_valid =
        async |ticket: &str| call(&country, "/service/type_valid", Some(("permission_ticket", ticket))).await;
    let status = async |tx_id: &str| call(&country, "/service/txid_status", Some(("tx_id", tx_id))).await;

    // Headers that are missing or malformed, and what nobody knows.
    let answer = call(&country, "/service/data", None).await;
    assert_eq!((answer.status, answer.kind.as_str()), (400, "application/problem+json"));
    assert!(answer.text.contains("permission_ticket"), "{}", answer.text);
    assert_eq!(data("no-uuid").await.status, 400);
    assert_eq!(
        (data(NOBODY).await.status, data(NOBODY).await.code.as_str()),
        (403, "permission_ticket_invalid")
    );
    assert_eq!(call(&country, "/service/type_valid", None).await.status, 403);
    assert_eq!((type_valid("no-uuid").await.status, type_valid(NOBODY).await.status), (403, 403));
    assert_eq!(call(&country, "/service/txid_status", None).await.status, 403);
    assert_eq!((status("no-uuid").await.status, status(NOBODY).await.status), (403, 403));

    // A DP that hangs beside a good one: not confirmed, preparing, and at last ready and taken.
    let sp = country.sandbox.lab().service(LabService::Faults);
    let case = sp.open_case_for(&[Fault::Good.id(), Fault::Hang.id()], "王小明", None, "test");
    let tx_id = case.tx_id.to_string();
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    assert_eq!(status(&tx_id).await.status, 403, "not yet confirmed");
    walk.press("confirm").await.unwrap();
    let ticket = notifications(sp, &case)[0]["permission_ticket"].as_str().unwrap().to_owned();
    let preparing = data(&ticket).await;
    assert_eq!((preparing.status, preparing.kind.as_str()), (429, "application/jwt"));
    assert!(preparing.retry_after.unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(status(&tx_id).await.body, r#"{"code":"429","text":"資料準備中"}"#.as_bytes());
    assert_eq!(type_valid(&ticket).await.body, br#"{"verification":"CER"}"#);
    let received = outcome(sp, &case).await;
    assert!(received.received().is_some());
    assert_eq!(status(&tx_id).await.body, r#"{"code":"201","text":"SP 已取用資料"}"#.as_bytes());

    // Ready: the token again, whole and in parts.
    let whole = data(&ticket).await;
    assert_eq!((whole.status, whole.kind.as_str()), (200, "application/jwt"));
    let etag = whole.etag.clone().unwrap();
    assert!(etag.starts_with('"') && etag.len() == 66, "{etag}");
    let part = |range: String, if_range: String| {
        let (country, ticket) = (&country, ticket.clone());
        async move {
            let headers = [
                ("permission_ticket", ticket.as_str()),
                ("range", range.as_str()),
                ("if-range", if_range.as_str()),
            ];
            call_with(country, "/service/data", &headers).await
        }
    };
    let tail = part("bytes=1000-".to_owned(), etag.clone()).await;
    assert_eq!((tail.status, &tail.body[..]), (206, &whole.body[1000..]));
    let middle = part("bytes=10-19".to_owned(), etag.clone()).await;
    assert_eq!((middle.status, &middle.body[..]), (206, &whole.body[10..20]));
    assert_eq!(part("bytes=1000-".to_owned(), "\"other\"".to_owned()).await.status, 200);
    assert_eq!(part(format!("bytes={}-", whole.body.len()), etag).await.status, 416);

    // A refused exchange tells so; one that nobody could serve is 504.
    let case = bank.open_case("王小明", None, "test");
    let mut walk = Walk::enter(&case.entry_url).await;
    walk.press("refuse").await.unwrap();
    assert!(status(&case.tx_id.to_string()).await.body.starts_with(br#"{"code":"205""#));
    let case = bank.open_case("洪全停", None, "test");
    let mut walk = Walk::enter(&case.entry_url).await;
    walk.choose_method().await;
    walk.sign_in("hong-quanting").await;
    if walk.page.reading.form("confirm").is_some() {
        walk.press("confirm").await.unwrap();
        let mut told = notifications(bank, &case);
        for _ in 0..100 {
            if !told.is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            told = notifications(bank, &case);
        }
        let ticket = told[0]["permission_ticket"].as_str().unwrap().to_owned();
        let mut answer = data(&ticket).await;
        for _ in 0..100 {
            if answer.status != 429 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            answer = data(&ticket).await;
        }
        assert_eq!((answer.status, answer.code.as_str()), (504, "undeliverable"));
        assert!(answer.text.contains("無法傳送"));
        assert!(status(&case.tx_id.to_string()).await.body.starts_with(br#"{"code":"504""#));
    }
}

/// A token counts as taken when every byte of it has gone out, over all the fetches together. Shows R116, R140.
#[tokio::test]
async fn a_token_is_taken_when_all_of_it_went_out() {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let bank = country.sandbox.bank();
    // The SP does not hear of it, so that only we fetch.
    bank.behave(SpBehaviour::SilentFirst(u32::MAX));
    let case = bank.open_case_for(&[Dataset::Household.id()], "王小明", None, "test");
    let tx_id = case.tx_id.to_string();
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    walk.reload_until(settled).await;
    walk.press("confirm").await.unwrap();
    let ticket = notifications(bank, &case)[0]["permission_ticket"].as_str().unwrap().to_owned();
    let status = async || {
        let answer = call(&country, "/service/txid_status", Some(("tx_id", &tx_id))).await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        body["code"].as_str().unwrap_or_default().to_owned()
    };
    for _ in 0..100 {
        if status().await == "200" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let part = async |range: String| {
        let headers = [("permission_ticket", ticket.as_str()), ("range", range.as_str())];
        call_with(&country, "/service/data", &headers).await
    };
    let last = part("bytes=-1".to_owned()).await;
    assert_eq!((last.status, last.body.len()), (206, 1));
    assert_eq!(status().await, "200", "the last byte alone is not all");
    assert_eq!(part("bytes=100-".to_owned()).await.status, 206);
    assert_eq!(status().await, "200", "the beginning is missing");
    assert_eq!(part("bytes=0-99".to_owned()).await.status, 206);
    assert_eq!(status().await, "201");
}

/// Shows R111, R116, R117, R118, R119, R120, R136, R138, R139, R140, R141.
#[tokio::test]
async fn every_row_on_sqlite() {
    every_row(Engine::Sqlite).await;
}

/// Shows R116, R117, R118, R136, R140.
#[tokio::test]
async fn every_row_on_postgresql() {
    every_row(Engine::Postgres).await;
}

/// Shows R96, R120, R138, R141.
#[tokio::test]
async fn callers_must_come_from_a_registered_address() {
    // The proxy's word counts, because loopback is set as a trusted proxy here.
    let country = Country::start_with(Engine::Sqlite, |config| {
        quick(config);
        config["trusted_proxies"] = json!(["127.0.0.1/32"]);
    })
    .await
    .unwrap();
    let bank = country.sandbox.bank();
    let case = bank.open_case("王小明", None, "test");
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    walk.reload_until(settled).await;
    walk.press("confirm").await.unwrap();
    outcome(bank, &case).await;
    let ticket = notifications(bank, &case)[0]["permission_ticket"].as_str().unwrap().to_owned();
    let tx_id = case.tx_id.to_string();
    let from = async |path: &str, header: (&str, &str), address: &str| {
        call_with(&country, path, &[header, ("x-forwarded-for", address)]).await
    };
    let ticket_header = ("permission_ticket", ticket.as_str());
    let tx_header = ("tx_id", tx_id.as_str());
    assert_eq!(from("/service/data", ticket_header, "203.0.113.9").await.status, 403);
    assert_eq!(from("/service/type_valid", ticket_header, "203.0.113.9").await.status, 401);
    assert_eq!(from("/service/txid_status", tx_header, "203.0.113.9").await.status, 401);
    let refused = from("/service/data", ticket_header, "203.0.113.9, 127.0.0.1").await;
    assert_eq!((refused.status, refused.code.as_str()), (403, "address_not_allowed"));
    assert!(refused.text.contains("允許連線 IP"));
    assert_eq!(from("/service/data", ticket_header, "127.0.0.1").await.status, 200);
    assert_eq!(from("/service/txid_status", tx_header, "::1").await.status, 200);
}

/// Shows R111.
#[tokio::test]
async fn an_ended_ticket_opens_nothing_and_everything_is_wiped() {
    let country = Country::start_with(Engine::Sqlite, |config| {
        quick(config);
        config["policy"]["ticket_life"] = json!(4.0);
        config["jobs"]["sweep_every"] = json!(0.5);
        config["jobs"]["sweep_older_than"] = json!(1.0);
    })
    .await
    .unwrap();
    let bank = country.sandbox.bank();
    let case = bank.open_case("王小明", None, "test");
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    walk.reload_until(settled).await;
    walk.press("confirm").await.unwrap();
    outcome(bank, &case).await;
    let ticket = notifications(bank, &case)[0]["permission_ticket"].as_str().unwrap().to_owned();
    let data = async || call(&country, "/service/data", Some(("permission_ticket", &ticket))).await;
    for _ in 0..120 {
        if data().await.status != 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let answer = data().await;
    assert_eq!((answer.status, answer.code.as_str()), (403, "permission_ticket_invalid"));
    assert_eq!(call(&country, "/service/type_valid", Some(("permission_ticket", &ticket))).await.status, 403);
    assert_eq!(
        call(&country, "/service/txid_status", Some(("tx_id", &case.tx_id.to_string()))).await.status,
        403
    );
    let blobs = country.platform.data_folder().join("blobs");
    for _ in 0..100 {
        if files_in(&blobs) == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{} files stayed behind", files_in(&blobs));
}

/// How many files lie in a folder and its folders.
pub fn files_in(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|e| if e.file_type().is_ok_and(|t| t.is_dir()) { files_in(&e.path()) } else { 1 })
        .sum()
}

/// The DP's side: introspection and userinfo.
#[tokio::test]
async fn a_dp_learns_who_the_citizen_is_only_inside_its_call() {
    let country = Country::start_with(Engine::Sqlite, quick).await.unwrap();
    let http = client().unwrap();
    let introspect = async |id: &str, secret: &str, token: &str| {
        let request = http.post(country.platform.url("/connect/introspect")).basic_auth(id, Some(secret));
        let answer = request.form(&[("token", token)]).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap_or_default())
    };
    let (id, secret) = (Dataset::Household.id(), Dataset::Household.secret());
    let unknown = introspect(id.as_str(), secret.expose(), "mydata::AAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
    assert_eq!(unknown, (200, json!({ "active": false })));
    assert_eq!(introspect(id.as_str(), "0000000000000000", "mydata::x").await.0, 401);
    assert_eq!(introspect("API.0000000000", secret.expose(), "mydata::x").await.0, 401);
    assert_eq!(introspect(id.as_str(), secret.expose(), "no-prefix").await.1, json!({ "active": false }));
    let no_form =
        http.post(country.platform.url("/connect/introspect")).basic_auth(&id, Some(secret.expose()));
    assert_eq!(no_form.send().await.unwrap().status().as_u16(), 400);
    let userinfo = async |value: &str| {
        let request = http.get(country.platform.url("/connect/userinfo")).header("authorization", value);
        request.send().await.unwrap().status().as_u16()
    };
    for bad in ["Bearer mydata::AAAAAAAAAAAAAAAAAAAAAAAA", "Bearer x", "Basic x", "mydata::x"] {
        assert_eq!(userinfo(bad).await, 401, "{bad}");
    }

    // A DP that hangs still holds a good token: for its own dataset, not for another, and not once it is over.
    let faults = country.sandbox.lab().service(LabService::Faults);
    let hang = Fault::Hang;
    let case = faults.open_case_for(&[hang.id()], "王小明", None, "test");
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    let mut token = None;
    for _ in 0..100 {
        let calls = country.sandbox.dp_calls().calls();
        token = calls.iter().rev().find_map(|c| c.header("authorization").map(str::to_owned));
        if token.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let bearer = token.unwrap();
    let token = bearer.strip_prefix("Bearer ").unwrap();
    let mine = introspect(hang.id().as_str(), hang.secret().expose(), token).await.1;
    assert_eq!((&mine["active"], &mine["verification"]), (&json!(true), &json!("CER")));
    assert_eq!(introspect(id.as_str(), secret.expose(), token).await.1, json!({ "active": false }));
    let answer = http
        .get(country.platform.url("/connect/userinfo"))
        .header("authorization", &bearer)
        .send()
        .await
        .unwrap();
    let person: Value = answer.json().await.unwrap();
    assert_eq!(
        (&person["uid"], &person["cn"], &person["uid_verified"]),
        (&json!("A123456789"), &json!("王小明"), &json!("True"))
    );
    walk.press("refuse").await.unwrap();
    assert_eq!(
        introspect(hang.id().as_str(), hang.secret().expose(), token).await.1,
        json!({ "active": false })
    );
    assert_eq!(userinfo(&bearer).await, 401);
}

/// A real transaction of another service is not told from one that never was; two services that use the same `tx_id` get
/// each their own answer; an address of nobody is refused before anything is looked up. Shows R141.
#[tokio::test]
async fn a_foreign_tx_id_is_denied() {
    let stranger = LabService::Accept.client_id();
    let country = Country::start_registered(
        Engine::Sqlite,
        |config| {
            quick(config);
            config["trusted_proxies"] = json!(["127.0.0.1/32"]);
        },
        |sandbox| {
            let mut registry: toml::Table = sandbox.registry_toml().parse()?;
            for service in registry["service"].as_array_mut().unwrap() {
                let ours = service["client_id"].as_str() == Some(stranger.as_str());
                let addresses: &[&str] = if ours { &["203.0.113.20"] } else { &["127.0.0.0/8", "::1"] };
                let addresses = addresses.iter().map(|one| toml::Value::from(*one)).collect();
                service
                    .as_table_mut()
                    .unwrap()
                    .insert("allowed_ips".to_owned(), toml::Value::Array(addresses));
            }
            Ok(toml::to_string(&registry)?)
        },
    )
    .await
    .unwrap();
    let bank = country.sandbox.bank();
    let case = bank.open_case_for(&[Dataset::Household.id()], "王小明", None, "test");
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    walk.reload_until(settled).await;
    walk.press("confirm").await.unwrap();
    outcome(bank, &case).await;
    let (real, never) = (case.tx_id.to_string(), TxId::generate(&SystemRandom).to_string());
    let status = async |tx_id: &str, from: &str| {
        let answer =
            call_with(&country, "/service/txid_status", &[("tx_id", tx_id), ("x-forwarded-for", from)]).await;
        (answer.status, answer.code, answer.text, String::from_utf8(answer.body).unwrap())
    };
    let (bank_address, stranger_address, nobody) = ("127.0.0.1", "203.0.113.20", "203.0.113.9");
    let own = status(&real, bank_address).await;
    assert_eq!((own.0, own.3.as_str()), (200, r#"{"code":"201","text":"SP 已取用資料"}"#));
    let foreign = status(&real, stranger_address).await;
    assert_eq!((foreign.0, foreign.1.as_str()), (403, "tx_id_invalid"));
    assert!(foreign.2.contains("tx_id"));
    assert_eq!(foreign, status(&never, stranger_address).await, "the same, byte for byte");
    let elsewhere = status(&real, nobody).await;
    assert_eq!((elsewhere.0, elsewhere.1.as_str()), (401, "address_not_allowed"));
    assert_eq!(elsewhere, status(&never, nobody).await, "the same, byte for byte");

    // The stranger's own exchange of the same number, refused by its citizen: each hears of its own.
    let own_case = country.sandbox.lab().service(LabService::Accept).open_case_for(
        &[Dataset::Household.id()],
        "王小明",
        None,
        "test",
    );
    let same = own_case.entry_url.replace(&own_case.tx_id.to_string(), &real);
    let mut walk = Walk::enter(&same).await;
    walk.press("refuse").await.unwrap();
    assert!(status(&real, stranger_address).await.3.starts_with(r#"{"code":"205""#));
    assert_eq!(status(&real, bank_address).await, own);
}

/// One caller that asks too often is told for how long to wait; nobody else is.
#[tokio::test]
async fn a_caller_that_asks_too_often_must_wait() {
    let country = Country::start_with(Engine::Sqlite, |config| {
        quick(config);
        config["trusted_proxies"] = json!(["127.0.0.1/32"]);
        config["limits"] = json!({ "partner_per_minute": 20, "pages_per_minute": 20 });
    })
    .await
    .unwrap();
    let from = async |address: &str| {
        call_with(&country, "/service/data", &[("permission_ticket", NOBODY), ("x-forwarded-for", address)])
            .await
    };
    for _ in 0..20 {
        assert_eq!(from("203.0.113.9").await.status, 403);
    }
    let limited = from("203.0.113.9").await;
    assert_eq!((limited.status, limited.code.as_str()), (429, "too_many_requests"));
    assert_eq!(limited.kind, "application/problem+json");
    assert!(limited.retry_after.unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(from("203.0.113.10").await.status, 403);

    // Pages as well: an entry too many is a page that says so, and the service is not harmed by it.
    let entry = async || {
        let url = country.platform.url("/service/CLI.0000000000/x/y");
        client().unwrap().get(url).header("x-forwarded-for", "203.0.113.11").send().await.unwrap()
    };
    for _ in 0..20 {
        assert_eq!(entry().await.status().as_u16(), 401);
    }
    let limited = entry().await;
    assert_eq!(limited.status().as_u16(), 429);
    assert!(limited.headers().contains_key("retry-after"));
}

/// An SP that asks while the last provider is still answering is held for a moment and gets the data, instead of being
/// sent away for seconds. Shows R119.
#[tokio::test]
async fn an_sp_that_asks_a_moment_too_early_is_held() {
    let held = |config: &mut Value| {
        quick(config);
        config["policy"]["dp_retry"] = json!([1.0]);
        config["policy"]["sp_default_wait"] = json!(30.0);
    };
    let country = Country::start_with(Engine::Sqlite, held).await.unwrap();
    let sp = country.sandbox.lab().service(LabService::Faults);
    let case = sp.open_case_for(&[Fault::Good.id(), Fault::FailOnce.id()], "王小明", None, "test");
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    walk.press("confirm").await.unwrap();
    let ticket = notifications(sp, &case)[0]["permission_ticket"].as_str().unwrap().to_owned();
    let answer = call(&country, "/service/data", Some(("permission_ticket", &ticket))).await;
    assert_eq!((answer.status, answer.retry_after.as_deref()), (200, None));
    // The SP itself asked earlier still, and was held as well: 30 seconds have not passed.
    assert!(outcome(sp, &case).await.received().is_some());
}
