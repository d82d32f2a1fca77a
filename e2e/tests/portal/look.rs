//! How a page is looked at.

use mydata_e2e::browser::{Browser, Look};

/// A reader.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// `zh-TW` or `en`.
    pub language: &'static str,
    /// On a phone.
    pub phone: bool,
}

/// All of them.
pub const READERS: [Reader; 4] = [
    Reader { language: "zh-TW", phone: false },
    Reader { language: "zh-TW", phone: true },
    Reader { language: "en", phone: false },
    Reader { language: "en", phone: true },
];

impl Reader {
    /// Their browser.
    pub async fn browser(self) -> Browser {
        let look = if self.phone { Look::phone() } else { Look::default() };
        Browser::start(&Look { language: self.language, ..look }).await.unwrap()
    }
}
