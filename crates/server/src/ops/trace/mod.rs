//! What took how long, as OpenTelemetry reads it: requests, jobs, steps and calls of other parties, **joined by the
//! transaction** they are about.
//!
//! A request and each of its later jobs are *works* of their own: they run at different times, on different nodes, perhaps
//! after a restart. What they are about is known only in their midst, when the exchange has been loaded. So the spans of a
//! work are gathered, and get their trace when the work is over: that of the transaction which was [`joined`], else a fresh
//! one. A transaction's trace has an id that follows from the transaction ([`ids::of`]), so nodes need not tell each other.
//!
//! Spans carry names of routes, steps and kinds, outcomes, and the transaction's id of the platform, which is on the
//! record, too. Never a person, an address, a ticket or a key.

mod ids;
mod otlp;

use std::borrow::Cow;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use mydata_domain::transaction::TransactionId;
use mydata_domain::{Clock, Time};
use mydata_wire::Random;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::config;
use ids::{SpanId, TraceId};

/// Spans that wait to be sent; more are dropped and counted, for nothing may wait for a collector.
const WAITING: usize = 4_096;
/// Spans of one work that are kept.
const PER_WORK: usize = 512;

/// Which side of a call a span is (OTLP's `SpanKind`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Neither.
    Internal = 1,
    /// It answers a request.
    Server = 2,
    /// It asks somebody else.
    Client = 3,
    /// It works on what was enqueued.
    Consumer = 5,
}

/// What an attribute says.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A word.
    Text(String),
    /// A number.
    Number(i64),
}

/// A piece of a work, over.
#[derive(Debug, Clone)]
struct Span {
    id: SpanId,
    parent: Option<SpanId>,
    name: Cow<'static, str>,
    kind: Kind,
    /// In ns since 1970.
    from: u64,
    until: u64,
    attributes: Vec<(&'static str, Value)>,
    failed: bool,
}

/// A span with the trace it belongs to.
#[derive(Debug)]
struct Traced {
    trace: TraceId,
    span: Span,
}

/// One work while it goes on.
struct Work {
    /// When it began, by the clock and by the machine.
    at: (Time, Instant),
    random: Arc<dyn Random>,
    gathered: Mutex<Gathered>,
}

#[derive(Default)]
struct Gathered {
    about: Option<TransactionId>,
    over: Vec<Span>,
}

/// Where in a work we are.
#[derive(Clone)]
struct Here {
    work: Arc<Work>,
    span: Arc<Mutex<Span>>,
    id: SpanId,
}

tokio::task_local! {
    static HERE: Here;
}

impl Work {
    fn now(&self) -> u64 {
        let (clock, instant) = self.at;
        let since = u64::try_from(instant.elapsed().as_nanos()).unwrap_or(u64::MAX);
        nanos(clock).saturating_add(since)
    }

    fn span(&self, name: Cow<'static, str>, kind: Kind, parent: Option<SpanId>) -> Span {
        let id = SpanId::generate(&*self.random);
        let from = self.now();
        Span { id, parent, name, kind, from, until: from, attributes: Vec::new(), failed: false }
    }

