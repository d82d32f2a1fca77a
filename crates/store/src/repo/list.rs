//! Lists: searched, filtered, sorted and paged, and never read without limit.

use std::collections::BTreeSet;

use mydata_domain::organisation::OrganisationId;

use crate::args;
use crate::db::{Arg, Db, Engine, Row, Tx, placeholders};
use crate::error::Result;

/// Most rows of a page.
pub const MAX_PAGE: u32 = 100;
/// How far rows are counted and paged; beyond it a list says "more than" and asks to be narrowed.
pub const MAX_COUNTED: u64 = 1_000;
/// How many words of a search count.
const MAX_WORDS: usize = 6;
/// How many characters of a search count.
const MAX_SEARCH: usize = 100;
/// Fewer rows than this with some neighbouring characters, and the search begins with them.
const RARE: i64 = 400;
/// The same for a search of many neighbouring characters, each of which is common: such a search finds little.
const LESS_RARE: i64 = 4_000;
/// From so many on they are many.
const MANY_GRAMS: usize = 4;

/// Whose rows may be seen. Whoever reads says it every time: there is no default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's: the operating side.
    All,
    /// One organisation's own.
    Organisation(OrganisationId),
    /// Those of the bodies in the charge of a competent authority.
    Authority(OrganisationId),
}

impl Scope {
    /// A statement that is narrowed.
    pub(super) fn select(&self) -> Select {
        let mut select = Select::default();
        self.narrow(&mut select);
        select
    }

    /// Narrows a statement.
    pub(super) fn narrow(&self, select: &mut Select) {
        match self {
            Self::All => {}
            Self::Organisation(id) => select.and("organisation = {}", [id.as_str().to_owned().into()]),
            Self::Authority(id) => select.and("authority = {}", [id.as_str().to_owned().into()]),
        }
    }
}

/// What is asked of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<F, S> {
    /// Words that must all be found; empty for everything.
    pub search: String,
    /// What is filtered.
    pub filter: F,
    /// By what it is sorted.
    pub sort: S,
    /// Last first.
    pub descending: bool,
    /// Which page, from 1.
    pub page: u32,
    /// Rows a page, at most [`MAX_PAGE`].
    pub size: u32,
}

impl<F: Default, S: Default> Default for List<F, S> {
    fn default() -> Self {
        Self {
            search: String::new(),
            filter: F::default(),
            sort: S::default(),
            descending: true,
            page: 1,
            size: 10,
        }
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Its rows.
    pub rows: Vec<T>,
    /// Which page it is, from 1; the last one when a later one was asked for.
    pub page: u32,
    /// Rows a page.
    pub size: u32,
    /// How many rows there are in all; no more than [`MAX_COUNTED`] are counted.
    pub count: u64,
    /// Whether there are more than were counted.
    pub more: bool,
}

impl<T> Page<T> {
    /// How many pages there are; at least one.
    pub fn pages(&self) -> u32 {
        u32::try_from(self.count.div_ceil(u64::from(self.size)).max(1)).unwrap_or(u32::MAX)
    }
}

/// The conditions of a reading statement, with their values.
#[derive(Debug, Default)]
pub(super) struct Select {
    conditions: Vec<String>,
    values: Vec<Arg<'static>>,
}

impl Select {
    /// One condition more; each `{}` in it is one of the values.
    pub(super) fn and<const N: usize>(&mut self, condition: &str, values: [Arg<'static>; N]) {
        let mut text = String::with_capacity(condition.len() + 8);
        let mut parts = condition.split("{}");
        text.push_str(parts.next().unwrap_or_default());
        for (part, value) in parts.zip(values) {
            self.values.push(value);
            text.push_str(&format!("${}", self.values.len()));
            text.push_str(part);
        }
        self.conditions.push(text);
    }

    /// A column that is one of some texts.
    pub(super) fn one_of(&mut self, column: &str, texts: &[&str]) {
        if !texts.is_empty() {
            let list = placeholders(self.values.len() + 1, texts.len());
            self.values.extend(texts.iter().map(|t| Arg::from((*t).to_owned())));
            self.conditions.push(format!("{column} IN ({list})"));
        }
    }

    fn text(&self) -> String {
        if self.conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.conditions.join(" AND "))
        }
    }

