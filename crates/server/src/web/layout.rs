//! The frame around every page, and what several pages share.

use askama::filters::Safe;
use fluent_bundle::FluentValue;
use jiff::Timestamp;
use mydata_wire::Verification;

use super::assets;
use super::date::{self, RocDateTime};
use super::i18n::{self, Lang};
use super::prefs::{PREFERENCES_PATH, Prefs, TextSize};

/// Which of the two zones a page belongs to (R94).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneChip {
    /// 測試區
    Test,
    /// 正式區
    Production,
    /// An exchange that the owner of a dataset or service tries in the test zone (R48).
    FrontTest,
}

/// How to reach the service desk, from the settings (R22).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The phone number as it is read, such as `02-0000-0000`.
    pub phone: String,
    /// The mailbox.
    pub mailbox: String,
}

impl Contact {
    /// The number for a `tel:` link: digits, with a leading plus where there is one.
    pub(crate) fn dial(&self) -> String {
        self.phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
    }
}

/// A form's address and the token that proves the form is ours; posted as the field `form_token`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormTarget {
    /// Path that the form is posted to.
    pub action: String,
    /// Value of the hidden field `form_token`.
    pub token: String,
}

/// The running session. The page warns two minutes before it ends and offers to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// When the session ends without another request.
    pub expires_at: Timestamp,
    /// The moment of rendering, so that a wrong clock on the citizen's side does no harm.
    pub now: Timestamp,
    /// Minutes a session lasts without a request, for the sentence shown beforehand.
    pub idle_minutes: u32,
    /// Posted by script when the citizen goes on; answers 2xx when the session was extended to its full length.
    pub extend: FormTarget,
    /// What runs.
    pub running: Running,
}

/// What runs, and ends without use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Running {
    /// A page of an exchange, or of the back office.
    Page,
    /// A citizen's session of the portal.
    Portal {
        /// Where the page goes when it has ended.
        ended: String,
    },
}

/// Who is logged in to the portal, for the header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Account {
    /// The page has nothing to do with it.
    #[default]
    Apart,
    /// Nobody.
    Out {
        /// Where one logs in, and comes back from.
        log_in: String,
    },
    /// A citizen.
    In {
        /// Their own pages.
        ways: Vec<OwnWay>,
        /// The way out.
        log_out: FormTarget,
    },
}

/// A way to one of the citizen's own pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnWay {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub href: &'static str,
    /// Whether the page belongs there.
    pub current: bool,
}

impl SessionView {
    /// Seconds left at the moment of rendering, rounded up: when the page has counted down to nothing, nothing is left.
    pub(crate) fn seconds_left(&self) -> i64 {
        (self.expires_at.as_millisecond() - self.now.as_millisecond() + 999).max(0) / 1000
    }

    /// The texts of what runs begin with this.
    pub(crate) fn words(&self) -> &'static str {
        match self.running {
            Running::Page => "session-ending",
            Running::Portal { .. } => "login-ending",
        }
    }

    /// Where the page goes when it has ended, unless it is shown again.
    pub(crate) fn ended(&self) -> Option<&str> {
        match &self.running {
            Running::Page => None,
            Running::Portal { ended } => Some(ended),
        }
    }

    /// On a clock in Taipei, when it ends.
    pub(crate) fn ends_at(&self) -> String {
        RocDateTime::new(self.expires_at).time()
    }
}

/// What the frame of a page needs to know.
#[derive(Debug, Clone)]
pub struct Chrome {
    /// Language and text size.
    pub prefs: Prefs,
    /// The zone, where one is known.
    pub zone: Option<ZoneChip>,
    /// The citizen's masked name (R83), once known.
    pub citizen: Option<String>,
    /// Who is logged in to the portal, where the page has to do with it.
    pub account: Account,
    /// Path and query of the GET that shows this page again; the language and size buttons lead back to it.
    pub here: String,
    /// The service desk.
    pub contact: Contact,
    /// The session, where the page belongs to one.
    pub session: Option<SessionView>,
    /// Where the language and size buttons post the form `consent` of this page to, so that what the citizen has
    /// filled in is kept; without it they are a form of their own.
    pub carry: Option<String>,
}

