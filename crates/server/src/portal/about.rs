//! 關於: what this is, and which method of proving one's identity reaches which dataset.

use askama::Template;
use axum::response::Response;
use mydata_domain::category::Area;
use mydata_wire::Verification;

use super::nav::Area as Place;
use super::view::{Frame, public, shelf};
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::web::Chrome;
use crate::web::layout::verification_name;

/// A dataset and the methods that reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Its name.
    pub name: String,
    /// Its page.
    pub href: String,
    /// For each method, strongest first, whether it is enough.
    pub by: Vec<bool>,
}

/// The page.
#[derive(Template)]
#[template(path = "portal/about.html")]
pub struct AboutPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// The methods, strongest first: name, what it needs.
    pub methods: Vec<(String, String)>,
    /// Datasets by category.
    pub groups: Vec<(String, Vec<Reach>)>,
}

/// `GET /about`.
pub async fn show(visit: Visit) -> Response {
    let answer = shown(&visit).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit) -> Result<Response, Fault> {
    let (catalogue, system) = (visit.app.catalogue().await?, visit.app.system().await?);
    let lang = visit.prefs.lang;
    let mut groups: Vec<(String, Vec<Reach>)> = Vec::new();
    let shelf = shelf(visit, &catalogue, &system);
    for dataset in shelf.datasets() {
        let reach = Reach {
            name: lang.pick(&dataset.name, Some(&dataset.name_en)).to_owned(),
            href: format!("/datasets/{}", dataset.resource_id),
            by: Verification::ALL
                .iter()
                .map(|method| method.satisfies(dataset.weakest_verification))
                .collect(),
        };
        match groups.last_mut() {
            Some((category, group)) if *category == dataset.category => group.push(reach),
            _ => groups.push((dataset.category.clone(), vec![reach])),
        }
    }
    for (category, _) in &mut groups {
        *category = shelf.category(lang, Area::Dataset, category);
    }
    let needs =
        |method: Verification| lang.t(&format!("verification-{}.needs", method.code().to_lowercase()));
    let methods = Verification::ALL.map(|method| (verification_name(lang, method), needs(method)));
    let frame = Frame::new(visit, Place::About, lang.t("portal-about")).about(lang.t("portal-about.lead"));
    Ok(public(&AboutPage { chrome: frame.chrome.clone(), frame, methods: methods.to_vec(), groups }))
}
