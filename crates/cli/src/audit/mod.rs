//! `mydata audit`: whether the record of events was bent. Reads only.

mod proof;
mod verify;

use crate::Outcome;

/// Flags of `mydata audit`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Checks that no event was changed, removed, put in or moved, and names the first one that was. With --proof: checks
    /// one event's proof, without the platform. Exit code 1 when it does not hold.
    Verify(verify::Args),
}

/// Carries a command out.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.command {
        Command::Verify(args) => verify::run(args).await,
    }
}