impl Chrome {
    /// The language of the page.
    pub fn lang(&self) -> Lang {
        self.prefs.lang
    }

    pub(crate) fn t(&self, key: &str) -> String {
        i18n::t(self.lang(), key, &[])
    }

    pub(crate) fn t1<'a>(&self, key: &str, name: &'static str, value: impl Into<FluentValue<'a>>) -> String {
        i18n::t(self.lang(), key, &[(name, value.into())])
    }

    /// A text of a group: `login-ending.why`.
    pub(crate) fn below(&self, group: &str, name: &str) -> String {
        self.t(&format!("{group}.{name}"))
    }

    /// Whether the mark leads to the first page: not out of an exchange that runs.
    pub(crate) fn leads_home(&self) -> bool {
        self.session.as_ref().is_none_or(|session| session.ended().is_some())
    }

    /// Whether the page belongs to an exchange, which a way to somewhere else would interrupt.
    pub(crate) fn interrupts(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.running == Running::Page)
    }

    /// What the foot of a page says of the session: how long, and for a citizen of the portal until when.
    pub(crate) fn idle_note(&self, session: &SessionView) -> String {
        let span = self.span(session.idle_minutes);
        match session.running {
            Running::Page => self.t1("session-idle", "span", span),
            Running::Portal { .. } => {
                let args = [("span", span.into()), ("at", session.ends_at().into())];
                i18n::t(self.lang(), "login-idle-until", &args)
            }
        }
    }

    pub(crate) fn rich(&self, key: &str, args: &[(&'static str, &String)]) -> Safe<String> {
        let args: Vec<_> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
        i18n::rich(self.lang(), key, &args)
    }

    pub(crate) fn span(&self, minutes: u32) -> String {
        date::span(self.lang(), minutes)
    }

    pub(crate) fn is_test(&self) -> bool {
        matches!(self.zone, Some(ZoneChip::Test | ZoneChip::FrontTest))
    }

    pub(crate) fn other_lang(&self) -> Lang {
        match self.lang() {
            Lang::ZhTw => Lang::En,
            Lang::En => Lang::ZhTw,
        }
    }

    pub(crate) fn preferences_path(&self) -> &'static str {
        PREFERENCES_PATH
    }

    pub(crate) fn sizes(&self) -> [TextSize; 3] {
        TextSize::ALL
    }

    pub(crate) fn style(&self) -> &'static str {
        assets::style_url()
    }

    pub(crate) fn script(&self) -> &'static str {
        assets::script_url()
    }

    pub(crate) fn icon(&self) -> &'static str {
        assets::icon_url()
    }
}

/// Who receives, for what: the frame of both consent steps (R73).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parties {
    /// The organisation's full name, 示範銀行股份有限公司.
    pub organisation: String,
    /// Its short name where it has one, else the full one, 示範銀行.
    pub organisation_short: String,
    /// The service's name, 線上開戶.
    pub service: String,
    /// What the data is used for.
    pub purpose: String,
    /// `tx_id`, whole; the page shows its ends.
    pub tx_id: String,
    /// Until when the service may fetch the data.
    pub access: Access,
}

impl Parties {
    /// `3f6c…a91e`
    pub(crate) fn tx_short(&self) -> String {
        short_id(&self.tx_id)
    }
}

/// Until when the service may fetch (R111).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Not confirmed yet: this many minutes from the confirmation.
    AfterConfirmation {
        /// The ticket's life.
        minutes: u32,
    },
    /// The moment is known, and how long the ticket lives in all.
    Until {
        /// The ticket's end.
        at: Timestamp,
        /// The ticket's life.
        minutes: u32,
    },
}

impl Access {
    pub(crate) fn text(&self, lang: Lang) -> String {
        match self {
            Self::AfterConfirmation { minutes } => {
                i18n::t(lang, "parties-after", &[("span", date::span(lang, *minutes).into())])
            }
            Self::Until { at, minutes } => {
                let at = RocDateTime::new(*at).date_time(lang);
                i18n::t(
                    lang,
                    "parties-until",
                    &[("at", at.into()), ("span", date::span(lang, *minutes).into())],
                )
            }
        }
    }
}

