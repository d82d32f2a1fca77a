//! The way of the data. One file a step:
//!
//! 1. [`entry`] – an SP sends a citizen; the entry is judged, a transaction begins.
//! 2. [`identify`] – the citizen ticks the terms and proves who they are; only now may anything be collected.
//! 3. [`collect`] – every DP is asked, all at once; packages are verified before they count.
//! 4. [`confirm`] – the citizen confirms, or refuses; ticket and key come into being.
//! 5. [`notify`] – the SP is told, as often as it takes.
//! 6. [`seal`] – what came is sealed into one token.
//! 7. [`deliver`] – the SP fetches the token with its ticket.
//! 8. [`forget`] – what is over is wiped.
//!
//! What a citizen asks for without a service is begun, held and handed over in [`download`]; 3 and 8 are the same.
//! At any time after 4. the citizen may [`withdraw`].
//!
//! Every step is one [`step`]: in one database transaction the exchange is loaded and locked, the domain changes it, and
//! the change, its audit events, what it adds to the statistics, the jobs that follow and the end of the job that caused
//! it are written together. So a crash at any instant leaves a state from which the jobs go on.

pub mod alive;
pub mod collect;
pub mod confirm;
pub mod counter;
pub mod delegate;
pub mod deliver;
pub mod download;
pub mod entry;
pub mod forget;
pub mod identify;
pub mod notify;
pub mod seal;
pub mod withdraw;

use mydata_domain::audit::{Actor, Event, What};
use mydata_domain::statistics::{Before, Counts, Outcome};
use mydata_domain::transaction::Transaction;
use mydata_domain::transaction::steps::{Wipe, WrongStage};
use mydata_domain::{Time, transaction};
use mydata_store::jobs::{self, Leased};
use mydata_store::repo::registry::Catalogue;
use mydata_store::repo::transactions::{self, Kept, Which};
use mydata_store::repo::{audit, consent_draft, logins, statistics};
use mydata_store::{Isolation, StoreError};

use crate::app::App;
use crate::backoffice::{account_mail, announce};
use crate::bell::News;
use crate::citizen::notify::{self as notify_citizen, Details, Kind};
use crate::jobs::Job;
use crate::ops::trace;

/// Why a step was not made. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The exchange is in another stage: somebody was quicker, or a page was old.
    #[error(transparent)]
    Stage(#[from] WrongStage),
    /// There is no such exchange.
    #[error("there is no such exchange")]
    Unknown,
    /// The exchange belongs to another browser by now.
    #[error("the exchange belongs to another browser by now")]
    OtherBrowser,
    /// The citizen withdrew while it was being sent.
    #[error("the citizen withdrew")]
    Withdrawn,
    /// Something that must be true is not; the text says what.
    #[error("{0}")]
    Broken(String),
}

/// What a step changes beside the transaction itself.
#[derive(Debug, Default)]
pub struct Change<T> {
    /// Told to the caller.
    pub out: T,
    /// Blobs to delete once the change is kept.
    pub wipe: Wipe,
    /// For the record.
    pub events: Vec<Event>,
    /// Work that follows, and when.
    pub jobs: Vec<(Job, Time)>,
    /// When the job that caused the step is to be tried again; without it the job is done.
    pub again: Option<(Time, String)>,
    /// Attempts to log in are over, and the page of consent with them.
    pub end_logins: bool,
    /// What the citizen is told.
    pub told: Vec<(Kind, Details)>,
}

impl<T> Change<T> {
    /// Only tells something.
    pub fn telling(out: T) -> Self {
        Self {
            out,
            wipe: Vec::new(),
            events: Vec::new(),
            jobs: Vec::new(),
            again: None,
            end_logins: false,
            told: Vec::new(),
        }
    }

