//! `mydata sp`: what a service provider's engineer does by hand.

mod credentials;
mod link;
mod open;

pub use open::{files_json, signer_json};

use crate::Outcome;

/// Flags of `mydata sp`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Prints the URL that sends a citizen to the platform. The tx_id goes to standard error.
    Link(link::Args),
    /// Opens a fetched token, verifies every data provider's package inside, and lists what is there.
    Open(open::Args),
}

/// Runs the command.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    // Everything here reads and writes files.
    tokio::task::spawn_blocking(move || match args.command {
        Command::Link(args) => link::run(&args),
        Command::Open(args) => open::run(&args),
    })
    .await?
}
