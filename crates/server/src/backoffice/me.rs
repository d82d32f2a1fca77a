//! One's own account: who one is here, second factors, sessions.

use askama::Template;
use axum::response::Response;
use mydata_domain::Time;
use mydata_domain::audit::What;
use mydata_domain::mail::AboutAccount;
use mydata_store::repo::factors::{self, Factor, FactorKind};
use mydata_store::repo::{audit, sessions};
use serde_json::json;

use super::factor::Content;
use super::fault::Fault;
use super::frame::{Crumb, Frame, role_key};
use super::parts::cell::{Cell, Link};
use super::parts::confirm::ConfirmPage;
use super::parts::facts::Facts;
use super::parts::form::{Form, Look};
use super::parts::notice::Notice;
use super::route::Answer;
use super::visit::{Me, Visit};
use super::{ROOT, account_mail, enrol, factor, gov, recovery};

/// The page.
#[derive(Template)]
#[template(path = "backoffice/me.html")]
pub struct MePage {
    /// The frame.
    pub frame: Frame,
    /// Who one is here.
    pub facts: Facts,
    /// Where the password is changed.
    pub password: Link,
    /// The factors.
    pub factors: Vec<FactorView>,
    /// Where one is added.
    pub add: Link,
    /// Recovery codes that are left, where there are factors.
    pub codes_left: Option<usize>,
    /// Whether an E政府帳號 is linked; nothing where this platform has no provider for it.
    pub gov: Option<bool>,
    /// What went wrong before.
    pub notice: Option<Notice>,
    /// The running sessions.
    pub sessions: Vec<SessionRow>,
}

/// A factor.
pub struct FactorView {
    /// Its name.
    pub name: String,
    /// Since when, last used when.
    pub about: String,
    /// Where it is taken away; nothing when it must stay.
    pub remove: Option<String>,
}

/// A session.
pub struct SessionRow {
    /// What the browser says it is.
    pub browser: String,
    /// Address, beginning, last use.
    pub about: String,
    /// This one.
    pub own: bool,
    /// Where it is ended.
    pub end: String,
}

fn at(visit: &Visit, time: Time) -> String {
    crate::web::RocDateTime::new(time.to_timestamp()).date_time(visit.lang())
}

/// Browser and system by their names; the whole description says too much to be read.
fn browser_name(visit: &Visit, agent: &str) -> String {
    let first = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} · {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => visit.t("session-unknown"),
    }
}

/// Whether a factor may go: staff keep at least one.
fn may_go(me: &Me, all: &[Factor], one: &Factor) -> bool {
    !me.account.role.is_staff() || factor::usable(all).any(|other| other.id != one.id)
}

/// `GET /me`.
pub async fn show(visit: Visit) -> Answer {
    let me = visit.me()?;
    let store = &visit.app.store;
    let kept = factors::of_account(&store.db, &store.crypter, me.account.id).await?;
    let running = sessions::of_account(&store.db, &store.crypter, me.account.id, visit.now).await?;
    let organisation =
        me.account.organisation.as_ref().and_then(|id| visit.catalogue.organisation(id.as_str()));
    let organisation = organisation.map(|o| visit.lang().pick(&o.name, Some(&o.name_en)).to_owned());
    let holder = &me.account.holder;
    let facts = Facts::default()
        .cell(visit.t("sign-in.account"), Cell::Code(me.account.name.to_string()))
        .text(visit.t("me.role"), visit.t(role_key(me.account.role)))
        .text(visit.t("me.organisation"), organisation.unwrap_or_default())
        .text(visit.t("me.name"), holder.name.clone())
        .text(visit.t("me.mail"), holder.mail.clone())
        .text(visit.t("me.phone"), holder.phone.clone());
    let mut views = Vec::new();
    for one in factor::usable(&kept) {
        let used = one
            .used_at
            .map_or_else(|| visit.t("factor-unused"), |used| visit.t1("factor-used", "at", at(&visit, used)));
        views.push(FactorView {
            name: Content::of(one)?.name.clone(),
            about: format!("{} · {used}", visit.t1("factor-since", "at", at(&visit, one.created_at))),
            remove: may_go(me, &kept, one).then(|| format!("{ROOT}/me/factors/{}/remove", one.id)),
        });
    }
    let left = kept.iter().filter(|factor| factor.kind == FactorKind::Recovery).count();
    let row = |session: &sessions::Session| SessionRow {
        browser: browser_name(&visit, &session.device.browser),
        about: crate::web::i18n::t(
            visit.lang(),
            "session-about",
            &[
                ("address", session.device.address.clone().into()),
                ("began", at(&visit, session.moments.began).into()),
                ("seen", at(&visit, session.moments.seen).into()),
            ],
        ),
        own: session.handle == me.session.handle,
        end: format!("{ROOT}/me/sessions/{}/end", session.handle),
    };
    let view = MePage {
        frame: visit.frame(visit.t("me"), Vec::new()),
        facts,
        password: Link::new(visit.t("password-change"), format!("{ROOT}/me/password")),
        codes_left: (!views.is_empty()).then_some(left),
        factors: views,
        add: Link::new(visit.t("enrol"), enrol::PATH),
        gov: gov::is_linked(&visit, &me.account).await?,
        notice: gov::notice(&visit),
        sessions: running.iter().map(row).collect(),
    };
    Ok(visit.ok(&view))
}

