//! The keys under which everything secret is kept: where they come from, and who else may read them (nobody).
//!
//! One line a key; `#` begins a comment:
//! ```text
//! index BASE64            the key of the look-up values; there is exactly one, and it stays
//! data 1f0c9a3e BASE64    a key for content, with its id; the newest comes first, older ones still open what they sealed
//! ```
//! To change the key, put a new `data` line above the others ([`KeyRing::fresh_line`]). An older line may go once nothing is sealed
//! under it any more.

use crate::error::{Result, StoreError};
use aws_lc_rs::hmac;
use mydata_wire::{Random, b64};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use zeroize::{Zeroize as _, Zeroizing};

/// Where the keys are.
#[derive(Clone)]
pub enum KeySource {
    /// In a file of mode 0600, which is made with fresh keys when it does not exist.
    File(PathBuf),
    /// In the configuration, in the file's own format.
    Inline(Zeroizing<String>),
}

/// Without keys.
impl std::fmt::Debug for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Inline(_) => f.write_str("Inline(…)"),
        }
    }
}

/// 256 bits.
pub(crate) type Key = Zeroizing<[u8; 32]>;
/// Names a data key inside what it sealed.
pub(crate) type KeyId = [u8; 4];

/// All keys of an installation.
pub struct KeyRing {
    /// Newest first, never empty.
    pub(crate) data: Vec<(KeyId, Key)>,
    pub(crate) index: Key,
}

/// Ids only.
impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.data.iter().map(|(id, _)| hex(*id))).finish()
    }
}

impl KeyRing {
    /// Reads the keys, or makes them when the file does not exist; `true`: they were made just now.
    ///
    /// # Errors
    /// [`StoreError::Keys`]: the file cannot be read or written, others may read it, or a line is not a key.
    pub fn load(source: &KeySource, random: &dyn Random) -> Result<(Self, bool)> {
        let path = match source {
            KeySource::Inline(text) => return Ok((Self::parse(text, Path::new("(configuration)"))?, false)),
            KeySource::File(path) => path,
        };
        match read_private(path) {
            Ok(text) => Ok((Self::parse(&text, path)?, false)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let made = create(path, &fresh_file(random), random).map_err(|e| unusable(path, &e))?;
                // Read back in any case: another process may have been quicker.
                let text = read_private(path).map_err(|e| unusable(path, &e))?;
                Ok((Self::parse(&text, path)?, made))
            }
            Err(e) => Err(unusable(path, &e)),
        }
    }

    /// A line with a fresh data key, to be put above the others.
    pub fn fresh_line(random: &dyn Random) -> Zeroizing<String> {
        let key = fresh_key(random);
        Zeroizing::new(format!(
            "data {} {}",
            hex(id_of(&key)),
            *Zeroizing::new(b64::standard(key.as_slice()))
        ))
    }

    fn parse(text: &str, path: &Path) -> Result<Self> {
        let fail = |line: usize, reason: &str| StoreError::Keys {
            path: path.to_owned(),
            reason: format!("line {}: {reason}", line + 1),
        };
        let (mut data, mut index) = (Vec::new(), None);
        for (n, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split('#').next().unwrap_or("").split_whitespace().collect();
            match words.as_slice() {
                [] => {}
                ["index", key] => {
                    let key = parse_key(key).ok_or_else(|| fail(n, "the key is not 32 bytes in base64"))?;
                    if index.replace(key).is_some() {
                        return Err(fail(n, "there may be only one index key"));
                    }
                }
                ["data", id, key] => {
                    let key = parse_key(key).ok_or_else(|| fail(n, "the key is not 32 bytes in base64"))?;
                    let found = id_of(&key);
                    if hex(found) != id.to_ascii_lowercase() {
                        return Err(fail(n, "id and key do not belong together: a character was changed"));
                    }
                    data.push((found, key));
                }
                _ => return Err(fail(n, "neither `index KEY` nor `data ID KEY`")),
            }
        }
        let missing = |what| StoreError::Keys {
            path: path.to_owned(),
            reason: format!("has no line that begins with `{what}`"),
        };
        if data.is_empty() {
            return Err(missing("data"));
        }
        Ok(Self { data, index: index.ok_or_else(|| missing("index"))? })
    }
}

fn unusable(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Keys { path: path.to_owned(), reason: error.to_string() }
}

fn fresh_key(random: &dyn Random) -> Key {
    let mut key = Zeroizing::new([0; 32]);
    random.fill(key.as_mut_slice());
    key
}

/// Four bytes that follow from the key, so that a damaged line is noticed.
fn id_of(key: &Key) -> KeyId {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()), b"mydata key id");
    let mut id = KeyId::default();
    id.copy_from_slice(&tag.as_ref()[..4]);
    id
}

