//! What becomes of an item's records in the registry (R15, R44, R53, R94): made with credentials of their own, taken over
//! from what was approved, and always in the state that follows from where the item stands.

use mydata_domain::Zone;
use mydata_domain::counter_service::{CounterService, CounterServiceId};
use mydata_domain::dataset::{Dataset, DatasetState};
use mydata_domain::filing::FilingKind;
use mydata_domain::forms::{CounterServiceForm, DatasetForm, Fields, Form, FormKind, GoLiveForm};
use mydata_domain::item::rule::RegistryChange;
use mydata_domain::item::{Cause, Kind, Stage};
use mydata_domain::registry::{DatasetEntry, Registry, ServiceEntry};
use mydata_domain::service::{Service, ServiceSecrets, ServiceState};
use mydata_domain::time::Time;
use mydata_store::Tx;
use mydata_store::repo::items::Kept;
use mydata_store::repo::{counter_services, filings, registry};
use mydata_wire::random::alphanumeric;
use mydata_wire::{CbcIv, ClientId, ClientSecret, Random, ResourceId, ResourceSecret};

use super::{ActError, certificates, health};
use crate::app::App;

/// Characters of a generated `x-api-key`.
const API_KEY: usize = 32;

/// Lets the records follow a step of the item.
pub(super) async fn follow(
    app: &App,
    tx: &Tx,
    kept: &mut Kept,
    change: RegistryChange,
    now: Time,
) -> Result<(), ActError> {
    match change {
        RegistryChange::Nothing => return Ok(()),
        RegistryChange::OpenTest => {
            let form = approved_form(app, tx, kept).await?;
            write(app, tx, kept, Zone::Test, &form, now).await?;
            poll(app, tx, kept, &form, now).await?;
        }
        RegistryChange::OpenPilot => {
            let go_live = go_live(app, tx, kept).await?;
            let form = on_production(&go_live, approved_form(app, tx, kept).await?);
            write(app, tx, kept, Zone::Production, &form, now).await?;
            set_pilot(app, tx, kept, Some(&go_live), now).await?;
        }
        RegistryChange::Update => {
            let form = content(app, tx, kept, FilingKind::Change).await?;
            write(app, tx, kept, Zone::Production, &form, now).await?;
            poll(app, tx, kept, &form, now).await?;
        }
        RegistryChange::List => set_pilot(app, tx, kept, None, now).await?,
        RegistryChange::Suspend | RegistryChange::Resume | RegistryChange::Delist => {}
    }
    settle(app, tx, kept, now).await
}

/// Polls a dataset as its form has it (R42).
async fn poll(app: &App, tx: &Tx, kept: &Kept, form: &Form, now: Time) -> Result<(), ActError> {
    if let Form::Dataset(form) = form {
        health::applied_for(app, tx, kept.id, form.polled, now).await?;
    }
    Ok(())
}

/// The last approved form of this kind.
async fn content(app: &App, tx: &Tx, kept: &Kept, kind: FilingKind) -> Result<Form, ActError> {
    let missing = || ActError::Broken(format!("item {} has no approved {}", kept.id, kind.as_str()));
    let filing = filings::approved(tx, &app.store.crypter, kept.id, &[kind]).await?.ok_or_else(missing)?;
    Form::from_content(FormKind::of(kind, kept.kind), &filing.content)
        .map_err(|_| ActError::Broken(format!("filing {} cannot be read back", filing.number)))
}

/// What was approved for the test.
async fn approved_form(app: &App, tx: &Tx, kept: &Kept) -> Result<Form, ActError> {
    content(app, tx, kept, FilingKind::NewItem).await
}

async fn go_live(app: &App, tx: &Tx, kept: &Kept) -> Result<GoLiveForm, ActError> {
    match content(app, tx, kept, FilingKind::GoLive).await? {
        Form::GoLive(form) => Ok(form),
        other => Err(ActError::Broken(format!("{other:?} is no go-live form"))),
    }
}

fn on_production(go_live: &GoLiveForm, form: Form) -> Form {
    match form {
        Form::Dataset(form) => Form::Dataset(go_live.apply_to_dataset(&form)),
        Form::Service(form) => Form::Service(go_live.apply_to_service(&form)),
        Form::CounterService(form) => Form::CounterService(go_live.apply_to_counter_service(&form)),
        other => other,
    }
}

