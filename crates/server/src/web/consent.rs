//! ① 同意服務條款 and ② 身分驗證, on one page (R70–R73).

use askama::Template;
use mydata_wire::{ResourceId, Verification};

use super::i18n::{self, Lang};
use super::layout::{Chrome, FormTarget, Parties, Step, field_summary, steps, verification_name};

/// The page before anything is collected.
///
/// The form posts `form_token`, `terms` (`yes` when ticked), `method` (a [`Verification`] code) and one field per
/// parameter, named by [`param_name`].
#[derive(Template)]
#[template(path = "consent.html")]
pub struct ConsentPage {
    /// The frame.
    pub chrome: Chrome,
    /// Who asks, for what.
    pub parties: Parties,
    /// The service terms, plain text; a blank line begins a paragraph.
    pub terms: String,
    /// The datasets asked for, in the order of the request.
    pub datasets: Vec<DatasetView>,
    /// Every verification method, strongest first.
    pub methods: Vec<MethodView>,
    /// Whether the box 同意服務條款 is ticked (only after a form that came back).
    pub terms_ticked: bool,
    /// What was wrong with the form that came back.
    pub errors: ConsentErrors,
    /// 確認
    pub submit: FormTarget,
    /// 拒絕
    pub refuse: FormTarget,
}

/// A dataset asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetView {
    /// Its id.
    pub resource_id: ResourceId,
    /// Its name, 個人戶籍資料.
    pub name: String,
    /// Who provides it, 內政部戶政司.
    pub provider: String,
    /// What it is, where the provider says so.
    pub description: Option<String>,
    /// Its fields by name.
    pub fields: Vec<String>,
    /// How long collecting usually takes.
    pub expected_minutes: u32,
    /// The weakest method it accepts.
    pub weakest: Verification,
    /// What it asks the citizen for (R59, R60).
    pub parameters: Vec<ParamField>,
}

/// One parameter that a dataset asks for (R59, R60).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamField {
    /// The key, as in the provider's API.
    pub key: String,
    /// 中文欄位名稱 or its English form.
    pub label: String,
    /// 欄位範例與說明.
    pub example: String,
    /// Whether it may be left empty.
    pub optional: bool,
    /// What stands in the field: what the citizen typed, or the virtual value in the test zone.
    pub value: String,
    /// What is wrong with it.
    pub error: Option<ParamFault>,
}

/// Why a parameter was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamFault {
    /// Empty, and not optional.
    Missing,
    /// Longer than this many characters.
    TooLong {
        /// The longest that is accepted.
        max: u32,
    },
    /// Holds line breaks or other control characters.
    NotOneLine,
}

/// A verification method as the page offers it (R71).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodView {
    /// Which.
    pub method: Verification,
    /// Whether it may be chosen.
    pub state: MethodState,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// Whether a method may be chosen, and why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MethodState {
    /// It may.
    Offered,
    /// A dataset asks for a stronger one.
    TooWeak {
        /// The dataset's name.
        dataset: String,
        /// The weakest method that dataset accepts.
        weakest: Verification,
    },
    /// This platform does not carry it out (yet).
    NotAvailable,
}

/// What was wrong with a form that came back. Faults of parameters stand at the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConsentErrors {
    /// 同意服務條款 was not ticked.
    pub terms: bool,
    /// The method.
    pub method: Option<MethodFault>,
}

/// Why the choice of a method was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodFault {
    /// None was chosen.
    Missing,
    /// The chosen one cannot be used for these datasets.
    NotOffered,
}

/// The form field of a dataset's parameter.
pub fn param_name(dataset: &ResourceId, key: &str) -> String {
    format!("p.{dataset}.{key}")
}

/// Reads [`param_name`] back: the dataset and the key. `None` for any other field.
pub fn parse_param_name(name: &str) -> Option<(ResourceId, &str)> {
    // `API.` + 10 characters: the id itself holds a dot.
    let rest = name.strip_prefix("p.")?;
    let (dataset, key) = (rest.get(..14)?, rest.get(14..)?.strip_prefix('.')?);
    Some((dataset.parse().ok()?, key))
}

/// A line of the error summary: the field to jump to and what to do there.
struct Mend {
    target: String,
    text: String,
}

/// Methods that share the reason why they cannot be used.
struct Barred<'a> {
    reason: String,
    methods: Vec<&'a MethodView>,
}

impl ParamField {
    /// The ids of the hint and the fault, for `aria-describedby`.
    pub(crate) fn described_by(&self, id: &str) -> Option<String> {
        let hint = (!self.example.is_empty()).then(|| format!("{id}-hint"));
        let fault = self.error.map(|_| format!("{id}-fault"));
        match (hint, fault) {
            (Some(hint), Some(fault)) => Some(format!("{hint} {fault}")),
            (hint, fault) => hint.or(fault),
        }
    }

    pub(crate) fn fault(&self, lang: Lang) -> Option<String> {
        let label = || ("label", self.label.as_str().into());
        self.error.map(|fault| match fault {
            ParamFault::Missing => i18n::t(lang, "param-missing", &[label()]),
            ParamFault::TooLong { max } => i18n::t(lang, "param-too-long", &[label(), ("max", max.into())]),
            ParamFault::NotOneLine => i18n::t(lang, "param-not-one-line", &[label()]),
        })
    }
}

