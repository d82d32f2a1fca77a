//! 服務提供者申請單 (R89).

use mydata_wire::returns::RegisteredReturnUrl;
use mydata_wire::{ClientId, ResourceId};
use serde::{Deserialize, Serialize};
use url::Url;

use super::reader::{DESCRIPTION, NAME, Reader};
use super::upload::{Purpose, UploadId};
use super::{Context, FieldError, Fields};
use crate::address::AllowList;
use crate::client_certificate::ClientCertificate;
use crate::entry::MAX_DATASETS;
use crate::organisation::OrganisationId;
use crate::service::{Service, ServiceState};
use crate::zone::Zone;

/// Most return URLs.
pub const MAX_RETURN_URLS: usize = 20;
/// Most characters of the terms.
pub const TERMS: usize = 20_000;

/// 服務提供者申請單. The client id is given by the platform (R99).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceForm {
    /// 服務類別, three levels with `/`.
    pub category: String,
    /// 服務名稱.
    pub name: String,
    /// The same in English; empty where there is none.
    #[serde(default)]
    pub name_en: String,
    /// 服務網址.
    pub url: Url,
    /// 服務說明, for citizens.
    pub description: String,
    /// The same in English.
    #[serde(default)]
    pub description_en: String,
    /// For what the data is used; shown beside the consent (R73).
    pub purpose: String,
    /// The same in English.
    #[serde(default)]
    pub purpose_en: String,
    /// 服務條款 (R72).
    pub terms: String,
    /// The same in English.
    #[serde(default)]
    pub terms_en: String,
    /// 服務介接申請書.
    pub application: UploadId,
    /// 需求資料集.
    #[serde(rename = "dataset")]
    pub datasets: Vec<ResourceId>,
    /// 服務跳轉網址.
    #[serde(rename = "return_url")]
    pub return_urls: Vec<RegisteredReturnUrl>,
    /// SP-API.
    pub sp_api: Url,
    /// 允許連線IP.
    #[serde(rename = "ip")]
    pub ips: AllowList,
    /// By which certificates its calls are recognised besides (R97).
    #[serde(default, rename = "client_certificate", skip_serializing_if = "Vec::is_empty")]
    pub client_certificates: Vec<ClientCertificate>,
}

impl ServiceForm {
    /// Reads the form.
    ///
    /// # Errors
    /// Every field at fault.
    pub fn read(fields: &Fields, context: &Context) -> Result<Self, Vec<FieldError>> {
        let mut r = Reader::new(fields, context);
        let category = r.one_of("category", &context.service_categories);
        let name = r.line("name", NAME);
        let name_en = r.optional_line("name_en", NAME * 2);
        let url = r.url("url", true);
        let description = r.paragraphs("description", DESCRIPTION);
        let description_en = r.optional_paragraphs("description_en", DESCRIPTION);
        let purpose = r.line("purpose", 200);
        let purpose_en = r.optional_line("purpose_en", 400);
        let terms = r.paragraphs("terms", TERMS);
        let terms_en = r.optional_paragraphs("terms_en", TERMS);
        let application = r.upload("application", Purpose::Application);
        let datasets = r.datasets("dataset", 1, MAX_DATASETS);
        let return_urls = r.return_urls("return_url", MAX_RETURN_URLS);
        let sp_api = r.url("sp_api", true);
        let ips = r.addresses("ip", 1);
        let client_certificates = r.client_certificates("client_certificate");
        r.finish(|| {
            Some(Self {
                category,
                name,
                name_en,
                url: url?,
                description,
                description_en,
                purpose,
                purpose_en,
                terms,
                terms_en,
                application: application?,
                datasets,
                return_urls,
                sp_api: sp_api?,
                ips,
                client_certificates,
            })
        })
    }

