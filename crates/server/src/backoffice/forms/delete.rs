//! Throwing a draft away, and taking an application back (撤回): each asks once more and says what will happen.

use mydata_domain::filing::FilingKind;
use mydata_domain::item::{Act, ItemId, StageName, step};
use mydata_store::repo::items;
use mydata_store::repo::list::Scope;

use super::desk::Desk;
use super::page::gone;
use super::{list_path, way_back};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::flow::{self, By};
use crate::backoffice::frame::Crumb;
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::confirm::ConfirmPage;
use crate::backoffice::parts::form::{Form, Look};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;

/// The item itself is a draft: it goes with the form.
fn discards_item(desk: &Desk) -> Option<ItemId> {
    let item = desk.item.as_ref()?;
    (desk.kind == FilingKind::NewItem && item.stage.name() == StageName::Draft).then_some(item.id)
}

fn view(visit: &Visit, desk: &Desk) -> ConfirmPage {
    let back = way_back(visit, desk);
    let frame = visit.frame(
        visit.t1("form-delete-title", "what", desk.title(visit)),
        vec![Crumb::new(back.label, back.href), Crumb::new(desk.title(visit), desk.path())],
    );
    let consequence =
        if discards_item(desk).is_some() { "form-delete-item" } else { "form-delete-consequence" };
    let mut form =
        Form::simple(visit.lang(), format!("{}/delete", desk.path()), &frame.token, visit.t("form-delete"))
            .hide("version", desk.draft.version.to_string())
            .cancel(Link::new(visit.t("cancel"), desk.path()));
    form.buttons[0].look = Look::Danger;
    ConfirmPage { frame, consequences: vec![visit.t(consequence), visit.t("form-delete-files")], form }
}

/// `GET /drafts/{id}/delete`.
pub async fn ask(visit: Visit) -> Answer {
    let Some(desk) = Desk::find(&visit).await? else { return Ok(gone(&visit)) };
    Ok(visit.ok(&view(&visit, &desk)))
}

/// `POST /drafts/{id}/delete`. A draft that somebody saved after the page was made is not thrown away unseen.
pub async fn delete(visit: Visit) -> Answer {
    let Some(desk) = Desk::find(&visit).await? else { return Ok(gone(&visit)) };
    if visit.posted.text("version").parse() != Ok(desk.draft.version) {
        return Err(Fault::Changed);
    }
    let to = match (&desk.item, discards_item(&desk)) {
        (Some(item), Some(_)) => format!("{ROOT}{}", list_path(item.kind)),
        (Some(item), None) => format!("{ROOT}/items/{}", item.id),
        (None, _) => format!("{ROOT}/drafts"),
    };
    flow::file::drop_draft(&visit.app, &By::visitor(&visit)?, desk.draft.id).await?;
    Ok(visit.go_saying(&to, "said-draft-deleted", ""))
}

async fn own_item(visit: &Visit) -> Result<items::Kept, Fault> {
    let id: ItemId = visit.param("id")?.parse().map_err(|_| Fault::NotFound)?;
    let organisation = visit.me()?.account.organisation.clone().ok_or(Fault::NotFound)?;
    items::load(&visit.app.store.db, &Scope::Organisation(organisation), id).await?.ok_or(Fault::NotFound)
}

/// `GET /items/{id}/withdraw`.
pub async fn ask_withdraw(visit: Visit) -> Answer {
    let item = own_item(&visit).await?;
    // Nothing is under review any more: the review was quicker.
    if step::under_review(&item.stage).is_none() {
        return Err(Fault::Changed);
    }
    let back = format!("{ROOT}/items/{}", item.id);
    let frame = visit.frame(
        visit.t1("withdraw-title", "name", item.name.clone()),
        vec![Crumb::new(item.name.clone(), &back)],
    );
    let mut form = Form::simple(visit.lang(), format!("{back}/withdraw"), &frame.token, visit.t("withdraw"))
        .cancel(Link::new(visit.t("cancel"), &back));
    form.buttons[0].look = Look::Danger;
    let consequences = vec![visit.t("withdraw-consequence"), visit.t("withdraw-again")];
    Ok(visit.ok(&ConfirmPage { frame, consequences, form }))
}

/// `POST /items/{id}/withdraw`.
pub async fn withdraw(visit: Visit) -> Answer {
    let item = own_item(&visit).await?;
    flow::act(&visit.app, &By::visitor(&visit)?, item.id, Act::Withdraw).await?;
    Ok(visit.go_saying(&format!("{ROOT}/items/{}", item.id), "said-withdrawn", ""))
}
