//! Opening a token and checking who signed what is inside (R121–R135).

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use mydata_seal::dp_package::{self, DpPackageError, Verified};
use mydata_seal::package::{Package, PackageError};
use mydata_seal::token;
use mydata_seal::trust::Trust;
use mydata_wire::manifest::FileCode;
use mydata_wire::{CbcIv, PersonalId, ResourceId, SecretKey};

/// Why a received token is of no use, or a file of it cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The token's file cannot be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The token does not open with this key and IV.
    #[error("the token does not open: {0}")]
    Token(#[from] token::OpenError),
    /// What was sealed is not the platform's package.
    #[error("the package is not the platform's: {0}")]
    Package(#[from] PackageError),
    /// A file of a dataset cannot be read.
    #[error("{resource_id}: {source}")]
    Dataset {
        /// Which dataset.
        resource_id: ResourceId,
        /// Why.
        source: DpPackageError,
    },
    /// The dataset is not in the package, or did not pass verification.
    #[error("{0} is not in the package, has no data, or did not pass verification")]
    NotThere(ResourceId),
    /// A file could not be copied out.
    #[error("cannot copy a file out of the package: {0}")]
    Copy(#[source] io::Error),
}

/// What became of one dataset.
#[derive(Debug)]
pub enum Content {
    /// 204: the DP has no data of this person (R129).
    NoData,
    /// Every check of PROTOCOL.md §7 passed.
    Verified(Verified),
    /// A check failed: do not use this dataset.
    Refused(DpPackageError),
}

/// One dataset of a received package.
#[derive(Debug)]
pub struct Dataset {
    /// Its identifier.
    pub resource_id: ResourceId,
    /// Its name in zh-TW, as the platform wrote it.
    pub resource_name: String,
    /// What became of it.
    pub content: Content,
}

/// A package that was opened and verified, lying in a folder.
#[derive(Debug)]
pub struct Received {
    package: PathBuf,
    datasets: Vec<Dataset>,
}

impl Received {
    /// Opens the token in the file `token` into `folder` and verifies every DP package inside against `trust`; with
    /// `person` every PDF must open with that id. Blocks: in async code call it in `spawn_blocking`.
    ///
    /// A dataset that fails verification does not hide the others; see [`Dataset::content`].
    ///
    /// To open to a stream instead, without a folder, see [`mydata_seal::token::open`].
    ///
    /// ```no_run
    /// use std::{sync::Arc, time::SystemTime};
    /// use mydata_sdk::seal::trust::{NoRevocationCheck, Trust};
    /// use mydata_sdk::sp::{Content, Received};
    ///
    /// # fn f(key: mydata_sdk::wire::SecretKey, iv: mydata_sdk::wire::CbcIv) -> Result<(), Box<dyn std::error::Error>> {
    /// let trust = Trust::new(&std::fs::read("roots.pem")?, Arc::new(NoRevocationCheck))?;
    /// let received =
    ///     Received::open("token.jwt".as_ref(), &key, &iv, "inbox".as_ref(), &trust, None, SystemTime::now())?;
    /// for dataset in received.datasets() {
    ///     match &dataset.content {
    ///         Content::Verified(verified) => println!("{} by {}", dataset.resource_name, verified.signer.subject),
    ///         Content::NoData => println!("{}: nothing found", dataset.resource_name),
    ///         Content::Refused(error) => println!("{}: {error}", dataset.resource_name),
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub fn open(
        token: &Path,
        key: &SecretKey,
        iv: &CbcIv,
        folder: &Path,
        trust: &Trust,
        person: Option<&PersonalId>,
        now: SystemTime,
    ) -> Result<Self, OpenError> {
        let package = token::open_to_folder(open(token)?, key, iv, folder)?;
        let mut inside = Package::open(open(&package)?)?;
        let files = inside.manifest().files.clone();
        let mut datasets = Vec::with_capacity(files.len());
        for file in files {
            let content = match file.code {
                FileCode::NoData => Content::NoData,
                FileCode::Present => {
                    let dp = inside
                        .dp_package(&file.resource_id)?
                        .ok_or_else(|| OpenError::NotThere(file.resource_id.clone()))?;
                    match dp_package::verify(dp, trust, now, person) {
                        Ok(verified) => Content::Verified(verified),
                        Err(error) => Content::Refused(error),
                    }
                }
            };
            datasets.push(Dataset {
                resource_id: file.resource_id,
                resource_name: file.resource_name,
                content,
            });
        }
        Ok(Self { package, datasets })
    }

    /// The datasets in the order of the request.
    pub fn datasets(&self) -> &[Dataset] {
        &self.datasets
    }

    /// Where the opened package (a zip of personal data) lies.
    pub fn package(&self) -> &Path {
        &self.package
    }

    /// Copies one data file of a verified dataset to `out`; gives its length. Blocks.
    pub fn copy_file(
        &self,
        resource_id: &ResourceId,
        name: &str,
        mut out: impl Write,
    ) -> Result<u64, OpenError> {
        self.verified(resource_id)
            .filter(|v| v.files.iter().any(|f| f.name == name))
            .ok_or_else(|| OpenError::NotThere(resource_id.clone()))?;
        let mut inside = Package::open(open(&self.package)?)?;
        let dp = inside.dp_package(resource_id)?.ok_or_else(|| OpenError::NotThere(resource_id.clone()))?;
        let mut file = dp_package::open_file(dp, name)
            .map_err(|source| OpenError::Dataset { resource_id: resource_id.clone(), source })?;
        io::copy(&mut file, &mut out).map_err(OpenError::Copy)
    }

    /// One data file of a verified dataset, refused above `max` bytes. Blocks.
    pub fn read_file(&self, resource_id: &ResourceId, name: &str, max: u64) -> Result<Vec<u8>, OpenError> {
        let mut out = Capped { bytes: Vec::new(), max };
        self.copy_file(resource_id, name, &mut out)?;
        Ok(out.bytes)
    }

    /// Copies every data file of every verified dataset to `{folder}/{resource_id}/{name}`; gives the paths. Blocks.
    pub fn extract_to(&self, folder: &Path) -> Result<Vec<PathBuf>, OpenError> {
        let mut written = Vec::new();
        for dataset in &self.datasets {
            let Content::Verified(verified) = &dataset.content else { continue };
            for file in &verified.files {
                // Verification refuses names that would lead out of the folder.
                let path = folder.join(dataset.resource_id.as_str()).join(&file.name);
                let parent = path.parent().unwrap_or(folder);
                std::fs::create_dir_all(parent)
                    .and_then(|()| File::create(&path))
                    .map_err(|source| OpenError::File { path: path.clone(), source })
                    .and_then(|out| self.copy_file(&dataset.resource_id, &file.name, out))?;
                written.push(path);
            }
        }
        Ok(written)
    }

    fn verified(&self, resource_id: &ResourceId) -> Option<&Verified> {
        self.datasets.iter().find_map(|dataset| match &dataset.content {
            Content::Verified(verified) if dataset.resource_id == *resource_id => Some(verified),
            _ => None,
        })
    }
}

fn open(path: &Path) -> Result<impl Read + io::Seek + use<>, OpenError> {
    File::open(path)
        .map(io::BufReader::new)
        .map_err(|source| OpenError::File { path: path.to_owned(), source })
}

struct Capped {
    bytes: Vec<u8>,
    max: u64,
}

impl Write for Capped {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if (self.bytes.len() + buf.len()) as u64 > self.max {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than allowed"));
        }
        self.bytes.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
