//! Every column that is sealed: how much lies under which key, and sealing anew. A test compares the list with the schema.

use super::KeyId;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Arg, Db, Isolation, Row};
use crate::error::Result;
use std::collections::BTreeMap;
use std::fmt;

/// How many values are sealed anew in one transaction.
const BATCH: usize = 50;

/// A sealed column.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    table: &'static str,
    column: &'static str,
    /// The primary key, by which the rows are walked.
    walk: &'static [(&'static str, Kind)],
    /// The columns that a value is bound to, parted by spaces.
    row: &'static [&'static str],
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.table, self.column)
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Int,
}

const fn place(table: &'static str, column: &'static str) -> Place {
    Place { table, column, walk: &[("id", Kind::Text)], row: &["id"] }
}

macro_rules! by {
    ($table:literal, $column:literal, $key:literal) => {
        Place { table: $table, column: $column, walk: &[($key, Kind::Text)], row: &[$key] }
    };
}

/// All of them.
pub const ALL: [Place; 25] = [
    by!("datasets", "secret", "resource_id"),
    by!("services", "secrets", "client_id"),
    place("accounts", "private"),
    place("account_factors", "private"),
    by!("organisation_profiles", "form", "organisation"),
    place("organisation_notes", "private"),
    place("filings", "content"),
    place("drafts", "fields"),
    by!("sign_up_links", "private", "secret"),
    place("sessions", "private"),
    place("sessions", "pending"),
    place("mails", "private"),
    place("contact_messages", "private"),
    place("citizens", "private"),
    place("contact_changes", "private"),
    place("citizen_sessions", "private"),
    by!("citizen_logins", "private", "state"),
    place("identity_attempts", "private"),
    Place {
        table: "citizen_forms",
        column: "private",
        walk: &[("citizen", Kind::Text), ("action", Kind::Text)],
        row: &["citizen", "action"],
    },
    place("delegations", "private"),
    by!("logins", "private", "state"),
    place("transactions", "private"),
    place("transactions", "draft"),
    Place {
        table: "transaction_parts",
        column: "private",
        walk: &[("transaction_id", Kind::Text), ("place", Kind::Int)],
        row: &["transaction_uid"],
    },
    place("signing_keys", "seed"),
];

/// Where in a table the walk stands.
pub(super) type Cursor = Vec<Arg<'static>>;

/// What one step of the walk did.
pub(super) struct Step {
    /// How many values were sealed anew.
    pub(super) resealed: u64,
    /// How many do not open under any key that is here.
    pub(super) unreadable: u64,
    /// Where to go on; `None`: it is through.
    pub(super) next: Option<Cursor>,
}

impl Place {
    /// How many values lie under each key.
    pub(super) async fn count(&self, db: &Db) -> Result<BTreeMap<KeyId, u64>> {
        let Self { table, column, .. } = self;
        let sql = format!(
            "SELECT substr({column}, 2, {len}), COUNT(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY substr({column}, 2, {len})",
            len = KeyId::LEN
        );
        let mut found = BTreeMap::new();
        for row in db.browse(sql, args![]).await? {
            if let Some(id) = KeyId::from_slice(&row.get_blob(0)?) {
                found.insert(id, u64::try_from(row.get_i64(1)?).unwrap_or(0));
            }
        }
        Ok(found)
    }

    /// Seals the next values that lie under another key than the one that seals. A value that somebody changes meanwhile is left to
    /// them: they seal under the new key.
    pub(super) async fn step(&self, db: &Db, crypter: &Crypter, after: Option<&Cursor>) -> Result<Step> {
        let Self { table, column, walk, row } = self;
        let walked: Vec<&str> = walk.iter().map(|(name, _)| *name).collect();
        let walked = walked.join(", ");
        let sealing = crypter.sealing();
        let mut values: Vec<Arg<'_>> = vec![Arg::from(sealing.bytes())];
        let beyond = after.map_or(String::new(), |after| {
            let sql = format!(" AND ({walked}) > ({})", crate::db::placeholders(2, after.len()));
            values.extend(after.iter().cloned());
            sql
        });
        let sql = format!(
            "SELECT {walked}, {}, {column} FROM {table} WHERE substr({column}, 2, {}) <> $1{beyond} ORDER BY {walked} LIMIT {BATCH}",
            row.join(", "),
            KeyId::LEN
        );
        let rows = db.browse(sql, &values).await?;
        let mut step = Step { resealed: 0, unreadable: 0, next: None };
        let mut fresh = Vec::with_capacity(rows.len());
        for found in &rows {
            let sealed = found.get_blob(walk.len() + row.len())?;
            let names: Vec<String> =
                (walk.len()..walk.len() + row.len()).map(|n| found.get_text(n)).collect::<Result<_>>()?;
            let name = names.join(" ");
            match crypter.open(table, &name, column, &sealed) {
                Ok(plain) => {
                    fresh.push((self.cursor(found)?, crypter.seal(table, &name, column, &plain), sealed));
                }
                Err(_) => step.unreadable += 1,
            }
        }
        if let (BATCH, Some(last)) = (rows.len(), rows.last()) {
            step.next = Some(self.cursor(last)?);
        }
        if !fresh.is_empty() {
            let same: Vec<String> =
                walk.iter().enumerate().map(|(n, (name, _))| format!("{name} = ${}", n + 3)).collect();
            let sql =
                format!("UPDATE {table} SET {column} = $1 WHERE {column} = $2 AND {}", same.join(" AND "));
            step.resealed = db
                .run_tx_as(Isolation::ReadCommitted, "reseal", async |tx| {
                    let mut changed = 0;
                    for (at, new, old) in &fresh {
                        let mut values: Vec<Arg<'_>> = vec![new.into(), old.into()];
                        values.extend(at.iter().cloned());
                        changed += tx.execute(sql.clone(), &values).await?;
                    }
                    Ok::<_, crate::StoreError>(changed)
                })
                .await?;
        }
        Ok(step)
    }

    fn cursor(&self, row: &Row) -> Result<Cursor> {
        let values = self.walk.iter().enumerate().map(|(n, (_, kind))| match kind {
            Kind::Text => row.get_text(n).map(Arg::from),
            Kind::Int => row.get_i64(n).map(Arg::from),
        });
        values.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestStore, on_both};
    use std::collections::BTreeSet;

    /// Whoever adds a column of bytes seals it, and adds it to the list; otherwise a rotation would leave it under the old key.
    #[tokio::test]
    async fn every_column_of_bytes_is_in_the_list() {
        on_both(async |store: TestStore| {
            let sql = match store.db.engine() {
                crate::Engine::Sqlite => {
                    "SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c \
                     WHERE m.type = 'table' AND c.type = 'BYTEA'"
                }
                crate::Engine::Postgres => {
                    "SELECT table_name || '.' || column_name FROM information_schema.columns \
                     WHERE data_type = 'bytea' AND table_schema = current_schema()"
                }
            };
            let rows = store.db.fetch_all(sql, args![]).await.unwrap();
            let there: BTreeSet<String> = rows.iter().map(|row| row.get_text(0).unwrap()).collect();
            let mut listed: BTreeSet<String> = ALL.iter().map(ToString::to_string).collect();
            assert_eq!(listed.len(), ALL.len());
            // Wrapped, not sealed; hashes.
            let others = ["data_keys.wrapped", "audit_events.link", "audit_chain.link", "audit_blocks.hash"];
            listed.extend(others.map(str::to_owned));
            assert_eq!(there, listed);
        })
        .await;
    }
}
