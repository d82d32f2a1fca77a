//! The daily roots of the record, and the proof of one event. Makes, reads and gives; whether all of it is in order is asked
//! in [`super::audit_verify`].

use jiff::civil::Date;
use mydata_domain::Time;
use mydata_domain::audit::chain::{BLOCK, Digest, Proof, Root, Tree, path_of, path_of_hashes};

use super::audit_chain::{ENTRY, digest, entry};
use super::list::lock;
use super::unreadable;
use crate::args;
use crate::db::{Arg, Db, Isolation, Row, Tx, placeholders};
use crate::error::{Result, StoreError};
use crate::signing::{self, Purpose, Signer, content, sha256};

/// Rows that are read, or written, at a time.
const AT_A_TIME: i64 = 4_096;
const BLOCKS_AT_A_TIME: usize = 500;

/// A root as it is kept and published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What it says, unchecked.
    pub root: Root,
    /// The same, signed.
    pub jws: String,
}

const KEPT: &str = "last_seq, day, jws";

impl Kept {
    /// Reads a signed root without checking its signature.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn read(jws: &str) -> std::result::Result<Self, String> {
        let content = content(jws).map_err(|error| format!("the root: {error}"))?;
        let root =
            serde_json::from_slice(&content).map_err(|error| format!("what the root says: {error}"))?;
        Ok(Self { root, jws: jws.to_owned() })
    }
}

fn read(row: &Row) -> Result<Kept> {
    let bad = || unreadable("audit_roots", "jws");
    let Kept { root, jws } = Kept::read(&row.get_text(2)?).map_err(|_| bad())?;
    if root.last != row.get_i64(0)? || root.day != row.get_text(1)? {
        return Err(bad());
    }
    Ok(Kept { root, jws })
}

/// The root after the one that ends with link `after`.
///
/// # Errors
/// The database refuses; [`StoreError::Corrupt`]: a root cannot be read.
pub async fn next(db: &Db, after: i64) -> Result<Option<Kept>> {
    let sql = format!("SELECT {KEPT} FROM audit_roots WHERE last_seq > $1 ORDER BY last_seq LIMIT 1");
    db.fetch_opt(sql, args![after]).await?.as_ref().map(read).transpose()
}

/// The last root that ends before link `first`.
///
/// # Errors
/// As [`next`].
pub async fn before(db: &Db, first: i64) -> Result<Option<Kept>> {
    let sql = format!("SELECT {KEPT} FROM audit_roots WHERE last_seq < $1 ORDER BY last_seq DESC LIMIT 1");
    db.fetch_opt(sql, args![first]).await?.as_ref().map(read).transpose()
}

/// The last root.
///
/// # Errors
/// As [`next`].
pub async fn last(db: &Db) -> Result<Option<Kept>> {
    let sql = format!("SELECT {KEPT} FROM audit_roots ORDER BY last_seq DESC LIMIT 1");
    db.fetch_opt(sql, args![]).await?.as_ref().map(read).transpose()
}

/// The roots of a month, `2026-11`, in order.
///
/// # Errors
/// As [`next`].
pub async fn of_month(db: &Db, month: &str) -> Result<Vec<Kept>> {
    let sql = format!("SELECT {KEPT} FROM audit_roots WHERE day >= $1 AND day <= $2 ORDER BY day LIMIT 31");
    let rows = db.fetch_all(sql, args![format!("{month}-01"), format!("{month}-31")]).await?;
    rows.iter().map(read).collect()
}

/// The first month and the last that have a root.
///
/// # Errors
/// As [`next`].
pub async fn months(db: &Db) -> Result<Option<(String, String)>> {
    let row = db.fetch_one("SELECT MIN(day), MAX(day) FROM audit_roots", args![]).await?;
    let month = |day: Option<String>| day.map(|day| day.chars().take(7).collect::<String>());
    Ok(month(row.get_opt_text(0)?).zip(month(row.get_opt_text(1)?)))
}

