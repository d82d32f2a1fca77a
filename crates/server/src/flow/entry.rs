//! Entry, step 1 of the flow: an SP sends a citizen (PROTOCOL.md §2; R98–R108).

use std::net::IpAddr;

use mydata_domain::audit::{Actor, Event, What};
use mydata_domain::dataset::DatasetState;
use mydata_domain::entry::{Accepted, Refused, Seen, judge};
use mydata_domain::front_test::FrontTestId;
use mydata_domain::maintenance::{self, Occurrence};
use mydata_domain::service::ServiceWithSecrets;
use mydata_domain::transaction::{State, TransactionId};
use mydata_domain::{Dataset, Organisation, Service, Transaction, Zone};
use mydata_store::StoreError;
use mydata_store::repo::audit;
use mydata_store::repo::front_tests::{self, FrontTest};
use mydata_store::repo::registry::Catalogue;
use mydata_store::repo::transactions::{self, Which};
use mydata_wire::b64;
use mydata_wire::entry::{RawEntry, decode_resources};
use mydata_wire::secret::is_same;
use mydata_wire::{ClientId, TxId};
use serde_json::json;

use super::{Change, FlowError, event, look, step};
use crate::app::App;
use crate::backoffice::front_test::nobody;
use crate::jobs::Job;

/// What became of an entry.
#[derive(Debug)]
pub enum Entry {
    /// The platform is in maintenance until then; nothing was looked at.
    Maintenance(Occurrence),
    /// No such service: there is nowhere to send the browser back to.
    UnknownService,
    /// The service, or a dataset that it asks for, is in its pilot, and the citizen is none of the insiders (R15).
    Pilot(Box<Insiders>),
    /// It belongs to a front test that is over.
    TestOver,
    /// The browser goes back with a code.
    Refused(Box<Refused>),
    /// The exchange begins, or goes on in the same browser.
    Open {
        /// Its identifier.
        id: TransactionId,
        /// A new secret for the browser's cookie; `None` when the browser holds the right one.
        browser: Option<String>,
    },
}

/// Whose pilot it is, for the page that says so.
#[derive(Debug, Clone)]
pub struct Insiders {
    /// The organisation behind the service, where it is known.
    pub organisation: Option<Organisation>,
    /// The service's name.
    pub service: String,
    /// The same in English.
    pub service_en: String,
}

/// A new secret that ties a transaction to one browser.
pub fn browser_secret(app: &App) -> String {
    let mut bytes = [0u8; 32];
    app.random.fill(&mut bytes);
    b64::url_safe(&bytes)
}

/// How the secret is kept.
pub fn browser_index(app: &App, secret: &str) -> String {
    app.store.crypter.index("browser", secret)
}

