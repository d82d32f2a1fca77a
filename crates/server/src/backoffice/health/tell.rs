//! Notifying the owner of what fails: by the operating team, after a question.

use mydata_domain::item::{ItemId, Kind};
use mydata_store::repo::items::{self, Kept};

use crate::backoffice::fault::Fault;
use crate::backoffice::flow::{self, ActError, By};
use crate::backoffice::frame::Crumb;
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::confirm::ConfirmPage;
use crate::backoffice::parts::form::Form;
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::backoffice::{ROOT, scope};

fn list(kind: Kind) -> String {
    let below = if kind == Kind::Service { "/services/failing" } else { "/datasets/failing" };
    format!("{ROOT}{below}")
}

async fn load(visit: &Visit, id: Option<&str>) -> Result<Kept, Fault> {
    let id: ItemId = id.unwrap_or_default().parse().map_err(|_| Fault::NotFound)?;
    items::load(&visit.app.store.db, &scope::of_visit(visit)?, id).await?.ok_or(Fault::NotFound)
}

/// `GET /failing/tell?item=…`.
pub async fn ask(visit: Visit) -> Answer {
    if visit.query("item").is_none() {
        return Ok(visit.go(&list(Kind::Dataset)));
    }
    let kept = load(&visit, visit.query("item")).await?;
    let back = list(kept.kind);
    let title = visit.t1("failing-tell-ask", "name", kept.name.as_str());
    let frame =
        visit.frame(title, vec![Crumb::new(super::failing::title(visit.lang(), kept.kind), back.clone())]);
    let action = format!("{ROOT}/failing/tell");
    let form = Form::simple(visit.lang(), action, &frame.token, visit.t("failing-tell"))
        .hide("item", kept.id.to_string())
        .cancel(Link::new(visit.t("cancel"), back));
    Ok(visit.ok(&ConfirmPage { frame, consequences: vec![visit.t("failing-tell-mail")], form }))
}

/// `POST /failing/tell`.
pub async fn submit(visit: Visit) -> Answer {
    if visit.posted.get("item").is_none() {
        return Ok(visit.go(&list(Kind::Dataset)));
    }
    let kept = load(&visit, visit.posted.get("item")).await?;
    let back = list(kept.kind);
    match flow::health::tell_owner(&visit.app, &By::visitor(&visit)?, kept.id).await {
        Ok(_) => Ok(visit.go_saying(&back, "said-owner-told", &kept.name)),
        Err(ActError::Superseded) => {
            let text = visit.t1("failing-over", "what", kept.name.as_str());
            Ok(visit.go_saying(&back, "said-item-acted", &text))
        }
        Err(error) => Err(error.into()),
    }
}
