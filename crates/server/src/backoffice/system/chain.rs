//! The chain of the record as pages: whether it holds, and one event with its proof. Reads only; all of it is read by
//! `mydata audit verify`.

use askama::Template;
use axum::response::Response;
use mydata_domain::Time;
use mydata_domain::audit::{Actor, Outcome, What};
use mydata_store::repo::audit_verify::{Against, Report, Why, verify};
use mydata_store::repo::{accounts, audit, audit_roots};
use mydata_store::signing::public_keys;

use super::above;
use crate::backoffice::fault::Fault;
use crate::backoffice::frame::{Crumb, Frame};
use crate::backoffice::parts::cell::{Cell, Chip, Colour, Link};
use crate::backoffice::parts::facts::Facts;
use crate::backoffice::parts::notice::{Notice, Tone};
use crate::backoffice::route::Answer;
use crate::backoffice::visit::Visit;
use crate::record::proof;
use crate::web::{Lang, RocDateTime, i18n};

/// The state of the chain.
pub const PATH: &str = "/mydata-backend/system/audit/chain";
/// One event.
pub const EVENT: &str = "/mydata-backend/system/audit/event";
/// Its proof, as a file.
pub const PROOF: &str = "/mydata-backend/system/audit/proof";
const LIST: &str = "/mydata-backend/system/audit";
/// So many of the last links are checked when the page is shown.
const RECENT: i64 = 1_000;

/// The page of the chain.
#[derive(Template)]
#[template(path = "backoffice/chain.html")]
pub struct ChainPage {
    /// The frame.
    pub frame: Frame,
    /// Whether it holds.
    pub chip: Chip,
    /// What was found.
    pub notice: Notice,
    /// The end of the chain, and what was checked.
    pub links: Facts,
    /// The last root.
    pub root: Facts,
}

/// The page of an event.
#[derive(Template)]
#[template(path = "backoffice/event.html")]
pub struct EventPage {
    /// The frame.
    pub frame: Frame,
    /// What happened.
    pub facts: Facts,
    /// Its place in the chain.
    pub place: Facts,
}

fn trail(visit: &Visit) -> Vec<Crumb> {
    vec![above(visit), Crumb::new(visit.t("system-audit"), LIST)]
}

/// `GET /system/audit/chain`.
pub async fn show(visit: Visit) -> Answer {
    let store = &visit.app.store;
    let keys = Some(public_keys(&store.db, &store.crypter).await?);
    let against = Against { keys, roots: Vec::new(), recent: Some(RECENT) };
    let report = verify(&store.db, &against, |_| ()).await?;
    let last = audit_roots::last(&store.db).await;
    let frame = visit.frame(visit.t("chain"), trail(&visit));
    Ok(visit.ok(&page(visit.lang(), frame, &report, last.ok().flatten().as_ref().map(|kept| &kept.root))))
}

fn number(number: u64) -> Cell {
    Cell::Number(i64::try_from(number).unwrap_or(i64::MAX))
}

/// The page from what was found.
pub(super) fn page(
    lang: Lang,
    frame: Frame,
    report: &Report,
    root: Option<&mydata_domain::audit::chain::Root>,
) -> ChainPage {
    let count = |key: &str, count: u64| i18n::t(lang, key, &[("count", count.into())]);
    let (chip, notice) = match &report.broken {
        None => (
            Chip::new(Colour::Green, lang.t("chain-holds")),
            Notice::new(Tone::Good, count("chain-holds.text", report.links)),
        ),
        Some(broken) => {
            let why = match &broken.why {
                Why::Removed { .. } | Why::TailRemoved { .. } | Why::RootGone { .. } => {
                    "chain-broken-removed"
                }
                Why::Changed => "chain-broken-changed",
                Why::Unreadable { .. } => "chain-broken-unreadable",
                Why::Signature { .. } | Why::RootOrder { .. } | Why::OtherRoot { .. } | Why::Root { .. } => {
                    "chain-broken-root"
                }
                Why::Twice | Why::DoesNotFollow | Why::BeyondHead { .. } | Why::OtherHead => {
                    "chain-broken-order"
                }
            };
            let at = broken.seq.map_or_else(|| "?".to_owned(), |seq| seq.to_string());
            let what = i18n::t(lang, why, &[("seq", at.into())]);
            let text = format!("{what}\n\n{}", lang.t("chain-broken.next"));
            (
                Chip::new(Colour::Red, lang.t("chain-broken")),
                Notice::new(Tone::Bad, text).titled(lang.t("chain-broken")),
            )
        }
    };
    let links = Facts::default()
        .cell(lang.t("chain-count"), number(report.last.seq.unsigned_abs()))
        .cell(lang.t("chain-last"), Cell::Code(report.last.link.to_string()))
        .cell(lang.t("chain-waiting"), number(report.waiting))
        .text(
            lang.t("chain-checked"),
            i18n::t(
                lang,
                "chain-checked.range",
                &[("first", report.first.to_string().into()), ("last", report.last.seq.to_string().into())],
            ),
        );
    let files = vec![
        Link::new(lang.t("chain-keys"), "/api/audit/keys"),
        Link::new(lang.t("chain-roots"), "/api/audit/roots"),
    ];
    let root = match root {
        None => Facts::default().text(lang.t("chain-root-day"), lang.t("chain-root-none")),
        Some(root) => Facts::default()
            .text(lang.t("chain-root-day"), root.day.clone())
            .text(
                lang.t("chain-root-links"),
                i18n::t(
                    lang,
                    "chain-checked.range",
                    &[("first", root.first.to_string().into()), ("last", root.last.to_string().into())],
                ),
            )
            .cell(lang.t("chain-root"), Cell::Code(root.root.to_string()))
            .cell(lang.t("chain-root-made"), Cell::at(lang, root.made_at)),
    };
    ChainPage { frame, chip, notice, links, root: root.cell(lang.t("chain-published"), Cell::Links(files)) }
}

