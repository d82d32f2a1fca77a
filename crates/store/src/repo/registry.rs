//! Organisations, datasets, services and counter services.

use std::collections::HashMap;

use mydata_domain::category::Area;
use mydata_domain::counter_service::{CounterService, CounterServiceId};
use mydata_domain::credentials::Earlier;
use mydata_domain::dataset::{Dataset, DatasetState, DatasetWithSecret};
use mydata_domain::item::stage::{Delisted, Ending, Listed};
use mydata_domain::item::{Cause, Kind, Running, Stage};
use mydata_domain::organisation::{Organisation, OrganisationId};
use mydata_domain::registry::{DatasetEntry, Registry, ServiceEntry};
use mydata_domain::service::{Service, ServiceKeys, ServiceSecrets, ServiceState, ServiceWithSecrets};
use mydata_domain::{Time, Zone};
use mydata_wire::{ClientId, ResourceId, SystemRandom};
use serde::{Deserialize, Serialize};

use super::list::searchable;
use super::{categories, counter_services, items, unreadable};
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Arg, Db, Row, Tx, placeholders};
use crate::error::Result;

/// What an applied registry changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// New items, such as `service CLI.…`.
    pub added: Vec<String>,
    /// Changed ones.
    pub changed: Vec<String>,
    /// How many were as declared already.
    pub unchanged: usize,
}

/// How a service's secrets are kept inside their sealed column.
#[derive(Serialize, Deserialize)]
struct KeptSecrets {
    client_secret: String,
    cbc_iv: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    earlier: Option<KeptKeys>,
}

/// Those before.
#[derive(Serialize, Deserialize)]
struct KeptKeys {
    client_secret: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
    until: Time,
}

/// How a dataset's secrets are kept inside their sealed column while there are two. One alone is kept as its text.
#[derive(Serialize, Deserialize)]
struct KeptPair {
    secret: String,
    earlier: String,
    until: Time,
}

fn read_secrets(crypter: &Crypter, client_id: &str, sealed: &[u8]) -> Result<ServiceSecrets> {
    let bad = || unreadable("services", "secrets");
    let plain = crypter.open("services", client_id, "secrets", sealed)?;
    let kept: KeptSecrets = serde_json::from_slice(&plain).map_err(|_| bad())?;
    Ok(ServiceSecrets {
        client_secret: kept.client_secret.parse().map_err(|_| bad())?,
        cbc_iv: kept.cbc_iv.parse().map_err(|_| bad())?,
        api_key: kept.api_key,
        earlier: match kept.earlier {
            None => None,
            Some(keys) => {
                let client_secret = keys.client_secret.parse().map_err(|_| bad())?;
                let secret = ServiceKeys { client_secret, api_key: keys.api_key };
                Some(Earlier { secret, until: keys.until })
            }
        },
    })
}

fn secrets_text(secrets: &ServiceSecrets) -> zeroize::Zeroizing<String> {
    zeroize::Zeroizing::new(json(&KeptSecrets {
        client_secret: secrets.client_secret.expose().to_owned(),
        cbc_iv: secrets.cbc_iv.expose().to_owned(),
        api_key: secrets.api_key.clone(),
        earlier: secrets.earlier.as_ref().map(|earlier| KeptKeys {
            client_secret: earlier.secret.client_secret.expose().to_owned(),
            api_key: earlier.secret.api_key.clone(),
            until: earlier.until,
        }),
    }))
}

fn secret_text(entry: &DatasetEntry) -> zeroize::Zeroizing<String> {
    let secret = entry.resource_secret.expose().to_owned();
    zeroize::Zeroizing::new(match &entry.earlier {
        None => secret,
        Some(earlier) => {
            json(&KeptPair { secret, earlier: earlier.secret.expose().to_owned(), until: earlier.until })
        }
    })
}

fn read_service(crypter: &Crypter, row: &Row) -> Result<ServiceWithSecrets> {
    let service: Service =
        serde_json::from_str(&row.get_text("body")?).map_err(|_| unreadable("services", "body"))?;
    let secrets = read_secrets(crypter, service.client_id.as_str(), &row.get_blob("secrets")?)?;
    Ok(ServiceWithSecrets { service, secrets })
}

