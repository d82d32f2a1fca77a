//! Starts and stops the platform.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, Router};
use mydata_domain::Clock;
use mydata_domain::time::SystemClock;
use mydata_listen::files::FileFault;
use mydata_revocation::{Addresses, Checker, Settings};
use mydata_seal::trust::{BadTrust, NoRevocationCheck, OnUnknownRevocation, Trust};
use mydata_store::keys::KeySource;
use mydata_store::{DbAddress, Store, StoreConfig, StoreError};
use mydata_wire::{Random, SystemRandom};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::app::{App, Parts};
use crate::config::{Config, OnUnknown};
use crate::edge::certificate::OfPartners;
use crate::edge::listeners::{self, Listeners};
use crate::edge::{Edge, unserved, watch as certificates};
use crate::identity::{BadFile, Methods, own};
use crate::ops::trace::Tracer;
use crate::outbound::guard::Guard;
use crate::outbound::{Outbound, OutboundError};
use crate::revocation::Revocations;
use crate::{
    backoffice, captcha, citizen, counter, delegate, download, exchange, jobs, ops, partner, portal, public,
    record, web,
};

/// Why the platform did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot work.
    #[error("the configuration cannot work:\n  {}", .0.join("\n  "))]
    Config(Vec<String>),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A certificate file cannot be read.
    #[error("trust: {path}: {reason}")]
    Trust {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The clients for calls to other parties cannot be made.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// A file that a way to prove who one is needs cannot be used.
    #[error(transparent)]
    Identity(#[from] BadFile),
    /// A certificate or key of the listeners cannot be used.
    #[error("tls: {0}")]
    Tls(#[from] FileFault),
}

/// A running platform.
#[derive(Debug)]
pub struct Platform {
    /// What its parts share.
    pub app: App,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it listens for partners, where they have a listener of their own.
    pub partner_address: Option<SocketAddr>,
    /// Where it listens with plain http that only points to https.
    pub redirect_address: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    serving: Vec<JoinHandle<bool>>,
    watching: JoinHandle<()>,
    following: JoinHandle<()>,
    working: Option<JoinHandle<()>>,
    /// What goes on beside: the operator's address, traces.
    beside: Vec<JoinHandle<()>>,
    /// Where the operator's tools ask, when they may.
    pub ops_address: Option<SocketAddr>,
}

/// How a store is opened for a configuration.
pub fn store_config(config: &Config) -> Result<StoreConfig, StoreError> {
    let mut store = StoreConfig::in_folder(&config.data_dir);
    if let Some(url) = &config.database_url {
        store.database = Some(url.0.parse::<DbAddress>()?);
    }
    store.keys = key_source(config);
    Ok(store)
}

/// Where the master key comes from; `None`: the file in the data folder.
fn key_source(config: &Config) -> Option<KeySource> {
    if !config.keys.command.is_empty() {
        let program = config.keys.command.clone();
        return Some(KeySource::Command { program, limit: config.keys.command_limit.0 });
    }
    let variable = config.keys.environment.clone().map(KeySource::Environment);
    variable.or_else(|| config.key_file.clone().map(KeySource::File))
}

/// Reads whom DP packages may be signed by.
pub fn read_trust(config: &Config) -> Result<Trust, StartError> {
    let on_unknown = match config.trust.on_unknown {
        OnUnknown::Refuse => OnUnknownRevocation::Refuse,
        OnUnknown::AcceptAndFlag => OnUnknownRevocation::Accept,
    };
    // What is learnt of revocation is put in before each verification.
    let trust = trust_in(&config.trust.roots, &config.trust.intermediates)
        .map_err(|(path, reason)| StartError::Trust { path: path.display().to_string(), reason })?;
    Ok(trust.on_unknown_revocation(on_unknown))
}

/// Reads roots, and what may stand below them, from files.
///
/// # Errors
/// The file that cannot be used, and why.
pub(crate) fn trust_in(roots: &[PathBuf], intermediates: &[PathBuf]) -> Result<Trust, (PathBuf, String)> {
    let bad = |path: &Path, reason: String| (path.to_owned(), reason);
    let bundle = |files: &[PathBuf]| -> Result<Vec<u8>, (PathBuf, String)> {
        let mut all = Vec::new();
        for file in files {
            let bytes = std::fs::read(file).map_err(|e| bad(file, e.to_string()))?;
            // One DER file alone is fine; several are joined as PEM.
            Trust::new(&bytes, Arc::new(NoRevocationCheck))
                .map_err(|e: BadTrust| bad(file, e.to_string()))?;
            all.extend_from_slice(&bytes);
            all.push(b'\n');
        }
        Ok(all)
    };
    let read = match roots {
        [one] => std::fs::read(one).map_err(|e| bad(one, e.to_string()))?,
        files => bundle(files)?,
    };
    let first = roots.first().map_or(Path::new("roots"), PathBuf::as_path);
    let trust = Trust::new(&read, Arc::new(NoRevocationCheck)).map_err(|e| bad(first, e.to_string()))?;
    if intermediates.is_empty() {
        return Ok(trust);
    }
    let between = bundle(intermediates)?;
    trust.with_intermediates(&between).map_err(|e| bad(&intermediates[0], e.to_string()))
}

/// Which addresses a configuration lets be called.
pub fn guard(config: &Config) -> Guard {
    Guard::new(config.sandbox, config.outbound.allowed_networks.clone())
}

/// Who tells whether certificates are revoked. Lists are kept in the data folder.
pub fn revocations(config: &Config, outbound: &Outbound, random: &Arc<dyn Random>) -> Revocations {
    revocations_in(config, outbound, random, Some(config.data_dir.join("revocation")))
}

/// [`revocations`], with lists kept in another folder, or in memory only.
pub fn revocations_in(
    config: &Config,
    outbound: &Outbound,
    random: &Arc<dyn Random>,
    folder: Option<PathBuf>,
) -> Revocations {
    let trust = &config.trust;
    let texts = |urls: &[url::Url]| urls.iter().map(url::Url::to_string).collect();
    let addresses = trust.issuers.iter().map(|issuer| Addresses {
        issuer: issuer.subject.clone(),
        ocsp: texts(&issuer.ocsp),
        crl: texts(&issuer.crl),
    });
    let checker = trust.order(config.sandbox).map(|order| {
        let settings = Settings {
            order,
            addresses: addresses.collect(),
            patience: trust.patience.0,
            max_list: trust.max_list_bytes,
            folder,
        };
        Checker::new(settings, Arc::new(outbound.clone()), Arc::clone(random))
    });
    Revocations::new(checker)
}

/// All routes of the main listener.
pub fn router(app: App) -> Router {
    let secure = keeps_https(&app);
    let cookies = app.secure();
    let partners = if app.config.partner.only { partner::elsewhere() } else { partner::router() };
    let router = Router::new()
        .merge(partners)
        .merge(portal::router())
        .merge(citizen::router())
        .merge(download::router())
        .merge(counter::router())
        .merge(delegate::router())
        .merge(exchange::router())
        .merge(own::router())
        .merge(public::router())
        .merge(record::router())
        .merge(backoffice::router())
        .merge(captcha::serve::router())
        .merge(web::assets::router())
        .merge(web::prefs::router(cookies))
        .merge(ops::open_router())
        .layer(from_fn_with_state(app.clone(), public::refused::dress))
        .layer(from_fn_with_state(app.clone(), ops::requests::watch))
        .with_state(app)
        .layer(from_fn(citizen::header::unkept));
    dressed(router, secure)
}

/// The routes of the partners' listener: theirs, and whether it is well.
pub fn partner_router(app: App) -> Router {
    let secure = keeps_https(&app);
    let router = partner::router()
        .merge(ops::open_router())
        .layer(Extension(OfPartners))
        .layer(from_fn_with_state(app.clone(), public::refused::dress))
        .layer(from_fn_with_state(app.clone(), ops::requests::watch))
        .with_state(app);
    dressed(router, secure)
}

/// Whether browsers are told to stay with https. Not in the sandbox: its host is everybody's localhost.
fn keeps_https(app: &App) -> bool {
    app.secure() && !app.config.sandbox
}

/// With the headers that every answer has.
fn dressed(router: Router, secure: bool) -> Router {
    if secure {
        router.layer(from_fn(web::headers::secure_https))
    } else {
        router.layer(from_fn(web::headers::secure))
    }
}

/// Puts a platform together on an open store without starting it: nothing is served or worked on.
///
/// # Errors
/// As [`Platform::start`], without store and socket.
pub fn assemble(
    config: Config,
    store: Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Result<App, StartError> {
    let trust = read_trust(&config)?;
    let outbound = Outbound::with(&config.policy, guard(&config), &config.outbound)?;
    let edge = Edge::read(&config)?;
    let revocations = revocations(&config, &outbound, &random);
    let methods = Methods::new(&config, &outbound)?;
    Ok(App::new(Parts { config, store, clock, random, methods, outbound, edge, trust, revocations }))
}

impl Platform {
    /// Starts with the machine's clock and randomness.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::start_with(config, Arc::new(SystemClock), Arc::new(SystemRandom)).await
    }

    /// Starts with a clock and a source of randomness.
    pub async fn start_with(
        config: Config,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, StartError> {
        let faults = config.faults();
        if !faults.is_empty() {
            return Err(StartError::Config(faults));
        }
        let listeners = Listeners::bind(&config).await?;
        Self::start_on(listeners, config, clock, random).await
    }

    /// Starts on sockets that are already open; others that the configuration names are opened.
    pub async fn start_on(
        listeners: impl Into<Listeners>,
        config: Config,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, StartError> {
        let mut platform = Self::serve_on(listeners, config, clock, random).await?;
        platform.work();
        Ok(platform)
    }

    /// Answers requests on sockets that are already open; jobs wait until [`Platform::work`].
    pub async fn serve_on(
        listeners: impl Into<Listeners>,
        mut config: Config,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, StartError> {
        let Listeners { main, partner, redirect } = listeners.into().complete(&config).await?;
        let address = listeners::address(&main, config.listen)?;
        config.listen = address;
        let open = |listener: &Option<TcpListener>| {
            listener.as_ref().map(|listener| listeners::address(listener, address)).transpose()
        };
        let (partner_address, redirect_address) = (open(&partner)?, open(&redirect)?);
        config.partner.listen = partner_address;
        config.tls.redirect_listen = redirect_address;
        let mut store = store_config(&config)?;
        store.random = Arc::clone(&random);
        let store = Store::open(&store, clock.now()).await?;
        // Before anything is served: from now on no key is changed without this node.
        store.keys.sign_in(clock.now()).await?;
        let (keys, followed_by) = (store.keys.clone(), Arc::clone(&clock));
        let app = assemble(config, store, clock, random)?;

        let ops = match app.config.ops.listen {
            Some(listen) => {
                let bad = |source| StartError::Listen { address: listen, source };
                Some(TcpListener::bind(listen).await.map_err(bad)?)
            }
            None => None,
        };
        let ops_address = ops.as_ref().and_then(|listener| listener.local_addr().ok());

        let (stop, stopped) = watch::channel(false);
        let troubled =
            |error: &StoreError| tracing::error!(%error, "the keys could not be looked at; trying again");
        let following = tokio::spawn(keys.follow(followed_by, stop.subscribe(), troubled));
        let mut beside = Vec::new();
        beside.extend(Tracer::send(&app, stop.subscribe()));
        let (edge, config) = (&app.edge, &app.config);
        let serve = |listener, router, settings| {
            tokio::spawn(mydata_listen::serve(listener, router, settings, stopped.clone()))
        };
        let mut serving = vec![serve(main, router(app.clone()), edge.main(config, unserved::pages(&app)))];
        if let Some(partner) = partner {
            let settings = edge.partner(config, unserved::problems(&app));
            serving.push(serve(partner, partner_router(app.clone()), settings));
        }
        if let Some(redirect) = redirect {
            let pointing = mydata_listen::redirect::to_https(app.base_url.as_str());
            serving.push(serve(redirect, pointing, edge.redirect(config)));
        }
        if let Some(ops) = ops {
            serving.push(serve(ops, ops::router(app.clone()), edge.operators(config)));
        }
        let watching = tokio::spawn(certificates::run(edge.clone(), app.outbound.clone(), stopped));
        tracing::info!(%address, base_url = %app.base_url, "the platform is up");
        Ok(Self {
            app,
            address,
            partner_address,
            redirect_address,
            stop,
            serving,
            watching,
            following,
            working: None,
            beside,
            ops_address,
        })
    }

    /// Begins with the jobs, unless they have begun.
    pub fn work(&mut self) {
        let run = || {
            let chain = jobs::chain::run(self.app.clone(), self.stop.subscribe());
            let jobs = jobs::runner::run(self.app.clone(), self.stop.subscribe());
            tokio::spawn(async {
                tokio::join!(chain, jobs);
            })
        };
        self.working.get_or_insert_with(run);
    }

    /// Says by `/readyz` that this node ends, and goes on for `connections.drain`: whoever divides requests among nodes sends
    /// it none any more before its doors close.
    pub async fn drain(&self) {
        self.app.ops.life.ends();
        let drain = self.app.config.connections.drain.0;
        if !drain.is_zero() {
            tracing::info!(?drain, "ending: still served, and not ready any more");
            tokio::time::sleep(drain).await;
        }
    }

    /// Stops: no new requests, running ones end, then jobs.
    pub async fn stop(self) {
        self.app.ops.life.ends();
        let grace = self.app.config.connections.grace.0;
        let _ = self.stop.send(true);
        self.app.bell.stop();
        for serving in self.serving {
            if !serving.await.unwrap_or(false) {
                tracing::warn!("some requests did not end in time");
            }
        }
        if let Err(error) = self.watching.await {
            tracing::error!(%error, "the watch over certificates ended badly");
        }
        if let Some(working) = self.working
            && let Err(error) = working.await
        {
            tracing::error!(%error, "background work ended badly");
        }
        for task in self.beside {
            if tokio::time::timeout(grace, task).await.is_err() {
                tracing::warn!("the operator's tools were left waiting");
            }
        }
        if let Err(error) = self.following.await {
            tracing::error!(%error, "following the keys ended badly");
        }
        self.app.store.close().await;
        tracing::info!("the platform is down");
    }
}
