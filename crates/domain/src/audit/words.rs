//! What events and actors are called, in both languages: for pages that show the record.

use super::{Actor, What};

impl What {
    /// All of them, as a filter offers them.
    pub const ALL: [Self; 86] = [
        Self::Entered,
        Self::EntryRefused,
        Self::Reopened,
        Self::Authorised,
        Self::PersonConflict,
        Self::Collected,
        Self::NoData,
        Self::Undeliverable,
        Self::Previewed,
        Self::DownloadBegun,
        Self::Held,
        Self::Saved,
        Self::BarcodeMade,
        Self::Taken,
        Self::TakenAgain,
        Self::CounterAsked,
        Self::CounterRefused,
        Self::CounterOpened,
        Self::CounterPreviewed,
        Self::DelegateAppointed,
        Self::DelegateAgreed,
        Self::DelegateDeclined,
        Self::DelegateEnded,
        Self::Withdrawn,
        Self::Confirmed,
        Self::Refused,
        Self::Abandoned,
        Self::Stopped,
        Self::Notified,
        Self::NotificationRefused,
        Self::Sealed,
        Self::Delivered,
        Self::PartnerRefused,
        Self::Forgotten,
        Self::RegistryChanged,
        Self::DataKeyAdded,
        Self::DataKeyUsed,
        Self::DataKeyRetired,
        Self::MasterKeyChanged,
        Self::SigningKeyReplaced,
        Self::Restored,
        Self::SignedIn,
        Self::SignInRefused,
        Self::SignInClosed,
        Self::SignedOut,
        Self::ProvedAgain,
        Self::PasswordSet,
        Self::PasswordLinkMade,
        Self::FactorAdded,
        Self::FactorRemoved,
        Self::RecoveryCodesMade,
        Self::GovAccountLinked,
        Self::GovAccountUnlinked,
        Self::AccountAdded,
        Self::AccountChanged,
        Self::ItemStepped,
        Self::PollingSwitched,
        Self::HealthChanged,
        Self::ConnectionTested,
        Self::OwnerTold,
        Self::FrontTestBegun,
        Self::FrontTestEnded,
        Self::DisplayChanged,
        Self::CertificateRegistered,
        Self::CredentialsShown,
        Self::CredentialsRotated,
        Self::CredentialsLapsed,
        Self::SignUpBegun,
        Self::SignUpFiled,
        Self::SignUpDecided,
        Self::OrganisationChanged,
        Self::CategoriesChanged,
        Self::PolicyDrafted,
        Self::PolicyPublished,
        Self::PolicyAccepted,
        Self::MaintenanceChanged,
        Self::NewsChanged,
        Self::SettingsChanged,
        Self::CitizenLoggedIn,
        Self::IdentityRefused,
        Self::CitizenLoggedOut,
        Self::ContactChangeBegun,
        Self::ContactConfirmed,
        Self::ContactChanged,
        Self::MessageWritten,
        Self::MessageAnswered,
    ];

