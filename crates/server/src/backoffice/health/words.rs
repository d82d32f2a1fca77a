//! What was found of a connection, in words: the steps, their figures, what is wrong and how to mend it.

use mydata_domain::Zone;
use mydata_domain::health::{Fault, FaultKind, Figure, Skipped, Step};
use mydata_domain::item::Kind;
use mydata_seal::dp_package;

use crate::web::Lang;
use crate::web::i18n::t;

/// The name of a step.
pub fn step(lang: Lang, kind: Kind, step: Step) -> String {
    lang.t(match step {
        Step::Dns => "probe-step-dns",
        Step::Address => "probe-step-address",
        Step::Tcp => "probe-step-tcp",
        Step::Tls => "probe-step-tls",
        Step::Certificate => "probe-step-certificate",
        Step::Response => "probe-step-response",
        Step::Package if kind == Kind::Service => "probe-step-notification",
        Step::Package => "probe-step-package",
    })
}

/// What is wrong.
pub fn reason(lang: Lang, fault: &Fault) -> String {
    let detail = match fault.kind {
        FaultKind::PackageBad => verification(lang, &fault.detail),
        _ => fault.detail.clone(),
    };
    t(lang, &format!("probe-fault-{}.what", fault.kind.as_str()), &[("detail", detail.into())])
}

/// The step of a package's verification, as it is called in the reader's language.
fn verification(lang: Lang, detail: &str) -> String {
    use dp_package::Step as S;
    const STEPS: [S; 7] =
        [S::Zip, S::Parts, S::Certificate, S::Signature, S::Digests, S::Unlisted, S::Formats];
    let found = STEPS.into_iter().find(|step| step.to_string() == detail);
    found.map_or_else(|| detail.to_owned(), |step| lang.pick(step.zh(), Some(detail)).to_owned())
}

/// How to mend it.
pub fn mend(lang: Lang, fault: &Fault) -> String {
    lang.t(&format!("probe-fault-{}.how", fault.kind.as_str()))
}

/// Step, what is wrong and how to mend it, for a mail.
pub fn whole(lang: Lang, kind: Kind, fault: &Fault) -> String {
    let args = [("step", step(lang, kind, fault.step()).into()), ("what", reason(lang, fault).into())];
    format!("{}\n{}", t(lang, "probe-fault-in-step", &args), mend(lang, fault))
}

/// What a step that passed found out.
pub fn figure(lang: Lang, figure: &Figure) -> String {
    let one = |key: &str, value: String| t(lang, key, &[("value", value.into())]);
    let days = |key: &str, days: i64| t(lang, key, &[("days", days.into())]);
    match figure {
        Figure::Addresses(found) => {
            let found: Vec<String> = found.iter().take(6).map(ToString::to_string).collect();
            one("probe-figure-addresses", found.join(", "))
        }
        Figure::Literal => lang.t("probe-figure-literal"),
        Figure::Registered => lang.t("probe-figure-registered"),
        Figure::AnyAddress => lang.t("probe-figure-any"),
        Figure::Connected(address) => one("probe-figure-connected", address.to_string()),
        Figure::Tls(version) => version.clone(),
        Figure::DaysLeft(left) => days("probe-figure-days", *left),
        Figure::Issuer(name) => one("probe-figure-issuer", name.clone()),
        Figure::Names(names) => one("probe-figure-names", names.clone()),
        Figure::Status(status) => one("probe-figure-status", status.to_string()),
        Figure::Type(kind) => one("probe-figure-type", kind.clone()),
        Figure::Bytes(bytes) => one("probe-figure-bytes", bytes.to_string()),
        Figure::Files(files) => one("probe-figure-files", files.to_string()),
        Figure::SignerDaysLeft(left) => days("probe-figure-signer", *left),
        Figure::NoData => lang.t("probe-figure-no-data"),
        Figure::AsksToWait(seconds) => one("probe-figure-wait", seconds.to_string()),
        Figure::Taken => lang.t("probe-figure-taken"),
        Figure::Refused => lang.t("probe-figure-refused"),
    }
}

/// Why a step was passed over.
pub fn skipped(lang: Lang, why: Skipped) -> String {
    lang.t(match why {
        Skipped::Plain => "probe-skipped-plain",
        Skipped::Production => "probe-skipped-production",
    })
}

/// 測試區, 正式區.
pub fn zone(lang: Lang, zone: Zone) -> String {
    lang.t(match zone {
        Zone::Test => "zone-test",
        Zone::Production => "zone-production",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::i18n;

    #[test]
    fn every_fault_says_what_is_wrong_and_how_to_mend_it() {
        for lang in Lang::ALL {
            for kind in FaultKind::ALL {
                let fault = Fault::new(*kind, "503");
                for end in ["what", "how"] {
                    let key = format!("probe-fault-{}.{end}", kind.as_str());
                    assert!(i18n::has(lang, &key), "{key} in {lang}");
                }
                let text = whole(lang, Kind::Dataset, &fault);
                assert!(text.lines().count() == 2 && !text.contains("probe-"), "{text}");
            }
        }
        let fault = Fault::new(FaultKind::PackageBad, dp_package::Step::Signature);
        assert!(reason(Lang::ZhTw, &fault).contains("簽章驗證"));
        assert!(reason(Lang::En, &fault).contains("signature"));
    }
}
