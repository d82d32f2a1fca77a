//! An engineer's own SP and own DP against `mydata demo`, as the integrators' pages tell it.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mydata_sandbox::citizen::{Citizen, End, Plan};
use mydata_sdk::dp::{DpAnswer, DpConfig, DpRequest, DpRouter, Parameter, TokenCheck};
use mydata_sdk::sp::{ApiKey, FetchOptions, NotificationEndpoint, Platform, Verdict};
use mydata_wire::notification::Notification;
use tokio::net::TcpListener;
use url::Url;

use crate::common::{PERSON, Place, Running, text, vector};
use crate::docs::block;

/// `mydata demo` with a registry file, on any ports, in the place's folder.
fn demo(place: &Place, registry: &str) -> (Running, Url) {
    let mut command = place.mydata(&["demo", "--port", "0", "--registry", registry]);
    let mut running = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(|line| line.unwrap());
    let line =
        lines.by_ref().find(|line| line.trim_start().starts_with("Platform ")).expect("the demo starts");
    let base = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    // What it goes on to say must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    (running, base)
}

/// An own SP: keeps the last notification.
struct OwnSp {
    router: axum::Router,
    notification: Arc<Mutex<Option<Notification>>>,
}

impl OwnSp {
    fn new(api_key: Option<&str>) -> Self {
        let notification = Arc::new(Mutex::new(None));
        let kept = Arc::clone(&notification);
        let handler = move |notification: Notification| {
            *kept.lock().unwrap() = Some(notification);
            async { Verdict::Accept }
        };
        let router = NotificationEndpoint::new(api_key.map(ApiKey::new), handler)
            .router("/notification")
            .route("/return", axum::routing::get(|| async { "back" }));
        Self { router, notification }
    }

    async fn notified(&self) -> Notification {
        for _ in 0..600 {
            if let Some(notification) = self.notification.lock().unwrap().clone() {
                return notification;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no notification came");
    }
}

/// A link of ours, walked by 王小明 to its end; gives the notification's ticket's token and writes both into the place.
async fn exchange(place: &Place, base: &Url, registry: &str, home: &str, sp: &OwnSp) {
    let ran =
        place.run(&["sp", "link", "--base", base.as_str(), "--registry", registry, "--pid", PERSON]).ends(0);
    let http = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let mut citizen = Citizen::new(http.clone());
    let page = citizen.get(ran.out.trim()).await.unwrap();
    let persona = mydata_sandbox::personas::all().iter().find(|persona| persona.uid == PERSON).unwrap();
    let plan = Plan::new(persona, mydata_wire::Verification::Cer);
    match citizen.walk(page, home, &plan).await.unwrap() {
        End::Returned { url, .. } => assert!(!url.query().unwrap().contains("code="), "{url}"),
        End::DeadEnd(page) => panic!("dead end: {}", page.reading.title),
    }
    let notification = sp.notified().await;
    place.write("notification.json", serde_json::to_vec(&notification).unwrap());
    let platform = Platform::with_client(base.clone(), http);
    platform
        .fetch(&notification.permission_ticket, &place.path("token.jwt"), &FetchOptions::default())
        .await
        .unwrap();
}

const OPEN: [&str; 10] = [
    "sp",
    "open",
    "token.jwt",
    "--notification",
    "notification.json",
    "--roots",
    "data/demo/parties/pki/ca.pem",
    "--out",
    "inbox",
    "--json",
];

/// Shows R109, R110, R116, R117.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_own_service_gets_its_data_from_the_sandbox() {
    let place = Place::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap().to_string();
    let text = block("integrators/test-your-sp.md", "toml").replace("127.0.0.1:9001", &at);
    let registry = place.write("my-service.toml", text);
    let sp = OwnSp::new(Some("my-api-key"));
    tokio::spawn(axum::serve(listener, sp.router.clone()).into_future());
    let (demo, base) = demo(&place, &registry);

    exchange(&place, &base, &registry, &format!("http://{at}/return"), &sp).await;
    let ran = place.run(&[&OPEN[..], &["--registry", &registry, "--person", PERSON]].concat()).ends(0);
    let datasets = ran.json()["datasets"].as_array().unwrap().clone();
    assert_eq!(datasets.len(), 3, "{}", ran.out);
    assert!(datasets.iter().all(|dataset| dataset["state"] == "verified"), "{}", ran.out);
    assert!(place.path("inbox/API.Hh7Qm2Zt9X/個人戶籍資料.json").is_file());
    demo.stop();
}

/// Shows R130, R132.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_own_dataset_is_asked_for_and_verified() {
    let place = Place::new();
    let dp_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sp_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dp_at = dp_listener.local_addr().unwrap().to_string();
    let sp_at = sp_listener.local_addr().unwrap().to_string();
    let page = block("integrators/test-your-dp.md", "toml");
    let registry = place
        .write("my-dataset.toml", page.replace("127.0.0.1:9002", &dp_at).replace("127.0.0.1:9001", &sp_at));
    let sp = OwnSp::new(None);
    tokio::spawn(axum::serve(sp_listener, sp.router.clone()).into_future());
    let (demo, base) = demo(&place, &registry);

    // The page's own commands make the certificate.
    let commands = block("integrators/test-your-dp.md", "bash");
    let made = place.command("bash").args(["-euc", &commands]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (json, pdf) = (text(&vector("inputs/household.json")), text(&vector("inputs/household.pdf")));
    let pack =
        ["dp", "pack", "--key", "dp.key", "--certificate", "dp.pem", "--out", "package.zip", &json, &pdf];
    place.run(&[&pack[..], &["--person", PERSON]].concat()).ends(0);
    let verify =
        ["dp", "verify", "package.zip", "--roots", "data/demo/parties/pki/ca.pem", "--pinned", "dp.pem"];
    place.run(&[&verify[..], &["--person", PERSON]].concat()).ends(0);

    let package = std::fs::read(place.path("package.zip")).unwrap();
    let check =
        TokenCheck::new(base.clone(), "API.MyDataset1".parse().unwrap(), "mySecret00000002".parse().unwrap())
            .unwrap();
    let config = DpConfig { check, parameters: vec![Parameter::required("INQ_YR")] };
    let dp = DpRouter::new(config, move |request: DpRequest| {
        let asked = request.citizen.id.expose() == PERSON && request.call.parameters["INQ_YR"] == "114";
        let package = package.clone();
        async move { if asked { DpAnswer::from(package) } else { DpAnswer::NoData } }
    });
    tokio::spawn(axum::serve(dp_listener, dp.at("/data")).into_future());

    exchange(&place, &base, &registry, &format!("http://{sp_at}/return"), &sp).await;
    let ran = place.run(&[&OPEN[..], &["--registry", &registry, "--person", PERSON]].concat()).ends(0);
    let dataset = &ran.json()["datasets"][0];
    assert_eq!(
        (&dataset["resource_id"], &dataset["state"]),
        (&"API.MyDataset1".into(), &"verified".into()),
        "{}",
        ran.out
    );
    assert!(dataset["signer"]["subject"].as_str().unwrap().contains("My Agency"), "{}", ran.out);
    demo.stop();
}
