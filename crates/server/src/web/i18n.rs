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
type Source = [(&'static str, &'static str)];

const ZH_TW: &Source = &[
    ("common", include_str!("../../locales/zh-TW/common.ftl")),
    ("consent", include_str!("../../locales/zh-TW/consent.ftl")),
    ("confirm", include_str!("../../locales/zh-TW/confirm.ftl")),
    ("preview", include_str!("../../locales/zh-TW/preview.ftl")),
    ("waiting", include_str!("../../locales/zh-TW/waiting.ftl")),
    ("dead-end", include_str!("../../locales/zh-TW/dead-end.ftl")),
    ("identity", include_str!("../../locales/zh-TW/identity.ftl")),
    ("home", include_str!("../../locales/zh-TW/home.ftl")),
    ("captcha", include_str!("../../locales/zh-TW/captcha.ftl")),
    ("portal", include_str!("../../locales/zh-TW/portal.ftl")),
    ("login", include_str!("../../locales/zh-TW/login.ftl")),
    ("download", include_str!("../../locales/zh-TW/download.ftl")),
    ("public", include_str!("../../locales/zh-TW/public.ftl")),
    ("record", include_str!("../../locales/zh-TW/record.ftl")),
    ("me", include_str!("../../locales/zh-TW/me.ftl")),
    ("counter", include_str!("../../locales/zh-TW/counter.ftl")),
    ("backoffice-frame", include_str!("../../locales/zh-TW/backoffice-frame.ftl")),
    ("backoffice-parts", include_str!("../../locales/zh-TW/backoffice-parts.ftl")),
    ("backoffice-account", include_str!("../../locales/zh-TW/backoffice-account.ftl")),
    ("backoffice-flow", include_str!("../../locales/zh-TW/backoffice-flow.ftl")),
    ("backoffice-items", include_str!("../../locales/zh-TW/backoffice-items.ftl")),
    ("backoffice-reviews", include_str!("../../locales/zh-TW/backoffice-reviews.ftl")),
    ("backoffice-system", include_str!("../../locales/zh-TW/backoffice-system.ftl")),
    ("backoffice-statistics", include_str!("../../locales/zh-TW/backoffice-statistics.ftl")),
    ("mails", include_str!("../../locales/zh-TW/mails.ftl")),
    ("backoffice-forms", include_str!("../../locales/zh-TW/backoffice-forms.ftl")),
    ("backoffice-uploads", include_str!("../../locales/zh-TW/backoffice-uploads.ftl")),
    ("backoffice-sign-up", include_str!("../../locales/zh-TW/backoffice-sign-up.ftl")),
    ("backoffice-front-test", include_str!("../../locales/zh-TW/backoffice-front-test.ftl")),
    ("backoffice-settings", include_str!("../../locales/zh-TW/backoffice-settings.ftl")),
    ("backoffice-health", include_str!("../../locales/zh-TW/backoffice-health.ftl")),
];

const EN: &Source = &[
    ("common", include_str!("../../locales/en/common.ftl")),
    ("consent", include_str!("../../locales/en/consent.ftl")),
    ("confirm", include_str!("../../locales/en/confirm.ftl")),
    ("preview", include_str!("../../locales/en/preview.ftl")),
    ("waiting", include_str!("../../locales/en/waiting.ftl")),
    ("dead-end", include_str!("../../locales/en/dead-end.ftl")),
    ("identity", include_str!("../../locales/en/identity.ftl")),
    ("home", include_str!("../../locales/en/home.ftl")),
    ("captcha", include_str!("../../locales/en/captcha.ftl")),
    ("portal", include_str!("../../locales/en/portal.ftl")),
    ("login", include_str!("../../locales/en/login.ftl")),
    ("download", include_str!("../../locales/en/download.ftl")),
    ("public", include_str!("../../locales/en/public.ftl")),
    ("record", include_str!("../../locales/en/record.ftl")),
    ("me", include_str!("../../locales/en/me.ftl")),
    ("counter", include_str!("../../locales/en/counter.ftl")),
    ("backoffice-frame", include_str!("../../locales/en/backoffice-frame.ftl")),
    ("backoffice-parts", include_str!("../../locales/en/backoffice-parts.ftl")),
    ("backoffice-account", include_str!("../../locales/en/backoffice-account.ftl")),
    ("backoffice-flow", include_str!("../../locales/en/backoffice-flow.ftl")),
    ("backoffice-items", include_str!("../../locales/en/backoffice-items.ftl")),
    ("backoffice-reviews", include_str!("../../locales/en/backoffice-reviews.ftl")),
    ("backoffice-system", include_str!("../../locales/en/backoffice-system.ftl")),
    ("backoffice-statistics", include_str!("../../locales/en/backoffice-statistics.ftl")),
    ("mails", include_str!("../../locales/en/mails.ftl")),
    ("backoffice-forms", include_str!("../../locales/en/backoffice-forms.ftl")),
    ("backoffice-uploads", include_str!("../../locales/en/backoffice-uploads.ftl")),
    ("backoffice-sign-up", include_str!("../../locales/en/backoffice-sign-up.ftl")),
    ("backoffice-front-test", include_str!("../../locales/en/backoffice-front-test.ftl")),
    ("backoffice-settings", include_str!("../../locales/en/backoffice-settings.ftl")),
    ("backoffice-health", include_str!("../../locales/en/backoffice-health.ftl")),
];

