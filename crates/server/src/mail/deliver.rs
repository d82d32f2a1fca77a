//! The job that sends a mail: one try, written down, and what follows from it.
//!
//! A crash between the mail server's answer and our record of it sends a mail twice, never not at all; both carry the
//! same `Message-ID`.

use std::time::{Duration, SystemTime};

use mydata_domain::Time;
use mydata_domain::citizen::contact::Channel;
use mydata_domain::mail::MailId;
use mydata_store::StoreError;
use mydata_store::jobs::{self, Leased};
use mydata_store::repo::mails::{self, Kept, LINK, State};

use super::post::{Failure, Letter};
use crate::app::App;
use crate::config::MailSettings;

/// Works on the job.
///
/// # Errors
/// The store fails.
pub async fn run(app: &App, id: MailId, leased: &Leased) -> Result<(), StoreError> {
    let kept = mails::load(&app.store.db, &app.store.crypter, id).await?;
    let Some(kept) = kept.filter(|kept| kept.state == State::Waiting) else {
        return app.store.jobs.complete(leased).await;
    };
    let over = kept.content.until.is_some_and(|until| until <= app.now());
    let sent = if over {
        Err(Failure::Final("the link or code in it has ended".to_owned()))
    } else {
        match kept.channel {
            Channel::Mail => app.post.send(&letter(&kept)).await,
            Channel::Sms => app.texts.send(&letter(&kept), kept.content.until).await,
        }
    };
    if let Err(failure) = &sent {
        tracing::warn!(mail = %id, kind = %kept.kind, %failure, "a mail was not sent");
    }
    let (kept, sent) = (&kept, &sent);
    app.store
        .db
        .run_tx("mail", |tx| async move {
            let now = app.now();
            let (crypter, settings) = (&app.store.crypter, &app.config.mail);
            let failure = sent.as_ref().err().map(ToString::to_string);
            let number = mails::tried(&tx, id, failure.as_deref(), now).await?;
            let again = match sent {
                Err(Failure::Later(_)) => retry_at(settings, kept, number, now),
                _ => None,
            };
            match (again, failure) {
                (Some(at), Some(failure)) => jobs::retry_at(&tx, leased, at, &failure).await,
                (_, failure) => {
                    let state = if failure.is_none() { State::Sent } else { State::GivenUp };
                    mails::close(&tx, crypter, id, state, now).await?;
                    jobs::complete(&tx, leased).await
                }
            }
        })
        .await
}

fn letter(kept: &Kept) -> Letter {
    let content = &kept.content;
    let written = Duration::from_millis(kept.created_at.0.max(0).unsigned_abs());
    Letter {
        id: kept.id,
        name: content.name.clone(),
        address: content.address.clone(),
        subject: content.subject.clone(),
        text: content.text.replace(LINK, content.link.as_deref().unwrap_or_default()),
        written_at: SystemTime::UNIX_EPOCH + written,
    }
}

/// When it is tried again after so many tries; nothing when it is given up.
fn retry_at(settings: &MailSettings, kept: &Kept, tries: i64, now: Time) -> Option<Time> {
    let index = usize::try_from(tries).unwrap_or(usize::MAX).saturating_sub(1);
    let wait = settings.retry.get(index).copied().unwrap_or(settings.retry_later);
    let at = now.plus(wait.0.max(Duration::from_millis(100)));
    let ends = kept.created_at.plus(settings.give_up_after.0);
    // One that was sent again by hand after it was given up gets one try more.
    (at <= ends).then_some(at)
}
