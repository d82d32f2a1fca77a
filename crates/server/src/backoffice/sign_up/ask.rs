//! Where signing up begins: terms and policy in full, the tick at their end, and the mail address. Whether an account
//! exists for the address is told to nobody but its owner.

use askama::Template;
use mydata_domain::account::mail::{BadMail, organisation_mail};

use super::{BEGIN, FORM};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::flow;
use crate::backoffice::frame::Frame;
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::field::{Field, Input, TextKind};
use crate::backoffice::parts::form::Form;
use crate::backoffice::route::Answer;
use crate::backoffice::sign_in;
use crate::backoffice::visit::Visit;
use crate::public::policies;
use crate::web::i18n;
use crate::web::policy::PolicyText;

/// The page.
#[derive(Template)]
#[template(path = "backoffice/sign_up/ask.html")]
pub struct AskPage {
    /// The frame.
    pub frame: Frame,
    /// 服務條款 and 隱私權保護政策 as they hold.
    pub policies: Vec<PolicyText>,
    /// The tick and the mail address.
    pub form: Form,
}

/// The page after it.
#[derive(Template)]
#[template(path = "backoffice/sign_up/sent.html")]
pub struct SentPage {
    /// The frame.
    pub frame: Frame,
    /// Where it begins again.
    pub again: Link,
}

/// What is wrong with what was posted.
#[derive(Default)]
struct Wrong {
    agree: Option<String>,
    mail: Option<String>,
}

async fn view(visit: &Visit, wrong: Wrong) -> Result<AskPage, Fault> {
    let lang = visit.lang();
    let frame = visit.frame(visit.t("sign-up"), Vec::new());
    let agree = Field::new(lang, "agree", visit.t("signup-agree"), Input::Check)
        .ticked(visit.posted.ticked("agree"))
        .fault(wrong.agree);
    let mail = Field::text(lang, "mail", visit.t("signup-mail"), TextKind::Mail)
        .hint(visit.t("signup-mail.how"))
        .value(visit.posted.text("mail"))
        .fault(wrong.mail)
        .max(255);
    let form = Form::simple(lang, format!("{ROOT}{BEGIN}"), &frame.token, visit.t("signup-begin"))
        .with(agree)
        .with(mail)
        .cancel(Link::new(visit.t("cancel"), sign_in::PATH));
    Ok(AskPage { policies: policies::current(&visit.app, lang).await?, form, frame })
}

/// `GET /signup`.
pub async fn show(visit: Visit) -> Answer {
    if visit.who.as_ref().is_some_and(|me| me.account.is_applying()) {
        return Ok(visit.go(&format!("{ROOT}{FORM}")));
    }
    Ok(visit.ok(&view(&visit, Wrong::default()).await?))
}

/// `POST /signup`.
pub async fn submit(visit: Visit) -> Answer {
    let app = &visit.app;
    let mut wrong = Wrong::default();
    if !visit.posted.ticked("agree") {
        wrong.agree = Some(visit.t("signup-agree.missing"));
    }
    let free_mail: Vec<String> =
        app.config.sign_up.free_mail.iter().chain(&visit.system.settings.free_mail).cloned().collect();
    let mail = match organisation_mail(visit.posted.text("mail"), &free_mail) {
        Ok(mail) => Some(mail),
        Err(bad) => {
            wrong.mail = Some(match bad {
                BadMail::Missing => visit.t("signup-mail.missing"),
                BadMail::NotAMail => visit.t("fault-not-a-mail"),
                BadMail::Free { domain } => {
                    i18n::t(visit.lang(), "signup-mail.free", &[("domain", domain.into())])
                }
            });
            None
        }
    };
    let (Some(mail), None) = (mail, &wrong.agree) else {
        return Ok(visit.mend(&view(&visit, wrong).await?));
    };
    flow::sign_up::begin(app, &mail, visit.from).await?;
    Ok(visit.go(&format!("{ROOT}{BEGIN}/sent")))
}

/// `GET /signup/sent`: the same, whatever became of it.
pub async fn sent(visit: Visit) -> Answer {
    let frame = visit.frame(visit.t("signup-sent"), Vec::new());
    Ok(visit.ok(&SentPage { frame, again: Link::new(visit.t("signup-again"), format!("{ROOT}{BEGIN}")) }))
}
