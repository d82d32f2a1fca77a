//! The transitions. Each takes the state it starts from; one that does not fit is an error, not a change.

use std::collections::BTreeMap;
use std::ops::Range;

use mydata_wire::pid::Pid;
use mydata_wire::random::Random;
use mydata_wire::{PermissionTicket, ResourceId, SecretKey, Verification};

use crate::collect::{Failure, FailureKind};
use crate::entry::Accepted;
use crate::notify::Notice;
use crate::parameter::ParameterKey;
use crate::policy::Policy;
use crate::time::Time;
use crate::transaction::coverage::Coverage;
use crate::transaction::own::Held;
use crate::transaction::part::{Part, PartState};
use crate::transaction::person::Person;
use crate::transaction::{
    Authorised, Confirmed, Ended, EndedTicket, Ending, Errand, Purpose, Sealed, State, Token, Transaction,
    TransactionId,
};

/// The transaction is not in the stage that the step starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the transaction is {stage}; this step starts from {needs}")]
pub struct WrongStage {
    /// Where it is.
    pub stage: &'static str,
    /// Where it would have to be.
    pub needs: &'static str,
}

/// Names of blobs that must be deleted after the change is kept.
pub type Wipe = Vec<String>;

impl Transaction {
    /// The citizen has come through an accepted entry.
    pub fn enter(accepted: Accepted, now: Time, policy: &Policy, random: &dyn Random) -> Self {
        Self {
            id: TransactionId::generate(random),
            zone: accepted.zone,
            purpose: Purpose::Service(Errand {
                tx_id: accepted.tx_id,
                client_id: accepted.client_id,
                target: accepted.target,
                pid: accepted.pid,
            }),
            entered_at: now,
            idle_until: now.plus(policy.session_idle.0),
            parts: accepted.resources.into_iter().map(|id| Part::new(id, random)).collect(),
            state: State::Entered,
        }
    }

    pub(super) fn wrong(&self, needs: &'static str) -> WrongStage {
        WrongStage { stage: self.state.name(), needs }
    }

    /// A citizen who has been away for too long can only start over.
    fn in_time(&self, now: Time, needs: &'static str) -> Result<(), WrongStage> {
        if now < self.idle_until { Ok(()) } else { Err(WrongStage { stage: "left by the citizen", needs }) }
    }

    /// Opened again before it was confirmed: starts over, with what the new entry says.
    pub fn reopen(
        &mut self,
        accepted: Accepted,
        now: Time,
        policy: &Policy,
        random: &dyn Random,
    ) -> Result<Wipe, WrongStage> {
        self.is_exchange()?;
        if !matches!(self.state, State::Entered | State::Authorised(_)) {
            return Err(self.wrong("entered or authorised"));
        }
        let wipe = self.wipe_parts();
        let fresh = Self::enter(accepted, now, policy, random);
        *self = Self { id: self.id, ..fresh };
        Ok(wipe)
    }

    /// The citizen did something. A session whose time is over is not revived.
    pub fn touch(&mut self, now: Time, policy: &Policy) {
        if self.errand().is_some()
            && matches!(self.state, State::Entered | State::Authorised(_))
            && now < self.idle_until
        {
            self.idle_until = self.idle_until.max(now.plus(policy.session_idle.0));
        }
    }

    /// Terms are ticked and identity is verified. Somebody other than the SP expects ends the transaction (409).
    pub fn authorise(
        &mut self,
        person: Person,
        verification: Verification,
        mut parameters: BTreeMap<ResourceId, BTreeMap<ParameterKey, String>>,
        now: Time,
        policy: &Policy,
    ) -> Result<Result<(), PersonConflict>, WrongStage> {
        if !matches!(self.state, State::Entered) {
            return Err(self.wrong("entered"));
        }
        self.in_time(now, "entered")?;
        if let Some(Errand { pid: Pid::Person(expected), .. }) = self.errand()
            && *expected != person.uid()
        {
            self.end(Ending::PersonConflict, now, None);
            return Ok(Err(PersonConflict));
        }
        for part in &mut self.parts {
            part.parameters = parameters.remove(&part.resource_id).unwrap_or_default();
        }
        self.state = State::Authorised(Authorised { person, verification, at: now });
        self.touch(now, policy);
        Ok(Ok(()))
    }

    /// The citizen confirmed: ticket and key come into being.
    pub fn confirm(&mut self, now: Time, policy: &Policy, random: &dyn Random) -> Result<(), WrongStage> {
        self.is_exchange()?;
        let State::Authorised(authorised) = &self.state else { return Err(self.wrong("authorised")) };
        self.in_time(now, "authorised")?;
        self.state = State::Confirmed(Confirmed {
            authorised: authorised.clone(),
            ticket: PermissionTicket::generate(random),
            key: SecretKey::generate(random),
            at: now,
            expires_at: now.plus(policy.ticket_life.0),
            told: Notice::Pending,
            told_undeliverable: Notice::None,
        });
        Ok(())
    }

