//! Every client, sent to where it may not go: nobody is knocked at.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use mydata_domain::collect::Answer;
use mydata_domain::notify::SpAnswer;
use mydata_domain::time::{Clock as _, SystemClock};
use mydata_domain::{Dataset, Policy, Time};
use mydata_revocation::fetch::{Fetch as _, FetchFault, Request};
use mydata_wire::{AccessToken, SystemRandom, TransactionUid, Verification};
use tokio::net::TcpListener;
use url::Url;

use super::Outbound;
use super::dp::Call;
use super::guard::{Guard, Lookup};
use super::sp::tests::{notification, service};
use crate::config::{OidcProvider, Password, SmsGateway, SmsSettings};
use crate::identity::Fault;
use crate::identity::oidc::Oidc;
use crate::mail::post::Letter;
use crate::mail::texts::Texts;

/// A name server that answers one after another, and the last again and again.
struct Answers(Mutex<Vec<IpAddr>>, AtomicU32);

impl Answers {
    fn new(answers: &[&str]) -> Arc<Self> {
        let answers = answers.iter().rev().map(|a| a.parse().unwrap()).collect();
        Arc::new(Self(Mutex::new(answers), AtomicU32::new(0)))
    }
}

impl Lookup for Answers {
    fn lookup(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.0.lock().unwrap();
        let now = if answers.len() > 1 { answers.pop().unwrap() } else { answers[0] };
        async move { Ok(vec![now]) }.boxed()
    }
}

/// A port on which something inside listens, at 127.0.0.1; and something that may be called, at 127.0.0.2.
struct Ports {
    port: u16,
    inside: TcpListener,
    public: TcpListener,
}

impl Ports {
    async fn open() -> Self {
        loop {
            let inside = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = inside.local_addr().unwrap().port();
            if let Ok(public) = TcpListener::bind(("127.0.0.2", port)).await {
                return Self { port, inside, public };
            }
        }
    }

    /// Whether somebody connected, and lets them go.
    async fn knocked(listener: &TcpListener) -> bool {
        tokio::time::timeout(Duration::from_millis(50), listener.accept()).await.is_ok()
    }
}

fn policy() -> Policy {
    let brief = mydata_domain::policy::Seconds(Duration::from_millis(500));
    Policy {
        dp_connect: brief,
        dp_first_byte: brief,
        dp_idle: brief,
        sp_connect: brief,
        sp_answer: brief,
        ..Policy::default()
    }
}

/// Outside the sandbox; 127.0.0.2 stands for the public internet.
fn outbound(names: Arc<dyn Lookup>) -> Outbound {
    let guard = Guard::new(false, vec!["127.0.0.2/32".parse().unwrap()]).with_lookup(names);
    Outbound::new(&policy(), guard).unwrap()
}

fn dataset(dp_api: &Url, dp_ips: &[&str]) -> Dataset {
    serde_json::from_value(serde_json::json!({
        "resource_id": "API.Kr1C3b1ijJ", "zone": "production", "organisation": "library", "name": "示範",
        "name_en": "Demo", "category": "教育", "weakest_verification": "NHI", "dp_api": dp_api,
        "state": "listed", "dp_ips": dp_ips,
    }))
    .unwrap()
}

