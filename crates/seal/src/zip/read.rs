//! Reads a zip: its directory is judged whole before anything is unpacked.

use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::read::DeflateDecoder;

use super::format::{
    CENTRAL, CENTRAL_LEN, DEFLATED, END, END_LEN, END64, END64_LEN, EXTRA64, FLAG_ENCRYPTED, FLAG_MASKED,
    FLAG_STRONG, Fields, LOCAL, LOCAL_LEN, LOCATOR64, LOCATOR64_LEN, STORED, check_name,
};
use super::{MAX_RATIO, NameFault, ZipError};

/// Longest directory that is read into memory: 1,000 entries with long names.
const MAX_DIRECTORY: u64 = 2 * 1024 * 1024;
/// Longest comment at a zip's end.
const MAX_COMMENT: u64 = 0xffff;

/// What a zip may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) entries: u64,
    pub(crate) unpacked: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Stored,
    Deflated,
}

/// One file; folders are judged, then forgotten.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) method: Method,
    pub(crate) crc32: u32,
    pub(crate) packed: u64,
    pub(crate) unpacked: u64,
    /// Where its local header stands.
    header: u64,
    /// Where its packed content begins.
    pub(crate) start: u64,
}

#[derive(Debug)]
pub(crate) struct Archive<R> {
    pub(crate) reader: R,
    pub(crate) entries: Vec<Entry>,
}

