//! Making a backup.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mydata_store::blobs::HEADER_LEN;
use mydata_store::{DbAddress, Engine};

use super::aside::Aside;
use super::manifest::{self, BLOBS, FORM, MANIFEST, Manifest, Measured, POSTGRES, Part, SQLITE};
use super::{Place, postgres};

/// A backup that has begun: its places are there, nothing is in them.
pub struct Begun {
    aside: Aside,
    draft: Draft,
    content: File,
}

/// Everything of one moment, kept aside.
pub struct Moment {
    begun: Begun,
    made_at: String,
    database: &'static str,
    engine: Engine,
    blobs: Blobs,
}

/// The names of blobs; of sealed ones with their headers as they were.
type Blobs = BTreeMap<String, Option<Vec<u8>>>;

/// Begins a backup. The file appears under its name when it is whole.
pub fn begin(place: &Place, file: &Path) -> anyhow::Result<Begun> {
    anyhow::ensure!(!file.exists(), "{} exists; choose another name or move it away", file.display());
    if let DbAddress::Sqlite(database) = &place.address {
        anyhow::ensure!(database.is_file(), "there is no database {}", database.display());
    }
    let aside = Aside::make(&place.data, Aside::BACKUP)?;
    let (draft, content) = Draft::make(file)?;
    Ok(Begun { aside, draft, content })
}

impl Begun {
    /// Keeps everything of one moment. Nobody may change the keys meanwhile.
    pub fn keep(self, place: &Place) -> anyhow::Result<Moment> {
        let made_at = jiff_now();
        let (aside, blobs) = (self.aside.path(), place.data.join("blobs"));
        let mut kept = Blobs::new();
        keep(aside, &blobs, &mut kept)?;
        let (database, engine) = match &place.address {
            DbAddress::Sqlite(database) => {
                mydata_store::snapshot(database, &aside.join(SQLITE))?;
                (SQLITE, Engine::Sqlite)
            }
            DbAddress::Postgres(_) => {
                let url = place.url.as_deref().context("database_url is not set")?;
                postgres::dump(url, &aside.join(POSTGRES))?;
                (POSTGRES, Engine::Postgres)
            }
        };
        keep(aside, &blobs, &mut kept)?;
        Ok(Moment { begun: self, made_at, database, engine, blobs: kept })
    }
}

impl Moment {
    /// Writes it to the file.
    pub fn pack(self) -> anyhow::Result<Manifest> {
        let Self { begun: Begun { aside, draft, content }, made_at, database, engine, blobs } = self;
        let mut tar = tar::Builder::new(io::BufWriter::new(content));
        let mut files = vec![add(&mut tar, &aside.path().join(database), database, None)?];
        for (blob, header) in &blobs {
            files.push(add(&mut tar, &aside.path().join(blob), blob, header.as_deref())?);
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

/// Adds a file, of which the beginning may be another: the file itself may have got a new one meanwhile.
fn add(
    tar: &mut tar::Builder<impl io::Write>,
    file: &Path,
    name: &str,
    beginning: Option<&[u8]>,
) -> anyhow::Result<Part> {
    let mut open = || -> anyhow::Result<Part> {
        let mut content = File::open(file)?;
        let mut header = header(content.metadata()?.len());
        let beginning = beginning.unwrap_or_default();
        content.seek(SeekFrom::Start(beginning.len() as u64))?;
        let mut measured = Measured::new(beginning.chain(content));
        tar.append_data(&mut header, name, &mut measured)?;
        Ok(measured.part(name))
    };
    open().with_context(|| format!("{name} cannot be written"))
}

/// The backup under a name of its own until it is whole; gone when it never is.
struct Draft {
    draft: PathBuf,
    file: PathBuf,
}

impl Draft {
    /// Only whoever made the draft deletes it, or whoever finds that its maker was killed.
    fn make(file: &Path) -> anyhow::Result<(Self, File)> {
        let mut name = file.file_name().context("name a file to write")?.to_owned();
        name.push(".part");
        let draft = file.with_file_name(name);
        let of = || format!("{} cannot be made", draft.display());
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let opened = match options.open(&draft) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let left = File::open(&draft).with_context(of)?;
                anyhow::ensure!(left.try_lock().is_ok(), "{}: another backup writes it", of());
                fs::remove_file(&draft).with_context(of)?;
                options.open(&draft)
            }
            opened => opened,
        };
        let opened = opened.with_context(of)?;
        // Let go of when this process ends, however it ends.
        opened.lock().with_context(of)?;
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

/// Keeps every blob that is not kept yet, by a link: the platform may delete its own name of it at any time. On another file system
/// by a copy.
fn keep(aside: &Path, blobs: &Path, kept: &mut Blobs) -> anyhow::Result<()> {
    for kind in entries(blobs)? {
        for folder in entries(&blobs.join(&kind))? {
            for id in entries(&blobs.join(&kind).join(&folder))? {
                let name = format!("{BLOBS}{kind}/{folder}/{id}");
                if !manifest::is_blob(&name) || kept.contains_key(&name) {
                    continue;
                }
                let (from, to) = (blobs.join(&kind).join(&folder).join(&id), aside.join(&name));
                let parent = to.parent().expect("a blob lies in a folder");
                fs::create_dir_all(parent)?;
                match link_or_copy(&from, &to).and_then(|()| beginning(&kind, &to)) {
                    Ok(header) => {
                        kept.insert(name, header);
                    }
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error).context("a blob cannot be kept"),
                }
            }
        }
    }
    Ok(())
}

fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => fs::copy(from, to).map(drop),
        linked => linked,
    }
}

/// The header of a sealed blob. A link is the same file: its header changes with it when keys are rotated.
fn beginning(kind: &str, blob: &Path) -> io::Result<Option<Vec<u8>>> {
    if kind != "s" {
        return Ok(None);
    }
    let mut header = Vec::with_capacity(HEADER_LEN);
    File::open(blob)?.take(HEADER_LEN as u64).read_to_end(&mut header)?;
    Ok(Some(header))
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
