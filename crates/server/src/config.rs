//! What an operator may set. Every field has a meaning here and a default; unknown keys are refused.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use mydata_domain::Policy;
use mydata_domain::policy::Seconds;
use mydata_wire::Verification;
use serde::{Deserialize, Serialize};
use url::Url;

/// The whole configuration of `mydata serve`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// How the outside reaches the platform; begins every link and redirect. Defaults to `http://{listen}/`.
    pub base_url: Option<Url>,
    /// Folder of the database, the blobs and the key file. Made at first start.
    pub data_dir: PathBuf,
    /// `postgres://…`; without it an SQLite file in the data folder.
    pub database_url: Option<DatabaseUrl>,
    /// File of the master key, under which the keys of columns and blobs are wrapped. Defaults to `keys` in the data folder, made at
    /// first start.
    pub key_file: Option<PathBuf>,
    /// Other places that the master key may come from.
    pub keys: Keys,
    /// Everything happens on one machine with fictional people: plain http and internal addresses are allowed.
    pub sandbox: bool,
    /// Proxies that are believed when they say for whom they ask.
    pub trusted_proxies: Vec<IpNet>,
    /// In which header they say it.
    pub proxy_header: ProxyHeader,
    /// Whether every connection to `listen` begins with a header of the PROXY protocol, which one of the trusted proxies
    /// writes.
    pub proxy_protocol: bool,
    /// The listener's own TLS.
    pub tls: Tls,
    /// The listener of partners.
    pub partner: Partner,
    /// What the platform shows when it calls others, and whom it trusts there.
    pub outbound: Outgoing,
    /// How much of a listener one connection, one address and everybody together may hold.
    pub connections: Connections,
    /// The service desk that pages and mails name.
    pub contact: Contact,
    /// How mails are sent.
    pub mail: MailSettings,
    /// How text messages are sent.
    pub sms: SmsSettings,
    /// Who keeps machines out of the forms that anybody may send.
    pub captcha: CaptchaSettings,
    /// Whom DP packages may be signed by.
    pub trust: Trust,
    /// How citizens prove who they are.
    pub identity: Identity,
    /// Who may sign up for the back office.
    pub sign_up: SignUp,
    /// Time limits and schedules.
    pub policy: Policy,
    /// What one caller may ask for.
    pub limits: Limits,
    /// How background work is run.
    pub jobs: Jobs,
    /// Whether parties can be reached, and what follows when they cannot.
    pub health: Health,
    /// How papers are made.
    pub print: Print,
    /// What the operator's tools are told.
    pub ops: Ops,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8480)),
            base_url: None,
            data_dir: PathBuf::from("data"),
            database_url: None,
            key_file: None,
            keys: Keys::default(),
            sandbox: false,
            trusted_proxies: Vec::new(),
            proxy_header: ProxyHeader::default(),
            proxy_protocol: false,
            tls: Tls::default(),
            partner: Partner::default(),
            outbound: Outgoing::default(),
            connections: Connections::default(),
            contact: Contact::default(),
            mail: MailSettings::default(),
            sms: SmsSettings::default(),
            captcha: CaptchaSettings::default(),
            trust: Trust::default(),
            identity: Identity::default(),
            sign_up: SignUp::default(),
            policy: Policy::default(),
            limits: Limits::default(),
            jobs: Jobs::default(),
            health: Health::default(),
            print: Print::default(),
            ops: Ops::default(),
        }
    }
}

/// In which header trusted proxies say for whom they ask. Only one is read: a proxy that writes one of them passes the other
/// on as whoever asks has written it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// In none.
    None,
}

/// The listener's own TLS (R96). Without it http is spoken, and a proxy before it ends TLS.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// File (PEM) of the certificate, with those between it and its root.
    pub certificate: Option<PathBuf>,
    /// File (PEM) of its key.
    pub key: Option<PathBuf>,
    /// Where to listen besides with plain http that only points to https.
    pub redirect_listen: Option<SocketAddr>,
}

/// The listener of partners, which asks them for a client certificate (R97).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Partner {
    /// Where to listen; without it partners use `listen`, where no certificate is asked for.
    pub listen: Option<SocketAddr>,
    /// How partners reach it. Defaults to `base_url` with this listener's port.
    pub base_url: Option<Url>,
    /// Whether `listen` refuses the partner APIs.
    pub only: bool,
    /// Files (PEM) of the roots that client certificates registered by subject come from.
    pub client_roots: Vec<PathBuf>,
    /// Where a trusted proxy ends TLS: the header in which it passes the client's certificate on, to this listener only.
    pub client_certificate_header: Option<String>,
    /// As `proxy_protocol`, for this listener.
    pub proxy_protocol: bool,
}

/// What the platform shows when it calls SPs and DPs, and whom it trusts there (R97).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outgoing {
    /// File (PEM) of the platform's client certificate, with those between it and its root.
    pub client_certificate: Option<PathBuf>,
    /// File (PEM) of its key.
    pub client_key: Option<PathBuf>,
    /// Files (PEM) of roots that are trusted besides the system's.
    pub roots: Vec<PathBuf>,
    /// Internal networks whose addresses are called like public ones, outside the sandbox.
    pub allowed_networks: Vec<IpNet>,
}

