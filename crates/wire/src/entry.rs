//! SP → platform, in the citizen's browser (R98–R105, PROTOCOL.md §2).
//!
//! [`EntryLink`] builds the URL; [`RawEntry`] takes a received one apart without judging it, so that the platform can
//! check its parts in the protocol's order and knows which one failed.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use crate::b64;
use crate::id::{ClientId, ResourceId, TxId};
use crate::pid::Pid;
use crate::secret::{CbcIv, ClientSecret};

/// Most datasets one entry may ask for.
pub const MAX_RESOURCES: usize = 100;

/// RFC 3986 unreserved characters stay as they are.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Why `resources` cannot be read: code 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadResources {
    /// Not base64 of a text.
    #[error("the resource list is not base64 of a text")]
    NotBase64,
    /// No id at all.
    #[error("the resource list is empty")]
    Empty,
    /// One of them is not a resource id.
    #[error("entry {position} of the resource list is not a resource_id (API. and 10 of A-Z a-z 0-9)")]
    Malformed {
        /// Counted from 1.
        position: usize,
    },
    /// One of them stands twice.
    #[error("{0} stands twice in the resource list")]
    Repeated(ResourceId),
    /// More than [`MAX_RESOURCES`].
    #[error("the resource list has more than {MAX_RESOURCES} entries")]
    TooMany,
}

/// Joins and encodes resource ids for the path: base64url without padding of `id1:id2:…` (R103).
pub fn encode_resources(ids: &[ResourceId]) -> String {
    let joined = ids.iter().map(ResourceId::as_str).collect::<Vec<_>>().join(":");
    b64::url_safe(joined.as_bytes())
}

/// Reads a resource list in either alphabet, padded or not, percent-encoded or not.
pub fn decode_resources(segment: &str) -> Result<Vec<ResourceId>, BadResources> {
    let segment = percent_decode_str(segment).decode_utf8().map_err(|_| BadResources::NotBase64)?;
    let bytes = b64::decode_lenient(segment.trim()).map_err(|_| BadResources::NotBase64)?;
    let text = String::from_utf8(bytes).map_err(|_| BadResources::NotBase64)?;
    if text.trim().is_empty() {
        return Err(BadResources::Empty);
    }
    let mut ids = Vec::new();
    for (index, part) in text.trim().split(':').enumerate() {
        if index == MAX_RESOURCES {
            return Err(BadResources::TooMany);
        }
        let id: ResourceId = part.parse().map_err(|_| BadResources::Malformed { position: index + 1 })?;
        if ids.contains(&id) {
            return Err(BadResources::Repeated(id));
        }
        ids.push(id);
    }
    Ok(ids)
}

/// Everything an SP needs to send a citizen to the platform.
#[derive(Debug, Clone)]
pub struct EntryLink<'a> {
    /// The platform's base URL, such as `https://mydata.example.gov.tw`.
    pub base: &'a Url,
    /// The service.
    pub client_id: &'a ClientId,
    /// The service's secret, key of `pid`.
    pub client_secret: &'a ClientSecret,
    /// The service's CBC IV.
    pub cbc_iv: &'a CbcIv,
    /// The datasets asked for.
    pub resources: &'a [ResourceId],
    /// The SP's fresh identifier of this transaction.
    pub tx_id: TxId,
    /// Where the citizen comes back to; must equal a registered return URL up to its query.
    pub return_url: &'a str,
    /// Whom the SP expects.
    pub pid: &'a Pid,
}

impl EntryLink<'_> {
    /// The URL to send the browser to.
    pub fn to_url(&self) -> String {
        format!(
            "{}/service/{}/{}/{}?returnUrl={}&pid={}",
            self.base.as_str().trim_end_matches('/'),
            self.client_id,
            encode_resources(self.resources),
            self.tx_id,
            utf8_percent_encode(self.return_url, COMPONENT),
            utf8_percent_encode(&self.pid.encrypt(self.client_secret, self.cbc_iv), COMPONENT),
        )
    }
}

/// The parts of a received entry request, percent-decoded, nothing judged yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEntry {
    /// First path segment after `/service/`.
    pub client_id: String,
    /// What stands between `client_id` and the last segment, still percent-encoded; base64 may hold a `/`.
    pub resources: String,
    /// Last path segment.
    pub tx_id: String,
    /// `returnUrl`, when there is exactly one.
    pub return_url: Option<String>,
    /// `pid`, when there is exactly one. Personal data, though encrypted.
    pub pid: Option<String>,
}

