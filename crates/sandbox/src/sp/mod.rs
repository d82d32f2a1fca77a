//! What every service provider of the sandbox does behind its pages: keep cases, be notified, fetch, open, verify.

mod behaviour;
mod case;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use mydata_sdk::seal::trust::Trust;
use mydata_sdk::sp::{
    ApiKey, Content, FetchOptions, NotificationEndpoint, Platform, Received, Return, Service, Verdict,
};
use mydata_wire::notification::{News, Notification};
use mydata_wire::pid::Pid;
use mydata_wire::{PersonalId, Random, ResourceId, SecretKey, TxId};
use tokio::sync::watch;
use url::Url;

use crate::Clock;
use crate::data::DataFolder;
use crate::dp::document::Document;
use crate::record::Recorder;

pub use behaviour::SpBehaviour;
pub use case::{Case, DatasetContent, Outcome, ReceivedDataset};

/// Largest JSON file that is shown.
const MAX_JSON: u64 = 4 << 20;
/// How many cases are remembered.
const REMEMBERED: usize = 1_000;

/// A service as its SP knows it.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Short name, for folders.
    pub key: &'static str,
    /// The service's credentials and the platform's address.
    pub service: Service,
    /// What the platform sends as `x-api-key`.
    pub api_key: String,
    /// The datasets asked for.
    pub datasets: Vec<ResourceId>,
    /// Where citizens come back to.
    pub return_url: String,
    /// The path of the SP-API.
    pub notification_path: String,
}

/// A service provider.
#[derive(Clone)]
pub struct Sp(Arc<Inner>);

struct Inner {
    facts: Facts,
    platform: Platform,
    trust: Trust,
    folder: DataFolder,
    recorder: Recorder,
    cases: Mutex<BTreeMap<TxId, Case>>,
    changed: watch::Sender<()>,
    behaviour: behaviour::Behaving,
    keep_files: AtomicBool,
    clock: Clock,
    random: Arc<dyn Random>,
}

/// What an SP needs from around it.
pub struct Surroundings {
    /// Where the platform's partner APIs are.
    pub api: Url,
    /// HTTP to the platform.
    pub http: reqwest::Client,
    /// Whom DP packages may be signed by.
    pub trust: Trust,
    /// A folder for tokens while they are being opened.
    pub folder: DataFolder,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

impl Sp {
    /// A service provider with one service.
    pub fn new(facts: Facts, around: Surroundings) -> Self {
        let platform = Platform::with_client(around.api, around.http);
        Self(Arc::new(Inner {
            facts,
            platform,
            trust: around.trust,
            folder: around.folder,
            recorder: Recorder::new(Arc::clone(&around.clock)),
            cases: Mutex::default(),
            changed: watch::Sender::new(()),
            behaviour: behaviour::Behaving::default(),
            keep_files: AtomicBool::new(false),
            clock: around.clock,
            random: around.random,
        }))
    }

    /// Its SP-API. Every call is recorded.
    pub fn notification_router(&self) -> Router {
        let sp = self.clone();
        let handler = move |notification: Notification| {
            let sp = sp.clone();
            async move { sp.notified(notification) }
        };
        let key = ApiKey::new(&self.0.facts.api_key);
        let router = NotificationEndpoint::new(Some(key), handler)
            .router(&self.0.facts.notification_path)
            .layer(from_fn_with_state(self.clone(), behaviour::misbehave));
        self.0.recorder.watch(router)
    }

    /// The service.
    pub fn facts(&self) -> &Facts {
        &self.0.facts
    }

    /// The platform's partner APIs, as this SP calls them.
    pub fn platform(&self) -> &Platform {
        &self.0.platform
    }

    /// The calls of the SP-API that came in, with their bodies.
    pub fn notifications(&self) -> &Recorder {
        &self.0.recorder
    }

    /// How the SP-API behaves from now on.
    pub fn behave(&self, behaviour: SpBehaviour) {
        self.0.behaviour.set(behaviour);
    }

    /// Whether tokens and packages stay in the data folder after they were opened.
    pub fn keep_files(&self, keep: bool) {
        self.0.keep_files.store(keep, Ordering::Relaxed);
    }

    /// Opens a case; its entry URL leads the citizen to the platform.
    pub fn open_case(&self, name: &str, person: Option<PersonalId>, session: &str) -> Case {
        self.open_case_for(&self.0.facts.datasets.clone(), name, person, session)
    }

    /// Opens a case for some of the datasets.
    pub fn open_case_for(
        &self,
        datasets: &[ResourceId],
        name: &str,
        person: Option<PersonalId>,
        session: &str,
    ) -> Case {
        let tx_id = TxId::generate(&*self.0.random);
        let facts = &self.0.facts;
        // A parameter of our own, to see that it comes back (R106).
        let return_url = format!("{}?case={}", facts.return_url, &tx_id.to_string()[..8]);
        let pid = person.clone().map_or(Pid::NotChecked, Pid::Person);
        let entry_url = facts.service.entry_link(datasets, tx_id, &return_url, &pid);
        let case = Case::new(tx_id, entry_url, name, person, session, (self.0.clock)());
        self.with(|cases| {
            if cases.len() >= REMEMBERED
                && let Some(oldest) = cases.values().min_by_key(|case| case.opened).map(|case| case.tx_id)
            {
                cases.remove(&oldest);
            }
            cases.insert(tx_id, case.clone());
        });
        case
    }

