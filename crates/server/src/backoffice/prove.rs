//! Proving again who one is, before secrets are shown or the account's own locks are changed.

use http::StatusCode;
use mydata_domain::audit::What;
use mydata_store::repo::sign_ins::{self, Subject};
use mydata_store::repo::{accounts, audit, factors, sessions};
use serde_json::json;

use super::factor::{self, Shown};
use super::parts::field::{Field, TextKind};
use super::parts::form::{Form, Look};
use super::parts::notice::{Notice, Tone};
use super::route::Answer;
use super::second_factor::{SecondFactorPage, forms, wrong_key};
use super::sign_in::{closed_text, retry_after};
use super::visit::{Visit, next_path};
use crate::limit::subscriber;
use crate::web::assets;

/// The page's address.
pub const PATH: &str = "/mydata-backend/prove";

async fn page(visit: &Visit, status: StatusCode, notice: Notice, closed: Option<u64>) -> Answer {
    let me = visit.me()?;
    let store = &visit.app.store;
    let lang = visit.lang();
    let factors = factors::of_account(&store.db, &store.crypter, me.account.id).await?;
    let next = next_path(visit.posted.get("next").or_else(|| visit.query("next"))).to_owned();
    let mut frame = visit.frame(visit.t("prove"), Vec::new());
    let mut passkey = None;
    let mut shown = Vec::new();
    if closed.is_none() {
        passkey = factor::ask_passkey(visit, me, &factors, false, None).await?;
        let mut form = Form::simple(lang, PATH, &frame.token, visit.t("prove.submit"))
            .section(visit.t("sign-in.password"), None)
            .with(Field::text(lang, "password", visit.t("sign-in.password"), TextKind::Password))
            .hide("next", next.as_str());
        form.buttons[0].value = "password";
        shown.push(form);
        let mut others = forms(visit, &frame, &factors, PATH, &next);
        // A recovery code is for whoever cannot sign in otherwise.
        others.retain(|form| form.buttons[0].value == "totp");
        others.iter_mut().for_each(|form| form.buttons[0].look = Look::Plain);
        shown.extend(others);
    }
    if passkey.is_some() {
        frame.script = Some(assets::passkey_script_url());
    }
    let view = SecondFactorPage {
        frame,
        action: PATH,
        next,
        notice: Some(notice),
        closed_for: closed,
        passkey,
        forms: shown,
    };
    Ok(visit.page(status, &view))
}

/// `GET /prove`.
pub async fn show(visit: Visit) -> Answer {
    if visit.me()?.session.moments.is_fresh(visit.now) {
        return Ok(visit.go(next_path(visit.query("next"))));
    }
    let why = Notice::new(Tone::Calm, visit.t("prove.why"));
    page(&visit, StatusCode::OK, why, None).await
}

/// `POST /prove`.
pub async fn submit(visit: Visit) -> Answer {
    let me = visit.me()?;
    let (app, now) = (&visit.app, visit.now);
    let outcome = if visit.posted.text("do") == "password" {
        by_password(&visit).await?
    } else {
        factor::look(&visit, me).await?.into()
    };
    let outcome = match outcome {
        Outcome::Proven(how, right) => {
            let event = &visit.event(What::ProvedAgain).with(json!({ "by": how }));
            let right = &right;
            let accepted = app
                .store
                .db
                .run_tx("prove", |tx| async move {
                    let crypter = &app.store.crypter;
                    let fine = match right {
                        Proof::Password(tried) => {
                            sign_ins::was_right(&tx, crypter, tried, &[Subject::Account(me.account.id)])
                                .await?;
                            true
                        }
                        Proof::Factor(right, tried) => right.accept(&tx, crypter, me, tried, now).await?,
                    };
                    if fine {
                        sessions::proved(&tx, &me.session, now).await?;
                        audit::append(&tx, &*app.random, std::slice::from_ref(event)).await?;
                    }
                    Ok(fine)
                })
                .await?;
            if accepted {
                return Ok(visit.go(next_path(visit.posted.get("next"))));
            }
            factor::wrong(&visit).await?.into()
        }
        other => other,
    };
    if let Outcome::Closed(until) = outcome {
        let (text, seconds) = closed_text(&visit, until);
        let notice = Notice::new(Tone::Bad, text).titled(visit.t("sign-in-closed"));
        let response = page(&visit, StatusCode::TOO_MANY_REQUESTS, notice, Some(seconds)).await?;
        return Ok(retry_after(response, seconds));
    }
    let notice = Notice::new(Tone::Bad, visit.t(wrong_key(visit.posted.text("do"))));
    page(&visit, StatusCode::UNPROCESSABLE_ENTITY, notice, None).await
}

enum Proof {
    Password(sign_ins::Try),
    Factor(factor::Right, sign_ins::Try),
}

enum Outcome {
    Proven(&'static str, Proof),
    Wrong,
    Closed(mydata_domain::Time),
}

impl From<Shown> for Outcome {
    fn from(shown: Shown) -> Self {
        match shown {
            Shown::Right(right, tried) => Self::Proven(right.word(), Proof::Factor(right, tried)),
            Shown::Wrong => Self::Wrong,
            Shown::Closed(until) => Self::Closed(until),
        }
    }
}

async fn by_password(visit: &Visit) -> Result<Outcome, super::fault::Fault> {
    let me = visit.me()?;
    match check_password(visit, visit.posted.raw("password").unwrap_or_default()).await? {
        PasswordCheck::Right(tried) => Ok(Outcome::Proven("password", Proof::Password(tried))),
        PasswordCheck::Closed(until) => Ok(Outcome::Closed(until)),
        PasswordCheck::Wrong => {
            tracing::debug!(account = %me.account.id, "a repeated password was wrong");
            Ok(factor::wrong(visit).await?.into())
        }
    }
}

/// What the password of whoever is signed in came to.
pub(super) enum PasswordCheck {
    /// Right; the try is to be taken back.
    Right(sign_ins::Try),
    /// Wrong.
    Wrong,
    /// Too many failures.
    Closed(mydata_domain::Time),
}

/// Checks the password of whoever is signed in, counted as every try is.
pub(super) async fn check_password(
    visit: &Visit,
    password: &str,
) -> Result<PasswordCheck, super::fault::Fault> {
    let me = visit.me()?;
    let store = &visit.app.store;
    let (crypter, now) = (&store.crypter, visit.now);
    let subjects = [Subject::Account(me.account.id), Subject::Address(subscriber(visit.from))];
    let tried = store
        .db
        .run_tx("prove-try", |tx| async move { sign_ins::try_once(&tx, crypter, &subjects, now).await })
        .await?;
    let tried = match tried {
        Ok(tried) => tried,
        Err(until) => return Ok(PasswordCheck::Closed(until)),
    };
    let hash = accounts::password_of(&store.db, me.account.id).await?;
    if visit.app.passwords.check(password, hash.as_deref()).await.right {
        Ok(PasswordCheck::Right(tried))
    } else {
        Ok(PasswordCheck::Wrong)
    }
}
