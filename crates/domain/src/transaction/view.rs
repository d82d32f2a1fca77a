//! What may be asked of a transaction.

use std::time::Duration;

use mydata_wire::status::TxStatus;
use mydata_wire::{ClientId, PermissionTicket, ResourceId, ReturnCode, Verification};

use crate::notify::Notice;
use crate::policy::Policy;
use crate::time::Time;
use crate::transaction::own::{Held, Own};
use crate::transaction::part::PartState;
use crate::transaction::person::Person;
use crate::transaction::{Confirmed, Ended, Ending, Errand, Purpose, Sealed, State, Token, Transaction};

/// What `GET /service/data` answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataAnswer {
    /// 200: this token.
    Ready(Token),
    /// 429: ask again after this long, at least a second.
    Wait(Duration),
    /// 504: no dataset could be delivered.
    Undeliverable,
    /// 403: the ticket is not, or no longer, good.
    Denied,
}

impl Transaction {
    /// What a service sent the citizen with; `None` for an own download.
    pub fn errand(&self) -> Option<&Errand> {
        match &self.purpose {
            Purpose::Service(errand) => Some(errand),
            Purpose::Own(_) => None,
        }
    }

    /// The service that gets the data, where there is one.
    pub fn client_id(&self) -> Option<&ClientId> {
        self.errand().map(|errand| &errand.client_id)
    }

    /// What the citizen asked for without a service.
    pub fn own(&self) -> Option<&Own> {
        match &self.purpose {
            Purpose::Own(own) => Some(own),
            Purpose::Service(_) => None,
        }
    }

    /// What exists while an own download is held.
    pub fn held(&self) -> Option<&Held> {
        match &self.state {
            State::Held(held) => Some(held),
            _ => None,
        }
    }

    /// What exists since the citizen confirmed, as long as it does.
    pub fn confirmed(&self) -> Option<&Confirmed> {
        match &self.state {
            State::Confirmed(confirmed) | State::Sealed(Sealed { confirmed, .. }) => Some(confirmed),
            _ => None,
        }
    }

    /// Who the citizen is, as long as that is known.
    pub fn person(&self) -> Option<&Person> {
        match &self.state {
            State::Authorised(authorised) => Some(&authorised.person),
            State::Held(held) => Some(&held.authorised.person),
            _ => self.confirmed().map(|c| &c.authorised.person),
        }
    }

    /// How identity was verified.
    pub fn verification(&self) -> Option<Verification> {
        match &self.state {
            State::Entered => None,
            State::Authorised(authorised) => Some(authorised.verification),
            State::Held(held) => Some(held.authorised.verification),
            State::Ended(ended) => ended.ticket.as_ref().map(|t| t.verification),
            _ => self.confirmed().map(|c| c.authorised.verification),
        }
    }

    /// The ticket the SP holds and when it ends.
    pub fn ticket(&self) -> Option<(PermissionTicket, Time)> {
        match &self.state {
            State::Ended(ended) => ended.ticket.as_ref().map(|t| (t.ticket, t.expires_at)),
            _ => self.confirmed().map(|c| (c.ticket, c.expires_at)),
        }
    }

    /// Whether the ticket is good at `now`.
    pub fn ticket_lives(&self, now: Time) -> bool {
        self.ticket().is_some_and(|(_, ends)| now < ends)
    }

    /// The datasets that cannot be delivered.
    pub fn undeliverable(&self) -> Vec<ResourceId> {
        let failed = self.parts.iter().filter(|p| matches!(p.state, PartState::Undeliverable(_)));
        failed.map(|p| p.resource_id.clone()).collect()
    }

    /// Whether every dataset has failed.
    pub fn nothing_usable(&self) -> bool {
        self.parts.iter().all(|p| matches!(p.state, PartState::Undeliverable(_)))
    }

