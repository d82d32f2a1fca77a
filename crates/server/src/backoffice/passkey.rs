//! Passkeys (W3C Web Authentication Level 3): what a browser answers is checked, nothing else is believed.
//!
//! Attestation is not asked for ("none") and not read: which maker's authenticator somebody uses is none of our business,
//! and the key counts only because whoever added it had signed in. Checked are type, challenge, origin, the hash of the
//! relying party's id, that the user was present and verified, the signature (ES256, EdDSA, RS256), and the counter.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use minicbor::Decoder;
use mydata_wire::b64;
use serde::Deserialize;
use url::{Host, Url};

/// COSE names of the signatures that are taken, the preferred first.
pub const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];
const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const WITH_KEY: u8 = 0x40;
/// Hash of the relying party's id, flags, counter.
const HEAD: usize = 32 + 1 + 4;

/// Why a passkey is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPasskey {
    /// The browser's answer cannot be read.
    #[error("{0} cannot be read")]
    Unreadable(&'static str),
    /// It answers another question.
    #[error("{0} is not the one of this page")]
    Foreign(&'static str),
    /// The authenticator did not verify its user.
    #[error("the authenticator did not check who uses it")]
    NotVerified,
    /// The key is of a kind that is not taken.
    #[error("the key is of a kind that is not taken")]
    Algorithm,
    /// The signature does not hold.
    #[error("the signature does not hold")]
    Signature,
    /// The counter went back: the key may have been copied.
    #[error("the counter did not grow")]
    Counter,
}

/// Us, as browsers know us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    /// The host.
    pub id: String,
    /// Scheme, host and port.
    origin: String,
}

impl RelyingParty {
    /// Us under this address; `None` when browsers allow no passkeys there: an address of numbers, or http anywhere but on
    /// the machine itself.
    pub fn at(base: &Url) -> Option<Self> {
        let Some(Host::Domain(host)) = base.host() else { return None };
        let secure = base.scheme() == "https" || host == "localhost";
        secure.then(|| Self { id: host.to_owned(), origin: base.origin().ascii_serialization() })
    }
}

/// A key that was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// How the authenticator finds it.
    pub credential_id: Vec<u8>,
    /// The public key, in COSE form.
    pub key: Vec<u8>,
    /// The first counter.
    pub counter: u32,
}

#[derive(Deserialize)]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
}

fn check_client_data(
    rp: &RelyingParty,
    challenge: &[u8],
    kind: &str,
    client_data: &[u8],
) -> Result<(), BadPasskey> {
    let data: ClientData =
        serde_json::from_slice(client_data).map_err(|_| BadPasskey::Unreadable("clientDataJSON"))?;
    if data.r#type != kind {
        return Err(BadPasskey::Foreign("type"));
    }
    let answered = b64::decode_lenient(&data.challenge).map_err(|_| BadPasskey::Unreadable("challenge"))?;
    if aws_lc_rs::constant_time::verify_slices_are_equal(&answered, challenge).is_err() {
        return Err(BadPasskey::Foreign("challenge"));
    }
    if data.origin != rp.origin || data.cross_origin {
        return Err(BadPasskey::Foreign("origin"));
    }
    Ok(())
}

/// Checks the fixed head of authenticator data; gives flags and counter.
fn check_head(rp: &RelyingParty, data: &[u8]) -> Result<(u8, u32), BadPasskey> {
    let head = data.get(..HEAD).ok_or(BadPasskey::Unreadable("authenticatorData"))?;
    if &head[..32] != digest(&SHA256, rp.id.as_bytes()).as_ref() {
        return Err(BadPasskey::Foreign("rpIdHash"));
    }
    let flags = head[32];
    if flags & USER_PRESENT == 0 || flags & USER_VERIFIED == 0 {
        return Err(BadPasskey::NotVerified);
    }
    Ok((flags, u32::from_be_bytes([head[33], head[34], head[35], head[36]])))
}