    /// The citizen came back: notes how. `None` when no case of ours is meant.
    pub fn came_back(&self, query: &str) -> Option<Case> {
        let back = Return::from_query(query)?;
        let tx_id = match back {
            Return::Normal(tx_id) | Return::Abnormal(_, Some(tx_id)) => tx_id,
            Return::Abnormal(_, None) => return None,
        };
        self.change(tx_id, |case| case.back = Some(back))
    }

    /// A case.
    pub fn case(&self, tx_id: &TxId) -> Option<Case> {
        self.with(|cases| cases.get(tx_id).cloned())
    }

    /// The case once `done` says so, or as it is when the time is over.
    pub async fn wait_for(
        &self,
        tx_id: &TxId,
        at_most: Duration,
        done: impl Fn(&Case) -> bool,
    ) -> Option<Case> {
        let mut changed = self.0.changed.subscribe();
        let waiting = async {
            while !self.case(tx_id).is_some_and(|case| done(&case)) {
                if changed.changed().await.is_err() {
                    break;
                }
            }
        };
        // When the time is over the caller sees the case as it is.
        let _ = tokio::time::timeout(at_most, waiting).await;
        self.case(tx_id)
    }

    fn with<R>(&self, f: impl FnOnce(&mut BTreeMap<TxId, Case>) -> R) -> R {
        f(&mut self.0.cases.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, tx_id: TxId, f: impl FnOnce(&mut Case)) -> Option<Case> {
        let case = self.with(|cases| {
            let case = cases.get_mut(&tx_id)?;
            f(case);
            Some(case.clone())
        });
        self.0.changed.send_replace(());
        case
    }

    /// A transaction that is not ours is refused; everything else is kept, and fetched in the background.
    fn notified(&self, notification: Notification) -> Verdict {
        let tx_id = notification.tx_id;
        let noted = self.change(tx_id, |case| match &notification.news {
            News::Confirmed { .. } => case.notification = Some(notification.clone()),
            News::Undeliverable { unable_to_deliver } => {
                case.unable_to_deliver.clone_from(unable_to_deliver);
            }
        });
        let Some(case) = noted else { return Verdict::Refuse };
        if let News::Confirmed { secret_key } = notification.news {
            let sp = self.clone();
            tokio::spawn(async move {
                let outcome = match sp.receive(&case, &notification.permission_ticket, secret_key).await {
                    Ok(datasets) => Outcome::Received(Arc::new(datasets)),
                    Err(reason) => {
                        tracing::warn!(%tx_id, %reason, "a sandbox SP could not receive its data");
                        Outcome::Failed(reason)
                    }
                };
                sp.change(tx_id, |case| case.outcome = Some(outcome));
            });
        }
        Verdict::Accept
    }

    /// The folder of a case's token and package while they are needed.
    pub fn case_folder(&self, tx_id: &TxId) -> PathBuf {
        self.0.folder.path().join(tx_id.to_string())
    }

    async fn receive(
        &self,
        case: &Case,
        ticket: &mydata_wire::PermissionTicket,
        key: SecretKey,
    ) -> Result<Vec<ReceivedDataset>, String> {
        let folder = self.0.folder.folder(&case.tx_id.to_string()).map_err(|e| e.to_string())?;
        let token = folder.path().join("token.jwt");
        let options = FetchOptions { deadline: Duration::from_secs(30 * 60), ..Default::default() };
        let fetched = self.0.platform.fetch(ticket, &token, &options).await;
        let datasets = match fetched {
            Ok(fetched) => {
                self.change(case.tx_id, |case| case.fetched = Some(fetched));
                let sp = self.clone();
                let person = case.person.clone();
                tokio::task::spawn_blocking(move || sp.open(&token, &key, person.as_ref()))
                    .await
                    .map_err(|e| e.to_string())
                    .and_then(|opened| opened)
            }
            Err(error) => Err(error.to_string()),
        };
        if !self.0.keep_files.load(Ordering::Relaxed) {
            // Personal data is not left lying around, not even fictional.
            let _ = tokio::fs::remove_dir_all(folder.path()).await;
        }
        datasets
    }

    fn open(
        &self,
        token: &std::path::Path,
        key: &SecretKey,
        person: Option<&PersonalId>,
    ) -> Result<Vec<ReceivedDataset>, String> {
        let folder = token.parent().ok_or("the token has no folder")?;
        let iv = &self.0.facts.service.cbc_iv;
        let now = (self.0.clock)();
        let received = Received::open(token, key, iv, folder, &self.0.trust, person, now)
            .map_err(|error| error.to_string())?;
        received.datasets().iter().map(|dataset| self.look_into(&received, dataset)).collect()
    }

    fn look_into(
        &self,
        received: &Received,
        dataset: &mydata_sdk::sp::Dataset,
    ) -> Result<ReceivedDataset, String> {
        let content = match &dataset.content {
            Content::NoData => DatasetContent::NoData,
            Content::Refused(error) => DatasetContent::Refused(error.to_string()),
            Content::Verified(verified) => {
                let json = verified.files.iter().find(|file| file.name.ends_with(".json"));
                let document = match json {
                    Some(file) => {
                        let bytes = received
                            .read_file(&dataset.resource_id, &file.name, MAX_JSON)
                            .map_err(|error| error.to_string())?;
                        Document::from_json(&bytes)
                    }
                    None => None,
                };
                DatasetContent::Verified {
                    signer: verified.signer.subject.clone(),
                    issuer: verified.signer.issuer.clone(),
                    files: verified.files.iter().map(|file| file.name.clone()).collect(),
                    document,
                }
            }
        };
        Ok(ReceivedDataset {
            resource_id: dataset.resource_id.clone(),
            name: dataset.resource_name.clone(),
            content,
        })
    }
}
