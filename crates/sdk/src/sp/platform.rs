//! The platform as an SP calls it: one base URL, one HTTP client.

use std::time::{Duration, SystemTime};

use mydata_wire::problem::Problem;
use url::Url;

/// How much of an error answer is read.
const MAX_PROBLEM: usize = 64 * 1024;

/// The platform's partner APIs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Platform {
    pub(super) http: reqwest::Client,
    pub(super) base: Url,
    pub(super) now: fn() -> SystemTime,
}

impl Platform {
    /// With a client of its own: TLS ≥ 1.2, no redirects, 10 s to connect, 60 s without a byte ends a transfer.
    ///
    /// # Errors
    /// When no TLS roots can be read from the system.
    pub fn new(base: Url) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .min_tls_version(reqwest::tls::Version::TLS_1_2)
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60))
            .build()?;
        Ok(Self::with_client(base, http))
    }

    /// With the caller's client: the way to present a client certificate or to trust another root (R97).
    pub fn with_client(base: Url, http: reqwest::Client) -> Self {
        Self { http, base, now: SystemTime::now }
    }

    /// Another clock for reading dates in `Retry-After`.
    #[must_use]
    pub fn with_clock(mut self, now: fn() -> SystemTime) -> Self {
        self.now = now;
        self
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base.as_str().trim_end_matches('/'))
    }
}

/// The reason in an error answer: the `detail` of a problem document, or nothing.
pub(super) async fn reason(mut answer: reqwest::Response) -> String {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        if body.len() + chunk.len() > MAX_PROBLEM {
            return String::new();
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice::<Problem>(&body)
        .map(|problem| format!("{}: {}", problem.code, problem.detail))
        .unwrap_or_default()
}
