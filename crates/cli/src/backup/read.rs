//! Putting a backup back.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use mydata_store::{DbAddress, Engine};

use super::aside::{Aside, move_file, move_into};
use super::manifest::{BLOBS, FORM, MANIFEST, Manifest, Measured, POSTGRES, Part, SQLITE, is_blob};
use super::{Place, postgres};

/// Largest manifest that is read.
const MANIFEST_LIMIT: u64 = 1 << 30;

/// Reads a backup through and holds every part against the manifest.
pub fn check(file: &Path) -> anyhow::Result<Manifest> {
    walk(file, |_| Ok(Box::new(io::sink())))
}

/// Puts a backup where there is nothing yet.
pub fn restore(place: &Place, file: &Path) -> anyhow::Result<Manifest> {
    let taken = |path: &Path| format!("{} exists; move it away, nothing is written over", path.display());
    let blobs = place.data.join("blobs");
    ensure!(!blobs.exists() || fs::read_dir(&blobs)?.next().is_none(), taken(&blobs));
    if let DbAddress::Sqlite(database) = &place.address {
        // A journal that was left beside would be played into the database that is put in its place.
        for end in ["", "-wal", "-shm", "-journal"] {
            let mut name = database.clone().into_os_string();
            name.push(end);
            let file = PathBuf::from(name);
            ensure!(!file.exists(), taken(&file));
        }
    }
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&place.data);
    made.with_context(|| format!("{} cannot be made", place.data.display()))?;
    let aside = Aside::make(&place.data, Aside::RESTORE)?;
    let manifest = walk(file, |name| {
        let to = aside.path().join(name);
        if let Some(parent) = to.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        Ok(Box::new(options.open(to)?))
    })?;
    let engine = match place.address {
        DbAddress::Sqlite(_) => Engine::Sqlite,
        DbAddress::Postgres(_) => Engine::Postgres,
    };
    ensure!(
        manifest.engine == engine.as_str(),
        "the backup is of a platform on {}, and this one is set to {}; set database_url accordingly",
        manifest.engine,
        engine.as_str()
    );
    // Blobs first: a database without its blobs would be worse than blobs without a database.
    let aside_blobs = aside.path().join("blobs");
    let put = put(place, &aside, &aside_blobs, &blobs);
    if put.is_err() {
        // There was nothing before.
        for kind in ["s", "p"] {
            let _ = fs::remove_dir_all(blobs.join(kind));
        }
    }
    put?;
    Ok(manifest)
}

fn put(place: &Place, aside: &Aside, from: &Path, blobs: &Path) -> anyhow::Result<()> {
    if from.exists() {
        move_into(from, blobs).context("the blobs cannot be put in their place")?;
    }
    match &place.address {
        DbAddress::Sqlite(database) => Ok(move_file(&aside.path().join(SQLITE), database)?),
        DbAddress::Postgres(_) => {
            let url = place.url.as_deref().context("database_url is not set")?;
            postgres::restore(url, &aside.path().join(POSTGRES))
        }
    }
}

/// Reads the parts one after the other, each to where `to` says, and compares them with the manifest at the end.
fn walk(
    file: &Path,
    mut to: impl FnMut(&str) -> anyhow::Result<Box<dyn io::Write>>,
) -> anyhow::Result<Manifest> {
    let opened = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let mut tar = tar::Archive::new(io::BufReader::new(opened));
    let mut found: BTreeMap<String, Part> = BTreeMap::new();
    let mut manifest: Option<Manifest> = None;
    let no_backup = "this is no backup of mydata, or it is damaged";
    for entry in tar.entries().context(no_backup)? {
        let mut entry = entry.context(no_backup)?;
        let name = String::from_utf8(entry.path_bytes().into_owned()).context(no_backup)?;
        ensure!(entry.header().entry_type().is_file(), "{name}: a part must be a file; {no_backup}");
        ensure!(manifest.is_none(), "{name} stands behind the manifest; {no_backup}");
        if name == MANIFEST {
            let mut text = Vec::new();
            entry.by_ref().take(MANIFEST_LIMIT).read_to_end(&mut text).context(no_backup)?;
            manifest = Some(serde_json::from_slice(&text).context("its manifest cannot be read")?);
            continue;
        }
        ensure!(
            matches!(name.as_str(), SQLITE | POSTGRES) || is_blob(&name),
            "{name} is no part of a backup"
        );
        let mut measured = Measured::new(to(&name)?);
        io::copy(&mut entry, &mut measured).with_context(|| format!("{name} cannot be read; {no_backup}"))?;
        io::Write::flush(&mut measured)?;
        let part = measured.part(&name);
        ensure!(found.insert(name.clone(), part).is_none(), "{name} is there twice; {no_backup}");
    }
    let Some(manifest) = manifest else {
        bail!("its end is missing: the backup was not finished, or was cut off");
    };
    ensure!(
        manifest.form == FORM,
        "it has form {}, and this program reads form {FORM}; take a newer program",
        manifest.form
    );
    for part in &manifest.files {
        match found.remove(&part.name) {
            Some(is) if is == *part => {}
            Some(_) => bail!("{} is not what was backed up: its content was changed", part.name),
            None => bail!("{} is missing", part.name),
        }
    }
    if let Some(name) = found.keys().next() {
        bail!("{name} was added after the backup");
    }
    let databases = manifest.files.iter().filter(|part| !part.name.starts_with(BLOBS)).count();
    ensure!(databases == 1, "it holds {databases} databases; {no_backup}");
    Ok(manifest)
}
