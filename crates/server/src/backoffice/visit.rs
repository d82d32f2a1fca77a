//! A request as its handler sees it, once the gate has let it pass.

use std::net::IpAddr;
use std::sync::Arc;

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use fluent_bundle::FluentValue;
use http::{HeaderMap, StatusCode};
use mydata_domain::account::{Account, Role};
use mydata_domain::audit::{Actor, Event, What};
use mydata_domain::{Time, Zone};
use mydata_store::repo::sessions::Session;
use mydata_store::repo::system::System;

use super::browser;
use super::fault::Fault;
use super::frame::{Crumb, Frame, Who};
use super::gate::Room;
use super::posted::Posted;
use super::{ROOT, menu};
use crate::app::App;
use crate::browser::Browser;
use crate::catalogue::Registered;
use crate::web::layout::Running;
use crate::web::{Contact, FormTarget, Lang, Policy, Prefs, SessionView, i18n, page};

/// Somebody who showed at least the right password.
#[derive(Debug, Clone)]
pub struct Me {
    /// The session.
    pub session: Session,
    /// The account as it is now.
    pub account: Account,
}

/// A request.
pub struct Visit {
    /// The platform.
    pub app: App,
    /// Language and text size.
    pub prefs: Prefs,
    /// From where.
    pub from: IpAddr,
    /// When.
    pub now: Time,
    /// The headers.
    pub headers: HeaderMap,
    /// Path and query; for a form the path of the page it stands on, as far as it is known.
    pub here: String,
    /// The path alone.
    pub path: String,
    /// The browser.
    pub browser: Browser,
    /// Whose session it is.
    pub who: Option<Me>,
    /// What the path names.
    pub params: Vec<(String, String)>,
    /// What stands behind the `?`.
    pub query: Vec<(String, String)>,
    /// What was posted; empty for a page.
    pub posted: Posted,
    /// The registry, for names.
    pub catalogue: Arc<Registered>,
    /// What the operating side set.
    pub system: Arc<System>,
    /// The sentence that a redirect sent along.
    pub said: Option<(String, String)>,
    /// The room that its files take, given back when it is done.
    pub room: Option<Room>,
}

impl Visit {
    /// The reader's language.
    pub fn lang(&self) -> Lang {
        self.prefs.lang
    }

    /// A text without arguments.
    pub fn t(&self, key: &str) -> String {
        self.lang().t(key)
    }

