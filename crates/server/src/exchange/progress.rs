//! What moves on the page of ③, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::Path;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use http::header::CACHE_CONTROL;
use mydata_domain::transaction::{State, TransactionId};
use mydata_store::repo::transactions::{Kept, Which};
use mydata_wire::secret::is_same;

use super::fault::Fault;
use super::views::Scene;
use super::visit::Visit;
use crate::app::App;
use crate::bell::Listener;
use crate::flow::{FlowError, look};
use crate::web::Prefs;
use crate::web::confirm::{EVENT_END, EVENT_RELOAD, EVENT_ROWS, render_rows_fragment};

/// News of another node, and countdowns, are seen this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// `GET /exchange/{id}/progress`.
pub async fn progress(visit: Visit, Path(id): Path<String>) -> Response {
    let answer = begun(&visit, &id).await;
    visit.or_fault(answer)
}

async fn begun(visit: &Visit, id: &str) -> Result<Response, Fault> {
    let kept = visit.exchange(id).await?;
    let id = kept.transaction.id;
    let watch = Watch {
        app: visit.app.clone(),
        prefs: visit.prefs,
        id,
        browser: kept.browser,
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
    prefs: Prefs,
    id: TransactionId,
    browser: String,
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
        let event = match watch.next().await {
            Ok(Some(event)) => event,
            Ok(None) => return None,
            Err(error) => {
                tracing::error!(%error, "progress could not be told");
                return None;
            }
        };
        Some((Ok(event), watch))
    })
}

impl Watch {
    /// Waits for the next thing to tell; `None` when the platform stops.
    async fn next(&mut self) -> Result<Option<Event>, FlowError> {
        while !self.listener.is_over() {
            let Some(kept) = look(&self.app, Which::Id(self.id)).await? else {
                return Ok(Some(self.end(EVENT_RELOAD)));
            };
            let t = &kept.transaction;
            let now = self.app.now();
            let here = matches!(t.state, State::Authorised(_))
                && is_same(&kept.browser, &self.browser)
                && now < t.idle_until;
            if !here || t.nothing_usable() {
                return Ok(Some(self.end(EVENT_RELOAD)));
            }
            let (rows, running) = self.rows(&kept).await?;
            if self.last.as_deref() != Some(rows.as_str()) {
                self.last = Some(rows.clone());
                return Ok(Some(Event::default().event(EVENT_ROWS).data(rows)));
            }
            if !running {
                return Ok(Some(self.end(EVENT_END)));
            }
            self.listener.wait(LOOK_EVERY).await;
        }
        Ok(None)
    }

    async fn rows(&self, kept: &Kept) -> Result<(String, bool), FlowError> {
        let catalogue = self.app.catalogue().await?;
        let scene =
            Scene { app: &self.app, kept, catalogue: &catalogue, prefs: self.prefs, now: self.app.now() };
        let view = scene.progress();
        Ok((render_rows_fragment(self.prefs.lang, &view), view.is_running()))
    }

    fn end(&mut self, name: &'static str) -> Event {
        self.over = true;
        Event::default().event(name).data(name)
    }
}
