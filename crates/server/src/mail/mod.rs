//! Mails and text messages: worded when something happens, kept with it in the outbox, sent by a job.
//!
//! Owns the words and the sending. Refuses to decide which mail goes to whom: that is said by whoever makes the change.
//!
//! | module | subject |
//! | --- | --- |
//! | [`words`] | subject and text, in both languages |
//! | [`post`] | where mails are taken: a mail server ([`smtp`]) or the sandbox's mailbox ([`sandbox`]) |
//! | [`texts`] | where text messages are taken: a gateway over HTTP, or the sandbox's mailbox |
//! | [`deliver`] | the job: one try, and what follows from it |

pub mod deliver;
pub mod post;
pub mod sandbox;
pub mod smtp;
pub mod texts;
pub mod words;

#[cfg(test)]
mod tests;

use mydata_domain::citizen::contact::Channel;
use mydata_domain::mail::{Kind, Mail, MailId};
use mydata_store::repo::mails;
use mydata_store::{StoreError, Tx};

use crate::app::App;
use crate::jobs::Job;
use crate::web::Lang;

/// Keeps a mail in the transaction of the change that causes it, and has it sent. What is wrong with the addressee does
/// not hold the change up: it is found when the mail is sent, and shown in the outbox.
///
/// # Errors
/// The store fails.
pub async fn enqueue(tx: &Tx, app: &App, mail: &Mail) -> Result<MailId, StoreError> {
    let id = MailId::generate(&*app.random);
    let now = app.now();
    app.system().await?;
    let content = words::write(mail, &app.base_url, &app.contact());
    mails::add(tx, &app.store.crypter, id, mail.kind, mail.about.as_deref(), &content, now).await?;
    let job = match mail.kind {
        // A citizen waits for it; it does not stand in line behind an announcement to everybody.
        Kind::Citizen(_) => Job::Message { mail: id },
        _ => Job::Mail { mail: id },
    };
    job.enqueue(tx, now, now).await?;
    Ok(id)
}

/// The same as a text message to a citizen, in one language and at most [`words::TEXT`] characters. `item` is what its
/// sentence names.
///
/// # Errors
/// The store fails.
pub async fn enqueue_text(
    tx: &Tx,
    app: &App,
    mail: &Mail,
    lang: Lang,
    item: &str,
) -> Result<MailId, StoreError> {
    let id = MailId::generate(&*app.random);
    let now = app.now();
    let content = words::text_message(mail, lang, item);
    mails::add_by(tx, &app.store.crypter, (id, Channel::Sms), mail.kind, None, &content, now).await?;
    Job::Message { mail: id }.enqueue(tx, now, now).await?;
    Ok(id)
}

/// Has a mail sent that was given up. `false`: it was not given up, or its secret link is gone.
///
/// # Errors
/// The store fails.
pub async fn send_again(tx: &Tx, app: &App, id: MailId) -> Result<bool, StoreError> {
    let again = mails::again(tx, &app.store.crypter, id).await?;
    if again {
        let now = app.now();
        Job::Mail { mail: id }.enqueue(tx, now, now).await?;
    }
    Ok(again)
}

/// The text of a mail as whoever watches the outbox may read it: without a secret.
pub fn readable(content: &mails::Content) -> String {
    let link = match &content.link {
        Some(link) if !content.secret => link.clone(),
        _ => {
            format!("{} {}", Lang::ZhTw.t("mail-link.hidden"), Lang::En.t("mail-link.hidden"))
        }
    };
    content.text.replace(mails::LINK, &link)
}
