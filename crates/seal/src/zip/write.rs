//! Writes a zip to a stream: nothing seeks, nothing is kept but the list of entries.

use std::io::{self, Read, Write};

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::format::{
    CENTRAL, CENTRAL_LEN, DATE, DEFLATED, DESCRIPTOR, END, END64, END64_LEN, EXTRA_AES, EXTRA64,
    FLAG_DESCRIPTOR, FLAG_ENCRYPTED, FLAG_UTF8, LOCAL, LOCAL_LEN, LOCATOR64, STORED,
};

const COPY: usize = 64 * 1024;
/// From here on a size stands in an extra field.
const BIG: u64 = 0xffff_ffff;

pub(crate) struct ZipWriter<W: Write> {
    out: Counted<W>,
    entries: Vec<Written>,
}

pub(super) struct Written {
    pub(super) name: String,
    pub(super) method: u16,
    pub(super) flags: u16,
    pub(super) crc32: u32,
    pub(super) packed: u64,
    pub(super) unpacked: u64,
    pub(super) offset: u64,
}

struct Counted<W> {
    out: W,
    written: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = self.out.write(buf)?;
        self.written += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn utf8_flag(name: &str) -> u16 {
    if name.is_ascii() { 0 } else { FLAG_UTF8 }
}

impl Written {
    /// What a locked entry says of how: AE-2, by AES-256, stored.
    fn lock(&self) -> Vec<u8> {
        if self.flags & FLAG_ENCRYPTED == 0 {
            return Vec::new();
        }
        let mut extra = Vec::with_capacity(11);
        extra.extend(EXTRA_AES.to_le_bytes());
        extra.extend(7u16.to_le_bytes());
        extra.extend(2u16.to_le_bytes());
        extra.extend(b"AE");
        extra.push(3);
        extra.extend(STORED.to_le_bytes());
        extra
    }

    fn needs_version(&self) -> u16 {
        if self.flags & FLAG_ENCRYPTED != 0 {
            return 51;
        }
        if self.unpacked >= BIG || self.packed >= BIG || self.offset >= BIG { 45 } else { 20 }
    }

    pub(super) fn local(&self) -> Vec<u8> {
        let big = self.unpacked >= BIG;
        let lock = self.lock();
        let mut h = Vec::with_capacity(64 + self.name.len());
        h.extend(LOCAL.to_le_bytes());
        h.extend(self.needs_version().max(if big { 45 } else { 20 }).to_le_bytes());
        h.extend(self.flags.to_le_bytes());
        h.extend(self.method.to_le_bytes());
        h.extend(0u16.to_le_bytes());
        h.extend(DATE.to_le_bytes());
        // With a descriptor the sizes follow the content.
        let known = self.flags & FLAG_DESCRIPTOR == 0;
        h.extend(if known { self.crc32 } else { 0 }.to_le_bytes());
        h.extend(if known { capped(self.packed) } else { 0 }.to_le_bytes());
        h.extend(if known { capped(self.unpacked) } else { 0 }.to_le_bytes());
        h.extend(len16(self.name.len()).to_le_bytes());
        h.extend((len16(lock.len()) + if big { 20 } else { 0 }).to_le_bytes());
        h.extend(self.name.as_bytes());
        if big {
            h.extend(EXTRA64.to_le_bytes());
            h.extend(16u16.to_le_bytes());
            h.extend(self.unpacked.to_le_bytes());
            h.extend(self.packed.to_le_bytes());
        }
        h.extend(lock);
        h
    }