impl<R: Read + Seek> Archive<R> {
    pub(crate) fn open(mut reader: R, limits: Limits) -> Result<Self, ZipError> {
        let directory = find_directory(&mut reader)?;
        if directory.count > limits.entries {
            return Err(ZipError::TooManyEntries { found: directory.count });
        }
        if directory.size > MAX_DIRECTORY {
            return Err(ZipError::Structure("its directory is too large"));
        }
        let bytes = read_at(&mut reader, directory.offset, directory.size)?;
        let mut entries = parse_directory(&bytes, directory.count)?;
        let mut unpacked = 0u64;
        for entry in &entries {
            unpacked = unpacked.saturating_add(entry.unpacked);
            if unpacked > limits.unpacked {
                return Err(ZipError::TooLarge { limit: limits.unpacked });
            }
            if entry.unpacked > entry.packed.saturating_mul(MAX_RATIO) {
                return Err(ZipError::Ratio { file: shown(&entry.name) });
            }
        }
        check_places(&mut reader, &mut entries, directory.offset)?;
        entries.retain(|entry| !entry.name.ends_with('/'));
        Ok(Self { reader, entries })
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Content of one entry.
    pub(crate) fn content(&mut self, entry: &Entry) -> Result<EntryReader<&mut R>, ZipError> {
        EntryReader::new(&mut self.reader, entry)
    }

    /// Content of one entry, keeping the reader.
    pub(crate) fn into_content(self, entry: &Entry) -> Result<EntryReader<R>, ZipError> {
        EntryReader::new(self.reader, entry)
    }

    /// The whole content of a small entry.
    pub(crate) fn bytes(&mut self, entry: &Entry) -> Result<Vec<u8>, ZipError> {
        let mut out = Vec::new();
        self.content(entry)?.read_to_end(&mut out).map_err(ZipError::from_io)?;
        Ok(out)
    }
}

struct Directory {
    count: u64,
    size: u64,
    offset: u64,
}

const BROKEN: ZipError = ZipError::Structure("its directory is broken");

fn find_directory<R: Read + Seek>(reader: &mut R) -> Result<Directory, ZipError> {
    let len = reader.seek(SeekFrom::End(0))?;
    if len < END_LEN {
        return Err(ZipError::Structure("it is too short"));
    }
    let tail_len = len.min(END_LEN + MAX_COMMENT + LOCATOR64_LEN);
    let tail_start = len - tail_len;
    let tail = read_at(reader, tail_start, tail_len)?;
    // The last place where an end record and its comment end exactly with the file.
    let at = (0..=tail.len() - END_LEN as usize)
        .rev()
        .find(|&at| {
            tail[at..].starts_with(&END.to_le_bytes())
                && tail.len() - at - END_LEN as usize
                    == usize::from(u16::from_le_bytes([tail[at + 20], tail[at + 21]]))
        })
        .ok_or(ZipError::Structure("it has no directory; is it whole?"))?;
    let end_at = tail_start + at as u64;
    let mut f = Fields(&tail[at + 4..]);
    let (disk, first_disk, here, count) =
        (|| Some((f.u16()?, f.u16()?, f.u16()?, f.u16()?)))().ok_or(BROKEN)?;
    let (size, offset) = (|| Some((f.u32()?, f.u32()?)))().ok_or(BROKEN)?;
    if disk != 0 || first_disk != 0 || here != count {
        return Err(ZipError::Structure("it is one of several volumes"));
    }
    let mut directory = Directory { count: count.into(), size: size.into(), offset: offset.into() };
    let mut directory_end = end_at;
    if count == u16::MAX || size == u32::MAX || offset == u32::MAX {
        let locator_at = end_at.checked_sub(LOCATOR64_LEN).ok_or(BROKEN)?;
        let locator = read_at(reader, locator_at, LOCATOR64_LEN)?;
        let mut f = Fields(&locator);
        let place =
            (|| (f.u32()? == LOCATOR64 && f.u32()? == 0).then(|| f.u64()).flatten())().ok_or(BROKEN)?;
        if place.checked_add(END64_LEN) != Some(locator_at) {
            return Err(BROKEN);
        }
        let record = read_at(reader, place, END64_LEN)?;
        let mut f = Fields(&record);
        directory = (|| {
            let sound = f.u32()? == END64 && f.u64()? == END64_LEN - 12;
            f.bytes(4)?;
            let whole = f.u64()? == 0;
            let (here, count) = (f.u64()?, f.u64()?);
            let found = Directory { count, size: f.u64()?, offset: f.u64()? };
            (sound && whole && here == count).then_some(found)
        })()
        .ok_or(BROKEN)?;
        directory_end = place;
    }
    // Nothing before the first entry and nothing between directory and end: a file that is a zip only in part can be
    // two things to two readers.
    if directory.offset.checked_add(directory.size) != Some(directory_end) {
        return Err(ZipError::Structure("its directory is not where its end says"));
    }
    Ok(directory)
}

fn parse_directory(bytes: &[u8], count: u64) -> Result<Vec<Entry>, ZipError> {
    let mut f = Fields(bytes);
    let mut entries = Vec::new();
    let mut names = HashSet::new();
    for _ in 0..count {
        let entry = parse_entry(&mut f)?;
        if !names.insert(entry.name.clone()) {
            return Err(ZipError::Duplicate { file: shown(&entry.name) });
        }
        entries.push(entry);
    }
    if !f.0.is_empty() {
        return Err(BROKEN);
    }
    // A file where another entry needs a folder.
    for entry in &entries {
        for (at, _) in entry.name.match_indices('/') {
            if names.contains(&entry.name[..at]) {
                return Err(ZipError::Duplicate { file: shown(&entry.name[..at]) });
            }
        }
    }
    Ok(entries)
}

fn parse_entry(f: &mut Fields<'_>) -> Result<Entry, ZipError> {
    let raw = f.bytes(CENTRAL_LEN as usize).ok_or(BROKEN)?;
    let mut h = Fields(raw);
    let head = (|| {
        let signature = h.u32()?;
        let made_by = h.u16()?;
        h.u16()?;
        let (flags, method) = (h.u16()?, h.u16()?);
        h.u32()?;
        Some((signature, made_by, flags, method))
    })();
    let (signature, made_by, flags, method) = head.ok_or(BROKEN)?;
    let sizes = (|| Some((h.u32()?, h.u32()?, h.u32()?, h.u16()?, h.u16()?, h.u16()?)))();
    let (crc32, packed, unpacked, name_len, extra_len, comment_len) = sizes.ok_or(BROKEN)?;
    let rest = (|| Some((h.u16()?, h.u16()?, h.u32()?, h.u32()?)))();
    let (disk, _internal, external, offset) = rest.ok_or(BROKEN)?;
    if signature != CENTRAL || disk != 0 {
        return Err(BROKEN);
    }
    let name = f.bytes(name_len.into()).ok_or(BROKEN)?;
    let extra = f.bytes(extra_len.into()).ok_or(BROKEN)?;
    f.bytes(comment_len.into()).ok_or(BROKEN)?;

    let name = std::str::from_utf8(name).map_err(|_| ZipError::Name {
        file: shown(&String::from_utf8_lossy(name)),
        fault: NameFault::NotUtf8,
    })?;
    check_name(name).map_err(|fault| ZipError::Name { file: shown(name), fault })?;
    // Made on Unix: the upper half of the attributes is the mode.
    if made_by >> 8 == 3 && external >> 28 == 0o12 {
        return Err(ZipError::Name { file: shown(name), fault: NameFault::Link });
    }
    // Method 99 is how AES-encrypted entries name themselves.
    if flags & (FLAG_ENCRYPTED | FLAG_STRONG | FLAG_MASKED) != 0 || method == 99 {
        return Err(ZipError::Encrypted { file: shown(name) });
    }
    let method = match method {
        STORED => Method::Stored,
        DEFLATED => Method::Deflated,
        method => return Err(ZipError::Method { file: shown(name), method }),
    };
    let mut entry = Entry {
        name: name.to_owned(),
        method,
        crc32,
        packed: packed.into(),
        unpacked: unpacked.into(),
        header: offset.into(),
        start: 0,
    };
    if packed == u32::MAX || unpacked == u32::MAX || offset == u32::MAX {
        let mut big = Fields(extra64(extra).ok_or(BROKEN)?);
        for field in [&mut entry.unpacked, &mut entry.packed, &mut entry.header] {
            if *field == u64::from(u32::MAX) {
                *field = big.u64().ok_or(BROKEN)?;
            }
        }
    }
    let sound = match method {
        Method::Stored => entry.packed == entry.unpacked,
        Method::Deflated => true,
    };
    if !sound || (entry.name.ends_with('/') && entry.unpacked != 0) {
        return Err(ZipError::Inconsistent { file: shown(name) });
    }
    Ok(entry)
}

/// The extra field with 64-bit sizes.
fn extra64(extra: &[u8]) -> Option<&[u8]> {
    let mut f = Fields(extra);
    while let (Some(id), Some(len)) = (f.u16(), f.u16()) {
        let content = f.bytes(len.into())?;
        if id == EXTRA64 {
            return Some(content);
        }
    }
    None
}

/// Checks each local header against the directory, that no two entries share bytes, and notes where contents begin.
fn check_places<R: Read + Seek>(reader: &mut R, entries: &mut [Entry], end: u64) -> Result<(), ZipError> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|&i| entries[i].header);
    let mut free_from = 0;
    for i in order {
        let entry = &mut entries[i];
        let bad = || ZipError::Inconsistent { file: shown(&entry.name) };
        let room = LOCAL_LEN + entry.name.len() as u64;
        if entry.header < free_from || entry.header.checked_add(room).is_none_or(|at| at > end) {
            return Err(bad());
        }
        let local = read_at(reader, entry.header, room)?;
        let (head, name) = local.split_at(LOCAL_LEN as usize);
        let mut h = Fields(head);
        let fields = (|| {
            let signature = h.u32()?;
            h.u16()?;
            let (flags, method) = (h.u16()?, h.u16()?);
            h.bytes(16)?;
            Some((signature, flags, method, h.u16()?, h.u16()?))
        })();
        let (signature, flags, method, name_len, extra_len) = fields.ok_or_else(bad)?;
        let same = signature == LOCAL
            && flags & (FLAG_ENCRYPTED | FLAG_STRONG | FLAG_MASKED) == 0
            && (method == DEFLATED) == (entry.method == Method::Deflated)
            && matches!(method, STORED | DEFLATED)
            && usize::from(name_len) == entry.name.len()
            && name == entry.name.as_bytes();
        if !same {
            return Err(bad());
        }
        let start = entry.header + room + u64::from(extra_len);
        match start.checked_add(entry.packed) {
            Some(until) if until <= end => free_from = until,
            _ => return Err(bad()),
        }
        entry.start = start;
    }
    Ok(())
}

