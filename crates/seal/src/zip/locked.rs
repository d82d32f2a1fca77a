//! A zip that opens with a password, as a citizen saves it (R79): AES-256 in the form of WinZip (AE-2), which 7-Zip,
//! WinZip and the file managers of the common systems open. Entries are stored, so that the whole length is known before
//! the first byte. It gives bytes and holds none: the caller reads the content, and sends what comes back.

use std::io;
use std::num::NonZeroU32;

use aws_lc_rs::cipher::{AES_256, EncryptingKey, UnboundCipherKey};
use aws_lc_rs::{hmac, pbkdf2};
use mydata_wire::random::Random;
use zeroize::Zeroizing;

use super::format::{FLAG_ENCRYPTED, FLAG_UTF8};
use super::write::{Written, end};

/// The method that says that another is locked inside.
const METHOD_AES: u16 = 99;
/// Rounds of the derivation, as the form fixes them.
const ROUNDS: NonZeroU32 = NonZeroU32::new(1_000).expect("it is not zero");
const SALT: usize = 16;
const KEY: usize = 32;
const CHECK: usize = 2;
const TAG: usize = 10;
const BLOCK: usize = 16;
/// Counter blocks that are encrypted at a time.
const AHEAD: usize = 4_096;
/// Longest entry: lengths within 32 bits.
const MAX: u64 = 0xffff_ffff - OVERHEAD - 1;
/// Bytes that an entry takes beside its content.
const OVERHEAD: u64 = (SALT + CHECK + TAG) as u64;

/// Why an entry cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LockFault {
    /// Its name does not fit.
    #[error("a file name is too long for a zip")]
    Name,
    /// It is too large.
    #[error("a file is too large for an entry of a zip")]
    TooLarge,
    /// It is shorter or longer than was said.
    #[error("a file has another length than was said")]
    Length,
    /// There is no entry to go on with, or one that is not at its end.
    #[error("the parts of a zip came in the wrong order")]
    Order,
}

/// A zip that is being written. No `Debug`: it holds a password.
pub struct LockedZip {
    password: Zeroizing<String>,
    entries: Vec<Written>,
    written: u64,
    open: Option<Locking>,
}

/// The entry that is being written.
struct Locking {
    keys: EncryptingKey,
    tag: hmac::Context,
    counter: u64,
    /// Key stream that is not used yet; `used` bytes of it are.
    stream: Vec<u8>,
    used: usize,
    left: u64,
}

impl LockedZip {
    /// A zip that opens with `password`.
    pub fn new(password: &str) -> Self {
        let password = Zeroizing::new(password.to_owned());
        Self { password, entries: Vec::new(), written: 0, open: None }
    }

    /// Begins a file of `len` bytes: what stands before its content.
    ///
    /// # Errors
    /// [`LockFault`]: the name or the file is too large, or another file is not at its end.
    pub fn begin(&mut self, name: &str, len: u64, random: &dyn Random) -> Result<Vec<u8>, LockFault> {
        if self.open.is_some() {
            return Err(LockFault::Order);
        }
        if name.len() > usize::from(u16::MAX) {
            return Err(LockFault::Name);
        }
        if len > MAX {
            return Err(LockFault::TooLarge);
        }
        let mut salt = [0; SALT];
        random.fill(&mut salt);
        let mut derived = Zeroizing::new([0; 2 * KEY + CHECK]);
        let password = self.password.as_bytes();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA1, ROUNDS, &salt, password, derived.as_mut_slice());
        let key = UnboundCipherKey::new(&AES_256, &derived[..KEY]).expect("the key has the cipher's length");
        let tag = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &derived[KEY..2 * KEY]);
        self.open = Some(Locking {
            keys: EncryptingKey::ecb(key).expect("the cipher has this mode"),
            tag: hmac::Context::with_key(&tag),
            counter: 0,
            stream: Vec::new(),
            used: 0,
            left: len,
        });
        let entry = Written {
            name: name.to_owned(),
            method: METHOD_AES,
            flags: FLAG_ENCRYPTED | FLAG_UTF8,
            // AE-2 leaves the check sum out: it would tell something about short files.
            crc32: 0,
            packed: len + OVERHEAD,
            unpacked: len,
            offset: self.written,
        };
        let mut head = entry.local();
        self.entries.push(entry);
        head.extend(salt);
        head.extend(&derived[2 * KEY..]);
        self.written += head.len() as u64;
        Ok(head)
    }

    /// Locks the next piece of the content, in place.
    ///
    /// # Errors
    /// [`LockFault`]: the file is longer than was said, or none was begun.
    pub fn content(&mut self, piece: &mut [u8]) -> Result<(), LockFault> {
        let locking = self.open.as_mut().ok_or(LockFault::Order)?;
        locking.left = locking.left.checked_sub(piece.len() as u64).ok_or(LockFault::Length)?;
        locking.lock(piece);
        self.written += piece.len() as u64;
        Ok(())
    }

    /// Ends the file: what stands behind its content.
    ///
    /// # Errors
    /// [`LockFault`]: the file is shorter than was said, or none was begun.
    pub fn end(&mut self) -> Result<Vec<u8>, LockFault> {
        let locking = self.open.take().ok_or(LockFault::Order)?;
        if locking.left > 0 {
            return Err(LockFault::Length);
        }
        let tag = locking.tag.sign().as_ref()[..TAG].to_vec();
        self.written += TAG as u64;
        Ok(tag)
    }

    /// Ends the zip: its directory.
    ///
    /// # Errors
    /// [`LockFault::Order`]: a file is not at its end.
    pub fn finish(self) -> Result<Vec<u8>, LockFault> {
        if self.open.is_some() {
            return Err(LockFault::Order);
        }
        let mut directory: Vec<u8> = self.entries.iter().flat_map(Written::central).collect();
        let end = end(self.entries.len() as u64, directory.len() as u64, self.written);
        directory.extend(end);
        Ok(directory)
    }

    /// Length of a zip of files of these names and lengths.
    pub fn len<'a>(files: impl Iterator<Item = (&'a str, u64)>) -> u64 {
        let (mut offset, mut directory, mut count) = (0, 0, 0);
        for (name, len) in files {
            let entry = Written {
                name: name.to_owned(),
                method: METHOD_AES,
                flags: FLAG_ENCRYPTED | FLAG_UTF8,
                crc32: 0,
                packed: len + OVERHEAD,
                unpacked: len,
                offset,
            };
            offset += entry.local().len() as u64 + entry.packed;
            directory += entry.central().len() as u64;
            count += 1;
        }
        offset + directory + end(count, directory, offset).len() as u64
    }
}

