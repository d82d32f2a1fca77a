//! The roots that DP packages are verified against: do they parse, how long are they valid.

use std::path::Path;
use std::time::{Duration, SystemTime};

use mydata_server::Config;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use super::report::Report;

const SUBJECT: &str = "trust";
/// Fewer days left deserve a look.
const SOON: u64 = 60;
const DAY: u64 = 24 * 3600;

/// Looks at every certificate.
pub fn check(config: &Config, now: SystemTime, report: &mut Report) {
    for file in config.trust.roots.iter().chain(&config.trust.intermediates) {
        // That a file is missing is a fault of the configuration and said there.
        if let Ok(bytes) = std::fs::read(file) {
            certificates(file, &bytes, now, report);
        }
    }
    // What the certificates look like one by one is one thing, whether the platform takes the files another.
    if !config.trust.roots.is_empty()
        && config.trust.roots.iter().all(|file| file.is_file())
        && let Err(error) = mydata_server::platform::read_trust(config)
    {
        report.fail(
            SUBJECT,
            error.to_string(),
            "put certificates (PEM or DER) into the file and nothing else",
        );
    }
}

fn certificates(file: &Path, bytes: &[u8], now: SystemTime, report: &mut Report) {
    one_by_one(SUBJECT, file, bytes, now, report);
}

/// What each certificate of a file is, and for how long it is valid.
pub fn one_by_one(subject: &'static str, file: &Path, bytes: &[u8], now: SystemTime, report: &mut Report) {
    let shown = file.display();
    let found = parse(bytes);
    if found.is_empty() {
        return report.fail(
            subject,
            format!("{shown} holds no certificate that can be read"),
            "put certificates (PEM or DER) into the file and nothing else",
        );
    }
    for certificate in found {
        let validity = Validity::of(&certificate);
        let what = format!("{shown}: {}, {}", certificate.tbs_certificate.subject, validity.left(now));
        match validity.state(now) {
            State::Good => report.ok(subject, what),
            State::Soon => {
                report.warn(subject, what, "ask its issuer for the next one and put both into the file");
            }
            State::Over => {
                report.fail(subject, what, "ask its issuer for the next one and put it into the file");
            }
            State::NotYet => report.fail(subject, what, "set this machine's clock, or wait until then"),
        }
    }
}

/// The same, in DER.
pub fn ders(bytes: &[u8]) -> Vec<Vec<u8>> {
    use x509_cert::der::Encode as _;
    parse(bytes).iter().filter_map(|one| one.to_der().ok()).collect()
}

/// The certificates in PEM, or the one in DER; none where one is broken.
pub fn parse(bytes: &[u8]) -> Vec<Certificate> {
    Certificate::from_der(bytes)
        .map(|one| vec![one])
        .or_else(|_| Certificate::load_pem_chain(bytes))
        .unwrap_or_default()
}

/// From when to when.
pub struct Validity {
    from: SystemTime,
    until: SystemTime,
    text: String,
}

/// Where now is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Well inside.
    Good,
    /// Near its end.
    Soon,
    /// After it.
    Over,
    /// Before it.
    NotYet,
}

impl Validity {
    /// That of a certificate.
    pub fn of(certificate: &Certificate) -> Self {
        let validity = &certificate.tbs_certificate.validity;
        Self {
            from: validity.not_before.to_system_time(),
            until: validity.not_after.to_system_time(),
            text: format!("{} to {}", validity.not_before, validity.not_after),
        }
    }

    /// Where `now` is.
    pub fn state(&self, now: SystemTime) -> State {
        match self.until.duration_since(now) {
            _ if now < self.from => State::NotYet,
            Err(_) => State::Over,
            Ok(left) if left < Duration::from_secs(SOON * DAY) => State::Soon,
            Ok(_) => State::Good,
        }
    }

    /// How many days are left, in words.
    pub fn left(&self, now: SystemTime) -> String {
        match (self.state(now), self.until.duration_since(now)) {
            (State::NotYet, _) => format!("not valid yet ({})", self.text),
            (_, Ok(left)) => {
                let days = usize::try_from(left.as_secs() / DAY).unwrap_or(usize::MAX);
                format!("{} left", crate::output::count(days, "day"))
            }
            (_, Err(_)) => format!("no longer valid ({})", self.text),
        }
    }
}