fn read_at<R: Read + Seek>(reader: &mut R, offset: u64, len: u64) -> Result<Vec<u8>, ZipError> {
    reader.seek(SeekFrom::Start(offset))?;
    let len = usize::try_from(len).map_err(|_| BROKEN)?;
    let mut bytes = vec![0; len];
    reader.read_exact(&mut bytes).map_err(|e| match e.kind() {
        io::ErrorKind::UnexpectedEof => ZipError::Structure("it ends too early"),
        _ => ZipError::Read(e),
    })?;
    Ok(bytes)
}

/// A name for an error: names come from strangers, so they are cut and cannot steer a terminal.
pub(crate) fn shown(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(100).collect()
}

/// Unpacks one entry. Its declared size is a limit that holds while unpacking; size and check sum are right when
/// this has come to its end without an error.
#[derive(Debug)]
pub(crate) struct EntryReader<R> {
    packed: Packed<R>,
    crc: Crc,
    read: u64,
    ended: bool,
    entry: Entry,
}

#[derive(Debug)]
enum Packed<R> {
    Stored(io::Take<R>),
    Deflated(DeflateDecoder<io::Take<R>>),
}

impl<R: Read + Seek> EntryReader<R> {
    fn new(mut reader: R, entry: &Entry) -> Result<Self, ZipError> {
        reader.seek(SeekFrom::Start(entry.start))?;
        let packed = reader.take(entry.packed);
        let packed = match entry.method {
            Method::Stored => Packed::Stored(packed),
            Method::Deflated => Packed::Deflated(DeflateDecoder::new(packed)),
        };
        Ok(Self { packed, crc: Crc::new(), read: 0, ended: false, entry: entry.clone() })
    }
}

