//! Adding a second factor: at the first sign-in of staff, and later from one's own account.

use askama::Template;
use askama::filters::Safe;
use axum::response::Response;
use http::StatusCode;
use mydata_domain::account::session::Stage;
use mydata_domain::audit::What;
use mydata_domain::mail::AboutAccount;
use mydata_store::StoreError;
use mydata_store::repo::factors::{self, Factor, FactorKind, NewFactor};
use mydata_store::repo::{audit, sessions};
use mydata_wire::b64;
use mydata_wire::random::uuid_v4;
use serde_json::json;

use super::factor::{self, Content, PasskeyAsk, Pending};
use super::fault::Fault;
use super::frame::{Crumb, Frame};
use super::parts::field::{Field, TextKind};
use super::parts::form::Form;
use super::parts::notice::{Notice, Tone};
use super::route::Answer;
use super::session::Beginning;
use super::totp::Secret;
use super::visit::{Me, Visit, next_path, with_next};
use super::{ROOT, account_mail, passkey, prove, qr, recovery, second_factor};
use crate::web::assets;

/// The page's address.
pub const PATH: &str = "/mydata-backend/second-factor/new";
/// Factors that one account may have, recovery codes not counted.
const MOST: usize = 10;

/// The page.
#[derive(Template)]
#[template(path = "backoffice/enrol.html")]
pub struct EnrolPage {
    /// The frame.
    pub frame: Frame,
    /// Why it is asked, or why it did not work.
    pub notice: Option<Notice>,
    /// Where its forms post to.
    pub action: &'static str,
    /// Where to go on.
    pub next: String,
    /// The secret as a QR code.
    pub code: Option<Safe<String>>,
    /// The secret in letters.
    pub secret: String,
    /// The address that the code carries.
    pub uri: String,
    /// The form for the first one-time password.
    pub form: Form,
    /// A passkey instead.
    pub passkey: Option<PasskeyAsk>,
    /// The name of the account, for the passkey.
    pub account: String,
    /// The identifier of the account in base64, for the passkey.
    pub user: String,
}

/// Recovery codes, shown once.
#[derive(Template)]
#[template(path = "backoffice/recovery.html")]
pub struct RecoveryPage {
    /// The frame.
    pub frame: Frame,
    /// The codes.
    pub codes: Vec<String>,
    /// Where to go on.
    pub next: String,
}

/// Who may add a factor: whoever is signed in and proved it just now; and halfway through sign-in only those who have none.
/// Anything else would let a password alone replace the second factor.
async fn may_add(visit: &Visit) -> Result<(&Me, Vec<Factor>), Fault> {
    let me = visit.me()?;
    let store = &visit.app.store;
    let factors = factors::of_account(&store.db, &store.crypter, me.account.id).await?;
    if me.is_whole() {
        if !me.session.moments.is_fresh(visit.now) {
            return Err(Fault::Elsewhere(with_next(prove::PATH, PATH)));
        }
    } else if factor::usable(&factors).next().is_some() {
        return Err(Fault::Elsewhere(second_factor::PATH.to_owned()));
    }
    Ok((me, factors))
}

