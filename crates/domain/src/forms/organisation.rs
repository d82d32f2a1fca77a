//! 機關單位基本資料 (R23, R85, R87).

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::reader::{NAME, Reader};
use super::{Context, Fault, FieldError, Fields};
use crate::organisation::{Organisation, OrganisationId, OrganisationKind};

/// Most deputy accounts of an organisation.
pub const MAX_DEPUTIES: usize = 20;

/// Who stands behind an organisation's account. Personal data: `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// E政府帳號, or the name of a local account.
    pub account: String,
    /// 姓名.
    pub name: String,
    /// 電話.
    pub phone: String,
    /// E-mail.
    pub email: String,
}

impl Contact {
    /// Reads one alone; its fields stand below `path`.
    ///
    /// # Errors
    /// Every field at fault.
    pub fn read(fields: &Fields, path: &str, context: &Context) -> Result<Self, Vec<FieldError>> {
        let mut r = Reader::new(fields, context);
        let read = contact(&mut r, path);
        r.finish(|| Some(read))
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contact(…)")
    }
}

/// 機關單位基本資料.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganisationForm {
    /// 申請日期.
    pub applied_on: Date,
    /// 機關單位名稱.
    pub name: String,
    /// The same in English; empty where there is none.
    #[serde(default)]
    pub name_en: String,
    /// The name used inside sentences; empty where it is the full one.
    #[serde(default)]
    pub short_name: String,
    /// 公務機關 or 非公務機關.
    pub kind: OrganisationKind,
    /// 目的事業主管機關, of a non-public body (R9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<OrganisationId>,
    /// 機關單位地址.
    pub address: String,
    /// 申請人, the holder of the main account.
    pub applicant: Contact,
    /// 副E政府帳號.
    #[serde(default, rename = "deputy")]
    pub deputies: Vec<Contact>,
}

impl OrganisationForm {
    /// Reads the form. 申請日期 is today unless it is given; it cannot lie ahead.
    ///
    /// # Errors
    /// Every field at fault.
    pub fn read(fields: &Fields, context: &Context) -> Result<Self, Vec<FieldError>> {
        let mut r = Reader::new(fields, context);
        let applied_on = if fields.text("applied_on").trim().is_empty() {
            Some(context.today)
        } else {
            r.day("applied_on", None, Some(context.today))
        };
        let name = r.line("name", NAME);
        let name_en = r.optional_line("name_en", NAME * 2);
        let short_name = r.optional_line("short_name", NAME);
        let kind = r.choice("kind", |text| match text {
            "agency" => Some(OrganisationKind::Agency),
            "private" => Some(OrganisationKind::Private),
            _ => None,
        });
        let authority = match kind {
            Some(OrganisationKind::Private) => {
                r.choice("authority", |text| context.authorities.iter().find(|a| a.as_str() == text).cloned())
            }
            _ => None,
        };
        let address = r.line("address", 200);
        let applicant = contact(&mut r, "applicant");
        let mut deputies = Vec::new();
        let mut accounts = Vec::new();
        for row in r.rows("deputy", 0, MAX_DEPUTIES) {
            let deputy = contact(&mut r, &format!("deputy[{row}]"));
            if !deputy.account.is_empty() && deputy.account.eq_ignore_ascii_case(&applicant.account) {
                r.fault(&format!("deputy[{row}].account"), Fault::Twice { first: 0 });
            }
            accounts.push((row, deputy.account.to_ascii_lowercase()));
            deputies.push(deputy);
        }
        r.unique("deputy", "account", &accounts);
        r.finish(|| {
            Some(Self {
                applied_on: applied_on?,
                name,
                name_en,
                short_name,
                kind: kind?,
                authority,
                address,
                applicant,
                deputies,
            })
        })
    }