/// Judges an entry and opens the exchange. `cookie` gives the browser's secret for a transaction, if it sent one.
pub async fn enter(
    app: &App,
    raw: &RawEntry,
    from: IpAddr,
    cookie: &(dyn Fn(TransactionId) -> Option<String> + Sync),
) -> Result<Entry, FlowError> {
    if let Some(occurrence) = app.maintenance().await? {
        return Ok(Entry::Maintenance(occurrence));
    }
    let catalogue = app.catalogue().await?;
    let service = raw.client_id.parse::<ClientId>().ok().and_then(|id| catalogue.services.get(&id));
    let Some(service) = service else { return Ok(Entry::UnknownService) };
    let test = front_test(app, raw, service).await?;
    let asking;
    let service = match &test {
        Some(test) if !test.goes_on(app.now()) => return Ok(Entry::TestOver),
        Some(test) if nobody::is(&service.service.client_id) => {
            asking = nobody::asking(app, service, test);
            &asking
        }
        None if nobody::is(&service.service.client_id) => return Ok(Entry::UnknownService),
        _ => service,
    };
    let client_id = &service.service.client_id;
    if !service.service.lets_in(from) {
        return keep_out(app, &catalogue, &service.service, from).await;
    }
    let tx_id: Option<TxId> = raw.tx_id.parse().ok();
    let asked = decode_resources(&raw.resources).unwrap_or_default();
    let system = app.system().await?;
    let datasets: Vec<Dataset> = asked
        .iter()
        .filter_map(|id| catalogue.datasets.get(id))
        .map(|d| {
            let mut dataset = d.dataset.clone();
            // A dataset in its window is one in maintenance (check 11).
            if dataset.state == DatasetState::Listed
                && maintenance::of_dataset(&system.windows, &dataset.resource_id, app.now()).is_some()
            {
                dataset.state = DatasetState::Maintenance;
            }
            dataset
        })
        .collect();
    let datasets: Vec<&Dataset> = datasets.iter().collect();

    // A second try: between the look and the insert the same entry may have come from another window.
    for _ in 0..2 {
        let seen = match tx_id {
            None => Seen::Never,
            Some(tx_id) => transactions::seen(&app.store.db, client_id, tx_id).await?,
        };
        let accepted = match judge(raw, service, seen, &datasets, app.now()) {
            Ok(accepted) => accepted,
            Err(refused) => {
                record_refusal(app, client_id, &refused, from).await?;
                return Ok(Entry::Refused(refused));
            }
        };
        if datasets.iter().any(|d| !d.lets_in(from)) {
            return keep_out(app, &catalogue, &service.service, from).await;
        }
        let opened = match seen {
            Seen::Unconfirmed => resume(app, accepted, from, cookie).await,
            _ => begin(app, accepted, from, test.as_ref().map(|test| test.id)).await,
        };
        match opened {
            Err(FlowError::Store(StoreError::Conflict { .. }) | FlowError::Stage(_)) => {}
            other => return other,
        }
    }
    Err(FlowError::Broken("an entry met itself twice".to_owned()))
}

/// The front test that an entry belongs to. There are none but in the test zone.
async fn front_test(
    app: &App,
    raw: &RawEntry,
    service: &ServiceWithSecrets,
) -> Result<Option<FrontTest>, FlowError> {
    match raw.tx_id.parse() {
        Ok(tx_id) if service.service.zone == Zone::Test => {
            Ok(front_tests::of_entry(&app.store.db, &service.service.client_id, tx_id).await?)
        }
        _ => Ok(None),
    }
}

async fn record_refusal(
    app: &App,
    client_id: &ClientId,
    refused: &Refused,
    from: IpAddr,
) -> Result<(), FlowError> {
    let code = refused.fault.code().number();
    tracing::info!(%client_id, code, fault = %refused.fault, "an entry was refused");
    let detail = json!({ "client_id": client_id, "code": code, "fault": refused.fault.to_string() });
    record(app, from, detail).await
}

/// Writes a refused entry down.
async fn record(app: &App, from: IpAddr, detail: serde_json::Value) -> Result<(), FlowError> {
    let event = Event::new(app.now(), Actor::Sp, What::EntryRefused).from(Some(from)).with(detail);
    app.store
        .db
        .run_tx("entry-refused", |tx| {
            let event = event.clone();
            async move { audit::append(&tx, &*app.random, &[event]).await }
        })
        .await?;
    Ok(())
}

/// Tells whoever is no insider that a pilot goes on. The browser stays here: what the SP would make of a code is not
/// tried yet either.
async fn keep_out(
    app: &App,
    catalogue: &Catalogue,
    service: &Service,
    from: IpAddr,
) -> Result<Entry, FlowError> {
    let client_id = &service.client_id;
    tracing::info!(%client_id, "an entry to a pilot came from an address that is not registered");
    record(app, from, json!({ "client_id": client_id, "fault": "pilot: the address is not registered" }))
        .await?;
    Ok(Entry::Pilot(Box::new(insiders(catalogue, service))))
}

fn insiders(catalogue: &Catalogue, service: &Service) -> Insiders {
    Insiders {
        organisation: catalogue.organisation(service.organisation.as_str()).cloned(),
        service: service.name.clone(),
        service_en: service.name_en.clone(),
    }
}

