//! Setting a password: with the present one, or with a link that was sent.

use askama::Template;
use http::StatusCode;
use mydata_domain::account::password::{MAX_CHARS, MIN_CHARS, NewPassword, Weak};
use mydata_domain::account::{Account, AccountName, AccountState};
use mydata_domain::audit::What;
use mydata_domain::mail::AboutAccount;
use mydata_store::repo::sign_ins::{self, Subject};
use mydata_store::repo::{accounts, audit, sessions};
use serde_json::json;

use super::frame::{Crumb, Frame};
use super::parts::cell::Link;
use super::parts::field::{Field, TextKind};
use super::parts::form::Form;
use super::parts::notice::{Notice, Tone};
use super::prove::{PasswordCheck, check_password};
use super::route::Answer;
use super::sign_in::{self, closed_text, retry_after};
use super::visit::Visit;
use super::{ROOT, account_mail, factor};
use crate::web::i18n;

/// Where links in mails lead.
pub const LINK_PATH: &str = "/mydata-backend/password";

/// A page with one form.
#[derive(Template)]
#[template(path = "backoffice/form_page.html")]
pub struct FormPage {
    /// The frame.
    pub frame: Frame,
    /// What is to be known first.
    pub notice: Option<Notice>,
    /// The form, unless there is nothing to fill in.
    pub form: Option<Form>,
}

/// What is wrong with the two new passwords that were typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Weak(Weak),
    NotTheSame,
}

pub(super) fn read(visit: &Visit, name: &AccountName) -> Result<NewPassword, Fault> {
    let typed = visit.posted.raw("new").unwrap_or_default();
    let password = NewPassword::read(typed, name).map_err(Fault::Weak)?;
    if visit.posted.raw("again") == Some(typed) { Ok(password) } else { Err(Fault::NotTheSame) }
}

pub(super) fn new_fields(visit: &Visit, fault: Option<Fault>) -> [Field; 2] {
    let lang = visit.lang();
    let weak = match fault {
        Some(Fault::Weak(weak)) => Some(match weak {
            Weak::Short => visit.t1("password-weak.short", "least", MIN_CHARS),
            Weak::Long => visit.t1("password-weak.long", "most", MAX_CHARS),
            Weak::HoldsName => visit.t("password-weak.name"),
            Weak::Common => visit.t("password-weak.common"),
            Weak::Monotonous => visit.t("password-weak.monotonous"),
        }),
        _ => None,
    };
    let other = (fault == Some(Fault::NotTheSame)).then(|| visit.t("password-weak.again"));
    [
        Field::text(lang, "new", visit.t("password-new"), TextKind::NewPassword)
            .hint(i18n::t(lang, "password-new.hint", &[("least", MIN_CHARS.into())]))
            .fault(weak),
        Field::text(lang, "again", visit.t("password-again"), TextKind::NewPassword).fault(other),
    ]
}

fn change_page(
    visit: &Visit,
    notice: Option<Notice>,
    present: Option<String>,
    fault: Option<Fault>,
) -> FormPage {
    let lang = visit.lang();
    let frame =
        visit.frame(visit.t("password-change"), vec![Crumb::new(visit.t("me"), format!("{ROOT}/me"))]);
    let [new, again] = new_fields(visit, fault);
    let form =
        Form::simple(lang, format!("{ROOT}/me/password"), &frame.token, visit.t("password-change.submit"))
            .with(
                Field::text(lang, "present", visit.t("password-present"), TextKind::Password).fault(present),
            )
            .with(new)
            .with(again)
            .cancel(Link::new(visit.t("cancel"), format!("{ROOT}/me")));
    FormPage { frame, notice, form: Some(form) }
}

/// `GET /me/password`.
pub async fn show_change(visit: Visit) -> Answer {
    Ok(visit.ok(&change_page(&visit, None, None, None)))
}