/// Reads links from `first` to `last`, in order, a part at a time.
async fn links(db: &Db, first: i64, last: i64, mut each: impl FnMut(Digest)) -> Result<()> {
    let mut from = first;
    while from <= last {
        let sql = "SELECT seq, link FROM audit_events WHERE seq >= $1 AND seq <= $2 ORDER BY seq LIMIT $3";
        let rows = db.browse(sql, args![from, last, AT_A_TIME]).await?;
        if rows.is_empty() {
            return Err(gap());
        }
        for row in &rows {
            if row.get_i64(0)? != from {
                return Err(gap());
            }
            each(digest(&row.get_blob(1)?)?);
            from += 1;
        }
    }
    Ok(())
}

fn gap() -> StoreError {
    StoreError::Corrupt {
        table: "audit_events".into(),
        column: "seq".into(),
        reason: "a link is missing; `mydata audit verify` names the first one",
    }
}

/// Makes the root of a day over all links that no root covers yet. None: there are none, or another node was quicker.
///
/// # Errors
/// As [`next`]; a link is missing.
pub async fn make(db: &Db, signer: &Signer, day: Date, now: Time) -> Result<Option<String>> {
    let before = last(db).await?;
    let first = before.as_ref().map_or(1, |kept| kept.root.last + 1);
    let head = super::audit_chain::head(db).await?;
    if head.seq < first {
        return Ok(None);
    }
    // Links are never changed once they are written: they can be read outside of the transaction that keeps the root.
    let Nodes { root, blocks, link } = nodes(db, first, head.seq).await?;
    if link != head.link {
        return Err(StoreError::Corrupt {
            table: "audit_chain".into(),
            column: "link".into(),
            reason: "is not the last link; `mydata audit verify` says what is wrong",
        });
    }
    let previous = before.as_ref().map(|kept| sha256(&[kept.jws.as_bytes()]));
    let day = day.to_string();
    let statement =
        Root { version: 1, day: day.clone(), first, last: head.seq, root, link, previous, made_at: now };
    let payload = serde_json::to_vec(&statement).expect("a root is made of numbers and texts");
    let jws = &signer.sign(&payload);
    let (day, blocks) = (&day, &blocks);
    let made = db
        .run_tx_as::<_, StoreError, _>(Isolation::ReadCommitted, "audit-root", |tx| async move {
            let sql = format!("SELECT seq FROM audit_chain WHERE id = 1{}", lock(&tx));
            tx.fetch_one(sql, args![]).await?;
            let row = tx.fetch_one("SELECT COALESCE(MAX(last_seq), 0) FROM audit_roots", args![]).await?;
            if row.get_i64(0)? != first - 1 {
                return Ok(false);
            }
            // Whoever signs holds the key for long: another may have taken its place.
            if signing::current(&tx, Purpose::Roots).await?.as_deref() != Some(signer.id()) {
                return Err(StoreError::SigningKeyReplaced);
            }
            keep(&tx, head.seq, day, jws, blocks).await?;
            Ok(true)
        })
        .await?;
    Ok(made.then(|| day.clone()))
}

/// What a root is made of.
pub(super) struct Nodes {
    pub(super) root: Digest,
    /// Nodes over each [`BLOCK`] links.
    pub(super) blocks: Vec<Digest>,
    /// The last link.
    pub(super) link: Digest,
}

/// Reads links and makes the tree over them.
pub(super) async fn nodes(db: &Db, first: i64, last: i64) -> Result<Nodes> {
    let (mut tree, mut block, mut blocks) = (Tree::new(sha256), Tree::new(sha256), Vec::new());
    let mut link = Digest::GENESIS;
    links(db, first, last, |next| {
        link = next;
        tree.push(next);
        block.push(next);
        if block.len() == BLOCK as u64 {
            blocks.extend(block.root());
            block = Tree::new(sha256);
        }
    })
    .await?;
    blocks.extend(block.root());
    Ok(Nodes { root: tree.root().ok_or_else(gap)?, blocks, link })
}

