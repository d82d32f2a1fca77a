//! Sends spans to a collector: OTLP over HTTP with JSON (opentelemetry-proto 1.x, `/v1/traces`). What a collector does not
//! take is dropped and counted; nothing waits for it and nothing fails by it.

use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::sync::{mpsc, watch};

use super::{Span, Traced, Value};
use crate::app::App;
use crate::config::Traces;

/// Spans of one message.
const TOGETHER: usize = 512;
/// How long spans are gathered for one message.
const GATHER: Duration = Duration::from_secs(1);
/// A collector that does not take a message in this time does not take it.
const ANSWER: Duration = Duration::from_secs(5);
/// Complaints about the collector, at most so often.
const COMPLAIN: Duration = Duration::from_secs(60);

/// Sends until told to stop, and then what is left.
pub async fn run(
    app: App,
    settings: Traces,
    mut spans: mpsc::Receiver<Traced>,
    mut stop: watch::Receiver<bool>,
) {
    let client = match client() {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "no traces are sent: the HTTP client cannot be made");
            return;
        }
    };
    let mut complained: Option<tokio::time::Instant> = None;
    let mut batch = Vec::with_capacity(TOGETHER);
    loop {
        let stopping = *stop.borrow();
        tokio::select! {
            taken = spans.recv_many(&mut batch, TOGETHER), if !stopping => {
                if taken == 0 {
                    return;
                }
            }
            _ = stop.changed(), if !stopping => {}
            () = std::future::ready(()), if stopping => {}
        }
        if !*stop.borrow() && batch.len() < TOGETHER {
            tokio::select! {
                () = tokio::time::sleep(GATHER) => {}
                _ = stop.changed() => {}
            }
        }
        while batch.len() < TOGETHER
            && let Ok(more) = spans.try_recv()
        {
            batch.push(more);
        }
        if batch.is_empty() {
            if *stop.borrow() {
                return;
            }
            continue;
        }
        let sent = post(&client, &settings, &message(&app, &batch)).await;
        if let Err(reason) = sent {
            app.ops.tracer.lost(batch.len());
            if complained.is_none_or(|at| at.elapsed() > COMPLAIN) {
                complained = Some(tokio::time::Instant::now());
                tracing::warn!(%reason, spans = batch.len(), "the collector of traces did not take spans; they are dropped");
            }
        }
        batch.clear();
    }
}

/// The operator names the collector; it may be inside.
fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(ANSWER)
        .timeout(ANSWER)
        .build()
}

async fn post(client: &reqwest::Client, settings: &Traces, message: &Json) -> Result<(), String> {
    let mut request = client.post(settings.url.clone()).json(message);
    if let Some(token) = &settings.token {
        request = request.bearer_auth(&token.0);
    }
    let answer = request.send().await.map_err(|error| error.without_url().to_string())?;
    let status = answer.status();
    if status.is_success() { Ok(()) } else { Err(format!("it answered {status}")) }
}

fn message(app: &App, batch: &[Traced]) -> Json {
    let spans: Vec<Json> = batch.iter().map(|traced| span(&traced.trace.to_string(), &traced.span)).collect();
    let version = env!("CARGO_PKG_VERSION");
    json!({ "resourceSpans": [{
        "resource": { "attributes": [
            attribute("service.name", &Value::Text("mydata".to_owned())),
            attribute("service.version", &Value::Text(version.to_owned())),
            attribute("service.instance.id", &Value::Text(app.store.jobs.node().to_owned())),
        ] },
        "scopeSpans": [{ "scope": { "name": "mydata", "version": version }, "spans": spans }],
    }] })
}

fn span(trace: &str, of: &Span) -> Json {
    let attributes: Vec<Json> = of.attributes.iter().map(|(name, value)| attribute(name, value)).collect();
    // 64-bit numbers are strings in the JSON of protocol buffers.
    let mut json = json!({
        "traceId": trace,
        "spanId": of.id.to_string(),
        "name": of.name,
        "kind": of.kind as i32,
        "startTimeUnixNano": of.from.to_string(),
        "endTimeUnixNano": of.until.to_string(),
        "attributes": attributes,
        "status": { "code": if of.failed { 2 } else { 0 } },
    });
    if let Some(parent) = of.parent {
        json["parentSpanId"] = parent.to_string().into();
    }
    json
}

fn attribute(name: &str, value: &Value) -> Json {
    let value = match value {
        Value::Text(text) => json!({ "stringValue": text }),
        Value::Number(number) => json!({ "intValue": number.to_string() }),
    };
    json!({ "key": name, "value": value })
}