    pub(super) fn central(&self) -> Vec<u8> {
        let mut extra = Vec::new();
        for value in [self.unpacked, self.packed, self.offset] {
            if value >= BIG {
                extra.extend(value.to_le_bytes());
            }
        }
        let mut h = Vec::with_capacity(80 + self.name.len());
        h.extend(CENTRAL.to_le_bytes());
        h.extend(self.needs_version().to_le_bytes());
        h.extend(self.needs_version().to_le_bytes());
        h.extend(self.flags.to_le_bytes());
        h.extend(self.method.to_le_bytes());
        h.extend(0u16.to_le_bytes());
        h.extend(DATE.to_le_bytes());
        h.extend(self.crc32.to_le_bytes());
        h.extend(capped(self.packed).to_le_bytes());
        h.extend(capped(self.unpacked).to_le_bytes());
        h.extend(len16(self.name.len()).to_le_bytes());
        let lock = self.lock();
        let extra_len = lock.len() + if extra.is_empty() { 0 } else { 4 + extra.len() };
        h.extend(len16(extra_len).to_le_bytes());
        // Comment, disk, internal attributes; external attributes.
        h.extend([0; 6]);
        h.extend([0; 4]);
        h.extend(capped(self.offset).to_le_bytes());
        h.extend(self.name.as_bytes());
        if !extra.is_empty() {
            h.extend(EXTRA64.to_le_bytes());
            h.extend(len16(extra.len()).to_le_bytes());
            h.extend(extra);
        }
        h.extend(lock);
        h
    }
}

fn capped(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Names are checked to be shorter before they come here.
fn len16(len: usize) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}

impl<W: Write> ZipWriter<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out: Counted { out, written: 0 }, entries: Vec::new() }
    }

    fn begin(&mut self, entry: Written) -> io::Result<()> {
        if entry.name.len() > usize::from(u16::MAX) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a file name is too long for a zip"));
        }
        self.out.write_all(&entry.local())?;
        self.entries.push(entry);
        Ok(())
    }

    /// A small entry that is at hand.
    pub(crate) fn bytes(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let mut crc = Crc::new();
        crc.update(content);
        self.stored(name, content.len() as u64, crc.sum(), content)
    }

    /// An entry put in as it is, its length and check sum known beforehand.
    pub(crate) fn stored(
        &mut self,
        name: &str,
        len: u64,
        crc32: u32,
        mut content: impl Read,
    ) -> io::Result<()> {
        let offset = self.out.written;
        self.begin(Written {
            name: name.to_owned(),
            method: STORED,
            flags: utf8_flag(name),
            crc32,
            packed: len,
            unpacked: len,
            offset,
        })?;
        let mut crc = Crc::new();
        let mut copied = 0u64;
        let mut buf = vec![0u8; COPY];
        loop {
            let n = read(&mut content, &mut buf)?;
            copied += n as u64;
            if n == 0 || copied > len {
                break;
            }
            crc.update(&buf[..n]);
            self.out.write_all(&buf[..n])?;
        }
        if copied != len || crc.sum() != crc32 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{name} has changed since its length and check sum were taken"),
            ));
        }
        Ok(())
    }

    /// An entry compressed on its way; `seen` gets each piece of its content, at most `limit` bytes in all. Gives its
    /// packed and unpacked length.
    pub(crate) fn deflated(
        &mut self,
        name: &str,
        mut content: impl Read,
        limit: u64,
        mut seen: impl FnMut(&[u8]),
    ) -> io::Result<(u64, u64)> {
        let offset = self.out.written;
        self.begin(Written {
            name: name.to_owned(),
            method: DEFLATED,
            flags: utf8_flag(name) | FLAG_DESCRIPTOR,
            crc32: 0,
            packed: 0,
            unpacked: 0,
            offset,
        })?;
        let start = self.out.written;
        let mut crc = Crc::new();
        let mut unpacked = 0u64;
        let mut encoder = DeflateEncoder::new(&mut self.out, Compression::default());
        let mut buf = vec![0u8; COPY];
        loop {
            let n = read(&mut content, &mut buf)?;
            if n == 0 {
                break;
            }
            unpacked += n as u64;
            if unpacked > limit {
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, super::ZipError::TooLarge { limit }));
            }
            crc.update(&buf[..n]);
            seen(&buf[..n]);
            encoder.write_all(&buf[..n])?;
        }
        encoder.finish()?;
        let packed = self.out.written - start;
        let mut descriptor = Vec::with_capacity(16);
        descriptor.extend(DESCRIPTOR.to_le_bytes());
        descriptor.extend(crc.sum().to_le_bytes());
        descriptor.extend(capped(packed).to_le_bytes());
        descriptor.extend(capped(unpacked).to_le_bytes());
        self.out.write_all(&descriptor)?;
        if let Some(entry) = self.entries.last_mut() {
            (entry.crc32, entry.packed, entry.unpacked) = (crc.sum(), packed, unpacked);
        }
        Ok((packed, unpacked))
    }

    /// Writes the directory and gives the sink back.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        let offset = self.out.written;
        for entry in &self.entries {
            self.out.write_all(&entry.central())?;
        }
        let size = self.out.written - offset;
        let end = end(self.entries.len() as u64, size, offset);
        self.out.write_all(&end)?;
        self.out.flush()?;
        Ok(self.out.out)
    }
}

/// What closes a zip whose directory has these numbers.
pub(super) fn end(count: u64, size: u64, offset: u64) -> Vec<u8> {
    let mut e = Vec::new();
    if count >= 0xffff || size >= BIG || offset >= BIG {
        e.extend(END64.to_le_bytes());
        e.extend((END64_LEN - 12).to_le_bytes());
        e.extend(45u16.to_le_bytes());
        e.extend(45u16.to_le_bytes());
        e.extend([0; 8]);
        e.extend(count.to_le_bytes());
        e.extend(count.to_le_bytes());
        e.extend(size.to_le_bytes());
        e.extend(offset.to_le_bytes());
        e.extend(LOCATOR64.to_le_bytes());
        e.extend(0u32.to_le_bytes());
        e.extend((offset + size).to_le_bytes());
        e.extend(1u32.to_le_bytes());
    }
    let count = u16::try_from(count).unwrap_or(u16::MAX);
    e.extend(END.to_le_bytes());
    e.extend([0; 4]);
    e.extend(count.to_le_bytes());
    e.extend(count.to_le_bytes());
    e.extend(capped(size).to_le_bytes());
    e.extend(capped(offset).to_le_bytes());
    e.extend([0; 2]);
    e
}

/// Length of a zip of stored entries of these names and lengths, as [`ZipWriter::stored`] writes it.
pub(crate) fn stored_len<'a>(entries: impl Iterator<Item = (&'a str, u64)>) -> u64 {
    let (mut offset, mut directory, mut count) = (0u64, 0u64, 0u64);
    for (name, len) in entries {
        let big = len >= BIG;
        let name = name.len() as u64;
        let extra64 = 16 * u64::from(big) + 8 * u64::from(offset >= BIG);
        directory += CENTRAL_LEN + name + if extra64 > 0 { 4 + extra64 } else { 0 };
        offset += LOCAL_LEN + name + 20 * u64::from(big) + len;
        count += 1;
    }
    offset + directory + end(count, directory, offset).len() as u64
}

/// For the test of sizes that nobody wants to write.
#[cfg(test)]
impl<W: Write> ZipWriter<W> {
    pub(super) fn declare(&mut self, name: &str, len: u64) -> io::Result<()> {
        let offset = self.out.written;
        let name = name.to_owned();
        self.begin(Written { name, method: STORED, flags: 0, crc32: 0, packed: len, unpacked: len, offset })
    }

    pub(super) fn sink_mut(&mut self) -> &mut W {
        &mut self.out.out
    }

    pub(super) fn skip(&mut self, len: u64) {
        self.out.written += len;
    }
}

fn read(content: &mut impl Read, buf: &mut [u8]) -> io::Result<usize> {
    loop {
        match content.read(buf) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}
