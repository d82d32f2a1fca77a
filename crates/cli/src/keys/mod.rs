//! `mydata keys`: the keys that everything secret is sealed under. One file a command; none prints a key.
//!
//! All work while the platform runs; what they do is on record.

mod list;
mod retire;
mod rotate;

use anyhow::Context as _;
use mydata_domain::Clock as _;
use mydata_domain::time::SystemClock;
use mydata_store::Store;

use crate::Outcome;
use crate::settings::{self, Flags};

/// Flags of `mydata keys`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Lists the keys: id, state, age, and how much is sealed under each.
    List(list::Args),
    /// Has a fresh data key take over and seals everything anew under it, while the platform serves. Killed or failed, the
    /// next call goes on. With `--master` puts another master key in the place of the one that the data keys are wrapped under.
    Rotate(rotate::Args),
    /// Drops a data key that nothing is sealed under any more; otherwise says what is.
    Retire(retire::Args),
}

/// Carries a command out.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.command {
        Command::List(args) => list::run(&args).await,
        Command::Rotate(args) => rotate::run(&args).await,
        Command::Retire(args) => retire::run(&args).await,
    }?;
    Ok(Outcome::Fine)
}

async fn open(flags: &Flags) -> anyhow::Result<Store> {
    let config = settings::load(flags)?;
    let store = mydata_server::platform::store_config(&config)?;
    Store::open_beside(&store, SystemClock.now()).await.context("the keys cannot be opened")
}
