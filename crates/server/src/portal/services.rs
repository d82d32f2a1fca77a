//! 線上服務: the services that use citizens' data, and what each asks for.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use mydata_domain::Service;
use mydata_domain::category::Area as CategoryArea;
use mydata_domain::organisation::OrganisationKind;
use mydata_wire::ClientId;

use super::nav::Area;
use super::shelf::Shelf;
use super::view::{Card, Entry, Frame, Kind, Mark, Offer, offer, public, shelf, zone_mark};
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::web::layout::verification_name;
use crate::web::{Chrome, Lang};

const LIST: Offer = Offer {
    area: Area::Services,
    key: "portal-services",
    path: "/services",
    kinds,
    entries: |lang, shelf| shelf.services().into_iter().map(|service| entry(lang, shelf, service)).collect(),
};

/// `GET /services`.
pub async fn list(visit: Visit) -> Response {
    offer(visit, LIST).await
}

/// What services are filtered by.
pub(super) fn kinds(lang: Lang, shelf: Shelf<'_>) -> Vec<Kind<'_>> {
    vec![
        Kind {
            label: lang.t("portal-field"),
            name: "category",
            words: Box::new(move |path| shelf.category(lang, CategoryArea::Service, path)),
        },
        Kind {
            label: lang.t("portal-kind"),
            name: "kind",
            words: Box::new(move |kind| kind_words(lang, kind)),
        },
    ]
}

/// The value that the filter by kind sees.
pub(super) fn kind_of(shelf: Shelf<'_>, organisation: &str) -> String {
    let kind = shelf.organisation(organisation).map(|o| o.kind);
    match kind {
        Some(OrganisationKind::Agency) => "agency".to_owned(),
        Some(OrganisationKind::Private) => "private".to_owned(),
        None => String::new(),
    }
}

fn kind_words(lang: Lang, kind: &str) -> String {
    lang.t(if kind == "agency" { "portal-kind-agency" } else { "portal-kind-private" })
}

/// A service in a list.
pub(super) fn entry<'c>(lang: Lang, shelf: Shelf<'c>, service: &'c Service) -> Entry<'c> {
    Entry {
        folded: shelf.folded().service(&service.client_id),
        values: vec![service.category.clone(), kind_of(shelf, service.organisation.as_str())],
        card: Box::new(move || Card {
            title: lang.pick(&service.name, Some(&service.name_en)).to_owned(),
            href: format!("/services/{}", service.client_id),
            about: vec![
                shelf.organisation_name(lang, service.organisation.as_str()),
                shelf.category(lang, CategoryArea::Service, &service.category),
            ],
            text: lang.pick(&service.purpose, Some(&service.purpose_en)).to_owned(),
            marks: zone_mark(lang, service.zone).into_iter().collect(),
        }),
    }
}

/// A service's own page.
#[derive(Template)]
#[template(path = "portal/service.html")]
pub struct ServicePage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// What is to be known at once.
    pub marks: Vec<Mark>,
    /// Who stands behind it.
    pub organisation: String,
    /// For what the data is used.
    pub purpose: String,
    /// Its category.
    pub category: String,
    /// Datasets that the platform supplies: name, provider, page.
    pub datasets: Vec<(String, String, String)>,
    /// The weakest method that is enough for all.
    pub method: Option<String>,
    /// Where it is applied for.
    pub url: String,
    /// That address without its path: who will be asked.
    pub host: String,
}

/// `GET /services/{client_id}`.
pub async fn one(visit: Visit, Path(id): Path<String>) -> Response {
    let answer = shown(&visit, &id).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, id: &str) -> Result<Response, Fault> {
    let id: ClientId = id.parse().map_err(|_| Fault::NotFound)?;
    let (catalogue, system) = (visit.app.catalogue().await?, visit.app.system().await?);
    let shelf = shelf(visit, &catalogue, &system);
    let service = shelf.service(&id).ok_or(Fault::NotFound)?;
    let lang = visit.prefs.lang;
    let datasets: Vec<_> = service.datasets.iter().filter_map(|id| shelf.dataset(id)).collect();
    let strictest = mydata_domain::method::strictest(datasets.iter().copied());
    let name = lang.pick(&service.name, Some(&service.name_en)).to_owned();
    let frame = Frame::new(visit, Area::Services, name)
        .about(lang.pick(&service.purpose, Some(&service.purpose_en)))
        .below(lang.t("portal-services"), "/services");
    let view = ServicePage {
        chrome: frame.chrome.clone(),
        frame,
        marks: zone_mark(lang, service.zone).into_iter().collect(),
        organisation: shelf.organisation_name(lang, service.organisation.as_str()),
        purpose: lang.pick(&service.purpose, Some(&service.purpose_en)).to_owned(),
        category: shelf.category(lang, CategoryArea::Service, &service.category),
        method: strictest.map(|dataset| verification_name(lang, dataset.weakest_verification)),
        datasets: datasets.iter().map(|dataset| dataset_line(lang, shelf, dataset)).collect(),
        url: service.url.to_string(),
        host: service.url.host_str().unwrap_or_default().to_owned(),
    };
    Ok(public(&view))
}

/// A dataset in a list of those that are needed: name, provider, page.
pub(super) fn dataset_line(
    lang: Lang,
    shelf: Shelf<'_>,
    dataset: &mydata_domain::Dataset,
) -> (String, String, String) {
    (
        lang.pick(&dataset.name, Some(&dataset.name_en)).to_owned(),
        shelf.organisation_name(lang, dataset.organisation.as_str()),
        format!("/datasets/{}", dataset.resource_id),
    )
}
