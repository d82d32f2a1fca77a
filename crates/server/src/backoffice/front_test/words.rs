//! Steps and failures in words. A failure names the field of the form that it most likely hangs on.

use mydata_domain::collect::{Failure, FailureKind};
use mydata_domain::entry::Fault;
use mydata_domain::front_test::{How, Of, Step, Trouble};
use mydata_seal::dp_package::Step as Verified;

use crate::backoffice::parts::cell::{Chip, Colour};
use crate::backoffice::visit::Visit;
use crate::flow::collect::{REVOCATION_UNKNOWN, REVOKED};
use crate::outbound::registered::NotCalled;
use crate::web::i18n;

/// A step as the page shows it.
pub struct StepView {
    /// What is done.
    pub title: String,
    /// What came of it: how much, or what failed, why, and where to look.
    pub about: Vec<String>,
    /// How far it is.
    pub chip: Chip,
}

/// A step in words.
pub fn step(visit: &Visit, step: &Step) -> StepView {
    let title = match &step.of {
        Of::Entry => visit.t("front-test-entry"),
        Of::Identity => visit.t("front-test-identity"),
        Of::Dataset(id) => {
            let known = visit.catalogue.datasets.get(id).map(|d| &d.dataset);
            let name = known
                .map_or_else(|| id.to_string(), |d| visit.lang().pick(&d.name, Some(&d.name_en)).to_owned());
            visit.t1("front-test-dataset", "name", name)
        }
        Of::Confirmation => visit.t("front-test-confirmation"),
        Of::Notification => visit.t("front-test-notification"),
        Of::Sealing => visit.t("front-test-sealing"),
        Of::Fetching => visit.t("front-test-fetching"),
    };
    let (colour, key) = match &step.how {
        How::Ahead => (Colour::Quiet, "front-test-ahead"),
        How::Now => (Colour::Amber, "front-test-now"),
        How::Done(_) => (Colour::Green, "front-test-done"),
        How::NoData => (Colour::Green, "front-test-no-data"),
        How::Failed(_) => (Colour::Red, "front-test-failed"),
    };
    let about = match &step.how {
        How::Done(Some(bytes)) => vec![visit.t1("front-test-bytes", "bytes", *bytes)],
        How::Failed(trouble) => failed(visit, trouble),
        _ => Vec::new(),
    };
    StepView { title, about, chip: Chip::new(colour, visit.t(key)) }
}

fn failed(visit: &Visit, trouble: &Trouble) -> Vec<String> {
    let one = |key: &str, fields: &[&str]| {
        let mut lines = vec![visit.t(key)];
        lines.extend(look_at(visit, fields));
        lines
    };
    match trouble {
        Trouble::Dataset(failure) => dataset(visit, failure),
        Trouble::Refused => one("front-test-refused", &[]),
        Trouble::Left => one("front-test-left", &[]),
        Trouble::OtherPerson => one("front-test-other-person", &[]),
        Trouble::NotificationRefused => {
            one("front-test-notification-refused", &["form-sp-api", "credentials-api-key"])
        }
        Trouble::NotificationFailing(tries) => {
            let mut lines = vec![visit.t1("front-test-notification-failing", "tries", *tries)];
            lines.extend(look_at(visit, &["form-sp-api"]));
            lines
        }
        Trouble::Suspended => one("front-test-suspended", &[]),
        Trouble::NothingToSend => one("front-test-nothing", &[]),
        Trouble::OutOfTime => one("front-test-out-of-time", &[]),
    }
}

/// Why a dataset did not come.
fn dataset(visit: &Visit, failure: &Failure) -> Vec<String> {
    let (key, fields) = reason(failure);
    let mut lines = vec![visit.t(key)];
    let english = visit.lang() == crate::web::Lang::En;
    let step = STEPS.into_iter().find(|step| step.to_string() == failure.detail);
    let detail = match step {
        Some(step) if !english => step.zh(),
        _ => failure.detail.as_str(),
    };
    // What is said already, and sentences in another language, are left out.
    let said = failure.kind == FailureKind::NotReached;
    let named = matches!(failure.detail.as_str(), REVOKED | REVOCATION_UNKNOWN);
    if !detail.is_empty()
        && !named
        && (english || step.is_some() || (!said && failure.kind != FailureKind::BadPackage))
    {
        lines.push(visit.t1("front-test-detail", "detail", detail));
    }
    lines.extend(look_at(visit, fields));
    lines
}

