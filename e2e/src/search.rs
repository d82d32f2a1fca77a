//! Looks for secrets in what lies on disk: the database and every file of a data folder, in plain and in the usual disguises.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::process::Command;

use mydata_sandbox::personas;
use mydata_wire::b64;

use crate::database::Database;

/// What each is, and the secret itself.
pub type Secrets = BTreeSet<(String, String)>;

/// What is looked for, by its first four bytes.
#[derive(Debug)]
pub struct Search {
    by_start: HashMap<[u8; 4], Vec<(Vec<u8>, String)>>,
}

impl Search {
    /// Looks for these, in every disguise.
    ///
    /// # Panics
    /// When one is too short to be found.
    #[must_use]
    pub fn new(secrets: &Secrets) -> Self {
        let mut by_start: HashMap<[u8; 4], Vec<(Vec<u8>, String)>> = HashMap::new();
        for (what, secret) in secrets {
            for (disguise, bytes) in disguises(secret) {
                let start = bytes[..4].try_into().expect("four bytes are four bytes");
                by_start.entry(start).or_default().push((bytes, format!("{what} ({disguise})")));
            }
        }
        Self { by_start }
    }

    /// What of it stands there.
    #[must_use]
    pub fn find(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let mut found = BTreeSet::new();
        for at in 0..bytes.len().saturating_sub(3) {
            let start: [u8; 4] = bytes[at..at + 4].try_into().expect("four bytes are four bytes");
            for (whole, what) in self.by_start.get(&start).into_iter().flatten() {
                if bytes[at..].starts_with(whole) {
                    found.insert(format!("{what} in {place}"));
                }
            }
        }
        found.into_iter().collect()
    }

    /// Every file below a folder.
    fn find_below(&self, folder: &Path, searched: &mut u64) -> Vec<String> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).expect("the folder can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                found.extend(self.find_below(&path, searched));
            } else {
                let bytes = std::fs::read(&path).expect("the file can be read");
                *searched += bytes.len() as u64;
                found.extend(self.find(&path.file_name().unwrap_or_default().to_string_lossy(), &bytes));
            }
        }
        found
    }

    /// The data folder, and on PostgreSQL all that the server has.
    ///
    /// # Panics
    /// When there is nothing to be searched, or it cannot be read.
    #[must_use]
    pub fn find_all(&self, folder: &Path, database: &Database) -> Vec<String> {
        let mut searched = 0;
        let mut found = self.find_below(folder, &mut searched);
        if let Some(url) = database.url() {
            let dump = Command::new("pg_dump").args(["--data-only", "--no-owner", url]).output();
            let dump = dump.expect("pg_dump can be started");
            assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
            searched += dump.stdout.len() as u64;
            found.extend(self.find("the dump", &dump.stdout));
        }
        assert!(searched > 50_000, "there was something to search: {searched} bytes");
        found
    }
}

/// How a text may stand somewhere without being plain to see.
fn disguises(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = text.as_bytes();
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    let percent: String = bytes.iter().map(|b| format!("%{b:02X}")).collect();
    let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let mut all = vec![
        ("plain", bytes.to_vec()),
        ("hex", hex.clone().into_bytes()),
        ("hex", hex.to_uppercase().into_bytes()),
        ("percent", percent.into_bytes()),
        ("escaped", escaped.into_bytes()),
        ("UTF-16", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("UTF-16", text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
    ];
    // In the middle of something longer base64 looks in one of three ways.
    for shift in 0..3 {
        let mut longer = vec![0; shift];
        longer.extend_from_slice(bytes);
        let (begin, end) = ([0, 2, 3][shift], longer.len() * 8 / 6);
        for encoded in [b64::standard(&longer), b64::url_safe(&longer)] {
            all.push(("base64", encoded.as_bytes()[begin..end].to_vec()));
        }
    }
    all
}

/// Everybody of the sandbox: id, name, mail, address.
#[must_use]
pub fn people() -> Secrets {
    let mut all = BTreeSet::new();
    for persona in personas::all() {
        for (what, text) in [
            ("a personal id", persona.uid.to_owned()),
            ("a name", persona.name.to_owned()),
            ("a mail address", persona.email()),
            ("an address", persona.household.address.to_owned()),
        ] {
            all.insert((what.to_owned(), text));
        }
        for relative in persona.relatives {
            all.insert(("a relative's id".to_owned(), relative.id.to_owned()));
            all.insert(("a relative's name".to_owned(), relative.name.to_owned()));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_finds_what_it_looks_for() {
        let secrets = BTreeSet::from([
            ("name".to_owned(), "王小明".to_owned()),
            ("id".to_owned(), "A123456789".to_owned()),
        ]);
        let search = Search::new(&secrets);
        for secret in ["王小明", "A123456789"] {
            for (disguise, bytes) in disguises(secret) {
                let hay = [b"before ".as_slice(), &bytes, b" after"].concat();
                assert!(!search.find("hay", &hay).is_empty(), "{secret} {disguise}");
            }
            for before in ["", "x", "xy"] {
                let text = b64::standard(format!("{before}{secret}, and more").as_bytes());
                assert!(!search.find("hay", text.as_bytes()).is_empty(), "{secret} after {before}");
            }
        }
        assert!(search.find("hay", "王小 明 A12345678".as_bytes()).is_empty());
    }
}
