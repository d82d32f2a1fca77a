//! What a citizen may see of the registry: what is offered, in the zones that the front shows (R94), and of what is in its
//! pilot only what this address may ask for (R15).

use std::net::IpAddr;

use mydata_domain::category::{Area, Categories};
use mydata_domain::counter_service::{CounterService, CounterServiceId};
use mydata_domain::service::ServiceState;
use mydata_domain::{Dataset, Organisation, Service, Zone};
use mydata_store::repo::registry::Catalogue;
use mydata_wire::{ClientId, ResourceId};

use super::folded::Folded;
use crate::backoffice::front_test::nobody;
use crate::catalogue::Registered;
use crate::web::Lang;

/// The registry as one citizen sees it.
#[derive(Debug, Clone, Copy)]
pub struct Shelf<'c> {
    catalogue: &'c Catalogue,
    folded: &'c Folded,
    categories: &'c Categories,
    from: IpAddr,
    /// A sandbox shows its test zone, too: it has little else.
    with_test: bool,
}

impl<'c> Shelf<'c> {
    /// What an address sees.
    pub fn new(catalogue: &'c Registered, categories: &'c Categories, from: IpAddr, with_test: bool) -> Self {
        Self { catalogue, folded: &catalogue.folded, categories, from, with_test }
    }

    /// The texts by which things are found.
    pub fn folded(&self) -> &'c Folded {
        self.folded
    }

    fn shows_zone(&self, zone: Zone) -> bool {
        zone == Zone::Production || self.with_test
    }

    fn shows_dataset(&self, dataset: &Dataset) -> bool {
        dataset.is_offered() && self.shows_zone(dataset.zone) && dataset.lets_in(self.from)
    }

    fn shows_service(&self, service: &Service) -> bool {
        service.is_listed()
            && self.shows_zone(service.zone)
            && service.lets_in(self.from)
            && !nobody::is(&service.client_id)
    }

    fn shows_counter_service(&self, service: &CounterService) -> bool {
        let lets_in = service.pilot.as_ref().is_none_or(|insiders| insiders.permits(self.from));
        service.state == ServiceState::Listed && self.shows_zone(service.zone) && lets_in
    }

    /// Datasets, by category and name.
    pub fn datasets(&self) -> Vec<&'c Dataset> {
        let all = self.catalogue.datasets.values().map(|d| &d.dataset);
        let mut all: Vec<_> = all.filter(|d| self.shows_dataset(d)).collect();
        all.sort_by(|a, b| {
            (&a.category, &a.name, &a.resource_id).cmp(&(&b.category, &b.name, &b.resource_id))
        });
        all
    }

    /// A dataset.
    pub fn dataset(&self, id: &ResourceId) -> Option<&'c Dataset> {
        self.catalogue.datasets.get(id).map(|d| &d.dataset).filter(|d| self.shows_dataset(d))
    }

    /// Services, by category and name.
    pub fn services(&self) -> Vec<&'c Service> {
        let all = self.catalogue.services.values().map(|s| &s.service);
        let mut all: Vec<_> = all.filter(|s| self.shows_service(s)).collect();
        all.sort_by(|a, b| (&a.category, &a.name, &a.client_id).cmp(&(&b.category, &b.name, &b.client_id)));
        all
    }

    /// A service.
    pub fn service(&self, id: &ClientId) -> Option<&'c Service> {
        self.catalogue.services.get(id).map(|s| &s.service).filter(|s| self.shows_service(s))
    }

    /// Counter services, by category and name.
    pub fn counter_services(&self) -> Vec<&'c CounterService> {
        let all = self.catalogue.counter_services.values();
        let mut all: Vec<_> = all.filter(|s| self.shows_counter_service(s)).collect();
        all.sort_by(|a, b| (&a.category, &a.name, &a.id).cmp(&(&b.category, &b.name, &b.id)));
        all
    }

    /// A counter service.
    pub fn counter_service(&self, id: CounterServiceId) -> Option<&'c CounterService> {
        self.catalogue.counter_services.get(&id).filter(|s| self.shows_counter_service(s))
    }

    /// A category as readers see it: whole, or as far down as it is given.
    pub fn category(&self, lang: Lang, area: Area, path: &str) -> String {
        let label = self.categories.label(area, path, lang == Lang::En);
        if lang == Lang::En { label } else { label.replace('/', " / ") }
    }

    /// Who stands behind something.
    pub fn organisation(&self, id: &str) -> Option<&'c Organisation> {
        self.catalogue.organisation(id)
    }

    /// Their full name.
    pub fn organisation_name(&self, lang: Lang, id: &str) -> String {
        let found = self.organisation(id).map(|o| lang.pick(&o.name, Some(&o.name_en)).to_owned());
        found.unwrap_or_else(|| id.to_owned())
    }
}
