//! Counter services (臨櫃服務): what citizens apply for at a counter, and which data each case needs.

use mydata_wire::ResourceId;
use serde::{Deserialize, Serialize};

use crate::address::AllowList;
use crate::organisation::OrganisationId;
use crate::service::ServiceState;
use crate::zone::Zone;

crate::own_id::own_id!(
    /// A counter service's identifier: a version 4 UUID.
    CounterServiceId, "counter service id"
);

/// What a clerk may do with the citizen's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Take {
    /// 預覽.
    Preview,
    /// 取資料.
    Save,
    /// Both.
    Both,
}

impl Take {
    /// Every way.
    pub const ALL: [Take; 3] = [Self::Preview, Self::Save, Self::Both];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Save => "save",
            Self::Both => "both",
        }
    }

    /// Whether the clerk may look at it.
    pub fn previews(self) -> bool {
        matches!(self, Self::Preview | Self::Both)
    }

    /// Whether the clerk may take it.
    pub fn saves(self) -> bool {
        matches!(self, Self::Save | Self::Both)
    }
}

/// Datasets of which the citizen chooses some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// How many are chosen; at least 1 and at most as many as there are.
    pub count: u32,
    /// Of these.
    pub of: Vec<ResourceId>,
}

/// One case (案件) of a counter service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The same in English; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name_en: String,
    /// What the citizen brings, one a line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bring: String,
    /// Datasets that are always needed.
    #[serde(default)]
    pub required: Vec<ResourceId>,
    /// Datasets of which some are chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
    /// What the clerk may do.
    pub take: Take,
    /// Whether a delegate (代辦人) may go in the citizen's place.
    #[serde(default)]
    pub delegate: bool,
}

/// What is wrong with a choice of datasets for a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadChoice {
    /// A dataset that is always needed is missing, or one was chosen that the case does not name.
    #[error("the case needs other datasets")]
    Other,
    /// Too many or too few of those that may be chosen.
    #[error("{count} datasets are to be chosen, not {chosen}")]
    Count {
        /// So many are to be chosen.
        count: u32,
        /// So many were.
        chosen: usize,
    },
}

impl Case {
    /// Judges what a citizen chose for it.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self, chosen: &[ResourceId]) -> Result<(), BadChoice> {
        if self.required.iter().any(|id| !chosen.contains(id)) {
            return Err(BadChoice::Other);
        }
        let rest: Vec<_> = chosen.iter().filter(|id| !self.required.contains(id)).collect();
        let (count, of) = self.choice.as_ref().map_or((0, &[][..]), |choice| (choice.count, &choice.of[..]));
        if rest.iter().any(|id| !of.contains(id)) {
            return Err(BadChoice::Other);
        }
        if u32::try_from(rest.len()) == Ok(count) {
            Ok(())
        } else {
            Err(BadChoice::Count { count, chosen: rest.len() })
        }
    }
}

impl CounterService {
    /// Whether it may be used.
    pub fn is_listed(&self) -> bool {
        self.state == ServiceState::Listed
    }

    /// A case of it, by its name.
    pub fn case(&self, name: &str) -> Option<&Case> {
        self.cases.iter().find(|case| case.name == name)
    }
}

/// A counter service as it is registered. It has no secret: a clerk is known by address and by the citizen's codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CounterService {
    /// Its identifier.
    pub id: CounterServiceId,
    /// Test or production.
    pub zone: Zone,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// 服務名稱.
    pub name: String,
    /// The same in English.
    pub name_en: String,
    /// 服務說明.
    pub description: String,
    /// The same in English; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description_en: String,
    /// 服務類別, up to three levels with `/`.
    pub category: String,
    /// From where its clerks may work.
    pub allowed_ips: AllowList,
    /// 試辦 (R15): from where citizens may come meanwhile; none when everybody may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pilot: Option<AllowList>,
    /// Its cases; at least one.
    pub cases: Vec<Case>,
    /// Whether it may be used.
    pub state: ServiceState,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_asked_for_with_what_it_needs_and_as_many_as_it_says() {
        let id = |text: &str| -> ResourceId { format!("API.{text:0>10}").parse().unwrap() };
        let case = Case {
            name: "低收入戶申請".to_owned(),
            name_en: String::new(),
            bring: String::new(),
            required: vec![id("need")],
            choice: Some(Choice { count: 2, of: ["a", "b", "c"].map(id).to_vec() }),
            take: Take::Both,
            delegate: false,
        };
        let check = |ids: &[&str]| case.check(&ids.iter().map(|text| id(text)).collect::<Vec<_>>());
        assert_eq!(check(&["need", "a", "c"]), Ok(()));
        assert_eq!(check(&["a", "c"]), Err(BadChoice::Other), "what is needed is missing");
        assert_eq!(check(&["need", "a", "x"]), Err(BadChoice::Other), "nobody offered it");
        assert_eq!(check(&["need", "a"]), Err(BadChoice::Count { count: 2, chosen: 1 }));
        let all = ["need", "a", "b", "c"];
        assert_eq!(check(&all), Err(BadChoice::Count { count: 2, chosen: 3 }));
        let plain = Case { choice: None, ..case.clone() };
        assert_eq!(plain.check(&[id("need")]), Ok(()));
    }
}
