//! A citizen's own download (R78–R82): collected for nobody but the citizen, held for some hours, looked at, saved, or
//! handed over at a counter by its 資料條碼. It owns what exists meanwhile and the steps; it refuses every step once the
//! time is over or the data was taken, whether or not somebody has wiped it yet.

use std::collections::BTreeMap;
use std::time::Duration;

use mydata_wire::random::Random;
use mydata_wire::{ResourceId, Verification};
use serde::{Deserialize, Serialize};

use super::part::{Part, PartState};
use super::person::Person;
use super::steps::{Settled, Wipe, WrongStage};
use super::{Authorised, Ending, Purpose, State, Transaction, TransactionId};
use crate::barcode::BarcodeNumber;
use crate::counter_service::CounterServiceId;
use crate::parameter::ParameterKey;
use crate::policy::Policy;
use crate::time::Time;
use crate::zone::Zone;

/// The most datasets that are downloaded together.
pub const MOST: usize = 5;

/// How long a clerk may fetch what was taken, again too; then it is wiped.
pub const TAKING: Duration = Duration::from_secs(600);

/// What a citizen asked for without a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// For which case of a counter service, where it is for one.
    pub case: Option<CounterCase>,
}

/// A case (案件) of a counter service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CounterCase {
    /// The counter service.
    pub service: CounterServiceId,
    /// The case's name, as it is registered.
    pub case: String,
}

/// What an own download begins with.
#[derive(Clone, Debug)]
pub struct Order {
    /// The zone of the datasets.
    pub zone: Zone,
    /// The datasets, in order; one to [`MOST`], none twice.
    pub resources: Vec<ResourceId>,
    /// What the citizen filled in for them. Personal data.
    pub parameters: BTreeMap<ResourceId, BTreeMap<ParameterKey, String>>,
    /// For which case.
    pub case: Option<CounterCase>,
}

/// What exists while an own download is held.
#[derive(Clone, Debug)]
pub struct Held {
    /// Who the citizen is.
    pub authorised: Authorised,
    /// Since when everything is there.
    pub at: Time,
    /// When it is wiped.
    pub expires_at: Time,
    /// The number by which it is handed over, if there is one. Ask [`Held::barcode_at`] whether it lives.
    pub barcode: Option<Barcode>,
    /// How often it was looked at, by the citizen or at a counter.
    pub previewed: u32,
    /// How often the citizen saved it.
    pub saved: u32,
    /// When a clerk took it. From then on it is only fetched, by that clerk, and wiped.
    pub taken_at: Option<Time>,
}

/// A number by which data is handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Barcode {
    /// The number.
    pub number: BarcodeNumber,
    /// Keyed index of the citizen or the delegate who holds it: nobody else may see or renew it.
    pub holder: String,
    /// When it was made.
    pub made_at: Time,
    /// When it ends.
    pub ends_at: Time,
}

impl Held {
    /// The number, if it lives at `now`.
    pub fn barcode_at(&self, now: Time) -> Option<&Barcode> {
        self.barcode.as_ref().filter(|barcode| now < barcode.ends_at && self.is_open(now))
    }

    /// Whether it may be looked at, saved and handed over at `now`.
    pub fn is_open(&self, now: Time) -> bool {
        now < self.expires_at && self.taken_at.is_none()
    }
}

impl Transaction {
    /// The citizen, whose identity is verified, asks for datasets: collecting may begin. It may last as long as a complete
    /// download is held.
    pub fn download(
        order: Order,
        person: Person,
        verification: Verification,
        now: Time,
        policy: &Policy,
        random: &dyn Random,
    ) -> Self {
        let Order { zone, resources, mut parameters, case } = order;
        let part = |id: ResourceId| {
            let parameters = parameters.remove(&id).unwrap_or_default();
            Part { parameters, ..Part::new(id, random) }
        };
        Self {
            id: TransactionId::generate(random),
            zone,
            purpose: Purpose::Own(Own { case }),
            entered_at: now,
            idle_until: now.plus(policy.download_life.0),
            parts: resources.into_iter().map(part).collect(),
            state: State::Authorised(Authorised { person, verification, at: now }),
        }
    }

