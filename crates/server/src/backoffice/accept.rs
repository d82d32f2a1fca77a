//! A new version of terms or policy is accepted before an account of an organisation goes on (R18, R20): at the next
//! sign-in after it begins to hold, so that nobody is interrupted at work.

use askama::Template;
use mydata_domain::account::Role;
use mydata_domain::audit::What;
use mydata_domain::policy_text::{self, PolicyKind};
use mydata_store::repo::{audit, policy_texts};
use serde_json::json;

use super::fault::Fault;
use super::frame::Frame;
use super::parts::field::{Field, Input};
use super::parts::form::Form;
use super::route::{Answer, Route};
use super::rule::Rule;
use super::visit::{Me, Visit, next_path, with_next};
use crate::public::policies;
use crate::web::policy::PolicyText;

/// Where they are accepted.
pub const PATH: &str = "/mydata-backend/policies";

/// The lines of the table. Accepting changes nothing but the caller's own account.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/mydata-backend/policies", Rule::SignedIn, show),
        Route::post("/mydata-backend/policies", Rule::SignedIn, submit),
    ]
}

/// The page.
#[derive(Template)]
#[template(path = "backoffice/accept.html")]
pub struct AcceptPage {
    /// The frame.
    pub frame: Frame,
    /// What is to be accepted, with its text.
    pub policies: Vec<PolicyText>,
    /// The tick.
    pub form: Form,
}

/// What is to be accepted still.
async fn wanted(visit: &Visit) -> Result<Vec<(PolicyKind, u32)>, Fault> {
    let Some(me) = visit.who.as_ref().filter(|me| me.is_whole()) else { return Ok(Vec::new()) };
    let began = me.session.moments.began;
    let binds = |v: &policy_text::Version| {
        v.binding && !v.kind.is_for_citizens() && v.from.is_some_and(|from| from <= began)
    };
    let asked = Role::ORGANISATION.contains(&me.account.role) && !me.account.is_applying();
    if !asked || !visit.system.policies.iter().any(binds) {
        return Ok(Vec::new());
    }
    let accepted = policy_texts::accepted(&visit.app.store.db, me.account.id).await?;
    let wanted = policy_text::to_accept(PolicyKind::OFFICE, &visit.system.policies, &accepted, began);
    Ok(wanted.into_iter().map(|v| (v.kind, v.number)).collect())
}

/// Leads whoever has something to accept there first.
///
/// # Errors
/// [`Fault::Elsewhere`].
pub(super) async fn first(visit: &Visit, route: &Route) -> Result<(), Fault> {
    let open = matches!(route.rule, Rule::Public | Rule::Halfway | Rule::Session | Rule::Applying);
    if open || route.path == PATH || wanted(visit).await?.is_empty() {
        return Ok(());
    }
    Err(Fault::Elsewhere(with_next(PATH, &visit.here)))
}

/// How the page names what it shows.
fn names(all: &[(PolicyKind, u32)]) -> String {
    all.iter().map(|(kind, number)| format!("{kind}-{number}")).collect::<Vec<_>>().join(" ")
}

async fn view(
    visit: &Visit,
    wanted: &[(PolicyKind, u32)],
    fault: Option<String>,
) -> Result<AcceptPage, Fault> {
    let (app, lang) = (&visit.app, visit.lang());
    let mut texts = Vec::new();
    for version in &visit.system.policies {
        if wanted.contains(&(version.kind, version.number)) {
            texts.extend(policies::text(app, lang, version).await?);
        }
    }
    let mut frame = visit.frame(visit.t("accept"), Vec::new());
    // No other page is open before this one.
    frame.menu = Vec::new();
    let next = visit.posted.get("next").or_else(|| visit.query("next"));
    let form = Form::simple(lang, PATH, &frame.token, visit.t("accept.submit"))
        .with(Field::new(lang, "agree", visit.t("signup-agree"), Input::Check).fault(fault))
        .hide("versions", names(wanted))
        .hide("next", next_path(next));
    Ok(AcceptPage { frame, policies: texts, form })
}

/// `GET /policies`.
pub async fn show(visit: Visit) -> Answer {
    let wanted = wanted(&visit).await?;
    if wanted.is_empty() {
        return Ok(visit.go(next_path(visit.query("next"))));
    }
    Ok(visit.ok(&view(&visit, &wanted, None).await?))
}

/// `POST /policies`: accepts what the page showed; what came to hold meanwhile is shown first.
pub async fn submit(visit: Visit) -> Answer {
    let wanted = wanted(&visit).await?;
    let next = next_path(visit.posted.get("next")).to_owned();
    if wanted.is_empty() {
        return Ok(visit.go(&next));
    }
    let seen = visit.posted.text("versions") == names(&wanted);
    if !visit.posted.ticked("agree") || !seen {
        let fault = (!visit.posted.ticked("agree")).then(|| visit.t("signup-agree.missing"));
        return Ok(visit.mend(&view(&visit, &wanted, fault).await?));
    }
    let Me { account, .. } = visit.me()?;
    let event = visit.event(What::PolicyAccepted).with(json!({ "versions": names(&wanted) }));
    let (app, id, now, wanted, event) =
        (&visit.app, account.id, visit.now, &wanted, std::slice::from_ref(&event));
    app.store
        .db
        .run_tx("policy-accept", |tx| async move {
            for (kind, number) in wanted {
                policy_texts::accept(&tx, id, *kind, *number, now).await?;
            }
            audit::append(&tx, &*app.random, event).await
        })
        .await?;
    Ok(visit.go(&next))
}
