//! The pages of signing up with sample data, for the gallery.

use askama::DynTemplate;

use super::ask::{AskPage, SentPage};
use super::open::OverPage;
use super::progress::{ProgressPage, Step};
use crate::backoffice::ROOT;
use crate::backoffice::frame::Frame;
use crate::backoffice::parts::cell::{Chip, Colour, Link};
use crate::backoffice::parts::field::{Field, Input, TextKind};
use crate::backoffice::parts::form::Form;
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::web::policy::PolicyText;
use crate::web::{Lang, i18n};
use mydata_domain::Time;
use mydata_domain::policy_text::{PolicyKind, Version};

/// Both policies, each with a text that has everything.
pub(in crate::backoffice) fn policy_samples(lang: Lang) -> Vec<PolicyText> {
    let version = |kind| Version {
        kind,
        number: 2,
        from: Some(Time(1_795_219_200_000)),
        binding: true,
        published_at: Some(Time(1_795_219_200_000)),
        updated_at: Time(1_795_219_200_000),
        edit: 1,
    };
    let zh = "# 一、適用範圍\n\n本條款適用於**機關單位**及其人員。\n\n- 第一點\n- 第二點\n\n# 二、聯絡\n\n請寫信到 {mailbox}。";
    let en = "# 1. Scope\n\nThese terms apply to **organisations** and their staff.\n\n- One\n- Two\n\n# 2. Contact\n\nWrite to {mailbox}.";
    let body = lang.pick(zh, Some(en));
    let text = |kind| PolicyText::new(lang, &version(kind), body, "02-0000-0000", "service@mydata.example");
    PolicyKind::OFFICE.map(text).to_vec()
}

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
        AskPage { frame: frame("sign-up"), policies: policy_samples(lang), form }
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
