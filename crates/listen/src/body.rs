//! The body of a request, which must come in time and not be too large. When it is not so, the handler's read fails, and
//! [`Verdict`] says with which status the request is answered whatever the handler makes of it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::task::{Context, Poll};

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
    /// The end of the whole body and of the present pause, from the first read on.
    until: Option<(Instant, Pin<Box<Sleep>>)>,
    verdict: Verdict,
}

impl<B> Guarded<B> {
    pub(crate) fn new(inner: B, limits: Limits) -> Self {
        Self { inner, left: limits.body_bytes, limits, until: None, verdict: Verdict::default() }
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
                let (whole, pause) = (this.limits.body, this.limits.body_pause);
                let (_, timer) = this
                    .until
                    .get_or_insert_with(|| (Instant::now() + whole, Box::pin(sleep(pause.min(whole)))));
                if timer.as_mut().poll(cx).is_ready() {
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
        if let Some((end, timer)) = &mut this.until {
            let now = Instant::now();
            if now >= *end {
                return Poll::Ready(Some(Err(this.broken(BodyFault::TooSlow))));
            }
            timer.as_mut().reset((now + this.limits.body_pause).min(*end));
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
