//! ③ 確認傳送: what came, live, and the question (R73, R75).

use askama::Template;
use askama::filters::Safe;
use mydata_wire::{ResourceId, Verification};

use super::i18n::{self, Lang};
use super::layout::{Chrome, FormTarget, Parties, Step, field_summary, steps, verification_name};

/// The page on which the citizen decides. Both forms post only `form_token`.
#[derive(Template)]
#[template(path = "confirm.html")]
pub struct ConfirmPage {
    /// The frame; `chrome.citizen` is the masked name.
    pub chrome: Chrome,
    /// Who receives, for what.
    pub parties: Parties,
    /// How the citizen proved who they are.
    pub method: Verification,
    /// The datasets and how far each is.
    pub progress: ProgressView,
    /// Server-sent events: see [`render_rows_fragment`], [`EVENT_ROWS`], [`EVENT_END`], [`EVENT_RELOAD`].
    pub progress_url: String,
    /// This page as it loads itself without JavaScript; see [`crate::exchange::visit::AUTOMATIC`].
    pub refresh_url: String,
    /// 確認
    pub confirm: FormTarget,
    /// 拒絕
    pub refuse: FormTarget,
}

/// An event whose data is the text of [`render_rows_fragment`]. Send one at once on connecting, then on every change.
pub const EVENT_ROWS: &str = "rows";
/// An event without meaningful data (send `end`): every dataset has come to an end, the page stops listening.
pub const EVENT_END: &str = "end";
/// An event without meaningful data (send `reload`): the page is out of date (session ended, exchange over), load it again.
pub const EVENT_RELOAD: &str = "reload";

/// What moves on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressView {
    /// One per dataset, in the order of the request.
    pub rows: Vec<DatasetRow>,
    /// Short name of the organisation that receives; empty where nobody but the citizen does.
    pub organisation_short: String,
}

/// One dataset and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetRow {
    /// Its id.
    pub resource_id: ResourceId,
    /// Its name.
    pub name: String,
    /// Who provides it.
    pub provider: String,
    /// Its fields by name.
    pub fields: Vec<String>,
    /// How far it is.
    pub state: RowState,
    /// Where it can be looked at; shown when it is [`RowState::Done`].
    pub preview_url: Option<String>,
}

/// How far a dataset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowState {
    /// 等待: not asked yet.
    Waiting,
    /// 取得中
    Fetching {
        /// How much has come, 0–100, where known.
        percent: Option<u8>,
    },
    /// 需等候約 N 秒: the provider asked to wait (429).
    Delayed {
        /// Seconds until it is asked again.
        seconds: u64,
    },
    /// 完成
    Done,
    /// 查無資料 (204).
    NothingFound,
    /// 無法取得
    Failed(FailReason),
}

/// Why a dataset cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailReason {
    /// The provider did not answer in time, or could not be reached.
    NoAnswer,
    /// The provider refused the request.
    Refused,
    /// The provider asked to wait too long or too often.
    TookTooLong,
    /// What the provider sent did not pass verification.
    NotGenuine,
    /// The provider has suspended or ended the dataset.
    Stopped,
}

/// How a row's bar is drawn.
enum Bar {
    /// Filled to this part of a hundred.
    Part(u8),
    /// Moving, the part unknown.
    Moving,
    /// Not over, but nothing moves.
    Still,
    /// Over, without data.
    Over,
}

