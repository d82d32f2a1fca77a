//! PostgreSQL's own programs make and read its part: they know every type and order of it, in every version.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use url::Url;

/// Writes the database to a file.
pub fn dump(url: &str, to: &Path) -> anyhow::Result<()> {
    let mut command = program("pg_dump", url)?;
    command.args(["--format=custom", "--no-owner", "--no-privileges", "--file"]).arg(to);
    run(command, "pg_dump")
}

/// Puts it back into an empty database, all of it or nothing.
pub fn restore(url: &str, from: &Path) -> anyhow::Result<()> {
    let mut command = program("pg_restore", url)?;
    let database = Url::parse(url)?.path().trim_start_matches('/').to_owned();
    command.args(["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--dbname"]);
    command.arg(database).arg(from);
    run(command, "pg_restore").context("the database must exist and be empty; make a new one")
}

/// The address goes by the environment: everybody on the machine can read a command line, with its password.
fn program(name: &str, url: &str) -> anyhow::Result<Command> {
    let url = Url::parse(url).map_err(|_| anyhow::anyhow!("database_url is no URL"))?;
    let mut command = Command::new(name);
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut set = |variable: &str, value: String| {
        if !value.is_empty() {
            command.env(variable, value);
        }
    };
    set("PGHOST", url.host_str().map(decoded).unwrap_or_default());
    set("PGPORT", url.port().map(|port| port.to_string()).unwrap_or_default());
    set("PGUSER", decoded(url.username()));
    set("PGPASSWORD", url.password().map(decoded).unwrap_or_default());
    set("PGDATABASE", decoded(url.path().trim_start_matches('/')));
    for (key, value) in url.query_pairs() {
        match &*key {
            "sslmode" => set("PGSSLMODE", value.into_owned()),
            "sslrootcert" => set("PGSSLROOTCERT", value.into_owned()),
            "host" => set("PGHOST", value.into_owned()),
            _ => {}
        }
    }
    command.stdin(Stdio::null());
    Ok(command)
}

fn run(mut command: Command, name: &str) -> anyhow::Result<()> {
    let output = command.output().with_context(|| {
        format!("{name} cannot be started; install PostgreSQL's client programs (postgresql-client)")
    })?;
    if !output.status.success() {
        bail!("{name} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
