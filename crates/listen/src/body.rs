//! The body of a request, which must come in time, not too slowly, and not be too large. When it is not so, the handler's read fails, and
//! [`Verdict`] says with which status the request is answered whatever the handler makes of it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use crate::limits::Limits;

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyFault {
    /// It is too large.
    #[error("the body of the request is larger than the listener takes")]
    TooLarge,
    /// It came too slowly.
    #[error("the body of the request did not come in time")]
    TooSlow,
}

impl BodyFault {
    fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }
}

/// What became of a body, for whoever sends the answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict(Arc<AtomicU16>);

impl Verdict {
    /// The status that the request is answered with, when its body was broken off.
    pub(crate) fn status(&self) -> Option<StatusCode> {
        StatusCode::from_u16(self.0.load(Ordering::Acquire)).ok()
    }
}

/// See the module.
pub(crate) struct Guarded<B> {
    inner: B,
    left: u64,
    limits: Limits,
    /// From the first read on for which there was nothing yet.
    waiting: Option<Waiting>,
    verdict: Verdict,
}

/// How long a body has been waited for.
struct Waiting {
    /// The end of the whole body.
    end: Instant,
    /// All pauses that are over.
    waited: Duration,
    /// The present one's beginning.
    since: Option<Instant>,
    /// When the present one has taken too long.
    timer: Pin<Box<Sleep>>,
}

impl Waiting {
    fn begin(limits: &Limits) -> Self {
        let end = Instant::now() + limits.body;
        Self { end, waited: Duration::ZERO, since: None, timer: Box::pin(sleep(limits.body)) }
    }

    /// Whether the present pause has taken too long, after `got` bytes.
    fn is_over(&mut self, cx: &mut Context<'_>, limits: &Limits, got: u64) -> bool {
        if self.since.is_none() {
            let now = Instant::now();
            // What was taken already buys time for what is still to come.
            let bought = Duration::from_secs(got) / limits.body_rate.max(1);
            let allowed = limits.body_grace.saturating_add(bought);
            let left = allowed.saturating_sub(self.waited).min(limits.body_pause);
            self.since = Some(now);
            self.timer.as_mut().reset((now + left).min(self.end));
        }
        self.timer.as_mut().poll(cx).is_ready()
    }

    /// The present pause ends. `false`: the whole body took too long.
    fn goes_on(&mut self) -> bool {
        let now = Instant::now();
        if let Some(since) = self.since.take() {
            self.waited += now.saturating_duration_since(since);
        }
        now < self.end
    }
}

impl<B> Guarded<B> {
    pub(crate) fn new(inner: B, limits: Limits) -> Self {
        Self { inner, left: limits.body_bytes, limits, waiting: None, verdict: Verdict::default() }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.verdict.clone()
    }

    fn broken(&self, fault: BodyFault) -> Box<dyn std::error::Error + Send + Sync> {
        self.verdict.0.store(fault.status().as_u16(), Ordering::Release);
        Box::new(fault)
    }
}

impl<B> Body for Guarded<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        let frame = match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => frame,
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => {
                let got = this.limits.body_bytes - this.left;
                let waiting = this.waiting.get_or_insert_with(|| Waiting::begin(&this.limits));
                if waiting.is_over(cx, &this.limits, got) {
                    return Poll::Ready(Some(Err(this.broken(BodyFault::TooSlow))));
                }
                return Poll::Pending;
            }
        };
        if let Some(data) = frame.data_ref() {
            let len = data.len() as u64;
            if len > this.left {
                return Poll::Ready(Some(Err(this.broken(BodyFault::TooLarge))));
            }
            this.left -= len;
        }
        if this.waiting.as_mut().is_some_and(|waiting| !waiting.goes_on()) {
            return Poll::Ready(Some(Err(this.broken(BodyFault::TooSlow))));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
