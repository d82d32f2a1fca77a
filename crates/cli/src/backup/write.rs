//! Making a backup.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mydata_store::{DbAddress, Engine};

use super::manifest::{self, BLOBS, FORM, MANIFEST, Manifest, Measured, POSTGRES, Part, SQLITE};
use super::{Place, postgres};

/// Writes a backup. The file appears under its name when it is whole.
pub fn write(place: &Place, file: &Path) -> anyhow::Result<Manifest> {
    anyhow::ensure!(!file.exists(), "{} exists; choose another name or move it away", file.display());
    let aside = Aside::make(&place.data)?;
    let (draft, content) = Draft::make(file)?;
    let made_at = jiff_now();
    let blobs = place.data.join("blobs");
    let mut kept = BTreeSet::new();
    aside.keep(&blobs, &mut kept)?;
    let (name, engine) = match &place.address {
        DbAddress::Sqlite(database) => {
            anyhow::ensure!(database.is_file(), "there is no database {}", database.display());
            mydata_store::snapshot(database, &aside.0.join(SQLITE))?;
            (SQLITE, Engine::Sqlite)
        }
        DbAddress::Postgres(_) => {
            let url = place.url.as_deref().context("database_url is not set")?;
            postgres::dump(url, &aside.0.join(POSTGRES))?;
            (POSTGRES, Engine::Postgres)
        }
    };
    aside.keep(&blobs, &mut kept)?;

    let mut tar = tar::Builder::new(io::BufWriter::new(content));
    let mut files = vec![add(&mut tar, &aside.0.join(name), name)?];
    for blob in &kept {
        files.push(add(&mut tar, &aside.0.join(blob), blob)?);
    }
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let manifest = Manifest { form: FORM, version, engine: engine.as_str().to_owned(), made_at, files };
    let text = serde_json::to_vec_pretty(&manifest)?;
    let mut header = header(text.len() as u64);
    tar.append_data(&mut header, MANIFEST, text.as_slice())?;
    let mut written = tar.into_inner()?;
    written.flush()?;
    written.get_ref().sync_all()?;
    draft.finish()?;
    Ok(manifest)
}

fn jiff_now() -> String {
    use mydata_domain::Clock as _;
    mydata_domain::time::SystemClock.now().to_timestamp().to_string()
}

fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    header.set_entry_type(tar::EntryType::Regular);
    header
}

fn add(tar: &mut tar::Builder<impl io::Write>, file: &Path, name: &str) -> anyhow::Result<Part> {
    let open = || -> anyhow::Result<Part> {
        let content = File::open(file)?;
        let mut header = header(content.metadata()?.len());
        let mut measured = Measured::new(content);
        tar.append_data(&mut header, name, &mut measured)?;
        Ok(measured.part(name))
    };
    let mut open = open;
    open().with_context(|| format!("{name} cannot be written"))
}

/// The backup under a name of its own until it is whole; gone when it never is.
struct Draft {
    draft: PathBuf,
    file: PathBuf,
}

impl Draft {
    /// Only whoever made the draft deletes it.
    fn make(file: &Path) -> anyhow::Result<(Self, File)> {
        let mut name = file.file_name().context("name a file to write")?.to_owned();
        name.push(".part");
        let draft = file.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let opened = options.open(&draft).with_context(|| format!("{} cannot be made", draft.display()))?;
        Ok((Self { draft, file: file.to_owned() }, opened))
    }

    fn finish(self) -> anyhow::Result<()> {
        // A link fails where the name was taken meanwhile; a renaming would write over it.
        fs::hard_link(&self.draft, &self.file)
            .with_context(|| format!("{} cannot be made", self.file.display()))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.draft);
    }
}

/// A folder beside the blobs, for what is kept until it is in the backup; gone afterwards.
struct Aside(PathBuf);

impl Aside {
    fn make(data: &Path) -> anyhow::Result<Self> {
        let path = data.join(".backup");
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        made.with_context(|| {
            format!(
                "{} cannot be made; when it is left of a backup that was killed, delete it and try again",
                path.display()
            )
        })?;
        Ok(Self(path))
    }

    /// Keeps every blob that is not kept yet, by a link: the platform may delete its own name of it at any time.
    fn keep(&self, blobs: &Path, kept: &mut BTreeSet<String>) -> anyhow::Result<()> {
        for kind in entries(blobs)? {
            for folder in entries(&blobs.join(&kind))? {
                for id in entries(&blobs.join(&kind).join(&folder))? {
                    let name = format!("{BLOBS}{kind}/{folder}/{id}");
                    if !manifest::is_blob(&name) || kept.contains(&name) {
                        continue;
                    }
                    let to = self.0.join(&name);
                    let parent = to.parent().expect("a blob lies in a folder");
                    fs::create_dir_all(parent)?;
                    match fs::hard_link(blobs.join(&kind).join(&folder).join(&id), &to) {
                        Ok(()) => {
                            kept.insert(name);
                        }
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                        Err(error) => return Err(error).context("a blob cannot be kept"),
                    }
                }
            }
        }
        Ok(())
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The names in a folder; none when it is not there.
fn entries(folder: &Path) -> anyhow::Result<Vec<String>> {
    let listed = match fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", folder.display())),
    };
    let mut names = Vec::new();
    for entry in listed {
        if let Ok(name) = entry?.file_name().into_string() {
            names.push(name);
        }
    }
    Ok(names)
}
