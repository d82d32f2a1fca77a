//! What citizens and clerks do in a browser, step by step, each page looked at on the way.

use std::path::Path;
use std::time::Duration;

use mydata_domain::time::SystemClock;
use mydata_domain::{Clock as _, Time};
use mydata_e2e::axe::assert_accessible;
use mydata_e2e::browser::{Browser, Look};
use mydata_e2e::country::{Country, client};
use mydata_e2e::database::Engine;
use mydata_store::{Store, StoreConfig};
use mydata_wire::b64;
use serde_json::Value;
use thirtyfour::prelude::*;

/// Where pictures of the pages go, where somebody wants them.
const PICTURES: &str = "MYDATA_PICTURES_OUT";
/// How long collecting may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// A country whose citizens are told by mail and by text message.
pub async fn country() -> Country {
    Country::start_with(Engine::Sqlite, |config| {
        config["sms"] = serde_json::json!({ "mailbox": config["mail"]["mailbox"] });
    })
    .await
    .unwrap()
}

/// Somebody in front of a browser of their own.
pub struct Walker<'c> {
    pub country: &'c Country,
    pub browser: Browser,
    pub look: Look,
}

impl<'c> Walker<'c> {
    pub async fn new(country: &'c Country, look: &Look) -> Self {
        Self { country, browser: Browser::start(look).await.unwrap(), look: look.clone() }
    }

    pub fn english(&self) -> bool {
        self.look.language.starts_with("en")
    }

    pub async fn opens(&self, path: &str) {
        self.browser.goto(self.country.platform.url(path).as_str()).await.unwrap();
    }

    pub async fn click(&self, css: &str) {
        self.browser.click(css).await.unwrap();
    }

