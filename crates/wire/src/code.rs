//! The codes with which the browser comes back to the SP (R108 and PROTOCOL.md §2).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why an exchange came back without data on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub enum ReturnCode {
    /// 205: the citizen refused (extension).
    Refused,
    /// 400: the path parameters cannot be read.
    BadRequest,
    /// 401: `client_id` or a `resource_id` is not valid.
    UnknownId,
    /// 403: `returnUrl` is not the registered one.
    ReturnUrl,
    /// 404: a dataset is not among those approved for the service.
    NotApproved,
    /// 408: the citizen left and the session ended (extension).
    Abandoned,
    /// 409: the person is not the one of `pid`, or `pid` is no personal id.
    PersonConflict,
    /// 410: the SP-API refused (extension).
    SpRefused,
    /// 423: the service is suspended (extension).
    Suspended,
    /// 501: the system of a dataset has ended its service.
    DatasetStopped,
    /// 504: the system of a dataset fails; its file cannot be passed on.
    DatasetFailing,
}

impl ReturnCode {
    /// Every code.
    pub const ALL: [ReturnCode; 11] = [
        Self::Refused,
        Self::BadRequest,
        Self::UnknownId,
        Self::ReturnUrl,
        Self::NotApproved,
        Self::Abandoned,
        Self::PersonConflict,
        Self::SpRefused,
        Self::Suspended,
        Self::DatasetStopped,
        Self::DatasetFailing,
    ];

    /// The number on the wire.
    pub fn number(self) -> u16 {
        match self {
            Self::Refused => 205,
            Self::BadRequest => 400,
            Self::UnknownId => 401,
            Self::ReturnUrl => 403,
            Self::NotApproved => 404,
            Self::Abandoned => 408,
            Self::PersonConflict => 409,
            Self::SpRefused => 410,
            Self::Suspended => 423,
            Self::DatasetStopped => 501,
            Self::DatasetFailing => 504,
        }
    }
}

impl TryFrom<u16> for ReturnCode {
    type Error = String;

    fn try_from(number: u16) -> Result<Self, String> {
        Self::ALL.into_iter().find(|c| c.number() == number).ok_or_else(|| format!("no return code {number}"))
    }
}

impl From<ReturnCode> for u16 {
    fn from(code: ReturnCode) -> u16 {
        code.number()
    }
}

impl fmt::Display for ReturnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows R108.
    #[test]
    fn numbers_round_trip() {
        for code in ReturnCode::ALL {
            assert_eq!(ReturnCode::try_from(code.number()), Ok(code));
        }
        assert!(ReturnCode::try_from(200).is_err());
    }
}
