//! The platform's call to a DP, taken apart (PROTOCOL.md §6).

use std::collections::BTreeMap;

use http::{HeaderMap, header};
use mydata_wire::dp::TRANSACTION_UID;
use mydata_wire::{AccessToken, TransactionUid};
use percent_encoding::percent_decode;

/// Longest parameter value that is taken, in bytes after decoding.
const MAX_VALUE: usize = 4096;

/// A parameter that the dataset asks the citizen for (R59).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its key, which is the header's name.
    pub key: String,
    /// Whether it may be left out.
    pub optional: bool,
}

impl Parameter {
    /// One that must be there.
    pub fn required(key: &str) -> Self {
        Self { key: key.to_owned(), optional: false }
    }

    /// One that may be left out.
    pub fn optional(key: &str) -> Self {
        Self { key: key.to_owned(), optional: true }
    }
}

/// What the headers say. The parameters are the citizen's input: `Debug` hides them.
#[derive(Clone)]
pub struct Call {
    /// The token to check with the platform.
    pub token: AccessToken,
    /// The same on every retry of one dataset of one transaction.
    pub transaction_uid: TransactionUid,
    /// Values by key, percent-decoded.
    pub parameters: BTreeMap<String, String>,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("transaction_uid", &self.transaction_uid).finish_non_exhaustive()
    }
}

/// Why a call cannot be taken apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCall {
    /// No token in the wire form: 401.
    #[error("Authorization must be: Bearer mydata::<token>")]
    Token,
    /// No transaction identifier: 400.
    #[error("{TRANSACTION_UID} must be a version 4 UUID")]
    TransactionUid,
    /// A parameter lacks, stands twice, or is not percent-encoded UTF-8 of at most 4,096 bytes: 400.
    #[error("parameter {key} {reason}")]
    Parameter {
        /// Its key.
        key: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Call {
    /// Reads the headers of a call for a dataset with these parameters. Other headers are passed over.
    ///
    /// ```
    /// use http::HeaderMap;
    /// use mydata_sdk::dp::{Call, Parameter};
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert("authorization", "Bearer mydata::0123456789abcdef".parse()?);
    /// headers.insert("transaction_uid", "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e".parse()?);
    /// headers.insert("COUNTY", "%E8%87%BA%E5%8C%97%E5%B8%82".parse()?);
    /// let call = Call::read(&headers, &[Parameter::required("COUNTY")])?;
    /// assert_eq!(call.parameters["COUNTY"], "臺北市");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(headers: &HeaderMap, parameters: &[Parameter]) -> Result<Self, BadCall> {
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .and_then(|(_, token)| AccessToken::from_wire(token.trim()).ok())
            .ok_or(BadCall::Token)?;
        let transaction_uid = headers
            .get(TRANSACTION_UID)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.parse().ok())
            .ok_or(BadCall::TransactionUid)?;
        let mut values = BTreeMap::new();
        for Parameter { key, optional } in parameters {
            let bad = |reason| BadCall::Parameter { key: key.clone(), reason };
            let mut sent = headers.get_all(key).into_iter();
            let Some(value) = sent.next() else {
                if *optional {
                    continue;
                }
                return Err(bad("is missing"));
            };
            if sent.next().is_some() {
                return Err(bad("stands twice"));
            }
            let value = percent_decode(value.as_bytes())
                .decode_utf8()
                .map_err(|_| bad("is not percent-encoded UTF-8"))?;
            if value.len() > MAX_VALUE {
                return Err(bad("is longer than 4,096 bytes"));
            }
            values.insert(key.clone(), value.into_owned());
        }
        Ok(Self { token, transaction_uid, parameters: values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect()
    }

    const UID: (&str, &str) = ("transaction_uid", "3f6c1b52-7d9e-4a10-9c1f-0d2a4b6ca91e");
    const AUTH: (&str, &str) = ("authorization", "bearer mydata::0123456789abcdef");

    /// Shows R59.
    #[test]
    fn reads_token_uid_and_parameters() {
        let wanted = [Parameter::required("INQ_YR"), Parameter::optional("COUNTY")];
        let call = Call::read(&headers(&[AUTH, UID, ("INQ_YR", "114"), ("other", "x")]), &wanted).unwrap();
        assert_eq!(call.token.expose(), "0123456789abcdef");
        assert_eq!(call.parameters.into_iter().collect::<Vec<_>>(), [("INQ_YR".into(), "114".into())]);
    }

    #[test]
    fn says_which_header_is_wrong() {
        let read = |pairs: &[_]| Call::read(&headers(pairs), &[Parameter::required("K")]).unwrap_err();
        assert_eq!(read(&[UID]), BadCall::Token);
        assert_eq!(read(&[("authorization", "Bearer 0123456789abcdef"), UID]), BadCall::Token);
        assert_eq!(read(&[("authorization", "Basic mydata::0123456789abcdef"), UID]), BadCall::Token);
        assert_eq!(read(&[AUTH, ("transaction_uid", "7")]), BadCall::TransactionUid);
        assert!(read(&[AUTH, UID]).to_string().contains("K is missing"));
        assert!(read(&[AUTH, UID, ("K", "%ff")]).to_string().contains("UTF-8"));
        let mut twice = headers(&[AUTH, UID, ("K", "1")]);
        twice.append("K", "2".parse().unwrap());
        assert!(Call::read(&twice, &[Parameter::required("K")]).unwrap_err().to_string().contains("twice"));
    }
}
