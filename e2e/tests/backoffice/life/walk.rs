//! Somebody at the pages of the back office: the steps that every life is made of.

use std::time::Duration;

use mydata_domain::calendar::{Date, day_of, roc};
use mydata_e2e::axe::assert_accessible;
use mydata_e2e::browser::{Browser, Look};
use mydata_e2e::totp;
use thirtyfour::prelude::*;

use super::world::{AUTHENTICATOR, PASSWORD, World};

const ROOT: &str = "/mydata-backend";
const PHONE: (u32, u32) = (390, 844);
/// What stands out to the right where the page is wider than the phone.
const TOO_WIDE: &str = "
    if (document.documentElement.scrollWidth <= 390) return null;
    return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > 390)
        .map(e => e.outerHTML.slice(0, 160)).slice(-4);
";

/// Who signs up.
pub struct Newcomer {
    /// Mail address, whose local part is the account, too.
    pub mail: &'static str,
    /// 機關單位名稱.
    pub organisation: &'static str,
    /// The competent authority, where it is no public agency.
    pub authority: Option<&'static str>,
}

impl Newcomer {
    pub fn account(&self) -> &str {
        self.mail.split('@').next().unwrap()
    }
}

/// How a field is filled in.
pub enum Answer<'a> {
    Text(&'a str),
    /// A choice of a list, by its value; empty for the last one.
    Option(&'a str),
    /// A radio button or a box, by its value.
    Tick(&'a str),
    /// A file, by its path.
    File(&'a str),
    /// A button that adds a row.
    Row,
}

/// The browser, and who sits before it.
pub struct Walk<'w> {
    pub world: &'w World,
    pub browser: Browser,
    english: bool,
    language: &'static str,
}

impl<'w> Walk<'w> {
    pub async fn begin(world: &'w World, language: &'static str) -> Self {
        let browser = Browser::start(&Look { language, ..Look::default() }).await.unwrap();
        Self { world, browser, english: language == "en", language }
    }

    /// A text of the pages in the reader's language.
    pub fn says<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        if self.english { en } else { zh }
    }

    pub async fn open(&self, path: &str) {
        self.browser.goto(format!("{}{path}", self.world.base)).await.unwrap();
    }

    /// The page breaks no rule of accessibility, on a desktop and on a phone, and fits a phone's width. With
    /// `MYDATA_TEST_PICTURES` set to a folder, it is kept there as a picture of each.
    pub async fn look(&self, name: &str) {
        for phone in [false, true] {
            let size = phone.then_some(PHONE);
            self.browser.look_through(size).await.unwrap();
            assert_accessible(&self.browser)
                .await
                .unwrap_or_else(|e| panic!("{name}, phone: {phone}: {e:#}"));
            if phone {
                let wide = self.browser.execute(TOO_WIDE, vec![]).await.unwrap().json().clone();
                assert!(wide.is_null(), "{name} is wider than a phone: {wide}");
            }
            if let Some(folder) = std::env::var_os("MYDATA_TEST_PICTURES") {
                let file =
                    format!("{name}-{}.{}.png", if phone { "phone" } else { "desktop" }, self.language);
                self.browser.picture(&std::path::Path::new(&folder).join(file)).await.unwrap();
            }
        }
        self.browser.look_through(None).await.unwrap();
    }

    pub async fn text(&self) -> String {
        self.browser.text().await.unwrap()
    }

    /// Fails unless these words stand on the page.
    pub async fn sees(&self, zh: &str, en: &str) {
        let words = self.says(zh, en);
        for _ in 0..50 {
            if self.browser.text().await.is_ok_and(|text| text.contains(words)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let at = self.browser.current_url().await.unwrap();
        panic!("{words:?} is not said on {at}:\n{}", self.text().await);
    }

    /// Clicks the element and waits until the page that had it is gone.
    pub async fn press(&self, css: &str) {
        let element = self.browser.wait_for(css).await.unwrap();
        element.scroll_into_view().await.unwrap();
        self.leave_by(element).await;
    }

    async fn leave_by(&self, element: WebElement) {
        let before = self.browser.find(By::Tag("html")).await.unwrap();
        element.click().await.unwrap();
        for _ in 0..600 {
            if before.tag_name().await.is_err() {
                self.browser.wait_for("footer").await.unwrap();
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the page stays: {}", self.text().await);
    }

    /// Follows the link with these words.
    pub async fn follow(&self, zh: &str, en: &str) {
        let words = self.says(zh, en);
        let xpath = format!("//main//a[contains(normalize-space(.), \"{words}\")]");
        let found =
            self.browser.query(By::XPath(&xpath)).wait(Duration::from_secs(10), Duration::from_millis(50));
        match found.first().await {
            Ok(link) => {
                link.scroll_into_view().await.unwrap();
                self.leave_by(link).await;
            }
            Err(_) => {
                let at = self.browser.current_url().await.unwrap();
                panic!("no link {words:?} on {at}:\n{}", self.text().await);
            }
        }
    }

    /// Signs in as somebody, whoever was signed in before; a minute later, so that a one-time password is a new one.
    pub async fn become_(&self, name: &str) {
        self.browser.delete_all_cookies().await.unwrap();
        self.world.pass(Duration::from_secs(61));
        self.open(&format!("{ROOT}/signin")).await;
        self.browser.fill("input[name=account]", name).await.unwrap();
        self.browser.fill("input[name=password]", PASSWORD).await.unwrap();
        self.press("form:has([name=password]) .buttons button").await;
        if ["operator", "ministry", "authority"].contains(&name) {
            let code = totp::code(AUTHENTICATOR, self.world.now().to_system());
            self.browser.fill("input[name=code]", &code).await.unwrap();
            self.press("form:has([name=code]) .buttons button").await;
        }
        self.browser.wait_for("a[href$='/mydata-backend/me']").await.unwrap();
    }

    /// Fills in a form.
    pub async fn fill(&self, fields: &[(&str, Answer<'_>)]) {
        for (name, answer) in fields {
            let css = match answer {
                Answer::Text(_) | Answer::File(_) => format!("[name='{name}']"),
                Answer::Option("") => format!("select[name='{name}'] option:last-child"),
                Answer::Option(value) => format!("select[name='{name}'] option[value='{value}']"),
                Answer::Tick("") => format!("input[name='{name}']"),
                Answer::Tick(value) => format!("input[name='{name}'][value='{value}']"),
                Answer::Row => format!("button[value='add:{name}']"),
            };
            match answer {
                Answer::Text(text) => self.browser.fill(&css, text).await.unwrap(),
                Answer::File(path) => {
                    self.browser.wait_for(&css).await.unwrap().send_keys(*path).await.unwrap();
                }
                Answer::Row => self.press(&css).await,
                Answer::Option(_) | Answer::Tick(_) => {
                    self.browser.click(&css).await.unwrap_or_else(|e| panic!("{css}: {e:#}"));
                }
            }
        }
    }

    /// Presses the form's button of this value.
    pub async fn button(&self, value: &str) {
        self.press(&format!("main button[value='{value}']:not(.sr)")).await;
    }

    /// 送審: checks the form that is filled in, looks it over, and files it. Gives its number.
    pub async fn file(&self, name: &str) -> String {
        self.look(&format!("{name}-form")).await;
        self.button("check").await;
        assert_eq!(self.browser.find_all(By::Css("#mends")).await.unwrap().len(), 0, "{}", self.text().await);
        self.look(&format!("{name}-overview")).await;
        self.button("file").await;
        self.look(&format!("{name}-filed")).await;
        let text = self.text().await;
        let number = |word: &&str| {
            word.len() >= 11 && word.starts_with(['A', 'B', 'C']) && !word[1..].contains(char::is_alphabetic)
        };
        let found = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').find(number);
        found.unwrap_or_else(|| panic!("no number of a form: {text}")).to_owned()
    }

    /// Opens the form about an item by its button on the item's page, and begins it.
    pub async fn begin_form(&self, item: &str, zh: &str, en: &str, name: &str) {
        self.open(item).await;
        self.follow(zh, en).await;
        self.look(&format!("{name}-begin")).await;
        self.press("main form .primary").await;
    }

    /// Opens the page on which the filing of this number is reviewed, from the list.
    pub async fn review(&self, number: &str) {
        self.open(&format!("{ROOT}/reviews?q={number}")).await;
        self.look("reviews").await;
        self.follow(number, number).await;
        self.look("review").await;
    }

    /// Approves a filing; with the official letter of today where one is asked for.
    pub async fn approve(&self, who: &str, number: &str, letter: bool) {
        self.become_(who).await;
        self.review(number).await;
        if letter {
            self.letter().await;
        }
        self.button("approve").await;
        self.look("review-approved").await;
    }

    /// Writes a comment to a field of what is reviewed.
    pub async fn comment(&self, field: &str, text: &str) {
        let opens = format!("//details[.//*[@name='comment:{field}']]/summary");
        let opens = self.browser.find(By::XPath(&opens)).await.unwrap();
        opens.scroll_into_view().await.unwrap();
        opens.click().await.unwrap();
        self.fill(&[(format!("comment:{field}").as_str(), Answer::Text(text))]).await;
    }

    /// Types the official letter of today.
    pub async fn letter(&self) {
        let today = roc(day_of(self.world.now()));
        self.fill(&[
            ("letter_number", Answer::Text("示範字第1150001234號")),
            ("letter_date", Answer::Text(&today)),
        ])
        .await;
    }

    /// 建立帳號 up to the choice of an application: policy, mail, link, account, organisation.
    pub async fn sign_up(&self, who: &Newcomer) {
        self.open(&format!("{ROOT}/signin")).await;
        self.look("sign-in").await;
        self.browser.click("a[href$='/signup']").await.unwrap();
        self.browser.wait_for("input[name=agree]").await.unwrap();
        self.look("sign-up").await;
        let scroll = "document.querySelector('[name=agree]').scrollIntoView()";
        self.browser.execute(scroll, vec![]).await.unwrap();
        self.browser.wait_for("input[name=agree]:enabled").await.unwrap();
        self.browser.click("input[name=agree]").await.unwrap();
        self.browser.fill("input[name=mail]", who.mail).await.unwrap();
        self.press(".sheet .primary").await;
        self.look("sign-up-mailed").await;
        let mail = self.world.mail(who.mail, "link=").await;
        let link = mail.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
        self.browser.goto(link).await.unwrap();
        self.fill(&[
            ("account", Answer::Text(who.account())),
            ("new", Answer::Text(PASSWORD)),
            ("again", Answer::Text(PASSWORD)),
        ])
        .await;
        self.look("sign-up-account").await;
        self.press(".sheet .primary").await;
        self.look("sign-up-progress").await;
        self.press(".task.next .primary").await;
        self.fill(&[
            ("name", Answer::Text(who.organisation)),
            ("address", Answer::Text("000 示範市示範路 1 號")),
            ("applicant.name", Answer::Text("林示例")),
            ("applicant.phone", Answer::Text("02-2345-6789#12")),
            ("applicant.account", Answer::Text(&format!("{}.gov", who.account()))),
        ])
        .await;
        match who.authority {
            None => self.fill(&[("kind", Answer::Tick("agency"))]).await,
            Some(authority) => {
                let kind = [("kind", Answer::Tick("private")), ("authority", Answer::Option(authority))];
                self.fill(&kind).await;
            }
        }
        self.look("sign-up-organisation").await;
        self.button("check").await;
        self.press(".task.next .primary").await;
        self.look("sign-up-choose").await;
    }

    /// Checks the application and 送出 with the organisation's form.
    pub async fn send(&self) {
        self.look("sign-up-application").await;
        self.button("check").await;
        assert_eq!(self.browser.find_all(By::Css("#mends")).await.unwrap().len(), 0, "{}", self.text().await);
        self.press("a[href$='/signup/overview']").await;
        self.look("sign-up-overview").await;
        self.button("send").await;
        self.look("sign-up-sent").await;
    }

    /// The page of the organisation's item of this name, from the list of its kind; gives its path.
    pub async fn item(&self, list: &str, name: &str) -> String {
        self.open(&format!("{ROOT}/{list}")).await;
        self.look(list).await;
        self.follow(name, name).await;
        self.look("item").await;
        let url = self.browser.current_url().await.unwrap();
        url.path().to_owned()
    }

    /// Does an act that is asked once more, with its reason.
    pub async fn act(&self, item: &str, zh: &str, en: &str, reason: &str) {
        self.open(item).await;
        self.follow(zh, en).await;
        self.fill(&[("reason", Answer::Text(reason))]).await;
        self.look("act").await;
        self.press("main form .buttons button").await;
        self.look("acted").await;
    }

    /// Ticks the terms, chooses a method, and is this person at the identity provider.
    pub async fn identify(&self, person: &str) {
        self.browser.click("input[name=terms]").await.unwrap();
        self.browser.click("input[name=method][value=CER]").await.unwrap();
        self.browser.click("form[data-form=authorise] button.primary").await.unwrap();
        self.browser.click(&format!("button[value={person}]")).await.unwrap();
    }

    /// Moves on to noon of a day and looks at a page again as somebody.
    pub async fn on(&self, day: Date, who: &str, path: &str) {
        self.world.until_noon(day).await;
        self.become_(who).await;
        self.open(path).await;
    }

    pub async fn end(self) {
        self.browser.close().await.unwrap();
    }
}
