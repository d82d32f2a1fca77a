//! The registry as a document: organisations, datasets, services and counter services declared in a file.
//!
//! Reading is strict: unknown keys are refused, and [`Registry::check`] names every item that does not fit the others.

use std::collections::{HashMap, HashSet};
use std::fmt;

use mydata_wire::{CbcIv, ClientSecret, ResourceId, ResourceSecret};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::client_certificate::is_pem;
use crate::counter_service::CounterService;
use crate::credentials::Earlier;
use crate::dataset::Dataset;
use crate::entry;
use crate::front_test;
use crate::organisation::Organisation;
use crate::service::{Service, ServiceKeys, ServiceSecrets};
use crate::time::Time;

/// The version of the format that this program reads and writes.
pub const VERSION: u32 = 1;

/// A whole registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// [`VERSION`].
    pub version: u32,
    /// Organisations.
    #[serde(default, rename = "organisation")]
    pub organisations: Vec<Organisation>,
    /// Datasets.
    #[serde(default, rename = "dataset")]
    pub datasets: Vec<DatasetEntry>,
    /// Services.
    #[serde(default, rename = "service")]
    pub services: Vec<ServiceEntry>,
    /// Counter services. They have no secrets.
    #[serde(default, rename = "counter_service", skip_serializing_if = "Vec::is_empty")]
    pub counter_services: Vec<CounterService>,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            version: VERSION,
            organisations: Vec::new(),
            datasets: Vec::new(),
            services: Vec::new(),
            counter_services: Vec::new(),
        }
    }
}

/// A dataset with its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct DatasetEntry {
    /// All that may be shown.
    pub dataset: Dataset,
    /// Signs the DP in to introspection.
    pub resource_secret: ResourceSecret,
    /// The one before, while it still works: `earlier_resource_secret` until `earlier_until`.
    pub earlier: Option<Earlier<ResourceSecret>>,
}

impl fmt::Debug for DatasetEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatasetEntry({:?})", self.dataset)
    }
}

/// A service with its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceEntry {
    /// All that may be shown.
    pub service: Service,
    /// The rest; those before, while they still work, are `earlier_client_secret` and `earlier_api_key` until
    /// `earlier_until`.
    pub secrets: ServiceSecrets,
}

/// Serde cannot flatten into a strict struct, so secrets are taken out of the table before the rest is read, and put
/// in before it is written.
fn take<'de, D: Deserializer<'de>>(from: D) -> Result<serde_json::Map<String, serde_json::Value>, D::Error> {
    serde_json::Map::deserialize(from)
}

fn secret<T, E>(map: &mut serde_json::Map<String, serde_json::Value>, key: &'static str) -> Result<T, E>
where
    T: std::str::FromStr<Err = mydata_wire::id::BadId>,
    E: serde::de::Error,
{
    match map.remove(key) {
        Some(serde_json::Value::String(text)) => text.parse().map_err(E::custom),
        Some(_) => Err(E::custom(format!("{key} must be a text"))),
        None => Err(E::missing_field(key)),
    }
}

/// Until when the earlier secrets work, where there are some.
fn until<E: serde::de::Error>(
    map: &mut serde_json::Map<String, serde_json::Value>,
) -> Result<Option<Time>, E> {
    let bad = || E::custom("earlier_until must be a moment such as 2026-11-28T08:00:00Z");
    match map.remove("earlier_until") {
        None => Ok(None),
        Some(serde_json::Value::String(text)) => Time::from_rfc3339(&text).map(Some).ok_or_else(bad),
        Some(_) => Err(bad()),
    }
}

fn api_key<E: serde::de::Error>(
    map: &mut serde_json::Map<String, serde_json::Value>,
    key: &'static str,
) -> Result<Option<String>, E> {
    match map.remove(key) {
        None => Ok(None),
        Some(serde_json::Value::String(text))
            if (8..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) =>
        {
            Ok(Some(text))
        }
        Some(_) => Err(E::custom(format!("{key} must be 8 to 256 visible ASCII characters"))),
    }
}

impl<'de> Deserialize<'de> for DatasetEntry {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut map = take(from)?;
        let resource_secret = secret(&mut map, "resource_secret")?;
        let earlier = match until(&mut map)? {
            Some(until) => Some(Earlier { secret: secret(&mut map, "earlier_resource_secret")?, until }),
            None => None,
        };
        let dataset = serde_json::from_value(map.into()).map_err(serde::de::Error::custom)?;
        Ok(Self { dataset, resource_secret, earlier })
    }
}

impl Serialize for DatasetEntry {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let earlier = self.earlier.as_ref();
        let until = earlier.map(|e| e.until.to_string());
        let secrets = [
            ("resource_secret", Some(self.resource_secret.expose())),
            ("earlier_resource_secret", earlier.map(|e| e.secret.expose())),
            ("earlier_until", until.as_deref()),
        ];
        write(&self.dataset, secrets, to)
    }
}