    /// As it stands in the registry.
    pub fn to_organisation(&self, id: OrganisationId) -> Organisation {
        Organisation {
            id,
            name: self.name.clone(),
            name_en: if self.name_en.is_empty() { self.name.clone() } else { self.name_en.clone() },
            short_name: (!self.short_name.is_empty()).then(|| self.short_name.clone()),
            kind: self.kind,
        }
    }
}

fn contact(r: &mut Reader<'_>, path: &str) -> Contact {
    Contact {
        account: r.account(&format!("{path}.account")),
        name: r.line(&format!("{path}.name"), NAME),
        phone: r.phone(&format!("{path}.phone")),
        email: r.mail(&format!("{path}.email")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::BadText;
    use jiff::civil::date;

    fn typed() -> Fields {
        Fields::new()
            .with("applied_on", "115/11/20")
            .with("name", "示範國家圖書館")
            .with("kind", "agency")
            .with("address", "臺北市示範區範例路 1 號")
            .with("applicant.account", "demo.lin")
            .with("applicant.name", "林示範")
            .with("applicant.phone", "02-2345-6789#12")
            .with("applicant.email", "lin@library.example")
            .with("deputy[0].account", "demo.wang")
            .with("deputy[0].name", "王𠮷範")
            .with("deputy[0].phone", "0912-345-678")
            .with("deputy[0].email", "wang@library.example")
    }

    fn faults(fields: &Fields) -> Vec<(String, Fault)> {
        let context =
            Context { authorities: vec!["demo-fsc".parse().unwrap()], ..Context::bare(date(2026, 11, 21)) };
        let errors = OrganisationForm::read(fields, &context).unwrap_err();
        errors.into_iter().map(|e| (e.path, e.fault)).collect()
    }

    /// Shows R85, R87.
    #[test]
    fn the_organisation_its_applicant_and_deputies_are_read() {
        let form = OrganisationForm::read(&typed(), &Context::bare(date(2026, 11, 21))).unwrap();
        assert_eq!((form.applied_on, form.deputies.len()), (date(2026, 11, 20), 1));
        assert_eq!(form.deputies[0].name, "王𠮷範");
        assert_eq!(form.to_organisation("library".parse().unwrap()).name_en, "示範國家圖書館");
        assert!(!format!("{form:?}").contains("林示範"));
        let content = serde_json::to_value(&form).unwrap();
        assert_eq!(serde_json::from_value::<OrganisationForm>(content.clone()).unwrap(), form);
        let again = Fields::from_content(&content);
        assert_eq!(OrganisationForm::read(&again, &Context::bare(date(2026, 11, 22))).unwrap(), form);
    }

    /// Shows R9, R85.
    #[test]
    fn every_field_at_fault_is_named() {
        let empty: Vec<String> = faults(&Fields::new()).into_iter().map(|(path, _)| path).collect();
        assert_eq!(
            empty,
            [
                "name",
                "kind",
                "address",
                "applicant.account",
                "applicant.name",
                "applicant.phone",
                "applicant.email"
            ]
        );
        let private = typed().with("kind", "private");
        assert_eq!(faults(&private), [("authority".to_owned(), Fault::Text(BadText::Missing))]);
        let private = private.with("authority", "demo-bank");
        assert_eq!(faults(&private), [("authority".to_owned(), Fault::NotAChoice)]);
        let fields = typed()
            .with("applied_on", "115/11/22")
            .with("name", "國立\u{202e}圖書館")
            .with("deputy[0].account", "DEMO.lin")
            .with("deputy[3].account", "demo.lin");
        let named = faults(&fields);
        assert_eq!(named[0], ("applied_on".to_owned(), Fault::TooLate { latest: date(2026, 11, 21) }));
        assert_eq!(named[1], ("name".to_owned(), Fault::Text(BadText::Direction)));
        assert!(named.contains(&("deputy[0].account".to_owned(), Fault::Twice { first: 0 })));
        assert!(named.contains(&("deputy[3].account".to_owned(), Fault::Twice { first: 1 })));
        assert!(named.contains(&("deputy[3].name".to_owned(), Fault::Text(BadText::Missing))));
    }
}
