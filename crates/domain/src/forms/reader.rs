//! Reads single fields and collects what is wrong with them, so that a form names all its faults at once.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::civil::Date;
use mydata_wire::ResourceId;
use mydata_wire::returns::{BadReturnUrl, RegisteredReturnUrl};
use url::Url;

use super::fault::{Fault, FieldError};
use super::upload::{Purpose, UploadId};
use super::{Context, Fields};
use crate::address::AllowList;
use crate::calendar::read_day;
use crate::client_certificate::{self, ClientCertificate};
use crate::text::{self, BadText};

/// Most characters of a name.
pub const NAME: usize = 100;
/// Most characters of a description.
pub const DESCRIPTION: usize = 2_000;
/// Most rows of a list of addresses.
pub const MAX_ADDRESSES: usize = 50;

const URL_LENGTH: usize = 1_000;
/// The largest networks that somebody may register: about 65,000 addresses, or a provider's customer.
const LEAST_PREFIX_V4: u8 = 16;
const LEAST_PREFIX_V6: u8 = 32;

/// A form being read.
#[derive(Debug)]
pub struct Reader<'a> {
    fields: &'a Fields,
    context: &'a Context,
    errors: Vec<FieldError>,
}

impl<'a> Reader<'a> {
    /// Begins.
    pub fn new(fields: &'a Fields, context: &'a Context) -> Self {
        Self { fields, context, errors: Vec::new() }
    }

