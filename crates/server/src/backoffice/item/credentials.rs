//! Credentials (R44, R99, R100): shown to their owner after a fresh proof, and replaced. Never kept by a browser.

use askama::Template;
use http::StatusCode;
use mydata_domain::{Time, Zone};

use super::page::zone_key;
use super::{load, name, path};
use crate::backoffice::fault::Fault;
use crate::backoffice::flow::By;
use crate::backoffice::flow::credentials::{self, Credentials, Overlap};
use crate::backoffice::frame::{Crumb, Frame};
use crate::backoffice::parts::cell::{Cell, Link};
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::form::{Form, Look};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::web::RocDateTime;

/// The page.
#[derive(Template)]
#[template(path = "backoffice/credentials.html")]
pub struct CredentialsPage {
    /// The frame.
    pub frame: Frame,
    /// What is to be known first.
    pub notices: Vec<Notice>,
    /// The credentials.
    pub facts: Facts,
    /// The ways to replace them.
    pub form: Option<Form>,
}

fn zone(text: Option<&str>) -> Zone {
    text.and_then(|text| text.parse().ok()).unwrap_or(Zone::Test)
}

/// `GET /items/{id}/credentials?zone=…`.
pub async fn show(visit: Visit) -> Answer {
    let zone = zone(visit.query("zone"));
    let kept = load(&visit).await?;
    let shown = credentials::show(&visit.app, &By::visitor(&visit)?, kept.id, zone).await;
    page(&visit, &kept, zone, shown, Vec::new())
}

/// `POST /items/{id}/credentials`.
pub async fn submit(visit: Visit) -> Answer {
    let zone = zone(visit.posted.get("zone"));
    let kept = load(&visit).await?;
    let by = By::visitor(&visit)?;
    let overlap = match visit.posted.text("do") {
        "rotate" => Overlap::Usual,
        "rotate-now" => Overlap::None,
        "end" => {
            credentials::end_overlap(&visit.app, &by, kept.id, zone).await.map_err(Fault::from)?;
            let back = format!("{}/credentials?zone={}", path(kept.id), zone.as_str());
            return Ok(visit.go_saying(&back, "said-credentials-ended", &kept.name));
        }
        _ => return Ok(visit.go(&path(kept.id))),
    };
    let rotated = credentials::rotate(&visit.app, &by, kept.id, zone, overlap).await;
    let said = Notice::new(Tone::Good, visit.t("credentials-replaced"));
    page(&visit, &kept, zone, rotated, vec![said])
}

fn page(
    visit: &Visit,
    kept: &mydata_store::repo::items::Kept,
    zone: Zone,
    shown: Result<Credentials, crate::backoffice::flow::ActError>,
    mut notices: Vec<Notice>,
) -> Answer {
    let lang = visit.lang();
    let own = path(kept.id);
    let trail = vec![Crumb::new(name(visit, kept), own.clone())];
    let title = visit.t1("credentials", "zone", visit.t(zone_key(zone)));
    let frame = visit.frame(title, trail);
    let shown = match shown {
        Ok(shown) => shown,
        Err(error) => {
            let error = match error.fault() {
                Ok(fault) => return Err(fault),
                Err(error) => error,
            };
            let notices = vec![Notice::new(Tone::Warn, error.words(lang))];
            let view = CredentialsPage { frame, notices, facts: Facts::default(), form: None };
            return Ok(visit.page(StatusCode::CONFLICT, &view));
        }
    };
    let code = |text: &str| Cell::Code(text.to_owned());
    let (facts, earlier) = match &shown {
        Credentials::Dataset { id, secret, earlier_until } => {
            let facts = Facts::default()
                .cell(visit.t("dataset-resource-id"), code(id.as_str()))
                .cell(visit.t("credentials-resource-secret"), code(secret.expose()));
            (facts, *earlier_until)
        }
        Credentials::Service { id, secret, cbc_iv, api_key, earlier_until } => {
            let mut facts = Facts::default()
                .cell(visit.t("record-client-id"), code(id.as_str()))
                .cell(visit.t("credentials-client-secret"), code(secret.expose()))
                .cell(visit.t("credentials-cbc-iv"), code(cbc_iv.expose()));
            if let Some(key) = api_key {
                facts = facts.cell(visit.t("credentials-api-key"), code(key));
            }
            (facts, *earlier_until)
        }
    };
    let mut form =
        Form::simple(lang, format!("{own}/credentials"), &frame.token, visit.t("credentials-rotate"))
            .hide("zone", zone.as_str())
            .with(Notice::new(Tone::Calm, visit.t("credentials-rotate.what")))
            .button(visit.t("credentials-rotate-now"), "rotate-now", Look::Danger)
            .cancel(Link::new(visit.t("credentials-back"), own));
    form.buttons[0].value = "rotate";
    form.buttons[0].look = Look::Plain;
    if let Some(until) = earlier {
        notices.push(Notice::new(Tone::Warn, visit.t1("credentials-earlier", "at", moment(visit, until))));
        form = form.button(visit.t("credentials-end"), "end", Look::Plain);
    }
    Ok(visit.ok(&CredentialsPage { frame, notices, facts, form: Some(form) }))
}

fn moment(visit: &Visit, at: Time) -> String {
    RocDateTime::new(at.to_timestamp()).date_time(visit.lang())
}
