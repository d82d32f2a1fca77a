//! Fills the views of [`crate::web`] from an exchange and the registry.

use std::collections::HashMap;

use mydata_domain::collect::FailureKind;
use mydata_domain::parameter::{BadValue, MAX_VALUE_CHARS};
use mydata_domain::transaction::Transaction;
use mydata_domain::transaction::part::{Part, PartState};
use mydata_domain::{Dataset, Organisation, Service, Time, Zone, method};
use mydata_store::repo::registry::Catalogue;
use mydata_store::repo::transactions::Kept;
use mydata_wire::{ResourceId, Verification};

use super::browser;
use crate::app::App;
use crate::backoffice::front_test::citizen;
use crate::flow::identify::Draft;
use crate::web::consent::ParamFault;
use crate::web::layout::{Account, Running};
use crate::web::{
    Access, Chrome, ConsentErrors, ConsentPage, Contact, DatasetRow, DatasetView, FailReason, FormTarget,
    Lang, MethodState, MethodView, ParamField, Parties, Prefs, ProgressView, RowState, SessionView, ZoneChip,
};

/// The frame of a page that belongs to no exchange.
pub fn chrome(app: &App, prefs: Prefs, here: String) -> Chrome {
    let contact = app.contact();
    Chrome {
        prefs,
        zone: None,
        citizen: None,
        account: Account::Apart,
        here,
        contact: Contact { phone: contact.phone, mailbox: contact.mailbox },
        session: None,
        carry: None,
    }
}

/// An exchange with what is registered about it, in the reader's language.
pub struct Scene<'a> {
    /// The platform.
    pub app: &'a App,
    /// The exchange.
    pub kept: &'a Kept,
    /// The registry.
    pub catalogue: &'a Catalogue,
    /// Whom the page is for.
    pub prefs: Prefs,
    /// Now.
    pub now: Time,
}

