//! `GET /record/{id}/receipt`: what the citizen consented to, signed, as a file to keep and to show. Made anew each time, of
//! what is on record then.

use axum::extract::Path;
use axum::response::Response;
use mydata_domain::Time;
use mydata_domain::audit::receipt::{Data, Named, PolicyVersion, Receipt, Recipient, Signed, Standing, Who};
use mydata_domain::policy_text::{PolicyKind, Version, current};
use mydata_domain::transaction::Ending;
use mydata_domain::transaction::person::Person;
use mydata_store::repo::record::Entry;
use mydata_store::repo::registry::Catalogue;
use mydata_store::signing::{Purpose, signer};
use mydata_wire::Verification;

use super::one::find;
use crate::citizen::session::Citizen;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::web::csv::attachment;

/// `GET /record/{id}/receipt`. Somebody else's is not found.
pub async fn show(visit: Visit, citizen: Citizen, Path(id): Path<String>) -> Response {
    let answer = shown(&visit, &citizen, &id).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, citizen: &Citizen, id: &str) -> Result<Response, Fault> {
    let entry = find(visit, citizen, id).await?;
    let (app, now) = (&visit.app, visit.app.now());
    let made = Made {
        issuer: app.base_url.as_str(),
        now,
        catalogue: &*app.catalogue().await?,
        policies: &app.system().await?.policies,
    };
    let receipt = made.receipt(&entry, &citizen.person);
    let payload = serde_json::to_vec(&receipt).expect("a receipt is made of texts");
    let key = signer(&app.store.db, &app.store.crypter, Purpose::Receipts, now).await?;
    let body = serde_json::to_value(Signed { receipt, jws: key.sign(&payload) }).expect("as above");
    let name = format!("mydata-receipt-{}.json", entry.id);
    Ok(attachment(&name, "application/json; charset=utf-8", format!("{body:#}\n")))
}

/// What a receipt is made of.
struct Made<'a> {
    issuer: &'a str,
    now: Time,
    catalogue: &'a Catalogue,
    policies: &'a [Version],
}

fn moment(at: Time) -> String {
    at.to_timestamp().to_string()
}

/// How far a consent is.
fn standing(entry: &Entry) -> Standing {
    // Data for oneself, or for a counter, is not confirmed once more.
    let given = entry.confirmed_at.is_some() || entry.service.is_none();
    match entry.ending {
        Some(Ending::Withdrawn) => Standing::Withdrawn,
        Some(_) if given => Standing::Over,
        Some(_) => Standing::Never,
        None if given => Standing::Given,
        None => Standing::Open,
    }
}

impl Made<'_> {
    fn organisation(&self, id: &str) -> Option<Named> {
        let found = self.catalogue.organisation(id)?;
        Some(Named { id: id.to_owned(), name: found.name.clone(), name_en: found.name_en.clone() })
    }

    fn recipient(&self, entry: &Entry) -> Recipient {
        let Some((client, tx_id)) = &entry.service else {
            return match &entry.case {
                Some(case) => Recipient::Counter {
                    case: serde_json::to_value(case).expect("a case is made of texts and numbers"),
                },
                None => Recipient::Own,
            };
        };
        let service = self.catalogue.services.get(client).map(|s| &s.service);
        let named = |name: &str, name_en: &str| Named {
            id: client.to_string(),
            name: name.to_owned(),
            name_en: name_en.to_owned(),
        };
        Recipient::Service {
            service: service.map_or_else(|| named("", ""), |s| named(&s.name, &s.name_en)),
            organisation: service.and_then(|s| self.organisation(s.organisation.as_str())),
            tx_id: tx_id.clone(),
        }
    }

    fn receipt(&self, entry: &Entry, person: &Person) -> Receipt {
        let service = entry.service.as_ref().and_then(|(client, _)| self.catalogue.services.get(client));
        let purpose = service.map(|s| (s.service.purpose.clone(), s.service.purpose_en.clone())).unzip();
        let data = |(id, state): &(mydata_wire::ResourceId, String)| {
            let dataset = self.catalogue.datasets.get(id).map(|d| &d.dataset);
            let (name, name_en) = dataset.map(|d| (d.name.clone(), d.name_en.clone())).unwrap_or_default();
            Data {
                dataset: Named { id: id.to_string(), name, name_en },
                provider: dataset.and_then(|d| self.organisation(d.organisation.as_str())),
                state: state.clone(),
            }
        };
        let agreed = entry.authorised_at.unwrap_or(entry.entered_at);
        let version = |kind: PolicyKind| {
            let held = current(self.policies, kind, agreed)?;
            Some(PolicyVersion { policy: kind.as_str().to_owned(), version: held.number })
        };
        Receipt {
            version: 1,
            issuer: self.issuer.to_owned(),
            issued_at: moment(self.now),
            transaction: entry.id.to_string(),
            zone: entry.zone.as_str().to_owned(),
            who: Who { name: person.masked_name(), uid: person.uid().masked() },
            recipient: self.recipient(entry),
            purpose: purpose.0,
            purpose_en: purpose.1,
            datasets: entry.parts.iter().map(data).collect(),
            verification: entry.verification.map(Verification::code).map(str::to_owned),
            policies: PolicyKind::CITIZEN.into_iter().filter_map(version).collect(),
            entered_at: moment(entry.entered_at),
            authorised_at: entry.authorised_at.map(moment),
            confirmed_at: entry.confirmed_at.map(moment),
            ended_at: entry.ended_at.map(moment),
            ending: entry.ending.map(Ending::as_str).map(str::to_owned),
            standing: standing(entry),
        }
    }
}