    /// As it stands in the registry.
    pub fn to_service(
        &self,
        client_id: ClientId,
        zone: Zone,
        organisation: OrganisationId,
        state: ServiceState,
    ) -> Service {
        let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
        Service {
            client_id,
            zone,
            organisation,
            name: self.name.clone(),
            name_en: or(&self.name_en, &self.name),
            purpose: self.purpose.clone(),
            purpose_en: or(&self.purpose_en, &self.purpose),
            category: self.category.clone(),
            url: self.url.clone(),
            terms: self.terms.clone(),
            terms_en: self.terms_en.clone(),
            return_urls: self.return_urls.clone(),
            sp_api: self.sp_api.clone(),
            sp_api_roots: None,
            allowed_ips: self.ips.clone(),
            client_certificates: self.client_certificates.clone(),
            pilot: None,
            datasets: self.datasets.clone(),
            state,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::Fault;
    use jiff::civil::date;

    const APPLICATION: &str = "11111111-1111-4111-8111-111111111111";

    fn context() -> Context {
        Context {
            service_categories: vec!["社會福利/線上申請/生育津貼".to_owned()],
            datasets: vec!["API.Kr1C3b1ijJ".parse().unwrap(), "API.TM12KLkB8o".parse().unwrap()],
            uploads: [(APPLICATION.parse().unwrap(), Purpose::Application)].into(),
            ..Context::bare(date(2026, 11, 21))
        }
    }

    fn typed() -> Fields {
        Fields::new()
            .with("category", "社會福利/線上申請/生育津貼")
            .with("name", "示範生育津貼線上申辦")
            .with("url", "https://apply.example.gov.tw/")
            .with("description", "線上申請生育津貼。")
            .with("purpose", "生育津貼資格審查")
            .with("terms", "一、示範條款。\r\n\r\n二、示範條款。")
            .with("application", APPLICATION)
            .with("dataset[0]", "API.TM12KLkB8o")
            .with("dataset[1]", "API.Kr1C3b1ijJ")
            .with("return_url[0]", "https://apply.example.gov.tw/done")
            .with("sp_api", "https://apply.example.gov.tw/mydata-sp/notification")
            .with("ip[0]", "163.22.21.64")
    }

    /// Shows R89.
    #[test]
    fn a_filled_in_form_becomes_a_registry_record() {
        let form = ServiceForm::read(&typed(), &context()).unwrap();
        let id: ClientId = "CLI.qqOjnjO4WR".parse().unwrap();
        let record = form.to_service(id, Zone::Test, "demo-city".parse().unwrap(), ServiceState::Listed);
        assert_eq!(record.datasets[0].as_str(), "API.TM12KLkB8o");
        assert_eq!(record.terms, "一、示範條款。\n\n二、示範條款。");
        assert_eq!(record.purpose_en, "生育津貼資格審查");
        let content = serde_json::to_value(&form).unwrap();
        assert_eq!(ServiceForm::read(&Fields::from_content(&content), &context()).unwrap(), form);
    }

    /// Shows R97.
    #[test]
    fn client_certificates_go_into_the_record() {
        let subject = "subject:CN=apply.example.gov.tw,O=Demo City,C=TW";
        let fields = typed()
            .with("client_certificate[0]", "AB:".repeat(31) + "AB")
            .with("client_certificate[1]", "")
            .with("client_certificate[2]", subject);
        let form = ServiceForm::read(&fields, &context()).unwrap();
        let id: ClientId = "CLI.qqOjnjO4WR".parse().unwrap();
        let record = form.to_service(id, Zone::Test, "demo-city".parse().unwrap(), ServiceState::Listed);
        let said: Vec<String> = record.client_certificates.iter().map(ToString::to_string).collect();
        assert_eq!(said, [format!("sha256:{}", "ab".repeat(32)), subject.to_owned()]);
        let content = serde_json::to_value(&form).unwrap();
        assert_eq!(ServiceForm::read(&Fields::from_content(&content), &context()).unwrap(), form);
        let without = serde_json::to_value(ServiceForm::read(&typed(), &context()).unwrap()).unwrap();
        assert!(without.get("client_certificate").is_none(), "forms that were filed before stay as they are");

        let fields =
            fields.with("client_certificate[3]", "a certificate").with("client_certificate[4]", subject);
        let faults = ServiceForm::read(&fields, &context()).unwrap_err();
        let named: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(named, ["client_certificate[3]", "client_certificate[4]"]);
        assert!(matches!(faults[0].fault, Fault::NotAClientCertificate(_)));
    }

    #[test]
    fn every_field_at_fault_is_named() {
        let named = |fields: &Fields| -> Vec<(String, Fault)> {
            let errors = ServiceForm::read(fields, &context()).unwrap_err();
            errors.into_iter().map(|e| (e.path, e.fault)).collect()
        };
        let empty: Vec<String> = named(&Fields::new()).into_iter().map(|(path, _)| path).collect();
        assert_eq!(
            empty,
            [
                "category",
                "name",
                "url",
                "description",
                "purpose",
                "terms",
                "application",
                "dataset",
                "return_url",
                "sp_api",
                "ip"
            ]
        );
        let fields = typed()
            .with("dataset[2]", "API.0000000000")
            .with("dataset[3]", "API.Kr1C3b1ijJ")
            .with("return_url[1]", "https://apply.example.gov.tw/done?x=1")
            .with("return_url[2]", "http://apply.example.gov.tw/done")
            .with("url", "apply.example.gov.tw");
        assert_eq!(
            named(&fields),
            [
                ("url".to_owned(), Fault::NotAUrl),
                ("dataset[2]".to_owned(), Fault::UnknownDataset),
                ("dataset[3]".to_owned(), Fault::Twice { first: 2 }),
                ("return_url[1]".to_owned(), Fault::UrlQuery),
                ("return_url[2]".to_owned(), Fault::NotHttps),
            ]
        );
    }
}
