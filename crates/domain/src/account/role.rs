//! What an account may do, as one word.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The role of an account; one each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// 申請人: the main account of an organisation.
    Applicant,
    /// 副帳號: a further account of the organisation (R87).
    Deputy,
    /// 維運團隊.
    Operator,
    /// 目的事業主管機關, of one organisation (R9).
    Authority,
    /// 數位發展部.
    Ministry,
    /// 系統管理者.
    Administrator,
    /// 稽核: reads everything, changes nothing.
    Auditor,
}

impl Role {
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
        match text {
            "applicant" => Ok(Self::Applicant),
            "deputy" => Ok(Self::Deputy),
            "operator" => Ok(Self::Operator),
            "authority" => Ok(Self::Authority),
            "ministry" => Ok(Self::Ministry),
            "administrator" => Ok(Self::Administrator),
            "auditor" => Ok(Self::Auditor),
            other => Err(format!(
                "a role is applicant, deputy, operator, authority, ministry, administrator or auditor, not {other:?}"
            )),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
