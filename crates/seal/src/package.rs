//! The platform's package (R128, R129, PROTOCOL.md §5): DP packages, byte for byte, behind a manifest.

use std::io::{self, Read, Seek, Write};

use mydata_wire::ResourceId;
use mydata_wire::manifest::PackageManifest;

/// What must be known of a DP package before it is put into a package in one pass.
///
/// With it the package needs no data descriptors, which Java's `ZipInputStream` refuses on stored entries, and its
/// length is known before its first byte.
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
    pub fn of(_content: impl Read) -> io::Result<Self> {
        unimplemented!()
    }
}

/// A package whose form is settled: its length is known, its bytes can be written any number of times.
#[derive(Debug, Clone)]
pub struct Plan {}

impl Plan {
    /// Settles the form. `facts` is asked once for each dataset with code 200.
    ///
    /// # Errors
    /// Those of `facts`.
    pub fn new(
        _manifest: &PackageManifest,
        _facts: impl FnMut(&ResourceId) -> io::Result<Facts>,
    ) -> io::Result<Self> {
        unimplemented!()
    }

    /// Exact length of the package in bytes.
    pub fn written_len(&self) -> u64 {
        0
    }

    /// Writes the package. `open` is asked once for each dataset with code 200, in the manifest's order.
    ///
    /// # Errors
    /// Those of `open`, the readers and `out`; [`io::ErrorKind::InvalidData`] when a DP package is not what its
    /// [`Facts`] said.
    pub fn write<W: Write, R: Read>(
        &self,
        _out: W,
        _open: impl FnMut(&ResourceId) -> io::Result<R>,
    ) -> io::Result<W> {
        unimplemented!()
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
    /// The package could not be read.
    #[error("the package could not be read: {0}")]
    Read(#[from] io::Error),
}

impl PackageError {
    /// The error in zh-TW, for pages and problem answers.
    pub fn zh(&self) -> String {
        String::new()
    }
}

/// A received package: its manifest, and the DP packages that it names.
#[derive(Debug)]
pub struct Package<R> {
    reader: R,
    manifest: PackageManifest,
}

impl<R: Read + Seek> Package<R> {
    /// Reads the manifest and checks that files and codes agree.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn open(_reader: R) -> Result<Self, PackageError> {
        unimplemented!()
    }

    /// What the platform says is inside.
    pub fn manifest(&self) -> &PackageManifest {
        &self.manifest
    }

    /// The DP package of one dataset, as a reader that can seek; `None` when there is none (code 204, or not named).
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn dp_package(&mut self, _id: &ResourceId) -> Result<Option<DpPackageReader<'_, R>>, PackageError> {
        unimplemented!()
    }

    /// Gives the reader back.
    pub fn into_inner(self) -> R {
        self.reader
    }
}

/// One DP package inside a platform's package.
#[derive(Debug)]
pub struct DpPackageReader<'a, R> {
    reader: &'a mut R,
}

impl<R: Read + Seek> Read for DpPackageReader<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buf)
    }
}

impl<R: Read + Seek> Seek for DpPackageReader<'_, R> {
    fn seek(&mut self, pos: io::SeekFrom) -> io::Result<u64> {
        self.reader.seek(pos)
    }
}
