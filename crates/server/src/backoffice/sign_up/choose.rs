//! Which of the three applications comes with the sign-up (R24).

use mydata_domain::forms::FormKind;
use mydata_store::repo::drafts::{self, New, Owner};

use super::{APPLICATIONS, BEGIN, Drafts, FORM};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::forms::{desk, spec};
use crate::backoffice::frame::Crumb;
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::field::{Choice, Field, Input};
use crate::backoffice::parts::form::Form;
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::password::FormPage;
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use mydata_domain::account::AccountState;

fn how(form: FormKind) -> &'static str {
    match form {
        FormKind::Dataset => "signup-choose-dataset",
        FormKind::Service => "signup-choose-service",
        _ => "signup-choose-counter",
    }
}

fn view(visit: &Visit, now: Option<FormKind>, fault: Option<String>) -> FormPage {
    let lang = visit.lang();
    let frame =
        visit.frame(visit.t("signup-choose"), vec![Crumb::new(visit.t("sign-up"), format!("{ROOT}{FORM}"))]);
    let choices = APPLICATIONS
        .map(|form| Choice::new(form.as_str(), visit.t(spec::title_key(form))).hint(visit.t(how(form))));
    let field = Field::new(lang, "form", visit.t("signup-choose.which"), Input::Radio(choices.to_vec()))
        .value(now.map_or("", FormKind::as_str))
        .fault(fault);
    let form = Form::simple(lang, format!("{ROOT}{BEGIN}/choose"), &frame.token, visit.t("signup-choose.on"))
        .with(field)
        .cancel(Link::new(visit.t("cancel"), format!("{ROOT}{FORM}")));
    let notice = now.map(|now| {
        let name = visit.t(spec::title_key(now));
        Notice::new(Tone::Warn, visit.t1("signup-choose.replaces", "form", name))
    });
    FormPage { frame, notice, form: Some(form) }
}

/// An account that has sent its forms in chooses nothing any more.
fn filling_in(visit: &Visit) -> Result<(), Fault> {
    match visit.me()?.account.state {
        AccountState::FillingIn => Ok(()),
        _ => Err(Fault::Elsewhere(format!("{ROOT}{FORM}"))),
    }
}

/// `GET /signup/choose`.
pub async fn show(visit: Visit) -> Answer {
    filling_in(&visit)?;
    let now = Drafts::of(&visit).await?.application.map(|draft| draft.form);
    Ok(visit.ok(&view(&visit, now, None)))
}

/// `POST /signup/choose`: the application that was begun before is thrown away when another is chosen.
pub async fn submit(visit: Visit) -> Answer {
    filling_in(&visit)?;
    let app = &visit.app;
    let drafts = Drafts::of(&visit).await?;
    let before = drafts.application;
    let chosen = APPLICATIONS.into_iter().find(|form| form.as_str() == visit.posted.text("form"));
    let Some(chosen) = chosen else {
        let now = before.map(|draft| draft.form);
        return Ok(visit.mend(&view(&visit, now, Some(visit.t("fault-not-a-choice")))));
    };
    if let Some(draft) = before.as_ref().filter(|draft| draft.form == chosen) {
        return Ok(visit.go(&desk::path(draft.id)));
    }
    let account = visit.me()?.account.id;
    let (owner, before) = (&Owner::Account(account), &before);
    let now = visit.now;
    let draft = app
        .store
        .db
        .run_tx("sign-up-choose", |tx| async move {
            if let Some(before) = before {
                drafts::delete(&tx, owner, before.id).await?;
            }
            let new = New {
                form: chosen,
                account,
                organisation: None,
                item: None,
                fields: desk::beginning(chosen),
            };
            drafts::begin(&tx, &app.store.crypter, &*app.random, new, now).await
        })
        .await?;
    Ok(visit.go(&desk::path(draft.id)))
}
