//! Health (R42, R88): polls and what follows from them, connection tests that are kept, owners that are told. The calls are
//! made outside of the step, by [`crate::probe`]; what follows is the domain's rule.

use std::time::Duration;

use mydata_domain::account::Role;
use mydata_domain::audit::What;
use mydata_domain::filing::Reason;
use mydata_domain::health::{ByRule, Fault, Health, Probe, Tell};
use mydata_domain::item::{Act, ActName, ItemId, Kind, Stage, StageName};
use mydata_domain::mail::{AboutHealth, Fact, Link, Mail};
use mydata_domain::{Time, Zone};
use mydata_store::jobs::{self, Leased};
use mydata_store::repo::health;
use mydata_store::repo::items::{self, Kept};
use mydata_store::repo::list::Scope;
use mydata_store::repo::registry::Catalogue;
use mydata_store::{StoreError, Tx};
use mydata_wire::Random;
use serde_json::json;

use super::{ActError, By, Doer, Outcome, Said, in_tx, outcome, records, tell};
use crate::app::App;
use crate::backoffice::health::words;
use crate::jobs::Job;
use crate::jobs::lanes::POLL;
use crate::mail;
use crate::probe::{self, Target};
use crate::web::Lang;

/// How many items without a job are looked after in one sweep.
const SWEPT_AT_ONCE: u32 = 1_000;

/// Whose connection an item's is in a zone; `None` when it has no record there, or is not let in (any more).
pub fn target(catalogue: &Catalogue, kept: &Kept, zone: Zone) -> Option<Target> {
    kept.stage.running()?;
    let record = match zone {
        Zone::Test => &kept.test_record,
        Zone::Production => &kept.production_record,
    };
    Target::of_record(catalogue, record.as_deref()?)
}

/// The zone whose record counts now.
pub fn zone(kept: &Kept) -> Zone {
    records::counts(kept)
}

/// Switches polling on or off: by the owner or the operating team.
///
/// # Errors
/// [`ActError::NotOfThisKind`]: counter services have no system of their own. [`ActError::NoRecord`]: it is not let in.
pub async fn switch(app: &App, by: &By, item: ItemId, polled: bool) -> Result<Outcome, ActError> {
    in_tx(app, "item-polling", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        let kept = doer.item(&tx, item).await?;
        doer.owns_or_operates(&kept)?;
        if kept.kind == Kind::CounterService {
            return Err(ActError::NotOfThisKind);
        }
        if kept.stage.running().is_none() {
            return Err(ActError::NoRecord);
        }
        if set(app, &tx, item, polled, doer.now).await? {
            doer.record(app, &tx, What::PollingSwitched, json!({ "item": item, "polled": polled })).await?;
        }
        Ok(outcome(&kept))
    })
    .await
}

/// Switches polling as the form of a dataset has it, once the form was approved.
pub(super) async fn applied_for(
    app: &App,
    tx: &Tx,
    item: ItemId,
    polled: bool,
    now: Time,
) -> Result<(), StoreError> {
    set(app, tx, item, polled, now).await.map(drop)
}

/// Whether an item is polled.
pub(super) async fn is_polled(tx: &Tx, item: ItemId) -> Result<bool, StoreError> {
    Ok(health::load_for_update(tx, item).await?.polled)
}

/// Tells whether it was the other way before.
async fn set(app: &App, tx: &Tx, item: ItemId, polled: bool, now: Time) -> Result<bool, StoreError> {
    let mut state = health::load_for_update(tx, item).await?;
    if state.polled == polled {
        return Ok(false);
    }
    state.switch(polled);
    health::save(tx, item, &state).await?;
    if polled {
        // The first poll soon; those of items that were switched on together not together.
        let soon = app.config.health.poll_every.0.min(Duration::from_secs(10));
        Job::Poll { item }.enqueue(tx, now.plus(soon.mul_f64(share(&*app.random))), now).await?;
    }
    Ok(true)
}

