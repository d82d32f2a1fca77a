//! What each form looks like: its sections, their fields in order, and the text that names each. What an answer must be is
//! the domain's ([`mydata_domain::forms`]); the paths here are the paths there.

use mydata_domain::forms::{FormKind, Purpose};

use crate::backoffice::parts::field::TextKind;

/// What a field asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// A line of a kind, of at most so many characters.
    Line(TextKind, u32),
    /// Several lines: so many high, of at most so many characters.
    Area(u8, u32),
    /// 資料集類別 or 服務類別, whichever the form is about.
    Category,
    /// 公務機關 or not.
    OrganisationKind,
    /// 目的事業主管機關.
    Authority,
    /// 需要的身分驗證安全等級.
    Verification,
    /// GET or POST.
    Method,
    /// 預覽, 取資料 or both.
    Take,
    /// Yes or no.
    Tick,
    /// Several datasets.
    Datasets,
    /// A file.
    File(Purpose),
}

/// How much a field is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Always.
    Always,
    /// In some cases; its hint says in which.
    Sometimes,
    /// Never.
    Never,
}

/// A field. Its text is the message `key`; the attribute `.how` is its hint.
#[derive(Debug, Clone, Copy)]
pub struct FieldSpec {
    /// Its path; within rows the part behind the row's number, empty where the row is the value itself, and beginning with
    /// `^` where it is a list of its own that runs beside the rows.
    pub path: &'static str,
    /// Its text.
    pub key: &'static str,
    /// What it asks for.
    pub ask: Ask,
    /// How much it is needed.
    pub need: Need,
}

/// Fields that repeat. The attribute `.add` of the text is what the adding button says.
#[derive(Debug, Clone, Copy)]
pub struct RowsSpec {
    /// The list's path.
    pub path: &'static str,
    /// Its text.
    pub key: &'static str,
    /// The fields of a row.
    pub fields: &'static [FieldSpec],
    /// How many rows there are at least.
    pub least: usize,
    /// How many at most.
    pub most: usize,
}

/// What stands in a section.
#[derive(Debug, Clone, Copy)]
pub enum Spot {
    /// A field.
    One(FieldSpec),
    /// Fields that repeat.
    Rows(RowsSpec),
}

/// A section. Its heading is the text `key`; the attribute `.how` is the sentence below it.
#[derive(Debug, Clone, Copy)]
pub struct SectionSpec {
    /// Its text.
    pub key: &'static str,
    /// What stands in it.
    pub spots: &'static [Spot],
}

const NAME: u32 = mydata_domain::forms::reader::NAME as u32;
const DESCRIPTION: u32 = mydata_domain::forms::reader::DESCRIPTION as u32;
const TERMS: u32 = mydata_domain::forms::service::TERMS as u32;
const ADDRESSES: usize = mydata_domain::forms::reader::MAX_ADDRESSES;
const URL: u32 = 1_000;

const fn field(path: &'static str, key: &'static str, ask: Ask) -> FieldSpec {
    FieldSpec { path, key, ask, need: Need::Always }
}

const fn optional(path: &'static str, key: &'static str, ask: Ask) -> FieldSpec {
    FieldSpec { path, key, ask, need: Need::Never }
}

const fn one(path: &'static str, key: &'static str, ask: Ask) -> Spot {
    Spot::One(field(path, key, ask))
}

const fn maybe(path: &'static str, key: &'static str, ask: Ask) -> Spot {
    Spot::One(optional(path, key, ask))
}

const fn sometimes(path: &'static str, key: &'static str, ask: Ask) -> Spot {
    Spot::One(FieldSpec { path, key, ask, need: Need::Sometimes })
}

const fn line(max: u32) -> Ask {
    Ask::Line(TextKind::Line, max)
}

const ADDRESS: &[FieldSpec] = &[field("", "form-address", Ask::Line(TextKind::Line, 50))];
const RETURN_URL: &[FieldSpec] = &[field("", "form-return-url", Ask::Line(TextKind::Url, URL))];

