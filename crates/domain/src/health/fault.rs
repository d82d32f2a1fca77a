//! What may be wrong with a connection.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Step;

/// Longest detail, in characters.
const MAX_DETAIL: usize = 120;

/// What is wrong, with what makes it plain: a status, an address, a day. Never content, never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What.
    pub kind: FaultKind,
    /// More: fills the place that the words of the kind leave for it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Fault {
    /// A fault of this kind. What others wrote is cut, and what cannot be shown is left out.
    pub fn new(kind: FaultKind, detail: impl fmt::Display) -> Self {
        let detail = detail.to_string();
        let shown = detail.chars().filter(|c| !c.is_control() && !is_direction(*c));
        Self { kind, detail: shown.take(MAX_DETAIL).collect() }
    }

    /// The step that finds it.
    pub fn step(&self) -> Step {
        self.kind.step()
    }
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Self { kind, detail: String::new() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_str())?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $step:ident;)*) => {
        /// The kinds of [`Fault`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum FaultKind {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl FaultKind {
            /// All of them, in the order of the steps.
            pub const ALL: &[FaultKind] = &[$(Self::$name),*];

            /// As it is kept and as programs read it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// The step that finds it.
            pub fn step(self) -> Step {
                match self { $(Self::$name => Step::$step),* }
            }
        }
    };
}

faults! {
    /// The host's name is not known.
    DnsUnknown = "dns-unknown", Dns;
    /// The name servers did not answer in time.
    DnsSlow = "dns-slow", Dns;
    /// The address is not https.
    AddressPlain = "address-not-https", Address;
    /// A name or password stands in the URL.
    AddressName = "address-user-info", Address;
    /// The port is one of other services.
    AddressPort = "address-port", Address;
    /// It leads to an internal address, which is never called.
    AddressInternal = "address-internal", Address;
    /// It leads to no address that is registered (R37, R96). Detail: where it leads.
    AddressNotRegistered = "address-not-registered", Address;
    /// Nothing listens there.
    TcpRefused = "tcp-refused", Tcp;
    /// No answer to the connection in time: a firewall. Detail: seconds.
    TcpNoAnswer = "tcp-no-answer", Tcp;
    /// The network knows no way there.
    TcpUnreachable = "tcp-unreachable", Tcp;
    /// What answers does not speak TLS.
    TlsNotSpoken = "tls-not-spoken", Tls;
    /// The connection was closed during the handshake.
    TlsClosed = "tls-closed", Tls;
    /// The handshake did not end in time. Detail: seconds.
    TlsNoAnswer = "tls-no-answer", Tls;
    /// No version or cipher in common, or another refusal. Detail: what TLS says.
    TlsRefused = "tls-refused", Tls;
    /// The certificate has ended. Detail: on which day.
    CertificateExpired = "certificate-expired", Certificate;
    /// The certificate is not valid yet.
    CertificateTooEarly = "certificate-not-yet-valid", Certificate;
    /// The certificate is for other names. Detail: for which.
    CertificateName = "certificate-wrong-name", Certificate;
    /// The chain leads to no root that is trusted, or a certificate of it is missing.
    CertificateUnknown = "certificate-unknown-issuer", Certificate;
    /// It was revoked.
    CertificateRevoked = "certificate-revoked", Certificate;
    /// Anything else about it. Detail: what.
    CertificateBad = "certificate-bad", Certificate;
    /// No answer to the request in time. Detail: seconds.
    ResponseNoAnswer = "response-no-answer", Response;
    /// The connection broke before the answer was there.
    ResponseBroken = "response-broken", Response;
    /// It leads elsewhere. Detail: the status.
    ResponseRedirect = "response-redirect", Response;
    /// The answer is none that says "alive". Detail: the status.
    ResponseStatus = "response-status", Response;
    /// A web page answered, such as one about maintenance. Detail: the status.
    ResponseWebPage = "response-web-page", Response;
    /// A parameter that citizens must fill in has no 虛擬值. Detail: its key.
    PackageNoValue = "package-no-virtual-value", Package;
    /// No package began to come in time.
    PackageNoAnswer = "package-no-answer", Package;
    /// The transfer broke.
    PackageBroken = "package-broken", Package;
    /// The call was refused: 4xx. Detail: the status.
    PackageRefused = "package-refused", Package;
    /// The DP's server failed: 5xx. Detail: the status.
    PackageServerError = "package-server-error", Package;
    /// What came is no zip. Detail: its type.
    PackageType = "package-type", Package;
    /// It is larger than a package may be. Detail: bytes.
    PackageTooLarge = "package-too-large", Package;
    /// The package failed verification. Detail: the step of it.
    PackageBad = "package-bad", Package;
    /// The certificate registered for the dataset cannot be used.
    PackageTrust = "package-registered-certificate", Package;
    /// The SP-API asks for another key.
    NoticeKey = "notification-key", Package;
    /// There is no SP-API at this address. Detail: the status.
    NoticeNowhere = "notification-nowhere", Package;
    /// The SP-API neither took nor refused the notification. Detail: the status.
    NoticeStatus = "notification-status", Package;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_told_from_the_others_and_read_back() {
        let mut seen = std::collections::BTreeSet::new();
        for kind in FaultKind::ALL {
            assert!(seen.insert(kind.as_str()), "{kind:?}");
            let fault = Fault::new(*kind, 503);
            let text = serde_json::to_string(&fault).unwrap();
            assert!(text.contains(kind.as_str()) && text.contains("503"), "{text}");
            assert_eq!(serde_json::from_str::<Fault>(&text).unwrap(), fault);
        }
    }

    #[test]
    fn what_others_wrote_is_cut_and_cannot_steer_a_page() {
        let fault =
            Fault::new(FaultKind::CertificateName, format!("a\u{202e}b\n\u{1b}[2J{}", "長".repeat(500)));
        assert!(fault.detail.starts_with("ab[2J長") && fault.detail.chars().count() == MAX_DETAIL);
    }
}
