//! Numbers of the zip format (PKWARE APPNOTE) and the rules for names.

use super::NameFault;

pub(super) const LOCAL: u32 = 0x0403_4b50;
pub(super) const CENTRAL: u32 = 0x0201_4b50;
pub(super) const END: u32 = 0x0605_4b50;
pub(super) const END64: u32 = 0x0606_4b50;
pub(super) const LOCATOR64: u32 = 0x0706_4b50;
pub(super) const DESCRIPTOR: u32 = 0x0807_4b50;

pub(super) const LOCAL_LEN: u64 = 30;
pub(super) const CENTRAL_LEN: u64 = 46;
pub(super) const END_LEN: u64 = 22;
pub(super) const END64_LEN: u64 = 56;
pub(super) const LOCATOR64_LEN: u64 = 20;

pub(super) const FLAG_ENCRYPTED: u16 = 1;
pub(super) const FLAG_DESCRIPTOR: u16 = 1 << 3;
pub(super) const FLAG_STRONG: u16 = 1 << 6;
pub(super) const FLAG_UTF8: u16 = 1 << 11;
pub(super) const FLAG_MASKED: u16 = 1 << 13;

pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;

/// Extra field of sizes beyond 32 bits.
pub(super) const EXTRA64: u16 = 1;

/// Extra field of an entry that is locked with AES.
pub(super) const EXTRA_AES: u16 = 0x9901;

/// 1980-01-01, the first day the format knows: packages say nothing about when they were made, and the same input
/// gives the same bytes.
pub(super) const DATE: u16 = 0x0021;

/// Judges a name: it must stay inside the folder that it is unpacked into, on every system.
pub(crate) fn check_name(name: &str) -> Result<(), NameFault> {
    if name.contains('\\') {
        return Err(NameFault::Backslash);
    }
    let drive = name.as_bytes().get(1) == Some(&b':') && name.as_bytes()[0].is_ascii_alphabetic();
    if name.starts_with('/') || drive {
        return Err(NameFault::Absolute);
    }
    // A folder's entry ends with one slash.
    for part in name.strip_suffix('/').unwrap_or(name).split('/') {
        match part {
            ".." => return Err(NameFault::Parent),
            "" | "." => return Err(NameFault::Form),
            // The last two cannot stand in the XML of a manifest either.
            _ if part.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')) => {
                return Err(NameFault::Form);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Takes little-endian numbers off the front of bytes; `None` when they end.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.bytes(2)?.try_into().ok().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.bytes(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.bytes(8)?.try_into().ok().map(u64::from_le_bytes)
    }
}
