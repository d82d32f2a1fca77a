//! 已簽章的介接申請表 (R66): uploaded by the operating team, as the next version of an organisation's.

use http::StatusCode;
use mydata_domain::forms::Purpose;

use super::{about, crumbs, path};
use crate::app::App;
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::flow::By;
use crate::backoffice::flow::organisations::{self, Signed};
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::field::{Field, Input};
use crate::backoffice::parts::form::Form;
use crate::backoffice::password::FormPage;
use crate::backoffice::route::Answer;
use crate::backoffice::uploads::{self, words};
use crate::backoffice::visit::Visit;
use crate::web::Lang;

/// The field.
const FIELD: &str = "signed";
/// How such files are called.
const ENDINGS: &str = ".pdf,.png,.jpg,.jpeg";

/// The field of the file.
pub(in crate::backoffice) fn field(lang: Lang, fault: Option<String>) -> Field {
    Field::new(lang, FIELD, lang.t("organisation-signed"), Input::File(ENDINGS, None))
        .hint(lang.t("organisation-signed.hint"))
        .fault(fault)
}

/// What came of the file of a posted form.
pub(super) enum Posted {
    /// None was chosen.
    Nothing,
    /// It may be kept.
    File(Box<uploads::Judged>),
    /// Why it may not, in words.
    Refused(String),
}

/// Judges the file of a posted form by its content.
pub(super) async fn posted(visit: &Visit) -> Result<Posted, Fault> {
    let Some(file) = visit.posted.file(FIELD) else { return Ok(Posted::Nothing) };
    Ok(match uploads::judge(FIELD, Purpose::SignedApplication, file).await? {
        Ok(judged) => Posted::File(Box::new(judged)),
        Err(refused) => Posted::Refused(words::refused(visit.lang(), &refused)),
    })
}

/// Keeps the content of a file that may be kept.
pub(super) async fn keep(app: &App, file: &uploads::Judged) -> Result<Signed, Fault> {
    Ok(Signed {
        blob: uploads::keep(app, file).await?,
        name: file.checked.name.clone(),
        media_type: file.checked.kind.media_type(),
        bytes: file.bytes.len() as u64,
        sha256: file.checked.sha256.clone(),
    })
}

fn view(
    visit: &Visit,
    organisation: &mydata_domain::organisation::Organisation,
    fault: Option<String>,
) -> Result<FormPage, Fault> {
    let frame = visit.frame(visit.t("organisation-signed-add"), crumbs(visit, organisation)?);
    let action = format!("{ROOT}/organisation/signed");
    let form = Form::simple(visit.lang(), action, &frame.token, visit.t("organisation-signed-save"))
        .hide("organisation", organisation.id.as_str())
        .with(field(visit.lang(), fault))
        .cancel(Link::new(visit.t("cancel"), path(&organisation.id)));
    Ok(FormPage { frame, notice: None, form: Some(form) })
}

/// `GET /organisation/signed?organisation=…`.
pub async fn ask(visit: Visit) -> Answer {
    match about(&visit)? {
        Some(organisation) => Ok(visit.ok(&view(&visit, &organisation, None)?)),
        None => Ok(visit.go(&format!("{ROOT}/organisations"))),
    }
}

/// `POST /organisation/signed`.
pub async fn submit(visit: Visit) -> Answer {
    let Some(organisation) = about(&visit)? else { return Ok(visit.go(&format!("{ROOT}/organisations"))) };
    let fault = match posted(&visit).await? {
        Posted::File(file) => {
            let signed = keep(&visit.app, &file).await?;
            let by = By::visitor(&visit)?;
            organisations::add_signed(&visit.app, &by, &organisation.id, &signed).await?;
            return Ok(visit.go_saying(&path(&organisation.id), "said-organisation-signed", &signed.name));
        }
        Posted::Nothing => visit.t("organisation-signed.missing"),
        Posted::Refused(why) => why,
    };
    Ok(visit.page(StatusCode::UNPROCESSABLE_ENTITY, &view(&visit, &organisation, Some(fault))?))
}
