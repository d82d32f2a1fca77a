//! What the operator's tools are told of a running platform: life, readiness, metrics, traces.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use mydata_e2e::country::{Country, client, free_port};
use mydata_e2e::database::Engine;
use mydata_sandbox::scenario::{self, Scenario};
use serde_json::{Value, json};

/// A collector of traces that keeps what it is sent.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Value>>>);

impl Collector {
    async fn start() -> (Self, String) {
        let kept = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        let take = |State(kept): State<Self>, headers: HeaderMap, Json(message): Json<Value>| async move {
            if headers.get("authorization").is_none_or(|token| token != "Bearer a token of the collector") {
                return StatusCode::UNAUTHORIZED;
            }
            kept.0.lock().unwrap().push(message);
            StatusCode::OK
        };
        let router = Router::new().route("/v1/traces", post(take)).with_state(kept.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (kept, url)
    }

    fn spans(&self) -> Vec<Value> {
        let messages = self.0.lock().unwrap();
        let spans = messages.iter().map(|message| &message["resourceSpans"][0]["scopeSpans"][0]["spans"]);
        spans.flat_map(|spans| spans.as_array().unwrap().clone()).collect()
    }
}

fn attribute<'s>(span: &'s Value, name: &str) -> Option<&'s str> {
    let found = span["attributes"].as_array()?.iter().find(|attribute| attribute["key"] == name)?;
    found["value"]["stringValue"].as_str()
}

