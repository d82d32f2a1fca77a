//! `mydata dp`: what a data provider's engineer does by hand.

pub mod mend;
mod pack;
pub mod report;
mod verify;

use crate::Outcome;

/// Flags of `mydata dp`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Signs files into a package, after checking them as the platform will.
    Pack(pack::Args),
    /// Verifies a package as the platform will, step by step. Exit code 1 when a step fails.
    Verify(verify::Args),
}

/// Runs the command.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    // Everything here reads and writes files.
    tokio::task::spawn_blocking(move || match args.command {
        Command::Pack(args) => pack::run(&args),
        Command::Verify(args) => verify::run(&args),
    })
    .await?
}
