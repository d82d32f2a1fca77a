//! The two manifests inside packages, as XML (PROTOCOL.md §5 and §7).
//!
//! Readers take elements in any order, ignore unknown ones, and refuse document types and entities: a manifest needs
//! neither, and both are ways to attack a reader.

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::Event;

use crate::id::ResourceId;

/// Largest manifest a reader accepts, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;
/// Most entries a reader accepts.
pub const MAX_ENTRIES: usize = 1_000;
/// Deepest nesting a reader follows.
const MAX_DEPTH: usize = 8;

/// Why a manifest cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadManifest {
    /// Over [`MAX_BYTES`].
    #[error("the manifest is larger than 1 MiB")]
    TooLarge,
    /// Over [`MAX_ENTRIES`].
    #[error("the manifest lists more than {MAX_ENTRIES} files")]
    TooMany,
    /// Not UTF-8 XML of the expected shape.
    #[error("the manifest is not well-formed XML: {0}")]
    Xml(String),
    /// Has a document type or an entity.
    #[error("the manifest has a document type or an entity; neither is allowed")]
    Entities,
    /// A `<file>` lacks an element or has one of a wrong form.
    #[error("file {position} of the manifest: {element} {reason}")]
    Element {
        /// Counted from 1.
        position: usize,
        /// The element.
        element: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// What became of a dataset, inside the platform's package (R128, R129).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileCode {
    /// 200: the file is inside.
    Present,
    /// 204: the DP has no data of this person; no file inside.
    NoData,
}

impl FileCode {
    fn number(self) -> &'static str {
        match self {
            Self::Present => "200",
            Self::NoData => "204",
        }
    }
}

/// One `<file>` of the platform's manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageEntry {
    /// The dataset; its file is `{resource_id}.zip`.
    pub resource_id: ResourceId,
    /// The dataset's name in zh-TW.
    pub resource_name: String,
    /// Whether the file is inside.
    pub code: FileCode,
}

impl PackageEntry {
    /// Name of the dataset's file in the package.
    pub fn filename(&self) -> String {
        format!("{}.zip", self.resource_id)
    }
}

/// The platform's manifest, first entry of the package an SP opens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PackageManifest {
    /// In the order of the request.
    pub files: Vec<PackageEntry>,
}

impl PackageManifest {
    /// As XML.
    pub fn to_xml(&self) -> String {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<files>\n");
        for file in &self.files {
            xml.push_str(&format!(
                "  <file><filename>{}</filename><resource_id>{}</resource_id><resource_name>{}</resource_name><code>{}</code></file>\n",
                file.filename(),
                file.resource_id,
                escape(clean(&file.resource_name)),
                file.code.number(),
            ));
        }
        xml.push_str("</files>\n");
        xml
    }

    /// Reads XML.
    pub fn from_xml(xml: &[u8]) -> Result<Self, BadManifest> {
        let mut files = Vec::new();
        for (index, fields) in read_files(xml)?.into_iter().enumerate() {
            let bad = |element, reason| BadManifest::Element { position: index + 1, element, reason };
            let resource_id: ResourceId = fields
                .get("resource_id")
                .ok_or_else(|| bad("resource_id", "is missing"))?
                .trim()
                .parse()
                .map_err(|_| bad("resource_id", "is not a resource id"))?;
            let code = match fields.get("code").map(str::trim) {
                Some("200") => FileCode::Present,
                Some("204") => FileCode::NoData,
                Some(_) => return Err(bad("code", "must be 200 or 204")),
                None => return Err(bad("code", "is missing")),
            };
            let entry = PackageEntry {
                resource_id,
                resource_name: fields.get("resource_name").unwrap_or_default().to_owned(),
                code,
            };
            match fields.get("filename").map(str::trim) {
                Some(name) if name == entry.filename() => {}
                Some(_) => return Err(bad("filename", "must be {resource_id}.zip")),
                None => return Err(bad("filename", "is missing")),
            }
            files.push(entry);
        }
        Ok(Self { files })
    }
}