    /// In zh-TW, and in English.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Entered => ("進入平臺", "Entered"),
            Self::EntryRefused => ("進入被拒", "Entry refused"),
            Self::Reopened => ("重新開啟", "Opened again"),
            Self::Authorised => ("同意條款並完成身分驗證", "Terms ticked, identity proven"),
            Self::PersonConflict => ("身分不一致", "Another person signed in"),
            Self::Collected => ("取得資料集", "Dataset collected"),
            Self::NoData => ("查無資料", "No data of this person"),
            Self::Undeliverable => ("無法取得資料集", "Dataset cannot be delivered"),
            Self::Previewed => ("預覽", "Previewed"),
            Self::DownloadBegun => ("民眾申請下載", "Download asked for"),
            Self::Held => ("下載完成", "Download complete"),
            Self::Saved => ("轉存到我的電腦", "Saved by the citizen"),
            Self::BarcodeMade => ("產生資料條碼", "Barcode made"),
            Self::Taken => ("臨櫃取資料", "Taken at a counter"),
            Self::TakenAgain => ("臨櫃再次取資料", "Taken at the counter again"),
            Self::CounterAsked => ("臨櫃輸入驗證序號", "Number entered at a counter"),
            Self::CounterRefused => ("臨櫃驗證未通過", "Refused at a counter"),
            Self::CounterOpened => ("臨櫃確認碼通過", "Confirmed at a counter"),
            Self::CounterPreviewed => ("臨櫃預覽", "Viewed at a counter"),
            Self::DelegateAppointed => ("指定代辦人", "Delegate appointed"),
            Self::DelegateAgreed => ("代辦人同意", "Delegate agreed"),
            Self::DelegateDeclined => ("代辦人拒絕", "Delegate declined"),
            Self::DelegateEnded => ("代辦終止", "Delegation ended"),
            Self::Withdrawn => ("撤回同意", "Consent withdrawn"),
            Self::Confirmed => ("確認傳送", "Confirmed"),
            Self::Refused => ("拒絕傳送", "Refused"),
            Self::Abandoned => ("離開未完成", "Left unfinished"),
            Self::Stopped => ("服務停權而終止", "Stopped, the service was suspended"),
            Self::Notified => ("服務提供者接受通知", "Service provider notified"),
            Self::NotificationRefused => ("服務提供者拒絕通知", "Service provider refused"),
            Self::Sealed => ("封裝完成", "Sealed"),
            Self::Delivered => ("服務提供者取走資料", "Delivered"),
            Self::PartnerRefused => ("介接呼叫被拒", "Partner call refused"),
            Self::Forgotten => ("資料已清除", "Wiped"),
            Self::RegistryChanged => ("登錄資料變更", "Registry changed"),
            Self::DataKeyAdded => ("新增資料金鑰", "Data key added"),
            Self::DataKeyUsed => ("啟用資料金鑰", "Data key took over"),
            Self::DataKeyRetired => ("停用並刪除資料金鑰", "Data key retired"),
            Self::MasterKeyChanged => ("更換主金鑰", "Master key changed"),
            Self::SigningKeyReplaced => ("更換簽章金鑰", "Signing key replaced"),
            Self::Restored => ("由備份還原", "Restored from a backup"),
            Self::SignedIn => ("登入", "Signed in"),
            Self::SignInRefused => ("登入失敗", "Sign-in refused"),
            Self::SignInClosed => ("登入暫停", "Sign-in closed for a while"),
            Self::SignedOut => ("登出", "Signed out"),
            Self::ProvedAgain => ("再次驗證身分", "Proved identity again"),
            Self::PasswordSet => ("設定密碼", "Password set"),
            Self::PasswordLinkMade => ("寄出設定密碼連結", "Password link sent"),
            Self::FactorAdded => ("新增第二道驗證", "Second factor added"),
            Self::FactorRemoved => ("移除第二道驗證", "Second factor removed"),
            Self::RecoveryCodesMade => ("產生備援碼", "Recovery codes made"),
            Self::GovAccountLinked => ("連結 E政府帳號", "E-government account linked"),
            Self::GovAccountUnlinked => ("解除 E政府帳號連結", "E-government account unlinked"),
            Self::AccountAdded => ("開立帳號", "Account opened"),
            Self::AccountChanged => ("變更帳號", "Account changed"),
            Self::ItemStepped => ("項目狀態變更", "Item took a step"),
            Self::DisplayChanged => ("顯示前台變更", "Display changed"),
            Self::CertificateRegistered => ("登錄憑證", "Certificate registered"),
            Self::CredentialsShown => ("顯示密鑰", "Credentials shown"),
            Self::CredentialsRotated => ("更換密鑰", "Credentials replaced"),
            Self::CredentialsLapsed => ("舊密鑰失效", "Earlier credentials ended"),
            Self::SignUpBegun => ("申請建立帳號", "Sign-up begun"),
            Self::SignUpFiled => ("送出帳號申請", "Sign-up filed"),
            Self::SignUpDecided => ("審核帳號申請", "Sign-up decided"),
            Self::OrganisationChanged => ("機關單位資料變更", "Organisation changed"),
            Self::CategoriesChanged => ("類別變更", "Categories changed"),
            Self::PolicyDrafted => ("條款政策草稿變更", "Policy draft changed"),
            Self::PolicyPublished => ("發布條款政策", "Policy published"),
            Self::PolicyAccepted => ("同意條款政策", "Policy accepted"),
            Self::MaintenanceChanged => ("維護時段變更", "Maintenance window changed"),
            Self::NewsChanged => ("消息或問答變更", "News or questions changed"),
            Self::SettingsChanged => ("功能設定變更", "Settings changed"),
            Self::CitizenLoggedIn => ("民眾登入", "Citizen logged in"),
            Self::IdentityRefused => ("身分驗證未通過", "Identity not proven"),
            Self::CitizenLoggedOut => ("民眾登出", "Citizen logged out"),
            Self::ContactChangeBegun => ("申請變更聯絡方式", "Contact change begun"),
            Self::ContactConfirmed => ("確認聯絡方式", "Contact confirmed"),
            Self::ContactChanged => ("聯絡方式已變更", "Contact changed"),
            Self::MessageWritten => ("民眾來信", "Message to the service desk"),
            Self::MessageAnswered => ("來信處理", "Message answered or reopened"),
            Self::FrontTestBegun => ("前臺測試開始", "Front test begun"),
            Self::FrontTestEnded => ("前臺測試結束", "Front test ended"),
            Self::PollingSwitched => ("輪詢開關", "Polling switched"),
            Self::HealthChanged => ("連線狀況改變", "Health changed"),
            Self::ConnectionTested => ("測試連線", "Connection tested"),
            Self::OwnerTold => ("通知異常項目的機關", "Owner told of a failure"),
        }
    }

    /// Reads [`Self::as_str`]; `None` for what another version of this program wrote.
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.as_str() == text)
    }
}

