//! What a record's pages show of a transaction: who asked, for what, how far it is, and everything that happened.

use std::collections::HashMap;

use mydata_domain::Time;
use mydata_domain::audit::{Actor, What};
use mydata_domain::delegate::{Delegation, State};
use mydata_domain::transaction::Ending;
use mydata_domain::transaction::own::CounterCase;
use mydata_store::repo::audit::Kept as Event;
use mydata_store::repo::record::Entry;
use mydata_store::repo::registry::Catalogue;
use mydata_wire::person::masked_name;
use mydata_wire::{ClientId, ResourceId, Verification};
use serde_json::Value;

use super::PATH;
use crate::portal::view::Mark;
use crate::web::layout::verification_name;
use crate::web::{Lang, RocDateTime, i18n};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// When, in words.
    pub at: String,
    /// The same for programs.
    pub machine: String,
    /// Who did it.
    pub who: String,
    /// What.
    pub what: String,
    /// About which dataset, by which method.
    pub detail: Option<String>,
    /// From which address.
    pub from: Option<String>,
    /// Where its proof is, on the page of one transaction, once there is one.
    pub proof: Option<String>,
}

/// How far the proof of an event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proved {
    /// It can be had there.
    Ready(String),
    /// It can be had from this moment on.
    From(Time),
}

/// A transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// What it was: the service, or that the citizen downloaded.
    pub title: String,
    /// Its page.
    pub href: String,
    /// How far it is.
    pub state: Mark,
    /// When it began, in words.
    pub at: String,
    /// Who asked.
    pub organisation: Option<String>,
    /// What the data was for.
    pub purpose: Option<String>,
    /// The datasets and how far each is.
    pub datasets: Vec<(String, Mark)>,
    /// How the citizen proved who they are.
    pub method: Option<String>,
    /// Until when it may be fetched or handed over, while it may.
    pub until: Option<String>,
    /// The service's identifier, for questions there.
    pub tx_id: Option<String>,
    /// Everything that happened, in its order.
    pub events: Vec<Happened>,
    /// Where it is taken back, as long as it can be.
    pub withdraw: Option<String>,
}

/// What somebody asked the citizen to do for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegated {
    /// Who asked, masked.
    pub citizen: String,
    /// For which case.
    pub case: String,
    /// How far it is.
    pub state: Mark,
    /// When it was asked, in words.
    pub asked: String,
    /// When it was decided on or ended.
    pub decided: Option<String>,
}

/// What the views are filled from.
#[derive(Clone, Copy)]
pub struct Teller<'a> {
    /// The reader's language.
    pub lang: Lang,
    /// The registry.
    pub catalogue: &'a Catalogue,
}

/// Whether a citizen may still take it back.
pub fn can_withdraw(entry: &Entry) -> bool {
    match (&entry.service, entry.stage.as_str()) {
        (Some(_), stage) => matches!(stage, "confirmed" | "sealed"),
        (None, stage) => matches!(stage, "authorised" | "held") && entry.taken_at.is_none(),
    }
}

