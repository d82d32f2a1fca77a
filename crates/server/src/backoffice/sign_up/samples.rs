//! The pages of signing up with sample data, for the gallery.

use askama::DynTemplate;

use super::ask::{AskPage, SentPage};
use super::open::OverPage;
use super::policy;
use super::progress::{ProgressPage, Step};
use crate::backoffice::ROOT;
use crate::backoffice::frame::Frame;
use crate::backoffice::parts::cell::{Chip, Colour, Link};
use crate::backoffice::parts::field::{Field, Input, TextKind};
use crate::backoffice::parts::form::Form;
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::web::{Lang, i18n};

/// The pages: name and view.
pub(in crate::backoffice) fn pages(
    lang: Lang,
    frame: &dyn Fn(&str) -> Frame,
) -> Vec<(&'static str, Box<dyn DynTemplate>)> {
    let ask = |fault: Option<String>| {
        let agree = Field::new(lang, "agree", lang.t("signup-agree"), Input::Check);
        let mail = Field::text(lang, "mail", lang.t("signup-mail"), TextKind::Mail)
            .hint(lang.t("signup-mail.how"))
            .value("chen@free.example")
            .fault(fault);
        let form = Form::simple(lang, "/x", "sample-token", lang.t("signup-begin")).with(agree).with(mail);
        AskPage {
            frame: frame("sign-up"),
            terms: policy::terms(lang, "service@mydata.example"),
            privacy: policy::privacy(lang, "service@mydata.example"),
            of: policy::day(lang),
            form,
        }
    };
    let free = i18n::t(lang, "signup-mail.free", &[("domain", "free.example".into())]);
    let again = || Link::new(lang.t("signup-again"), ROOT);
    let step = |title: &str, how: &str, chip, links, next| Step {
        title: lang.t(title),
        how: lang.t(how),
        chip,
        links,
        next,
    };
    vec![
        ("sign-up", Box::new(ask(None))),
        ("sign-up-free", Box::new(ask(Some(free)))),
        ("sign-up-sent", Box::new(SentPage { frame: frame("signup-sent"), again: again() })),
        (
            "sign-up-over",
            Box::new(OverPage {
                frame: frame("signup-open"),
                notice: Notice::new(Tone::Warn, lang.t("signup-link-over")),
                again: again(),
            }),
        ),
        (
            "sign-up-progress",
            Box::new(ProgressPage {
                frame: frame("signup-progress"),
                notices: vec![Notice::new(Tone::Calm, lang.t("signup-progress.what"))],
                steps: vec![
                    step(
                        "form-organisation",
                        "signup-step-organisation",
                        Chip::new(Colour::Green, lang.t("signup-step-complete")),
                        vec![Link::new(lang.t("signup-step-fill"), ROOT).about(lang.t("form-organisation"))],
                        false,
                    ),
                    step(
                        "form-service",
                        "signup-step-application.how",
                        Chip::new(Colour::Amber, lang.t("signup-step-begun")),
                        vec![
                            Link::new(lang.t("signup-step-fill"), ROOT),
                            Link::new(lang.t("signup-step-other"), ROOT),
                        ],
                        true,
                    ),
                    step(
                        "signup-step-send",
                        "signup-step-send.how",
                        Chip::new(Colour::Quiet, lang.t("signup-step-later")),
                        Vec::new(),
                        false,
                    ),
                ],
            }),
        ),
        (
            "sign-up-in-review",
            Box::new(ProgressPage {
                frame: frame("signup-in-review"),
                notices: vec![Notice::new(Tone::Good, lang.t("signup-in-review.what"))],
                steps: Vec::new(),
            }),
        ),
    ]
}
