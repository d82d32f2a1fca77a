//! 線上預覽檔案 (R78): JSON as tables, PDFs in the browser, opened with the citizen's own id on the way out. What cannot be shown says
//! so, and 轉存 is the way to it.

use std::time::Duration;

use askama::Template;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use mydata_domain::transaction::person::Person;
use mydata_seal::dp_package::FileKind;
use mydata_store::blobs::BlobId;
use mydata_store::repo::transactions::Kept;
use mydata_wire::ResourceId;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use url::form_urlencoded::Serializer;

use super::opened::{self, Cannot, Listed};
use super::view::{Names, own, path};
use crate::app::App;
use crate::citizen::session::Citizen;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::flow::{FlowError, download};
use crate::portal::nav::Area;
use crate::portal::view::Frame;
use crate::web::{Chrome, FormTarget, JsonDocument, Lang, Policy, headers, i18n, page};

/// How long a preview waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// When a citizen may ask again who waited in vain.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// A file of the package that is no table on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Where it is shown; nowhere where it cannot be.
    pub open: Option<String>,
    /// Why it cannot be shown.
    pub why: Option<String>,
    /// Its size.
    pub size: String,
}

/// One dataset of a download.
#[derive(Template)]
#[template(path = "download/preview.html")]
pub struct PreviewPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// Who provided it.
    pub provider: String,
    /// Its JSON.
    pub documents: Vec<JsonDocument>,
    /// The other files.
    pub files: Vec<Line>,
    /// What was to be shown and cannot be.
    pub fault: Option<String>,
    /// 轉存到我的電腦.
    pub save: FormTarget,
    /// Back to the download.
    pub back: String,
}

/// The dataset that an address names, and its package.
struct Wanted {
    kept: Kept,
    resource: ResourceId,
    blob: BlobId,
}

async fn wanted(
    visit: &Visit,
    citizen: &Citizen,
    id: &str,
    resource: &str,
) -> Result<Result<Wanted, Response>, Fault> {
    let kept = own(visit, id, &citizen.index).await?;
    let resource: ResourceId = resource.parse().map_err(|_| Fault::NotFound)?;
    if !kept.transaction.parts.iter().any(|part| part.resource_id == resource) {
        return Err(Fault::NotFound);
    }
    let open = kept.transaction.held().is_some_and(|held| held.is_open(visit.app.now()));
    match opened::blob_of(&kept.transaction, &resource)?.filter(|_| open) {
        Some(blob) => Ok(Ok(Wanted { kept, resource, blob })),
        // Taken, withdrawn or over meanwhile: the download's page says so.
        None => Ok(Err(Redirect::to(&path(kept.transaction.id, "")).into_response())),
    }
}

/// A package is read whole: so many at a time, whoever asks.
pub(crate) async fn turn(app: &App) -> Result<OwnedSemaphorePermit, Fault> {
    let turn = tokio::time::timeout(PATIENCE, app.previews.clone().acquire_owned()).await;
    turn.map_err(|_| Fault::Busy(ASK_AGAIN))?.map_err(|_| Fault::Busy(ASK_AGAIN))
}