impl Locking {
    fn lock(&mut self, piece: &mut [u8]) {
        let mut rest = &mut *piece;
        while !rest.is_empty() {
            if self.used == self.stream.len() {
                self.refill();
            }
            let stream = &self.stream[self.used..];
            let (now, later) = rest.split_at_mut(stream.len().min(rest.len()));
            now.iter_mut().zip(stream).for_each(|(byte, key)| *byte ^= key);
            self.used += now.len();
            rest = later;
        }
        self.tag.update(piece);
    }

    /// The form counts from one and little-endian, which is why no ready counter mode does it.
    fn refill(&mut self) {
        let blocks = usize::try_from(self.left / BLOCK as u64 + 1).unwrap_or(AHEAD).clamp(4, AHEAD);
        self.stream.resize(blocks * BLOCK, 0);
        for block in self.stream.chunks_exact_mut(BLOCK) {
            self.counter += 1;
            block[..8].copy_from_slice(&self.counter.to_le_bytes());
            block[8..].fill(0);
        }
        self.keys.encrypt(&mut self.stream).expect("whole blocks are encrypted");
        self.used = 0;
    }
}

impl From<LockFault> for io::Error {
    fn from(fault: LockFault) -> Self {
        Self::new(io::ErrorKind::InvalidData, fault)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use mydata_wire::SystemRandom;

    use super::*;

    const PASSWORD: &str = "A123456789";

    /// A zip of these files, their content given in pieces of `piece` bytes.
    fn zip(files: &[(&str, Vec<u8>)], piece: usize) -> Vec<u8> {
        let mut zip = LockedZip::new(PASSWORD);
        let mut out = Vec::new();
        for (name, content) in files {
            out.extend(zip.begin(name, content.len() as u64, &SystemRandom).unwrap());
            for piece in content.chunks(piece) {
                let mut piece = piece.to_vec();
                zip.content(&mut piece).unwrap();
                out.extend(piece);
            }
            out.extend(zip.end().unwrap());
        }
        out.extend(zip.finish().unwrap());
        out
    }

    fn files() -> Vec<(&'static str, Vec<u8>)> {
        vec![
            ("個人戶籍資料/戶籍.json", "{\"姓名\":\"王小明\"}".as_bytes().to_vec()),
            ("empty", Vec::new()),
            ("large.bin", (0..300_001_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect()),
        ]
    }

    /// Shows R79.
    #[test]
    fn another_program_opens_it_with_the_password_and_with_no_other() {
        for piece in [1, 15, 16, 65_536, 1_000_000] {
            let zip = zip(&files(), piece);
            let names = files();
            let known = LockedZip::len(names.iter().map(|(name, content)| (*name, content.len() as u64)));
            assert_eq!(zip.len() as u64, known, "the length was known beforehand");
            let mut archive = ::zip::ZipArchive::new(Cursor::new(&zip)).unwrap();
            for (place, (name, content)) in names.iter().enumerate() {
                let mut file = archive.by_index_decrypt(place, PASSWORD.as_bytes()).unwrap();
                assert_eq!(file.name().unwrap(), *name);
                let mut read = Vec::new();
                file.read_to_end(&mut read).unwrap();
                assert!(read == *content, "{name}");
                drop(file);
                assert!(archive.by_index(place).is_err(), "not without a password");
            }
            assert!(archive.by_index_decrypt(0, b"a123456789").is_err(), "not in lower case");
        }
    }

    #[test]
    fn nothing_of_the_content_stands_in_it_and_no_two_are_alike() {
        let (one, two) = (zip(&files(), 1_000), zip(&files(), 1_000));
        assert_ne!(one, two, "each has a salt of its own");
        let name = "王小明".as_bytes();
        assert!(!one.windows(name.len()).any(|w| w == name));
    }

    #[test]
    fn a_file_has_the_length_that_was_said() {
        let mut zip = LockedZip::new(PASSWORD);
        assert_eq!(zip.content(&mut [1]), Err(LockFault::Order));
        assert_eq!(zip.end().unwrap_err(), LockFault::Order);
        zip.begin("a", 3, &SystemRandom).unwrap();
        assert_eq!(zip.begin("b", 3, &SystemRandom).unwrap_err(), LockFault::Order);
        zip.content(&mut [1, 2]).unwrap();
        assert_eq!(zip.content(&mut [3, 4]), Err(LockFault::Length));
        assert_eq!(zip.end().unwrap_err(), LockFault::Length);
        let mut zip = LockedZip::new(PASSWORD);
        assert_eq!(zip.begin(&"a".repeat(70_000), 1, &SystemRandom).unwrap_err(), LockFault::Name);
        assert_eq!(zip.begin("a", 1 << 32, &SystemRandom).unwrap_err(), LockFault::TooLarge);
    }
}
