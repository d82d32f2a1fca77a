//! The certificates of the listeners and of calls to others: can they be used, how long are they valid.

use std::path::PathBuf;
use std::time::SystemTime;

use mydata_server::Config;
use mydata_server::edge::Edge;

use super::report::Report;
use super::trust;

/// Looks at every file. That one is missing is a fault of the configuration and said there.
pub fn check(config: &Config, now: SystemTime, report: &mut Report) {
    let own = |subject, files: Vec<&PathBuf>, report: &mut Report| {
        for file in files {
            if let Ok(bytes) = std::fs::read(file) {
                trust::one_by_one(subject, file, &bytes, now, report);
            }
        }
    };
    own("tls", config.tls.certificate.iter().collect(), report);
    own("partner.client_roots", config.partner.client_roots.iter().collect(), report);
    own(
        "outbound",
        config.outbound.client_certificate.iter().chain(&config.outbound.roots).collect(),
        report,
    );
    let (tls, partner) = (&config.tls, &config.partner);
    let mut files = tls.certificate.iter().chain(&tls.key).chain(&partner.client_roots);
    if files.all(|file| file.is_file())
        && let Err(error) = Edge::read(config)
    {
        report.fail(
            "tls",
            error.to_string(),
            "put a certificate with its chain into tls.certificate and its own key into tls.key, both PEM",
        );
    }
    if config.tls.certificate.is_some() && config.partner.listen.is_none() && !config.sandbox {
        report.warn(
            "tls",
            "partner.listen is not set, so no partner can present a client certificate",
            "set partner.listen to an address of its own; where a proxy ends TLS before it, let it pass certificates on (partner.client_certificate_header)",
        );
    }
}
