//! What a mail says: zh-TW first, English after it, or in the one language that a citizen chose; what it is about, the facts, where to go on, and that nobody reads an
//! answer, with the service desk's phone and mailbox (R22).

use mydata_domain::calendar::midnight;
use mydata_domain::citizen::told::AboutCitizen;
use mydata_domain::mail::{Fact, Kind, Link, Mail};
use mydata_store::repo::mails::{Content, LINK};
use url::Url;

use crate::config::Contact;
use crate::web::i18n::t;
use crate::web::{Lang, RocDateTime};

/// Between the languages.
const RULE: &str = "----------------------------------------";

/// Words a mail. Links begin with `base`.
pub fn write(mail: &Mail, base: &Url, contact: &Contact) -> Content {
    let chosen = mail.language.as_deref().and_then(Lang::from_tag);
    let languages = chosen.as_ref().map_or(&Lang::ALL[..], std::slice::from_ref);
    let halves: Vec<_> = languages.iter().map(|lang| half(mail, *lang, contact)).collect();
    let subject = |lang: &Lang| {
        let what = lang.pick(mail.kind.zh(), Some(mail.kind.en()));
        t(*lang, "mail-subject", &[("what", what.into())])
    };
    let subjects: Vec<_> = languages.iter().map(subject).collect();
    let address = |link: &Link| base.join(&link.path).map_or_else(|_| base.to_string(), String::from);
    Content {
        name: mail.name.trim().to_owned(),
        address: mail.address.trim().to_owned(),
        subject: subjects.join(" "),
        text: halves.join(&format!("\n{RULE}\n\n")),
        link: mail.code.as_ref().map(|c| c.code.as_str().to_owned()).or(mail.link.as_ref().map(address)),
        secret: mail.code.is_some() || mail.link.as_ref().is_some_and(|link| link.secret),
        until: mail.code.as_ref().map(|c| c.until).or(mail.link.as_ref().and_then(|link| link.until)),
    }
}

/// The longest text message in zh-TW: what one message holds.
pub const TEXT: usize = 70;
/// The same in English.
const TEXT_EN: usize = 160;

/// Words a text message to a citizen, without its code, which is put in when it is sent.
pub fn text_message(mail: &Mail, lang: Lang, item: &str) -> Content {
    let key = format!("mail-about-{}.sms", mail.kind);
    let said = |item: &str| t(lang, &key, &[("item", item.into()), ("code", LINK.to_string().into())]);
    let most = if lang == Lang::ZhTw { TEXT } else { TEXT_EN };
    // The code takes more room than the mark that stands for it.
    let more = mail.code.as_ref().map_or(0, |c| c.code.as_str().len() - 1);
    let item = plain(item);
    let room = most.saturating_sub(said("").chars().count() + more);
    let text = if item.chars().count() <= room {
        said(&item)
    } else {
        said(&(item.chars().take(room.saturating_sub(1)).collect::<String>() + "…"))
    };
    Content {
        name: String::new(),
        address: mail.address.clone(),
        subject: mail.kind.zh().to_owned(),
        text,
        link: mail.code.as_ref().map(|c| c.code.as_str().to_owned()),
        secret: mail.code.is_some(),
        until: mail.code.as_ref().map(|c| c.until),
    }
}

fn half(mail: &Mail, lang: Lang, contact: &Contact) -> String {
    let name = plain(&mail.name);
    let hello = match name.as_str() {
        "" => lang.t("mail-hello.nobody"),
        name => t(lang, "mail-hello", &[("name", name.into())]),
    };
    let item = mail.facts.iter().find_map(|fact| match fact {
        Fact::Item(name) if lang == Lang::En => Some(format!("“{}”", plain(name))),
        Fact::Item(name) => Some(format!("【{}】", plain(name))),
        Fact::Thing(_, en) if lang == Lang::En => Some(format!("“{}”", plain(en))),
        Fact::Thing(zh, _) => Some(format!("【{}】", plain(zh))),
        _ => None,
    });
    let about = format!("mail-about-{}", mail.kind);
    let mut text = format!("{hello}\n\n");
    text += t(lang, &about, &[("item", item.unwrap_or_default().into())]).trim();
    text += "\n";
    if !mail.facts.is_empty() {
        text += "\n";
    }
    for fact in &mail.facts {
        text += &line(fact, lang);
        text += "\n";
    }
    if let Some(code) = &mail.code {
        let at = RocDateTime::new(code.until.to_timestamp()).date_time(lang);
        // Every other code is told to nobody.
        let counter = mail.kind == Kind::Citizen(AboutCitizen::CounterCode);
        let key = if counter { "mail-code-counter" } else { "mail-code" };
        text += &format!("\n{}\n{LINK}\n", t(lang, key, &[("at", at.into())]));
    } else if let Some(link) = &mail.link {
        let lead = match link.until {
            Some(until) => {
                let at = RocDateTime::new(until.to_timestamp()).date_time(lang);
                t(lang, "mail-link.until", &[("at", at.into())])
            }
            None => lang.t("mail-link"),
        };
        text += &format!("\n{lead}\n{LINK}\n");
    }
    let desk = [("phone", contact.phone.as_str().into()), ("mailbox", contact.mailbox.as_str().into())];
    text += &format!("\n{}\n{}\n", lang.t("mail-foot"), t(lang, "mail-foot.contact", &desk));
    text += &lang.t("mail-foot.sender");
    text += "\n";
    text
}

fn line(fact: &Fact, lang: Lang) -> String {
    let said = |key: &str, value: String| t(lang, key, &[("value", value.into())]);
    match fact {
        Fact::Account(name) => said("mail-fact.account", plain(name)),
        Fact::Organisation(name) => said("mail-fact.organisation", plain(name)),
        Fact::Item(name) => said("mail-fact.item", plain(name)),
        Fact::Number(number) => said("mail-fact.number", number.to_string()),
        Fact::Day(of, day) => {
            let day = RocDateTime::new(midnight(*day).to_timestamp()).date(lang);
            said(&format!("mail-day-{}", of.as_str()), day)
        }
        Fact::At(at) => said("mail-fact.at", RocDateTime::new(at.to_timestamp()).date_time(lang)),
        Fact::From(address) => said("mail-fact.from", address.to_string()),
        Fact::Reason(text) => said("mail-fact.reason", indented(text)),
        Fact::Found(zh, en) => said("mail-fact.reason", indented(lang.pick(zh, Some(en)))),
        Fact::Comment { field, text } => {
            let args = [("field", plain(field).into()), ("value", indented(text).into())];
            t(lang, "mail-fact.comment", &args)
        }
        Fact::Named(name) => said("mail-fact.named", plain(name)),
        Fact::Thing(zh, en) => said("mail-fact.item", plain(lang.pick(zh, Some(en)))),
        Fact::Party(zh, en) => said("mail-fact-party", plain(lang.pick(zh, Some(en)))),
        Fact::DaysLeft(days) => said("mail-fact.days-left", days.to_string()),
        Fact::Message(number) => said("mail-fact.message", number.to_string()),
        Fact::Subject(zh, en) => said("mail-fact.subject", plain(lang.pick(zh, Some(en)))),
        Fact::Writer(name, mail) => said("mail-fact.writer", format!("{} <{}>", plain(name), plain(mail))),
        Fact::Written(text) => said("mail-fact.written", indented(text)),
    }
}

/// One line, with nothing in it that means something to this module.
fn plain(text: &str) -> String {
    let visible = text.replace(LINK, "");
    visible
        .split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Several lines, set in, so that none of them looks like one of ours.
fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(plain).filter(|line| !line.is_empty()).collect();
    lines.join("\n    ")
}
