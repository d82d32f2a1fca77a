//! 副帳號 (R87): invited, changed, locked and removed by the organisation's applicant or the operating team.

use http::StatusCode;
use mydata_domain::account::{Account, AccountId, AccountState, Role};
use mydata_domain::calendar::day_of;
use mydata_domain::forms::organisation::Contact;
use mydata_domain::forms::{Context, FieldError, Fields};
use mydata_domain::organisation::Organisation;
use mydata_store::repo::accounts;

use super::{about, crumbs, path};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::flow::{ActError, By, organisations};
use crate::backoffice::forms::words;
use crate::backoffice::parts::cell::{Cell, Link};
use crate::backoffice::parts::confirm::ConfirmPage;
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::field::{Field, TextKind};
use crate::backoffice::parts::form::{Form, Look};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::password::FormPage;
use crate::backoffice::route::Answer;
use crate::backoffice::system::accounts::chip;
use crate::backoffice::visit::Visit;

const FIELDS: [&str; 4] = ["account", "name", "phone", "email"];

fn typed(visit: &Visit) -> Fields {
    FIELDS.iter().fold(Fields::new(), |fields, name| {
        fields.with(format!("deputy.{name}"), visit.posted.text(&format!("deputy_{name}")))
    })
}

fn read(visit: &Visit) -> Result<Contact, Vec<FieldError>> {
    Contact::read(&typed(visit), "deputy", &Context::bare(day_of(visit.now)))
}

/// The fields of a deputy, filled in with what was posted, else with what is known.
fn fields(visit: &Visit, mut form: Form, known: Option<&Account>, wrong: &[FieldError]) -> Form {
    let lang = visit.lang();
    let kept = |name: &str| {
        known.map_or_else(String::new, |account| match name {
            "account" => account.holder.gov_account.clone().unwrap_or_else(|| account.name.to_string()),
            "name" => account.holder.name.clone(),
            "phone" => account.holder.phone.clone(),
            _ => account.holder.mail.clone(),
        })
    };
    for (name, key, kind) in [
        ("name", "deputy-name", TextKind::Line),
        ("phone", "deputy-phone", TextKind::Phone),
        ("email", "deputy-mail", TextKind::Mail),
        ("account", "deputy-account", TextKind::Line),
    ] {
        let fault = wrong.iter().find(|e| e.path == format!("deputy.{name}"));
        let field = format!("deputy_{name}");
        let value = visit.posted.get(&field).map_or_else(|| kept(name), str::to_owned);
        form = form.with(
            Field::text(lang, field, visit.t(key), kind)
                .value(value)
                .max(255)
                .fault(fault.map(|e| words::fault(lang, &e.fault))),
        );
    }
    form
}

fn new_page(
    visit: &Visit,
    organisation: &Organisation,
    notice: Option<Notice>,
    wrong: &[FieldError],
) -> Result<FormPage, Fault> {
    let frame = visit.frame(visit.t("deputy-new"), crumbs(visit, organisation)?);
    let form = Form::simple(
        visit.lang(),
        format!("{ROOT}/organisation/deputy/new"),
        &frame.token,
        visit.t("deputy-invite"),
    )
    .hide("organisation", organisation.id.as_str())
    .with(Notice::new(Tone::Calm, visit.t("deputy-invite.what")));
    let form = fields(visit, form, None, wrong).cancel(Link::new(visit.t("cancel"), path(&organisation.id)));
    Ok(FormPage { frame, notice, form: Some(form) })
}

/// `GET /organisation/deputy/new`.
pub async fn ask_new(visit: Visit) -> Answer {
    match about(&visit)? {
        Some(organisation) => Ok(visit.ok(&new_page(&visit, &organisation, None, &[])?)),
        None => Ok(visit.go(&format!("{ROOT}/organisations"))),
    }
}

/// `POST /organisation/deputy/new`.
pub async fn submit_new(visit: Visit) -> Answer {
    let Some(organisation) = about(&visit)? else { return Ok(visit.go(&format!("{ROOT}/organisations"))) };
    let contact = match read(&visit) {
        Ok(contact) => contact,
        Err(wrong) => return Ok(visit.mend(&new_page(&visit, &organisation, None, &wrong)?)),
    };
    let by = By::visitor(&visit)?;
    match organisations::add_deputy(&visit.app, &by, &organisation.id, &contact).await {
        Ok(account) => {
            Ok(visit.go_saying(&path(&organisation.id), "said-deputy-invited", account.name.as_str()))
        }
        Err(error) => match error.fault() {
            Ok(fault) => Err(fault),
            Err(error) => {
                let notice = Notice::new(Tone::Bad, error.words(visit.lang()));
                let view = new_page(&visit, &organisation, Some(notice), &[])?;
                Ok(visit.page(StatusCode::CONFLICT, &view))
            }
        },
    }
}