fn read_dataset(crypter: &Crypter, row: &Row) -> Result<DatasetWithSecret> {
    let bad = |column| unreadable("datasets", column);
    let dataset: Dataset = serde_json::from_str(&row.get_text("body")?).map_err(|_| bad("body"))?;
    let plain = crypter.open("datasets", dataset.resource_id.as_str(), "secret", &row.get_blob("secret")?)?;
    let parse = |text: &str| text.parse().map_err(|_| bad("secret"));
    if plain.first() == Some(&b'{') {
        let pair: KeptPair = serde_json::from_slice(&plain).map_err(|_| bad("secret"))?;
        let earlier = Some(Earlier { secret: parse(&pair.earlier)?, until: pair.until });
        return Ok(DatasetWithSecret { dataset, secret: parse(&pair.secret)?, earlier });
    }
    let secret = parse(std::str::from_utf8(&plain).map_err(|_| bad("secret"))?)?;
    Ok(DatasetWithSecret { dataset, secret, earlier: None })
}

fn read_organisation(row: &Row) -> Result<Organisation> {
    serde_json::from_str(&row.get_text("body")?).map_err(|_| unreadable("organisations", "body"))
}

/// Everything that is registered. A platform has hundreds to thousands of items; the server keeps this in memory and
/// reads it again when [`revision`] has changed.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// See [`revision`].
    pub revision: i64,
    /// By id.
    pub organisations: HashMap<String, Organisation>,
    /// By id.
    pub datasets: HashMap<ResourceId, DatasetWithSecret>,
    /// By id.
    pub services: HashMap<ClientId, ServiceWithSecrets>,
    /// By id.
    pub counter_services: HashMap<CounterServiceId, CounterService>,
}

impl Catalogue {
    /// Whether a service may receive anything now.
    pub fn is_listed(&self, id: &ClientId) -> bool {
        self.services.get(id).is_some_and(|s| s.service.is_listed())
    }

    /// The organisation with this id.
    pub fn organisation(&self, id: &str) -> Option<&Organisation> {
        self.organisations.get(id)
    }

    /// The zone of a dataset.
    pub fn zone_of(&self, id: &ResourceId) -> Option<Zone> {
        self.datasets.get(id).map(|d| d.dataset.zone)
    }
}

/// A number that grows with every change of the registry.
pub async fn revision(db: &Db) -> Result<i64> {
    let row = db.fetch_opt("SELECT value FROM meta WHERE key = 'registry_revision'", args![]).await?;
    row.map_or(Ok(0), |r| r.get_text(0)?.parse().map_err(|_| unreadable("meta", "registry_revision")))
}

/// Reads everything.
pub async fn load(db: &Db, crypter: &Crypter) -> Result<Catalogue> {
    // The revision first: if the registry changes in between, the next look sees a newer revision and reads again.
    let revision = revision(db).await?;
    let mut catalogue = Catalogue { revision, ..Catalogue::default() };
    for row in db.fetch_all("SELECT body FROM organisations", args![]).await? {
        let organisation = read_organisation(&row)?;
        catalogue.organisations.insert(organisation.id.to_string(), organisation);
    }
    for row in db.fetch_all("SELECT body, secret FROM datasets", args![]).await? {
        let dataset = read_dataset(crypter, &row)?;
        catalogue.datasets.insert(dataset.dataset.resource_id.clone(), dataset);
    }
    for row in db.fetch_all("SELECT body, secrets FROM services", args![]).await? {
        let service = read_service(crypter, &row)?;
        catalogue.services.insert(service.service.client_id.clone(), service);
    }
    let counter_services = counter_services::all(db).await?;
    catalogue.counter_services = counter_services.into_iter().map(|s| (s.id, s)).collect();
    Ok(catalogue)
}

/// Writes every item of a checked document that came from a file; items not named stay as they are. Applying the same
/// document twice changes nothing. Each dataset and service is mirrored as an item of the back office, so that its lists
/// show all there is, and categories that the trees lack are added to them.
pub async fn apply(tx: &Tx, crypter: &Crypter, registry: &Registry, now: Time) -> Result<Changes> {
    let changes = write(tx, crypter, registry, now).await?;
    let datasets = registry.datasets.iter().map(|e| (Area::Dataset, e.dataset.category.as_str()));
    let services = registry.services.iter().map(|e| (Area::Service, e.service.category.as_str()));
    let counters = registry.counter_services.iter().map(|s| (Area::Service, s.category.as_str()));
    categories::ensure(tx, &SystemRandom, datasets.chain(services).chain(counters), now).await?;
    for organisation in &registry.organisations {
        items::organisation_changed(tx, &organisation.id, now).await?;
    }
    for entry in &registry.datasets {
        let d = &entry.dataset;
        let stage = match d.state {
            DatasetState::Listed | DatasetState::Maintenance | DatasetState::Hidden => standing(now),
            DatasetState::Failing => suspended(Cause::Failing, now),
            DatasetState::Suspended => suspended(Cause::Operator, now),
            DatasetState::Delisted | DatasetState::Stopped => delisted(now),
        };
        let record = items::Mirrored {
            kind: Kind::Dataset,
            record: d.resource_id.as_str(),
            zone: d.zone,
            organisation: &d.organisation,
            name: &d.name,
            category: &d.category,
            stage,
            shown: d.state != DatasetState::Hidden,
        };
        items::mirror(tx, &record, now).await?;
    }
    for entry in &registry.services {
        let s = &entry.service;
        let record = items::Mirrored {
            kind: Kind::Service,
            record: s.client_id.as_str(),
            zone: s.zone,
            organisation: &s.organisation,
            name: &s.name,
            category: &s.category,
            stage: service_stage(s.state, now),
            shown: true,
        };
        items::mirror(tx, &record, now).await?;
    }
    for service in &registry.counter_services {
        let id = service.id.to_string();
        let record = items::Mirrored {
            kind: Kind::CounterService,
            record: &id,
            zone: service.zone,
            organisation: &service.organisation,
            name: &service.name,
            category: &service.category,
            stage: service_stage(service.state, now),
            shown: true,
        };
        items::mirror(tx, &record, now).await?;
    }
    Ok(changes)
}

