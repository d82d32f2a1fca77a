//! Answers of the status APIs (PROTOCOL.md §4).

use serde::{Deserialize, Serialize};

use crate::verification::Verification;

/// How far a transaction is, as `txid_status` tells it (R140; 205, 410 and 504 are extensions).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TxStatus {
    /// 429 資料準備中
    Preparing,
    /// 200 資料已準備完成
    Ready,
    /// 201 SP 已取用資料
    Taken,
    /// 205 使用者拒絕傳送
    Refused,
    /// 410 SP-API 拒絕接收
    SpRefused,
    /// 504 無法傳送
    Undeliverable,
}

impl TxStatus {
    /// Every status.
    pub const ALL: [TxStatus; 6] =
        [Self::Preparing, Self::Ready, Self::Taken, Self::Refused, Self::SpRefused, Self::Undeliverable];

    /// The code on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Preparing => "429",
            Self::Ready => "200",
            Self::Taken => "201",
            Self::Refused => "205",
            Self::SpRefused => "410",
            Self::Undeliverable => "504",
        }
    }

    /// The text beside it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Preparing => "資料準備中",
            Self::Ready => "資料已準備完成",
            Self::Taken => "SP 已取用資料",
            Self::Refused => "使用者拒絕傳送資料",
            Self::SpRefused => "SP-API 拒絕接收通知",
            Self::Undeliverable => "無法傳送 DP 個人資料檔案",
        }
    }
}

/// Body of a successful `txid_status` answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxidStatus {
    /// See [`TxStatus::code`].
    pub code: String,
    /// See [`TxStatus::text`].
    pub text: String,
}

impl From<TxStatus> for TxidStatus {
    fn from(status: TxStatus) -> Self {
        Self { code: status.code().to_owned(), text: status.text().to_owned() }
    }
}

impl TxidStatus {
    /// The status this body tells of, if it is a known one.
    pub fn status(&self) -> Option<TxStatus> {
        TxStatus::ALL.into_iter().find(|s| s.code() == self.code)
    }
}

/// Body of a successful `type_valid` answer (R136).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeValid {
    /// How the citizen proved who they are.
    pub verification: Verification,
}
