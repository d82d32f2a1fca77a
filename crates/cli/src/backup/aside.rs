//! A folder of one's own in the data folder, for what is not whole yet, and moving what is there to its place. Gone afterwards; what
//! somebody who was killed left there is cleared by the next one, and what somebody who works has there is not touched.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// How often the folder may be gone between making and locking it.
const TRIES: u32 = 100;

/// The folder, locked as long as this lives: whoever is killed lets go of it.
pub struct Aside {
    path: PathBuf,
    _lock: File,
}

impl Aside {
    /// A backup's.
    pub const BACKUP: &str = ".backup";
    /// A restoring's.
    pub const RESTORE: &str = ".restore";

    /// Makes it, or clears one that was left.
    pub fn make(data: &Path, name: &str) -> anyhow::Result<Self> {
        let path = data.join(name);
        let of = || format!("{} cannot be used", path.display());
        for _ in 0..TRIES {
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error).with_context(of),
            }
            let lock = match File::open(&path) {
                Ok(lock) => lock,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error).with_context(of),
            };
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    bail!("{} is in use: another backup or restoring is running; wait for it", path.display())
                }
                Err(TryLockError::Error(error)) => return Err(error).with_context(of),
            }
            // Whoever had it before may have removed it in between: then this is a folder that nobody finds.
            let there = fs::symlink_metadata(&path).ok().map(|meta| (meta.dev(), meta.ino()));
            let held = lock.metadata().with_context(of)?;
            if there != Some((held.dev(), held.ino())) {
                continue;
            }
            for entry in fs::read_dir(&path).with_context(of)? {
                let entry = entry.with_context(of)?;
                let left = entry.path();
                let removed = if entry.file_type()?.is_dir() {
                    fs::remove_dir_all(&left)
                } else {
                    fs::remove_file(&left)
                };
                removed.with_context(|| format!("{} cannot be removed", left.display()))?;
            }
            return Ok(Self { path, _lock: lock });
        }
        bail!("{} comes and goes; is another program at work there?", path.display())
    }

    /// Whether one was left by somebody who works no more.
    pub fn is_left(data: &Path, name: &str) -> bool {
        File::open(data.join(name)).is_ok_and(|folder| folder.try_lock().is_ok())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Moves a file, also to another file system; there it appears whole.
pub fn move_file(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            let mut draft = to.to_owned().into_os_string();
            draft.push(".restore");
            let draft = PathBuf::from(draft);
            let copied = fs::copy(from, &draft)
                .and_then(|_| File::open(&draft)?.sync_all())
                .and_then(|()| fs::rename(&draft, to));
            if copied.is_err() {
                let _ = fs::remove_file(&draft);
            }
            copied
        }
        moved => moved,
    }
}

/// Moves what is in a folder into another, which may be a mount point or a link to another file system.
pub fn move_into(from: &Path, to: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if !entry.file_type()?.is_dir() {
            move_file(&entry.path(), &to)?;
            continue;
        }
        match fs::rename(entry.path(), &to) {
            Err(error) if error.kind() == ErrorKind::CrossesDevices => move_into(&entry.path(), &to)?,
            moved => moved?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_one_left_is_cleared_and_what_one_uses_is_not() {
        let data = tempfile::tempdir().unwrap();
        let left = data.path().join(Aside::BACKUP);
        fs::create_dir_all(left.join("blobs/s")).unwrap();
        fs::write(left.join("database.sqlite"), "left").unwrap();
        assert!(Aside::is_left(data.path(), Aside::BACKUP));
        let aside = Aside::make(data.path(), Aside::BACKUP).unwrap();
        assert_eq!(fs::read_dir(aside.path()).unwrap().count(), 0);
        fs::write(aside.path().join("mine"), "").unwrap();
        assert!(!Aside::is_left(data.path(), Aside::BACKUP));
        let second = Aside::make(data.path(), Aside::BACKUP).err().unwrap();
        assert!(second.to_string().contains("is in use"), "{second}");
        assert!(aside.path().join("mine").exists());
        drop(aside);
        assert!(!left.exists() && !Aside::is_left(data.path(), Aside::BACKUP));
    }

    #[test]
    fn files_are_moved_to_another_file_system() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir_in("/dev/shm").unwrap());
        let device = |path: &Path| fs::metadata(path).unwrap().dev();
        assert_ne!(device(here.path()), device(there.path()), "two file systems are needed");
        let from = here.path().join("from");
        fs::create_dir_all(from.join("s/01")).unwrap();
        fs::write(from.join("s/01/one"), "content").unwrap();
        fs::write(from.join("two"), "content").unwrap();
        let to = there.path().join("to");
        move_into(&from, &to).unwrap();
        for name in ["s/01/one", "two"] {
            assert_eq!(fs::read_to_string(to.join(name)).unwrap(), "content");
        }
        assert_eq!(fs::read_dir(&to).unwrap().count(), 2, "no draft is left");
    }
}