type Bundle = FluentBundle<FluentResource>;

static ZH_TW_BUNDLE: LazyLock<Bundle> = LazyLock::new(|| bundle(langid!("zh-TW"), ZH_TW));
static EN_BUNDLE: LazyLock<Bundle> = LazyLock::new(|| bundle(langid!("en"), EN));

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

    /// What stands between a name and what is said about it.
    pub fn colon(self) -> &'static str {
        match self {
            Self::ZhTw => "：",
            Self::En => ": ",
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

/// Whether the text of `key` is written.
pub fn has(lang: Lang, key: &str) -> bool {
    let (id, attribute) = key.split_once('.').map_or((key, None), |(id, attribute)| (id, Some(attribute)));
    lang.bundle().get_message(id).is_some_and(|message| match attribute {
        Some(name) => message.get_attribute(name).is_some(),
        None => message.value().is_some(),
    })
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
        html =
            html.replace(&mark(i), &format!("<strong>{}</strong>", escape(&value.replace(is_private, ""))));
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;
    use std::{fs, iter};

    use mydata_domain::health::FaultKind;
    use mydata_domain::mail::{DayOf, Kind};

    use super::*;

    /// Message and attribute keys of one language, each with the variables it names.
    fn keys(source: &Source) -> BTreeMap<String, BTreeSet<String>> {
        let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (file, text) in source {
            let (mut message, mut current) = (String::new(), String::new());
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                let is_name = |name: &str| {
                    !name.is_empty()
                        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
                };
                let defined = line.split_once('=').map(|(name, value)| (name.trim_end(), value));
                if let Some((name, value)) = defined {
                    if is_name(name) {
                        message = name.to_owned();
                        current = name.to_owned();
                        let has_value =
                            !value.trim().is_empty() || !text.contains(&format!("\n{name} =\n    ."));
                        if has_value {
                            assert!(
                                keys.insert(current.clone(), BTreeSet::new()).is_none(),
                                "{file}: {name} twice"
                            );
                        }
                    } else if let Some(attribute) = name.trim_start().strip_prefix('.') {
                        current = format!("{message}.{attribute}");
                        assert!(
                            keys.insert(current.clone(), BTreeSet::new()).is_none(),
                            "{file}: {current} twice"
                        );
                    }
                }
                for variable in line.split('$').skip(1) {
                    let end = variable.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(variable.len());
                    keys.get_mut(&current).unwrap().insert(variable[..end].to_owned());
                }
            }
        }
        keys
    }

    fn files_under(dir: &Path) -> Vec<std::path::PathBuf> {
        fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .flat_map(|path| if path.is_dir() { files_under(&path) } else { vec![path] })
            .collect()
    }

    /// Every text between double quotes in the templates and in the sources of pages.
    fn quoted() -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        let sources = sources();
        let is_page = |path: &std::path::PathBuf| !path.ends_with("gallery.rs");
        for path in sources.iter().flat_map(|dir| files_under(dir)).filter(is_page) {
            for line in fs::read_to_string(&path).unwrap().lines() {
                all.extend(line.split('"').skip(1).map(str::to_owned));
            }
        }
        all
    }

    /// Where texts are used.
    fn sources() -> Vec<std::path::PathBuf> {
        let folders = [
            "src/backoffice",
            "src/captcha",
            "src/citizen",
            "src/counter",
            "src/delegate",
            "src/download",
            "src/identity",
            "src/mail",
            "src/pdf",
            "src/portal",
            "src/public",
            "src/record",
            "src/web",
            "templates",
        ];
        folders.map(|dir| Path::new(env!("CARGO_MANIFEST_DIR")).join(dir)).to_vec()
    }

    #[test]
    fn both_languages_say_the_same_things() {
        let (zh, en) = (keys(ZH_TW), keys(EN));
        assert!(zh.len() > 150);
        let missing: Vec<_> = zh.keys().filter(|key| !en.contains_key(*key)).collect();
        assert!(missing.is_empty(), "not in English: {missing:?}");
        let missing: Vec<_> = en.keys().filter(|key| !zh.contains_key(*key)).collect();
        assert!(missing.is_empty(), "not in zh-TW: {missing:?}");
    }

    #[test]
    fn every_text_formats() {
        for (lang, source) in [(Lang::ZhTw, ZH_TW), (Lang::En, EN)] {
            for (key, variables) in keys(source) {
                let names: Vec<&'static str> = variables.into_iter().map(|name| &*name.leak()).collect();
                let args: Vec<_> = names.iter().map(|name| (*name, FluentValue::from(3))).collect();
                let text = t(lang, &key, &args);
                assert!(text != key && !text.contains('{') && !text.contains('$'), "{lang} {key}: {text}");
                assert!(!text.contains(['\u{2068}', '\u{2069}']), "{lang} {key}: isolation marks");
            }
        }
    }

    #[test]
    fn every_text_is_used_and_every_used_text_is_written() {
        let (written, quoted) = (keys(ZH_TW), quoted());
        // Some attributes are also reached from the key alone.
        let used = |key: &str| {
            let session = [".why", ".label", ".extend", ".extended", ".minutes", ".seconds"];
            let by_kind = [".what", ".next", ".submit", ".how", ".add", ".lead"]
                .iter()
                .chain(&session)
                .find_map(|end| key.strip_suffix(end));
            let by_mail = key
                .strip_prefix("mail-about-")
                .is_some_and(|k| k.strip_suffix(".sms").unwrap_or(k).parse::<Kind>().is_ok());
            let by_day = DayOf::ALL.iter().any(|day| key.strip_prefix("mail-day-") == Some(day.as_str()));
            let by_fault = key.strip_prefix("probe-fault-").and_then(|k| k.split_once('.'));
            let by_fault = by_fault.is_some_and(|(k, _)| FaultKind::ALL.iter().any(|f| f.as_str() == k));
            by_mail
                || by_day
                || by_fault
                || quoted.contains(key)
                || by_kind.is_some_and(|id| quoted.contains(id))
        };
        let unused: Vec<_> = written.keys().filter(|key| !used(key)).collect();
        assert!(unused.is_empty(), "unused: {unused:?}");

        let mut unwritten = BTreeSet::new();
        let sources = sources();
        for path in sources.iter().flat_map(|dir| files_under(dir)) {
            let text = fs::read_to_string(&path).unwrap();
            let calls =
                [".t(\"", ".t1(\"", ".rich(\"", " t(lang, \"", "::t(lang, \"", "t(self.lang, \"", ".note(\""];
            for rest in calls.iter().flat_map(|call| text.split(call).skip(1)) {
                let key = rest.split('"').next().unwrap();
                if !written.contains_key(key) && !key.contains(['{', '\\']) {
                    unwritten.insert((path.clone(), key.to_owned()));
                }
            }
        }
        assert!(unwritten.is_empty(), "used, not written: {unwritten:?}");
    }

    #[test]
    fn arguments_in_rich_text_are_escaped_and_strong() {
        let html =
            rich(Lang::ZhTw, "consent-intro", &[("organisation", "<A&B>"), ("service", "{ $x }\u{E000}")]);
        assert!(html.0.contains("<strong>&lt;A&amp;B&gt;</strong>"), "{}", html.0);
        assert!(html.0.contains("<strong>{ $x }</strong>"), "{}", html.0);
        assert!(!html.0.contains(is_private), "{}", html.0);
    }

    #[test]
    fn reads_tags_leniently() {
        for (tag, lang) in [
            ("zh-TW", Some(Lang::ZhTw)),
            ("ZH_Hant", Some(Lang::ZhTw)),
            (" en-GB", Some(Lang::En)),
            ("eng", None),
            ("", None),
        ] {
            assert_eq!(Lang::from_tag(tag), lang, "{tag}");
        }
        assert_eq!(Lang::En.pick("中", Some(" ")), "中");
        assert_eq!(Lang::En.pick("中", Some("E")), "E");
        assert!(iter::zip(Lang::ALL, ["zh-TW", "en"]).all(|(lang, tag)| lang.tag() == tag));
    }
}
