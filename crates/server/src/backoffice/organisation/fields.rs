//! The fields of 機關單位基本資料, as the form that changes them and the form that opens an account ask for them.

use mydata_domain::forms::{FieldError, Fields};
use mydata_domain::organisation::{OrganisationId, OrganisationKind};

use super::list::kind_key;
use super::name;
use crate::backoffice::forms::words;
use crate::backoffice::parts::field::{Choice, Field, Input, TextKind};
use crate::backoffice::parts::form::Form;
use crate::backoffice::visit::Visit;

/// A kind as it is posted.
pub(super) fn kind_text(kind: OrganisationKind) -> &'static str {
    match kind {
        OrganisationKind::Agency => "agency",
        OrganisationKind::Private => "private",
    }
}

/// What the fields are drawn from.
pub(super) struct Sheet<'s> {
    pub(super) visit: &'s Visit,
    /// What is typed or known.
    pub(super) fields: &'s Fields,
    /// The competent authorities to choose from.
    pub(super) authorities: &'s [OrganisationId],
    /// What is to be mended.
    pub(super) wrong: &'s [FieldError],
}

impl Sheet<'_> {
    fn fault(&self, path: &str) -> Option<String> {
        let found = self.wrong.iter().find(|error| error.path == path)?;
        Some(words::fault(self.visit.lang(), &found.fault))
    }

    fn input(&self, path: &'static str, key: &str, kind: TextKind) -> Field {
        Field::text(self.visit.lang(), path, self.visit.t(key), kind)
            .value(self.fields.text(path))
            .fault(self.fault(path))
    }

    fn line(&self, path: &'static str, key: &str) -> Field {
        self.input(path, key, TextKind::Line).max(100)
    }

    /// 目的事業主管機關.
    pub(super) fn authority(&self) -> Field {
        let visit = self.visit;
        let choices = self.authorities.iter().map(|id| {
            let found = visit.catalogue.organisation(id.as_str());
            Choice::new(id.as_str(), found.map_or_else(|| id.to_string(), |o| name(visit, o)))
        });
        let choices = Input::Select(choices.collect());
        Field::new(visit.lang(), "authority", visit.t("organisation-authority"), choices)
            .value(self.fields.text("authority"))
            .fault(self.fault("authority"))
    }

    /// What is reviewed: name, kind, competent authority.
    pub(super) fn reviewed(&self, form: Form) -> Form {
        let visit = self.visit;
        let kinds = [OrganisationKind::Agency, OrganisationKind::Private]
            .map(|kind| Choice::new(kind_text(kind), visit.t(kind_key(kind))));
        let kinds = Input::Radio(kinds.to_vec());
        form.with(self.line("name", "organisation-name"))
            .with(self.line("name_en", "organisation-name-en").max(200).optional())
            .with(self.line("short_name", "organisation-short").optional())
            .with(
                Field::new(visit.lang(), "kind", visit.t("organisation-kind"), kinds)
                    .value(self.fields.text("kind"))
                    .fault(self.fault("kind")),
            )
            .with(self.authority().sometimes())
    }

    /// Where it is, and who applies.
    pub(super) fn contact(&self, form: Form) -> Form {
        form.with(self.line("address", "organisation-address").max(200))
            .with(self.line("applicant.name", "organisation-applicant-name"))
            .with(self.input("applicant.phone", "organisation-applicant-phone", TextKind::Phone).max(40))
            .with(self.input("applicant.email", "organisation-applicant-mail", TextKind::Mail).max(255))
            .with(self.line("applicant.account", "organisation-applicant-account"))
    }
}