fn service_stage(state: ServiceState, now: Time) -> Stage {
    match state {
        ServiceState::Listed => standing(now),
        ServiceState::Suspended => suspended(Cause::Operator, now),
        ServiceState::Delisted => delisted(now),
    }
}

fn standing(now: Time) -> Stage {
    Running::Listed(Listed { since: now, returned: None }).into()
}

fn suspended(cause: Cause, now: Time) -> Stage {
    Stage::Suspended(Running::Listed(Listed { since: now, returned: None }).suspend(cause, None, now))
}

fn delisted(now: Time) -> Stage {
    Stage::Delisted(Delisted { why: Ending::ByOperator, at: now })
}

/// Writes every item of a checked document and nothing beside them: for the back office, whose items say the rest.
pub async fn write(tx: &Tx, crypter: &Crypter, registry: &Registry, now: Time) -> Result<Changes> {
    let mut changes = Changes::default();
    for organisation in &registry.organisations {
        let id = organisation.id.as_str();
        let old = tx.fetch_opt("SELECT body FROM organisations WHERE id = $1", args![id]).await?;
        let old = old.as_ref().map(read_organisation).transpose()?;
        if note(&mut changes, format!("organisation {id}"), old.as_ref(), organisation) {
            tx.execute(
                "INSERT INTO organisations (id, name, body, updated_at, search) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (id) DO UPDATE SET name = excluded.name, body = excluded.body, \
                 updated_at = excluded.updated_at, search = excluded.search",
                args![
                    id,
                    &organisation.name,
                    json(organisation),
                    now.0,
                    searchable([organisation.name.as_str(), &organisation.name_en, id])
                ],
            )
            .await?;
        }
    }
    for entry in &registry.datasets {
        let dataset = &entry.dataset;
        let id = dataset.resource_id.as_str();
        let old = tx.fetch_opt("SELECT body, secret FROM datasets WHERE resource_id = $1", args![id]).await?;
        let old = old.as_ref().map(|row| read_dataset(crypter, row)).transpose()?;
        let old = old.map(dataset_entry);
        if note(&mut changes, format!("dataset {id}"), old.as_ref(), entry) {
            let secret = crypter.seal("datasets", id, "secret", secret_text(entry).as_bytes());
            tx.execute(
                "INSERT INTO datasets (resource_id, zone, organisation, state, name, body, secret, updated_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                 ON CONFLICT (resource_id) DO UPDATE SET zone = excluded.zone, organisation = excluded.organisation, \
                 state = excluded.state, name = excluded.name, body = excluded.body, secret = excluded.secret, \
                 updated_at = excluded.updated_at",
                args![
                    id,
                    dataset.zone.as_str(),
                    dataset.organisation.as_str(),
                    dataset.state.as_str(),
                    &dataset.name,
                    json(dataset),
                    secret,
                    now.0
                ],
            )
            .await?;
        }
    }
    for entry in &registry.services {
        let ServiceEntry { service, secrets } = entry;
        let id = service.client_id.as_str();
        let old = tx.fetch_opt("SELECT body, secrets FROM services WHERE client_id = $1", args![id]).await?;
        let old = old.as_ref().map(|row| read_service(crypter, row)).transpose()?;
        let old = old.map(service_entry);
        if note(&mut changes, format!("service {id}"), old.as_ref(), entry) {
            let sealed = crypter.seal("services", id, "secrets", secrets_text(secrets).as_bytes());
            tx.execute(
                "INSERT INTO services (client_id, zone, organisation, state, name, body, secrets, updated_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                 ON CONFLICT (client_id) DO UPDATE SET zone = excluded.zone, organisation = excluded.organisation, \
                 state = excluded.state, name = excluded.name, body = excluded.body, secrets = excluded.secrets, \
                 updated_at = excluded.updated_at",
                args![
                    id,
                    service.zone.as_str(),
                    service.organisation.as_str(),
                    service.state.as_str(),
                    &service.name,
                    json(service),
                    sealed,
                    now.0
                ],
            )
            .await?;
        }
    }
    for service in &registry.counter_services {
        let id = service.id;
        let old = counter_services::load_in(tx, id).await?;
        if note(&mut changes, format!("counter service {id}"), old.as_ref(), service) {
            counter_services::put(tx, service, now).await?;
        }
    }
    if !changes.added.is_empty() || !changes.changed.is_empty() {
        grow(tx).await?;
    }
    Ok(changes)
}

