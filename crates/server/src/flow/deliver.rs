//! Deliver, step 7 of the flow: the SP fetches the token with its ticket, as often as it needs to until the ticket ends
//! (PROTOCOL.md §4; R111, R116–R120). Every fetch is on record, whole or broken off.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt as _};
use futures_util::{Stream, stream};
use mydata_domain::audit::{Actor, What};
use mydata_domain::transaction::{State, Token, Transaction, TransactionId};
use mydata_store::StoreError;
use mydata_store::blobs::BlobId;
use mydata_store::repo::registry::Catalogue;
use mydata_store::repo::transactions::Which;
use serde_json::json;

use super::alive::Alive;
use super::{Change, FlowError, event, step};
use crate::app::App;
use crate::citizen::notify::{Details, Kind};

/// The bytes of `range` of a token. The fetch is written down before its last byte goes out; one that breaks off is
/// written down when it does.
pub async fn stream(
    app: &App,
    id: TransactionId,
    token: &Token,
    range: Range<u64>,
    from: IpAddr,
) -> Result<impl Stream<Item = Result<Bytes, FlowError>> + Send + 'static, FlowError> {
    let blob: BlobId =
        token.blob.parse().map_err(|_| FlowError::Broken("a token names no blob".to_owned()))?;
    let pieces = app.store.blobs.plain_stream(&blob, range.clone()).await?;
    let fetch = Arc::new(Fetch { app: app.clone(), id, from, range, whole: token.len });
    let state = Passing { pieces, alive: Alive::of(app, id), guard: Guard { fetch: Some(fetch), sent: 0 } };
    Ok(stream::try_unfold(state, |mut state| async move {
        state.alive.check().await?;
        let Some(piece) = state.pieces.next().await.transpose()? else { return Ok(None) };
        state.guard.sent += piece.len() as u64;
        if state.guard.is_complete()
            && let Some(fetch) = state.guard.fetch.clone()
        {
            // Until it is written down the guard stays, for a connection that is dropped just now.
            fetch.note(fetch.range.end - fetch.range.start).await?;
            state.guard.fetch = None;
        }
        Ok(Some((piece, state)))
    }))
}

fn is_taken(t: &Transaction) -> bool {
    matches!(&t.state, State::Sealed(sealed) if sealed.taken_at.is_some())
}

/// Who received the data, for the citizen.
pub(super) fn receiver(catalogue: &Catalogue, t: &Transaction) -> Details {
    let service = t.client_id().and_then(|id| catalogue.services.get(id)).map(|s| &s.service);
    let organisation = service.and_then(|s| catalogue.organisation(s.organisation.as_str()));
    Details {
        item: service.map(|s| (s.name.clone(), s.name_en.clone())),
        organisation: organisation.map(|o| (o.name.clone(), o.name_en.clone())),
        path: Some("/record".to_owned()),
        ..Details::default()
    }
}

struct Passing {
    pieces: BoxStream<'static, Result<Bytes, StoreError>>,
    alive: Alive,
    guard: Guard,
}

struct Fetch {
    app: App,
    id: TransactionId,
    from: IpAddr,
    range: Range<u64>,
    whole: u64,
}

/// Writes a fetch down that is dropped before its end.
struct Guard {
    fetch: Option<Arc<Fetch>>,
    sent: u64,
}

impl Guard {
    fn is_complete(&self) -> bool {
        self.fetch.as_ref().is_some_and(|f| self.sent >= f.range.end - f.range.start)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(fetch) = self.fetch.take() {
            let sent = self.sent;
            tokio::spawn(async move {
                if let Err(error) = fetch.note(sent).await {
                    tracing::error!(transaction = %fetch.id, %error, "a broken fetch could not be written down");
                }
            });
        }
    }
}

impl Fetch {
    /// Notes that `sent` bytes from the range's start went out. The token counts as taken once every byte of it has,
    /// over this and earlier fetches together.
    async fn note(&self, sent: u64) -> Result<(), FlowError> {
        let reached = self.range.start + sent;
        let catalogue = self.app.catalogue().await?;
        step(&self.app, "delivered", Which::Id(self.id), None, |kept, now| {
            let t = &mut kept.transaction;
            let before = is_taken(t);
            t.delivered(self.range.start..reached, now);
            let detail = json!({ "from_byte": self.range.start, "to_byte": reached, "of": self.whole });
            let event = event(t, now, Actor::Sp, What::Delivered).from(Some(self.from)).with(detail);
            let change = Change::telling(()).event(event);
            if before || !is_taken(t) || kept.front_test {
                return Ok(change);
            }
            Ok(change.telling_citizen(Kind::SentToService, receiver(&catalogue, t)))
        })
        .await?;
        Ok(())
    }
}
