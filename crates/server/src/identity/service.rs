//! A verification service, asked over HTTP with what the citizen typed (多因子, 健保卡 and the like). What is sent and answered is
//! written down for those who build one in `docs/integrators/identity.md`.

use mydata_domain::calendar::read_day;
use mydata_domain::transaction::person::Person;
use mydata_store::repo::citizens;
use mydata_wire::{PersonalId, Verification};
use reqwest::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Verified;
use super::own::view::{Field, Input};
use super::own::{Judged, Mend};
use crate::app::App;
use crate::backoffice::posted::Posted;
use crate::browser::is_same;
use crate::config::{FieldForm, VerificationService};
use crate::outbound::Outbound;
use crate::web::{Lang, i18n};

/// Largest answer.
const MAX_ANSWER: usize = 64 * 1024;

/// Where an attempt by a verification service is.
#[derive(Clone, Serialize, Deserialize)]
pub struct At {
    /// What the service repeats, so that no answer is taken for another's.
    pub nonce: String,
}

/// What was typed, as it is sent. Personal data: no `Debug`.
pub struct Typed {
    fields: Map<String, Value>,
    /// The keyed index of the personal id among it.
    pub citizen: Option<String>,
}

/// One service.
pub struct Service {
    settings: VerificationService,
    outbound: Outbound,
}

#[derive(Deserialize)]
struct Answer {
    nonce: String,
    #[serde(flatten)]
    result: Outcome,
}

