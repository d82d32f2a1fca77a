//! What a filing says, field by field and in words, with what the earlier one said where it differs.

use mydata_domain::filing::diff;
use mydata_domain::forms::{Fields, FormKind};
use mydata_domain::item::Kind;
use mydata_store::repo::uploads::{self, Upload};
use serde_json::Value;

use super::Case;
use crate::backoffice::fault::Fault;
use crate::backoffice::forms::choices::Choices;
use crate::backoffice::forms::draw::{Sheet, path_label};
use crate::backoffice::parts::cell::Cell;
use crate::backoffice::scope;
use crate::backoffice::visit::Visit;

/// One field.
pub struct Said {
    /// Its path: what a comment names.
    pub path: String,
    /// Its name.
    pub label: String,
    /// What it says; nothing when it was taken out.
    pub now: Option<Cell>,
    /// What the earlier filing said, where that differs.
    pub before: Option<Before>,
}

/// What the earlier filing said.
pub enum Before {
    /// Nothing: the field is new.
    Nothing,
    /// Something else.
    Else(Cell),
}

/// The form that a filing holds.
pub(super) fn form(case: &Case) -> FormKind {
    FormKind::of(case.filing.kind, case.listed.item_kind.unwrap_or(Kind::Dataset))
}

/// The paths of all that a filing says: what may be commented on.
pub(super) fn paths(case: &Case) -> impl Iterator<Item = String> {
    diff::fields(&case.filing.content).into_iter().map(|(path, _)| path).filter(|path| is_answer(path))
}

/// Whether a path was answered by somebody. Which of several forms a part is (`production.of`) stands in the content too.
fn is_answer(path: &str) -> bool {
    path != "of" && !path.ends_with(".of")
}

/// Every field of a filing, in order; what was taken out comes last.
pub(super) async fn said(visit: &Visit, case: &Case) -> Result<Vec<Said>, Fault> {
    let (lang, form) = (visit.lang(), form(case));
    let choices = Choices::to_name(&visit.app, form).await?;
    let uploads = match case.filing.item {
        Some(item) => uploads::of_item(&visit.app.store.db, &scope::of_visit(visit)?, item).await?,
        None => Vec::new(),
    };
    let words = |content: &Value| Words {
        fields: Fields::from_content(content),
        choices: &choices,
        uploads: &uploads,
    };
    let now = words(&case.filing.content);
    let earlier = case.earlier.as_ref().map(|earlier| words(&earlier.content));
    let differences = case.earlier.as_ref().map(|old| diff::between(&old.content, &case.filing.content));
    let differences = differences.unwrap_or_default();
    let then = |path: &str| Some(Before::Else(earlier.as_ref()?.cell(visit, form, path)));
    let before = |path: &str| {
        let found = differences.iter().find(|d| d.field == path)?;
        if found.old.is_some() { then(path) } else { Some(Before::Nothing) }
    };
    let mut all: Vec<Said> = paths(case)
        .map(|path| Said {
            label: path_label(lang, form, &path),
            before: before(&path),
            now: Some(now.cell(visit, form, &path)),
            path,
        })
        .collect();
    all.extend(differences.iter().filter(|d| d.new.is_none() && is_answer(&d.field)).map(|d| Said {
        path: d.field.clone(),
        label: path_label(lang, form, &d.field),
        now: None,
        before: then(&d.field),
    }));
    Ok(all)
}

/// A content with what its answers are named with.
struct Words<'w> {
    fields: Fields,
    choices: &'w Choices,
    uploads: &'w [Upload],
}

impl Words<'_> {
    fn cell(&self, visit: &Visit, form: FormKind, path: &str) -> Cell {
        let sheet = Sheet {
            lang: visit.lang(),
            form,
            fields: &self.fields,
            wrong: &[],
            comments: &[],
            choices: self.choices,
            uploads: self.uploads,
            find: "",
        };
        sheet.answer(path)
    }
}
