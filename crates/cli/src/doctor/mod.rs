//! `mydata doctor`: what is misconfigured, and how to mend it. It looks only: no folder, key, table or row is made or
//! changed, also while the platform runs.
//!
//! `settings` → `folder` → `keys` → `database` → `trust` → `edge` → `registered` → `revocation` → `health` → `identity` → `mail` → `sms` → `clock` → `port`; `report` holds
//! what they find, `reach` calls others.

mod clock;
mod database;
mod edge;
mod folder;
mod health;
mod identity;
mod keys;
mod mail;
mod port;
mod reach;
mod registered;
mod report;
mod revocation;
mod settings;
mod sms;
mod trust;

use std::path::PathBuf;
use std::time::SystemTime;

use mydata_server::outbound::Outbound;

use crate::settings::Flags;
use crate::{Outcome, output, registry};
use database::Found;
use report::Report;

/// Flags of `mydata doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
    /// Calls every registered address: DPs' heartbeat, SP-APIs, return URLs. Nothing is sent to them.
    #[arg(long)]
    reach: bool,
    /// Looks at this registry file, too.
    #[arg(long, value_name = "FILE")]
    registry: Option<PathBuf>,
    /// Prints what was found as JSON.
    #[arg(long)]
    json: bool,
}

/// Looks at everything and says what it found.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    let mut report = Report::default();
    report.ok("program", format!("mydata {}", env!("CARGO_PKG_VERSION")));
    look(&args, &mut report).await;
    if args.json {
        output::print_json(&report.to_json())?;
    } else {
        output::print(&report.to_text())?;
    }
    Ok(if report.failed() { Outcome::CheckFailed } else { Outcome::Fine })
}

async fn look(args: &Args, report: &mut Report) {
    let now = SystemTime::now();
    let Some(config) = settings::check(&args.flags, report) else { return };
    folder::check(&config, report);
    let opened = database::open(&config, report).await;
    let keys = keys::check(&config, &opened, report).await;
    trust::check(&config, now, report);
    edge::check(&config, now, report);

    let guard = mydata_server::platform::guard(&config);
    let outbound = match Outbound::with(&config.policy, guard, &config.outbound) {
        Ok(outbound) => Some(outbound),
        Err(error) => {
            report.fail(
                "outgoing calls",
                error.to_string(),
                "correct outbound.client_certificate, outbound.client_key and outbound.roots, or install the system's certificate roots (package ca-certificates)",
            );
            None
        }
    };

    let mut registries = Vec::new();
    if let (Found::Open(open), Some(crypter)) = (&opened, &keys)
        && let Some(registry) = registered::read(open, crypter, report).await
    {
        registries.push(("registry".to_owned(), registry));
    }
    if let Some(file) = &args.registry {
        match registry::read(file) {
            Ok(read) => {
                let subject = format!("registry {}", file.display());
                registered::check_file(&subject, &read, registries.first().map(|(_, r)| r), report);
                registries.push((subject, read));
            }
            Err(error) => report.fail(
                "registry",
                format!("{error:#}"),
                "correct the file; docs/operators/registry.md describes every field",
            ),
        }
    }
    for (subject, registry) in &registries {
        registered::check(subject, registry, &config, now, report);
        if let (true, Some(outbound)) = (args.reach, &outbound) {
            reach::check(subject, registry, outbound, report).await;
        }
    }

    if let Some(outbound) = &outbound {
        revocation::check(&config, &registries, outbound, now, report).await;
    }
    if let Found::Open(open) = &opened {
        health::check(open, report).await;
    }
    let mut seen = None;
    if let Some(outbound) = &outbound {
        seen = identity::check(&config, outbound, report).await;
    }
    if let Some(outbound) = &outbound {
        mail::check(&config, outbound, report).await;
    }
    sms::check(&config, report).await;
    clock::check(&config, now, seen.as_ref(), report);
    port::check(
        &config,
        matches!(opened, Found::Running | Found::Open(database::Open { running: true, .. })),
        report,
    )
    .await;
    if let Found::Open(open) = opened {
        open.close().await;
    }
}
