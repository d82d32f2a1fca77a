//! Identify, step 2 of the flow: the citizen ticks the terms, chooses a method, and proves who they are (R70, R71, R74).
//!
//! Nothing is collected before this step is complete. What the citizen filled in waits, sealed, with the attempt.

use std::collections::BTreeMap;
use std::net::IpAddr;

use mydata_domain::audit::{Actor, What};
use mydata_domain::method;
use mydata_domain::parameter::ParameterKey;
use mydata_domain::transaction::{State, TransactionId};
use mydata_store::repo::consent_draft;
use mydata_store::repo::logins::{self, Login};
use mydata_wire::{ResourceId, Verification, b64};
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use super::entry::{browser_index, browser_secret};
use super::forget::forgetting;
use super::{Change, FlowError, event, look, may_receive, step};
use crate::app::App;
use crate::backoffice::front_test::citizen;
use crate::identity::{Attempt, Fault, Verified};
use crate::jobs::Job;
use mydata_store::repo::transactions::Which;
use mydata_wire::secret::is_same;

/// What the citizen filled in, by dataset.
pub type Parameters = BTreeMap<ResourceId, BTreeMap<ParameterKey, String>>;

/// What waits with an attempt.
#[derive(Clone, Serialize, Deserialize)]
struct Waiting {
    attempt: Attempt,
    parameters: Parameters,
}

/// Longest value that is filled in again, in characters; longer than any that is accepted.
const MAX_DRAFT_CHARS: usize = 1_000;

/// What the citizen has filled in on the page, right or wrong: filled in again when a login failed or the language was
/// changed. Personal data; kept sealed until the page is behind them.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Draft {
    /// The terms are ticked.
    pub terms: bool,
    /// The method chosen.
    pub method: Option<Verification>,
    values: BTreeMap<ResourceId, BTreeMap<String, String>>,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Draft(…)")
    }
}

impl Draft {
    /// Notes what stands in the field of a dataset's parameter.
    pub fn fill(&mut self, dataset: &ResourceId, key: &str, value: &str) {
        let value = value.chars().take(MAX_DRAFT_CHARS).collect();
        self.values.entry(dataset.clone()).or_default().insert(key.to_owned(), value);
    }

    /// What stands in a field, if the citizen has seen it.
    pub fn value(&self, dataset: &ResourceId, key: &str) -> Option<&str> {
        self.values.get(dataset)?.get(key).map(String::as_str)
    }
}

/// What the citizen had filled in; nothing where the page is new to them.
pub async fn draft(app: &App, id: TransactionId) -> Result<Draft, FlowError> {
    Ok(consent_draft::load(&app.store.db, &app.store.crypter, id).await?.unwrap_or_default())
}

/// Keeps what the citizen has filled in so far.
pub async fn keep_draft(app: &App, id: TransactionId, draft: &Draft) -> Result<(), FlowError> {
    let kept = app.store.db.run_tx("draft-keep", |tx| async move {
        consent_draft::keep(&tx, &app.store.crypter, id, draft).await
    });
    Ok(kept.await?)
}

/// Begins an attempt with `method`; gives the address the browser goes to. What was filled in is kept for another one.
pub async fn begin(
    app: &App,
    id: TransactionId,
    method: Verification,
    parameters: Parameters,
    draft: &Draft,
    lang: &str,
) -> Result<Result<Url, Fault>, FlowError> {
    let Some(adapter) = app.methods.get(method) else {
        return Ok(Err(Fault::Unavailable("no provider carries this method out".to_owned())));
    };
    let now = app.now();
    let mut bytes = [0u8; 32];
    app.random.fill(&mut bytes);
    let state = b64::url_safe(&bytes);
    let begun = match adapter.begin(app, method, &state, lang).await {
        Ok(begun) => begun,
        Err(fault) => {
            tracing::warn!(transaction = %id, %fault, "an attempt to log in could not begin");
            keep_draft(app, id, draft).await?;
            return Ok(Err(fault));
        }
    };
    let login = Login {
        transaction: id,
        method,
        expires_at: now.plus(app.config.policy.session_idle.0),
        private: Waiting { attempt: begun.attempt, parameters },
    };
    let (login, state) = (&login, state.as_str());
    app.store
        .db
        .run_tx("login-begin", |tx| async move {
            consent_draft::keep(&tx, &app.store.crypter, id, draft).await?;
            logins::begin(&tx, &app.store.crypter, state, login).await
        })
        .await?;
    Ok(Ok(begun.redirect))
}

/// What the browser brought back from the provider.
#[derive(Debug, Clone, Deserialize)]
pub struct Callback {
    /// Ours.
    #[serde(default)]
    pub state: String,
    /// To be redeemed.
    pub code: Option<String>,
    /// Why there is none.
    pub error: Option<String>,
}

/// How an attempt ended.
#[derive(Debug)]
pub enum Identified {
    /// The citizen is known; collecting has begun. The browser's secret is a new one from here on.
    Authorised {
        /// For the cookie.
        browser: String,
    },
    /// Somebody other than the service asked for: the exchange is over (409).
    Conflict,
    /// There is no identity; the citizen may try again.
    Failed {
        /// The method that was tried.
        method: Verification,
        /// Why.
        fault: Trouble,
    },
    /// The exchange is past this step, or over.
    Elsewhere,
}

/// Why an attempt failed, for the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The citizen cancelled.
    Cancelled,
    /// The provider's answer does not hold.
    Invalid,
    /// The provider cannot be used.
    Unavailable,
    /// A weaker method was used than the datasets need.
    TooWeak,
}

