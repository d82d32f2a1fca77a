//! A list page. What is searched, filtered, sorted and shown stands in the URL, so that a page can be kept, sent and come
//! back to; nothing is ever listed without a limit.

use askama::Template;

use super::cell::{Cell, Link};
use super::field::Choice;
use crate::backoffice::visit::Visit;
use crate::web::{Lang, i18n};

/// Rows on a page; the first is the default.
pub const SIZES: [u32; 4] = [10, 20, 50, 100];
/// Longest search.
const MAX_SEARCH: usize = 100;
/// Last page that can be asked for.
const MAX_PAGE: u32 = 1_000_000;

/// What a list can be asked for: everything else in the URL is passed over.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Names of filters.
    pub filters: &'static [&'static str],
    /// Keys to sort by.
    pub sorts: &'static [&'static str],
    /// How it is sorted unless asked otherwise.
    pub default: Sort,
}

/// A key to sort by, and the direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// The key.
    pub key: &'static str,
    /// From the end.
    pub descending: bool,
}

/// What is asked of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    /// The words searched for; empty for everything.
    pub search: String,
    /// Filters that are set.
    pub filters: Vec<(&'static str, String)>,
    /// How it is sorted.
    pub sort: Sort,
    /// Which page, from 1.
    pub page: u32,
    /// How many rows on a page.
    pub size: u32,
    default: Sort,
}

impl ListQuery {
    /// Reads the URL of a visit.
    pub fn read(visit: &Visit, shape: Shape) -> Self {
        Self::of(|name| visit.query(name), shape)
    }

    /// Reads a URL's values. What makes no sense is as if it were not there.
    pub fn of<'v>(value: impl Fn(&str) -> Option<&'v str>, shape: Shape) -> Self {
        let given = |name: &str| value(name).map(str::trim).filter(|v| !v.is_empty());
        let sort = given("sort").and_then(|text| {
            let key = text.strip_prefix('-').unwrap_or(text);
            let key = shape.sorts.iter().find(|known| **known == key)?;
            Some(Sort { key, descending: text.starts_with('-') })
        });
        let size = given("size").and_then(|s| s.parse().ok()).filter(|s| SIZES.contains(s));
        Self {
            search: given("q")
                .unwrap_or_default()
                .chars()
                .filter(|c| !c.is_control())
                .take(MAX_SEARCH)
                .collect(),
            filters: shape
                .filters
                .iter()
                .filter_map(|name| Some((*name, given(name)?.chars().take(MAX_SEARCH).collect())))
                .collect(),
            sort: sort.unwrap_or(shape.default),
            page: given("page").and_then(|p| p.parse().ok()).unwrap_or(1).clamp(1, MAX_PAGE),
            size: size.unwrap_or(SIZES[0]),
            default: shape.default,
        }
    }

    /// The value of a filter.
    pub fn filter(&self, name: &str) -> Option<&str> {
        self.filters.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }

    /// Rows before the page's first one.
    pub fn offset(&self) -> u64 {
        u64::from(self.page - 1) * u64::from(self.size)
    }

    /// The number of pages for so many rows; at least one.
    pub fn pages(&self, total: u64) -> u32 {
        u32::try_from(total.div_ceil(u64::from(self.size)).max(1)).unwrap_or(MAX_PAGE)
    }

    /// The address of this list on `path`. Only what differs from the default stands in it.
    pub fn url(&self, path: &str) -> String {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        if !self.search.is_empty() {
            pairs.append_pair("q", &self.search);
        }
        for (name, value) in &self.filters {
            pairs.append_pair(name, value);
        }
        if self.sort != self.default {
            pairs.append_pair("sort", &self.sort.text());
        }
        if self.size != SIZES[0] {
            pairs.append_pair("size", &self.size.to_string());
        }
        if self.page != 1 {
            pairs.append_pair("page", &self.page.to_string());
        }
        let pairs = pairs.finish();
        if pairs.is_empty() { path.to_owned() } else { format!("{path}?{pairs}") }
    }

    /// The same list on another page.
    #[must_use]
    pub fn on_page(&self, page: u32) -> Self {
        Self { page, ..self.clone() }
    }

    /// The same list sorted by a key, the other way round when it is sorted by it already; from its first page.
    #[must_use]
    pub fn sorted_by(&self, key: &'static str) -> Self {
        let descending = self.sort.key == key && !self.sort.descending;
        Self { sort: Sort { key, descending }, page: 1, ..self.clone() }
    }

    fn is_narrowed(&self) -> bool {
        !self.search.is_empty() || !self.filters.is_empty()
    }
}

impl Sort {
    fn text(self) -> String {
        format!("{}{}", if self.descending { "-" } else { "" }, self.key)
    }
}

/// A filter: a box that opens.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Its name in the URL.
    pub name: &'static str,
    /// What it filters by.
    pub label: String,
    /// What there is; the first line "everything" is added.
    pub choices: Vec<Choice>,
}

/// The head of a column.
#[derive(Debug, Clone)]
pub struct Head {
    /// What it says.
    pub label: String,
    /// The key that a press sorts by.
    pub sort: Option<&'static str>,
}

impl Head {
    /// A head that does not sort.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), sort: None }
    }

    /// A head that sorts.
    pub fn sorting(label: impl Into<String>, key: &'static str) -> Self {
        Self { label: label.into(), sort: Some(key) }
    }
}

