//! Reads the chain of the record from its beginning and says whether it holds, and where it first does not. In constant
//! memory; changes nothing. What it cannot see is told in docs/decisions/0017.

use std::fmt;

use mydata_domain::Time;
use mydata_domain::audit::chain::{Digest, Entry, Root, Tree};

use super::audit_chain::{self, ENTRY, Head, digest, entry};
use super::audit_restored::Lost;
use super::audit_roots::{self, Kept};
use crate::args;
use crate::db::{Db, Row};
use crate::error::{Result, StoreError};
use crate::signing::{PublicKeys, Purpose, sha256};

/// Events that are read at a time.
const AT_A_TIME: u32 = 2_000;
/// An event that claims to have happened so much earlier than one that was linked before it is remarked upon.
const BACKDATED: i64 = 10 * 60 * 1_000;
/// How many that wait for their link are counted.
const MOST_WAITING: u32 = 1_000_000;

/// Against what the chain is held.
#[derive(Debug, Clone, Default)]
pub struct Against {
    /// The platform's published keys; none: signatures are not checked.
    pub keys: Option<PublicKeys>,
    /// Roots that were kept elsewhere, in the order of their days.
    pub roots: Vec<Kept>,
    /// Only so many of the last links are read, and the roots whose links are all among them.
    pub recent: Option<i64>,
}

/// Why the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Links between are gone.
    Removed {
        /// The first that is not there.
        missing: i64,
    },
    /// Two rows with one number.
    Twice,
    /// The row is not what was linked, while the rows after it still follow.
    Changed,
    /// The row does not follow from the one before it.
    DoesNotFollow,
    /// The last links are gone.
    TailRemoved {
        /// How many links there were.
        head: i64,
    },
    /// Rows behind the end of the chain.
    BeyondHead {
        /// How many links there were.
        head: i64,
    },
    /// The end of the chain names another last link.
    OtherHead,
    /// A kept value is of no known form.
    Unreadable {
        /// What of it.
        reason: String,
    },
    /// A root's signature does not hold.
    Signature {
        /// The root's day.
        day: String,
        /// Why not.
        reason: String,
    },
    /// The roots do not follow from each other.
    RootOrder {
        /// The root's day.
        day: String,
    },
    /// The links that a root covers no longer give it.
    Root {
        /// The root's day.
        day: String,
        /// Its first link.
        first: i64,
        /// Its last link.
        last: i64,
    },
    /// The root that is kept here is not the one that was kept elsewhere.
    OtherRoot {
        /// The root's day.
        day: String,
        /// The first link of the root that was kept elsewhere.
        first: i64,
        /// Its last link.
        last: i64,
    },
    /// A root that was kept elsewhere is not here.
    RootGone {
        /// The root's day.
        day: String,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removed { missing } => {
                write!(f, "link {missing} is missing: an event before this one was removed")
            }
            Self::Twice => f.write_str("its number is there twice: an event was put in"),
            Self::Changed => f.write_str(
                "the event is not the one that was linked, while the next one follows from it: it was changed",
            ),
            Self::DoesNotFollow => f.write_str(
                "it does not follow from the link before it: an event was put in, moved or removed here, or its link was \
                 changed",
            ),
            Self::TailRemoved { head } => {
                write!(f, "the chain had {head} links; those after this one were removed")
            }
            Self::BeyondHead { head } => write!(f, "the chain has {head} links; this one was put in behind its end"),
            Self::OtherHead => f.write_str("the end of the chain names another last link"),
            Self::Unreadable { reason } => write!(f, "it cannot be read: {reason}"),
            Self::Signature { day, reason } => write!(f, "the root of {day}: {reason}"),
            Self::RootOrder { day } => {
                write!(f, "the root of {day} does not follow from the one before it: a root was changed, removed or put in")
            }
            Self::Root { day, first, last } => write!(
                f,
                "the links {first} to {last} no longer give the signed root of {day}: they were written anew after it was \
                 made"
            ),
            Self::OtherRoot { day, first, last } => write!(
                f,
                "the root of {day} here is not the one that was kept elsewhere: the links {first} to {last} were written anew"
            ),
            Self::RootGone { day } => {
                write!(f, "the root of {day} was kept elsewhere, but is not here: the end of the record was removed")
            }
        }
    }
}

