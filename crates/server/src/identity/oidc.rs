//! OpenID Connect relying party: authorization code with PKCE (RFC 7636), `state` and `nonce`; the ID token is checked
//! against the provider's published keys (OpenID Connect Core §3.1.3.7). The method asked for travels as `acr_values`,
//! the one used comes back as `acr`.

use std::time::Duration;

use aws_lc_rs::digest;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use mydata_domain::Time;
use mydata_domain::transaction::person::Person;
use mydata_wire::secret::is_same;
use mydata_wire::{PersonalId, Random, Verification, b64};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::sync::RwLock;
use url::Url;

use super::{Attempt, Begun, Fault, Verified};
use crate::config::OidcProvider;
use crate::outbound::Outbound;

/// How long discovery and keys are held.
const HELD: Duration = Duration::from_secs(600);
/// Unknown keys make the keys be read again, but not more often than this.
const KEYS_AT_MOST_EVERY: Duration = Duration::from_secs(10);
/// Largest document of a provider.
const MAX_DOCUMENT: usize = 256 * 1024;
/// Clocks may differ by this many seconds.
const LEEWAY: i64 = 60;
/// Algorithms that a provider may sign with.
const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::ES256];

/// One provider.
pub struct Oidc {
    settings: OidcProvider,
    callback: Url,
    outbound: Outbound,
    held: RwLock<Option<Held>>,
}

#[derive(Clone)]
struct Held {
    discovery: Discovery,
    keys: JwkSet,
    at: Time,
    keys_at: Time,
}

#[derive(Clone, Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    nonce: Option<String>,
    exp: i64,
    iat: Option<i64>,
    azp: Option<String>,
    aud: Value,
    acr: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl Claims {
    /// What the claim of this name says; empty where there is no text.
    fn text(&self, name: &str) -> &str {
        let standard = match name {
            "sub" => Some(self.sub.as_str()),
            _ => None,
        };
        standard.or_else(|| self.others.get(name)?.as_str()).unwrap_or_default().trim()
    }
}

impl Oidc {
    /// A provider. `callback` is the registered redirect URI.
    pub fn new(settings: OidcProvider, callback: Url, outbound: Outbound) -> Self {
        Self { settings, callback, outbound, held: RwLock::new(None) }
    }

    /// The same provider, with browsers sent back to another registered redirect URI.
    pub fn with_callback(&self, callback: Url) -> Self {
        Self::new(self.settings.clone(), callback, self.outbound.clone())
    }

    /// Its issuer.
    pub fn issuer(&self) -> &Url {
        &self.settings.issuer
    }

    /// The methods it carries out.
    pub fn methods(&self) -> &[Verification] {
        &self.settings.methods
    }

    /// Begins an attempt with `method`. `state` comes back with the citizen.
    pub async fn begin(
        &self,
        method: Verification,
        state: &str,
        lang: &str,
        now: Time,
        random: &dyn Random,
    ) -> Result<Begun, Fault> {
        let held = self.held(now).await?;
        let secret = || {
            let mut bytes = [0u8; 32];
            random.fill(&mut bytes);
            b64::url_safe(&bytes)
        };
        let attempt = Attempt { nonce: secret(), verifier: secret() };
        let challenge = b64::url_safe(digest::digest(&digest::SHA256, attempt.verifier.as_bytes()).as_ref());
        let mut redirect = held.discovery.authorization_endpoint;
        redirect
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("scope", "openid profile email")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", self.callback.as_str())
            .append_pair("state", state)
            .append_pair("nonce", &attempt.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("acr_values", &self.acr_values(method))
            .append_pair("ui_locales", lang)
            // A citizen at a shared computer must not be taken for the one before.
            .append_pair("prompt", "login");
        Ok(Begun { redirect, attempt })
    }

    /// What the provider calls a method.
    fn acr_values(&self, method: Verification) -> String {
        let named = self.settings.acr.iter().filter(|(_, known)| **known == method);
        let named: Vec<&str> = named.map(|(acr, _)| acr.as_str()).collect();
        if self.settings.acr.is_empty() { method.code().to_owned() } else { named.join(" ") }
    }

    /// The method that the provider says was used, where it is trusted with it.
    fn method_of(&self, acr: &str) -> Option<Verification> {
        let method = match self.settings.acr.is_empty() {
            true => acr.parse().ok(),
            false => self.settings.acr.get(acr).copied(),
        };
        method.filter(|method| self.settings.methods.contains(method))
    }

    /// Redeems the code the citizen came back with.
    pub async fn finish(&self, code: &str, attempt: &Attempt, now: Time) -> Result<Verified, Fault> {
        let held = self.held(now).await?;
        let endpoint = &held.discovery.token_endpoint;
        let client = self.outbound.identity(endpoint).map_err(|b| Fault::Unavailable(b.to_string()))?;
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let request = client
            .post(endpoint.clone())
            .basic_auth(encode(&self.settings.client_id), Some(encode(&self.settings.client_secret)))
            .form(&[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", self.callback.as_str()),
                ("code_verifier", &attempt.verifier),
            ]);
        let answer = request.send().await.map_err(|e| unavailable("token endpoint", &e))?;
        if answer.status().is_server_error() {
            return Err(Fault::Unavailable(format!("token endpoint: status {}", answer.status().as_u16())));
        }
        if !answer.status().is_success() {
            return Err(Fault::Invalid(format!("token endpoint: status {}", answer.status().as_u16())));
        }
        let token: TokenAnswer = read("token endpoint", answer).await?;
        self.check(&token.id_token, attempt, now).await
    }

    async fn check(&self, id_token: &str, attempt: &Attempt, now: Time) -> Result<Verified, Fault> {
        let invalid = |what: &str| Fault::Invalid(what.to_owned());
        let header = decode_header(id_token).map_err(|_| invalid("the ID token is no JWT"))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(invalid("the ID token is signed with an algorithm that is not accepted"));
        }
        let key = self.key(header.kid.as_deref(), now).await?;
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[self.discovered_issuer(now).await?]);
        validation.set_audience(&[&self.settings.client_id]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library would look at a clock of its own.
        validation.validate_exp = false;
        let claims = decode::<Claims>(id_token, &key, &validation)
            // The library's text may quote a claim.
            .map_err(|_| invalid("the ID token's signature, times, audience or form do not hold"))?
            .claims;
        if claims.exp.saturating_add(LEEWAY) <= now.seconds() {
            return Err(invalid("the ID token's time is over (exp)"));
        }
        if !claims.nonce.as_deref().is_some_and(|nonce| is_same(&attempt.nonce, nonce)) {
            return Err(invalid("the nonce is not the one of this attempt"));
        }
        let several = claims.aud.as_array().is_some_and(|a| a.len() > 1);
        if (several || claims.azp.is_some()) && claims.azp.as_deref() != Some(&self.settings.client_id) {
            return Err(invalid("the ID token was made for somebody else (azp)"));
        }
        if claims.iat.is_none_or(|iat| (iat - now.seconds()).unsigned_abs() > 600) {
            return Err(invalid("the ID token was not made just now (iat)"));
        }
        let method = claims
            .acr
            .as_deref()
            .and_then(|acr| self.method_of(acr))
            .ok_or_else(|| invalid("acr names no method that this provider is trusted with"))?;
        let names = &self.settings.claims;
        let uid: PersonalId =
            claims.text(&names.uid).parse().map_err(|_| invalid("uid is no personal id"))?;
        let name = claims.text(&names.name);
        if name.is_empty() {
            return Err(invalid("name is missing"));
        }
        let mut person = Person::new(&uid, name.to_owned(), claims.sub.clone());
        person.birthdate = claims.text(&names.birthdate).to_owned();
        person.gender = claims.text(&names.gender).to_owned();
        person.email = claims.text(&names.email).to_owned();
        // Some providers write it as a text.
        let said = claims.others.get(&names.email_verified);
        let mail_verified = said.is_some_and(|said| *said == true || said.as_str() == Some("true"));
        Ok(Verified { person, method, mail_verified })
    }