const fn addresses(path: &'static str, key: &'static str) -> Spot {
    Spot::Rows(RowsSpec { path, key, fields: ADDRESS, least: 1, most: ADDRESSES })
}

const CLIENT_CERTIFICATE: &[FieldSpec] = &[field("", "form-client-certificate", Ask::Area(3, 20_000))];

const fn client_certificates(path: &'static str) -> Spot {
    Spot::Rows(RowsSpec {
        path,
        key: "form-client-certificates",
        fields: CLIENT_CERTIFICATE,
        least: 0,
        most: mydata_domain::client_certificate::MOST,
    })
}

const fn return_urls(path: &'static str) -> Spot {
    Spot::Rows(RowsSpec {
        path,
        key: "form-return-urls",
        fields: RETURN_URL,
        least: 1,
        most: mydata_domain::forms::service::MAX_RETURN_URLS,
    })
}

const CONTACT: &[FieldSpec] = &[
    field("account", "form-contact-account", Ask::Line(TextKind::Account, 64)),
    field("name", "form-contact-name", line(NAME)),
    field("phone", "form-contact-phone", Ask::Line(TextKind::Phone, 40)),
    field("email", "form-contact-email", Ask::Line(TextKind::Mail, 255)),
];

const ORGANISATION: &[SectionSpec] = &[
    SectionSpec {
        key: "form-section-organisation",
        spots: &[
            maybe("applied_on", "form-applied-on", Ask::Line(TextKind::Date, 20)),
            one("name", "form-organisation-name", line(NAME)),
            maybe("name_en", "form-organisation-name-en", line(NAME * 2)),
            maybe("short_name", "form-organisation-short", line(NAME)),
            one("kind", "form-organisation-kind", Ask::OrganisationKind),
            sometimes("authority", "form-authority", Ask::Authority),
            one("address", "form-organisation-address", line(200)),
        ],
    },
    SectionSpec {
        key: "form-section-applicant",
        spots: &[
            one("applicant.name", "form-applicant-name", line(NAME)),
            one("applicant.phone", "form-contact-phone", Ask::Line(TextKind::Phone, 40)),
            one("applicant.email", "form-contact-email", Ask::Line(TextKind::Mail, 255)),
            one("applicant.account", "form-contact-account", Ask::Line(TextKind::Account, 64)),
        ],
    },
    SectionSpec {
        key: "form-section-deputies",
        spots: &[Spot::Rows(RowsSpec {
            path: "deputy",
            key: "form-deputies",
            fields: CONTACT,
            least: 0,
            most: mydata_domain::forms::organisation::MAX_DEPUTIES,
        })],
    },
];

const DATASET: &[SectionSpec] = &[
    SectionSpec {
        key: "form-section-dataset",
        spots: &[
            one("category", "form-dataset-category", Ask::Category),
            one("name", "form-dataset-name", line(NAME)),
            maybe("name_en", "form-name-en", line(NAME * 2)),
            maybe("description", "form-dataset-description", Ask::Area(4, DESCRIPTION)),
            maybe("description_en", "form-description-en", Ask::Area(4, DESCRIPTION)),
            Spot::Rows(RowsSpec {
                path: "field",
                key: "form-dataset-fields",
                fields: &[
                    field("", "form-dataset-field", line(NAME)),
                    optional("^field_en", "form-dataset-field-en", line(NAME * 2)),
                ],
                least: 1,
                most: mydata_domain::forms::dataset::MAX_FIELDS,
            }),
        ],
    },
    SectionSpec {
        key: "form-section-citizens",
        spots: &[
            one("weakest_verification", "form-verification", Ask::Verification),
            one("expected_minutes", "form-expected-minutes", Ask::Line(TextKind::Number, 4)),
            maybe("shown", "form-shown", Ask::Tick),
        ],
    },
    SectionSpec {
        key: "form-section-connection",
        spots: &[
            one("dp_api", "form-dp-api", Ask::Line(TextKind::Url, URL)),
            one("method", "form-method", Ask::Method),
            addresses("dp_ip", "form-dp-ip"),
            addresses("client_ip", "form-client-ip"),
            client_certificates("client_certificate"),
            maybe("polled", "form-polled", Ask::Tick),
            maybe("certificate", "form-certificate", Ask::Area(5, 20_000)),
        ],
    },
    SectionSpec {
        key: "form-section-parameters",
        spots: &[Spot::Rows(RowsSpec {
            path: "parameter",
            key: "form-parameters",
            fields: &[
                field("key", "form-parameter-key", line(64)),
                field("name", "form-parameter-name", line(NAME)),
                optional("name_en", "form-name-en", line(NAME * 2)),
                field("example", "form-parameter-example", line(200)),
                field("test_value", "form-parameter-value", line(200)),
                optional("optional", "form-parameter-optional", Ask::Tick),
            ],
            least: 0,
            most: mydata_domain::forms::dataset::MAX_PARAMETERS,
        })],
    },
    SectionSpec {
        key: "form-section-documents",
        spots: &[
            one("test_data", "form-test-data", Ask::File(Purpose::TestData)),
            one("api_document", "form-api-document", Ask::File(Purpose::ApiDocument)),
            one("specification", "form-specification", Ask::File(Purpose::Specification)),
        ],
    },
];

