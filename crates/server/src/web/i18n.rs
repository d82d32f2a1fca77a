//! The words of the pages, in zh-TW (the source) and English.
//!
//! Messages are Fluent, built into the program. A message that is missing in one language, unused, or used and not
//! written is a failing test, so a page never shows a hole.

use std::fmt;
use std::sync::LazyLock;

use askama::filters::Safe;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::{LanguageIdentifier, langid};

/// A language that the pages speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lang {
    /// 正體中文, the source and the default.
    #[default]
    ZhTw,
    /// English.
    En,
}

/// Texts of one language: file name (for a fault's message) and content.
type Source = [(&'static str, &'static str); 8];

const ZH_TW: Source = [
    ("common", include_str!("../../locales/zh-TW/common.ftl")),
    ("consent", include_str!("../../locales/zh-TW/consent.ftl")),
    ("confirm", include_str!("../../locales/zh-TW/confirm.ftl")),
    ("preview", include_str!("../../locales/zh-TW/preview.ftl")),
    ("waiting", include_str!("../../locales/zh-TW/waiting.ftl")),
    ("dead-end", include_str!("../../locales/zh-TW/dead-end.ftl")),
    ("identity", include_str!("../../locales/zh-TW/identity.ftl")),
    ("home", include_str!("../../locales/zh-TW/home.ftl")),
];

const EN: Source = [
    ("common", include_str!("../../locales/en/common.ftl")),
    ("consent", include_str!("../../locales/en/consent.ftl")),
    ("confirm", include_str!("../../locales/en/confirm.ftl")),
    ("preview", include_str!("../../locales/en/preview.ftl")),
    ("waiting", include_str!("../../locales/en/waiting.ftl")),
    ("dead-end", include_str!("../../locales/en/dead-end.ftl")),
    ("identity", include_str!("../../locales/en/identity.ftl")),
    ("home", include_str!("../../locales/en/home.ftl")),
];

type Bundle = FluentBundle<FluentResource>;

static ZH_TW_BUNDLE: LazyLock<Bundle> = LazyLock::new(|| bundle(langid!("zh-TW"), &ZH_TW));
static EN_BUNDLE: LazyLock<Bundle> = LazyLock::new(|| bundle(langid!("en"), &EN));

fn bundle(id: LanguageIdentifier, source: &Source) -> Bundle {
    let mut bundle = Bundle::new_concurrent(vec![id]);
    // Isolation marks would end up in titles, attributes and copied text; neither language is written right to left.
    bundle.set_use_isolating(false);
    for (name, text) in source {
        let resource = FluentResource::try_new((*text).to_owned())
            .unwrap_or_else(|(_, errors)| panic!("built-in locale file {name}.ftl: {errors:?}"));
        bundle
            .add_resource(resource)
            .unwrap_or_else(|errors| panic!("built-in locale file {name}.ftl: {errors:?}"));
    }
    bundle
}

impl Lang {
    /// Both languages, the source first.
    pub const ALL: [Lang; 2] = [Lang::ZhTw, Lang::En];

    /// The BCP 47 tag, as `<html lang>` and the cookie carry it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::ZhTw => "zh-TW",
            Self::En => "en",
        }
    }

    /// Reads a tag; any Chinese is zh-TW, any English is English, anything else is `None`.
    pub fn from_tag(tag: &str) -> Option<Lang> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("zh") {
            Some(Self::ZhTw)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else {
            None
        }
    }

    /// The language that an `Accept-Language` value prefers among ours; `None` when it names neither.
    pub fn from_accept_language(value: &str) -> Option<Lang> {
        let mut best: Option<(f32, Lang)> = None;
        for item in value.split(',') {
            let mut parts = item.split(';');
            let Some(lang) = Lang::from_tag(parts.next().unwrap_or_default()) else { continue };
            let weight = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .map_or(Some(1.0), |q| q.trim().parse::<f32>().ok())
                .unwrap_or(0.0);
            if weight > 0.0 && best.is_none_or(|(highest, _)| weight > highest) {
                best = Some((weight, lang));
            }
        }
        best.map(|(_, lang)| lang)
    }

    /// The text of `key` without arguments. See [`t`].
    pub fn t(self, key: &str) -> String {
        t(self, key, &[])
    }

    /// `zh` or `en`, whichever this language is; `zh` where there is no English.
    pub fn pick<'a>(self, zh: &'a str, en: Option<&'a str>) -> &'a str {
        match self {
            Self::ZhTw => zh,
            Self::En => en.filter(|text| !text.trim().is_empty()).unwrap_or(zh),
        }
    }

    fn bundle(self) -> &'static Bundle {
        match self {
            Self::ZhTw => &ZH_TW_BUNDLE,
            Self::En => &EN_BUNDLE,
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// The text of `key` (`message` or `message.attribute`) in `lang`. Plain text: it is escaped where it is put into HTML.
///
/// A key that is not written is a fault of the program that the tests find; the page shows the key itself.
pub fn t(lang: Lang, key: &str, args: &[(&'static str, FluentValue<'_>)]) -> String {
    let (id, attribute) = key.split_once('.').map_or((key, None), |(id, attribute)| (id, Some(attribute)));
    let bundle = lang.bundle();
    let pattern = bundle.get_message(id).and_then(|message| match attribute {
        Some(name) => message.get_attribute(name).map(|attribute| attribute.value()),
        None => message.value(),
    });
    let Some(pattern) = pattern else {
        tracing::error!(key, %lang, "a text is not written");
        return key.to_owned();
    };
    let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, value.clone())).collect();
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
    if !errors.is_empty() {
        tracing::error!(key, %lang, ?errors, "a text lacks an argument");
    }
    text
}

/// The text of `key` as HTML, its arguments escaped and set in `<strong>`.
pub fn rich(lang: Lang, key: &str, args: &[(&'static str, &str)]) -> Safe<String> {
    // The arguments travel through Fluent as private-use characters, so that nothing of theirs is read as a message,
    // and the message itself is escaped before they come back as markup.
    let mark = |index: usize| char::from_u32(0xE000 + index as u32).unwrap_or('\u{E000}').to_string();
    let marked: Vec<_> =
        args.iter().enumerate().map(|(i, (name, _))| (*name, FluentValue::from(mark(i)))).collect();
    let mut html = escape(&t(lang, key, &marked));
    for (i, (_, value)) in args.iter().enumerate() {
        html = html.replace(&mark(i), &format!("<strong>{}</strong>", escape(&value.replace(is_private, ""))));
    }
    Safe(html)
}

fn is_private(c: char) -> bool {
    ('\u{E000}'..='\u{E0FF}').contains(&c)
}

/// `text` with the five characters that mean something in HTML written as entities.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
