//! Whether it can be learnt, for each issuer that is trusted, which of its certificates are revoked (R131).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use mydata_domain::registry::Registry;
use mydata_revocation::{Certificate, Checker, Method};
use mydata_seal::trust::{RevocationStatus, Trust};
use mydata_server::Config;
use mydata_server::config::OnUnknown;
use mydata_server::outbound::Outbound;
use mydata_server::platform;
use mydata_wire::{Random, SystemRandom};

use super::report::Report;

const SUBJECT: &str = "revocation";

/// An issuer, with those of its certificates that are known.
struct Known {
    issuer: Certificate,
    issued: Vec<Certificate>,
}

/// Asks, for each issuer. Nothing is kept of what is answered.
pub async fn check(
    config: &Config,
    registries: &[(String, Registry)],
    outbound: &Outbound,
    now: SystemTime,
    report: &mut Report,
) {
    let Some(order) = config.trust.order(config.sandbox) else {
        let what = "nobody is asked whether a data provider's certificate is revoked (trust.revocation)";
        if config.sandbox {
            report.ok(SUBJECT, what.to_owned());
        } else {
            report.warn(SUBJECT, what.to_owned(), "set trust.revocation to ocsp-then-crl");
        }
        return;
    };
    if config.trust.on_unknown == OnUnknown::AcceptAndFlag {
        report.warn(
            SUBJECT,
            "packages are accepted also when nobody tells whether their certificate is revoked".to_owned(),
            "set trust.on_unknown to refuse, unless an issuer's responder is down for long",
        );
    }
    // What is wrong with the roots is said elsewhere.
    let Ok(trust) = platform::read_trust(config) else { return };
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    // Doctor changes nothing, so it keeps nothing either.
    let Some(checker) = platform::revocations_in(config, outbound, &random, None).checker().cloned() else {
        return;
    };
    for known in issuers(config, registries, &trust, now).into_values() {
        for method in order.methods() {
            one(&checker, *method, &known, now, report).await;
        }
    }
    let (set, known) = (&config.trust.issuers, issuers(config, registries, &trust, now));
    for issuer in set.iter().filter(|issuer| !known.contains_key(issuer.subject.trim())) {
        report.warn(
            SUBJECT,
            format!("trust.issuers names {}, which is none of the trusted issuers", issuer.subject),
            "write its subject as it stands in the lines above",
        );
    }
}

/// Roots and those between, by subject; with the certificates that are registered or configured.
fn issuers(
    config: &Config,
    registries: &[(String, Registry)],
    trust: &Trust,
    now: SystemTime,
) -> BTreeMap<String, Known> {
    let files = config.trust.roots.iter().chain(&config.trust.intermediates);
    let configured: Vec<Certificate> = files
        .filter_map(|file| std::fs::read(file).ok())
        .flat_map(|bytes| super::trust::ders(&bytes))
        .filter_map(|der| Certificate::read(&der).ok())
        .collect();
    let mut known: BTreeMap<String, Known> = configured
        .iter()
        .map(|one| (one.subject(), Known { issuer: one.clone(), issued: Vec::new() }))
        .collect();
    let datasets = registries.iter().flat_map(|(_, registry)| &registry.datasets);
    let registered = datasets.filter_map(|d| {
        let pem = d.dataset.signer_certificate.as_ref()?;
        let chain = trust.chain_of(pem.as_bytes(), now).ok()?;
        Certificate::read(chain.first()?).ok()
    });
    for one in configured.iter().filter(|one| !one.is_self_issued()).cloned().chain(registered) {
        if let Some(issuer) = known.get_mut(&one.issuer())
            && !issuer.issued.iter().any(|other| other.der() == one.der())
        {
            issuer.issued.push(one);
        }
    }
    known
}

async fn one(checker: &Checker, method: Method, known: &Known, now: SystemTime, report: &mut Report) {
    let name = known.issuer.subject();
    let mut addresses = checker.addresses(method, None, &known.issuer);
    for issued in &known.issued {
        addresses.extend(checker.addresses(method, Some(issued), &known.issuer));
    }
    addresses.sort_unstable();
    addresses.dedup();
    if addresses.is_empty() {
        return report.warn(
            SUBJECT,
            format!("{name}: no address for {method} is known; certificates may name their own"),
            "if its certificates name none, name it in trust.issuers",
        );
    }
    for address in addresses {
        let said = match method {
            Method::Crl => checker.list(&known.issuer, &address, now).await.map(|list| {
                let until = list.next_update().map(crate::output::rfc3339).unwrap_or_default();
                format!("lists {}, holds until {until}", crate::output::count(list.len(), "certificate"))
            }),
            Method::Ocsp => ocsp(checker, known, &address, now).await,
        };
        match said {
            Ok(said) => report.ok(SUBJECT, format!("{name}: {method} at {address} {said}")),
            Err(why) => report.fail(
                SUBJECT,
                format!("{name}: {method} at {address}: {why}"),
                "look whether the address is right and the firewall lets this machine out; name others in trust.issuers",
            ),
        }
    }
}

/// A responder can be asked about a certificate only.
async fn ocsp(checker: &Checker, known: &Known, address: &str, now: SystemTime) -> Result<String, String> {
    let Some(about) = known.issued.first() else {
        return Ok("is not asked: no certificate of this issuer is registered".to_owned());
    };
    let finding = checker.ask_at(Method::Ocsp, about, &known.issuer, address, now).await;
    match finding.status {
        RevocationStatus::Good => Ok(format!("answers: {} is not revoked", finding.subject)),
        RevocationStatus::Revoked => Ok(format!("answers: {} IS REVOKED", finding.subject)),
        RevocationStatus::Unknown => Err(finding.faults()),
    }
}
