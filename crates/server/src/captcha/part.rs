//! The captcha in a form: hidden where the page's script works, digits to type where it does not.

use askama::Template;
use mydata_domain::Time;
use mydata_store::crypt::Crypter;
use mydata_wire::random::Random;

use super::outside::Outside;
use super::{Challenge, picture, work};
use crate::web::Lang;
use crate::web::assets::captcha_script_url;

/// Names of the posted fields: challenge, nonce, digits.
pub const FIELDS: [&str; 3] = ["captcha", "captcha_nonce", "captcha_digits"];

/// The part of a form.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/captcha.html")]
pub struct CaptchaPart {
    lang: Lang,
    challenge: String,
    /// The widget of a service outside: its class, its key, its script.
    outside: Option<(String, String, String)>,
    /// Why the answer before did not count.
    fault: Option<String>,
}

impl askama::filters::HtmlSafe for CaptchaPart {}

impl CaptchaPart {
    /// With a new challenge.
    pub fn new(lang: Lang, crypter: &Crypter, random: &dyn Random, now: Time) -> Self {
        let challenge = Challenge::new(crypter, random, now).as_str().to_owned();
        Self { lang, challenge, outside: None, fault: None }
    }

    /// With what was wrong with the answer before.
    #[must_use]
    pub fn fault(self, fault: Option<String>) -> Self {
        Self { fault, ..self }
    }

    /// With the widget of a service outside, where one is set.
    #[must_use]
    pub fn outside(self, outside: Option<&Outside>) -> Self {
        let outside = outside.map(|outside| {
            let (class, key) = outside.widget();
            (class.to_owned(), key.to_owned(), outside.script().to_owned())
        });
        Self { outside, ..self }
    }

    /// The script of the page.
    pub fn script(&self) -> &str {
        self.outside.as_ref().map_or_else(|| captcha_script_url(), |(_, _, script)| script.as_str())
    }

    fn t(&self, key: &str) -> String {
        self.lang.t(key)
    }

    fn bits(&self) -> u32 {
        work::BITS
    }

    fn width(&self) -> usize {
        picture::WIDTH
    }

    fn height(&self) -> usize {
        picture::HEIGHT
    }
}
