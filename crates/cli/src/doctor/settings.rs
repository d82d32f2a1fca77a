//! The configuration: can it be read, can it work, who else can read it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use mydata_server::Config;
use mydata_server::config::Contact;

use super::report::Report;
use crate::settings::{self, Flags};

/// Reads the configuration and says everything that cannot work in it. `None`: there is nothing to go on with.
pub fn check(flags: &Flags, report: &mut Report) -> Option<Config> {
    let file = flags.config.clone().or_else(|| {
        let usual = PathBuf::from("mydata.toml");
        usual.is_file().then_some(usual)
    });
    let config = match settings::load(flags) {
        Ok(config) => config,
        Err(error) => {
            report.fail(
                "configuration",
                format!("{error:#}"),
                "correct the file or the variable; docs/operators/configuration.md lists every key",
            );
            return None;
        }
    };
    let origin = match &file {
        Some(file) => format!("read from {}, the environment and flags", file.display()),
        None => "no file: defaults, the environment and flags".to_owned(),
    };
    report.ok("configuration", origin);
    if let Some(file) = &file {
        secrecy(file, &config, report);
    }
    for fault in config.faults() {
        let mend = mend(&fault);
        report.fail("configuration", fault, mend);
    }
    doubts(&config, report);
    Some(config)
}

/// The way out of a fault of the configuration; its text begins with the key.
fn mend(fault: &str) -> String {
    let key = fault.split([' ', ':']).next().unwrap_or_default();
    let set = |key: &str| format!("set {key} in the file, or {}", variable(key));
    match key {
        "trust" => {
            "correct the path under trust.roots or trust.intermediates, or put the file there".to_owned()
        }
        "identity.card" | "identity.service" => format!("correct the [[{key}]] tables in the file"),
        "identity.oidc" => "correct the [[identity.oidc]] tables in the file".to_owned(),
        key => set(key),
    }
}

/// The environment's name of a key.
fn variable(key: &str) -> String {
    format!("MYDATA_{}", key.replace('.', "__").to_uppercase())
}

/// A file with secrets is for the platform's user only.
fn secrecy(file: &Path, config: &Config, report: &mut Report) {
    let Ok(meta) = std::fs::metadata(file) else { return };
    let mode = meta.permissions().mode() & 0o777;
    let secrets = config.database_url.is_some()
        || !config.identity.oidc.is_empty()
        || !config.identity.service.is_empty();
    if mode & 0o007 != 0 && secrets {
        report.warn(
            "configuration",
            format!(
                "{} holds secrets and everybody on this machine can read it (mode {mode:04o})",
                file.display()
            ),
            format!("run `chmod 640 {}` and give it to the platform's group", file.display()),
        );
    }
}

/// What works, but seldom is meant.
fn doubts(config: &Config, report: &mut Report) {
    if config.sandbox && !config.listen.ip().is_loopback() {
        report.warn(
            "configuration",
            format!("sandbox is on while {} can be reached from other machines", config.listen),
            "set sandbox = false, or listen on 127.0.0.1; the sandbox calls internal addresses and speaks plain http",
        );
    }
    if !config.sandbox && config.trusted_proxies.is_empty() && config.tls.certificate.is_none() {
        report.warn(
            "configuration",
            "trusted_proxies is empty: every caller seems to have the address of whoever ends TLS before the platform",
            format!("set trusted_proxies to that proxy's address, or {}; or let the platform end TLS itself with tls.certificate", variable("trusted_proxies")),
        );
    }
    let placeholder = Contact::default();
    if !config.sandbox
        && (config.contact.phone == placeholder.phone || config.contact.mailbox == placeholder.mailbox)
    {
        report.warn(
            "configuration",
            "contact still names a service desk that does not exist; citizens are told to turn to it",
            "set contact.phone and contact.mailbox",
        );
    }
}
