//! Test and production (R94).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a service or dataset lives. Credentials belong to a zone; a service only asks for datasets of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Zone {
    /// 測試區: virtual data.
    Test,
    /// 正式區: real data.
    Production,
}

impl Zone {
    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Production => "production",
        }
    }
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "test" => Ok(Self::Test),
            "production" => Ok(Self::Production),
            other => Err(format!("zone must be test or production, not {other:?}")),
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
