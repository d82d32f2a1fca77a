//! Whether a party can be reached: 測試連線 step by step, and the light requests of polling.
//!
//! Owns the calls; which call no party can mistake for a real one is settled in `docs/decisions/0014`. What may be wrong
//! is `mydata_domain::health`'s, what follows is decided in [`crate::backoffice::flow`]. Reveals nothing of what a package
//! holds, and sends nothing that opens anything.
//!
//! | module | step |
//! | --- | --- |
//! | [`reach`] | the host's name, the addresses that may be called, the connection |
//! | [`tls`] | the handshake, and what is to be said of the certificate |
//! | [`answer`] | a light request and its answer; the same for polls |
//! | [`package`] | a DP's package of the fictional person |
//! | [`notice`] | a notification that belongs to no transaction |
//! | [`grant`] | what a DP is told of the fictional person when it asks back |

pub mod answer;
pub mod grant;
pub mod notice;
pub mod package;
pub mod reach;
pub mod tls;

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use mydata_domain::dataset::DatasetWithSecret;
use mydata_domain::health::{Fault, FaultKind, Figure, Outcome, Poll, Probe, Skipped, Step, Tried};
use mydata_domain::service::ServiceWithSecrets;
use mydata_domain::{Dataset, Zone};
use mydata_store::repo::registry::Catalogue;
use url::Url;

use crate::app::App;

/// Longest time for the name, the connection and the handshake each.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whose connection is tried.
#[derive(Debug, Clone)]
pub enum Target {
    /// A dataset's DP-API.
    Dataset(Box<Dataset>),
    /// A service's SP-API.
    Service(Box<ServiceWithSecrets>),
}

impl Target {
    /// The dataset or service of a `resource_id` or `client_id`, as it is registered.
    pub fn of_record(catalogue: &Catalogue, id: &str) -> Option<Self> {
        let dataset = |d: &DatasetWithSecret| Self::Dataset(Box::new(d.dataset.clone()));
        let found = id.parse().ok().and_then(|id| catalogue.datasets.get(&id));
        found.map(dataset).or_else(|| {
            let found = id.parse().ok().and_then(|id| catalogue.services.get(&id));
            found.map(|service| Self::Service(Box::new(service.clone())))
        })
    }

    /// The address that is tried.
    pub fn url(&self) -> &Url {
        match self {
            Self::Dataset(dataset) => &dataset.dp_api,
            Self::Service(service) => &service.service.sp_api,
        }
    }

    /// The roots, in PEM, of which its certificate must come, where they are registered.
    fn roots(&self) -> Option<&str> {
        match self {
            Self::Dataset(_) => None,
            Self::Service(service) => service.service.sp_api_roots.as_deref(),
        }
    }

    fn zone(&self) -> Zone {
        match self {
            Self::Dataset(dataset) => dataset.zone,
            Self::Service(service) => service.service.zone,
        }
    }

    fn record(&self) -> String {
        match self {
            Self::Dataset(dataset) => dataset.resource_id.to_string(),
            Self::Service(service) => service.service.client_id.to_string(),
        }
    }
}

/// What a step gives: what the next one needs, and what was found out.
type Found<T> = Result<(T, Vec<Figure>), Fault>;

/// The steps so far.
#[derive(Default)]
struct Steps(Vec<Tried>);

impl Steps {
    /// Takes a step; `None` ends the test.
    async fn take<T>(&mut self, step: Step, work: impl Future<Output = Found<T>>) -> Option<T> {
        let begun = Instant::now();
        let found = work.await;
        let ms = milliseconds(begun);
        let (outcome, value) = match found {
            Ok((value, figures)) => (Outcome::Passed { ms, figures }, Some(value)),
            Err(fault) => (Outcome::Failed { ms, fault }, None),
        };
        self.0.push(Tried { step, outcome });
        value
    }

    fn skip(&mut self, step: Step, why: Skipped) {
        self.0.push(Tried { step, outcome: Outcome::Skipped { why } });
    }
}

fn milliseconds(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// 測試連線: every step until one fails.
pub async fn test(app: &App, target: &Target) -> Probe {
    let at = app.now();
    let mut steps = Steps::default();
    let ended = walk(app, target, &mut steps).await;
    tracing::info!(record = %target.record(), whole = ended.is_some(), "a connection was tested");
    Probe {
        at,
        zone: target.zone(),
        record: target.record(),
        address: target.url().to_string(),
        steps: steps.0,
    }
}

async fn walk(app: &App, target: &Target, steps: &mut Steps) -> Option<()> {
    let url = target.url();
    let limit = app.config.policy.dp_connect.0.min(PATIENCE);
    let found = steps.take(Step::Dns, reach::resolve(&app.outbound, url, limit)).await?;
    let allowed = async { reach::allowed(&app.outbound, target, &found) };
    let addresses = steps.take(Step::Address, allowed).await?;
    let stream = steps.take(Step::Tcp, reach::connect(url, &addresses, limit)).await?;
    if url.scheme() == "https" {
        let credentials = app.outbound.credentials();
        let shaking = tls::shake(stream, url, limit, &credentials, target.roots());
        let shaken = steps.take(Step::Tls, shaking).await?;
        steps.take(Step::Certificate, async { tls::judge(&shaken, app.now()) }).await?;
    } else {
        drop(stream);
        steps.skip(Step::Tls, Skipped::Plain);
        steps.skip(Step::Certificate, Skipped::Plain);
    }
    steps.take(Step::Response, answer::ask(app, target)).await?;
    match target {
        Target::Dataset(dataset) if dataset.zone == Zone::Production => {
            steps.skip(Step::Package, Skipped::Production);
        }
        Target::Dataset(dataset) => steps.take(Step::Package, package::ask(app, dataset)).await?,
        Target::Service(service) => steps.take(Step::Package, notice::tell(app, service)).await?,
    }
    Some(())
}

/// One poll: the light request alone.
pub async fn poll(app: &App, target: &Target) -> Poll {
    let (at, begun) = (app.now(), Instant::now());
    let answered = answer::ask(app, target).await;
    Poll { at, ms: milliseconds(begun), fault: answered.err() }
}

/// A fault whose words name a time limit.
fn late(kind: FaultKind, limit: Duration) -> Fault {
    Fault::new(kind, limit.as_secs_f64())
}
