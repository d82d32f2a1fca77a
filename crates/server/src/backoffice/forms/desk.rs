//! A draft on the desk: what is typed, the files that belong to it, what it is about, and what a reviewer wrote.

use mydata_domain::Zone;
use mydata_domain::filing::{Comment, Decision, FilingKind, FilingState, FormNumber, Review};
use mydata_domain::forms::{self, DraftId, Fields, Form, FormKind};
use mydata_domain::item::StageName;
use mydata_store::repo::drafts::{self, Draft, Owner};
use mydata_store::repo::filings;
use mydata_store::repo::items::{self, Kept};
use mydata_store::repo::list::Scope;
use mydata_store::repo::uploads::{self as upload_rows, Upload};

use super::choices::Choices;
use super::draw::{Sheet, Wrong};
use super::{spec, words};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::flow;
use crate::backoffice::upload::oas::{self, ApiDocument};
use crate::backoffice::uploads;
use crate::backoffice::visit::Visit;
use crate::web::i18n;

/// What came back from a review.
pub struct Returned {
    /// The number of the filing.
    pub number: FormNumber,
    /// The decision.
    pub review: Review,
}

/// A draft with everything around it.
pub struct Desk {
    /// The draft.
    pub draft: Draft,
    /// Whose it is.
    pub owner: Owner,
    /// The item it is about.
    pub item: Option<Kept>,
    /// What it will be filed as.
    pub kind: FilingKind,
    /// The files that belong to it, newest version of each purpose first.
    pub uploads: Vec<Upload>,
    /// What it offers.
    pub choices: Choices,
    /// What came back from an earlier review.
    pub returned: Option<Returned>,
}

/// Whose drafts somebody works on: the organisation's, or one's own while there is none.
///
/// # Errors
/// Nobody is signed in.
pub fn owner(visit: &Visit) -> Result<Owner, Fault> {
    Ok(flow::context::owner_of(&visit.me()?.account))
}

/// What a draft is filed as.
fn filing_kind(form: FormKind, item: Option<&Kept>) -> FilingKind {
    match form {
        FormKind::Organisation => FilingKind::SignUp,
        FormKind::Dataset | FormKind::Service | FormKind::CounterService => {
            match item.map(|kept| kept.stage.name()) {
                None | Some(StageName::Draft | StageName::Delisted) => FilingKind::NewItem,
                Some(_) => FilingKind::Change,
            }
        }
        FormKind::Extension => FilingKind::Extension,
        FormKind::GoLiveDataset | FormKind::GoLiveService | FormKind::GoLiveCounterService => {
            FilingKind::GoLive
        }
        FormKind::PilotReport => FilingKind::PilotReport,
    }
}

/// The zone of the datasets that a form asks for.
fn zone(form: FormKind, kind: FilingKind) -> Zone {
    match (form, kind) {
        (FormKind::GoLiveService | FormKind::GoLiveCounterService, _) | (_, FilingKind::Change) => {
            Zone::Production
        }
        _ => Zone::Test,
    }
}

impl Desk {
    /// The draft that the path names; nothing when it was filed or deleted meanwhile.
    ///
    /// # Errors
    /// The store fails.
    pub async fn find(visit: &Visit) -> Result<Option<Self>, Fault> {
        let id: DraftId = visit.param("id")?.parse().map_err(|_| Fault::NotFound)?;
        Self::of(visit, id).await
    }

    /// A draft of this id.
    ///
    /// # Errors
    /// The store fails.
    pub async fn of(visit: &Visit, id: DraftId) -> Result<Option<Self>, Fault> {
        let (db, crypter) = (&visit.app.store.db, &visit.app.store.crypter);
        let owner = owner(visit)?;
        let Some(draft) = drafts::load(db, crypter, &owner, id).await? else { return Ok(None) };
        Self::around(visit, owner, draft).await.map(Some)
    }

