//! The page of an organisation with sample data, for the gallery.

use askama::DynTemplate;
use mydata_store::repo::organisations::State;

use super::list::chip;
use super::open::told_form;
use super::page::{AccountRow, OrganisationPage};
use crate::backoffice::ROOT;
use crate::backoffice::frame::Frame;
use crate::backoffice::parts::cell::{Cell, Chip, Colour, Link};
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::parts::way::{Happened, History};
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
    let noted = Happened {
        at: "115/11/20 09:30".to_owned(),
        machine: "2026-11-20T09:30:00+08:00".to_owned(),
        what: lang.t("organisation-asked-by-phone"),
        who: "王○範".to_owned(),
        note: Some("承辦人來電，另寄簽章後的申請表。".to_owned()),
    };
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
            let about = format!("{} · 120 KB", lang.t("organisation-signed"));
            vec![(Link::new("介接申請表.pdf", ROOT), about)]
        },
        sign: Some(Link::new(lang.t("organisation-signed-add"), ROOT)),
        notes: Some(History {
            events: if bare { Vec::new() } else { vec![noted.clone()] },
            empty: lang.t("organisation-notes.none"),
        }),
        told: (!bare).then(|| told_form(lang, "token", "library", None)),
    };
    vec![("organisation", Box::new(page(false))), ("organisation-bare", Box::new(page(true)))]
}
