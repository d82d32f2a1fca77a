//! The page with sample data, for the gallery.

use askama::DynTemplate;

use super::page::{FrontTestPage, TestView};
use super::words::StepView;
use crate::backoffice::frame::Frame;
use crate::backoffice::parts::cell::{Cell, Chip, Colour, Link};
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::form::Form;
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::web::{Lang, i18n};

fn steps(lang: Lang, fails: bool) -> Vec<StepView> {
    let step = |key: &str, about: Vec<String>, colour, how: &str| StepView {
        title: i18n::t(lang, key, &[("name", lang.pick("示範借閱紀錄", Some("Demo loans")).into())]),
        about,
        chip: Chip::new(colour, lang.t(how)),
    };
    let fields = lang.t("form-parameters");
    let why = vec![
        lang.t("front-test-dp-parameters"),
        i18n::t(lang, "front-test-detail", &[("detail", "status 400".into())]),
        i18n::t(lang, "front-test-look-at", &[("fields", fields.into())]),
    ];
    let (about, colour, how) = if fails {
        (why, Colour::Red, "front-test-failed")
    } else {
        (
            vec![i18n::t(lang, "front-test-bytes", &[("bytes", 48_213.into())])],
            Colour::Green,
            "front-test-done",
        )
    };
    vec![
        step("front-test-entry", Vec::new(), Colour::Green, "front-test-done"),
        step("front-test-identity", Vec::new(), Colour::Green, "front-test-done"),
        step("front-test-dataset", about, colour, how),
        step("front-test-confirmation", Vec::new(), Colour::Amber, "front-test-now"),
        step("front-test-sealing", Vec::new(), Colour::Quiet, "front-test-ahead"),
    ]
}

/// Before the first test, and while one goes on after one that failed.
pub fn pages(lang: Lang, frame: &dyn Fn(String) -> Frame) -> Vec<(&'static str, Box<dyn DynTemplate>)> {
    let page = |going: bool| {
        let mut begin = Form::simple(lang, "/x", "sample-token", lang.t("front-test-begin"));
        begin.buttons[0].value = "begin";
        let mut end = Form::simple(lang, "/x", "sample-token", lang.t("front-test-end"))
            .with(Notice::new(Tone::Calm, i18n::t(lang, "front-test-until", &[("at", "12:30".into())])));
        end.buttons[0].value = "end";
        FrontTestPage {
            frame: frame(lang.t("front-test")),
            lead: lang.t("front-test.dataset"),
            notices: Vec::new(),
            facts: Some(
                Facts::default()
                    .cell(lang.t("record-dp-api"), Cell::Code("https://dp.library.example".to_owned())),
            ),
            values: Some(
                Facts::default()
                    .text(lang.t("front-test-citizen"), lang.t("front-test-citizen.test"))
                    .cell("INQ_YR", Cell::Code("114".to_owned())),
            ),
            begin: Some(begin),
            now: going.then(|| TestView {
                title: "12:00".to_owned(),
                chip: Chip::new(Colour::Amber, lang.t("front-test-now")),
                steps: steps(lang, false),
                pages: Some(Link::new(lang.t("front-test-pages"), "/exchange/x")),
                end: Some(end),
            }),
            earlier: if going {
                vec![TestView {
                    title: "11:40".to_owned(),
                    chip: Chip::new(Colour::Red, lang.t("front-test-failed")),
                    steps: steps(lang, true),
                    pages: None,
                    end: None,
                }]
            } else {
                Vec::new()
            },
            again: "/x".to_owned(),
        }
    };
    vec![("front-test", Box::new(page(false))), ("front-test-going", Box::new(page(true)))]
}
