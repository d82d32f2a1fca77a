//! The command line.

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use crate::{Outcome, output};

/// An open implementation of Taiwan's MyData platform: a citizen has a government data provider send personal data,
/// signed and encrypted, to a service provider, with consent and on record.
#[derive(Debug, Parser)]
#[command(name = "mydata", version, propagate_version = true, max_term_width = 110)]
pub struct Cli {
    /// What is logged, such as `info` or `mydata_server=debug,warn`.
    #[arg(long, global = true, env = "MYDATA_LOG", default_value = "", hide_default_value = true)]
    pub log: String,
    /// How the log looks.
    #[arg(long, global = true, env = "MYDATA_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The country in a box: platform, bank, data providers, identity provider and mailbox, on this machine.
    Demo(crate::demo::Args),
    /// Runs the platform.
    Serve(crate::serve::Args),
    /// Brings the database's schema up to date.
    Migrate(crate::migrate::Args),
    /// Writes all that the platform keeps to one file, while it runs. The keys are not in it.
    Backup(crate::backup::BackupArgs),
    /// Puts a backup where there is nothing yet, or checks it.
    Restore(crate::backup::RestoreArgs),
    /// Who is registered: organisations, datasets, services, as one TOML file.
    Registry(crate::registry::Args),
    /// The keys that everything secret is sealed under: which there are, a new one, dropping an old one.
    Keys(crate::keys::Args),
    /// Accounts of the back office: opening, locking, links that set a password, roles.
    Admin(crate::admin::Args),
    /// Whether the record of events was bent: the whole of it, or the proof of one event.
    Audit(crate::audit::Args),
    /// Consent receipts that citizens took away: whether they hold.
    Receipt(crate::receipt::Args),
    /// For service providers: entry links, opening what was received.
    Sp(crate::sp::Args),
    /// For data providers: packing and verifying packages.
    Dp(crate::dp::Args),
    /// Tests the connection to a registered dataset or service, step by step. Exit code 1 when a step fails.
    Probe(crate::probe::Args),
    /// Says what is misconfigured and how to mend it.
    Doctor(crate::doctor::Args),
    /// Prints completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Prints the manual page.
    Man,
}

/// Prints completions.
pub fn completions(shell: clap_complete::Shell) -> anyhow::Result<Outcome> {
    // Not to standard output itself: a reader that goes away would be a panic.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "mydata", &mut script);
    output::print(&String::from_utf8(script)?)?;
    Ok(Outcome::Fine)
}

/// Prints the manual page.
pub fn man() -> anyhow::Result<Outcome> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    output::print(&String::from_utf8(page)?)?;
    Ok(Outcome::Fine)
}