    /// The citizen refused: what was collected is wiped, nobody is told. Where every dataset had failed there was
    /// nothing to refuse: then that is why it ends.
    pub fn refuse(&mut self, now: Time) -> Result<Wipe, WrongStage> {
        let ending = if self.nothing_usable() { Ending::Undeliverable } else { Ending::Refused };
        self.give_up(ending, now)
    }

    /// The service may not receive anything any more, and the citizen goes back (423).
    pub fn stop(&mut self, now: Time) -> Result<Wipe, WrongStage> {
        self.give_up(Ending::ServiceSuspended, now)
    }

    /// The citizen left. `None` while the time has not come.
    pub fn abandon(&mut self, now: Time) -> Result<Option<Wipe>, WrongStage> {
        if now < self.idle_until {
            return Ok(None);
        }
        self.give_up(Ending::Abandoned, now).map(Some)
    }

    /// An own download is never confirmed, refused or left.
    fn is_exchange(&self) -> Result<(), WrongStage> {
        match self.purpose {
            Purpose::Service(_) => Ok(()),
            Purpose::Own(_) => {
                Err(WrongStage { stage: "an own download", needs: "an exchange with a service" })
            }
        }
    }

    fn give_up(&mut self, ending: Ending, now: Time) -> Result<Wipe, WrongStage> {
        self.is_exchange()?;
        if !matches!(self.state, State::Entered | State::Authorised(_)) {
            return Err(self.wrong("entered or authorised"));
        }
        let wipe = self.wipe_parts();
        self.end(ending, now, None);
        Ok(wipe)
    }

    /// The SP could not be told; it will be tried again.
    pub fn telling_failed(&mut self, lapsed: bool) {
        if let State::Confirmed(confirmed) | State::Sealed(Sealed { confirmed, .. }) = &mut self.state
            && confirmed.told.is_open()
        {
            let failed = Notice::Failing(confirmed.told.failures().saturating_add(1));
            confirmed.told = if lapsed { Notice::Lapsed } else { failed };
        }
    }

    /// The SP answered the first notification. Refused ends the transaction (410).
    pub fn told(&mut self, accepted: bool, now: Time) -> Result<Wipe, WrongStage> {
        if accepted {
            match &mut self.state {
                State::Confirmed(confirmed) | State::Sealed(Sealed { confirmed, .. }) => {
                    confirmed.told = Notice::Accepted;
                    Ok(Wipe::new())
                }
                // Its time was over meanwhile; that the SP accepted changes nothing.
                State::Ended(_) => Ok(Wipe::new()),
                _ => Err(self.wrong("confirmed")),
            }
        } else {
            let Some(confirmed) = self.confirmed() else {
                return if matches!(self.state, State::Ended(_)) {
                    Ok(Wipe::new())
                } else {
                    Err(self.wrong("confirmed"))
                };
            };
            let ticket = confirmed.ended_ticket(Notice::Refused, Notice::None);
            let wipe = self.wipe_all();
            self.end(Ending::SpRefused, now, Some(ticket));
            Ok(wipe)
        }
    }

    /// How the second notification went.
    pub fn told_undeliverable(&mut self, notice: Notice) {
        match &mut self.state {
            State::Confirmed(confirmed) | State::Sealed(Sealed { confirmed, .. }) => {
                confirmed.told_undeliverable = notice;
            }
            State::Ended(Ended { ticket: Some(ticket), .. }) => ticket.told_undeliverable = notice,
            _ => {}
        }
    }

    /// Packages that had come cannot be read any more: their datasets are undeliverable after all, and the SP is told
    /// so, once more if it was told of others before.
    pub fn lost(&mut self, resources: &[ResourceId]) -> Result<Wipe, WrongStage> {
        let State::Confirmed(confirmed) = &mut self.state else { return Err(self.wrong("confirmed")) };
        confirmed.told_undeliverable = Notice::Pending;
        let mut wipe = Wipe::new();
        for part in self.parts.iter_mut().filter(|p| resources.contains(&p.resource_id)) {
            if matches!(part.state, PartState::Ready { .. }) {
                wipe.extend(part.wipe());
                part.state = PartState::Undeliverable(Failure::new(FailureKind::Lost, ""));
            }
        }
        Ok(wipe)
    }

    /// The citizen withdraws a consent that is still running: what was collected, the token, the ticket and the barcode
    /// go at once. An exchange that is not confirmed is refused instead.
    pub fn withdraw(&mut self, now: Time) -> Result<Wipe, WrongStage> {
        match (&self.purpose, &self.state) {
            (Purpose::Service(_), State::Confirmed(_) | State::Sealed(_))
            | (Purpose::Own(_), State::Authorised(_) | State::Held(_)) => {
                let wipe = self.wipe_all();
                self.end(Ending::Withdrawn, now, None);
                Ok(wipe)
            }
            (Purpose::Service(_), _) => Err(self.wrong("confirmed")),
            (Purpose::Own(_), _) => Err(self.wrong("authorised or held")),
        }
    }

