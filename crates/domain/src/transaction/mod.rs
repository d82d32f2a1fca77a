//! One exchange, from entry to forgetting; or a citizen's own download, which begins at *authorised* ([`own`]).
//!
//! ```text
//! Entered ──authorise──▶ Authorised ──confirm──▶ Confirmed ──seal──▶ Sealed
//!    │                      │                        │                 │
//!    └── refuse, abandon ───┴──▶ Ended ◀── SP refused, undeliverable ──┘ (expire)
//!
//!            own: Authorised ──settle──▶ Held ──taken, withdraw, expire──▶ Ended
//! ```
//! A [`State`] carries what exists in that stage and nothing else, and the transitions in [`steps`] are the only way
//! from one to the next. What happens to single datasets meanwhile is in [`part`].

pub mod coverage;
pub mod own;
pub mod part;
pub mod person;
pub mod steps;
pub mod view;

use std::fmt;
use std::str::FromStr;

use mydata_wire::pid::Pid;
use mydata_wire::random::{Random, uuid_v4};
use mydata_wire::returns::ReturnTarget;
use mydata_wire::{ClientId, PermissionTicket, SecretKey, TxId, Verification};
use serde::{Deserialize, Serialize};

use crate::notify::Notice;
use crate::time::Time;
use crate::zone::Zone;
use coverage::Coverage;
use own::{Held, Own};
use part::Part;
use person::Person;

/// The platform's own identifier of a transaction: a version 4 UUID, also part of the pages' addresses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TransactionId([u8; 16]);

impl TransactionId {
    /// A new one.
    pub fn generate(random: &dyn Random) -> Self {
        Self(*uuid_v4(random).as_bytes())
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TransactionId {
    type Err = mydata_wire::id::BadId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<TxId>().map(|id| Self(*id.as_bytes()))
    }
}

impl TryFrom<String> for TransactionId {
    type Error = mydata_wire::id::BadId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TransactionId> for String {
    fn from(id: TransactionId) -> Self {
        id.to_string()
    }
}

/// One exchange.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// The platform's identifier.
    pub id: TransactionId,
    /// The zone of the service, or of the datasets that the citizen downloads.
    pub zone: Zone,
    /// What it is for.
    pub purpose: Purpose,
    /// When the citizen came.
    pub entered_at: Time,
    /// Until when the citizen may do nothing. Counts until confirmed; in an own download, until when may be collected.
    pub idle_until: Time,
    /// The datasets asked for, in order.
    pub parts: Vec<Part>,
    /// How far it is.
    pub state: State,
}

/// What a transaction is for.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// A service asked for the data, and gets it.
    Service(Errand),
    /// The citizen asked for it, and keeps it or hands it over at a counter.
    Own(Own),
}

/// What a service sent the citizen with.
#[derive(Clone, Debug)]
pub struct Errand {
    /// The SP's identifier, new for this service.
    pub tx_id: TxId,
    /// The service.
    pub client_id: ClientId,
    /// Where the browser goes back to.
    pub target: ReturnTarget,
    /// Whom the SP expects.
    pub pid: Pid,
}

impl Purpose {
    /// As it is kept.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Service(_) => "service",
            Self::Own(_) => "own",
        }
    }
}

/// How far a transaction is, with what exists then.
#[derive(Clone, Debug)]
pub enum State {
    /// The citizen has come; nothing is known of who it is.
    Entered,
    /// Terms ticked and identity verified: the platform collects, and shows the citizen what came.
    Authorised(Authorised),
    /// The citizen confirmed: the SP is told and may fetch as soon as all is there.
    Confirmed(Confirmed),
    /// The token is made.
    Sealed(Sealed),
    /// An own download is complete: the citizen may look at it, save it, and hand it over at a counter.
    Held(Held),
    /// It is over.
    Ended(Ended),
}

/// What exists once the citizen is known.
#[derive(Clone, Debug)]
pub struct Authorised {
    /// Who it is.
    pub person: Person,
    /// How that was proven.
    pub verification: Verification,
    /// When.
    pub at: Time,
}

/// What exists once the citizen confirmed.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// As before.
    pub authorised: Authorised,
    /// Lets the SP fetch.
    pub ticket: PermissionTicket,
    /// Opens the token.
    pub key: SecretKey,
    /// When.
    pub at: Time,
    /// When ticket, key and token end.
    pub expires_at: Time,
    /// The first notification: the data may be fetched.
    pub told: Notice,
    /// The second one: some datasets cannot be delivered.
    pub told_undeliverable: Notice,
}

/// What exists once the token is made.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// As before.
    pub confirmed: Confirmed,
    /// The token.
    pub token: Token,
    /// When it was made.
    pub at: Time,
    /// What of it has gone out so far, while not all has.
    pub delivered: Coverage,
    /// When the SP had fetched every byte of it.
    pub taken_at: Option<Time>,
}

/// A sealed token where it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Name of the blob.
    pub blob: String,
    /// Bytes.
    pub len: u64,
    /// SHA-256 in hexadecimal, for the `ETag`.
    pub sha256: String,
}

/// What remains of an ended transaction.
#[derive(Clone, Debug)]
pub struct Ended {
    /// How it ended.
    pub ending: Ending,
    /// When.
    pub at: Time,
    /// The ticket, where one was given and has not yet ended, so that the SP still gets a true answer.
    pub ticket: Option<EndedTicket>,
}

/// A ticket whose transaction ended without data.
#[derive(Clone, Debug)]
pub struct EndedTicket {
    /// The ticket the SP holds.
    pub ticket: PermissionTicket,
    /// How the citizen had proven who they are.
    pub verification: Verification,
    /// When it ends.
    pub expires_at: Time,
    /// The first notification.
    pub told: Notice,
    /// The second one.
    pub told_undeliverable: Notice,
}

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// The citizen refused.
    Refused,
    /// The citizen left.
    Abandoned,
    /// Somebody other than `pid` logged in.
    PersonConflict,
    /// The SP-API refused the first notification.
    SpRefused,
    /// No dataset could be delivered.
    Undeliverable,
    /// The service was suspended or delisted before the citizen confirmed.
    ServiceSuspended,
    /// Its time was over; everything is wiped.
    Expired,
    /// The citizen withdrew the consent while it was still running.
    Withdrawn,
    /// It was taken at a counter.
    Taken,
}

impl Ending {
    const ALL: [Ending; 9] = [
        Self::Refused,
        Self::Abandoned,
        Self::PersonConflict,
        Self::SpRefused,
        Self::Undeliverable,
        Self::ServiceSuspended,
        Self::Expired,
        Self::Withdrawn,
        Self::Taken,
    ];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Abandoned => "abandoned",
            Self::PersonConflict => "person-conflict",
            Self::SpRefused => "sp-refused",
            Self::Undeliverable => "undeliverable",
            Self::ServiceSuspended => "service-suspended",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Taken => "taken",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn from_kept(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|e| e.as_str() == text)
    }
}

impl State {
    /// The stage's name, as it is kept.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::Authorised(_) => "authorised",
            Self::Confirmed(_) => "confirmed",
            Self::Sealed(_) => "sealed",
            Self::Held(_) => "held",
            Self::Ended(_) => "ended",
        }
    }
}