/// A list.
#[derive(Debug, Clone, Template)]
#[template(path = "backoffice/parts/list.html")]
pub struct Listing {
    /// The reader's language.
    pub lang: Lang,
    /// The page's path.
    pub path: String,
    /// What was asked.
    pub query: ListQuery,
    /// What the list is, for those who hear it.
    pub caption: String,
    /// What can be searched for, such as 搜尋名稱、代碼、機關; without it there is no search box.
    pub search: Option<String>,
    /// The filters.
    pub filters: Vec<Filter>,
    /// The button above the list, such as 新增資料集.
    pub action: Option<Link>,
    /// The heads of the columns.
    pub heads: Vec<Head>,
    /// The rows of this page; as many cells as heads.
    pub rows: Vec<Vec<Cell>>,
    /// How many rows there are on all pages.
    pub total: u64,
    /// What it says when there is nothing at all.
    pub empty: String,
}

/// A line of the pager.
enum PageLink {
    Page(u32),
    Gap,
}

impl Listing {
    fn t(&self, key: &str) -> String {
        self.lang.t(key)
    }

    fn count_text(&self) -> String {
        i18n::t(self.lang, "list-count", &[("count", self.total.into())])
    }

    fn range_text(&self) -> String {
        let first = self.query.offset() + 1;
        let last = self.query.offset() + self.rows.len() as u64;
        let args = [("first", first.into()), ("last", last.into()), ("count", self.total.into())];
        i18n::t(self.lang, "list-range", &args)
    }

    fn size_text(&self, size: u32) -> String {
        i18n::t(self.lang, "list-size.rows", &[("count", size.into())])
    }

    fn page_text(&self, page: &u32) -> String {
        i18n::t(self.lang, "list-page", &[("page", (*page).into())])
    }

    fn page_url(&self, page: &u32) -> String {
        self.query.on_page(*page).url(&self.path)
    }

    /// The page lies behind the last one: rows were removed, or the address was typed.
    fn is_beyond(&self) -> bool {
        self.total > 0 && self.query.page > self.pages()
    }

    fn last_url(&self) -> String {
        self.page_url(&self.pages())
    }

    fn previous_url(&self) -> String {
        self.page_url(&(self.query.page - 1).min(self.pages()))
    }

    fn next_url(&self) -> String {
        self.page_url(&(self.query.page + 1))
    }

    fn is_page(&self, page: &u32) -> bool {
        *page == self.query.page
    }

    fn sizes(&self) -> [u32; 4] {
        SIZES
    }

    fn is_chosen(&self, filter: &Filter, value: &str) -> bool {
        self.query.filter(filter.name) == Some(value)
    }

    fn sort_text(&self) -> String {
        self.query.sort.text()
    }

    fn is_default_sort(&self) -> bool {
        self.query.sort == self.query.default
    }

    fn aria_sort(&self, key: &str) -> &'static str {
        match self.query.sort {
            Sort { key: current, descending: false } if current == key => "ascending",
            Sort { key: current, descending: true } if current == key => "descending",
            _ => "none",
        }
    }

    /// A column of numbers has its head at the numbers' end.
    fn is_numeric(&self, column: &usize) -> bool {
        self.rows.first().and_then(|row| row.get(*column)).is_some_and(Cell::is_number)
    }

    fn has_tools(&self) -> bool {
        self.search.is_some() || !self.filters.is_empty()
    }

    fn pages(&self) -> u32 {
        self.query.pages(self.total)
    }

    /// First and last, and those around the current one.
    fn page_links(&self) -> Vec<PageLink> {
        let (current, last) = (self.query.page, self.pages());
        let mut links = Vec::new();
        let mut before = 0;
        for page in [1, current.saturating_sub(1), current, current + 1, last] {
            if page > before && page <= last {
                if page > before + 1 {
                    links.push(PageLink::Gap);
                }
                links.push(PageLink::Page(page));
                before = page;
            }
        }
        links
    }

    fn cells<'l>(&'l self, row: &'l [Cell]) -> impl Iterator<Item = (&'l Head, &'l Cell)> {
        self.heads.iter().zip(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        filters: &["state"],
        sorts: &["name", "changed"],
        default: Sort { key: "changed", descending: true },
    };

    fn read(query: &str) -> ListQuery {
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        ListQuery::of(|name| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str()), SHAPE)
    }

    /// Shows R40: search, page size and paging in the URL.
    #[test]
    fn a_list_is_in_its_url() {
        let query = read("q=%E6%88%B6%E7%B1%8D&state=testing&sort=-name&size=50&page=3&x=1");
        assert_eq!(
            (query.search.as_str(), query.filter("state"), query.offset()),
            ("戶籍", Some("testing"), 100)
        );
        assert_eq!(query.sort, Sort { key: "name", descending: true });
        let url = query.url("/l");
        assert_eq!(read(url.strip_prefix("/l?").unwrap()), query);
        assert_eq!(read("").url("/l"), "/l");
        assert_eq!(query.sorted_by("name").url("/l"), url.replace("-name", "name").replace("&page=3", ""));
    }

    #[test]
    fn what_makes_no_sense_is_passed_over() {
        for odd in
            ["page=0", "page=-1", "page=x", "size=7", "size=99999999", "sort=password", "state=", "q=%20"]
        {
            assert_eq!(read(odd), read(""), "{odd}");
        }
        assert_eq!(read("page=4294967295").page, MAX_PAGE);
        assert_eq!(read("").pages(0), 1);
        assert_eq!(read("").pages(101), 11);
        assert_eq!(read(&format!("q={}", "長".repeat(500))).search.chars().count(), MAX_SEARCH);
    }
}