/// What holds in production, as it would be typed: to begin a change with.
pub(super) async fn production_fields(app: &App, tx: &Tx, kept: &Kept) -> Result<Fields, ActError> {
    let last = [FilingKind::GoLive, FilingKind::Change];
    let form = match filings::approved(tx, &app.store.crypter, kept.id, &last).await? {
        Some(filing) if filing.kind == FilingKind::Change => {
            return Ok(Fields::from_content(&filing.content));
        }
        Some(_) => on_production(&go_live(app, tx, kept).await?, approved_form(app, tx, kept).await?),
        // It came from a registry file: what the record says.
        None => return record_fields(app, tx, kept).await,
    };
    Ok(Fields::from_content(&form.content()))
}

/// What a record says, under the names of the form's fields. The files of the form are for the owner to add.
async fn record_fields(app: &App, tx: &Tx, kept: &Kept) -> Result<Fields, ActError> {
    const NAMES: [(&str, &str); 9] = [
        ("fields[", "field["),
        ("fields_en[", "field_en["),
        ("allowed_ips[", "ip["),
        ("client_certificates[", "client_certificate["),
        ("dp_ips[", "dp_ip["),
        ("return_urls[", "return_url["),
        ("datasets[", "dataset["),
        ("cases[", "case["),
        ("signer_certificate", "certificate"),
    ];
    let record = match read(app, tx, kept, kept.zone).await? {
        Some(Record::Dataset(entry)) => serde_json::to_value(&entry.dataset),
        Some(Record::Service(entry)) => serde_json::to_value(&entry.service),
        Some(Record::CounterService(service)) => serde_json::to_value(&service),
        None => return Ok(Fields::new()),
    };
    let record = record.map_err(|_| ActError::Broken("a record cannot be written as JSON".to_owned()))?;
    let mut fields = Fields::new();
    for (path, text) in Fields::from_content(&record).iter() {
        let renamed =
            NAMES.iter().find_map(|(from, to)| path.strip_prefix(from).map(|rest| format!("{to}{rest}")));
        let path = renamed.unwrap_or_else(|| path.to_owned());
        let path = match kept.kind {
            Kind::Dataset => path.replacen("ip[", "client_ip[", usize::from(path.starts_with("ip["))),
            _ => path,
        };
        fields.set(path, text);
    }
    fields.set("shown", if kept.shown { "true" } else { "" });
    Ok(fields)
}

/// Writes what a form says into the record of a zone; one that is not there yet gets credentials of its own (R94, R99).
async fn write(
    app: &App,
    tx: &Tx,
    kept: &mut Kept,
    zone: Zone,
    form: &Form,
    now: Time,
) -> Result<(), ActError> {
    let old = read(app, tx, kept, zone).await?;
    let organisation = kept.organisation.clone();
    let (record, name, category) = match (form, old) {
        (Form::Dataset(form), old) => {
            kept.shown = form.shown;
            let entry = dataset_entry(app, form, kept, zone, old)?;
            (Record::Dataset(entry), &form.name, &form.category)
        }
        (Form::Service(form), old) => {
            exist(tx, &form.datasets, zone).await?;
            // No form asks for the roots of the SP-API's certificate: they stay as the operator registered them.
            let (id, secrets, pilot, sp_api_roots) = match old {
                Some(Record::Service(ServiceEntry { service: old, secrets })) => {
                    (old.client_id, secrets, old.pilot, old.sp_api_roots)
                }
                _ => (ClientId::generate(&*app.random), new_secrets(&*app.random), None, None),
            };
            let service = form.to_service(id, zone, organisation, ServiceState::Listed);
            let service = Service { pilot, sp_api_roots, ..service };
            (Record::Service(ServiceEntry { service, secrets }), &form.name, &form.category)
        }
        (Form::CounterService(form), old) => {
            exist(tx, &datasets_of(form), zone).await?;
            let (id, pilot) = match old {
                Some(Record::CounterService(old)) => (old.id, old.pilot),
                _ => (CounterServiceId::generate(&*app.random), None),
            };
            let service = form.to_counter_service(id, zone, organisation, ServiceState::Listed);
            (Record::CounterService(CounterService { pilot, ..service }), &form.name, &form.category)
        }
        (other, _) => return Err(ActError::Broken(format!("{other:?} makes no record"))),
    };
    kept.name.clone_from(name);
    kept.category.clone_from(category);
    let id = record.id();
    match zone {
        Zone::Test => kept.test_record = Some(id),
        Zone::Production => kept.production_record = Some(id),
    }
    put(app, tx, record, now).await
}