impl DatasetView {
    pub(crate) fn field_id(&self, parameter: &ParamField) -> String {
        format!("p-{}-{}", self.resource_id, parameter.key)
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect()
    }

    pub(crate) fn field_name(&self, parameter: &ParamField) -> String {
        param_name(&self.resource_id, &parameter.key)
    }

    pub(crate) fn summary(&self, lang: Lang) -> String {
        field_summary(lang, &self.fields)
    }

    pub(crate) fn weakest_name(&self, lang: Lang) -> String {
        verification_name(lang, self.weakest)
    }

    pub(crate) fn is_prefilled(&self) -> bool {
        self.parameters.iter().any(|parameter| !parameter.value.is_empty())
    }

    /// What is to be mended in it: the field's id and what to do there.
    pub(crate) fn mends(&self, lang: Lang) -> Vec<(String, String)> {
        let mend = |parameter: &ParamField| {
            let text = parameter.fault(lang)?;
            let args = [("dataset", self.name.as_str().into()), ("text", text.into())];
            Some((self.field_id(parameter), i18n::t(lang, "errors-title.of-dataset", &args)))
        };
        self.parameters.iter().filter_map(mend).collect()
    }
}

impl MethodView {
    fn name(&self, lang: Lang) -> String {
        verification_name(lang, self.method)
    }

    /// What the citizen needs at hand for it.
    fn needs(&self, lang: Lang) -> String {
        lang.t(match self.method {
            Verification::Cer => "verification-cer.needs",
            Verification::Fic => "verification-fic.needs",
            Verification::Fch => "verification-fch.needs",
            Verification::Moe => "verification-moe.needs",
            Verification::Tfd => "verification-tfd.needs",
            Verification::Nhi => "verification-nhi.needs",
            Verification::Fcs => "verification-fcs.needs",
            Verification::Pii => "verification-pii.needs",
            Verification::Otp => "verification-otp.needs",
            Verification::Gov => "verification-gov.needs",
        })
    }
}

impl ConsentPage {
    fn steps(&self) -> [Step; 3] {
        steps(0, None)
    }

    fn paragraphs(&self) -> Vec<&str> {
        self.terms.split("\n\n").map(str::trim).filter(|text| !text.is_empty()).collect()
    }

    fn offered(&self) -> Vec<&MethodView> {
        self.methods.iter().filter(|method| method.state == MethodState::Offered).collect()
    }

    fn barred(&self) -> Vec<Barred<'_>> {
        let lang = self.chrome.lang();
        let mut groups: Vec<Barred<'_>> = Vec::new();
        for method in &self.methods {
            let reason = match &method.state {
                MethodState::Offered => continue,
                MethodState::TooWeak { dataset, weakest } => i18n::t(
                    lang,
                    "method-too-weak",
                    &[
                        ("dataset", dataset.as_str().into()),
                        ("method", verification_name(lang, *weakest).into()),
                    ],
                ),
                MethodState::NotAvailable => lang.t("method-not-available"),
            };
            match groups.iter_mut().find(|group| group.reason == reason) {
                Some(group) => group.methods.push(method),
                None => groups.push(Barred { reason, methods: vec![method] }),
            }
        }
        // First what the citizen can do something about: a reason that lies in the data asked for.
        groups.sort_by_key(|group| {
            group.methods.iter().all(|method| method.state == MethodState::NotAvailable)
        });
        groups
    }

    /// The weakest method that every dataset accepts: the strictest governs.
    fn needed(&self) -> Option<String> {
        let strictest = self.datasets.iter().map(|dataset| dataset.weakest).min()?;
        Some(verification_name(self.chrome.lang(), strictest))
    }

    fn method_fault(&self) -> Option<String> {
        self.errors.method.map(|fault| {
            self.chrome.t(match fault {
                MethodFault::Missing => "method-missing",
                MethodFault::NotOffered => "method-not-offered",
            })
        })
    }

    fn mends(&self) -> Vec<Mend> {
        let lang = self.chrome.lang();
        let mut mends = Vec::new();
        for dataset in &self.datasets {
            mends.extend(dataset.mends(lang).into_iter().map(|(target, text)| Mend { target, text }));
        }
        if self.errors.terms {
            mends.push(Mend { target: "terms".to_owned(), text: lang.t("terms-missing") });
        }
        if let Some(text) = self.method_fault() {
            let target = self
                .offered()
                .first()
                .map_or("methods".to_owned(), |first| format!("method-{}", first.method));
            mends.push(Mend { target, text });
        }
        mends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_names_round_trip() {
        let id: ResourceId = "API.Kr1C3b1ijJ".parse().unwrap();
        let name = param_name(&id, "INQ.YR");
        assert_eq!(parse_param_name(&name), Some((id, "INQ.YR")));
        for other in
            ["terms", "p.", "p.API.Kr1C3b1ijJ", "p.API.Kr1C3b1i", "p.XXX.Kr1C3b1ijJ.k", "p.API.Kr1C3b1i字k"]
        {
            assert_eq!(parse_param_name(other), None, "{other}");
        }
    }
}
