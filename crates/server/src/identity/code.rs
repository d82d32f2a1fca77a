//! 動態密碼: a one-time password by mail or text message, for citizens whom the platform knows: by personal id and date of birth,
//! at an address that they have confirmed.
//!
//! Whether anybody is known by what was typed shows in nothing: the request writes down the same and ends, and a job finds out
//! whether there is somebody to be sent a code.

use std::time::Duration;

use mydata_domain::Time;
use mydata_domain::calendar::read_day;
use mydata_domain::citizen::contact::Channel;
use mydata_domain::citizen::told::AboutCitizen;
use mydata_domain::one_time::{OneTimeCode, Refused, Sent};
use mydata_domain::transaction::person::Person;
use mydata_store::StoreError;
use mydata_store::jobs::{self, Leased};
use mydata_store::repo::citizens;
use mydata_store::repo::identity_attempts::{self as attempts, Kept};
use mydata_store::repo::sign_ins::{self, Subject};
use mydata_wire::{PersonalId, Verification};
use serde::{Deserialize, Serialize};

use super::Verified;
use super::own::{Judged, Mend, Running, Stage, TRIES};
use crate::app::App;
use crate::backoffice::posted::Posted;
use crate::browser::is_same;
use crate::citizen::notify::{self, Details};
use crate::jobs::Job;
use crate::web::{Lang, i18n};

/// How long a code may be typed.
pub const LIFE: Duration = Duration::from_secs(300);
/// Between two codes.
pub const EVERY: Duration = Duration::from_secs(60);

/// Where an attempt by one-time password is.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum At {
    /// Who it is said to be is asked for.
    Who,
    /// The code is.
    Code(Asked),
}

/// A code that was asked for.
#[derive(Clone, Serialize, Deserialize)]
pub struct Asked {
    /// The personal id that was typed.
    uid: String,
    /// The keyed index of it.
    pub citizen: String,
    /// The date of birth that was typed, ISO.
    birthdate: String,
    /// By what it goes.
    pub channel: Channel,
    /// When it was asked for.
    pub asked_at: Time,
    /// Its keyed hash; none: no job has looked yet.
    hash: Option<String>,
    /// Whether there was somebody to send it to.
    sent: bool,
    /// How often it may still be typed wrongly.
    left: u32,
}

impl Asked {
    /// Until when it may be typed.
    pub fn until(&self) -> Time {
        self.asked_at.plus(LIFE)
    }

    /// When another may be asked for.
    pub fn again_at(&self) -> Time {
        self.asked_at.plus(EVERY)
    }
}

/// Reads who it is said to be.
///
/// # Errors
/// What is to be mended.
pub fn read(app: &App, posted: &Posted, lang: Lang) -> Result<Asked, Vec<Mend>> {
    let mut mends = Vec::new();
    let uid: Option<PersonalId> = posted.text("id").parse().ok();
    if uid.is_none() {
        mends.push(Mend::new("id", lang.t("prove-id.bad")));
    }
    let now = app.now();
    let day =
        read_day(posted.text("birthdate")).ok().filter(|day| mydata_domain::calendar::midnight(*day) < now);
    if day.is_none() {
        mends.push(Mend::new("birthdate", lang.t("prove-birthdate.bad")));
    }
    let channel = posted.text("channel").parse().ok().filter(|c| *c == Channel::Mail || app.texts.is_there());
    if channel.is_none() {
        mends.push(Mend::new("channel", lang.t("prove-channel.bad")));
    }
    let (Some(uid), Some(day), Some(channel)) = (uid, day, channel) else { return Err(mends) };
    let nobody = Person::new(&uid, String::new(), String::new());
    Ok(Asked {
        uid: uid.expose().to_owned(),
        citizen: citizens::index(&app.store.crypter, &nobody),
        birthdate: day.to_string(),
        channel,
        asked_at: now,
        hash: None,
        sent: false,
        left: TRIES,
    })
}

/// What came of asking for a code.
pub enum Asking {
    /// A job finds out whom it goes to.
    Done,
    /// Too many were asked for with this personal id; until when.
    Closed(Time),
    /// The attempt is over.
    Over,
}

/// Asks for a code, the first or another.
///
/// # Errors
/// The store fails.
pub async fn ask(app: &App, kept: &Kept<Running>, asked: &Asked) -> Result<Asking, StoreError> {
    let id = kept.id.as_str();
    app.store
        .db
        .run_tx("identity-code-ask", |tx| async move {
            let (crypter, now) = (&app.store.crypter, app.now());
            let Some(mut kept) = attempts::load_in::<Running>(&tx, crypter, id, now).await? else {
                return Ok(Asking::Over);
            };
            // Never taken back: so many codes and no more, whoever it is.
            if let Err(until) =
                sign_ins::try_once(&tx, crypter, &[Subject::CitizenCode(&asked.citizen)], now).await?
            {
                return Ok(Asking::Closed(until));
            }
            let asked = Asked { asked_at: now, hash: None, sent: false, left: TRIES, ..asked.clone() };
            kept.private.stage = Stage::Code(At::Code(asked));
            if !attempts::save(&tx, crypter, &kept).await? {
                return Err(StoreError::Conflict { constraint: "identity_attempts.edit".to_owned() });
            }
            let key = format!("{id} {}", now.0);
            Job::IdentityCode { key, attempt: id.to_owned() }.enqueue(&tx, now, now).await?;
            Ok(Asking::Done)
        })
        .await
}