    /// What `GET /service/data` answers at `now` (R117–R120).
    pub fn data_answer(&self, now: Time, policy: &Policy) -> DataAnswer {
        if !self.ticket_lives(now) {
            return DataAnswer::Denied;
        }
        match &self.state {
            State::Sealed(sealed) => DataAnswer::Ready(sealed.token.clone()),
            State::Confirmed(_) if self.nothing_usable() => DataAnswer::Undeliverable,
            State::Confirmed(_) => DataAnswer::Wait(self.wait(now, policy)),
            State::Ended(Ended { ending: Ending::Undeliverable, .. }) => DataAnswer::Undeliverable,
            _ => DataAnswer::Denied,
        }
    }

    /// Whether the token may be there by `until`: no DP has asked for a longer pause.
    pub fn may_be_sealed_by(&self, until: Time) -> bool {
        let late =
            |p: &super::Part| matches!(p.state, PartState::Delayed { until: again, .. } if again > until);
        matches!(self.state, State::Confirmed(_)) && !self.nothing_usable() && !self.parts.iter().any(late)
    }

    /// The longest wait a DP asked for, in whole seconds, at least one (R119).
    fn wait(&self, now: Time, policy: &Policy) -> Duration {
        let of_part = |state: &PartState| match state {
            PartState::Delayed { until, asked: true } => Some(now.until(*until)),
            PartState::Waiting | PartState::Fetching { .. } | PartState::Delayed { asked: false, .. } => {
                Some(policy.sp_default_wait.0)
            }
            _ => None,
        };
        let longest = self.parts.iter().filter_map(|p| of_part(&p.state)).max().unwrap_or_default();
        Duration::from_secs(longest.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(1))
    }

    /// What `GET /service/txid_status` answers at `now`; `None` where it must deny (R140, R141).
    pub fn tx_status(&self, now: Time) -> Option<TxStatus> {
        match &self.state {
            State::Entered | State::Authorised(_) | State::Held(_) => None,
            State::Ended(Ended { ending: Ending::Refused, .. }) => Some(TxStatus::Refused),
            _ if !self.ticket_lives(now) => None,
            State::Confirmed(_) if self.nothing_usable() => Some(TxStatus::Undeliverable),
            State::Confirmed(_) => Some(TxStatus::Preparing),
            State::Sealed(sealed) if sealed.taken_at.is_some() => Some(TxStatus::Taken),
            State::Sealed(_) => Some(TxStatus::Ready),
            State::Ended(ended) => match ended.ending {
                Ending::SpRefused => Some(TxStatus::SpRefused),
                Ending::Undeliverable => Some(TxStatus::Undeliverable),
                _ => None,
            },
        }
    }

    /// The code with which the browser goes back; `None` for the normal return and while nothing is decided.
    pub fn return_code(&self) -> Option<ReturnCode> {
        match &self.state {
            State::Ended(ended) => match ended.ending {
                Ending::Refused => Some(ReturnCode::Refused),
                Ending::Abandoned => Some(ReturnCode::Abandoned),
                Ending::PersonConflict => Some(ReturnCode::PersonConflict),
                Ending::SpRefused => Some(ReturnCode::SpRefused),
                Ending::Undeliverable => Some(ReturnCode::DatasetFailing),
                Ending::ServiceSuspended => Some(ReturnCode::Suspended),
                Ending::Expired | Ending::Withdrawn | Ending::Taken => None,
            },
            State::Confirmed(_) if self.nothing_usable() => Some(ReturnCode::DatasetFailing),
            _ => None,
        }
    }

    /// How far the second notification is.
    pub fn notice_of_undeliverable(&self) -> Notice {
        match &self.state {
            State::Ended(Ended { ticket: Some(ticket), .. }) => ticket.told_undeliverable,
            _ => self.confirmed().map_or(Notice::None, |c| c.told_undeliverable),
        }
    }

    /// Where the browser goes back to; `None` where no service sent it.
    pub fn return_location(&self) -> Option<String> {
        let Errand { target, tx_id, .. } = self.errand()?;
        Some(match self.return_code() {
            None => target.normal(tx_id),
            Some(code) => target.abnormal(code, &tx_id.to_string()),
        })
    }
}
