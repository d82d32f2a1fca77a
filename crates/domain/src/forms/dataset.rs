//! 資料提供者申請單 (R37, R39, R42–R47, R58–R63).

use mydata_wire::{ResourceId, Verification};
use serde::{Deserialize, Serialize};
use url::Url;

use super::reader::{DESCRIPTION, NAME, Reader};
use super::upload::{Purpose, UploadId};
use super::{Context, Fault, FieldError, Fields};
use crate::address::AllowList;
use crate::client_certificate::ClientCertificate;
use crate::dataset::{Dataset, DatasetState, DpMethod};
use crate::organisation::OrganisationId;
use crate::parameter::{MAX_VALUE_CHARS, Parameter, ParameterKey};
use crate::text::BadText;
use crate::zone::Zone;

/// Most names of fields.
pub const MAX_FIELDS: usize = 200;
/// Most rows of parameters.
pub const MAX_PARAMETERS: usize = 30;
/// The longest that a citizen may be told to wait, in minutes.
pub const MAX_MINUTES: u32 = 24 * 60;

/// 資料提供者申請單.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetForm {
    /// 類別.
    pub category: String,
    /// 資料集名稱.
    pub name: String,
    /// The same in English; empty where there is none.
    #[serde(default)]
    pub name_en: String,
    /// 資料集說明, for citizens.
    #[serde(default)]
    pub description: String,
    /// The same in English.
    #[serde(default)]
    pub description_en: String,
    /// 資料集欄位中文名稱 (R58).
    #[serde(rename = "field")]
    pub fields: Vec<String>,
    /// The same in English; as many, or none.
    #[serde(default, rename = "field_en")]
    pub fields_en: Vec<String>,
    /// 需要的身分驗證安全等級.
    pub weakest_verification: Verification,
    /// DP-API網址.
    pub dp_api: Url,
    /// Its IP addresses (R37).
    #[serde(default, rename = "dp_ip")]
    pub dp_ips: AllowList,
    /// 連線至MyDataAPIs之主機IP位置 (R37).
    #[serde(default, rename = "client_ip")]
    pub client_ips: AllowList,
    /// By which certificates those hosts are recognised besides (R97).
    #[serde(default, rename = "client_certificate", skip_serializing_if = "Vec::is_empty")]
    pub client_certificates: Vec<ClientCertificate>,
    /// How the DP-API is called.
    pub method: DpMethod,
    /// How long a citizen should expect to wait.
    pub expected_minutes: u32,
    /// DP-API自訂參數 (R59).
    #[serde(default, rename = "parameter")]
    pub parameters: Vec<Parameter>,
    /// 顯示前台; otherwise 不顯示前台且不可被取用 (R43).
    pub shown: bool,
    /// 啟用輪詢 (R42).
    pub polled: bool,
    /// The certificate that signs its packages (PEM), where it is registered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub certificate: String,
    /// 測試資料.
    pub test_data: UploadId,
    /// 檔案規格書.
    pub specification: UploadId,
    /// OAS檔案.
    pub api_document: UploadId,
}

impl DatasetForm {
    /// Reads the form.
    ///
    /// # Errors
    /// Every field at fault.
    pub fn read(fields: &Fields, context: &Context) -> Result<Self, Vec<FieldError>> {
        let mut r = Reader::new(fields, context);
        let category = r.one_of("category", &context.dataset_categories);
        let name = r.line("name", NAME);
        let name_en = r.optional_line("name_en", NAME * 2);
        let description = r.optional_paragraphs("description", DESCRIPTION);
        let description_en = r.optional_paragraphs("description_en", DESCRIPTION);
        let named = r.names("field", 1, MAX_FIELDS);
        let named_en = r.names("field_en", 0, MAX_FIELDS);
        if !named_en.is_empty() && named_en.len() != named.len() {
            r.fault("field_en", Fault::NotAsMany { needed: named.len() });
        }
        let weakest_verification = r.choice("weakest_verification", |text| text.parse().ok());
        let dp_api = r.url("dp_api", true);
        let dp_ips = r.addresses("dp_ip", 1);
        let client_ips = r.addresses("client_ip", 1);
        let client_certificates = r.client_certificates("client_certificate");
        let method = match fields.text("method").trim() {
            "" => Some(DpMethod::Get),
            _ => r.choice("method", |text| match text {
                "GET" => Some(DpMethod::Get),
                "POST" => Some(DpMethod::Post),
                _ => None,
            }),
        };
        let expected_minutes = r.number("expected_minutes", 1, MAX_MINUTES, 1);
        let parameters = parameters(&mut r);
        let shown = r.flag("shown");
        let polled = r.flag("polled");
        let certificate = certificate(&mut r, "certificate");
        let test_data = r.upload("test_data", Purpose::TestData);
        let specification = r.upload("specification", Purpose::Specification);
        let api_document = r.upload("api_document", Purpose::ApiDocument);
        r.finish(|| {
            Some(Self {
                category,
                name,
                name_en,
                description,
                description_en,
                fields: named,
                fields_en: named_en,
                weakest_verification: weakest_verification?,
                dp_api: dp_api?,
                dp_ips,
                client_ips,
                client_certificates,
                method: method?,
                expected_minutes,
                parameters,
                shown,
                polled,
                certificate,
                test_data: test_data?,
                specification: specification?,
                api_document: api_document?,
            })
        })
    }

