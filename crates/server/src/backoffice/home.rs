//! The first page after sign-in: where to go on.

use askama::Template;
use mydata_domain::policy_text::{self, PolicyKind};

use super::frame::Frame;
use super::parts::notice::{Notice, Tone};
use super::route::Answer;
use super::visit::Visit;
use crate::web::{i18n, maintenance, policy};

/// The page: the menu as cards, and what needs the reader.
#[derive(Template)]
#[template(path = "backoffice/home.html")]
pub struct HomePage {
    /// The frame.
    pub frame: Frame,
    /// When the account signed in before, and which zone is shown.
    pub lead: String,
    /// What needs the reader.
    pub notices: Vec<Notice>,
}

/// What is announced: maintenance, and versions of policies that begin to hold (R20).
pub fn announced(visit: &Visit) -> Vec<String> {
    let (lang, now, system) = (visit.lang(), visit.now, &visit.system);
    let name = |id: &mydata_wire::ResourceId| {
        let dataset = visit.catalogue.datasets.get(id)?;
        Some(lang.pick(&dataset.dataset.name, Some(&dataset.dataset.name_en)).to_owned())
    };
    let mut all = maintenance::announced(lang, &system.windows, now, name);
    for kind in PolicyKind::ALL {
        if let Some(version) = policy_text::next(&system.policies, kind, now) {
            let args = [
                ("policy", lang.t(policy::title_key(kind)).into()),
                ("of", policy::of(lang, version).into()),
                ("mailbox", visit.app.contact().mailbox.into()),
            ];
            all.push(i18n::t(lang, "policy-announced", &args));
        }
    }
    all
}

/// `GET /mydata-backend`.
pub async fn show(visit: Visit) -> Answer {
    let me = visit.me()?;
    let mut notices = Vec::new();
    let frame = visit.frame(visit.t("home-greeting"), Vec::new());
    if frame.menu.is_empty() {
        notices.push(Notice::new(Tone::Calm, visit.t("home-nothing")));
    }
    notices.extend(announced(&visit).into_iter().map(|text| Notice::new(Tone::Warn, text)));
    let began = crate::web::RocDateTime::new(me.session.moments.began.to_timestamp());
    let lead = visit.t1("home-since", "at", began.date_time(visit.lang()));
    Ok(visit.ok(&HomePage { frame, lead, notices }))
}