    /// What is typed.
    pub fn fields(&self) -> &'a Fields {
        self.fields
    }

    /// What is known.
    pub fn context(&self) -> &'a Context {
        self.context
    }

    /// Notes a fault.
    pub fn fault(&mut self, path: &str, fault: impl Into<Fault>) {
        self.errors.push(FieldError { path: path.to_owned(), fault: fault.into() });
    }

    /// Ends: the form, or every fault.
    ///
    /// # Errors
    /// At least one field is at fault.
    pub fn finish<T>(self, form: impl FnOnce() -> Option<T>) -> Result<T, Vec<FieldError>> {
        if self.errors.is_empty() {
            Ok(form().expect("a field that gives no value was noted as a fault"))
        } else {
            Err(self.errors)
        }
    }

    fn noted<T>(&mut self, path: &str, read: Result<T, impl Into<Fault>>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(fault) => {
                self.fault(path, fault);
                None
            }
        }
    }

    /// What is typed, unless nothing is, which is a fault.
    fn needed(&mut self, path: &str) -> Option<&'a str> {
        let text = self.fields.text(path).trim();
        if text.is_empty() {
            self.fault(path, Fault::Text(BadText::Missing));
            return None;
        }
        Some(text)
    }

    /// A needed line.
    pub fn line(&mut self, path: &str, max: usize) -> String {
        let read = text::line(self.fields.text(path), max);
        self.noted(path, read).unwrap_or_default()
    }

    /// A line that may be empty.
    pub fn optional_line(&mut self, path: &str, max: usize) -> String {
        self.optional(path, text::line(self.fields.text(path), max))
    }

    /// Needed paragraphs.
    pub fn paragraphs(&mut self, path: &str, max: usize) -> String {
        let read = text::paragraphs(self.fields.text(path), max);
        self.noted(path, read).unwrap_or_default()
    }

    /// Paragraphs that may be empty.
    pub fn optional_paragraphs(&mut self, path: &str, max: usize) -> String {
        self.optional(path, text::paragraphs(self.fields.text(path), max))
    }

    fn optional(&mut self, path: &str, read: Result<String, BadText>) -> String {
        match read {
            Err(BadText::Missing) => String::new(),
            read => self.noted(path, read).unwrap_or_default(),
        }
    }

    /// A needed day within bounds.
    pub fn day(&mut self, path: &str, earliest: Option<Date>, latest: Option<Date>) -> Option<Date> {
        let text = self.needed(path)?;
        let day = self.noted(path, read_day(text))?;
        let bounded = match (earliest, latest) {
            (Some(earliest), _) if day < earliest => Err(Fault::TooEarly { earliest }),
            (_, Some(latest)) if day > latest => Err(Fault::TooLate { latest }),
            _ => Ok(day),
        };
        self.noted(path, bounded)
    }

    /// A needed mail address; its domain becomes lower case.
    pub fn mail(&mut self, path: &str) -> String {
        let Some(text) = self.needed(path) else { return String::new() };
        self.noted(path, mail(text).ok_or(Fault::NotAMail)).unwrap_or_default()
    }

    /// A needed telephone number.
    pub fn phone(&mut self, path: &str) -> String {
        let Some(text) = self.needed(path) else { return String::new() };
        self.noted(path, phone(text).ok_or(Fault::NotAPhone)).unwrap_or_default()
    }

    /// A needed name of an account: as an e-government account is written, or a mail address.
    pub fn account(&mut self, path: &str) -> String {
        let Some(text) = self.needed(path) else { return String::new() };
        let fits = (4..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'@'));
        self.noted(path, if fits { Ok(text.to_owned()) } else { Err(Fault::BadAccount) }).unwrap_or_default()
    }

    /// A needed URL; with a query only where the platform calls it as it stands.
    pub fn url(&mut self, path: &str, query: bool) -> Option<Url> {
        let text = self.needed(path)?;
        let read = url(text, self.context.plain_http, query);
        self.noted(path, read)
    }

    /// The rows of return URLs; at least one.
    pub fn return_urls(&mut self, list: &str, most: usize) -> Vec<RegisteredReturnUrl> {
        let plain_http = self.context.plain_http;
        let read = move |text: &str| {
            url(text, plain_http, false)?;
            text.parse::<RegisteredReturnUrl>().map_err(|bad| match bad {
                BadReturnUrl::Scheme => Fault::NotHttps,
                BadReturnUrl::Extras => Fault::UrlCredentials,
                BadReturnUrl::Query => Fault::UrlQuery,
                BadReturnUrl::NotAUrl | BadReturnUrl::NotRegistered => Fault::NotAUrl,
            })
        };
        self.list(list, 1, most, read, |a, b| a == b)
    }

    /// The rows of IP addresses and networks.
    pub fn addresses(&mut self, list: &str, least: usize) -> AllowList {
        let sandbox = self.context.plain_http;
        AllowList::new(self.list(
            list,
            least,
            MAX_ADDRESSES,
            move |text| network(text, sandbox),
            |a, b| a == b,
        ))
    }

    /// The rows of client certificates.
    pub fn client_certificates(&mut self, list: &str) -> Vec<ClientCertificate> {
        let read = |text: &str| text.parse::<ClientCertificate>().map_err(Fault::from);
        self.list(list, 0, client_certificate::MOST, read, |a, b| a == b)
    }

    /// The rows of datasets, each one that may be asked for.
    pub fn datasets(&mut self, list: &str, least: usize, most: usize) -> Vec<ResourceId> {
        let known = &self.context.datasets;
        let read =
            |text: &str| known.iter().find(|id| id.as_str() == text).cloned().ok_or(Fault::UnknownDataset);
        self.list(list, least, most, read, |a, b| a == b)
    }

    /// The rows of names.
    pub fn names(&mut self, list: &str, least: usize, most: usize) -> Vec<String> {
        self.list(list, least, most, |text| text::line(text, NAME).map_err(Fault::from), |a, b| a == b)
    }

    /// The rows of a list, each read alike, none twice. What is too few or too many is a fault of the list itself.
    fn list<T>(
        &mut self,
        list: &str,
        least: usize,
        most: usize,
        read: impl Fn(&str) -> Result<T, Fault>,
        same: impl Fn(&T, &T) -> bool,
    ) -> Vec<T> {
        let rows = self.rows(list, least, most);
        let mut out: Vec<(usize, T)> = Vec::with_capacity(rows.len());
        for row in rows {
            let path = format!("{list}[{row}]");
            let Some(value) = self.noted(&path, read(self.fields.text(&path).trim())) else { continue };
            match out.iter().find(|(_, earlier)| same(earlier, &value)) {
                Some((first, _)) => {
                    let first = *first + 1;
                    self.fault(&path, Fault::Twice { first });
                }
                None => out.push((row, value)),
            }
        }
        out.into_iter().map(|(_, value)| value).collect()
    }

    /// The numbers of the rows that are filled in.
    pub fn rows(&mut self, list: &str, least: usize, most: usize) -> Vec<usize> {
        let mut rows = self.fields.rows(list);
        if rows.len() < least {
            self.fault(list, Fault::Text(BadText::Missing));
        }
        if rows.len() > most {
            self.fault(list, Fault::TooMany { max: most });
            rows.truncate(most);
        }
        rows
    }

    /// Notes rows of a table that say the same as an earlier one: `values` are row numbers with what must differ.
    pub fn unique(&mut self, list: &str, field: &str, values: &[(usize, String)]) {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (row, value) in values.iter().filter(|(_, value)| !value.is_empty()) {
            if let Some(first) = seen.get(value.as_str()) {
                let fault = Fault::Twice { first: first + 1 };
                self.fault(&format!("{list}[{row}].{field}"), fault);
            } else {
                seen.insert(value, *row);
            }
        }
    }

    /// A needed choice.
    pub fn choice<T>(&mut self, path: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.needed(path)?;
        self.noted(path, read(text).ok_or(Fault::NotAChoice))
    }

    /// A needed choice from a list of texts.
    pub fn one_of(&mut self, path: &str, list: &[String]) -> String {
        self.choice(path, |text| list.iter().find(|c| *c == text).cloned()).unwrap_or_default()
    }

    /// A box that is ticked or not.
    pub fn flag(&mut self, path: &str) -> bool {
        match self.fields.text(path).trim() {
            "" | "false" | "off" | "0" | "no" => false,
            "true" | "on" | "1" | "yes" => true,
            _ => {
                self.fault(path, Fault::NotAChoice);
                false
            }
        }
    }

    /// A whole number in its range; `default` when nothing is typed.
    pub fn number(&mut self, path: &str, min: u32, max: u32, default: u32) -> u32 {
        let text = self.fields.text(path).trim();
        if text.is_empty() {
            return default;
        }
        let read = match text.parse::<u64>() {
            Err(_) => Err(Fault::NotANumber),
            Ok(n) => u32::try_from(n)
                .ok()
                .filter(|n| (min..=max).contains(n))
                .ok_or(Fault::OutOfRange { min, max }),
        };
        self.noted(path, read).unwrap_or(default)
    }

    /// A needed upload.
    pub fn upload(&mut self, path: &str, purpose: Purpose) -> Option<UploadId> {
        if self.fields.text(path).trim().is_empty() {
            self.fault(path, Fault::NoUpload);
            return None;
        }
        let id = self.fields.text(path).trim().parse::<UploadId>().ok();
        let fits = id.filter(|id| self.context.uploads.get(id) == Some(&purpose));
        self.noted(path, fits.ok_or(Fault::WrongUpload { needed: purpose }))
    }
}

