//! 忘記密碼: a link by mail. The page says the same whether there is such an account or not, and does as much for either.

use mydata_store::repo::accounts;
use mydata_wire::random::uuid_v4;

use super::parts::cell::Link;
use super::parts::field::{Field, TextKind};
use super::parts::form::Form;
use super::parts::notice::{Notice, Tone};
use super::password::FormPage;
use super::route::Answer;
use super::sign_in;
use super::visit::Visit;
use crate::jobs::Job;

/// The page.
pub const PATH: &str = "/mydata-backend/forgot";
/// Longest answer that is looked up.
const MAX_TYPED: u32 = 200;

fn view(visit: &Visit, fault: Option<String>) -> FormPage {
    let lang = visit.lang();
    let frame = visit.frame(visit.t("password-forgotten"), Vec::new());
    let field = Field::text(lang, "account", visit.t("forgot.account"), TextKind::Account)
        .value(visit.posted.text("account"))
        .max(MAX_TYPED)
        .fault(fault);
    let form = Form::simple(lang, PATH, &frame.token, visit.t("forgot.submit"))
        .with(field)
        .cancel(Link::new(visit.t("cancel"), sign_in::PATH));
    let notice = Some(Notice::new(Tone::Calm, visit.t("forgot.how")));
    FormPage { frame, notice, form: Some(form) }
}

/// `GET /forgot`.
pub async fn show(visit: Visit) -> Answer {
    Ok(visit.ok(&view(&visit, None)))
}

/// `POST /forgot`: what becomes of it is found by a job.
pub async fn submit(visit: Visit) -> Answer {
    let typed: String = visit.posted.text("account").chars().take(MAX_TYPED as usize).collect();
    if typed.is_empty() {
        return Ok(visit.mend(&view(&visit, Some(visit.t("forgot.missing")))));
    }
    let (app, now) = (&visit.app, visit.now);
    let found = accounts::by_name_or_mail(&app.store.db, &app.store.crypter, &typed).await?;
    let mut asked: Vec<_> = found
        .into_iter()
        .map(|account| Job::Forgotten { key: account.to_string(), account: Some(account) })
        .collect();
    if asked.is_empty() {
        asked.push(Job::Forgotten { key: uuid_v4(&*app.random).to_string(), account: None });
    }
    let asked = &asked;
    app.store
        .db
        .run_tx("forgot", |tx| async move {
            for job in asked {
                job.enqueue(&tx, now, now).await?;
            }
            Ok(())
        })
        .await?;
    Ok(visit.go_saying(sign_in::PATH, "said-forgot", ""))
}
