//! What an account may do. One role an account.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// 申請人: the main account of an organisation.
    Applicant,
    /// 副帳號: another account of the same organisation.
    Deputy,
    /// 維運團隊.
    Operator,
    /// 目的事業主管機關: reviews what comes from the bodies in its charge.
    Authority,
    /// 數位發展部.
    Ministry,
    /// 系統管理者: accounts and settings; reviews nothing.
    Administrator,
    /// 稽核: reads everything, changes nothing.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 7] = [
        Self::Applicant,
        Self::Deputy,
        Self::Operator,
        Self::Authority,
        Self::Ministry,
        Self::Administrator,
        Self::Auditor,
    ];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applicant => "applicant",
            Self::Deputy => "deputy",
            Self::Operator => "operator",
            Self::Authority => "authority",
            Self::Ministry => "ministry",
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|r| r.as_str() == text).ok_or_else(|| {
            format!(
                "a role is applicant, deputy, operator, authority, ministry, administrator or auditor, not {text:?}"
            )
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
