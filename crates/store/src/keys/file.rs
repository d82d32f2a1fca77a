//! The key file: for its owner only, and whole or not there at all.

use mydata_wire::Random;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// No key file is larger.
const MOST: u64 = 1 << 20;

/// Reads a file that only its owner can read.
pub(super) fn read_private(path: &Path) -> io::Result<Zeroizing<String>> {
    let file = fs::File::open(path)?;
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
    let len = usize::try_from(file.metadata()?.len().min(MOST)).unwrap_or(0);
    let mut text = Zeroizing::new(String::with_capacity(len + 1));
    io::Read::read_to_string(&mut io::Read::take(file, MOST), &mut text)?;
    Ok(text)
}

/// Writes the file whole or not at all; `false`: it exists already and was left alone.
pub(super) fn create(path: &Path, text: &str, random: &dyn Random) -> io::Result<bool> {
    let draft = write_draft(path, text, random)?;
    // A link, not a rename: it never replaces a file that another process has made meanwhile.
    let linked = match fs::hard_link(&draft, path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(e),
    };
    let removed = fs::remove_file(&draft);
    let made = linked?;
    removed?;
    sync(folder_of(path))?;
    Ok(made)
}

/// Puts another text in the file's place: afterwards it is the old one or the new one, whatever happens.
pub(super) fn replace(path: &Path, text: &str, random: &dyn Random) -> io::Result<()> {
    let draft = write_draft(path, text, random)?;
    if let Err(error) = fs::rename(&draft, path) {
        // The draft holds keys: it must not stay behind. What counts is why the renaming failed.
        let _ = fs::remove_file(&draft);
        return Err(error);
    }
    sync(folder_of(path))
}

fn write_draft(path: &Path, text: &str, random: &dyn Random) -> io::Result<PathBuf> {
    let draft = folder_of(path).join(format!(".keys-{}", mydata_wire::random::alphanumeric(random, 12)));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if let Err(error) = written {
        let _ = fs::remove_file(&draft);
        return Err(error);
    }
    Ok(draft)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn sync(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}
