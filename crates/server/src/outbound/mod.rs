//! Calls to other parties, through guarded clients only: no redirect is followed, no proxy is used, every call has
//! time limits, and outside the sandbox no internal address is reached and nothing but https is spoken.

pub mod dp;
pub mod guard;
pub mod registered;
pub mod revocation;
pub mod sp;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use mydata_domain::Policy;
use reqwest::redirect;
use url::Url;

use guard::{Blocked, Guard, Speech};
use registered::Registered;

/// Longest time to connect to the gateway of text messages.
const TEXTS_CONNECT: Duration = Duration::from_secs(5);
/// Longest time of one call of it, the connection included.
const TEXTS_ANSWER: Duration = Duration::from_secs(10);
/// Longest time to connect to a responder or where revocation lists lie.
const REVOCATION_CONNECT: Duration = Duration::from_secs(5);

/// The clients.
#[derive(Debug, Clone)]
pub struct Outbound {
    guard: Guard,
    dp: reqwest::Client,
    registered: Registered,
    sp: reqwest::Client,
    identity: reqwest::Client,
    texts: reqwest::Client,
    revocation: reqwest::Client,
}

impl Outbound {
    /// Clients with the policy's limits. `guard` says whom they reach; `true` stands for everybody, in the sandbox.
    pub fn new(policy: &Policy, guard: impl Into<Guard>) -> Result<Self, reqwest::Error> {
        let guard = guard.into();
        let client = |connect: Duration| builder(connect, &guard, Speech::Private);
        let (connect, idle) = (policy.dp_connect.0, policy.dp_idle.0);
        Ok(Self {
            dp: client(connect).read_timeout(idle).build()?,
            registered: Registered::new(connect, idle),
            sp: client(policy.sp_connect.0).timeout(policy.sp_connect.0 + policy.sp_answer.0).build()?,
            identity: client(policy.sp_connect.0)
                .timeout(policy.sp_connect.0 + policy.sp_answer.0)
                .build()?,
            texts: client(TEXTS_CONNECT).timeout(TEXTS_ANSWER).build()?,
            revocation: builder(REVOCATION_CONNECT, &guard, Speech::Signed).build()?,
            guard,
        })
    }

    /// Refuses an address that may not be called at all.
    pub(crate) fn check(&self, url: &Url) -> Result<(), Blocked> {
        self.guard.check(url, Speech::Private)
    }

    /// Whether an address may be called at all.
    pub(crate) fn reaches(&self, address: std::net::IpAddr) -> bool {
        self.guard.permits(address)
    }

    /// Which addresses may be called.
    pub(crate) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The client for the gateway of text messages, once `url` is found to be allowed.
    pub(crate) fn texts(&self, url: &Url) -> Result<&reqwest::Client, Blocked> {
        self.check(url)?;
        Ok(&self.texts)
    }

    /// The client for SP-APIs, once `url` is found to be allowed.
    pub(crate) fn sp_client(&self, url: &Url) -> Result<&reqwest::Client, Blocked> {
        self.check(url)?;
        Ok(&self.sp)
    }

    /// The client for identity providers, once `url` is found to be allowed.
    pub fn identity(&self, url: &Url) -> Result<&reqwest::Client, Blocked> {
        self.check(url)?;
        Ok(&self.identity)
    }
}

/// A guarded client that is being made.
fn builder(connect: Duration, guard: &Guard, speech: Speech) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("mydata/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(connect)
        .pool_idle_timeout(Duration::from_secs(30));
    if guard.is_open() {
        return builder;
    }
    builder.https_only(speech == Speech::Private).dns_resolver(Arc::new(guard.clone()))
}
