//! The edge, with the program itself: services known by their certificates, and limits that count across addresses.

use std::process::Command;

use mydata_e2e::country::{Country, client, free_port};
use mydata_e2e::database::Engine;
use mydata_sandbox::dp::Dataset;
use serde_json::json;
use url::Url;

use crate::steps::{Walk, call_at, call_with, notifications, outcome, quick, settled};

/// A certificate of this name, made by openssl, as a proxy writes it into a header.
fn certificate(folder: &std::path::Path, name: &str) -> (String, String) {
    let file = folder.join(format!("{name}.pem"));
    let output = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
        ])
        .args(["-subj", &format!("/C=TW/CN={name}"), "-keyout", "/dev/null", "-out"])
        .arg(&file)
        .output()
        .expect("openssl is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let pem = std::fs::read_to_string(file).unwrap();
    let header = pem.trim().replace('\n', " ");
    (pem, header)
}

/// Shows R97, R117: what is the service's goes to whoever presents its certificate, and to nobody else.
#[tokio::test]
async fn a_service_is_known_by_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let (pem, right) = certificate(folder.path(), "right.example");
    let (_, wrong) = certificate(folder.path(), "wrong.example");
    let port = free_port().unwrap();
    let country = Country::start_registered(
        Engine::Sqlite,
        |config| {
            quick(config);
            config["trusted_proxies"] = json!(["127.0.0.1/32"]);
            let listen = format!("127.0.0.1:{port}");
            config["partner"] = json!({ "listen": listen, "client_certificate_header": "x-client-cert" });
        },
        |sandbox| {
            let mut registry: toml::Table = sandbox.registry_toml().parse()?;
            let bank = sandbox.bank().facts().service.client_id.as_str();
            let services = registry["service"].as_array_mut().unwrap();
            let service = services.iter_mut().find(|one| one["client_id"].as_str() == Some(bank)).unwrap();
            let certificates = toml::Value::Array(vec![pem.clone().into()]);
            service.as_table_mut().unwrap().insert("client_certificates".to_owned(), certificates);
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
    let received = outcome(bank, &case).await;
    assert!(received.received().is_none(), "the bank's own program presents nothing here");
    let ticket = notifications(bank, &case)[0]["permission_ticket"].as_str().unwrap().to_owned();
    let tx_id = case.tx_id.to_string();
    let partners: Url = format!("http://127.0.0.1:{port}/").parse().unwrap();
    let call_with =
        async |path: &str, headers: &[(&str, &str)]| call_at(partners.join(path).unwrap(), headers).await;
    for (path, header) in [
        ("/service/data", ("permission_ticket", ticket.as_str())),
        ("/service/type_valid", ("permission_ticket", ticket.as_str())),
        ("/service/txid_status", ("tx_id", tx_id.as_str())),
    ] {
        let answer = call_with(path, &[header]).await;
        assert_eq!((answer.status, answer.code.as_str()), (401, "client_certificate_missing"), "{path}");
        assert!(answer.kind == "application/problem+json" && answer.text.contains('請'), "{}", answer.text);
        let answer = call_with(path, &[header, ("x-client-cert", &wrong)]).await;
        assert_eq!(
            (answer.status, answer.code.as_str()),
            (401, "client_certificate_not_registered"),
            "{path}"
        );
        let answer = call_with(path, &[header, ("x-client-cert", &right)]).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let elsewhere = [header, ("x-client-cert", right.as_str()), ("x-forwarded-for", "203.0.113.9")];
        assert_ne!(call_with(path, &elsewhere).await.status, 200, "{path}: the address counts, too");
        // Citizens' browsers come to the other listener, and nobody takes the header out there.
        let answer = call_at(country.platform.url(path), &[header, ("x-client-cert", &right)]).await;
        assert_eq!((answer.status, answer.code.as_str()), (401, "client_certificate_missing"), "{path}");
    }
}

/// One service, or one dataset's provider, that asks too often is told for how long to wait, from however many addresses.
#[tokio::test]
async fn limits_count_services_and_datasets_across_addresses() {
    let country = Country::start_with(Engine::Sqlite, |config| {
        quick(config);
        config["trusted_proxies"] = json!(["127.0.0.1/32"]);
        config["limits"] = json!({ "service_per_minute": 12, "dataset_per_minute": 12 });
    })
    .await
    .unwrap();
    let bank = country.sandbox.bank();
    let case = bank.open_case("王小明", None, "test");
    Walk::enter(&case.entry_url).await;
    let tx_id = case.tx_id.to_string();
    let status = async |n: usize| {
        let from = if n.is_multiple_of(2) { "127.0.0.1" } else { "::1" };
        call_with(&country, "/service/txid_status", &[("tx_id", &tx_id), ("x-forwarded-for", from)]).await
    };
    for n in 0..12 {
        assert_eq!(status(n).await.status, 403, "not confirmed yet");
    }
    let limited = status(12).await;
    assert_eq!((limited.status, limited.code.as_str()), (429, "too_many_requests"));
    assert!(limited.retry_after.unwrap().parse::<u64>().unwrap() >= 1);

    let http = client().unwrap();
    let introspect = async |n: usize, dataset: Dataset| {
        let from = if n.is_multiple_of(2) { "127.0.0.1" } else { "::1" };
        let request = http
            .post(country.platform.url("/connect/introspect"))
            .basic_auth(dataset.id(), Some(dataset.secret().expose()))
            .header("x-forwarded-for", from)
            .form(&[("token", "mydata::AAAAAAAAAAAAAAAAAAAAAAAAAAAA")]);
        request.send().await.unwrap()
    };
    for n in 0..12 {
        assert_eq!(introspect(n, Dataset::Household).await.status(), 200);
    }
    let limited = introspect(12, Dataset::Household).await;
    assert_eq!(limited.status(), 429);
    assert!(limited.headers().contains_key("retry-after"));
    assert_eq!(introspect(13, Dataset::Kin).await.status(), 200, "nobody else has to wait for it");
}
