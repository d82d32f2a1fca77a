//! The pages of health with sample data, for the gallery.

use std::time::Duration;

use askama::{DynTemplate, Template};
use mydata_domain::account::Role;
use mydata_domain::health::{
    Fault, FaultKind, Figure, Health, KEPT_POLLS, Outcome, Poll, Probe, Skipped, Step, Tried,
};
use mydata_domain::item::{ItemId, Kind, Stage, StageName};
use mydata_domain::{Time, Zone};
use mydata_store::repo::health::Failing;
use mydata_store::repo::items::{Listed, Origin};

use super::failing;
use super::test::{self, TestPage};
use super::view::{self, HealthView, Press};
use crate::backoffice::ROOT;
use crate::backoffice::frame::Frame;
use crate::backoffice::lists::ListPage;
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::list::ListQuery;
use crate::web::Lang;

const NOW: Time = Time(1_795_219_200_000);
const ITEM: &str = "3f6c2d1e-8f00-4c1b-9b6a-5d20a7f3a91e";

/// A page with the section of an item in its states, for the gallery only.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "backoffice/base.html" %}{% block main %}<div class="stack">{{ health }}</div>{% endblock %}"#
)]
struct SectionPage {
    frame: Frame,
    health: HealthView,
}

fn state() -> Health {
    let fault = Fault::new(FaultKind::TcpNoAnswer, 5);
    let poll = |n: usize| Poll {
        at: Time(NOW.0 - 300_000 * (KEPT_POLLS - n) as i64),
        ms: 40 + n as u64,
        fault: (n == 20 || n > 43).then(|| fault.clone()),
    };
    Health {
        polled: true,
        since: Some(Time(NOW.0 - 1_200_000)),
        failures: 4,
        fault: Some(fault.clone()),
        polls: (0..KEPT_POLLS).map(poll).collect(),
        ..Health::default()
    }
}

fn passed(step: Step, ms: u64, figures: Vec<Figure>) -> Tried {
    Tried { step, outcome: Outcome::Passed { ms, figures } }
}

fn probe(last: Outcome) -> Probe {
    let address = "192.0.2.7".parse().unwrap();
    Probe {
        at: NOW,
        zone: Zone::Test,
        record: "API.TM12KLkB8o".to_owned(),
        address: "https://api.library.example/mydata".to_owned(),
        steps: vec![
            passed(Step::Dns, 12, vec![Figure::Addresses(vec![address])]),
            passed(Step::Address, 0, vec![Figure::Registered]),
            passed(Step::Tcp, 8, vec![Figure::Connected(address)]),
            passed(Step::Tls, 31, vec![Figure::Tls("TLS 1.3".to_owned())]),
            Tried { step: Step::Certificate, outcome: last },
        ],
    }
}

fn listed() -> Listed {
    let stage: Stage = mydata_domain::item::Running::Listed(mydata_domain::item::stage::Listed {
        since: NOW,
        returned: None,
    })
    .into();
    Listed {
        id: ITEM.parse::<ItemId>().unwrap(),
        kind: Kind::Dataset,
        origin: Origin::Office,
        organisation: "library".parse().unwrap(),
        organisation_name: "示範圖書館".to_owned(),
        name: "畢業證書 <b>".to_owned(),
        category: "教育".to_owned(),
        number: None,
        zone: Zone::Test,
        shown: true,
        stage: StageName::Listed,
        standing: stage,
        cause: None,
        test_record: Some("API.TM12KLkB8o".to_owned()),
        production_record: None,
        next_due: None,
        listed_at: Some(NOW),
        updated_at: NOW,
    }
}

/// The pages: name and view.
pub(in crate::backoffice) fn pages(
    lang: Lang,
    frame: &dyn Fn(&str) -> Frame,
) -> Vec<(&'static str, Box<dyn DynTemplate>)> {
    let whole = Probe {
        steps: vec![
            passed(Step::Dns, 3, vec![Figure::Literal]),
            passed(Step::Address, 0, vec![Figure::AnyAddress]),
            passed(Step::Tcp, 1, vec![Figure::Connected("192.0.2.7".parse().unwrap())]),
            Tried { step: Step::Tls, outcome: Outcome::Skipped { why: Skipped::Plain } },
            Tried { step: Step::Certificate, outcome: Outcome::Skipped { why: Skipped::Plain } },
            passed(Step::Response, 5, vec![Figure::Status(204)]),
            passed(
                Step::Package,
                180,
                vec![Figure::Bytes(20_480), Figure::Files(2), Figure::SignerDaysLeft(300)],
            ),
        ],
        ..probe(Outcome::Skipped { why: Skipped::Plain })
    };
    let expired = Fault::new(FaultKind::CertificateExpired, "115/11/01");
    let failed = probe(Outcome::Failed { ms: 0, fault: expired });
    let again = || Press {
        action: "/x".to_owned(),
        hidden: ("zone", "test"),
        label: lang.t("probe-again"),
        primary: true,
    };
    let tested = |probe: &Probe| TestPage {
        frame: frame("probe-page"),
        notice: test::notice(lang, Kind::Dataset, probe),
        about: test::about(lang, probe),
        address: probe.address.clone(),
        steps: test::steps(lang, Kind::Dataset, probe),
        again: Some(again()),
        back: Link::new(lang.t("credentials-back"), ROOT),
    };
    let section = |state: &Health, zones: Vec<Zone>| SectionPage {
        frame: frame("health"),
        health: view::view(
            lang,
            Kind::Dataset,
            (state, Some(&failed)),
            Duration::from_secs(300),
            Some(("/x".to_owned(), zones)),
            "sample-token",
            "/x",
        ),
    };
    let row = Failing {
        item: listed(),
        polled: true,
        since: NOW,
        failures: 4,
        fault: Some(Fault::new(FaultKind::TcpNoAnswer, 5)),
    };
    let by_people = Failing { failures: 0, fault: None, polled: false, ..row.clone() };
    let list = |role| {
        let rows = [&row, &by_people].into_iter().zip(1..);
        let rows = rows.map(|(row, n)| failing::cells(lang, row, n, role, NOW, "sample-token")).collect();
        let query = ListQuery::of(|_| None, failing::SHAPE);
        ListPage {
            frame: frame("failing-datasets"),
            notices: Vec::new(),
            list: failing::listing(lang, Kind::Dataset, role, query, rows, 2),
        }
    };
    vec![
        ("probe-passed", Box::new(tested(&whole))),
        ("probe-failed", Box::new(tested(&failed))),
        ("health-failing", Box::new(section(&state(), vec![Zone::Production, Zone::Test]))),
        ("health-off", Box::new(section(&Health::default(), vec![Zone::Test]))),
        ("failing-operator", Box::new(list(Role::Operator))),
        ("failing-owner", Box::new(list(Role::Applicant))),
    ]
}