    /// Looks whether all datasets of an own download have come to an end.
    pub(super) fn settle_own(&mut self, now: Time, policy: &Policy) -> Settled {
        let State::Authorised(authorised) = &self.state else { return Settled::NotYet };
        if !self.parts.iter().all(|p| p.state.is_final()) {
            return Settled::NotYet;
        }
        if self.nothing_usable() {
            self.end(Ending::Undeliverable, now, None);
            return Settled::NothingHeld;
        }
        self.state = State::Held(Held {
            authorised: authorised.clone(),
            at: now,
            expires_at: now.plus(policy.download_life.0),
            barcode: None,
            previewed: 0,
            saved: 0,
            taken_at: None,
        });
        // What was filled in is not asked for again.
        for part in &mut self.parts {
            part.parameters.clear();
        }
        Settled::Held
    }

    fn open(&mut self, now: Time) -> Result<&mut Held, WrongStage> {
        const NEEDS: &str = "held";
        let wrong = self.wrong(NEEDS);
        let State::Held(held) = &mut self.state else { return Err(wrong) };
        if held.taken_at.is_some() {
            return Err(WrongStage { stage: "taken at a counter", needs: NEEDS });
        }
        if now >= held.expires_at {
            return Err(WrongStage { stage: "over its time", needs: NEEDS });
        }
        Ok(held)
    }

    /// It was looked at.
    pub fn previewed(&mut self, now: Time) -> Result<(), WrongStage> {
        let held = self.open(now)?;
        held.previewed = held.previewed.saturating_add(1);
        Ok(())
    }

    /// The citizen saved it (轉存).
    pub fn saved(&mut self, now: Time) -> Result<(), WrongStage> {
        let held = self.open(now)?;
        held.saved = held.saved.saturating_add(1);
        Ok(())
    }

    /// A new number for `holder`; the one before it is dead at once, whoever held it. It ends with the download at the
    /// latest.
    pub fn renew_barcode(
        &mut self,
        holder: &str,
        number: BarcodeNumber,
        now: Time,
        policy: &Policy,
    ) -> Result<Barcode, WrongStage> {
        let held = self.open(now)?;
        let ends_at = now.plus(policy.barcode_life.0).min(held.expires_at);
        let barcode = Barcode { number, holder: holder.to_owned(), made_at: now, ends_at };
        held.barcode = Some(barcode.clone());
        Ok(barcode)
    }

    /// The number is dead at once; whether there was one.
    pub fn end_barcode(&mut self) -> bool {
        match &mut self.state {
            State::Held(held) => held.barcode.take().is_some(),
            _ => false,
        }
    }

    /// A clerk takes it (取資料): once. What was taken may be fetched for [`TAKING`] at most, and is wiped by
    /// [`Self::taken`] or when that is over.
    pub fn take(&mut self, now: Time) -> Result<(), WrongStage> {
        let held = self.open(now)?;
        held.barcode = None;
        held.taken_at = Some(now);
        held.expires_at = held.expires_at.min(now.plus(TAKING));
        Ok(())
    }

    /// The clerk who took it has it: it is wiped.
    pub fn taken(&mut self, now: Time) -> Result<Wipe, WrongStage> {
        match &self.state {
            State::Held(held) if held.taken_at.is_some() => {
                let wipe = self.wipe_parts();
                self.end(Ending::Taken, now, None);
                Ok(wipe)
            }
            _ => Err(self.wrong("taken at a counter")),
        }
    }

    /// Whether a dataset of it can be looked at or saved.
    pub fn has_files(&self) -> bool {
        self.parts.iter().any(|p| matches!(p.state, PartState::Ready { blob: Some(_), .. }))
    }
}
