//! Why a zip is refused.

use std::io;

use super::{MAX_ENTRIES, MAX_RATIO};

/// What is wrong with an entry's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameFault {
    /// Begins with `/` or a drive letter.
    Absolute,
    /// Has a part `..`.
    Parent,
    /// Has a backslash, which some programs take for a separator.
    Backslash,
    /// Has an empty part, a part `.`, or a control character; or is empty.
    Form,
    /// Not UTF-8.
    NotUtf8,
    /// Of a symbolic link.
    Link,
}

impl NameFault {
    fn text(self) -> &'static str {
        match self {
            Self::Absolute => "is absolute",
            Self::Parent => "has a part ..",
            Self::Backslash => "has a backslash",
            Self::Form => "has an empty part, a part . or a control character",
            Self::NotUtf8 => "is not UTF-8",
            Self::Link => "is a symbolic link's",
        }
    }

    fn zh(self) -> &'static str {
        match self {
            Self::Absolute => "為絕對路徑",
            Self::Parent => "含有「..」",
            Self::Backslash => "含有反斜線",
            Self::Form => "含有空白路徑段、「.」或控制字元",
            Self::NotUtf8 => "不是 UTF-8 編碼",
            Self::Link => "為符號連結",
        }
    }
}

/// Why a zip is refused. Names of files are shown as they stand in the zip, up to 100 characters.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// It could not be read.
    #[error("it could not be read: {0}")]
    Read(#[from] io::Error),
    /// Not a zip, or a broken one.
    #[error("it is not a sound zip: {0}")]
    Structure(&'static str),
    /// Too many entries.
    #[error("it has {found} entries; at most {MAX_ENTRIES} are accepted")]
    TooManyEntries {
        /// As the zip says.
        found: u64,
    },
    /// Too much content.
    #[error("its content is larger than the {limit} bytes accepted")]
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    /// A zip bomb, or a file that packs as well as one.
    #[error("{file} unpacks to more than {MAX_RATIO} times its packed size")]
    Ratio {
        /// The entry.
        file: String,
    },
    /// A name that could lead out of a folder.
    #[error("the name {file} {}", .fault.text())]
    Name {
        /// The entry.
        file: String,
        /// What is wrong.
        fault: NameFault,
    },
    /// A name that stands twice.
    #[error("{file} is inside twice")]
    Duplicate {
        /// The entry.
        file: String,
    },
    /// An encrypted entry.
    #[error("{file} is encrypted; zip encryption is not accepted")]
    Encrypted {
        /// The entry.
        file: String,
    },
    /// A compression other than deflate.
    #[error("{file} is compressed with method {method}; only stored and deflate are accepted")]
    Method {
        /// The entry.
        file: String,
        /// Its number in the zip specification.
        method: u16,
    },
    /// The two places that describe an entry do not agree, or entries overlap.
    #[error("the zip describes {file} in two ways")]
    Inconsistent {
        /// The entry.
        file: String,
    },
    /// The content is not what its size and check sum say.
    #[error("{file} is damaged: {reason}")]
    Damaged {
        /// The entry.
        file: String,
        /// How.
        reason: &'static str,
    },
}

impl ZipError {
    /// The error in zh-TW, for pages and problem answers.
    pub fn zh(&self) -> String {
        match self {
            Self::Read(_) => "無法讀取".to_owned(),
            Self::Structure(_) => "不是完整的 ZIP 檔".to_owned(),
            Self::TooManyEntries { found } => {
                format!("內含 {found} 個項目,超過上限 {MAX_ENTRIES} 個")
            }
            Self::TooLarge { limit } => format!("解壓縮後超過上限 {limit} 位元組"),
            Self::Ratio { file } => format!("「{file}」的壓縮比超過 {MAX_RATIO} 倍"),
            Self::Name { file, fault } => format!("檔名「{file}」{}", fault.zh()),
            Self::Duplicate { file } => format!("「{file}」重複出現"),
            Self::Encrypted { file } => format!("「{file}」經過 ZIP 加密,不予接受"),
            Self::Method { file, .. } => format!("「{file}」的壓縮方式不予接受,僅接受 stored 與 deflate"),
            Self::Inconsistent { file } => format!("ZIP 檔對「{file}」的描述前後不一致"),
            Self::Damaged { file, .. } => format!("「{file}」已損毀"),
        }
    }

    /// As an I/O error, out of which [`from_io`](Self::from_io) takes it again.
    pub(crate) fn into_io(self) -> io::Error {
        match self {
            Self::Read(e) => e,
            other => io::Error::new(io::ErrorKind::InvalidData, other),
        }
    }

    pub(crate) fn from_io(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(inner) => inner,
            Err(error) => Self::Read(error),
        }
    }
}
