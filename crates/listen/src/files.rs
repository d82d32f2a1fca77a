//! What is made of files, and made anew when they change. A file that cannot be used leaves what was made before.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aws_lc_rs::digest::{Context, SHA256};

/// Why files cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// One cannot be read.
    #[error("{path} cannot be read: {reason}")]
    Read {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// One holds something else.
    #[error("{path}: {reason}")]
    Content {
        /// Which.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

impl FileFault {
    pub(crate) fn content(path: &Path, reason: impl fmt::Display) -> Self {
        Self::Content { path: path.display().to_string(), reason: reason.to_string() }
    }
}

/// The files' content, in the order in which they were named.
pub type Contents<'a> = &'a [(&'a Path, Vec<u8>)];

type Make<T> = Box<dyn Fn(Contents<'_>) -> Result<T, FileFault> + Send + Sync>;

/// See the module.
pub struct Watched<T> {
    files: Vec<PathBuf>,
    make: Make<T>,
    held: RwLock<Arc<T>>,
    /// The digest of what was found at the last look, so that the same fault is told once.
    seen: Mutex<Vec<u8>>,
    /// Why what was found then cannot be used.
    fault: Mutex<Option<FileFault>>,
}

impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("files", &self.files).finish_non_exhaustive()
    }
}

type Found<'a> = Result<Vec<(&'a Path, Vec<u8>)>, FileFault>;

/// What the files hold, and its digest.
fn found(files: &[PathBuf]) -> (Found<'_>, Vec<u8>) {
    let mut digest = Context::new(&SHA256);
    let read = files.iter().map(|path| match std::fs::read(path) {
        Ok(bytes) => {
            digest.update(&(bytes.len() as u64).to_be_bytes());
            digest.update(&bytes);
            Ok((path.as_path(), bytes))
        }
        Err(error) => {
            digest.update(error.to_string().as_bytes());
            Err(FileFault::Read { path: path.display().to_string(), reason: error.to_string() })
        }
    });
    let contents = read.collect();
    (contents, digest.finish().as_ref().to_vec())
}

impl<T> Watched<T> {
    /// Makes it for the first time.
    ///
    /// # Errors
    /// A file cannot be read, or what is in it cannot be used.
    pub fn new(
        files: Vec<PathBuf>,
        make: impl Fn(Contents<'_>) -> Result<T, FileFault> + Send + Sync + 'static,
    ) -> Result<Self, FileFault> {
        let (contents, digest) = found(&files);
        let held = RwLock::new(Arc::new(make(&contents?)?));
        Ok(Self { files, make: Box::new(make), held, seen: Mutex::new(digest), fault: Mutex::default() })
    }

    /// What holds now.
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the files; says whether something new holds now. Reads files: not for the middle of a request.
    ///
    /// # Errors
    /// What is found is new and cannot be used; what was made before still holds. Told once for each content.
    pub fn look(&self) -> Result<bool, FileFault> {
        let (contents, digest) = found(&self.files);
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == digest {
                return Ok(false);
            }
            *seen = digest;
        }
        let made = contents.and_then(|contents| (self.make)(&contents));
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = made.as_ref().err().cloned();
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(made?);
        Ok(true)
    }

    /// Why the files cannot be used as the last look found them; nothing where they are.
    pub fn fault(&self) -> Option<FileFault> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_used_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("number");
        std::fs::write(&file, "1").unwrap();
        let watched = Watched::new(vec![file.clone()], |contents| {
            let (path, bytes) = &contents[0];
            let text = String::from_utf8_lossy(bytes);
            text.parse::<u32>().map_err(|error| FileFault::content(path, error))
        })
        .unwrap();
        assert_eq!((*watched.get(), watched.look()), (1, Ok(false)));
        std::fs::write(&file, "two").unwrap();
        assert!(watched.look().is_err());
        assert_eq!((watched.look(), *watched.get()), (Ok(false), 1), "told once, and nothing is lost");
        assert!(watched.fault().is_some(), "and it stays known");
        std::fs::remove_file(&file).unwrap();
        assert!(matches!(watched.look(), Err(FileFault::Read { .. })));
        std::fs::write(&file, "2").unwrap();
        assert_eq!((watched.look(), *watched.get(), watched.fault()), (Ok(true), 2, None));
    }
}
