//! `/policies/{kind}`: the version that holds, those before it, and the one that is announced (R18–R20).

use axum::extract::{Path, Query};
use axum::response::Response;
use http::StatusCode;
use mydata_domain::Time;
use mydata_domain::policy_text::{self, PolicyKind, Status, Version};
use mydata_store::StoreError;
use mydata_store::repo::policy_texts;
use serde::Deserialize;

use crate::app::App;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::web::policy::{PolicyPage, PolicyText, VersionLine};
use crate::web::{Lang, Policy, page};

/// What stands behind the `?`.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    version: Option<String>,
}

/// The address of a policy, or of one of its versions.
pub fn path(kind: PolicyKind, version: Option<u32>) -> String {
    match version {
        Some(number) => format!("/policies/{kind}?version={number}"),
        None => format!("/policies/{kind}"),
    }
}

/// A version with its text, for a page.
///
/// # Errors
/// The store fails.
pub async fn text(app: &App, lang: Lang, version: &Version) -> Result<Option<PolicyText>, StoreError> {
    let texts = policy_texts::texts(&app.store.db, version.kind, version.number).await?;
    let contact = app.contact();
    Ok(texts.map(|texts| {
        let body = lang.pick(&texts.zh, Some(&texts.en));
        PolicyText::new(lang, version, body, &contact.phone, &contact.mailbox)
    }))
}

/// The versions that hold now for accounts of the back office, one of each kind, with their texts.
///
/// # Errors
/// The store fails.
pub async fn current(app: &App, lang: Lang) -> Result<Vec<PolicyText>, StoreError> {
    let (system, now) = (app.system().await?, app.now());
    let mut all = Vec::new();
    for kind in PolicyKind::OFFICE {
        if let Some(version) = policy_text::current(&system.policies, kind, now) {
            all.extend(text(app, lang, version).await?);
        }
    }
    Ok(all)
}

/// Which versions hold at a moment: what an account agrees to then.
pub fn holding(all: &[Version], at: Time) -> Vec<(PolicyKind, u32)> {
    let current = |kind| policy_text::current(all, kind, at).map(|v| (kind, v.number));
    PolicyKind::OFFICE.into_iter().filter_map(current).collect()
}

/// `GET /policies/{kind}?version=…`.
pub async fn show(visit: Visit, Path(kind): Path<String>, Query(asked): Query<Asked>) -> Response {
    let answer = shown(&visit, &kind, &asked).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit, kind: &str, asked: &Asked) -> Result<Response, Fault> {
    let kind: PolicyKind = kind.parse().map_err(|_| Fault::NotFound)?;
    let (app, lang, now) = (&visit.app, visit.prefs.lang, visit.app.now());
    let system = app.system().await?;
    let version = match &asked.version {
        Some(number) => {
            let number: u32 = number.parse().map_err(|_| Fault::NotFound)?;
            system.policies.iter().find(|v| v.kind == kind && v.number == number)
        }
        None => policy_text::current(&system.policies, kind, now),
    };
    let version = version.ok_or(Fault::NotFound)?;
    let policy = text(app, lang, version).await?.ok_or(Fault::NotFound)?;
    let status = policy_text::status(version, &system.policies, now);
    let line = |v: &Version| {
        let status = policy_text::status(v, &system.policies, now);
        let href = path(kind, (status != Status::Current).then_some(v.number));
        VersionLine::new(lang, v, status, href, v.number == version.number)
    };
    let view = PolicyPage {
        chrome: visit.chrome(),
        policy,
        status,
        current: path(kind, None),
        versions: system.policies.iter().filter(|v| v.kind == kind).map(line).collect(),
    };
    Ok(page(StatusCode::OK, &view, &Policy::public()))
}
