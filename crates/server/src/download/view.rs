//! What the pages of own downloads share: which download, what its datasets are called, how long it is still there.

use mydata_domain::parameter::{BadValue, MAX_VALUE_CHARS, Parameter};
use mydata_domain::transaction::own::Held;
use mydata_domain::transaction::part::Part;
use mydata_domain::transaction::{Ending, State, Transaction, TransactionId};
use mydata_domain::{Dataset, Time, Zone};
use mydata_store::repo::registry::Catalogue;
use mydata_store::repo::transactions::Kept;
use mydata_wire::ResourceId;

use crate::app::App;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::flow::download;
use crate::web::consent::ParamFault;
use crate::web::{DatasetView, Lang, ParamField, RocDateTime, i18n};

/// The download named in an address, when it is this citizen's; to anybody else there is no such page. In a pilot it is for
/// registered addresses only (R15), as long as there is anything to see.
pub async fn own(visit: &Visit, id: &str, citizen: &str) -> Result<Kept, Fault> {
    let id: TransactionId = id.parse().map_err(|_| Fault::NotFound)?;
    let kept = download::own(&visit.app, id, citizen).await?.ok_or(Fault::NotFound)?;
    let catalogue = visit.app.catalogue().await?;
    let datasets = kept.transaction.parts.iter().filter_map(|part| catalogue.datasets.get(&part.resource_id));
    let open = datasets.map(|d| &d.dataset).all(|dataset| dataset.lets_in(visit.from));
    let over = matches!(kept.transaction.state, State::Ended(_));
    if open || over { Ok(kept) } else { Err(Fault::NotFound) }
}

/// The address of a download's page, or of something below it.
pub fn path(id: TransactionId, below: &str) -> String {
    format!("/downloads/{id}{below}")
}

/// What the registry says about datasets, in the reader's language.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// The registry.
    pub catalogue: &'a Catalogue,
    /// The language.
    pub lang: Lang,
}

impl Names<'_> {
    /// The dataset, unless it was taken out of the registry meanwhile.
    pub fn dataset(&self, id: &ResourceId) -> Option<&Dataset> {
        self.catalogue.datasets.get(id).map(|d| &d.dataset)
    }

    /// Its name.
    pub fn name(&self, id: &ResourceId) -> String {
        self.dataset(id)
            .map_or_else(|| id.to_string(), |d| self.lang.pick(&d.name, Some(&d.name_en)).to_owned())
    }

    /// Who provides it.
    pub fn provider(&self, id: &ResourceId) -> String {
        let organisation =
            self.dataset(id).and_then(|d| self.catalogue.organisation(d.organisation.as_str()));
        organisation.map(|o| self.lang.pick(&o.name, Some(&o.name_en)).to_owned()).unwrap_or_default()
    }

    /// Its fields.
    pub fn fields(&self, id: &ResourceId) -> Vec<String> {
        let Some(dataset) = self.dataset(id) else { return Vec::new() };
        let english = self.lang == Lang::En && !dataset.fields_en.is_empty();
        if english { dataset.fields_en.clone() } else { dataset.fields.clone() }
    }

    /// The names of a download's datasets, as one line.
    pub fn of(&self, parts: &[Part]) -> String {
        let names: Vec<_> = parts.iter().map(|part| self.name(&part.resource_id)).collect();
        names.join(&self.lang.t("portal-comma"))
    }

    /// A dataset on the page that asks for it; `value` gives what stands in a field, `fault` what is wrong with it.
    pub fn view(
        &self,
        dataset: &Dataset,
        value: impl Fn(&Parameter) -> Option<String>,
        fault: impl Fn(&Parameter) -> Option<BadValue>,
    ) -> DatasetView {
        let id = &dataset.resource_id;
        let description = self.lang.pick(&dataset.description, Some(&dataset.description_en));
        let prefilled = |parameter: &Parameter| match dataset.zone {
            Zone::Test => parameter.test_value.clone(),
            Zone::Production => String::new(),
        };
        let field = |parameter: &Parameter| ParamField {
            key: parameter.key.as_str().to_owned(),
            label: self.lang.pick(&parameter.name, parameter.name_en.as_deref()).to_owned(),
            example: parameter.example.clone(),
            optional: parameter.optional,
            value: value(parameter).unwrap_or_else(|| prefilled(parameter)),
            error: fault(parameter).map(|fault| match fault {
                BadValue::Missing => ParamFault::Missing,
                BadValue::TooLong => ParamFault::TooLong { max: MAX_VALUE_CHARS as u32 },
                BadValue::Control => ParamFault::NotOneLine,
            }),
        };
        DatasetView {
            resource_id: id.clone(),
            name: self.name(id),
            provider: self.provider(id),
            description: (!description.is_empty()).then(|| description.to_owned()),
            fields: self.fields(id),
            expected_minutes: dataset.expected_minutes,
            weakest: dataset.weakest_verification,
            parameters: dataset.parameters.iter().map(field).collect(),
        }
    }
}

