//! An SP sends a citizen (R98–R108).

use axum::response::{IntoResponse, Redirect, Response};
use http::{Method, StatusCode, Uri};
use mydata_wire::entry::RawEntry;

use super::browser;
use super::fault::Fault;
use super::visit::Visit;
use crate::flow::entry::{self, Entry};

/// `GET /service/{client_id}/{resources}/{tx_id}?returnUrl&pid`.
pub async fn enter(visit: Visit, method: Method, uri: Uri) -> Response {
    // A scanner that only looks at a link must not open an exchange with it.
    if method != Method::GET {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let answer = opened(&visit, &uri).await;
    visit.or_fault(answer)
}

async fn opened(visit: &Visit, uri: &Uri) -> Result<Response, Fault> {
    let raw = RawEntry::split(uri.path().trim_start_matches("/service/"), uri.query());
    let cookie = |id| browser::secret(&visit.app, &visit.headers, id);
    match entry::enter(&visit.app, &raw, visit.from, &cookie).await? {
        Entry::Maintenance(occurrence) => Err(Fault::maintenance(occurrence)),
        Entry::UnknownService => Err(Fault::UnknownService),
        Entry::TestOver => Err(Fault::TestOver),
        Entry::Pilot(insiders) => Err(Fault::Pilot(insiders)),
        Entry::Refused(refused) => {
            Ok(Redirect::to(&refused.target.abnormal(refused.fault.code(), &raw.tx_id)).into_response())
        }
        Entry::Open { id, browser } => {
            let mut response = Redirect::to(&format!("/exchange/{id}")).into_response();
            if let Some(secret) = browser {
                browser::remember(&visit.app, &mut response, id, &secret);
            }
            Ok(response)
        }
    }
}
