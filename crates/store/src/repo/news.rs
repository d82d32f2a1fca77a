//! 最新消息 and 常見問題 in SQL.

use mydata_domain::Time;
use mydata_domain::news::{Entry, NewsId, NewsKind, Topic};

use super::items::parsed;
use super::list::{List, Page, Select};
use super::unreadable;
use crate::args;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

const TABLE: &str = "news";
const COLUMNS: &str =
    "id, kind, topic, title, title_en, body, body_en, public_from, public_until, place, version, updated_at";

fn read(row: &Row) -> Result<Entry> {
    Ok(Entry {
        id: parsed(row, TABLE, "id")?,
        kind: parsed(row, TABLE, "kind")?,
        topic: match row.get_text("topic")?.as_str() {
            "" => None,
            topic => Some(topic.parse().map_err(|_| unreadable(TABLE, "topic"))?),
        },
        title: row.get_text("title")?,
        title_en: row.get_text("title_en")?,
        text: row.get_text("body")?,
        text_en: row.get_text("body_en")?,
        from: row.get_opt_time("public_from")?,
        until: row.get_opt_time("public_until")?,
        place: u16::try_from(row.get_i64("place")?).map_err(|_| unreadable(TABLE, "place"))?,
        updated_at: row.get_time("updated_at")?,
        version: row.get_i64("version")?,
    })
}

/// What entries are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// When they were changed.
    #[default]
    Changed,
}

/// A page of the entries of a kind, whether they are public or not.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn list(db: &Db, list: &List<Option<NewsKind>, Sort>) -> Result<Page<Entry>> {
    let mut select = Select::default();
    if let Some(kind) = list.filter {
        select.and("kind = {}", [kind.as_str().into()]);
    }
    select.page(db, COLUMNS, TABLE, "updated_at, id", list.into(), read).await
}

/// What is public now: news with the latest first, questions in their order; at most `limit`, after the first `skip`.
///
/// # Errors
/// As [`list`].
pub async fn public(db: &Db, kind: NewsKind, now: Time, limit: u32, skip: u32) -> Result<Vec<Entry>> {
    let order = match kind {
        NewsKind::News => "public_from DESC, id",
        NewsKind::Faq => "place, public_from, id",
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM news WHERE kind = $1 AND public_from <= $2 AND (public_until IS NULL OR public_until > $2) \
         ORDER BY {order} LIMIT $3 OFFSET $4"
    );
    db.fetch_all(sql, args![kind.as_str(), now, limit, skip]).await?.iter().map(read).collect()
}

/// Reads an entry.
///
/// # Errors
/// As [`list`].
pub async fn load(db: &Db, id: NewsId) -> Result<Option<Entry>> {
    let sql = format!("SELECT {COLUMNS} FROM news WHERE id = $1");
    db.fetch_opt(sql, args![id.to_string()]).await?.as_ref().map(read).transpose()
}

/// Keeps a new entry.
///
/// # Errors
/// The database refuses.
pub async fn add(tx: &Tx, entry: &Entry, now: Time) -> Result<()> {
    tx.run(
        "INSERT INTO news (id, kind, title, title_en, body, body_en, public_from, public_until, place, version, updated_at, topic) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $11)",
        args![
            entry.id.to_string(),
            entry.kind.as_str(),
            &entry.title,
            &entry.title_en,
            &entry.text,
            &entry.text_en,
            entry.from,
            entry.until,
            entry.place,
            now,
            entry.topic.map_or("", Topic::as_str)
        ],
    )
    .await
}

/// Changes an entry; `false` when somebody changed it, or took it away, since `entry.version`.
///
/// # Errors
/// The database refuses.
pub async fn update(tx: &Tx, entry: &Entry, now: Time) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE news SET title = $3, title_en = $4, body = $5, body_en = $6, public_from = $7, public_until = $8, \
             place = $9, version = version + 1, updated_at = $10, topic = $11 WHERE id = $1 AND version = $2",
            args![
                entry.id.to_string(),
                entry.version,
                &entry.title,
                &entry.title_en,
                &entry.text,
                &entry.text_en,
                entry.from,
                entry.until,
                entry.place,
                now,
                entry.topic.map_or("", Topic::as_str)
            ],
        )
        .await?;
    Ok(changed > 0)
}

/// Takes an entry away; `false` when it is gone already.
///
/// # Errors
/// The database refuses.
pub async fn remove(tx: &Tx, id: NewsId) -> Result<bool> {
    Ok(tx.execute("DELETE FROM news WHERE id = $1", args![id.to_string()]).await? > 0)
}
