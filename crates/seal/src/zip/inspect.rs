//! Looks into a zip that a stranger uploaded: judged as packages are, unpacked once, and kept nowhere.

use std::io::{Cursor, Read as _};

use super::{Archive, Limits, MAX_ENTRIES, ZipError};

/// How much of each file's beginning is given.
pub const HEAD: usize = 512;

/// A file inside a zip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inside {
    /// Its name, with folders.
    pub name: String,
    /// Its bytes, unpacked.
    pub len: u64,
    /// The first [`HEAD`] of them.
    pub head: Vec<u8>,
}

/// The files of a zip, each unpacked to its end and its check sum proven.
///
/// # Errors
/// It is not sound, has too many entries, or unpacks to more than `most` bytes.
pub fn inspect(zip: &[u8], most: u64) -> Result<Vec<Inside>, ZipError> {
    let mut archive = Archive::open(Cursor::new(zip), Limits { entries: MAX_ENTRIES, unpacked: most })?;
    let entries = std::mem::take(&mut archive.entries);
    let mut out = Vec::with_capacity(entries.len());
    let mut buffer = vec![0; 64 * 1024];
    for entry in entries {
        let mut content = archive.content(&entry)?;
        let mut head = Vec::new();
        loop {
            let n = content.read(&mut buffer).map_err(ZipError::from_io)?;
            if n == 0 {
                break;
            }
            let wanted = HEAD.saturating_sub(head.len()).min(n);
            head.extend_from_slice(&buffer[..wanted]);
        }
        out.push(Inside { name: entry.name, len: entry.unpacked, head });
    }
    Ok(out)
}
