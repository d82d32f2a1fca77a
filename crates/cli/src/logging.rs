//! The log: to stderr, never personal data, never a secret.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::args::{Command, LogFormat};

/// Starts logging. Without a wish the server tells what it does and everything else only what goes wrong.
pub fn start(wish: &str, format: LogFormat, command: &Command) {
    let usual = match command {
        Command::Serve(_) => "info",
        Command::Demo(args) if !args.is_run() => "info,mydata_store=warn",
        _ => "error",
    };
    let filter = EnvFilter::builder().parse_lossy(if wish.is_empty() { usual } else { wish });
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}
