//! The platform's package (R128, R129, PROTOCOL.md §5): DP packages, byte for byte, behind a manifest.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read, Seek, SeekFrom, Write};

use flate2::Crc;
use mydata_wire::ResourceId;
use mydata_wire::manifest::{BadManifest, FileCode, PackageManifest};

use crate::zip::{Archive, Limits, MAX_ENTRIES, Method, ZipError, ZipWriter, shown, stored_len};

/// Where the manifest stands in either kind of package.
pub const MANIFEST: &str = "META-INFO/manifest.xml";

/// What must be known of a DP package before it is put into a package in one pass.
///
/// With it the package needs no data descriptors, which Java's `ZipInputStream` refuses on stored entries, and its
/// length is known before its first byte. Whoever keeps DP packages takes them with a [`FactsReader`] on the way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Length in bytes.
    pub len: u64,
    /// CRC-32 as zip has it.
    pub crc32: u32,
}

impl Facts {
    /// Reads `content` to its end.
    ///
    /// # Errors
    /// Those of `content`.
    pub fn of(content: impl Read) -> io::Result<Self> {
        let mut reader = FactsReader::new(content);
        io::copy(&mut reader, &mut io::sink())?;
        Ok(reader.facts())
    }
}

/// Passes a DP package through and takes its [`Facts`] meanwhile.
#[derive(Debug)]
pub struct FactsReader<R> {
    content: R,
    len: u64,
    crc: Crc,
}

impl<R: Read> FactsReader<R> {
    /// Takes the facts of what is read through this from `content`.
    pub fn new(content: R) -> Self {
        Self { content, len: 0, crc: Crc::new() }
    }

    /// The facts of what was read so far; of the whole once a read gave nothing more.
    pub fn facts(&self) -> Facts {
        Facts { len: self.len, crc32: self.crc.sum() }
    }
}

impl<R: Read> Read for FactsReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.content.read(buf)?;
        self.crc.update(&buf[..n]);
        self.len += n as u64;
        Ok(n)
    }
}

/// A package whose form is settled: its length is known, its bytes can be written any number of times, always the
/// same.
#[derive(Debug, Clone)]
pub struct Plan {
    manifest: Vec<u8>,
    /// Datasets with code 200, in the manifest's order.
    parts: Vec<(ResourceId, String, Facts)>,
}

impl Plan {
    /// Settles the form. `facts` is asked once for each dataset with code 200.
    ///
    /// # Errors
    /// Those of `facts`; [`io::ErrorKind::InvalidInput`] when a dataset stands twice in the manifest.
    pub fn new(
        manifest: &PackageManifest,
        mut facts: impl FnMut(&ResourceId) -> io::Result<Facts>,
    ) -> io::Result<Self> {
        let mut parts = Vec::new();
        let mut seen = HashSet::new();
        for file in &manifest.files {
            let id = &file.resource_id;
            if !seen.insert(id) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("{id} stands twice in the manifest of a package"),
                ));
            }
            if file.code == FileCode::Present {
                parts.push((id.clone(), file.filename(), facts(id)?));
            }
        }
        Ok(Self { manifest: manifest.to_xml().into_bytes(), parts })
    }

    /// Exact length of the package in bytes.
    pub fn written_len(&self) -> u64 {
        let manifest = std::iter::once((MANIFEST, self.manifest.len() as u64));
        stored_len(manifest.chain(self.parts.iter().map(|(_, name, facts)| (name.as_str(), facts.len))))
    }

    /// Writes the package. `open` is asked once for each dataset with code 200, in the manifest's order.
    ///
    /// # Errors
    /// Those of `open`, the readers and `out`; [`io::ErrorKind::InvalidData`] when a DP package is not what its
    /// [`Facts`] said.
    pub fn write<W: Write, R: Read>(
        &self,
        out: W,
        mut open: impl FnMut(&ResourceId) -> io::Result<R>,
    ) -> io::Result<W> {
        let mut zip = ZipWriter::new(out);
        zip.bytes(MANIFEST, &self.manifest)?;
        for (id, name, facts) in &self.parts {
            zip.stored(name, facts.len, facts.crc32, open(id)?)?;
        }
        zip.finish()
    }
}

/// Writes a package whose [`Facts`] nobody kept: `open` is asked twice for each dataset with code 200.
///
/// # Errors
/// As [`Plan::write`].
pub fn write<W: Write, R: Read>(
    out: W,
    manifest: &PackageManifest,
    mut open: impl FnMut(&ResourceId) -> io::Result<R>,
) -> io::Result<W> {
    let plan = Plan::new(manifest, |id| Facts::of(open(id)?))?;
    plan.write(out, open)
}

/// Exact length of the package of these [`Facts`].
///
/// # Errors
/// Those of `facts`.
pub fn written_len(
    manifest: &PackageManifest,
    facts: impl FnMut(&ResourceId) -> io::Result<Facts>,
) -> io::Result<u64> {
    Ok(Plan::new(manifest, facts)?.written_len())
}