    /// With an event.
    pub fn event(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    /// Telling the citizen.
    pub fn telling_citizen(mut self, kind: Kind, details: Details) -> Self {
        self.told.push((kind, details));
        self
    }

    /// With work that follows.
    pub fn job(mut self, job: Job, at: Time) -> Self {
        self.jobs.push((job, at));
        self
    }

    /// With blobs to delete.
    pub fn wiping(mut self, wipe: Wipe) -> Self {
        self.wipe.extend(wipe);
        self
    }
}

/// An event about a transaction, by the platform itself.
fn event(t: &Transaction, now: Time, actor: Actor, what: What) -> Event {
    Event::new(now, actor, what).of(t.id)
}

/// A step that was written.
struct Made<T> {
    transaction: Transaction,
    counts: Option<Counts>,
    change: Change<T>,
}

/// Makes one step. `body` may run more than once and changes nothing but the transaction it is given. `None` when there
/// is no such transaction.
pub async fn step<T: Send>(
    app: &App,
    name: &'static str,
    which: Which<'_>,
    caused_by: Option<&Leased>,
    body: impl Fn(&mut Kept, Time) -> Result<Change<T>, FlowError> + Send + Sync,
) -> Result<Option<T>, FlowError> {
    let body = &body;
    let written = app.store.db.run_tx_as(Isolation::ReadCommitted, name, |tx| async move {
        let crypter = &app.store.crypter;
        let Some(mut kept) = transactions::load_for_update(&tx, crypter, which).await? else {
            if let Some(leased) = caused_by {
                jobs::complete(&tx, leased).await?;
            }
            return Ok(None);
        };
        let now = app.now();
        let before = Before::of(&kept.transaction);
        let change = body(&mut kept, now)?;
        kept.save(&tx, crypter).await?;
        // What an owner only tries is no use that anybody made of it.
        let counts = before.counts(&kept.transaction, now).filter(|_| !kept.front_test);
        if let Some(counts) = &counts {
            statistics::add(&tx, counts).await?;
        }
        audit::append(&tx, &*app.random, &change.events).await?;
        for (job, at) in &change.jobs {
            job.enqueue(&tx, *at, now).await?;
        }
        if let Some(citizen) = &kept.citizen {
            for (kind, details) in &change.told {
                notify_citizen::tell(&tx, app, citizen, *kind, details).await?;
            }
        }
        if change.end_logins {
            logins::end(&tx, kept.transaction.id).await?;
            consent_draft::end(&tx, kept.transaction.id).await?;
        }
        if let Some(leased) = caused_by {
            match &change.again {
                None => jobs::complete(&tx, leased).await?,
                Some((at, reason)) => jobs::retry_at(&tx, leased, *at, reason).await?,
            }
        }
        Ok::<_, FlowError>(Some(Made { transaction: kept.transaction, counts, change }))
    });
    let made = trace::within(name, trace::Kind::Internal, written).await?;
    let Some(Made { transaction, counts, change: Change { out, wipe, .. } }) = made else { return Ok(None) };
    let (id, news) = (transaction.id, News::of(&transaction));
    trace::joined(id);
    if let Some(counts) = &counts {
        app.ops.metrics.counted(counts);
        if let Some(outcome) = Outcome::of(&transaction).filter(|_| counts.tell_outcome()) {
            app.ops.tracer.exchange(id, transaction.entered_at, app.now(), outcome.as_str());
        }
    }
    app.bell.ring(id, news);
    forget::wipe(app, &wipe).await;
    Ok(Some(out))
}

/// Whether a step certainly did not take the blob that was made for it. Where the database's answer got lost nobody
/// knows; then the blob stays, and is swept later if nothing refers to it.
fn surely_unused(step: &Result<Option<bool>, FlowError>) -> bool {
    matches!(step, Ok(None | Some(false)) | Err(FlowError::Store(StoreError::LeaseLost { .. })))
}

/// Reads a transaction.
pub async fn look(app: &App, which: Which<'_>) -> Result<Option<Kept>, FlowError> {
    Ok(transactions::load(&app.store.db, &app.store.crypter, which).await?)
}

/// Whether anything may be collected: the service behind the exchange may receive it, or the citizen asked for it alone.
fn may_receive(catalogue: &Catalogue, t: &Transaction) -> bool {
    t.client_id().is_none_or(|service| catalogue.is_listed(service))
}

/// The service behind the exchange is suspended or delisted: nothing is asked or sent on for it. The work waits; when
/// that does not change, the exchange ends with its session or its ticket, and what there was is wiped then.
async fn hold(app: &App, leased: &Leased) -> Result<(), FlowError> {
    let later = app.now().plus(app.config.policy.suspended_retry.0);
    Ok(app.store.jobs.retry_at(leased, later, "the service is not listed").await?)
}

/// What follows once all datasets have come to an end after the citizen confirmed; part of every step after which that
/// may be so.
fn settle<T>(app: &App, t: &mut Transaction, now: Time, mut change: Change<T>) -> Change<T> {
    use transaction::steps::Settled;
    match t.settle(now, &app.config.policy) {
        Settled::NotYet => change,
        Settled::Seal { tell_undeliverable } => {
            // The SP learns of failures after it has accepted the ticket; until then the first notification goes on.
            let told = t.confirmed().is_some_and(|c| c.told == mydata_domain::notify::Notice::Accepted);
            if tell_undeliverable && told {
                change.jobs.push((Job::NotifyUndeliverable { transaction: t.id }, now));
            }
            change.job(Job::Seal { transaction: t.id }, now)
        }
        Settled::Held => change.event(event(t, now, Actor::Platform, What::Held)),
        Settled::NothingHeld => change,
        Settled::NothingToSend => change.job(Job::NotifyUndeliverable { transaction: t.id }, now),
    }
}

/// Works on a claimed job.
pub async fn work(app: &App, job: &Job, leased: &Leased) -> Result<(), FlowError> {
    match job {
        Job::Collect { transaction, resource, part } => {
            collect::run(app, *transaction, resource, *part, leased).await
        }
        Job::Notify { transaction } => notify::run(app, *transaction, leased).await,
        Job::NotifyUndeliverable { transaction } => {
            notify::run_undeliverable(app, *transaction, leased).await
        }
        Job::Seal { transaction } => seal::run(app, *transaction, leased).await,
        Job::Abandon { transaction } => forget::abandon(app, *transaction, Some(leased)).await,
        Job::Expire { transaction } => forget::expire(app, *transaction, Some(leased)).await,
        Job::ItemDue { .. } | Job::CredentialsEnd { .. } | Job::FrontTestEnd { .. } | Job::Poll { .. } => {
            crate::backoffice::flow::work(app, job, leased).await
        }
        Job::Forgotten { account, .. } => Ok(account_mail::forgotten(app, *account, leased).await?),
        Job::LockedOut { account, .. } => Ok(account_mail::locked_out(app, *account, leased).await?),
        Job::AnnouncePolicy { policy, number, after } => {
            Ok(announce::run(app, *policy, *number, after, leased).await?)
        }
        Job::IdentityCode { attempt, .. } => Ok(crate::identity::code::run(app, attempt, leased).await?),
        Job::Mail { mail } | Job::Message { mail } => {
            Ok(crate::mail::deliver::run(app, *mail, leased).await?)
        }
    }
}
