//! The sandbox's data folder: keys that are made once and kept, readable by their owner only.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A folder of the sandbox.
#[derive(Debug, Clone)]
pub struct DataFolder(PathBuf);

impl DataFolder {
    /// Opens the folder, making it (mode 0700) when it is not there.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut make = fs::DirBuilder::new();
        make.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt;
            make.mode(0o700);
        }
        make.create(path)?;
        Ok(Self(path.to_owned()))
    }

    /// A folder inside it.
    pub fn folder(&self, name: &str) -> io::Result<Self> {
        Self::open(&self.0.join(name))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The text of a file, made by `make` and kept (mode 0600) when it is not there yet.
    pub fn keep<E: From<io::Error>>(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<String, E>,
    ) -> Result<String, E> {
        let path = self.0.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = make()?;
                self.write(name, text.as_bytes())?;
                Ok(text)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes a file as a whole: a reader sees the old one or the new one, never half of it.
    pub fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let half = self.0.join(format!(".{name}.new"));
        let mut open = OpenOptions::new();
        open.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            open.mode(0o600);
        }
        let mut file = open.open(&half)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(half, self.0.join(name))
    }
}
