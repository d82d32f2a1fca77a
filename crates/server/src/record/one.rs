//! `GET /record/{id}`: one transaction. Somebody else's is not found.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use mydata_domain::transaction::TransactionId;
use mydata_store::repo::audit_roots;
use mydata_store::repo::record::{self, Entry};

use super::PATH;
use super::proof::proved;
use super::view::{Card, Proved, Teller};
use crate::citizen::session::Citizen;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::portal::nav::Area;
use crate::portal::view::Frame;
use crate::web::{Chrome, Policy, page};

/// The page.
#[derive(Template)]
#[template(path = "record/one.html")]
pub struct EntryPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// The transaction.
    pub card: Card,
    /// Where its receipt is.
    pub receipt: String,
    /// From when on the proofs that are not there yet can be had.
    pub waits: Option<String>,
}

/// The transaction with this id, if it is the citizen's.
pub(super) async fn find(visit: &Visit, citizen: &Citizen, id: &str) -> Result<Entry, Fault> {
    let id: TransactionId = id.parse().map_err(|_| Fault::NotFound)?;
    record::one(&visit.app.store.db, &citizen.index, id).await?.ok_or(Fault::NotFound)
}

/// `GET /record/{id}`.
pub async fn show(visit: Visit, citizen: Citizen, Path(id): Path<String>) -> Response {
    let answer = shown(&visit, &citizen, &id).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, citizen: &Citizen, id: &str) -> Result<Response, Fault> {
    let entry = find(visit, citizen, id).await?;
    let lang = visit.prefs.lang;
    let mut events = record::events(&visit.app.store.db, &[entry.id]).await?;
    let catalogue = visit.app.catalogue().await?;
    let teller = Teller { lang, catalogue: &catalogue };
    let events = events.remove(&entry.id).unwrap_or_default();
    let mut card = teller.card(&entry, &events);
    let last = audit_roots::last(&visit.app.store.db).await?.map(|kept| kept.root);
    let mut waits = None;
    for (happened, event) in card.events.iter_mut().zip(&events) {
        match proved(format!("{}/proof/{}", card.href, event.id), event, last.as_ref()) {
            Proved::Ready(href) => happened.proof = Some(href),
            Proved::From(at) => waits = waits.max(Some(at)),
        }
    }
    let waits = waits.map(|at| teller.proofs_from(at));
    let receipt = format!("{}/receipt", card.href);
    let frame = Frame::new(visit, Area::Elsewhere, card.title.clone()).below(lang.t("my-record"), PATH);
    let view = EntryPage { chrome: frame.chrome.clone(), frame, card, receipt, waits };
    Ok(page(StatusCode::OK, &view, &Policy::personal()))
}