/// Lets the registry's revision grow.
pub(crate) async fn grow(tx: &Tx) -> Result<()> {
    tx.run(
        "INSERT INTO meta (key, value) VALUES ('registry_revision', '1') \
         ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)",
        args![],
    )
    .await
}

fn json<T: Serialize>(item: &T) -> String {
    serde_json::to_string(item).expect("an item of the registry has text keys and finite numbers")
}

/// Notes an item; says whether it must be written.
fn note<T: PartialEq>(changes: &mut Changes, name: String, old: Option<&T>, new: &T) -> bool {
    match old {
        Some(old) if old == new => {
            changes.unchanged += 1;
            return false;
        }
        Some(_) => changes.changed.push(name),
        None => changes.added.push(name),
    }
    true
}

/// The whole registry as a document, ordered by id.
pub async fn export(db: &Db, crypter: &Crypter) -> Result<Registry> {
    let catalogue = load(db, crypter).await?;
    let mut organisations: Vec<_> = catalogue.organisations.into_values().collect();
    organisations.sort_by(|a, b| a.id.cmp(&b.id));
    let mut datasets: Vec<_> = catalogue.datasets.into_values().map(dataset_entry).collect();
    datasets.sort_by(|a, b| a.dataset.resource_id.cmp(&b.dataset.resource_id));
    let mut services: Vec<_> = catalogue.services.into_values().map(service_entry).collect();
    services.sort_by(|a, b| a.service.client_id.cmp(&b.service.client_id));
    let counter_services = counter_services::all(db).await?;
    Ok(Registry { organisations, datasets, services, counter_services, ..Registry::default() })
}

fn dataset_entry(kept: DatasetWithSecret) -> DatasetEntry {
    DatasetEntry { dataset: kept.dataset, resource_secret: kept.secret, earlier: kept.earlier }
}

fn service_entry(kept: ServiceWithSecrets) -> ServiceEntry {
    ServiceEntry { service: kept.service, secrets: kept.secrets }
}

/// A dataset's record, locked until the database transaction ends.
pub async fn dataset(tx: &Tx, crypter: &Crypter, id: &ResourceId) -> Result<Option<DatasetEntry>> {
    let sql = format!("SELECT body, secret FROM datasets WHERE resource_id = $1{}", super::list::lock(tx));
    let row = tx.fetch_opt(sql, args![id.as_str()]).await?;
    row.map(|row| read_dataset(crypter, &row).map(dataset_entry)).transpose()
}

/// A service's record, locked until the database transaction ends.
pub async fn service(tx: &Tx, crypter: &Crypter, id: &ClientId) -> Result<Option<ServiceEntry>> {
    let sql = format!("SELECT body, secrets FROM services WHERE client_id = $1{}", super::list::lock(tx));
    let row = tx.fetch_opt(sql, args![id.as_str()]).await?;
    row.map(|row| read_service(crypter, &row).map(service_entry)).transpose()
}

/// An organisation's record.
pub async fn organisation(tx: &Tx, id: &OrganisationId) -> Result<Option<Organisation>> {
    let row = tx.fetch_opt("SELECT body FROM organisations WHERE id = $1", args![id.as_str()]).await?;
    row.as_ref().map(read_organisation).transpose()
}

/// The zone and the name of every dataset among these that is registered.
pub async fn zones_of(tx: &Tx, ids: &[ResourceId]) -> Result<Vec<(ResourceId, Zone)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT resource_id, zone FROM datasets WHERE resource_id IN ({})",
        placeholders(1, ids.len())
    );
    let values: Vec<Arg<'_>> = ids.iter().map(|id| id.as_str().into()).collect();
    let bad = |column| unreadable("datasets", column);
    let read = |row: &Row| {
        let id = row.get_text(0)?.parse().map_err(|_| bad("resource_id"))?;
        Ok((id, row.get_text(1)?.parse().map_err(|_| bad("zone"))?))
    };
    tx.fetch_all(sql, &values).await?.iter().map(read).collect()
}