#[derive(Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
enum Outcome {
    Verified { method: Option<Verification>, person: Told },
    Refused { reason: Option<Reason> },
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reason {
    Mismatch,
    Locked,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Told {
    sub: String,
    uid: String,
    name: String,
    #[serde(default)]
    birthdate: String,
    #[serde(default)]
    gender: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    email_verified: bool,
}

impl Service {
    /// As the operator set it.
    pub fn new(settings: VerificationService, outbound: Outbound) -> Self {
        Self { settings, outbound }
    }

    /// The fields of its form.
    pub fn fields(&self, lang: Lang) -> Vec<Field> {
        let field = |set: &crate::config::ServiceField| {
            let label = lang.pick(&set.label_zh, Some(&set.label_en)).to_owned();
            let input = match (set.hidden, set.form) {
                (true, _) => Input::Hidden { max: set.max },
                (false, FieldForm::Date) => Input::Line { numeric: false, complete: "bday", max: 20 },
                (false, form) => {
                    Input::Line { numeric: form == FieldForm::Digits, complete: "off", max: set.max }
                }
            };
            let line = Field::line(&set.name, label, set.max).input(input);
            match set.form {
                FieldForm::PersonalId => line.hint(lang.t("prove-id.hint")),
                FieldForm::Date => line.hint(lang.t("prove-birthdate.hint")),
                FieldForm::Digits | FieldForm::Text => line,
            }
        };
        self.settings.fields.iter().map(field).collect()
    }

    /// Reads what was typed.
    ///
    /// # Errors
    /// What is to be mended.
    pub fn read(&self, app: &App, posted: &Posted, lang: Lang) -> Result<Typed, Vec<Mend>> {
        let (mut fields, mut mends, mut citizen) = (Map::new(), Vec::new(), None);
        for set in &self.settings.fields {
            let text = posted.text(&set.name);
            let len = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
            let fits = (set.min..=set.max).contains(&len);
            let length = || {
                let args = [("min", set.min.into()), ("max", set.max.into())];
                i18n::t(lang, "prove-field.length", &args)
            };
            let read = match set.form {
                FieldForm::PersonalId => match text.parse::<PersonalId>() {
                    Ok(uid) => {
                        let nobody = Person::new(&uid, String::new(), String::new());
                        citizen.get_or_insert_with(|| citizens::index(&app.store.crypter, &nobody));
                        Ok(uid.expose().to_owned())
                    }
                    Err(_) => Err(lang.t("prove-id.bad")),
                },
                FieldForm::Date => {
                    read_day(text).map(|day| day.to_string()).map_err(|_| lang.t("prove-birthdate.bad"))
                }
                FieldForm::Digits if !fits || !text.bytes().all(|b| b.is_ascii_digit()) => {
                    let args = [("min", set.min.into()), ("max", set.max.into())];
                    Err(i18n::t(lang, "prove-field.digits", &args))
                }
                FieldForm::Text if !fits => Err(length()),
                FieldForm::Digits | FieldForm::Text => Ok(text.to_owned()),
            };
            match read {
                Ok(value) => {
                    fields.insert(set.name.clone(), value.into());
                }
                Err(words) => mends.push(Mend::new(&set.name, words)),
            }
        }
        if mends.is_empty() { Ok(Typed { fields, citizen }) } else { Err(mends) }
    }

    /// Asks the service.
    pub async fn judge(&self, method: Verification, at: &At, typed: &Typed, lang: Lang) -> Judged {
        match self.ask(method, at, typed, lang).await {
            Ok(answer) => self.judged(method, at, answer, lang),
            Err(why) => {
                tracing::warn!(%method, why, "a verification service cannot be used");
                Judged::Unavailable(why)
            }
        }
    }

    fn judged(&self, method: Verification, at: &At, answer: Answer, lang: Lang) -> Judged {
        let bad = |why: &str| {
            tracing::warn!(%method, why, "a verification service's answer does not hold");
            Judged::Unavailable(why.to_owned())
        };
        if !is_same(&at.nonce, &answer.nonce) {
            return bad("the answer repeats another nonce");
        }
        let (used, told) = match answer.result {
            Outcome::Verified { method: used, person } => (used.unwrap_or(method), person),
            Outcome::Refused { reason } => {
                let (key, why) = match reason {
                    Some(Reason::Locked) => ("prove-service-locked", "locked by the service"),
                    Some(Reason::Mismatch | Reason::Other) | None => ("prove-service-refused", "refused"),
                };
                return Judged::Wrong(vec![Mend::new("", lang.t(key))], why);
            }
        };
        if !self.settings.methods.contains(&used) {
            return bad("the answer names a method that the service is not trusted with");
        }
        let Ok(uid) = told.uid.parse::<PersonalId>() else { return bad("uid is no personal id") };
        if told.name.trim().is_empty() || told.sub.is_empty() {
            return bad("name or sub is missing");
        }
        let mut person = Person::new(&uid, told.name, told.sub);
        person.birthdate = told.birthdate;
        person.gender = told.gender;
        person.email = told.email;
        Judged::Proven(Verified { person, method: used, mail_verified: told.email_verified })
    }

    async fn ask(&self, method: Verification, at: &At, typed: &Typed, lang: Lang) -> Result<Answer, String> {
        let VerificationService { url, user, password, token, .. } = &self.settings;
        let client = self.outbound.identity(url).map_err(|blocked| blocked.to_string())?;
        let call = client.post(url.clone());
        let call = match (user, password, token) {
            (Some(user), Some(password), _) => call.basic_auth(user, Some(&password.0)),
            (_, _, Some(token)) => call.bearer_auth(&token.0),
            _ => call,
        };
        let body = json!({
            "version": 1,
            "nonce": at.nonce,
            "method": method.code(),
            "language": lang.tag(),
            "fields": typed.fields,
        });
        let answer = call.json(&body).send().await.map_err(|error| {
            let why = if error.is_timeout() { "no answer in time" } else { "cannot be reached" };
            why.to_owned()
        })?;
        if answer.status() != http::StatusCode::OK {
            return Err(format!("status {}", answer.status().as_u16()));
        }
        serde_json::from_slice(&body_of(answer).await?).map_err(|_| "the answer cannot be read".to_owned())
    }
}

async fn body_of(mut answer: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|_| "the answer ends early".to_owned())? {
        if body.len() + piece.len() > MAX_ANSWER {
            return Err("the answer is too large".to_owned());
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
