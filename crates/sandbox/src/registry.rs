//! The registry text with which the platform comes to know the sandbox's parties.

use mydata_wire::{CbcIv, ClientId, ClientSecret, ResourceId, ResourceSecret};
use serde::Serialize;

use crate::Addresses;
use crate::dp::faults::Fault;
use crate::dp::{Dataset, property};
use crate::lab::{Lab, LabService, StoppedDataset};
use crate::sp::Facts;

/// The counter service of 示範區公所.
const DISTRICT_OFFICE: &str = "d0c5a11e-0de5-4c0a-8b1e-7a6f00d15700";
const LOOPBACK: [&str; 2] = ["127.0.0.1/32", "::1/128"];

#[derive(Serialize)]
struct Registry {
    version: u32,
    organisation: Vec<Organisation>,
    dataset: Vec<RegisteredDataset>,
    service: Vec<RegisteredService>,
    counter_service: Vec<RegisteredCounterService>,
}

#[derive(Serialize)]
struct Organisation {
    id: &'static str,
    name: &'static str,
    name_en: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    short_name: Option<&'static str>,
    kind: &'static str,
}

#[derive(Serialize)]
struct RegisteredDataset {
    resource_id: ResourceId,
    resource_secret: String,
    zone: &'static str,
    organisation: &'static str,
    name: String,
    name_en: String,
    description: &'static str,
    description_en: &'static str,
    category: &'static str,
    fields: Vec<&'static str>,
    fields_en: Vec<&'static str>,
    weakest_verification: &'static str,
    dp_api: String,
    method: &'static str,
    expected_minutes: u32,
    state: &'static str,
    allowed_ips: [&'static str; 2],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    client_certificates: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parameter: Vec<Parameter>,
}

#[derive(Serialize)]
struct Parameter {
    key: &'static str,
    name: &'static str,
    name_en: &'static str,
    example: &'static str,
    test_value: &'static str,
    optional: bool,
}

#[derive(Serialize)]
struct RegisteredService {
    client_id: ClientId,
    client_secret: String,
    cbc_iv: String,
    zone: &'static str,
    organisation: &'static str,
    name: &'static str,
    name_en: &'static str,
    purpose: &'static str,
    purpose_en: &'static str,
    category: &'static str,
    url: String,
    terms: &'static str,
    terms_en: &'static str,
    return_urls: Vec<String>,
    sp_api: String,
    api_key: String,
    allowed_ips: [&'static str; 2],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    client_certificates: Vec<String>,
    datasets: Vec<ResourceId>,
    state: &'static str,
}

#[derive(Serialize)]
struct RegisteredCounterService {
    id: &'static str,
    zone: &'static str,
    organisation: &'static str,
    name: &'static str,
    name_en: &'static str,
    description: &'static str,
    description_en: &'static str,
    category: &'static str,
    allowed_ips: [&'static str; 2],
    state: &'static str,
    cases: Vec<Case>,
}

#[derive(Serialize)]
struct Case {
    name: &'static str,
    name_en: &'static str,
    bring: &'static str,
    required: Vec<ResourceId>,
    take: &'static str,
    delegate: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    choice: Option<Choice>,
}

#[derive(Serialize)]
struct Choice {
    count: u32,
    of: Vec<ResourceId>,
}

/// The registry of a running sandbox; the faulty DP's datasets only where it runs.
///
/// `registered` names the client certificate of a party, where it has one.
pub(crate) fn toml(
    at: &Addresses,
    bank: &Facts,
    lab: &Lab,
    registered: &dyn Fn(&str) -> Option<String>,
) -> String {
    let mut registry = Registry {
        version: 1,
        organisation: organisations(),
        dataset: datasets(at),
        service: services(at, bank, lab),
        counter_service: vec![district_office()],
    };
    for dataset in &mut registry.dataset {
        let real = Dataset::ALL.into_iter().find(|one| one.id() == dataset.resource_id);
        let party = real.map_or("lab", Dataset::key);
        dataset.client_certificates = registered(party).into_iter().collect();
    }
    for service in &mut registry.service {
        let party = if service.organisation == "demo-bank" { "bank" } else { "lab" };
        service.client_certificates = registered(party).into_iter().collect();
    }
    let text = toml::to_string(&registry).expect("plain values are TOML");
    format!("# The parties of the sandbox. Everything here is fictional.\n{text}")
}

fn organisations() -> Vec<Organisation> {
    let organisation =
        |id, kind, name, name_en, short_name| Organisation { id, name, name_en, short_name, kind };
    vec![
        organisation("demo-bank", "private", "示範銀行股份有限公司", "Demo Bank Ltd.", Some("示範銀行")),
        organisation(
            "demo-household",
            "agency",
            "示範戶政司",
            "Demo Department of Household Registration",
            None,
        ),
        organisation("demo-tax", "agency", "示範財政資訊中心", "Demo Fiscal Information Agency", None),
        organisation("demo-district", "agency", "示範區公所", "Demo District Office", None),
        organisation("demo-lab", "private", "示範試驗機構", "Demo Laboratory", None),
    ]
}

fn datasets(at: &Addresses) -> Vec<RegisteredDataset> {
    let mut datasets: Vec<RegisteredDataset> = Dataset::ALL.map(|dataset| real(dataset, at)).into();
    let nowhere = format!("{}nowhere", at.household);
    for stopped in StoppedDataset::ALL {
        let secret = format!("demoLabStopped{:02}", stopped as u32);
        let secret: ResourceSecret = secret.parse().expect("sixteen letters and digits");
        datasets.push(RegisteredDataset {
            state: stopped.state(),
            ..lab(stopped.id(), &secret, stopped.title().to_owned(), nowhere.clone())
        });
    }
    if let Some(faults) = &at.faults {
        for fault in Fault::ALL {
            let url = format!("{}{}", faults.as_str().trim_end_matches('/'), fault.path());
            datasets.push(lab(fault.id(), &fault.secret(), fault.title(), url));
        }
    }
    datasets
}

fn real(dataset: Dataset, at: &Addresses) -> RegisteredDataset {
    let (organisation, base, category, description, description_en) = match dataset {
        Dataset::Household => (
            "demo-household",
            &at.household,
            "戶役政",
            "戶籍登記的個人記事。",
            "Your entry in the household register.",
        ),
        Dataset::Kin => {
            ("demo-household", &at.kin, "戶役政", "父母、配偶、子女等親屬。", "Parents, spouse, children.")
        }
        Dataset::Property => (
            "demo-tax",
            &at.property,
            "財稅金融",
            "某一年度名下的土地、房屋與車輛。",
            "Land, houses and vehicles in your name in a given year.",
        ),
    };
    let parameter = match dataset {
        Dataset::Property => vec![Parameter {
            key: property::YEAR,
            name: "查詢年度",
            name_en: "Year",
            example: "例：114（民國年）",
            test_value: "114",
            optional: false,
        }],
        _ => Vec::new(),
    };
    RegisteredDataset {
        resource_id: dataset.id(),
        resource_secret: dataset.secret().expose().to_owned(),
        zone: "test",
        organisation,
        name: dataset.title().to_owned(),
        name_en: dataset.title_en().to_owned(),
        description,
        description_en,
        category,
        fields: dataset.fields().iter().map(|(zh, _)| *zh).collect(),
        fields_en: dataset.fields().iter().map(|(_, en)| *en).collect(),
        weakest_verification: dataset.weakest().code(),
        dp_api: format!("{}{}", base.as_str().trim_end_matches('/'), dataset.path()),
        method: "GET",
        expected_minutes: 1,
        state: "listed",
        allowed_ips: LOOPBACK,
        client_certificates: Vec::new(),
        parameter,
    }
}

fn lab(id: ResourceId, secret: &ResourceSecret, name: String, dp_api: String) -> RegisteredDataset {
    RegisteredDataset {
        name_en: format!("Laboratory dataset {}", id.as_str()),
        resource_id: id,
        resource_secret: secret.expose().to_owned(),
        zone: "test",
        organisation: "demo-lab",
        name,
        description: "供工程師試驗異常狀況。",
        description_en: "For engineers who try what goes wrong.",
        category: "綜合",
        fields: vec!["試驗"],
        fields_en: vec!["Trial"],
        weakest_verification: "NHI",
        dp_api,
        method: "GET",
        expected_minutes: 1,
        state: "listed",
        allowed_ips: LOOPBACK,
        client_certificates: Vec::new(),
        parameter: Vec::new(),
    }
}

fn services(at: &Addresses, bank: &Facts, lab: &Lab) -> Vec<RegisteredService> {
    let mut services = vec![RegisteredService {
        name: "線上開戶",
        name_en: "Open an account online",
        purpose: "線上開戶身分與財力審核",
        purpose_en: "Checking identity and means for a new account",
        category: "民生消費/財務管理/開戶",
        terms: "本服務經您同意後，透過 MyData 取得您的個人戶籍、親屬關係與財產資料，僅用於審核本次開戶申請。\n\n\
                審核完成後，資料依法保存五年；未通過者於三十日內銷毀。您可隨時來電詢問資料的使用情形。",
        terms_en: "With your consent this service obtains your household, family and property data through \
                   MyData and uses them only to decide on this application.\n\n\
                   Data are kept for five years as the law requires; those of rejected applications are destroyed \
                   within thirty days. Ask us at any time how they are used.",
        organisation: "demo-bank",
        ..registered(bank, at.bank.as_str(), at.bank.as_str())
    }];
    for service in LabService::ALL {
        if service == LabService::Faults && at.faults.is_none() {
            continue;
        }
        let facts = lab.service(service).facts();
        services.push(RegisteredService {
            name: service.title(),
            state: if service == LabService::Suspended { "suspended" } else { "listed" },
            datasets: service.approved(),
            ..registered(facts, at.lab.as_str(), at.lab.as_str())
        });
    }
    services
}

/// 示範區公所's counter, whose clerks work on this machine: one case to take away or to look at, with data to choose from and a
/// delegate who may go; one to look at only.
fn district_office() -> RegisteredCounterService {
    RegisteredCounterService {
        id: DISTRICT_OFFICE,
        zone: "test",
        organisation: "demo-district",
        name: "示範區公所臨櫃服務",
        name_en: "Demo District Office counter",
        description: "到示範區公所辦理時，出示資料條碼即可，不必攜帶紙本證明。",
        description_en: "Show a data barcode at the district office's counter instead of bringing papers.",
        category: "社會福利/臨櫃申請",
        allowed_ips: LOOPBACK,
        state: "listed",
        cases: vec![
            Case {
                name: "生活津貼申請",
                name_en: "Apply for a living allowance",
                bring: "身分證明文件\n存摺封面影本",
                required: vec![Dataset::Household.id()],
                take: "both",
                delegate: true,
                choice: Some(Choice { count: 1, of: vec![Dataset::Kin.id(), Dataset::Property.id()] }),
            },
            Case {
                name: "戶籍資料核對",
                name_en: "Check a household registration",
                bring: "",
                required: vec![Dataset::Household.id()],
                take: "preview",
                delegate: false,
                choice: None,
            },
        ],
    }
}

fn registered(facts: &Facts, base: &str, url: &str) -> RegisteredService {
    let secret: &ClientSecret = &facts.service.client_secret;
    let iv: &CbcIv = &facts.service.cbc_iv;
    RegisteredService {
        client_id: facts.service.client_id.clone(),
        client_secret: secret.expose().to_owned(),
        cbc_iv: iv.expose().to_owned(),
        zone: "test",
        organisation: "demo-lab",
        name: "試驗服務",
        name_en: "Laboratory service",
        purpose: "試驗平臺如何處理異常狀況",
        purpose_en: "Trying what the platform does when something goes wrong",
        category: "綜合/試驗/異常",
        url: url.to_owned(),
        terms: "這是試驗服務，只使用虛構人物的資料。",
        terms_en: "This is a laboratory service; it uses fictional people's data only.",
        return_urls: vec![facts.return_url.clone()],
        sp_api: format!("{}{}", base.trim_end_matches('/'), facts.notification_path),
        api_key: facts.api_key.clone(),
        allowed_ips: LOOPBACK,
        client_certificates: Vec::new(),
        datasets: facts.datasets.clone(),
        state: "listed",
    }
}
