//! Choosing one to five datasets to download together. The choice stands in the address: it works by links and forms alone, can be
//! gone back in, and is kept nowhere.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use mydata_domain::counter_service;
use mydata_domain::transaction::own::MOST;
use mydata_wire::ResourceId;

use super::view::Names;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::portal::find::Search;
use crate::portal::nav::Area;
use crate::portal::view::{Frame, query, shelf};
use crate::web::{Chrome, Policy, i18n, page};

/// Datasets offered at a time beside those chosen.
const OFFERED: usize = 20;

/// A dataset that may be ticked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who provides it.
    pub provider: String,
    /// Whether it is ticked.
    pub chosen: bool,
}

/// The page that offers datasets.
#[derive(Template)]
#[template(path = "download/pick.html")]
pub struct PickPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// What is wrong with the choice.
    pub fault: Option<String>,
    /// What is searched for.
    pub search: String,
    /// Those chosen, then those found.
    pub offers: Vec<Offer>,
    /// How many were found that are not shown.
    pub more: usize,
    /// How many may be chosen.
    pub most: usize,
}

/// The datasets of an address, in order, none twice; what is no identifier is passed over.
pub fn chosen(pairs: &[(String, String)], most: usize) -> Vec<ResourceId> {
    let mut chosen: Vec<ResourceId> = Vec::new();
    for (_, value) in pairs.iter().filter(|(name, _)| name == "dataset") {
        if let Ok(id) = value.parse()
            && !chosen.contains(&id)
            && chosen.len() <= most
        {
            chosen.push(id);
        }
    }
    chosen
}

/// Why a choice cannot be gone on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadChoice {
    /// Nothing is chosen.
    None,
    /// More than [`MOST`].
    TooMany,
    /// Some in the test zone, some not.
    Zones,
    /// Not what the case of a counter service needs.
    Case(counter_service::BadChoice),
}

/// The page, with what is wrong with the choice.
pub async fn show(visit: &Visit, bad: Option<BadChoice>) -> Result<Response, Fault> {
    let (catalogue, system) = (visit.app.catalogue().await?, visit.app.system().await?);
    let shelf = shelf(visit, &catalogue, &system);
    let lang = visit.prefs.lang;
    let names = Names { catalogue: &catalogue, lang };
    let pairs = query(&visit.here);
    let chosen = chosen(&pairs, MOST);
    let search = Search::read(pairs.iter().find(|(name, _)| name == "q").map_or("", |(_, value)| value));
    let offer = |id: &ResourceId, chosen| Offer {
        id: id.to_string(),
        name: names.name(id),
        provider: names.provider(id),
        chosen,
    };
    let mut offers: Vec<Offer> =
        chosen.iter().filter(|id| shelf.dataset(id).is_some()).map(|id| offer(id, true)).collect();
    let datasets = shelf.datasets();
    let found: Vec<_> = datasets
        .iter()
        .filter(|d| !chosen.contains(&d.resource_id))
        .filter(|d| search.finds(shelf.folded().dataset(&d.resource_id)))
        .collect();
    offers.extend(found.iter().take(OFFERED).map(|d| offer(&d.resource_id, false)));
    let frame = Frame::new(visit, Area::Datasets, lang.t("download-pick"))
        .below(lang.t("portal-datasets"), "/datasets");
    let view = PickPage {
        chrome: frame.chrome.clone(),
        frame,
        fault: bad.map(|bad| match bad {
            BadChoice::None => lang.t("download-pick.none"),
            BadChoice::TooMany => i18n::t(lang, "download-pick.too-many", &[("most", MOST.into())]),
            BadChoice::Zones | BadChoice::Case(_) => lang.t("download-pick.zones"),
        }),
        search: search.text().to_owned(),
        offers,
        more: found.len().saturating_sub(OFFERED),
        most: MOST,
    };
    let status = if bad.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(page(status, &view, &Policy::personal()))
}
