//! Credentials (R44, R99, R100): shown to their owner, on record each time; replaced with an overlap in which both work.

use mydata_domain::audit::What;
use mydata_domain::credentials::Earlier;
use mydata_domain::item::{ItemId, Kind};
use mydata_domain::service::ServiceKeys;
use mydata_domain::{Time, Zone};
use mydata_store::Tx;
use mydata_store::jobs::{self, Leased};
use mydata_store::repo::items::Kept;
use mydata_wire::{CbcIv, ClientId, ClientSecret, ResourceId, ResourceSecret};
use serde_json::json;

use super::records::{self, Record};
use super::{ActError, By, Doer, in_tx};
use crate::app::App;
use crate::jobs::Job;

/// An item's credentials in a zone. Secret: no `Debug`, never kept, shown on one page.
pub enum Credentials {
    /// A dataset's.
    Dataset {
        /// `resource_id`
        id: ResourceId,
        /// `resource_secret`
        secret: ResourceSecret,
        /// Until when the one before works.
        earlier_until: Option<Time>,
    },
    /// A service's.
    Service {
        /// `client_id`
        id: ClientId,
        /// `client_secret`
        secret: ClientSecret,
        /// The CBC IV. It stays when the others are replaced.
        cbc_iv: CbcIv,
        /// What the platform sends as `x-api-key`.
        api_key: Option<String>,
        /// Until when those before work.
        earlier_until: Option<Time>,
    },
}

/// When those before end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// After the time that the settings give.
    Usual,
    /// Now: somebody else knows them.
    None,
}

/// Shows them. The route asks for a fresh proof; the record says who saw them.
///
/// # Errors
/// [`ActError::NoRecord`]; [`ActError::NotOfThisKind`] for counter services, which have none.
pub async fn show(app: &App, by: &By, item: ItemId, zone: Zone) -> Result<Credentials, ActError> {
    in_tx(app, "credentials-show", |tx| async move {
        let (doer, kept, record) = own(app, &tx, by, item, zone).await?;
        let shown = view(&record, doer.now)?;
        let detail = json!({ "item": kept.id, "zone": zone, "record": record.id() });
        doer.record(app, &tx, What::CredentialsShown, detail).await?;
        Ok(shown)
    })
    .await
}

/// Replaces them, and shows the new ones. During the overlap both work: `pid` is read with either, introspection takes
/// either, and where an SP-API refuses the new `x-api-key` it is called with the one before. Replaced again meanwhile, the
/// first end at once: two are enough.
///
/// # Errors
/// As [`show`].
pub async fn rotate(
    app: &App,
    by: &By,
    item: ItemId,
    zone: Zone,
    overlap: Overlap,
) -> Result<Credentials, ActError> {
    in_tx(app, "credentials-rotate", |tx| async move {
        let (doer, kept, mut record) = own(app, &tx, by, item, zone).await?;
        let (now, random) = (doer.now, &*app.random);
        let until = match overlap {
            Overlap::Usual => now.plus(app.config.policy.credential_overlap.0),
            Overlap::None => now,
        };
        match &mut record {
            Record::Dataset(entry) => {
                let secret = std::mem::replace(&mut entry.resource_secret, ResourceSecret::generate(random));
                entry.earlier = (until > now).then_some(Earlier { secret, until });
            }
            Record::Service(entry) => {
                let secrets = &mut entry.secrets;
                let client_secret =
                    std::mem::replace(&mut secrets.client_secret, ClientSecret::generate(random));
                let new_key = secrets.api_key.as_ref().map(|_| records::new_api_key(random));
                let api_key = std::mem::replace(&mut secrets.api_key, new_key);
                let secret = ServiceKeys { client_secret, api_key };
                secrets.earlier = (until > now).then_some(Earlier { secret, until });
            }
            Record::CounterService(_) => return Err(ActError::NotOfThisKind),
        }
        let (shown, id) = (view(&record, now)?, record.id());
        let detail = json!({ "item": kept.id, "zone": zone, "record": id, "earlier_until": until });
        records::put(app, &tx, record, now).await?;
        doer.record(app, &tx, What::CredentialsRotated, detail).await?;
        if until > now {
            Job::CredentialsEnd { record: id }.enqueue(&tx, until, now).await?;
        }
        Ok(shown)
    })
    .await
}

