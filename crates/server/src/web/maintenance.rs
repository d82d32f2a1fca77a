//! Maintenance: the page that says until when, and what is announced ahead.

use askama::Template;
use mydata_domain::Time;
use mydata_domain::maintenance::{Occurrence, Window};
use mydata_wire::ResourceId;

use super::date::RocDateTime;
use super::dead_end::WayBack;
use super::i18n::{self, Lang};
use super::layout::Chrome;

/// Most announcements on a page.
const MOST: usize = 5;

/// The page that stands in for all others meanwhile.
#[derive(Template)]
#[template(path = "maintenance.html")]
pub struct MaintenancePage {
    /// The frame.
    pub chrome: Chrome,
    /// When it goes on, in words.
    pub until: String,
    /// What is done.
    pub note: Option<String>,
    /// The datasets that are the reason; none: the whole platform.
    pub datasets: Vec<String>,
    /// The way back to the service.
    pub way_back: Option<WayBack>,
}

impl MaintenancePage {
    fn what(&self) -> String {
        let key = if self.datasets.is_empty() { "maintenance-platform" } else { "maintenance-datasets" };
        self.chrome.t1(key, "until", self.until.as_str())
    }
}

/// 115 年 12 月 1 日 22:00 至 115 年 12 月 2 日 02:00; a day is said once.
pub fn span(lang: Lang, occurrence: Occurrence) -> String {
    let at = |time: Time| RocDateTime::new(time.to_timestamp());
    let (from, until) = (at(occurrence.from), at(occurrence.until));
    let ends = if from.date(lang) == until.date(lang) { until.time() } else { until.date_time(lang) };
    let args = [("from", from.date_time(lang).into()), ("until", ends.into())];
    i18n::t(lang, "maintenance-span", &args)
}

/// What is announced now, one sentence each, the next first. `name` gives a dataset's name, and none where it is not to be
/// spoken of.
pub fn announced(
    lang: Lang,
    windows: &[Window],
    now: Time,
    name: impl Fn(&ResourceId) -> Option<String>,
) -> Vec<String> {
    let mut all: Vec<(Occurrence, &Window)> =
        windows.iter().filter_map(|w| Some((w.announced(now)?, w))).collect();
    all.sort_by_key(|(occurrence, _)| *occurrence);
    let said = |(occurrence, window): (Occurrence, &Window)| {
        let what = match &window.dataset {
            None => lang.t("maintenance-of-platform"),
            Some(id) => name(id)?,
        };
        let note = lang.pick(&window.note, Some(&window.note_en));
        let args = [("what", what.into()), ("span", span(lang, occurrence).into())];
        let sentence = i18n::t(lang, "maintenance-announced", &args);
        Some(if note.is_empty() { sentence } else { format!("{sentence} {note}") })
    };
    all.into_iter().filter_map(said).take(MOST).collect()
}
