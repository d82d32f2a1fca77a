//! The page before a form: what it is for, what to have at hand, and what was begun already. The form itself is begun by a
//! button, so that looking changes nothing.

use askama::Template;
use http::StatusCode;
use mydata_domain::filing::FilingKind;
use mydata_domain::forms::FormKind;
use mydata_domain::item::{ActName, Acting, Actor, ItemId, Kind, step};
use mydata_store::repo::drafts::{self, Owner};
use mydata_store::repo::items::{self, Kept};
use mydata_store::repo::list::Scope;

use super::{desk, list_path, spec};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::flow::{self, ActError, By};
use crate::backoffice::frame::{Crumb, Frame};
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::form::Form;
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::web::{RocDateTime, i18n};

/// The page.
#[derive(Template)]
#[template(path = "backoffice/forms/begin.html")]
pub struct BeginPage {
    /// The frame.
    pub frame: Frame,
    /// What the form is for.
    pub lead: Option<String>,
    /// Why it cannot be begun.
    pub notice: Option<Notice>,
    /// What to have at hand.
    pub needs: Vec<String>,
    /// What was begun and not filed.
    pub begun: Vec<Link>,
    /// Begins it.
    pub form: Option<Form>,
}

/// What to have at hand for a form.
fn needs(form: FormKind) -> &'static [&'static str] {
    match form {
        FormKind::Dataset => &[
            "form-need-fields",
            "form-need-addresses",
            "form-need-api-document",
            "form-need-specification",
            "form-need-test-data",
        ],
        FormKind::Service => {
            &["form-need-terms", "form-need-service-urls", "form-need-addresses", "form-need-application"]
        }
        FormKind::CounterService => &["form-need-cases", "form-need-addresses", "form-need-application"],
        FormKind::GoLiveDataset | FormKind::GoLiveService | FormKind::GoLiveCounterService => {
            &["form-need-date", "form-need-production", "form-need-pilot", "form-need-checklist"]
        }
        FormKind::PilotReport => &["form-need-report"],
        FormKind::Extension | FormKind::Organisation => &[],
    }
}

fn view(
    visit: &Visit,
    form: FormKind,
    (title, back, action): (String, Link, String),
    notice: Option<Notice>,
    begun: Vec<Link>,
) -> BeginPage {
    let lang = visit.lang();
    let how = format!("{}.how", spec::title_key(form));
    let frame = visit.frame(title, vec![Crumb::new(back.label, back.href.clone())]);
    let button = Form::simple(lang, action, &frame.token, visit.t("form-begin"))
        .cancel(Link::new(visit.t("cancel"), back.href));
    BeginPage {
        lead: i18n::has(lang, &how).then(|| visit.t(&how)),
        needs: needs(form).iter().map(|key| visit.t(key)).collect(),
        begun,
        form: notice.is_none().then_some(button),
        notice,
        frame,
    }
}

fn new_title(kind: Kind) -> &'static str {
    match kind {
        Kind::Dataset => "form-new-dataset",
        Kind::Service => "form-new-service",
        Kind::CounterService => "form-new-counter-service",
    }
}

fn menu_title(kind: Kind) -> &'static str {
    match kind {
        Kind::Dataset => "menu-datasets",
        Kind::Service => "menu-services",
        Kind::CounterService => "menu-counter-services",
    }
}

/// `GET /datasets/new` and its like: 新增資料集, 新增服務.
pub async fn ask(visit: Visit, kind: Kind) -> Answer {
    let app = &visit.app;
    let form = FormKind::of(FilingKind::NewItem, kind);
    let all = drafts::of_owner(&app.store.db, &app.store.crypter, &desk::owner(&visit)?).await?;
    let begun = all.iter().filter(|draft| draft.form == form).map(|draft| {
        let name: String = draft.fields.text("name").trim().chars().take(60).collect();
        let at = RocDateTime::new(draft.updated_at.to_timestamp()).date_time(visit.lang());
        let name = if name.is_empty() { visit.t("drafts.unnamed") } else { name };
        Link::new(name, desk::path(draft.id)).about(visit.t1("form-saved-at", "at", at))
    });
    let list = format!("{ROOT}{}", list_path(kind));
    let around =
        (visit.t(new_title(kind)), Link::new(visit.t(menu_title(kind)), &list), format!("{list}/new"));
    Ok(visit.ok(&view(&visit, form, around, None, begun.collect())))
}

/// `POST /datasets/new` and its like.
pub async fn begin(visit: Visit, kind: Kind) -> Answer {
    let fields = desk::beginning(FormKind::of(FilingKind::NewItem, kind));
    let draft = flow::begin_item(&visit.app, &By::visitor(&visit)?, kind, fields).await?;
    Ok(visit.go(&desk::path(draft.id)))
}

