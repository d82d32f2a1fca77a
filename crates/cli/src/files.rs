//! Files that commands read and write: a file or standard input, files for their owner only, files without a name.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mydata_seal::trust::Trust;
use mydata_server::Config;
use mydata_server::config;
use mydata_wire::{SystemRandom, random};

/// A file, or standard input for `-`.
pub fn input(path: &Path) -> anyhow::Result<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(Box::new(file))
}

/// A file that can be read from any place. Standard input is kept in a file without a name meanwhile.
pub fn seekable(path: &Path) -> anyhow::Result<File> {
    if path != Path::new("-") {
        return File::open(path).with_context(|| format!("{} cannot be read", path.display()));
    }
    let mut file = nameless()?;
    io::copy(&mut io::stdin().lock(), &mut file).context("standard input cannot be read")?;
    file.rewind()?;
    Ok(file)
}

/// A file without a name: what is in it is gone when the process ends, however it ends.
pub fn nameless() -> anyhow::Result<File> {
    let path = std::env::temp_dir().join(format!(".mydata-{}", random::alphanumeric(&SystemRandom, 16)));
    let cannot = || format!("no temporary file can be made in {}", std::env::temp_dir().display());
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    let file = options.open(&path).with_context(cannot)?;
    std::fs::remove_file(&path).with_context(cannot)?;
    Ok(file)
}

/// Makes a folder for its owner only, unless it is there.
pub fn private_folder(path: &Path) -> anyhow::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(path).with_context(|| format!("the folder {} cannot be made", path.display()))
}

/// Writes a file for its owner only; one of that name is replaced.
pub fn write_private(path: &Path, mut content: impl Read) -> anyhow::Result<u64> {
    let cannot = || format!("{} cannot be written", path.display());
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path).with_context(cannot)?;
    io::copy(&mut content, &mut file).with_context(cannot)
}

/// A file that takes its name when it is whole, and leaves nothing otherwise.
pub struct Draft {
    path: PathBuf,
    kept: bool,
}

impl Draft {
    /// A file for its owner only in the folder of `path`.
    pub fn beside(path: &Path) -> anyhow::Result<(File, Self)> {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let draft = folder.join(format!(".mydata-{}.part", random::alphanumeric(&SystemRandom, 16)));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let file = options.open(&draft).with_context(|| format!("{} cannot be written", path.display()))?;
        Ok((file, Self { path: draft, kept: false }))
    }

    /// Gives it its name.
    pub fn keep_as(mut self, path: &Path) -> anyhow::Result<()> {
        std::fs::rename(&self.path, path).with_context(|| format!("{} cannot be written", path.display()))?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing more can be done where removing fails; the name tells what the file is.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Whom signers' certificates must come from, read as the platform reads its own.
pub fn trust(roots: &[PathBuf], intermediates: &[PathBuf]) -> anyhow::Result<Trust> {
    let trust = config::Trust {
        roots: roots.to_vec(),
        intermediates: intermediates.to_vec(),
        ..config::Trust::default()
    };
    Ok(mydata_server::platform::read_trust(&Config { trust, ..Config::default() })?)
}
