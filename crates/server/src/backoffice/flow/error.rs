//! Why a step was not made.

use fluent_bundle::FluentValue;
use mydata_domain::filing;
use mydata_domain::forms::FieldError;
use mydata_domain::item::Refused;
use mydata_store::StoreError;

use crate::backoffice::fault::Fault;
use crate::web::Lang;
use crate::web::date::day;
use crate::web::i18n::t;

/// Why a step was not made. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such thing, or it is somebody else's.
    #[error("there is no such item, filing or draft")]
    Gone,
    /// The account was locked, closed or given another role meanwhile.
    #[error("the account may not do this any more")]
    Barred,
    /// The rules of items refuse it.
    #[error(transparent)]
    Refused(Refused),
    /// The rules of sign-ups refuse it.
    #[error(transparent)]
    SignUp(#[from] filing::sign_up::Refused),
    /// The page was made from something that has changed: another filing is under review, or a review is elsewhere by now.
    #[error("this is no longer what is under review; look at it again")]
    Superseded,
    /// Somebody saved the draft meanwhile.
    #[error("the draft was saved by somebody else meanwhile, as version {there}")]
    Stale {
        /// The version that is there.
        there: i64,
    },
    /// Fields of the form are at fault.
    #[error("{} fields are at fault", .0.len())]
    Faults(Vec<FieldError>),
    /// A refusal needs a reason.
    #[error("a reason is needed")]
    ReasonMissing,
    /// The organisation's sign-up is decided on first.
    #[error("the organisation's account is still in review; decide on that first")]
    AccountFirst,
    /// A dataset that the item needs is not registered in the zone.
    #[error("dataset {0} is not registered in this zone")]
    NoDataset(String),
    /// The item has no record in this zone.
    #[error("the item has no record in this zone yet")]
    NoRecord,
    /// This kind of item has no such thing.
    #[error("this kind of item has no such thing")]
    NotOfThisKind,
    /// The certificate cannot be registered; the reason in zh-TW, then in English.
    #[error("the certificate cannot be registered: {1}")]
    Certificate(String, String),
    /// A citizen could not enter.
    #[error("a citizen could not enter: {0}")]
    NoEntry(mydata_domain::entry::Fault),
    /// The account's name is taken.
    #[error("the account's name is taken")]
    NameTaken,
    /// The link is unknown, used, or has ended.
    #[error("the link is unknown, was used, or has ended")]
    LinkEnded,
    /// The organisation has as many deputies as it may.
    #[error("an organisation has at most {0} deputies")]
    TooManyDeputies(usize),
    /// Something that must be true is not; the text says what.
    #[error("{0}")]
    Broken(String),
}

impl From<Refused> for ActError {
    fn from(refused: Refused) -> Self {
        match refused {
            // One organisation never learns of another's.
            Refused::NotYours => Self::Gone,
            Refused::NotAllowed { .. } => Self::Barred,
            other => Self::Refused(other),
        }
    }
}

impl ActError {
    /// The fault that ends the request, where a page of its own says more than a sentence; `None` where the page that was
    /// posted from should say [`Self::words`].
    pub fn fault(self) -> Result<Fault, Self> {
        match self {
            Self::Store(error) => Ok(Fault::Store(error)),
            Self::Gone => Ok(Fault::NotFound),
            Self::Barred => Ok(Fault::Forbidden),
            Self::Broken(text) => Ok(Fault::Broken(text)),
            other => Err(other),
        }
    }

    /// What to tell whoever tried, in one or two sentences: what is the matter, and how to go on.
    pub fn words(&self, lang: Lang) -> String {
        let one = |key: &str, name: &'static str, value: FluentValue<'_>| t(lang, key, &[(name, value)]);
        match self {
            Self::Store(_) | Self::Broken(_) => lang.t("act-failed"),
            Self::Gone => lang.t("act-gone"),
            Self::Barred => lang.t("act-barred"),
            Self::Superseded => lang.t("act-superseded"),
            Self::Stale { .. } => lang.t("act-stale"),
            Self::Faults(faults) => one("act-faults", "count", faults.len().into()),
            Self::ReasonMissing => lang.t("act-reason-missing"),
            Self::AccountFirst => lang.t("act-account-first"),
            Self::NoDataset(id) => one("act-no-dataset", "id", id.as_str().into()),
            Self::NoRecord => lang.t("act-no-record"),
            Self::NotOfThisKind => lang.t("act-not-of-this-kind"),
            Self::Certificate(zh, en) => {
                let reason = if lang == Lang::ZhTw { zh } else { en };
                one("act-certificate", "reason", reason.as_str().into())
            }
            Self::NoEntry(fault) => crate::backoffice::front_test::words::no_entry(lang, fault),
            Self::NameTaken => lang.t("act-name-taken"),
            Self::LinkEnded => lang.t("act-link-ended"),
            Self::TooManyDeputies(most) => one("act-too-many-deputies", "most", (*most).into()),
            Self::SignUp(refused) => sign_up(refused, lang),
            Self::Refused(refused) => refused_words(refused, lang),
        }
    }
}

fn sign_up(refused: &filing::sign_up::Refused, lang: Lang) -> String {
    use filing::sign_up::Refused;
    match refused {
        Refused::NotASignUp => lang.t("act-superseded"),
        Refused::NotNow => lang.t("act-decided"),
        Refused::NotAllowed => lang.t("act-barred"),
        Refused::OwnFiling => lang.t("act-own-filing"),
    }
}

fn refused_words(refused: &Refused, lang: Lang) -> String {
    let one = |key: &str, name: &'static str, value: String| t(lang, key, &[(name, value.into())]);
    match refused {
        Refused::NotNow { stage, act } => {
            let (stage, act) = match lang {
                Lang::ZhTw => (stage.zh(), act.zh()),
                Lang::En => (stage.en(), act.en()),
            };
            t(lang, "act-not-now", &[("stage", stage.into()), ("act", act.into())])
        }
        Refused::NotYours => lang.t("act-gone"),
        Refused::NotAllowed { .. } => lang.t("act-barred"),
        Refused::OwnFiling => lang.t("act-own-filing"),
        Refused::SameReviewer => lang.t("act-same-reviewer"),
        Refused::LetterMissing => lang.t("act-letter-missing"),
        Refused::LetterAhead => lang.t("act-letter-ahead"),
        Refused::AuthorityMissing => lang.t("act-authority-missing"),
        Refused::WrongNumber { needed } => one("act-wrong-number", "needed", needed.clone()),
        Refused::TestOver => lang.t("act-test-over"),
        Refused::TooEarlyToExtend { opens } => one("act-too-early-to-extend", "day", day(lang, *opens)),
        Refused::AlreadyExtended => lang.t("act-already-extended"),
        Refused::GoLiveTooEarly { earliest } => one("act-go-live-too-early", "day", day(lang, *earliest)),
        Refused::AlreadySuspended => lang.t("act-already-suspended"),
        Refused::NotSuspended => lang.t("act-not-suspended"),
        Refused::NotDue { .. } => lang.t("act-not-due"),
    }
}

/// For handlers that show no page of their own.
impl From<ActError> for Fault {
    fn from(error: ActError) -> Self {
        match error.fault() {
            Ok(fault) => fault,
            // A handler that shows no page of its own: somebody was quicker.
            Err(_) => Self::Changed,
        }
    }
}
