//! The mail address with which somebody signs up: an organisation's own, never one of a free mail service (R2).

/// Free mail services, by domain; what lies below one of them counts as well. An operator's settings add more.
const FREE: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "yahoo.com",
    "yahoo.com.tw",
    "yahoo.com.hk",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "ymail.com",
    "rocketmail.com",
    "kimo.com",
    "hotmail.com",
    "hotmail.com.tw",
    "outlook.com",
    "outlook.com.tw",
    "live.com",
    "live.com.tw",
    "msn.com",
    "icloud.com",
    "me.com",
    "mac.com",
    "aol.com",
    "pchome.com.tw",
    "seed.net.tw",
    "so-net.net.tw",
    "hinet.net",
    "giga.net.tw",
    "url.com.tw",
    "mail2000.com.tw",
    "sina.com",
    "sina.com.tw",
    "sina.cn",
    "qq.com",
    "foxmail.com",
    "163.com",
    "126.com",
    "yeah.net",
    "naver.com",
    "daum.net",
    "hanmail.net",
    "proton.me",
    "protonmail.com",
    "pm.me",
    "tutanota.com",
    "tuta.com",
    "gmx.com",
    "gmx.net",
    "gmx.de",
    "web.de",
    "mail.com",
    "mail.ru",
    "yandex.com",
    "yandex.ru",
    "zoho.com",
    "zohomail.com",
    "fastmail.com",
    "hey.com",
    "mailinator.com",
    "guerrillamail.com",
    "yopmail.com",
    "10minutemail.com",
    "temp-mail.org",
];

/// Domains below which organisations have addresses of their own, although the domain itself stands in the list: customers
/// of a network provider are known by a name below the provider's.
const ORGANISATIONS_BELOW: &[&str] = &["hinet.net", "seed.net.tw", "so-net.net.tw"];

/// Why an address cannot be used to sign up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMail {
    /// Nothing was typed.
    #[error("a mail address is needed")]
    Missing,
    /// No mail address.
    #[error("this is no mail address")]
    NotAMail,
    /// Of a free mail service.
    #[error("{domain} is a free mail service; use an address of your organisation")]
    Free {
        /// Its domain.
        domain: String,
    },
}

/// Reads an organisation's mail address; its domain becomes lower case. `more` are further domains of free mail services.
///
/// # Errors
/// See [`BadMail`].
pub fn organisation_mail(text: &str, more: &[String]) -> Result<String, BadMail> {
    let text = text.trim();
    if text.is_empty() {
        return Err(BadMail::Missing);
    }
    let mail = crate::forms::reader::mail(text).ok_or(BadMail::NotAMail)?;
    let domain = mail.rsplit_once('@').map_or("", |(_, domain)| domain);
    if is_free(domain, more) { Err(BadMail::Free { domain: domain.to_owned() }) } else { Ok(mail) }
}

fn is_free(domain: &str, more: &[String]) -> bool {
    let more = more.iter().map(|m| m.trim().trim_start_matches('@'));
    FREE.iter().copied().chain(more).filter(|free| !free.is_empty()).any(|free| {
        let Some(at) = domain.len().checked_sub(free.len()) else { return false };
        if !domain.is_char_boundary(at) || !domain[at..].eq_ignore_ascii_case(free) {
            return false;
        }
        // msa.hinet.net is free mail, bank.hinet.net could be somebody's own: only the provider's known hosts count.
        let below = domain[..at].strip_suffix('.');
        match below {
            None => at == 0,
            Some(host) if ORGANISATIONS_BELOW.contains(&free) => {
                matches!(host, "ms" | "msa" | "mail" | "webmail" | "umail") || is_numbered_host(host)
            }
            Some(_) => true,
        }
    })
}

/// `ms12`, `tpts5`: the mail hosts of network providers.
fn is_numbered_host(host: &str) -> bool {
    let digits = host.trim_start_matches(|c: char| c.is_ascii_lowercase());
    matches!(&host[..host.len() - digits.len()], "ms" | "tpts" | "mail")
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free(domain: &str) -> Result<String, BadMail> {
        Err(BadMail::Free { domain: domain.to_owned() })
    }

    /// Shows R2: free mail is refused, by its domain, however it is written.
    #[test]
    fn free_mail_is_refused_with_its_domain() {
        for (text, domain) in [
            ("a@gmail.com", "gmail.com"),
            (" A@GMail.COM ", "gmail.com"),
            ("a@yahoo.com.tw", "yahoo.com.tw"),
            ("a@hotmail.com", "hotmail.com"),
            ("a@mail.yahoo.com", "mail.yahoo.com"),
            ("a@ms12.hinet.net", "ms12.hinet.net"),
            ("a@msa.hinet.net", "msa.hinet.net"),
            ("a@hinet.net", "hinet.net"),
        ] {
            assert_eq!(organisation_mail(text, &[]), free(domain), "{text}");
        }
        let more = ["free.example".to_owned(), "@also.example".to_owned(), String::new()];
        assert_eq!(organisation_mail("a@free.example", &more), free("free.example"));
        assert_eq!(organisation_mail("a@x.also.example", &more), free("x.also.example"));
    }

    #[test]
    fn an_organisations_own_address_is_taken() {
        for text in [
            "a@library.example",
            "chen@example.gov.tw",
            "a@notgmail.com",
            "a@bank.hinet.net",
            "a@gmail.com.example",
        ] {
            assert!(organisation_mail(text, &[]).is_ok(), "{text}");
        }
        assert_eq!(organisation_mail("A@Library.Example", &[]).as_deref(), Ok("A@library.example"));
        assert_eq!(organisation_mail(" ", &[]), Err(BadMail::Missing));
        for text in
            ["a", "a@b", "a@@library.example", "a@library.example\nBcc: b@c.tw", "<a@library.example>"]
        {
            assert_eq!(organisation_mail(text, &[]), Err(BadMail::NotAMail), "{text}");
        }
    }
}
