//! What the codes of an abnormal return mean to a customer of the bank (R108).

use mydata_wire::ReturnCode;

use crate::page::Lang;

/// What happened, and what to do now.
pub struct Meaning {
    /// What happened.
    pub what: &'static str,
    /// How to go on.
    pub next: &'static str,
}

/// The meaning of `code`.
pub fn meaning(code: ReturnCode, lang: Lang) -> Meaning {
    let (what, what_en, next, next_en) = match code {
        ReturnCode::Refused => (
            "您拒絕傳送資料。",
            "You refused to send the data.",
            "本行沒有收到任何資料。您可以改以紙本申請，或重新開始。",
            "The bank received nothing. Apply on paper, or begin again.",
        ),
        ReturnCode::BadRequest => (
            "平臺無法解析本行送出的參數。",
            "The platform could not read the bank's request.",
            "這是本行的問題，請聯絡客服。",
            "This is the bank's mistake; please call us.",
        ),
        ReturnCode::UnknownId => (
            "服務或資料集識別碼無效。",
            "The service's or a dataset's identifier is not valid.",
            "這是本行的問題，請聯絡客服。",
            "This is the bank's mistake; please call us.",
        ),
        ReturnCode::ReturnUrl => (
            "返回網址與平臺登錄值不符。",
            "The return address is not the registered one.",
            "這是本行的問題，請聯絡客服。",
            "This is the bank's mistake; please call us.",
        ),
        ReturnCode::NotApproved => (
            "本服務未獲准取用其中一項資料集。",
            "The service may not ask for one of the datasets.",
            "這是本行的問題，請聯絡客服。",
            "This is the bank's mistake; please call us.",
        ),
        ReturnCode::Abandoned => (
            "您離開了授權頁面，作業已逾時。",
            "You left the consent page and the session ended.",
            "沒有傳送任何資料。請重新開始。",
            "Nothing was sent. Please begin again.",
        ),
        ReturnCode::PersonConflict => (
            "登入平臺的人與您在本行填寫的身分證字號不符。",
            "The person who signed in is not the one of the id you entered here.",
            "請確認身分證字號，並以本人身分登入。",
            "Check the id and sign in as yourself.",
        ),
        ReturnCode::SpRefused => (
            "本行系統拒絕接收這次的資料。",
            "The bank's system refused this delivery.",
            "沒有傳送任何資料。請稍後重新開始。",
            "Nothing was sent. Please begin again later.",
        ),
        ReturnCode::Suspended => (
            "本服務目前停權中。",
            "The service is suspended at present.",
            "請改以紙本申請。",
            "Please apply on paper.",
        ),
        ReturnCode::DatasetStopped => (
            "其中一項資料集已停止服務。",
            "A dataset has ended its service.",
            "請改以紙本提供該項資料。",
            "Please bring that document on paper.",
        ),
        ReturnCode::DatasetFailing => (
            "資料提供者的系統異常，無法取得資料。",
            "The data provider's system fails; the data cannot be had.",
            "請稍後再試，或改以紙本提供。",
            "Try again later, or bring it on paper.",
        ),
    };
    if lang.en() { Meaning { what: what_en, next: next_en } } else { Meaning { what, next } }
}
