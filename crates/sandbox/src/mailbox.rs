//! The mailbox of the sandbox: takes every mail and text message over HTTP and shows it, newest first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use askama::Template;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::Clock;
use crate::page::{self, Page, html};

/// How many messages are remembered.
const REMEMBERED: usize = 1_000;

/// How a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// E-mail.
    Mail,
    /// Text message.
    Sms,
}

/// A message, as it is posted to `/messages`. Personal data: no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// How it travels.
    pub channel: Channel,
    /// Mail address or phone number.
    pub to: String,
    /// Empty for text messages.
    #[serde(default)]
    pub subject: String,
    /// Plain text.
    pub body: String,
}

/// The mailbox.
#[derive(Clone)]
pub struct Mailbox {
    messages: Arc<Mutex<VecDeque<(SystemTime, Message)>>>,
    clock: Clock,
}

struct Shown {
    when: String,
    message: Message,
}

#[derive(Template)]
#[template(path = "mailbox.html")]
struct MailboxPage {
    page: Page,
    messages: Vec<Shown>,
}

impl Mailbox {
    /// An empty one.
    pub fn new(clock: Clock) -> Self {
        Self { messages: Arc::default(), clock }
    }

    /// Page and endpoint.
    pub fn router(&self) -> Router {
        let router = Router::new()
            .route("/", get(show))
            .route("/messages", get(list).post(take))
            .layer(DefaultBodyLimit::max(256 * 1024))
            .with_state(self.clone());
        page::with_style(router)
    }

    /// Every message, newest first.
    pub fn messages(&self) -> Vec<Message> {
        self.newest_first().into_iter().map(|(_, message)| message).collect()
    }

    fn newest_first(&self) -> Vec<(SystemTime, Message)> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

async fn take(State(mailbox): State<Mailbox>, Json(message): Json<Message>) -> StatusCode {
    let mut messages = mailbox.messages.lock().unwrap_or_else(PoisonError::into_inner);
    messages.push_front(((mailbox.clock)(), message));
    messages.truncate(REMEMBERED);
    StatusCode::ACCEPTED
}

async fn list(State(mailbox): State<Mailbox>) -> Json<Vec<Message>> {
    Json(mailbox.messages())
}

async fn show(State(mailbox): State<Mailbox>, uri: Uri, headers: HeaderMap) -> Response {
    let now = (mailbox.clock)();
    let page = Page::of(&uri, &headers);
    let messages = mailbox
        .newest_first()
        .into_iter()
        .map(|(at, message)| Shown { when: ago(now.duration_since(at).unwrap_or_default(), &page), message })
        .collect();
    html(&MailboxPage { page, messages }, StatusCode::OK, &[])
}

fn ago(passed: Duration, page: &Page) -> String {
    let (n, zh, en) = match passed.as_secs() {
        s @ 0..60 => (s, "秒前", "s ago"),
        s @ 60..3600 => (s / 60, "分鐘前", "min ago"),
        s => (s / 3600, "小時前", "h ago"),
    };
    format!("{n} {}", if page.lang.en() { en } else { zh })
}
