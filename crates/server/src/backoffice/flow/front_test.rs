//! A front test is begun and ended (R48). Beginning it gives the link that a citizen would come with; ending it deletes the exchange,
//! and what it had collected, and keeps how far it came.

use mydata_domain::audit::What;
use mydata_domain::entry::{self, Seen};
use mydata_domain::front_test::{self, FrontTestId, LASTS, Step};
use mydata_domain::item::ItemId;
use mydata_domain::service::ServiceWithSecrets;
use mydata_domain::transaction::part::PartState;
use mydata_domain::transaction::{State, Transaction};
use mydata_domain::{Dataset, Zone};
use mydata_store::jobs::{self, Leased};
use mydata_store::repo::front_tests::{self, FrontTest};
use mydata_store::repo::transactions::{self, Which};
use mydata_store::{StoreError, Tx};
use mydata_wire::TxId;
use mydata_wire::entry::{EntryLink, RawEntry};
use mydata_wire::pid::Pid;
use serde_json::json;
use url::Url;

use super::records::{self, Record};
use super::{ActError, By, Doer, in_tx};
use crate::app::App;
use crate::backoffice::front_test::nobody;
use crate::jobs::Job;

/// Begins a test of the item's record of the test zone: by its owner or the operating team. A test of the same item that the same
/// account has not ended ends now. `tx_id` is the transaction that the service itself has opened for it: many accept notifications
/// of their own transactions only. Gives the way into the citizen's pages.
///
/// # Errors
/// [`ActError::NoRecord`], [`ActError::NotOfThisKind`]; [`ActError::NoEntry`]: a citizen could not enter either.
pub async fn begin(app: &App, by: &By, item: ItemId, tx_id: Option<TxId>) -> Result<String, ActError> {
    let catalogue = &app.catalogue().await?;
    let (path, blobs) = in_tx(app, "front-test-begin", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        let kept = doer.item(&tx, item).await?;
        doer.owns_or_operates(&kept)?;
        let record = records::read(app, &tx, &kept, Zone::Test).await?.ok_or(ActError::NoRecord)?;
        let known = |id| catalogue.datasets.get(id).map(|d| d.dataset.clone());
        let (service, resources, datasets): (Option<ServiceWithSecrets>, _, Vec<Dataset>) = match record {
            Record::Dataset(entry) => (None, vec![entry.dataset.resource_id.clone()], vec![entry.dataset]),
            Record::Service(entry) => {
                let resources = entry.service.datasets.clone();
                let datasets = resources.iter().filter_map(known).collect();
                let service = ServiceWithSecrets { service: entry.service, secrets: entry.secrets };
                (Some(service), resources, datasets)
            }
            Record::CounterService(_) => return Err(ActError::NotOfThisKind),
        };
        let mut test = FrontTest {
            id: FrontTestId::generate(&*app.random),
            item,
            account: doer.account()?.id,
            client_id: nobody::client_id(),
            tx_id: tx_id.unwrap_or_else(|| TxId::generate(&*app.random)),
            resources,
            transaction: None,
            began_at: doer.now,
            ends_at: doer.now.plus(LASTS),
            ended_at: None,
            steps: Vec::new(),
        };
        let service = match service {
            Some(service) => service,
            None => {
                let known = catalogue.services.get(&nobody::client_id());
                nobody::asking(app, known.ok_or(ActError::NoRecord)?, &test)
            }
        };
        test.client_id = service.service.client_id.clone();
        let path = link(app, &service, &test)?;
        let (before, query) = path.split_once('?').unwrap_or((&path, ""));
        let raw = RawEntry::split(before.trim_start_matches("/service/"), Some(query));
        let datasets: Vec<&Dataset> = datasets.iter().collect();
        let db = &app.store.db;
        let seen = match front_tests::of_entry(db, &test.client_id, test.tx_id).await? {
            Some(_) => Seen::Used,
            None => transactions::seen(db, &test.client_id, test.tx_id).await?,
        };
        // What a citizen has begun is no test.
        let seen = if seen == Seen::Never { seen } else { Seen::Used };
        if let Err(refused) = entry::judge(&raw, &service, seen, &datasets, doer.now) {
            return Err(ActError::NoEntry(refused.fault));
        }
        let mut blobs = Vec::new();
        for earlier in front_tests::going_on(&tx, item, test.account).await? {
            blobs.extend(finish(app, &tx, &doer, &earlier).await?);
        }
        front_tests::begin(&tx, &test).await?;
        Job::FrontTestEnd { test: test.id }.enqueue(&tx, test.ends_at, doer.now).await?;
        doer.record(app, &tx, What::FrontTestBegun, json!({ "item": item, "test": test.id })).await?;
        Ok((path, blobs))
    })
    .await?;
    crate::flow::forget::wipe(app, &blobs).await;
    Ok(path)
}