async fn find(visit: &Visit, id: &str) -> Result<audit::Listed, Fault> {
    audit::one(&visit.app.store.db, id).await?.ok_or(Fault::NotFound)
}

/// `GET /system/audit/event?id=…`.
pub async fn event(visit: Visit) -> Answer {
    // Whoever comes without one came from nowhere.
    let Some(id) = visit.query("id") else { return Ok(visit.go(LIST)) };
    let listed = find(&visit, id).await?;
    let (db, crypter) = (&visit.app.store.db, &visit.app.store.crypter);
    let ids: Vec<_> = listed.account.into_iter().collect();
    let account = accounts::with_ids(db, crypter, &ids).await?.pop().map(|account| account.name.to_string());
    let account = account.or_else(|| listed.account.map(|id| id.to_string()));
    let last = audit_roots::last(db).await?.map(|kept| kept.root);
    let href = format!("{PROOF}?id={}", listed.event.id);
    let proved = proof::proved(href, &listed.event, last.as_ref());
    let what = What::read(&listed.event.what).map(What::words);
    let title =
        what.map_or_else(|| listed.event.what.clone(), |w| visit.lang().pick(w.0, Some(w.1)).to_owned());
    let frame = visit.frame(title, trail(&visit));
    Ok(visit.ok(&event_page(visit.lang(), frame, &listed, account, &proved)))
}

/// The page from what is kept.
pub(super) fn event_page(
    lang: Lang,
    frame: Frame,
    listed: &audit::Listed,
    account: Option<String>,
    proved: &crate::record::view::Proved,
) -> EventPage {
    let event = &listed.event;
    let words = |words: Option<(&'static str, &'static str)>, kept: &str| {
        words.map_or_else(|| kept.to_owned(), |(zh, en)| lang.pick(zh, Some(en)).to_owned())
    };
    let code = |text: Option<String>| text.map_or(Cell::Nothing, Cell::Code);
    let outcome = event.outcome.as_deref().map(|kept| {
        let keys = [
            (Outcome::Done, "audit-outcome-done"),
            (Outcome::Refused, "audit-outcome-refused"),
            (Outcome::Failed, "audit-outcome-failed"),
        ];
        let known = keys.into_iter().find(|(outcome, _)| outcome.as_str() == kept);
        known.map_or_else(|| kept.to_owned(), |(_, key)| lang.t(key))
    });
    let facts = Facts::default()
        .cell(lang.t("audit-at"), Cell::at(lang, Time(event.at)))
        .text(lang.t("audit-what"), words(What::read(&event.what).map(What::words), &event.what))
        .text(lang.t("audit-outcome"), outcome.unwrap_or_default())
        .text(lang.t("audit-actor"), words(Actor::read(&event.actor).map(Actor::words), &event.actor))
        .cell(lang.t("audit-account"), code(account))
        .cell(lang.t("audit-about"), code(listed.transaction.map(|id| id.to_string())))
        .cell(lang.t("audit-from"), code(event.from.clone()))
        .cell(lang.t("audit-detail"), code(event.detail.clone()))
        .cell(lang.t("audit-id"), Cell::Code(event.id.clone()));
    let place = match event.seq {
        Some(seq) => Cell::Number(seq),
        None => Cell::Text(lang.t("chain-not-yet")),
    };
    let proof = match proved {
        crate::record::view::Proved::Ready(href) => {
            Cell::Links(vec![Link::new(lang.t("my-record-proof-get"), href.clone())])
        }
        crate::record::view::Proved::From(at) => {
            let at = RocDateTime::new(at.to_timestamp()).date_time(lang);
            Cell::Text(i18n::t(lang, "chain-proof-from", &[("at", at.into())]))
        }
    };
    let place = Facts::default().cell(lang.t("chain-seq"), place).cell(lang.t("chain-proof"), proof);
    EventPage { frame, facts, place }
}

/// `GET /system/audit/proof?id=…`.
pub async fn proof(visit: Visit) -> Answer {
    // Whoever comes without one came from nowhere.
    let Some(id) = visit.query("id") else { return Ok(visit.go(LIST)) };
    let listed = find(&visit, id).await?;
    let db = &visit.app.store.db;
    let found = audit_roots::proof(db, &listed.event.id).await?;
    let last = audit_roots::last(db).await?.map(|kept| kept.root);
    let answer: Response =
        proof::file(&listed.event.id, Time(listed.event.at), found.as_ref(), last.as_ref());
    Ok(answer)
}
