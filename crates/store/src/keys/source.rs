//! Where the master key comes from. To add a source, add a variant and say how it is read; the rest knows texts only.
//!
//! What every source gives is a text, one line a key, `#` begins a comment:
//! ```text
//! BASE64                  a master key; there is only this line
//! master 1f0c9a3e BASE64  a master key with its id; the newest comes first, older ones still unwrap
//! index BASE64            of a key file of earlier versions: the key of the look-up values; the master key follows from it
//! data 1f0c9a3e BASE64    of a key file of earlier versions: a data key, taken into the database at the first start
//! ```

use super::{Key, KeyId, command, file, fresh_key, parse_key};
use crate::error::{Result, StoreError};
use aws_lc_rs::hmac;
use mydata_wire::{Random, b64};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Where the master key is.
#[derive(Clone)]
pub enum KeySource {
    /// In a file of mode 0600, which is made with a fresh key when it does not exist.
    File(PathBuf),
    /// In a variable of the environment.
    Environment(String),
    /// In what a command prints, for a hardware module or a key service.
    Command {
        /// Program and arguments; no shell reads them.
        program: Vec<String>,
        /// How long it may take.
        limit: Duration,
    },
    /// In a text.
    Inline(Zeroizing<String>),
}

/// Without keys, and without a command's arguments, which may be secret as well.
impl std::fmt::Debug for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place())
    }
}

impl KeySource {
    /// What it is called in a message.
    pub fn place(&self) -> String {
        match self {
            Self::File(path) => format!("file {}", path.display()),
            Self::Environment(name) => format!("environment variable {name}"),
            Self::Command { program, .. } => {
                format!("command {}", program.first().map_or("(none)", String::as_str))
            }
            Self::Inline(_) => "text of the configuration".to_owned(),
        }
    }

    /// Reads the master keys. Blocks for as long as a command takes.
    ///
    /// # Errors
    /// [`StoreError::Keys`]: it cannot be read, others may read it, or what it gives is no key. `None`: a file that does not exist.
    pub fn read_now(&self) -> Result<Option<MasterKeys>> {
        let fail = |reason: String| StoreError::Keys { place: self.place(), reason };
        let text = match self {
            Self::Inline(text) => text.clone(),
            Self::Environment(name) => match std::env::var(name) {
                Ok(text) => Zeroizing::new(text),
                Err(std::env::VarError::NotPresent) => {
                    return Err(fail("it is not set; set it for the platform's user".to_owned()));
                }
                Err(std::env::VarError::NotUnicode(_)) => return Err(fail("it is not text".to_owned())),
            },
            Self::Command { program, limit } => command::output(program, *limit).map_err(fail)?,
            Self::File(path) => match file::read_private(path) {
                Ok(text) => text,
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(e) => return Err(fail(e.to_string())),
            },
        };
        MasterKeys::parse(&text).map(Some).map_err(fail)
    }

    /// [`Self::read_now`], where nobody waits.
    pub(crate) async fn read(&self) -> Result<Option<MasterKeys>> {
        let source = self.clone();
        let read = tokio::task::spawn_blocking(move || source.read_now()).await;
        read.map_err(|e| StoreError::Keys { place: self.place(), reason: e.to_string() })?
    }

    /// Reads the master keys, or makes one when the file does not exist; `true`: it was made just now.
    pub(crate) async fn read_or_make(&self, random: &Arc<dyn Random>) -> Result<(MasterKeys, bool)> {
        if let Some(keys) = self.read().await? {
            return Ok((keys, false));
        }
        let Self::File(path) = self else { return Err(self.gone()) };
        let text = master_file(&[&fresh_master(random.as_ref())]);
        let made = file::create(path, &text, random.as_ref())
            .map_err(|e| StoreError::Keys { place: self.place(), reason: e.to_string() })?;
        // Read back in any case: another process may have been quicker.
        Ok((self.read().await?.ok_or_else(|| self.gone())?, made))
    }

    fn gone(&self) -> StoreError {
        StoreError::Keys { place: self.place(), reason: "it is not there".to_owned() }
    }
}

/// What a source gave. Read for a moment, not kept.
pub struct MasterKeys {
    /// Newest first, never empty.
    keys: Vec<(KeyId, Key)>,
    /// The data keys of a key file of earlier versions.
    earlier: Option<Earlier>,
}

/// What stood in a key file before keys were wrapped.
pub(crate) struct Earlier {
    pub(crate) index: Key,
    /// The newest data key.
    pub(crate) newest: (KeyId, Key),
    /// Older ones, newest first.
    pub(crate) older: Vec<(KeyId, Key)>,
}

