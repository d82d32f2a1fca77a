//! 預覽 at a counter (R81): the data on the clerk's screen, each time counted, on record and told to the citizen. Nothing readable is
//! written anywhere.

use askama::Template;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use mydata_domain::transaction::person::Person;
use mydata_seal::dp_package::FileKind;
use mydata_store::blobs::BlobId;
use mydata_store::repo::transactions::Kept;
use mydata_wire::ResourceId;

use super::PATH;
use super::desk::ClerkForm;
use super::stop::no_step;
use crate::download::opened::{self, Cannot};
use crate::download::preview::{turn, why};
use crate::download::view::Names;
use crate::exchange::fault::Fault;
use crate::flow::{FlowError, counter};
use crate::portal::nav::Area;
use crate::portal::view::Frame;
use crate::web::{Chrome, FormTarget, JsonDocument, Policy, headers, i18n, page};

/// A file that is no table on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Whether it can be opened.
    pub opens: bool,
    /// Why it cannot be shown.
    pub why: Option<String>,
    /// Its size.
    pub size: String,
}

/// One dataset at a counter.
#[derive(Template)]
#[template(path = "counter/preview.html")]
pub struct PreviewPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// Whose data, masked.
    pub citizen: String,
    /// Who provided it.
    pub provider: String,
    /// Its JSON.
    pub documents: Vec<JsonDocument>,
    /// The other files.
    pub files: Vec<Line>,
    /// What was to be shown and cannot be.
    pub fault: Option<String>,
    /// Which dataset.
    pub resource: String,
    /// Opens a file.
    pub open: FormTarget,
    /// Back to the visit.
    pub back: &'static str,
}

/// The package that a form asks for, after the step that counts it.
async fn wanted(form: &ClerkForm) -> Result<Result<(Kept, ResourceId, BlobId), Response>, Fault> {
    let desk = &form.desk;
    let resource: ResourceId = form.posted.text("resource").parse().map_err(|_| Fault::NotFound)?;
    let (secret, from) = (desk.browser.expose(), desk.visit.from);
    if let Some(visit) = counter::visit(desk.app(), secret, from).await? {
        // Looked at before it is counted: what is not there was not seen.
        match counter::look(desk.app(), &desk.catalogue, &visit).await {
            Ok((kept, _)) if opened::blob_of(&kept.transaction, &resource)?.is_none() => {
                return Err(Fault::NotFound);
            }
            Ok(_) => {}
            Err(why) => return Ok(Err(no_step(desk, why).await?)),
        }
    }
    match counter::preview(desk.app(), &desk.catalogue, secret, from, &resource).await {
        Ok(kept) => {
            let blob = opened::blob_of(&kept.transaction, &resource)?.ok_or(Fault::NotFound)?;
            Ok(Ok((kept, resource, blob)))
        }
        Err(why) => Ok(Err(no_step(desk, why).await?)),
    }
}

/// `POST /counter/preview`.
pub async fn show(form: ClerkForm) -> Response {
    let answer = shown(&form).await;
    form.desk.visit.or_fault(answer)
}

async fn shown(form: &ClerkForm) -> Result<Response, Fault> {
    let _turn = turn(form.desk.app()).await?;
    match wanted(form).await? {
        Ok((kept, resource, blob)) => page_of(form, &kept, &resource, &blob, None, StatusCode::OK).await,
        Err(elsewhere) => Ok(elsewhere),
    }
}

async fn page_of(
    form: &ClerkForm,
    kept: &Kept,
    resource: &ResourceId,
    blob: &BlobId,
    fault: Option<Cannot>,
    status: StatusCode,
) -> Result<Response, Fault> {
    let desk = &form.desk;
    let (app, lang) = (desk.app(), desk.visit.prefs.lang);
    let opened = opened::open(app, blob).await?;
    let names = Names { catalogue: &desk.catalogue, lang };
    let mut frame =
        Frame::new(&desk.visit, Area::Elsewhere, names.name(resource)).below(lang.t("counter"), PATH);
    frame.chrome.here = PATH.to_owned();
    let file = |file: &opened::Listed| Line {
        name: file.name.clone(),
        opens: file.kind == FileKind::Pdf && file.cannot.is_none(),
        why: file.cannot.map(|cannot| why(lang, cannot)),
        size: i18n::t(lang, "download-kilobytes", &[("count", file.len.div_ceil(1_024).into())]),
    };
    let view = PreviewPage {
        chrome: frame.chrome.clone(),
        frame,
        citizen: kept.transaction.person().map(Person::masked_name).unwrap_or_default(),
        provider: names.provider(resource),
        files: opened.files.iter().map(file).collect(),
        documents: opened.documents,
        fault: fault.map(|fault| why(lang, fault)),
        resource: resource.to_string(),
        open: desk.form("/counter/file"),
        back: PATH,
    };
    // Many thousand values take a while.
    Ok(opened::blocking(move || page(status, &view, &Policy::personal())).await?)
}

/// `POST /counter/file`: a PDF, without its password.
pub async fn file(form: ClerkForm) -> Response {
    let answer = sent(&form).await;
    form.desk.visit.or_fault(answer)
}

async fn sent(form: &ClerkForm) -> Result<Response, Fault> {
    let name = form.posted.raw("name").unwrap_or_default().to_owned();
    if FileKind::of(&name) != FileKind::Pdf {
        return Err(Fault::NotFound);
    }
    let app = form.desk.app();
    let _turn = turn(app).await?;
    let (kept, resource, blob) = match wanted(form).await? {
        Ok(wanted) => wanted,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let person = kept.transaction.person().map(Person::uid);
    let person = person.ok_or_else(|| FlowError::Broken("a held download has no person".to_owned()))?;
    match opened::pdf(app, &blob, &name, &person).await? {
        None => Err(Fault::NotFound),
        Some(Err(cannot)) => {
            page_of(form, &kept, &resource, &blob, Some(cannot), StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Some(Ok(bytes)) => {
            let mut response = Body::from(bytes).into_response();
            headers::apply_file(response.headers_mut(), &name);
            Ok(response)
        }
    }
}