/// How long something is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Whole seconds.
    pub seconds: u64,
    /// Hours, minutes and seconds as a clock shows them.
    pub clock: String,
    /// The moment of the end.
    pub until: String,
}

impl Left {
    /// From `now` until `end`.
    pub fn until(lang: Lang, now: Time, end: Time) -> Self {
        let seconds = now.until(end).as_secs();
        let clock = if seconds >= 3_600 {
            format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
        } else {
            format!("{}:{:02}", seconds / 60, seconds % 60)
        };
        Self { seconds, clock, until: RocDateTime::new(end.to_timestamp()).date_time(lang) }
    }
}

/// How far a download is, for a list and a heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It is being collected.
    Running,
    /// It is complete.
    Ready,
    /// A clerk is fetching it.
    Taking,
    /// It is over.
    Over(Ending),
}

impl Stage {
    /// Of a transaction at `now`.
    pub fn of(t: &Transaction, now: Time) -> Self {
        match &t.state {
            State::Held(held) if held.taken_at.is_some() => Self::Taking,
            // Nobody has wiped it yet.
            State::Held(held) if now >= held.expires_at => Self::Over(Ending::Expired),
            State::Held(_) => Self::Ready,
            State::Ended(ended) => Self::Over(ended.ending),
            _ if now >= t.idle_until => Self::Over(Ending::Expired),
            _ => Self::Running,
        }
    }

    /// The chip's colour and the key of its words.
    pub fn chip(self) -> (&'static str, &'static str) {
        match self {
            Self::Running => ("brandish", "download-running"),
            Self::Ready => ("green", "download-ready"),
            Self::Taking | Self::Over(Ending::Taken) => ("quiet", "download-taken"),
            Self::Over(Ending::Withdrawn) => ("quiet", "download-withdrawn"),
            Self::Over(Ending::Undeliverable) => ("red", "download-undeliverable"),
            Self::Over(_) => ("quiet", "download-expired"),
        }
    }
}

/// The part of a download that is done, in percent.
pub fn percent(t: &Transaction) -> u8 {
    use mydata_domain::transaction::part::PartState;
    let of = |part: &Part| match &part.state {
        PartState::Fetching { received, total: Some(total) } if *total > 0 => {
            (received.saturating_mul(99) / total).min(99)
        }
        state if state.is_final() => 100,
        _ => 0,
    };
    let parts = t.parts.len().max(1) as u64;
    u8::try_from(t.parts.iter().map(of).sum::<u64>() / parts).unwrap_or(100)
}

/// The case of a counter service that a download is for: service and case.
pub fn case(catalogue: &Catalogue, lang: Lang, t: &Transaction) -> Option<String> {
    let case = t.own()?.case.as_ref()?;
    let service = catalogue.counter_services.get(&case.service)?;
    let known = service.cases.iter().find(|known| known.name == case.case);
    let name = known.map_or(case.case.as_str(), |known| lang.pick(&known.name, Some(&known.name_en)));
    let service = lang.pick(&service.name, Some(&service.name_en));
    Some(i18n::t(lang, "download-case", &[("service", service.into()), ("case", name.into())]))
}

/// When something happened, as people read it.
pub fn moment(lang: Lang, at: Time) -> String {
    RocDateTime::new(at.to_timestamp()).date_time(lang)
}

/// Until when a held download is there.
pub fn held_until(app: &App, lang: Lang, held: &Held) -> Left {
    Left::until(lang, app.now(), held.expires_at)
}