impl Outgoing {
    /// Everything about the networks that cannot work, one sentence each, naming the key.
    fn faults(&self) -> Vec<String> {
        let fault = |network: &IpNet| {
            let what = crate::outbound::guard::may_be_allowed(network).err()?;
            Some(format!("outbound.allowed_networks: {network} holds {what}; these are never called"))
        };
        self.allowed_networks.iter().filter_map(fault).collect()
    }
}

/// How much of a listener one connection, one address and everybody together may hold. For each listener by itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Connections {
    /// Open connections in all.
    pub in_all: u32,
    /// Open connections of one address that is no trusted proxy; of an IPv6 /64 together.
    pub per_address: u32,
    /// Time for the handshake.
    pub handshake: Seconds,
    /// Time until the head of a request is there; also how long a connection may idle.
    pub head: Seconds,
    /// Largest head of a request in bytes.
    pub head_bytes: u32,
    /// Longest pause inside the body of a request.
    pub body_pause: Seconds,
    /// Time for the whole body.
    pub body: Seconds,
    /// Bytes of a body that must come in a second, on the average of the time that was waited for it.
    pub body_rate: u32,
    /// How long a body is waited for before its rate counts.
    pub body_grace: Seconds,
    /// Largest body in bytes; forms have smaller limits of their own.
    pub body_bytes: u64,
    /// How long an answer may wait for its reader.
    pub stalled: Seconds,
    /// Requests that are worked on at a time, each until its answer begins.
    pub requests: u32,
    /// The same of one address that is no trusted proxy, or for which such a proxy asks; of an IPv6 /64 together.
    pub requests_per_address: u32,
    /// After how many seconds whoever is sent away may come back.
    pub retry_after: u32,
    /// How long requests may take to end when the platform stops.
    pub grace: Seconds,
    /// How long the platform goes on before it stops, while `/readyz` says that it ends already.
    pub drain: Seconds,
}

impl Default for Connections {
    fn default() -> Self {
        let limits = mydata_listen::Limits::default();
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            in_all: small(limits.connections),
            per_address: small(limits.connections_per_address),
            handshake: Seconds(limits.handshake),
            head: Seconds(limits.head),
            head_bytes: small(limits.head_bytes),
            body_pause: Seconds(limits.body_pause),
            body: Seconds(limits.body),
            body_rate: limits.body_rate,
            body_grace: Seconds(limits.body_grace),
            body_bytes: limits.body_bytes,
            stalled: Seconds(limits.stalled),
            requests: small(limits.requests),
            requests_per_address: small(limits.requests_per_address),
            retry_after: u32::try_from(limits.retry_after).unwrap_or(u32::MAX),
            grace: Seconds(limits.grace),
            drain: Seconds::from_secs(5),
        }
    }
}

impl Connections {
    /// As a listener takes them.
    pub fn limits(&self) -> mydata_listen::Limits {
        mydata_listen::Limits {
            connections: self.in_all as usize,
            connections_per_address: self.per_address as usize,
            handshake: self.handshake.0,
            head: self.head.0,
            head_bytes: self.head_bytes as usize,
            body_pause: self.body_pause.0,
            body: self.body.0,
            body_rate: self.body_rate,
            body_grace: self.body_grace.0,
            body_bytes: self.body_bytes,
            stalled: self.stalled.0,
            requests: self.requests as usize,
            requests_per_address: self.requests_per_address as usize,
            retry_after: u64::from(self.retry_after),
            grace: self.grace.0,
        }
    }

    /// Everything that cannot work, one sentence each, naming the key.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let numbers = [
            ("in_all", u64::from(self.in_all), 1),
            ("per_address", u64::from(self.per_address), 1),
            ("head_bytes", u64::from(self.head_bytes), mydata_listen::limits::MIN_HEAD_BYTES as u64),
            ("body_bytes", self.body_bytes, 1 << 20),
            ("requests", u64::from(self.requests), 1),
            ("requests_per_address", u64::from(self.requests_per_address), 1),
            ("body_rate", u64::from(self.body_rate), 1),
            ("retry_after", u64::from(self.retry_after), 1),
        ];
        for (key, value, least) in numbers {
            if value < least {
                faults.push(format!("connections.{key} must be at least {least}"));
            }
        }
        let times = [
            ("handshake", self.handshake),
            ("head", self.head),
            ("body_pause", self.body_pause),
            ("body", self.body),
            ("body_grace", self.body_grace),
            ("stalled", self.stalled),
            ("grace", self.grace),
        ];
        for (key, value) in times {
            if !(0.1..=3_600.0).contains(&value.0.as_secs_f64()) {
                faults.push(format!("connections.{key} must be 0.1 seconds to an hour"));
            }
        }
        if self.drain.0.as_secs() > 600 {
            faults.push("connections.drain must be ten minutes at most".to_owned());
        }
        faults
    }
}

/// An address with a password in it. `Debug` hides it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(pub String);

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseUrl(…)")
    }
}

/// Where the master key comes from when it is not in a file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// A variable of the environment that holds it.
    pub environment: Option<String>,
    /// A command that prints it: the program and its arguments, which no shell reads.
    pub command: Vec<String>,
    /// How long the command may take.
    pub command_limit: Seconds,
}

impl Default for Keys {
    fn default() -> Self {
        Self { environment: None, command: Vec::new(), command_limit: Seconds::from_secs(10) }
    }
}

/// Without the command's arguments, which may be secret.
impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys")
            .field("environment", &self.environment)
            .field("command", &self.command.first())
            .finish_non_exhaustive()
    }
}

