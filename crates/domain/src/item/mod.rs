//! Items (項目): a dataset, a service or a counter service through its whole life, from 草稿 to 下架.
//!
//! ```text
//! 草稿 → 審核中(維運) → [目的事業主管機關] → 審核中(數發部) → 測試中 ⇄ 延長審核中
//!      → 上線審核中(維運) → 等候來文 → 上線審核中(數發部) → 試辦中 → 試辦報告審核中 → 待上架 → 已上架
//! 進行中 ⇄ 停權中        進行中, 停權中 → 下架 → 草稿
//! ```
//! A [`Stage`] carries what exists in that stage and nothing else. The [`transition`]s are the only way from one to
//! another, each a method of the stage it leaves. [`step()`] is the door for acts that come from outside: who may and what
//! is needed stands in one table, [`rule::RULES`], from which the page `docs/backoffice/states.md` is written.
//!
//! | module | decides |
//! | --- | --- |
//! | [`stage`] | the stages and what exists in each |
//! | [`transition`] | the ways between them |
//! | [`act`] | what can be done, and by whom |
//! | [`rule`] | who may, what is needed, which mail, what goes on record |
//! | [`mod@step`] | one act on an item |
//! | [`mod@due`] | what the clock does, and when |
//! | [`table`] | all of it as a page |

pub mod act;
pub mod due;
pub mod rule;
pub mod stage;
pub mod step;
pub mod table;
pub mod transition;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use act::{Act, ActName, Acting, Actor, Cause};
pub use due::{Certificate, Due, due};
pub use stage::{Running, Stage, StageName};
pub use step::{Facts, FilingChange, Refused, Stepped, Warned, step};

crate::own_id::own_id!(
    /// An item's identifier: a version 4 UUID.
    ItemId, "item id"
);

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// 資料集.
    Dataset,
    /// 服務.
    Service,
    /// 臨櫃服務.
    CounterService,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 3] = [Self::Dataset, Self::Service, Self::CounterService];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dataset => "dataset",
            Self::Service => "service",
            Self::CounterService => "counter-service",
        }
    }

    /// 申請項目, as the review list prints it (R54).
    pub fn printed(self) -> &'static str {
        match self {
            Self::Dataset => "資料",
            Self::Service => "服務",
            Self::CounterService => "臨櫃",
        }
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|k| k.as_str() == text).ok_or_else(|| format!("no kind of item {text:?}"))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
