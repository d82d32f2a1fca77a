//! What is registered: does it hold together, and can it work with this configuration. Calls nobody.

use std::time::SystemTime;

use mydata_domain::client_certificate::ClientCertificate;
use mydata_domain::dataset::{Dataset, DatasetState};
use mydata_domain::registry::Registry;
use mydata_domain::service::{Service, ServiceState};
use mydata_server::Config;
use mydata_server::outbound::guard::{Blocked, Speech};
use mydata_server::platform::guard;
use mydata_store::Crypter;
use mydata_store::repo::registry;
use url::Url;

use super::database::Open;
use super::report::Report;
use super::trust::{self, State, Validity};
use crate::output::count;

const APPLY: &str = "correct it in the registry file and run `mydata registry apply FILE`";

/// Reads what is registered. `None` when it cannot be read.
pub async fn read(open: &Open, crypter: &Crypter, report: &mut Report) -> Option<Registry> {
    if !open.current {
        return None;
    }
    match registry::export(&open.db, crypter).await {
        Ok(registry) => Some(registry),
        Err(error) => {
            report.fail(
                "registry",
                error.to_string(),
                "look whether the key file is this database's; put the right one back, or set key_file",
            );
            None
        }
    }
}

/// Looks whether a file holds together, with what is registered already.
pub fn check_file(subject: &str, file: &Registry, known: Option<&Registry>, report: &mut Report) {
    let organisation =
        |id: &str| known.is_some_and(|known| known.organisations.iter().any(|o| o.id.as_str() == id));
    let zone = |id: &mydata_wire::ResourceId| {
        let found = known?.datasets.iter().find(|d| d.dataset.resource_id == *id)?;
        Some(found.dataset.zone)
    };
    for fault in file.check(organisation, zone) {
        report.fail(subject, fault, "correct the file; docs/operators/registry.md describes every field");
    }
}

/// Looks at every dataset and service.
pub fn check(subject: &str, registry: &Registry, config: &Config, now: SystemTime, report: &mut Report) {
    report.ok(
        subject,
        format!(
            "{}, {}, {}",
            count(registry.organisations.len(), "organisation"),
            count(registry.datasets.len(), "dataset"),
            count(registry.services.len(), "service")
        ),
    );
    for entry in &registry.datasets {
        dataset(subject, &entry.dataset, config, now, report);
    }
    for entry in registry.services.iter().filter(|s| s.service.state != ServiceState::Delisted) {
        service(subject, &entry.service, registry, config, report);
        sp_api_roots(subject, &entry.service, now, report);
        let what = format!("service {}", entry.service.client_id);
        client_certificates(subject, &what, &entry.service.client_certificates, now, report);
    }
}

fn dataset(subject: &str, dataset: &Dataset, config: &Config, now: SystemTime, report: &mut Report) {
    if matches!(dataset.state, DatasetState::Delisted | DatasetState::Stopped) {
        return;
    }
    let id = &dataset.resource_id;
    address(subject, &format!("dataset {id}: dp_api"), &dataset.dp_api, config, report);
    let weakest = dataset.weakest_verification;
    let offered = config.identity.methods();
    if !offered.is_empty() && !offered.iter().any(|method| method.satisfies(weakest)) {
        report.fail(
            subject,
            format!("dataset {id}: no identity provider offers {weakest} or a stronger method, so nobody can ask for it"),
            "add a method under identity.oidc, or let the dataset's weakest_verification be a weaker one",
        );
    }
    client_certificates(subject, &format!("dataset {id}"), &dataset.client_certificates, now, report);
    let Some(pem) = &dataset.signer_certificate else { return };
    let Some(certificate) = trust::parse(pem.as_bytes()).into_iter().next() else {
        return report.fail(
            subject,
            format!("dataset {id}: signer_certificate cannot be read, so every package is refused"),
            APPLY,
        );
    };
    let validity = Validity::of(&certificate);
    let what = format!("dataset {id}: signer_certificate: {}", validity.left(now));
    match validity.state(now) {
        State::Good => {}
        State::Soon => {
            report.warn(subject, what, "ask the data provider for its next certificate and register it");
        }
        State::Over => {
            report.fail(subject, what, "ask the data provider for its next certificate and register it");
        }
        State::NotYet => report.fail(subject, what, "set this machine's clock, or wait until then"),
    }
}