impl Teller<'_> {
    /// A dataset's name; its code where it is registered no more.
    pub fn dataset(&self, id: &ResourceId) -> String {
        let dataset = self.catalogue.datasets.get(id).map(|d| &d.dataset);
        dataset.map_or_else(|| id.to_string(), |d| self.lang.pick(&d.name, Some(&d.name_en)).to_owned())
    }

    fn organisation(&self, id: &str) -> String {
        let found = self.catalogue.organisation(id);
        found.map_or_else(|| id.to_owned(), |o| self.lang.pick(&o.name, Some(&o.name_en)).to_owned())
    }

    /// A service's name.
    pub fn service(&self, id: &ClientId) -> String {
        let service = self.catalogue.services.get(id).map(|s| &s.service);
        service.map_or_else(|| id.to_string(), |s| self.lang.pick(&s.name, Some(&s.name_en)).to_owned())
    }

    /// The organisation behind a service.
    pub fn provider_of(&self, id: &ClientId) -> Option<String> {
        let service = self.catalogue.services.get(id).map(|s| &s.service)?;
        Some(self.organisation(service.organisation.as_str()))
    }

    fn purpose(&self, id: &ClientId) -> Option<String> {
        let service = self.catalogue.services.get(id).map(|s| &s.service)?;
        Some(self.lang.pick(&service.purpose, Some(&service.purpose_en)).to_owned())
    }

    /// What it was.
    pub fn title(&self, entry: &Entry) -> String {
        match (&entry.service, &entry.case) {
            (Some((client, _)), _) => self.service(client),
            (None, Some(case)) => {
                i18n::t(self.lang, "my-record-own-case", &[("case", case.case.as_str().into())])
            }
            (None, None) => self.lang.t("my-record-own"),
        }
    }

    /// How far it is.
    pub fn state(&self, entry: &Entry) -> Mark {
        let (look, key) = match entry.ending {
            Some(Ending::Expired | Ending::Taken)
                if entry.taken_at.is_some() || entry.ending == Some(Ending::Taken) =>
            {
                ("green", "my-record-state-taken")
            }
            Some(Ending::Expired) => ("quiet", "my-record-state-expired"),
            Some(Ending::Withdrawn) => ("quiet", "my-record-state-withdrawn"),
            Some(Ending::Refused) => ("quiet", "my-record-state-refused"),
            Some(Ending::Abandoned) => ("quiet", "my-record-state-abandoned"),
            Some(Ending::PersonConflict) => ("red", "my-record-state-conflict"),
            Some(Ending::SpRefused) => ("red", "my-record-state-sp-refused"),
            Some(Ending::Undeliverable) => ("red", "my-record-state-undeliverable"),
            Some(Ending::ServiceSuspended) => ("red", "my-record-state-suspended"),
            Some(Ending::Taken) => ("green", "my-record-state-taken"),
            None => match (&entry.service, entry.stage.as_str()) {
                (Some(_), "sealed") if entry.taken_at.is_some() => ("green", "my-record-state-taken"),
                (Some(_), "confirmed" | "sealed") => ("amber", "my-record-state-sending"),
                (Some(_), _) => ("amber", "my-record-state-open"),
                (None, "held") if entry.taken_at.is_some() => ("green", "my-record-state-taken"),
                (None, "held") => ("amber", "my-record-state-held"),
                (None, _) => ("amber", "my-record-state-collecting"),
            },
        };
        Mark { look, text: self.lang.t(key) }
    }

    fn part(&self, state: &str) -> Mark {
        let (look, key) = match state {
            "ready" => ("green", "my-record-part-ready"),
            "no-data" => ("quiet", "my-record-part-no-data"),
            "undeliverable" => ("red", "my-record-part-undeliverable"),
            _ => ("quiet", "my-record-part-waiting"),
        };
        Mark { look, text: self.lang.t(key) }
    }

    /// Who did something.
    fn who(&self, entry: &Entry, actor: &str, resource: Option<&ResourceId>) -> String {
        let actor =
            [Actor::Citizen, Actor::Sp, Actor::Dp, Actor::Platform, Actor::Operator, Actor::Organisation]
                .into_iter()
                .find(|known| known.as_str() == actor);
        match actor {
            Some(Actor::Citizen) => self.lang.t("my-record-who-you"),
            Some(Actor::Sp) => {
                let service = entry.service.as_ref().and_then(|(client, _)| self.provider_of(client));
                service.unwrap_or_else(|| self.lang.t("my-record-who-service"))
            }
            Some(Actor::Dp) => {
                let dataset = resource.and_then(|id| self.catalogue.datasets.get(id)).map(|d| &d.dataset);
                dataset.map_or_else(
                    || self.lang.t("my-record-who-provider"),
                    |d| self.organisation(d.organisation.as_str()),
                )
            }
            Some(Actor::Organisation) => self.lang.t("my-record-who-organisation"),
            _ => self.lang.t("my-record-who-platform"),
        }
    }

    /// An event in words.
    pub fn event(&self, entry: &Entry, event: &Event) -> Happened {
        let at = RocDateTime::new(Time(event.at).to_timestamp());
        let detail: Value =
            event.detail.as_deref().and_then(|d| serde_json::from_str(d).ok()).unwrap_or_default();
        let resource = detail["resource_id"].as_str().and_then(|id| id.parse::<ResourceId>().ok());
        let what = serde_json::from_value::<What>(Value::String(event.what.clone())).ok();
        let words = what.map_or_else(
            || event.what.clone(),
            |what| self.lang.pick(what.words().0, Some(what.words().1)).to_owned(),
        );
        let method = detail["verification"].as_str().and_then(|code| code.parse::<Verification>().ok());
        let resources = detail["resources"].as_array().into_iter().flatten();
        let mut names: Vec<String> = resources
            .filter_map(|id| id.as_str()?.parse().ok())
            .chain(resource.clone())
            .map(|id| self.dataset(&id))
            .collect();
        names.extend(method.map(|method| verification_name(self.lang, method)));
        // Accepted by the operator's setting though nobody told whether the DP's certificate is revoked.
        if detail["revocation"] == "unknown" {
            names.push(self.lang.t("my-record-revocation-unknown"));
        }
        Happened {
            at: at.date_time(self.lang),
            machine: at.machine(),
            who: match detail["by"].as_str() {
                Some("delegate") => self.lang.t("my-record-who-delegate"),
                _ => self.who(entry, &event.actor, resource.as_ref()),
            },
            what: words,
            detail: (!names.is_empty()).then(|| names.join(&self.lang.t("portal-comma"))),
            from: event.from.clone(),
            proof: None,
        }
    }

    /// From when on proofs can be had.
    pub fn proofs_from(&self, at: Time) -> String {
        let at = RocDateTime::new(at.to_timestamp()).date_time(self.lang);
        i18n::t(self.lang, "my-record-proof-from", &[("at", at.into())])
    }

    /// A transaction with its events.
    pub fn card(&self, entry: &Entry, events: &[Event]) -> Card {
        let at = |at: Time| RocDateTime::new(at.to_timestamp()).date_time(self.lang);
        let client = entry.service.as_ref().map(|(client, _)| client);
        let href = format!("{PATH}/{}", entry.id);
        Card {
            title: self.title(entry),
            state: self.state(entry),
            at: at(entry.entered_at),
            organisation: client.and_then(|client| self.provider_of(client)),
            purpose: client.and_then(|client| self.purpose(client)),
            datasets: entry.parts.iter().map(|(id, state)| (self.dataset(id), self.part(state))).collect(),
            method: entry.verification.map(|method| verification_name(self.lang, method)),
            until: entry.expires_at.filter(|_| can_withdraw(entry)).map(at),
            tx_id: entry.service.as_ref().map(|(_, tx_id)| tx_id.clone()),
            events: events.iter().map(|event| self.event(entry, event)).collect(),
            withdraw: can_withdraw(entry).then(|| format!("{href}/withdraw")),
            href,
        }
    }

    /// A delegation, as the delegate sees it.
    pub fn delegated(&self, one: &Delegation, case: Option<&CounterCase>, now: Time) -> Delegated {
        let at = |at: Time| RocDateTime::new(at.to_timestamp()).date_time(self.lang);
        let service = case.and_then(|case| self.catalogue.counter_services.get(&case.service));
        let known = |case: &CounterCase| {
            let known = service.and_then(|service| service.case(&case.case));
            known.map_or(case.case.clone(), |k| self.lang.pick(&k.name, Some(&k.name_en)).to_owned())
        };
        let service = service.map(|s| self.lang.pick(&s.name, Some(&s.name_en)).to_owned());
        let (look, key) = match one.state {
            State::Asked | State::Agreed if !one.lives(now) => ("quiet", "my-record-delegated-over"),
            State::Asked => ("amber", "my-record-delegated-asked"),
            State::Agreed => ("green", "my-record-delegated-agreed"),
            State::Declined => ("quiet", "my-record-delegated-declined"),
            State::Ended => ("quiet", "my-record-delegated-ended"),
        };
        Delegated {
            citizen: masked_name(&one.citizen_name),
            case: service.into_iter().chain(case.map(known)).collect::<Vec<_>>().join(self.lang.colon()),
            state: Mark { look, text: self.lang.t(key) },
            asked: at(one.asked_at),
            decided: one.decided_at.map(at),
        }
    }

    /// Transactions with their events.
    pub fn cards(
        &self,
        entries: &[Entry],
        events: &HashMap<mydata_domain::transaction::TransactionId, Vec<Event>>,
    ) -> Vec<Card> {
        let of = |entry: &Entry| events.get(&entry.id).map_or(&[][..], Vec::as_slice);
        entries.iter().map(|entry| self.card(entry, of(entry))).collect()
    }
}
