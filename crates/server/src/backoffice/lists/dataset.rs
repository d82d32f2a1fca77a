//! 查看資料集 (R93): what everybody may know of a dataset that is offered. No address and no secret.

use askama::Template;
use mydata_domain::account::Role;
use mydata_domain::item::Kind;
use mydata_wire::ResourceId;

use super::all::level;
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::frame::{Crumb, Frame};
use crate::backoffice::item::words;
use crate::backoffice::parts::cell::Cell;
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;

/// The page.
#[derive(Template)]
#[template(path = "backoffice/dataset.html")]
pub struct DatasetPage {
    /// The frame.
    pub frame: Frame,
    /// What is known.
    pub facts: Facts,
}

/// `GET /all-datasets/dataset?resource_id=…`.
pub async fn show(visit: Visit) -> Answer {
    let list = format!("{ROOT}/all-datasets");
    let Some(id) = visit.query("resource_id") else { return Ok(visit.go(&list)) };
    let id: ResourceId = id.parse().map_err(|_| Fault::NotFound)?;
    let found = visit.catalogue.datasets.get(&id).map(|d| &d.dataset).ok_or(Fault::NotFound)?;
    let role = visit.me()?.account.role;
    let offered = found.is_offered() && found.zone == visit.zone();
    if !offered && !Role::OVERSEERS.contains(&role) {
        return Err(Fault::NotFound);
    }
    let lang = visit.lang();
    let pick = |zh: &str, en: &str| lang.pick(zh, Some(en)).to_owned();
    let provider = visit.catalogue.organisation(found.organisation.as_str());
    let fields = if lang == crate::web::Lang::En && found.fields_en.len() == found.fields.len() {
        &found.fields_en
    } else {
        &found.fields
    };
    let parameters = found.parameters.iter().map(|p| Cell::Text(format!("{} ({})", p.name, p.key.as_str())));
    let mut facts = Facts::default()
        .cell(visit.t("dataset-resource-id"), Cell::Code(found.resource_id.to_string()))
        .text(visit.t("list-name-dataset"), pick(&found.name, &found.name_en))
        .text(visit.t("list-level"), level(&visit, found.weakest_verification))
        .text(visit.t("list-provider"), provider.map(|o| pick(&o.name, &o.name_en)).unwrap_or_default())
        .text(visit.t("list-category"), words::category(&visit, Kind::Dataset, &found.category))
        .text(visit.t("dataset-description"), pick(&found.description, &found.description_en))
        .text(visit.t("dataset-fields"), fields.join("、"))
        .text(
            visit.t("dataset-minutes"),
            visit.t1("dataset-minutes.text", "minutes", found.expected_minutes),
        );
    if !found.parameters.is_empty() {
        facts = facts.cells(visit.t("dataset-parameters"), parameters.collect());
    }
    let trail = vec![Crumb::new(visit.t("menu-all-datasets"), list)];
    Ok(visit.ok(&DatasetPage { frame: visit.frame(pick(&found.name, &found.name_en), trail), facts }))
}
