//! The first page after sign-in: where to go on.

use askama::Template;

use super::frame::Frame;
use super::parts::notice::{Notice, Tone};
use super::route::Answer;
use super::visit::Visit;

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

/// `GET /mydata-backend`.
pub async fn show(visit: Visit) -> Answer {
    let me = visit.me()?;
    let mut notices = Vec::new();
    let frame = visit.frame(visit.t("home-greeting"), Vec::new());
    if frame.menu.is_empty() {
        notices.push(Notice::new(Tone::Calm, visit.t("home-nothing")));
    }
    let began = crate::web::RocDateTime::new(me.session.moments.began.to_timestamp());
    let lead = visit.t1("home-since", "at", began.date_time(visit.lang()));
    Ok(visit.ok(&HomePage { frame, lead, notices }))
}
