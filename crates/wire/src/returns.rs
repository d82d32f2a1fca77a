//! The way back to the SP (R104–R107, PROTOCOL.md §2).

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::code::ReturnCode;
use crate::id::TxId;

/// What may not stand in a `Location` header as it is. Everything else keeps its bytes.
const NOT_IN_LOCATION: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'\\').add(b'#');

/// A return URL as registered: absolute, http or https, without user-info, query or fragment.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegisteredReturnUrl(Url);

/// A text cannot be registered as a return URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadReturnUrl {
    /// Not an absolute URL.
    #[error("not an absolute URL")]
    NotAUrl,
    /// Neither https nor http.
    #[error("the scheme must be https (http in the sandbox)")]
    Scheme,
    /// Has a user name, a password or a fragment.
    #[error("user-info and fragment are not allowed")]
    Extras,
    /// The query is ignored when matching, so none is registered.
    #[error("register it without a query; the query is kept on return")]
    Query,
    /// Differs from every registered one in scheme, host, port or path.
    #[error("scheme, host, port and path must equal a registered return URL")]
    NotRegistered,
}

fn parse(text: &str) -> Result<Url, BadReturnUrl> {
    // The URL standard drops tabs and line breaks silently and reads `\` as `/`; other readers do not, so refuse both.
    if text.chars().any(|c| c.is_control() || c == '\\') || text.trim() != text {
        return Err(BadReturnUrl::NotAUrl);
    }
    let url = Url::parse(text).map_err(|_| BadReturnUrl::NotAUrl)?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(BadReturnUrl::Scheme);
    }
    let has_user_info = text
        .split_once("://")
        .is_some_and(|(_, rest)| rest.split(['/', '?', '#']).next().is_some_and(|a| a.contains('@')));
    if has_user_info || url.fragment().is_some() {
        return Err(BadReturnUrl::Extras);
    }
    Ok(url)
}

impl FromStr for RegisteredReturnUrl {
    type Err = BadReturnUrl;

    fn from_str(text: &str) -> Result<Self, BadReturnUrl> {
        let url = parse(text)?;
        if url.query().is_some() {
            return Err(BadReturnUrl::Query);
        }
        Ok(Self(url))
    }
}

impl TryFrom<String> for RegisteredReturnUrl {
    type Error = BadReturnUrl;

    fn try_from(text: String) -> Result<Self, BadReturnUrl> {
        text.parse()
    }
}

impl From<RegisteredReturnUrl> for String {
    fn from(url: RegisteredReturnUrl) -> Self {
        url.0.into()
    }
}

impl fmt::Display for RegisteredReturnUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl fmt::Debug for RegisteredReturnUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// A return URL that may be redirected to: a registered URL, and the SP's own query byte for byte.
#[derive(Clone, PartialEq, Eq)]
pub struct ReturnTarget {
    registered: RegisteredReturnUrl,
    query: Option<String>,
}

impl ReturnTarget {
    /// Matches a given `returnUrl` against the registered ones (R105): scheme, host, port and path must be equal,
    /// the query is ignored and kept.
    pub fn matching(given: &str, registered: &[RegisteredReturnUrl]) -> Result<Self, BadReturnUrl> {
        let url = parse(given)?;
        let same = |r: &&RegisteredReturnUrl| {
            r.0.scheme() == url.scheme()
                && r.0.host() == url.host()
                && r.0.port_or_known_default() == url.port_or_known_default()
                && r.0.path() == url.path()
        };
        let registered = registered.iter().find(same).ok_or(BadReturnUrl::NotRegistered)?.clone();
        let query = given.split_once('?').map(|(_, query)| query).filter(|q| !q.is_empty());
        Ok(Self { registered, query: query.map(|q| utf8_percent_encode(q, NOT_IN_LOCATION).to_string()) })
    }

    /// The registered URL itself, where the given one cannot be used.
    pub fn registered(url: &RegisteredReturnUrl) -> Self {
        Self { registered: url.clone(), query: None }
    }

    /// Where to send the browser after a confirmed exchange (R106).
    pub fn normal(&self, tx_id: &TxId) -> String {
        self.with(&format!("tx_id={tx_id}"))
    }

