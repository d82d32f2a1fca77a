//! Which kinds of files there are, and which are accepted for what.

use mydata_domain::forms::Purpose;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// PDF.
    Pdf,
    /// Word (OOXML).
    Docx,
    /// Excel (OOXML).
    Xlsx,
    /// OpenDocument text.
    Odt,
    /// OpenDocument spreadsheet.
    Ods,
    /// JSON.
    Json,
    /// CSV in UTF-8.
    Csv,
    /// XML.
    Xml,
    /// YAML.
    Yaml,
    /// ZIP.
    Zip,
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
}

impl FileKind {
    /// Every kind.
    pub const ALL: [FileKind; 12] = [
        Self::Pdf,
        Self::Docx,
        Self::Xlsx,
        Self::Odt,
        Self::Ods,
        Self::Json,
        Self::Csv,
        Self::Xml,
        Self::Yaml,
        Self::Zip,
        Self::Png,
        Self::Jpeg,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pdf => "PDF",
            Self::Docx => "DOCX",
            Self::Xlsx => "XLSX",
            Self::Odt => "ODT",
            Self::Ods => "ODS",
            Self::Json => "JSON",
            Self::Csv => "CSV",
            Self::Xml => "XML",
            Self::Yaml => "YAML",
            Self::Zip => "ZIP",
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
        }
    }

    /// As which it is served.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Odt => "application/vnd.oasis.opendocument.text",
            Self::Ods => "application/vnd.oasis.opendocument.spreadsheet",
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::Xml => "application/xml",
            Self::Yaml => "application/yaml",
            Self::Zip => "application/zip",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }

    /// How its name may end.
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Pdf => &[".pdf"],
            Self::Docx => &[".docx"],
            Self::Xlsx => &[".xlsx"],
            Self::Odt => &[".odt"],
            Self::Ods => &[".ods"],
            Self::Json => &[".json"],
            Self::Csv => &[".csv"],
            Self::Xml => &[".xml"],
            Self::Yaml => &[".yaml", ".yml"],
            Self::Zip => &[".zip"],
            Self::Png => &[".png"],
            Self::Jpeg => &[".jpg", ".jpeg"],
        }
    }

    /// Whether a file of this kind may have the name.
    pub fn may_be_called(self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.extensions().iter().any(|end| name.len() > end.len() && name.ends_with(end))
    }
}

/// What is accepted for a purpose (R33, R45, R53, R63, R66).
pub fn accepted(purpose: Purpose) -> &'static [FileKind] {
    use FileKind as K;
    match purpose {
        Purpose::TestData => &[K::Zip, K::Json, K::Csv, K::Xml, K::Pdf, K::Xlsx, K::Ods],
        Purpose::Specification => &[K::Pdf, K::Docx, K::Odt, K::Xlsx, K::Ods],
        Purpose::ApiDocument => &[K::Json, K::Yaml],
        Purpose::Application => &[K::Pdf, K::Docx, K::Odt, K::Png, K::Jpeg],
        Purpose::Checklist => &[K::Pdf, K::Docx, K::Odt, K::Xlsx, K::Ods],
        Purpose::PilotReport => &[K::Pdf, K::Docx, K::Odt],
        // What was signed on paper: a scan or a photograph.
        Purpose::SignedApplication => &[K::Pdf, K::Png, K::Jpeg],
    }
}

/// The kinds as a list for a text.
pub(super) fn names(kinds: &[FileKind]) -> String {
    kinds.iter().map(|k| k.name()).collect::<Vec<_>>().join(", ")
}
