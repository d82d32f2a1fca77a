//! A mail server, spoken to as RFC 5321 has it.

use std::error::Error as _;
use std::time::Duration;

use lettre::address::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::{self, extension::ClientId};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use mydata_domain::text;

use super::post::{Failure, Letter};
use crate::config::{self, SmtpTls};

/// Longest wait for one answer of the mail server.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The name that mails come from, as the seeds have it.
const SENDER: &str = "MyData平臺系統通知";
/// Longest name of an addressee.
const MAX_NAME: usize = 100;
/// How much of what a mail server says is kept.
const MAX_SAID: usize = 200;

/// A mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// With the operator's settings.
    pub(super) fn new(settings: &config::Smtp, from: &str) -> Result<Self, String> {
        let address: Address = from.parse().map_err(|_| "mail.from is no mail address".to_owned())?;
        let host = settings.host.trim();
        let tls = match settings.tls {
            SmtpTls::None => Tls::None,
            SmtpTls::Starttls => Tls::Required(tls(settings, host)?),
            SmtpTls::Implicit => Tls::Wrapper(tls(settings, host)?),
        };
        let port = settings.port.unwrap_or(match settings.tls {
            SmtpTls::Implicit => 465,
            SmtpTls::Starttls => 587,
            SmtpTls::None => 25,
        });
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port)
            .timeout(Some(TIMEOUT))
            .hello_name(ClientId::Domain(address.domain().to_owned()))
            .tls(tls);
        if let (Some(user), Some(password)) = (&settings.user, &settings.password) {
            builder = builder.credentials(Credentials::new(user.clone(), password.0.clone()));
        }
        Ok(Self { transport: builder.build(), from: Mailbox::new(Some(SENDER.to_owned()), address) })
    }

    pub(super) async fn send(&self, letter: &Letter) -> Result<(), Failure> {
        let message = self.message(letter)?;
        self.transport.send(message).await.map(|_| ()).map_err(|error| judge(&error, &letter.address))
    }

    pub(super) async fn check(&self) -> Result<(), String> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err("the mail server does not answer as one".to_owned()),
            Err(error) => Err(said(&error, "")),
        }
    }

    fn message(&self, letter: &Letter) -> Result<Message, Failure> {
        let never = |what: &str| Failure::Final(what.to_owned());
        let address: Address =
            letter.address.parse().map_err(|_| never("the addressee's mail address is none"))?;
        let name = match letter.name.as_str() {
            "" => None,
            name => Some(text::line(name, MAX_NAME).map_err(|bad| {
                Failure::Final(format!("the addressee's name cannot stand in a mail: {bad}"))
            })?),
        };
        let subject = text::line(&letter.subject, 500)
            .map_err(|bad| Failure::Final(format!("the subject cannot stand in a mail: {bad}")))?;
        let auto = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            // RFC 3834 §5: no automatic answers to it.
            "auto-generated".to_owned(),
        );
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(name, address))
            .subject(subject)
            .date(letter.written_at)
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.email.domain())))
            .raw_header(auto)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone())
            .map_err(|_| never("the mail cannot be put together"))
    }
}

fn tls(settings: &config::Smtp, host: &str) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(file) = &settings.roots {
        let bad = |why: String| format!("mail.smtp.roots: {}: {why}", file.display());
        let pem = std::fs::read(file).map_err(|error| bad(error.to_string()))?;
        let roots = Certificate::from_pem(&pem).map_err(|_| bad("holds no certificate in PEM".to_owned()))?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(roots);
    }
    builder.build_rustls().map_err(|error| format!("mail.smtp: TLS cannot be set up: {error}"))
}

/// Whether it may work later. A mail server that refuses the addressee will not change its mind; anything else may be a
/// fault of the settings or of the moment.
fn judge(error: &smtp::Error, address: &str) -> Failure {
    let said = said(error, address);
    let refused =
        error.is_permanent() && error.status().is_some_and(|code| matches!(u16::from(code), 550 | 551 | 553));
    if refused { Failure::Final(said) } else { Failure::Later(said) }
}

/// What went wrong, without the addressee.
fn said(error: &smtp::Error, address: &str) -> String {
    let source = error.source().map(ToString::to_string).unwrap_or_default();
    let source: String = source
        .split_whitespace()
        .map(|word| if word.contains('@') { "…" } else { word })
        .collect::<Vec<_>>()
        .join(" ");
    let local = address.split('@').next().filter(|local| local.len() > 2);
    let source = local.map_or(source.clone(), |local| source.replace(local, "…"));
    let source: String = source.chars().filter(|c| !c.is_control()).take(MAX_SAID).collect();
    let what = match error.status() {
        Some(code) => format!("the mail server answers {code}"),
        None if error.is_timeout() => "the mail server does not answer in time".to_owned(),
        None if error.is_tls() => "the connection to the mail server cannot be protected".to_owned(),
        None if error.is_response() => "the mail server answers what cannot be read".to_owned(),
        None if error.is_client() => "the mail server cannot do what is needed".to_owned(),
        None => "the mail server cannot be reached".to_owned(),
    };
    if source.is_empty() { what } else { format!("{what}: {source}") }
}