/// Why a package cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The zip is refused.
    #[error("the package: {0}")]
    Zip(#[from] ZipError),
    /// There is no manifest.
    #[error("the package has no META-INFO/manifest.xml")]
    ManifestMissing,
    /// The manifest cannot be read.
    #[error("the package's manifest: {0}")]
    Manifest(#[source] BadManifest),
    /// The manifest names a dataset twice.
    #[error("the package's manifest names {resource_id} twice")]
    Repeated {
        /// The dataset.
        resource_id: ResourceId,
    },
    /// A file with code 200 is not inside.
    #[error("the manifest says that {file} is inside (code 200), but it is not")]
    FileMissing {
        /// The file.
        file: String,
    },
    /// A file with code 204 is inside.
    #[error("the manifest says that there is no {file} (code 204), but it is inside")]
    FileUnexpected {
        /// The file.
        file: String,
    },
    /// A file that the manifest does not name.
    #[error("{file} is inside, but the manifest does not name it")]
    Unlisted {
        /// The file.
        file: String,
    },
    /// A DP package was compressed.
    #[error("{file} is compressed; the files of a package are stored")]
    Compressed {
        /// The file.
        file: String,
    },
}

impl PackageError {
    /// The error in zh-TW, for pages and problem answers.
    pub fn zh(&self) -> String {
        match self {
            Self::Zip(e) => format!("資料包{}", e.zh()),
            Self::ManifestMissing => "資料包內沒有 META-INFO/manifest.xml".to_owned(),
            Self::Manifest(_) => "資料包的 manifest.xml 格式不正確".to_owned(),
            Self::Repeated { resource_id } => format!("資料包的 manifest.xml 重複列出 {resource_id}"),
            Self::FileMissing { file } => {
                format!("manifest.xml 註明「{file}」已提供(200),但資料包內沒有此檔案")
            }
            Self::FileUnexpected { file } => {
                format!("manifest.xml 註明「{file}」查無資料(204),但資料包內卻有此檔案")
            }
            Self::Unlisted { file } => format!("資料包內的「{file}」未列於 manifest.xml"),
            Self::Compressed { file } => format!("資料包內的「{file}」經過壓縮,應以 stored 方式存放"),
        }
    }
}

/// A received package: its manifest, and the DP packages that it names.
#[derive(Debug)]
pub struct Package<R> {
    archive: Archive<R>,
    manifest: PackageManifest,
    /// Where each present file is, start and length.
    places: HashMap<ResourceId, (u64, u64)>,
}

impl<R: Read + Seek> Package<R> {
    /// Reads the manifest and checks that files and codes agree.
    ///
    /// A package comes out of a token, whose signature covers every byte, so check sums of the files inside are not
    /// computed again.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn open(reader: R) -> Result<Self, PackageError> {
        // The manifest is an entry too. Stored entries cannot be larger than the file itself.
        let mut archive = Archive::open(reader, Limits { entries: MAX_ENTRIES + 1, unpacked: u64::MAX })?;
        let manifest = archive.find(MANIFEST).cloned().ok_or(PackageError::ManifestMissing)?;
        if manifest.unpacked > mydata_wire::manifest::MAX_BYTES as u64 {
            return Err(PackageError::Manifest(BadManifest::TooLarge));
        }
        let xml = archive.bytes(&manifest)?;
        let manifest = PackageManifest::from_xml(&xml).map_err(PackageError::Manifest)?;

        let mut places = HashMap::new();
        let mut named = HashSet::from([MANIFEST.to_owned()]);
        for file in &manifest.files {
            let id = &file.resource_id;
            let name = file.filename();
            if !named.insert(name.clone()) {
                return Err(PackageError::Repeated { resource_id: id.clone() });
            }
            match (file.code, archive.find(&name)) {
                (FileCode::Present, None) => return Err(PackageError::FileMissing { file: name }),
                (FileCode::NoData, Some(_)) => return Err(PackageError::FileUnexpected { file: name }),
                (FileCode::NoData, None) => {}
                (FileCode::Present, Some(entry)) if entry.method != Method::Stored => {
                    return Err(PackageError::Compressed { file: name });
                }
                (FileCode::Present, Some(entry)) => {
                    places.insert(id.clone(), (entry.start, entry.packed));
                }
            }
        }
        if let Some(entry) = archive.entries.iter().find(|entry| !named.contains(&entry.name)) {
            return Err(PackageError::Unlisted { file: shown(&entry.name) });
        }
        Ok(Self { archive, manifest, places })
    }

    /// What the platform says is inside.
    pub fn manifest(&self) -> &PackageManifest {
        &self.manifest
    }

    /// The DP package of one dataset, as a reader that can seek; `None` when there is none (code 204, or not named).
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn dp_package(&mut self, id: &ResourceId) -> Result<Option<DpPackageReader<'_, R>>, PackageError> {
        let Some(&(start, len)) = self.places.get(id) else { return Ok(None) };
        self.archive.reader.seek(SeekFrom::Start(start)).map_err(ZipError::Read)?;
        Ok(Some(DpPackageReader { reader: &mut self.archive.reader, start, len, at: 0 }))
    }

    /// Gives the reader back.
    pub fn into_inner(self) -> R {
        self.archive.reader
    }
}

/// One DP package inside a platform's package: a window on its bytes.
#[derive(Debug)]
pub struct DpPackageReader<'a, R> {
    reader: &'a mut R,
    start: u64,
    len: u64,
    at: u64,
}

impl<R> DpPackageReader<'_, R> {
    /// Length of the DP package in bytes.
    pub fn package_len(&self) -> u64 {
        self.len
    }
}

impl<R: Read> Read for DpPackageReader<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.len.saturating_sub(self.at);
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        let n = self.reader.read(&mut buf[..most])?;
        self.at += n as u64;
        Ok(n)
    }
}

impl<R: Read + Seek> Seek for DpPackageReader<'_, R> {
    fn seek(&mut self, pos: SeekFrom) -> io::Result<u64> {
        let to = match pos {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        let bad = || io::Error::new(io::ErrorKind::InvalidInput, "seek before the beginning or beyond reach");
        let to = to.ok_or_else(bad)?;
        self.reader.seek(SeekFrom::Start(self.start.checked_add(to).ok_or_else(bad)?))?;
        self.at = to;
        Ok(to)
    }
}