impl Keys {
    /// Everything that cannot work, one sentence each, naming the key.
    fn faults(&self, file: bool) -> Vec<String> {
        let mut faults = Vec::new();
        if usize::from(file) + usize::from(self.environment.is_some()) + usize::from(!self.command.is_empty())
            > 1
        {
            faults.push(
                "key_file, keys.environment and keys.command exclude each other: the master key comes from one place"
                    .to_owned(),
            );
        }
        if let Some(name) = &self.environment {
            if name.is_empty() || name.contains(['=', '\0']) {
                faults.push("keys.environment is no name of a variable".to_owned());
            }
            if name.starts_with("MYDATA_") {
                faults.push(
                    "keys.environment must not begin with MYDATA_: such variables are keys of the configuration".to_owned(),
                );
            }
        }
        if self.command.first().is_some_and(|program| program.trim().is_empty()) {
            faults.push("keys.command names no program".to_owned());
        }
        if !(0.1..=120.0).contains(&self.command_limit.0.as_secs_f64()) {
            faults.push("keys.command_limit must be 0.1 to 120 seconds".to_owned());
        }
        faults
    }
}

/// The service desk.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contact {
    /// Phone number.
    pub phone: String,
    /// Mail address.
    pub mailbox: String,
}

impl Default for Contact {
    fn default() -> Self {
        Self { phone: "02-0000-0000".to_owned(), mailbox: "service@mydata.example".to_owned() }
    }
}

/// How mails are sent, and how often it is tried.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailSettings {
    /// The address that mails come from. Nobody reads what is sent to it (R22).
    pub from: String,
    /// The mail server. Without one mails wait in the outbox until they are given up.
    pub smtp: Option<Smtp>,
    /// The sandbox's mailbox, which takes mails over HTTP. In the sandbox only, and instead of a mail server.
    pub mailbox: Option<Url>,
    /// Waits after the first, second … failure.
    pub retry: Vec<Seconds>,
    /// Wait after each later one.
    pub retry_later: Seconds,
    /// How long after it was written a mail is given up.
    pub give_up_after: Seconds,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            from: "system@mydata.example".to_owned(),
            smtp: None,
            mailbox: None,
            retry: [10, 60, 300, 900, 3600].map(Seconds::from_secs).to_vec(),
            retry_later: Seconds::from_secs(4 * 3600),
            give_up_after: Seconds::from_secs(3 * 24 * 3600),
        }
    }
}

/// A mail server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// Its host name, as its certificate has it.
    pub host: String,
    /// Its port; without one 465, 587 or 25, as `tls` says.
    pub port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    pub tls: SmtpTls,
    /// File (PEM) of the certificates that its own may come from; without one those of the system.
    pub roots: Option<PathBuf>,
    /// Who signs in there; without one nobody does.
    pub user: Option<String>,
    /// With which password.
    pub password: Option<Password>,
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// TLS from the first byte (RFC 8314).
    #[default]
    Implicit,
    /// STARTTLS before anything else is said; without it no mail is sent.
    Starttls,
    /// None at all: for a mail server on the same machine.
    None,
}

/// A password. `Debug` hides it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(pub String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

impl MailSettings {
    /// Everything that cannot work, one sentence each, naming the key.
    fn faults(&self, sandbox: bool) -> Vec<String> {
        let mut faults = Vec::new();
        if mydata_domain::forms::reader::mail(&self.from).is_none() {
            faults.push("mail.from is no mail address".to_owned());
        }
        if self.mailbox.is_some() && !sandbox {
            faults.push("mail.mailbox is for the sandbox only; name a mail server in mail.smtp".to_owned());
        }
        if let Some(smtp) = &self.smtp {
            if smtp.host.trim().is_empty() {
                faults.push("mail.smtp.host names no host".to_owned());
            }
            if smtp.user.is_some() != smtp.password.is_some() {
                faults.push("mail.smtp.user and mail.smtp.password belong together".to_owned());
            }
            if let Some(file) = smtp.roots.as_ref().filter(|file| !file.is_file()) {
                faults.push(format!("mail.smtp.roots: there is no file {}", file.display()));
            }
        }
        faults
    }
}

/// How text messages are sent. Tries and waits are those of mails.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmsSettings {
    /// The gateway. Without one nobody is offered text messages.
    pub gateway: Option<SmsGateway>,
    /// The sandbox's mailbox, which takes text messages over HTTP. In the sandbox only, and instead of a gateway.
    pub mailbox: Option<Url>,
}

/// A gateway for text messages, spoken to over HTTP.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmsGateway {
    /// Where messages are posted to.
    pub url: Url,
    /// The secret that is sent as a bearer token (RFC 6750).
    pub token: Password,
    /// Whom messages come from, where the gateway asks for it.
    pub sender: Option<String>,
}

impl SmsSettings {
    /// Everything that cannot work, one sentence each, naming the key.
    fn faults(&self, sandbox: bool) -> Vec<String> {
        let mut faults = Vec::new();
        if self.mailbox.is_some() && !sandbox {
            faults.push("sms.mailbox is for the sandbox only; name a gateway in sms.gateway".to_owned());
        }
        if let Some(gateway) = &self.gateway {
            if gateway.url.scheme() != "https" && !(sandbox && gateway.url.scheme() == "http") {
                faults.push(
                    "sms.gateway.url must begin with https:// (http is for the sandbox only)".to_owned(),
                );
            }
            if gateway.token.0.trim().is_empty() {
                faults.push("sms.gateway.token is empty; the gateway's provider gives it".to_owned());
            }
        }
        faults
    }
}