/// A mail address with its domain in lower case.
pub fn mail(text: &str) -> Option<String> {
    let (local, domain) = text.split_once('@')?;
    let local_fits = (1..=64).contains(&local.len())
        && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~.-".contains(&b))
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    let domain_fits = domain.len() <= 190
        && domain.contains('.')
        && domain.split('.').all(label)
        && domain.rsplit('.').next().is_some_and(|top| top.bytes().any(|b| b.is_ascii_alphabetic()));
    (local_fits && domain_fits).then(|| format!("{local}@{}", domain.to_ascii_lowercase()))
}

/// A telephone number as people in Taiwan write it; an extension follows `#` or 分機.
pub fn phone(text: &str) -> Option<String> {
    let text: String = text.replace("分機", "#").replace("轉", "#");
    let (number, extension) = match text.split_once('#') {
        Some((number, extension)) => (number.trim(), Some(extension.trim())),
        None => (text.trim(), None),
    };
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let fits = (8..=15).contains(&digits)
        && number.starts_with(['0', '+', '('])
        && number.bytes().enumerate().all(|(at, b)| {
            b.is_ascii_digit() || matches!(b, b'-' | b' ' | b'(' | b')') || (b == b'+' && at == 0)
        });
    let extension_fits =
        extension.is_none_or(|e| (1..=6).contains(&e.len()) && e.bytes().all(|b| b.is_ascii_digit()));
    if !fits || !extension_fits {
        return None;
    }
    Some(extension.map_or_else(|| number.to_owned(), |e| format!("{number}#{e}")))
}

fn url(text: &str, plain_http: bool, query: bool) -> Result<Url, Fault> {
    if text.chars().count() > URL_LENGTH {
        return Err(Fault::Text(BadText::TooLong { max: URL_LENGTH }));
    }
    // The URL standard drops tabs and line breaks silently and reads `\` as `/`; other readers do not, so refuse both.
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') || !text.contains("://") {
        return Err(Fault::NotAUrl);
    }
    let url = Url::parse(text).map_err(|_| Fault::NotAUrl)?;
    match url.scheme() {
        "https" => {}
        "http" if plain_http => {}
        _ => return Err(Fault::NotHttps),
    }
    if url.host().is_none() {
        return Err(Fault::NotAUrl);
    }
    let authority =
        text.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
    if authority.contains('@') {
        return Err(Fault::UrlCredentials);
    }
    if url.fragment().is_some() {
        return Err(Fault::UrlFragment);
    }
    if !query && url.query().is_some() {
        return Err(Fault::UrlQuery);
    }
    Ok(url)
}

