//! Polling on and off (R42).

use crate::backoffice::flow::{self, By};
use crate::backoffice::item::{load, name, path};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;

/// `POST /items/{id}/polling`.
pub async fn switch(visit: Visit) -> Answer {
    let kept = load(&visit).await?;
    let own = path(kept.id);
    let polled = match visit.posted.text("polled") {
        "yes" => true,
        "no" => false,
        _ => return Ok(visit.go(&own)),
    };
    match flow::health::switch(&visit.app, &By::visitor(&visit)?, kept.id, polled).await {
        Ok(_) => {
            let key = if polled { "said-polling-on" } else { "said-polling-off" };
            Ok(visit.go_saying(&own, key, &name(&visit, &kept)))
        }
        Err(error) => match error.fault() {
            Ok(fault) => Err(fault),
            Err(error) => Ok(visit.go_saying(&own, "said-item-acted", &error.words(visit.lang()))),
        },
    }
}
