//! 臨櫃服務: what is handled at a counter, and for each case the documents that the platform supplies and those that the citizen
//! brings.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use mydata_domain::category::Area as CategoryArea;
use mydata_domain::counter_service::{Case, CounterService, CounterServiceId, Take};
use mydata_domain::transaction::own::CounterCase;

use super::apply;
use super::nav::Area;
use super::services::{dataset_line, kind_of, kinds};
use super::shelf::Shelf;
use super::view::{Card, Entry, Frame, Mark, Offer, offer, public, shelf, zone_mark};
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::web::{Chrome, Lang, i18n};

const LIST: Offer = Offer {
    area: Area::CounterServices,
    key: "portal-counter-services",
    path: "/counter-services",
    kinds,
    entries: |lang, shelf| {
        shelf.counter_services().into_iter().map(|service| entry(lang, shelf, service)).collect()
    },
};

/// `GET /counter-services`.
pub async fn list(visit: Visit) -> Response {
    offer(visit, LIST).await
}

/// A counter service in a list.
pub(super) fn entry<'c>(lang: Lang, shelf: Shelf<'c>, service: &'c CounterService) -> Entry<'c> {
    Entry {
        folded: shelf.folded().counter_service(service.id),
        values: vec![service.category.clone(), kind_of(shelf, service.organisation.as_str())],
        card: Box::new(move || Card {
            title: lang.pick(&service.name, Some(&service.name_en)).to_owned(),
            href: format!("/counter-services/{}", service.id),
            about: vec![
                shelf.organisation_name(lang, service.organisation.as_str()),
                shelf.category(lang, CategoryArea::Service, &service.category),
            ],
            text: lang.pick(&service.description, Some(&service.description_en)).to_owned(),
            marks: zone_mark(lang, service.zone).into_iter().collect(),
        }),
    }
}

/// A case as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseView {
    /// Its name.
    pub name: String,
    /// Datasets that are always needed: name, provider, page.
    pub required: Vec<(String, String, String)>,
    /// How many of the next are chosen, in words.
    pub choose: Option<String>,
    /// Of which some are chosen.
    pub choice: Vec<(String, String, String)>,
    /// What the citizen brings.
    pub bring: Vec<String>,
    /// Whether somebody else may go.
    pub delegate: bool,
    /// What a clerk may do with the data, in words.
    pub take: String,
    /// 我要申請; nothing where a dataset of it is not offered now.
    pub apply: Option<String>,
}

/// A counter service's own page.
#[derive(Template)]
#[template(path = "portal/counter_service.html")]
pub struct CounterServicePage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// What is to be known at once.
    pub marks: Vec<Mark>,
    /// Who stands behind it.
    pub organisation: String,
    /// What it is.
    pub description: String,
    /// Its category.
    pub category: String,
    /// Its cases.
    pub cases: Vec<CaseView>,
}

/// `GET /counter-services/{id}`.
pub async fn one(visit: Visit, Path(id): Path<String>) -> Response {
    let answer = shown(&visit, &id).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, id: &str) -> Result<Response, Fault> {
    let id: CounterServiceId = id.parse().map_err(|_| Fault::NotFound)?;
    let (catalogue, system) = (visit.app.catalogue().await?, visit.app.system().await?);
    let shelf = shelf(visit, &catalogue, &system);
    let service = shelf.counter_service(id).ok_or(Fault::NotFound)?;
    let lang = visit.prefs.lang;
    let name = lang.pick(&service.name, Some(&service.name_en)).to_owned();
    let frame = Frame::new(visit, Area::CounterServices, name)
        .about(lang.pick(&service.description, Some(&service.description_en)))
        .below(lang.t("portal-counter-services"), "/counter-services");
    let view = CounterServicePage {
        chrome: frame.chrome.clone(),
        frame,
        marks: zone_mark(lang, service.zone).into_iter().collect(),
        organisation: shelf.organisation_name(lang, service.organisation.as_str()),
        description: lang.pick(&service.description, Some(&service.description_en)).to_owned(),
        category: shelf.category(lang, CategoryArea::Service, &service.category),
        cases: service.cases.iter().map(|case| case_view(lang, shelf, service, case)).collect(),
    };
    Ok(public(&view))
}

fn case_view(lang: Lang, shelf: Shelf<'_>, service: &CounterService, case: &Case) -> CaseView {
    let lines = |ids: &[mydata_wire::ResourceId]| {
        let known = ids.iter().filter_map(|id| shelf.dataset(id));
        known.map(|dataset| dataset_line(lang, shelf, dataset)).collect::<Vec<_>>()
    };
    CaseView {
        name: lang.pick(&case.name, Some(&case.name_en)).to_owned(),
        required: lines(&case.required),
        choose: case.choice.as_ref().map(|choice| {
            i18n::t(lang, "portal-choose", &[("count", choice.count.into()), ("of", choice.of.len().into())])
        }),
        choice: case.choice.as_ref().map(|choice| lines(&choice.of)).unwrap_or_default(),
        bring: case.bring.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect(),
        delegate: case.delegate,
        take: lang.t(match case.take {
            Take::Preview => "portal-take.preview",
            Take::Save => "portal-take.save",
            Take::Both => "portal-take.both",
        }),
        apply: apply::offers(shelf, case)
            .then(|| apply::address(&CounterCase { service: service.id, case: case.name.clone() })),
    }
}