/// One `<file>` of a DP's manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestEntry {
    /// Path of the file inside the package.
    pub filename: String,
    /// SHA-256 of its content.
    pub digest: [u8; 32],
}

/// The DP's manifest: the digest of each data file (R130, R133).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DigestManifest {
    /// In the order of the package.
    pub files: Vec<DigestEntry>,
}

impl DigestManifest {
    /// As XML; digests in lower-case hexadecimal.
    pub fn to_xml(&self) -> String {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<files>\n");
        for file in &self.files {
            xml.push_str(&format!(
                "  <file><filename>{}</filename><digest>{}</digest></file>\n",
                escape(clean(&file.filename)),
                hex(&file.digest),
            ));
        }
        xml.push_str("</files>\n");
        xml
    }

    /// Reads XML; digests in hexadecimal of either case.
    pub fn from_xml(xml: &[u8]) -> Result<Self, BadManifest> {
        let mut files = Vec::new();
        for (index, fields) in read_files(xml)?.into_iter().enumerate() {
            let bad = |element, reason| BadManifest::Element { position: index + 1, element, reason };
            let filename = fields.get("filename").ok_or_else(|| bad("filename", "is missing"))?;
            if filename.is_empty() {
                return Err(bad("filename", "is empty"));
            }
            let digest = fields.get("digest").ok_or_else(|| bad("digest", "is missing"))?;
            let digest =
                unhex(digest.trim()).ok_or_else(|| bad("digest", "must be 64 hexadecimal digits"))?;
            files.push(DigestEntry { filename: filename.to_owned(), digest });
        }
        Ok(Self { files })
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let text = text.as_bytes();
    if text.len() != 64 {
        return None;
    }
    let mut out = [0u8; 32];
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        let digit = |c: u8| (c as char).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some(out)
}

/// Drops what XML 1.0 cannot hold.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')).collect()
}

/// The child elements of one `<file>`.
#[derive(Default)]
struct Fields(Vec<(String, String)>);

impl Fields {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

fn read_files(xml: &[u8]) -> Result<Vec<Fields>, BadManifest> {
    if xml.len() > MAX_BYTES {
        return Err(BadManifest::TooLarge);
    }
    let text = std::str::from_utf8(xml).map_err(|_| BadManifest::Xml("not UTF-8".to_owned()))?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let bad = |e: String| BadManifest::Xml(e);
    let mut path: Vec<String> = Vec::new();
    let mut files: Vec<Fields> = Vec::new();
    let mut value = String::new();
    let mut rooted = false;
    loop {
        match reader.read_event().map_err(|e| bad(e.to_string()))? {
            Event::Start(start) => {
                path.push(start.local_name().as_ref().to_owned());
                if path.len() > MAX_DEPTH {
                    return Err(bad("nested too deeply".to_owned()));
                }
                if path.len() == 1 && (path[0] != "files" || std::mem::replace(&mut rooted, true)) {
                    return Err(bad("the one root element must be <files>".to_owned()));
                }
                if path.len() == 2 && path[1] == "file" {
                    if files.len() == MAX_ENTRIES {
                        return Err(BadManifest::TooMany);
                    }
                    files.push(Fields::default());
                }
                value.clear();
            }
            Event::Empty(empty) => {
                let name = empty.local_name().as_ref().to_owned();
                if path.is_empty() && (name != "files" || std::mem::replace(&mut rooted, true)) {
                    return Err(bad("the one root element must be <files>".to_owned()));
                }
                if path.len() == 1 && name == "file" {
                    if files.len() == MAX_ENTRIES {
                        return Err(BadManifest::TooMany);
                    }
                    files.push(Fields::default());
                }
                if path.len() == 2 && path[1] == "file" {
                    push(&mut files, name, String::new());
                }
            }
            Event::Text(chunk) => value.push_str(&chunk),
            Event::CData(chunk) => value.push_str(&chunk),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(c)) => value.push(c),
                Ok(None) => match &*reference {
                    "amp" => value.push('&'),
                    "lt" => value.push('<'),
                    "gt" => value.push('>'),
                    "quot" => value.push('"'),
                    "apos" => value.push('\''),
                    _ => return Err(BadManifest::Entities),
                },
                Err(e) => return Err(bad(e.to_string())),
            },
            Event::End(_) => {
                let name = path.pop().unwrap_or_default();
                if path.len() == 2 && path[1] == "file" {
                    push(&mut files, name, std::mem::take(&mut value));
                }
                value.clear();
            }
            Event::DocType(_) => return Err(BadManifest::Entities),
            Event::Eof if !rooted => return Err(bad("there is no <files>".to_owned())),
            Event::Eof if path.is_empty() => break,
            Event::Eof => return Err(bad("it ends inside an element".to_owned())),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
        }
    }
    Ok(files)
}