/// Checks the answer to `navigator.credentials.create` (§7.1).
///
/// # Errors
/// The first thing that does not hold.
pub fn register(
    rp: &RelyingParty,
    challenge: &[u8],
    client_data: &[u8],
    attestation_object: &[u8],
) -> Result<Registered, BadPasskey> {
    check_client_data(rp, challenge, "webauthn.create", client_data)?;
    let data = authenticator_data(attestation_object)?;
    let (flags, counter) = check_head(rp, data)?;
    let bad = BadPasskey::Unreadable("attestedCredentialData");
    if flags & WITH_KEY == 0 {
        return Err(bad);
    }
    // AAGUID (16), length of the id (2), id, key.
    let rest = &data[HEAD..];
    let length = rest.get(16..18).map(|l| usize::from(u16::from_be_bytes([l[0], l[1]]))).ok_or(bad)?;
    let id = rest.get(18..18 + length).filter(|id| (1..=1023).contains(&id.len())).ok_or(bad)?;
    let after = &rest[18 + length..];
    let mut decoder = Decoder::new(after);
    decoder.skip().map_err(|_| bad)?;
    let key = &after[..decoder.position()];
    Key::read(key)?;
    Ok(Registered { credential_id: id.to_vec(), key: key.to_vec(), counter })
}

/// Checks the answer to `navigator.credentials.get` (§7.2); gives the new counter, which the caller keeps.
///
/// # Errors
/// The first thing that does not hold.
pub fn verify(
    rp: &RelyingParty,
    challenge: &[u8],
    client_data: &[u8],
    authenticator_data: &[u8],
    signature: &[u8],
    key: &[u8],
    last_counter: i64,
) -> Result<u32, BadPasskey> {
    check_client_data(rp, challenge, "webauthn.get", client_data)?;
    let (_, counter) = check_head(rp, authenticator_data)?;
    let mut signed = authenticator_data.to_vec();
    signed.extend_from_slice(digest(&SHA256, client_data).as_ref());
    Key::read(key)?.verify(&signed, signature)?;
    // Both zero: an authenticator that does not count.
    if (counter != 0 || last_counter != 0) && i64::from(counter) <= last_counter {
        return Err(BadPasskey::Counter);
    }
    Ok(counter)
}

fn authenticator_data(attestation_object: &[u8]) -> Result<&[u8], BadPasskey> {
    let bad = |_| BadPasskey::Unreadable("attestationObject");
    let mut decoder = Decoder::new(attestation_object);
    let pairs = decoder.map().map_err(bad)?.ok_or(BadPasskey::Unreadable("attestationObject"))?;
    let mut found = None;
    for _ in 0..pairs.min(8) {
        if decoder.str().map_err(bad)? == "authData" {
            found = Some(decoder.bytes().map_err(bad)?);
        } else {
            decoder.skip().map_err(bad)?;
        }
    }
    found.ok_or(BadPasskey::Unreadable("attestationObject"))
}

/// A public key in COSE form (RFC 9053).
#[derive(Debug)]
enum Key<'a> {
    Es256(Vec<u8>),
    EdDsa(&'a [u8]),
    Rs256 { n: &'a [u8], e: &'a [u8] },
}

