//! `/documents`: the specifications, the integrators' books, samples and test vectors, open to everyone (R95). They are built
//! into the program, so what is published is what this version does.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};

use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::portal::nav::Area;
use crate::portal::view::{Frame, public};
use crate::web::{Chrome, Lang, i18n};

/// A file of the book.
struct Document {
    /// Its path below `/documents/`.
    path: &'static str,
    bytes: &'static [u8],
}

macro_rules! documents {
    ($($path:literal),* $(,)?) => {
        &[$(Document { path: $path, bytes: include_bytes!(concat!("../../../../docs/", $path)) }),*]
    };
}

/// What the platform, an SP and a DP say to each other.
const PROTOCOL: &[Document] = documents!["protocol.md", "exchange.md", "flow.svg"];
/// How to integrate, and how to test it.
const INTEGRATORS: &[Document] = documents![
    "integrators/sdk.md",
    "integrators/test-your-sp.md",
    "integrators/test-your-dp.md",
    "integrators/audit.md",
    "integrators/identity.md",
    "integrators/openapi.yaml",
    "operators/registry.md",
    "operators/registry.example.toml",
];
/// Packages and tokens that can be checked by hand.
const VECTORS: &[Document] = documents![
    "vectors/1-entry/cbc-iv.hex",
    "vectors/1-entry/pid-key.hex",
    "vectors/1-entry/pid-sealed.hex",
    "vectors/1-entry/pid.b64",
    "vectors/1-entry/resources.b64url",
    "vectors/1-entry/url.txt",
    "vectors/2-dp-packages/API.Kr1C3b1ijJ.zip",
    "vectors/2-dp-packages/API.Kr1C3b1ijJ/META-INFO/certificate.cer",
    "vectors/2-dp-packages/API.Kr1C3b1ijJ/META-INFO/manifest.sha256withrsa",
    "vectors/2-dp-packages/API.Kr1C3b1ijJ/META-INFO/manifest.xml",
    "vectors/2-dp-packages/API.TM12KLkB8o.zip",
    "vectors/2-dp-packages/API.TM12KLkB8o/META-INFO/certificate.cer",
    "vectors/2-dp-packages/API.TM12KLkB8o/META-INFO/manifest.sha256withrsa",
    "vectors/2-dp-packages/API.TM12KLkB8o/META-INFO/manifest.xml",
    "vectors/2-dp-packages/root.cer.pem",
    "vectors/3-package/manifest.xml",
    "vectors/3-package/package.zip",
    "vectors/4-token/cbc-iv.hex",
    "vectors/4-token/header.json",
    "vectors/4-token/payload.json",
    "vectors/4-token/sealed.b64",
    "vectors/4-token/secret-key.hex",
    "vectors/4-token/signature.hex",
    "vectors/4-token/signing-input.txt",
    "vectors/4-token/token.jwt",
    "vectors/5-small/cbc-iv.hex",
    "vectors/5-small/header.json",
    "vectors/5-small/package.zip",
    "vectors/5-small/payload.json",
    "vectors/5-small/sealed.b64",
    "vectors/5-small/secret-key.hex",
    "vectors/5-small/signature.hex",
    "vectors/5-small/signing-input.txt",
    "vectors/5-small/token.jwt",
    "vectors/README.md",
    "vectors/inputs/dp.key.pem",
    "vectors/inputs/household.json",
    "vectors/inputs/household.pdf",
    "vectors/inputs/parameters.env",
    "vectors/inputs/property.json",
    "vectors/inputs/property.pdf",
    "vectors/inputs/root.key.pem",
];

/// The groups: name in the page's address, key of its words, documents.
const GROUPS: [(&str, &str, &[Document]); 3] = [
    ("protocol", "documents-protocol", PROTOCOL),
    ("integrators", "documents-integrators", INTEGRATORS),
    ("vectors", "documents-vectors", VECTORS),
];

/// A document in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its name.
    pub title: String,
    /// Where it is.
    pub href: String,
    /// Its form and size.
    pub about: String,
}

/// Documents that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name in the page's address.
    pub anchor: &'static str,
    /// What they are.
    pub title: String,
    /// What they are for.
    pub about: String,
    /// The documents.
    pub lines: Vec<Line>,
}

/// The page.
#[derive(Template)]
#[template(path = "public/documents.html")]
pub struct DocumentsPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// The documents.
    pub groups: Vec<Group>,
}

fn ending(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// The title that a text begins with; else its path within its group.
fn title(document: &Document) -> String {
    let text = (ending(document.path) == "md").then(|| std::str::from_utf8(document.bytes).ok()).flatten();
    let heading = text.and_then(|text| text.lines().find_map(|line| line.strip_prefix("# ")));
    let path = document.path.split_once('/').map_or(document.path, |(_, below)| below);
    heading.map_or_else(|| path.to_owned(), |heading| heading.trim().to_owned())
}

fn line(lang: Lang, document: &Document) -> Line {
    let size = i18n::t(lang, "documents-size", &[("count", document.bytes.len().div_ceil(1024).into())]);
    Line {
        title: title(document),
        href: format!("/documents/{}", document.path),
        about: format!("{} · {size}", ending(document.path).to_uppercase()),
    }
}

/// `GET /documents`.
pub async fn list(visit: Visit) -> Response {
    let lang = visit.prefs.lang;
    let group = |(anchor, key, documents): (&'static str, &str, &[Document])| Group {
        anchor,
        title: lang.t(key),
        about: lang.t(&format!("{key}.lead")),
        lines: documents.iter().map(|document| line(lang, document)).collect(),
    };
    let frame = Frame::new(&visit, Area::Elsewhere, lang.t("documents")).about(lang.t("documents.lead"));
    public(&DocumentsPage { chrome: frame.chrome.clone(), frame, groups: GROUPS.map(group).to_vec() })
}

fn media_type(path: &str) -> &'static str {
    match ending(path) {
        "svg" => "image/svg+xml",
        "json" => "application/json; charset=utf-8",
        "xml" => "application/xml; charset=utf-8",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "md" | "toml" | "txt" | "pem" | "hex" | "env" | "b64" | "b64url" | "jwt" => {
            "text/plain; charset=utf-8"
        }
        _ => "application/octet-stream",
    }
}

/// `GET /documents/{path}`.
pub async fn one(visit: Visit, Path(path): Path<String>) -> Response {
    let all = GROUPS.iter().flat_map(|(_, _, documents)| documents.iter());
    let Some(document) = all.into_iter().find(|document| document.path == path) else {
        return visit.fault(&Fault::NotFound);
    };
    let mut response = (StatusCode::OK, document.bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(document.path)));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    if matches!(ending(document.path), "zip" | "sha256withrsa" | "cer") {
        headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn below(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                below(&path, found);
            } else {
                found.insert(path.strip_prefix(docs()).unwrap().to_str().unwrap().to_owned());
            }
        }
    }

    fn docs() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").canonicalize().unwrap()
    }

    /// Every test vector and every book for integrators is published: one that is added is not forgotten.
    #[test]
    fn nothing_that_is_written_for_integrators_is_missing() {
        let published: BTreeSet<&str> =
            GROUPS.iter().flat_map(|(_, _, all)| all.iter().map(|d| d.path)).collect();
        let mut written = BTreeSet::new();
        for folder in ["vectors", "integrators"] {
            below(&docs().join(folder), &mut written);
        }
        let missing: Vec<_> = written.iter().filter(|path| !published.contains(path.as_str())).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert!(published.contains("protocol.md"));
    }
}
