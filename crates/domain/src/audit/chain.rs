//! The chain of the record: each event follows from the one before it, and each day has a root over its links, from which
//! the proof of one event is short. Says what the bytes are and how they are checked; it computes no hash and no signature
//! itself, whoever calls brings them. The form is told to others in docs/integrators/audit.md.

mod tree;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use tree::{BLOCK, Tree, fold, path_of, path_of_hashes, root_of_hashes};

use crate::time::Time;

/// A SHA-256 hash; 64 hexadecimal digits as text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// What the first link follows from.
    pub const GENESIS: Self = Self([0; 32]);
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || "a hash is 64 hexadecimal digits".to_owned();
        let bytes = text.as_bytes();
        if bytes.len() != 64 || !bytes.iter().all(u8::is_ascii_hexdigit) {
            return Err(bad());
        }
        let mut digest = [0; 32];
        for (byte, place) in digest.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[place..place + 2], 16).map_err(|_| bad())?;
        }
        Ok(Self(digest))
    }
}

impl TryFrom<&[u8]> for Digest {
    type Error = String;

    fn try_from(bytes: &[u8]) -> Result<Self, String> {
        bytes.try_into().map(Self).map_err(|_| "a hash is 32 bytes".to_owned())
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// SHA-256 of some parts, one after the other.
pub type Sha256 = fn(&[&[u8]]) -> Digest;

/// An event as it is kept, and as the chain sees it: texts byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The event's own identifier.
    pub id: String,
    /// When, epoch milliseconds.
    pub at: i64,
    /// Which of the events of one moment; greater came later. 0 for those of before it was kept.
    pub place: i64,
    /// See [`super::Actor`].
    pub actor: String,
    /// See [`super::What`].
    pub what: String,
    /// See [`super::Outcome`]. None for those of before it was kept.
    pub outcome: Option<String>,
    /// Which transaction.
    pub transaction: Option<String>,
    /// Which account of the back office did it.
    pub account: Option<String>,
    /// From which address.
    pub from: Option<String>,
    /// Short facts, as the JSON text that is kept.
    pub detail: Option<String>,
}

/// The first line of what is hashed: another form has another one.
const FORM: &[u8] = b"mydata-audit-event/1\n";

impl Entry {
    /// The bytes that the link with this number is made over: the form's name, then each field as `LENGTH:BYTES,`, and `-,`
    /// for one that is not there.
    pub fn canonical(&self, seq: i64) -> Vec<u8> {
        let mut out = Vec::with_capacity(320);
        out.extend_from_slice(FORM);
        let mut field = |text: Option<&str>| match text {
            Some(text) => {
                out.extend_from_slice(text.len().to_string().as_bytes());
                out.push(b':');
                out.extend_from_slice(text.as_bytes());
                out.push(b',');
            }
            None => out.extend_from_slice(b"-,"),
        };
        field(Some(&seq.to_string()));
        field(Some(&self.id));
        field(Some(&self.at.to_string()));
        field(Some(&self.place.to_string()));
        field(Some(&self.actor));
        field(Some(&self.what));
        field(self.outcome.as_deref());
        field(self.transaction.as_deref());
        field(self.account.as_deref());
        field(self.from.as_deref());
        field(self.detail.as_deref());
        out
    }

    /// The link of this event, when it is the one with number `seq` and follows from `previous`.
    pub fn link(&self, sha: Sha256, seq: i64, previous: Digest) -> Digest {
        sha(&[&previous.0, &self.canonical(seq)])
    }
}

/// What is signed once a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// Of the form of all this; 1.
    pub version: u32,
    /// The day in Taipei, `2026-11-21`. A link of an event that was written down later than its day is in a later root.
    pub day: String,
    /// The number of the first link it covers.
    pub first: i64,
    /// The number of the last.
    pub last: i64,
    /// The root of the Merkle tree over the links (RFC 9162 §2.1).
    pub root: Digest,
    /// The last link.
    pub link: Digest,
    /// SHA-256 of the signed root before it, as it was published; none for the first.
    pub previous: Option<Digest>,
    /// When it was made, epoch milliseconds.
    pub made_at: Time,
}

impl Root {
    /// How many links it covers.
    pub fn size(&self) -> u64 {
        u64::try_from(self.last - self.first + 1).unwrap_or(0)
    }
}

/// That an event is in the record: everything that is needed to check it, but the keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Of the form of all this; 1.
    pub version: u32,
    /// The number of its link.
    pub seq: i64,
    /// The event.
    pub event: Entry,
    /// The link before it.
    pub previous: Digest,
    /// Its link.
    pub link: Digest,
    /// The hashes beside the way from the link up to the root (RFC 9162 §2.1.3), lowest first.
    pub path: Vec<Digest>,
    /// The day's signed root, as it was published.
    pub root: String,
}

/// Why a proof does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadProof {
    /// Another form.
    #[error("the proof is of version {0}; this program reads version 1")]
    Version(u32),
    /// The root is of other links.
    #[error("link {seq} is not among the links {first} to {last} that the root of {day} covers")]
    Elsewhere {
        /// The link.
        seq: i64,
        /// The root's first link.
        first: i64,
        /// The root's last link.
        last: i64,
        /// The root's day.
        day: String,
    },
    /// The event is not the one that was linked.
    #[error(
        "the event does not give link {seq}: one of its fields, its number or the link before it is another"
    )]
    Event {
        /// The link.
        seq: i64,
    },
    /// The way does not lead to the root.
    #[error("the path from link {seq} does not lead to the root of {day}")]
    Path {
        /// The link.
        seq: i64,
        /// The root's day.
        day: String,
    },
}

impl Proof {
    /// Checks that the event is under the root. Whether the root is the published one, and whose signature it bears, is
    /// for whoever calls.
    ///
    /// # Errors
    /// [`BadProof`].
    pub fn check(&self, sha: Sha256, root: &Root) -> Result<(), BadProof> {
        let seq = self.seq;
        if self.version != 1 {
            return Err(BadProof::Version(self.version));
        }
        if !(root.first..=root.last).contains(&seq) {
            let (first, last, day) = (root.first, root.last, root.day.clone());
            return Err(BadProof::Elsewhere { seq, first, last, day });
        }
        if self.event.link(sha, seq, self.previous) != self.link {
            return Err(BadProof::Event { seq });
        }
        let place = u64::try_from(seq - root.first).unwrap_or(u64::MAX);
        if fold(sha, self.link, place, root.size(), &self.path) == Some(root.root) {
            Ok(())
        } else {
            Err(BadProof::Path { seq, day: root.day.clone() })
        }
    }
}
