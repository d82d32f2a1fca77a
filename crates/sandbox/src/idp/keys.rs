//! The provider's signing key, kept in the data folder.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use mydata_wire::{Random, b64};
use rcgen::{KeyPair, PKCS_RSA_SHA256};
use serde::Serialize;
use serde_json::{Value, json};

use crate::data::DataFolder;

/// The signing key cannot be made, kept or read.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file.
    #[error("the identity provider's key cannot be kept: {0}")]
    Io(#[from] std::io::Error),
    /// The key.
    #[error("the identity provider's key cannot be made or read (delete `idp.key` to have a new one): {0}")]
    Key(#[from] rcgen::Error),
    /// The key as a JWT library wants it.
    #[error("the identity provider's key cannot sign (delete `idp.key` to have a new one): {0}")]
    Jwt(#[from] jsonwebtoken::errors::Error),
}

/// The signing key and the key of the pseudonyms.
pub struct Keys {
    signing: EncodingKey,
    kid: String,
    modulus: String,
    exponent: String,
    pseudonyms: hmac::Key,
}

impl Keys {
    /// The keys in `folder`, made when they are not there yet.
    pub fn open(folder: &DataFolder, random: &dyn Random) -> Result<Self, KeyError> {
        let pem = folder.keep("idp.key", || {
            Ok::<_, KeyError>(KeyPair::generate_for(&PKCS_RSA_SHA256)?.serialize_pem())
        })?;
        let signing = EncodingKey::from_rsa_pem(pem.as_bytes())?;
        let jwk = Jwk::from_encoding_key(&signing, Algorithm::RS256)?;
        let AlgorithmParameters::RSA(public) = jwk.algorithm else {
            let wrong = jsonwebtoken::errors::ErrorKind::InvalidKeyFormat;
            return Err(jsonwebtoken::errors::Error::from(wrong).into());
        };
        let pseudonyms = folder.keep("idp-pseudonyms.key", || {
            let mut key = [0; 32];
            random.fill(&mut key);
            Ok::<_, KeyError>(b64::standard(&key))
        })?;
        let kid = b64::url_safe(&digest(&SHA256, public.n.as_bytes()).as_ref()[..12]);
        Ok(Self {
            signing,
            kid,
            modulus: public.n,
            exponent: public.e,
            pseudonyms: hmac::Key::new(hmac::HMAC_SHA256, pseudonyms.as_bytes()),
        })
    }

    /// The public key as a JWK set.
    pub fn jwks(&self) -> Value {
        json!({ "keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": self.modulus, "e": self.exponent,
        }] })
    }

    /// A signed token.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, jsonwebtoken::errors::Error> {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &self.signing)
    }

    /// The name under which one client knows a person; another client could not link it.
    pub fn pseudonym(&self, client_id: &str, person: &str) -> String {
        b64::url_safe(hmac::sign(&self.pseudonyms, format!("{client_id}\n{person}").as_bytes()).as_ref())
    }
}
