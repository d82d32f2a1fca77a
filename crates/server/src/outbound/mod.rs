//! Calls to other parties, through guarded clients only: no redirect is followed, no proxy is used, every call has
//! time limits, and outside the sandbox no internal address is reached and nothing but https is spoken.

pub mod dp;
pub mod guard;
pub mod registered;
pub mod sp;

use std::sync::Arc;
use std::time::Duration;

use mydata_domain::Policy;
use reqwest::redirect;
use url::Url;

use guard::{Blocked, PublicOnly};
use registered::Registered;

/// The clients.
#[derive(Debug, Clone)]
pub struct Outbound {
    sandbox: bool,
    dp: reqwest::Client,
    registered: Registered,
    sp: reqwest::Client,
    identity: reqwest::Client,
}

impl Outbound {
    /// Clients with the policy's limits.
    pub fn new(policy: &Policy, sandbox: bool) -> Result<Self, reqwest::Error> {
        let client = |connect: Duration| builder(connect, sandbox);
        let (connect, idle) = (policy.dp_connect.0, policy.dp_idle.0);
        Ok(Self {
            sandbox,
            dp: client(connect).read_timeout(idle).build()?,
            registered: Registered::new(connect, idle),
            sp: client(policy.sp_connect.0).timeout(policy.sp_connect.0 + policy.sp_answer.0).build()?,
            identity: client(policy.sp_connect.0)
                .timeout(policy.sp_connect.0 + policy.sp_answer.0)
                .build()?,
        })
    }

    /// Refuses an address that may not be called at all.
    pub(crate) fn check(&self, url: &Url) -> Result<(), Blocked> {
        if self.sandbox { Ok(()) } else { guard::check_url(url) }
    }

    /// Whether an address may be called at all.
    pub(crate) fn reaches(&self, address: std::net::IpAddr) -> bool {
        self.sandbox || guard::is_public(address)
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
fn builder(connect: Duration, sandbox: bool) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("mydata/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(connect)
        .pool_idle_timeout(Duration::from_secs(30));
    if sandbox { builder } else { builder.https_only(true).dns_resolver(Arc::new(PublicOnly)) }
}