/// `POST /me/password`: other sessions of the account end.
pub async fn submit_change(visit: Visit) -> Answer {
    let me = visit.me()?;
    let app = &visit.app;
    let new = match read(&visit, &me.account.name) {
        Ok(new) => new,
        Err(fault) => return Ok(visit.mend(&change_page(&visit, None, None, Some(fault)))),
    };
    let tried = match check_password(&visit, visit.posted.raw("present").unwrap_or_default()).await? {
        PasswordCheck::Right(tried) => tried,
        PasswordCheck::Wrong => {
            factor::wrong(&visit).await?;
            let fault = Some(visit.t("factor-wrong.password"));
            return Ok(visit.mend(&change_page(&visit, None, fault, None)));
        }
        PasswordCheck::Closed(until) => {
            let (text, seconds) = closed_text(&visit, until);
            let notice = Notice::new(Tone::Bad, text).titled(visit.t("sign-in-closed"));
            let view = change_page(&visit, Some(notice), None, None);
            return Ok(retry_after(visit.page(StatusCode::TOO_MANY_REQUESTS, &view), seconds));
        }
    };
    let hash = app.passwords.hash(new.expose(), &*app.random).await;
    let (hash, tried) = (&hash, &tried);
    let event = &visit.event(What::PasswordSet).with(json!({ "by": "present-password" }));
    let now = visit.now;
    app.store
        .db
        .run_tx("password-change", |tx| async move {
            sign_ins::was_right(&tx, &app.store.crypter, tried, &[Subject::Account(me.account.id)]).await?;
            accounts::set_password(&tx, me.account.id, hash, now).await?;
            sessions::proved(&tx, &me.session, now).await?;
            sessions::end_all(&tx, me.account.id, Some(&me.session)).await?;
            account_mail::tell(&tx, app, AboutAccount::PasswordChanged, &me.account).await?;
            audit::append(&tx, &*app.random, std::slice::from_ref(event)).await
        })
        .await?;
    Ok(visit.go_saying(&format!("{ROOT}/me"), "said-password-changed", ""))
}

fn link_page(visit: &Visit, account: Option<&Account>, secret: &str, fault: Option<Fault>) -> FormPage {
    let lang = visit.lang();
    let frame = visit.frame(visit.t("password-set"), Vec::new());
    let Some(account) = account else {
        let notice = Notice::new(Tone::Warn, visit.t("password-link-over"));
        return FormPage { frame, notice: Some(notice), form: None };
    };
    let [new, again] = new_fields(visit, fault);
    // The name stands in the form so that password managers keep it with the password.
    let name = Field::text(lang, "account", visit.t("sign-in.account"), TextKind::Account)
        .value(account.name.as_str());
    let form = Form::simple(lang, LINK_PATH, &frame.token, visit.t("password-set.submit"))
        .with(name)
        .with(new)
        .with(again)
        .hide("link", secret);
    FormPage { frame, notice: None, form: Some(form) }
}

/// `GET /password?link=…`: looks at the link without using it up, since mail programs open links, too.
pub async fn show_link(visit: Visit) -> Answer {
    let secret = visit.query("link").unwrap_or_default();
    let store = &visit.app.store;
    let account = accounts::look_at_link(&store.db, &store.crypter, secret, visit.now).await?;
    let status = if account.is_some() { StatusCode::OK } else { StatusCode::GONE };
    Ok(visit.page(status, &link_page(&visit, account.as_ref(), secret, None)))
}

/// `POST /password`: sets the password; all sessions of the account end. An invited account becomes active.
pub async fn submit_link(visit: Visit) -> Answer {
    let app = &visit.app;
    let (db, crypter, now) = (&app.store.db, &app.store.crypter, visit.now);
    let secret = visit.posted.text("link");
    let Some(account) = accounts::look_at_link(db, crypter, secret, now).await? else {
        return Ok(visit.page(StatusCode::GONE, &link_page(&visit, None, secret, None)));
    };
    let new = match read(&visit, &account.name) {
        Ok(new) => new,
        Err(fault) => return Ok(visit.mend(&link_page(&visit, Some(&account), secret, Some(fault)))),
    };
    let hash = app.passwords.hash(new.expose(), &*app.random).await;
    let (hash, visit_in) = (&hash, &visit);
    let set = db
        .run_tx("password-link", |tx| async move {
            let Some(mut account) = accounts::take_link(&tx, crypter, secret, now).await? else {
                return Ok(false);
            };
            accounts::set_password(&tx, account.id, hash, now).await?;
            let mut events =
                vec![visit_in.event(What::PasswordSet).by(account.id).with(json!({ "by": "link" }))];
            if account.state != AccountState::Invited {
                account_mail::tell(&tx, &visit_in.app, AboutAccount::PasswordChanged, &account).await?;
            } else {
                account.state = AccountState::Active;
                accounts::update(&tx, crypter, &account, now).await?;
                events.push(
                    visit_in.event(What::AccountChanged).by(account.id).with(json!({ "state": "active" })),
                );
            }
            sessions::end_all(&tx, account.id, None).await?;
            let forgiven = [Subject::Name(account.name.as_str()), Subject::Account(account.id)];
            sign_ins::forgive(&tx, crypter, &forgiven).await?;
            audit::append(&tx, &*visit_in.app.random, &events).await?;
            Ok(true)
        })
        .await?;
    if !set {
        return Ok(visit.page(StatusCode::GONE, &link_page(&visit, None, secret, None)));
    }
    Ok(visit.go_saying(sign_in::PATH, "said-password-set", ""))
}
