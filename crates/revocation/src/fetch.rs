//! The way out, as a port: who may be called, by which client, is for the caller's guard to say.

use std::time::Duration;

use futures_util::future::BoxFuture;
use url::Url;

/// Why nothing was fetched. Holds no address and no content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchFault {
    /// It may not be called.
    #[error("it may not be called: {0}")]
    Blocked(String),
    /// Nobody answers, or not in time.
    #[error("{0}")]
    Silent(String),
    /// Another status than 200.
    #[error("it answers {0}")]
    Status(u16),
    /// Larger than it may be.
    #[error("what it sends is larger than {0} bytes")]
    TooLarge(usize),
}

/// One call.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where to.
    pub url: Url,
    /// What is posted, with its media type; `None`: GET.
    pub body: Option<(&'static str, Vec<u8>)>,
    /// Longest answer in bytes.
    pub limit: usize,
    /// Longest time until all of it is there.
    pub time: Duration,
}

/// Makes calls. Follows no redirect.
pub trait Fetch: Send + Sync {
    /// The body of an answer with status 200.
    fn fetch(&self, request: Request) -> BoxFuture<'static, Result<Vec<u8>, FetchFault>>;
}
