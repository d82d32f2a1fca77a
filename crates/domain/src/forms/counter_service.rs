//! 臨櫃服務申請單.

use serde::{Deserialize, Serialize};

use super::reader::{DESCRIPTION, NAME, Reader};
use super::upload::{Purpose, UploadId};
use super::{Context, Fault, FieldError, Fields};
use crate::address::AllowList;
use crate::counter_service::{Case, Choice, CounterService, CounterServiceId, Take};
use crate::entry::MAX_DATASETS;
use crate::organisation::OrganisationId;
use crate::service::ServiceState;
use crate::text::BadText;
use crate::zone::Zone;

/// Most cases of a counter service.
pub const MAX_CASES: usize = 30;

/// 臨櫃服務申請單.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CounterServiceForm {
    /// 服務類別, three levels with `/`.
    pub category: String,
    /// 服務名稱.
    pub name: String,
    /// The same in English; empty where there is none.
    #[serde(default)]
    pub name_en: String,
    /// 服務說明, for citizens.
    pub description: String,
    /// The same in English.
    #[serde(default)]
    pub description_en: String,
    /// 服務介接申請書.
    pub application: UploadId,
    /// 臨櫃 IP: from where its clerks work.
    #[serde(rename = "ip")]
    pub ips: AllowList,
    /// 案件.
    #[serde(rename = "case")]
    pub cases: Vec<CaseForm>,
}

/// One case as it is filed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseForm {
    /// 案件名稱.
    pub name: String,
    /// The same in English.
    #[serde(default)]
    pub name_en: String,
    /// What the citizen brings, one a line.
    #[serde(default)]
    pub bring: String,
    /// 必要資料集.
    #[serde(default)]
    pub required: Vec<mydata_wire::ResourceId>,
    /// Datasets of which some are chosen.
    #[serde(default)]
    pub choice: Vec<mydata_wire::ResourceId>,
    /// How many of them; 0 when there are none to choose from.
    #[serde(default)]
    pub choose: u32,
    /// 預覽, 取資料 or both.
    pub take: Take,
    /// 可代辦.
    pub delegate: bool,
}

impl CounterServiceForm {
    /// Reads the form.
    ///
    /// # Errors
    /// Every field at fault.
    pub fn read(fields: &Fields, context: &Context) -> Result<Self, Vec<FieldError>> {
        let mut r = Reader::new(fields, context);
        let category = r.one_of("category", &context.service_categories);
        let name = r.line("name", NAME);
        let name_en = r.optional_line("name_en", NAME * 2);
        let description = r.paragraphs("description", DESCRIPTION);
        let description_en = r.optional_paragraphs("description_en", DESCRIPTION);
        let application = r.upload("application", Purpose::Application);
        let ips = r.addresses("ip", 1);
        let cases = cases(&mut r, "case");
        r.finish(|| {
            Some(Self {
                category,
                name,
                name_en,
                description,
                description_en,
                application: application?,
                ips,
                cases,
            })
        })
    }

    /// As it is registered.
    pub fn to_counter_service(
        &self,
        id: CounterServiceId,
        zone: Zone,
        organisation: OrganisationId,
        state: ServiceState,
    ) -> CounterService {
        let case = |c: &CaseForm| Case {
            name: c.name.clone(),
            name_en: c.name_en.clone(),
            bring: c.bring.clone(),
            required: c.required.clone(),
            choice: (!c.choice.is_empty()).then(|| Choice { count: c.choose, of: c.choice.clone() }),
            take: c.take,
            delegate: c.delegate,
        };
        CounterService {
            id,
            zone,
            organisation,
            name: self.name.clone(),
            name_en: if self.name_en.is_empty() { self.name.clone() } else { self.name_en.clone() },
            description: self.description.clone(),
            description_en: self.description_en.clone(),
            category: self.category.clone(),
            allowed_ips: self.ips.clone(),
            pilot: None,
            cases: self.cases.iter().map(case).collect(),
            state,
        }
    }
}

/// Reads the cases of this list.
pub(super) fn cases(r: &mut Reader<'_>, list: &str) -> Vec<CaseForm> {
    let (mut cases, mut names) = (Vec::new(), Vec::new());
    for row in r.rows(list, 1, MAX_CASES) {
        if let Some(case) = case(r, list, row) {
            names.push((row, case.name.clone()));
            cases.push(case);
        }
    }
    r.unique(list, "name", &names);
    cases
}