/// The first place where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The number of the link, where it is one.
    pub seq: Option<i64>,
    /// The event's identifier.
    pub id: Option<String>,
    /// When the event happened.
    pub at: Option<Time>,
    /// Why.
    pub why: Why,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The number of the first link that was read.
    pub first: i64,
    /// How many links hold.
    pub links: u64,
    /// The last that was read.
    pub last: Head,
    /// How many roots hold.
    pub roots: u64,
    /// The last of them.
    pub last_root: Option<Root>,
    /// Events that wait for their link.
    pub waiting: u64,
    /// Links whose event claims to be more than ten minutes older than one before it, and the first of them. A clock that
    /// was set back does that, and so does an event that somebody made up.
    pub backdated: (u64, Option<i64>),
    /// Links that were lost when a backup was restored: what was linked after it, up to the last root that had been published. They
    /// are not here, and nothing tells what they said; the restoring told of them, and the published roots cover them.
    pub lost: Vec<Lost>,
    /// Where it first does not hold.
    pub broken: Option<Broken>,
}

struct Walk<'a> {
    db: &'a Db,
    against: &'a Against,
    report: Report,
    /// The tree of the root that comes next.
    tree: Tree,
    /// The root before it.
    before: Option<Kept>,
    /// The root that comes next; none: no further one.
    next: Option<Kept>,
    latest: i64,
}

/// What ends the walk.
enum Stop {
    Broken(Box<Broken>),
    Failed(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        match error {
            // What this program did not write is what is looked for.
            StoreError::Corrupt { table, column, reason } => {
                let why = Why::Unreadable { reason: format!("{table}.{column} {reason}") };
                Self::Broken(Box::new(Broken { seq: None, id: None, at: None, why }))
            }
            StoreError::Column { column, reason } => {
                let why = Why::Unreadable { reason: format!("{column} {reason}") };
                Self::Broken(Box::new(Broken { seq: None, id: None, at: None, why }))
            }
            StoreError::NotFound => {
                let why = Why::Unreadable { reason: "audit_chain has no row".to_owned() };
                Self::Broken(Box::new(Broken { seq: None, id: None, at: None, why }))
            }
            other => Self::Failed(other),
        }
    }
}

fn broken<T>(seq: Option<i64>, entry: Option<&Entry>, why: Why) -> std::result::Result<T, Stop> {
    let (id, at) = entry.map(|entry| (entry.id.clone(), Time(entry.at))).unzip();
    Err(Stop::Broken(Box::new(Broken { seq, id, at, why })))
}

/// Walks the chain. `progress` is told how many links were read so far.
///
/// # Errors
/// The database cannot be read. What is wrong with the chain is no error but what is reported.
pub async fn verify(db: &Db, against: &Against, progress: impl FnMut(u64)) -> Result<Report> {
    // Read before the links: links that are made meanwhile are no tail that was put in.
    let report = Report {
        first: 1,
        links: 0,
        last: Head { seq: 0, link: Digest::GENESIS },
        roots: 0,
        last_root: None,
        waiting: audit_chain::waiting(db, MOST_WAITING).await?,
        backdated: (0, None),
        lost: Vec::new(),
        broken: None,
    };
    let tree = Tree::new(sha256);
    let mut walk = Walk { db, against, report, tree, before: None, next: None, latest: i64::MIN };
    match walk.run(progress).await {
        Ok(()) => Ok(walk.report),
        Err(Stop::Broken(broken)) => Ok(Report { broken: Some(*broken), ..walk.report }),
        Err(Stop::Failed(error)) => Err(error),
    }
}

