//! The terms and the privacy policy that are agreed to before an account is made (R18–R20). The texts are the operator's own
//! words in the locale files; here stands which there are, in order, and of which day they are.

use mydata_domain::calendar::{Date, roc};

use crate::web::{Lang, RocDateTime};

/// The day of the texts. A change of their meaning is a new day, announced on the platform.
pub const OF: Date = jiff::civil::date(2026, 11, 1);

/// 服務條款: each a heading with its text as `.what`.
const TERMS: [&str; 6] = [
    "signup-terms-scope",
    "signup-terms-account",
    "signup-terms-duties",
    "signup-terms-review",
    "signup-terms-end",
    "signup-terms-law",
];

/// 隱私權保護政策.
const PRIVACY: [&str; 8] = [
    "signup-privacy-scope",
    "signup-privacy-collect",
    "signup-privacy-use",
    "signup-privacy-cookie",
    "signup-privacy-law",
    "signup-privacy-self",
    "signup-privacy-change",
    "signup-privacy-rights",
];

/// A clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Its heading.
    pub title: String,
    /// Its paragraphs.
    pub text: String,
}

impl Clause {
    fn of(lang: Lang, key: &str, contact: &str) -> Self {
        let text =
            crate::web::i18n::t(lang, &format!("{key}.what"), &[("contact", contact.to_owned().into())]);
        Self { title: lang.t(key), text }
    }
}

/// 服務條款.
pub fn terms(lang: Lang, contact: &str) -> Vec<Clause> {
    TERMS.iter().map(|key| Clause::of(lang, key, contact)).collect()
}

/// 隱私權保護政策. `contact` is the service mailbox.
pub fn privacy(lang: Lang, contact: &str) -> Vec<Clause> {
    PRIVACY.iter().map(|key| Clause::of(lang, key, contact)).collect()
}

/// The day of the texts, as people read it.
pub fn day(lang: Lang) -> String {
    match lang {
        Lang::ZhTw => roc(OF),
        Lang::En => RocDateTime::new(mydata_domain::calendar::midnight(OF).to_timestamp()).date(lang),
    }
}
