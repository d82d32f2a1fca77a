//! `mydata demo --run`: a scripted citizen walks every scenario and looks at what really happened.

mod checks;
mod keep;
mod list;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use tokio::sync::Mutex;

use crate::Sandbox;
use crate::citizen::CitizenError;

pub use list::Scenario;

/// How many scenarios run at the same time. The platform lets one person have one session: scenarios of the same
/// person take turns.
const AT_A_TIME: usize = 6;

/// How a scenario went.
#[derive(Debug, Clone)]
pub struct ScenarioResult {
    /// Which one.
    pub scenario: Scenario,
    /// How long it took, from the entry to the last check.
    pub took: Duration,
    /// What was seen, or what was not as it must be.
    pub outcome: Result<String, String>,
}

impl ScenarioResult {
    /// Whether everything was as it must be.
    pub fn passed(&self) -> bool {
        self.outcome.is_ok()
    }
}

/// Something was not as it must be.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// The citizen could not go on.
    #[error(transparent)]
    Citizen(#[from] CitizenError),
    /// A check failed.
    #[error("{0}")]
    Check(String),
    /// The exchange's files could not be kept.
    #[error("cannot keep the exchange's files: {0}")]
    Keep(#[from] std::io::Error),
}

impl From<String> for Wrong {
    fn from(what: String) -> Self {
        Self::Check(what)
    }
}

/// Where scenarios play.
pub(crate) struct Stage<'a> {
    pub(crate) sandbox: &'a Sandbox,
    pub(crate) out: Option<&'a Path>,
    people: Mutex<HashMap<&'static str, Arc<Mutex<()>>>>,
}

impl Stage<'_> {
    /// The turn of one person.
    pub(crate) async fn turn(&self, persona: &'static str) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = Arc::clone(self.people.lock().await.entry(persona).or_default());
        lock.lock_owned().await
    }
}

/// Runs every scenario; results are in the order of [`Scenario::ALL`]. With `out`, each scenario's entry URL,
/// notifications, token, package, return URL and keys are kept in a folder of its name.
pub async fn run_all(sandbox: &Sandbox, out: Option<&Path>) -> Vec<ScenarioResult> {
    run_each(sandbox, &Scenario::ALL, out, |_| {}).await
}

/// Runs one scenario.
pub async fn run(sandbox: &Sandbox, scenario: Scenario, out: Option<&Path>) -> ScenarioResult {
    let stage = Stage { sandbox, out, people: Mutex::default() };
    if out.is_some() {
        keep::files(sandbox);
    }
    one(&stage, scenario).await
}

/// Runs some scenarios, several at a time, telling each result as soon as it is there.
pub async fn run_each(
    sandbox: &Sandbox,
    scenarios: &[Scenario],
    out: Option<&Path>,
    mut tell: impl FnMut(&ScenarioResult),
) -> Vec<ScenarioResult> {
    let stage = Stage { sandbox, out, people: Mutex::default() };
    if out.is_some() {
        keep::files(sandbox);
    }
    let mut results: Vec<(usize, ScenarioResult)> = Vec::with_capacity(scenarios.len());
    let mut running = futures_util::stream::iter(scenarios.iter().enumerate())
        .map(|(index, scenario)| {
            let stage = &stage;
            async move { (index, one(stage, *scenario).await) }
        })
        .buffer_unordered(AT_A_TIME);
    while let Some((index, result)) = running.next().await {
        tell(&result);
        results.push((index, result));
    }
    drop(running);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

async fn one(stage: &Stage<'_>, scenario: Scenario) -> ScenarioResult {
    let _turn = match scenario.persona() {
        Some(persona) => Some(stage.turn(persona.key).await),
        None => None,
    };
    let begin = Instant::now();
    let outcome = scenario.play(stage).await.map_err(|wrong| wrong.to_string());
    ScenarioResult { scenario, took: begin.elapsed(), outcome }
}