fn hex(id: KeyId) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

fn parse_key(text: &str) -> Option<Key> {
    let mut bytes = b64::decode_lenient(text).ok()?;
    let key = <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Zeroizing::new);
    bytes.zeroize();
    key
}

fn fresh_file(random: &dyn Random) -> Zeroizing<String> {
    let index = Zeroizing::new(b64::standard(fresh_key(random).as_slice()));
    Zeroizing::new(format!(
        "# The keys of this installation of mydata. Without them everything secret in the database and all blobs are lost:\n\
         # keep a copy in a safe place, apart from the backups of the data.\n\
         # To change the key put a new `data` line above the others and leave the others where they are.\n\
         index {}\n{}\n",
        *index,
        *KeyRing::fresh_line(random)
    ))
}

/// Reads a file that only its owner can read.
fn read_private(path: &Path) -> io::Result<Zeroizing<String>> {
    let mut file = fs::File::open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata()?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(io::Error::other(format!(
                "others may read or write it (mode {mode:04o}); run `chmod 600` on it, and change the key if others were there"
            )));
        }
    }
    // Read into a buffer that is large enough, so that no half-filled copy stays behind in memory.
    let len = usize::try_from(file.metadata()?.len()).unwrap_or(0);
    let mut text = Zeroizing::new(String::with_capacity(len + 1));
    io::Read::read_to_string(&mut file, &mut text)?;
    Ok(text)
}

/// Writes the file whole or not at all; `false`: it exists already and was left alone.
fn create(path: &Path, text: &str, random: &dyn Random) -> io::Result<bool> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let draft = folder.join(format!(".keys-{}", mydata_wire::random::alphanumeric(random, 12)));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = (|| {
        let mut file = options.open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        // A link, not a rename: it never replaces a file that another process has made meanwhile.
        match fs::hard_link(&draft, path) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(e) => Err(e),
        }
    })();
    let removed = fs::remove_file(&draft);
    let made = written?;
    removed?;
    fs::File::open(folder)?.sync_all()?;
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mydata_wire::SystemRandom;

    fn file_in(folder: &tempfile::TempDir) -> (PathBuf, KeySource) {
        let path = folder.path().join("keys");
        (path.clone(), KeySource::File(path))
    }

    fn reason(source: &KeySource) -> String {
        KeyRing::load(source, &SystemRandom).unwrap_err().to_string()
    }

    #[test]
    fn is_made_once_for_the_owner_only_and_then_read() {
        let folder = tempfile::tempdir().unwrap();
        let (path, source) = file_in(&folder);
        let (first, made) = KeyRing::load(&source, &SystemRandom).unwrap();
        assert!(made);
        let (second, made) = KeyRing::load(&source, &SystemRandom).unwrap();
        assert!(!made);
        assert_eq!(first.data, second.data);
        assert_eq!(first.index, second.index);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left behind");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[cfg(unix)]
    #[test]
    fn is_refused_when_others_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (path, source) = file_in(&folder);
        KeyRing::load(&source, &SystemRandom).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(reason(&source).contains("chmod 600"), "{mode:o}");
        }
    }

    #[test]
    fn newest_comes_first_and_a_damaged_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (path, source) = file_in(&folder);
        let (old, _) = KeyRing::load(&source, &SystemRandom).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{}\n{text}", *KeyRing::fresh_line(&SystemRandom))).unwrap();
        let (ring, _) = KeyRing::load(&source, &SystemRandom).unwrap();
        assert_eq!(ring.data.len(), 2);
        assert_eq!(ring.data[1], old.data[0]);

        let inline = |t: &str| KeySource::Inline(Zeroizing::new(t.to_owned()));
        let ab = b64::standard(&[7; 32]);
        assert!(reason(&inline(&format!("data 00000000 {ab}"))).contains("line 1: id and key"));
        assert!(reason(&inline("data 00000000 abc")).contains("32 bytes"));
        assert!(reason(&inline("key abc")).contains("neither"));
        assert!(
            reason(&inline(&format!("index {ab}\nindex {ab}"))).contains("line 2: there may be only one")
        );
        assert!(reason(&inline(&format!("index {ab}"))).contains("`data`"));
        assert!(reason(&inline(&KeyRing::fresh_line(&SystemRandom))).contains("`index`"));
    }

    #[test]
    fn debug_shows_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let (path, source) = file_in(&folder);
        let (ring, _) = KeyRing::load(&source, &SystemRandom).unwrap();
        let text = fs::read_to_string(path).unwrap();
        let shown = format!("{ring:?} {:?}", KeySource::Inline(Zeroizing::new(text.clone())));
        for word in text.split_whitespace().filter(|w| w.len() > 40) {
            assert!(!shown.contains(word));
        }
    }
}
