//! Why a file is refused, in words of the reader's language.

use fluent_bundle::FluentValue;
use mydata_domain::forms::Fault as FieldFault;

use crate::backoffice::forms::words;
use crate::backoffice::upload::Refused;
use crate::backoffice::upload::kind::FileKind;
use crate::backoffice::upload::oas::{OasFault, WhyOas};
use crate::backoffice::upload::tree::{Fault, Place, Why};
use crate::web::{Lang, i18n};

/// A refusal in words.
pub fn refused(lang: Lang, refused: &Refused) -> String {
    let with = |key: &str, name: &'static str, value: FluentValue<'_>| i18n::t(lang, key, &[(name, value)]);
    match refused {
        Refused::Empty => lang.t("upload-empty"),
        Refused::TooLarge { .. } => lang.t("upload-too-large"),
        Refused::Name(bad) => with("upload-name", "why", words::fault(lang, &FieldFault::from(*bad)).into()),
        Refused::Program { what } => with("upload-program", "what", (*what).into()),
        Refused::Active { what } => with("upload-active", "what", (*what).into()),
        Refused::Unknown => lang.t("upload-unknown"),
        Refused::NotFor { found, accepted } => i18n::t(
            lang,
            "upload-not-for",
            &[("found", found.name().into()), ("accepted", kinds(lang, accepted).into())],
        ),
        Refused::Misnamed { found } => i18n::t(
            lang,
            "upload-misnamed",
            &[("found", found.name().into()), ("endings", endings(&[*found]).into())],
        ),
        Refused::Damaged { kind, .. } => with("upload-damaged", "kind", kind.name().into()),
        Refused::Zip(error) => {
            let why = if lang == Lang::ZhTw { error.zh() } else { error.to_string() };
            with("upload-zip", "why", why.into())
        }
        Refused::ProgramInside { file, .. } => with("upload-program-inside", "file", file.as_str().into()),
        Refused::Text { kind, fault } => i18n::t(
            lang,
            "upload-text",
            &[("kind", kind.name().into()), ("why", at(lang, fault.at, &text_fault(lang, fault)).into())],
        ),
        Refused::Api(fault) => with("upload-api", "why", api_fault(lang, fault).into()),
    }
}

/// The kinds as a list in words.
pub fn kinds(lang: Lang, kinds: &[FileKind]) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    names.join(if lang == Lang::ZhTw { "、" } else { ", " })
}

/// How files of these kinds are called, as a file field takes it.
pub fn endings(kinds: &[FileKind]) -> String {
    let endings: Vec<&str> = kinds.iter().flat_map(|kind| kind.extensions()).copied().collect();
    endings.join(",")
}

/// A size in words: `12 KB`, `3.4 MB`.
pub fn size(bytes: u64) -> String {
    const KB: u64 = 1024;
    match bytes {
        0..KB => format!("{bytes} B"),
        KB..0x10_0000 => format!("{} KB", bytes.div_ceil(KB)),
        _ => {
            let tenths = bytes * 10 / (KB * KB);
            format!("{}.{} MB", tenths / 10, tenths % 10)
        }
    }
}

fn at(lang: Lang, place: Place, why: &str) -> String {
    let args = [("line", place.line.into()), ("column", place.column.into()), ("why", why.to_owned().into())];
    i18n::t(lang, "upload-at", &args)
}

fn text_fault(lang: Lang, fault: &Fault) -> String {
    match &fault.why {
        Why::Grammar(words) => i18n::t(lang, "upload-why-grammar", &[("words", words.as_str().into())]),
        Why::NotUtf8 => lang.t("upload-why-utf8"),
        Why::TooDeep => lang.t("upload-why-deep"),
        Why::TooMany => lang.t("upload-why-many"),
        Why::Twice { key, first } => {
            let args = [("key", key.as_str().into()), ("first", (*first).into())];
            i18n::t(lang, "upload-why-twice", &args)
        }
        Why::KeyNotText => lang.t("upload-why-key"),
        Why::Circle => lang.t("upload-why-circle"),
        Why::SecondDocument => lang.t("upload-why-second"),
        Why::Doctype => lang.t("upload-why-doctype"),
        Why::Columns { found, needed } => {
            let args = [("found", (*found).into()), ("needed", (*needed).into())];
            i18n::t(lang, "upload-why-columns", &args)
        }
    }
}

fn api_fault(lang: Lang, fault: &OasFault) -> String {
    match fault {
        OasFault::Unreadable(fault) => at(lang, fault.at, &text_fault(lang, fault)),
        OasFault::Wrong { at: place, path, why } => {
            let why = match why {
                WhyOas::Missing { key } => i18n::t(lang, "upload-oas-missing", &[("key", (*key).into())]),
                WhyOas::Type { wanted } => i18n::t(lang, "upload-oas-type", &[("wanted", (*wanted).into())]),
                WhyOas::Swagger => lang.t("upload-oas-swagger"),
                WhyOas::Version => lang.t("upload-oas-version"),
                WhyOas::VersionNumber => lang.t("upload-oas-version-number"),
                WhyOas::Path => lang.t("upload-oas-path"),
                WhyOas::NoOperation => lang.t("upload-oas-no-operation"),
                WhyOas::TooManyOperations => lang.t("upload-oas-many"),
                WhyOas::In => lang.t("upload-oas-in"),
                WhyOas::PathParameter => lang.t("upload-oas-path-parameter"),
                WhyOas::Twice => lang.t("upload-oas-twice"),
                WhyOas::Outside => lang.t("upload-oas-outside"),
                WhyOas::Dangling => lang.t("upload-oas-dangling"),
                WhyOas::Circle => lang.t("upload-oas-circle"),
            };
            let why = i18n::t(lang, "upload-oas-why", &[("path", path.as_str().into()), ("why", why.into())]);
            at(lang, *place, &why)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_as_file_managers_say_them() {
        for (bytes, text) in
            [(0, "0 B"), (1023, "1023 B"), (1024, "1 KB"), (1025, "2 KB"), (0x10_0000, "1.0 MB")]
        {
            assert_eq!(size(bytes), text);
        }
        assert_eq!(size(10 * 1024 * 1024), "10.0 MB");
    }

    /// Shows R46: the place of the fault is named.
    #[test]
    fn a_fault_in_an_api_document_names_line_and_place() {
        let bytes = b"openapi: 3.0.3\ninfo:\n  title: x\n  version: '1'\npaths:\n  bad: {}\n";
        let error =
            crate::backoffice::upload::check(mydata_domain::forms::Purpose::ApiDocument, "a.yaml", bytes)
                .unwrap_err();
        let text = refused(Lang::ZhTw, &error);
        assert!(text.contains("第 6 行") && text.contains("paths.bad"), "{text}");
        assert!(refused(Lang::En, &error).contains("line 6"));
    }
}