/// Who keeps machines out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CaptchaSettings {
    /// A service outside; without one the platform's own captcha.
    pub outside: Option<OutsideCaptcha>,
}

/// A captcha service whose widget posts a token that the platform has verified with it (`siteverify`).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutsideCaptcha {
    /// Where tokens are verified.
    pub siteverify: Url,
    /// The secret that goes with each of these calls.
    pub secret: Password,
    /// The public key of the widget.
    pub site_key: String,
    /// The widget's script.
    pub script: Url,
    /// The class of the element in which the script puts the widget.
    pub class: String,
    /// The field in which it posts its token.
    pub field: String,
    /// What the widget loads from elsewhere than the script's origin.
    #[serde(default)]
    pub origins: Vec<Url>,
}

impl OutsideCaptcha {
    /// Everything that cannot work, one sentence each, naming the key.
    fn faults(&self, sandbox: bool) -> Vec<String> {
        let mut faults = Vec::new();
        let mut urls = vec![("siteverify", &self.siteverify), ("script", &self.script)];
        urls.extend(self.origins.iter().map(|url| ("origins", url)));
        for (key, url) in urls {
            if url.scheme() != "https" && !(sandbox && url.scheme() == "http") {
                faults.push(format!(
                    "captcha.outside.{key} must begin with https:// (http is for the sandbox only)"
                ));
            }
        }
        let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
        for (key, text) in [("class", &self.class), ("field", &self.field), ("site_key", &self.site_key)] {
            if text.is_empty() || !text.chars().all(name) {
                faults
                    .push(format!("captcha.outside.{key} must be letters, digits, hyphens and underscores"));
            }
        }
        if self.secret.0.trim().is_empty() {
            faults.push("captcha.outside.secret is empty; the captcha's provider gives it".to_owned());
        }
        faults
    }
}

/// How papers are made (R57).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Print {
    /// File of the font that papers are written with (OpenType or TrueType, with Chinese characters). Without one the
    /// usual places of the system are looked through.
    pub font: Option<PathBuf>,
}

/// What the operator's tools are told.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ops {
    /// Where `/metrics`, `/healthz` and `/readyz` are answered, in plain HTTP: an address of the operator's network.
    /// Without one there are no metrics; the other two are on the main address as well.
    pub listen: Option<SocketAddr>,
    /// Where traces are sent. Without it none are made.
    pub traces: Option<Traces>,
}

/// A collector of traces.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traces {
    /// Where OTLP messages in JSON are posted to, such as `http://127.0.0.1:4318/v1/traces`.
    pub url: Url,
    /// What is sent as a bearer token (RFC 6750), where the collector asks for one.
    pub token: Option<Password>,
    /// One transaction in so many is traced, whole.
    #[serde(default = "one")]
    pub one_in: u32,
}

fn one() -> u32 {
    1
}

impl Ops {
    /// Everything that cannot work, one sentence each, naming the key.
    fn faults(&self, listen: SocketAddr) -> Vec<String> {
        let mut faults = Vec::new();
        if self.listen.is_some_and(|own| own == listen && own.port() != 0) {
            faults.push("ops.listen must be another address than listen".to_owned());
        }
        if let Some(traces) = &self.traces {
            if !matches!(traces.url.scheme(), "http" | "https") {
                faults.push("ops.traces.url must begin with http:// or https://".to_owned());
            }
            if traces.one_in == 0 {
                faults.push(
                    "ops.traces.one_in must be at least 1; leave ops.traces out to trace nothing".to_owned(),
                );
            }
        }
        faults
    }
}

/// Who may sign up for the back office.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignUp {
    /// Domains of free mail services whose addresses are refused (R2), beside those that the program knows.
    pub free_mail: Vec<String>,
}

/// Whom DP packages may be signed by (R131).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trust {
    /// Files with root certificates (PEM or DER).
    pub roots: Vec<PathBuf>,
    /// Files with certificates that stand between a signer and a root.
    pub intermediates: Vec<PathBuf>,
    /// How it is learnt whether a certificate is revoked. Without it: `ocsp-then-crl`, and `off` in the sandbox.
    pub revocation: Option<RevocationOrder>,
    /// What happens to a package when it cannot be learnt.
    pub on_unknown: OnUnknown,
    /// How long one way of learning it is waited for.
    pub patience: Seconds,
    /// Largest revocation list in bytes.
    pub max_list_bytes: usize,
    /// Where issuers tell it, instead of where their certificates say.
    pub issuers: Vec<TrustedIssuer>,
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            intermediates: Vec::new(),
            revocation: None,
            on_unknown: OnUnknown::default(),
            patience: Seconds::from_secs(5),
            max_list_bytes: 32 << 20,
            issuers: Vec::new(),
        }
    }
}

/// How it is learnt whether a certificate is revoked; the second way where the first tells nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevocationOrder {
    /// Not at all.
    Off,
    /// By OCSP, then CRL.
    OcspThenCrl,
    /// By CRL, then OCSP.
    CrlThenOcsp,
    /// By OCSP alone.
    Ocsp,
    /// By CRL alone.
    Crl,
}

