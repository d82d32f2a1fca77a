//! What a node counted since its start, and what the store holds now, as Prometheus reads it (OpenMetrics 1.0).
//!
//! Labels are names of routes, kinds of jobs, zones and outcomes: a bounded number of each, and nothing of a person, a
//! transaction, a service or a dataset.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use mydata_domain::Time;
use mydata_domain::statistics::{Area, Counts, Facet};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::process::Process;
use crate::app::App;

/// Upper limits in seconds, for requests and jobs alike.
const SECONDS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A route's pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Route {
    /// Such as `/reviews/{id}`.
    pub route: String,
}

/// How a request was answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Answered {
    /// The route's pattern.
    pub route: String,
    /// `GET`, …
    pub method: String,
    /// 200, …
    pub status: u16,
}

/// A kind of job.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct JobKind {
    /// As the table of jobs has it.
    pub kind: String,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct JobEnded {
    /// As the table of jobs has it.
    pub kind: String,
    /// `done`: also when its own rules want it tried again later; `failed`; `lost` to another node.
    pub result: &'static str,
}

/// How an exchange or a dataset came out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CameOut {
    /// `test` or `production`.
    pub zone: &'static str,
    /// As the statistics have it.
    pub outcome: String,
}

/// A kind of transaction of the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Named {
    name: &'static str,
}

/// What is read of files.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct File {
    /// As the configuration has it.
    key: &'static str,
}

/// What this program is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
    database: &'static str,
}

/// The counts of a node.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Requests by route, method and answer.
    pub requests: Family<Answered, Counter>,
    /// How long they took, up to the beginning of the answer's body.
    pub request_seconds: Family<Route, Histogram>,
    requests_now: Gauge,
    /// Jobs that were worked on.
    pub jobs: Family<JobEnded, Counter>,
    /// How long that took.
    pub job_seconds: Family<JobKind, Histogram>,
    exchanges: Family<CameOut, Counter>,
    datasets: Family<CameOut, Counter>,
}

/// Counts a request for as long as it lives.
#[derive(Debug)]
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(SECONDS);
        let mut registry = Registry::with_prefix("mydata");
        let requests = Family::default();
        registry.register("http_requests", "Requests that were answered", requests.clone());
        let request_seconds = Family::new_with_constructor(seconds);
        registry.register_with_unit(
            "http_request_duration",
            "Time until an answer's body begins",
            Unit::Seconds,
            request_seconds.clone(),
        );
        let requests_now = Gauge::default();
        registry.register("http_requests_in_flight", "Requests being answered now", requests_now.clone());
        let jobs = Family::default();
        registry.register("jobs", "Jobs that were worked on, by how that ended", jobs.clone());
        let job_seconds = Family::new_with_constructor(seconds);
        registry.register_with_unit(
            "job_duration",
            "Time that a job was worked on",
            Unit::Seconds,
            job_seconds.clone(),
        );
        let exchanges = Family::default();
        registry.register(
            "exchanges",
            "Exchanges that came to their outcome on this node",
            exchanges.clone(),
        );
        let datasets = Family::default();
        registry.register("datasets", "Datasets that came to their end on this node", datasets.clone());
        Self { registry, requests, request_seconds, requests_now, jobs, job_seconds, exchanges, datasets }
    }
}

impl Metrics {
    /// Counts a request as being answered until what is returned is dropped.
    pub fn in_flight(&self) -> InFlight {
        self.requests_now.inc();
        InFlight(self.requests_now.clone())
    }

    /// Counts a job.
    pub fn worked(&self, kind: &str, result: &'static str, took: Duration) {
        self.job_seconds.get_or_create(&JobKind { kind: kind.to_owned() }).observe(took.as_secs_f64());
        self.jobs.get_or_create(&JobEnded { kind: kind.to_owned(), result }).inc();
    }

    /// Counts what a step brought to its end.
    pub fn counted(&self, counts: &Counts) {
        for count in counts.counts.iter().filter(|count| count.facet == Facet::Outcome) {
            let family = match count.area {
                Area::Exchanges => &self.exchanges,
                Area::Datasets => &self.datasets,
            };
            let labels = CameOut { zone: counts.zone.as_str(), outcome: count.value.clone() };
            family.get_or_create(&labels).inc();
        }
    }
}

