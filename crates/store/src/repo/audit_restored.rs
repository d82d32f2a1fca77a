//! The record of a platform that was restored from a backup. What happened after the backup is lost, and roots over it may have been
//! published: such a root is not signed again with another content. It takes over what was published, leaves the numbers of what is
//! lost free, and puts on record that it was restored. It refuses roots that are not of the record in the backup.

use mydata_domain::Time;
use mydata_domain::audit::chain::Entry;
use mydata_domain::audit::{Actor, Event, What};
use mydata_wire::Random;
use serde_json::{Value, json};

use super::audit_chain::{self, ENTRY, Head, entry};
use super::audit_roots::{self, Kept, Nodes};
use super::{audit, list::lock};
use crate::args;
use crate::db::Db;
use crate::error::StoreError;
use crate::signing::sha256;

/// Links that were lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The number of the first.
    pub first: i64,
    /// Of the last: the last that a published root covers.
    pub last: i64,
    /// As of when the backup was, as it says itself.
    pub backup_of: String,
    /// When it was restored.
    pub at: Time,
}

impl Lost {
    /// What an event tells of, if it is of restoring a backup after which links were lost.
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        if entry.what != What::Restored.as_str() {
            return None;
        }
        let detail: Value = serde_json::from_str(entry.detail.as_deref()?).ok()?;
        let (first, last) = (detail["lost"]["first"].as_i64()?, detail["lost"]["last"].as_i64()?);
        let backup_of = detail["backup_of"].as_str().unwrap_or_default().to_owned();
        Some(Self { first, last, backup_of, at: Time(entry.at) })
    }
}

/// What was done to the record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Restored {
    /// How many of the published roots the backup held.
    pub known: usize,
    /// How many were taken over.
    pub taken_over: usize,
    /// What is lost.
    pub lost: Option<(i64, i64)>,
}

/// Why the published roots are not of this record.
#[derive(Debug, thiserror::Error)]
pub enum NotItsRoots {
    /// Another root of that day is in the backup, or none.
    #[error(
        "the root of {day} that was published is not the one in the backup: it is another platform's, or one of them was bent"
    )]
    Other {
        /// The day.
        day: String,
    },
    /// It does not follow from the one before it.
    #[error(
        "the published root of {day} does not follow from the one before it: roots between are missing, give all of them"
    )]
    Order {
        /// The day.
        day: String,
    },
    /// The links in the backup do not give it.
    #[error("the links in the backup do not give the published root of {day}")]
    Content {
        /// The day.
        day: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Puts on record that this database was restored from a backup, and takes over the roots that had been published, in the order of
/// their days. Nobody else may be at work; the schema must be the program's.
///
/// # Errors
/// Why these are not the roots of this record; nothing was changed.
pub async fn restored(
    db: &Db,
    random: &dyn Random,
    backup_of: &str,
    published: &[Kept],
    now: Time,
) -> Result<Restored, NotItsRoots> {
    let head = audit_chain::head(db).await?;
    let mut before = audit_roots::last(db).await?;
    let after = before.as_ref().map_or(0, |kept| kept.root.last);
    let (mut done, mut fresh) = (Restored::default(), Vec::new());
    for one in published {
        let (root, day) = (&one.root, one.root.day.clone());
        if root.last <= after {
            let here = audit_roots::next(db, root.last - 1).await?;
            if here.is_none_or(|here| here.jws != one.jws) {
                return Err(NotItsRoots::Other { day });
            }
            done.known += 1;
            continue;
        }
        let follows = match &before {
            None => root.first == 1 && root.previous.is_none(),
            Some(before) => {
                root.first == before.root.last + 1
                    && root.day > before.root.day
                    && root.previous == Some(sha256(&[before.jws.as_bytes()]))
            }
        };
        if !follows || root.last < root.first {
            return Err(NotItsRoots::Order { day });
        }
        let blocks = if root.last <= head.seq {
            let Nodes { root: made, blocks, link } = audit_roots::nodes(db, root.first, root.last).await?;
            if made != root.root || link != root.link {
                return Err(NotItsRoots::Content { day });
            }
            blocks
        } else {
            Vec::new()
        };
        fresh.push((one, blocks));
        before = Some(one.clone());
    }
    done.taken_over = fresh.len();
    let end = fresh.last().map(|(one, _)| &one.root).filter(|root| root.last > head.seq);
    done.lost = end.map(|root| (head.seq + 1, root.last));
    let lost = done.lost.map(|(first, last)| json!({ "first": first, "last": last }));
    let detail = json!({ "backup_of": backup_of, "roots": published.len(), "lost": lost });
    let (event, fresh) = (&[Event::new(now, Actor::Operator, What::Restored).with(detail)], &fresh);
    db.run_tx::<_, _>("restored", |tx| async move {
        let sql = format!("SELECT seq FROM audit_chain WHERE id = 1{}", lock(&tx));
        tx.fetch_one(sql, args![]).await?;
        for (one, blocks) in fresh {
            audit_roots::keep(&tx, one.root.last, &one.root.day, &one.jws, blocks).await?;
        }
        audit::append(&tx, random, event).await?;
        let Some(end) = end else { return Ok(()) };
        // At once: the event that tells of the loss is the first behind it, and follows from what was published.
        let sql = format!(
            "SELECT {ENTRY} FROM audit_events WHERE seq IS NULL AND what = $1 AND at = $2 ORDER BY place DESC LIMIT 1"
        );
        let told = entry(&tx.fetch_one(sql, args![What::Restored.as_str(), now]).await?)?;
        let seq = end.last + 1;
        let link = Head { seq, link: told.link(sha256, seq, end.link) };
        let sql = "UPDATE audit_events SET seq = $2, link = $3 WHERE id = $1";
        tx.run(sql, args![&told.id, link.seq, &link.link.0]).await?;
        tx.run("UPDATE audit_chain SET seq = $1, link = $2 WHERE id = 1", args![link.seq, &link.link.0]).await
    })
    .await?;
    Ok(done)
}