    async fn discovered_issuer(&self, now: Time) -> Result<String, Fault> {
        Ok(self.held(now).await?.discovery.issuer)
    }

    async fn key(&self, kid: Option<&str>, now: Time) -> Result<DecodingKey, Fault> {
        let find = |keys: &JwkSet| {
            let jwk = match kid {
                Some(kid) => keys.find(kid),
                None if keys.keys.len() == 1 => keys.keys.first(),
                None => None,
            };
            jwk.map(DecodingKey::from_jwk)
        };
        let held = self.held(now).await?;
        let found = match find(&held.keys) {
            // The provider may have begun to use a new key.
            None if held.keys_at.plus(KEYS_AT_MOST_EVERY) <= now => find(&self.read_again(now).await?.keys),
            found => found,
        };
        found
            .ok_or_else(|| {
                Fault::Invalid("the ID token names a key that the provider does not publish".to_owned())
            })?
            .map_err(|_| Fault::Invalid("the provider publishes a key that cannot be used".to_owned()))
    }

    async fn held(&self, now: Time) -> Result<Held, Fault> {
        if let Some(held) = self.held.read().await.as_ref()
            && now < held.at.plus(HELD)
        {
            return Ok(held.clone());
        }
        self.read_again(now).await
    }

    async fn read_again(&self, now: Time) -> Result<Held, Fault> {
        let issuer = self.settings.issuer.as_str().trim_end_matches('/');
        let address = Url::parse(&format!("{issuer}/.well-known/openid-configuration"))
            .map_err(|_| Fault::Unavailable("the issuer makes no discovery address".to_owned()))?;
        let discovery: Discovery = self.get("discovery", &address).await?;
        if discovery.issuer.trim_end_matches('/') != issuer {
            return Err(Fault::Unavailable("discovery names another issuer".to_owned()));
        }
        let keys = self.get("keys", &discovery.jwks_uri).await?;
        let held = Held { discovery, keys, at: now, keys_at: now };
        *self.held.write().await = Some(held.clone());
        Ok(held)
    }

    async fn get<T: DeserializeOwned>(&self, what: &str, url: &Url) -> Result<T, Fault> {
        let client = self.outbound.identity(url).map_err(|b| Fault::Unavailable(format!("{what}: {b}")))?;
        let answer = client.get(url.clone()).send().await.map_err(|e| unavailable(what, &e))?;
        if !answer.status().is_success() {
            return Err(Fault::Unavailable(format!("{what}: status {}", answer.status().as_u16())));
        }
        read(what, answer).await
    }
}

async fn read<T: DeserializeOwned>(what: &str, mut answer: reqwest::Response) -> Result<T, Fault> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|e| unavailable(what, &e))? {
        if body.len() + piece.len() > MAX_DOCUMENT {
            return Err(Fault::Unavailable(format!("{what}: the document is too large")));
        }
        body.extend_from_slice(&piece);
    }
    serde_json::from_slice(&body)
        .map_err(|_| Fault::Unavailable(format!("{what}: the document cannot be read")))
}

fn unavailable(what: &str, error: &reqwest::Error) -> Fault {
    let why = if error.is_timeout() { "no answer in time" } else { "cannot be reached" };
    Fault::Unavailable(format!("{what}: {why}"))
}
