//! Throwing a draft away: asks once more and says what will happen.

use mydata_domain::filing::FilingKind;
use mydata_domain::item::{ItemId, StageName};

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
