//! 顯示前台, and 不顯示前台且不可被取用 (R39, R43).

use mydata_domain::item::Kind;

use super::{load, name, path};
use crate::backoffice::fault::Fault;
use crate::backoffice::flow::{By, display};
use crate::backoffice::frame::Crumb;
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::confirm::ConfirmPage;
use crate::backoffice::parts::form::{Form, Look};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::web::i18n;

/// `GET /items/{id}/display`.
pub async fn ask(visit: Visit) -> Answer {
    let kept = load(&visit).await?;
    let own = path(kept.id);
    if kept.kind != Kind::Dataset || kept.stage.running().is_none() {
        return Ok(visit.go(&own));
    }
    let lang = visit.lang();
    let (label, what) =
        if kept.shown { ("item-hide", "display-hide.what") } else { ("item-show", "display-show.what") };
    let args = [("act", visit.t(label).into()), ("name", name(&visit, &kept).into())];
    let frame =
        visit.frame(i18n::t(lang, "act-ask", &args), vec![Crumb::new(name(&visit, &kept), own.clone())]);
    let mut form = Form::simple(lang, format!("{own}/display"), &frame.token, visit.t(label))
        .hide("shown", if kept.shown { "no" } else { "yes" })
        .cancel(Link::new(visit.t("cancel"), own));
    if kept.shown {
        form.buttons[0].look = Look::Danger;
    }
    Ok(visit.ok(&ConfirmPage { frame, consequences: vec![visit.t(what)], form }))
}

/// `POST /items/{id}/display`.
pub async fn submit(visit: Visit) -> Answer {
    let kept = load(&visit).await?;
    let shown = match visit.posted.text("shown") {
        "yes" => true,
        "no" => false,
        _ => return Ok(visit.go(&path(kept.id))),
    };
    display::set(&visit.app, &By::visitor(&visit)?, kept.id, shown).await.map_err(Fault::from)?;
    let key = if shown { "said-item-shown" } else { "said-item-hidden" };
    Ok(visit.go_saying(&path(kept.id), key, &name(&visit, &kept)))
}