    /// A text with one argument.
    pub fn t1<'a>(&self, key: &str, name: &'static str, value: impl Into<FluentValue<'a>>) -> String {
        i18n::t(self.lang(), key, &[(name, value.into())])
    }

    /// Who asks.
    ///
    /// # Errors
    /// [`Fault::SignIn`] on a route whose rule lets everybody pass.
    pub fn me(&self) -> Result<&Me, Fault> {
        self.who.as_ref().ok_or(Fault::SignIn)
    }

    /// The zone that the pages show; before sign-in the test zone (R1).
    pub fn zone(&self) -> Zone {
        self.who.as_ref().map_or(Zone::Test, |me| me.session.zone)
    }

    /// What the path calls `name`.
    ///
    /// # Errors
    /// [`Fault::NotFound`]: the path has no such part.
    pub fn param(&self, name: &str) -> Result<&str, Fault> {
        self.params
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .ok_or(Fault::NotFound)
    }

    /// What the query calls `name`, without space around it.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim())
    }

    /// An event by whoever asks, from where they are.
    pub fn event(&self, what: What) -> Event {
        let role = self.who.as_ref().map(|me| me.account.role);
        let actor = match role {
            Some(Role::Applicant | Role::Deputy) => Actor::Organisation,
            Some(_) => Actor::Operator,
            None => Actor::Platform,
        };
        let event = Event::new(self.now, actor, what).from(Some(self.from));
        match &self.who {
            Some(me) => event.by(me.account.id),
            None => event,
        }
    }

    /// The frame of a page. `trail` are the pages above it, without the first page of the back office.
    pub fn frame(&self, title: impl Into<String>, trail: Vec<Crumb>) -> Frame {
        let contact = self.app.contact();
        let whole = self.who.as_ref().filter(|me| me.is_whole());
        Frame {
            prefs: self.prefs,
            here: self.here.clone(),
            contact: Contact { phone: contact.phone, mailbox: contact.mailbox },
            title: title.into(),
            crumbs: trail,
            who: self.who.as_ref().map(|me| self.describe(me)),
            menu: whole
                .filter(|me| !me.account.is_applying())
                .map(|me| menu::menu(self.lang(), me.account.role, &self.path))
                .unwrap_or_default(),
            token: self.browser.form_token(&self.app),
            session: self.who.as_ref().map(|me| self.session_view(me)),
            said: self.said.as_ref().and_then(|(key, argument)| {
                i18n::has(self.lang(), key).then(|| self.t1(key, "what", argument.as_str()))
            }),
            script: None,
        }
    }

    fn describe(&self, me: &Me) -> Who {
        let organisation =
            me.account.organisation.as_ref().and_then(|id| self.catalogue.organisation(id.as_str()));
        let place = organisation.map_or_else(
            || self.t(super::frame::role_key(me.account.role)),
            |o| self.lang().pick(o.spoken(), Some(&o.name_en)).to_owned(),
        );
        let name = match me.account.holder.masked_name() {
            // Who signs up has not said a name yet.
            name if name.is_empty() => me.account.name.to_string(),
            name => name,
        };
        Who { place, name, zone: me.session.zone, whole: me.is_whole() && !me.account.is_applying() }
    }

    fn session_view(&self, me: &Me) -> SessionView {
        let mut moments = me.session.moments;
        moments.seen = self.now;
        SessionView {
            expires_at: moments.ends_at().to_timestamp(),
            now: self.now.to_timestamp(),
            idle_minutes: u32::try_from(mydata_domain::account::session::IDLE.as_secs() / 60)
                .unwrap_or(u32::MAX),
            extend: FormTarget {
                action: format!("{ROOT}/extend"),
                token: self.browser.form_token(&self.app),
            },
            running: Running::Page,
        }
    }

    /// A page, never kept by browsers.
    pub fn page<V: Template>(&self, status: StatusCode, view: &V) -> Response {
        page(status, view, &Policy::personal())
    }

    /// [`Self::page`] with 200.
    pub fn ok<V: Template>(&self, view: &V) -> Response {
        self.page(StatusCode::OK, view)
    }

    /// [`Self::page`] for a form with something to mend: 422.
    pub fn mend<V: Template>(&self, view: &V) -> Response {
        self.page(StatusCode::UNPROCESSABLE_ENTITY, view)
    }

    /// On to another page of ours, as after every form that was carried out.
    pub fn go(&self, path: &str) -> Response {
        Redirect::to(path).into_response()
    }

    /// [`Self::go`], with a sentence above that page: the text `key`, which begins with `said-` and may name `$what`.
    pub fn go_saying(&self, path: &str, key: &str, what: &str) -> Response {
        let mut response = self.go(path);
        browser::say(&self.app, &mut response, key, what);
        response
    }
}

impl Me {
    /// Whether the second factor, where one is needed, was shown.
    pub fn is_whole(&self) -> bool {
        self.session.stage == mydata_domain::account::session::Stage::Whole
    }
}

/// A path of the back office to go on to, or its first page: never a way to another host.
pub fn next_path(text: Option<&str>) -> &str {
    let fits = |path: &&str| {
        path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
            && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
            && !path.contains("/signout")
    };
    text.filter(fits).unwrap_or(ROOT)
}

/// A path with another path to go on to afterwards.
pub fn with_next(path: &str, next: &str) -> String {
    let next = percent_encoding::utf8_percent_encode(next, percent_encoding::NON_ALPHANUMERIC);
    format!("{path}?next={next}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_on_to_pages_of_the_back_office_only() {
        assert_eq!(next_path(Some("/mydata-backend/reviews?q=1")), "/mydata-backend/reviews?q=1");
        for bad in [
            "//evil.example",
            "/mydata-backendx",
            "/mydata-backend\\@evil",
            "https://evil.example",
            "/",
            "/mydata-backend/\n",
            "/mydata-backend/signout",
        ] {
            assert_eq!(next_path(Some(bad)), ROOT, "{bad}");
        }
        assert_eq!(next_path(None), ROOT);
        assert_eq!(with_next("/a", "/b?c=d"), "/a?next=%2Fb%3Fc%3Dd");
    }
}