    /// Clicks what leads to another page, and waits until this one is gone.
    pub async fn leaves(&self, css: &str) {
        let page = self.browser.find(By::Tag("html")).await.unwrap();
        self.click(css).await;
        for _ in 0..600 {
            if page.tag_name().await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("`{css}` leads nowhere: {}", self.browser.text().await.unwrap_or_default());
    }

    pub async fn sees(&self, css: &str) -> WebElement {
        self.browser.wait_for_within(css, PATIENCE).await.unwrap()
    }

    /// Waits until the page says it.
    pub async fn reads(&self, zh: &str, en: &str) {
        let words = if self.english() { en } else { zh };
        for _ in 0..300 {
            if self.browser.text().await.is_ok_and(|text| text.contains(words)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let (at, text) = (self.browser.current_url().await.unwrap(), self.browser.text().await.unwrap());
        panic!("{at} does not say {words:?}:\n{text}");
    }

    /// Free of violations, no wider than the window, and seen. axe-core is itself a script: without scripts there is nobody to
    /// ask.
    pub async fn looks(&self, name: &str) {
        if self.look.javascript {
            assert_accessible(&self.browser).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            let wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            let wide = self.browser.execute(wide, vec![]).await.unwrap();
            assert_eq!(wide.json().as_i64(), Some(0), "{name} scrolls sideways");
        }
        if let Some(folder) = std::env::var_os(PICTURES) {
            let scripts = if self.look.javascript { "" } else { "-plain" };
            let name = format!("{name}-{}-{}{scripts}.png", self.look.size.0, self.look.language);
            let height = match self.look.javascript {
                true => {
                    let all = "return document.documentElement.scrollHeight";
                    self.browser.execute(all, vec![]).await.unwrap().json().as_u64().unwrap_or_default()
                }
                false => 0,
            };
            // The whole page, not only what the window shows.
            let whole = u32::try_from(height).unwrap().clamp(self.look.size.1, 4_000);
            self.browser.look_through(Some((self.look.size.0, whole))).await.unwrap();
            self.browser.picture(&Path::new(&folder).join(name)).await.unwrap();
            let phone = self.look.size.0 < 500;
            self.browser.look_through(phone.then_some(self.look.size)).await.unwrap();
        }
    }

    /// Logs in; the login page is there already.
    pub async fn logs_in(&self, persona: &str) {
        self.sees("form.login").await;
        self.click("input[name=method][value=CER]").await;
        self.click("form.login button.primary").await;
        self.click(&format!("button[value={persona}]")).await;
        self.click("#agree").await;
        self.click("form[action='/login/policies'] button").await;
    }

    /// Applies for the living allowance at the district office, with one of the datasets to choose from, and waits for
    /// everything; logs in on the way as whom it says.
    pub async fn applies(&self, log_in: Option<&str>) {
        self.opens("/counter-services").await;
        self.looks("counter-services").await;
        self.click("main a[href^='/counter-services/']").await;
        self.sees("a.button[href*='/apply?']").await;
        self.looks("counter-service").await;
        self.click("a.button[href*='/apply?']").await;
        self.sees("#choice").await;
        self.looks("choose").await;
        // One is to be chosen.
        self.click("form.stack button.primary").await;
        self.sees("#choice-fault").await;
        self.looks("choose-mends").await;
        self.click("#choice-1").await;
        self.click("form.stack button.primary").await;
        if let Some(persona) = log_in {
            self.logs_in(persona).await;
        }
        self.sees("form#consent").await;
        self.reads("生活津貼申請", "Apply for a living allowance").await;
        self.looks("order-case").await;
        self.click("#terms").await;
        self.click("form#consent button.primary").await;
        self.sees(".ways-on").await;
        self.looks("ready-case").await;
    }

    /// The number of the barcode on the page.
    pub async fn number(&self) -> String {
        self.sees(".big-code").await.text().await.unwrap()
    }

    /// Types the number at the counter and answers the captcha: with script by work, without it by the picture.
    pub async fn types(&self, number: &str) {
        self.sees("#number").await;
        self.browser.fill("#number", number).await.unwrap();
        if !self.look.javascript {
            self.reads_the_picture().await;
        }
        self.leaves("form.card button.primary").await;
    }

    async fn reads_the_picture(&self) {
        let picture = self.sees("img.captcha-picture").await;
        let src = picture.attr("src").await.unwrap().unwrap();
        let url = self.country.platform.base().join(&src).unwrap();
        let answer = client().unwrap().get(url.clone()).send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "image/png");
        assert!(answer.bytes().await.unwrap().starts_with(b"\x89PNG"));
        let (_, challenge) = url.query_pairs().find(|(name, _)| name == "c").unwrap();
        let digits = self.digits(&challenge).await;
        self.browser.fill("#captcha-digits", &digits).await.unwrap();
    }

    /// What a person reads in the picture, which no program of ours can: the platform's own key opens the challenge.
    async fn digits(&self, challenge: &str) -> String {
        let platform = &self.country.platform;
        let mut config = StoreConfig::in_folder(platform.data_folder());
        config.database = platform.database().url().map(|url| url.parse().unwrap());
        let store = Store::open_beside(&config, SystemClock.now()).await.unwrap();
        let (id, sealed) = challenge.split_once('.').unwrap();
        let sealed = b64::decode_lenient(sealed).unwrap();
        let content = store.crypter.open("captcha", id, "challenge", &sealed).unwrap();
        store.close().await;
        let content: Value = serde_json::from_slice(&content).unwrap();
        assert!(content["t"].as_i64().is_some_and(|at| Time(at).0 > 0));
        content["d"].as_str().unwrap().to_owned()
    }

    /// The latest of the codes for the counter that were sent to an address, once there are `count`.
    pub async fn code(&self, to: &str, count: usize) -> String {
        for _ in 0..150 {
            let codes = self.told(to, "臨櫃").await;
            let codes: Vec<_> = codes.iter().filter_map(|body| digits_of(body)).collect();
            if codes.len() >= count {
                return codes[0].clone();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no code came to {to}");
    }

    /// What was told to an address with these words in it, newest first.
    pub async fn told(&self, to: &str, words: &str) -> Vec<String> {
        let messages = self.country.sandbox.addresses().mailbox.join("messages").unwrap();
        let all: Vec<Value> = client().unwrap().get(messages).send().await.unwrap().json().await.unwrap();
        let text = |message: &Value| format!("{}\n{}", message["subject"], message["body"].as_str().unwrap());
        let mine = all.iter().filter(|message| message["to"] == to);
        mine.map(text).filter(|text| text.contains(words)).collect()
    }

    /// The browser's cookies, as a header.
    pub async fn cookies(&self) -> String {
        let cookies = self.browser.get_all_cookies().await.unwrap();
        cookies.iter().map(|c| format!("{}={}", c.name, c.value)).collect::<Vec<_>>().join("; ")
    }

    pub async fn ends(self) {
        self.browser.close().await.unwrap();
    }
}

fn digits_of(body: &str) -> Option<String> {
    body.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 8).map(str::to_owned)
}
