//! 功能設定: what is configured, to be read; and those few settings that the ministry changes while the platform runs.

use askama::Template;
use http::StatusCode;
use mydata_domain::audit::What;
use mydata_domain::settings::Settings;
use mydata_store::repo::{audit, settings as kept};
use serde_json::{Value, json};

use super::{above, may_keep};
use crate::backoffice::ROOT;
use crate::backoffice::fault::Fault;
use crate::backoffice::forms::words;
use crate::backoffice::frame::Frame;
use crate::backoffice::parts::field::{Choice, Field, Input, TextKind};
use crate::backoffice::parts::form::Form;
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::config::Config;
use crate::web::Lang;

/// Keys, or ends of keys, whose values are shown to nobody.
const SECRET: [&str; 4] = ["password", "secret", "database_url", "token"];

/// The page.
#[derive(Template)]
#[template(path = "backoffice/settings.html")]
pub struct SettingsPage {
    /// The frame.
    pub frame: Frame,
    /// What is to be known first.
    pub notice: Option<Notice>,
    /// What may be changed, for those who may.
    pub form: Option<Form>,
    /// What is configured.
    pub configured: Vec<Configured>,
}

/// A key of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configured {
    /// The key, as the file has it.
    pub key: String,
    /// The variable that sets it.
    pub variable: String,
    /// What holds.
    pub value: String,
    /// Whether it is the default.
    pub default: bool,
}

/// What is configured, key by key; secrets say only whether they are there.
pub fn configured(config: &Config, lang: Lang) -> Vec<Configured> {
    let flat = |config: &Config| {
        let mut all = Vec::new();
        if let Ok(value) = serde_json::to_value(config) {
            flatten("", &value, &mut all);
        }
        all
    };
    let defaults = flat(&Config::default());
    let line = |(key, value): (String, Value)| {
        let is_secret = SECRET.iter().any(|end| key.split(['.', '[']).any(|part| part.ends_with(end)));
        let shown = match &value {
            Value::Null => lang.t("config-none"),
            _ if is_secret => lang.t("config-hidden"),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let top: String = key.split('[').next().unwrap_or_default().to_owned();
        Configured {
            variable: format!("MYDATA_{}", top.to_uppercase().replace('.', "__")),
            default: defaults.contains(&(key.clone(), value)),
            value: shown,
            key,
        }
    };
    flat(config).into_iter().map(line).collect()
}

/// Tables become keys with dots; lists of tables keys with a number; other lists stay whole.
fn flatten(key: &str, value: &Value, into: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                flatten(&key, value, into);
            }
        }
        Value::Array(all) if all.iter().any(Value::is_object) => {
            for (number, value) in all.iter().enumerate() {
                flatten(&format!("{key}[{number}]"), value, into);
            }
        }
        other => into.push((key.to_owned(), other.clone())),
    }
}