/// A number from 0 to 1.
fn share(random: &dyn Random) -> f64 {
    let mut bytes = [0; 2];
    random.fill(&mut bytes);
    f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX)
}

/// Keeps a connection test as the item's last one.
///
/// # Errors
/// As [`switch`].
pub async fn keep(app: &App, by: &By, item: ItemId, probe: &Probe) -> Result<(), ActError> {
    in_tx(app, "item-tested", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        let kept = doer.item(&tx, item).await?;
        doer.owns_or_operates(&kept)?;
        health::save_probe(&tx, item, probe).await?;
        let fault = probe.fault().map(|fault| fault.kind.as_str());
        let detail = json!({ "item": item, "zone": probe.zone, "record": probe.record, "fault": fault });
        Ok(doer.record(app, &tx, What::ConnectionTested, detail).await?)
    })
    .await
}

/// Tells the owner of an item that fails: by the operating team. Gives how many mails were written.
///
/// # Errors
/// [`ActError::Superseded`]: it does not fail any more.
pub async fn tell_owner(app: &App, by: &By, item: ItemId) -> Result<usize, ActError> {
    in_tx(app, "item-owner-told", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        if doer.account()?.role != Role::Operator {
            return Err(ActError::Barred);
        }
        let kept = doer.item(&tx, item).await?;
        let mut state = health::load_for_update(&tx, item).await?;
        if state.since.is_none() {
            return Err(ActError::Superseded);
        }
        let mails = write(app, &tx, &kept, Tell::Failing, &state).await?;
        // Once it is well again they hear of that, too.
        state.told |= state.failures > 0;
        health::save(&tx, item, &state).await?;
        doer.record(app, &tx, What::OwnerTold, json!({ "item": item, "mails": mails })).await?;
        Ok(mails)
    })
    .await
}

/// Writes the mails to the owner.
async fn write(app: &App, tx: &Tx, kept: &Kept, news: Tell, state: &Health) -> Result<usize, StoreError> {
    let kind = match news {
        Tell::Failing => AboutHealth::Failing,
        Tell::Mended => AboutHealth::Mended,
    };
    let owners = tell::owners(app, tx, &kept.organisation).await?;
    for account in &owners {
        let mut mail = Mail::to(kind, &account.holder)
            .about(kept.id)
            .fact(Fact::Item(kept.name.clone()))
            .fact(Fact::Organisation(kept.organisation_name.clone()))
            .link(Link::page(tell::item_path(kept.id)));
        if news == Tell::Failing {
            mail = mail.facts(state.since.map(Fact::At));
            mail = mail.facts(state.fault.as_ref().map(|fault| {
                Fact::Found(
                    words::whole(Lang::ZhTw, kept.kind, fault),
                    words::whole(Lang::En, kept.kind, fault),
                )
            }));
        }
        mail::enqueue(tx, app, &mail).await?;
    }
    Ok(owners.len())
}

