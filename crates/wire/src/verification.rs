//! How a citizen proves who they are (R137; `TFD` is an extension).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The methods, strongest first. The order of the variants is the order of strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verification {
    /// 自然人憑證
    Cer,
    /// 晶片金融卡
    Fic,
    /// 硬體金融憑證
    Fch,
    /// 工商憑證
    Moe,
    /// TW FidO (extension)
    Tfd,
    /// 健保卡
    Nhi,
    /// 軟體金融憑證
    Fcs,
    /// 多因子
    Pii,
    /// 一次性密碼
    Otp,
    /// E政府帳號
    Gov,
}

impl Verification {
    /// Every method, strongest first.
    pub const ALL: [Verification; 10] = [
        Self::Cer,
        Self::Fic,
        Self::Fch,
        Self::Moe,
        Self::Tfd,
        Self::Nhi,
        Self::Fcs,
        Self::Pii,
        Self::Otp,
        Self::Gov,
    ];

    /// The code on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Cer => "CER",
            Self::Fic => "FIC",
            Self::Fch => "FCH",
            Self::Moe => "MOE",
            Self::Tfd => "TFD",
            Self::Nhi => "NHI",
            Self::Fcs => "FCS",
            Self::Pii => "PII",
            Self::Otp => "OTP",
            Self::Gov => "GOV",
        }
    }

    /// The name in zh-TW, as the seeds write it.
    pub fn name_zh(self) -> &'static str {
        match self {
            Self::Cer => "自然人憑證",
            Self::Fic => "晶片金融卡",
            Self::Fch => "硬體金融憑證",
            Self::Moe => "工商憑證",
            Self::Tfd => "TW FidO",
            Self::Nhi => "健保卡",
            Self::Fcs => "軟體金融憑證",
            Self::Pii => "多因子",
            Self::Otp => "一次性密碼",
            Self::Gov => "E政府帳號",
        }
    }

    /// Whether this method is at least as strong as `weakest`.
    pub fn satisfies(self, weakest: Verification) -> bool {
        self <= weakest
    }
}

/// Not one of the codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("verification must be one of CER FIC FCH MOE TFD NHI FCS PII OTP GOV")]
pub struct BadVerification;

impl FromStr for Verification {
    type Err = BadVerification;

    fn from_str(text: &str) -> Result<Self, BadVerification> {
        Self::ALL.into_iter().find(|v| v.code() == text).ok_or(BadVerification)
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows R137.
    #[test]
    fn codes_round_trip_and_strength_is_ordered() {
        for v in Verification::ALL {
            assert_eq!(v.code().parse(), Ok(v));
            assert_eq!(serde_json::to_string(&v).unwrap(), format!("\"{v}\""));
        }
        assert!(Verification::Cer.satisfies(Verification::Nhi));
        assert!(!Verification::Gov.satisfies(Verification::Nhi));
    }
}
