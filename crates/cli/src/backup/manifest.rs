//! What a backup says of itself, and how its parts are named.

use std::io::{self, Read, Write};

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

/// The only form so far.
pub const FORM: u32 = 1;
/// The manifest, the last part.
pub const MANIFEST: &str = "manifest.json";
/// The database of SQLite.
pub const SQLITE: &str = "database.sqlite";
/// The database of PostgreSQL, in the custom form of `pg_dump`.
pub const POSTGRES: &str = "database.pgdump";
/// Blobs begin with this.
pub const BLOBS: &str = "blobs/";

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORM`]
    pub form: u32,
    /// The program that made it.
    pub version: String,
    /// `sqlite` or `postgresql`.
    pub engine: String,
    /// The moment, RFC 3339.
    pub made_at: String,
    /// Every other part, in order.
    pub files: Vec<Part>,
}

/// A part of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its name in the file.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

/// Counts and hashes what is read or written through it.
pub struct Measured<T> {
    inner: T,
    hash: Context,
    size: u64,
}

impl<T> Measured<T> {
    /// Nothing so far.
    pub fn new(inner: T) -> Self {
        Self { inner, hash: Context::new(&SHA256), size: 0 }
    }

    /// What went through.
    pub fn part(self, name: &str) -> Part {
        let hash = self.hash.finish();
        let sha256 = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Part { name: name.to_owned(), size: self.size, sha256 }
    }

    fn saw(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
    }
}

impl<T: Read> Read for Measured<T> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.saw(&into[..read]);
        Ok(read)
    }
}

impl<T: Write> Write for Measured<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.saw(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Whether a name is that of a blob: kind, folder, and the kind with 32 hexadecimal digits. Nothing else is ever written
/// below a data folder.
pub fn is_blob(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(BLOBS) else { return false };
    let [kind, folder, id] = rest.split('/').collect::<Vec<_>>()[..] else { return false };
    let hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    matches!(kind, "s" | "p")
        && id.len() == 33
        && id.starts_with(kind)
        && hex(&id[1..])
        && folder == &id[1..3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blobs_are_blobs() {
        let id = "0123456789abcdef0123456789abcdef";
        assert!(is_blob(&format!("blobs/s/01/s{id}")));
        for bad in [
            format!("blobs/s/02/s{id}"),
            format!("blobs/p/01/s{id}"),
            format!("blobs/s/01/s{id}#1"),
            format!("blobs/s/../s{id}"),
            format!("/blobs/s/01/s{id}"),
            "blobs/s/01/".to_owned(),
            "../keys".to_owned(),
            "blobs/s/é1/sé123456789abcdef0123456789abcde".to_owned(),
        ] {
            assert!(!is_blob(&bad), "{bad}");
        }
    }
}
