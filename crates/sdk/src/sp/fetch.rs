//! Fetching the token (R116–R120): waits as long as asked, goes on after a broken transfer, never holds it in memory.

use std::path::Path;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use mydata_wire::{PermissionTicket, retry_after, token};
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout_at};

use super::platform::{Platform, reason};

/// How patient a fetch is.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// For everything together: waits, transfers, retries. A ticket lives at most 8 hours (R111).
    pub deadline: Duration,
    /// How long to wait after a 429 that does not say.
    pub default_wait: Duration,
    /// Failures in a row, without a byte of progress, after which it gives up.
    pub max_failures: u32,
    /// The first pause after a failure; it doubles up to 30 s.
    pub backoff: Duration,
    /// Largest token that is taken, in bytes.
    pub max_bytes: u64,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(2 * 60 * 60),
            default_wait: Duration::from_secs(60),
            max_failures: 8,
            backoff: Duration::from_secs(1),
            max_bytes: 8 << 30,
        }
    }
}

/// A token that has arrived whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetched {
    /// Its size.
    pub bytes: u64,
    /// How many times the platform asked to wait.
    pub waits: u32,
    /// How many times a broken transfer went on where it had stopped.
    pub resumed: u32,
    /// How many times it had to start again from the first byte.
    pub restarted: u32,
}

/// Why there is no token. Every variant is final for this call.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The deadline passed, or the platform asked to wait beyond it.
    #[error("not ready within {deadline:?}{}; call again later, the ticket stays good until it ends", asked_text(.asked))]
    Deadline {
        /// The deadline given.
        deadline: Duration,
        /// The wait that did not fit any more.
        asked: Option<Duration>,
    },
    /// 400: the ticket did not arrive as one.
    #[error("400: the platform could not read the ticket. {0}")]
    BadTicket(String),
    /// 401: the citizen's identity was not verified, or a client certificate is missing.
    #[error(
        "401: identity verification was not completed, or the registered client certificate was not presented. {0}"
    )]
    Unauthorised(String),
    /// 403: the ticket is unknown, expired or another service's, or the address is not allowed.
    #[error(
        "403: the ticket is unknown, expired or another service's, or this address is not registered. {0}"
    )]
    Denied(String),
    /// 504: no dataset of the transaction could be delivered.
    #[error("504: no dataset could be delivered. {0}")]
    Undeliverable(String),
    /// A status or a media type that this API does not have.
    #[error("the platform answered {status} {content_type}, which this API does not have")]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// The media type, possibly empty.
        content_type: String,
    },
    /// The token is larger than [`FetchOptions::max_bytes`].
    #[error("the token is larger than the {0} bytes allowed")]
    TooLarge(u64),
    /// Too many failures in a row.
    #[error("gave up after {failures} failures in a row; the last: {last}")]
    Broken {
        /// How many.
        failures: u32,
        /// The last one's reason.
        last: String,
    },
    /// The file could not be written.
    #[error("cannot write the token's file: {0}")]
    Io(#[from] std::io::Error),
}

fn asked_text(asked: &Option<Duration>) -> String {
    asked.map_or_else(String::new, |wait| format!(" (the platform asks to wait another {wait:?})"))
}

/// What one request came to.
enum Attempt {
    Whole,
    Wait(Duration),
    Failed(String),
}

/// The part that has arrived.
struct Part {
    file: File,
    written: u64,
    etag: Option<HeaderValue>,
    resumed: u32,
    restarted: u32,
}

impl Part {
    async fn restart(&mut self) -> std::io::Result<()> {
        if self.written > 0 {
            self.restarted += 1;
        }
        self.written = 0;
        self.etag = None;
        self.file.set_len(0).await?;
        self.file.rewind().await?;
        Ok(())
    }
}