const SERVICE: &[SectionSpec] = &[
    SectionSpec {
        key: "form-section-service",
        spots: &[
            one("category", "form-service-category", Ask::Category),
            one("name", "form-service-name", line(NAME)),
            maybe("name_en", "form-name-en", line(NAME * 2)),
            one("url", "form-service-url", Ask::Line(TextKind::Url, URL)),
            one("description", "form-service-description", Ask::Area(4, DESCRIPTION)),
            maybe("description_en", "form-description-en", Ask::Area(4, DESCRIPTION)),
        ],
    },
    SectionSpec {
        key: "form-section-consent",
        spots: &[
            one("purpose", "form-purpose", line(200)),
            maybe("purpose_en", "form-purpose-en", line(400)),
            one("terms", "form-terms", Ask::Area(8, TERMS)),
            maybe("terms_en", "form-terms-en", Ask::Area(8, TERMS)),
        ],
    },
    SectionSpec { key: "form-section-datasets", spots: &[one("dataset", "form-datasets", Ask::Datasets)] },
    SectionSpec {
        key: "form-section-connection",
        spots: &[
            return_urls("return_url"),
            one("sp_api", "form-sp-api", Ask::Line(TextKind::Url, URL)),
            addresses("ip", "form-service-ip"),
            client_certificates("client_certificate"),
        ],
    },
    SectionSpec {
        key: "form-section-documents",
        spots: &[one("application", "form-application", Ask::File(Purpose::Application))],
    },
];

/// The cases of a counter service, at this path.
const fn cases(path: &'static str) -> Spot {
    Spot::Rows(RowsSpec {
        path,
        key: "form-cases",
        fields: CASE,
        least: 1,
        most: mydata_domain::forms::counter_service::MAX_CASES,
    })
}

const CASE: &[FieldSpec] = &[
    field("name", "form-case-name", line(NAME)),
    optional("name_en", "form-name-en", line(NAME * 2)),
    optional("bring", "form-case-bring", Ask::Area(3, DESCRIPTION)),
    FieldSpec { path: "required", key: "form-case-required", ask: Ask::Datasets, need: Need::Sometimes },
    FieldSpec { path: "choice", key: "form-case-choice", ask: Ask::Datasets, need: Need::Sometimes },
    FieldSpec {
        path: "choose",
        key: "form-case-choose",
        ask: Ask::Line(TextKind::Number, 4),
        need: Need::Sometimes,
    },
    field("take", "form-case-take", Ask::Take),
    optional("delegate", "form-case-delegate", Ask::Tick),
];