/// The deputy that the request names; nothing of another organisation.
async fn find(visit: &Visit) -> Result<Option<(Organisation, Account)>, Fault> {
    let Some(organisation) = about(visit)? else { return Ok(None) };
    let given = visit.posted.get("account").or_else(|| visit.query("account")).unwrap_or_default();
    let Ok(id) = given.parse::<AccountId>() else { return Ok(None) };
    let found = accounts::load(&visit.app.store.db, &visit.app.store.crypter, id).await?;
    let fits = |account: &Account| {
        account.role == Role::Deputy
            && account.acts_for(&organisation.id)
            && account.state != AccountState::Closed
    };
    match found.filter(fits) {
        Some(account) => Ok(Some((organisation, account))),
        // To everybody else it does not exist.
        None => Err(Fault::NotFound),
    }
}

fn page(
    visit: &Visit,
    organisation: &Organisation,
    account: &Account,
    wrong: &[FieldError],
) -> Result<FormPage, Fault> {
    let frame = visit.frame(account.holder.name.clone(), crumbs(visit, organisation)?);
    let form = Form::simple(
        visit.lang(),
        format!("{ROOT}/organisation/deputy"),
        &frame.token,
        visit.t("deputy-save"),
    )
    .hide("organisation", organisation.id.as_str())
    .hide("account", account.id.to_string())
    .with(
        Facts::default()
            .cell(visit.t("account-name"), Cell::Code(account.name.to_string()))
            .cell(visit.t("account-state"), Cell::Chip(chip(visit, account))),
    );
    let mut form = fields(visit, form, Some(account), wrong);
    if account.state == AccountState::Invited {
        form = form.button(visit.t("deputy-invite-again"), "invite", Look::Plain);
    }
    form = match account.locked_at {
        Some(_) => form.button(visit.t("account-unlock"), "unlock", Look::Plain),
        None => form.button(visit.t("account-lock"), "lock", Look::Plain),
    };
    let form = form
        .button(visit.t("deputy-remove"), "remove", Look::Danger)
        .cancel(Link::new(visit.t("cancel"), path(&organisation.id)));
    Ok(FormPage { frame, notice: None, form: Some(form) })
}

/// `GET /organisation/deputy?account=…`.
pub async fn ask(visit: Visit) -> Answer {
    match find(&visit).await? {
        Some((organisation, account)) => Ok(visit.ok(&page(&visit, &organisation, &account, &[])?)),
        None => Ok(visit.go(&format!("{ROOT}/organisation"))),
    }
}

fn confirm(
    visit: &Visit,
    organisation: &Organisation,
    account: &Account,
    act: &'static str,
) -> Result<ConfirmPage, Fault> {
    let (ask, what, button) = match act {
        "lock" => ("deputy-lock-ask", "deputy-lock-what", "account-lock"),
        _ => ("deputy-remove-ask", "deputy-remove-what", "deputy-remove"),
    };
    let frame =
        visit.frame(visit.t1(ask, "name", account.holder.name.as_str()), crumbs(visit, organisation)?);
    let mut form =
        Form::simple(visit.lang(), format!("{ROOT}/organisation/deputy"), &frame.token, visit.t(button))
            .hide("organisation", organisation.id.as_str())
            .hide("account", account.id.to_string())
            .hide("sure", "yes")
            .cancel(Link::new(visit.t("cancel"), path(&organisation.id)));
    form.buttons[0].value = act;
    form.buttons[0].look = Look::Danger;
    Ok(ConfirmPage { frame, consequences: vec![visit.t(what)], form })
}

/// `POST /organisation/deputy`: changes, locks, frees, invites again, removes. What takes access away asks once more.
pub async fn submit(visit: Visit) -> Answer {
    let Some((organisation, account)) = find(&visit).await? else {
        return Ok(visit.go(&format!("{ROOT}/organisation")));
    };
    let (app, by) = (&visit.app, By::visitor(&visit)?);
    let (id, deputy) = (&organisation.id, account.id);
    let sure = visit.posted.ticked("sure");
    let done: Result<&str, ActError> = match visit.posted.text("do") {
        "lock" if !sure => return Ok(visit.ok(&confirm(&visit, &organisation, &account, "lock")?)),
        "remove" if !sure => return Ok(visit.ok(&confirm(&visit, &organisation, &account, "remove")?)),
        "lock" => {
            organisations::lock_deputy(app, &by, id, deputy, true).await.map(|()| "said-deputy-changed")
        }
        "unlock" => {
            organisations::lock_deputy(app, &by, id, deputy, false).await.map(|()| "said-deputy-changed")
        }
        "remove" => organisations::close_deputy(app, &by, id, deputy).await.map(|()| "said-deputy-removed"),
        "invite" => {
            organisations::invite_deputy_again(app, &by, id, deputy).await.map(|()| "said-deputy-invited")
        }
        _ => match read(&visit) {
            Ok(contact) => organisations::change_deputy(app, &by, id, deputy, &contact)
                .await
                .map(|()| "said-deputy-changed"),
            Err(wrong) => return Ok(visit.mend(&page(&visit, &organisation, &account, &wrong)?)),
        },
    };
    Ok(visit.go_saying(&path(id), done?, account.name.as_str()))
}
