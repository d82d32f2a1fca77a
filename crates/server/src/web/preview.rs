//! 預覽: one dataset as the service will receive it.

use askama::Template;
use askama::filters::Safe;
use jiff::Timestamp;
use serde_json::Value;

use super::date::RocDateTime;
use super::i18n::{self, Lang};
use super::json_table;
use super::layout::{Chrome, Parties};

/// What one dataset holds, readable.
#[derive(Template)]
#[template(path = "preview.html")]
pub struct PreviewPage {
    /// The frame.
    pub chrome: Chrome,
    /// Who would receive it.
    pub parties: Parties,
    /// The dataset's name.
    pub dataset: String,
    /// Who provided it.
    pub provider: String,
    /// The machine-readable files.
    pub documents: Vec<JsonDocument>,
    /// How many machine-readable files are among the other files, because they are too large for the page.
    pub too_large: usize,
    /// The other files.
    pub files: Vec<FileView>,
    /// Who signed the package.
    pub signer: SignerView,
    /// Back to step ③.
    pub back_url: String,
}

/// A JSON file of the package.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonDocument {
    /// Its name in the package.
    pub filename: String,
    /// Its content.
    pub value: Value,
}

/// Another file of the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileView {
    /// Its name in the package.
    pub filename: String,
    /// Bytes.
    pub size: u64,
    /// Where it opens; see [`super::headers::apply_file`].
    pub url: String,
}

/// Who signed the package, from its certificate (R130–R132).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerView {
    /// The certificate's subject.
    pub subject: String,
    /// Its issuer.
    pub issuer: String,
    /// Valid from.
    pub valid_from: Timestamp,
    /// Valid until.
    pub valid_until: Timestamp,
    /// When the platform verified signature and digests.
    pub verified_at: Timestamp,
}

impl FileView {
    fn is_pdf(&self) -> bool {
        self.filename.to_ascii_lowercase().ends_with(".pdf")
    }

    fn kind(&self) -> String {
        let name = self.filename.rsplit(['/', '\\']).next().unwrap_or_default();
        name.rsplit_once('.').map_or(String::new(), |(_, ending)| ending.to_uppercase())
    }

    fn size_text(&self) -> String {
        match self.size {
            bytes @ 0..1024 => format!("{bytes} B"),
            bytes @ 1024..1_048_576 => format!("{} KB", bytes.div_ceil(1024)),
            bytes => format!("{:.1} MB", bytes as f64 / 1_048_576.0),
        }
    }
}

impl JsonDocument {
    pub(crate) fn table(&self, lang: Lang) -> Safe<String> {
        Safe(json_table::render(lang, &self.value))
    }
}

impl PreviewPage {
    fn lang(&self) -> Lang {
        self.chrome.lang()
    }

    fn has_pdf(&self) -> bool {
        self.files.iter().any(FileView::is_pdf)
    }

    fn validity(&self) -> String {
        let lang = self.lang();
        let date = |at| RocDateTime::new(at).date(lang);
        let args =
            [("from", date(self.signer.valid_from).into()), ("until", date(self.signer.valid_until).into())];
        i18n::t(lang, "signer-validity-span", &args)
    }

    fn verified(&self) -> String {
        let at = RocDateTime::new(self.signer.verified_at).date_time(self.lang());
        i18n::t(self.lang(), "signer-verified-at", &[("at", at.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_kind_and_size_of_a_file() {
        let file =
            |filename: &str, size| FileView { filename: filename.to_owned(), size, url: String::new() };
        assert!(file("a.PDF", 0).is_pdf());
        assert_eq!(file("data/a.b/x.csv", 0).kind(), "CSV");
        assert_eq!(file("data/a.b/readme", 0).kind(), "");
        assert_eq!(file("x", 1023).size_text(), "1023 B");
        assert_eq!(file("x", 1025).size_text(), "2 KB");
        assert_eq!(file("x", 5 * 1_048_576 / 2).size_text(), "2.5 MB");
    }
}