    fn over(&self, span: &Mutex<Span>) {
        let mut span = locked(span).clone();
        span.until = self.now();
        let mut gathered = locked(&self.gathered);
        if gathered.over.len() < PER_WORK {
            gathered.over.push(span);
        }
    }
}

/// A moment in ns since 1970.
fn nanos(at: Time) -> u64 {
    u64::try_from(at.0).unwrap_or(0).saturating_mul(1_000_000)
}

fn locked<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives a node's spans to whoever gathers them. Without a collector in the settings it costs nothing.
#[derive(Debug)]
pub struct Tracer {
    to: Option<To>,
    dropped: AtomicU64,
}

struct To {
    spans: mpsc::Sender<Traced>,
    taken: Mutex<Option<mpsc::Receiver<Traced>>>,
    settings: config::Traces,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl std::fmt::Debug for To {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("To").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Tracer {
    /// As the settings say.
    pub fn new(settings: Option<&config::Traces>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let to = settings.map(|settings| {
            let (spans, taken) = mpsc::channel(WAITING);
            To { spans, taken: Mutex::new(Some(taken)), settings: settings.clone(), clock, random }
        });
        Self { to, dropped: AtomicU64::new(0) }
    }

    /// Begins to send, once; `None` when nothing is to be sent. What waits is sent when `stop` says so, then it ends.
    pub fn send(app: &crate::app::App, stop: watch::Receiver<bool>) -> Option<JoinHandle<()>> {
        let to = app.ops.tracer.to.as_ref()?;
        let spans = locked(&to.taken).take()?;
        let settings = to.settings.clone();
        Some(tokio::spawn(otlp::run(app.clone(), settings, spans, stop)))
    }

    /// How many spans could not be sent.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    fn lost(&self, spans: usize) {
        self.dropped.fetch_add(spans as u64, Relaxed);
    }

    /// What becomes of a work's spans.
    fn take(&self, to: &To, work: &Work) {
        let gathered = std::mem::take(&mut *locked(&work.gathered));
        let (trace, parent) = match gathered.about {
            Some(uid) => (ids::of(uid).0, Some(ids::of(uid).1)),
            None => (TraceId::generate(&*work.random), None),
        };
        if !trace.is_one_in(to.settings.one_in) {
            return;
        }
        for mut span in gathered.over {
            if span.parent.is_none() {
                span.parent = parent;
                if let Some(uid) = gathered.about {
                    span.attributes.push((TRANSACTION, Value::Text(uid.to_string())));
                }
            }
            if to.spans.try_send(Traced { trace, span }).is_err() {
                self.lost(1);
            }
        }
    }

    /// An exchange came to its outcome: the span that all its works lie in.
    pub fn exchange(&self, uid: TransactionId, from: Time, until: Time, outcome: &str) {
        let Some(to) = &self.to else { return };
        let (trace, id) = ids::of(uid);
        if !trace.is_one_in(to.settings.one_in) {
            return;
        }
        let attributes = vec![
            (TRANSACTION, Value::Text(uid.to_string())),
            ("mydata.outcome", Value::Text(outcome.to_owned())),
        ];
        let (from, until) = (nanos(from), nanos(until));
        let name = Cow::Borrowed("exchange");
        let span =
            Span { id, parent: None, name, kind: Kind::Internal, from, until, attributes, failed: false };
        if to.spans.try_send(Traced { trace, span }).is_err() {
            self.lost(1);
        }
    }
}

/// The attribute that names a transaction.
const TRANSACTION: &str = "mydata.transaction";

/// Does a work: a request, a job.
pub async fn begin<F: Future>(tracer: &Tracer, name: String, kind: Kind, work: F) -> F::Output {
    let Some(to) = &tracer.to else { return work.await };
    let whole = Arc::new(Work {
        at: (to.clock.now(), Instant::now()),
        random: Arc::clone(&to.random),
        gathered: Mutex::default(),
    });
    let span = whole.span(name.into(), kind, None);
    let here = Here { id: span.id, work: Arc::clone(&whole), span: Arc::new(Mutex::new(span)) };
    let out = HERE.scope(here.clone(), work).await;
    whole.over(&here.span);
    tracer.take(to, &whole);
    out
}

/// Does a part of the work that goes on here; outside of one it just does it.
pub async fn within<F: Future>(name: &'static str, kind: Kind, part: F) -> F::Output {
    let Ok(around) = HERE.try_with(Clone::clone) else { return part.await };
    let span = around.work.span(name.into(), kind, Some(around.id));
    let here = Here { id: span.id, work: Arc::clone(&around.work), span: Arc::new(Mutex::new(span)) };
    let out = HERE.scope(here.clone(), part).await;
    here.work.over(&here.span);
    out
}

/// The work that goes on here is about this transaction.
pub fn joined(uid: TransactionId) {
    let _ = HERE.try_with(|here| locked(&here.work.gathered).about = Some(uid));
}

/// Says something of the part that goes on here.
pub fn note(name: &'static str, value: Value) {
    let _ = HERE.try_with(|here| locked(&here.span).attributes.push((name, value)));
}

/// The part that goes on here failed.
pub fn failed() {
    let _ = HERE.try_with(|here| locked(&here.span).failed = true);
}
