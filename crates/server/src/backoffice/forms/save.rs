//! Saves a draft: what was typed, and the files that were sent with it. Whoever saves says which version the page was made
//! from, so that nothing is lost to an old tab.

use mydata_domain::account::AccountId;
use mydata_domain::forms::{DraftId, Fields};
use mydata_domain::item::{ItemId, StageName};
use mydata_store::blobs::BlobId;
use mydata_store::repo::drafts::{self, Owner, Saved};
use mydata_store::repo::list::Scope;
use mydata_store::repo::{items, uploads as upload_rows};
use mydata_store::{StoreError, Tx};

use super::desk::Desk;
use super::draw::Wrong;
use super::spec;
use crate::app::App;
use crate::backoffice::fault::Fault;
use crate::backoffice::parts::rows::{DO, RowAct};
use crate::backoffice::uploads::{self, Judged, words};
use crate::backoffice::visit::Visit;
use crate::web::i18n;

/// What became of a save.
pub enum Outcome {
    /// It is saved; files that were refused are named.
    Saved(Vec<Wrong>),
    /// Somebody saved it meanwhile. What was typed here; nothing was changed.
    Stale(Fields),
    /// It was filed or deleted.
    Gone,
}

/// What was posted of a form: only what it asks for, with rows added or taken out as the button says, and with the files
/// that the draft holds already.
pub fn typed(visit: &Visit, desk: &Desk) -> Fields {
    let form = desk.form();
    let mut pairs = visit.posted.fields.clone();
    if let Some(act) = RowAct::read(visit.posted.text(DO)) {
        let group = match &act {
            RowAct::Add(group) | RowAct::Remove(group, _) => group.clone(),
        };
        if let Some(rows) = spec::rows(form, &group) {
            for list in rows.lists() {
                let act = match &act {
                    RowAct::Add(_) => RowAct::Add(list.to_owned()),
                    RowAct::Remove(_, row) => RowAct::Remove(list.to_owned(), *row),
                };
                act.apply(&mut pairs, rows.most);
            }
        }
    }
    let mut fields = Fields::from_pairs(pairs.into_iter().filter(|(name, _)| spec::has(form, name)));
    for (path, _) in spec::files(form) {
        match desk.draft.fields.text(path) {
            "" => fields.remove(path),
            kept => fields.set(path, kept),
        }
    }
    fields
}

/// Saves what was posted.
///
/// # Errors
/// The store fails.
pub async fn save(visit: &Visit, desk: &Desk) -> Result<Outcome, Fault> {
    let app = &visit.app;
    let fields = typed(visit, desk);
    let version = visit.posted.text("version").parse().unwrap_or(0);
    // The same content sent again from an older page is nothing to quarrel about.
    if version != desk.draft.version && fields != desk.draft.fields {
        return Ok(Outcome::Stale(fields));
    }
    let (judged, wrong) = judge(visit, desk).await?;
    if judged.is_empty() && fields == desk.draft.fields {
        return Ok(Outcome::Saved(wrong));
    }
    let mut kept = Vec::with_capacity(judged.len());
    for file in &judged {
        kept.push((file, uploads::keep(app, file).await?));
    }
    let me = visit.me()?.account.id;
    let saving = Saving {
        app,
        owner: &desk.owner,
        id: desk.draft.id,
        version: desk.draft.version,
        item: desk.item.as_ref().map(|i| i.id),
        me,
    };
    let (saving, fields_in, kept) = (&saving, &fields, &kept);
    let saved = app
        .store
        .db
        .run_tx("draft-save", |tx| async move { saving.write(&tx, fields_in, kept).await })
        .await?;
    Ok(match saved {
        Saved::As(_) => Outcome::Saved(wrong),
        Saved::Stale(_) => Outcome::Stale(fields),
        Saved::Gone => Outcome::Gone,
    })
}

/// The files that were posted: those that may be kept, and why the others may not.
async fn judge(visit: &Visit, desk: &Desk) -> Result<(Vec<Judged>, Vec<Wrong>), Fault> {
    let (mut judged, mut wrong) = (Vec::new(), Vec::new());
    for (path, purpose) in spec::files(desk.form()) {
        let Some(file) = visit.posted.file(path) else { continue };
        if desk.uploads.len() + judged.len() >= uploads::MOST {
            let text = i18n::t(visit.lang(), "upload-too-often", &[("most", uploads::MOST.into())]);
            wrong.push(Wrong { path: path.to_owned(), text });
            continue;
        }
        match uploads::judge(path, purpose, file).await? {
            Ok(file) => judged.push(file),
            Err(refused) => {
                wrong.push(Wrong { path: path.to_owned(), text: words::refused(visit.lang(), &refused) });
            }
        }
    }
    Ok((judged, wrong))
}

struct Saving<'a> {
    app: &'a App,
    owner: &'a Owner,
    id: DraftId,
    version: i64,
    item: Option<ItemId>,
    me: AccountId,
}

impl Saving<'_> {
    async fn write(
        &self,
        tx: &Tx,
        fields: &Fields,
        files: &[(&Judged, BlobId)],
    ) -> Result<Saved, StoreError> {
        let (app, crypter) = (self.app, &self.app.store.crypter);
        let now = app.now();
        let mut fields = fields.clone();
        let Some(draft) = drafts::load_for_update(tx, crypter, self.owner, self.id).await? else {
            return Ok(Saved::Gone);
        };
        if draft.version != self.version {
            return Ok(Saved::Stale(draft.version));
        }
        for (file, blob) in files {
            let new = upload_rows::New {
                draft: Some(self.id),
                item: self.item,
                organisation: draft.organisation.as_ref(),
                account: self.me,
                purpose: file.purpose,
                name: &file.checked.name,
                media_type: file.checked.kind.media_type(),
                bytes: file.bytes.len() as u64,
                sha256: &file.checked.sha256,
                blob,
            };
            let upload = upload_rows::add(tx, &*app.random, &new, now).await?;
            fields.set(file.path, upload.id.to_string());
        }
        self.name_item(tx, &fields).await?;
        drafts::save(tx, crypter, self.owner, (self.id, self.version), (&fields, self.me), now).await
    }

    /// Lists show an item that has not been filed yet under the name that is typed.
    async fn name_item(&self, tx: &Tx, fields: &Fields) -> Result<(), StoreError> {
        let (Some(id), Owner::Organisation(organisation)) = (self.item, self.owner) else { return Ok(()) };
        let scope = Scope::Organisation(organisation.clone());
        let Some(mut item) = items::load_for_update(tx, &scope, id).await? else { return Ok(()) };
        let name: String = visible(fields.text("name")).chars().take(100).collect();
        let category = fields.text("category").trim();
        if item.stage.name() != StageName::Draft
            || !spec::has(
                mydata_domain::forms::FormKind::of(mydata_domain::filing::FilingKind::NewItem, item.kind),
                "name",
            )
            || (item.name == name && item.category == category)
        {
            return Ok(());
        }
        item.name = name;
        item.category = category.chars().take(100).collect();
        item.save(tx, self.app.now(), Some(self.me)).await
    }
}

/// What is typed may hold anything until the form is read; a list shows only what a reader sees.
fn visible(text: &str) -> String {
    let shown = mydata_domain::text::line(text, 100);
    shown.unwrap_or_else(|_| {
        text.trim().chars().filter(|c| mydata_domain::text::line(&c.to_string(), 1).is_ok()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_shows_no_marks_that_deceive() {
        assert_eq!(visible(" 畢業證書 "), "畢業證書");
        assert_eq!(visible("畢業\u{202e}證\u{0}書"), "畢業證書");
    }
}
