//! One dataset of a transaction.

use std::collections::BTreeMap;
use std::fmt;

use mydata_wire::random::Random;
use mydata_wire::{AccessToken, ResourceId, TransactionUid};

use crate::collect::{Failure, Next, Tries};
use crate::parameter::ParameterKey;
use crate::time::Time;

/// One dataset of a transaction.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// Which one.
    pub resource_id: ResourceId,
    /// The same on every call for it.
    pub transaction_uid: TransactionUid,
    /// What the citizen filled in for it. Personal data.
    pub parameters: BTreeMap<ParameterKey, String>,
    /// With this the DP asks who the citizen is; from the first call on.
    pub access: Option<Access>,
    /// What was tried.
    pub tries: Tries,
    /// Its package is there, though nobody told whether the DP's certificate is revoked, and the operator's setting was to
    /// accept it all the same (PROTOCOL.md §7).
    pub revocation_unknown: bool,
    /// How far it is.
    pub state: PartState,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({}, {:?})", self.resource_id, self.state)
    }
}

/// A DP's access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The token.
    pub token: AccessToken,
    /// When it ends.
    pub expires_at: Time,
}

/// How far a dataset is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartState {
    /// Not asked for, or about to be asked for again.
    Waiting,
    /// The DP is being called.
    Fetching {
        /// Bytes that have come.
        received: u64,
        /// Bytes there will be, where known.
        total: Option<u64>,
    },
    /// Asked for again then.
    Delayed {
        /// When.
        until: Time,
        /// Whether the DP asked for it.
        asked: bool,
    },
    /// There, and verified.
    Ready {
        /// Name of the blob; `None` once the data is inside the token, or wiped.
        blob: Option<String>,
        /// Bytes.
        len: u64,
    },
    /// The DP has no data of this person.
    NoData,
    /// It cannot be delivered.
    Undeliverable(Failure),
}

impl PartState {
    /// As it is kept.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Fetching { .. } => "fetching",
            Self::Delayed { .. } => "delayed",
            Self::Ready { .. } => "ready",
            Self::NoData => "no-data",
            Self::Undeliverable(_) => "undeliverable",
        }
    }

    /// Whether nothing more will happen to it.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Ready { .. } | Self::NoData | Self::Undeliverable(_))
    }

    /// Whether there is something to tell the SP: data, or that there is none.
    pub fn is_usable(&self) -> bool {
        matches!(self, Self::Ready { .. } | Self::NoData)
    }
}

impl Part {
    /// A dataset not yet asked for.
    pub fn new(resource_id: ResourceId, random: &dyn Random) -> Self {
        Self {
            resource_id,
            transaction_uid: TransactionUid::generate(random),
            parameters: BTreeMap::new(),
            access: None,
            tries: Tries::default(),
            revocation_unknown: false,
            state: PartState::Waiting,
        }
    }

    /// A call begins: counts it, and gives the access token for it. A token that has not ended stays the same, so
    /// that a DP which works in the background can still use it.
    pub fn begin(&mut self, now: Time, life: std::time::Duration, random: &dyn Random) -> AccessToken {
        self.tries.begin(now);
        self.state = PartState::Fetching { received: 0, total: None };
        match &self.access {
            Some(access) if access.expires_at > now.plus(life / 4) => access.token.clone(),
            _ => {
                let token = AccessToken::generate(random);
                self.access = Some(Access { token: token.clone(), expires_at: now.plus(life) });
                token
            }
        }
    }

    /// What follows from the DP's answer.
    pub fn answered(&mut self, next: Next) {
        self.state = match next {
            Next::NoData => PartState::NoData,
            Next::GiveUp(failure) => PartState::Undeliverable(failure),
            Next::Again { at, asked } => PartState::Delayed { until: at, asked },
        };
        self.end_access_if_final();
    }

    /// The package has come and is verified.
    pub fn arrived(&mut self, blob: String, len: u64) {
        self.state = PartState::Ready { blob: Some(blob), len };
        self.end_access_if_final();
    }

    fn end_access_if_final(&mut self) {
        if self.state.is_final() {
            self.access = None;
        }
    }

    /// Takes what must be wiped: the name of the blob.
    pub fn wipe(&mut self) -> Option<String> {
        self.access = None;
        self.parameters.clear();
        match &mut self.state {
            PartState::Ready { blob, .. } => blob.take(),
            _ => None,
        }
    }
}