    /// Where to send it otherwise (R107). `tx_id` is given as received; one that is no UUID is echoed encoded.
    pub fn abnormal(&self, code: ReturnCode, tx_id: &str) -> String {
        let tx_id: String = tx_id.chars().take(64).collect();
        let tx_id =
            utf8_percent_encode(&tx_id, percent_encoding::NON_ALPHANUMERIC).to_string().replace("%2D", "-");
        self.with(&format!("code={code}&tx_id={tx_id}"))
    }

    fn with(&self, ours: &str) -> String {
        match &self.query {
            Some(theirs) => format!("{}?{ours}&{theirs}", self.registered),
            None => format!("{}?{ours}", self.registered),
        }
    }

    /// The target without our parameters, for keeping.
    pub fn to_kept(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.registered),
            None => self.registered.to_string(),
        }
    }

    /// Reads back what [`Self::to_kept`] wrote.
    pub fn from_kept(text: &str) -> Result<Self, BadReturnUrl> {
        let (base, query) = text.split_once('?').map_or((text, None), |(b, q)| (b, Some(q.to_owned())));
        Ok(Self { registered: base.parse()?, query })
    }

    /// Whether the SP added a query of its own.
    pub fn has_query(&self) -> bool {
        self.query.is_some()
    }

    /// Forgets the SP's own query, which may hold anything. The registered URL stays.
    pub fn forget_query(&mut self) {
        self.query = None;
    }

    /// The host the citizen goes back to.
    pub fn host(&self) -> &str {
        self.registered.0.host_str().unwrap_or_default()
    }
}

impl fmt::Debug for ReturnTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The query is the SP's and may hold anything.
        write!(f, "ReturnTarget({}, …)", self.registered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TX: &str = "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e";

    fn registered() -> Vec<RegisteredReturnUrl> {
        vec!["https://bank.example/done".parse().unwrap(), "https://bank.example:8443/other".parse().unwrap()]
    }

    /// Shows R105, R106, R107.
    #[test]
    fn our_parameters_come_first_and_theirs_stay() {
        let target =
            ReturnTarget::matching("https://bank.example/done?b=2&a=%E7%8E%8B&c", &registered()).unwrap();
        let tx = TX.parse().unwrap();
        assert_eq!(target.normal(&tx), format!("https://bank.example/done?tx_id={TX}&b=2&a=%E7%8E%8B&c"));
        assert_eq!(
            target.abnormal(ReturnCode::Refused, TX),
            format!("https://bank.example/done?code=205&tx_id={TX}&b=2&a=%E7%8E%8B&c")
        );
        let bare = ReturnTarget::matching("https://BANK.example:443/done", &registered()).unwrap();
        assert_eq!(bare.normal(&tx), format!("https://bank.example/done?tx_id={TX}"));
        assert_eq!(ReturnTarget::from_kept(&target.to_kept()), Ok(target));
        assert_eq!(
            bare.abnormal(ReturnCode::BadRequest, "x&y\r\n"),
            "https://bank.example/done?code=400&tx_id=x%26y%0D%0A"
        );
    }

    /// Shows R105.
    #[test]
    fn what_is_not_registered_does_not_match() {
        for given in [
            "",
            "/done",
            "//bank.example/done",
            "//evil",
            "https:bank.example/done",
            "http://bank.example/done",
            "https://bank.example:8443/done",
            "https://bank.example/done/",
            "https://bank.example/Done",
            "https://bank.example/done#top",
            "https://user@bank.example/done",
            "https://user:pw@bank.example/done",
            "https://@bank.example/done",
            "https://bank.example@evil.example/done",
            "https://bank.example.evil.example/done",
            "https://bаnk.example/done",
            "https://bank.example\\.evil.example/done",
            "https://bank.example/done\r\nSet-Cookie: a=b",
            "https://evil.example/https://bank.example/done",
            "javascript:alert(1)",
            "data:text/html,x",
        ] {
            let ok = given == "https:bank.example/done";
            assert_eq!(ReturnTarget::matching(given, &registered()).is_ok(), ok, "{given}");
        }
    }
}
