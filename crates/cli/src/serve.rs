//! `mydata serve`: runs the platform until it is told to stop.

use std::path::PathBuf;
use std::pin::pin;

use anyhow::Context as _;
use mydata_domain::registry::Registry;
use mydata_server::{Config, Platform};

use crate::settings::{self, Flags};
use crate::{Outcome, open_files, registry};

/// Flags of `mydata serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
    /// Applies this registry file at start.
    #[arg(long, value_name = "FILE")]
    registry: Option<PathBuf>,
}

/// Runs the platform.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    let mut config = settings::load(&args.flags)?;
    open_files::fit(&mut config);
    let registry = match args.registry {
        Some(file) => Some((registry::read(&file)?, registry::place(&file))),
        None => None,
    };
    // Listened for before the start, so that being told during it ends in good order, too.
    let mut told = pin!(until_told());
    let platform = tokio::select! {
        biased;
        () = &mut told => return Ok(Outcome::Fine),
        started = start(config, registry) => started?,
    };
    println!("{}", platform.app.base_url);
    told.await;
    tokio::select! {
        () = platform.drain() => {}
        // Whoever says it twice does not want to wait.
        () = until_told() => {}
    }
    platform.stop().await;
    Ok(Outcome::Fine)
}

async fn start(config: Config, registry: Option<(Registry, String)>) -> anyhow::Result<Platform> {
    let platform = Platform::start(config).await?;
    if let Some((registry, place)) = registry {
        registry::apply(&platform.app.store, &registry).await.context(place)?;
    }
    Ok(platform)
}

/// Waits for Ctrl-C or a request to terminate.
pub async fn until_told() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}