impl RevocationOrder {
    /// The order of ways; `None`: off.
    pub fn order(self) -> Option<mydata_revocation::Order> {
        use mydata_revocation::Order;
        Some(match self {
            Self::Off => return None,
            Self::OcspThenCrl => Order::OcspThenCrl,
            Self::CrlThenOcsp => Order::CrlThenOcsp,
            Self::Ocsp => Order::Ocsp,
            Self::Crl => Order::Crl,
        })
    }
}

/// What happens to a package when it cannot be learnt whether its certificate is revoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnUnknown {
    /// It is refused, and asked for again while there are tries left.
    #[default]
    Refuse,
    /// It is accepted, and that is written down with the dataset.
    AcceptAndFlag,
}

/// Where an issuer tells which of its certificates are revoked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedIssuer {
    /// The issuer's subject as `mydata doctor` prints it (RFC 4514).
    pub subject: String,
    /// Addresses of its responders.
    #[serde(default)]
    pub ocsp: Vec<Url>,
    /// Addresses of its revocation lists.
    #[serde(default)]
    pub crl: Vec<Url>,
}

impl Trust {
    /// How revocation is learnt.
    pub fn order(&self, sandbox: bool) -> Option<mydata_revocation::Order> {
        match self.revocation {
            Some(set) => set.order(),
            None if sandbox => None,
            None => RevocationOrder::OcspThenCrl.order(),
        }
    }

    /// Everything that cannot work, one sentence each, naming the key.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(0.1..=60.0).contains(&self.patience.0.as_secs_f64()) {
            faults.push("trust.patience must be 0.1 to 60 seconds".to_owned());
        }
        if !(1 << 10..=1 << 30).contains(&self.max_list_bytes) {
            faults.push("trust.max_list_bytes must be 1024 to 1073741824".to_owned());
        }
        for issuer in &self.issuers {
            let subject = issuer.subject.trim();
            if subject.is_empty() {
                faults.push(
                    "trust.issuers: a subject is empty; write it as `mydata doctor` prints it".to_owned(),
                );
            }
            if issuer.ocsp.is_empty() && issuer.crl.is_empty() {
                faults.push(format!("trust.issuers: {subject} names neither ocsp nor crl"));
            }
            for url in issuer.ocsp.iter().chain(&issuer.crl) {
                if !matches!(url.scheme(), "http" | "https") {
                    faults.push(format!("trust.issuers: {url} is neither http:// nor https://"));
                }
            }
        }
        faults
    }
}

/// How citizens prove who they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    /// OpenID Connect providers. Each method is carried out by the first that names it, after the ways below.
    pub oidc: Vec<OidcProvider>,
    /// Cards that sign.
    pub card: Vec<CardMethod>,
    /// Whether `OTP` is carried out by one-time passwords, sent to addresses that citizens have confirmed.
    pub codes: bool,
    /// Verification services that are asked over HTTP.
    pub service: Vec<VerificationService>,
}

/// Cards of one kind that sign, such as 自然人憑證.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardMethod {
    /// The methods they carry out.
    pub methods: Vec<Verification>,
    /// Files (PEM or DER) of the roots that the cards' certificates come from.
    pub roots: Vec<PathBuf>,
    /// Files of what stands between.
    #[serde(default)]
    pub intermediates: Vec<PathBuf>,
    /// What happens when it cannot be learnt whether a card is revoked; how that is learnt is said in `trust`.
    #[serde(default)]
    pub on_unknown: OnUnknown,
    /// The attribute of the subject that holds the personal id, or its end: a name such as `serialNumber` or an OID.
    #[serde(default = "serial_number")]
    pub id_attribute: String,
    /// How much of the id it holds.
    #[serde(default)]
    pub id_holds: IdHolds,
    /// The attribute of the subject that holds the person's name.
    #[serde(default = "common_name")]
    pub name_attribute: String,
    /// Where the citizen's card component takes what is to be signed.
    #[serde(default)]
    pub component: Option<Url>,
}

fn serial_number() -> String {
    "serialNumber".to_owned()
}

fn common_name() -> String {
    "CN".to_owned()
}

/// How much of the personal id a card holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdHolds {
    /// All of it.
    #[default]
    Whole,
    /// Its last four digits, at the attribute's end: the citizen types the whole, and the card is theirs from then on.
    LastFour,
}

/// A verification service that is asked over HTTP.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerificationService {
    /// The methods it carries out.
    pub methods: Vec<Verification>,
    /// Where it is asked.
    pub url: Url,
    /// Our name there, for HTTP basic authentication.
    #[serde(default)]
    pub user: Option<String>,
    /// Our password there.
    #[serde(default)]
    pub password: Option<Password>,
    /// A bearer token instead (RFC 6750).
    #[serde(default)]
    pub token: Option<Password>,
    /// What the citizen is asked for.
    pub fields: Vec<ServiceField>,
}

/// A field of a verification service's form.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceField {
    /// Its name, as it is sent.
    pub name: String,
    /// What it is called in zh-TW.
    pub label_zh: String,
    /// The same in English.
    pub label_en: String,
    /// What may stand in it.
    pub form: FieldForm,
    /// Whether it is not to be read on the screen.
    #[serde(default)]
    pub hidden: bool,
    /// Fewest characters.
    #[serde(default = "one")]
    pub min: u32,
    /// Most characters.
    #[serde(default = "sixty_four")]
    pub max: u32,
}