impl Scene<'_> {
    fn t(&self) -> &Transaction {
        &self.kept.transaction
    }

    fn lang(&self) -> Lang {
        self.prefs.lang
    }

    /// Path of the exchange's page, or of something below it.
    pub fn path(&self, below: &str) -> String {
        format!("/exchange/{}{below}", self.t().id)
    }

    /// A form of ours that posts to `below`.
    pub fn form(&self, below: &str) -> FormTarget {
        FormTarget { action: self.path(below), token: browser::form_token(self.app, self.kept) }
    }

    /// The service, unless it was taken out of the registry meanwhile.
    pub fn service(&self) -> Option<&Service> {
        self.catalogue.services.get(self.t().client_id()?).map(|s| &s.service)
    }

    fn organisation(&self, id: &str) -> Option<&Organisation> {
        self.catalogue.organisation(id)
    }

    fn dataset(&self, id: &ResourceId) -> Option<&Dataset> {
        self.catalogue.datasets.get(id).map(|d| &d.dataset)
    }

    fn organisation_name(&self, organisation: &Organisation) -> String {
        self.lang().pick(&organisation.name, Some(&organisation.name_en)).to_owned()
    }

    /// Name of the organisation behind the service, as inside sentences.
    pub fn organisation_short(&self) -> Option<String> {
        let organisation = self.organisation(self.service()?.organisation.as_str())?;
        Some(self.lang().pick(organisation.spoken(), Some(&organisation.name_en)).to_owned())
    }

    /// The service's name.
    pub fn service_name(&self) -> Option<String> {
        self.service().map(|s| self.lang().pick(&s.name, Some(&s.name_en)).to_owned())
    }

    /// A dataset's name.
    pub fn dataset_name(&self, id: &ResourceId) -> String {
        self.dataset(id)
            .map_or_else(|| id.to_string(), |d| self.lang().pick(&d.name, Some(&d.name_en)).to_owned())
    }

    /// The provider's name.
    pub fn provider(&self, id: &ResourceId) -> String {
        let organisation = self.dataset(id).and_then(|d| self.organisation(d.organisation.as_str()));
        organisation.map(|o| self.organisation_name(o)).unwrap_or_default()
    }

    fn fields(&self, dataset: &Dataset) -> Vec<String> {
        if self.lang() == Lang::En && !dataset.fields_en.is_empty() {
            dataset.fields_en.clone()
        } else {
            dataset.fields.clone()
        }
    }

    /// The frame.
    pub fn chrome(&self) -> Chrome {
        let t = self.t();
        let mut chrome = chrome(self.app, self.prefs, self.path(""));
        chrome.zone = Some(match t.zone {
            Zone::Test if self.kept.front_test => ZoneChip::FrontTest,
            Zone::Test => ZoneChip::Test,
            Zone::Production => ZoneChip::Production,
        });
        chrome.citizen = t.person().map(mydata_domain::transaction::person::Person::masked_name);
        let running = matches!(
            t.state,
            mydata_domain::transaction::State::Entered | mydata_domain::transaction::State::Authorised(_)
        );
        chrome.session = running.then(|| SessionView {
            expires_at: t.idle_until.to_timestamp(),
            now: self.now.to_timestamp(),
            idle_minutes: minutes(self.app.config.policy.session_idle.0),
            extend: self.form("/extend"),
            running: Running::Page,
        });
        chrome
    }

    /// Who receives, for what.
    pub fn parties(&self) -> Parties {
        let t = self.t();
        let service = self.service();
        let organisation = service.and_then(|s| self.organisation(s.organisation.as_str()));
        let life = minutes(self.app.config.policy.ticket_life.0);
        Parties {
            organisation: organisation.map(|o| self.organisation_name(o)).unwrap_or_default(),
            organisation_short: self.organisation_short().unwrap_or_default(),
            service: self.service_name().unwrap_or_default(),
            purpose: service
                .map(|s| self.lang().pick(&s.purpose, Some(&s.purpose_en)).to_owned())
                .unwrap_or_default(),
            tx_id: t.errand().map(|errand| errand.tx_id.to_string()).unwrap_or_default(),
            access: match t.ticket() {
                Some((_, ends)) => Access::Until { at: ends.to_timestamp(), minutes: life },
                None => Access::AfterConfirmation { minutes: life },
            },
        }
    }

    /// The service's terms.
    pub fn terms(&self) -> String {
        let pick = |s: &Service| {
            let english = (!s.terms_en.is_empty()).then_some(s.terms_en.as_str());
            self.lang().pick(&s.terms, english).to_owned()
        };
        self.service().map(pick).unwrap_or_default()
    }

    /// The page of ① and ②, with what was filled in and what is wrong with it.
    pub fn consent(
        &self,
        draft: &Draft,
        faults: &HashMap<(ResourceId, String), BadValue>,
        errors: ConsentErrors,
    ) -> ConsentPage {
        let mut chrome = self.chrome();
        chrome.carry = Some(self.path("/preferences"));
        ConsentPage {
            chrome,
            parties: self.parties(),
            terms: self.terms(),
            datasets: self.dataset_views(draft, faults),
            methods: self.methods(draft.method),
            terms_ticked: draft.terms,
            errors,
            submit: self.form("/authorise"),
            refuse: self.form("/refuse"),
        }
    }

    /// The datasets asked for, with what was filled in and what was wrong with it.
    pub fn dataset_views(
        &self,
        draft: &Draft,
        faults: &HashMap<(ResourceId, String), BadValue>,
    ) -> Vec<DatasetView> {
        let datasets = self.t().parts.iter().filter_map(|p| self.dataset(&p.resource_id));
        datasets
            .map(|d| DatasetView {
                resource_id: d.resource_id.clone(),
                name: self.dataset_name(&d.resource_id),
                provider: self.provider(&d.resource_id),
                description: {
                    let english = (!d.description_en.is_empty()).then_some(d.description_en.as_str());
                    let text = self.lang().pick(&d.description, english);
                    (!text.is_empty()).then(|| text.to_owned())
                },
                fields: self.fields(d),
                expected_minutes: d.expected_minutes,
                weakest: d.weakest_verification,
                parameters: d.parameters.iter().map(|p| self.param_field(d, p, draft, faults)).collect(),
            })
            .collect()
    }

    fn param_field(
        &self,
        dataset: &Dataset,
        parameter: &mydata_domain::parameter::Parameter,
        draft: &Draft,
        faults: &HashMap<(ResourceId, String), BadValue>,
    ) -> ParamField {
        let at = (dataset.resource_id.clone(), parameter.key.as_str().to_owned());
        let prefilled = || match self.t().zone {
            Zone::Test => parameter.test_value.clone(),
            Zone::Production => String::new(),
        };
        ParamField {
            key: parameter.key.as_str().to_owned(),
            label: self.lang().pick(&parameter.name, parameter.name_en.as_deref()).to_owned(),
            example: parameter.example.clone(),
            optional: parameter.optional,
            value: draft.value(&at.0, &at.1).map_or_else(prefilled, str::to_owned),
            error: faults.get(&at).map(|fault| match fault {
                BadValue::Missing => ParamFault::Missing,
                BadValue::TooLong => ParamFault::TooLong { max: MAX_VALUE_CHARS as u32 },
                BadValue::Control => ParamFault::NotOneLine,
            }),
        }
    }

    /// Every method and whether it may be chosen.
    pub fn methods(&self, chosen: Option<Verification>) -> Vec<MethodView> {
        let datasets: Vec<_> = self.t().parts.iter().filter_map(|p| self.dataset(&p.resource_id)).collect();
        let strictest = method::strictest(datasets.iter().copied());
        let state = |v: Verification| match strictest {
            Some(d) if !v.satisfies(d.weakest_verification) => MethodState::TooWeak {
                dataset: self.dataset_name(&d.resource_id),
                weakest: d.weakest_verification,
            },
            _ if self.app.methods.offers(v) || citizen::stands_in(self.app, self.kept, v) => {
                MethodState::Offered
            }
            _ => MethodState::NotAvailable,
        };
        Verification::ALL
            .into_iter()
            .map(|method| MethodView { method, state: state(method), chosen: chosen == Some(method) })
            .collect()
    }

    /// The datasets and how far each is.
    pub fn progress(&self) -> ProgressView {
        ProgressView {
            rows: self.t().parts.iter().map(|p| self.row(p)).collect(),
            organisation_short: self.organisation_short().unwrap_or_default(),
        }
    }

    fn row(&self, part: &Part) -> DatasetRow {
        let dataset = self.dataset(&part.resource_id);
        DatasetRow {
            resource_id: part.resource_id.clone(),
            name: self.dataset_name(&part.resource_id),
            provider: self.provider(&part.resource_id),
            fields: dataset.map(|d| self.fields(d)).unwrap_or_default(),
            state: row_state(&part.state, self.now),
            preview_url: matches!(part.state, PartState::Ready { blob: Some(_), .. })
                .then(|| self.path(&format!("/preview/{}", part.resource_id))),
        }
    }
}