    /// Narrows to the rows in which every word of a search is found. `area` is that of [`index`].
    pub(super) async fn search(&mut self, db: &Db, area: &'static str, search: &str) -> Result<()> {
        let folded: String = fold(search).chars().take(MAX_SEARCH).collect();
        let words: Vec<&str> = folded.split_whitespace().take(MAX_WORDS).collect();
        let found_by: Vec<String> =
            words.iter().flat_map(|w| grams(w)).collect::<BTreeSet<_>>().into_iter().collect();
        let mut rare = rarest(db, area, &found_by, RARE).await?;
        if rare.is_none() && found_by.len() >= MANY_GRAMS {
            rare = rarest(db, area, &found_by, LESS_RARE).await?;
        }
        if let Some(rare) = rare {
            self.and(
                "id IN (SELECT id FROM search_grams WHERE area = {} AND gram = {})",
                [area.into(), rare.into()],
            );
        }
        for word in words {
            let pattern = format!("%{}%", word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
            self.and("search LIKE {} ESCAPE '\\'", [pattern.into()]);
        }
        Ok(())
    }

    /// Narrows to the rows in which every word of a search is found, of a table small enough to be read: hundreds to
    /// thousands of rows.
    pub(super) fn find(&mut self, column: &str, search: &str) {
        let folded: String = fold(search).chars().take(MAX_SEARCH).collect();
        for word in folded.split_whitespace().take(MAX_WORDS) {
            let pattern = format!("%{}%", word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
            self.and(&format!("{column} LIKE {{}} ESCAPE '\\'"), [pattern.into()]);
        }
    }

    /// Reads a page, and counts. `order` is a list of columns without direction.
    pub(super) async fn page<T>(
        self,
        db: &Db,
        columns: &str,
        table: &str,
        order: &str,
        paging: Paging,
        read: impl Fn(&Row) -> Result<T>,
    ) -> Result<Page<T>> {
        let condition = self.text();
        let sql = format!(
            "SELECT COUNT(*) FROM (SELECT 1 AS one FROM {table}{condition} LIMIT {}) counted",
            MAX_COUNTED + 1
        );
        let rows = db.browse(sql, &self.values).await?;
        let found = rows.first().ok_or(crate::StoreError::NotFound)?.get_i64(0)?.unsigned_abs();
        let (count, more) = (found.min(MAX_COUNTED), found > MAX_COUNTED);
        let size = paging.size.clamp(1, MAX_PAGE);
        let last = u32::try_from(count.div_ceil(u64::from(size)).max(1)).unwrap_or(u32::MAX);
        let page = paging.page.clamp(1, last);
        let direction = if paging.descending { "DESC" } else { "ASC" };
        let order: Vec<String> = order.split(", ").map(|column| format!("{column} {direction}")).collect();
        let sql = format!(
            "SELECT {columns} FROM {table}{condition} ORDER BY {} LIMIT {size} OFFSET {}",
            order.join(", "),
            u64::from(page - 1) * u64::from(size)
        );
        let rows = db.browse(sql, &self.values).await?;
        let rows = rows.iter().map(read).collect::<Result<Vec<T>>>()?;
        Ok(Page { rows, page, size, count, more })
    }

    /// Reads the row with this id, if the conditions hold for it.
    pub(super) async fn one(
        mut self,
        db: &Db,
        columns: &str,
        table: &str,
        id: String,
    ) -> Result<Option<Row>> {
        self.and("id = {}", [id.into()]);
        let (sql, values) = self.statement(columns, table, "");
        db.fetch_opt(sql, values).await
    }

    /// [`Self::one`], and locks it until the database transaction ends.
    pub(super) async fn one_for_update(
        mut self,
        tx: &Tx,
        columns: &str,
        table: &str,
        id: String,
    ) -> Result<Option<Row>> {
        self.and("id = {}", [id.into()]);
        let (sql, values) = self.statement(columns, table, lock(tx));
        tx.fetch_opt(sql, values).await
    }

    /// Reads rows without paging; whoever calls bounds them by the conditions.
    pub(super) fn statement(&self, columns: &str, table: &str, rest: &str) -> (String, &[Arg<'static>]) {
        (format!("SELECT {columns} FROM {table}{}{rest}", self.text()), &self.values)
    }
}

/// What ends a statement that locks the rows it reads.
pub(super) fn lock(tx: &Tx) -> &'static str {
    match tx.engine() {
        // SQLite has one writer, which we are.
        Engine::Sqlite => "",
        Engine::Postgres => " FOR UPDATE",
    }
}

/// Which page, and in which direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paging {
    pub(super) page: u32,
    pub(super) size: u32,
    pub(super) descending: bool,
}

impl<F, S> From<&List<F, S>> for Paging {
    fn from(list: &List<F, S>) -> Self {
        Self { page: list.page, size: list.size, descending: list.descending }
    }
}

/// The neighbouring characters with the fewest rows, when there are some worth beginning with.
async fn rarest(db: &Db, area: &'static str, all: &[String], most: i64) -> Result<Option<String>> {
    if all.is_empty() {
        return Ok(None);
    }
    let all = &all[..all.len().min(16)];
    let one = |n: usize| {
        format!(
            "SELECT ${n} AS gram, COUNT(*) AS rows FROM (SELECT 1 AS one FROM search_grams WHERE area = $1 AND gram = ${n} LIMIT {most}) c{n}"
        )
    };
    let sql: Vec<String> = (2..all.len() + 2).map(one).collect();
    let mut values: Vec<Arg<'_>> = vec![area.into()];
    values.extend(all.iter().map(Arg::from));
    let mut best: Option<(i64, String)> = None;
    for row in db.browse(sql.join(" UNION ALL "), &values).await? {
        let rows = row.get_i64(1)?;
        if rows < most && best.as_ref().is_none_or(|(least, _)| rows < *least) {
            best = Some((rows, row.get_text(0)?));
        }
    }
    Ok(best.map(|(_, gram)| gram))
}

/// Notes by which words a row is found.
pub(super) async fn index(tx: &Tx, area: &'static str, id: &str, search: &str) -> Result<()> {
    tx.run("DELETE FROM search_grams WHERE area = $1 AND id = $2", args![area, id]).await?;
    let grams: BTreeSet<String> = search.split_whitespace().flat_map(grams).collect();
    if grams.is_empty() {
        return Ok(());
    }
    let mut values: Vec<Arg<'_>> = vec![area.into(), id.into()];
    let rows: Vec<String> = (0..grams.len()).map(|n| format!("($1, ${}, $2)", n + 3)).collect();
    values.extend(grams.iter().map(Arg::from));
    let sql = format!("INSERT INTO search_grams (area, gram, id) VALUES {}", rows.join(", "));
    tx.run(sql, &values).await
}

/// The words by which something is found, folded, as they are kept beside it.
pub(crate) fn searchable<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(fold).collect::<Vec<_>>().join("\n")
}