fn sixty_four() -> u32 {
    64
}

/// What may stand in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldForm {
    /// A personal id; sent in upper case.
    PersonalId,
    /// A day; sent as an ISO date.
    Date,
    /// Digits.
    Digits,
    /// Any text.
    Text,
}

impl Identity {
    /// Every method that some way carries out, strongest first.
    pub fn methods(&self) -> Vec<Verification> {
        let mut all: Vec<_> = self.oidc.iter().flat_map(|provider| provider.methods.clone()).collect();
        all.extend(self.card.iter().flat_map(|card| card.methods.clone()));
        all.extend(self.codes.then_some(Verification::Otp));
        all.extend(self.service.iter().flat_map(|service| service.methods.clone()));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Everything that cannot work, one sentence each, naming the key.
    fn faults(&self, sandbox: bool) -> Vec<String> {
        let mut faults = Vec::new();
        let local = |url: &Url| {
            url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"))
        };
        if self.oidc.is_empty() && self.card.is_empty() && !self.codes && self.service.is_empty() {
            faults.push("identity.oidc names no provider: no citizen could prove who they are".to_owned());
        }
        for provider in &self.oidc {
            if !sandbox && provider.issuer.scheme() != "https" {
                faults.push(format!("identity.oidc: issuer {} must begin with https://", provider.issuer));
            }
            if provider.methods.is_empty() {
                faults.push(format!("identity.oidc: {} names no methods", provider.issuer));
            }
            for method in provider.acr.values().filter(|method| !provider.methods.contains(method)) {
                faults.push(format!(
                    "identity.oidc: {} has an acr for {method}, which is not among its methods",
                    provider.issuer
                ));
            }
        }
        let own = [("card", self.card.iter().map(|card| &card.methods).collect::<Vec<_>>())]
            .into_iter()
            .chain([("service", self.service.iter().map(|service| &service.methods).collect())]);
        for (key, lists) in own {
            for methods in lists {
                if methods.is_empty() {
                    faults.push(format!("identity.{key}: a table names no methods"));
                }
                if methods.contains(&Verification::Gov) {
                    faults.push(format!(
                        "identity.{key}: GOV is an account of a provider; name it under identity.oidc"
                    ));
                }
            }
        }
        for card in &self.card {
            if card.roots.is_empty() {
                faults.push("identity.card: roots names no file: no card could be believed".to_owned());
            }
            for file in card.roots.iter().chain(&card.intermediates).filter(|file| !file.is_file()) {
                faults.push(format!("identity.card: there is no file {}", file.display()));
            }
            for (key, attribute) in
                [("id_attribute", &card.id_attribute), ("name_attribute", &card.name_attribute)]
            {
                if mydata_seal::cms::attribute_oid(attribute).is_none() {
                    faults.push(format!(
                        "identity.card: {key} is neither an OID with dots nor CN, SN, GN, OU, UID, title or serialNumber"
                    ));
                }
            }
            if let Some(component) = &card.component
                && component.scheme() != "https"
                && !(component.scheme() == "http" && (sandbox || local(component)))
            {
                faults.push(
                    "identity.card: component must begin with https:// (http is for localhost only)"
                        .to_owned(),
                );
            }
        }
        for service in &self.service {
            if service.url.scheme() != "https" && !(sandbox && service.url.scheme() == "http") {
                faults.push(
                    "identity.service: url must begin with https:// (http is for the sandbox only)"
                        .to_owned(),
                );
            }
            if service.user.is_some() != service.password.is_some() {
                faults.push("identity.service: user and password belong together".to_owned());
            }
            if service.user.is_some() == service.token.is_some() {
                faults.push("identity.service: either user and password or token is needed".to_owned());
            }
            if service.fields.is_empty() {
                faults.push("identity.service: fields is empty: the citizen could type nothing".to_owned());
            }
            for (at, field) in service.fields.iter().enumerate() {
                let name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
                let bad = field.name.is_empty() || !field.name.chars().all(name);
                let twice = service.fields[..at].iter().any(|other| other.name == field.name);
                if bad || twice || field.name == "form_token" {
                    faults.push(format!(
                        "identity.service: fields: {:?} must be small letters, digits and underscores, once each",
                        field.name
                    ));
                }
                if field.min > field.max || field.max == 0 || field.max > 1_000 {
                    faults.push(format!(
                        "identity.service: fields: {}: min and max must be in order, and at most 1000",
                        field.name
                    ));
                }
            }
        }
        faults
    }
}

/// One OpenID Connect provider.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcProvider {
    /// Its issuer, as discovery has it.
    pub issuer: Url,
    /// Our name there.
    pub client_id: String,
    /// Our secret there.
    pub client_secret: String,
    /// The methods it carries out.
    pub methods: Vec<Verification>,
    /// Which of its claims say what.
    #[serde(default)]
    pub claims: ClaimNames,
    /// What it calls the methods in `acr`; without any it calls them as the platform does.
    #[serde(default)]
    pub acr: BTreeMap<String, Verification>,
}

