//! What can be wrong with a field. Pages put it into words in both languages; the texts here are for logs and programs.

use jiff::civil::Date;

use super::upload::Purpose;
use crate::calendar::BadDay;
use crate::client_certificate::BadClientCertificate;
use crate::text::BadText;

/// A field that is at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Its path, such as `parameter[2].key`.
    pub path: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a field. None repeats what was typed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// What is typed is no text that can be kept; empty where something is needed is one of these.
    #[error(transparent)]
    Text(#[from] BadText),
    /// No day in any form that is read.
    #[error("write a date as 115/11/21 or 2026-11-21")]
    NotADay,
    /// ROC year 0.
    #[error("the ROC calendar begins with year 1")]
    RocYearZero,
    /// Such as 30 February.
    #[error("the calendar has no such day")]
    NoSuchDay,
    /// Before the earliest day that is allowed.
    #[error("the earliest day is {earliest}")]
    TooEarly {
        /// That day.
        earliest: Date,
    },
    /// After the latest day that is allowed.
    #[error("the latest day is {latest}")]
    TooLate {
        /// That day.
        latest: Date,
    },
    /// No mail address.
    #[error("this is no mail address")]
    NotAMail,
    /// No telephone number.
    #[error("this is no telephone number; write 02-2345-6789 or 0912-345-678, with #123 for an extension")]
    NotAPhone,
    /// No absolute URL.
    #[error("this is no URL; write it in full, such as https://api.example.gov.tw/data")]
    NotAUrl,
    /// The scheme is not allowed.
    #[error("the URL must begin with https://")]
    NotHttps,
    /// Has a user name or a password.
    #[error("a URL with a user name or password is not allowed")]
    UrlCredentials,
    /// Has a fragment.
    #[error("a URL with # is not allowed")]
    UrlFragment,
    /// Has a query where none is allowed.
    #[error("a URL with ? is not allowed here")]
    UrlQuery,
    /// No IP address or network.
    #[error("this is no IP address; write 163.22.21.64 or 163.22.21.0/24")]
    NotAnAddress,
    /// A network of more addresses than anybody has.
    #[error("this network is too large; at most /{least_prefix}")]
    NetworkTooLarge {
        /// The shortest prefix that is allowed.
        least_prefix: u8,
    },
    /// A network whose host part is not zero.
    #[error("this network is written with a host part; write {network}")]
    NetworkHostPart {
        /// The network meant.
        network: String,
    },
    /// Not one of those to choose from.
    #[error("choose one from the list")]
    NotAChoice,
    /// No dataset that may be asked for.
    #[error("there is no such dataset to be asked for")]
    UnknownDataset,
    /// The same stands in an earlier row.
    #[error("this stands in row {first} already")]
    Twice {
        /// That row, counted from 1.
        first: usize,
    },
    /// More rows than allowed.
    #[error("at most {max} rows")]
    TooMany {
        /// The limit.
        max: usize,
    },
    /// Not a whole number.
    #[error("write a whole number")]
    NotANumber,
    /// A number out of its range.
    #[error("write a number from {min} to {max}")]
    OutOfRange {
        /// The smallest.
        min: u32,
        /// The largest.
        max: u32,
    },
    /// A parameter's key of another form.
    #[error("1 to 64 of A-Z a-z 0-9 _ -")]
    BadKey,
    /// A parameter's key that is the name of a header the call itself needs.
    #[error("this is the name of a header that the call itself needs; choose another")]
    ReservedKey,
    /// An account's name of another form.
    #[error("4 to 64 of A-Z a-z 0-9 . _ - @")]
    BadAccount,
    /// The file is needed.
    #[error("upload the file")]
    NoUpload,
    /// The file was uploaded for something else, or for another form.
    #[error("this file was not uploaded as {needed}")]
    WrongUpload {
        /// What is needed.
        needed: Purpose,
    },
    /// As many in English as in Chinese, or none.
    #[error("name as many in English as in Chinese ({needed}), or none")]
    NotAsMany {
        /// How many there are in Chinese.
        needed: usize,
    },
    /// No certificate in PEM.
    #[error("this is no certificate; paste it with its BEGIN and END lines")]
    NotACertificate,
    /// Nothing by which a client certificate is recognised.
    #[error(transparent)]
    NotAClientCertificate(#[from] BadClientCertificate),
}

impl From<BadDay> for Fault {
    fn from(bad: BadDay) -> Self {
        match bad {
            BadDay::Form => Self::NotADay,
            BadDay::RocYearZero => Self::RocYearZero,
            BadDay::NoSuchDay => Self::NoSuchDay,
        }
    }
}
