//! What pages of the back office are made of: typed views, each with its template. A page holds them as fields of its own
//! view and writes `{{ form }}`, `{{ list }}`, `{{ notice }}` where they belong.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`form::Form`] | a whole form: summary of what needs mending, sections, fields, rows, buttons |
//! | [`field::Field`] | one field with label, hint and fault |
//! | [`rows::Rows`] | fields that repeat; rows are added and removed by submit buttons, without script |
//! | [`list::ListQuery`], [`list::Listing`] | a list: search, filters, sorting, page size, count and paging, all in the URL |
//! | [`cell::Cell`], [`cell::Chip`] | what stands in a table or beside a term |
//! | [`facts::Facts`] | terms and what they are |
//! | [`way::Way`], [`way::History`] | the life of an item as a strip; what happened to it, in time |
//! | [`notice::Notice`] | a box that says something |
//! | [`confirm::ConfirmPage`] | a page that asks once more before something is done |
//!
//! `cargo nextest run -p mydata-server backoffice::gallery` renders every part; with `MYDATA_PAGES_OUT` naming a folder the
//! pages are written there.

pub mod cell;
pub mod confirm;
pub mod facts;
pub mod field;
pub mod form;
pub mod list;
pub mod notice;
pub mod rows;
pub mod way;

/// Lets a part be written into a page as `{{ part }}`: its template has escaped everything that came from others.
macro_rules! parts {
    ($($part:ty),* $(,)?) => { $(impl askama::filters::HtmlSafe for $part {})* };
}

parts!(
    cell::Cell,
    cell::Chip,
    facts::Facts,
    field::Field,
    form::Form,
    list::Listing,
    notice::Notice,
    rows::Rows,
    way::Way,
    way::History,
);
