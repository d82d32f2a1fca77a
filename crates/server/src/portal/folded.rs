//! The texts by which what is registered is found, folded once when the registry was read. Nothing of a request is in it: what a
//! reader may see of what is found says [`super::shelf`].

use std::collections::HashMap;

use mydata_domain::counter_service::{CounterService, CounterServiceId};
use mydata_domain::{Dataset, Organisation, Service};
use mydata_store::repo::registry::Catalogue;
use mydata_wire::{ClientId, ResourceId};

use super::find::fold_all;

/// Everything, folded.
#[derive(Debug, Default)]
pub struct Folded {
    datasets: HashMap<ResourceId, String>,
    services: HashMap<ClientId, String>,
    counter_services: HashMap<CounterServiceId, String>,
}

impl Folded {
    /// Folds what is registered.
    pub fn of(catalogue: &Catalogue) -> Self {
        let organisation = |id: &str| names(catalogue.organisation(id));
        let datasets = catalogue.datasets.iter().map(|(id, d)| {
            let texts = of_dataset(&d.dataset).chain(organisation(d.dataset.organisation.as_str()));
            (id.clone(), fold_all(texts))
        });
        let services = catalogue.services.iter().map(|(id, s)| {
            let texts = of_service(&s.service).chain(organisation(s.service.organisation.as_str()));
            (id.clone(), fold_all(texts))
        });
        let counter_services = catalogue.counter_services.iter().map(|(id, service)| {
            let texts = of_counter_service(service).chain(organisation(service.organisation.as_str()));
            (*id, fold_all(texts))
        });
        Self {
            datasets: datasets.collect(),
            services: services.collect(),
            counter_services: counter_services.collect(),
        }
    }

    /// A dataset's texts.
    pub fn dataset(&self, id: &ResourceId) -> &str {
        self.datasets.get(id).map_or("", String::as_str)
    }

    /// A service's.
    pub fn service(&self, id: &ClientId) -> &str {
        self.services.get(id).map_or("", String::as_str)
    }

    /// A counter service's.
    pub fn counter_service(&self, id: CounterServiceId) -> &str {
        self.counter_services.get(&id).map_or("", String::as_str)
    }
}

fn names(organisation: Option<&Organisation>) -> impl Iterator<Item = &str> {
    organisation.into_iter().flat_map(|o| [o.name.as_str(), &o.name_en])
}

fn of_dataset(dataset: &Dataset) -> impl Iterator<Item = &str> {
    let own = [
        dataset.name.as_str(),
        &dataset.name_en,
        &dataset.description,
        &dataset.description_en,
        &dataset.category,
        dataset.resource_id.as_str(),
    ];
    own.into_iter().chain(dataset.fields.iter().chain(&dataset.fields_en).map(String::as_str))
}

fn of_service(service: &Service) -> impl Iterator<Item = &str> {
    let own = [
        service.name.as_str(),
        &service.name_en,
        &service.purpose,
        &service.purpose_en,
        &service.category,
        service.client_id.as_str(),
    ];
    own.into_iter()
}

fn of_counter_service(service: &CounterService) -> impl Iterator<Item = &str> {
    let own = [
        service.name.as_str(),
        &service.name_en,
        &service.description,
        &service.description_en,
        &service.category,
    ];
    own.into_iter().chain(service.cases.iter().flat_map(|case| [case.name.as_str(), &case.name_en]))
}
