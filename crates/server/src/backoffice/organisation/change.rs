//! Changes what an organisation says about itself (R85, R87). Name, kind and competent authority were reviewed: only the
//! operating team changes them.

use http::StatusCode;
use mydata_domain::account::Role;
use mydata_domain::calendar::{day_of, roc};
use mydata_domain::forms::{Context, FieldError, Fields, OrganisationForm};
use mydata_domain::organisation::{Organisation, OrganisationKind};
use mydata_store::repo::accounts;
use mydata_store::repo::organisations::{self as profiles, Profile};

use super::fields::{Sheet, kind_text};
use super::list::kind_key;
use super::{about, crumbs, path};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::flow::{ActError, By, organisations};
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::field::{Field, Input};
use crate::backoffice::parts::form::Form;
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::password::FormPage;
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;

/// What only the operating team changes.
const REVIEWED: [&str; 5] = ["name", "name_en", "short_name", "kind", "authority"];
/// What its own people change.
const OWN: [&str; 5] =
    ["address", "applicant.account", "applicant.name", "applicant.phone", "applicant.email"];

/// What is known, as it would be typed.
fn known(organisation: &Organisation, profile: Option<&Profile>) -> Fields {
    let fields = Fields::new()
        .with("name", &organisation.name)
        .with("name_en", &organisation.name_en)
        .with("short_name", organisation.short_name.as_deref().unwrap_or_default())
        .with("kind", kind_text(organisation.kind));
    let Some(profile) = profile else { return fields };
    let form = &profile.form;
    fields
        .with("applied_on", roc(form.applied_on))
        .with("authority", form.authority.as_ref().map_or("", |id| id.as_str()))
        .with("address", &form.address)
        .with("applicant.account", &form.applicant.account)
        .with("applicant.name", &form.applicant.name)
        .with("applicant.phone", &form.applicant.phone)
        .with("applicant.email", &form.applicant.email)
}

/// Everything that the page is about.
struct Desk {
    organisation: Organisation,
    profile: Option<Profile>,
    context: Context,
    operates: bool,
}

impl Desk {
    async fn of(visit: &Visit) -> Result<Option<Self>, Fault> {
        let Some(organisation) = about(visit)? else { return Ok(None) };
        let (db, crypter) = (&visit.app.store.db, &visit.app.store.crypter);
        let profile = profiles::profile(db, crypter, &organisation.id).await?;
        let mut authorities = accounts::authorities(db).await?;
        // The one that it has stays, whether it reviews just now or not.
        authorities.extend(profile.as_ref().and_then(|p| p.authority.clone()));
        let context = Context { authorities, ..Context::bare(day_of(visit.now)) };
        let operates = visit.me()?.account.role == Role::Operator;
        Ok(Some(Self { organisation, profile, context, operates }))
    }

    /// When what the page shows was saved.
    fn seen(&self) -> String {
        self.profile.as_ref().map_or_else(String::new, |p| p.updated_at.0.to_string())
    }

    /// Whether its own people name the competent authority: of a private body that has none yet.
    fn names_authority(&self) -> bool {
        let known = self.profile.as_ref().is_some_and(|p| p.authority.is_some());
        self.organisation.kind == OrganisationKind::Private && !known
    }

    /// What is typed, over what is known; what was reviewed only by the operating team.
    fn fields(&self, visit: &Visit) -> Fields {
        let mut fields = known(&self.organisation, self.profile.as_ref());
        let theirs: &[&str] = match (self.operates, self.names_authority()) {
            (true, _) => &REVIEWED,
            (false, true) => &["authority"],
            (false, false) => &[],
        };
        for name in OWN.iter().chain(theirs) {
            if let Some(typed) = visit.posted.get(name) {
                fields.set(*name, typed);
            }
        }
        fields
    }
}

fn view(visit: &Visit, desk: &Desk, notice: Option<Notice>, wrong: &[FieldError]) -> Result<FormPage, Fault> {
    let lang = visit.lang();
    let fields = desk.fields(visit);
    let frame = visit.frame(visit.t("organisation-change"), crumbs(visit, &desk.organisation)?);
    let sheet = Sheet { visit, fields: &fields, authorities: &desk.context.authorities, wrong };
    let mut form =
        Form::simple(lang, format!("{ROOT}/organisation/change"), &frame.token, visit.t("organisation-save"))
            .hide("organisation", desk.organisation.id.as_str())
            .hide("seen", desk.seen());
    if desk.operates {
        form = sheet.reviewed(form.section(visit.t("organisation-reviewed"), None));
    } else {
        let shown = |name: &str, key: &str, value: String| {
            Field::new(lang, name, visit.t(key), Input::Shown).value(value)
        };
        let mailbox = visit.app.contact().mailbox;
        form = form
            .section(
                visit.t("organisation-reviewed"),
                Some(visit.t1("organisation-reviewed.hint", "mailbox", mailbox)),
            )
            .with(shown("name-shown", "organisation-name", desk.organisation.name.clone()))
            .with(shown("kind-shown", "organisation-kind", visit.t(kind_key(desk.organisation.kind))));
        if desk.names_authority() {
            form = form.with(sheet.authority());
        }
    }
    form = sheet
        .contact(form.section(visit.t("organisation-contact"), None))
        .cancel(Link::new(visit.t("cancel"), path(&desk.organisation.id)));
    Ok(FormPage { frame, notice, form: Some(form) })
}

/// `GET /organisation/change`.
pub async fn ask(visit: Visit) -> Answer {
    match Desk::of(&visit).await? {
        Some(desk) => Ok(visit.ok(&view(&visit, &desk, None, &[])?)),
        None => Ok(visit.go(&format!("{ROOT}/organisations"))),
    }
}

/// `POST /organisation/change`.
pub async fn submit(visit: Visit) -> Answer {
    let Some(desk) = Desk::of(&visit).await? else { return Ok(visit.go(&format!("{ROOT}/organisations"))) };
    let form = match OrganisationForm::read(&desk.fields(&visit), &desk.context) {
        Ok(form) => form,
        Err(wrong) => return Ok(visit.mend(&view(&visit, &desk, None, &wrong)?)),
    };
    let seen = visit.posted.text("seen").parse().ok().map(mydata_domain::Time);
    let id = &desk.organisation.id;
    match organisations::change(&visit.app, &By::visitor(&visit)?, id, form, seen).await {
        Ok(()) => {
            visit.app.catalogue_changed();
            Ok(visit.go_saying(&path(id), "said-organisation-changed", ""))
        }
        Err(ActError::Superseded) => {
            let desk = Desk::of(&visit).await?.ok_or(Fault::Changed)?;
            let notice = Notice::new(Tone::Warn, visit.t("organisation-stale"));
            Ok(visit.page(StatusCode::CONFLICT, &view(&visit, &desk, Some(notice), &[])?))
        }
        Err(error) => Err(error.into()),
    }
}
