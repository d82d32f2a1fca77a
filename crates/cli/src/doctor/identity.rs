//! The ways to prove who one is: does each provider answer discovery, as itself, and publish keys; can the files of cards be read;
//! can one-time passwords be sent; does each verification service answer.

use std::time::SystemTime;

use mydata_server::Config;
use mydata_server::config::{OidcProvider, VerificationService};
use mydata_server::identity::card::Card;
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
    own(config, outbound, report).await;
    seen
}

fn names(methods: &[mydata_wire::Verification]) -> String {
    methods.iter().map(|method| method.code()).collect::<Vec<_>>().join(" ")
}

/// The platform's own ways.
async fn own(config: &Config, outbound: &Outbound, report: &mut Report) {
    for card in &config.identity.card {
        let methods = names(&card.methods);
        match Card::new(card) {
            Ok(_) => report.ok(SUBJECT, format!("cards for {methods} can be judged")),
            Err(bad) => report.fail(
                SUBJECT,
                format!("cards for {methods}: {}: {}", bad.path.display(), bad.reason),
                "correct roots and intermediates under identity.card, or put the file there",
            ),
        }
    }
    if config.identity.codes {
        let mails = config.mail.smtp.is_some() || config.mail.mailbox.is_some();
        let texts = config.sms.gateway.is_some() || config.sms.mailbox.is_some();
        match (mails, texts) {
            (true, true) => report.ok(SUBJECT, "one-time passwords go by mail and text message"),
            (true, false) => report.ok(SUBJECT, "one-time passwords go by mail only; no sms.gateway is set"),
            (false, true) => report.warn(
                SUBJECT,
                "one-time passwords go by text message only: mails are offered and stay in the outbox",
                "set mail.smtp",
            ),
            (false, false) => report.fail(
                SUBJECT,
                "identity.codes is set, and one-time passwords could be sent by nothing",
                "set mail.smtp or sms.gateway, or identity.codes = false",
            ),
        }
    }
    for service in &config.identity.service {
        let (url, methods) = (&service.url, names(&service.methods));
        match timeout(PATIENCE, greet(service, outbound)).await {
            Ok(Ok(status)) => report.ok(SUBJECT, format!("{url} answers for {methods} ({status})")),
            other => {
                let what =
                    other.map_or_else(|_| "no answer in time".to_owned(), |r| r.err().unwrap_or_default());
                report.fail(
                    SUBJECT,
                    format!("{url} for {methods}: {what}"),
                    "look whether it runs and this machine may call it, and at identity.service url",
                );
            }
        }
    }
}

/// Any answer will do but a server's error: nobody's data is sent.
async fn greet(service: &VerificationService, outbound: &Outbound) -> Result<u16, String> {
    let client = outbound.identity(&service.url).map_err(|blocked| blocked.to_string())?;
    let answer = client.head(service.url.clone()).send().await.map_err(|e| reason(&e.without_url()))?;
    let status = answer.status();
    if status.is_server_error() || status == reqwest::StatusCode::NOT_FOUND {
        return Err(format!("answers {}", status.as_u16()));
    }
    Ok(status.as_u16())
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
