//! `/`: what this is, the three ways in, and a search.

use askama::Template;
use axum::response::Response;

use super::nav::Area;
use super::view::{Frame, public, shelf};
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::public::news::{self, Line};
use crate::web::{Chrome, i18n, maintenance};

/// A way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayIn {
    /// Its name.
    pub title: String,
    /// What is there.
    pub text: String,
    /// How much.
    pub count: String,
    /// Where it leads.
    pub href: &'static str,
}

/// A service to begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begin {
    /// The service's name.
    pub service: String,
    /// The organisation behind it.
    pub organisation: String,
    /// Its page here.
    pub href: String,
}

/// The first page.
#[derive(Template)]
#[template(path = "portal/home.html")]
pub struct HomePage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// What is announced, one sentence each.
    pub notices: Vec<String>,
    /// The ways in.
    pub ways_in: Vec<WayIn>,
    /// Services to begin with; may be empty.
    pub services: Vec<Begin>,
    /// The latest news; may be empty.
    pub news: Vec<Line>,
}

/// Services that the first page names.
const SERVICES: usize = 6;
/// News that the first page names.
const NEWS: u32 = 3;

/// `GET /`.
pub async fn show(visit: Visit) -> Response {
    let answer = shown(&visit).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit) -> Result<Response, Fault> {
    let (catalogue, system) = (visit.app.catalogue().await?, visit.app.system().await?);
    let shelf = shelf(visit, &catalogue, &system);
    let lang = visit.prefs.lang;
    let services = shelf.services();
    let way = |key: &str, count: usize, href| WayIn {
        title: lang.t(key),
        text: lang.t(&format!("{key}.lead")),
        count: i18n::t(lang, "portal-count", &[("count", count.into())]),
        href,
    };
    let ways_in = vec![
        way("portal-datasets", shelf.datasets().len(), "/datasets"),
        way("portal-services", services.len(), "/services"),
        way("portal-counter-services", shelf.counter_services().len(), "/counter-services"),
    ];
    let begin = |service: &mydata_domain::Service| Begin {
        service: lang.pick(&service.name, Some(&service.name_en)).to_owned(),
        organisation: shelf.organisation_name(lang, service.organisation.as_str()),
        href: format!("/services/{}", service.client_id),
    };
    let services = services.into_iter().take(SERVICES).map(begin).collect();
    let name = |id: &mydata_wire::ResourceId| {
        let dataset = shelf.dataset(id)?;
        Some(lang.pick(&dataset.name, Some(&dataset.name_en)).to_owned())
    };
    let notices = maintenance::announced(lang, &system.windows, visit.app.now(), name);
    let news = news::latest(&visit.app, lang, visit.app.now(), NEWS).await?;
    let frame = Frame::new(visit, Area::Elsewhere, lang.t("home-title")).about(lang.t("home-lead"));
    Ok(public(&HomePage { chrome: frame.chrome.clone(), frame, notices, ways_in, services, news }))
}