/// Ends the overlap at once.
///
/// # Errors
/// As [`show`].
pub async fn end_overlap(app: &App, by: &By, item: ItemId, zone: Zone) -> Result<(), ActError> {
    in_tx(app, "credentials-end", |tx| async move {
        let (doer, _, mut record) = own(app, &tx, by, item, zone).await?;
        let id = record.id();
        if forget(&mut record) {
            records::put(app, &tx, record, doer.now).await?;
            doer.record(app, &tx, What::CredentialsLapsed, json!({ "record": id })).await?;
        }
        Ok(())
    })
    .await
}

/// Works on the job at the end of an overlap: takes the earlier secrets out. They have stopped working by themselves.
pub(super) async fn end(app: &App, record: &str, leased: &Leased) -> Result<(), ActError> {
    in_tx(app, "credentials-lapse", |tx| async move {
        let doer = Doer::of(app, &tx, &By::Clock).await?;
        let kind = if record.starts_with("API.") { Kind::Dataset } else { Kind::Service };
        if let Some(mut found) = records::read_id(app, &tx, kind, record).await? {
            match earlier_until(&found) {
                // Replaced again meanwhile: the job goes on with the later end.
                Some(until) if until > doer.now => {
                    let again = Job::CredentialsEnd { record: record.to_owned() };
                    again.enqueue(&tx, until, doer.now).await?;
                }
                Some(_) => {
                    forget(&mut found);
                    records::put(app, &tx, found, doer.now).await?;
                    doer.record(app, &tx, What::CredentialsLapsed, json!({ "record": record })).await?;
                }
                None => {}
            }
        }
        Ok(jobs::complete(&tx, leased).await?)
    })
    .await
}

/// The record of an item that whoever acts owns. Nobody of the operating side sees secrets.
async fn own(
    app: &App,
    tx: &Tx,
    by: &By,
    item: ItemId,
    zone: Zone,
) -> Result<(Doer, Kept, Record), ActError> {
    let doer = Doer::of(app, tx, by).await?;
    let kept = doer.item(tx, item).await?;
    doer.owns(&kept)?;
    let record = records::read(app, tx, &kept, zone).await?.ok_or(ActError::NoRecord)?;
    Ok((doer, kept, record))
}

fn view(record: &Record, now: Time) -> Result<Credentials, ActError> {
    let earlier_until = earlier_until(record).filter(|until| now < *until);
    match record {
        Record::Dataset(entry) => Ok(Credentials::Dataset {
            id: entry.dataset.resource_id.clone(),
            secret: entry.resource_secret.clone(),
            earlier_until,
        }),
        Record::Service(entry) => Ok(Credentials::Service {
            id: entry.service.client_id.clone(),
            secret: entry.secrets.client_secret.clone(),
            cbc_iv: entry.secrets.cbc_iv.clone(),
            api_key: entry.secrets.api_key.clone(),
            earlier_until,
        }),
        Record::CounterService(_) => Err(ActError::NotOfThisKind),
    }
}

fn earlier_until(record: &Record) -> Option<Time> {
    match record {
        Record::Dataset(entry) => entry.earlier.as_ref().map(|e| e.until),
        Record::Service(entry) => entry.secrets.earlier.as_ref().map(|e| e.until),
        Record::CounterService(_) => None,
    }
}

/// Takes the earlier secrets out; tells whether there were some.
fn forget(record: &mut Record) -> bool {
    match record {
        Record::Dataset(entry) => entry.earlier.take().is_some(),
        Record::Service(entry) => entry.secrets.earlier.take().is_some(),
        Record::CounterService(_) => false,
    }
}
