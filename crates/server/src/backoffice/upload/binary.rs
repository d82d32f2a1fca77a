//! Programs, PDF and images, told by their first bytes.

use memchr::memmem::find;

use super::{FileKind, Refused};

/// What kind of program a file is, if it is one.
pub fn program(bytes: &[u8]) -> Option<&'static str> {
    const PROGRAMS: &[(&[u8], &str)] = &[
        (b"MZ", "Windows"),
        (b"ZM", "Windows"),
        (b"\x7fELF", "Linux"),
        (b"\xfe\xed\xfa\xce", "macOS"),
        (b"\xfe\xed\xfa\xcf", "macOS"),
        (b"\xce\xfa\xed\xfe", "macOS"),
        (b"\xcf\xfa\xed\xfe", "macOS"),
        (b"\xca\xfe\xba\xbe", "Java or macOS"),
        (b"\xca\xfe\xd0\x0d", "Java"),
        (b"\0asm", "WebAssembly"),
        (b"dex\n", "Android"),
        (b"#!", "script"),
        (b"<?php", "PHP"),
        (b"@echo off", "script"),
        (b"L\0\0\0\x01\x14\x02\0", "Windows shortcut"),
        (b"!<arch>\n", "library"),
        (b"ITSF", "Windows help"),
        // Before 2007 office documents, installers and mails had one frame; what is inside cannot be told apart safely.
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "installer or old office document"),
    ];
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lower = start.get(..9).unwrap_or(start).to_ascii_lowercase();
    PROGRAMS
        .iter()
        .find(|(magic, _)| start.starts_with(magic) || (magic.starts_with(b"@") && lower.starts_with(magic)))
        .map(|(_, what)| *what)
}

/// A PDF or an image.
///
/// # Errors
/// It begins as one and is none.
pub fn kind_of(bytes: &[u8]) -> Result<Option<FileKind>, Refused> {
    if bytes.starts_with(b"%PDF-") {
        return pdf(bytes).map(Some);
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        let whole = bytes.get(12..16) == Some(b"IHDR") && bytes.ends_with(b"\0\0\0\0IEND\xaeB`\x82");
        return image(FileKind::Png, whole).map(Some);
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        let end = bytes.iter().rposition(|b| *b != 0).map_or(bytes, |at| &bytes[..=at]);
        return image(FileKind::Jpeg, end.ends_with(b"\xff\xd9")).map(Some);
    }
    Ok(None)
}

fn image(kind: FileKind, whole: bool) -> Result<FileKind, Refused> {
    if whole { Ok(kind) } else { Err(Refused::Damaged { kind, reason: "it does not end as it should" }) }
}

/// Names in a PDF that make a reader run or fetch something. Inside compressed streams they are not seen; whoever serves
/// the file must not let it run either way.
const ACTIVE: [(&[u8], &str); 4] = [
    (b"/JavaScript", "JavaScript"),
    (b"/Launch", "a command to start a program"),
    (b"/EmbeddedFile", "embedded files"),
    (b"/RichMedia", "rich media"),
];

fn pdf(bytes: &[u8]) -> Result<FileKind, Refused> {
    let kind = FileKind::Pdf;
    let tail = &bytes[bytes.len().saturating_sub(2_048)..];
    if find(tail, b"%%EOF").is_none() || find(bytes, b"startxref").is_none() {
        return Err(Refused::Damaged { kind, reason: "its end is missing" });
    }
    for (name, what) in ACTIVE {
        // `/JavaScriptX` is another name.
        let mut rest = bytes;
        while let Some(at) = find(rest, name) {
            rest = &rest[at + name.len()..];
            if rest.first().is_none_or(|b| !b.is_ascii_alphanumeric()) {
                return Err(Refused::Active { what });
            }
        }
    }
    Ok(kind)
}
