//! Where an item stands, in words, colours and steps: the same on lists and on its own page.

use mydata_domain::Time;
use mydata_domain::calendar::{day_of, days_between};
use mydata_domain::category::Area;
use mydata_domain::item::stage::Testing;
use mydata_domain::item::{ActName, Cause, Kind, Running, Stage, StageName};

use crate::backoffice::parts::cell::{Cell, Chip, Colour};
use crate::backoffice::parts::way::{Reached, Way, WayStep};
use crate::backoffice::visit::Visit;
use crate::web::Lang;
use crate::web::i18n::t;

/// 資料集, 服務, 臨櫃服務.
pub fn kind(lang: Lang, kind: Kind) -> String {
    lang.t(match kind {
        Kind::Dataset => "item-kind-dataset",
        Kind::Service => "item-kind-service",
        Kind::CounterService => "item-kind-counter-service",
    })
}

/// The list of one's organisation that shows this kind, below the root.
pub fn list_path(kind: Kind) -> &'static str {
    match kind {
        Kind::Dataset => "/datasets",
        Kind::Service => "/services",
        Kind::CounterService => "/counter-services",
    }
}

/// The text that names that list.
pub fn list_key(kind: Kind) -> &'static str {
    match kind {
        Kind::Dataset => "menu-datasets",
        Kind::Service => "menu-services",
        Kind::CounterService => "menu-counter-services",
    }
}

/// 類別, as readers see it.
pub fn category(visit: &Visit, kind: Kind, path: &str) -> String {
    let area = if kind == Kind::Dataset { Area::Dataset } else { Area::Service };
    visit.system.categories.label(area, path, visit.lang() == Lang::En)
}

/// 狀態.
pub fn stage(lang: Lang, stage: StageName) -> &'static str {
    lang.pick(stage.zh(), Some(stage.en()))
}

/// What is done.
pub fn act(lang: Lang, act: ActName) -> &'static str {
    lang.pick(act.zh(), Some(act.en()))
}

/// Why it is suspended.
pub fn cause(lang: Lang, cause: Cause) -> String {
    lang.t(match cause {
        Cause::Certificate => "item-cause-certificate",
        Cause::Failing => "item-cause-failing",
        Cause::Operator => "item-cause-operator",
    })
}

/// Days of the test that are left, today included; 1 on its last day.
pub fn days_left(testing: &Testing, now: Time) -> i32 {
    days_between(day_of(now), testing.last_day) + 1
}

/// 狀態 as a chip: 測試中　剩 12 天.
pub fn chip(lang: Lang, standing: &Stage, now: Time) -> Chip {
    let name = stage(lang, standing.name());
    match standing {
        Stage::Draft(draft) if draft.returned.is_some() => Chip::new(Colour::Amber, lang.t("item-returned")),
        Stage::Draft(_) | Stage::Delisted(_) => Chip::new(Colour::Quiet, name),
        Stage::OperatorReview(_) | Stage::AuthorityReview(_) | Stage::MinistryReview(_) => {
            Chip::new(Colour::Amber, name)
        }
        Stage::Suspended(suspended) => {
            let first = suspended.causes.first().map(|one| cause(lang, one.cause));
            Chip::new(Colour::Red, first.unwrap_or_else(|| name.to_owned()))
        }
        Stage::Running(running) => match running {
            Running::Testing(testing) => {
                let left = days_left(testing, now);
                let colour = if left <= 7 { Colour::Amber } else { Colour::Green };
                let text = t(lang, "item-testing-left", &[("days", left.max(0).into())]);
                Chip::new(colour, text)
            }
            Running::Piloting(_) => Chip::new(Colour::Amber, lang.t("item-piloting-locked")),
            Running::Listed(_) => Chip::new(Colour::Green, name),
            _ => Chip::new(Colour::Amber, name),
        },
    }
}

const STEPS: [&str; 6] = [
    "item-way-draft",
    "item-way-review",
    "item-way-test",
    "item-way-go-live",
    "item-way-pilot",
    "item-way-listed",
];

/// How many steps are done, and whether it stands still.
fn reached(standing: &Stage) -> (usize, bool) {
    let running = |running: &Running| match running {
        Running::Testing(_) | Running::ExtensionReview(_) => 2,
        Running::GoLiveOperatorReview(_) | Running::AwaitingLetter(_) | Running::GoLiveMinistryReview(_) => 3,
        Running::Piloting(_) | Running::ReportReview(_) => 4,
        Running::AwaitingListing(_) => 5,
        Running::Listed(_) | Running::ChangeOperatorReview(_) | Running::ChangeMinistryReview(_) => 6,
    };
    match standing {
        Stage::Draft(_) => (0, false),
        Stage::OperatorReview(_) | Stage::AuthorityReview(_) | Stage::MinistryReview(_) => (1, false),
        Stage::Running(at) => (running(at), false),
        Stage::Suspended(suspended) => (running(&suspended.back).min(STEPS.len() - 1), true),
        Stage::Delisted(_) => (STEPS.len() - 1, true),
    }
}

/// 歷程.
pub fn way(lang: Lang, standing: &Stage, named: bool) -> Way {
    let (done, still) = reached(standing);
    let step = |(place, key): (usize, &&str)| WayStep {
        label: lang.t(key),
        reached: if place < done {
            Reached::Done
        } else if place == done {
            if still { Reached::Stopped } else { Reached::Now }
        } else {
            Reached::Ahead
        },
    };
    Way { lang, steps: STEPS.iter().enumerate().map(step).collect(), named }
}

/// 顯示前台 (R39, R43).
pub fn display(lang: Lang, standing: &Stage, shown: bool) -> Cell {
    let key = match standing {
        Stage::Suspended(_) => "item-display-suspended",
        Stage::Running(_) if !shown => "item-display-hidden",
        Stage::Running(running) => match running {
            Running::Testing(_)
            | Running::ExtensionReview(_)
            | Running::GoLiveOperatorReview(_)
            | Running::AwaitingLetter(_)
            | Running::GoLiveMinistryReview(_) => "item-display-test",
            Running::Piloting(_) | Running::ReportReview(_) | Running::AwaitingListing(_) => {
                "item-display-pilot"
            }
            Running::Listed(_) | Running::ChangeOperatorReview(_) | Running::ChangeMinistryReview(_) => {
                "item-display-shown"
            }
        },
        _ => return Cell::Nothing,
    };
    Cell::Text(lang.t(key))
}
