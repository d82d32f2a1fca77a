//! What every part of the running platform shares.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, RwLock};

use mydata_domain::item::ItemId;
use mydata_domain::maintenance::{self, Occurrence};
use mydata_domain::{Clock, Time};
use mydata_listen::places::Places;
use mydata_seal::trust::Trust;

use mydata_store::repo::system::System;
use mydata_store::{Store, StoreError};
use mydata_wire::{ClientId, Random, ResourceId, Verification};
use tokio::sync::Semaphore;
use url::Url;

use crate::backoffice::gov;
use crate::backoffice::hash::Passwords;
use crate::bell::Bell;
use crate::captcha::outside::Outside;
use crate::catalogue::{Cached, Registered};
use crate::config::{Config, Contact};
use crate::edge::Edge;
use crate::identity::Methods;
use crate::identity::oidc::Oidc;
use crate::limit::Limiter;
use crate::mail::post::Post;
use crate::mail::texts::Texts;
use crate::ops::{Ops, trace::Tracer};
use crate::outbound::Outbound;
use crate::pdf::Fonts;
use crate::revocation::Revocations;
use crate::system;

/// Each takes up to some tens of megabytes.
const UPLOADS_AT_ONCE: usize = 8;
/// Of these, of one address.
const UPLOADS_PER_ADDRESS: usize = 2;
/// Each waits for somebody else, and may keep a package for a moment.
const PROBES_AT_ONCE: usize = 8;

/// The running platform. Cloning gives the same one.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// See [`App`].
pub struct Shared {
    /// What the operator set.
    pub config: Config,
    /// How the outside reaches the platform.
    pub base_url: Url,
    /// Everything that is kept.
    pub store: Store,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives random bytes.
    pub random: Arc<dyn Random>,
    /// How citizens prove who they are.
    pub methods: Methods,
    /// Who verifies the e-government accounts of the back office.
    pub gov: Option<Oidc>,
    /// Calls to other parties.
    pub outbound: Outbound,
    /// The certificates of the listeners, and whom client certificates may come from.
    pub edge: Edge,
    /// Whom DP packages may be signed by.
    pub trust: Trust,
    /// Who tells whether certificates are revoked.
    pub revocations: Revocations,
    /// Wakes those who wait for news.
    pub bell: Bell,
    /// Takes mails where they go.
    pub post: Post,
    /// Takes text messages where they go.
    pub texts: Texts,
    /// The captcha service outside, where one is set.
    pub captcha: Option<Outside>,
    /// Calls of the partner APIs.
    pub partner_limit: Limiter<IpAddr>,
    /// The same, by service.
    pub service_limit: Limiter<ClientId>,
    /// Calls of DPs, by dataset.
    pub dataset_limit: Limiter<ResourceId>,
    /// Forms of citizens who are logged in, by their index.
    pub citizen_limit: Limiter<String>,
    /// Entries and posted forms.
    pub page_limit: Limiter<IpAddr>,
    /// Tries to prove who one is on pages of ours.
    pub proof_limit: Limiter<IpAddr>,
    /// Messages to the service desk.
    pub contact_limit: Limiter<IpAddr>,
    /// Connection tests, by item.
    pub probe_limit: Limiter<ItemId>,
    /// Turns to test a connection.
    pub probe_room: Arc<Semaphore>,
    /// Makes and checks the hashes of passwords.
    pub passwords: Passwords,
    /// Turns to open a package for a citizen's eyes.
    pub previews: Arc<Semaphore>,
    /// Forms with files that are read at a time.
    pub upload_room: Arc<Semaphore>,
    /// How many of these, waiting ones included, are whose.
    pub uploads: Places,
    /// What papers are written with.
    pub fonts: Fonts,
    /// What this node knows of itself.
    pub ops: Ops,
    /// The revision of the registry whose certificates are watched.
    pub certificates_seen: AtomicI64,
    catalogue: Cached,
    system: system::Cached,
    pinned: RwLock<HashMap<ResourceId, (String, Trust)>>,
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("base_url", &self.base_url.as_str()).finish_non_exhaustive()
    }
}