fn back(visit: &Visit, key: &str) -> Response {
    visit.go_saying(&format!("{ROOT}/me"), key, "")
}

/// `POST /me/recovery`: new codes, shown once; the old ones end.
pub async fn new_recovery_codes(visit: Visit) -> Answer {
    let me = visit.me()?;
    let app = &visit.app;
    let codes = recovery::generate(&*app.random);
    let event = &visit.event(What::RecoveryCodesMade);
    let (codes_in, visit_in) = (&codes, &visit);
    app.store
        .db
        .run_tx("recovery-codes", |tx| async move {
            factors::remove_kind(&tx, me.account.id, FactorKind::Recovery).await?;
            enrol::add_codes(&tx, visit_in, me, codes_in).await?;
            account_mail::tell(&tx, app, AboutAccount::FactorChanged, &me.account).await?;
            audit::append(&tx, &*app.random, std::slice::from_ref(event)).await
        })
        .await?;
    Ok(enrol::show_codes(&visit, None, codes, format!("{ROOT}/me")))
}

/// `POST /me/sessions/end`: all but this one.
pub async fn end_other_sessions(visit: Visit) -> Answer {
    let me = visit.me()?;
    let app = &visit.app;
    let event = &visit.event(What::SignedOut).with(json!({ "sessions": "others" }));
    app.store
        .db
        .run_tx("sessions-end", |tx| async move {
            sessions::end_all(&tx, me.account.id, Some(&me.session)).await?;
            audit::append(&tx, &*app.random, std::slice::from_ref(event)).await
        })
        .await?;
    Ok(back(&visit, "said-sessions-ended"))
}

/// `POST /me/sessions/{id}/end`.
pub async fn end_session(visit: Visit) -> Answer {
    let me = visit.me()?;
    let app = &visit.app;
    let handle = visit.param("id")?;
    let event = &visit.event(What::SignedOut).with(json!({ "sessions": "one" }));
    app.store
        .db
        .run_tx("session-end", |tx| async move {
            sessions::end_handle(&tx, me.account.id, handle).await?;
            audit::append(&tx, &*app.random, std::slice::from_ref(event)).await
        })
        .await?;
    Ok(back(&visit, "said-session-ended"))
}

async fn one_factor(visit: &Visit) -> Result<(Vec<Factor>, Factor), Fault> {
    let me = visit.me()?;
    let store = &visit.app.store;
    let all = factors::of_account(&store.db, &store.crypter, me.account.id).await?;
    let id = visit.param("id")?;
    let one = factor::usable(&all).find(|factor| factor.id == id).cloned().ok_or(Fault::NotFound)?;
    Ok((all, one))
}

/// `GET /me/factors/{id}/remove`: asks once more.
pub async fn ask_remove_factor(visit: Visit) -> Answer {
    let (all, one) = one_factor(&visit).await?;
    if !may_go(visit.me()?, &all, &one) {
        return Ok(back(&visit, "said-factor-needed"));
    }
    let frame = visit.frame(
        visit.t1("factor-remove", "name", Content::of(&one)?.name.as_str()),
        vec![Crumb::new(visit.t("me"), format!("{ROOT}/me"))],
    );
    let mut form =
        Form::simple(visit.lang(), visit.path.clone(), &frame.token, visit.t("factor-remove.submit"))
            .cancel(Link::new(visit.t("cancel"), format!("{ROOT}/me")));
    form.buttons[0].look = Look::Danger;
    let consequences = vec![visit.t("factor-remove.consequence")];
    Ok(visit.ok(&ConfirmPage { frame, consequences, form }))
}

/// `POST /me/factors/{id}/remove`.
pub async fn remove_factor(visit: Visit) -> Answer {
    let me = visit.me()?;
    let app = &visit.app;
    let (all, one) = one_factor(&visit).await?;
    if !may_go(me, &all, &one) {
        return Ok(back(&visit, "said-factor-needed"));
    }
    let last = !factor::usable(&all).any(|other| other.id != one.id);
    let event = &visit.event(What::FactorRemoved);
    let one = &one;
    app.store
        .db
        .run_tx("factor-remove", |tx| async move {
            factors::remove(&tx, me.account.id, &one.id).await?;
            if last {
                factors::remove_kind(&tx, me.account.id, FactorKind::Recovery).await?;
            }
            account_mail::tell(&tx, app, AboutAccount::FactorChanged, &me.account).await?;
            audit::append(&tx, &*app.random, std::slice::from_ref(event)).await
        })
        .await?;
    Ok(back(&visit, "said-factor-removed"))
}