/// Works on the job of an item that is polled: asks, writes down what came, lets follow what follows, and goes on after a
/// while. The job of an item that is not polled any more ends.
pub(super) async fn poll(app: &App, item: ItemId, leased: &Leased) -> Result<(), ActError> {
    let db = &app.store.db;
    let mut asked = None;
    if let Some(kept) = items::load(db, &Scope::All, item).await?
        && health::load(db, item).await?.0.polled
    {
        asked = target(&*app.catalogue().await?, &kept, zone(&kept));
    }
    let Some(asked) = asked else { return Ok(app.store.jobs.complete(leased).await?) };
    let answered = &probe::poll(app, &asked).await;
    let rule = &app.config.health.rule().switched(app.system().await?.settings.automatic_suspension);
    in_tx(app, "item-poll", |tx| async move {
        let doer = Doer::of(app, &tx, &By::Clock).await?;
        let kept = items::load_for_update(&tx, &Scope::All, item).await?;
        let mut state = health::load_for_update(&tx, item).await?;
        // Switched off, or delisted, while the call was made.
        let Some(mut kept) = kept.filter(|kept| state.polled && kept.stage.running().is_some()) else {
            return Ok(jobs::complete(&tx, leased).await?);
        };
        let follows = state.after(answered.clone(), rule);
        if follows.suspend {
            let reason = state.fault.as_ref().and_then(reason);
            // Somebody else has suspended it for this already: then it is theirs to resume.
            if !done(doer.step(app, &tx, &mut kept, Act::SuspendFailing(reason), Said::default()).await)? {
                state.by_rule = ByRule::Over;
            }
        }
        if follows.resume {
            done(doer.step(app, &tx, &mut kept, Act::ResumeFailing(None), Said::default()).await)?;
        }
        if follows.turned {
            let fault = answered.fault.as_ref().map(|fault| fault.kind.as_str());
            doer.record(app, &tx, What::HealthChanged, json!({ "item": item, "fault": fault })).await?;
        }
        if let Some(news) = follows.tell {
            write(app, &tx, &kept, news, &state).await?;
        }
        health::save(&tx, item, &state).await?;
        Job::Poll { item }.enqueue(&tx, next(app, doer.now), doer.now).await?;
        // What was just set lets the job go on.
        Ok(jobs::complete(&tx, leased).await?)
    })
    .await
}

/// Whether a step was made; the rules of items may refuse it, for people may have been there before.
fn done(step: Result<Outcome, ActError>) -> Result<bool, ActError> {
    match step {
        Ok(_) => Ok(true),
        Err(ActError::Refused(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

/// Why, in both languages, for the history and the mail of the suspension.
fn reason(fault: &Fault) -> Option<Reason> {
    format!("{}\n{}", words::reason(Lang::ZhTw, fault), words::reason(Lang::En, fault)).parse().ok()
}

/// When the next poll is made: a tenth earlier or later than the rest, so that parties are not all asked at once.
fn next(app: &App, now: Time) -> Time {
    let every = app.config.health.poll_every.0;
    now.plus(every.mul_f64(0.9 + 0.2 * share(&*app.random)))
}

/// Lets the health of an item follow what was done to it: what somebody suspended as failing counts as failing until
/// somebody resumes it, and what is delisted does not fail.
pub(super) async fn follow(doer: &Doer, tx: &Tx, kept: &Kept, act: ActName) -> Result<(), ActError> {
    let gone = matches!(kept.stage, Stage::Delisted(_));
    let by_person = doer.account.is_some();
    let concerns = gone || (by_person && matches!(act, ActName::SuspendFailing | ActName::ResumeFailing));
    if !concerns {
        return Ok(());
    }
    let before = health::load_for_update(tx, kept.id).await?;
    let mut state = before.clone();
    match act {
        _ if gone => {
            state.by_rule = ByRule::Nothing;
            state.held = false;
            state.calm();
        }
        ActName::SuspendFailing => state.hold(doer.now),
        _ => state.release(),
    }
    if state != before {
        health::save(tx, kept.id, &state).await?;
    }
    Ok(())
}

/// Finds items that are polled and have no job.
pub async fn sweep(app: &App) {
    if let Err(error) = set_missing(app).await {
        tracing::error!(%error, "polled items without a job could not be looked after");
    }
}

async fn set_missing(app: &App) -> Result<(), StoreError> {
    let let_in: Vec<&str> =
        StageName::RUNNING.iter().chain(&[StageName::Suspended]).map(|stage| stage.as_str()).collect();
    let missing = health::unwatched(&app.store.db, POLL, &let_in, SWEPT_AT_ONCE).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let (missing, now, every) = (&missing, app.now(), app.config.health.poll_every.0);
    app.store
        .db
        .run_tx("items-unpolled", |tx| async move {
            for item in missing {
                let at = now.plus(every.mul_f64(share(&*app.random)));
                Job::Poll { item: *item }.enqueue(&tx, at, now).await?;
            }
            Ok(())
        })
        .await
}
