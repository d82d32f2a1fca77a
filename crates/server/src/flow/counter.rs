//! A counter (R81, R82): a number is typed, its holder is sent a code, the code is typed, the data is looked at and taken. Each step
//! is one database transaction: the clerk's visit, the download, the record, and what the citizen is told.
//!
//! A number that does not exist, that is over, and that is for another counter are the same to the clerk: the same words,
//! and the same statements in the same order.

use std::net::IpAddr;

use mydata_domain::Time;
use mydata_domain::audit::{Actor, Event, What};
use mydata_domain::barcode::BarcodeNumber;
use mydata_domain::citizen::told::AboutCitizen;
use mydata_domain::counter::visit::{Stage, Visit};
use mydata_domain::counter::{self, CODE_LIFE, Gone, Unread};
use mydata_domain::counter_service::{CounterService, CounterServiceId, Take};
use mydata_domain::one_time::{OneTimeCode, Refused};
use mydata_domain::statistics::Before;
use mydata_domain::transaction::TransactionId;
use mydata_store::crypt::Crypter;
use mydata_store::repo::registry::Catalogue;
use mydata_store::repo::sign_ins::{self, Subject};
use mydata_store::repo::transactions::{self, Kept, Which};
use mydata_store::repo::{audit, barcodes, counter_visits, delegations, spent, statistics};
use mydata_store::{Isolation, StoreError, Tx};
use mydata_wire::ResourceId;
use serde_json::json;

use super::{Change, FlowError, event, step};
use crate::app::App;
use crate::bell::News;
use crate::browser::is_same;
use crate::citizen::notify::{Details, tell};
use crate::jobs::Job;
use crate::limit::subscriber;

/// What a clerk typed, with the answer of the captcha that counts for it.
#[derive(Clone, Copy)]
pub struct Typed<'a> {
    /// For which counter service, where the address does not say it.
    pub service: Option<CounterServiceId>,
    /// The number.
    pub number: BarcodeNumber,
    /// The captcha's answer, to be spent: its name, and until when it is remembered.
    pub captcha: (&'a str, Time),
    /// From where.
    pub from: IpAddr,
    /// The secret that the browser gets for the visit.
    pub secret: &'a str,
    /// The one that it had, whose visit this one replaces.
    pub before: Option<&'a str>,
}

/// What became of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbered {
    /// A visit began; whether its holder could be sent the code at all.
    Asked {
        /// By mail or text message.
        told: bool,
    },
    /// It cannot be read here.
    Refused,
    /// It is for a counter service that is suspended.
    Suspended,
    /// Too many were refused from this address, or too many codes were sent for this number: until then.
    Closed(Time),
    /// The captcha was answered before.
    CaptchaSpent,
    /// Several organisations work at this address, and it was not said for which.
    Unchosen,
}