/// Keeps a signed root with its nodes.
pub(super) async fn keep(tx: &Tx, last: i64, day: &str, jws: &str, blocks: &[Digest]) -> Result<()> {
    let sql = "INSERT INTO audit_roots (last_seq, day, jws) VALUES ($1, $2, $3)";
    tx.run(sql, args![last, day, jws]).await?;
    for (part, chunk) in blocks.chunks(BLOCKS_AT_A_TIME).enumerate() {
        let mut rows = Vec::with_capacity(chunk.len());
        let mut values: Vec<Arg<'_>> = Vec::with_capacity(chunk.len() * 3);
        for (n, hash) in chunk.iter().enumerate() {
            rows.push(format!("({})", placeholders(values.len() + 1, 3)));
            let block = i64::try_from(part * BLOCKS_AT_A_TIME + n).unwrap_or(i64::MAX);
            values.extend([last.into(), block.into(), (&hash.0).into()]);
        }
        let sql = format!("INSERT INTO audit_blocks (last_seq, block, hash) VALUES {}", rows.join(", "));
        tx.run(sql, &values).await?;
    }
    Ok(())
}

/// The proof of an event; none while no root covers it, or where the root's other links were lost at a restore.
///
/// # Errors
/// As [`next`]; [`StoreError::NotFound`]: there is no such event; [`StoreError::Corrupt`]: what is kept gives no proof that
/// holds, so the record was changed.
pub async fn proof(db: &Db, event: &str) -> Result<Option<Proof>> {
    let sql = format!("SELECT {ENTRY}, seq, link FROM audit_events WHERE id = $1");
    let row = db.fetch_one(sql, args![event]).await?;
    let Some(seq) = row.get_opt_i64(10)? else { return Ok(None) };
    let sql = format!("SELECT {KEPT} FROM audit_roots WHERE last_seq >= $1 ORDER BY last_seq LIMIT 1");
    let Some(kept) = db.fetch_opt(sql, args![seq]).await?.as_ref().map(read).transpose()? else {
        return Ok(None);
    };
    let root = &kept.root;
    let sql = "SELECT hash FROM audit_blocks WHERE last_seq = $1 ORDER BY block";
    let rows = db.browse(sql, args![root.last]).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let place = usize::try_from(seq - root.first).map_err(|_| gap())?;
    let (block, within) = (place / BLOCK, place % BLOCK);
    let from = root.first + i64::try_from(block * BLOCK).map_err(|_| gap())?;
    let until = root.last.min(from + BLOCK as i64 - 1);
    // The link before it may lie in another block, or under the root before, where it may have been lost at a restore.
    let mut beside = Vec::with_capacity(BLOCK + 1);
    if from == root.first {
        let before = if from == 1 { None } else { before(db, from).await? };
        beside.push(before.map_or(Digest::GENESIS, |before| before.root.link));
        links(db, from, until, |link| beside.push(link)).await?;
    } else {
        links(db, from - 1, until, |link| beside.push(link)).await?;
    }
    let mut path = path_of(sha256, &beside[1..], within);
    let blocks = rows.iter().map(|row| digest(&row.get_blob(0)?)).collect::<Result<Vec<_>>>()?;
    path.extend(path_of_hashes(sha256, &blocks, block));
    let proof = Proof {
        version: 1,
        seq,
        event: entry(&row)?,
        previous: beside[within],
        link: digest(&row.get_blob(11)?)?,
        path,
        root: kept.jws.clone(),
    };
    proof.check(sha256, root).map_err(|_| StoreError::Corrupt {
        table: "audit_events".into(),
        column: "link".into(),
        reason: "the event does not lead to its root; `mydata audit verify` names the first link that does not hold",
    })?;
    Ok(Some(proof))
}