/// Ids only.
impl std::fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(id, _)| id)).finish()
    }
}

impl MasterKeys {
    /// The id of the newest.
    pub fn newest(&self) -> KeyId {
        self.keys[0].0
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// Whether it is a key file of earlier versions, which holds data keys in plain.
    pub fn is_earlier(&self) -> bool {
        self.earlier.is_some()
    }

    pub(crate) fn earlier(&self) -> Option<&Earlier> {
        self.earlier.as_ref()
    }

    pub(crate) fn newest_key(&self) -> &(KeyId, Key) {
        &self.keys[0]
    }

    pub(crate) fn find(&self, id: KeyId) -> Option<&Key> {
        self.keys.iter().find(|(found, _)| *found == id).map(|(_, key)| key)
    }

    /// The text of a file with a fresh key above all that are here.
    pub(crate) fn with_fresh(&self, text: &str, random: &dyn Random) -> Zeroizing<String> {
        let key = fresh_key(random);
        Zeroizing::new(format!("{}\n{text}", *master_line(&(KeyId::of(&key), key))))
    }

    /// The text of a file with the newest key only.
    pub(crate) fn newest_only(&self) -> Zeroizing<String> {
        master_file(&[&self.keys[0]])
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let fail = |line: usize, reason: &str| Err(format!("line {}: {reason}", line + 1));
        let (mut keys, mut data, mut index) = (Vec::new(), Vec::new(), None);
        let named = |id: &str, key: &str| -> Result<(KeyId, Key), &'static str> {
            let key = parse_key(key).ok_or("the key is not 32 bytes in base64")?;
            let found = KeyId::of(&key);
            if found.to_string() != id.to_ascii_lowercase() {
                return Err("id and key do not belong together: a character was changed");
            }
            Ok((found, key))
        };
        for (n, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split('#').next().unwrap_or("").split_whitespace().collect();
            match words.as_slice() {
                [] => {}
                ["master", id, key] => match named(id, key) {
                    Ok(key) => keys.push(key),
                    Err(reason) => return fail(n, reason),
                },
                ["data", id, key] => match named(id, key) {
                    Ok(key) => data.push(key),
                    Err(reason) => return fail(n, reason),
                },
                ["index", key] => match parse_key(key) {
                    Some(key) if index.is_none() => index = Some(key),
                    Some(_) => return fail(n, "there may be only one index key"),
                    None => return fail(n, "the key is not 32 bytes in base64"),
                },
                [key] => match parse_key(key) {
                    Some(key) if keys.is_empty() => keys.push((KeyId::of(&key), key)),
                    Some(_) => return fail(n, "a key without an id must be the only one"),
                    None => return fail(n, "the key is not 32 bytes in base64"),
                },
                _ => return fail(n, "neither `master ID KEY` nor a key in base64 alone"),
            }
        }
        let mut data = data.into_iter();
        let earlier = match (index, data.next()) {
            (Some(index), Some(newest)) => {
                keys.push(master_of(&index));
                Some(Earlier { index, newest, older: data.collect() })
            }
            (Some(_), None) => return Err("has an index key, but no line that begins with `data`".to_owned()),
            (None, Some(_)) => return Err("has data keys, but no line that begins with `index`".to_owned()),
            (None, None) => None,
        };
        if keys.is_empty() {
            return Err("has no line that begins with `master`".to_owned());
        }
        Ok(Self { keys, earlier })
    }
}

/// The master key that follows from a key file of earlier versions: the same on every node that has the file, whether it may write
/// it or not.
fn master_of(index: &Key) -> (KeyId, Key) {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, index.as_slice()), b"mydata master key");
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(tag.as_ref());
    (KeyId::of(&key), key)
}

fn fresh_master(random: &dyn Random) -> (KeyId, Key) {
    let key = fresh_key(random);
    (KeyId::of(&key), key)
}

fn master_line((id, key): &(KeyId, Key)) -> Zeroizing<String> {
    Zeroizing::new(format!("master {id} {}", *Zeroizing::new(b64::standard(key.as_slice()))))
}

fn master_file(keys: &[&(KeyId, Key)]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(512 + 64 * keys.len()));
    text.push_str(
        "# The master key of this installation of mydata: the keys in the database are wrapped under it. Without it everything\n\
         # secret in the database and all blobs are lost: keep a copy in a safe place, apart from the backups of the data.\n\
         # `mydata keys rotate --master` puts another in its place.\n",
    );
    for key in keys {
        text.push_str(&master_line(key));
        text.push('\n');
    }
    text
}