    /// Everything around a draft.
    ///
    /// # Errors
    /// The store fails.
    pub async fn around(visit: &Visit, owner: Owner, draft: Draft) -> Result<Self, Fault> {
        let (db, crypter) = (&visit.app.store.db, &visit.app.store.crypter);
        let mut item = None;
        let mut files = upload_rows::of_draft(db, &owner, draft.id).await?;
        let mut returned = None;
        if let (Some(id), Owner::Organisation(organisation)) = (draft.item, &owner) {
            let scope = Scope::Organisation(organisation.clone());
            item = items::load(db, &scope, id).await?;
            for upload in upload_rows::of_item(db, &scope, id).await? {
                if files.iter().all(|known| known.id != upload.id) {
                    files.push(upload);
                }
            }
            files.sort_by_key(|u| (u.purpose, std::cmp::Reverse(u.version)));
            let kind = filing_kind(draft.form, item.as_ref());
            let last = filings::of_item(db, &scope, id).await?.into_iter().find(|f| f.kind == kind);
            if let Some(last) = last.filter(|f| f.state == FilingState::Refused) {
                returned = refusal(db, last.id, last.number).await?;
            }
        } else if let Owner::Account(account) = &owner {
            let kind = filing_kind(draft.form, None);
            let last = filings::last_of_account(db, crypter, *account, kind).await?;
            if let Some(last) = last.filter(|f| f.state == FilingState::Refused) {
                returned = refusal(db, last.id, last.number).await?;
            }
        }
        let kind = filing_kind(draft.form, item.as_ref());
        let mut choices = Choices::of(&visit.app, draft.form, zone(draft.form, kind)).await?;
        if let Some(item) = &item {
            choices.keep_category(&visit.system.categories, draft.form, &item.category);
        }
        Ok(Self { draft, owner, item, kind, uploads: files, choices, returned })
    }

    /// Which form.
    pub fn form(&self) -> FormKind {
        self.draft.form
    }

    /// Reads what is typed.
    ///
    /// # Errors
    /// Every field at fault, in words; or the store fails.
    pub async fn read(&self, visit: &Visit) -> Result<Result<Form, Vec<Wrong>>, Fault> {
        let lang = visit.lang();
        let mut wrong = Vec::new();
        let zone = zone(self.form(), self.kind);
        let context = flow::context(&visit.app, &self.owner, &self.draft, zone).await?;
        let read = forms::read(self.form(), &self.draft.fields, &context);
        let form = match read {
            Ok(form) => Some(form),
            Err(errors) => {
                let in_words =
                    |e: forms::FieldError| Wrong { text: words::fault(lang, &e.fault), path: e.path };
                wrong.extend(errors.into_iter().map(in_words));
                None
            }
        };
        if self.form() == FormKind::Dataset {
            wrong.extend(self.parameters_against_api(visit).await?);
            wrong.extend(self.bad_certificate(visit));
        }
        Ok(match form {
            Some(form) if wrong.is_empty() => Ok(form),
            _ => Err(wrong),
        })
    }

    /// The parameters' keys that the API document does not have (R59).
    async fn parameters_against_api(&self, visit: &Visit) -> Result<Vec<Wrong>, Fault> {
        let Some(api) = self.api(visit).await? else { return Ok(Vec::new()) };
        let keys: Vec<(usize, mydata_domain::parameter::ParameterKey)> = self
            .draft
            .fields
            .rows("parameter")
            .into_iter()
            .filter_map(|row| {
                let typed = self.draft.fields.text(&format!("parameter[{row}].key")).trim().to_owned();
                Some((row, typed.try_into().ok()?))
            })
            .collect();
        let missing = api.hold_against(keys.iter().map(|(_, key)| key)).missing;
        let wrong = |(row, _): &(usize, _)| Wrong {
            path: format!("parameter[{row}].key"),
            text: visit.t("form-parameter-unknown"),
        };
        Ok(keys.iter().filter(|(_, key)| missing.contains(key)).map(wrong).collect())
    }

