//! Calls to other parties, through guarded clients only: no redirect is followed, no proxy is used, every call has
//! time limits, and outside the sandbox no internal address is reached and nothing but https is spoken.

pub(crate) mod credentials;
pub mod dp;
pub mod guard;
pub mod registered;
pub mod revocation;
pub mod sp;
#[cfg(test)]
mod tests;
mod trusting;

use std::sync::Arc;
use std::time::Duration;

use mydata_domain::Policy;
use mydata_domain::service::Service;
use mydata_listen::files::{FileFault, Watched};
use reqwest::redirect;
use url::Url;

use crate::config::Outgoing;
use credentials::Credentials;
use guard::{Blocked, Guard, Speech};
use registered::{NotCalled, Registered};
use trusting::Trusting;

/// Longest time to connect to the gateway of text messages.
const TEXTS_CONNECT: Duration = Duration::from_secs(5);
/// Longest time of one call of it, the connection included.
const TEXTS_ANSWER: Duration = Duration::from_secs(10);
/// Longest time to connect to a responder or where revocation lists lie.
const REVOCATION_CONNECT: Duration = Duration::from_secs(5);

/// The clients. Cloning gives the same ones.
#[derive(Debug, Clone)]
pub struct Outbound {
    guard: Guard,
    held: Arc<Watched<Held>>,
}

/// What is read of the files, and what is made of it. Replaced as a whole, or not at all.
#[derive(Debug)]
struct Held {
    credentials: Credentials,
    clients: Clients,
    /// Made when they are first needed.
    registered: Registered,
    trusting: Trusting,
}

/// How long calls may take.
#[derive(Debug, Clone, Copy)]
struct Limits {
    dp_connect: Duration,
    dp_idle: Duration,
    sp_connect: Duration,
    sp_answer: Duration,
}

#[derive(Debug, Clone)]
struct Clients {
    dp: reqwest::Client,
    sp: reqwest::Client,
    identity: reqwest::Client,
    texts: reqwest::Client,
    revocation: reqwest::Client,
}

impl Clients {
    fn new(limits: Limits, guard: &Guard, credentials: &Credentials) -> Result<Self, reqwest::Error> {
        let client = |connect| builder(connect, guard, Speech::Private);
        let sp = || client(limits.sp_connect).timeout(limits.sp_connect + limits.sp_answer);
        let dp = client(limits.dp_connect).read_timeout(limits.dp_idle);
        let revocation = builder(REVOCATION_CONNECT, guard, Speech::Signed);
        Ok(Self {
            dp: credentials.shown(dp).build()?,
            sp: credentials.shown(sp()).build()?,
            identity: credentials.shown(sp()).build()?,
            texts: credentials.shown(client(TEXTS_CONNECT).timeout(TEXTS_ANSWER)).build()?,
            revocation: credentials.shown(revocation).build()?,
        })
    }
}

/// The clients cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// A file cannot be used, alone or together with the others.
    #[error("outbound: {0}")]
    File(#[from] FileFault),
}

impl Outbound {
    /// Clients with the policy's limits, which show nothing and trust the system's roots. `guard` says whom they reach;
    /// `true` stands for everybody, in the sandbox.
    ///
    /// # Errors
    /// The clients cannot be made.
    pub fn new(policy: &Policy, guard: impl Into<Guard>) -> Result<Self, OutboundError> {
        Self::with(policy, guard, &Outgoing::default())
    }

    /// Clients with the policy's limits, a client certificate and roots.
    ///
    /// # Errors
    /// A file cannot be used, or the clients cannot be made.
    pub fn with(
        policy: &Policy,
        guard: impl Into<Guard>,
        settings: &Outgoing,
    ) -> Result<Self, OutboundError> {
        let guard = guard.into();
        let limits = Limits {
            dp_connect: policy.dp_connect.0,
            dp_idle: policy.dp_idle.0,
            sp_connect: policy.sp_connect.0,
            sp_answer: policy.sp_answer.0,
        };
        let guarded = guard.clone();
        let held = credentials::watch(settings, move |credentials| {
            let clients = Clients::new(limits, &guarded, &credentials)?;
            let registered = Registered::new(limits.dp_connect, limits.dp_idle);
            let trusting = Trusting::new(limits.sp_connect, limits.sp_answer);
            Ok(Held { credentials, clients, registered, trusting })
        })?;
        Ok(Self { guard, held: Arc::new(held) })
    }

    /// Looks at the files of certificate, key and roots; says whether new ones hold now.
    ///
    /// # Errors
    /// What is found is new and cannot be used: what was read before still holds.
    pub fn look(&self) -> Result<bool, OutboundError> {
        Ok(self.held.look()?)
    }

    /// Why the files as they are cannot be used; nothing where they are.
    pub fn fault(&self) -> Option<FileFault> {
        self.held.fault()
    }

    fn clients(&self) -> Clients {
        self.held.get().clients.clone()
    }

    /// What is shown to others, and who is trusted.
    pub(crate) fn credentials(&self) -> Credentials {
        self.held.get().credentials.clone()
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
    pub(crate) fn texts(&self, url: &Url) -> Result<reqwest::Client, Blocked> {
        self.check(url)?;
        Ok(self.clients().texts)
    }

    /// The client for the SP-API of a service, once its address is found to be allowed.
    ///
    /// # Errors
    /// The address may not be called, or the roots that the service registered cannot be used.
    pub fn sp_client(&self, service: &Service) -> Result<reqwest::Client, NotCalled> {
        self.check(&service.sp_api)?;
        let held = self.held.get();
        match &service.sp_api_roots {
            None => Ok(held.clients.sp.clone()),
            Some(roots) => held.trusting.client(roots, &self.guard, &held.credentials),
        }
    }

    /// The client for identity providers, once `url` is found to be allowed.
    pub fn identity(&self, url: &Url) -> Result<reqwest::Client, Blocked> {
        self.check(url)?;
        Ok(self.clients().identity)
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