/// The transaction that a `state` belongs to, if it is known and unused.
pub async fn transaction_of(app: &App, state: &str) -> Result<Option<TransactionId>, FlowError> {
    Ok(logins::transaction_of(&app.store.db, &app.store.crypter, state).await?)
}

/// Ends an attempt. `None` when the attempt is unknown, used, or has ended. `owner` is the index of the browser that the
/// caller found the exchange to belong to; if it belongs to another by the time the provider has answered, nothing is
/// authorised.
pub async fn finish(
    app: &App,
    callback: &Callback,
    owner: &str,
    from: IpAddr,
) -> Result<Option<Identified>, FlowError> {
    let now = app.now();
    let state = callback.state.as_str();
    let login = app
        .store
        .db
        .run_tx("login-take", |tx| async move {
            logins::take::<Waiting>(&tx, &app.store.crypter, state, now).await
        })
        .await?;
    let Some(login) = login else { return Ok(None) };
    let Login { transaction: id, method: asked, private: Waiting { attempt, parameters }, .. } = login;
    let failed = |fault| Ok(Some(Identified::Failed { method: asked, fault }));

    let Some(adapter) = app.methods.get(asked) else { return failed(Trouble::Unavailable) };
    let code = match (&callback.code, &callback.error) {
        (Some(code), None) => code,
        (_, Some(error)) if error == "access_denied" => return failed(Trouble::Cancelled),
        _ => return failed(Trouble::Invalid),
    };
    let verified = match adapter.finish(app, code, &attempt).await {
        Ok(verified) => verified,
        Err(fault) => {
            tracing::warn!(transaction = %id, %fault, "an attempt to log in failed");
            return failed(match fault {
                Fault::Cancelled => Trouble::Cancelled,
                Fault::Unavailable(_) => Trouble::Unavailable,
                Fault::Invalid(_) => Trouble::Invalid,
            });
        }
    };
    Ok(authorise(app, id, &verified, &parameters, owner, from).await?.map(|outcome| match outcome {
        Identified::Failed { fault, .. } => Identified::Failed { method: asked, fault },
        outcome => outcome,
    }))
}

/// In a front test the test citizen may stand in for whoever would have to prove who they are; there is no provider to ask.
/// `None` when the exchange is none of those.
pub async fn as_test_citizen(
    app: &App,
    id: TransactionId,
    method: Verification,
    parameters: &Parameters,
    owner: &str,
    from: IpAddr,
) -> Result<Option<Identified>, FlowError> {
    let Some(kept) = look(app, Which::Id(id)).await? else { return Ok(None) };
    if !citizen::stands_in(app, &kept, method) {
        return Ok(None);
    }
    let verified = Verified { person: citizen::person(), method, mail_verified: false };
    authorise(app, id, &verified, parameters, owner, from).await
}

/// The citizen is known: collecting begins.
async fn authorise(
    app: &App,
    id: TransactionId,
    verified: &Verified,
    parameters: &Parameters,
    owner: &str,
    from: IpAddr,
) -> Result<Option<Identified>, FlowError> {
    let failed = |fault| Ok(Some(Identified::Failed { method: verified.method, fault }));
    let Some(kept) = look(app, Which::Id(id)).await? else { return Ok(None) };
    let catalogue = app.catalogue().await?;
    let datasets: Vec<_> = kept
        .transaction
        .parts
        .iter()
        .filter_map(|p| catalogue.datasets.get(&p.resource_id))
        .map(|d| &d.dataset)
        .collect();
    if !method::accepted(verified.method, datasets.iter().copied()) {
        return failed(Trouble::TooWeak);
    }

    let browser = browser_secret(app);
    let index = browser_index(app, &browser);
    let outcome = step(app, "authorise", Which::Id(id), None, |kept, now| {
        let t = &mut kept.transaction;
        let offered =
            t.parts.iter().filter_map(|p| catalogue.datasets.get(&p.resource_id)).map(|d| &d.dataset);
        let accepted = method::accepted(verified.method, offered);
        let over = !matches!(t.state, State::Entered) || now >= t.idle_until;
        // The page says what is the matter: somebody else's, over, or its service suspended.
        if over || !is_same(&kept.browser, owner) || !accepted || !may_receive(&catalogue, t) {
            return Ok(Change::telling(Identified::Elsewhere));
        }
        let authorised = t.authorise(
            verified.person.clone(),
            verified.method,
            parameters.clone(),
            now,
            &app.config.policy,
        )?;
        let mut change = match authorised {
            Err(conflict) => {
                let event = event(t, now, Actor::Citizen, What::PersonConflict).from(Some(from));
                tracing::info!(transaction = %t.id, %conflict, "an exchange ended");
                forgetting(t, app, Change::telling(Identified::Conflict).event(event))
            }
            Ok(()) => {
                kept.browser.clone_from(&index);
                let t = &kept.transaction;
                let event = event(t, now, Actor::Citizen, What::Authorised)
                    .from(Some(from))
                    .with(json!({ "verification": verified.method }));
                let mut change =
                    Change::telling(Identified::Authorised { browser: browser.clone() }).event(event);
                for part in &t.parts {
                    let job = Job::Collect {
                        transaction: t.id,
                        resource: part.resource_id.clone(),
                        part: part.transaction_uid,
                    };
                    change = change.job(job, now);
                }
                change
            }
        };
        change.end_logins = true;
        Ok(change)
    })
    .await?;
    Ok(outcome)
}
