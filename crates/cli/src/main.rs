//! The program `mydata`: one file per command.
//!
//! Data goes to stdout, talk to stderr. Exit codes: 0 fine, 1 the check failed or the command could not be carried out,
//! 2 the command line is wrong.

mod admin;
mod args;
mod audit;
mod backup;
mod demo;
mod doctor;
mod dp;
mod files;
mod hidden;
mod keys;
mod logging;
mod migrate;
mod open_files;
mod output;
mod probe;
mod published;
mod receipt;
mod registry;
mod serve;
mod settings;
mod sp;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

/// How a command that could be carried out ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Fine.
    Fine,
    /// What was checked does not hold.
    CheckFailed,
}

/// The command line asks for something that cannot be, found only after it was parsed. Ends with exit code 2.
#[derive(Debug)]
pub struct Usage(pub String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

fn main() -> ExitCode {
    let cli = Cli::parse();
    logging::start(&cli.log, cli.log_format, &cli.command);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("mydata: the runtime cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Demo(args) => demo::run(args).await,
            Command::Serve(args) => serve::run(args).await,
            Command::Migrate(args) => migrate::run(args).await,
            Command::Backup(args) => backup::back_up(args).await,
            Command::Restore(args) => backup::restore(args).await,
            Command::Registry(args) => registry::run(args).await,
            Command::Keys(args) => keys::run(args).await,
            Command::Admin(args) => admin::run(args).await,
            Command::Audit(args) => audit::run(args).await,
            Command::Receipt(args) => receipt::run(args).await,
            Command::Sp(args) => sp::run(args).await,
            Command::Dp(args) => dp::run(args).await,
            Command::Probe(args) => probe::run(args).await,
            Command::Doctor(args) => doctor::run(args).await,
            Command::Completions { shell } => args::completions(shell),
            Command::Man => args::man(),
        }
    });
    // A task that hangs in a blocking call must not keep the program from ending.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match outcome {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::CheckFailed) => ExitCode::FAILURE,
        Err(error) if error.is::<Usage>() => {
            eprintln!("mydata: {error:#}\n\nFor more information, try '--help'.");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("mydata: {error:#}");
            ExitCode::FAILURE
        }
    }
}
