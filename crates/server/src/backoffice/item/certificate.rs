//! 簽章憑證 (R41): a dataset's signing certificate is replaced before, or after, it ended. Its owner does it, or the operating team;
//! a suspension because it had ended ends with it.

use http::StatusCode;
use mydata_domain::Zone;
use mydata_domain::item::Kind;
use mydata_store::repo::items::Kept;

use super::page::zone_key;
use super::{load, name, path, record};
use crate::backoffice::fault::Fault;
use crate::backoffice::flow::{ActError, By, certificates};
use crate::backoffice::frame::Crumb;
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::field::Field;
use crate::backoffice::parts::form::Form;
use crate::backoffice::password::FormPage;
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;

/// Longest certificate that can be pasted, in characters.
const MAX: u32 = 20_000;

/// The address of the page.
pub(super) fn address(kept: &Kept, zone: Zone) -> String {
    format!("{}/certificate?zone={}", path(kept.id), zone.as_str())
}

fn zone(text: Option<&str>) -> Zone {
    text.and_then(|text| text.parse().ok()).unwrap_or(Zone::Test)
}

/// `GET /items/{id}/certificate?zone=…`.
pub async fn show(visit: Visit) -> Answer {
    let zone = zone(visit.query("zone"));
    let kept = load(&visit).await?;
    page(&visit, &kept, zone, None, StatusCode::OK).await
}

/// `POST /items/{id}/certificate`.
pub async fn submit(visit: Visit) -> Answer {
    let zone = zone(visit.posted.get("zone"));
    let kept = load(&visit).await?;
    let pem = visit.posted.text("certificate");
    if pem.trim().is_empty() {
        let fault = visit.t("fault-not-a-certificate");
        return page(&visit, &kept, zone, Some(fault), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    match certificates::register(&visit.app, &By::visitor(&visit)?, kept.id, zone, pem).await {
        Ok(_) => Ok(visit.go_saying(&path(kept.id), "said-certificate", &name(&visit, &kept))),
        Err(error @ ActError::Certificate(..)) => {
            let fault = error.words(visit.lang());
            page(&visit, &kept, zone, Some(fault), StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(error) => Err(Fault::from(error)),
    }
}

async fn page(visit: &Visit, kept: &Kept, zone: Zone, fault: Option<String>, status: StatusCode) -> Answer {
    let there = kept.kind == Kind::Dataset && record::facts(visit, kept, zone).await?.is_some();
    if !there {
        return Ok(visit.go(&path(kept.id)));
    }
    let lang = visit.lang();
    let own = path(kept.id);
    let title = format!("{}{}{}", visit.t("item-certificate"), lang.colon(), visit.t(zone_key(zone)));
    let frame = visit.frame(title, vec![Crumb::new(name(visit, kept), own.clone())]);
    let field = Field::area(lang, "certificate", visit.t("form-certificate"))
        .hint(visit.t("item-certificate.how"))
        .value(visit.posted.text("certificate"))
        .max(MAX)
        .fault(fault);
    let form =
        Form::simple(lang, format!("{own}/certificate"), &frame.token, visit.t("item-certificate.register"))
            .hide("zone", zone.as_str())
            .with(field)
            .cancel(Link::new(visit.t("cancel"), own));
    Ok(visit.page(status, &FormPage { frame, notice: None, form: Some(form) }))
}