impl Platform {
    /// Fetches the token of `ticket` into the file `into`, which is made anew (readable by its owner only) and removed
    /// again when the fetch fails.
    ///
    /// ```no_run
    /// # async fn f(platform: mydata_sdk::sp::Platform, notice: mydata_sdk::wire::notification::Notification)
    /// # -> Result<(), mydata_sdk::sp::FetchError> {
    /// use mydata_sdk::sp::FetchOptions;
    /// let options = FetchOptions { deadline: std::time::Duration::from_secs(600), ..Default::default() };
    /// let fetched = platform.fetch(&notice.permission_ticket, "token.jwt".as_ref(), &options).await?;
    /// println!("{} bytes after {} waits", fetched.bytes, fetched.waits);
    /// # Ok(()) }
    /// ```
    pub async fn fetch(
        &self,
        ticket: &PermissionTicket,
        into: &Path,
        options: &FetchOptions,
    ) -> Result<Fetched, FetchError> {
        let fetched = self.fetch_part(ticket, into, options).await;
        if fetched.is_err() {
            // Half a token is of no use to anyone; that it may be gone already is fine.
            let _ = tokio::fs::remove_file(into).await;
        }
        fetched
    }

    /// Asks once whether the token of `ticket` is there, and takes nothing of it: `None` if it is, or how long the platform
    /// asks to wait. It may answer only after a moment, since most data comes within one.
    ///
    /// # Errors
    /// As [`Platform::fetch`]; [`FetchError::Broken`] if the platform could not be asked.
    pub async fn ready(&self, ticket: &PermissionTicket) -> Result<Option<Duration>, FetchError> {
        let broken = |last| FetchError::Broken { failures: 1, last };
        let answer = self.ask_for_data(Method::HEAD, ticket).send().await;
        let answer = answer.map_err(|error| broken(error.without_url().to_string()))?;
        if answer.status() == StatusCode::OK {
            return Ok(None);
        }
        match self.not_now(answer, FetchOptions::default().default_wait).await? {
            Attempt::Wait(wait) => Ok(Some(wait)),
            Attempt::Failed(last) => Err(broken(last)),
            Attempt::Whole => Ok(None),
        }
    }

    async fn fetch_part(
        &self,
        ticket: &PermissionTicket,
        into: &Path,
        options: &FetchOptions,
    ) -> Result<Fetched, FetchError> {
        let end = Instant::now() + options.deadline;
        let mut open = OpenOptions::new();
        open.write(true).create(true).truncate(true);
        #[cfg(unix)]
        open.mode(0o600);
        let mut part =
            Part { file: open.open(into).await?, written: 0, etag: None, resumed: 0, restarted: 0 };
        let (mut waits, mut failures) = (0, 0);
        loop {
            let before = part.written;
            let late = |asked| FetchError::Deadline { deadline: options.deadline, asked };
            let attempt = timeout_at(end, self.attempt(ticket, &mut part, options));
            let pause = match attempt.await.map_err(|_| late(None))?? {
                Attempt::Whole => {
                    part.file.sync_all().await?;
                    let Part { written, resumed, restarted, .. } = part;
                    return Ok(Fetched { bytes: written, waits, resumed, restarted });
                }
                Attempt::Wait(wait) => {
                    waits += 1;
                    failures = 0;
                    wait.max(Duration::from_secs(1))
                }
                Attempt::Failed(last) => {
                    failures = if part.written > before { 1 } else { failures + 1 };
                    if failures >= options.max_failures {
                        return Err(FetchError::Broken { failures, last });
                    }
                    options.backoff.saturating_mul(1 << (failures - 1).min(5)).min(Duration::from_secs(30))
                }
            };
            if end.checked_duration_since(Instant::now()).is_none_or(|left| left < pause) {
                return Err(late(Some(pause)));
            }
            sleep(pause).await;
        }
    }

