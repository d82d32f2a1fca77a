//! `/faq`: 常見問題 by topic, each with its answer and an address of its own.

use askama::Template;
use axum::response::Response;
use mydata_domain::news::{Entry, NewsKind, Topic};
use mydata_store::repo::news as kept;

use crate::backoffice::system::news::topic_key;
use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::portal::nav::Area;
use crate::portal::view::{Frame, public};
use crate::web::{Chrome, Lang, document};

/// Most questions on the page.
const MOST: u32 = 200;

/// A question.
#[derive(Debug, Clone)]
pub struct Question {
    /// Its name in the page's address.
    pub anchor: String,
    /// What is asked.
    pub title: String,
    /// What is answered.
    pub answer: String,
}

/// The questions of a topic.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name in the page's address.
    pub anchor: &'static str,
    /// What they are about.
    pub title: String,
    /// The questions in their order.
    pub questions: Vec<Question>,
}

/// The page.
#[derive(Template)]
#[template(path = "public/faq.html")]
pub struct FaqPage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// The questions by topic.
    pub groups: Vec<Group>,
}

fn question(lang: Lang, entry: &Entry) -> Question {
    let id = entry.id.to_string();
    Question {
        anchor: format!("q-{}", id.split('-').next().unwrap_or_default()),
        title: lang.pick(&entry.title, Some(&entry.title_en)).to_owned(),
        answer: document::html(lang.pick(&entry.text, Some(&entry.text_en)), &[]).0,
    }
}

/// `GET /faq`.
pub async fn show(visit: Visit) -> Response {
    let answer = shown(&visit).await;
    visit.or_fault(answer)
}

async fn shown(visit: &Visit) -> Result<Response, Fault> {
    let lang = visit.prefs.lang;
    let entries = kept::public(&visit.app.store.db, NewsKind::Faq, visit.app.now(), MOST, 0).await?;
    let group = |topic: Topic| Group {
        anchor: topic.as_str(),
        title: lang.t(topic_key(topic)),
        questions: entries
            .iter()
            .filter(|entry| entry.topic.unwrap_or(Topic::Platform) == topic)
            .map(|entry| question(lang, entry))
            .collect(),
    };
    let groups = Topic::ALL.into_iter().map(group).filter(|group| !group.questions.is_empty()).collect();
    let frame = Frame::new(visit, Area::Elsewhere, lang.t("faq")).about(lang.t("faq.lead"));
    Ok(public(&FaqPage { chrome: frame.chrome.clone(), frame, groups }))
}
