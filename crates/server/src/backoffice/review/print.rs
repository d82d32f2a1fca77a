//! 申請單列印 (R57): a filing on A4, with lines to sign on.

use askama::Template;

use super::page::{about, history, people};
use super::{content, load};
use crate::backoffice::fault::Fault;
use crate::backoffice::frame::Frame;
use crate::backoffice::item::page::state_chip;
use crate::backoffice::parts::cell::Cell;
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::way::History;
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::web::RocDateTime;

/// The page.
#[derive(Template)]
#[template(path = "backoffice/print.html")]
pub struct PrintPage {
    /// The frame; of it only the language, the title and the looks.
    pub frame: Frame,
    /// 單號.
    pub number: String,
    /// What it is.
    pub facts: Facts,
    /// What it says: name and text of each field.
    pub lines: Vec<(String, Cell)>,
    /// What was decided.
    pub history: History,
    /// When it was printed.
    pub printed: String,
}

/// `GET /reviews/{id}/print`.
pub async fn show(visit: Visit) -> Answer {
    Ok(visit.ok(&paper(&visit).await?))
}

/// What stands on the paper, whatever it is made of.
pub(super) async fn paper(visit: &Visit) -> Result<PrintPage, Fault> {
    let case = load(visit).await?;
    let people = people(visit, &case).await?;
    let said = content::said(visit, &case).await?;
    let lines = said.into_iter().filter_map(|said| Some((said.label, said.now?)));
    let now = RocDateTime::new(visit.now.to_timestamp()).date_time(visit.lang());
    Ok(PrintPage {
        number: case.filing.number.to_string(),
        facts: about(visit, &case, &people)
            .text(visit.t("review-state"), state_chip(visit, case.filing.state).text),
        lines: lines.collect(),
        history: history(visit, &case, &people),
        printed: visit.t1("print-at", "at", now),
        frame: visit.frame(visit.t1("print-title", "kind", case.filing.kind.as_str()), Vec::new()),
    })
}
