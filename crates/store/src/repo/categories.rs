//! Categories in SQL. Every change lets the revision of what the operating side set grow.

use mydata_domain::Time;
use mydata_domain::category::{Area, Categories, Category, CategoryId};
use mydata_wire::Random;

use super::items::parsed;
use super::{system, unreadable};
use crate::args;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

const TABLE: &str = "categories";
/// No tree has more parts.
const MOST: u32 = 5_000;
const SELECT: &str = "SELECT id, area, parent, place, key, name, name_en, retired, version FROM categories";

fn read(row: &Row) -> Result<Category> {
    let parent = row.get_text("parent")?;
    let parent = match parent.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| unreadable(TABLE, "parent"))?),
    };
    Ok(Category {
        id: parsed(row, TABLE, "id")?,
        area: parsed(row, TABLE, "area")?,
        parent,
        place: row.get_i64("place")?,
        key: row.get_text("key")?,
        name: row.get_text("name")?,
        name_en: row.get_text("name_en")?,
        retired: row.get_i64("retired")? != 0,
        version: row.get_i64("version")?,
    })
}

fn parent_text(parent: Option<CategoryId>) -> String {
    parent.map_or_else(String::new, |id| id.to_string())
}

/// Both trees.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn all(db: &Db) -> Result<Categories> {
    let rows = db.fetch_all(format!("{SELECT} LIMIT {MOST}"), args![]).await?;
    Ok(Categories::new(rows.iter().map(read).collect::<Result<_>>()?))
}

/// Both trees, inside a transaction that changes them.
///
/// # Errors
/// As [`all`].
pub async fn all_in(tx: &Tx) -> Result<Categories> {
    let rows = tx.fetch_all(format!("{SELECT} LIMIT {MOST}"), args![]).await?;
    Ok(Categories::new(rows.iter().map(read).collect::<Result<_>>()?))
}

/// Adds a part behind those beside it; its key is its name as it is now.
///
/// # Errors
/// [`crate::StoreError::Conflict`]: there is a part of this key.
pub async fn add(
    tx: &Tx,
    random: &dyn Random,
    area: Area,
    parent: Option<CategoryId>,
    (name, name_en): (&str, &str),
    now: Time,
) -> Result<CategoryId> {
    let id = CategoryId::generate(random);
    let parent = parent_text(parent);
    tx.run(
        "INSERT INTO categories (id, area, parent, place, key, name, name_en, retired, version, updated_at) \
         VALUES ($1, $2, $3, (SELECT COALESCE(MAX(place), 0) + 1 FROM categories WHERE area = $2 AND parent = $3), \
         $4, $4, $5, 0, 1, $6)",
        args![id.to_string(), area.as_str(), parent, name, name_en, now],
    )
    .await?;
    system::grow(tx).await?;
    Ok(id)
}

/// Writes names, place and whether it is retired; `false` when somebody changed it since `category` was read.
///
/// # Errors
/// The database refuses.
pub async fn update(tx: &Tx, category: &Category, now: Time) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE categories SET name = $3, name_en = $4, place = $5, retired = $6, updated_at = $7, \
             version = version + 1 WHERE id = $1 AND version = $2",
            args![
                category.id.to_string(),
                category.version,
                &category.name,
                &category.name_en,
                category.place,
                category.retired,
                now
            ],
        )
        .await?;
    if changed > 0 {
        system::grow(tx).await?;
    }
    Ok(changed > 0)
}

/// Adds the parts of a path that a tree lacks: what a registry file names, so that lists can say it.
///
/// # Errors
/// The database refuses.
pub(super) async fn ensure(
    tx: &Tx,
    random: &dyn Random,
    paths: impl IntoIterator<Item = (Area, &str)>,
    now: Time,
) -> Result<()> {
    let mut tree = all_in(tx).await?;
    for (area, path) in paths {
        let missing = tree.missing(area, path);
        if missing.is_empty() || missing.iter().any(|key| key.is_empty()) {
            continue;
        }
        let known = path.split('/').count() - missing.len();
        let mut parent = None;
        for key in path.split('/').take(known) {
            parent = tree.below(area, parent).find(|c| c.key == key).map(|c| c.id);
        }
        for key in missing {
            parent = Some(add(tx, random, area, parent, (key, ""), now).await?);
        }
        tree = all_in(tx).await?;
    }
    Ok(())
}