/// What a platform is made of.
pub struct Parts {
    /// What the operator set.
    pub config: Config,
    /// Everything that is kept.
    pub store: Store,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives random bytes.
    pub random: Arc<dyn Random>,
    /// How citizens prove who they are.
    pub methods: Methods,
    /// Calls to other parties.
    pub outbound: Outbound,
    /// The certificates of the listeners, and whom client certificates may come from.
    pub edge: Edge,
    /// Whom DP packages may be signed by.
    pub trust: Trust,
    /// Who tells whether certificates are revoked.
    pub revocations: Revocations,
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let Parts { config, store, clock, random, methods, outbound, edge, trust, revocations } = parts;
        let base_url = config.base_url();
        let callback = base_url.join(gov::CALLBACK_PATH).expect("a path of ours joins the base URL");
        let ops = Ops {
            life: Default::default(),
            metrics: Default::default(),
            tracer: Tracer::new(config.ops.traces.as_ref(), Arc::clone(&clock), Arc::clone(&random)),
        };
        Self(Arc::new(Shared {
            gov: methods
                .get(Verification::Gov)
                .and_then(|way| way.oidc())
                .map(|oidc| oidc.with_callback(callback)),
            base_url,
            partner_limit: Limiter::new(config.limits.partner_per_minute),
            service_limit: Limiter::new(config.limits.service_per_minute),
            dataset_limit: Limiter::new(config.limits.dataset_per_minute),
            citizen_limit: Limiter::new(config.limits.citizen_per_minute),
            page_limit: Limiter::new(config.limits.pages_per_minute),
            proof_limit: Limiter::new(config.limits.proofs_per_minute),
            contact_limit: Limiter::new(config.limits.contacts_per_minute),
            probe_limit: Limiter::new(config.limits.probes_per_minute),
            probe_room: Arc::new(Semaphore::new(PROBES_AT_ONCE)),
            previews: Arc::new(Semaphore::new(config.limits.previews_at_once as usize)),
            post: Post::new(&config.mail, &outbound),
            texts: Texts::new(&config.sms, &outbound),
            captcha: config.captcha.outside.as_ref().map(Outside::new),
            config,
            store,
            clock,
            random,
            methods,
            outbound,
            edge,
            trust,
            revocations,
            bell: Bell::default(),
            passwords: Passwords::default(),
            upload_room: Arc::new(Semaphore::new(UPLOADS_AT_ONCE)),
            uploads: Places::new(usize::MAX, UPLOADS_PER_ADDRESS),
            fonts: Fonts::default(),
            ops,
            certificates_seen: AtomicI64::new(-1),
            catalogue: Cached::default(),
            system: system::Cached::default(),
            pinned: RwLock::default(),
        }))
    }

    /// Now.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// What is registered.
    pub async fn catalogue(&self) -> Result<Arc<Registered>, StoreError> {
        self.catalogue.get(&self.store, &self.base_url, self.now()).await
    }

    /// Lets what was just registered here be found at once.
    pub fn catalogue_changed(&self) {
        self.catalogue.changed();
    }

    /// What the operating side set.
    ///
    /// # Errors
    /// The store fails.
    pub async fn system(&self) -> Result<Arc<System>, StoreError> {
        self.system.get(&self.store, self.now()).await
    }

    /// What was read last of it, for what cannot wait.
    pub fn last_system(&self) -> Arc<System> {
        self.system.last()
    }

    /// Lets what was just changed here hold at once.
    pub fn system_changed(&self) {
        self.system.changed();
    }

    /// The service desk (R22): as it was set while the platform runs, else as configured.
    pub fn contact(&self) -> Contact {
        let system = self.system.last();
        let set = |set: &Option<String>, configured: &String| set.as_ref().unwrap_or(configured).clone();
        Contact {
            phone: set(&system.settings.phone, &self.config.contact.phone),
            mailbox: set(&system.settings.mailbox, &self.config.contact.mailbox),
        }
    }

    /// The maintenance of the whole platform that goes on now.
    ///
    /// # Errors
    /// The store fails.
    pub async fn maintenance(&self) -> Result<Option<Occurrence>, StoreError> {
        let system = self.system().await?;
        Ok(maintenance::of_platform(&system.windows, self.now()).map(|(_, occurrence)| occurrence))
    }

    /// An absolute URL of ours.
    pub fn url(&self, path: &str) -> Url {
        self.base_url.join(path).expect("a path of ours joins the base URL")
    }

    /// Whether browsers reach us over https.
    pub fn secure(&self) -> bool {
        self.base_url.scheme() == "https"
    }

    /// Whom one dataset's packages may be signed by: the roots, and the registered certificate where there is one.
    pub fn trust_for(&self, dataset: &mydata_domain::Dataset) -> Result<Trust, mydata_seal::trust::BadTrust> {
        let Some(pem) = &dataset.signer_certificate else { return Ok(self.trust.clone()) };
        let held = self.pinned.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((known, trust)) = held.get(&dataset.resource_id)
            && known == pem
        {
            return Ok(trust.clone());
        }
        drop(held);
        let trust = self.trust.clone().pinned(pem.as_bytes())?;
        let mut held = self.pinned.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        held.insert(dataset.resource_id.clone(), (pem.clone(), trust.clone()));
        Ok(trust)
    }
}