    async fn attempt(
        &self,
        ticket: &PermissionTicket,
        part: &mut Part,
        options: &FetchOptions,
    ) -> Result<Attempt, FetchError> {
        let mut request = self.ask_for_data(Method::GET, ticket);
        match &part.etag {
            Some(etag) if part.written > 0 => {
                request = request
                    .header(header::RANGE, format!("bytes={}-", part.written))
                    .header(header::IF_RANGE, etag.clone());
            }
            _ => part.restart().await?,
        }
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return Ok(Attempt::Failed(error.without_url().to_string())),
        };
        let content_type = text(answer.headers(), header::CONTENT_TYPE).unwrap_or_default().to_owned();
        match answer.status() {
            StatusCode::OK => part.restart().await?,
            StatusCode::PARTIAL_CONTENT => {
                if range_start(answer.headers()) != Some(part.written) {
                    part.restart().await?;
                    return Ok(Attempt::Failed("the platform sent another range than asked for".to_owned()));
                }
                part.resumed += 1;
            }
            StatusCode::RANGE_NOT_SATISFIABLE => {
                part.restart().await?;
                return Ok(Attempt::Failed("the token has become shorter than what had arrived".to_owned()));
            }
            _ => return self.not_now(answer, options.default_wait).await,
        }
        if content_type.split(';').next().map(str::trim) != Some(token::MEDIA_TYPE) {
            return Err(FetchError::Unexpected { status: answer.status().as_u16(), content_type });
        }
        part.etag =
            answer.headers().get(header::ETAG).filter(|tag| tag.as_bytes().starts_with(b"\"")).cloned();
        let whole = answer.content_length().map(|length| part.written + length);
        if whole.is_some_and(|whole| whole > options.max_bytes) {
            return Err(FetchError::TooLarge(options.max_bytes));
        }
        self.receive(answer, part, options, whole).await
    }

    fn ask_for_data(&self, method: Method, ticket: &PermissionTicket) -> reqwest::RequestBuilder {
        let mut ticket = HeaderValue::from_str(&ticket.expose()).expect("a UUID is a header value");
        ticket.set_sensitive(true);
        self.http.request(method, self.url("/service/data")).header("permission_ticket", ticket)
    }

    /// What an answer without a token means.
    async fn not_now(
        &self,
        answer: reqwest::Response,
        default_wait: Duration,
    ) -> Result<Attempt, FetchError> {
        match answer.status() {
            StatusCode::TOO_MANY_REQUESTS => {
                let wait = text(answer.headers(), header::RETRY_AFTER)
                    .and_then(|value| retry_after::parse(value, (self.now)()))
                    .unwrap_or(default_wait);
                Ok(Attempt::Wait(wait))
            }
            StatusCode::BAD_REQUEST => Err(FetchError::BadTicket(reason(answer).await)),
            StatusCode::UNAUTHORIZED => Err(FetchError::Unauthorised(reason(answer).await)),
            StatusCode::FORBIDDEN => Err(FetchError::Denied(reason(answer).await)),
            StatusCode::GATEWAY_TIMEOUT => Err(FetchError::Undeliverable(reason(answer).await)),
            status if status.is_server_error() => {
                Ok(Attempt::Failed(format!("the platform answered {}", status.as_u16())))
            }
            status => Err(FetchError::Unexpected {
                status: status.as_u16(),
                content_type: text(answer.headers(), header::CONTENT_TYPE).unwrap_or_default().to_owned(),
            }),
        }
    }

    async fn receive(
        &self,
        mut answer: reqwest::Response,
        part: &mut Part,
        options: &FetchOptions,
        whole: Option<u64>,
    ) -> Result<Attempt, FetchError> {
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => {
                    if part.written + chunk.len() as u64 > options.max_bytes {
                        return Err(FetchError::TooLarge(options.max_bytes));
                    }
                    part.file.write_all(&chunk).await?;
                    part.written += chunk.len() as u64;
                }
                Ok(None) => {
                    part.file.flush().await?;
                    return Ok(match whole {
                        Some(whole) if whole != part.written => {
                            Attempt::Failed(format!("{} of {whole} bytes arrived", part.written))
                        }
                        _ => Attempt::Whole,
                    });
                }
                Err(error) => {
                    part.file.flush().await?;
                    return Ok(Attempt::Failed(error.without_url().to_string()));
                }
            }
        }
    }
}

fn text(headers: &HeaderMap, name: http::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// The first byte of `Content-Range: bytes 100-199/200`.
fn range_start(headers: &HeaderMap) -> Option<u64> {
    text(headers, header::CONTENT_RANGE)?.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()
}