/// Whose pilot it is that this address may not take part in (R15): asked at every page of an exchange, for the address may
/// be another than at the entry, and the pilot may have begun since. One that is over goes on to tell how it ended.
pub fn kept_out(catalogue: &Catalogue, transaction: &Transaction, from: IpAddr) -> Option<Box<Insiders>> {
    if matches!(transaction.state, State::Ended(_)) {
        return None;
    }
    let service = &catalogue.services.get(transaction.client_id()?)?.service;
    let datasets = transaction.parts.iter().filter_map(|part| catalogue.datasets.get(&part.resource_id));
    let open = service.lets_in(from) && datasets.map(|d| &d.dataset).all(|dataset| dataset.lets_in(from));
    (!open).then(|| Box::new(insiders(catalogue, service)))
}

async fn begin(
    app: &App,
    accepted: Accepted,
    from: IpAddr,
    test: Option<FrontTestId>,
) -> Result<Entry, FlowError> {
    let now = app.now();
    let secret = browser_secret(app);
    let browser = browser_index(app, &secret);
    let client_id = accepted.client_id.clone();
    let transaction = Transaction::enter(accepted, now, &app.config.policy, &*app.random);
    let (transaction, browser) = (&transaction, &browser);
    let entered = event(transaction, now, Actor::Citizen, What::Entered)
        .from(Some(from))
        .with(json!({ "client_id": client_id }));
    let entered = &[entered];
    app.store
        .db
        .run_tx("enter", |tx| async move {
            transactions::insert(&tx, &app.store.crypter, transaction, browser).await?;
            if let Some(test) = test {
                front_tests::entered(&tx, test, transaction.id).await?;
            }
            audit::append(&tx, &*app.random, entered).await?;
            Job::Abandon { transaction: transaction.id }.enqueue(&tx, transaction.idle_until, now).await
        })
        .await?;
    tracing::info!(transaction = %transaction.id, %client_id, "a citizen entered");
    Ok(Entry::Open { id: transaction.id, browser: Some(secret) })
}

/// Opened again before it was confirmed. In the same browser and with the same request it simply goes on; otherwise it
/// starts over, so that nobody inherits what another browser had collected.
async fn resume(
    app: &App,
    accepted: Accepted,
    from: IpAddr,
    cookie: &(dyn Fn(TransactionId) -> Option<String> + Sync),
) -> Result<Entry, FlowError> {
    let which = Which::TxId(&accepted.client_id, accepted.tx_id);
    let Some(kept) = look(app, which).await? else {
        return Err(FlowError::Broken("an entry that was seen is gone".to_owned()));
    };
    let t = &kept.transaction;
    let same_browser = cookie(t.id).is_some_and(|secret| is_same(&kept.browser, browser_index(app, &secret)));
    let same_request = t.errand().is_some_and(|e| e.pid == accepted.pid && e.target == accepted.target)
        && t.parts.iter().map(|p| &p.resource_id).eq(accepted.resources.iter());
    if same_browser && same_request && t.idle_until > app.now() {
        return Ok(Entry::Open { id: t.id, browser: None });
    }
    let secret = browser_secret(app);
    let browser = browser_index(app, &secret);
    let id = step(app, "reopen", which, None, |kept, now| {
        let t = &mut kept.transaction;
        if !matches!(t.state, State::Entered | State::Authorised(_)) {
            return Err(mydata_domain::transaction::steps::WrongStage {
                stage: t.state.name(),
                needs: "entered",
            }
            .into());
        }
        let wipe = t.reopen(accepted.clone(), now, &app.config.policy, &*app.random)?;
        kept.browser.clone_from(&browser);
        let t = &kept.transaction;
        let mut change = Change::telling(t.id)
            .wiping(wipe)
            .event(event(t, now, Actor::Citizen, What::Reopened).from(Some(from)))
            .job(Job::Abandon { transaction: t.id }, t.idle_until);
        change.end_logins = true;
        Ok(change)
    })
    .await?
    .ok_or(FlowError::Unknown)?;
    Ok(Entry::Open { id, browser: Some(secret) })
}