impl Actor {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Citizen, Self::Sp, Self::Dp, Self::Platform, Self::Operator, Self::Organisation];

    /// In zh-TW, and in English.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Citizen => ("民眾", "Citizen"),
            Self::Sp => ("服務提供者系統", "Service provider's system"),
            Self::Dp => ("資料提供者系統", "Data provider's system"),
            Self::Platform => ("平臺", "Platform"),
            Self::Operator => ("管理端", "Operating side"),
            Self::Organisation => ("介接機關", "Organisation"),
        }
    }

    /// Reads [`Self::as_str`]; `None` for what another version of this program wrote.
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|actor| actor.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// A list cannot be made to be whole by the compiler; the words can, so they are counted where they are written.
    #[test]
    fn nothing_on_record_is_left_out_of_the_list() {
        let here = include_str!("words.rs");
        let words = here.split("pub fn words").nth(1).unwrap().split("pub fn read").next().unwrap();
        assert_eq!(words.matches(" => (").count(), What::ALL.len());
    }

    #[test]
    fn everything_on_record_has_words_of_its_own() {
        let kept: BTreeSet<_> = What::ALL.into_iter().map(What::as_str).collect();
        let words: BTreeSet<_> = What::ALL.into_iter().map(What::words).collect();
        assert_eq!((kept.len(), words.len()), (What::ALL.len(), What::ALL.len()));
        for what in What::ALL {
            assert_eq!(What::read(what.as_str()), Some(what));
        }
        for actor in Actor::ALL {
            assert_eq!(Actor::read(actor.as_str()), Some(actor));
            assert!(!actor.words().0.is_empty() && !actor.words().1.is_empty());
        }
        assert_eq!(What::read("nothing-known"), None);
    }
}