    /// As it stands in the registry.
    pub fn to_dataset(
        &self,
        resource_id: ResourceId,
        zone: Zone,
        organisation: OrganisationId,
        state: DatasetState,
    ) -> Dataset {
        Dataset {
            resource_id,
            zone,
            organisation,
            name: self.name.clone(),
            name_en: if self.name_en.is_empty() { self.name.clone() } else { self.name_en.clone() },
            description: self.description.clone(),
            description_en: self.description_en.clone(),
            category: self.category.clone(),
            fields: self.fields.clone(),
            fields_en: self.fields_en.clone(),
            weakest_verification: self.weakest_verification,
            dp_api: self.dp_api.clone(),
            method: self.method,
            expected_minutes: self.expected_minutes,
            state,
            maintenance: false,
            signer_certificate: (!self.certificate.is_empty()).then(|| self.certificate.clone()),
            allowed_ips: self.client_ips.clone(),
            client_certificates: self.client_certificates.clone(),
            dp_ips: self.dp_ips.clone(),
            pilot: None,
            parameters: self.parameters.clone(),
        }
    }
}

fn parameters(r: &mut Reader<'_>) -> Vec<Parameter> {
    let mut out = Vec::new();
    let mut keys = Vec::new();
    for row in r.rows("parameter", 0, MAX_PARAMETERS) {
        let path = |field: &str| format!("parameter[{row}].{field}");
        let typed = r.fields().text(&path("key")).trim();
        let key = match ParameterKey::try_from(typed.to_owned()) {
            Ok(key) => Some(key),
            Err(_) => {
                let form = (1..=64).contains(&typed.len())
                    && typed.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
                r.fault(
                    &path("key"),
                    match (typed.is_empty(), form) {
                        (true, _) => Fault::Text(BadText::Missing),
                        (false, true) => Fault::ReservedKey,
                        (false, false) => Fault::BadKey,
                    },
                );
                None
            }
        };
        let name = r.line(&path("name"), NAME);
        let name_en = r.optional_line(&path("name_en"), NAME * 2);
        let example = r.line(&path("example"), MAX_VALUE_CHARS);
        let test_value = r.line(&path("test_value"), MAX_VALUE_CHARS);
        let optional = r.flag(&path("optional"));
        if let Some(key) = key {
            keys.push((row, key.as_str().to_ascii_lowercase()));
            let name_en = (!name_en.is_empty()).then_some(name_en);
            out.push(Parameter { key, name, name_en, example, test_value, optional });
        }
    }
    r.unique("parameter", "key", &keys);
    out
}

