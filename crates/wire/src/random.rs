//! Randomness as an argument: whoever makes identifiers or secrets is given a source.

use aws_lc_rs::rand;

/// A source of cryptographically strong random bytes.
pub trait Random: Send + Sync {
    /// Fills `dest` with random bytes.
    fn fill(&self, dest: &mut [u8]);
}

/// The operating system's generator.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, dest: &mut [u8]) {
        // The only failure is a system without entropy; going on with predictable secrets would be worse than ending.
        rand::fill(dest).expect("the operating system gives random bytes");
    }
}

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// `len` characters of `[A-Za-z0-9]`, each equally likely.
pub fn alphanumeric(random: &dyn Random, len: usize) -> String {
    let mut out = String::with_capacity(len);
    let mut buf = [0u8; 32];
    while out.len() < len {
        random.fill(&mut buf);
        for byte in buf {
            // 248 = 4 × 62: bytes above it would make the first characters likelier.
            if byte < 248 && out.len() < len {
                out.push(ALPHANUMERIC[usize::from(byte % 62)] as char);
            }
        }
    }
    out
}

/// A version 4 UUID from the given source.
pub fn uuid_v4(random: &dyn Random) -> uuid::Uuid {
    let mut bytes = [0u8; 16];
    random.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
