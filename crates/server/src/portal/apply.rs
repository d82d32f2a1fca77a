//! `/counter-services/{id}/apply`: the datasets of a case, those that are needed and those of which the citizen chooses some. The
//! choice stands in the address of the download; nothing is kept here.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use mydata_domain::counter_service::{BadChoice, Case, CounterServiceId};
use mydata_domain::transaction::own::CounterCase;
use mydata_wire::ResourceId;
use url::form_urlencoded::Serializer;

use super::nav::Area;
use super::services::dataset_line;
use super::shelf::Shelf;
use super::view::{Frame, query, shelf};
use crate::download::order::{self, Wish};
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::web::{Chrome, Policy, i18n, page};

/// A dataset on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its id.
    pub id: ResourceId,
    /// Its name.
    pub name: String,
    /// Who provides it.
    pub provider: String,
    /// Whether it is ticked.
    pub chosen: bool,
}

/// The page.
#[derive(Template)]
#[template(path = "portal/apply.html")]
pub struct ApplyPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// The case's name.
    pub name: String,
    /// The case as it stands in the address.
    pub case: CounterCase,
    /// What is wrong with the choice.
    pub fault: Option<String>,
    /// Datasets that are always needed.
    pub required: Vec<Offer>,
    /// How many of the next are chosen, in words.
    pub choose: String,
    /// Of which some are chosen.
    pub choice: Vec<Offer>,
    /// Where the form leads.
    pub action: &'static str,
}

/// Where a case is applied for.
pub fn address(case: &CounterCase) -> String {
    let query = Serializer::new(String::new()).append_pair("case", &case.case).finish();
    format!("/counter-services/{}/apply?{query}", case.service)
}

/// Whether everything that a case needs is offered to this citizen now.
pub fn offers(shelf: Shelf<'_>, case: &Case) -> bool {
    let there = |id: &&ResourceId| shelf.dataset(id).is_some();
    let some = |choice: &mydata_domain::counter_service::Choice| {
        choice.of.iter().filter(there).count() >= choice.count as usize
    };
    case.required.iter().all(|id| there(&id)) && case.choice.as_ref().is_none_or(some)
}

/// `GET /counter-services/{id}/apply?case=…`.
pub async fn show(visit: Visit, Path(id): Path<String>) -> Response {
    let answer = shown(&visit, &id).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, id: &str) -> Result<Response, Fault> {
    let service: CounterServiceId = id.parse().map_err(|_| Fault::NotFound)?;
    let pairs = query(&visit.here);
    let case = pairs.into_iter().find(|(name, _)| name == "case").map(|(_, case)| case);
    let case = CounterCase { service, case: case.ok_or(Fault::NotFound)? };
    show_choice(visit, &case, &[], None).await
}

/// The page, with what is wrong with what was chosen. A case without a choice leads on at once.
pub async fn show_choice(
    visit: &Visit,
    asked: &CounterCase,
    chosen: &[ResourceId],
    bad: Option<BadChoice>,
) -> Result<Response, Fault> {
    let (catalogue, system) = (visit.app.catalogue().await?, visit.app.system().await?);
    let shelf = shelf(visit, &catalogue, &system);
    let service = shelf.counter_service(asked.service).ok_or(Fault::NotFound)?;
    let case = service.case(&asked.case).filter(|case| offers(shelf, case)).ok_or(Fault::NotFound)?;
    let Some(choice) = &case.choice else {
        let wish = Wish { ids: case.required.clone(), case: Some(asked.clone()) };
        return Ok(Redirect::to(&wish.address()).into_response());
    };
    let lang = visit.prefs.lang;
    let offer = |id: &ResourceId| {
        let (name, provider, _) = dataset_line(lang, shelf, shelf.dataset(id)?);
        Some(Offer { id: id.clone(), name, provider, chosen: chosen.contains(id) })
    };
    let service_name = lang.pick(&service.name, Some(&service.name_en)).to_owned();
    let mut frame = Frame::new(visit, Area::CounterServices, lang.t("portal-choose-case"))
        .below(lang.t("portal-counter-services"), "/counter-services")
        .below(service_name, &format!("/counter-services/{}", service.id));
    frame.chrome.here = address(asked);
    let view = ApplyPage {
        chrome: frame.chrome.clone(),
        frame,
        name: lang.pick(&case.name, Some(&case.name_en)).to_owned(),
        case: asked.clone(),
        fault: bad.map(|bad| match bad {
            BadChoice::Other => lang.t("portal-choose-case.other"),
            BadChoice::Count { count, chosen } => i18n::t(
                lang,
                "portal-choose-case.count",
                &[("count", count.into()), ("chosen", chosen.into())],
            ),
        }),
        required: case.required.iter().filter_map(offer).collect(),
        choose: i18n::t(
            lang,
            "portal-choose",
            &[("count", choice.count.into()), ("of", choice.of.len().into())],
        ),
        choice: choice.of.iter().filter_map(offer).collect(),
        action: order::PATH,
    };
    let status = if bad.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(page(status, &view, &Policy::personal()))
}
