//! Password hashing: argon2id, off the tasks that answer requests, a few at a time.
//!
//! Parameters: 19 MiB of memory, 2 passes, 1 lane, 16 bytes of salt, 32 bytes of hash – the second of the equivalent
//! settings that OWASP's cheat sheet on password storage recommends. They stand in every hash, so that a later release may
//! raise them: [`Checked::outdated`] says when a hash is to be made anew.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use mydata_wire::{Random, b64};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Memory in KiB.
const MEMORY: u32 = 19 * 1024;
/// Passes over it.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;
const SALT: usize = 16;
const HASH: usize = 32;
/// Hashes made at a time: each needs its memory and one core.
const AT_ONCE: usize = 2;
/// So many blocks of 1 KiB are given back to the machine when they are freed.
const GIVEN_BACK: usize = 33 * 1024;
/// The largest parameters that a kept hash may name, so that a row changed by another hand cannot exhaust the machine.
const MOST_MEMORY: u32 = 256 * 1024;
const MOST_PASSES: u32 = 16;

/// What a check of a password came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// The password is right.
    pub right: bool,
    /// The hash was made with older parameters.
    pub outdated: bool,
}

/// Makes and checks hashes.
#[derive(Debug)]
pub struct Passwords {
    free: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { free: Semaphore::new(AT_ONCE) }
    }
}

impl Passwords {
    /// The hash of a password, with its parameters and a new salt.
    pub async fn hash(&self, password: &str, random: &dyn Random) -> String {
        let mut salt = [0u8; SALT];
        random.fill(&mut salt);
        let password = Zeroizing::new(password.to_owned());
        let kept =
            Kept { memory: MEMORY, passes: PASSES, lanes: LANES, salt: salt.to_vec(), hash: Vec::new() };
        let hash = self.work(password, kept.clone()).await;
        Kept { hash, ..kept }.to_text()
    }

    /// Checks a password against a hash. Without a hash as much work is done, and the answer is no: so nobody learns from
    /// the time it takes whether an account exists.
    pub async fn check(&self, password: &str, hash: Option<&str>) -> Checked {
        let password = Zeroizing::new(password.to_owned());
        let decoy =
            Kept { memory: MEMORY, passes: PASSES, lanes: LANES, salt: vec![0; SALT], hash: Vec::new() };
        let kept = hash.and_then(Kept::read);
        let outdated =
            kept.as_ref().is_some_and(|k| (k.memory, k.passes, k.lanes) != (MEMORY, PASSES, LANES));
        let wanted = kept.as_ref().map(|k| k.hash.clone()).unwrap_or_default();
        let made = self.work(password, kept.unwrap_or(decoy)).await;
        let right = aws_lc_rs::constant_time::verify_slices_are_equal(&made, &wanted).is_ok();
        Checked { right, outdated }
    }

    async fn work(&self, password: Zeroizing<String>, with: Kept) -> Vec<u8> {
        let _free = self.free.acquire().await.expect("the semaphore is never closed");
        let work = move || {
            let params = Params::new(with.memory, with.passes, with.lanes, Some(HASH))
                .expect("parameters were checked when they were read");
            let mut out = vec![0u8; HASH];
            // More room than is touched: from 32 MiB on the C library gives memory back as soon as it is freed, whereas it would
            // keep these 19 MiB for every thread that has ever made a hash.
            let mut memory = Vec::with_capacity(GIVEN_BACK.max(params.block_count()));
            memory.resize(params.block_count(), Block::default());
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                .hash_password_into_with_memory(password.as_bytes(), &with.salt, &mut out, &mut memory)
                .expect("salt and lengths are in the range of the function");
            out
        };
        tokio::task::spawn_blocking(work).await.expect("hashing does not panic")
    }
}

/// A hash with all that is needed to make it again; as text in the PHC form that other programs read as well.
#[derive(Clone)]
struct Kept {
    memory: u32,
    passes: u32,
    lanes: u32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Kept {
    fn to_text(&self) -> String {
        let b64 = |bytes: &[u8]| b64::standard(bytes).trim_end_matches('=').to_owned();
        let Self { memory, passes, lanes, .. } = self;
        format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${}${}", b64(&self.salt), b64(&self.hash))
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let mut numbers = parts.next()?.split(',');
        let mut number = |name: &str| -> Option<u32> { numbers.next()?.strip_prefix(name)?.parse().ok() };
        let (memory, passes, lanes) = (number("m=")?, number("t=")?, number("p=")?);
        let salt = b64::decode_lenient(parts.next()?).ok()?;
        let hash = b64::decode_lenient(parts.next()?).ok()?;
        let fits = (8..=MOST_MEMORY).contains(&memory)
            && (1..=MOST_PASSES).contains(&passes)
            && lanes == 1
            && (8..=64).contains(&salt.len())
            && hash.len() == HASH;
        fits.then_some(Self { memory, passes, lanes, salt, hash })
    }
}

#[cfg(test)]
mod tests {
    use mydata_wire::SystemRandom;

    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_nothing_else_is() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse battery", &SystemRandom).await;
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let right = Checked { right: true, outdated: false };
        assert_eq!(passwords.check("correct horse battery", Some(&hash)).await, right);
        assert!(!passwords.check("correct horse batterz", Some(&hash)).await.right);
        assert!(!passwords.check("", None).await.right);
        assert!(
            !passwords.check("x", Some("$argon2id$v=19$m=99999999,t=2,p=1$AAAAAAAAAAA$AAAA")).await.right
        );
    }

    /// A test vector of the reference implementation.
    #[tokio::test]
    async fn hashes_of_other_programs_with_other_parameters_are_read() {
        let known = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let checked = Passwords::default().check("password", Some(known)).await;
        assert_eq!(checked, Checked { right: true, outdated: true });
    }
}