fn dataset_entry(
    app: &App,
    form: &DatasetForm,
    kept: &Kept,
    zone: Zone,
    old: Option<Record>,
) -> Result<DatasetEntry, ActError> {
    let (id, resource_secret, earlier, pilot, maintenance) = match old {
        Some(Record::Dataset(old)) => {
            let maintained = old.dataset.maintenance || old.dataset.state == DatasetState::Maintenance;
            (old.dataset.resource_id, old.resource_secret, old.earlier, old.dataset.pilot, maintained)
        }
        _ => (ResourceId::generate(&*app.random), ResourceSecret::generate(&*app.random), None, None, false),
    };
    let dataset = form.to_dataset(id, zone, kept.organisation.clone(), DatasetState::Listed);
    Ok(DatasetEntry { dataset: Dataset { pilot, maintenance, ..dataset }, resource_secret, earlier })
}

fn new_secrets(random: &dyn Random) -> ServiceSecrets {
    ServiceSecrets {
        client_secret: ClientSecret::generate(random),
        cbc_iv: CbcIv::generate(random),
        api_key: Some(new_api_key(random)),
        earlier: None,
    }
}

pub(super) fn new_api_key(random: &dyn Random) -> String {
    alphanumeric(random, API_KEY)
}

fn datasets_of(form: &CounterServiceForm) -> Vec<ResourceId> {
    let mut all: Vec<ResourceId> =
        form.cases.iter().flat_map(|case| case.required.iter().chain(&case.choice)).cloned().collect();
    all.sort();
    all.dedup();
    all
}

/// Every dataset must be registered in the zone.
async fn exist(tx: &Tx, datasets: &[ResourceId], zone: Zone) -> Result<(), ActError> {
    let known = registry::zones_of(tx, datasets).await?;
    match datasets.iter().find(|id| !known.contains(&((*id).clone(), zone))) {
        None => Ok(()),
        Some(id) => Err(ActError::NoDataset(id.to_string())),
    }
}

/// Locks the production record to the insiders of a pilot, or opens it (R15).
async fn set_pilot(
    app: &App,
    tx: &Tx,
    kept: &Kept,
    go_live: Option<&GoLiveForm>,
    now: Time,
) -> Result<(), ActError> {
    let Some(mut record) = read(app, tx, kept, Zone::Production).await? else {
        return Err(ActError::NoRecord);
    };
    let pilot = go_live.map(|form| form.pilot_ips.clone());
    match &mut record {
        Record::Dataset(entry) => entry.dataset.pilot = pilot,
        Record::Service(entry) => entry.service.pilot = pilot,
        Record::CounterService(service) => service.pilot = pilot,
    }
    put(app, tx, record, now).await
}

/// Whether an item is suspended for failing its polls, and for nothing else.
fn only_failing(stage: &Stage) -> bool {
    matches!(stage, Stage::Suspended(suspended) if suspended.causes.iter().all(|one| one.cause == Cause::Failing))
}