async fn collect(outbound: &Outbound, dataset: &Dataset) -> String {
    let (token, parameters) = (AccessToken::generate(&SystemRandom), BTreeMap::new());
    let call = Call {
        dataset,
        token: &token,
        transaction_uid: TransactionUid::generate(&SystemRandom),
        parameters: &parameters,
        first_byte: Duration::from_millis(500),
        now: Time(0),
    };
    match outbound.collect(&call).await {
        Err(Answer::Final(failure) | Answer::Passing(failure)) => failure.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Calls `url` with each client; gives what each says, by name.
async fn call_all(outbound: &Outbound, url: &Url) -> Vec<(&'static str, String)> {
    let sp = match outbound.notify(&service(url.as_str(), Time(0)), &notification(), Time(0)).await {
        SpAnswer::Failed(why) => why,
        other => panic!("{other:?}"),
    };
    let provider = OidcProvider {
        issuer: url.clone(),
        client_id: "mydata".to_owned(),
        client_secret: "example".to_owned(),
        methods: vec![Verification::Nhi],
        claims: Default::default(),
        acr: Default::default(),
    };
    let oidc = Oidc::new(provider, url.clone(), outbound.clone());
    let identity = match oidc.begin(Verification::Nhi, "state", "en", SystemClock.now(), &SystemRandom).await
    {
        Err(Fault::Unavailable(why)) => why,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("discovery was read"),
    };
    let gateway = SmsGateway { url: url.clone(), token: Password("example".to_owned()), sender: None };
    let texts = Texts::new(&SmsSettings { gateway: Some(gateway), mailbox: None }, outbound);
    let letter = Letter {
        id: mydata_domain::mail::MailId::generate(&SystemRandom),
        name: String::new(),
        address: "0900000000".to_owned(),
        subject: String::new(),
        text: "示範".to_owned(),
        written_at: SystemTime::UNIX_EPOCH,
    };
    let text = texts.send(&letter, None).await.unwrap_err().to_string();
    let fetch = |body| Request { url: url.clone(), body, limit: 1_000, time: Duration::from_millis(500) };
    let list = outbound.fetch(fetch(None)).await.unwrap_err();
    let answer = outbound.fetch(fetch(Some(("application/ocsp-request", vec![0x30, 0])))).await.unwrap_err();
    if url.scheme() == "http" {
        assert!(matches!(list, FetchFault::Blocked(_) | FetchFault::Silent(_)), "{list:?}");
    }
    vec![
        ("DP-API", collect(outbound, &dataset(url, &[])).await),
        (
            "DP-API, registered",
            collect(outbound, &dataset(url, &["127.0.0.0/8", "10.0.0.0/8", "::/0"])).await,
        ),
        ("SP-API", sp),
        ("identity provider", identity),
        ("text messages", text),
        ("revocation list", list.to_string()),
        ("OCSP", answer.to_string()),
    ]
}

#[tokio::test]
async fn no_client_calls_an_internal_address() {
    let ports = Ports::open().await;
    let outbound = outbound(Answers::new(&["127.0.0.1"]));
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "localhost", "inside.example"] {
        let url = Url::parse(&format!("https://{host}:{}/", ports.port)).unwrap();
        let said = call_all(&outbound, &url).await;
        assert_eq!(said.len(), 7);
        assert!(!Ports::knocked(&ports.inside).await, "{host}: somebody was knocked at\n{said:#?}");
    }
    for url in [
        "https://10.1.2.3/",
        "https://169.254.169.254/latest",
        "https://[fd00::1]/",
        "https://user@dp.example/",
    ] {
        for (client, said) in call_all(&outbound, &Url::parse(url).unwrap()).await {
            let why = if url.contains('@') { "name or password" } else { "internal" };
            assert!(said.contains(why), "{client} at {url}: {said}");
        }
    }
    let plain = Url::parse(&format!("http://inside.example:{}/", ports.port)).unwrap();
    call_all(&outbound, &plain).await;
    assert!(!Ports::knocked(&ports.inside).await, "over plain http");
}

/// A name whose answer changes between one call and the next, or within one, never leads inside.
#[tokio::test]
async fn a_name_that_changes_its_mind_leads_nowhere_else() {
    let ports = Ports::open().await;
    let url = Url::parse(&format!("https://rebinding.example:{}/", ports.port)).unwrap();
    let clients = 7;
    for which in 0..clients {
        // The first answer is good for one lookup; every later one leads inside.
        let names = Answers::new(&["127.0.0.2", "127.0.0.1"]);
        let outbound = outbound(Arc::clone(&names) as Arc<dyn Lookup>);
        for _ in 0..2 {
            match which {
                0 => drop(collect(&outbound, &dataset(&url, &[])).await),
                1 => drop(collect(&outbound, &dataset(&url, &["127.0.0.0/8"])).await),
                2 => drop(outbound.notify(&service(url.as_str(), Time(0)), &notification(), Time(0)).await),
                3 => drop(outbound.identity(&url).unwrap().get(url.clone()).send().await),
                4 => drop(outbound.texts(&url).unwrap().post(url.clone()).send().await),
                5 => {
                    let time = Duration::from_millis(500);
                    drop(outbound.fetch(Request { url: url.clone(), body: None, limit: 9, time }).await);
                }
                _ => {
                    let limit = Duration::from_millis(500);
                    let target = crate::probe::Target::Dataset(Box::new(dataset(&url, &[])));
                    let found = outbound.guard().find("rebinding.example").await.unwrap();
                    if let Ok(allowed) = crate::probe::reach::allowed(&outbound, &target, &found) {
                        drop(crate::probe::reach::connect(&url, &allowed.0, limit).await);
                    }
                }
            }
        }
        assert!(Ports::knocked(&ports.public).await, "client {which} called nobody: the test shows nothing");
        assert!(names.1.load(Ordering::SeqCst) >= 2, "client {which} asked for the name once only");
        assert!(!Ports::knocked(&ports.inside).await, "client {which} was led inside");
        while Ports::knocked(&ports.public).await {}
    }
}

/// A list may say that it lies elsewhere; nobody goes there.
#[tokio::test]
async fn redirects_are_not_followed_and_large_answers_are_cut() {
    use axum::Router;
    use axum::response::Redirect;
    use axum::routing::get;
    let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let ports = Ports::open().await;
    let inside = format!("http://127.0.0.1:{}/", ports.port);
    let router = Router::new()
        .route("/away", get(|| async move { Redirect::temporary(&inside) }))
        .route("/large", get(|| async { vec![0u8; 100_000] }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let outbound = outbound(Answers::new(&["127.0.0.2"]));
    let fetch = |path: &str| {
        let url = Url::parse(&format!("{base}{path}")).unwrap();
        outbound.fetch(Request { url, body: None, limit: 99_999, time: Duration::from_secs(2) })
    };
    assert_eq!(fetch("/away").await, Err(FetchFault::Status(307)));
    assert_eq!(fetch("/large").await, Err(FetchFault::TooLarge(99_999)));
    assert!(!Ports::knocked(&ports.inside).await);
}
