//! Revocation lists on disk, so that a restart need not fetch them all, and so that after it an older list is still known to
//! be older. What is read back is judged like what comes over the network: the folder need not be trusted.

use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use mydata_wire::Random;

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

    /// Keeps a list. Whoever reads meanwhile sees the one before; of several nodes that keep one at once the last one's stays, whole.
    pub(crate) fn write(&self, key: &[u8], bytes: &[u8], random: &dyn Random) -> io::Result<()> {
        std::fs::create_dir_all(&self.0)?;
        let path = self.path(key);
        let part = path.with_extension(format!("{}.part", mydata_wire::random::alphanumeric(random, 16)));
        let kept = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, &path));
        if kept.is_err() {
            let _ = std::fs::remove_file(&part);
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mydata_wire::SystemRandom;

    /// Two nodes may have one folder: whatever they write at once, whoever reads finds one of the lists, whole.
    #[test]
    fn many_that_keep_a_list_at_once_leave_a_whole_one() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(folder.path());
        files.write(b"key", &[0; 100_000], &SystemRandom).unwrap();
        std::thread::scope(|scope| {
            for byte in 1..=4_u8 {
                let files = &files;
                // Of different lengths: two that shared a file would leave one list with another's end.
                let list = vec![byte; 20_000 * usize::from(byte)];
                scope.spawn(move || {
                    for _ in 0..50 {
                        files.write(b"key", &list, &SystemRandom).unwrap();
                        let read = files.read(b"key", 1 << 20).unwrap().unwrap();
                        let whole = read.iter().all(|byte| *byte == read[0]);
                        let len = if read[0] == 0 { 100_000 } else { 20_000 * usize::from(read[0]) };
                        assert!(whole && read.len() == len, "{} bytes", read.len());
                    }
                });
            }
        });
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no part is left");
    }
}
