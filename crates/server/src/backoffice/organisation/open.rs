//! The operating team opens an account for an organisation that asks by phone or mail (R65, R66, R84), and writes down whom
//! it told.

use mydata_domain::calendar::day_of;
use mydata_domain::forms::{Context, FieldError, Fields, OrganisationForm};
use mydata_domain::organisation::NoteKind;
use mydata_domain::text::paragraphs;
use mydata_store::repo::accounts;

use super::fields::Sheet;
use super::signed::{self, Posted};
use super::{about, path};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::flow::By;
use crate::backoffice::flow::organisations::{self, Opening};
use crate::backoffice::forms::words;
use crate::backoffice::frame::Crumb;
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::field::{Choice, Field, Input};
use crate::backoffice::parts::form::{Form, Look};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::password::FormPage;
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::web::Lang;

/// The fields of the organisation; deputies are invited on its page.
const FIELDS: [&str; 10] = [
    "name",
    "name_en",
    "short_name",
    "kind",
    "authority",
    "address",
    "applicant.name",
    "applicant.phone",
    "applicant.email",
    "applicant.account",
];

/// What is wrong with what was posted beside the organisation's own fields.
#[derive(Default)]
struct Wrong {
    fields: Vec<FieldError>,
    asked: Option<String>,
    note: Option<String>,
    signed: Option<String>,
}

impl Wrong {
    fn any(&self) -> bool {
        !self.fields.is_empty() || self.asked.is_some() || self.note.is_some() || self.signed.is_some()
    }
}

/// The words of a note's kind.
pub(super) fn note_key(kind: NoteKind) -> &'static str {
    match kind {
        NoteKind::AskedByPhone => "organisation-asked-by-phone",
        NoteKind::AskedByMail => "organisation-asked-by-mail",
        NoteKind::ToldByPhone => "organisation-told-by-phone",
    }
}

async fn context(visit: &Visit) -> Result<Context, Fault> {
    let authorities = accounts::authorities(&visit.app.store.db).await?;
    Ok(Context { authorities, ..Context::bare(day_of(visit.now)) })
}

fn view(visit: &Visit, context: &Context, wrong: &Wrong) -> FormPage {
    let lang = visit.lang();
    let list = format!("{ROOT}/organisations");
    let trail = vec![Crumb::new(visit.t("organisations"), list.clone())];
    let frame = visit.frame(visit.t("organisation-open"), trail);
    let fields =
        FIELDS.iter().fold(Fields::new(), |fields, name| fields.with(*name, visit.posted.text(name)));
    let sheet = Sheet { visit, fields: &fields, authorities: &context.authorities, wrong: &wrong.fields };
    let asked = NoteKind::ASKED.map(|kind| Choice::new(kind.as_str(), visit.t(note_key(kind)))).to_vec();
    let form = Form::simple(lang, format!("{list}/new"), &frame.token, visit.t("organisation-open"))
        .section(visit.t("organisation-asked"), None)
        .with(
            Field::new(lang, "asked", visit.t("organisation-asked.how"), Input::Radio(asked))
                .value(visit.posted.text("asked"))
                .fault(wrong.asked.clone()),
        )
        .with(
            Field::new(lang, "note", visit.t("organisation-note"), Input::Area(3))
                .hint(visit.t("organisation-note.hint"))
                .value(visit.posted.text("note"))
                .max(u32::try_from(NoteKind::MAX_TEXT).unwrap_or(u32::MAX))
                .optional()
                .fault(wrong.note.clone()),
        )
        .with(signed::field(lang, wrong.signed.clone()).optional());
    let form = sheet.reviewed(form.section(visit.t("organisation-about"), None));
    let form = sheet.contact(form.section(visit.t("organisation-contact"), None));
    let notice = Some(Notice::new(Tone::Calm, visit.t("organisation-open.what")));
    FormPage { frame, notice, form: Some(form.cancel(Link::new(visit.t("cancel"), list))) }
}

/// `GET /organisations/new`.
pub async fn ask(visit: Visit) -> Answer {
    let context = context(&visit).await?;
    Ok(visit.ok(&view(&visit, &context, &Wrong::default())))
}

/// A note, or what is wrong with it.
fn note(visit: &Visit) -> Result<String, String> {
    match visit.posted.text("note") {
        "" => Ok(String::new()),
        typed => paragraphs(typed, NoteKind::MAX_TEXT)
            .map_err(|bad| words::fault(visit.lang(), &mydata_domain::forms::Fault::from(bad))),
    }
}

/// `POST /organisations/new`: opens the account; its holder is told by mail.
pub async fn submit(visit: Visit) -> Answer {
    let context = context(&visit).await?;
    let fields =
        FIELDS.iter().fold(Fields::new(), |fields, name| fields.with(*name, visit.posted.text(name)));
    let mut wrong = Wrong::default();
    let form = OrganisationForm::read(&fields, &context).map_err(|faults| wrong.fields = faults).ok();
    let asked: Option<NoteKind> = visit.posted.text("asked").parse().ok();
    let asked = asked.filter(|kind| NoteKind::ASKED.contains(kind));
    wrong.asked = asked.is_none().then(|| visit.t("organisation-asked.missing"));
    let note = note(&visit).map_err(|fault| wrong.note = Some(fault)).unwrap_or_default();
    let file = match signed::posted(&visit).await? {
        Posted::Nothing => None,
        Posted::File(file) => Some(file),
        Posted::Refused(why) => {
            wrong.signed = Some(why);
            None
        }
    };
    let (Some(form), Some(asked), false) = (form, asked, wrong.any()) else {
        return Ok(visit.mend(&view(&visit, &context, &wrong)));
    };
    let signed = match &file {
        Some(file) => Some(signed::keep(&visit.app, file).await?),
        None => None,
    };
    let opening = Opening { asked, note, signed };
    let id = organisations::open(&visit.app, &By::visitor(&visit)?, &form, &opening).await?;
    visit.app.catalogue_changed();
    Ok(visit.go_saying(&path(&id), "said-organisation-opened", &form.applicant.phone))
}

/// The form below an organisation's notes: whom the operating team told by phone.
pub(super) fn told_form(lang: Lang, token: &str, organisation: &str, fault: Option<String>) -> Form {
    let action = format!("{ROOT}/organisation/told");
    let mut form = Form::simple(lang, action, token, lang.t("organisation-told-save"))
        .hide("organisation", organisation)
        .with(
            Field::new(lang, "note", lang.t("organisation-told"), Input::Area(2))
                .hint(lang.t("organisation-told.hint"))
                .max(u32::try_from(NoteKind::MAX_TEXT).unwrap_or(u32::MAX))
                .fault(fault),
        );
    form.buttons[0].look = Look::Plain;
    form
}

/// `POST /organisation/told`.
pub async fn submit_told(visit: Visit) -> Answer {
    let Some(organisation) = about(&visit)? else { return Ok(visit.go(&format!("{ROOT}/organisations"))) };
    let fault = match note(&visit) {
        Ok(note) if note.is_empty() => visit.t("organisation-told.missing"),
        Ok(note) => {
            organisations::told(&visit.app, &By::visitor(&visit)?, &organisation.id, &note).await?;
            return Ok(visit.go_saying(&path(&organisation.id), "said-organisation-told", ""));
        }
        Err(fault) => fault,
    };
    super::page::page(&visit, &organisation, Some(fault)).await
}