    /// Looks whether all datasets have come to an end after the citizen confirmed, and says what follows. Where every
    /// one failed the exchange goes on until the SP has answered the first notification, so that it always hears of
    /// the ticket before it hears that the ticket opens nothing.
    /// An own download is held from here on, as [`own`](super::own) says.
    pub fn settle(&mut self, now: Time, policy: &Policy) -> Settled {
        if matches!(self.purpose, Purpose::Own(_)) {
            return self.settle_own(now, policy);
        }
        let State::Confirmed(confirmed) = &mut self.state else { return Settled::NotYet };
        if !self.parts.iter().all(|p| p.state.is_final()) {
            return Settled::NotYet;
        }
        let failed = self.parts.iter().any(|p| !p.state.is_usable());
        if failed && confirmed.told_undeliverable == Notice::None {
            confirmed.told_undeliverable = Notice::Pending;
        }
        if self.parts.iter().any(|p| p.state.is_usable()) {
            return Settled::Seal { tell_undeliverable: failed };
        }
        if confirmed.told.is_open() {
            return Settled::NotYet;
        }
        let ticket = confirmed.ended_ticket(confirmed.told, Notice::Pending);
        self.end(Ending::Undeliverable, now, Some(ticket));
        Settled::NothingToSend
    }

    /// The token is made; the DP packages are in it and go.
    pub fn sealed(&mut self, token: Token, now: Time) -> Result<Wipe, WrongStage> {
        let State::Confirmed(confirmed) = &self.state else { return Err(self.wrong("confirmed")) };
        self.state = State::Sealed(Sealed {
            confirmed: confirmed.clone(),
            token,
            at: now,
            delivered: Coverage::default(),
            taken_at: None,
        });
        Ok(self.wipe_parts())
    }

    /// These bytes of the token went out to the SP. It has taken the token once every byte has.
    pub fn delivered(&mut self, bytes: Range<u64>, now: Time) {
        if let State::Sealed(sealed) = &mut self.state
            && sealed.taken_at.is_none()
        {
            sealed.delivered.add(bytes);
            if sealed.delivered.is_whole(sealed.token.len) {
                sealed.taken_at = Some(now);
                sealed.delivered = Coverage::default();
            }
        }
    }

    /// When everything about it is to be forgotten: the end of the ticket, or of the way back where there was none.
    /// `None` while nobody knows, and once that has been done.
    pub fn forgotten_at(&self, policy: &Policy) -> Option<Time> {
        match &self.state {
            State::Ended(ended) => match &ended.ticket {
                Some(ticket) => Some(ticket.expires_at),
                None => self
                    .errand()
                    .is_some_and(|errand| errand.target.has_query())
                    .then(|| ended.at.plus(policy.ticket_life.0)),
            },
            State::Authorised(_) if matches!(self.purpose, Purpose::Own(_)) => Some(self.idle_until),
            State::Held(held) => Some(held.expires_at),
            _ => self.confirmed().map(|c| c.expires_at),
        }
    }

    /// Its time is over: what was collected, the ticket, the person, and what the SP had added to the return address
    /// go. `None` while the time has not come.
    pub fn expire(&mut self, now: Time, policy: &Policy) -> Option<Wipe> {
        if now < self.forgotten_at(policy)? {
            return None;
        }
        let wipe = self.wipe_all();
        match &mut self.state {
            State::Ended(ended) => ended.ticket = None,
            State::Held(Held { taken_at: Some(_), .. }) => self.end(Ending::Taken, now, None),
            _ => self.end(Ending::Expired, now, None),
        }
        if let Purpose::Service(errand) = &mut self.purpose {
            errand.target.forget_query();
        }
        Some(wipe)
    }

    pub(super) fn end(&mut self, ending: Ending, now: Time, ticket: Option<EndedTicket>) {
        self.state = State::Ended(Ended { ending, at: now, ticket });
        if let Purpose::Service(errand) = &mut self.purpose {
            errand.pid = Pid::NotChecked;
        }
        for part in &mut self.parts {
            part.wipe();
        }
    }

    pub(super) fn wipe_parts(&mut self) -> Wipe {
        self.parts.iter_mut().filter_map(Part::wipe).collect()
    }

    fn wipe_all(&mut self) -> Wipe {
        let mut wipe = self.wipe_parts();
        if let State::Sealed(sealed) = &self.state {
            wipe.push(sealed.token.blob.clone());
        }
        wipe
    }
}

impl Confirmed {
    fn ended_ticket(&self, told: Notice, told_undeliverable: Notice) -> EndedTicket {
        EndedTicket {
            ticket: self.ticket,
            verification: self.authorised.verification,
            expires_at: self.expires_at,
            told,
            told_undeliverable,
        }
    }
}

/// Somebody other than `pid` logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the person who logged in is not the one the service asked for")]
pub struct PersonConflict;

/// What follows once all datasets have come to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Something is still to come, or the citizen has not confirmed.
    NotYet,
    /// The token can be made.
    Seal {
        /// Whether some datasets failed, so that the SP is told.
        tell_undeliverable: bool,
    },
    /// Every dataset failed: the SP is told, the transaction is over.
    NothingToSend,
    /// An own download is complete, and held for the citizen.
    Held,
    /// Every dataset of an own download failed: it is over.
    NothingHeld,
}
