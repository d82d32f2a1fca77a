//! The identity providers: does each answer discovery, as itself, and publish keys.

use std::time::SystemTime;

use mydata_server::Config;
use mydata_server::config::OidcProvider;
use mydata_server::outbound::Outbound;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use url::Url;

use super::reach::{PATIENCE, reason};
use super::report::Report;

const SUBJECT: &str = "identity provider";
/// Largest document that is read.
const MOST: usize = 256 * 1024;

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    #[serde(rename = "authorization_endpoint")]
    _authorization: Url,
    #[serde(rename = "token_endpoint")]
    _token: Url,
    jwks_uri: Url,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<serde_json::Value>,
}

/// Another machine's clock, and when it was read here.
pub struct Seen {
    /// What the other's clock showed.
    pub theirs: SystemTime,
    /// What ours showed then.
    pub ours: SystemTime,
}

/// Asks every provider; gives the clock of one.
pub async fn check(config: &Config, outbound: &Outbound, report: &mut Report) -> Option<Seen> {
    let mut seen = None;
    for provider in &config.identity.oidc {
        let issuer = &provider.issuer;
        match ask(provider, outbound, &mut seen).await {
            Ok(keys) => {
                let keys = crate::output::count(keys, "key");
                report.ok(SUBJECT, format!("{issuer} answers and publishes {keys}"));
            }
            Err(what) => report.fail(
                SUBJECT,
                format!("{issuer}: {what}"),
                "look whether it runs and this machine may call it, and whether identity.oidc issuer is what its discovery says",
            ),
        }
    }
    seen
}

async fn ask(provider: &OidcProvider, outbound: &Outbound, seen: &mut Option<Seen>) -> Result<usize, String> {
    let issuer = provider.issuer.as_str().trim_end_matches('/');
    let address = Url::parse(&format!("{issuer}/.well-known/openid-configuration"))
        .map_err(|_| "the issuer makes no discovery address".to_owned())?;
    let discovery: Discovery = get("discovery", &address, outbound, seen).await?;
    if discovery.issuer.trim_end_matches('/') != issuer {
        return Err(format!("discovery names another issuer, {}", discovery.issuer));
    }
    let keys: Keys = get("keys", &discovery.jwks_uri, outbound, seen).await?;
    if keys.keys.is_empty() { Err("it publishes no key".to_owned()) } else { Ok(keys.keys.len()) }
}

async fn get<T: DeserializeOwned>(
    what: &str,
    url: &Url,
    outbound: &Outbound,
    seen: &mut Option<Seen>,
) -> Result<T, String> {
    let client = outbound.identity(url).map_err(|blocked| format!("{what}: {blocked}"))?;
    let whole = async {
        let mut answer = client.get(url.clone()).send().await.map_err(|e| reason(&e.without_url()))?;
        let ours = SystemTime::now();
        let date = answer.headers().get("date").and_then(|date| date.to_str().ok());
        if let Some(theirs) = date.and_then(|date| httpdate::parse_http_date(date).ok()) {
            *seen = Some(Seen { theirs, ours });
        }
        if !answer.status().is_success() {
            return Err(format!("answers {}", answer.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|e| reason(&e.without_url()))? {
            if body.len() + piece.len() > MOST {
                return Err("the document is too large".to_owned());
            }
            body.extend_from_slice(&piece);
        }
        serde_json::from_slice(&body).map_err(|e| format!("the document cannot be read: {e}"))
    };
    match timeout(PATIENCE, whole).await {
        Ok(read) => read.map_err(|e| format!("{what}: {e}")),
        Err(_) => Err(format!("{what}: no answer in time")),
    }
}