/// Why a step of a visit was not made.
#[derive(Debug, thiserror::Error)]
pub enum NoStep {
    /// There is no such visit, or it is over.
    #[error("there is no such visit")]
    NoVisit,
    /// It is at another stage: a page was old.
    #[error("the visit is at another stage")]
    Stage,
    /// The case does not allow it.
    #[error("the case does not allow it")]
    NotAllowed,
    /// The counter service was suspended meanwhile.
    #[error("the counter service is suspended")]
    Suspended,
    /// The data is not there any more.
    #[error(transparent)]
    Gone(#[from] Gone),
    /// The step failed.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

impl From<StoreError> for NoStep {
    fn from(error: StoreError) -> Self {
        Self::Flow(error.into())
    }
}

/// What became of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coded {
    /// It was right.
    Open,
    /// It does not count.
    Refused(Refused),
    /// Too many were refused from this address: until then.
    Closed(Time),
}

/// The services whose clerks work at an address, whatever their state; none: it is on no list.
pub fn services_at(catalogue: &Catalogue, from: IpAddr) -> Vec<&CounterService> {
    use mydata_domain::service::ServiceState;
    let all = catalogue.counter_services.values();
    let mut here: Vec<_> =
        all.filter(|s| s.state != ServiceState::Delisted && s.allowed_ips.permits(from)).collect();
    here.sort_by_key(|service| service.id);
    here
}

/// Until when an address is locked.
pub async fn closed(app: &App, from: IpAddr) -> Result<Option<Time>, FlowError> {
    let subjects = [Subject::Counter(subscriber(from))];
    Ok(sign_ins::closed(&app.store.db, &app.store.crypter, &subjects, app.now()).await?)
}

/// How a code is kept: the visit's secret is in it, so that it is no other visit's.
fn hash(crypter: &Crypter, secret: &str, code: &OneTimeCode) -> String {
    crypter.index("counter code", format!("{secret} {}", code.as_str()))
}

fn is_number(crypter: &Crypter, visit: &Visit) -> impl Fn(&BarcodeNumber) -> bool {
    move |number| barcodes::index(crypter, *number) == visit.number
}

/// What the citizen is told about a counter service.
fn about(catalogue: &Catalogue, service: &CounterService) -> Details {
    let organisation = catalogue.organisation(service.organisation.as_str());
    Details {
        item: Some((service.name.clone(), service.name_en.clone())),
        organisation: organisation.map(|o| (o.name.clone(), o.name_en.clone())),
        path: Some("/record".to_owned()),
        ..Details::default()
    }
}

/// A number was typed.
pub async fn number(app: &App, catalogue: &Catalogue, typed: Typed<'_>) -> Result<Numbered, FlowError> {
    let here = counter::working_for(services_at(catalogue, typed.from), typed.service);
    let Some(here) = &here else { return Ok(Numbered::Unchosen) };
    // Of a number that nobody has the same is asked as of one that somebody has.
    let nobody = TransactionId::generate(&*app.random);
    let numbered = app
        .store
        .db
        .run_tx("counter-number", |tx| async move {
            let (crypter, now) = (&app.store.crypter, app.now());
            let (captcha, until) = typed.captcha;
            if !spent::spend(&tx, captcha, until).await? {
                return Ok(Numbered::CaptchaSpent);
            }
            let subjects = [Subject::Counter(subscriber(typed.from))];
            let tried = match sign_ins::try_once(&tx, crypter, &subjects, now).await? {
                Ok(tried) => tried,
                Err(until) => return Ok(Numbered::Closed(until)),
            };
            let found = barcodes::find(&tx, crypter, typed.number).await?;
            let kept = transactions::load_in(&tx, crypter, Which::Id(found.unwrap_or(nobody))).await?;
            let judged = match &kept {
                Some(kept) => counter::read_as(&kept.transaction, here, now),
                None => Err(Unread::Over),
            };
            let event = |what| {
                let event = Event::new(now, Actor::Organisation, what).from(Some(typed.from));
                kept.iter().fold(event, |event, kept| event.of(kept.transaction.id))
            };
            let (service, kept) = match (judged, &kept) {
                (Ok(service), Some(kept)) => (service, kept),
                (Err(Unread::Suspended), _) => {
                    sign_ins::was_right(&tx, crypter, &tried, &[]).await?;
                    let event = event(What::CounterRefused).with(json!({ "reason": "suspended" }));
                    audit::append(&tx, &*app.random, &[event]).await?;
                    return Ok(Numbered::Suspended);
                }
                (judged, _) => {
                    let reason = if judged == Err(Unread::Foreign) { "foreign" } else { "number" };
                    let event = event(What::CounterRefused).with(json!({ "reason": reason }));
                    audit::append(&tx, &*app.random, &[event]).await?;
                    return Ok(Numbered::Refused);
                }
            };
            sign_ins::was_right(&tx, crypter, &tried, &[]).await?;
            let id = kept.transaction.id;
            if let Err(until) = sign_ins::try_once(&tx, crypter, &[Subject::CounterCode(id)], now).await? {
                return Ok(Numbered::Closed(until));
            }
            if let Some(before) = typed.before {
                counter_visits::end(&tx, crypter, before).await?;
            }
            let code = OneTimeCode::generate(&*app.random);
            let visit = Visit {
                transaction: id,
                service: service.id,
                from: typed.from,
                began: now,
                seen: now,
                number: barcodes::index(crypter, typed.number),
                stage: Visit::asked(hash(crypter, typed.secret, &code), now),
            };
            counter_visits::begin(&tx, crypter, typed.secret, &visit).await?;
            let details =
                Details { code: Some((code, now.plus(CODE_LIFE))), path: None, ..about(catalogue, service) };
            // Whoever holds the number stands at the counter, be it a delegate.
            let holder =
                kept.transaction.held().and_then(|held| held.barcode_at(now)).map(|b| b.holder.as_str());
            let told = match holder {
                Some(holder) => tell(&tx, app, holder, AboutCitizen::CounterCode, &details).await?,
                None => Vec::new(),
            };
            let detail = json!({ "service": service.id.to_string() });
            audit::append(&tx, &*app.random, &[event(What::CounterAsked).with(detail)]).await?;
            Ok(Numbered::Asked { told: !told.is_empty() })
        })
        .await?;
    if numbered == Numbered::Refused
        && let Some(until) = closed(app, typed.from).await?
    {
        return Ok(Numbered::Closed(until));
    }
    Ok(numbered)
}

/// A code was typed; what is no code at all counts as a wrong one.
pub async fn code(
    app: &App,
    secret: &str,
    from: IpAddr,
    typed: Option<&OneTimeCode>,
) -> Result<Coded, NoStep> {
    let coded = app
        .store
        .db
        .run_tx_as(Isolation::Serializable, "counter-code", |tx| async move {
            let (crypter, now) = (&app.store.crypter, app.now());
            let mut visit = running(&tx, crypter, secret, from, now).await?;
            let Stage::Asked { code, .. } = &visit.stage else { return Ok(Coded::Open) };
            let right = typed.is_some_and(|typed| is_same(code, &hash(crypter, secret, typed)));
            let subjects = [Subject::Counter(subscriber(from))];
            let tried = match sign_ins::try_once(&tx, crypter, &subjects, now).await? {
                Ok(tried) => tried,
                Err(until) => return Ok(Coded::Closed(until)),
            };
            let kept = transactions::load_in(&tx, crypter, Which::Id(visit.transaction)).await?;
            let kept = kept.ok_or(FlowError::Unknown)?;
            counter::still_there(&kept.transaction, is_number(crypter, &visit), now)?;
            let answered = visit.answered(right, now);
            let reason = match answered {
                Ok(_) => None,
                Err(Refused::Wrong { .. } | Refused::TooOften) => Some("code"),
                Err(Refused::Late) => Some("late"),
            };
            // A code that came too late was not guessed.
            if matches!(answered, Ok(_) | Err(Refused::Late)) {
                sign_ins::was_right(&tx, crypter, &tried, &[]).await?;
            }
            if matches!(answered, Err(Refused::Late | Refused::TooOften)) {
                counter_visits::end(&tx, crypter, secret).await?;
            } else {
                counter_visits::save(&tx, crypter, secret, &visit).await?;
            }
            let what = if reason.is_none() { What::CounterOpened } else { What::CounterRefused };
            let detail = json!({ "service": visit.service.to_string(), "reason": reason });
            let event =
                event(&kept.transaction, now, Actor::Organisation, what).from(Some(from)).with(detail);
            audit::append(&tx, &*app.random, &[event]).await?;
            Ok::<_, NoStep>(answered.map_or_else(Coded::Refused, |_| Coded::Open))
        })
        .await?;
    if matches!(coded, Coded::Refused(Refused::Wrong { .. } | Refused::TooOften))
        && let Some(until) = closed(app, from).await?
    {
        return Ok(Coded::Closed(until));
    }
    Ok(coded)
}

async fn running(tx: &Tx, crypter: &Crypter, secret: &str, from: IpAddr, now: Time) -> Result<Visit, NoStep> {
    let visit = counter_visits::load_in(tx, crypter, secret).await?;
    visit.filter(|visit| visit.runs(from, now)).ok_or(NoStep::NoVisit)
}

/// The visit of a browser at an address, while it goes on.
pub async fn visit(app: &App, secret: &str, from: IpAddr) -> Result<Option<Visit>, FlowError> {
    let visit = counter_visits::load(&app.store.db, &app.store.crypter, secret).await?;
    Ok(visit.filter(|visit| visit.runs(from, app.now())))
}

/// What a visit is about, while the data is there and may be seen by this counter service.
///
/// # Errors
/// Why it cannot go on.
pub async fn look(app: &App, catalogue: &Catalogue, visit: &Visit) -> Result<(Kept, Take), NoStep> {
    let (db, crypter) = (&app.store.db, &app.store.crypter);
    let kept = transactions::load(db, crypter, Which::Id(visit.transaction)).await?;
    let kept = kept.ok_or(FlowError::Unknown)?;
    let take = judged(app, catalogue, visit, &kept)?;
    Ok((kept, take))
}

fn judged(app: &App, catalogue: &Catalogue, visit: &Visit, kept: &Kept) -> Result<Take, NoStep> {
    counter::still_there(&kept.transaction, is_number(&app.store.crypter, visit), app.now())?;
    let service = service_of(catalogue, visit.service)?;
    counter::allowed(&kept.transaction, service).ok_or(NoStep::Suspended)
}

fn service_of(catalogue: &Catalogue, id: CounterServiceId) -> Result<&CounterService, NoStep> {
    let service = catalogue.counter_services.get(&id).filter(|service| service.is_listed());
    service.ok_or(NoStep::Suspended)
}

/// What a clerk does with the data.
#[derive(Clone, Copy)]
enum Act<'a> {
    Preview(&'a ResourceId),
    Take,
}

/// A clerk looks at a dataset (預覽): counted, on record, and told to the citizen.
///
/// # Errors
/// Why not.
pub async fn preview(
    app: &App,
    catalogue: &Catalogue,
    secret: &str,
    from: IpAddr,
    resource: &ResourceId,
) -> Result<Kept, NoStep> {
    act(app, catalogue, secret, from, Act::Preview(resource)).await
}

/// A clerk takes the data (取資料): once. From here on it is this visit's alone, to be fetched for a few minutes, and again: that its
/// last byte was handed to the system does not say that it arrived. Each time is on record.
///
/// # Errors
/// Why not. Of two who take at once one gets [`Gone::Taken`].
pub async fn take(app: &App, catalogue: &Catalogue, secret: &str, from: IpAddr) -> Result<Kept, NoStep> {
    act(app, catalogue, secret, from, Act::Take).await
}

async fn act(
    app: &App,
    catalogue: &Catalogue,
    secret: &str,
    from: IpAddr,
    act: Act<'_>,
) -> Result<Kept, NoStep> {
    let kept = app
        .store
        .db
        .run_tx_as(Isolation::ReadCommitted, "counter-act", |tx| async move {
            let (crypter, now) = (&app.store.crypter, app.now());
            let mut visit = running(&tx, crypter, secret, from, now).await?;
            let kept = transactions::load_for_update(&tx, crypter, Which::Id(visit.transaction)).await?;
            let mut kept = kept.ok_or(FlowError::Unknown)?;
            if visit.stage == Stage::Took {
                // The same clerk fetches it once more: what broke the line, nobody knows here.
                let there = kept.transaction.held().is_some_and(|held| now < held.expires_at);
                if !(there && matches!(act, Act::Take)) {
                    return Err(Gone::Taken.into());
                }
                let detail = json!({ "service": visit.service.to_string() });
                let event = event(&kept.transaction, now, Actor::Organisation, What::TakenAgain);
                audit::append(&tx, &*app.random, &[event.from(Some(from)).with(detail)]).await?;
                return Ok(kept);
            }
            if visit.stage != Stage::Open {
                return Err(NoStep::Stage);
            }
            let allowed = judged(app, catalogue, &visit, &kept)?;
            let service = service_of(catalogue, visit.service)?;
            let before = Before::of(&kept.transaction);
            let holder = kept.transaction.held().and_then(|held| held.barcode.clone()).map(|b| b.holder);
            let mut detail = json!({ "service": service.id.to_string() });
            let (what, kind) = match act {
                Act::Preview(resource) => {
                    allowed.previews().then_some(()).ok_or(NoStep::NotAllowed)?;
                    kept.transaction.previewed(now).map_err(FlowError::from)?;
                    detail["resource_id"] = json!(resource);
                    (What::CounterPreviewed, AboutCitizen::PreviewedAtCounter)
                }
                Act::Take => {
                    allowed.saves().then_some(()).ok_or(NoStep::NotAllowed)?;
                    kept.transaction.take(now).map_err(FlowError::from)?;
                    visit.stage = Stage::Took;
                    (What::Taken, AboutCitizen::TakenAtCounter)
                }
            };
            visit.seen = now;
            counter_visits::save(&tx, crypter, secret, &visit).await?;
            kept.save(&tx, crypter).await?;
            if let Some(counts) = before.counts(&kept.transaction, now) {
                statistics::add(&tx, &counts).await?;
            }
            let event =
                event(&kept.transaction, now, Actor::Organisation, what).from(Some(from)).with(detail);
            audit::append(&tx, &*app.random, &[event]).await?;
            if let (Act::Take, Some(held)) = (act, kept.transaction.held()) {
                Job::Expire { transaction: visit.transaction }.enqueue(&tx, held.expires_at, now).await?;
            }
            let details = about(catalogue, service);
            let owner = kept.citizen.clone();
            for person in owner.iter().chain(holder.iter().filter(|holder| Some(*holder) != owner.as_ref())) {
                tell(&tx, app, person, kind, &details).await?;
            }
            if matches!(act, Act::Take)
                && let Some(mut one) = delegations::living_in(&tx, crypter, visit.transaction).await?
                && one.act(mydata_domain::delegate::Act::End, now).is_ok()
            {
                delegations::save(&tx, &one).await?;
            }
            Ok::<_, NoStep>(kept)
        })
        .await?;
    app.bell.ring(kept.transaction.id, News::of(&kept.transaction));
    Ok(kept)
}

/// The clerk has what was taken, or is done with it: it is wiped. Of one who never says so it is wiped by the job that taking set.
pub async fn received(app: &App, id: TransactionId) -> Result<(), FlowError> {
    let done = step(app, "counter-received", Which::Id(id), None, |kept, now| {
        let t = &mut kept.transaction;
        let wipe = t.taken(now)?;
        let change = Change::telling(()).wiping(wipe);
        Ok(change.event(event(t, now, Actor::Platform, What::Forgotten)))
    })
    .await;
    match done {
        // Said twice at once, or its time ended meanwhile: it is wiped.
        Ok(_) | Err(FlowError::Stage(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The clerk is done.
pub async fn end(app: &App, secret: &str) -> Result<(), FlowError> {
    let end = async |tx: Tx| counter_visits::end(&tx, &app.store.crypter, secret).await;
    app.store.db.run_tx("counter-end", end).await?;
    Ok(())
}

/// Removes visits that are over.
pub async fn sweep(app: &App) {
    if let Err(error) = counter_visits::sweep(&app.store.db, app.now()).await {
        tracing::warn!(%error, "visits at counters that are over could not be removed");
    }
}

/// A captcha's answer was wrong: its challenge counts no more.
pub async fn spend(app: &App, captcha: &str, until: Time) -> Result<(), FlowError> {
    let spend = async |tx: Tx| spent::spend(&tx, captcha, until).await;
    app.store.db.run_tx("captcha-spend", spend).await?;
    Ok(())
}
