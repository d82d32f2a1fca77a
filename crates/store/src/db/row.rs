//! One row of an answer.

use super::StoreError;
use super::sqlite::SqliteRow;
use crate::error::Result;
use mydata_domain::Time;
use rusqlite::types::Value;
use sqlx::{Row as _, postgres::PgRow};
use std::borrow::Cow;

/// One row; columns are read by name or by position (from 0).
pub struct Row(pub(super) Inner);

pub(super) enum Inner {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// Shows nothing of the content.
impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Row")
    }
}

/// The rows of SQLite's answer.
pub(super) fn from_sqlite(rows: Vec<SqliteRow>) -> Vec<Row> {
    rows.into_iter().map(|row| Row(Inner::Sqlite(row))).collect()
}

/// How a column is named: `&'static str` or `usize`.
pub trait Column: Copy {
    /// The column for an error's text.
    fn describe(self) -> Cow<'static, str>;
    /// The column's position in the row.
    #[doc(hidden)]
    fn place(self, row: &Row) -> Option<usize>;
}

impl Column for usize {
    fn describe(self) -> Cow<'static, str> {
        Cow::Owned(format!("number {self}"))
    }

    fn place(self, row: &Row) -> Option<usize> {
        (self < row.len()).then_some(self)
    }
}

impl Column for &'static str {
    fn describe(self) -> Cow<'static, str> {
        Cow::Borrowed(self)
    }

    fn place(self, row: &Row) -> Option<usize> {
        match &row.0 {
            Inner::Sqlite(r) => r.place(self),
            Inner::Postgres(r) => sqlx::ColumnIndex::index(&self, r).ok(),
        }
    }
}

macro_rules! getters {
    ($($get:ident, $opt:ident, $t:ty, $value:ident, $kind:literal;)*) => {$(
        #[doc = concat!("The column as ", $kind, ".\n\n# Errors\nNo such column, NULL, or another type.")]
        pub fn $get(&self, column: impl Column) -> Result<$t> {
            self.$opt(column)?.ok_or_else(|| StoreError::Column { column: column.describe(), reason: "is NULL" })
        }

        #[doc = concat!("The column as ", $kind, ", `None` for NULL.\n\n# Errors\nNo such column, or another type.")]
        pub fn $opt(&self, column: impl Column) -> Result<Option<$t>> {
            let fail = |reason| StoreError::Column { column: column.describe(), reason };
            let place = column.place(self).ok_or_else(|| fail("is not in the answer"))?;
            let other = || fail(concat!("is not ", $kind));
            match &self.0 {
                Inner::Sqlite(r) => match r.value(place) {
                    Some(Value::$value(v)) => Ok(Some(v.clone())),
                    Some(Value::Null) => Ok(None),
                    _ => Err(other()),
                },
                // Unchecked: the narrower integer types are fine as well, and names for the same type differ.
                Inner::Postgres(r) => r.try_get_unchecked(place).map_err(|_| other()),
            }
        }
    )*};
}

impl Row {
    getters! {
        get_i64, get_opt_i64, i64, Integer, "a whole number";
        get_text, get_opt_text, String, Text, "text";
        get_blob, get_opt_blob, Vec<u8>, Blob, "bytes";
    }

    /// The column as a flag kept as 0 or 1.
    ///
    /// # Errors
    /// No such column, NULL, or neither 0 nor 1.
    pub fn get_bool(&self, column: impl Column) -> Result<bool> {
        match self.get_i64(column)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(StoreError::Column { column: column.describe(), reason: "is neither 0 nor 1" }),
        }
    }

    /// The column as a moment.
    ///
    /// # Errors
    /// As [`Self::get_i64`].
    pub fn get_time(&self, column: impl Column) -> Result<Time> {
        self.get_i64(column).map(Time)
    }

    /// The column as a moment, `None` for NULL.
    ///
    /// # Errors
    /// As [`Self::get_opt_i64`].
    pub fn get_opt_time(&self, column: impl Column) -> Result<Option<Time>> {
        Ok(self.get_opt_i64(column)?.map(Time))
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Inner::Sqlite(r) => r.len(),
            Inner::Postgres(r) => r.len(),
        }
    }

    /// Whether there is no column at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
