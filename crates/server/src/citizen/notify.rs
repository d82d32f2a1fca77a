//! Telling citizens: by mail and text message, as each has chosen, in the transaction of the change that causes it. What
//! follows is the outbox's ([`crate::mail`]): a job, tries, and in the end sent or given up.

use mydata_domain::Time;
use mydata_domain::citizen::contact::Channel;
use mydata_domain::citizen::told::AboutCitizen;
use mydata_domain::mail::{Code, Fact, Link, Mail};
use mydata_domain::one_time::OneTimeCode;
use mydata_store::repo::citizens::{self, Citizen};
use mydata_store::{StoreError, Tx};
use mydata_wire::person::masked_name;

use crate::app::App;
use crate::mail;
use crate::web::Lang;

/// Which notification: what happened.
pub type Kind = AboutCitizen;

/// What a notification names. Everything is optional; what a kind's sentence needs is said there.
#[derive(Clone, Default)]
pub struct Details {
    /// The dataset, service or counter service: in zh-TW, and in English.
    pub item: Option<(String, String)>,
    /// The organisation behind it, or whose counter it is: in zh-TW, and in English.
    pub organisation: Option<(String, String)>,
    /// The other person, as a masked name.
    pub other: Option<String>,
    /// What else was changed, such as a masked address.
    pub named: Option<String>,
    /// A code, and until when it may be typed.
    pub code: Option<(OneTimeCode, Time)>,
    /// The page of the portal where the citizen goes on; it needs a login.
    pub path: Option<String>,
}

impl std::fmt::Debug for Details {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Details(…)")
    }
}

/// Tells a citizen by the channels they chose, inside the caller's transaction. Gives the channels used: none when the
/// citizen never logged in to the portal, or can be reached by none.
///
/// # Errors
/// The store fails.
pub async fn tell(
    tx: &Tx,
    app: &App,
    citizen: &str,
    kind: Kind,
    details: &Details,
) -> Result<Vec<Channel>, StoreError> {
    let Some(citizen) = citizens::load_in(tx, &app.store.crypter, citizen).await? else {
        return Ok(Vec::new());
    };
    let channels = citizen.contact.reached_by();
    for channel in &channels {
        if let Some(address) = citizen.contact.address(*channel) {
            tell_at(tx, app, &citizen, (*channel, address), kind, details).await?;
        }
    }
    Ok(channels)
}

/// Tells a citizen at one address, whatever they chose: to confirm a new one, or to tell an old one of it.
///
/// # Errors
/// The store fails.
pub async fn tell_at(
    tx: &Tx,
    app: &App,
    citizen: &Citizen,
    (channel, address): (Channel, &str),
    kind: Kind,
    details: &Details,
) -> Result<(), StoreError> {
    let mail = message(citizen, address, kind, details, app.now());
    match channel {
        Channel::Mail => mail::enqueue(tx, app, &mail).await?,
        Channel::Sms => {
            let lang = citizen.contact.language.as_deref().and_then(Lang::from_tag).unwrap_or_default();
            let words = |(zh, en): &(String, String)| lang.pick(zh, Some(en)).to_owned();
            let item = details.item.as_ref().or(details.organisation.as_ref()).map(words);
            let item = item.or_else(|| details.other.clone()).or_else(|| details.named.clone());
            mail::enqueue_text(tx, app, &mail, lang, item.as_deref().unwrap_or_default()).await?
        }
    };
    Ok(())
}

fn message(citizen: &Citizen, address: &str, kind: Kind, details: &Details, now: Time) -> Mail {
    let mut mail = Mail::to_address(kind, &masked_name(&citizen.name), address);
    mail.language.clone_from(&citizen.contact.language);
    if let Some((zh, en)) = &details.item {
        mail = mail.fact(Fact::Thing(zh.clone(), en.clone()));
    }
    if let Some((zh, en)) = &details.organisation {
        mail = mail.fact(Fact::Party(zh.clone(), en.clone()));
    }
    if let Some(named) = details.other.as_ref().or(details.named.as_ref()) {
        mail = mail.fact(Fact::Named(named.clone()));
    }
    match &details.code {
        Some((code, until)) => mail.code = Some(Code { code: code.clone(), until: *until }),
        None => mail = mail.fact(Fact::At(now)),
    }
    match &details.path {
        Some(path) => mail.link(Link::page(path)),
        None => mail,
    }
}
