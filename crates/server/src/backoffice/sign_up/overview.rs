//! Both forms of a sign-up once more to be read, and 送出 (R6). From then on the account waits for its review.

use http::StatusCode;
use mydata_domain::account::AccountState;
use mydata_domain::forms::DraftId;

use super::progress::{How, how_far};
use super::{BEGIN, Drafts, FORM, desk};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::flow::{self, ActError, By};
use crate::backoffice::forms::desk::Desk;
use crate::backoffice::forms::overview::{OverviewPage, sections};
use crate::backoffice::frame::Crumb;
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::form::{Button, Form, Look};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;

/// Both drafts, when nothing is wrong with either.
async fn complete(visit: &Visit) -> Result<Option<(Desk, Desk)>, Fault> {
    let drafts = Drafts::of(visit).await?;
    let (Some(organisation), Some(application)) = (drafts.organisation, drafts.application) else {
        return Ok(None);
    };
    let both = (desk(visit, organisation).await?, desk(visit, application).await?);
    let whole =
        how_far(visit, &both.0).await? == How::Complete && how_far(visit, &both.1).await? == How::Complete;
    Ok(whole.then_some(both))
}

fn seen(desk: &Desk) -> String {
    format!("{} {}", desk.draft.id, desk.draft.version)
}

fn read_seen(text: &str) -> Option<(DraftId, i64)> {
    let (id, version) = text.split_once(' ')?;
    Some((id.parse().ok()?, version.parse().ok()?))
}

fn view(visit: &Visit, organisation: &Desk, application: &Desk, notice: Option<Notice>) -> OverviewPage {
    let frame = visit
        .frame(visit.t("signup-overview"), vec![Crumb::new(visit.t("sign-up"), format!("{ROOT}{FORM}"))]);
    let form = Form {
        lang: visit.lang(),
        action: format!("{ROOT}{BEGIN}/overview"),
        token: frame.token.clone(),
        hidden: vec![
            ("organisation".to_owned(), seen(organisation)),
            ("application".to_owned(), seen(application)),
        ],
        sections: Vec::new(),
        buttons: vec![Button { label: visit.t("signup-send"), value: "send", look: Look::Primary }],
        cancel: Some(Link::new(visit.t("form-go-on"), format!("{ROOT}{FORM}"))),
    };
    let mut read = sections(organisation, visit);
    read.extend(sections(application, visit));
    OverviewPage { lead: visit.t("signup-overview.what"), notice, sections: read, form, frame }
}

/// `GET /signup/overview`.
pub async fn show(visit: Visit) -> Answer {
    match complete(&visit).await? {
        Some((organisation, application)) => Ok(visit.ok(&view(&visit, &organisation, &application, None))),
        None => Ok(visit.go(&format!("{ROOT}{FORM}"))),
    }
}

/// `POST /signup/overview`: 送出. Sent twice, it is filed once.
pub async fn submit(visit: Visit) -> Answer {
    let to = format!("{ROOT}{FORM}");
    let posted = |name| read_seen(visit.posted.text(name));
    let (Some(organisation), Some(application)) = (posted("organisation"), posted("application")) else {
        return Ok(visit.go(&to));
    };
    let filling_in = visit.me()?.account.state == AccountState::FillingIn;
    let both = if filling_in { complete(&visit).await? } else { None };
    if filling_in && both.is_none() {
        return Ok(visit.go(&to));
    }
    match flow::sign_up::file(&visit.app, &By::visitor(&visit)?, organisation, application).await {
        Ok(_) => Ok(visit.go(&to)),
        Err(ActError::Faults(_)) => Ok(visit.go(&to)),
        Err(error) => match (error.fault(), both) {
            (Ok(fault), _) => Err(fault),
            (Err(error), Some((organisation, application))) => {
                let notice =
                    Notice::new(Tone::Bad, error.words(visit.lang())).titled(visit.t("form-not-filed"));
                let page = view(&visit, &organisation, &application, Some(notice));
                Ok(visit.page(StatusCode::CONFLICT, &page))
            }
            (Err(_), None) => Err(Fault::Changed),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_read_again_and_nothing_else() {
        let id = "3f6c2d1e-8f00-4c1b-9b6a-5d20a7f3a91e";
        assert_eq!(read_seen(&format!("{id} 12")), Some((id.parse().unwrap(), 12)));
        for bad in ["", "x", id, "x 1", "3f6c2d1e-8f00-4c1b-9b6a-5d20a7f3a91e x"] {
            assert!(read_seen(bad).is_none(), "{bad}");
        }
    }
}
