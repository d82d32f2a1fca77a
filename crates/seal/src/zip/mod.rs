//! The little of the zip format that packages need, strict and bounded.
//!
//! Own code, for three things that the usual crates do not give: stored entries written to a stream **without** data
//! descriptors (Java's `ZipInputStream` refuses stored entries that have one), a reader that judges the number of
//! entries, duplicate names and overlaps **before** it spends memory on them, and one parser for judging and reading,
//! so that what was checked is what is read.

mod error;
mod format;
pub mod inspect;
mod locked;
mod read;
mod write;

pub use error::{NameFault, ZipError};
pub(crate) use format::check_name;
pub use locked::{LockFault, LockedZip};
pub(crate) use read::{Archive, EntryReader, Limits, Method, shown};
pub(crate) use write::{ZipWriter, stored_len};

/// Most entries of a package (PROTOCOL.md §7).
pub const MAX_ENTRIES: u64 = 1_000;
/// Most bytes of a package's content (PROTOCOL.md §7).
pub const MAX_UNPACKED: u64 = 2 * 1024 * 1024 * 1024;
/// Most bytes of content that one packed byte may become (PROTOCOL.md §7).
pub const MAX_RATIO: u64 = 200;

#[cfg(test)]
mod tests {
    use std::io::{self, Read, Seek, SeekFrom, Write};

    use super::*;

    /// A file that is zeros but for what was written to it: sizes beyond 32 bits fit no test's memory.
    #[derive(Default)]
    struct Sparse {
        len: u64,
        at: u64,
        pieces: Vec<(u64, Vec<u8>)>,
    }

    impl Write for Sparse {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            self.pieces.push((self.len, buf.to_vec()));
            self.len += buf.len() as u64;
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Read for Sparse {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let n = buf.len().min(usize::try_from(self.len.saturating_sub(self.at)).unwrap_or(usize::MAX));
            for byte in &mut buf[..n] {
                let piece = self.pieces.iter().rfind(|(start, _)| *start <= self.at);
                let within =
                    piece.and_then(|(start, bytes)| bytes.get(usize::try_from(self.at - start).ok()?));
                *byte = within.copied().unwrap_or(0);
                self.at += 1;
            }
            Ok(n)
        }
    }

    impl Seek for Sparse {
        fn seek(&mut self, pos: SeekFrom) -> io::Result<u64> {
            self.at = match pos {
                SeekFrom::Start(at) => Some(at),
                SeekFrom::End(by) => self.len.checked_add_signed(by),
                SeekFrom::Current(by) => self.at.checked_add_signed(by),
            }
            .ok_or(io::ErrorKind::InvalidInput)?;
            Ok(self.at)
        }
    }

    /// Sizes and places beyond 32 bits, as zip64; read by this reader and by the `zip` crate.
    #[test]
    fn zips_beyond_four_gibibytes_hold_together() {
        const BIG: u64 = 5 * 1024 * 1024 * 1024 + 7;
        let mut writer = ZipWriter::new(Sparse::default());
        writer.bytes("first", b"1").unwrap();
        writer.declare_zeros("big", BIG).unwrap();
        writer.bytes("last", b"the end").unwrap();
        let mut file = writer.finish().unwrap();
        let names = [("first", 1), ("big", BIG), ("last", 7)];
        assert_eq!(file.len, stored_len(names.into_iter()), "the length was known beforehand");

        let limits = Limits { entries: 3, unpacked: u64::MAX };
        let mut archive = Archive::open(&mut file, limits).unwrap();
        let found: Vec<_> = archive.entries.iter().map(|e| (e.name.clone(), e.unpacked)).collect();
        assert_eq!(found, names.map(|(name, len)| (name.to_owned(), len)));
        let last = archive.find("last").cloned().unwrap();
        assert!(last.start > BIG);
        assert_eq!(archive.bytes(&last).unwrap(), b"the end");

        let mut foreign = ::zip::ZipArchive::new(&mut file).unwrap();
        assert_eq!(foreign.by_index(1).unwrap().size(), BIG);
        let mut text = String::new();
        foreign.by_index(2).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "the end");
    }

    impl ZipWriter<Sparse> {
        /// An entry of which only the header is written.
        fn declare_zeros(&mut self, name: &str, len: u64) -> io::Result<()> {
            self.declare(name, len)?;
            self.sink_mut().len += len;
            self.skip(len);
            Ok(())
        }
    }
}
