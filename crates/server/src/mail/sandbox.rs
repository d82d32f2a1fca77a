//! The sandbox's mailbox: takes mails and text messages over HTTP and shows them.

use serde_json::json;
use url::Url;

use super::post::{Failure, Letter};
use crate::outbound::Outbound;

/// The mailbox.
pub struct Mailbox {
    outbound: Outbound,
    messages: Url,
}

impl Mailbox {
    /// The one at `url`, which the key of this name gives.
    pub(super) fn new(url: &Url, key: &str, outbound: &Outbound) -> Result<Self, String> {
        let messages = url.join("messages").map_err(|_| format!("{key} is no base address"))?;
        Ok(Self { outbound: outbound.clone(), messages })
    }

    pub(super) async fn send(&self, letter: &Letter) -> Result<(), Failure> {
        self.put(&json!({
            "channel": "mail",
            "to": letter.address,
            "subject": letter.subject,
            "body": letter.text,
        }))
        .await
    }

    pub(super) async fn send_text(&self, letter: &Letter) -> Result<(), Failure> {
        self.put(&json!({ "channel": "sms", "to": letter.address, "body": letter.text })).await
    }

    async fn put(&self, message: &serde_json::Value) -> Result<(), Failure> {
        let client = self.outbound.identity(&self.messages).map_err(|why| Failure::Final(why.to_string()))?;
        match client.post(self.messages.clone()).json(message).send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(Failure::Later(format!("the mailbox answers {}", answer.status().as_u16()))),
            Err(_) => Err(Failure::Later("the mailbox cannot be reached".to_owned())),
        }
    }
}