const COUNTER_SERVICE: &[SectionSpec] = &[
    SectionSpec {
        key: "form-section-counter",
        spots: &[
            one("category", "form-service-category", Ask::Category),
            one("name", "form-service-name", line(NAME)),
            maybe("name_en", "form-name-en", line(NAME * 2)),
            one("description", "form-service-description", Ask::Area(4, DESCRIPTION)),
            maybe("description_en", "form-description-en", Ask::Area(4, DESCRIPTION)),
            addresses("ip", "form-counter-ip"),
        ],
    },
    SectionSpec { key: "form-section-cases", spots: &[cases("case")] },
    SectionSpec {
        key: "form-section-documents",
        spots: &[one("application", "form-application", Ask::File(Purpose::Application))],
    },
];

const EXTENSION: &[SectionSpec] = &[SectionSpec {
    key: "form-section-extension",
    spots: &[one("reason", "form-extension-reason", Ask::Area(6, DESCRIPTION))],
}];

const WHEN: SectionSpec = SectionSpec {
    key: "form-section-when",
    spots: &[one("on", "form-go-live-on", Ask::Line(TextKind::Date, 20))],
};
const PILOT: SectionSpec =
    SectionSpec { key: "form-section-pilot", spots: &[addresses("pilot_ip", "form-pilot-ip")] };
const CHECKLIST: SectionSpec = SectionSpec {
    key: "form-section-documents",
    spots: &[one("checklist", "form-checklist", Ask::File(Purpose::Checklist))],
};

const GO_LIVE_DATASET: &[SectionSpec] = &[
    WHEN,
    SectionSpec {
        key: "form-section-production",
        spots: &[
            one("production.dp_api", "form-dp-api", Ask::Line(TextKind::Url, URL)),
            addresses("production.dp_ip", "form-dp-ip"),
            addresses("production.client_ip", "form-client-ip"),
            client_certificates("production.client_certificate"),
        ],
    },
    PILOT,
    CHECKLIST,
];

const GO_LIVE_SERVICE: &[SectionSpec] = &[
    WHEN,
    SectionSpec {
        key: "form-section-production",
        spots: &[
            one("production.url", "form-service-url", Ask::Line(TextKind::Url, URL)),
            return_urls("production.return_url"),
            one("production.sp_api", "form-sp-api", Ask::Line(TextKind::Url, URL)),
            addresses("production.ip", "form-service-ip"),
            client_certificates("production.client_certificate"),
            one("production.dataset", "form-datasets", Ask::Datasets),
        ],
    },
    PILOT,
    CHECKLIST,
];

const GO_LIVE_COUNTER_SERVICE: &[SectionSpec] = &[
    WHEN,
    SectionSpec {
        key: "form-section-production",
        spots: &[addresses("production.ip", "form-counter-ip"), cases("production.case")],
    },
    PILOT,
    CHECKLIST,
];

const PILOT_REPORT: &[SectionSpec] = &[SectionSpec {
    key: "form-section-report",
    spots: &[
        one("report", "form-report", Ask::File(Purpose::PilotReport)),
        maybe("summary", "form-report-summary", Ask::Area(6, DESCRIPTION)),
    ],
}];

/// The sections of a form.
pub fn of(form: FormKind) -> &'static [SectionSpec] {
    match form {
        FormKind::Organisation => ORGANISATION,
        FormKind::Dataset => DATASET,
        FormKind::Service => SERVICE,
        FormKind::CounterService => COUNTER_SERVICE,
        FormKind::Extension => EXTENSION,
        FormKind::GoLiveDataset => GO_LIVE_DATASET,
        FormKind::GoLiveService => GO_LIVE_SERVICE,
        FormKind::GoLiveCounterService => GO_LIVE_COUNTER_SERVICE,
        FormKind::PilotReport => PILOT_REPORT,
    }
}

/// The text that names a form.
pub fn title_key(form: FormKind) -> &'static str {
    match form {
        FormKind::Organisation => "form-organisation",
        FormKind::Dataset => "form-dataset",
        FormKind::Service => "form-service",
        FormKind::CounterService => "form-counter-service",
        FormKind::Extension => "form-extension",
        FormKind::GoLiveDataset | FormKind::GoLiveService | FormKind::GoLiveCounterService => "form-go-live",
        FormKind::PilotReport => "form-pilot-report",
    }
}