/// A certificate as it is pasted; whether it is a good one is asked where certificates are read.
pub(super) fn certificate(r: &mut Reader<'_>, path: &str) -> String {
    let text = r.optional_paragraphs(path, 20_000);
    let fits = text.is_empty()
        || (text.starts_with("-----BEGIN CERTIFICATE-----") && text.ends_with("-----END CERTIFICATE-----"));
    if !fits {
        r.fault(path, Fault::NotACertificate);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const TEST_DATA: &str = "11111111-1111-4111-8111-111111111111";
    const SPECIFICATION: &str = "22222222-2222-4222-8222-222222222222";
    const OAS: &str = "33333333-3333-4333-8333-333333333333";

    fn context() -> Context {
        Context {
            dataset_categories: vec!["戶役政".to_owned(), "交通".to_owned()],
            uploads: [
                (TEST_DATA.parse().unwrap(), Purpose::TestData),
                (SPECIFICATION.parse().unwrap(), Purpose::Specification),
                (OAS.parse().unwrap(), Purpose::ApiDocument),
            ]
            .into(),
            ..Context::bare(date(2026, 11, 21))
        }
    }

    fn typed() -> Fields {
        Fields::new()
            .with("category", "戶役政")
            .with("name", "示範戶籍資料")
            .with("field[0]", "姓名")
            .with("field[2]", "出生日期")
            .with("weakest_verification", "NHI")
            .with("dp_api", "https://api.household.example/v1/data")
            .with("dp_ip[0]", "163.22.21.64")
            .with("client_ip[0]", "163.22.21.0/24")
            .with("parameter[0].key", "INQ_YR")
            .with("parameter[0].name", "查詢年度")
            .with("parameter[0].example", "例:114")
            .with("parameter[0].test_value", "114")
            .with("parameter[0].optional", "on")
            .with("shown", "on")
            .with("test_data", TEST_DATA)
            .with("specification", SPECIFICATION)
            .with("api_document", OAS)
    }

    fn faults(fields: &Fields) -> Vec<(String, Fault)> {
        let errors = DatasetForm::read(fields, &context()).unwrap_err();
        errors.into_iter().map(|e| (e.path, e.fault)).collect()
    }

    /// Shows R37, R43, R58, R59, R63.
    #[test]
    fn a_filled_in_form_becomes_a_registry_record() {
        let form = DatasetForm::read(&typed(), &context()).unwrap();
        assert_eq!(form.fields, ["姓名", "出生日期"]);
        assert!(form.shown && !form.polled && form.parameters[0].optional);
        let id: ResourceId = "API.Kr1C3b1ijJ".parse().unwrap();
        let record = form.to_dataset(id, Zone::Test, "household".parse().unwrap(), DatasetState::Listed);
        assert_eq!((record.name_en.as_str(), record.expected_minutes), ("示範戶籍資料", 1));
        assert!(record.allowed_ips.permits("163.22.21.9".parse().unwrap()));
        assert_eq!(record.parameters[0].key.as_str(), "INQ_YR");
        let content = serde_json::to_value(&form).unwrap();
        assert_eq!(serde_json::from_value::<DatasetForm>(content.clone()).unwrap(), form);
        assert_eq!(DatasetForm::read(&Fields::from_content(&content), &context()).unwrap(), form);
    }

    /// Shows R59.
    #[test]
    fn every_field_at_fault_is_named() {
        let empty: Vec<String> = faults(&Fields::new()).into_iter().map(|(path, _)| path).collect();
        assert_eq!(
            empty,
            [
                "category",
                "name",
                "field",
                "weakest_verification",
                "dp_api",
                "dp_ip",
                "client_ip",
                "test_data",
                "specification",
                "api_document"
            ]
        );
        let fields = typed()
            .with("category", "自訂")
            .with("field[5]", "姓名")
            .with("field_en[0]", "Name")
            .with("client_ip[1]", "0.0.0.0/0")
            .with("expected_minutes", "0")
            .with("parameter[1].key", "Authorization")
            .with("parameter[1].name", "x")
            .with("parameter[1].example", "x")
            .with("parameter[1].test_value", "x")
            .with("parameter[2].key", "inq_yr")
            .with("parameter[2].name", "年度")
            .with("parameter[2].example", "x")
            .with("parameter[3].key", "年度")
            .with("certificate", "MIIB")
            .with("api_document", TEST_DATA)
            .with("specification", "44444444-4444-4444-8444-444444444444");
        let named = faults(&fields);
        for (path, fault) in [
            ("category", Fault::NotAChoice),
            ("field[5]", Fault::Twice { first: 1 }),
            ("field_en", Fault::NotAsMany { needed: 2 }),
            ("client_ip[1]", Fault::NetworkTooLarge { least_prefix: 16 }),
            ("expected_minutes", Fault::OutOfRange { min: 1, max: MAX_MINUTES }),
            ("parameter[1].key", Fault::ReservedKey),
            ("parameter[2].test_value", Fault::Text(BadText::Missing)),
            ("parameter[2].key", Fault::Twice { first: 1 }),
            ("parameter[3].key", Fault::BadKey),
            ("certificate", Fault::NotACertificate),
            ("api_document", Fault::WrongUpload { needed: Purpose::ApiDocument }),
            ("specification", Fault::WrongUpload { needed: Purpose::Specification }),
        ] {
            assert!(named.contains(&(path.to_owned(), fault.clone())), "{path} {fault:?} in {named:?}");
        }
    }
}
