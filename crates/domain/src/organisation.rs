//! Organisations: who stands behind services and datasets.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An organisation's own short name: 1–40 of `[a-z0-9-]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrganisationId(String);

impl OrganisationId {
    /// The short name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OrganisationId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = (1..=40).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err("an organisation id is 1 to 40 of a-z 0-9 -".to_owned())
        }
    }
}

impl TryFrom<String> for OrganisationId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<OrganisationId> for String {
    fn from(id: OrganisationId) -> Self {
        id.0
    }
}

impl fmt::Display for OrganisationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// 公務機關 or not; decides who reviews (R8, R9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrganisationKind {
    /// 公務機關
    Agency,
    /// 非公務機關
    Private,
}

/// What a note of the operating team about an organisation's account says (R65, R84).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoteKind {
    /// It asked for an account by phone.
    AskedByPhone,
    /// It asked for an account by mail.
    AskedByMail,
    /// It was told by phone that the account is open.
    ToldByPhone,
}

impl NoteKind {
    /// How an organisation can ask for an account.
    pub const ASKED: [NoteKind; 2] = [Self::AskedByPhone, Self::AskedByMail];
    /// Most characters of a note.
    pub const MAX_TEXT: usize = 500;

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AskedByPhone => "asked-by-phone",
            Self::AskedByMail => "asked-by-mail",
            Self::ToldByPhone => "told-by-phone",
        }
    }
}

impl FromStr for NoteKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::AskedByPhone, Self::AskedByMail, Self::ToldByPhone]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("no kind of a note {text:?}"))
    }
}

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Its short name in this program.
    pub id: OrganisationId,
    /// Full name in zh-TW.
    pub name: String,
    /// Full name in English.
    pub name_en: String,
    /// Name used inside sentences, where it differs from the full one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_name: Option<String>,
    /// Public agency or private body.
    pub kind: OrganisationKind,
}

impl Organisation {
    /// The name used inside sentences.
    pub fn spoken(&self) -> &str {
        self.short_name.as_deref().unwrap_or(&self.name)
    }
}
