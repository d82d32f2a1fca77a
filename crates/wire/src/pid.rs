//! `pid`: the personal id as the SP sends it through the browser (R100, R101).

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;

use crate::b64;
use crate::person::{BadPersonalId, PersonalId};
use crate::secret::{CbcIv, ClientSecret};

/// The value that stands for "do not check" (R101).
pub const NOT_CHECKED: &str = "A99999999";

/// A `pid` parameter is never longer than this many characters.
pub const MAX_PID_CHARS: usize = 512;

/// Whom the SP expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pid {
    /// Whoever logs in.
    NotChecked,
    /// This person only.
    Person(PersonalId),
}

/// Why a `pid` could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPid {
    /// Empty, over [`MAX_PID_CHARS`], not base64, or not encrypted with this service's secret and IV: code 400.
    #[error("pid does not decrypt with this service's client_secret and CBC IV")]
    Undecryptable,
    /// Decrypts to something that is no personal id: code 409.
    #[error("pid is not a personal id: {0}")]
    NotAPerson(BadPersonalId),
}

impl Pid {
    /// The parameter's value, before percent-encoding.
    pub fn encrypt(&self, secret: &ClientSecret, iv: &CbcIv) -> String {
        let plain = match self {
            Pid::NotChecked => NOT_CHECKED,
            Pid::Person(id) => id.expose(),
        };
        let key = UnboundCipherKey::new(&AES_256, &secret.pid_key()).expect("32 bytes are an AES-256 key");
        let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).expect("AES-256 has a CBC mode");
        let mut bytes = plain.as_bytes().to_vec();
        key.less_safe_encrypt(&mut bytes, EncryptionContext::Iv128(FixedLength::from(iv.bytes())))
            .expect("a short text encrypts");
        b64::standard(&bytes)
    }

    /// Reads the parameter's value after percent-decoding. A space counts as a `+` lost on the way.
    pub fn decrypt(value: &str, secret: &ClientSecret, iv: &CbcIv) -> Result<Self, BadPid> {
        if value == NOT_CHECKED {
            return Ok(Pid::NotChecked);
        }
        if value.is_empty() || value.len() > MAX_PID_CHARS {
            return Err(BadPid::Undecryptable);
        }
        let mut bytes = b64::decode_lenient(&value.replace(' ', "+")).map_err(|_| BadPid::Undecryptable)?;
        let key = UnboundCipherKey::new(&AES_256, &secret.pid_key()).expect("32 bytes are an AES-256 key");
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).expect("AES-256 has a CBC mode");
        let plain = key
            .decrypt(&mut bytes, DecryptionContext::Iv128(FixedLength::from(iv.bytes())))
            .map_err(|_| BadPid::Undecryptable)?;
        // A wrong key leaves noise; one time in 256 its padding even looks right.
        let text = std::str::from_utf8(plain).map_err(|_| BadPid::Undecryptable)?;
        if text == NOT_CHECKED {
            return Ok(Pid::NotChecked);
        }
        if text.chars().any(char::is_control) {
            return Err(BadPid::Undecryptable);
        }
        text.parse().map(Pid::Person).map_err(BadPid::NotAPerson)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (ClientSecret, CbcIv) {
        ("lxLRIhDcR59kp2SG".parse().unwrap(), "Qm7XwT2zB9nKfR4v".parse().unwrap())
    }

    /// Shows R100, R101.
    #[test]
    fn reads_what_it_wrote_and_the_sentinel_in_both_forms() {
        let (secret, iv) = keys();
        for pid in [Pid::NotChecked, Pid::Person("A123456789".parse().unwrap())] {
            let sent = pid.encrypt(&secret, &iv);
            assert_eq!(Pid::decrypt(&sent, &secret, &iv), Ok(pid.clone()));
            assert_eq!(Pid::decrypt(&sent.replace('+', " "), &secret, &iv), Ok(pid.clone()));
            assert_eq!(Pid::decrypt(sent.trim_end_matches('='), &secret, &iv), Ok(pid));
        }
        assert_eq!(Pid::decrypt("A99999999", &secret, &iv), Ok(Pid::NotChecked));
    }

    #[test]
    fn tells_undecryptable_from_not_a_person() {
        let (secret, iv) = keys();
        let other: ClientSecret = "0000000000000000".parse().unwrap();
        let sent = Pid::Person("A123456789".parse().unwrap()).encrypt(&other, &iv);
        assert_eq!(Pid::decrypt(&sent, &secret, &iv), Err(BadPid::Undecryptable));
        for bad in ["", "A123456789", "%%%", "AAAA", &"A".repeat(16 * 1024)] {
            assert_eq!(Pid::decrypt(bad, &secret, &iv), Err(BadPid::Undecryptable), "{bad:.20}");
        }
        let key =
            PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, &secret.pid_key()).unwrap())
                .unwrap();
        let mut bytes = b"A123456788".to_vec();
        key.less_safe_encrypt(&mut bytes, EncryptionContext::Iv128(FixedLength::from(iv.bytes()))).unwrap();
        assert_eq!(
            Pid::decrypt(&b64::standard(&bytes), &secret, &iv),
            Err(BadPid::NotAPerson(BadPersonalId::Checksum))
        );
    }
}