async fn page(visit: &Visit, status: StatusCode, notice: Option<Notice>) -> Answer {
    let (me, factors) = may_add(visit).await?;
    let lang = visit.lang();
    let trail =
        if me.is_whole() { vec![Crumb::new(visit.t("me"), format!("{ROOT}/me"))] } else { Vec::new() };
    let mut frame = visit.frame(visit.t("enrol"), trail);
    let next = next_path(visit.posted.get("next").or_else(|| visit.query("next")));
    let next = if me.is_whole() { format!("{ROOT}/me") } else { next.to_owned() };
    // The secret of an app that is being set up stays the same until it works.
    let mut pending = Pending::load(visit, me).await?;
    if pending.secret.is_empty() {
        pending.secret = b64::url_safe(Secret::generate(&*visit.app.random).bytes());
    }
    let bytes =
        b64::decode_lenient(&pending.secret).map_err(|_| Fault::Broken("a pending secret".to_owned()))?;
    let secret = Secret::from_bytes(&bytes);
    let passkey = factor::ask_passkey(visit, me, &factors, true, Some(pending)).await?;
    if passkey.is_some() {
        frame.script = Some(assets::passkey_script_url());
    }
    let uri = secret.to_uri(&visit.t("office"), me.account.name.as_str());
    let mut form = Form::simple(lang, PATH, &frame.token, visit.t("enrol-totp.submit"))
        .with(Field::text(lang, "code", visit.t("factor-totp.code"), TextKind::Code).max(12))
        .hide("next", next.as_str());
    form.buttons[0].value = "totp";
    let notice = notice.or_else(|| (!me.is_whole()).then(|| Notice::new(Tone::Calm, visit.t("enrol.why"))));
    let view = EnrolPage {
        code: qr::svg(&uri, &visit.t("enrol-totp.code")),
        secret: secret.to_groups(),
        uri,
        form,
        passkey,
        account: me.account.name.to_string(),
        user: b64::url_safe(me.account.id.to_string().as_bytes()),
        frame,
        notice,
        action: PATH,
        next,
    };
    Ok(visit.page(status, &view))
}

/// `GET /second-factor/new`.
pub async fn show(visit: Visit) -> Answer {
    page(&visit, StatusCode::OK, None).await
}

/// A factor that was set up and works.
struct Added {
    kind: FactorKind,
    content: Content,
    lookup: Option<Vec<u8>>,
    counter: i64,
}

/// `POST /second-factor/new`.
pub async fn submit(visit: Visit) -> Answer {
    let (me, factors) = may_add(&visit).await?;
    if factor::usable(&factors).count() >= MOST {
        let notice = Notice::new(Tone::Bad, visit.t1("enrol.too-many", "count", MOST));
        return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, Some(notice)).await;
    }
    let pending = Pending::load(&visit, me).await?;
    let added = match visit.posted.text("do") {
        "passkey" => read_passkey(&visit, &pending),
        _ => read_totp(&visit, &pending),
    };
    let added = match added {
        Ok(added) => added,
        Err(key) => {
            let notice = Notice::new(Tone::Bad, visit.t(key));
            return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, Some(notice)).await;
        }
    };
    let first = !factors.iter().any(|factor| factor.kind == FactorKind::Recovery);
    let codes = if first { recovery::generate(&*visit.app.random) } else { Vec::new() };
    let beginning = (!me.is_whole()).then(|| Beginning::of(&visit, me.account.id, Stage::Whole));
    match write(&visit, me, &added, &codes, beginning.as_ref()).await {
        Ok(true) => {}
        // Another tab was quicker, or the browser offered a key that is there already.
        Ok(false) | Err(StoreError::Conflict { .. }) => {
            let notice = Notice::new(Tone::Bad, visit.t("enrol.twice"));
            return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, Some(notice)).await;
        }
        Err(error) => return Err(error.into()),
    }
    let next = next_path(visit.posted.get("next")).to_owned();
    let response = if codes.is_empty() {
        visit.go_saying(&next, "said-factor-added", "")
    } else {
        show_codes(&visit, beginning.as_ref(), codes, next)
    };
    Ok(match &beginning {
        Some(beginning) => beginning.remember(&visit.app, response),
        None => response,
    })
}

/// The page of new recovery codes. Its forms belong to the new secret, where there is one.
pub(super) fn show_codes(
    visit: &Visit,
    beginning: Option<&Beginning>,
    codes: Vec<String>,
    next: String,
) -> Response {
    let mut frame = visit.frame(visit.t("recovery"), Vec::new());
    if let Some(beginning) = beginning {
        frame.token = beginning.browser.form_token(&visit.app);
        if let Some(session) = &mut frame.session {
            session.extend.token.clone_from(&frame.token);
        }
    }
    visit.ok(&RecoveryPage { frame, codes, next })
}