fn hash(app: &App, attempt: &str, code: &OneTimeCode) -> String {
    app.store.crypter.index("identity one-time password", format!("{attempt} {}", code.as_str()))
}

/// The job: makes the code, and sends it where there is somebody to send it to.
///
/// # Errors
/// The store fails.
pub async fn run(app: &App, attempt: &str, leased: &Leased) -> Result<(), StoreError> {
    let code = OneTimeCode::generate(&*app.random);
    let code = &code;
    app.store
        .db
        .run_tx("identity-code-send", |tx| async move {
            let (crypter, now) = (&app.store.crypter, app.now());
            jobs::complete(&tx, leased).await?;
            let Some(mut kept) = attempts::load_in::<Running>(&tx, crypter, attempt, now).await? else {
                return Ok(());
            };
            let Stage::Code(At::Code(asked)) = &mut kept.private.stage else { return Ok(()) };
            if asked.hash.is_some() || asked.until() <= now {
                return Ok(());
            }
            asked.hash = Some(hash(app, attempt, code));
            let citizen = citizens::load_in(&tx, crypter, &asked.citizen).await?;
            let citizen = citizen.filter(|c| !c.birthdate.is_empty() && c.birthdate == asked.birthdate);
            let address = citizen.as_ref().and_then(|c| Some((c, c.contact.address(asked.channel)?)));
            if let Some((citizen, address)) = address {
                asked.sent = true;
                let details = Details { code: Some((code.clone(), asked.until())), ..Details::default() };
                let kind = AboutCitizen::LoginCode;
                notify::tell_at(&tx, app, citizen, (asked.channel, address), kind, &details).await?;
            }
            if attempts::save(&tx, crypter, &kept).await? {
                Ok(())
            } else {
                Err(StoreError::Conflict { constraint: "identity_attempts.edit".to_owned() })
            }
        })
        .await
}

/// Judges what was typed as the code. What was sent to nobody is never right.
///
/// # Errors
/// The store fails.
pub async fn judge(
    app: &App,
    kept: &Kept<Running>,
    method: Verification,
    typed: &OneTimeCode,
    lang: Lang,
) -> Result<Judged, StoreError> {
    let hashed = hash(app, &kept.id, typed);
    let (id, hashed) = (kept.id.as_str(), hashed.as_str());
    let (outcome, citizen, uid) = app
        .store
        .db
        .run_tx("identity-code-try", |tx| async move {
            let (crypter, now) = (&app.store.crypter, app.now());
            let nothing = (Err(Refused::Late), None, String::new());
            let Some(mut kept) = attempts::load_in::<Running>(&tx, crypter, id, now).await? else {
                return Ok(nothing);
            };
            let Stage::Code(At::Code(asked)) = &mut kept.private.stage else { return Ok(nothing) };
            let right = asked.sent && asked.hash.as_deref().is_some_and(|hash| is_same(hash, hashed));
            let mut sent = Sent { until: asked.until(), left: asked.left };
            let outcome = sent.try_with(right, now);
            asked.left = sent.left;
            let (index, uid) = (asked.citizen.clone(), asked.uid.clone());
            if !attempts::save(&tx, crypter, &kept).await? {
                return Err(StoreError::Conflict { constraint: "identity_attempts.edit".to_owned() });
            }
            let citizen = citizens::load_in(&tx, crypter, &index).await?;
            Ok((outcome, citizen, uid))
        })
        .await?;
    let wrong = |words| Ok(Judged::Wrong(vec![Mend::new("code", words)], "one-time password"));
    match (outcome, citizen, uid.parse::<PersonalId>()) {
        (Ok(()), Some(citizen), Ok(uid)) => {
            let sub = app.store.crypter.index("identity subject", format!("code {}", uid.expose()));
            let mut person = Person::new(&uid, citizen.name.clone(), sub);
            person.birthdate.clone_from(&citizen.birthdate);
            person.gender.clone_from(&citizen.gender);
            person.email = citizen.contact.mail.clone().unwrap_or_default();
            let mail_verified = !person.email.is_empty();
            Ok(Judged::Proven(Verified { person, method, mail_verified }))
        }
        (Err(Refused::Wrong { left }), ..) => {
            wrong(i18n::t(lang, "prove-code-wrong", &[("left", left.into())]))
        }
        (Err(Refused::TooOften), ..) => wrong(lang.t("prove-code-too-often")),
        _ => wrong(lang.t("prove-code-late")),
    }
}
