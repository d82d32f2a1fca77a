//! Mails that the platform sends: which there are, to whom, about what (R3, R7, R22, R25, R26, R34, R35, R38, R64).
//!
//! Owns the kinds and the facts. Refuses to word and to send them: that is the server's.

pub mod fact;
pub mod kind;

use std::fmt;

use crate::account::Holder;
use crate::one_time::OneTimeCode;
use crate::time::Time;

pub use fact::{DayOf, Fact};
pub use kind::{AboutAccount, AboutHealth, Kind};

crate::own_id::own_id!(
    /// A mail's identifier: a version 4 UUID.
    MailId, "mail id"
);

/// A mail that is to be sent. Personal data: `Debug` shows the kind alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// Which.
    pub kind: Kind,
    /// The addressee's name; empty where nobody knows it yet.
    pub name: String,
    /// The addressee's mail address.
    pub address: String,
    /// Identifier of the item, filing or account it is about, for the pages of these.
    pub about: Option<String>,
    /// What the mail says beside its sentence, in this order.
    pub facts: Vec<Fact>,
    /// Where the addressee goes on.
    pub link: Option<Link>,
    /// A code that the addressee types; it stands where a link would.
    pub code: Option<Code>,
    /// The tag of the one language that the addressee chose; none: zh-TW and English.
    pub language: Option<String>,
}

/// A code in a mail. `Debug` shows none of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The code. It is wiped once the mail was sent or given up, and shown to nobody else.
    pub code: OneTimeCode,
    /// Until when it may be typed; a mail that could not be sent until then is given up.
    pub until: Time,
}

impl Mail {
    /// A mail to whoever holds an account.
    pub fn to(kind: impl Into<Kind>, holder: &Holder) -> Self {
        Self::to_address(kind, &holder.name, &holder.mail)
    }

    /// A mail to an address without an account.
    pub fn to_address(kind: impl Into<Kind>, name: &str, address: &str) -> Self {
        Self {
            kind: kind.into(),
            name: name.to_owned(),
            address: address.to_owned(),
            about: None,
            facts: Vec::new(),
            link: None,
            code: None,
            language: None,
        }
    }

    /// About the item, filing or account of this identifier.
    pub fn about(mut self, id: impl fmt::Display) -> Self {
        self.about = Some(id.to_string());
        self
    }

    /// With one more fact.
    pub fn fact(mut self, fact: Fact) -> Self {
        self.facts.push(fact);
        self
    }

    /// With these facts.
    pub fn facts(mut self, facts: impl IntoIterator<Item = Fact>) -> Self {
        self.facts.extend(facts);
        self
    }

    /// With the page where the addressee goes on.
    pub fn link(mut self, link: Link) -> Self {
        self.link = Some(link);
        self
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mail({})", self.kind)
    }
}

/// A page of the platform that a mail leads to. It may hold a secret: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// Its path on the platform, with a query where there is one.
    pub path: String,
    /// When it ends; a mail that could not be sent until then is given up.
    pub until: Option<Time>,
    /// Whether whoever has it may act as the addressee. Then it is wiped once the mail was sent or given up, and shown to
    /// nobody else.
    pub secret: bool,
}

impl Link {
    /// A page for which one signs in.
    pub fn page(path: impl Into<String>) -> Self {
        Self { path: path.into(), until: None, secret: false }
    }

    /// A page that opens for whoever has the link, until it ends.
    pub fn secret(path: impl Into<String>, until: Time) -> Self {
        Self { path: path.into(), until: Some(until), secret: true }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(…)")
    }
}