    /// What the API document takes and the form does not name; for a hint, since conditions may be noted there (R62).
    ///
    /// # Errors
    /// The store fails.
    pub async fn unnamed_parameters(&self, visit: &Visit) -> Result<Vec<String>, Fault> {
        if self.form() != FormKind::Dataset {
            return Ok(Vec::new());
        }
        let Some(api) = self.api(visit).await? else { return Ok(Vec::new()) };
        let fields = &self.draft.fields;
        let keys: Vec<mydata_domain::parameter::ParameterKey> = fields
            .rows("parameter")
            .into_iter()
            .filter_map(|row| fields.text(&format!("parameter[{row}].key")).trim().to_owned().try_into().ok())
            .collect();
        Ok(api.hold_against(&keys).extra.into_iter().map(|p| p.name).collect())
    }

    /// What the API document says.
    async fn api(&self, visit: &Visit) -> Result<Option<ApiDocument>, Fault> {
        let id = self.draft.fields.text("api_document");
        let Some(upload) = self.uploads.iter().find(|u| u.id.to_string() == id) else { return Ok(None) };
        let bytes = uploads::content(&visit.app, upload).await?;
        let read = tokio::task::spawn_blocking(move || oas::read(&bytes).ok());
        read.await.map_err(|error| Fault::Broken(error.to_string()))
    }

    fn bad_certificate(&self, visit: &Visit) -> Option<Wrong> {
        let pem = self.draft.fields.text("certificate").trim();
        let looks_right = pem.starts_with("-----BEGIN CERTIFICATE-----");
        (looks_right && flow::certificates::describe(pem.as_bytes()).is_err()).then(|| Wrong {
            path: "certificate".to_owned(),
            text: words::fault(visit.lang(), &forms::Fault::NotACertificate),
        })
    }

    /// The form to be drawn.
    pub fn sheet<'s>(&'s self, visit: &'s Visit, wrong: &'s [Wrong]) -> Sheet<'s> {
        Sheet {
            lang: visit.lang(),
            form: self.form(),
            fields: &self.draft.fields,
            wrong,
            comments: self.comments(),
            choices: &self.choices,
            uploads: &self.uploads,
            find: visit
                .posted
                .get(super::draw::FIND)
                .or_else(|| visit.query(super::draw::FIND))
                .unwrap_or_default(),
        }
    }

    fn comments(&self) -> &[Comment] {
        self.returned.as_ref().map_or(&[], |returned| &returned.review.comments)
    }

    /// The name of what is applied for, as far as it has one.
    pub fn name(&self) -> String {
        let typed = self.draft.fields.text("name").trim();
        match &self.item {
            Some(item) if !item.name.trim().is_empty() => item.name.clone(),
            _ => typed.to_owned(),
        }
    }

    /// The page's title: the form, and what it is about.
    pub fn title(&self, visit: &Visit) -> String {
        let form = visit.t(spec::title_key(self.form()));
        let name: String = self.name().chars().take(60).collect();
        if name.is_empty() || self.form() == FormKind::Organisation {
            return form;
        }
        i18n::t(visit.lang(), "form-title", &[("form", form.into()), ("name", name.into())])
    }

    /// The page of the draft.
    pub fn path(&self) -> String {
        path(self.draft.id)
    }
}

/// The page of a draft.
pub fn path(id: DraftId) -> String {
    format!("{ROOT}/drafts/{id}")
}

async fn refusal(
    db: &mydata_store::Db,
    filing: mydata_domain::filing::FilingId,
    number: FormNumber,
) -> Result<Option<Returned>, Fault> {
    let reviews = filings::reviews(db, filing).await?;
    let review = reviews.into_iter().rev().find(|r| r.decision == Decision::Refused);
    Ok(review.map(|review| Returned { number, review }))
}

/// What is typed when a form begins: what most answer.
pub fn beginning(form: FormKind) -> Fields {
    match form {
        FormKind::Dataset => Fields::new()
            .with("method", "GET")
            .with("expected_minutes", "1")
            .with("shown", "yes")
            .with("polled", "yes"),
        _ => Fields::new(),
    }
}
