//! Where mails are taken.

use std::fmt;
use std::time::SystemTime;

use mydata_domain::mail::MailId;

use super::sandbox::Mailbox;
use super::smtp::Smtp;
use crate::config::MailSettings;
use crate::outbound::Outbound;

/// A mail ready to go. Personal data: no `Debug`.
#[derive(Clone)]
pub struct Letter {
    /// Its identifier, the same at every try, so that a mail that arrives twice can be told.
    pub id: MailId,
    /// The addressee's name; possibly empty.
    pub name: String,
    /// The addressee's mail address.
    pub address: String,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
    /// When it was written.
    pub written_at: SystemTime,
}

/// Why a mail was not taken. The texts hold neither address nor content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It will never be.
    #[error("{0}")]
    Final(String),
    /// It may be later.
    #[error("{0}")]
    Later(String),
}

/// Who takes mails.
pub enum Post {
    /// A mail server.
    Smtp(Box<Smtp>),
    /// The sandbox's mailbox.
    Sandbox(Box<Mailbox>),
    /// Nobody, and why.
    Nobody(String),
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Smtp(_) => "Post(mail server)",
            Self::Sandbox(_) => "Post(sandbox)",
            Self::Nobody(_) => "Post(nobody)",
        })
    }
}

impl Post {
    /// As the operator set it.
    pub fn new(settings: &MailSettings, outbound: &Outbound) -> Self {
        let made = match (&settings.smtp, &settings.mailbox) {
            (Some(smtp), _) => Smtp::new(smtp, &settings.from).map(|smtp| Self::Smtp(Box::new(smtp))),
            (None, Some(url)) => {
                Mailbox::new(url, "mail.mailbox", outbound).map(|mailbox| Self::Sandbox(Box::new(mailbox)))
            }
            (None, None) => Err("no mail server is set (mail.smtp)".to_owned()),
        };
        made.unwrap_or_else(Self::Nobody)
    }

    /// Hands a mail over once.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn send(&self, letter: &Letter) -> Result<(), Failure> {
        match self {
            Self::Smtp(smtp) => smtp.send(letter).await,
            Self::Sandbox(mailbox) => mailbox.send(letter).await,
            Self::Nobody(why) => Err(Failure::Later(why.clone())),
        }
    }

    /// Whether mails would be taken, without sending one.
    ///
    /// # Errors
    /// Why not.
    pub async fn check(&self) -> Result<(), String> {
        match self {
            Self::Smtp(smtp) => smtp.check().await,
            Self::Sandbox(_) => Ok(()),
            Self::Nobody(why) => Err(why.clone()),
        }
    }
}