impl RowState {
    /// Whether nothing will change any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::NothingFound | Self::Failed(_))
    }

    fn text(self, lang: Lang) -> String {
        match self {
            Self::Waiting => lang.t("row-waiting"),
            Self::Fetching { percent: None } => lang.t("row-fetching"),
            Self::Fetching { percent: Some(percent) } => {
                i18n::t(lang, "row-fetching-percent", &[("percent", percent.min(100).into())])
            }
            Self::Delayed { seconds } if seconds >= 120 => {
                i18n::t(lang, "row-delayed-minutes", &[("minutes", seconds.div_ceil(60).into())])
            }
            Self::Delayed { seconds } => i18n::t(lang, "row-delayed", &[("seconds", seconds.into())]),
            Self::Done => lang.t("row-done"),
            Self::NothingFound => lang.t("row-nothing"),
            Self::Failed(_) => lang.t("row-failed"),
        }
    }

    /// The part of the state that is worth telling when it changes; percentages and seconds are not.
    fn kind(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Fetching { .. } => "fetching",
            Self::Delayed { .. } => "delayed",
            Self::Done => "done",
            Self::NothingFound => "nothing",
            Self::Failed(_) => "failed",
        }
    }

    /// The chip's colour; its words say the same.
    fn colour(self) -> &'static str {
        match self {
            Self::Waiting | Self::NothingFound => "quiet",
            Self::Fetching { .. } => "brandish",
            Self::Delayed { .. } => "amber",
            Self::Done => "green",
            Self::Failed(_) => "red",
        }
    }

    /// A sentence under the row, where the chip alone would leave a question.
    fn explanation(self, lang: Lang, organisation: &str) -> Option<String> {
        let key = match self {
            Self::Waiting | Self::Fetching { .. } | Self::Done => return None,
            Self::Delayed { .. } => "row-delayed.explanation",
            // An own download is sent to nobody.
            Self::NothingFound if organisation.is_empty() => "row-nothing.own",
            Self::NothingFound => "row-nothing.explanation",
            Self::Failed(FailReason::NoAnswer) => "row-failed.no-answer",
            Self::Failed(FailReason::Refused) => "row-failed.refused",
            Self::Failed(FailReason::TookTooLong) => "row-failed.took-too-long",
            Self::Failed(FailReason::NotGenuine) => "row-failed.not-genuine",
            Self::Failed(FailReason::Stopped) => "row-failed.stopped",
        };
        Some(i18n::t(lang, key, &[("organisation", organisation.into())]))
    }

    fn bar(self) -> Bar {
        match self {
            Self::Waiting => Bar::Part(0),
            Self::Fetching { percent: Some(percent) } => Bar::Part(percent.min(100)),
            Self::Fetching { percent: None } => Bar::Moving,
            Self::Delayed { .. } => Bar::Still,
            Self::Done => Bar::Part(100),
            Self::NothingFound | Self::Failed(_) => Bar::Over,
        }
    }
}

impl DatasetRow {
    fn summary(&self, lang: Lang) -> String {
        field_summary(lang, &self.fields)
    }

    fn dom_id(&self) -> String {
        format!("row-{}", self.resource_id).replace('.', "-")
    }

    fn news(&self, lang: Lang) -> String {
        let args = [("dataset", self.name.as_str().into()), ("state", self.state.text(lang).into())];
        i18n::t(lang, "row-changed", &args)
    }

    fn preview(&self) -> Option<&str> {
        self.preview_url.as_deref().filter(|_| self.state == RowState::Done)
    }

    fn preview_label(&self, lang: Lang) -> String {
        i18n::t(lang, "confirm-rows.preview-of", &[("dataset", self.name.as_str().into())])
    }

    fn progress_label(&self, lang: Lang) -> String {
        i18n::t(lang, "confirm-rows.progress", &[("dataset", self.name.as_str().into())])
    }
}

impl ProgressView {
    /// Whether a dataset is still on its way.
    pub fn is_running(&self) -> bool {
        self.rows.iter().any(|row| !row.state.is_final())
    }

    fn afterwards(&self, lang: Lang) -> String {
        let failed = self.rows.iter().filter(|row| matches!(row.state, RowState::Failed(_))).count();
        let key = if self.is_running() {
            "confirm-afterwards.running"
        } else if failed > 0 {
            "confirm-afterwards.partly"
        } else {
            "confirm-afterwards.complete"
        };
        i18n::t(lang, key, &[("organisation", self.organisation_short.as_str().into())])
    }
}

#[derive(Template)]
#[template(path = "parts/rows.html")]
struct Rows<'a> {
    lang: Lang,
    progress: &'a ProgressView,
}

/// The rows as HTML: elements that carry `data-live` and an `id`.
pub(crate) fn rows_html(lang: Lang, progress: &ProgressView) -> String {
    Rows { lang, progress }.render().unwrap_or_else(|error| {
        // Only a Display that fails comes here; without rows a fragment changes nothing on the page.
        tracing::error!(%error, "the rows could not be rendered");
        String::new()
    })
}

fn afterwards_html(lang: Lang, progress: &ProgressView) -> String {
    format!("<p id=\"afterwards\" data-live class=\"meta\">{}</p>", i18n::escape(&progress.afterwards(lang)))
}

/// The rows and the sentence under the buttons, as HTML. Its outermost elements carry `data-live` and an `id`; the
/// page's script puts each in the place of the element with that id when it differs. For [`EVENT_ROWS`].
pub fn render_rows_fragment(lang: Lang, progress: &ProgressView) -> String {
    rows_html(lang, progress) + &afterwards_html(lang, progress)
}

impl ConfirmPage {
    fn steps(&self) -> [Step; 3] {
        steps(2, Some(verification_name(self.chrome.lang(), self.method)))
    }

    fn rows(&self) -> Safe<String> {
        Safe(rows_html(self.chrome.lang(), &self.progress))
    }

    fn afterwards(&self) -> Safe<String> {
        Safe(afterwards_html(self.chrome.lang(), &self.progress))
    }
}
