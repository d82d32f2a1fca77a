//! 資料下載: the datasets that citizens may ask for, and what is to be known of each.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use mydata_domain::Dataset;
use mydata_domain::category::Area as CategoryArea;
use mydata_domain::dataset::DatasetState;
use mydata_wire::{ResourceId, Verification};

use super::nav::Area;
use super::shelf::Shelf;
use super::view::{Card, Entry, Frame, Kind, Mark, Offer, offer, public, shelf, zone_mark};
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::web::layout::{field_summary, verification_name};
use crate::web::{Chrome, Lang, date};

const LIST: Offer = Offer {
    area: Area::Datasets,
    key: "portal-datasets",
    path: "/datasets",
    kinds,
    entries: |lang, shelf| shelf.datasets().into_iter().map(|dataset| entry(lang, shelf, dataset)).collect(),
};

fn kinds(lang: Lang, shelf: Shelf<'_>) -> Vec<Kind<'_>> {
    vec![Kind {
        label: lang.t("portal-category"),
        name: "category",
        words: Box::new(move |path| shelf.category(lang, CategoryArea::Dataset, path)),
    }]
}

/// `GET /datasets`.
pub async fn list(visit: Visit) -> Response {
    offer(visit, LIST).await
}

/// A dataset in a list.
pub(super) fn entry<'c>(lang: Lang, shelf: Shelf<'c>, dataset: &'c Dataset) -> Entry<'c> {
    Entry {
        folded: shelf.folded().dataset(&dataset.resource_id),
        values: vec![dataset.category.clone()],
        card: Box::new(move || card(lang, shelf, dataset)),
    }
}

fn card(lang: Lang, shelf: Shelf<'_>, dataset: &Dataset) -> Card {
    let description = lang.pick(&dataset.description, Some(&dataset.description_en));
    Card {
        title: lang.pick(&dataset.name, Some(&dataset.name_en)).to_owned(),
        href: format!("/datasets/{}", dataset.resource_id),
        about: vec![
            shelf.organisation_name(lang, dataset.organisation.as_str()),
            shelf.category(lang, CategoryArea::Dataset, &dataset.category),
        ],
        text: if description.is_empty() {
            field_summary(lang, fields(lang, dataset))
        } else {
            description.to_owned()
        },
        marks: state_mark(lang, dataset).into_iter().chain(zone_mark(lang, dataset.zone)).collect(),
    }
}

/// 資料集欄位 in the reader's language.
fn fields(lang: Lang, dataset: &Dataset) -> &[String] {
    if lang == Lang::En && !dataset.fields_en.is_empty() { &dataset.fields_en } else { &dataset.fields }
}

fn state_mark(lang: Lang, dataset: &Dataset) -> Option<Mark> {
    let key = match dataset.state {
        DatasetState::Maintenance => "portal-state-maintenance",
        DatasetState::Failing => "portal-state-failing",
        _ => return None,
    };
    Some(Mark { look: "amber", text: lang.t(key) })
}

/// A dataset's own page.
#[derive(Template)]
#[template(path = "portal/dataset.html")]
pub struct DatasetPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// What is to be known at once.
    pub marks: Vec<Mark>,
    /// Why it cannot be had now.
    pub notice: Option<String>,
    /// What it is.
    pub description: String,
    /// Who provides it.
    pub provider: String,
    /// Its category.
    pub category: String,
    /// Its code.
    pub code: String,
    /// How long it takes.
    pub wait: String,
    /// What it holds.
    pub fields: Vec<String>,
    /// Every method that is strong enough, strongest first.
    pub methods: Vec<String>,
    /// What is filled in: name, example.
    pub parameters: Vec<(String, String)>,
    /// Services that ask for it: name, page.
    pub services: Vec<(String, String)>,
    /// Counter services that ask for it: name, page.
    pub counter_services: Vec<(String, String)>,
}

/// `GET /datasets/{resource_id}`.
pub async fn one(visit: Visit, Path(id): Path<String>) -> Response {
    let answer = shown(&visit, &id).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, id: &str) -> Result<Response, Fault> {
    let id: ResourceId = id.parse().map_err(|_| Fault::NotFound)?;
    let (catalogue, system) = (visit.app.catalogue().await?, visit.app.system().await?);
    let shelf = shelf(visit, &catalogue, &system);
    let dataset = shelf.dataset(&id).ok_or(Fault::NotFound)?;
    Ok(public(&view(visit, shelf, dataset)))
}

fn view(visit: &Visit, shelf: Shelf<'_>, dataset: &Dataset) -> DatasetPage {
    let lang = visit.prefs.lang;
    let name = lang.pick(&dataset.name, Some(&dataset.name_en)).to_owned();
    let methods = Verification::ALL.into_iter().filter(|m| m.satisfies(dataset.weakest_verification));
    let notice = match dataset.state {
        DatasetState::Maintenance => Some("portal-state-maintenance.what"),
        DatasetState::Failing => Some("portal-state-failing.what"),
        _ => None,
    };
    let id = &dataset.resource_id;
    let services = shelf.services().into_iter().filter(|s| s.datasets.contains(id));
    let asks = |case: &mydata_domain::counter_service::Case| {
        case.required.contains(id) || case.choice.as_ref().is_some_and(|choice| choice.of.contains(id))
    };
    let counters = shelf.counter_services().into_iter().filter(|s| s.cases.iter().any(asks));
    let frame = Frame::new(visit, Area::Datasets, name)
        .about(lang.pick(&dataset.description, Some(&dataset.description_en)))
        .below(lang.t("portal-datasets"), "/datasets");
    DatasetPage {
        chrome: frame.chrome.clone(),
        frame,
        marks: state_mark(lang, dataset).into_iter().chain(zone_mark(lang, dataset.zone)).collect(),
        notice: notice.map(|key| lang.t(key)),
        description: lang.pick(&dataset.description, Some(&dataset.description_en)).to_owned(),
        provider: shelf.organisation_name(lang, dataset.organisation.as_str()),
        category: shelf.category(lang, CategoryArea::Dataset, &dataset.category),
        code: id.to_string(),
        wait: date::span(lang, dataset.expected_minutes),
        fields: fields(lang, dataset).to_vec(),
        methods: methods.map(|method| verification_name(lang, method)).collect(),
        parameters: dataset
            .parameters
            .iter()
            .map(|p| (lang.pick(&p.name, p.name_en.as_deref()).to_owned(), p.example.clone()))
            .collect(),
        services: services
            .map(|s| (lang.pick(&s.name, Some(&s.name_en)).to_owned(), format!("/services/{}", s.client_id)))
            .collect(),
        counter_services: counters
            .map(|s| (lang.pick(&s.name, Some(&s.name_en)).to_owned(), format!("/counter-services/{}", s.id)))
            .collect(),
    }
}