/// The forms about an item that is there, by their addresses.
pub const ABOUT_ITEMS: [(&str, FilingKind); 5] = [
    ("/mydata-backend/items/{id}/application", FilingKind::NewItem),
    ("/mydata-backend/items/{id}/change", FilingKind::Change),
    ("/mydata-backend/items/{id}/extension", FilingKind::Extension),
    ("/mydata-backend/items/{id}/go-live", FilingKind::GoLive),
    ("/mydata-backend/items/{id}/pilot-report", FilingKind::PilotReport),
];

/// The address of a form about an item, for the item's page.
pub fn form_path(item: ItemId, filing: FilingKind) -> String {
    let path = ABOUT_ITEMS.iter().find(|(_, known)| *known == filing).map_or("", |(path, _)| path);
    path.replace("{id}", &item.to_string())
}

fn act_of(filing: FilingKind) -> ActName {
    match filing {
        FilingKind::SignUp | FilingKind::NewItem => ActName::File,
        FilingKind::Change => ActName::FileChange,
        FilingKind::Extension => ActName::FileExtension,
        FilingKind::GoLive => ActName::FileGoLive,
        FilingKind::PilotReport => ActName::FileReport,
    }
}

async fn own_item(visit: &Visit) -> Result<Kept, Fault> {
    let id: ItemId = visit.param("id")?.parse().map_err(|_| Fault::NotFound)?;
    let organisation = visit.me()?.account.organisation.clone().ok_or(Fault::NotFound)?;
    items::load(&visit.app.store.db, &Scope::Organisation(organisation), id).await?.ok_or(Fault::NotFound)
}

/// Why the form cannot be filed now.
fn refusal(visit: &Visit, item: &Kept, act: ActName) -> Result<Option<ActError>, Fault> {
    let me = &visit.me()?.account;
    let organisation = visit.catalogue.organisation(item.organisation.as_str()).ok_or(Fault::NotFound)?;
    let actor =
        Actor::Person(Acting { account: me.id, role: me.role, organisation: me.organisation.clone() });
    let may = step::may(&item.stage, act, &actor, &item.facts(organisation.kind), visit.now);
    Ok(may.err().map(ActError::from))
}

fn form_page(visit: &Visit, item: &Kept, filing: FilingKind, notice: Option<Notice>) -> BeginPage {
    let form = FormKind::of(filing, item.kind);
    let title = i18n::t(
        visit.lang(),
        "form-title",
        &[("form", visit.t(spec::title_key(form)).into()), ("name", item.name.clone().into())],
    );
    let back = Link::new(item.name.clone(), format!("{ROOT}/items/{}", item.id));
    view(visit, form, (title, back, form_path(item.id, filing)), notice, Vec::new())
}

/// `GET /items/{id}/go-live` and its like: to the draft that is there, or to what the form is for.
pub async fn ask_form(visit: Visit, filing: FilingKind) -> Answer {
    let item = own_item(&visit).await?;
    if let Some(error) = refusal(&visit, &item, act_of(filing))? {
        return refused(&visit, &item, filing, error);
    }
    let (db, crypter) = (&visit.app.store.db, &visit.app.store.crypter);
    let form = FormKind::of(filing, item.kind);
    let owner = Owner::Organisation(item.organisation.clone());
    if let Some(draft) = drafts::of_item(db, crypter, &owner, item.id, form).await? {
        return Ok(visit.go(&desk::path(draft.id)));
    }
    Ok(visit.ok(&form_page(&visit, &item, filing, None)))
}

/// `POST /items/{id}/go-live` and its like.
pub async fn form(visit: Visit, filing: FilingKind) -> Answer {
    let item = own_item(&visit).await?;
    match flow::begin_form(&visit.app, &By::visitor(&visit)?, item.id, filing).await {
        Ok(draft) => Ok(visit.go(&desk::path(draft.id))),
        Err(error) => refused(&visit, &item, filing, error),
    }
}

fn refused(visit: &Visit, item: &Kept, filing: FilingKind, error: ActError) -> Answer {
    match error.fault() {
        Ok(fault) => Err(fault),
        Err(error) => {
            let notice = Notice::new(Tone::Warn, error.words(visit.lang())).titled(visit.t("form-not-now"));
            Ok(visit.page(StatusCode::CONFLICT, &form_page(visit, item, filing, Some(notice))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_about_an_item_has_an_address() {
        let item: ItemId = "3f6c2d1e-8f00-4c1b-9b6a-5d20a7f3a91e".parse().unwrap();
        for filing in FilingKind::ALL.into_iter().filter(|kind| *kind != FilingKind::SignUp) {
            let path = form_path(item, filing);
            assert!(path.starts_with(&format!("{ROOT}/items/{item}/")), "{path}");
        }
    }
}
