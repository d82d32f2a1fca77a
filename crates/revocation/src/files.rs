//! Revocation lists on disk, so that a restart need not fetch them all, and so that after it an older list is still known to
//! be older. What is read back is judged like what comes over the network: the folder need not be trusted.

use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};

/// A folder of lists; every call blocks.
#[derive(Debug, Clone)]
pub(crate) struct Files(PathBuf);

impl Files {
    pub(crate) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    fn path(&self, key: &[u8]) -> PathBuf {
        let name: String = digest(&SHA256, key).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        self.0.join(format!("{name}.crl"))
    }

    /// The list that was kept last.
    pub(crate) fn read(&self, key: &[u8], limit: usize) -> io::Result<Option<Vec<u8>>> {
        use std::io::Read as _;
        let file = match std::fs::File::open(self.path(key)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
        Ok((bytes.len() <= limit).then_some(bytes))
    }

    /// Keeps a list. Whoever reads meanwhile sees the one before.
    pub(crate) fn write(&self, key: &[u8], bytes: &[u8]) -> io::Result<()> {
        std::fs::create_dir_all(&self.0)?;
        let path = self.path(key);
        let part = path.with_extension("part");
        std::fs::write(&part, bytes)?;
        std::fs::rename(&part, &path)
    }
}
