//! 測試連線: runs it, keeps it as the item's last one, and shows it step by step.

use askama::Template;
use mydata_domain::Zone;
use mydata_domain::account::Role;
use mydata_domain::health::{Outcome, Probe, Step};
use mydata_domain::item::Kind;
use mydata_store::repo::health;

use super::view::{Press, moment};
use super::words;
use crate::backoffice::fault::Fault;
use crate::backoffice::flow::{self, By};
use crate::backoffice::frame::{Crumb, Frame};
use crate::backoffice::item::{load, name, path};
use crate::backoffice::parts::cell::{Chip, Colour, Link};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::probe;
use crate::web::Lang;
use crate::web::i18n::t;

/// A step on the page.
pub struct StepView {
    /// Its name.
    pub name: String,
    /// How it ended; its class says the same.
    pub chip: Chip,
    /// `passed`, `failed`, `skipped`, `ahead`.
    pub class: &'static str,
    /// How long it took.
    pub ms: Option<String>,
    /// What was found out.
    pub figures: Vec<String>,
    /// What is wrong.
    pub reason: Option<String>,
    /// How to mend it.
    pub mend: Option<String>,
}

/// The page.
#[derive(Template)]
#[template(path = "backoffice/health/test.html")]
pub struct TestPage {
    /// The frame.
    pub frame: Frame,
    /// How it ended.
    pub notice: Notice,
    /// Zone, record, moment.
    pub about: String,
    /// The address that was tried.
    pub address: String,
    /// The steps.
    pub steps: Vec<StepView>,
    /// Testing again, for those who may.
    pub again: Option<Press>,
    /// The way back.
    pub back: Link,
}

/// Every step, also those that were not taken.
pub(super) fn steps(lang: Lang, kind: Kind, probe: &Probe) -> Vec<StepView> {
    let one = |step: Step| {
        let mut view = StepView {
            name: words::step(lang, kind, step),
            chip: Chip::new(Colour::Quiet, lang.t("probe-not-taken")),
            class: "ahead",
            ms: None,
            figures: Vec::new(),
            reason: None,
            mend: None,
        };
        let took = |ms: u64| Some(t(lang, "probe-ms", &[("ms", ms.into())]));
        match probe.step(step) {
            None => {}
            Some(Outcome::Passed { ms, figures }) => {
                view.chip = Chip::new(Colour::Green, lang.t("probe-passed"));
                view.class = "passed";
                view.ms = took(*ms);
                view.figures = figures.iter().map(|figure| words::figure(lang, figure)).collect();
            }
            Some(Outcome::Failed { ms, fault }) => {
                view.chip = Chip::new(Colour::Red, lang.t("probe-failed"));
                view.class = "failed";
                view.ms = took(*ms);
                view.reason = Some(words::reason(lang, fault));
                view.mend = Some(t(lang, "probe-mend", &[("how", words::mend(lang, fault).into())]));
            }
            Some(Outcome::Skipped { why }) => {
                view.chip = Chip::new(Colour::Quiet, lang.t("probe-skipped"));
                view.class = "skipped";
                view.figures = vec![words::skipped(lang, *why)];
            }
        }
        view
    };
    Step::ALL.into_iter().map(one).collect()
}

/// How a test ended, in a sentence.
pub(super) fn notice(lang: Lang, kind: Kind, probe: &Probe) -> Notice {
    match probe.fault() {
        None => Notice::new(Tone::Good, lang.t("probe-whole")),
        Some(fault) => {
            let step = words::step(lang, kind, fault.step());
            Notice::new(Tone::Bad, t(lang, "probe-stopped", &[("step", step.into())]))
        }
    }
}

/// Zone, record and moment of a test.
pub(super) fn about(lang: Lang, probe: &Probe) -> String {
    let args = [
        ("zone", words::zone(lang, probe.zone).into()),
        ("record", probe.record.clone().into()),
        ("at", moment(lang, probe.at).into()),
    ];
    t(lang, "probe-about", &args)
}

/// `GET /items/{id}/probe`: the last one.
pub async fn show(visit: Visit) -> Answer {
    let kept = load(&visit).await?;
    let own = path(kept.id);
    let Some(probe) = health::load(&visit.app.store.db, kept.id).await?.1 else {
        return Ok(visit.go_saying(&own, "said-item-acted", &visit.t("probe-none")));
    };
    let lang = visit.lang();
    let frame = visit.frame(visit.t("probe-page"), vec![Crumb::new(name(&visit, &kept), own.clone())]);
    let role = visit.me()?.account.role;
    let may = (Role::ORGANISATION.contains(&role) || role == Role::Operator)
        && flow::health::target(&visit.catalogue, &kept, probe.zone).is_some();
    let again = may.then(|| Press {
        action: format!("{own}/probe"),
        hidden: ("zone", probe.zone.as_str()),
        label: visit.t("probe-again"),
        primary: true,
    });
    let view = TestPage {
        notice: notice(lang, kept.kind, &probe),
        about: about(lang, &probe),
        address: probe.address.clone(),
        steps: steps(lang, kept.kind, &probe),
        again,
        back: Link::new(visit.t("credentials-back"), own),
        frame,
    };
    Ok(visit.ok(&view))
}

/// `POST /items/{id}/probe`: runs one. It may take a while; so many run at a time, and so many a minute for an item.
pub async fn run(visit: Visit) -> Answer {
    let kept = load(&visit).await?;
    let own = path(kept.id);
    let zone = match visit.posted.get("zone").map(str::parse::<Zone>) {
        Some(Ok(zone)) => zone,
        _ => flow::health::zone(&kept),
    };
    let Some(target) = flow::health::target(&visit.catalogue, &kept, zone) else {
        return Ok(visit.go_saying(&own, "said-item-acted", &visit.t("probe-nothing-to-test")));
    };
    visit.app.probe_limit.take(kept.id, visit.now).map_err(Fault::TooManyTests)?;
    let room = std::sync::Arc::clone(&visit.app.probe_room);
    let room = room.acquire_owned().await.map_err(|e| Fault::Broken(e.to_string()))?;
    let probe = probe::test(&visit.app, &target).await;
    drop(room);
    flow::health::keep(&visit.app, &By::visitor(&visit)?, kept.id, &probe).await.map_err(Fault::from)?;
    Ok(visit.go(&format!("{own}/probe")))
}
