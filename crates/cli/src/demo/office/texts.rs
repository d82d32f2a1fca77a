//! News and questions of the demo, so that the portal's pages have something to show.

use std::time::Duration;

use mydata_domain::Time;
use mydata_domain::news::{Entry, NewsId, NewsKind, Topic};
use mydata_store::repo::news;
use mydata_wire::SystemRandom;

use super::Office;

/// News: how many days ago, title and text in both languages.
const NEWS: [(u64, [&str; 4]); 4] = [
    (
        1,
        [
            "新增三項可下載的資料",
            "Three more datasets",
            "戶籍、親屬關係與財產資料已可由**資料下載**取得。\n\n- 每項資料的頁面會說明欄位與需要的身分驗證方式\n- 資料由原機關提供，平臺不保存",
            "Household registration, family relations and property can now be had under **Data**.\n\n- The page of each names its fields and the proof of identity that it takes\n- The data stays with the agency that keeps it",
        ],
    ),
    (
        6,
        [
            "示範銀行線上開戶加入平臺",
            "Demo Bank opens accounts online",
            "在示範銀行申請線上開戶時，經您同意即可直接傳送戶籍與財產資料，不必另外申請紙本。",
            "When you open an account with Demo Bank, household registration and property data can be sent directly with your consent; no paper certificate is needed.",
        ],
    ),
    (
        20,
        [
            "提醒您：平臺不會打電話索取資料條碼",
            "The platform never asks for your data barcode by phone",
            "資料條碼只在您本人到櫃檯時使用。**任何人打電話、傳訊息索取條碼或驗證碼，都是詐騙。**",
            "A data barcode is for the counter where you stand yourself. **Whoever asks for it, or for a code, by phone or message is a fraud.**",
        ],
    ),
    (
        45,
        [
            "測試區開放",
            "The test zone is open",
            "這是測試環境，人物與資料皆為虛構。",
            "This is a test environment; its people and their data are fictional.",
        ],
    ),
];

/// Questions: topic, question and answer in both languages.
const QUESTIONS: [(Topic, [&str; 4]); 9] = [
    (
        Topic::Platform,
        [
            "平臺會保存我的資料嗎？",
            "Does the platform keep my data?",
            "不會。資料留在原機關；您同意後平臺才去取，最多保留 8 小時，期限一到或交付後即刪除。",
            "No. It stays with the agency. The platform collects it once you agree, keeps it for 8 hours at most, and deletes it then or when it has been delivered.",
        ],
    ),
    (
        Topic::Platform,
        [
            "使用平臺要付費嗎？",
            "Does it cost anything?",
            "不用。資料提供者另有規定時，會在資料集的頁面說明。",
            "No. Should a provider charge a fee, the page of its dataset says so.",
        ],
    ),
    (
        Topic::Identity,
        [
            "有哪些身分驗證方式？",
            "How can I prove who I am?",
            "共十種，例如自然人憑證、健保卡、TW FidO。每項資料接受的方式不同，請看[關於平臺](/about)的對照表。",
            "In ten ways, such as a citizen certificate, the health insurance card or TW FidO. Which of them a dataset takes is shown under [About](/about).",
        ],
    ),
    (
        Topic::Identity,
        [
            "為什麼有些驗證方式不能選？",
            "Why are some methods not offered?",
            "同時取得多項資料時，以其中最嚴格的為準；較寬鬆的方式就不能選。",
            "For several datasets the strictest governs, so that more lenient methods cannot be chosen.",
        ],
    ),
    (
        Topic::Data,
        [
            "下載的檔案打不開怎麼辦？",
            "What if a file does not open?",
            "檔案的密碼是您的身分證統一編號，英文字母請用大寫。",
            "Its password is your personal id, with the letter in upper case.",
        ],
    ),
    (
        Topic::Services,
        [
            "按了拒絕，服務會知道嗎？",
            "Does the service know when I refuse?",
            "服務只會知道您沒有提供資料，不會知道資料的內容；平臺取得的資料立即刪除。",
            "It learns that you did not provide the data, and nothing of what the data says; what was collected is deleted at once.",
        ],
    ),
    (
        Topic::Counter,
        [
            "資料條碼多久有效？",
            "How long does a data barcode last?",
            "20 分鐘。過期可以更新，更新後舊條碼立即失效。",
            "20 minutes. You can renew it; the old one ends at once.",
        ],
    ),
    (
        Topic::Counter,
        [
            "可以請別人代辦嗎？",
            "Can somebody else go for me?",
            "臨櫃服務標示「可由他人代辦」時可以；代辦人也必須驗證身分。",
            "Where the counter service says so. Whoever goes has to prove who they are, too.",
        ],
    ),
    (
        Topic::Privacy,
        [
            "如何知道誰看過我的資料？",
            "How do I know who saw my data?",
            "每一次取得、預覽、傳送與刪除都留有紀錄，您登入後可以查看。",
            "Every time it is collected, looked at, sent or deleted goes on your record, which you can read when you are signed in.",
        ],
    ),
];

fn entry(kind: NewsKind, topic: Option<Topic>, texts: [&str; 4], place: usize, from: Time) -> Entry {
    let [title, title_en, text, text_en] = texts.map(str::to_owned);
    Entry {
        id: NewsId::generate(&SystemRandom),
        kind,
        topic,
        title,
        title_en,
        text,
        text_en,
        from: Some(from),
        until: None,
        place: u16::try_from(place).unwrap_or(u16::MAX),
        updated_at: from,
        version: 1,
    }
}

/// Writes them all.
pub(super) async fn all(office: &Office) -> anyhow::Result<()> {
    let ago = |days: u64| {
        let millis = i64::try_from(Duration::from_secs(days * 24 * 3_600).as_millis()).unwrap_or(0);
        Time(office.today.0 - millis)
    };
    let news = NEWS.iter().map(|(days, texts)| entry(NewsKind::News, None, *texts, 0, ago(*days)));
    let questions = QUESTIONS.iter().enumerate();
    let questions = questions
        .map(|(place, (topic, texts))| entry(NewsKind::Faq, Some(*topic), *texts, place + 1, ago(60)));
    let entries: &Vec<Entry> = &news.chain(questions).collect();
    let db = &office.app.store.db;
    db.run_tx("demo-texts", |tx| async move {
        for entry in entries {
            news::add(&tx, entry, entry.updated_at).await?;
        }
        Ok(())
    })
    .await?;
    Ok(())
}
