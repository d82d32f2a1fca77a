//! The same paper as the print (R57), as a PDF made here: for those who file it away or send it on.

use std::sync::Arc;

use axum::response::IntoResponse as _;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};

use super::print::{self, PrintPage};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::parts::cell::Cell;
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::way::{Happened, History};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::pdf::{self, Paper, Part, PdfError};

/// `GET /reviews/{id}/pdf`: the file, to be saved; without a font back to the application, which says how to print.
pub async fn show(visit: Visit) -> Answer {
    let page = print::paper(&visit).await?;
    let number = page.number.clone();
    let paper = paper(&visit, page);
    let (app, now) = (visit.app.clone(), visit.now.to_timestamp());
    let made = tokio::task::spawn_blocking(move || -> Result<Vec<u8>, PdfError> {
        let font = app.fonts.get(app.config.print.font.as_deref())?;
        pdf::write(&paper, &Arc::clone(&font), now)
    });
    let bytes = match made.await.map_err(|error| Fault::Broken(error.to_string()))? {
        Ok(bytes) => bytes,
        Err(error @ (PdfError::Font(_) | PdfError::Subset { .. })) => {
            tracing::warn!(%error, "an application was asked for as PDF");
            let back = format!("{ROOT}/reviews/{}", visit.param("id")?);
            return Ok(visit.go_saying(&back, "said-review-no-font", &number));
        }
        Err(error) => return Err(Fault::Broken(error.to_string())),
    };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/pdf"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A form number has letters, digits and a hyphen.
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{number}.pdf\"")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

fn paper(visit: &Visit, page: PrintPage) -> Paper {
    let PrintPage { frame, number, facts, lines, history, printed } = page;
    let lines = lines.into_iter().map(|(term, cell)| (term, cell.words())).collect();
    let part = |heading, rows, empty: String| Part { heading, rows, empty };
    let signs = ["print-applicant", "print-head", "print-seal"];
    Paper {
        lang: visit.lang(),
        title: frame.title,
        number,
        parts: vec![
            part(None, terms(&facts), String::new()),
            part(Some(visit.t("review-content")), lines, String::new()),
            part(Some(visit.t("review-history")), happened(&history), history.empty.clone()),
        ],
        signs: signs.into_iter().map(|key| visit.t(key)).collect(),
        made: printed,
    }
}

fn terms(facts: &Facts) -> Vec<(String, String)> {
    let words = |cells: &[Cell]| {
        let texts: Vec<String> = cells.iter().map(Cell::words).collect();
        texts.join("\n")
    };
    facts.facts.iter().map(|fact| (fact.term.clone(), words(&fact.values))).collect()
}

fn happened(history: &History) -> Vec<(String, String)> {
    let row = |event: &Happened| {
        let said = [Some(event.what.as_str()), Some(event.who.as_str()), event.note.as_deref()];
        let said: Vec<&str> = said.into_iter().flatten().filter(|text| !text.is_empty()).collect();
        (event.at.clone(), said.join("\n"))
    };
    history.events.iter().map(row).collect()
}