/// `GET /metrics`. What the database does not tell is left out; the rest is told all the same.
pub async fn show(State(app): State<App>) -> Response {
    let mut text = String::new();
    let written = async {
        encode_registry(&mut text, &app.ops.metrics.registry)?;
        encode_registry(&mut text, &now(&app).await)?;
        encode_eof(&mut text)
    };
    if let Err(error) = written.await {
        tracing::error!(%error, "the metrics cannot be written");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    ([(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")], text).into_response()
}

/// What is read at each scrape.
async fn now(app: &App) -> Registry {
    let mut all = Registry::default();
    if let Some(process) = Process::read() {
        let bytes: Gauge = Gauge::default();
        bytes.set(i64::try_from(process.resident).unwrap_or(i64::MAX));
        all.register_with_unit("process_resident_memory", "Resident memory", Unit::Bytes, bytes);
        let cpu = Counter::<f64, AtomicU64>::default();
        cpu.inc_by(process.cpu);
        all.register_with_unit("process_cpu", "Processor time, user and system", Unit::Seconds, cpu);
        for (name, help, value) in [
            ("process_open_fds", "Open files", process.files),
            ("process_threads", "Threads", process.threads),
        ] {
            let gauge: Gauge = Gauge::default();
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
            all.register(name, help, gauge);
        }
    }
    let ours = all.sub_registry_with_prefix("mydata");
    let build = Family::<Build, Gauge>::default();
    let database = app.store.db.engine().as_str();
    build.get_or_create(&Build { version: env!("CARGO_PKG_VERSION"), database }).set(1);
    ours.register("build_info", "Version of the program and its database", build);
    let dropped: Counter = Counter::default();
    dropped.inc_by(app.ops.tracer.dropped());
    ours.register("trace_spans_dropped", "Spans that could not be sent", dropped);
    let unusable = Family::<File, Gauge>::default();
    for (key, fault) in app.edge.faults().into_iter().chain([("outbound", app.outbound.fault())]) {
        unusable.get_or_create(&File { key }).set(i64::from(fault.is_some()));
    }
    ours.register(
        "files_unusable",
        "Whether files of certificates and keys cannot be used as they are now; what was read before still holds",
        unusable,
    );
    transactions(app, ours);
    if let Err(error) = waiting(app, ours, app.now()).await {
        tracing::warn!(%error, "the metrics lack what waits: the database refuses");
    }
    all
}

/// What the store's transactions did.
fn transactions(app: &App, ours: &mut Registry) {
    let runs = Family::<Named, Counter>::default();
    let failures = Family::<Named, Counter>::default();
    let retries = Family::<Named, Counter>::default();
    let seconds = Family::<Named, Counter<f64, AtomicU64>>::default();
    for of in app.store.db.transactions() {
        let name = Named { name: of.name };
        runs.get_or_create(&name).inc_by(of.runs);
        failures.get_or_create(&name).inc_by(of.failures);
        retries.get_or_create(&name).inc_by(of.retries);
        seconds.get_or_create(&name).inc_by(Duration::from_micros(of.micros).as_secs_f64());
    }
    ours.register("db_transactions", "Transactions of the database that came to an end", runs);
    ours.register("db_transaction_failures", "Transactions that ended with an error", failures);
    ours.register("db_transaction_retries", "Tries thrown away because of other transactions", retries);
    ours.register_with_unit(
        "db_transaction",
        "Time of transactions, waiting included",
        Unit::Seconds,
        seconds,
    );
}

/// What is due and not done yet.
async fn waiting(app: &App, ours: &mut Registry, now: Time) -> Result<(), mydata_store::StoreError> {
    let due = app.store.jobs.due(now).await?;
    let dead = app.store.jobs.dead_count().await?;
    let mails = mydata_store::repo::mails::unsent(&app.store.db).await?;
    let (jobs, late) =
        (Family::<JobKind, Gauge>::default(), Family::<JobKind, Gauge<f64, AtomicU64>>::default());
    for of in due {
        let kind = JobKind { kind: of.kind };
        jobs.get_or_create(&kind).set(i64::try_from(of.number).unwrap_or(i64::MAX));
        late.get_or_create(&kind).set(of.since.until(now).as_secs_f64());
    }
    ours.register("jobs_due", "Jobs that are due and that nobody works on", jobs);
    ours.register_with_unit("jobs_late", "How long the oldest of them is due", Unit::Seconds, late);
    for (name, help, value) in [
        ("jobs_dead", "Jobs put aside because nothing could be done with them", dead),
        ("mails_unsent", "Mails and text messages that wait or were given up", mails),
    ] {
        let gauge: Gauge = Gauge::default();
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        ours.register(name, help, gauge);
    }
    Ok(())
}