impl<'de> Deserialize<'de> for ServiceEntry {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut map = take(from)?;
        let client_secret: ClientSecret = secret(&mut map, "client_secret")?;
        let cbc_iv: CbcIv = secret(&mut map, "cbc_iv")?;
        let api_key = api_key(&mut map, "api_key")?;
        let earlier = match until(&mut map)? {
            Some(until) => {
                let client_secret = secret(&mut map, "earlier_client_secret")?;
                let api_key = self::api_key(&mut map, "earlier_api_key")?;
                Some(Earlier { secret: ServiceKeys { client_secret, api_key }, until })
            }
            None => None,
        };
        let service = serde_json::from_value(map.into()).map_err(serde::de::Error::custom)?;
        Ok(Self { service, secrets: ServiceSecrets { client_secret, cbc_iv, api_key, earlier } })
    }
}

impl Serialize for ServiceEntry {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let earlier = self.secrets.earlier.as_ref();
        let until = earlier.map(|e| e.until.to_string());
        let secrets = [
            ("client_secret", Some(self.secrets.client_secret.expose())),
            ("cbc_iv", Some(self.secrets.cbc_iv.expose())),
            ("api_key", self.secrets.api_key.as_deref()),
            ("earlier_client_secret", earlier.map(|e| e.secret.client_secret.expose())),
            ("earlier_api_key", earlier.and_then(|e| e.secret.api_key.as_deref())),
            ("earlier_until", until.as_deref()),
        ];
        write(&self.service, secrets, to)
    }
}

