//! The little of the zip format that packages need, strict and bounded.
//!
//! Own code, for three things that the usual crates do not give: stored entries written to a stream **without** data
//! descriptors (Java's `ZipInputStream` refuses stored entries that have one), a reader that judges the number of
//! entries, duplicate names and overlaps **before** it spends memory on them, and one parser for judging and reading,
//! so that what was checked is what is read.

mod error;
mod format;
mod read;
mod write;

pub use error::{NameFault, ZipError};
pub(crate) use format::check_name;
pub(crate) use read::{Archive, EntryReader, Limits, Method, shown};
pub(crate) use write::{ZipWriter, stored_len};

/// Most entries of a package (PROTOCOL.md §7).
pub const MAX_ENTRIES: u64 = 1_000;
/// Most bytes of a package's content (PROTOCOL.md §7).
pub const MAX_UNPACKED: u64 = 2 * 1024 * 1024 * 1024;
/// Most bytes of content that one packed byte may become (PROTOCOL.md §7).
pub const MAX_RATIO: u64 = 200;
