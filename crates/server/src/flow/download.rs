//! Own downloads (R78–R82): a citizen asks for data without a service. Collecting is that of the exchange ([`super::collect`]); when
//! everything is there it is held for some hours, and wiped by [`super::forget`]. A step made on a download of somebody else is
//! not made: to them there is no such download.

use std::net::IpAddr;

use mydata_domain::audit::{Actor, Event, What};
use mydata_domain::barcode::BarcodeNumber;
use mydata_domain::delegate;
use mydata_domain::transaction::own::Order;
use mydata_domain::transaction::person::Person;
use mydata_domain::transaction::{Transaction, TransactionId};
use mydata_store::repo::registry::Catalogue;
use mydata_store::repo::transactions::{self, Kept, Which};
use mydata_store::repo::{audit, delegations};
use mydata_store::{Isolation, StoreError};
use mydata_wire::{ResourceId, Verification};
use serde_json::json;

use super::{Change, FlowError, event, look, step};
use crate::app::App;
use crate::bell::News;
use crate::citizen::notify::{Details, Kind};
use crate::jobs::Job;

/// Tries to find a number that no other living barcode has; with 2.6 × 10¹⁰ numbers a second one is hardly ever needed.
const NUMBERS: usize = 8;

/// Begins a download: every dataset is asked for at once. Whether the citizen may have them was judged before.
pub async fn begin(
    app: &App,
    order: &Order,
    person: &Person,
    verification: Verification,
    from: IpAddr,
) -> Result<TransactionId, FlowError> {
    let now = app.now();
    let policy = &app.config.policy;
    let t = Transaction::download(order.clone(), person.clone(), verification, now, policy, &*app.random);
    let resources: Vec<_> = t.parts.iter().map(|p| &p.resource_id).collect();
    let detail = json!({ "resources": resources, "verification": verification });
    let begun = event(&t, now, Actor::Citizen, What::DownloadBegun).from(Some(from)).with(detail);
    let (t, begun) = (&t, &[begun]);
    app.store
        .db
        .run_tx("download-begin", |tx| async move {
            // A download belongs to no browser, but to its citizen.
            transactions::insert(&tx, &app.store.crypter, t, "").await?;
            audit::append(&tx, &*app.random, begun).await?;
            for part in &t.parts {
                let job = Job::Collect {
                    transaction: t.id,
                    resource: part.resource_id.clone(),
                    part: part.transaction_uid,
                };
                job.enqueue(&tx, now, now).await?;
            }
            Job::Expire { transaction: t.id }.enqueue(&tx, t.idle_until, now).await
        })
        .await?;
    tracing::info!(transaction = %t.id, "a citizen asked for data");
    Ok(t.id)
}

/// Whether it is an own download of this citizen, by the keyed index.
fn is_own(kept: &Kept, citizen: &str) -> bool {
    kept.transaction.own().is_some() && kept.citizen.as_deref() == Some(citizen)
}

/// The download, if it is this citizen's. One whose time is over is wiped first, if nobody has done so yet.
pub async fn own(app: &App, id: TransactionId, citizen: &str) -> Result<Option<Kept>, FlowError> {
    let Some(kept) = look(app, Which::Id(id)).await?.filter(|kept| is_own(kept, citizen)) else {
        return Ok(None);
    };
    let due = kept.transaction.forgotten_at(&app.config.policy);
    if due.is_none_or(|due| app.now() < due) {
        return Ok(Some(kept));
    }
    super::forget::expire(app, id, None).await?;
    look(app, Which::Id(id)).await
}

/// What a notification names of a download: its datasets, and its page.
pub fn details(catalogue: &Catalogue, t: &Transaction) -> Details {
    let datasets = t.parts.iter().filter_map(|part| catalogue.datasets.get(&part.resource_id));
    let (zh, en): (Vec<_>, Vec<_>) =
        datasets.map(|d| (d.dataset.name.as_str(), d.dataset.name_en.as_str())).unzip();
    Details {
        item: Some((zh.join("、"), en.join(", "))),
        path: Some(format!("/downloads/{}", t.id)),
        ..Details::default()
    }
}

