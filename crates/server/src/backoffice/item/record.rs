//! What is registered of an item in a zone: endpoints, addresses, certificate, parameters. No secret.

use mydata_domain::address::AllowList;
use mydata_domain::calendar::{day_of, days_between};
use mydata_domain::client_certificate::ClientCertificate;
use mydata_domain::dataset::{Dataset, DpMethod};
use mydata_domain::item::{Certificate, Kind};
use mydata_domain::service::Service;
use mydata_domain::{Time, Zone};
use mydata_listen::client::{Presented, der_of_pem};
use mydata_store::repo::counter_services;
use mydata_store::repo::items::Kept;

use crate::backoffice::fault::Fault;
use crate::backoffice::flow::certificates;
use crate::backoffice::lists::level;
use crate::backoffice::parts::cell::{Cell, Chip, Colour};
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::visit::Visit;

/// What is registered in a zone; nothing where the item has no record there.
pub async fn facts(visit: &Visit, kept: &Kept, zone: Zone) -> Result<Option<Facts>, Fault> {
    let id = match zone {
        Zone::Test => &kept.test_record,
        Zone::Production => &kept.production_record,
    };
    let Some(id) = id else { return Ok(None) };
    Ok(match kept.kind {
        Kind::Dataset => {
            let found = id.parse().ok().and_then(|id| visit.catalogue.datasets.get(&id));
            found.map(|d| dataset(visit, &d.dataset))
        }
        Kind::Service => {
            let found = id.parse().ok().and_then(|id| visit.catalogue.services.get(&id));
            found.map(|s| service(visit, &s.service))
        }
        Kind::CounterService => {
            let Ok(id) = id.parse() else { return Ok(None) };
            let found = counter_services::load(&visit.app.store.db, id).await?;
            found.map(|c| {
                let cases = c.cases.iter().map(|case| Cell::Text(case.name.clone())).collect();
                Facts::default()
                    .cells(visit.t("record-ips"), networks(&c.allowed_ips))
                    .cells(visit.t("record-cases"), cases)
            })
        }
    })
}

/// Networks one below another.
fn networks(list: &AllowList) -> Vec<Cell> {
    let texts: Vec<String> = serde_json::to_value(list).and_then(serde_json::from_value).unwrap_or_default();
    if texts.is_empty() { vec![Cell::Nothing] } else { texts.into_iter().map(Cell::Code).collect() }
}

fn dataset(visit: &Visit, d: &Dataset) -> Facts {
    let method = match d.method {
        DpMethod::Get => "GET",
        DpMethod::Post => "POST",
    };
    let mut facts = Facts::default()
        .cell(visit.t("dataset-resource-id"), Cell::Code(d.resource_id.to_string()))
        .cell(visit.t("record-dp-api"), Cell::Code(format!("{method} {}", d.dp_api)))
        .cells(visit.t("record-dp-ips"), networks(&d.dp_ips))
        .cell(visit.t("record-partner-base"), partner_base(visit))
        .cells(visit.t("record-client-ips"), networks(&d.allowed_ips))
        .cells(visit.t("record-client-certificates"), client_certificates(visit, &d.client_certificates))
        .text(visit.t("list-level"), level(visit, d.weakest_verification))
        .text(visit.t("dataset-fields"), d.fields.join("、"));
    if !d.parameters.is_empty() {
        let row =
            |p: &mydata_domain::parameter::Parameter| Cell::Text(format!("{} ({})", p.name, p.key.as_str()));
        facts = facts.cells(visit.t("dataset-parameters"), d.parameters.iter().map(row).collect());
    }
    if let Some(pem) = &d.signer_certificate {
        let read = certificates::remembered(pem.as_bytes());
        let cell =
            read.map_or_else(|_| Cell::Text(visit.t("record-certificate-unreadable")), |c| days(visit, &c));
        facts = facts.cell(visit.t("record-certificate"), cell);
    }
    if let Some(pilot) = &d.pilot {
        facts = facts.cells(visit.t("record-pilot"), networks(pilot));
    }
    facts
}

fn service(visit: &Visit, s: &Service) -> Facts {
    let name = |id: &mydata_wire::ResourceId| {
        let spoken = |d: &Dataset| visit.lang().pick(&d.name, Some(&d.name_en)).to_owned();
        let known = visit.catalogue.datasets.get(id).map(|d| spoken(&d.dataset));
        Cell::Text(known.map_or_else(|| id.to_string(), |name| format!("{name} ({id})")))
    };
    let back = |url: &mydata_wire::returns::RegisteredReturnUrl| {
        Cell::Code(
            serde_json::to_value(url).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default(),
        )
    };
    let mut facts = Facts::default()
        .cell(visit.t("record-client-id"), Cell::Code(s.client_id.to_string()))
        .cell(visit.t("record-url"), Cell::Code(s.url.to_string()))
        .cells(visit.t("record-return-urls"), s.return_urls.iter().map(back).collect())
        .cell(visit.t("record-sp-api"), Cell::Code(s.sp_api.to_string()))
        .cell(visit.t("record-partner-base"), partner_base(visit))
        .cells(visit.t("record-ips"), networks(&s.allowed_ips))
        .cells(visit.t("record-client-certificates"), client_certificates(visit, &s.client_certificates))
        .cells(visit.t("record-datasets"), s.datasets.iter().map(name).collect());
    if let Some(pilot) = &s.pilot {
        facts = facts.cells(visit.t("record-pilot"), networks(pilot));
    }
    facts
}

/// Where partners reach their APIs.
fn partner_base(visit: &Visit) -> Cell {
    Cell::Code(visit.app.config.partner_base_url().to_string())
}

/// Client certificates one below another; of those that are known whole, when they end.
fn client_certificates(visit: &Visit, registered: &[ClientCertificate]) -> Vec<Cell> {
    let cells = |one: &ClientCertificate| match one {
        ClientCertificate::Pem(pem) => match der_of_pem(pem).and_then(|der| Presented::new(vec![der])) {
            Some(known) => {
                let subject = known.subject().unwrap_or_default();
                let until = known.until().map(|until| certificate_chip(visit, Time::from(until), visit.now));
                std::iter::once(Cell::Code(subject)).chain(until.map(Cell::Chip)).collect()
            }
            None => vec![Cell::Text(visit.t("record-certificate-unreadable"))],
        },
        other => vec![Cell::Code(other.to_string())],
    };
    if registered.is_empty() { vec![Cell::Nothing] } else { registered.iter().flat_map(cells).collect() }
}

/// When a certificate ends, and in how many days.
pub fn days(visit: &Visit, certificate: &Certificate) -> Cell {
    Cell::Chip(certificate_chip(visit, certificate.until, visit.now))
}

fn certificate_chip(visit: &Visit, until: Time, now: Time) -> Chip {
    let left = days_between(day_of(now), day_of(until));
    let day = crate::web::date::day(visit.lang(), day_of(until));
    let text = |key: &str| {
        crate::web::i18n::t(visit.lang(), key, &[("day", day.clone().into()), ("days", left.into())])
    };
    if until <= now {
        Chip::new(Colour::Red, text("certificate-ended"))
    } else {
        let colour = if left <= 30 { Colour::Amber } else { Colour::Green };
        Chip::new(colour, text("certificate-left"))
    }
}