type Faults = Vec<(&'static str, mydata_domain::forms::Fault)>;

fn form(visit: &Visit, token: &str, settings: &Settings, version: i64, faults: &Faults) -> Form {
    let (lang, config) = (visit.lang(), &visit.app.config);
    let fault = |name: &str| {
        let found = faults.iter().find(|(field, _)| *field == name);
        found.map(|(field, fault)| match *field {
            "free_mail" => visit.t("settings-free-mail.bad"),
            _ => words::fault(lang, fault),
        })
    };
    let shown = |name: &str, kept: String| visit.posted.raw(name).map_or(kept, str::to_owned);
    let suspension = match settings.automatic_suspension {
        None => "",
        Some(true) => "on",
        Some(false) => "off",
    };
    let choices = vec![
        Choice::new("", visit.t("settings-suspension-configured")),
        Choice::new("on", visit.t("settings-suspension-on")),
        Choice::new("off", visit.t("settings-suspension-off")),
    ];
    Form::simple(lang, format!("{ROOT}/system/settings"), token, visit.t("settings-save"))
        .section(visit.t("settings-running"), Some(visit.t("settings-running.hint")))
        .hide("version", version.to_string())
        .with(
            Field::text(lang, "phone", visit.t("settings-phone"), TextKind::Phone)
                .hint(visit.t1("settings-configured", "value", config.contact.phone.as_str()))
                .value(shown("phone", settings.phone.clone().unwrap_or_default()))
                .max(40)
                .optional()
                .fault(fault("phone")),
        )
        .with(
            Field::text(lang, "mailbox", visit.t("settings-mailbox"), TextKind::Mail)
                .hint(visit.t1("settings-configured", "value", config.contact.mailbox.as_str()))
                .value(shown("mailbox", settings.mailbox.clone().unwrap_or_default()))
                .max(255)
                .optional()
                .fault(fault("mailbox")),
        )
        .with(
            Field::new(lang, "free_mail", visit.t("settings-free-mail"), Input::Area(5))
                .hint(visit.t("settings-free-mail.hint"))
                .value(shown("free_mail", settings.free_mail.join("\n")))
                .optional()
                .fault(fault("free_mail")),
        )
        .with(
            Field::new(lang, "automatic_suspension", visit.t("settings-suspension"), Input::Radio(choices))
                .value(shown("automatic_suspension", suspension.to_owned()))
                .fault(fault("automatic_suspension")),
        )
}

async fn view(visit: &Visit, notice: Option<Notice>, faults: &Faults) -> Result<SettingsPage, Fault> {
    let (settings, version) = kept::load(&visit.app.store.db).await?;
    let frame = visit.frame(visit.t("system-settings"), vec![above(visit)]);
    let form = may_keep(visit)?.then(|| form(visit, &frame.token, &settings, version, faults));
    Ok(SettingsPage { notice, form, configured: configured(&visit.app.config, visit.lang()), frame })
}

/// `GET /system/settings`.
pub async fn show(visit: Visit) -> Answer {
    Ok(visit.ok(&view(&visit, None, &Vec::new()).await?))
}

/// `POST /system/settings`.
pub async fn submit(visit: Visit) -> Answer {
    let posted = |name: &str| visit.posted.text(name);
    let read = Settings::read(
        visit.posted.raw("free_mail").unwrap_or_default(),
        posted("phone"),
        posted("mailbox"),
        posted("automatic_suspension"),
    );
    let settings = match read {
        Ok(settings) => settings,
        Err(faults) => return Ok(visit.mend(&view(&visit, None, &faults).await?)),
    };
    let version: i64 = posted("version").parse().unwrap_or(0);
    let detail = json!({
        "free_mail": settings.free_mail.len(),
        "phone": settings.phone.is_some(),
        "mailbox": settings.mailbox.is_some(),
        "automatic_suspension": settings.automatic_suspension,
    });
    let event = visit.event(What::SettingsChanged).with(detail);
    let (app, now, settings, event) = (&visit.app, visit.now, &settings, std::slice::from_ref(&event));
    let saved = app
        .store
        .db
        .run_tx("settings-save", |tx| async move {
            let saved = kept::save(&tx, settings, version, now).await?;
            if saved {
                audit::append(&tx, &*app.random, event).await?;
            }
            Ok(saved)
        })
        .await?;
    app.system_changed();
    if !saved {
        let notice = Notice::new(Tone::Warn, visit.t("settings-stale"));
        return Ok(visit.page(StatusCode::CONFLICT, &view(&visit, Some(notice), &Vec::new()).await?));
    }
    Ok(visit.go_saying(&format!("{ROOT}/system/settings"), "said-settings-saved", ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DatabaseUrl, OidcProvider, Password, Smtp, SmtpTls};

    #[test]
    fn what_is_configured_is_shown_and_no_secret() {
        let mut config = Config {
            database_url: Some(DatabaseUrl("postgres://mydata:hunter2@db.example/mydata".to_owned())),
            ..Config::default()
        };
        config.mail.smtp = Some(Smtp {
            host: "mail.example".to_owned(),
            port: None,
            tls: SmtpTls::Implicit,
            roots: None,
            user: Some("mydata".to_owned()),
            password: Some(Password("hunter2".to_owned())),
        });
        config.identity.oidc.push(OidcProvider {
            issuer: "https://id.example".parse().unwrap(),
            client_id: "mydata".to_owned(),
            client_secret: "hunter2".to_owned(),
            methods: Vec::new(),
            claims: Default::default(),
            acr: Default::default(),
        });
        let all = configured(&config, Lang::ZhTw);
        assert!(all.iter().all(|line| !line.value.contains("hunter2")), "{all:?}");
        let of = |key: &str| all.iter().find(|line| line.key == key).unwrap_or_else(|| panic!("{key}"));
        assert_eq!(of("mail.smtp.host").value, "mail.example");
        assert_eq!(of("mail.smtp.host").variable, "MYDATA_MAIL__SMTP__HOST");
        assert_eq!(of("identity.oidc[0].client_secret").value, Lang::ZhTw.t("config-hidden"));
        assert_eq!(of("database_url").value, Lang::ZhTw.t("config-hidden"));
        assert!(of("listen").default && !of("mail.smtp.host").default);
        assert!(of("contact.phone").value.starts_with("02-"));
    }
}