/// The first of two elements of one name counts; a second one would let two readers see two manifests.
fn push(files: &mut [Fields], name: String, value: String) {
    if let Some(last) = files.last_mut()
        && last.get(&name).is_none()
    {
        last.0.push((name, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows R128, R129.
    #[test]
    fn package_manifest_round_trips() {
        let manifest = PackageManifest {
            files: vec![
                PackageEntry {
                    resource_id: "API.Kr1C3b1ijJ".parse().unwrap(),
                    resource_name: "親屬關係 <父母 & 配偶> 𠮷".to_owned(),
                    code: FileCode::Present,
                },
                PackageEntry {
                    resource_id: "API.TM12KLkB8o".parse().unwrap(),
                    resource_name: String::new(),
                    code: FileCode::NoData,
                },
            ],
        };
        assert_eq!(PackageManifest::from_xml(manifest.to_xml().as_bytes()), Ok(manifest));
    }

    /// Shows R130, R133.
    #[test]
    fn digest_manifest_round_trips_and_reads_upper_case() {
        let manifest = DigestManifest {
            files: vec![DigestEntry { filename: "資料 & more.json".to_owned(), digest: [0xab; 32] }],
        };
        let xml = manifest.to_xml();
        assert_eq!(DigestManifest::from_xml(xml.as_bytes()), Ok(manifest.clone()));
        let loud = xml.replace(&hex(&[0xab; 32]), &"AB".repeat(32));
        assert_eq!(DigestManifest::from_xml(loud.as_bytes()), Ok(manifest));
    }

    #[test]
    fn hostile_manifests_are_refused() {
        let read = |xml: &str| DigestManifest::from_xml(xml.as_bytes());
        assert_eq!(
            read("<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><files/>"),
            Err(BadManifest::Entities)
        );
        assert_eq!(read("<files><file><filename>&a;</filename></file></files>"), Err(BadManifest::Entities));
        assert!(matches!(read("<files><file>"), Err(BadManifest::Xml(_))));
        for rootless in ["", "  ", "text", "<?xml version=\"1.0\"?>", "<html></html>", "<files/><files/>"] {
            assert!(matches!(read(rootless), Err(BadManifest::Xml(_))), "{rootless}");
        }
        assert!(matches!(read(&"<files>".repeat(100)), Err(BadManifest::Xml(_))));
        assert!(matches!(
            read("<files><file><filename>a</filename></file></files>"),
            Err(BadManifest::Element { position: 1, element: "digest", .. })
        ));
        assert_eq!(read(&format!("<files>{}</files>", "<file/>".repeat(1_001))), Err(BadManifest::TooMany));
        assert_eq!(read(&" ".repeat(MAX_BYTES + 1)), Err(BadManifest::TooLarge));
        assert_eq!(read("<files/>"), Ok(DigestManifest::default()));
    }
}
