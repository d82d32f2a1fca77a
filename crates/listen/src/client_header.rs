//! A caller's certificate in the header of a proxy that ended TLS: RFC 9440, Envoy's `X-Forwarded-Client-Cert`, and PEM as
//! nginx and Apache write it. What is not exactly one of these forms is no certificate; nothing is searched for inside of
//! something else.

use http::HeaderMap;
use percent_encoding::percent_decode_str;
use rustls_pki_types::CertificateDer;

use super::client::sha256;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

type Chain = Vec<CertificateDer<'static>>;

/// The caller's certificate first, then what was sent beside it.
pub(crate) fn chain(headers: &HeaderMap, name: &str) -> Option<Chain> {
    let value = only(headers, name)?.trim();
    if value.starts_with(':') {
        return rfc_9440(value, headers, name);
    }
    if let Some(plain) = decoded(value).filter(|plain| plain.starts_with(BEGIN)) {
        let mut all = pem(&plain)?;
        return (all.len() == 1).then(|| vec![all.remove(0)]);
    }
    envoy(value)
}

/// A header that stands there once. More than one would leave open which of them the proxy wrote.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

/// `Client-Cert` with `Client-Cert-Chain`: byte sequences of structured fields. The chain may be spread over several
/// headers, as every list may.
fn rfc_9440(leaf: &str, headers: &HeaderMap, name: &str) -> Option<Chain> {
    let mut chain = vec![bytes(leaf)?];
    for value in &headers.get_all(format!("{name}-chain")) {
        for one in value.to_str().ok()?.split(',') {
            chain.push(bytes(one.trim())?);
        }
    }
    Some(chain)
}

fn bytes(item: &str) -> Option<CertificateDer<'static>> {
    let body = item.strip_prefix(':')?.strip_suffix(':')?;
    base64_simd::STANDARD.decode_to_vec(body).ok().map(CertificateDer::from)
}

/// Each hop adds an element at the end, so the last is what the nearest proxy saw; what stands before it is somebody else's
/// word. `Cert` is the caller's certificate, `Chain` all that were presented, `Hash` its SHA-256.
fn envoy(value: &str) -> Option<Chain> {
    let element = elements(value)?.pop()?;
    let field = |name: &str| -> Result<Option<&str>, ()> {
        let mut found = element.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let first = found.next().map(|(_, value)| value.as_str());
        if found.next().is_some() { Err(()) } else { Ok(first) }
    };
    let [cert, chain, hash] = ["cert", "chain", "hash"].map(field);
    let (cert, chain, hash) = (cert.ok()?, chain.ok()?, hash.ok()?);
    let mut all = match chain {
        Some(chain) => pem(&decoded(chain)?)?,
        None => Vec::new(),
    };
    if let Some(cert) = cert {
        let mut one = pem(&decoded(cert)?)?;
        let cert = if one.len() == 1 { one.remove(0) } else { return None };
        match all.first() {
            None => all.push(cert),
            Some(first) if *first == cert => {}
            Some(_) => return None,
        }
    }
    let leaf = all.first()?;
    let fits = |hash: &str| {
        let digits: String = sha256(leaf).iter().map(|byte| format!("{byte:02x}")).collect();
        hash.eq_ignore_ascii_case(&digits)
    };
    hash.is_none_or(fits).then_some(all)
}

/// `key=value;key="value",key=value`: elements, and what each says. A value with a comma, a semicolon or an equals sign in
/// it stands in quotes, where a backslash goes before a quote.
fn elements(text: &str) -> Option<Vec<Vec<(String, String)>>> {
    let mut elements = Vec::new();
    let mut element = Vec::new();
    let mut rest = text;
    loop {
        let (key, after) = rest.split_once('=')?;
        let key = key.trim_start();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let (value, after) = value(after)?;
        element.push((key.to_owned(), value));
        match after.as_bytes().first() {
            None => {
                elements.push(element);
                return Some(elements);
            }
            Some(b';') => {}
            Some(b',') => elements.push(std::mem::take(&mut element)),
            Some(_) => return None,
        }
        rest = &after[1..];
    }
}

/// A value, and what follows it: a separator or nothing.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ';']).unwrap_or(text.len());
        let (value, after) = text.split_at(end);
        return (!value.contains(['"', '='])).then(|| (value.trim_end().to_owned(), after));
    };
    let mut value = String::new();
    let mut signs = quoted.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => return Some((value, quoted[at + 1..].trim_start())),
            '\\' => value.push(signs.next()?.1),
            other => value.push(other),
        }
    }
    None
}

fn decoded(value: &str) -> Option<String> {
    percent_decode_str(value).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// Every certificate of a PEM text, in which nothing else stands.
fn pem(text: &str) -> Option<Chain> {
    let mut all = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (body, after) = rest.strip_prefix(BEGIN)?.split_once(END)?;
        let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        all.push(CertificateDer::from(base64_simd::STANDARD.decode_to_vec(body).ok()?));
        rest = after.trim_start();
    }
    (!all.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<Vec<(String, String)>>> {
        elements(text)
    }

    #[test]
    fn elements_are_read_as_envoy_writes_them() {
        let two = read(r#"By=spiffe://a/b;Hash=00;Subject="CN=\"a, b\";O=\\",URI=;DNS=x.example"#).unwrap();
        assert_eq!(two.len(), 2);
        assert_eq!(two[0][2], ("Subject".to_owned(), r#"CN="a, b";O=\"#.to_owned()));
        assert_eq!(two[1], [("URI".to_owned(), String::new()), ("DNS".to_owned(), "x.example".to_owned())]);
        for bad in [
            "",
            "Cert",
            "=x",
            "By=a=b",
            r#"Cert="open"#,
            r#"Cert="a"b"#,
            r#"Cert=a"b""#,
            "Cert=a,",
            "Cert=a;",
            r#"Cert="a\"#,
            "Ce rt=a",
            ",Cert=a",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