/// Writes an item's table with its secrets put in, plain values before nested tables as TOML wants them.
fn write<S: Serializer, T: Serialize, const N: usize>(
    item: &T,
    secrets: [(&'static str, Option<&str>); N],
    to: S,
) -> Result<S::Ok, S::Error> {
    use serde::ser::{Error, SerializeMap};
    let serde_json::Value::Object(fields) = serde_json::to_value(item).map_err(S::Error::custom)? else {
        return Err(S::Error::custom("an item of the registry is a table"));
    };
    let nested = |value: &serde_json::Value| {
        value.is_object() || value.as_array().is_some_and(|a| a.iter().any(serde_json::Value::is_object))
    };
    let mut map = to.serialize_map(None)?;
    for (key, value) in secrets {
        if let Some(value) = value {
            map.serialize_entry(key, value)?;
        }
    }
    for (key, value) in fields.iter().filter(|(_, v)| !nested(v)) {
        map.serialize_entry(key, value)?;
    }
    for (key, value) in fields.iter().filter(|(_, v)| nested(v)) {
        map.serialize_entry(key, value)?;
    }
    map.end()
}

impl Registry {
    /// Everything in the document that does not fit, one sentence each. Organisations and datasets that are already
    /// registered elsewhere count through `known_organisation` and `known_dataset` (the zone of an existing dataset).
    pub fn check(
        &self,
        known_organisation: impl Fn(&str) -> bool,
        known_dataset: impl Fn(&ResourceId) -> Option<crate::zone::Zone>,
    ) -> Vec<String> {
        let mut faults = Vec::new();
        if self.version != VERSION {
            faults.push(format!("version is {}; this program reads version {VERSION}", self.version));
        }
        let mut organisations = HashSet::new();
        for organisation in &self.organisations {
            if !organisations.insert(organisation.id.as_str()) {
                faults.push(format!("organisation {} stands twice", organisation.id));
            }
            if organisation.name.trim().is_empty() {
                faults.push(format!("organisation {}: name is empty", organisation.id));
            }
            if organisation.id.as_str() == front_test::ORGANISATION {
                faults.push(format!(
                    "organisation {}: the platform's front tests have this id; choose another",
                    organisation.id
                ));
            }
        }
        let organisation_exists = |id: &str| organisations.contains(id) || known_organisation(id);

        let mut datasets = HashMap::new();
        for entry in &self.datasets {
            let d = &entry.dataset;
            let id = &d.resource_id;
            if datasets.insert(id, d.zone).is_some() {
                faults.push(format!("dataset {id} stands twice"));
            }
            if !organisation_exists(d.organisation.as_str()) {
                faults.push(format!("dataset {id}: organisation {} is not registered", d.organisation));
            }
            if d.name.trim().is_empty() {
                faults.push(format!("dataset {id}: name is empty"));
            }
            if !d.fields_en.is_empty() && d.fields_en.len() != d.fields.len() {
                faults.push(format!("dataset {id}: fields_en must name as many fields as fields"));
            }
            if !matches!(d.dp_api.scheme(), "http" | "https") || d.dp_api.fragment().is_some() {
                faults.push(format!(
                    "dataset {id}: dp_api must be an https URL (http in the sandbox) without fragment"
                ));
            }
            let mut keys = HashSet::new();
            for parameter in &d.parameters {
                if !keys.insert(parameter.key.as_str().to_ascii_lowercase()) {
                    faults.push(format!("dataset {id}: parameter {} stands twice", parameter.key.as_str()));
                }
            }
        }

        let mut services = HashSet::new();
        for entry in &self.services {
            let s = &entry.service;
            let id = &s.client_id;
            if !services.insert(id) {
                faults.push(format!("service {id} stands twice"));
            }
            if !organisation_exists(s.organisation.as_str()) {
                faults.push(format!("service {id}: organisation {} is not registered", s.organisation));
            }
            if s.name.trim().is_empty() {
                faults.push(format!("service {id}: name is empty"));
            }
            if id.as_str() == front_test::CLIENT_ID {
                faults.push(format!(
                    "service {id}: the platform's front tests have this client_id; choose another"
                ));
            }
            if s.return_urls.is_empty() {
                faults.push(format!("service {id}: return_urls needs at least one URL"));
            }
            if s.datasets.is_empty() || s.datasets.len() > entry::MAX_DATASETS {
                faults.push(format!("service {id}: datasets needs 1 to {} entries", entry::MAX_DATASETS));
            }
            if !matches!(s.sp_api.scheme(), "http" | "https") {
                faults.push(format!("service {id}: sp_api must be an https URL (http in the sandbox)"));
            }
            if s.sp_api_roots.as_ref().is_some_and(|pem| !is_pem(pem)) {
                faults.push(format!(
                    "service {id}: sp_api_roots must be certificates in PEM, each with its BEGIN and END lines"
                ));
            }
            if s.category.split('/').count() > 3 {
                faults.push(format!("service {id}: category has more than three levels"));
            }
            let mut seen = HashSet::new();
            for dataset in &s.datasets {
                if !seen.insert(dataset) {
                    faults.push(format!("service {id}: dataset {dataset} stands twice"));
                }
                match datasets.get(dataset).copied().or_else(|| known_dataset(dataset)) {
                    None => faults.push(format!("service {id}: dataset {dataset} is not registered")),
                    Some(zone) if zone != s.zone => {
                        faults.push(format!(
                            "service {id} is of zone {}, dataset {dataset} of zone {zone}",
                            s.zone
                        ));
                    }
                    Some(_) => {}
                }
            }
        }

        let mut counters = HashSet::new();
        for service in &self.counter_services {
            let id = service.id;
            if !counters.insert(id) {
                faults.push(format!("counter service {id} stands twice"));
            }
            if !organisation_exists(service.organisation.as_str()) {
                faults.push(format!(
                    "counter service {id}: organisation {} is not registered",
                    service.organisation
                ));
            }
            if service.name.trim().is_empty() {
                faults.push(format!("counter service {id}: name is empty"));
            }
            if service.cases.is_empty() {
                faults.push(format!("counter service {id}: at least one case is needed"));
            }
            for (number, case) in service.cases.iter().enumerate() {
                let of = case.choice.as_ref().map_or(&[][..], |choice| &choice.of);
                if let Some(choice) = &case.choice
                    && !(1..=choice.of.len()).contains(&(choice.count as usize))
                {
                    faults.push(format!(
                        "counter service {id}, case {}: choice.count must be 1 to {}",
                        number + 1,
                        choice.of.len()
                    ));
                }
                for dataset in case.required.iter().chain(of) {
                    match datasets.get(dataset).copied().or_else(|| known_dataset(dataset)) {
                        None => faults.push(format!(
                            "counter service {id}, case {}: dataset {dataset} is not registered",
                            number + 1
                        )),
                        Some(zone) if zone != service.zone => faults.push(format!(
                            "counter service {id} is of zone {}, dataset {dataset} of zone {zone}",
                            service.zone
                        )),
                        Some(_) => {}
                    }
                }
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows R48: what is tried on the front test page can never be mistaken for something registered.
    #[test]
    fn the_names_of_front_tests_are_taken() {
        let mut document = Registry::default();
        document.organisations.push(Organisation {
            id: front_test::ORGANISATION.parse().unwrap(),
            name: "示範圖書館".to_owned(),
            name_en: "Demo Library".to_owned(),
            short_name: None,
            kind: crate::organisation::OrganisationKind::Agency,
        });
        let service = serde_json::from_value(serde_json::json!({
            "client_id": front_test::CLIENT_ID, "zone": "test", "organisation": front_test::ORGANISATION, "name": "示範",
            "name_en": "Demo", "purpose": "示範", "purpose_en": "Demo", "category": "綜合", "url": "https://library.example/",
            "terms": "示範", "return_urls": ["https://library.example/back"], "sp_api": "https://library.example/notify",
            "allowed_ips": [], "datasets": ["API.Kr1C3b1ijJ"], "state": "listed",
        }));
        let secrets = ServiceSecrets {
            client_secret: "demoBankSecret16".parse().unwrap(),
            cbc_iv: "demoBankCbcIv016".parse().unwrap(),
            api_key: None,
            earlier: None,
        };
        document.services.push(ServiceEntry { service: service.unwrap(), secrets });
        let faults = document.check(|_| false, |_| Some(crate::zone::Zone::Test));
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults.iter().all(|fault| fault.contains("choose another")), "{faults:?}");
    }
}