/// The first and last four characters of an id, enough to name it on the phone.
pub(crate) fn short_id(id: &str) -> String {
    let chars: Vec<char> = id.chars().collect();
    if chars.len() <= 10 {
        return id.to_owned();
    }
    let (head, tail): (String, String) =
        (chars[..4].iter().collect(), chars[chars.len() - 4..].iter().collect());
    format!("{head}…{tail}")
}

/// The first fields by name and how many there are: 姓名、出生日期、出生地、婚姻狀況 等 12 項.
pub(crate) fn field_summary(lang: Lang, fields: &[String]) -> String {
    const SHOWN: usize = 4;
    let separator = if lang == Lang::ZhTw { "、" } else { ", " };
    if fields.len() <= SHOWN {
        return fields.join(separator);
    }
    let args = [
        ("fields", fields[..SHOWN].join(separator).into()),
        ("total", fields.len().into()),
        ("more", (fields.len() - SHOWN).into()),
    ];
    i18n::t(lang, "fields-summary", &args)
}

/// The name of a verification method.
pub fn verification_name(lang: Lang, method: Verification) -> String {
    lang.t(match method {
        Verification::Cer => "verification-cer",
        Verification::Fic => "verification-fic",
        Verification::Fch => "verification-fch",
        Verification::Moe => "verification-moe",
        Verification::Tfd => "verification-tfd",
        Verification::Nhi => "verification-nhi",
        Verification::Fcs => "verification-fcs",
        Verification::Pii => "verification-pii",
        Verification::Otp => "verification-otp",
        Verification::Gov => "verification-gov",
    })
}

/// One step of the stepper.
pub(crate) struct Step {
    pub(crate) number: &'static str,
    pub(crate) key: &'static str,
    pub(crate) note: Option<String>,
    pub(crate) done: bool,
    pub(crate) current: bool,
}

/// The three steps with the `current` one (0–2) marked; `method` is named beside the second.
pub(crate) fn steps(current: usize, method: Option<String>) -> [Step; 3] {
    let mut method = method;
    let mut step = |index: usize, number, key| Step {
        number,
        key,
        note: if index == 1 { method.take() } else { None },
        done: index < current,
        current: index == current,
    };
    [step(0, "①", "step-terms"), step(1, "②", "step-identity"), step(2, "③", "step-confirm")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_countdown_ends_no_sooner_than_the_session() {
        let view = |now: &str| SessionView {
            expires_at: "2026-11-21T06:50:00.900Z".parse().unwrap(),
            now: now.parse().unwrap(),
            idle_minutes: 10,
            extend: FormTarget { action: String::new(), token: String::new() },
            running: Running::Page,
        };
        assert_eq!(view("2026-11-21T06:40:00.900Z").seconds_left(), 600);
        assert_eq!(view("2026-11-21T06:49:59.950Z").seconds_left(), 1);
        assert_eq!(view("2026-11-21T06:50:00.899Z").seconds_left(), 1);
        assert_eq!(view("2026-11-21T06:50:00.900Z").seconds_left(), 0);
        assert_eq!(view("2026-11-21T06:59:00Z").seconds_left(), 0);
    }

    #[test]
    fn shortens_ids() {
        assert_eq!(short_id("3f6c2d1e-0000-4000-8000-00000000a91e"), "3f6c…a91e");
        assert_eq!(short_id("abc"), "abc");
    }

    #[test]
    fn sums_up_fields() {
        let fields: Vec<String> =
            "姓名 出生日期 出生地 婚姻狀況 住址 教育".split(' ').map(str::to_owned).collect();
        assert_eq!(field_summary(Lang::ZhTw, &fields[..2]), "姓名、出生日期");
        assert_eq!(field_summary(Lang::ZhTw, &fields), "姓名、出生日期、出生地、婚姻狀況 等 6 項");
        assert_eq!(field_summary(Lang::En, &fields), "姓名, 出生日期, 出生地, 婚姻狀況 and 2 more");
    }
}