/// One step of the citizen's own.
async fn step_of(
    app: &App,
    name: &'static str,
    id: TransactionId,
    citizen: &str,
    body: impl Fn(&mut Transaction, mydata_domain::Time) -> Result<(Change<()>, Event), FlowError> + Send + Sync,
    from: IpAddr,
) -> Result<(), FlowError> {
    step(app, name, Which::Id(id), None, |kept, now| {
        if !is_own(kept, citizen) {
            return Err(FlowError::Unknown);
        }
        let (change, event) = body(&mut kept.transaction, now)?;
        Ok(change.event(event.from(Some(from))))
    })
    .await?
    .ok_or(FlowError::Unknown)
}

/// The citizen looks at a dataset of it.
pub async fn previewed(
    app: &App,
    id: TransactionId,
    citizen: &str,
    resource: &ResourceId,
    from: IpAddr,
) -> Result<(), FlowError> {
    let body = |t: &mut Transaction, now| {
        t.previewed(now)?;
        let detail = json!({ "resource_id": resource });
        Ok((Change::telling(()), event(t, now, Actor::Citizen, What::Previewed).with(detail)))
    };
    step_of(app, "download-previewed", id, citizen, body, from).await
}

/// The citizen saves it.
pub async fn saved(app: &App, id: TransactionId, citizen: &str, from: IpAddr) -> Result<(), FlowError> {
    let catalogue = app.catalogue().await?;
    let body = |t: &mut Transaction, now| {
        t.saved(now)?;
        let change = Change::telling(()).telling_citizen(Kind::Saved, details(&catalogue, t));
        Ok((change, event(t, now, Actor::Citizen, What::Saved)))
    };
    step_of(app, "download-saved", id, citizen, body, from).await
}

/// The citizen withdraws it: everything is wiped at once.
pub async fn withdraw(app: &App, id: TransactionId, citizen: &str, from: IpAddr) -> Result<(), FlowError> {
    let catalogue = app.catalogue().await?;
    let body = |t: &mut Transaction, now| {
        let about = Details { path: Some("/record".to_owned()), ..details(&catalogue, t) };
        let wipe = t.withdraw(now)?;
        let change = Change::telling(()).wiping(wipe).telling_citizen(Kind::Withdrawn, about);
        Ok((change, event(t, now, Actor::Citizen, What::Withdrawn)))
    };
    step_of(app, "download-withdraw", id, citizen, body, from).await
}

/// Why there is no new number.
#[derive(Debug, thiserror::Error)]
pub enum NoNumber {
    /// A delegate agreed, and holds it; the citizen may end that first.
    #[error("a delegate holds the number")]
    Delegated,
    /// The step failed.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

impl From<StoreError> for NoNumber {
    fn from(error: StoreError) -> Self {
        Self::Flow(error.into())
    }
}

/// A new number for a download that the citizen holds; the one before is dead. The number is in no event.
///
/// # Errors
/// Why there is none.
pub async fn renew(app: &App, id: TransactionId, citizen: &str, from: IpAddr) -> Result<(), NoNumber> {
    let mut tries = NUMBERS;
    loop {
        match renew_once(app, id, citizen, from).await {
            // Another living one has the same number.
            Err(NoNumber::Flow(FlowError::Store(StoreError::Conflict { .. }))) if tries > 1 => tries -= 1,
            done => return done,
        }
    }
}

async fn renew_once(app: &App, id: TransactionId, citizen: &str, from: IpAddr) -> Result<(), NoNumber> {
    let news = app
        .store
        .db
        .run_tx_as(Isolation::Serializable, "barcode-renew", |tx| async move {
            let (crypter, now) = (&app.store.crypter, app.now());
            let kept = transactions::load_for_update(&tx, crypter, Which::Id(id)).await?;
            let mut kept = kept.filter(|kept| is_own(kept, citizen)).ok_or(FlowError::Unknown)?;
            let delegated = delegations::living_in(&tx, crypter, id).await?;
            if delegated.is_some_and(|one| one.state == delegate::State::Agreed && one.lives(now)) {
                return Err(NoNumber::Delegated);
            }
            let number = BarcodeNumber::generate(&*app.random);
            let t = &mut kept.transaction;
            t.renew_barcode(citizen, number, now, &app.config.policy).map_err(FlowError::from)?;
            let made = event(t, now, Actor::Citizen, What::BarcodeMade).from(Some(from));
            kept.save(&tx, crypter).await?;
            audit::append(&tx, &*app.random, &[made]).await?;
            Ok(News::of(&kept.transaction))
        })
        .await?;
    app.bell.ring(id, news);
    Ok(())
}