fn case(r: &mut Reader<'_>, list: &str, row: usize) -> Option<CaseForm> {
    let path = |field: &str| format!("{list}[{row}].{field}");
    let name = r.line(&path("name"), NAME);
    let name_en = r.optional_line(&path("name_en"), NAME * 2);
    let bring = r.optional_paragraphs(&path("bring"), DESCRIPTION);
    let required = r.datasets(&path("required"), 0, MAX_DATASETS);
    let choice = r.datasets(&path("choice"), 0, MAX_DATASETS);
    if r.fields().rows(&path("required")).is_empty() && r.fields().rows(&path("choice")).is_empty() {
        r.fault(&path("required"), Fault::Text(BadText::Missing));
    }
    for (at, id) in choice.iter().enumerate() {
        if let Some(first) = required.iter().position(|other| other == id) {
            r.fault(&path(&format!("choice[{at}]")), Fault::Twice { first: first + 1 });
        }
    }
    let most = u32::try_from(choice.len()).unwrap_or(u32::MAX);
    let choose = if choice.is_empty() { 0 } else { r.number(&path("choose"), 1, most, 1) };
    if required.len() + choose as usize > MAX_DATASETS {
        r.fault(&path("choose"), Fault::TooMany { max: MAX_DATASETS });
    }
    let take = r.choice(&path("take"), |text| Take::ALL.into_iter().find(|t| t.as_str() == text));
    let delegate = r.flag(&path("delegate"));
    Some(CaseForm { name, name_en, bring, required, choice, choose, take: take?, delegate })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const APPLICATION: &str = "11111111-1111-4111-8111-111111111111";

    fn context() -> Context {
        Context {
            service_categories: vec!["社會福利/臨櫃申請/津貼".to_owned()],
            datasets: ["API.0000000001", "API.0000000002", "API.0000000003"]
                .map(|id| id.parse().unwrap())
                .to_vec(),
            uploads: [(APPLICATION.parse().unwrap(), Purpose::Application)].into(),
            ..Context::bare(date(2026, 11, 21))
        }
    }

    fn typed() -> Fields {
        Fields::new()
            .with("category", "社會福利/臨櫃申請/津貼")
            .with("name", "示範區公所津貼")
            .with("description", "臨櫃申請津貼。")
            .with("application", APPLICATION)
            .with("ip[0]", "163.22.21.0/28")
            .with("case[0].name", "育兒津貼")
            .with("case[0].required[0]", "API.0000000001")
            .with("case[0].choice[0]", "API.0000000002")
            .with("case[0].choice[1]", "API.0000000003")
            .with("case[0].choose", "1")
            .with("case[0].take", "both")
            .with("case[0].delegate", "on")
    }

    #[test]
    fn cases_with_needed_and_chosen_datasets_are_read() {
        let form = CounterServiceForm::read(&typed(), &context()).unwrap();
        let id = "22222222-2222-4222-8222-222222222222".parse().unwrap();
        let record =
            form.to_counter_service(id, Zone::Test, "demo-office".parse().unwrap(), ServiceState::Listed);
        let case = &record.cases[0];
        assert_eq!((case.required.len(), case.take, case.delegate), (1, Take::Both, true));
        assert_eq!(case.choice.as_ref().map(|c| (c.count, c.of.len())), Some((1, 2)));
        let content = serde_json::to_value(&form).unwrap();
        assert_eq!(CounterServiceForm::read(&Fields::from_content(&content), &context()).unwrap(), form);
    }

    #[test]
    fn every_field_at_fault_is_named() {
        let fields = typed()
            .with("case[0].choose", "3")
            .with("case[1].name", "育兒津貼")
            .with("case[2].name", "其他")
            .with("case[2].required[0]", "API.0000000001")
            .with("case[2].choice[0]", "API.0000000001")
            .with("case[2].take", "look");
        let errors = CounterServiceForm::read(&fields, &context()).unwrap_err();
        let named: Vec<(String, Fault)> = errors.into_iter().map(|e| (e.path, e.fault)).collect();
        for (path, fault) in [
            ("case[0].choose", Fault::OutOfRange { min: 1, max: 2 }),
            ("case[1].required", Fault::Text(BadText::Missing)),
            ("case[1].take", Fault::Text(BadText::Missing)),
            ("case[2].choice[0]", Fault::Twice { first: 1 }),
            ("case[2].take", Fault::NotAChoice),
        ] {
            assert!(named.contains(&(path.to_owned(), fault.clone())), "{path} {fault:?} in {named:?}");
        }
        let empty = CounterServiceForm::read(&Fields::new(), &context()).unwrap_err();
        let empty: Vec<&str> = empty.iter().map(|e| e.path.as_str()).collect();
        assert_eq!(empty, ["category", "name", "description", "application", "ip", "case"]);
    }
}