impl Walk<'_> {
    async fn run(&mut self, mut progress: impl FnMut(u64)) -> std::result::Result<(), Stop> {
        let head = audit_chain::head(self.db).await?;
        self.begin(head).await?;
        loop {
            let sql = format!(
                "SELECT {ENTRY}, seq, link FROM audit_events WHERE seq > $1 AND seq <= $2 ORDER BY seq, id LIMIT $3"
            );
            let rows = self.db.browse(sql, args![self.report.last.seq, head.seq, AT_A_TIME]).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let seq = row.get_i64(10)?;
                let found = entry(row).and_then(|entry| Ok((entry, digest(&row.get_blob(11)?)?)));
                let (entry, link) = match found {
                    Ok(found) => found,
                    Err(error) => {
                        let id = row.get_opt_text(0).ok().flatten();
                        let why = Why::Unreadable { reason: error.to_string() };
                        return Err(Stop::Broken(Box::new(Broken { seq: Some(seq), id, at: None, why })));
                    }
                };
                self.one(seq, &entry, link).await?;
            }
            progress(self.report.links);
        }
        self.end(head).await
    }

    /// Finds where to begin.
    async fn begin(&mut self, head: Head) -> std::result::Result<(), Stop> {
        if let Some(recent) = self.against.recent.filter(|recent| *recent < head.seq) {
            let first = head.seq - recent + 1;
            let sql = "SELECT link FROM audit_events WHERE seq = $1";
            let row = self.db.fetch_opt(sql, args![first - 1]).await?;
            let (first, row) = match row {
                Some(row) => (first, row),
                None => self.behind_a_loss(first).await?,
            };
            self.report.first = first;
            self.report.last = Head { seq: first - 1, link: digest(&row.get_blob(0)?)? };
            // The first root whose links are all read; the one before it is taken as it is.
            let partly = audit_roots::next(self.db, first - 1).await?;
            self.before = match partly {
                Some(kept) if kept.root.first < first => Some(kept),
                _ => audit_roots::before(self.db, first).await?,
            };
        }
        // Numbers begin at 1: below there is nothing to be passed over.
        let sql = format!("SELECT {ENTRY}, seq FROM audit_events WHERE seq < 1 ORDER BY seq LIMIT 1");
        if let Some(row) = self.db.fetch_opt(sql, args![]).await? {
            return broken(Some(row.get_i64(10)?), Some(&entry(&row)?), Why::DoesNotFollow);
        }
        let after = self.before.as_ref().map_or(0, |kept| kept.root.last);
        self.next = audit_roots::next(self.db, after).await?;
        self.root_begins()
    }

    /// Where to begin when the link before the first one was lost at a restore: behind the event that tells of it.
    async fn behind_a_loss(&self, first: i64) -> std::result::Result<(i64, Row), Stop> {
        let removed = || broken(Some(first), None, Why::Removed { missing: first - 1 });
        let sql = format!("SELECT {ENTRY}, seq, link FROM audit_events WHERE seq >= $1 ORDER BY seq LIMIT 1");
        let Some(row) = self.db.fetch_opt(sql, args![first]).await? else { return removed() };
        let seq = row.get_i64(10)?;
        if Lost::of(&entry(&row)?).is_none_or(|lost| lost.last != seq - 1) {
            return removed();
        }
        let sql = "SELECT link FROM audit_events WHERE seq = $1";
        Ok((seq + 1, self.db.fetch_one(sql, args![seq]).await?))
    }

    /// Links are missing before this one. They may have been lost at a restore: then this event tells of it, and follows from the
    /// last link that a published root names.
    async fn gap(&mut self, seq: i64, entry: &Entry) -> std::result::Result<(), Stop> {
        let missing = self.report.last.seq + 1;
        let told = Lost::of(entry).filter(|lost| lost.first == missing && lost.last == seq - 1);
        while let (Some(lost), Some(root)) = (&told, self.next.as_ref().map(|next| next.root.clone())) {
            if root.last > lost.last {
                break;
            }
            self.before = self.next.take();
            self.next = audit_roots::next(self.db, root.last).await?;
            self.root_begins()?;
            if root.last == lost.last {
                self.report.last = Head { seq: root.last, link: root.link };
                self.report.lost.push(lost.clone());
                return Ok(());
            }
        }
        broken(Some(seq), Some(entry), Why::Removed { missing })
    }

    /// Checks what can be checked of the next root before its links are read.
    fn root_begins(&mut self) -> std::result::Result<(), Stop> {
        self.tree = Tree::new(sha256);
        let Some(next) = &self.next else { return Ok(()) };
        let day = || next.root.day.clone();
        if let Some(keys) = &self.against.keys
            && let Err(error) = keys.check(&next.jws, Purpose::Roots)
        {
            return broken(
                Some(next.root.first),
                None,
                Why::Signature { day: day(), reason: error.to_string() },
            );
        }
        let follows = match &self.before {
            None => next.root.first == 1 && next.root.previous.is_none(),
            Some(before) => {
                next.root.first == before.root.last + 1
                    && next.root.day > before.root.day
                    && next.root.previous == Some(sha256(&[before.jws.as_bytes()]))
            }
        };
        if !follows || next.root.last < next.root.first {
            return broken(Some(next.root.first), None, Why::RootOrder { day: day() });
        }
        // One that was kept elsewhere for an earlier day than this would have come already.
        let after = self.before.as_ref().map_or("", |before| before.root.day.as_str());
        for outside in &self.against.roots {
            let other = &outside.root;
            if other.day.as_str() > after && other.day < next.root.day && self.against.recent.is_none() {
                return broken(Some(other.first), None, Why::RootGone { day: other.day.clone() });
            }
            if other.day == next.root.day && outside.jws != next.jws {
                let (first, last) = (other.first, other.last);
                return broken(Some(first), None, Why::OtherRoot { day: day(), first, last });
            }
        }
        Ok(())
    }

    /// One link more.
    async fn one(&mut self, seq: i64, entry: &Entry, link: Digest) -> std::result::Result<(), Stop> {
        if seq == self.report.last.seq {
            return broken(Some(seq), Some(entry), Why::Twice);
        }
        if seq != self.report.last.seq + 1 {
            self.gap(seq, entry).await?;
        }
        let previous = self.report.last.link;
        if entry.link(sha256, seq, previous) != link {
            let sql = format!("SELECT {ENTRY}, link FROM audit_events WHERE seq = $1");
            let next = self.db.fetch_opt(sql, args![seq + 1]).await?;
            let follows = next.is_some_and(|row| {
                let after = audit_chain::entry(&row).map(|after| after.link(sha256, seq + 1, link));
                let kept = row.get_blob(10).and_then(|bytes| digest(&bytes));
                matches!((after, kept), (Ok(after), Ok(kept)) if after == kept)
            });
            let why = if follows { Why::Changed } else { Why::DoesNotFollow };
            return broken(Some(seq), Some(entry), why);
        }
        if entry.at < self.latest.saturating_sub(BACKDATED) {
            self.report.backdated.0 += 1;
            self.report.backdated.1.get_or_insert(seq);
        }
        self.latest = self.latest.max(entry.at);
        self.report.last = Head { seq, link };
        self.report.links += 1;
        let Some(root) = self.next.as_ref().map(|kept| &kept.root) else { return Ok(()) };
        if seq < root.first {
            return Ok(());
        }
        self.tree.push(link);
        if seq == root.last {
            if self.tree.root() != Some(root.root) || root.link != link {
                let (first, last, day) = (root.first, root.last, root.day.clone());
                return broken(Some(first), None, Why::Root { day, first, last });
            }
            self.report.roots += 1;
            self.report.last_root = Some(root.clone());
            self.before = self.next.take();
            self.next = audit_roots::next(self.db, seq).await?;
            self.root_begins()?;
        }
        Ok(())
    }

    /// Compares the end.
    async fn end(&mut self, head: Head) -> std::result::Result<(), Stop> {
        let last = self.report.last;
        if last.seq < head.seq {
            return broken(Some(last.seq + 1), None, Why::TailRemoved { head: head.seq });
        }
        if last.link != head.link {
            return broken(Some(last.seq), None, Why::OtherHead);
        }
        // What was linked since the head was read has moved it.
        let now = audit_chain::head(self.db).await?;
        let sql = format!("SELECT {ENTRY}, seq FROM audit_events WHERE seq > $1 ORDER BY seq LIMIT 1");
        if let Some(row) = self.db.fetch_opt(sql, args![now.seq]).await? {
            let seq = row.get_i64(10)?;
            let later = audit_chain::head(self.db).await?;
            if seq > later.seq {
                return broken(Some(seq), Some(&entry(&row)?), Why::BeyondHead { head: later.seq });
            }
        }
        // A root whose links are not all there, unless it was made just now.
        if let Some(next) = &self.next
            && next.root.last > now.seq
        {
            return broken(Some(last.seq + 1), None, Why::RootOrder { day: next.root.day.clone() });
        }
        let day = self.before.as_ref().map_or("", |before| before.root.day.as_str());
        let beyond = |day: &str| audit_roots_after(&self.against.roots, day);
        if let Some(gone) = beyond(day) {
            // It may have been made since.
            let made =
                audit_roots::of_month(self.db, &gone.root.day.chars().take(7).collect::<String>()).await?;
            if !made.iter().any(|kept| kept.jws == gone.jws) {
                return broken(Some(gone.root.first), None, Why::RootGone { day: gone.root.day.clone() });
            }
        }
        Ok(())
    }
}

fn audit_roots_after<'a>(roots: &'a [Kept], day: &str) -> Option<&'a Kept> {
    roots.iter().find(|kept| kept.root.day.as_str() > day)
}