fn network(text: &str, sandbox: bool) -> Result<IpNet, Fault> {
    let network = text
        .parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| Fault::NotAnAddress)?;
    let address = network.addr();
    if address.is_multicast() || (address.is_loopback() && !sandbox) {
        return Err(Fault::NotAnAddress);
    }
    let least_prefix = if address.is_ipv4() { LEAST_PREFIX_V4 } else { LEAST_PREFIX_V6 };
    if network.prefix_len() < least_prefix {
        return Err(Fault::NetworkTooLarge { least_prefix });
    }
    if network.trunc() != network {
        return Err(Fault::NetworkHostPart { network: network.trunc().to_string() });
    }
    if address.is_unspecified() {
        return Err(Fault::NotAnAddress);
    }
    Ok(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_addresses() {
        for yes in ["chen@example.gov.tw", "a.b+c@EXAMPLE.org", "x@a-b.example"] {
            assert!(mail(yes).is_some(), "{yes}");
        }
        assert_eq!(mail("Chen@Example.GOV.tw").as_deref(), Some("Chen@example.gov.tw"));
        for no in [
            "",
            "@",
            "a@b",
            "a b@c.tw",
            "a@b..tw",
            ".a@b.tw",
            "a.@b.tw",
            "a@-b.tw",
            "a@1.2.3.4",
            "王@b.tw",
            "a@b.tw\n",
            "a@b@c.tw",
            "<a@b.tw>",
        ] {
            assert!(mail(no).is_none(), "{no}");
        }
    }

    #[test]
    fn telephone_numbers() {
        for yes in [
            "02-2345-6789",
            "(02)23456789#123",
            "0912-345-678",
            "0800-009-868",
            "+886-2-2345-6789",
            "02-23456789 分機 12",
        ] {
            assert!(phone(yes).is_some(), "{yes}");
        }
        for no in [
            "",
            "12345678",
            "02-123",
            "02-2345-6789#",
            "02-2345-6789#1234567",
            "02－2345－6789",
            "0912-345-678+",
            "call me",
        ] {
            assert!(phone(no).is_none(), "{no}");
        }
    }

    #[test]
    fn urls_name_what_is_wrong() {
        assert!(url("https://api.example.gov.tw/data?a=1", false, true).is_ok());
        assert!(url("http://127.0.0.1:8000/data", true, false).is_ok());
        for (text, fault) in [
            ("api.example.gov.tw", Fault::NotAUrl),
            ("javascript:alert(1)", Fault::NotAUrl),
            ("javascript://x/%0aalert(1)", Fault::NotHttps),
            ("http://api.example.gov.tw/", Fault::NotHttps),
            ("ftp://api.example.gov.tw/", Fault::NotHttps),
            ("https://a@api.example.gov.tw/", Fault::UrlCredentials),
            ("https://@api.example.gov.tw/", Fault::UrlCredentials),
            ("https://api.example.gov.tw/#x", Fault::UrlFragment),
            ("https://api.example.gov.tw/?x", Fault::UrlQuery),
            ("https://api.example.gov.tw/a\\b", Fault::NotAUrl),
            ("https://api.exa mple.gov.tw/", Fault::NotAUrl),
            ("https:///path only", Fault::NotAUrl),
        ] {
            assert_eq!(url(text, false, false), Err(fault), "{text}");
        }
    }

    #[test]
    fn addresses_name_what_is_wrong() {
        for yes in ["163.22.21.64", "163.22.21.0/24", "10.1.0.0/16", "2001:db8::/32", "2001:db8::5"] {
            assert!(network(yes, false).is_ok(), "{yes}");
        }
        for (text, fault) in [
            ("", Fault::NotAnAddress),
            ("bank.example", Fault::NotAnAddress),
            ("163.22.21.256", Fault::NotAnAddress),
            ("163.22.21.64/33", Fault::NotAnAddress),
            ("0.0.0.0", Fault::NotAnAddress),
            ("127.0.0.1", Fault::NotAnAddress),
            ("239.0.0.1", Fault::NotAnAddress),
            ("0.0.0.0/0", Fault::NetworkTooLarge { least_prefix: 16 }),
            ("10.0.0.0/8", Fault::NetworkTooLarge { least_prefix: 16 }),
            ("::/0", Fault::NetworkTooLarge { least_prefix: 32 }),
            ("163.22.21.64/24", Fault::NetworkHostPart { network: "163.22.21.0/24".to_owned() }),
        ] {
            assert_eq!(network(text, false), Err(fault), "{text}");
        }
        assert!(network("127.0.0.1", true).is_ok());
    }
}
