//! What a DP answers the platform (PROTOCOL.md §6).

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio_util::io::ReaderStream;

/// The answer to a call whose token is good.
#[derive(Debug)]
pub enum DpAnswer {
    /// 200: the signed package, from memory.
    Package(Bytes),
    /// 200: the signed package, streamed from a file that was opened; its length is read from it.
    File(tokio::fs::File),
    /// 204: no data of this person.
    NoData,
    /// 429 with `Retry-After`: ask again after this long, rounded up to whole seconds, at least 1. The platform comes
    /// back with the same `transaction_uid`.
    Wait(Duration),
    /// 403: this person's data is not given, ever, in this transaction. The text is for the platform's operators: no
    /// personal data in it.
    Refuse(String),
    /// 503: something is broken here; the platform tries again soon.
    Unavailable,
}

impl From<Vec<u8>> for DpAnswer {
    fn from(package: Vec<u8>) -> Self {
        Self::Package(package.into())
    }
}

impl DpAnswer {
    /// As an HTTP answer.
    pub async fn into_answer(self) -> Response {
        const ZIP: [(header::HeaderName, &str); 2] =
            [(header::CONTENT_TYPE, "application/zip"), (header::CACHE_CONTROL, "no-store")];
        match self {
            Self::Package(bytes) => (ZIP, bytes).into_response(),
            Self::File(file) => match file.metadata().await {
                Ok(about) => {
                    let length = [(header::CONTENT_LENGTH, about.len())];
                    let length = length.map(|(name, value)| (name, HeaderValue::from(value)));
                    (ZIP, length, Body::from_stream(ReaderStream::new(file))).into_response()
                }
                Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            },
            Self::NoData => StatusCode::NO_CONTENT.into_response(),
            Self::Wait(wait) => wait_answer(wait),
            Self::Refuse(reason) => (StatusCode::FORBIDDEN, reason).into_response(),
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }
}

/// 429 with `Retry-After` in whole seconds.
fn wait_answer(wait: Duration) -> Response {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))])
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows R118, R119: a DP's wait leaves in whole seconds.
    #[tokio::test]
    async fn waits_are_rounded_up() {
        for (wait, seconds) in [(0, "1"), (400, "1"), (1000, "1"), (1001, "2"), (40_000, "40")] {
            let answer = DpAnswer::Wait(Duration::from_millis(wait)).into_answer().await;
            assert_eq!(answer.status(), 429);
            assert_eq!(answer.headers()["retry-after"], seconds, "{wait} ms");
        }
        assert_eq!(DpAnswer::NoData.into_answer().await.status(), 204);
        assert_eq!(DpAnswer::Refuse("closed".into()).into_answer().await.status(), 403);
        let package = DpAnswer::from(vec![1, 2, 3]).into_answer().await;
        assert_eq!(package.headers()["content-type"], "application/zip");
    }
}