/// `GET /downloads/{id}/preview/{resource_id}`.
pub async fn show(visit: Visit, citizen: Citizen, Path((id, resource)): Path<(String, String)>) -> Response {
    let answer = shown(&visit, &citizen, &id, &resource).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, citizen: &Citizen, id: &str, resource: &str) -> Result<Response, Fault> {
    let wanted = match wanted(visit, citizen, id, resource).await? {
        Ok(wanted) => wanted,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let id = wanted.kept.transaction.id;
    let _turn = turn(&visit.app).await?;
    download::previewed(&visit.app, id, &citizen.index, &wanted.resource, visit.from).await?;
    page_of(visit, citizen, &wanted, None, StatusCode::OK).await
}

async fn page_of(
    visit: &Visit,
    citizen: &Citizen,
    wanted: &Wanted,
    fault: Option<Cannot>,
    status: StatusCode,
) -> Result<Response, Fault> {
    let (app, lang) = (&visit.app, visit.prefs.lang);
    let opened = opened::open(app, &wanted.blob).await?;
    let catalogue = app.catalogue().await?;
    let names = Names { catalogue: &catalogue, lang };
    let id = wanted.kept.transaction.id;
    let here = path(id, &format!("/preview/{}", wanted.resource));
    let frame = Frame::new(visit, Area::Elsewhere, names.name(&wanted.resource))
        .below(lang.t("own-downloads"), super::list::PATH)
        .below(lang.t("download-one.ready"), &path(id, ""));
    let mut view = PreviewPage {
        chrome: frame.chrome.clone(),
        frame,
        provider: names.provider(&wanted.resource),
        documents: opened.documents,
        files: opened.files.iter().map(|file| line(lang, file, &here)).collect(),
        fault: fault.map(|fault| why(lang, fault)),
        save: citizen.form(app, path(id, "/save")),
        back: path(id, ""),
    };
    view.chrome.here.clone_from(&here);
    // Many thousand values take a while.
    let rendered = opened::blocking(move || page(status, &view, &Policy::personal()));
    Ok(rendered.await?)
}

/// Why a file is not shown, in words.
pub(crate) fn why(lang: Lang, cannot: Cannot) -> String {
    lang.t(match cannot {
        Cannot::TooLarge => "download-cannot.too-large",
        Cannot::NoTable => "download-cannot.no-table",
        Cannot::NoPdf => "download-cannot.no-pdf",
        Cannot::OtherKind => "download-cannot.other-kind",
    })
}

fn line(lang: Lang, file: &Listed, here: &str) -> Line {
    let query = Serializer::new(String::new()).append_pair("name", &file.name).finish();
    let shown = file.kind == FileKind::Pdf && file.cannot.is_none();
    Line {
        name: file.name.clone(),
        open: shown.then(|| format!("{here}/file?{query}")),
        why: file.cannot.map(|cannot| why(lang, cannot)),
        size: i18n::t(lang, "download-kilobytes", &[("count", file.len.div_ceil(1_024).into())]),
    }
}

/// Which file.
#[derive(Deserialize)]
pub struct Named {
    name: String,
}

/// `GET /downloads/{id}/preview/{resource_id}/file?name=`: a PDF, without its password.
pub async fn file(
    visit: Visit,
    citizen: Citizen,
    Path((id, resource)): Path<(String, String)>,
    named: Result<Query<Named>, QueryRejection>,
) -> Response {
    let answer = match named {
        Ok(Query(named)) => sent(&visit, &citizen, &id, &resource, &named.name).await,
        Err(_) => Err(Fault::NotFound),
    };
    visit.or_fault(answer)
}

async fn sent(
    visit: &Visit,
    citizen: &Citizen,
    id: &str,
    resource: &str,
    name: &str,
) -> Result<Response, Fault> {
    let wanted = match wanted(visit, citizen, id, resource).await? {
        Ok(wanted) => wanted,
        Err(elsewhere) => return Ok(elsewhere),
    };
    if FileKind::of(name) != FileKind::Pdf {
        return Err(Fault::NotFound);
    }
    let person = wanted.kept.transaction.person().map(Person::uid);
    let person = person.ok_or_else(|| FlowError::Broken("a held download has no person".to_owned()))?;
    let _turn = turn(&visit.app).await?;
    match opened::pdf(&visit.app, &wanted.blob, name, &person).await? {
        None => Err(Fault::NotFound),
        Some(Err(cannot)) => {
            page_of(visit, citizen, &wanted, Some(cannot), StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Some(Ok(bytes)) => {
            let id = wanted.kept.transaction.id;
            download::previewed(&visit.app, id, &citizen.index, &wanted.resource, visit.from).await?;
            let mut response = Body::from(bytes).into_response();
            headers::apply_file(response.headers_mut(), name);
            Ok(response)
        }
    }
}
