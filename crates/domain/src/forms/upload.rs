//! Uploads as forms refer to them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

crate::own_id::own_id!(
    /// An upload's identifier: a version 4 UUID.
    UploadId, "upload id"
);

/// Most bytes of an upload: 10 MB, counted as file managers count them (R45).
pub const MAX_BYTES: u64 = 10 * 1024 * 1024;

/// What a file is uploaded as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// 測試資料.
    TestData,
    /// 檔案規格書.
    Specification,
    /// 介接API文件 (OAS檔案).
    ApiDocument,
    /// 服務介接申請書, 介接申請表.
    Application,
    /// 測試檢核表.
    Checklist,
    /// 試辦報告.
    PilotReport,
    /// 已簽章的介接申請表 of an organisation whose account the operating team opens (R66).
    SignedApplication,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Purpose; 7] = [
        Self::TestData,
        Self::Specification,
        Self::ApiDocument,
        Self::Application,
        Self::Checklist,
        Self::PilotReport,
        Self::SignedApplication,
    ];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TestData => "test-data",
            Self::Specification => "specification",
            Self::ApiDocument => "api-document",
            Self::Application => "application",
            Self::Checklist => "checklist",
            Self::PilotReport => "pilot-report",
            Self::SignedApplication => "signed-application",
        }
    }
}

impl FromStr for Purpose {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|p| p.as_str() == text)
            .ok_or_else(|| format!("no purpose of an upload {text:?}"))
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
