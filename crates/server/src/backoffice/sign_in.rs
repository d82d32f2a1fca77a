//! 登入: account and password (R86). Whether an account exists is told by neither words nor time; failures close the door
//! for a while, for the name and for the address.

use std::time::Duration;

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use http::header::RETRY_AFTER;
use mydata_domain::account::session::Stage;
use mydata_domain::account::{Account, AccountName, AccountState, Barred};
use mydata_domain::audit::{Event, What};
use mydata_store::repo::sign_ins::{self, Subject};
use mydata_store::repo::{accounts, audit, factors};
use serde_json::json;

use super::fault::Fault;
use super::frame::Frame;
use super::parts::cell::Link;
use super::parts::field::{Field, TextKind};
use super::parts::form::Form;
use super::parts::notice::{Notice, Tone};
use super::route::Answer;
use super::session::Beginning;
use super::visit::{Me, Visit, next_path, with_next};
use super::{ROOT, factor, gov, routes, second_factor, sign_up};
use crate::jobs::Job;
use crate::limit::subscriber;
use crate::web::i18n;

/// The page's address, as the seeds have it.
pub const PATH: &str = "/mydata-backend/signin";

/// The page.
#[derive(Template)]
#[template(path = "backoffice/sign_in.html")]
pub struct SignInPage {
    /// The frame.
    pub frame: Frame,
    /// Why it did not work.
    pub notice: Option<Notice>,
    /// Whole seconds until the door opens again.
    pub closed_for: Option<u64>,
    /// Account and password; nothing while the door is closed.
    pub form: Option<Form>,
    /// Signing in with an E政府帳號, where a provider for it is set.
    pub gov: Option<Link>,
    /// Other ways: 建立帳號, 忘記密碼.
    pub others: Vec<Link>,
}

fn view(visit: &Visit, notice: Option<Notice>, closed_for: Option<u64>) -> SignInPage {
    let lang = visit.lang();
    let frame = visit.frame(visit.t("sign-in"), Vec::new());
    let next = visit.posted.get("next").or_else(|| visit.query("next"));
    let form = Form::simple(lang, PATH, &frame.token, visit.t("sign-in"))
        .with(
            Field::text(lang, "account", visit.t("sign-in.account"), TextKind::Account)
                .value(visit.posted.text("account"))
                .max(60),
        )
        .with(Field::text(lang, "password", visit.t("sign-in.password"), TextKind::Password))
        .hide("next", next_path(next));
    let next = next_path(next).to_owned();
    let others = [("sign-up", sign_up::BEGIN), ("password-forgotten", "/forgot")];
    let others = others.into_iter().map(|(key, below)| (key, format!("{ROOT}{below}")));
    let gov = visit.app.gov.as_ref().map(|_| Link::new(visit.t("gov-sign-in"), with_next(gov::PATH, &next)));
    SignInPage {
        frame,
        notice,
        closed_for,
        gov,
        form: closed_for.is_none().then_some(form),
        others: others
            .filter(|(_, path)| routes::has_page(path))
            .map(|(key, path)| Link::new(visit.t(key), path))
            .collect(),
    }
}

/// `GET /signin`.
pub async fn show(visit: Visit) -> Answer {
    if visit.who.as_ref().is_some_and(Me::is_whole) {
        return Ok(visit.go(next_path(visit.query("next"))));
    }
    Ok(visit.ok(&view(&visit, gov::notice(&visit), None)))
}

/// `POST /signin`.
pub async fn submit(visit: Visit) -> Answer {
    let app = &visit.app;
    let (db, crypter) = (&app.store.db, &app.store.crypter);
    let typed = visit.posted.text("account").chars().take(200).collect::<String>();
    let password = visit.posted.raw("password").unwrap_or_default();
    if typed.is_empty() || password.is_empty() {
        let notice = Notice::new(Tone::Bad, visit.t("sign-in.incomplete"));
        return Ok(visit.mend(&view(&visit, Some(notice), None)));
    }
    let subjects = [Subject::Name(&typed), Subject::Address(subscriber(visit.from))];
    let now = visit.now;
    let tried = db
        .run_tx("sign-in-try", |tx| async move { sign_ins::try_once(&tx, crypter, &subjects, now).await })
        .await?;
    let tried = match tried {
        Ok(tried) => tried,
        Err(until) => return Ok(closed(&visit, until)),
    };
    let found = match typed.parse::<AccountName>() {
        Ok(name) => accounts::with_password(db, crypter, &name).await?,
        Err(_) => None,
    };
    let hash = found.as_ref().and_then(|(_, hash)| hash.as_deref());
    let checked = app.passwords.check(password, hash).await;
    let account = found.map(|(account, _)| account);
    let (Some(account), true) = (account.as_ref(), checked.right) else {
        return refuse(&visit, account.as_ref(), &subjects).await;
    };
    // Proven: failures before it no longer count. What follows depends on the account.
    let barred = account.may_sign_in().err();
    // Who still fills in the forms is let in to them, and to nothing else (R5).
    let fills_in = account.is_applying() && account.state == AccountState::FillingIn;
    let barred = barred.filter(|_| !fills_in);
    let stage = next_stage(&visit, account).await?;
    let beginning = Beginning::of(&visit, account.id, stage);
    let new_hash =
        if checked.outdated { Some(app.passwords.hash(password, &*app.random).await) } else { None };
    let event = event_of(&visit, account, barred, stage, "password");
    let (tried, subjects, beginning_in, new_hash, event) = (&tried, &subjects, &beginning, &new_hash, &event);
    db.run_tx("sign-in", |tx| {
        let visit = &visit;
        async move {
            sign_ins::was_right(&tx, crypter, tried, &subjects[..1]).await?;
            if let Some(hash) = new_hash {
                accounts::set_password(&tx, account.id, hash, now).await?;
            }
            if barred.is_none() {
                beginning_in.write(&tx, visit).await?;
            }
            audit::append(&tx, &*visit.app.random, std::slice::from_ref(event)).await
        }
    })
    .await?;
    if let Some(barred) = barred {
        return Ok(barred_page(&visit, barred));
    }
    let next = next_path(visit.posted.get("next"));
    let on = match stage {
        Stage::Whole if fills_in => format!("{ROOT}{}", sign_up::FORM),
        Stage::Halfway => with_next(second_factor::PATH, next),
        Stage::Whole => next.to_owned(),
    };
    Ok(beginning.remember(app, visit.go(&on)))
}

