//! What an operator may set. Every field has a meaning here and a default; unknown keys are refused.

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
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The service desk that pages and mails name.
    pub contact: Contact,
    /// How mails are sent.
    pub mail: MailSettings,
    /// How text messages are sent.
    pub sms: SmsSettings,
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
            contact: Contact::default(),
            mail: MailSettings::default(),
            sms: SmsSettings::default(),
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
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trust {
    /// Files with root certificates (PEM or DER).
    pub roots: Vec<PathBuf>,
    /// Files with certificates that stand between a signer and a root.
    pub intermediates: Vec<PathBuf>,
}

/// How citizens prove who they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    /// OpenID Connect providers. Each method is offered by the first provider that names it.
    pub oidc: Vec<OidcProvider>,
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
    /// Entries and posted forms in a minute from one address.
    pub pages_per_minute: u32,
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
            pages_per_minute: 300,
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
            Url::parse(&format!("http://{}/", self.listen)).expect("a socket address makes an http URL")
        });
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        url
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
        faults.extend(self.keys.faults(self.key_file.is_some()));
        faults.extend(self.mail.faults(self.sandbox));
        faults.extend(self.sms.faults(self.sandbox));
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
        if self.identity.oidc.is_empty() {
            faults.push("identity.oidc names no provider: no citizen could prove who they are".to_owned());
        }
        for provider in &self.identity.oidc {
            if !self.sandbox && provider.issuer.scheme() != "https" {
                faults.push(format!("identity.oidc: issuer {} must begin with https://", provider.issuer));
            }
            if provider.methods.is_empty() {
                faults.push(format!("identity.oidc: {} names no methods", provider.issuer));
            }
        }
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
