//! Which mails there are.

use std::fmt;
use std::str::FromStr;

use crate::citizen::told::AboutCitizen;
use crate::item::rule::MailKind;

/// Which mail; its text is how it is kept, and the key of its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// About an item and its filings.
    Item(MailKind),
    /// About an account.
    Account(AboutAccount),
    /// About whether an item can be reached.
    Health(AboutHealth),
    /// To a citizen.
    Citizen(AboutCitizen),
    /// Somebody wrote to the service desk (R22): to its mailbox.
    Contact,
}

/// Mails about whether an item can be reached (R88).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AboutHealth {
    /// It fails: after so many polls, or because the operating team says so.
    Failing,
    /// It is well again.
    Mended,
}

impl AboutHealth {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Failing, Self::Mended];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failing => "item-failing",
            Self::Mended => "item-mended",
        }
    }

    /// In zh-TW.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Failing => "介接異常，請儘速處理",
            Self::Mended => "介接已恢復正常",
        }
    }

    /// In English.
    pub fn en(self) -> &'static str {
        match self {
            Self::Failing => "The connection fails: please look after it",
            Self::Mended => "The connection works again",
        }
    }
}

/// Mails about accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AboutAccount {
    /// 註冊驗證信, with the link to the forms (R3, R4, R21).
    SignUp,
    /// 帳號申請審核中 (R7, R26).
    InReview,
    /// 帳號申請審核通過 (R7, R25).
    Approved,
    /// 帳號申請未通過 (R7).
    Refused,
    /// The operating side opened the account; the link sets its password (R65).
    Opened,
    /// 忘記密碼, with the link that sets another.
    PasswordReset,
    /// The password was changed.
    PasswordChanged,
    /// A second factor was added or taken away, or new recovery codes were made.
    FactorChanged,
    /// Sign-in is closed after too many failures: to its holder.
    SignInClosed,
    /// The same of an account of the operating side: to the administrators.
    StaffSignInClosed,
    /// An e-government account was linked or unlinked (R67).
    GovAccountChanged,
    /// A new version of a policy was published (R20).
    PolicyChanged,
}

impl AboutAccount {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::SignUp,
        Self::InReview,
        Self::Approved,
        Self::Refused,
        Self::Opened,
        Self::PasswordReset,
        Self::PasswordChanged,
        Self::FactorChanged,
        Self::SignInClosed,
        Self::StaffSignInClosed,
        Self::GovAccountChanged,
        Self::PolicyChanged,
    ];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "account-sign-up",
            Self::InReview => "account-in-review",
            Self::Approved => "account-approved",
            Self::Refused => "account-refused",
            Self::Opened => "account-opened",
            Self::PasswordReset => "password-reset",
            Self::PasswordChanged => "password-changed",
            Self::FactorChanged => "factor-changed",
            Self::SignInClosed => "sign-in-closed",
            Self::StaffSignInClosed => "staff-sign-in-closed",
            Self::GovAccountChanged => "gov-account-changed",
            Self::PolicyChanged => "policy-changed",
        }
    }

    /// In zh-TW.
    pub fn zh(self) -> &'static str {
        match self {
            Self::SignUp => "註冊驗證信",
            Self::InReview => "帳號申請審核中",
            Self::Approved => "帳號申請審核通過，請登入測試區後臺",
            Self::Refused => "帳號申請未通過",
            Self::Opened => "帳號已開通，請設定密碼",
            Self::PasswordReset => "重新設定密碼",
            Self::PasswordChanged => "密碼已變更",
            Self::FactorChanged => "第二道驗證已變更",
            Self::SignInClosed => "帳號暫停登入",
            Self::StaffSignInClosed => "管理端帳號暫停登入",
            Self::GovAccountChanged => "E政府帳號連結已變更",
            Self::PolicyChanged => "條款或政策修訂公告",
        }
    }

    /// In English.
    pub fn en(self) -> &'static str {
        match self {
            Self::SignUp => "Confirm your registration",
            Self::InReview => "Your account is in review",
            Self::Approved => "Your account has passed: log in to the test zone",
            Self::Refused => "Your account has not passed",
            Self::Opened => "Your account is open: set a password",
            Self::PasswordReset => "Set a new password",
            Self::PasswordChanged => "Your password was changed",
            Self::FactorChanged => "Your second factor was changed",
            Self::SignInClosed => "Sign-in to your account is closed for a while",
            Self::StaffSignInClosed => "Sign-in to a staff account is closed for a while",
            Self::GovAccountChanged => "Your e-government account link was changed",
            Self::PolicyChanged => "Terms or policy revised",
        }
    }
}

impl Kind {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let items = MailKind::ALL.into_iter().map(Self::Item);
        let accounts = AboutAccount::ALL.into_iter().map(Self::Account);
        let health = AboutHealth::ALL.into_iter().map(Self::Health);
        let citizens = AboutCitizen::ALL.into_iter().map(Self::Citizen);
        items.chain(accounts).chain(health).chain(citizens).chain([Self::Contact])
    }

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Item(kind) => kind.as_str(),
            Self::Account(kind) => kind.as_str(),
            Self::Health(kind) => kind.as_str(),
            Self::Citizen(kind) => kind.as_str(),
            Self::Contact => "contact-message",
        }
    }

    /// In zh-TW.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Item(kind) => kind.zh(),
            Self::Account(kind) => kind.zh(),
            Self::Health(kind) => kind.zh(),
            Self::Citizen(kind) => kind.zh(),
            Self::Contact => "民眾來信",
        }
    }

    /// In English.
    pub fn en(self) -> &'static str {
        match self {
            Self::Item(kind) => kind.en(),
            Self::Account(kind) => kind.en(),
            Self::Health(kind) => kind.en(),
            Self::Citizen(kind) => kind.en(),
            Self::Contact => "A message from the contact page",
        }
    }
}

impl From<MailKind> for Kind {
    fn from(kind: MailKind) -> Self {
        Self::Item(kind)
    }
}

impl From<AboutAccount> for Kind {
    fn from(kind: AboutAccount) -> Self {
        Self::Account(kind)
    }
}

impl From<AboutHealth> for Kind {
    fn from(kind: AboutHealth) -> Self {
        Self::Health(kind)
    }
}

impl From<AboutCitizen> for Kind {
    fn from(kind: AboutCitizen) -> Self {
        Self::Citizen(kind)
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::all().find(|kind| kind.as_str() == text).ok_or_else(|| format!("no kind of mail {text:?}"))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_text_of_its_own() {
        for kind in Kind::all() {
            assert_eq!(kind.as_str().parse(), Ok(kind), "{kind}");
            assert!(!kind.zh().is_empty() && !kind.en().is_empty());
            // A subject is read as Chinese: its marks are as wide as its characters.
            assert!(!kind.zh().contains([',', ':', ';', '(', ')', '!', '?']), "{}", kind.zh());
        }
    }
}