/// Which claims of an ID token say what.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClaimNames {
    /// The personal id.
    pub uid: String,
    /// The name.
    pub name: String,
    /// The date of birth, ISO.
    pub birthdate: String,
    /// `male` or `female`.
    pub gender: String,
    /// The mail address.
    pub email: String,
    /// Whether that address is the citizen's.
    pub email_verified: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        let own = |name: &str| name.to_owned();
        Self {
            uid: own("uid"),
            name: own("name"),
            birthdate: own("birthdate"),
            gender: own("gender"),
            email: own("email"),
            email_verified: own("email_verified"),
        }
    }
}

impl std::fmt::Debug for OidcProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OidcProvider")
            .field("issuer", &self.issuer.as_str())
            .field("client_id", &self.client_id)
            .field("methods", &self.methods)
            .finish_non_exhaustive()
    }
}

/// What one caller may ask for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Calls of the partner APIs in a minute from one address.
    pub partner_per_minute: u32,
    /// Calls of the partner APIs in a minute by one service, from all its addresses together.
    pub service_per_minute: u32,
    /// Calls in a minute by the DP of one dataset, from all its addresses together.
    pub dataset_per_minute: u32,
    /// Entries and posted forms in a minute from one address.
    pub pages_per_minute: u32,
    /// Posted forms in a minute by one citizen who is logged in, from wherever.
    pub citizen_per_minute: u32,
    /// Tries to prove who one is, on the platform's own pages, in a minute from one address.
    pub proofs_per_minute: u32,
    /// Messages to the service desk in a minute from one address.
    pub contacts_per_minute: u32,
    /// Packages that one node opens for citizens' eyes at a time.
    pub previews_at_once: u32,
    /// Connection tests of one item in a minute.
    pub probes_per_minute: u32,
    /// Largest DP package in bytes.
    pub max_package_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            partner_per_minute: 1_200,
            service_per_minute: 2_400,
            dataset_per_minute: 6_000,
            pages_per_minute: 300,
            citizen_per_minute: 60,
            proofs_per_minute: 30,
            previews_at_once: 8,
            contacts_per_minute: 3,
            probes_per_minute: 6,
            max_package_bytes: 2 << 30,
        }
    }
}

/// Whether parties can be reached, and what follows when they cannot (R42, R88).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Health {
    /// How often a DP-API or SP-API is polled.
    pub poll_every: Seconds,
    /// How long the answer to a poll may take.
    pub answer: Seconds,
    /// After so many failures in a row the owner is told by mail. Zero: never.
    pub tell_after: u32,
    /// After so many failures in a row the item is suspended as failing, and resumed when it is well again. Without it
    /// people decide.
    pub suspend_after: Option<u32>,
    /// Personal id of the fictional person of whom DPs of the test zone are asked in a connection test.
    pub test_person: String,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            poll_every: Seconds::from_secs(300),
            answer: Seconds::from_secs(10),
            tell_after: 3,
            suspend_after: None,
            test_person: "A123456789".to_owned(),
        }
    }
}

impl Health {
    /// What the rule of polls is asked with.
    pub fn rule(&self) -> mydata_domain::health::Rule {
        mydata_domain::health::Rule { tell_after: self.tell_after, suspend_after: self.suspend_after }
    }

    /// Everything that cannot work, one sentence each, naming the key.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let seconds = |value: Seconds| value.0.as_secs_f64();
        if !(1.0..=86_400.0).contains(&seconds(self.poll_every)) {
            faults.push("health.poll_every must be 1 second to a day".to_owned());
        }
        if !(0.1..=60.0).contains(&seconds(self.answer)) {
            faults.push("health.answer must be 0.1 to 60 seconds".to_owned());
        }
        if self.suspend_after == Some(0) {
            faults
                .push("health.suspend_after must be at least 1; leave it out to suspend nothing".to_owned());
        }
        if self.test_person.parse::<mydata_wire::PersonalId>().is_err() {
            faults.push("health.test_person is no personal id".to_owned());
        }
        faults
    }
}

/// How background work is run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jobs {
    /// Jobs of one kind that one node works on at a time. Kinds do not wait for each other.
    pub at_once: u32,
    /// Calls of DPs that one node makes at a time, in all.
    pub collect_at_once: u32,
    /// Of these, calls for one dataset: a DP that hangs holds up nobody but itself.
    pub collect_per_dataset: u32,
    /// Mails that one node sends at a time.
    pub mail_at_once: u32,
    /// Polls that one node makes at a time.
    pub poll_at_once: u32,
    /// After this long without a sign of life another node takes a job over.
    pub lease: Seconds,
    /// How often files that nothing refers to are looked for.
    pub sweep_every: Seconds,
    /// A file must be this old to count as left behind.
    pub sweep_older_than: Seconds,
}

impl Default for Jobs {
    fn default() -> Self {
        Self {
            at_once: 64,
            collect_at_once: 128,
            collect_per_dataset: 32,
            mail_at_once: 4,
            poll_at_once: 8,
            lease: Seconds::from_secs(30),
            sweep_every: Seconds::from_secs(300),
            sweep_older_than: Seconds::from_secs(3600),
        }
    }
}

impl Config {
    /// How the outside reaches the platform, with a slash at the end.
    pub fn base_url(&self) -> Url {
        let mut url = self.base_url.clone().unwrap_or_else(|| {
            let scheme = if self.tls.certificate.is_some() { "https" } else { "http" };
            Url::parse(&format!("{scheme}://{}/", self.listen)).expect("a socket address makes a URL")
        });
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        url
    }

