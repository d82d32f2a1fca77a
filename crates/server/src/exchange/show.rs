//! The page of the stage that an exchange is in.

use std::collections::HashMap;

use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use mydata_domain::maintenance;
use mydata_domain::transaction::{Ending, State};
use mydata_store::repo::transactions::Kept;
use mydata_wire::ReturnCode;

use super::fault::{Closed, Fault};
use super::views::Scene;
use super::visit::{AUTOMATIC, Visit};
use crate::flow::confirm;
use crate::flow::identify::{self, Draft};
use crate::web::{ConfirmPage, ConsentErrors, DeadEnd, DeadEndPage, Gathered, Policy, WayBack, page};

/// `GET /exchange/{id}`.
pub async fn show(visit: Visit, Path(id): Path<String>) -> Response {
    let answer = shown(&visit, &id).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, id: &str) -> Result<Response, Fault> {
    let mut kept = visit.exchange(id).await?;
    visit.touch(&mut kept).await?;
    let catalogue = visit.app.catalogue().await?;
    let t = &kept.transaction;
    if matches!(t.state, State::Entered | State::Authorised(_))
        && !t.client_id().is_some_and(|id| catalogue.is_listed(id))
    {
        confirm::stop(&visit.app, t.id, &kept.browser).await?;
        kept = visit.exchange(id).await?;
    }
    let draft = match kept.transaction.state {
        State::Entered => identify::draft(&visit.app, kept.transaction.id).await?,
        _ => Draft::default(),
    };
    let scene = Scene {
        app: &visit.app,
        kept: &kept,
        catalogue: &catalogue,
        prefs: visit.prefs,
        now: visit.app.now(),
    };
    Ok(match &kept.transaction.state {
        State::Entered => {
            if let Some(fault) = closed(&scene).await? {
                return Err(fault);
            }
            let view = scene.consent(&draft, &HashMap::new(), ConsentErrors::default());
            page(StatusCode::OK, &view, &Policy::personal())
        }
        State::Authorised(authorised) if !kept.transaction.nothing_usable() => {
            let view = ConfirmPage {
                chrome: scene.chrome(),
                parties: scene.parties(),
                method: authorised.verification,
                progress: scene.progress(),
                progress_url: scene.path("/progress"),
                refresh_url: scene.path(&format!("?{AUTOMATIC}")),
                confirm: scene.form("/confirm"),
                refuse: scene.form("/refuse"),
            };
            page(StatusCode::OK, &view, &Policy::personal())
        }
        _ => dead_end(&scene, &kept),
    })
}

/// Whether the platform, or a dataset that is asked for, is in maintenance: nothing is consented to meanwhile.
pub async fn closed(scene: &Scene<'_>) -> Result<Option<Fault>, Fault> {
    if let Some(occurrence) = scene.app.maintenance().await? {
        return Ok(Some(Fault::maintenance(occurrence)));
    }
    let system = scene.app.system().await?;
    let ids = scene.kept.transaction.parts.iter().map(|part| &part.resource_id);
    let closed: Vec<_> =
        ids.filter_map(|id| Some((id, maintenance::of_dataset(&system.windows, id, scene.now)?))).collect();
    let Some((_, (window, last))) = closed.iter().max_by_key(|(_, (_, occurrence))| occurrence.until) else {
        return Ok(None);
    };
    Ok(Some(Fault::Maintenance(Box::new(Closed {
        until: last.until,
        note: (window.note.clone(), window.note_en.clone()),
        datasets: closed.iter().map(|(id, _)| scene.dataset_name(id)).collect(),
        way_back: Some(WayBack::Post(scene.form("/refuse"))),
    }))))
}

/// An exchange on which nothing more can be decided.
pub fn dead_end(scene: &Scene<'_>, kept: &Kept) -> Response {
    let t = &kept.transaction;
    let asked_somebody = t.parts.iter().any(|p| p.tries.calls > 0);
    let wiped = if asked_somebody { Gathered::Wiped } else { Gathered::Nothing };
    let link = || t.return_location().map(WayBack::Link);
    let (kind, gathered, way_back) = match &t.state {
        // Every dataset failed before the citizen decided: nothing can be sent; giving up leads back with 504.
        State::Entered | State::Authorised(_) => (
            DeadEnd::Code(ReturnCode::DatasetFailing),
            Gathered::Nothing,
            Some(WayBack::Post(scene.form("/refuse"))),
        ),
        State::Confirmed(_) | State::Sealed(_) | State::Held(_) => {
            (DeadEnd::AlreadyConfirmed, Gathered::Sent, link())
        }
        State::Ended(ended) => match ended.ending {
            Ending::Refused => (DeadEnd::Code(ReturnCode::Refused), wiped, link()),
            Ending::Abandoned => (DeadEnd::Code(ReturnCode::Abandoned), wiped, link()),
            Ending::PersonConflict => (DeadEnd::Code(ReturnCode::PersonConflict), Gathered::Nothing, link()),
            Ending::SpRefused => (DeadEnd::Code(ReturnCode::SpRefused), wiped, link()),
            Ending::ServiceSuspended => (DeadEnd::Code(ReturnCode::Suspended), wiped, link()),
            Ending::Undeliverable => (DeadEnd::Code(ReturnCode::DatasetFailing), Gathered::Nothing, link()),
            Ending::Expired | Ending::Withdrawn | Ending::Taken => {
                (DeadEnd::AlreadyConfirmed, Gathered::Sent, link())
            }
        },
    };
    let view = DeadEndPage {
        chrome: scene.chrome(),
        kind,
        organisation: scene.organisation_short(),
        service: scene.service_name(),
        datasets: t.undeliverable().iter().map(|id| scene.dataset_name(id)).collect(),
        gathered,
        reference: t.errand().map(|errand| errand.tx_id.to_string()),
        way_back,
    };
    page(StatusCode::OK, &view, &Policy::personal())
}
