//! `mydata migrate`: brings the schema up to date, or says what is missing.

use anyhow::Context as _;
use mydata_domain::Clock as _;
use mydata_domain::time::SystemClock;
use mydata_store::Store;

use crate::Outcome;
use crate::settings::{self, Flags};

/// Flags of `mydata migrate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
    /// Changes nothing; exit code 1 when a step is missing.
    #[arg(long)]
    check: bool,
}

/// Migrates, or checks.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    let config = settings::load(&args.flags)?;
    let mut store = mydata_server::platform::store_config(&config)?;
    store.migrate = !args.check;
    match Store::open(&store, SystemClock.now()).await {
        Ok(store) => {
            println!("the schema is up to date");
            store.close().await;
            Ok(Outcome::Fine)
        }
        Err(error @ mydata_store::StoreError::Schema(_)) if args.check => {
            println!("{error}");
            Ok(Outcome::CheckFailed)
        }
        Err(error) => Err(error).context("the database cannot be migrated"),
    }
}
