//! What the link in the registration mail opens: the name and password of the account that fills in the forms. Looking at
//! the page does not use the link up, since mail programs look, too.

use askama::Template;
use mydata_domain::account::password::NewPassword;
use mydata_domain::account::session::Stage;
use mydata_domain::account::{Account, AccountName};
use mydata_domain::calendar::{day_of, roc};
use mydata_domain::forms::{Fields, FormKind};
use mydata_store::repo::drafts::{self, New};

use super::{BEGIN, FORM};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::flow::{self, ActError};
use crate::backoffice::frame::Frame;
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::field::{Field, TextKind};
use crate::backoffice::parts::form::Form;
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::password::{self, FormPage};
use crate::backoffice::route::Answer;
use crate::backoffice::session::Beginning;
use crate::backoffice::visit::Visit;

/// The page of a link that has ended.
#[derive(Template)]
#[template(path = "backoffice/sign_up/over.html")]
pub struct OverPage {
    /// The frame.
    pub frame: Frame,
    /// What happened.
    pub notice: Notice,
    /// Where it begins again.
    pub again: Link,
}

/// What is wrong with what was posted.
#[derive(Default)]
struct Wrong {
    name: Option<String>,
    password: Option<password::Fault>,
}

fn view(visit: &Visit, secret: &str, mail: &str, wrong: Wrong) -> FormPage {
    let lang = visit.lang();
    let frame = visit.frame(visit.t("signup-open"), Vec::new());
    let [new, again] = password::new_fields(visit, wrong.password);
    let name = Field::text(lang, "account", visit.t("sign-in.account"), TextKind::Account)
        .hint(visit.t("signup-account.how"))
        .value(visit.posted.text("account"))
        .fault(wrong.name)
        .max(40);
    let form = Form::simple(lang, flow::sign_up::LINK_PATH, &frame.token, visit.t("signup-open.submit"))
        .with(Facts::default().text(visit.t("signup-mail"), mail))
        .with(name)
        .with(new)
        .with(again)
        .hide("link", secret);
    FormPage { frame, notice: Some(Notice::new(Tone::Calm, visit.t("signup-open.what"))), form: Some(form) }
}

/// The link is unknown, was used, or has ended (R21).
fn over(visit: &Visit) -> OverPage {
    OverPage {
        frame: visit.frame(visit.t("signup-open"), Vec::new()),
        notice: Notice::new(Tone::Warn, visit.t("signup-link-over")),
        again: Link::new(visit.t("signup-again"), format!("{ROOT}{BEGIN}")),
    }
}

/// `GET /signup/account?link=…`.
pub async fn show(visit: Visit) -> Answer {
    let secret = visit.query("link").unwrap_or_default();
    match flow::sign_up::look(&visit.app, secret).await? {
        Some(mail) => Ok(visit.ok(&view(&visit, secret, &mail, Wrong::default()))),
        None => Ok(visit.page(http::StatusCode::GONE, &over(&visit))),
    }
}

/// `POST /signup/account`: uses the link up, and signs the browser in to fill in the forms.
pub async fn submit(visit: Visit) -> Answer {
    let app = &visit.app;
    let secret = visit.posted.raw("link").unwrap_or_default();
    let Some(mail) = flow::sign_up::look(app, secret).await? else {
        return Ok(visit.page(http::StatusCode::GONE, &over(&visit)));
    };
    let mut wrong = Wrong::default();
    let name = visit.posted.text("account").parse::<AccountName>().ok();
    if name.is_none() {
        wrong.name = Some(visit.t("signup-account.bad"));
    }
    let password = name.as_ref().and_then(|name| match password::read(&visit, name) {
        Ok(password) => Some(password),
        Err(fault) => {
            wrong.password = Some(fault);
            None
        }
    });
    let (Some(name), Some(password)) = (name, password) else {
        return Ok(visit.mend(&view(&visit, secret, &mail, wrong)));
    };
    match open(&visit, secret, &name, &password).await {
        Ok(account) => begin(&visit, &account).await,
        Err(ActError::NameTaken) => {
            wrong.name = Some(visit.t("signup-account.taken"));
            Ok(visit.mend(&view(&visit, secret, &mail, wrong)))
        }
        Err(ActError::LinkEnded) => Ok(visit.page(http::StatusCode::GONE, &over(&visit))),
        Err(error) => Err(error.into()),
    }
}

async fn open(
    visit: &Visit,
    secret: &str,
    name: &AccountName,
    password: &NewPassword,
) -> Result<Account, ActError> {
    flow::sign_up::open(&visit.app, secret, name, password, visit.from).await
}

/// Lays the organisation's form out, and signs the browser in.
async fn begin(visit: &Visit, account: &Account) -> Answer {
    let app = &visit.app;
    let beginning = Beginning::of(visit, account.id, Stage::Whole);
    let (beginning_in, now) = (&beginning, visit.now);
    app.store
        .db
        .run_tx("sign-up-begin-forms", |tx| async move {
            let fields = Fields::new()
                .with("applied_on", roc(day_of(now)))
                .with("applicant.email", &account.holder.mail);
            let new = New {
                form: FormKind::Organisation,
                account: account.id,
                organisation: None,
                item: None,
                fields,
            };
            drafts::begin(&tx, &app.store.crypter, &*app.random, new, now).await?;
            beginning_in.write(&tx, visit).await?;
            Ok::<_, mydata_store::StoreError>(())
        })
        .await
        .map_err(Fault::from)?;
    Ok(beginning.remember(app, visit.go(&format!("{ROOT}{FORM}"))))
}
