//! A posted decision. What it decides on is what the page showed; if somebody was quicker, it says so and changes nothing.

use http::StatusCode;
use mydata_domain::calendar::read_day;
use mydata_domain::filing::{Comment, Decision, OfficialLetter, Reason, ReviewStep};
use mydata_domain::item::ActName;

use super::page::{Wrong, comment_name, page};
use super::{content, load};
use crate::backoffice::ROOT;
use crate::backoffice::flow::decide::{Ruling, decide_any, note_letter};
use crate::backoffice::flow::{ActError, By};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;

/// `POST /reviews/{id}`.
pub async fn submit(visit: Visit) -> Answer {
    let case = load(&visit).await?;
    let act = match visit.posted.text("do") {
        "approve" => ActName::Approve,
        "refuse" => ActName::Refuse,
        "letter" => ActName::LetterArrived,
        _ => return page(&visit, &case, Wrong::default(), StatusCode::OK).await,
    };
    let mut wrong = Wrong::default();
    let typed = visit.posted.text("reason");
    let reason = match typed.parse::<Reason>() {
        Ok(reason) => Some(reason),
        Err(_) if typed.is_empty() => None,
        Err(_) => {
            wrong.reason = Some(visit.t1("act-reason-bad", "max", Reason::MAX));
            None
        }
    };
    if act == ActName::Refuse && reason.is_none() && wrong.reason.is_none() {
        wrong.reason = Some(visit.t("act-reason-missing"));
    }
    let letter = if case.letter && act != ActName::Refuse { read_letter(&visit, &mut wrong) } else { None };
    let mut comments = Vec::new();
    for field in content::paths(&case) {
        if let Ok(text) = visit.posted.text(&comment_name(&field)).parse::<Reason>() {
            comments.push(Comment { field, text });
        }
    }
    if wrong.reason.is_some() || wrong.number.is_some() || wrong.date.is_some() {
        return page(&visit, &case, wrong, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let by = By::visitor(&visit)?;
    let done = match (act, letter) {
        (ActName::LetterArrived, Some(letter)) => {
            note_letter(&visit.app, &by, case.filing.id, &letter).await.map(Some)
        }
        (_, letter) => match visit.posted.text("step").parse::<ReviewStep>() {
            // The page was shown when nobody's turn it was.
            Err(_) => Err(ActError::Superseded),
            Ok(step) => {
                let decision = if act == ActName::Refuse { Decision::Refused } else { Decision::Approved };
                let ruling = Ruling { filing: case.filing.id, step, decision, reason, comments, letter };
                decide_any(&visit.app, &by, &ruling).await
            }
        },
    };
    match done {
        Ok(_) => {
            let key = match act {
                ActName::Refuse => "said-review-refused",
                ActName::LetterArrived => "said-review-letter",
                _ => "said-review-approved",
            };
            Ok(visit.go_saying(&format!("{ROOT}/reviews"), key, &case.filing.number.to_string()))
        }
        Err(error) => match error.fault() {
            Ok(fault) => Err(fault),
            Err(error) => {
                // As it is now, with what is to be known about it.
                let case = load(&visit).await?;
                let wrong = Wrong { notice: Some(error.words(visit.lang())), ..Wrong::default() };
                page(&visit, &case, wrong, StatusCode::CONFLICT).await
            }
        },
    }
}

fn read_letter(visit: &Visit, wrong: &mut Wrong) -> Option<OfficialLetter> {
    let number = visit.posted.text("letter_number");
    let Ok(date) = read_day(visit.posted.text("letter_date")) else {
        wrong.date = Some(visit.t("review-letter-date-bad"));
        if number.is_empty() {
            wrong.number = Some(visit.t("review-letter-number-bad"));
        }
        return None;
    };
    let letter = OfficialLetter::new(number, date);
    if letter.is_err() {
        wrong.number = Some(visit.t("review-letter-number-bad"));
    }
    letter.ok()
}
