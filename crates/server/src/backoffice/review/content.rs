//! What a filing says, field by field, with what the earlier one said where it differs.

use mydata_domain::filing::diff;
use mydata_domain::forms::FormKind;
use mydata_domain::item::Kind;

use super::Case;
use crate::backoffice::forms::draw::path_label;
use crate::web::Lang;

/// One field.
pub struct Said {
    /// Its path: what a comment names.
    pub path: String,
    /// Its name.
    pub label: String,
    /// What it says; nothing when it was taken out.
    pub now: Option<String>,
    /// What the earlier filing said, where that differs.
    pub before: Option<Before>,
}

/// What the earlier filing said.
pub enum Before {
    /// Nothing: the field is new.
    Nothing,
    /// Something else.
    Else(String),
}

/// The form that a filing holds.
pub(super) fn form(case: &Case) -> FormKind {
    FormKind::of(case.filing.kind, case.listed.item_kind.unwrap_or(Kind::Dataset))
}

/// Every field of a filing, in order; what was taken out comes last.
pub(super) fn said(lang: Lang, case: &Case) -> Vec<Said> {
    let form = form(case);
    let differences = case.earlier.as_ref().map(|old| diff::between(&old.content, &case.filing.content));
    let differences = differences.unwrap_or_default();
    let before = |path: &str| {
        let found = differences.iter().find(|d| d.field == path)?;
        Some(found.old.clone().map_or(Before::Nothing, Before::Else))
    };
    let mut all: Vec<Said> = diff::fields(&case.filing.content)
        .into_iter()
        .map(|(path, text)| Said {
            label: path_label(lang, form, &path),
            before: before(&path),
            now: Some(text),
            path,
        })
        .collect();
    all.extend(differences.iter().filter(|d| d.new.is_none()).map(|d| Said {
        path: d.field.clone(),
        label: path_label(lang, form, &d.field),
        now: None,
        before: d.old.clone().map(Before::Else),
    }));
    all
}