fn read_totp(visit: &Visit, pending: &Pending) -> Result<Added, &'static str> {
    let bytes = b64::decode_lenient(&pending.secret).unwrap_or_default();
    if bytes.is_empty() {
        return Err("enrol.over");
    }
    let secret = Secret::from_bytes(&bytes);
    let step = secret.step_of(visit.posted.text("code"), visit.now).ok_or("factor-wrong.totp")?;
    let content = Content {
        name: visit.t("factor-totp"),
        key: b64::url_safe(secret.bytes()),
        credential: String::new(),
    };
    Ok(Added { kind: FactorKind::Totp, content, lookup: None, counter: step })
}

fn read_passkey(visit: &Visit, pending: &Pending) -> Result<Added, &'static str> {
    let bytes = |name: &str| b64::decode_lenient(visit.posted.text(name)).unwrap_or_default();
    let challenge = b64::decode_lenient(&pending.challenge).unwrap_or_default();
    let rp = factor::relying_party(visit).filter(|_| challenge.len() == 32).ok_or("enrol.over")?;
    let registered = passkey::register(&rp, &challenge, &bytes("client_data"), &bytes("attestation"));
    let registered = registered.map_err(|reason| {
        tracing::warn!(%reason, "a passkey could not be added");
        "factor-wrong.passkey"
    })?;
    let content = Content {
        name: visit.t("factor-passkey"),
        key: b64::url_safe(&registered.key),
        credential: b64::url_safe(&registered.credential_id),
    };
    let counter = i64::from(registered.counter);
    Ok(Added { kind: FactorKind::Passkey, content, lookup: Some(registered.credential_id), counter })
}

/// Writes the factor, the recovery codes, and the session that is whole now.
async fn write(
    visit: &Visit,
    me: &Me,
    added: &Added,
    codes: &[String],
    beginning: Option<&Beginning>,
) -> Result<bool, StoreError> {
    let app = &visit.app;
    let crypter = &app.store.crypter;
    let word = if added.kind == FactorKind::Totp { "totp" } else { "passkey" };
    let mut events = vec![visit.event(What::FactorAdded).with(json!({ "factor": word }))];
    if !codes.is_empty() {
        events.push(visit.event(What::RecoveryCodesMade));
    }
    if beginning.is_some() {
        events.push(visit.event(What::SignedIn).with(json!({ "stage": "whole", "factor": word })));
    }
    let events = &events;
    app.store
        .db
        .run_tx("factor-add", |tx| async move {
            if !sessions::use_pending(&tx, &me.session).await? {
                return Ok(false);
            }
            let id = uuid_v4(&*app.random).to_string();
            let content = added.content.to_bytes();
            let new = NewFactor {
                id: &id,
                account: me.account.id,
                kind: added.kind,
                lookup: added.lookup.as_deref(),
                counter: added.counter,
                content: &content,
            };
            factors::add(&tx, crypter, &new, visit.now).await?;
            add_codes(&tx, visit, me, codes).await?;
            account_mail::tell(&tx, app, AboutAccount::FactorChanged, &me.account).await?;
            if let Some(beginning) = beginning {
                beginning.write(&tx, visit).await?;
            }
            audit::append(&tx, &*app.random, events).await?;
            Ok(true)
        })
        .await
}

/// Keeps recovery codes: by look-up value only, so that nobody can read them again.
pub(super) async fn add_codes(
    tx: &mydata_store::Tx,
    visit: &Visit,
    me: &Me,
    codes: &[String],
) -> Result<(), StoreError> {
    for code in codes {
        let id = uuid_v4(&*visit.app.random).to_string();
        let plain = recovery::read(code).expect("a code that was made is read again");
        let new = NewFactor {
            id: &id,
            account: me.account.id,
            kind: FactorKind::Recovery,
            lookup: Some(plain.as_bytes()),
            counter: 0,
            content: b"",
        };
        factors::add(tx, &visit.app.store.crypter, &new, visit.now).await?;
    }
    Ok(())
}
