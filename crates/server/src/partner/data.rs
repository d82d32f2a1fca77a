//! `GET /service/data` (R116–R120): the token, or how long to wait for it.

use std::ops::Range;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_RANGE, RANGE,
    RETRY_AFTER,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use mydata_domain::transaction::Token;
use mydata_domain::transaction::view::DataAnswer;
use mydata_store::StoreError;
use mydata_store::repo::transactions::{Kept, Which};
use mydata_wire::PermissionTicket;
use mydata_wire::token::MEDIA_TYPE;

use super::caller::{Caller, header};
use super::problem::Problem;
use crate::app::App;
use crate::flow::{FlowError, deliver, look};

const TICKET: &str = "permission_ticket";
/// A token sealed by another node is seen after this long.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The token of a ticket.
pub async fn data(
    State(app): State<App>,
    caller: Caller,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let ticket: PermissionTicket =
        header(&headers, TICKET).and_then(|t| t.parse().ok()).ok_or(Problem::Header(TICKET))?;
    let kept = look(&app, Which::Ticket(ticket)).await?.ok_or(Problem::Ticket)?;
    let catalogue = app.catalogue().await?;
    let client_id = kept.transaction.client_id().cloned().ok_or(Problem::Ticket)?;
    let service = catalogue.services.get(&client_id).ok_or(Problem::Ticket)?;
    caller.must_belong_to(&app, &service.service, StatusCode::FORBIDDEN).await?;
    let kept = sealed_soon(&app, kept).await?;
    let t = &kept.transaction;
    // It may have been suspended while the request was held.
    if !app.catalogue().await?.is_listed(&client_id) {
        return Err(Problem::NotListed);
    }
    match t.data_answer(app.now(), &app.config.policy) {
        DataAnswer::Denied => Err(Problem::Ticket),
        DataAnswer::Undeliverable => Err(Problem::Undeliverable),
        DataAnswer::Wait(wait) => Ok(wait_for(wait.as_secs())),
        DataAnswer::Ready(token) => {
            let etag = format!("\"{}\"", token.sha256);
            let (status, range) = match asked_range(&headers, &etag, token.len)? {
                None => (StatusCode::OK, 0..token.len),
                Some(range) => (StatusCode::PARTIAL_CONTENT, range),
            };
            let body = if method == Method::HEAD {
                Body::empty()
            } else {
                let bytes = deliver::stream(&app, t.id, &token, range.clone(), caller.address).await;
                // The ticket ended between the look and the read.
                let gone = |e: &FlowError| matches!(e, FlowError::Store(StoreError::NoBlob { .. }));
                Body::from_stream(bytes.map_err(|e| if gone(&e) { Problem::Ticket } else { e.into() })?)
            };
            Ok(answer(status, &token, &etag, &range, body))
        }
    }
}

/// Holds the request while the data may come within a moment: most data providers answer at once, and an SP that is
/// sent away comes back seconds later. Nothing is held that a data provider itself has put off.
async fn sealed_soon(app: &App, mut kept: Kept) -> Result<Kept, Problem> {
    let until = app.now().plus(app.config.policy.sp_hold.0);
    if !kept.transaction.may_be_sealed_by(until) {
        return Ok(kept);
    }
    let id = kept.transaction.id;
    let mut news = app.bell.listen(id);
    loop {
        // Once more, for what happened before the listening began.
        kept = look(app, Which::Id(id)).await?.ok_or(Problem::Ticket)?;
        let now = app.now();
        if now >= until || news.is_over() || !kept.transaction.may_be_sealed_by(until) {
            return Ok(kept);
        }
        news.wait_for(now.until(until).min(LOOK_EVERY), |news| news.data).await;
    }
}

fn answer(status: StatusCode, token: &Token, etag: &str, range: &Range<u64>, body: Body) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    let text =
        |text: &str| HeaderValue::from_str(text).expect("digits, hexadecimal and quotes are visible ASCII");
    headers.insert(ETAG, text(etag));
    if status == StatusCode::PARTIAL_CONTENT {
        headers
            .insert(CONTENT_RANGE, text(&format!("bytes {}-{}/{}", range.start, range.end - 1, token.len)));
    }
    response
}

fn wait_for(seconds: u64) -> Response {
    let mut response = StatusCode::TOO_MANY_REQUESTS.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    response
}

/// The one range asked for (RFC 9110 §14). What is no single byte range is ignored, as the RFC lets a server do; so is a
/// range of another token than the one held (`If-Range`).
fn asked_range(headers: &HeaderMap, etag: &str, len: u64) -> Result<Option<Range<u64>>, Problem> {
    let Some(spec) = header(headers, RANGE.as_str()).and_then(|r| r.strip_prefix("bytes=")) else {
        return Ok(None);
    };
    if headers.contains_key(IF_RANGE) && header(headers, IF_RANGE.as_str()) != Some(etag) {
        return Ok(None);
    }
    let Some((first, last)) = spec.trim().split_once('-') else { return Ok(None) };
    let number = |text: &str| -> Option<u64> {
        text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
    };
    let range = match (first, last) {
        ("", suffix) => match number(suffix) {
            Some(0) => return Err(Problem::Range { len }),
            Some(n) => len.saturating_sub(n)..len,
            None => return Ok(None),
        },
        (first, "") => match number(first) {
            Some(first) => first..len,
            None => return Ok(None),
        },
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(len),
            _ => return Ok(None),
        },
    };
    if range.start >= len { Err(Problem::Range { len }) } else { Ok(Some(range)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(range: &str, if_range: Option<&str>) -> Result<Option<Range<u64>>, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, range.parse().unwrap());
        if let Some(tag) = if_range {
            headers.insert(IF_RANGE, tag.parse().unwrap());
        }
        asked_range(&headers, "\"e\"", 100)
    }

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        assert_eq!(ask("bytes=0-9", None), Ok(Some(0..10)));
        assert_eq!(ask("bytes=90-", None), Ok(Some(90..100)));
        assert_eq!(ask("bytes=90-500", None), Ok(Some(90..100)));
        assert_eq!(ask("bytes=-10", None), Ok(Some(90..100)));
        assert_eq!(ask("bytes=-500", None), Ok(Some(0..100)));
        assert_eq!(ask("bytes=0-9", Some("\"e\"")), Ok(Some(0..10)));
        assert_eq!(ask("bytes=0-9", Some("\"other\"")), Ok(None));
        for ignored in ["bytes=9-0", "bytes=a-b", "bytes=0-1,5-6", "lines=0-1", "bytes=", "bytes=+1-2"] {
            assert_eq!(ask(ignored, None), Ok(None), "{ignored}");
        }
        for beyond in ["bytes=100-", "bytes=100-200", "bytes=-0"] {
            assert_eq!(ask(beyond, None), Err(Problem::Range { len: 100 }), "{beyond}");
        }
    }
}
