//! Text messages (SMS): where they are taken. The gateway is spoken to over HTTP; request and answers are described for
//! operators in `docs/operators/sms-gateway.md`.

use std::fmt;

use http::StatusCode;
use mydata_domain::Time;
use serde_json::json;

use super::post::{Failure, Letter};
use super::sandbox::Mailbox;
use crate::config::{SmsGateway, SmsSettings};
use crate::outbound::Outbound;

/// Who takes text messages.
pub enum Texts {
    /// A gateway.
    Gateway(Box<Gateway>),
    /// The sandbox's mailbox.
    Sandbox(Box<Mailbox>),
    /// Nobody, and why.
    Nobody(String),
}

/// A gateway.
pub struct Gateway {
    outbound: Outbound,
    settings: SmsGateway,
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gateway(_) => "Texts(gateway)",
            Self::Sandbox(_) => "Texts(sandbox)",
            Self::Nobody(_) => "Texts(nobody)",
        })
    }
}

impl Texts {
    /// As the operator set it.
    pub fn new(settings: &SmsSettings, outbound: &Outbound) -> Self {
        let made = match (&settings.gateway, &settings.mailbox) {
            (Some(gateway), _) => {
                Ok(Self::Gateway(Box::new(Gateway { outbound: outbound.clone(), settings: gateway.clone() })))
            }
            (None, Some(url)) => {
                Mailbox::new(url, "sms.mailbox", outbound).map(|mailbox| Self::Sandbox(Box::new(mailbox)))
            }
            (None, None) => Err("no gateway for text messages is set (sms.gateway)".to_owned()),
        };
        made.unwrap_or_else(Self::Nobody)
    }

    /// Whether text messages can be sent at all: without it no phone number is taken.
    pub fn is_there(&self) -> bool {
        !matches!(self, Self::Nobody(_))
    }

    /// Hands a text message over once.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn send(&self, letter: &Letter, until: Option<Time>) -> Result<(), Failure> {
        match self {
            Self::Gateway(gateway) => gateway.send(letter, until).await,
            Self::Sandbox(mailbox) => mailbox.send_text(letter).await,
            Self::Nobody(why) => Err(Failure::Later(why.clone())),
        }
    }
}

impl Gateway {
    async fn send(&self, letter: &Letter, until: Option<Time>) -> Result<(), Failure> {
        let mut message = json!({
            "id": letter.id.to_string(),
            "to": international(&letter.address),
            "text": letter.text,
        });
        if let Some(sender) = &self.settings.sender {
            message["from"] = sender.as_str().into();
        }
        if let Some(until) = until {
            message["valid_until"] = until.to_string().into();
        }
        let url = &self.settings.url;
        let client = self.outbound.texts(url).map_err(|blocked| {
            Failure::Later(format!("the gateway may not be called: {blocked}; see to sms.gateway.url"))
        })?;
        let call = client.post(url.clone()).bearer_auth(&self.settings.token.0);
        let answer = call.json(&message).send().await.map_err(|error| {
            let why = if error.is_timeout() { "does not answer in time" } else { "cannot be reached" };
            Failure::Later(format!("the gateway {why}"))
        })?;
        let status = answer.status();
        let said = format!("the gateway answers {}", status.as_u16());
        match status {
            // It has taken the message before.
            StatusCode::CONFLICT => Ok(()),
            status if status.is_success() => Ok(()),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(Failure::Later(format!("{said}: see to sms.gateway.token")))
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
                Err(Failure::Later(said))
            }
            status if status.is_server_error() => Err(Failure::Later(said)),
            status if status.is_redirection() => {
                Err(Failure::Final(format!("{said}: redirects are not followed, see to sms.gateway.url")))
            }
            _ => Err(Failure::Final(said)),
        }
    }
}

/// A number with its country (E.164).
fn international(number: &str) -> String {
    match number.strip_prefix('0') {
        Some(home) => format!("+886{home}"),
        None => number.to_owned(),
    }
}