/// How far a dataset is, as pages show it.
pub(crate) fn row_state(state: &PartState, now: Time) -> RowState {
    match state {
        PartState::Waiting => RowState::Waiting,
        PartState::Fetching { received, total } => RowState::Fetching {
            percent: total
                .filter(|total| *total > 0 && *received > 0)
                .map(|total| u8::try_from((received.saturating_mul(100) / total).min(100)).unwrap_or(100)),
        },
        PartState::Delayed { until, .. } => RowState::Delayed {
            seconds: now.until(*until).as_millis().div_ceil(1000).try_into().unwrap_or(0),
        },
        PartState::Ready { .. } => RowState::Done,
        PartState::NoData => RowState::NothingFound,
        PartState::Undeliverable(failure) => RowState::Failed(match failure.kind {
            FailureKind::Refused => FailReason::Refused,
            FailureKind::WaitedTooLong => FailReason::TookTooLong,
            FailureKind::NotReached
            | FailureKind::NoAnswer
            | FailureKind::Broken
            | FailureKind::ServerError
            // Seen only after the page is gone.
            | FailureKind::Lost => FailReason::NoAnswer,
            FailureKind::BadPackage => FailReason::NotGenuine,
            FailureKind::Withdrawn => FailReason::Stopped,
        }),
    }
}

fn minutes(duration: std::time::Duration) -> u32 {
    u32::try_from(duration.as_secs().div_ceil(60)).unwrap_or(u32::MAX)
}
