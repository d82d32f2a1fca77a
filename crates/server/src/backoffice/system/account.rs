//! One account: who it belongs to, where it is signed in, and what an administrator may do with it.

use askama::Template;
use mydata_domain::Time;
use mydata_domain::account::{Account, AccountId, AccountState, Role};
use mydata_domain::audit::What;
use mydata_store::repo::factors::{self, FactorKind};
use mydata_store::repo::sign_ins::{self, Subject};
use mydata_store::repo::{accounts, audit, sessions};
use serde_json::json;

use super::above;
use super::accounts::{chip, organisation};
use crate::backoffice::fault::Fault;
use crate::backoffice::frame::{Crumb, Frame, role_key};
use crate::backoffice::parts::cell::{Cell, Chip, Link};
use crate::backoffice::parts::confirm::ConfirmPage;
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::field::{Choice, Field, Input};
use crate::backoffice::parts::form::{Form, Look};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::backoffice::{ROOT, account_mail};
use crate::web::RocDateTime;
use crate::web::i18n;

/// The page.
#[derive(Template)]
#[template(path = "backoffice/account.html")]
pub struct AccountPage {
    /// The frame.
    pub frame: Frame,
    /// Whether it may be used.
    pub chip: Chip,
    /// What is to be known first.
    pub notice: Option<Notice>,
    /// Whose it is.
    pub facts: Facts,
    /// What may be done.
    pub form: Option<Form>,
}

async fn load(visit: &Visit, id: &str) -> Result<Account, Fault> {
    let id: AccountId = id.parse().map_err(|_| Fault::NotFound)?;
    accounts::load(&visit.app.store.db, &visit.app.store.crypter, id).await?.ok_or(Fault::NotFound)
}

/// Roles that an account may be given: those that need an organisation stay with it, the others among themselves.
fn roles(account: &Account) -> Vec<Role> {
    let people = Role::ORGANISATION.contains(&account.role);
    let fits = |role: &Role| {
        people == Role::ORGANISATION.contains(role)
            && (!role.needs_organisation() || account.organisation.is_some())
            && role.needs_organisation() == account.organisation.is_some()
    };
    Role::ALL.into_iter().filter(fits).collect()
}

/// `GET /system/account?account=…`.
pub async fn show(visit: Visit) -> Answer {
    let Some(id) = visit.query("account") else { return Ok(visit.go(&format!("{ROOT}/system/accounts"))) };
    let account = load(&visit, id).await?;
    let (db, crypter, lang) = (&visit.app.store.db, &visit.app.store.crypter, visit.lang());
    let running = sessions::of_account(db, crypter, account.id, visit.now).await?;
    let subjects = [Subject::Name(account.name.as_str()), Subject::Account(account.id)];
    let closed = sign_ins::closed(db, crypter, &subjects, visit.now).await?;
    let me = &visit.me()?.account;
    let own = me.id == account.id;
    let facts = Facts::default()
        .cell(visit.t("account-name"), Cell::Code(account.name.to_string()))
        .text(visit.t("account-role"), visit.t(role_key(account.role)))
        .text(visit.t("account-organisation"), organisation(&visit, &account))
        .text(visit.t("account-holder"), account.holder.name.clone())
        .text(visit.t("account-mail"), account.holder.mail.clone())
        .text(visit.t("account-phone"), account.holder.phone.clone())
        .cell(visit.t("account-created"), Cell::at(lang, account.created_at))
        .cell(
            visit.t("account-signed-in"),
            account.signed_in_at.map_or(Cell::Nothing, |at| Cell::at(lang, at)),
        )
        .text(visit.t("account-sessions"), running.len().to_string());
    let trail =
        vec![above(&visit), Crumb::new(visit.t("system-accounts"), format!("{ROOT}/system/accounts"))];
    let frame = visit.frame(account.name.to_string(), trail);
    let changes = me.role == Role::Administrator && !own && account.state != AccountState::Closed;
    let view = AccountPage {
        chip: chip(&visit, &account),
        notice: match closed {
            _ if own => Some(Notice::new(Tone::Calm, visit.t("account-own"))),
            Some(until) => Some(Notice::new(Tone::Warn, closed_text(&visit, until))),
            None => None,
        },
        facts,
        form: changes.then(|| form(&visit, &account, closed.is_some(), &frame.token)),
        frame,
    };
    Ok(visit.ok(&view))
}

/// Failures closed the door to the account for a while.
fn closed_text(visit: &Visit, until: Time) -> String {
    visit.t1("account-closed-until", "at", RocDateTime::new(until.to_timestamp()).date_time(visit.lang()))
}

fn form(visit: &Visit, account: &Account, closed: bool, token: &str) -> Form {
    let lang = visit.lang();
    let choices =
        roles(account).into_iter().map(|role| Choice::new(role.as_str(), visit.t(role_key(role)))).collect();
    let mut form =
        Form::simple(lang, format!("{ROOT}/system/account"), token, visit.t("account-role-change"))
            .hide("account", account.id.to_string())
            .with(
                Field::new(lang, "role", visit.t("account-role"), Input::Select(choices))
                    .value(account.role.as_str()),
            );
    form.sections[0].title = Some(visit.t("account-acts"));
    form.buttons[0].value = "role";
    form.buttons[0].look = Look::Plain;
    form = match account.locked_at {
        Some(_) => form.button(visit.t("account-unlock"), "unlock", Look::Plain),
        None if closed => form.button(visit.t("account-open-door"), "unlock", Look::Plain).button(
            visit.t("account-lock"),
            "lock",
            Look::Danger,
        ),
        None => form.button(visit.t("account-lock"), "lock", Look::Danger),
    };
    form.button(visit.t("account-reset"), "reset", Look::Plain)
        .button(visit.t("account-end-sessions"), "sessions", Look::Plain)
        .button(visit.t("account-factors-end"), "factors", Look::Danger)
        .button(visit.t("account-close"), "close", Look::Danger)
}

