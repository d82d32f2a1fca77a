//! Acts that need no form and no review, each asked once more on a page that says what will happen.

use http::StatusCode;
use mydata_domain::filing::Reason;
use mydata_domain::item::rule::{self, Audience, Guard, RegistryChange, ToStage};
use mydata_domain::item::{Act, ActName, ItemId, Kind, step};
use mydata_domain::organisation::OrganisationKind;
use mydata_store::repo::items::Kept;

use super::{load, name, words};
use crate::backoffice::fault::Fault;
use crate::backoffice::flow::{self, By};
use crate::backoffice::frame::Crumb;
use crate::backoffice::parts::cell::Link;
use crate::backoffice::parts::confirm::ConfirmPage;
use crate::backoffice::parts::field::Field;
use crate::backoffice::parts::form::{Form, Look};
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::route::Answer;
use crate::backoffice::scope;
use crate::backoffice::visit::Visit;

const ASKED: [ActName; 8] = [
    ActName::Withdraw,
    ActName::Discard,
    ActName::Delist,
    ActName::StartAnew,
    ActName::Suspend,
    ActName::Resume,
    ActName::SuspendFailing,
    ActName::ResumeFailing,
];

/// Whether an act is done on this page.
pub(super) fn is_asked(act: ActName) -> bool {
    ASKED.contains(&act)
}

/// Where an act is asked for.
pub(in crate::backoffice) fn path(item: ItemId, act: ActName) -> String {
    format!("{}/act?act={}", super::path(item), act.as_str())
}

/// What the button says: 下架資料集.
pub(super) fn label(visit: &Visit, kind: Kind, act: ActName) -> String {
    let lang = visit.lang();
    match act {
        ActName::Delist => visit.t1("item-delist", "kind", words::kind(lang, kind)),
        ActName::Discard => visit.t1("item-discard", "kind", words::kind(lang, kind)),
        act => words::act(lang, act).to_owned(),
    }
}

fn named(text: Option<&str>) -> Option<ActName> {
    ASKED.into_iter().find(|act| Some(act.as_str()) == text)
}

/// `GET /items/{id}/act?act=…`.
pub async fn ask(visit: Visit) -> Answer {
    let kept = load(&visit).await?;
    let Some(act) = named(visit.query("act")) else { return Ok(visit.go(&super::path(kept.id))) };
    page(&visit, &kept, act, None, StatusCode::OK)
}

