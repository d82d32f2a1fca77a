//! 最新消息 and 常見問題: what is written, and when it is public.

use std::fmt;
use std::str::FromStr;

use crate::time::Time;

crate::own_id::own_id!(
    /// An entry's identifier: a version 4 UUID.
    NewsId, "news id"
);

/// Longest title.
pub const MAX_TITLE: usize = 100;
/// Longest text in one language.
pub const MAX_TEXT: usize = 20_000;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NewsKind {
    /// 最新消息: the latest first.
    News,
    /// 常見問題: in the order that is set.
    Faq,
}

impl NewsKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::News, Self::Faq];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::News => "news",
            Self::Faq => "faq",
        }
    }
}

impl FromStr for NewsKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|k| k.as_str() == text).ok_or_else(|| format!("no kind of news {text:?}"))
    }
}

impl fmt::Display for NewsKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a question is about: questions stand together by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// 認識平臺
    Platform,
    /// 身分驗證
    Identity,
    /// 資料下載
    Data,
    /// 線上服務
    Services,
    /// 臨櫃與資料條碼
    Counter,
    /// 個資與安全
    Privacy,
}

impl Topic {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Platform, Self::Identity, Self::Data, Self::Services, Self::Counter, Self::Privacy];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Identity => "identity",
            Self::Data => "data",
            Self::Services => "services",
            Self::Counter => "counter",
            Self::Privacy => "privacy",
        }
    }
}

impl FromStr for Topic {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|t| t.as_str() == text).ok_or_else(|| format!("no topic {text:?}"))
    }
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its identifier.
    pub id: NewsId,
    /// What it is.
    pub kind: NewsKind,
    /// What a question is about; news, and questions of an earlier release, have none.
    pub topic: Option<Topic>,
    /// Title, or question.
    pub title: String,
    /// The same in English; possibly empty.
    pub title_en: String,
    /// Text, or answer, with [`crate::markup`].
    pub text: String,
    /// The same in English; possibly empty.
    pub text_en: String,
    /// From when it is public; none: it is not.
    pub from: Option<Time>,
    /// Until when.
    pub until: Option<Time>,
    /// Its place among questions; small ones first.
    pub place: u16,
    /// When it was changed.
    pub updated_at: Time,
    /// Grows with every change.
    pub version: i64,
}

/// How far an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Without a day.
    Draft,
    /// Public later.
    Ahead,
    /// Public.
    Public,
    /// Was public.
    Past,
}

impl Entry {
    /// How far it is.
    pub fn status(&self, now: Time) -> Status {
        match (self.from, self.until) {
            (None, _) => Status::Draft,
            (Some(_), Some(until)) if until <= now => Status::Past,
            (Some(from), _) if from > now => Status::Ahead,
            (Some(_), _) => Status::Public,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_public_from_its_day_until_its_last() {
        let entry = |from: Option<i64>, until: Option<i64>| Entry {
            id: "11111111-1111-4111-8111-111111111111".parse().unwrap(),
            kind: NewsKind::News,
            topic: None,
            title: "示範".to_owned(),
            title_en: String::new(),
            text: "示範".to_owned(),
            text_en: String::new(),
            from: from.map(Time),
            until: until.map(Time),
            place: 0,
            updated_at: Time(0),
            version: 1,
        };
        let at = |entry: &Entry| [5, 10, 19, 20].map(|now| entry.status(Time(now)));
        use Status::{Ahead, Draft, Past, Public};
        assert_eq!(at(&entry(None, None)), [Draft; 4]);
        assert_eq!(at(&entry(Some(10), None)), [Ahead, Public, Public, Public]);
        assert_eq!(at(&entry(Some(10), Some(20))), [Ahead, Public, Public, Past]);
    }
}
