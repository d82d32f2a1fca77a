//! A second factor as it is kept and as it is shown: shared by sign-in and by the repeated proof.

use mydata_domain::account::AccountId;
use mydata_domain::audit::What;
use mydata_store::repo::factors::{self, Factor, FactorKind};
use mydata_store::repo::sign_ins::{self, Subject, Try};
use mydata_store::repo::{audit, sessions};
use mydata_store::{Crypter, StoreError, Tx};
use mydata_wire::b64;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::fault::Fault;
use super::passkey::{self, RelyingParty};
use super::recovery;
use super::totp::Secret;
use super::visit::{Me, Visit};
use crate::jobs::Job;
use crate::limit::subscriber;

/// What a factor is made of, sealed. No `Debug`.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Content {
    /// What its holder calls it.
    pub name: String,
    /// Base64: the secret of a generator, the public key of a passkey. Empty for a recovery code.
    pub key: String,
    /// Base64: a passkey's id, which the browser is told so that it offers the right ones.
    #[serde(default)]
    pub credential: String,
}

impl Content {
    /// Reads a factor's content.
    ///
    /// # Errors
    /// It is of no known form.
    pub fn of(factor: &Factor) -> Result<Self, Fault> {
        serde_json::from_slice(&factor.content)
            .map_err(|_| Fault::Broken(format!("factor {} is unreadable", factor.id)))
    }

    /// To be sealed.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(serde_json::to_vec(self).expect("a content is made of texts"))
    }

    fn key(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let key = b64::decode_lenient(&self.key)
            .map_err(|_| Fault::Broken("a factor's key is unreadable".to_owned()))?;
        Ok(Zeroizing::new(key))
    }
}

/// What a session remembers until its holder answers. No `Debug`.
#[derive(Clone, Default, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Pending {
    /// Base64 of the challenge that a passkey signs.
    pub challenge: String,
    /// Base64 of the secret that is being set up.
    pub secret: String,
}

impl Pending {
    /// What the session remembers, if anything.
    ///
    /// # Errors
    /// The store fails.
    pub async fn load(visit: &Visit, me: &Me) -> Result<Self, Fault> {
        let store = &visit.app.store;
        let plain = sessions::pending(&store.db, &store.crypter, &me.session).await?;
        Ok(plain.and_then(|plain| serde_json::from_slice(&plain).ok()).unwrap_or_default())
    }

    /// Lets the session remember it.
    ///
    /// # Errors
    /// The store fails.
    pub async fn keep(&self, visit: &Visit, me: &Me) -> Result<(), Fault> {
        let store = &visit.app.store;
        let plain = Zeroizing::new(serde_json::to_vec(self).expect("pending things are texts"));
        sessions::set_pending(&store.db, &store.crypter, &me.session, &plain).await?;
        Ok(())
    }

    /// A new challenge.
    pub fn challenge(visit: &Visit) -> String {
        let mut bytes = [0u8; 32];
        visit.app.random.fill(&mut bytes);
        b64::url_safe(&bytes)
    }
}

/// The factors that open the door by themselves: recovery codes only stand in for them.
pub fn usable(factors: &[Factor]) -> impl Iterator<Item = &Factor> {
    factors.iter().filter(|factor| factor.kind != FactorKind::Recovery)
}

/// Us, where browsers allow passkeys.
pub fn relying_party(visit: &Visit) -> Option<RelyingParty> {
    RelyingParty::at(&visit.app.base_url)
}

/// A factor that was shown and is right. It counts once [`Right::accept`] has used it up.
pub struct Right {
    id: String,
    kind: FactorKind,
    counter: Option<i64>,
}

/// What showing a factor came to.
pub enum Shown {
    /// Right.
    Right(Right, Try),
    /// Wrong.
    Wrong,
    /// Too many failures: until when the door is closed.
    Closed(mydata_domain::Time),
}

impl Right {
    /// What was shown, for the record.
    pub fn word(&self) -> &'static str {
        match self.kind {
            FactorKind::Totp => "totp",
            FactorKind::Passkey => "passkey",
            FactorKind::Recovery => "recovery-code",
        }
    }

    /// Uses it up. `false` when it was used before, even a moment ago and side by side: then it was not right.
    ///
    /// # Errors
    /// The store fails.
    pub async fn accept(
        &self,
        tx: &Tx,
        crypter: &Crypter,
        me: &Me,
        tried: &Try,
        now: mydata_domain::Time,
    ) -> Result<bool, StoreError> {
        let account = me.account.id;
        let used = match (self.kind, self.counter) {
            (FactorKind::Recovery, _) => factors::remove(tx, account, &self.id).await?,
            (FactorKind::Passkey, Some(0)) => factors::used_uncounted(tx, &self.id, now).await?,
            (_, Some(counter)) => factors::used(tx, &self.id, counter, now).await?,
            (_, None) => false,
        };
        if used {
            sign_ins::was_right(tx, crypter, tried, &[Subject::Account(account)]).await?;
        }
        Ok(used)
    }
}