async fn get(url: &str) -> (u16, String) {
    let answer = client().unwrap().get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// The value of the sample that begins with `sample`.
fn value(metrics: &str, sample: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {sample} in\n{metrics}")).parse().unwrap()
}

async fn one_exchange(engine: Engine, name: &str) {
    let (collector, url) = Collector::start().await;
    let ops = free_port().unwrap();
    let traces = json!({ "url": url, "token": "a token of the collector" });
    let settings = json!({ "listen": format!("127.0.0.1:{ops}"), "traces": traces });
    let mut country = Country::start_with(engine, |config| config["ops"] = settings).await.unwrap();
    let ops = format!("http://127.0.0.1:{ops}");
    let result = scenario::run(&country.sandbox, Scenario::Everything, None).await;
    assert!(result.passed(), "{:?}", result.outcome);

    // Both addresses tell of life; metrics are for the operator alone.
    for base in [ops.as_str(), country.platform.base().as_str().trim_end_matches('/')] {
        assert_eq!(get(&format!("{base}/healthz")).await, (200, "ok\n".to_owned()));
        let (status, answer) = get(&format!("{base}/readyz")).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer, json!({ "ready": true, "database": "ok", "jobs": "ok", "node": "ok" }));
    }
    assert_eq!(get(country.platform.url("/metrics").as_str()).await.0, 404);

    // Whatever word stands where the method should is not kept.
    let strange = axum::http::Method::from_bytes(b"ANYBODYSWORD").unwrap();
    client().unwrap().request(strange, country.platform.url("/")).send().await.unwrap();

    let (status, metrics) = get(&format!("{ops}/metrics")).await;
    assert_eq!(status, 200);
    assert!(metrics.contains("method=\"_OTHER\"") && !metrics.contains("ANYBODYSWORD"), "{metrics}");
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    let exchanges = "mydata_exchanges_total{zone=\"test\",outcome=\"delivered\"}";
    assert!((value(&metrics, exchanges) - 1.0).abs() < 0.1);
    let datasets = "mydata_datasets_total{zone=\"test\",outcome=\"collected\"}";
    assert!((value(&metrics, datasets) - 3.0).abs() < 0.1);
    assert!(value(&metrics, "mydata_jobs_total{kind=\"collect\",result=\"done\"}") >= 3.0);
    assert!(value(&metrics, "mydata_jobs_dead") < 0.5);
    assert!(value(&metrics, "process_resident_memory_bytes") > 1e6);
    let build = format!("mydata_build_info{{version=\"{}\",database=\"{name}\"}}", env!("CARGO_PKG_VERSION"));
    assert!((value(&metrics, &build) - 1.0).abs() < 0.1);

    // What the platform has to send goes out before it ends.
    country.platform.stop().unwrap();
    let spans = collector.spans();
    let whole: Vec<&Value> = spans.iter().filter(|span| span["name"] == "exchange").collect();
    let [whole] = whole.as_slice() else { panic!("{} exchanges", whole.len()) };
    assert_eq!(attribute(whole, "mydata.outcome"), Some("delivered"));
    let trace = &whole["traceId"];
    let own: Vec<&Value> = spans.iter().filter(|span| span["traceId"] == *trace).collect();
    let names: BTreeSet<&str> = own.iter().map(|span| span["name"].as_str().unwrap()).collect();
    for expected in ["job collect", "call DP-API", "job notify", "call SP-API", "job seal", "confirm"] {
        assert!(names.contains(expected), "{expected} is not in {names:?}");
    }
    assert!(names.iter().any(|name| name.starts_with("POST /") && name.contains("{")), "{names:?}");
    // Each span has its place: in the exchange, or in another span of the trace.
    let ids: BTreeSet<&str> = own.iter().map(|span| span["spanId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), own.len(), "no id twice");
    for span in &own {
        let parent = span["parentSpanId"].as_str();
        assert!(parent.is_none_or(|parent| ids.contains(parent)), "{span}");
        assert_eq!(parent.is_none(), span["name"] == "exchange", "{span}");
        let time = |key: &str| span[key].as_str().unwrap().parse::<u64>().unwrap();
        assert!(time("startTimeUnixNano") <= time("endTimeUnixNano"), "{span}");
    }

    // Nobody is in any of it.
    let told = format!("{metrics}{}", serde_json::to_string(&spans).unwrap());
    for persona in country.sandbox.personas() {
        for secret in [persona.uid, persona.name] {
            assert!(!told.contains(secret), "{secret} is in metrics or traces");
        }
    }
    let case = country.sandbox.bank().notifications().calls();
    for call in case {
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        for key in ["permission_ticket", "secret_key"] {
            if let Some(secret) = body[key].as_str() {
                assert!(!told.contains(secret), "{key} is in metrics or traces");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_exchange_is_one_trace_and_is_counted_on_sqlite() {
    one_exchange(Engine::Sqlite, "sqlite").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_exchange_is_one_trace_and_is_counted_on_postgresql() {
    one_exchange(Engine::Postgres, "postgresql").await;
}

/// A database that is away makes a node not ready, and not dead; it is ready again by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_its_database_is_alive_and_not_ready() {
    let country = Country::start(Engine::Postgres).await.unwrap();
    let ready = country.platform.url("/readyz").to_string();
    assert_eq!(get(&ready).await.0, 200);
    country.platform.database().shut(true);
    let (status, answer) = get(&ready).await;
    assert_eq!(status, 503, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((&answer["ready"], &answer["node"]), (&json!(false), &json!("ok")), "{answer}");
    assert_ne!(answer["database"], "ok", "{answer}");
    assert_eq!(get(country.platform.url("/healthz").as_str()).await.0, 200);
    country.platform.database().shut(false);
    for _ in 0..100 {
        if get(&ready).await.0 == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it is never ready again");
}

/// A collector that hangs or refuses holds up nothing; what it did not take is counted.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_takes_nothing_holds_up_nothing() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let ops = free_port().unwrap();
    let settings = json!({ "listen": format!("127.0.0.1:{ops}"), "traces": { "url": url } });
    let mut country = Country::start_with(Engine::Sqlite, |config| config["ops"] = settings).await.unwrap();
    let result = scenario::run(&country.sandbox, Scenario::Everything, None).await;
    assert!(result.passed(), "{:?}", result.outcome);
    let mut dropped = 0.0;
    for _ in 0..150 {
        let (_, metrics) = get(&format!("http://127.0.0.1:{ops}/metrics")).await;
        dropped = value(&metrics, "mydata_trace_spans_dropped_total");
        if dropped > 0.5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(dropped > 0.5, "what was not taken is counted");
    country.platform.stop().unwrap();
}

/// Told to end, a node is not ready any more and is served on for a while, new callers included; then it ends well.
#[tokio::test]
async fn told_to_end_a_node_is_served_on_while_it_is_not_ready() {
    let ops = free_port().unwrap();
    let mut country = Country::start_with(Engine::Sqlite, |config| {
        config["ops"] = json!({ "listen": format!("127.0.0.1:{ops}") });
        config["connections"]["drain"] = json!(3);
    })
    .await
    .unwrap();
    let home = country.platform.base().clone();
    let ready = home.join("readyz").unwrap();
    let asking = tokio::spawn(async move {
        while get(ready.as_str()).await.0 == 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let (status, said) = get(ready.as_str()).await;
        assert!(status == 503 && said.contains("\"node\":\"ending\""), "{status} {said}");
        assert_eq!(get(&format!("http://127.0.0.1:{ops}/readyz")).await.0, 503);
        assert_eq!(get(home.as_str()).await.0, 200, "and everybody is served");
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(get(home.as_str()).await.0, 200);
        home
    });
    let began = std::time::Instant::now();
    let (stopped, country) =
        tokio::task::spawn_blocking(move || (country.platform.stop(), country)).await.unwrap();
    stopped.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(3), "{:?}", began.elapsed());
    let home = asking.await.unwrap();
    assert!(client().unwrap().get(home).send().await.is_err(), "its doors are closed");
    drop(country);
}
