//! The sandbox as a whole: registry, start page, mailbox, ports.

mod common;

use std::collections::HashSet;

use common::World;
use mydata_sandbox::{Ports, Sandbox, SandboxConfig, SandboxError};
use serde_json::json;

#[tokio::test]
async fn the_registry_names_everybody_once_with_real_addresses() {
    for faults in [false, true] {
        let world = World::with(|config| config.faults = faults).await;
        let registry: toml::Table = world.sandbox.registry_toml().parse().unwrap();
        let list = |key: &str| registry[key].as_array().unwrap().clone();
        let organisations: HashSet<_> =
            list("organisation").iter().map(|o| o["id"].as_str().unwrap().to_owned()).collect();
        let datasets: HashSet<_> =
            list("dataset").iter().map(|d| d["resource_id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(datasets.len(), list("dataset").len());
        assert!(datasets.len() > if faults { 20 } else { 3 });
        for item in list("dataset").iter().chain(&list("service")) {
            assert!(organisations.contains(item["organisation"].as_str().unwrap()));
        }
        for service in list("service") {
            assert!(service["client_id"].as_str().unwrap().parse::<mydata_wire::ClientId>().is_ok());
            assert!(
                service["return_urls"][0].as_str().unwrap().starts_with(service["url"].as_str().unwrap())
            );
            for dataset in service["datasets"].as_array().unwrap() {
                assert!(datasets.contains(dataset.as_str().unwrap()));
            }
        }
        let household = &list("dataset")[0];
        let heartbeat = format!("{}?heartbeat=true", household["dp_api"].as_str().unwrap());
        assert_eq!(world.http.get(heartbeat).send().await.unwrap().status(), 204);
    }
}

#[tokio::test]
async fn the_start_page_leads_everywhere_in_both_languages() {
    let world = World::new().await;
    let at = world.sandbox.addresses().clone();
    let get = async |url: String| world.http.get(url).send().await.unwrap();
    let page = get(format!("{}?lang=en", at.portal)).await;
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    let english = page.text().await.unwrap();
    assert!(english.contains("The country in a box") && english.contains(at.bank.as_str()));
    let chinese = get(at.portal.to_string()).await.text().await.unwrap();
    for persona in world.sandbox.personas() {
        assert!(chinese.contains(persona.uid) && chinese.contains(persona.note), "{}", persona.key);
    }
    for base in [&at.portal, &at.bank, &at.idp, &at.mailbox, &at.lab] {
        assert_eq!(get(format!("{base}style.css")).await.status(), 200);
    }
}

#[tokio::test]
async fn the_mailbox_takes_and_shows_messages_newest_first() {
    let world = World::new().await;
    let at = world.sandbox.addresses().mailbox.clone();
    let post = async |body| {
        world.http.post(at.join("messages").unwrap()).json(&body).send().await.unwrap().status().as_u16()
    };
    let mail =
        json!({"channel": "mail", "to": "wang@example.test", "subject": "驗證碼", "body": "<b>12345678</b>"});
    let sms = json!({"channel": "sms", "to": "0900000000", "body": "資料已備妥"});
    assert_eq!((post(mail).await, post(sms).await), (202, 202));
    assert_eq!(post(json!({"channel": "pigeon", "to": "x", "body": ""})).await, 422);
    let messages = world.sandbox.mailbox().messages();
    assert_eq!(
        messages.iter().map(|m| m.to.as_str()).collect::<Vec<_>>(),
        ["0900000000", "wang@example.test"]
    );
    let page = world.http.get(at).send().await.unwrap().text().await.unwrap();
    assert!(page.find("資料已備妥") < page.find("驗證碼") && !page.contains("<b>"));
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let world = World::new().await;
    let taken = world.sandbox.addresses().bank.port().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut config = SandboxConfig::new(world.platform.clone(), folder.path().to_owned());
    config.ports = Ports { bank: taken, ..Ports::default() };
    match Sandbox::start(config).await {
        Err(error @ SandboxError::Port { .. }) => {
            let text = error.to_string();
            assert!(text.contains("the bank") && text.contains(&taken.to_string()), "{text}");
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("two programs on one port"),
    }
}
