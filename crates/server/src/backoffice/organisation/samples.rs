//! The page of an organisation with sample data, for the gallery.

use askama::DynTemplate;
use mydata_store::repo::organisations::State;

use super::list::chip;
use super::page::{AccountRow, OrganisationPage};
use crate::backoffice::ROOT;
use crate::backoffice::frame::Frame;
use crate::backoffice::parts::cell::{Cell, Chip, Colour, Link};
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::web::Lang;

/// The pages: name and view.
pub(in crate::backoffice) fn pages(
    lang: Lang,
    frame: &dyn Fn(String) -> Frame,
) -> Vec<(&'static str, Box<dyn DynTemplate>)> {
    let name = lang.pick("示範圖書館", Some("Demo Library")).to_owned();
    let row = |title: &str, state, key: &str, link: bool| AccountRow {
        title: title.to_owned(),
        about: format!("demo.lin · {}", lang.t("role-deputy")),
        chip: Chip::new(state, lang.t(key)),
        link: link.then(|| Link::new(lang.t("deputy-edit"), ROOT).about(title)),
    };
    let facts = Facts::default()
        .text(lang.t("organisation-name"), name.clone())
        .text(lang.t("organisation-short"), "")
        .cell(lang.t("organisation-id"), Cell::Code("library".to_owned()))
        .cells(
            lang.t("organisation-applicant"),
            vec![Cell::Text("陳示華".to_owned()), Cell::Soft("chen@library.example".to_owned())],
        );
    let page = |bare: bool| OrganisationPage {
        frame: frame(name.clone()),
        chip: chip(lang, (!bare).then_some(State::Active)),
        notices: bare.then(|| Notice::new(Tone::Calm, lang.t("organisation-unsaid"))).into_iter().collect(),
        facts: facts.clone(),
        change: Some(Link::new(lang.t("organisation-change"), ROOT)),
        accounts: if bare {
            Vec::new()
        } else {
            vec![
                row("陳示華", Colour::Green, "account-state-active", false),
                row("林示範", Colour::Amber, "account-state-invited", true),
                row("<b>王</b>", Colour::Red, "account-state-locked", true),
            ]
        },
        add: Some(Link::new(lang.t("deputy-new"), ROOT)),
        files: if bare {
            Vec::new()
        } else {
            vec![(Link::new("介接申請表.pdf", ROOT), "120 KB".to_owned())]
        },
    };
    vec![("organisation", Box::new(page(false))), ("organisation-bare", Box::new(page(true)))]
}
