//! The life of an item: as a strip of steps, and as what happened, in time.

use askama::Template;

use crate::web::{Lang, i18n};

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Behind.
    Done,
    /// The item is here.
    Now,
    /// The item is here and does not go on by itself: returned, suspended, refused.
    Stopped,
    /// Ahead.
    Ahead,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayStep {
    /// Its name.
    pub label: String,
    /// How far it is.
    pub reached: Reached,
}

/// The way of an item.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "backoffice/parts/way.html")]
pub struct Way {
    /// The reader's language.
    pub lang: Lang,
    /// The steps, in order.
    pub steps: Vec<WayStep>,
    /// With names, for an item's own page; without it a strip for a table, which says the current step to those who hear it.
    pub named: bool,
}

impl Way {
    fn class(step: &WayStep) -> &'static str {
        match step.reached {
            Reached::Done => "done",
            Reached::Now => "now",
            Reached::Stopped => "stopped",
            Reached::Ahead => "ahead",
        }
    }

    fn is_here(step: &WayStep) -> bool {
        matches!(step.reached, Reached::Now | Reached::Stopped)
    }

    /// `第 3 步，共 6 步：測試中`
    pub(super) fn summary(&self) -> String {
        let here = self.steps.iter().position(Self::is_here);
        let done = self.steps.iter().filter(|step| step.reached == Reached::Done).count();
        let step =
            here.or(done.checked_sub(1)).and_then(|at| Some((at + 1, self.steps.get(at)?.label.as_str())));
        let (number, label) = step.unwrap_or((0, ""));
        let args = [("step", number.into()), ("steps", self.steps.len().into()), ("label", label.into())];
        i18n::t(self.lang, "way-summary", &args)
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// When, as people read it.
    pub at: String,
    /// When, as machines read it.
    pub machine: String,
    /// What.
    pub what: String,
    /// Who; empty for the platform itself.
    pub who: String,
    /// A reason, a letter's number.
    pub note: Option<String>,
}

/// What happened, latest first.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "backoffice/parts/history.html")]
pub struct History {
    /// What happened.
    pub events: Vec<Happened>,
    /// What it says when nothing did.
    pub empty: String,
}
