//! What citizens are told of, by mail or text message.

/// What a citizen is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AboutCitizen {
    /// A code that proves that the address is theirs, or that they agree.
    Code,
    /// A code that proves who they are.
    LoginCode,
    /// A code to be told to the clerk at a counter.
    CounterCode,
    /// Their mail address or phone number was changed, or how they are told.
    ContactChanged,
    /// What they asked for is ready to be seen, saved or taken to a counter.
    Ready,
    /// Nothing was found of what they asked for.
    NothingFound,
    /// Nothing of what they asked for can be had.
    Undeliverable,
    /// A consent was withdrawn, or a download.
    Withdrawn,
    /// A file was saved to their computer.
    Saved,
    /// Data was sent to a service.
    SentToService,
    /// Data was looked at at a counter.
    PreviewedAtCounter,
    /// Data was taken at a counter.
    TakenAtCounter,
    /// Somebody asks them to stand in at a counter.
    DelegateAppointed,
    /// Whom they asked to stand in agreed.
    DelegateAgreed,
    /// Whom they asked to stand in declined.
    DelegateDeclined,
    /// Standing in was ended.
    DelegateCancelled,
}

impl AboutCitizen {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Code,
        Self::LoginCode,
        Self::CounterCode,
        Self::ContactChanged,
        Self::Ready,
        Self::NothingFound,
        Self::Undeliverable,
        Self::Withdrawn,
        Self::Saved,
        Self::SentToService,
        Self::PreviewedAtCounter,
        Self::TakenAtCounter,
        Self::DelegateAppointed,
        Self::DelegateAgreed,
        Self::DelegateDeclined,
        Self::DelegateCancelled,
    ];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code => "citizen-code",
            Self::LoginCode => "citizen-login-code",
            Self::CounterCode => "citizen-counter-code",
            Self::ContactChanged => "citizen-contact-changed",
            Self::Ready => "citizen-ready",
            Self::NothingFound => "citizen-nothing-found",
            Self::Undeliverable => "citizen-undeliverable",
            Self::Withdrawn => "citizen-withdrawn",
            Self::Saved => "citizen-saved",
            Self::SentToService => "citizen-sent-to-service",
            Self::PreviewedAtCounter => "citizen-previewed-at-counter",
            Self::TakenAtCounter => "citizen-taken-at-counter",
            Self::DelegateAppointed => "citizen-delegate-appointed",
            Self::DelegateAgreed => "citizen-delegate-agreed",
            Self::DelegateDeclined => "citizen-delegate-declined",
            Self::DelegateCancelled => "citizen-delegate-cancelled",
        }
    }

    /// In zh-TW.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Code => "確認碼",
            Self::LoginCode => "身分驗證一次性密碼",
            Self::CounterCode => "臨櫃確認碼",
            Self::ContactChanged => "聯絡方式已變更",
            Self::Ready => "您的資料已可取用",
            Self::NothingFound => "查無您的資料",
            Self::Undeliverable => "您的資料無法取得",
            Self::Withdrawn => "您已撤回同意",
            Self::Saved => "您的資料已轉存",
            Self::SentToService => "您的資料已傳送",
            Self::PreviewedAtCounter => "您的資料已於臨櫃預覽",
            Self::TakenAtCounter => "您的資料已於臨櫃取走",
            Self::DelegateAppointed => "有人請您代辦",
            Self::DelegateAgreed => "代辦人已同意",
            Self::DelegateDeclined => "代辦人已拒絕",
            Self::DelegateCancelled => "代辦已取消",
        }
    }

    /// In English.
    pub fn en(self) -> &'static str {
        match self {
            Self::Code => "Your code",
            Self::LoginCode => "Your one-time password",
            Self::CounterCode => "Your code for the counter",
            Self::ContactChanged => "Your contact details were changed",
            Self::Ready => "Your data is ready",
            Self::NothingFound => "Nothing was found",
            Self::Undeliverable => "Your data could not be had",
            Self::Withdrawn => "You withdrew your consent",
            Self::Saved => "Your data was saved",
            Self::SentToService => "Your data was sent",
            Self::PreviewedAtCounter => "Your data was viewed at a counter",
            Self::TakenAtCounter => "Your data was taken at a counter",
            Self::DelegateAppointed => "Somebody asks you to stand in for them",
            Self::DelegateAgreed => "Your delegate agreed",
            Self::DelegateDeclined => "Your delegate declined",
            Self::DelegateCancelled => "A delegation was cancelled",
        }
    }
}
