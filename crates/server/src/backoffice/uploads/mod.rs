//! Files of forms: judged by their content, kept sealed with their version, and given back to those who may see them.
//!
//! [`judge`] and [`keep`] are what a form does with a file that was posted with it; [`show`] is the address of a file.

pub mod words;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
};
use http::{HeaderName, HeaderValue};
use mydata_domain::account::Role;
use mydata_domain::forms::Purpose;
use mydata_store::StoreError;
use mydata_store::blobs::BlobId;
use mydata_store::repo::list::Scope;
use mydata_store::repo::uploads::{self, Upload};

use super::fault::Fault;
use super::owner::Thing;
use super::posted::PostedFile;
use super::route::{Answer, MAX_FILE, Route};
use super::rule::Rule;
use super::upload::{self, Checked, Refused};
use super::visit::Visit;
use crate::app::App;

/// Most files of one draft.
pub const MOST: usize = 100;

/// The lines of the table.
pub fn routes() -> Vec<Route> {
    let readers = &[Role::Operator, Role::Authority, Role::Ministry, Role::Administrator, Role::Auditor];
    let rule = Rule::Owner { of: Thing::Upload, or: readers };
    vec![Route::get("/mydata-backend/uploads/{id}", rule, show)]
}

/// A posted file that may be kept.
pub struct Judged {
    /// The form's field.
    pub path: &'static str,
    /// As what.
    pub purpose: Purpose,
    /// What it is.
    pub checked: Checked,
    /// Its content.
    pub bytes: Bytes,
}

/// Judges a file by its content, off the async threads.
///
/// # Errors
/// Why it is refused; or the thread that judged it broke.
pub async fn judge(
    path: &'static str,
    purpose: Purpose,
    file: &PostedFile,
) -> Result<Result<Judged, Refused>, Fault> {
    if file.too_large {
        // The rest was not even read.
        let most = MAX_FILE as u64;
        return Ok(Err(Refused::TooLarge { bytes: most + 1, most }));
    }
    let (name, bytes) = (file.name.clone(), file.bytes.clone());
    let judged = tokio::task::spawn_blocking(move || {
        upload::check(purpose, &name, &bytes).map(|checked| Judged { path, purpose, checked, bytes })
    });
    judged.await.map_err(|error| Fault::Broken(error.to_string()))
}

/// Keeps the content as a sealed blob. Until a row names it, the sweeper may take it again.
///
/// # Errors
/// The store fails.
pub async fn keep(app: &App, file: &Judged) -> Result<BlobId, StoreError> {
    let mut writer = app.store.blobs.create();
    writer.write(&file.bytes).await?;
    Ok(writer.finish().await?.id)
}

/// The content of an upload.
///
/// # Errors
/// The store fails.
pub async fn content(app: &App, upload: &Upload) -> Result<Vec<u8>, StoreError> {
    app.store.blobs.read(&upload.blob).await
}

/// Whose uploads somebody sees.
fn scope(visit: &Visit) -> Result<Option<Scope>, Fault> {
    let account = &visit.me()?.account;
    Ok(match (account.role, &account.organisation) {
        (Role::Applicant | Role::Deputy, Some(id)) => Some(Scope::Organisation(id.clone())),
        (Role::Applicant | Role::Deputy, None) => None,
        (Role::Authority, Some(id)) => Some(Scope::Authority(id.clone())),
        (Role::Authority, None) => return Err(Fault::NotFound),
        (Role::Operator | Role::Ministry | Role::Administrator | Role::Auditor, _) => Some(Scope::All),
    })
}

/// `GET /uploads/{id}`: the file, always to be saved and never to be opened as a page of ours.
pub async fn show(visit: Visit) -> Answer {
    let app = &visit.app;
    let id = visit.param("id")?.parse().map_err(|_| Fault::NotFound)?;
    let found = match scope(&visit)? {
        Some(scope) => uploads::load(&app.store.db, &scope, id).await?,
        None => uploads::load_own(&app.store.db, visit.me()?.account.id, id).await?,
    };
    let upload = found.ok_or(Fault::NotFound)?;
    let stream = app.store.blobs.stream(&upload.blob).await?;
    Ok(download(&upload, Body::from_stream(stream)))
}

fn download(upload: &Upload, body: Body) -> Response {
    let mut response = body.into_response();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set(CONTENT_TYPE, &upload.media_type);
    set(CONTENT_LENGTH, &upload.bytes.to_string());
    set(CONTENT_DISPOSITION, &disposition(&upload.name));
    set(CACHE_CONTROL, "no-store");
    set(CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    set(HeaderName::from_static("x-content-type-options"), "nosniff");
    response
}

/// The name as RFC 6266 has it: plain for old programs, in UTF-8 for the others.
fn disposition(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' }).collect();
    let whole = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_out_of_its_header() {
        let header = disposition("規格\"; x=y\r\n.pdf");
        assert_eq!(
            header,
            "attachment; filename=\"____ x_y__.pdf\"; filename*=UTF-8''%E8%A6%8F%E6%A0%BC%22%3B%20x%3Dy%0D%0A%2Epdf"
        );
    }
}