/// The steps of a package's verification.
const STEPS: [Verified; 7] = [
    Verified::Zip,
    Verified::Parts,
    Verified::Certificate,
    Verified::Signature,
    Verified::Digests,
    Verified::Unlisted,
    Verified::Formats,
];

/// The text of a failure, and the fields of the dataset's form that it may hang on.
fn reason(failure: &Failure) -> (&'static str, &'static [&'static str]) {
    match failure.kind {
        FailureKind::Refused => match failure.detail.as_str() {
            "status 401" | "status 403" => {
                ("front-test-dp-refused-caller", &["form-client-ip", "credentials-resource-secret"])
            }
            "status 404" => ("front-test-dp-not-found", &["form-dp-api"]),
            "status 405" => ("front-test-dp-method", &["form-method"]),
            "status 400" | "status 422" => ("front-test-dp-parameters", &["form-parameters"]),
            _ => ("front-test-dp-refused", &["form-dp-api", "form-parameters"]),
        },
        FailureKind::WaitedTooLong => ("front-test-dp-waits", &["form-expected-minutes"]),
        FailureKind::NotReached if failure.detail == NotCalled::NotRegistered.to_string() => {
            ("front-test-dp-not-registered", &["form-dp-ip", "form-dp-api"])
        }
        FailureKind::NotReached => ("front-test-dp-not-reached", &["form-dp-api", "form-dp-ip"]),
        FailureKind::NoAnswer => ("front-test-dp-no-answer", &["form-dp-api"]),
        FailureKind::Broken => ("front-test-dp-broken", &["form-dp-api"]),
        FailureKind::ServerError => ("front-test-dp-server", &["form-dp-api"]),
        FailureKind::BadPackage => match failure.detail.as_str() {
            REVOKED => ("front-test-dp-revoked", &["form-certificate"]),
            REVOCATION_UNKNOWN => ("front-test-dp-revocation-unknown", &["form-certificate"]),
            "certificate" | "signature" => ("front-test-dp-signature", &["form-certificate"]),
            _ => ("front-test-dp-package", &["form-specification"]),
        },
        FailureKind::Withdrawn => ("front-test-dp-withdrawn", &["form-shown"]),
        FailureKind::Lost => ("front-test-lost", &[]),
    }
}

fn look_at(visit: &Visit, fields: &[&str]) -> Option<String> {
    if fields.is_empty() {
        return None;
    }
    let between = if visit.lang() == crate::web::Lang::ZhTw { "、" } else { ", " };
    let names: Vec<String> = fields.iter().map(|key| visit.t(key)).collect();
    Some(visit.t1("front-test-look-at", "fields", names.join(between)))
}

/// Why a citizen could not enter.
pub fn no_entry(lang: crate::web::Lang, fault: &Fault) -> String {
    let dataset =
        |key: &str, id: &mydata_wire::ResourceId| i18n::t(lang, key, &[("id", id.to_string().into())]);
    match fault {
        Fault::ServiceSuspended => lang.t("front-test-no-service"),
        Fault::DatasetStopped(id) => dataset("front-test-no-dataset", id),
        Fault::DatasetFailing(id) => dataset("front-test-dataset-fails", id),
        Fault::UnknownResource(id) => dataset("front-test-unknown-dataset", id),
        Fault::TxId => lang.t("front-test-bad-tx-id"),
        Fault::TxIdUsed => lang.t("front-test-used-tx-id"),
        other => i18n::t(lang, "front-test-no-entry", &[("reason", other.to_string().into())]),
    }
}
