//! `mydata receipt`: consent receipts that citizens took away. Needs no platform.

mod verify;

use crate::Outcome;

/// Flags of `mydata receipt`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Checks a receipt's signature and says what it says. Exit code 1 when it does not hold.
    Verify(verify::Args),
}

/// Carries a command out.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.command {
        Command::Verify(args) => verify::run(args).await,
    }
}