impl RawEntry {
    /// Takes the path after `/service/` and the raw query apart.
    ///
    /// `+` stays `+`: the parameters are percent-encoded URLs and base64, not form fields.
    pub fn split(path: &str, query: Option<&str>) -> Self {
        let (client_id, rest) = path.split_once('/').unwrap_or((path, ""));
        let rest = rest.trim_end_matches('/');
        let (resources, tx_id) = rest.rsplit_once('/').unwrap_or(("", rest));
        Self {
            client_id: decode(client_id),
            resources: resources.to_owned(),
            tx_id: decode(tx_id),
            return_url: single(query, "returnUrl"),
            pid: single(query, "pid"),
        }
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The value of a parameter that stands exactly once; a repeated one could be read differently by different readers.
fn single(query: Option<&str>, name: &str) -> Option<String> {
    let mut values = query?.split('&').filter_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key) == name).then_some(value)
    });
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    percent_decode_str(value).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> Vec<ResourceId> {
        vec!["API.Kr1C3b1ijJ".parse().unwrap(), "API.TM12KLkB8o".parse().unwrap()]
    }

    /// Shows R98, R103, R104.
    #[test]
    fn a_built_link_comes_apart_again() {
        let base = Url::parse("https://mydata.example/").unwrap();
        let secret: ClientSecret = "lxLRIhDcR59kp2SG".parse().unwrap();
        let iv: CbcIv = "Qm7XwT2zB9nKfR4v".parse().unwrap();
        let pid = Pid::Person("A123456789".parse().unwrap());
        let link = EntryLink {
            base: &base,
            client_id: &"CLI.qqOjnjO4WR".parse().unwrap(),
            client_secret: &secret,
            cbc_iv: &iv,
            resources: &ids(),
            tx_id: "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e".parse().unwrap(),
            return_url: "https://bank.example/done?case=7&名=王",
            pid: &pid,
        };
        let url = link.to_url();
        let (path, query) =
            url.strip_prefix("https://mydata.example/service/").unwrap().split_once('?').unwrap();
        let raw = RawEntry::split(path, Some(query));
        assert_eq!(raw.client_id, "CLI.qqOjnjO4WR");
        assert_eq!(decode_resources(&raw.resources), Ok(ids()));
        assert_eq!(raw.tx_id, "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e");
        assert_eq!(raw.return_url.as_deref(), Some("https://bank.example/done?case=7&名=王"));
        assert_eq!(Pid::decrypt(&raw.pid.unwrap(), &secret, &iv), Ok(pid));
    }

    /// Shows R103.
    #[test]
    fn resource_lists_are_read_in_every_form() {
        let joined = b"API.Kr1C3b1ijJ:API.TM12KLkB8o";
        let standard = b64::standard(joined);
        for form in [
            standard.clone(),
            standard.replace('=', "%3D"),
            standard.trim_end_matches('=').into(),
            b64::url_safe(joined),
        ] {
            assert_eq!(decode_resources(&form), Ok(ids()), "{form}");
        }
        let enc = |text: &str| b64::url_safe(text.as_bytes());
        assert_eq!(decode_resources("***"), Err(BadResources::NotBase64));
        assert_eq!(decode_resources(""), Err(BadResources::Empty));
        assert_eq!(
            decode_resources(&enc("API.Kr1C3b1ijJ:nope")),
            Err(BadResources::Malformed { position: 2 })
        );
        assert!(matches!(
            decode_resources(&enc("API.Kr1C3b1ijJ:API.Kr1C3b1ijJ")),
            Err(BadResources::Repeated(_))
        ));
        let many = (0..10_000).map(|n| format!("API.{n:010}")).collect::<Vec<_>>().join(":");
        assert_eq!(decode_resources(&enc(&many)), Err(BadResources::TooMany));
    }

    #[test]
    fn a_repeated_parameter_counts_as_missing() {
        let raw = RawEntry::split("CLI.x/UUU/tx", Some("pid=a&returnUrl=b&pid=c+d"));
        assert_eq!(raw.pid, None);
        assert_eq!(raw.return_url.as_deref(), Some("b"));
        let raw = RawEntry::split("CLI.x", None);
        assert_eq!((raw.resources.as_str(), raw.tx_id.as_str()), ("", ""));
        let raw = RawEntry::split("CLI.x/a/b/tx/", Some("pid=c+d"));
        assert_eq!(
            (raw.resources.as_str(), raw.tx_id.as_str(), raw.pid.as_deref()),
            ("a/b", "tx", Some("c+d"))
        );
    }
}