/// The service's entry link, as the service itself would build it; path and query.
fn link(app: &App, service: &ServiceWithSecrets, test: &FrontTest) -> Result<String, ActError> {
    let first = service.service.return_urls.first().map(ToString::to_string);
    let return_url = first.ok_or_else(|| ActError::Broken("a service without a return URL".to_owned()))?;
    let link = EntryLink {
        base: &app.base_url,
        client_id: &service.service.client_id,
        client_secret: &service.secrets.client_secret,
        cbc_iv: &service.secrets.cbc_iv,
        resources: &test.resources,
        tx_id: test.tx_id,
        return_url: &return_url,
        pid: &Pid::NotChecked,
    };
    let url =
        Url::parse(&link.to_url()).map_err(|_| ActError::Broken("the entry link is no URL".to_owned()))?;
    Ok(url[url::Position::BeforePath..url::Position::AfterQuery].to_owned())
}

/// Ends a test: by its item's owner or the operating team. One that is over stays as it ended.
///
/// # Errors
/// [`ActError::Gone`]: there is no such test of this item.
pub async fn end(app: &App, by: &By, item: ItemId, test: FrontTestId) -> Result<(), ActError> {
    let blobs = in_tx(app, "front-test-end", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        let kept = doer.item(&tx, item).await?;
        doer.owns_or_operates(&kept)?;
        let test = front_tests::load_for_update(&tx, test).await?;
        let test = test.filter(|test| test.item == item).ok_or(ActError::Gone)?;
        Ok(finish(app, &tx, &doer, &test).await?)
    })
    .await?;
    crate::flow::forget::wipe(app, &blobs).await;
    Ok(())
}

/// The time of a test is over.
pub(super) async fn run(app: &App, test: FrontTestId, leased: &Leased) -> Result<(), ActError> {
    let blobs = in_tx(app, "front-test-over", |tx| async move {
        let doer = Doer::of(app, &tx, &By::Clock).await?;
        let blobs = match front_tests::load_for_update(&tx, test).await? {
            Some(test) => finish(app, &tx, &doer, &test).await?,
            None => Vec::new(),
        };
        jobs::complete(&tx, leased).await?;
        Ok(blobs)
    })
    .await?;
    crate::flow::forget::wipe(app, &blobs).await;
    Ok(())
}

/// How far a test is, with its exchange where there is one.
pub fn steps(test: &FrontTest, exchange: Option<&Transaction>) -> Vec<Step> {
    if test.ended_at.is_some() {
        return test.steps.clone();
    }
    front_test::steps(exchange, &test.resources, !nobody::is(&test.client_id))
}

/// Ends a test inside a step; gives the blobs to delete once that is kept.
async fn finish(app: &App, tx: &Tx, doer: &Doer, test: &FrontTest) -> Result<Vec<String>, StoreError> {
    if test.ended_at.is_some() {
        return Ok(Vec::new());
    }
    let exchange = match test.transaction {
        Some(id) => transactions::load_for_update(tx, &app.store.crypter, Which::Id(id)).await?,
        None => None,
    };
    let exchange = exchange.filter(|kept| kept.front_test).map(|kept| kept.transaction);
    let steps = front_test::ended(steps(test, exchange.as_ref()), test.ends_at, doer.now);
    front_tests::end(tx, test.id, &steps, doer.now).await?;
    let mut blobs = Vec::new();
    if let Some(t) = &exchange {
        front_tests::delete_exchange(tx, t.id).await?;
        blobs.extend(t.parts.iter().filter_map(|part| match &part.state {
            PartState::Ready { blob, .. } => blob.clone(),
            _ => None,
        }));
        if let State::Sealed(sealed) = &t.state {
            blobs.push(sealed.token.blob.clone());
        }
    }
    let detail = json!({ "item": test.item, "test": test.id, "whole": front_test::is_whole(&steps) });
    doer.record(app, tx, What::FrontTestEnded, detail).await?;
    Ok(blobs)
}