/// How long client certificates that are known whole are valid. Another one may be registered beside one that ends.
fn client_certificates(
    subject: &str,
    what: &str,
    registered: &[ClientCertificate],
    now: SystemTime,
    report: &mut Report,
) {
    for one in registered {
        let ClientCertificate::Pem(pem) = one else { continue };
        let Some(certificate) = trust::parse(pem.as_bytes()).into_iter().next() else {
            report.fail(subject, format!("{what}: a client certificate cannot be read"), APPLY);
            continue;
        };
        let validity = Validity::of(&certificate);
        if validity.state(now) != State::Good {
            report.warn(
                subject,
                format!(
                    "{what}: client certificate {}: {}",
                    certificate.tbs_certificate.subject,
                    validity.left(now)
                ),
                "ask its owner for the next one and register it beside this one",
            );
        }
    }
}

/// The roots that an SP-API's certificate must come from. While one is not valid, nothing that comes from it is trusted.
fn sp_api_roots(subject: &str, service: &Service, now: SystemTime, report: &mut Report) {
    let Some(pem) = &service.sp_api_roots else { return };
    let id = &service.client_id;
    let roots = trust::parse(pem.as_bytes());
    if roots.is_empty() {
        report.fail(
            subject,
            format!("service {id}: sp_api_roots cannot be read, so its SP-API is never called"),
            APPLY,
        );
    }
    for root in roots {
        let validity = Validity::of(&root);
        if validity.state(now) != State::Good {
            let name = &root.tbs_certificate.subject;
            report.warn(
                subject,
                format!("service {id}: sp_api_roots: {name}: {}", validity.left(now)),
                "ask its owner for the next root and register it beside this one",
            );
        }
    }
}

fn service(subject: &str, service: &Service, registry: &Registry, config: &Config, report: &mut Report) {
    let id = &service.client_id;
    address(subject, &format!("service {id}: sp_api"), &service.sp_api, config, report);
    for url in &service.return_urls {
        if !config.sandbox && !url.to_string().starts_with("https://") {
            report.fail(
                subject,
                format!("service {id}: return_urls has {url}, which is not https: citizens would go back unprotected"),
                APPLY,
            );
        }
    }
    if service.allowed_ips.is_empty() {
        report.fail(
            subject,
            format!("service {id}: allowed_ips is empty, so it cannot fetch what citizens confirm"),
            "name the addresses that the service fetches from and run `mydata registry apply FILE`",
        );
    }
    if service.state != ServiceState::Listed {
        return;
    }
    for entry in registry.datasets.iter().filter(|d| service.datasets.contains(&d.dataset.resource_id)) {
        if entry.dataset.state != DatasetState::Listed {
            report.warn(
                subject,
                format!(
                    "service {id}: dataset {} is {}, so citizens who are asked for it are sent back",
                    entry.dataset.resource_id,
                    entry.dataset.state.as_str()
                ),
                "wait for the dataset, or take it off the service's datasets",
            );
        }
    }
}

/// Whether the platform would call an address at all.
fn address(subject: &str, what: &str, url: &Url, config: &Config, report: &mut Report) {
    if config.sandbox {
        return;
    }
    match guard(config).check(url, Speech::Private) {
        // Whether an address is a registered one shows only when its name is looked up for a call.
        Ok(()) => {}
        Err(Blocked::Scheme) => {
            report.fail(subject, format!("{what} is {url}, which is not https: it is never called"), APPLY);
        }
        Err(Blocked::Internal) => report.fail(
            subject,
            format!("{what} is {url}, an internal address: it is never called outside the sandbox"),
            "register a public address, or allow its network (outbound.allowed_networks)",
        ),
        Err(blocked @ (Blocked::UserInfo | Blocked::Port)) => {
            report.fail(subject, format!("{what} is never called: {blocked}"), APPLY);
        }
    }
}
