//! ZIP files and the office documents that are ones.

use mydata_seal::zip::inspect::{Inside, inspect};

use super::{FileKind, Refused, binary};

/// Most bytes that a zip may unpack to.
pub const MAX_UNPACKED: u64 = 100 * 1024 * 1024;

/// What a zip is: each file in it is unpacked and looked at.
///
/// # Errors
/// It is not sound, unpacks to too much, holds programs or macros, or is empty.
pub fn kind_of(bytes: &[u8]) -> Result<FileKind, Refused> {
    let files = inspect(bytes, MAX_UNPACKED)?;
    if files.is_empty() {
        return Err(Refused::Empty);
    }
    for file in &files {
        if let Some(what) = binary::program(&file.head) {
            // Office documents of today hold none of these but macros and embedded objects.
            let shown = file.name.chars().filter(|c| !c.is_control()).take(100).collect();
            return Err(Refused::ProgramInside { file: shown, what });
        }
    }
    if let Some(kind) = open_document(&files) {
        let scripted = files.iter().any(|f| f.name.starts_with("Basic/") || f.name.starts_with("Scripts/"));
        return if scripted { Err(Refused::Active { what: "macros" }) } else { Ok(kind) };
    }
    let holds = |name: &str| files.iter().any(|f| f.name == name);
    if holds("[Content_Types].xml") {
        if files.iter().any(|f| f.name.to_ascii_lowercase().ends_with("vbaproject.bin")) {
            return Err(Refused::Active { what: "macros" });
        }
        return match (holds("word/document.xml"), holds("xl/workbook.xml")) {
            (true, _) => Ok(FileKind::Docx),
            (_, true) => Ok(FileKind::Xlsx),
            _ => Err(Refused::Unknown),
        };
    }
    Ok(FileKind::Zip)
}

fn open_document(files: &[Inside]) -> Option<FileKind> {
    let kind = files.iter().find(|f| f.name == "mimetype")?;
    match kind.head.as_slice() {
        b"application/vnd.oasis.opendocument.text" => Some(FileKind::Odt),
        b"application/vnd.oasis.opendocument.spreadsheet" => Some(FileKind::Ods),
        _ => None,
    }
}
