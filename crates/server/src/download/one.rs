//! `/downloads/{id}`: how far a download is, live; 下載完成 100 % with the three ways on (R78); or how it ended.

use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use askama::filters::Safe;
use axum::extract::Path;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::{Stream, stream};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use mydata_domain::transaction::part::{Part, PartState};
use mydata_domain::transaction::{Ending, State, TransactionId};
use mydata_store::repo::transactions::{Kept, Which};

use super::view::{Left, Names, Stage, case, moment, own, path, percent};
use crate::app::App;
use crate::bell::Listener;
use crate::citizen::session::Citizen;
use crate::exchange::fault::Fault;
use crate::exchange::views::row_state;
use crate::exchange::visit::{AUTOMATIC, Visit};
use crate::flow::{FlowError, delegate, look};
use crate::portal::nav::Area;
use crate::portal::view::Frame;
use crate::web::confirm::{EVENT_RELOAD, EVENT_ROWS, rows_html};
use crate::web::{Chrome, DatasetRow, FormTarget, Lang, Policy, ProgressView, i18n, page};

/// News of another node, and countdowns, are seen this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What may be done with a complete download.
pub struct Ways {
    /// Until when.
    pub left: Left,
    /// What can be looked at: name, address.
    pub previews: Vec<(String, String)>,
    /// 轉存到我的電腦; nothing where there is no file.
    pub save: Option<FormTarget>,
    /// 前往資料條碼區.
    pub barcode: FormTarget,
    /// How often it was looked at and saved, where it was.
    pub used: Option<String>,
}

/// One download.
#[derive(Template)]
#[template(path = "download/one.html")]
pub struct OnePage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// How far it is: the chip's colour, its words.
    pub chip: (&'static str, String),
    /// When it was asked for.
    pub at: String,
    /// For which case.
    pub case: Option<String>,
    /// The datasets and how far each is.
    pub rows: Safe<String>,
    /// What moves: its events, and the page that loads itself without JavaScript.
    pub live: Option<(String, String)>,
    /// How far it is in all, while it moves.
    pub overall: Option<Safe<String>>,
    /// What may be done.
    pub ways: Option<Ways>,
    /// How it ended.
    pub ended: Option<String>,
    /// Where it is withdrawn.
    pub withdraw: Option<String>,
    /// Where somebody is asked to go to the counter, where the case allows it.
    pub delegate: Option<String>,
}

/// `GET /downloads/{id}`.
pub async fn show(visit: Visit, citizen: Citizen, Path(id): Path<String>) -> Response {
    let answer = shown(&visit, &citizen, &id).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, citizen: &Citizen, id: &str) -> Result<Response, Fault> {
    let kept = own(visit, id, &citizen.index).await?;
    let catalogue = visit.app.catalogue().await?;
    let names = Names { catalogue: &catalogue, lang: visit.prefs.lang };
    Ok(page(StatusCode::OK, &view(visit, citizen, names, &kept), &Policy::personal()))
}

fn view(visit: &Visit, citizen: &Citizen, names: Names<'_>, kept: &Kept) -> OnePage {
    let (lang, now, t) = (names.lang, visit.app.now(), &kept.transaction);
    let stage = Stage::of(t, now);
    let (colour, words) = stage.chip();
    let open = stage == Stage::Ready;
    let running = stage == Stage::Running;
    let title = match stage {
        Stage::Running => "download-one.running",
        Stage::Ready => "download-one.ready",
        Stage::Taking | Stage::Over(_) => "download-one.over",
    };
    let ways = t.held().filter(|_| open).map(|held| {
        let ready =
            t.parts.iter().filter(|part| matches!(part.state, PartState::Ready { blob: Some(_), .. }));
        let preview = |part: &Part| {
            (names.name(&part.resource_id), path(t.id, &format!("/preview/{}", part.resource_id)))
        };
        let counts = [("previewed", held.previewed.into()), ("saved", held.saved.into())];
        Ways {
            left: Left::until(lang, now, held.expires_at),
            previews: ready.map(preview).collect(),
            save: t.has_files().then(|| citizen.form(&visit.app, path(t.id, "/save"))),
            barcode: citizen.form(&visit.app, format!("{}/{}", super::barcodes::PATH, t.id)),
            used: (held.previewed + held.saved > 0).then(|| i18n::t(lang, "download-used", &counts)),
        }
    });
    let mut frame =
        Frame::new(visit, Area::Elsewhere, lang.t(title)).below(lang.t("own-downloads"), super::list::PATH);
    frame.chrome.here = path(t.id, "");
    OnePage {
        chrome: frame.chrome.clone(),
        frame,
        chip: (colour, lang.t(words)),
        at: moment(lang, t.entered_at),
        case: case(names.catalogue, lang, t),
        rows: Safe(rows_html(lang, &progress_view(names, kept, now, open))),
        live: running.then(|| (path(t.id, "/progress"), path(t.id, &format!("?{AUTOMATIC}")))),
        overall: running.then(|| Safe(overall(lang, percent(t)))),
        ways,
        ended: match stage {
            Stage::Running | Stage::Ready => None,
            Stage::Taking | Stage::Over(Ending::Taken) => Some(lang.t("download-ended.taken")),
            Stage::Over(Ending::Withdrawn) => Some(lang.t("download-ended.withdrawn")),
            Stage::Over(Ending::Undeliverable) => Some(lang.t("download-ended.undeliverable")),
            Stage::Over(_) => Some(lang.t("download-ended.expired")),
        },
        withdraw: (running || open).then(|| path(t.id, "/withdraw")),
        delegate: (open && delegate::allows(names.catalogue, t)).then(|| path(t.id, "/delegate")),
    }
}

