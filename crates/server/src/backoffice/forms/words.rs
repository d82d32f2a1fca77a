//! What is wrong with a field, in words of the reader's language.

use fluent_bundle::FluentValue;
use mydata_domain::calendar::roc;
use mydata_domain::forms::{Fault, Purpose};
use mydata_domain::text::BadText;

use crate::web::{Lang, i18n};

/// A fault in words.
pub fn fault(lang: Lang, fault: &Fault) -> String {
    let with = |key: &str, name: &'static str, value: FluentValue<'_>| i18n::t(lang, key, &[(name, value)]);
    match fault {
        Fault::Text(BadText::Missing) => lang.t("fault-missing"),
        Fault::Text(BadText::TooLong { max }) => with("fault-too-long", "max", (*max).into()),
        Fault::Text(BadText::Control) => lang.t("fault-control"),
        Fault::Text(BadText::Direction) => lang.t("fault-direction"),
        Fault::Text(BadText::Invisible) => lang.t("fault-invisible"),
        Fault::NotADay => lang.t("fault-not-a-day"),
        Fault::RocYearZero => lang.t("fault-roc-zero"),
        Fault::NoSuchDay => lang.t("fault-no-such-day"),
        Fault::TooEarly { earliest } => with("fault-too-early", "day", roc(*earliest).into()),
        Fault::TooLate { latest } => with("fault-too-late", "day", roc(*latest).into()),
        Fault::NotAMail => lang.t("fault-not-a-mail"),
        Fault::NotAPhone => lang.t("fault-not-a-phone"),
        Fault::NotAUrl => lang.t("fault-not-a-url"),
        Fault::NotHttps => lang.t("fault-not-https"),
        Fault::UrlCredentials => lang.t("fault-url-credentials"),
        Fault::UrlFragment => lang.t("fault-url-fragment"),
        Fault::UrlQuery => lang.t("fault-url-query"),
        Fault::NotAnAddress => lang.t("fault-not-an-address"),
        Fault::NetworkTooLarge { least_prefix } => {
            with("fault-network-large", "prefix", u32::from(*least_prefix).into())
        }
        Fault::NetworkHostPart { network } => with("fault-network-host", "network", network.as_str().into()),
        Fault::NotAChoice => lang.t("fault-not-a-choice"),
        Fault::UnknownDataset => lang.t("fault-unknown-dataset"),
        Fault::Twice { first: 0 } => lang.t("fault-twice-applicant"),
        Fault::Twice { first } => with("fault-twice", "row", (*first).into()),
        Fault::TooMany { max } => with("fault-too-many", "max", (*max).into()),
        Fault::NotANumber => lang.t("fault-not-a-number"),
        Fault::OutOfRange { min, max } => {
            i18n::t(lang, "fault-out-of-range", &[("min", (*min).into()), ("max", (*max).into())])
        }
        Fault::BadKey => lang.t("fault-bad-key"),
        Fault::ReservedKey => lang.t("fault-reserved-key"),
        Fault::BadAccount => lang.t("fault-bad-account"),
        Fault::NoUpload => lang.t("fault-no-upload"),
        Fault::WrongUpload { needed } => with("fault-wrong-upload", "needed", purpose(lang, *needed).into()),
        Fault::NotAsMany { needed } => with("fault-not-as-many", "needed", (*needed).into()),
        Fault::NotACertificate => lang.t("fault-not-a-certificate"),
        Fault::NotAClientCertificate(_) => lang.t("fault-not-a-client-certificate"),
    }
}

/// What a file is uploaded as.
pub fn purpose(lang: Lang, purpose: Purpose) -> String {
    lang.t(match purpose {
        Purpose::TestData => "form-test-data",
        Purpose::Specification => "form-specification",
        Purpose::ApiDocument => "form-api-document",
        Purpose::Application => "form-application",
        Purpose::Checklist => "form-checklist",
        Purpose::PilotReport => "form-report",
        Purpose::SignedApplication => "organisation-signed",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_the_reason_and_the_way_out() {
        let day = jiff::civil::date(2026, 11, 28);
        let text = fault(Lang::ZhTw, &Fault::TooEarly { earliest: day });
        assert!(text.contains("115/11/28"), "{text}");
        let text = fault(Lang::En, &Fault::NetworkHostPart { network: "192.0.2.0/24".to_owned() });
        assert!(text.contains("192.0.2.0/24"), "{text}");
        let text = fault(Lang::ZhTw, &Fault::Twice { first: 0 });
        assert!(text.contains("申請人"), "{text}");
    }
}
