//! The page with sample data, for the gallery.

use askama::DynTemplate;
use mydata_domain::calendar::{Date, days_after};
use mydata_domain::statistics::{Facet, day_number};
use mydata_store::repo::statistics::{Subject, Sum};

use super::asked::{Asked, BadPeriod, Mend};
use super::page::Shown;
use super::report::Report;
use crate::backoffice::frame::Frame;
use crate::web::Lang;

const TODAY: Date = Date::constant(2026, 11, 21);

fn sums(from: Date) -> Vec<Sum> {
    let mut sums = Vec::new();
    for place in 0..30i32 {
        let day = day_number(days_after(from, place));
        let busy = u64::from((place * 7 % 11).unsigned_abs()) + 3;
        let mut add = |facet, value: &str, number| {
            sums.push(Sum { day, facet, value: value.to_owned(), number });
        };
        add(Facet::Outcome, "delivered", busy * 12);
        add(Facet::Outcome, "refused", busy / 2);
        add(Facet::Outcome, "abandoned", busy);
        add(Facet::Outcome, "undeliverable", 1);
        add(Facet::Method, "NHI", busy * 7);
        add(Facet::Method, "CER", busy * 3);
        add(Facet::Method, "TFD", busy * 2);
        if place != 12 {
            add(Facet::Wait, "1500", busy * 7);
            add(Facet::Wait, "3000", busy * 4);
            add(Facet::Wait, "20000", busy);
        }
    }
    sums
}

/// The pages: name and view.
pub(in crate::backoffice) fn pages(
    lang: Lang,
    frame: &dyn Fn(String) -> Frame,
) -> Vec<(&'static str, Box<dyn DynTemplate>)> {
    let asked = |area: &'static str| {
        Asked::read(move |name| (name == "area").then_some(area).filter(|a| !a.is_empty()), TODAY).0
    };
    let (whole, none) = (asked(""), asked("datasets"));
    let report = Report::of(&whole, &sums(whole.from));
    let empty = Report::of(&none, &[]);
    let mend = Mend { fault: BadPeriod::TooLong, from: "113/1/1".to_owned(), until: "115/11/21".to_owned() };
    let subject = |id: &str, number, zh: &str, en: &str, of: &str, of_en: &str| {
        let name = (lang.pick(zh, Some(en)).to_owned(), lang.pick(of, Some(of_en)).to_owned());
        (name, Subject { id: id.to_owned(), number, well: number })
    };
    let subjects = vec![
        subject("CLI.qqOjnjO4WR", 2104, "信用卡線上申辦", "Card application", "示範銀行", "Demo Bank"),
        subject("CLI.AAOjnjO4WR", 812, "<房貸>", "<Mortgage>", "示範合作社", "Demo Cooperative"),
    ];
    let title = || frame(lang.t("menu-statistics"));
    let shown = |asked, mend, report, subjects, organisation| Shown {
        asked,
        mend,
        report,
        subjects,
        only: None,
        organisation,
    };
    vec![
        ("statistics", Box::new(shown(&whole, None, &report, subjects, false).page(title()))),
        ("statistics-empty", Box::new(shown(&none, Some(&mend), &empty, Vec::new(), true).page(title()))),
    ]
}