/// Proven who it is, and may still not sign in: says why.
pub(super) fn barred_page(visit: &Visit, barred: Barred) -> Response {
    let notice = Notice::new(Tone::Warn, visit.t(barred_key(barred)));
    visit.page(StatusCode::FORBIDDEN, &view(visit, Some(notice), None))
}

/// Staff always show a second factor; others when they added one.
pub(super) async fn next_stage(visit: &Visit, account: &Account) -> Result<Stage, Fault> {
    if account.role.is_staff() {
        return Ok(Stage::Halfway);
    }
    let factors = factors::of_account(&visit.app.store.db, &visit.app.store.crypter, account.id).await?;
    Ok(if factor::usable(&factors).next().is_some() { Stage::Halfway } else { Stage::Whole })
}

pub(super) fn event_of(
    visit: &Visit,
    account: &Account,
    barred: Option<Barred>,
    stage: Stage,
    by: &str,
) -> Event {
    let (what, detail) = match barred {
        Some(barred) => (What::SignInRefused, json!({ "reason": format!("{barred:?}").to_lowercase() })),
        None => (What::SignedIn, gov::detail(stage, by)),
    };
    visit.event(what).by(account.id).with(detail)
}

/// Wrong: the same words, whatever was wrong.
async fn refuse(visit: &Visit, account: Option<&Account>, subjects: &[Subject<'_>]) -> Answer {
    let app = &visit.app;
    let (db, crypter, now) = (&app.store.db, &app.store.crypter, visit.now);
    let by_name = sign_ins::closed(db, crypter, &subjects[..1], now).await?;
    let until = by_name.max(sign_ins::closed(db, crypter, &subjects[1..], now).await?);
    let what = if until.is_some() { What::SignInClosed } else { What::SignInRefused };
    let mut event = visit.event(what);
    if let Some(account) = account {
        event = event.by(account.id);
    }
    let event = &event;
    let told = &by_name.map(|_| Job::locked_out(account.map(|account| account.id), &*app.random));
    db.run_tx("sign-in-refused", |tx| async move {
        if let Some(told) = told {
            told.enqueue(&tx, now, now).await?;
        }
        audit::append(&tx, &*app.random, std::slice::from_ref(event)).await
    })
    .await?;
    if let Some(until) = until {
        return Ok(closed(visit, until));
    }
    let notice = Notice::new(Tone::Bad, visit.t("sign-in.wrong"));
    Ok(visit.mend(&view(visit, Some(notice), None)))
}

/// The door is closed: says for how long.
fn closed(visit: &Visit, until: mydata_domain::Time) -> Response {
    let (text, seconds) = closed_text(visit, until);
    let notice = Notice::new(Tone::Bad, text).titled(visit.t("sign-in-closed"));
    retry_after(visit.page(StatusCode::TOO_MANY_REQUESTS, &view(visit, Some(notice), Some(seconds))), seconds)
}

/// The sentence on a closed door, and the seconds until it opens.
pub(super) fn closed_text(visit: &Visit, until: mydata_domain::Time) -> (String, u64) {
    let wait = visit.now.until(until).max(Duration::from_secs(1));
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let at = crate::web::RocDateTime::new(until.plus(Duration::from_millis(59_999)).to_timestamp());
    let args = [("minutes", seconds.div_ceil(60).into()), ("at", at.date_time(visit.lang()).into())];
    (i18n::t(visit.lang(), "sign-in-closed.text", &args), seconds)
}

pub(super) fn retry_after(mut response: Response, seconds: u64) -> Response {
    response.headers_mut().insert(RETRY_AFTER, http::HeaderValue::from(seconds));
    response
}

fn barred_key(barred: Barred) -> &'static str {
    match barred {
        Barred::FillingIn => "barred-filling-in",
        Barred::InReview => "barred-in-review",
        Barred::Refused => "barred-refused",
        Barred::Locked => "barred-locked",
        Barred::Closed => "barred-closed",
    }
}