/// Whether an act is asked about once more: what takes something away or gives another right.
fn asks_first(act: &str) -> bool {
    !matches!(act, "unlock" | "sessions")
}

/// The page that asks once more.
pub(in crate::backoffice) fn confirm(
    visit: &Visit,
    account: &Account,
    act: &str,
    role: Option<Role>,
) -> ConfirmPage {
    let list = Crumb::new(visit.t("system-accounts"), format!("{ROOT}/system/accounts"));
    let page = format!("{ROOT}/system/account?account={}", account.id);
    let trail = vec![above(visit), list, Crumb::new(account.name.to_string(), page.clone())];
    let (ask, what, button, value): (_, _, _, &'static str) = match act {
        "role" => ("account-role-ask", "account-role-what", "account-role-change", "role"),
        "lock" => ("account-lock-ask", "account-lock-what", "account-lock", "lock"),
        "reset" => ("account-reset-ask", "account-reset-what", "account-reset", "reset"),
        "factors" => ("account-factors-ask", "account-factors-what", "account-factors-end", "factors"),
        _ => ("account-close-ask", "account-close-what", "account-close", "close"),
    };
    let to = role.map_or_else(String::new, |role| visit.t(role_key(role)));
    let args = [("name", account.name.as_str().into()), ("role", to.into())];
    let frame = visit.frame(i18n::t(visit.lang(), ask, &args), trail);
    let mut form =
        Form::simple(visit.lang(), format!("{ROOT}/system/account"), &frame.token, visit.t(button))
            .hide("account", account.id.to_string())
            .hide("sure", "yes")
            .cancel(Link::new(visit.t("cancel"), page));
    if let Some(role) = role.filter(|_| act == "role") {
        form = form.hide("role", role.as_str());
    }
    form.buttons[0].value = value;
    form.buttons[0].look = Look::Danger;
    ConfirmPage { frame, consequences: vec![visit.t(what)], form }
}

/// `POST /system/account`. An account that is changed is signed out everywhere: it comes back with what it may do now.
pub async fn submit(visit: Visit) -> Answer {
    let Some(id) = visit.posted.get("account") else {
        return Ok(visit.go(&format!("{ROOT}/system/accounts")));
    };
    let account = load(&visit, id).await?;
    if account.id == visit.me()?.account.id || account.state == AccountState::Closed {
        return Err(Fault::Forbidden);
    }
    let act = visit.posted.text("do");
    let role = visit.posted.text("role").parse::<Role>().ok().filter(|role| roles(&account).contains(role));
    let page = format!("{ROOT}/system/account?account={}", account.id);
    if !matches!(act, "role" | "lock" | "unlock" | "reset" | "sessions" | "factors" | "close")
        || (act == "role" && role.is_none())
    {
        return Ok(visit.go(&page));
    }
    if asks_first(act) && !visit.posted.ticked("sure") {
        return Ok(visit.ok(&confirm(&visit, &account, act, role)));
    }
    let detail = json!({ "account": account.id, "act": act, "role": role.filter(|_| act == "role") });
    let event =
        visit.event(if act == "reset" { What::PasswordLinkMade } else { What::AccountChanged }).with(detail);
    let (app, now, id, event) = (&visit.app, visit.now, account.id, std::slice::from_ref(&event));
    let crypter = &app.store.crypter;
    let changed = app.store.db.run_tx("account-change", |tx| async move {
        let Some(mut account) = accounts::load_in(&tx, crypter, id).await? else { return Ok(false) };
        match act {
            "role" => account.role = role.unwrap_or(account.role),
            "lock" => account.locked_at = account.locked_at.or(Some(now)),
            "unlock" => {
                account.locked_at = None;
                // Failures count for the account as well; those of an address are others' too and end by themselves.
                let name = account.name.to_string();
                sign_ins::forgive(&tx, crypter, &[Subject::Name(&name), Subject::Account(id)]).await?;
            }
            "close" => account.state = AccountState::Closed,
            "reset" => account_mail::reset(&tx, app, &account).await?,
            "factors" => {
                for kind in [FactorKind::Totp, FactorKind::Passkey, FactorKind::Recovery] {
                    factors::remove_kind(&tx, id, kind).await?;
                }
            }
            _ => {}
        }
        accounts::update(&tx, crypter, &account, now).await?;
        if !matches!(act, "unlock" | "reset") {
            sessions::end_all(&tx, id, None).await?;
        }
        audit::append(&tx, &*app.random, event).await?;
        Ok(true)
    });
    if !changed.await? {
        return Err(Fault::NotFound);
    }
    let said = if act == "unlock" { "said-account-unlocked" } else { "said-account-changed" };
    Ok(visit.go_saying(&page, said, account.name.as_str()))
}
