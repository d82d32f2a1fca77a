//! Starts and stops the platform.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use mydata_domain::Clock;
use mydata_domain::time::SystemClock;
use mydata_seal::trust::{BadTrust, NoRevocationCheck, Trust};
use mydata_store::keys::KeySource;
use mydata_store::{DbAddress, Store, StoreConfig, StoreError};
use mydata_wire::{Random, SystemRandom};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::app::{App, Parts};
use crate::config::Config;
use crate::identity::Methods;
use crate::identity::oidc::Oidc;
use crate::ops::trace::Tracer;
use crate::outbound::Outbound;
use crate::{
    CALLBACK_PATH, backoffice, captcha, citizen, counter, delegate, download, exchange, jobs, ops, partner,
    portal, public, record, web,
};

/// How long open requests may take to end when the platform stops.
const GRACE: Duration = Duration::from_secs(10);

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
    #[error("the clients for outgoing calls cannot be made: {0}")]
    Outbound(#[from] reqwest::Error),
}

/// A running platform.
#[derive(Debug)]
pub struct Platform {
    /// What its parts share.
    pub app: App,
    /// Where it listens.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    serving: JoinHandle<std::io::Result<()>>,
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
    let bad = |path: &std::path::Path, reason: String| StartError::Trust {
        path: path.display().to_string(),
        reason,
    };
    let bundle = |files: &[std::path::PathBuf]| -> Result<Vec<u8>, StartError> {
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
    let roots = match config.trust.roots.as_slice() {
        [one] => std::fs::read(one).map_err(|e| bad(one, e.to_string()))?,
        files => bundle(files)?,
    };
    let first = config.trust.roots.first().map_or(std::path::Path::new("roots"), std::path::PathBuf::as_path);
    let trust = Trust::new(&roots, Arc::new(NoRevocationCheck)).map_err(|e| bad(first, e.to_string()))?;
    if config.trust.intermediates.is_empty() {
        return Ok(trust);
    }
    let intermediates = bundle(&config.trust.intermediates)?;
    trust.with_intermediates(&intermediates).map_err(|e| bad(&config.trust.intermediates[0], e.to_string()))
}

/// All routes.
pub fn router(app: App) -> Router {
    let secure = app.secure();
    let router = Router::new()
        .merge(partner::router())
        .merge(portal::router())
        .merge(citizen::router())
        .merge(download::router())
        .merge(counter::router())
        .merge(delegate::router())
        .merge(exchange::router())
        .merge(public::router())
        .merge(record::router())
        .merge(backoffice::router())
        .merge(captcha::serve::router())
        .merge(web::assets::router())
        .merge(web::prefs::router(secure))
        .merge(ops::open_router())
        .layer(from_fn_with_state(app.clone(), public::refused::dress))
        .layer(from_fn_with_state(app.clone(), ops::requests::watch))
        .with_state(app)
        .layer(from_fn(citizen::header::unkept));
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
    let outbound = Outbound::new(&config.policy, config.sandbox)?;
    let callback = config.base_url().join(CALLBACK_PATH).expect("a path of ours joins the base URL");
    let providers = config.identity.oidc.iter();
    let methods =
        Methods::new(providers.map(|p| Oidc::new(p.clone(), callback.clone(), outbound.clone())).collect());
    Ok(App::new(Parts { config, store, clock, random, methods, outbound, trust }))
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
        let listen = config.listen;
        let bad = |source| StartError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(bad)?;
        Self::start_on(listener, config, clock, random).await
    }

    /// Starts on a socket that is already open.
    pub async fn start_on(
        listener: TcpListener,
        config: Config,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, StartError> {
        let mut platform = Self::serve_on(listener, config, clock, random).await?;
        platform.work();
        Ok(platform)
    }

    /// Answers requests on a socket that is already open; jobs wait until [`Platform::work`].
    pub async fn serve_on(
        listener: TcpListener,
        mut config: Config,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, StartError> {
        let address =
            listener.local_addr().map_err(|source| StartError::Listen { address: config.listen, source })?;
        config.listen = address;
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
        if let Some(listener) = ops {
            let (app, stopped) = (app.clone(), stop.subscribe());
            beside.push(tokio::spawn(async move {
                let serve = axum::serve(listener, ops::router(app)).with_graceful_shutdown(until(stopped));
                if let Err(error) = serve.await {
                    tracing::error!(%error, "the operator's address is not answered any more");
                }
            }));
        }
        let service = router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let serving = tokio::spawn(async move {
            axum::serve(listener, service).with_graceful_shutdown(until(stopped)).await
        });
        tracing::info!(%address, base_url = %app.base_url, "the platform is up");
        Ok(Self { app, address, stop, serving, following, working: None, beside, ops_address })
    }

    /// Begins with the jobs, unless they have begun.
    pub fn work(&mut self) {
        let run = || tokio::spawn(jobs::runner::run(self.app.clone(), self.stop.subscribe()));
        self.working.get_or_insert_with(run);
    }

    /// Stops: no new requests, running ones end, then jobs.
    pub async fn stop(self) {
        self.app.ops.life.ends();
        let _ = self.stop.send(true);
        self.app.bell.stop();
        if tokio::time::timeout(GRACE, self.serving).await.is_err() {
            tracing::warn!("some requests did not end in time");
        }
        if let Some(working) = self.working
            && let Err(error) = working.await
        {
            tracing::error!(%error, "background work ended badly");
        }
        for task in self.beside {
            if tokio::time::timeout(GRACE, task).await.is_err() {
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

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the platform itself is gone: stop as well.
    let _ = stopped.wait_for(|stop| *stop).await;
}
