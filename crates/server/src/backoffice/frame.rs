//! The frame around every page of the back office.

use askama::filters::Safe;
use fluent_bundle::FluentValue;
use mydata_domain::Zone;
use mydata_domain::account::Role;

use super::ROOT;
use super::menu::MenuGroup;
use crate::web::i18n::{self, escape};
use crate::web::{Contact, Lang, Prefs, SessionView, TextSize, assets};

/// A page above the one shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crumb {
    /// Its title.
    pub label: String,
    /// Its address.
    pub href: String,
}

impl Crumb {
    /// A page above.
    pub fn new(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: href.into() }
    }
}

/// Who is signed in, as the header says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The organisation's name, or the role where there is none.
    pub place: String,
    /// The masked name.
    pub name: String,
    /// The zone that is shown.
    pub zone: Zone,
    /// Whether the second factor, where one is needed, was shown.
    pub whole: bool,
}

/// What the frame of a page needs to know. Handlers get theirs from [`super::visit::Visit::frame`].
#[derive(Debug, Clone)]
pub struct Frame {
    /// Language and text size.
    pub prefs: Prefs,
    /// Path and query of the GET that shows this page again.
    pub here: String,
    /// The service desk.
    pub contact: Contact,
    /// The page's only `h1`, and the beginning of its title.
    pub title: String,
    /// The pages above it, without the first one.
    pub crumbs: Vec<Crumb>,
    /// Who is signed in.
    pub who: Option<Who>,
    /// The menu; empty before sign-in.
    pub menu: Vec<MenuGroup>,
    /// The token of every form on the page.
    pub token: String,
    /// The session, where there is one.
    pub session: Option<SessionView>,
    /// A sentence that the redirect to this page sent along.
    pub said: Option<String>,
    /// The address of a script that this page needs beside the common one.
    pub script: Option<&'static str>,
}

impl Frame {
    /// The language of the page.
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

    /// The hidden field that every form begins with: `{{ frame.token_field() }}`.
    pub fn token_field(&self) -> Safe<String> {
        Safe(format!("<input type=\"hidden\" name=\"form_token\" value=\"{}\">", escape(&self.token)))
    }

    /// The address of a path below the root: `{{ frame.path("/me") }}`.
    pub fn path(&self, below: &str) -> String {
        format!("{ROOT}{below}")
    }

    pub(crate) fn span(&self, minutes: u32) -> String {
        crate::web::date::span(self.lang(), minutes)
    }

    pub(crate) fn other_lang(&self) -> Lang {
        match self.lang() {
            Lang::ZhTw => Lang::En,
            Lang::En => Lang::ZhTw,
        }
    }

    pub(crate) fn sizes(&self) -> [TextSize; 3] {
        TextSize::ALL
    }

    pub(crate) fn preferences_path(&self) -> &'static str {
        crate::web::prefs::PREFERENCES_PATH
    }

    pub(crate) fn styles(&self) -> [&'static str; 2] {
        [assets::style_url(), assets::backoffice_style_url()]
    }

    pub(crate) fn common_script(&self) -> &'static str {
        assets::script_url()
    }

    pub(crate) fn icon(&self) -> &'static str {
        assets::icon_url()
    }
}

impl Who {
    pub(crate) fn zone_key(&self) -> &'static str {
        match self.zone {
            Zone::Test => "zone-test",
            Zone::Production => "zone-production",
        }
    }

    pub(crate) fn zone_colour(&self) -> &'static str {
        match self.zone {
            Zone::Test => "amber",
            Zone::Production => "brandish",
        }
    }

    pub(crate) fn other_zone(&self) -> Zone {
        match self.zone {
            Zone::Test => Zone::Production,
            Zone::Production => Zone::Test,
        }
    }
}

/// The text that names a role.
pub fn role_key(role: Role) -> &'static str {
    match role {
        Role::Applicant => "role-applicant",
        Role::Deputy => "role-deputy",
        Role::Operator => "role-operator",
        Role::Authority => "role-authority",
        Role::Ministry => "role-ministry",
        Role::Administrator => "role-administrator",
        Role::Auditor => "role-auditor",
    }
}