    /// How partners reach their APIs, with a slash at the end.
    pub fn partner_base_url(&self) -> Url {
        let mut url = match (&self.partner.base_url, self.partner.listen) {
            (Some(url), _) => url.clone(),
            (None, None) => return self.base_url(),
            (None, Some(listen)) => {
                let mut url = self.base_url();
                // An http(s) URL takes any port.
                let _ = url.set_port(Some(listen.port()));
                url
            }
        };
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        url
    }

    /// What cannot work of the listeners and of what is shown to others.
    fn edge_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let pairs = [
            ("tls.certificate", "tls.key", &self.tls.certificate, &self.tls.key),
            (
                "outbound.client_certificate",
                "outbound.client_key",
                &self.outbound.client_certificate,
                &self.outbound.client_key,
            ),
        ];
        for (one, other, first, second) in pairs {
            if first.is_some() != second.is_some() {
                faults.push(format!("{one} and {other} belong together"));
            }
            for (key, file) in [(one, first), (other, second)] {
                if let Some(file) = file.as_ref().filter(|file| !file.is_file()) {
                    faults.push(format!("{key}: there is no file {}", file.display()));
                }
            }
        }
        for (key, files) in
            [("partner.client_roots", &self.partner.client_roots), ("outbound.roots", &self.outbound.roots)]
        {
            for file in files.iter().filter(|file| !file.is_file()) {
                faults.push(format!("{key}: there is no file {}", file.display()));
            }
        }
        if self.tls.certificate.is_some() && self.base_url().scheme() != "https" {
            faults.push("base_url must begin with https:// where tls.certificate is set".to_owned());
        }
        if self.tls.redirect_listen.is_some() && self.base_url().scheme() != "https" {
            faults
                .push("tls.redirect_listen points to https, and base_url does not begin with it".to_owned());
        }
        if self.partner.only && self.partner.listen.is_none() {
            faults.push("partner.only leaves partners no way in; set partner.listen".to_owned());
        }
        if let Some(base) = &self.partner.base_url
            && (!matches!(base.scheme(), "http" | "https")
                || base.query().is_some()
                || base.fragment().is_some())
        {
            faults.push("partner.base_url must be an http(s) URL without query and fragment".to_owned());
        }
        if let Some(name) = &self.partner.client_certificate_header {
            if name.parse::<http::HeaderName>().is_err() {
                faults.push("partner.client_certificate_header is no name of a header".to_owned());
            }
            if self.partner.listen.is_none() {
                faults.push(
                    "partner.client_certificate_header is believed on partner.listen only, and it is not set"
                        .to_owned(),
                );
            }
            if self.trusted_proxies.is_empty() {
                faults.push(
                    "partner.client_certificate_header is believed from trusted_proxies only, and there are none"
                        .to_owned(),
                );
            }
        }
        for (key, set) in
            [("proxy_protocol", self.proxy_protocol), ("partner.proxy_protocol", self.partner.proxy_protocol)]
        {
            if set && self.trusted_proxies.is_empty() {
                faults.push(format!(
                    "{key} lets nobody in but trusted_proxies, and there are none; name the proxy's address"
                ));
            }
        }
        faults.extend(self.connections.faults());
        faults
    }

    /// Everything that cannot work, one sentence each, naming the key.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let base = self.base_url();
        if !self.sandbox && base.scheme() != "https" {
            faults.push("base_url must begin with https:// (http is for the sandbox only)".to_owned());
        }
        if !matches!(base.scheme(), "http" | "https") || base.query().is_some() || base.fragment().is_some() {
            faults.push("base_url must be an http(s) URL without query and fragment".to_owned());
        }
        if base.path() != "/" {
            faults.push("base_url must not have a path; give the platform a host name of its own".to_owned());
        }
        faults.extend(self.edge_faults());
        faults.extend(self.keys.faults(self.key_file.is_some()));
        faults.extend(self.mail.faults(self.sandbox));
        faults.extend(self.sms.faults(self.sandbox));
        faults.extend(self.captcha.outside.iter().flat_map(|outside| outside.faults(self.sandbox)));
        if let Err(fault) = self.policy.check() {
            faults.push(fault);
        }
        if self.trust.roots.is_empty() {
            faults.push("trust.roots names no file: no DP package could be verified".to_owned());
        }
        for file in self.trust.roots.iter().chain(&self.trust.intermediates) {
            if !file.is_file() {
                faults.push(format!("trust: there is no file {}", file.display()));
            }
        }
        faults.extend(self.identity.faults(self.sandbox));
        faults.extend(self.trust.faults());
        faults.extend(self.outbound.faults());
        faults.extend(self.health.faults());
        faults.extend(self.ops.faults(self.listen));
        if let Some(file) = self.print.font.as_ref().filter(|file| !file.is_file()) {
            faults.push(format!("print.font: there is no file {}", file.display()));
        }
        if self.limits.previews_at_once == 0 {
            faults.push("limits.previews_at_once must be at least 1".to_owned());
        }
        for (key, value) in [
            ("at_once", self.jobs.at_once),
            ("collect_at_once", self.jobs.collect_at_once),
            ("collect_per_dataset", self.jobs.collect_per_dataset),
            ("mail_at_once", self.jobs.mail_at_once),
            ("poll_at_once", self.jobs.poll_at_once),
        ] {
            if value == 0 {
                faults.push(format!("jobs.{key} must be at least 1"));
            }
        }
        faults
    }
}