impl<'a> Key<'a> {
    fn read(cose: &'a [u8]) -> Result<Self, BadPasskey> {
        let bad = |_| BadPasskey::Unreadable("the public key");
        let mut decoder = Decoder::new(cose);
        let pairs = decoder.map().map_err(bad)?.ok_or(BadPasskey::Unreadable("the public key"))?;
        let (mut kind, mut algorithm, mut curve) = (0i64, 0i64, 0i64);
        let (mut minus_one, mut minus_two, mut minus_three): (&[u8], &[u8], &[u8]) = (&[], &[], &[]);
        for _ in 0..pairs.min(16) {
            match decoder.i64().map_err(bad)? {
                1 => kind = decoder.i64().map_err(bad)?,
                3 => algorithm = decoder.i64().map_err(bad)?,
                -1 if decoder.datatype().map_err(bad)? == minicbor::data::Type::Bytes => {
                    minus_one = decoder.bytes().map_err(bad)?;
                }
                -1 => curve = decoder.i64().map_err(bad)?,
                -2 => minus_two = decoder.bytes().map_err(bad)?,
                -3 => minus_three = decoder.bytes().map_err(bad)?,
                _ => decoder.skip().map_err(bad)?,
            }
        }
        match (kind, algorithm, curve) {
            (2, ES256, 1) if minus_two.len() == 32 && minus_three.len() == 32 => {
                let mut point = vec![4];
                point.extend_from_slice(minus_two);
                point.extend_from_slice(minus_three);
                Ok(Self::Es256(point))
            }
            (1, EDDSA, 6) if minus_two.len() == 32 => Ok(Self::EdDsa(minus_two)),
            (3, RS256, _)
                if (256..=1024).contains(&minus_one.len()) && (1..=8).contains(&minus_two.len()) =>
            {
                Ok(Self::Rs256 { n: minus_one, e: minus_two })
            }
            _ => Err(BadPasskey::Algorithm),
        }
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadPasskey> {
        match self {
            Self::Es256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Self::EdDsa(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Self::Rs256 { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        }
        .map_err(|_| BadPasskey::Signature)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize, PublicKeyComponents};
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    };
    use minicbor::Encoder;

    use super::*;

    const CHALLENGE: &[u8] = b"a challenge of the platform, 32b";

    fn rp() -> RelyingParty {
        RelyingParty::at(&Url::parse("https://mydata.example/").unwrap()).unwrap()
    }

    /// An authenticator that signs with one of the three kinds of key.
    pub(in crate::backoffice) enum Device {
        Es256(EcdsaKeyPair),
        EdDsa(Ed25519KeyPair),
        Rs256(Box<RsaKeyPair>),
    }

    impl Device {
        pub(in crate::backoffice) fn all() -> [Self; 3] {
            [
                Self::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()),
                Self::EdDsa(Ed25519KeyPair::generate().unwrap()),
                Self::Rs256(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())),
            ]
        }

        fn cose(&self) -> Vec<u8> {
            let mut out = Vec::new();
            let mut e = Encoder::new(&mut out);
            match self {
                Self::Es256(pair) => {
                    let point = pair.public_key().as_ref();
                    e.map(5).unwrap().i8(1).unwrap().i8(2).unwrap().i8(3).unwrap().i64(ES256).unwrap();
                    e.i8(-1).unwrap().i8(1).unwrap();
                    e.i8(-2)
                        .unwrap()
                        .bytes(&point[1..33])
                        .unwrap()
                        .i8(-3)
                        .unwrap()
                        .bytes(&point[33..])
                        .unwrap();
                }
                Self::EdDsa(pair) => {
                    e.map(4).unwrap().i8(1).unwrap().i8(1).unwrap().i8(3).unwrap().i64(EDDSA).unwrap();
                    e.i8(-1)
                        .unwrap()
                        .i8(6)
                        .unwrap()
                        .i8(-2)
                        .unwrap()
                        .bytes(pair.public_key().as_ref())
                        .unwrap();
                }
                Self::Rs256(pair) => {
                    let parts = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                    e.map(4).unwrap().i8(1).unwrap().i8(3).unwrap().i8(3).unwrap().i64(RS256).unwrap();
                    e.i8(-1).unwrap().bytes(&parts.n).unwrap().i8(-2).unwrap().bytes(&parts.e).unwrap();
                }
            }
            out
        }

        pub(in crate::backoffice) fn sign(&self, message: &[u8]) -> Vec<u8> {
            match self {
                Self::Es256(pair) => pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
                Self::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
                Self::Rs256(pair) => {
                    let mut out = vec![0; pair.public_modulus_len()];
                    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut out).unwrap();
                    out
                }
            }
        }
    }

    pub(in crate::backoffice) fn client_data(kind: &str, challenge: &[u8], origin: &str) -> Vec<u8> {
        let challenge = b64::url_safe(challenge);
        serde_json::json!({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false})
            .to_string()
            .into_bytes()
    }

    pub(in crate::backoffice) fn head(rp_id: &str, flags: u8, counter: u32) -> Vec<u8> {
        let mut out = digest(&SHA256, rp_id.as_bytes()).as_ref().to_vec();
        out.push(flags);
        out.extend_from_slice(&counter.to_be_bytes());
        out
    }

    pub(in crate::backoffice) fn attestation(device: &Device, flags: u8) -> Vec<u8> {
        let mut data = head("mydata.example", flags, 7);
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&4u16.to_be_bytes());
        data.extend_from_slice(b"cred");
        data.extend_from_slice(&device.cose());
        let mut out = Vec::new();
        let mut e = Encoder::new(&mut out);
        e.map(3).unwrap().str("fmt").unwrap().str("none").unwrap();
        e.str("attStmt").unwrap().map(0).unwrap().str("authData").unwrap().bytes(&data).unwrap();
        out
    }

    #[test]
    fn a_key_that_was_added_opens_the_door() {
        for device in Device::all() {
            let created = client_data("webauthn.create", CHALLENGE, "https://mydata.example");
            let registered = register(&rp(), CHALLENGE, &created, &attestation(&device, 0x45)).unwrap();
            assert_eq!((registered.credential_id.as_slice(), registered.counter), (&b"cred"[..], 7));

            let got = client_data("webauthn.get", CHALLENGE, "https://mydata.example");
            let answer = |flags, counter, rp_id: &str| {
                let data = head(rp_id, flags, counter);
                let mut signed = data.clone();
                signed.extend_from_slice(digest(&SHA256, &got).as_ref());
                let signature = device.sign(&signed);
                (data, signature)
            };
            let check = |client: &[u8], (data, signature): (Vec<u8>, Vec<u8>), last| {
                verify(&rp(), CHALLENGE, client, &data, &signature, &registered.key, last)
            };
            assert_eq!(check(&got, answer(5, 8, "mydata.example"), 7), Ok(8));
            assert_eq!(check(&got, answer(5, 0, "mydata.example"), 0), Ok(0));
            assert_eq!(check(&got, answer(5, 7, "mydata.example"), 7), Err(BadPasskey::Counter));
            assert_eq!(check(&got, answer(1, 8, "mydata.example"), 7), Err(BadPasskey::NotVerified));
            assert_eq!(check(&got, answer(5, 8, "evil.example"), 7), Err(BadPasskey::Foreign("rpIdHash")));
            let (data, mut signature) = answer(5, 8, "mydata.example");
            let last = signature.len() - 1;
            signature[last] ^= 1;
            assert_eq!(check(&got, (data, signature), 7), Err(BadPasskey::Signature));
            for (kind, challenge, origin, what) in [
                ("webauthn.create", CHALLENGE, "https://mydata.example", "type"),
                ("webauthn.get", &b"another"[..], "https://mydata.example", "challenge"),
                ("webauthn.get", CHALLENGE, "https://evil.example", "origin"),
            ] {
                let client = client_data(kind, challenge, origin);
                let outcome = check(&client, answer(5, 8, "mydata.example"), 7);
                assert_eq!(outcome, Err(BadPasskey::Foreign(what)));
            }
        }
    }

    #[test]
    fn what_is_cut_off_or_altered_is_refused_without_a_panic() {
        let device = &Device::all()[0];
        let created = client_data("webauthn.create", CHALLENGE, "https://mydata.example");
        let whole = attestation(device, 0x45);
        for length in 0..whole.len() {
            assert!(register(&rp(), CHALLENGE, &created, &whole[..length]).is_err(), "{length}");
        }
        assert_eq!(
            register(&rp(), CHALLENGE, &created, &attestation(device, 0x41)),
            Err(BadPasskey::NotVerified)
        );
        for cose in [&[][..], &[0xa0], &[0xbf, 0xff], &[0xa1, 0x01], &[0xff], &[0xa1, 0x03, 0x38, 0x24]] {
            assert!(Key::read(cose).is_err(), "{cose:?}");
        }
    }

    #[test]
    fn passkeys_need_a_name_and_https() {
        let at = |url: &str| RelyingParty::at(&Url::parse(url).unwrap());
        assert_eq!(at("https://mydata.example:8443/").unwrap().origin, "https://mydata.example:8443");
        assert!(at("http://localhost:8480/").is_some());
        for bad in ["http://mydata.example/", "http://127.0.0.1:8480/", "https://[::1]/"] {
            assert!(at(bad).is_none(), "{bad}");
        }
    }
}