/// Lower case, full width as half width, 臺 as 台: what people take for the same.
fn fold(text: &str) -> String {
    let plain = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        '臺' => '台',
        c => c,
    };
    text.chars().map(plain).flat_map(char::to_lowercase).filter(|c| *c != '\0').collect()
}

/// What a word is found by: two neighbouring characters that are not both ASCII, three that are.
pub(crate) fn grams(word: &str) -> Vec<String> {
    let characters: Vec<char> = word.chars().take(200).collect();
    let pairs = characters.windows(2).filter(|pair| !pair.iter().all(char::is_ascii));
    let triples = characters.windows(3).filter(|triple| triple.iter().all(char::is_ascii));
    pairs.chain(triples).map(|gram| gram.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_cut() {
        assert_eq!(fold("臺北ＡＢ Demo"), "台北ab demo");
        assert_eq!(grams("台北a12"), ["台北", "北a", "a12"]);
        assert_eq!(grams("demo"), ["dem", "emo"]);
        assert!(grams("ab").is_empty() && grams("台").is_empty());
        assert_eq!(grams("𠮷野家"), ["𠮷野", "野家"]);
    }

    #[test]
    fn conditions_number_their_values() {
        let mut select = Select::default();
        select.and("a = {}", [1i64.into()]);
        select.one_of("b", &["x", "y"]);
        select.one_of("c", &[]);
        select.and("(d > {} OR d < {})", [2i64.into(), 3i64.into()]);
        assert_eq!(select.text(), " WHERE a = $1 AND b IN ($2, $3) AND (d > $4 OR d < $5)");
        assert_eq!(select.values.len(), 5);
    }
}