/// Gives both records the state that follows from where the item stands.
pub(super) async fn settle(app: &App, tx: &Tx, kept: &mut Kept, now: Time) -> Result<(), ActError> {
    let counts = counts(kept);
    for zone in [Zone::Test, Zone::Production] {
        let Some(mut record) = read(app, tx, kept, zone).await? else { continue };
        let service_state = match &kept.stage {
            Stage::Suspended(_) => ServiceState::Suspended,
            Stage::Delisted(_) => ServiceState::Delisted,
            _ => ServiceState::Listed,
        };
        let dataset_state = match service_state {
            // Its polls fail and nothing else is the matter: an entry is told to come back (PROTOCOL.md §2, check 11).
            ServiceState::Suspended if only_failing(&kept.stage) => DatasetState::Failing,
            ServiceState::Suspended => DatasetState::Suspended,
            ServiceState::Delisted => DatasetState::Delisted,
            ServiceState::Listed if kept.shown => DatasetState::Listed,
            ServiceState::Listed => DatasetState::Hidden,
        };
        // A production record of an earlier life stays delisted until the next one has got there.
        let ahead = zone == Zone::Production && !reaches_production(&kept.stage);
        match &mut record {
            Record::Dataset(entry) if ahead => entry.dataset.settle(DatasetState::Delisted),
            Record::Dataset(entry) => entry.dataset.settle(dataset_state),
            Record::Service(entry) if ahead => entry.service.state = ServiceState::Delisted,
            Record::Service(entry) => entry.service.state = service_state,
            Record::CounterService(service) if ahead => service.state = ServiceState::Delisted,
            Record::CounterService(service) => service.state = service_state,
        }
        if let Record::Dataset(entry) = &record
            && zone == counts
        {
            certificates::watch(kept, &entry.dataset);
        }
        put(app, tx, record, now).await?;
    }
    Ok(())
}

/// The zone whose record counts now.
pub(super) fn counts(kept: &Kept) -> Zone {
    match &kept.production_record {
        Some(_) if reaches_production(&kept.stage) => Zone::Production,
        _ => Zone::Test,
    }
}

/// Whether an item that stands here has a production record that counts.
fn reaches_production(stage: &Stage) -> bool {
    use mydata_domain::item::Running;
    match stage {
        Stage::Delisted(_) => true,
        _ => matches!(
            stage.running(),
            Some(
                Running::Piloting(_)
                    | Running::ReportReview(_)
                    | Running::AwaitingListing(_)
                    | Running::Listed(_)
                    | Running::ChangeOperatorReview(_)
                    | Running::ChangeMinistryReview(_)
            )
        ),
    }
}

/// A record of the registry, with its secrets. No `Debug`.
pub(super) enum Record {
    /// A dataset's.
    Dataset(DatasetEntry),
    /// A service's.
    Service(ServiceEntry),
    /// A counter service's.
    CounterService(CounterService),
}

impl Record {
    /// Its identifier.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Dataset(entry) => entry.dataset.resource_id.to_string(),
            Self::Service(entry) => entry.service.client_id.to_string(),
            Self::CounterService(service) => service.id.to_string(),
        }
    }
}

/// The item's record of a zone, locked until the end.
pub(super) async fn read(app: &App, tx: &Tx, kept: &Kept, zone: Zone) -> Result<Option<Record>, ActError> {
    let id = match zone {
        Zone::Test => &kept.test_record,
        Zone::Production => &kept.production_record,
    };
    match id {
        Some(id) => read_id(app, tx, kept.kind, id).await,
        None => Ok(None),
    }
}

/// A record by its identifier, locked until the end.
pub(super) async fn read_id(app: &App, tx: &Tx, kind: Kind, id: &str) -> Result<Option<Record>, ActError> {
    let crypter = &app.store.crypter;
    let bad = |_| ActError::Broken(format!("{id} names no record"));
    Ok(match kind {
        Kind::Dataset => {
            registry::dataset(tx, crypter, &id.parse().map_err(bad)?).await?.map(Record::Dataset)
        }
        Kind::Service => {
            registry::service(tx, crypter, &id.parse().map_err(bad)?).await?.map(Record::Service)
        }
        Kind::CounterService => {
            counter_services::load_in(tx, id.parse().map_err(bad)?).await?.map(Record::CounterService)
        }
    })
}

/// Writes a record, if it differs from what is there.
pub(super) async fn put(app: &App, tx: &Tx, record: Record, now: Time) -> Result<(), ActError> {
    let mut document = Registry::default();
    match record {
        Record::Dataset(entry) => document.datasets.push(entry),
        Record::Service(entry) => document.services.push(entry),
        Record::CounterService(service) => document.counter_services.push(service),
    }
    registry::write(tx, &app.store.crypter, &document, now).await?;
    Ok(())
}