fn page(visit: &Visit, kept: &Kept, act: ActName, wrong: Option<Wrong>, status: StatusCode) -> Answer {
    let organisation = visit.catalogue.organisation(kept.organisation.as_str());
    let of = organisation.map_or(OrganisationKind::Agency, |o| o.kind);
    // What is no longer possible looks like what it is: somebody was quicker.
    step::may(&kept.stage, act, &scope::actor(visit)?, &kept.facts(of), visit.now)
        .map_err(|_| Fault::Changed)?;
    let rule = rule::of(kept.stage.name(), act, of).ok_or(Fault::Changed)?;
    let lang = visit.lang();
    let mut consequences = Vec::new();
    if act == ActName::Withdraw {
        consequences.extend([visit.t("withdraw-consequence"), visit.t("withdraw-again")]);
    }
    match rule.to {
        ToStage::One(stage) => {
            consequences.push(visit.t1("act-to-stage", "stage", words::stage(lang, stage)));
        }
        ToStage::Back => consequences.push(visit.t("act-to-before")),
        ToStage::Same => {}
    }
    let registry = match rule.registry {
        RegistryChange::Suspend => Some("act-registry-suspend"),
        RegistryChange::Resume => Some("act-registry-resume"),
        RegistryChange::Delist => Some("act-registry-delist"),
        _ => None,
    };
    consequences.extend(registry.map(|key| visit.t(key)));
    if rule.mails.iter().any(|mail| mail.to == Audience::Owner) {
        consequences.push(visit.t("act-mail-owner"));
    }
    let own = super::path(kept.id);
    let frame = visit.frame(
        crate::web::i18n::t(
            lang,
            "act-ask",
            &[("act", label(visit, kept.kind, act).into()), ("name", name(visit, kept).into())],
        ),
        vec![Crumb::new(name(visit, kept), own.clone())],
    );
    let mut form = Form::simple(lang, format!("{own}/act"), &frame.token, label(visit, kept.kind, act))
        .hide("act", act.as_str());
    let (notice, fault) = match wrong {
        Some(Wrong::Reason(text)) => (None, Some(text)),
        Some(Wrong::Act(text)) => (Some(text), None),
        None => (None, None),
    };
    if let Some(text) = notice {
        form = form.with(Notice::new(Tone::Bad, text));
    }
    let optional = matches!(act, ActName::SuspendFailing | ActName::ResumeFailing);
    if optional || rule.guards.contains(&Guard::Reason) {
        let field = Field::area(lang, "reason", visit.t("act-reason"))
            .hint(visit.t("act-reason.hint"))
            .value(visit.posted.text("reason"))
            .max(u32::try_from(Reason::MAX).unwrap_or(u32::MAX))
            .fault(fault);
        form = form.with(if optional { field.optional() } else { field });
    }
    if !matches!(act, ActName::StartAnew | ActName::Resume | ActName::ResumeFailing) {
        form.buttons[0].look = Look::Danger;
    }
    form = form.cancel(Link::new(visit.t("cancel"), own));
    Ok(visit.page(status, &ConfirmPage { frame, consequences, form }))
}

/// What is to be said above the form or beside its field.
enum Wrong {
    Reason(String),
    Act(String),
}

/// `POST /items/{id}/act`.
pub async fn submit(visit: Visit) -> Answer {
    let kept = load(&visit).await?;
    let Some(name) = named(visit.posted.get("act")) else { return Ok(visit.go(&super::path(kept.id))) };
    let typed = visit.posted.text("reason");
    let reason = (!typed.is_empty()).then(|| typed.parse::<Reason>());
    let act = match (name, reason) {
        (_, Some(Err(_))) => Err(visit.t1("act-reason-bad", "max", Reason::MAX)),
        (ActName::Withdraw, _) => Ok(Act::Withdraw),
        (ActName::Discard, _) => Ok(Act::Discard),
        (ActName::StartAnew, _) => Ok(Act::StartAnew),
        (ActName::SuspendFailing, reason) => Ok(Act::SuspendFailing(reason.and_then(Result::ok))),
        (ActName::ResumeFailing, reason) => Ok(Act::ResumeFailing(reason.and_then(Result::ok))),
        (ActName::Delist, Some(Ok(reason))) => Ok(Act::Delist(reason)),
        (ActName::Suspend, Some(Ok(reason))) => Ok(Act::Suspend(reason)),
        (ActName::Resume, Some(Ok(reason))) => Ok(Act::Resume(reason)),
        _ => Err(visit.t("act-reason-needed")),
    };
    let act = match act {
        Ok(act) => act,
        Err(text) => {
            return page(&visit, &kept, name, Some(Wrong::Reason(text)), StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    match flow::act(&visit.app, &By::visitor(&visit)?, kept.id, act).await {
        Ok(done) => {
            let own = super::path(kept.id);
            // A draft that was thrown away has no page.
            let to = if name == ActName::Discard {
                format!("{}{}", crate::backoffice::ROOT, words::list_path(kept.kind))
            } else {
                own
            };
            let text = format!("{}：{}", done.name, words::stage(visit.lang(), done.stage));
            Ok(visit.go_saying(&to, "said-item-acted", &text))
        }
        Err(error) => match error.fault() {
            Ok(fault) => Err(fault),
            Err(error) => {
                let text = error.words(visit.lang());
                page(&visit, &kept, name, Some(Wrong::Act(text)), StatusCode::CONFLICT)
            }
        },
    }
}