/// How far it is in all, as HTML that the page's script puts in the place of what is there.
fn overall(lang: Lang, percent: u8) -> String {
    let text = i18n::escape(&i18n::t(lang, "download-percent", &[("percent", percent.into())]));
    format!(
        "<div id=\"overall\" data-live><p class=\"percent\">{text}</p>\
         <progress max=\"100\" value=\"{percent}\" aria-label=\"{text}\"></progress></div>"
    )
}

fn progress_view(names: Names<'_>, kept: &Kept, now: mydata_domain::Time, previews: bool) -> ProgressView {
    let t = &kept.transaction;
    let row = |part: &Part| DatasetRow {
        resource_id: part.resource_id.clone(),
        name: names.name(&part.resource_id),
        provider: names.provider(&part.resource_id),
        fields: names.fields(&part.resource_id),
        state: row_state(&part.state, now),
        preview_url: (previews && matches!(part.state, PartState::Ready { blob: Some(_), .. }))
            .then(|| path(t.id, &format!("/preview/{}", part.resource_id))),
    };
    // Nobody but the citizen receives anything.
    ProgressView { rows: t.parts.iter().map(row).collect(), organisation_short: String::new() }
}

/// `GET /downloads/{id}/progress`: what moves, as server-sent events.
pub async fn progress(visit: Visit, citizen: Citizen, Path(id): Path<String>) -> Response {
    let answer = watched(&visit, &citizen, &id).await;
    visit.or_fault(answer)
}

async fn watched(visit: &Visit, citizen: &Citizen, id: &str) -> Result<Response, Fault> {
    let id = own(visit, id, &citizen.index).await?.transaction.id;
    let watch = Watch {
        app: visit.app.clone(),
        lang: visit.prefs.lang,
        id,
        listener: visit.app.bell.listen(id),
        last: None,
        over: false,
    };
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    // What is told is a citizen's: the kind of answer alone would only have it asked for again.
    let told = Sse::new(events(watch)).keep_alive(keep_alive);
    Ok(([(CACHE_CONTROL, "no-store")], told).into_response())
}

struct Watch {
    app: App,
    lang: Lang,
    id: TransactionId,
    listener: Listener,
    last: Option<String>,
    over: bool,
}

fn events(watch: Watch) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    stream::unfold(watch, |mut watch| async move {
        // The page's script connects again by itself, then to the platform that is up.
        if watch.over || watch.listener.is_over() {
            return None;
        }
        match watch.next().await {
            Ok(event) => Some((Ok(event?), watch)),
            Err(error) => {
                tracing::error!(%error, "progress could not be told");
                None
            }
        }
    })
}

impl Watch {
    /// Waits for the next thing to tell; `None` when the platform stops.
    async fn next(&mut self) -> Result<Option<Event>, FlowError> {
        while !self.listener.is_over() {
            let kept = look(&self.app, Which::Id(self.id)).await?;
            let running = kept.filter(|kept| matches!(kept.transaction.state, State::Authorised(_)));
            let Some(kept) = running else {
                self.over = true;
                return Ok(Some(Event::default().event(EVENT_RELOAD).data(EVENT_RELOAD)));
            };
            let catalogue = self.app.catalogue().await?;
            let names = Names { catalogue: &catalogue, lang: self.lang };
            let rows = rows_html(self.lang, &progress_view(names, &kept, self.app.now(), false))
                + &overall(self.lang, percent(&kept.transaction));
            if self.last.as_deref() != Some(rows.as_str()) {
                self.last = Some(rows.clone());
                return Ok(Some(Event::default().event(EVENT_ROWS).data(rows)));
            }
            self.listener.wait(LOOK_EVERY).await;
        }
        Ok(None)
    }
}