/// Writes a try down, and looks at what was posted: a code as `code`, a recovery code as `recovery`, a passkey's answer as
/// `credential`, `client_data`, `authenticator_data` and `signature`.
///
/// # Errors
/// The store fails.
pub async fn look(visit: &Visit, me: &Me) -> Result<Shown, Fault> {
    let store = &visit.app.store;
    let (crypter, now) = (&store.crypter, visit.now);
    let subjects = [Subject::Account(me.account.id), Subject::Address(subscriber(visit.from))];
    let tried = store
        .db
        .run_tx(
            "second-factor-try",
            |tx| async move { sign_ins::try_once(&tx, crypter, &subjects, now).await },
        )
        .await?;
    let tried = match tried {
        Ok(tried) => tried,
        Err(until) => return Ok(Shown::Closed(until)),
    };
    let right = match visit.posted.text("do") {
        "passkey" => by_passkey(visit, me).await?,
        "recovery" => by_recovery(visit, me.account.id).await?,
        _ => by_totp(visit, me.account.id).await?,
    };
    if let Some(right) = right {
        return Ok(Shown::Right(right, tried));
    }
    wrong(visit).await
}

/// The record of a failure, and whether it closed the door.
pub async fn wrong(visit: &Visit) -> Result<Shown, Fault> {
    let store = &visit.app.store;
    let me = visit.me()?;
    let (db, crypter, now) = (&store.db, &store.crypter, visit.now);
    let by_account = sign_ins::closed(db, crypter, &[Subject::Account(me.account.id)], now).await?;
    let until = by_account
        .max(sign_ins::closed(db, crypter, &[Subject::Address(subscriber(visit.from))], now).await?);
    let what = if until.is_some() { What::SignInClosed } else { What::SignInRefused };
    let event = &visit.event(what).with(serde_json::json!({ "reason": "second-factor" }));
    let random = &*visit.app.random;
    let told = &by_account.map(|_| Job::locked_out(Some(me.account.id), random));
    db.run_tx("second-factor-refused", |tx| async move {
        if let Some(told) = told {
            told.enqueue(&tx, now, now).await?;
        }
        audit::append(&tx, random, std::slice::from_ref(event)).await
    })
    .await?;
    Ok(until.map_or(Shown::Wrong, Shown::Closed))
}

async fn by_totp(visit: &Visit, account: AccountId) -> Result<Option<Right>, Fault> {
    let store = &visit.app.store;
    for factor in factors::of_account(&store.db, &store.crypter, account).await? {
        if factor.kind != FactorKind::Totp {
            continue;
        }
        let secret = Secret::from_bytes(&Content::of(&factor)?.key()?);
        if let Some(step) = secret.step_of(visit.posted.text("code"), visit.now) {
            return Ok(Some(Right { id: factor.id, kind: factor.kind, counter: Some(step) }));
        }
    }
    Ok(None)
}

async fn by_recovery(visit: &Visit, account: AccountId) -> Result<Option<Right>, Fault> {
    let store = &visit.app.store;
    let Some(code) = recovery::read(visit.posted.text("recovery")) else { return Ok(None) };
    let kind = FactorKind::Recovery;
    let found = factors::find(&store.db, &store.crypter, account, kind, code.as_bytes()).await?;
    Ok(found.map(|factor| Right { id: factor.id, kind, counter: None }))
}

async fn by_passkey(visit: &Visit, me: &Me) -> Result<Option<Right>, Fault> {
    let store = &visit.app.store;
    let bytes = |name: &str| b64::decode_lenient(visit.posted.text(name)).unwrap_or_default();
    let pending = Pending::load(visit, me).await?;
    let challenge = b64::decode_lenient(&pending.challenge).unwrap_or_default();
    let Some(rp) = relying_party(visit).filter(|_| challenge.len() == 32) else { return Ok(None) };
    let kind = FactorKind::Passkey;
    let found = factors::find(&store.db, &store.crypter, me.account.id, kind, &bytes("credential")).await?;
    let Some(factor) = found else { return Ok(None) };
    let key = Content::of(&factor)?.key()?;
    let (client_data, data, signature) =
        (bytes("client_data"), bytes("authenticator_data"), bytes("signature"));
    match passkey::verify(&rp, &challenge, &client_data, &data, &signature, &key, factor.counter) {
        Ok(counter) => Ok(Some(Right { id: factor.id, kind, counter: Some(i64::from(counter)) })),
        Err(reason) => {
            tracing::warn!(%reason, account = %me.account.id, "a passkey was not taken");
            Ok(None)
        }
    }
}

/// What the page of a passkey tells its script.
pub struct PasskeyAsk {
    /// The challenge, base64.
    pub challenge: String,
    /// Our name to browsers.
    pub rp_id: String,
    /// Ids of the keys that may answer, or that are there already; base64, with spaces between.
    pub credentials: String,
}

/// Asks for a passkey with a new challenge, where the account has one (`adding`: or is to get one) and browsers allow it.
///
/// # Errors
/// The store fails.
pub async fn ask_passkey(
    visit: &Visit,
    me: &Me,
    factors: &[Factor],
    adding: bool,
    pending: Option<Pending>,
) -> Result<Option<PasskeyAsk>, Fault> {
    let mut credentials = Vec::new();
    for factor in factors.iter().filter(|factor| factor.kind == FactorKind::Passkey) {
        credentials.push(Content::of(factor)?.credential.clone());
    }
    let rp = relying_party(visit).filter(|_| adding || !credentials.is_empty());
    let mut pending = pending.unwrap_or_default();
    if rp.is_some() {
        pending.challenge = Pending::challenge(visit);
    }
    if rp.is_some() || !pending.secret.is_empty() {
        pending.keep(visit, me).await?;
    }
    let challenge = pending.challenge.clone();
    Ok(rp.map(|rp| PasskeyAsk { challenge, rp_id: rp.id, credentials: credentials.join(" ") }))
}