/// Every field of a form, with the rows it stands in.
pub fn fields(form: FormKind) -> impl Iterator<Item = (Option<&'static RowsSpec>, &'static FieldSpec)> {
    of(form).iter().flat_map(|section| section.spots).flat_map(|spot| match spot {
        Spot::One(field) => vec![(None, field)],
        Spot::Rows(rows) => rows.fields.iter().map(|field| (Some(rows), field)).collect(),
    })
}

/// The rows of a form.
pub fn rows(form: FormKind, path: &str) -> Option<&'static RowsSpec> {
    of(form).iter().flat_map(|section| section.spots).find_map(|spot| match spot {
        Spot::Rows(rows) if rows.path == path => Some(rows),
        _ => None,
    })
}

/// The files of a form: path and purpose.
pub fn files(form: FormKind) -> impl Iterator<Item = (&'static str, Purpose)> {
    fields(form).filter_map(|(_, field)| match field.ask {
        Ask::File(purpose) => Some((field.path, purpose)),
        _ => None,
    })
}

impl FieldSpec {
    /// Its path in a row of a list.
    pub fn in_row(&self, list: &str, row: usize) -> String {
        match self.path {
            "" => format!("{list}[{row}]"),
            path => match path.strip_prefix('^') {
                Some(beside) => format!("{beside}[{row}]"),
                None => format!("{list}[{row}].{path}"),
            },
        }
    }
}

impl RowsSpec {
    /// The lists that its rows are made of: its own, and those that run beside it.
    pub fn lists(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.path).chain(self.fields.iter().filter_map(|field| field.path.strip_prefix('^')))
    }
}

/// A path with its numbers taken out: `case[].required[]`.
pub fn pattern(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut within = false;
    for c in path.chars() {
        match c {
            '[' => within = true,
            ']' => within = false,
            _ if within => continue,
            _ => {}
        }
        out.push(c);
    }
    out
}

/// Whether a form has a field of this path: what else is posted is not kept.
pub fn has(form: FormKind, path: &str) -> bool {
    let wanted = pattern(path);
    fields(form).any(|(rows, field)| {
        let known = match rows {
            Some(rows) => pattern(&field.in_row(rows.path, 0)),
            None => field.path.to_owned(),
        };
        let known = if field.ask == Ask::Datasets { format!("{known}[]") } else { known };
        known == wanted
    }) || rows(form, wanted.strip_suffix("[]").unwrap_or_default()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_form_does_not_ask_is_not_kept() {
        for (form, path) in [
            (FormKind::Dataset, "field[12]"),
            (FormKind::Dataset, "field_en[0]"),
            (FormKind::Dataset, "parameter[3]"),
            (FormKind::Dataset, "parameter[3].key"),
            (FormKind::Service, "dataset[4]"),
            (FormKind::CounterService, "case[1].required[0]"),
            (FormKind::GoLiveService, "production.dataset[0]"),
            (FormKind::Organisation, "deputy[0].email"),
        ] {
            assert!(has(form, path), "{form:?} {path}");
        }
        for (form, path) in [
            (FormKind::Dataset, "form_token"),
            (FormKind::Dataset, "resource_id"),
            (FormKind::Dataset, "dataset[0]"),
            (FormKind::Dataset, "name[0]"),
            (FormKind::Dataset, "parameter[0].x"),
            (FormKind::Dataset, ""),
            (FormKind::CounterService, "case[1].required"),
        ] {
            assert!(!has(form, path), "{form:?} {path}");
        }
    }

    #[test]
    fn nothing_stands_twice_in_a_form() {
        for form in FormKind::ALL {
            let mut paths: Vec<String> = fields(form)
                .map(|(rows, field)| rows.map_or_else(|| field.path.to_owned(), |r| field.in_row(r.path, 0)))
                .collect();
            let count = paths.len();
            paths.sort();
            paths.dedup();
            assert_eq!(paths.len(), count, "{form:?}");
        }
    }
}