impl<R: Read> EntryReader<R> {
    fn damaged(&self, reason: &'static str) -> io::Error {
        ZipError::Damaged { file: shown(&self.entry.name), reason }.into_io()
    }

    fn check_end(&self) -> io::Result<()> {
        if self.read != self.entry.unpacked {
            return Err(self.damaged("it is shorter than declared"));
        }
        if let Packed::Deflated(decoder) = &self.packed
            && decoder.total_in() != self.entry.packed
        {
            return Err(self.damaged("its packed size is not the declared one"));
        }
        if self.crc.sum() != self.entry.crc32 {
            return Err(self.damaged("its check sum does not fit"));
        }
        Ok(())
    }
}

impl<R: Read> Read for EntryReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.ended || buf.is_empty() {
            return Ok(0);
        }
        let n = match &mut self.packed {
            Packed::Stored(reader) => reader.read(buf)?,
            Packed::Deflated(decoder) => match decoder.read(buf) {
                Err(e) if matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => {
                    return Err(self.damaged("it cannot be unpacked"));
                }
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(self.damaged("its packed content ends too early"));
                }
                outcome => outcome?,
            },
        };
        if n == 0 {
            self.check_end()?;
            self.ended = true;
            return Ok(0);
        }
        self.read += n as u64;
        if self.read > self.entry.unpacked {
            return Err(self.damaged("it is longer than declared"));
        }
        self.crc.update(&buf[..n]);
        Ok(n)
    }
}
