//! What a citizen may fill in for a dataset (R59–R61).

use serde::{Deserialize, Serialize};

/// Longest value a citizen may give, in characters.
pub const MAX_VALUE_CHARS: usize = 200;

/// Header names a parameter may not take, because the call to the DP needs them itself.
const RESERVED: [&str; 9] = [
    "authorization",
    "transaction_uid",
    "accept",
    "host",
    "content-type",
    "content-length",
    "connection",
    "transfer-encoding",
    "user-agent",
];

/// A parameter's key, which is also the name of the header that carries it: 1–64 of `[A-Za-z0-9_-]`, not reserved.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ParameterKey(String);

impl ParameterKey {
    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether this is the name of a header that the call to the DP needs itself.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name.to_ascii_lowercase().as_str())
}

impl TryFrom<String> for ParameterKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if !fits {
            return Err(format!("parameter key {text:?} must be 1 to 64 of A-Z a-z 0-9 _ -"));
        }
        if is_reserved(&text) {
            return Err(format!("parameter key {text:?} is the name of a header that the call itself needs"));
        }
        Ok(Self(text))
    }
}

impl From<ParameterKey> for String {
    fn from(key: ParameterKey) -> Self {
        key.0
    }
}

/// One row of a dataset's DP-API parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// 鍵值, as in the API document.
    pub key: ParameterKey,
    /// 中文欄位名稱, shown to the citizen.
    pub name: String,
    /// The same in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_en: Option<String>,
    /// 欄位範例與說明, shown to the citizen.
    #[serde(default)]
    pub example: String,
    /// 虛擬值: prefilled in the test zone.
    #[serde(default)]
    pub test_value: String,
    /// 是否選填.
    #[serde(default)]
    pub optional: bool,
}

/// What is wrong with a value that a citizen filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    /// Nothing was filled in though it is needed.
    #[error("a value is needed")]
    Missing,
    /// Over [`MAX_VALUE_CHARS`].
    #[error("at most {MAX_VALUE_CHARS} characters")]
    TooLong,
    /// Holds a control character.
    #[error("control characters are not allowed")]
    Control,
}

impl Parameter {
    /// Reads what the citizen filled in: trimmed; `None` for an optional one left empty.
    pub fn read(&self, given: Option<&str>) -> Result<Option<String>, BadValue> {
        let value = given.unwrap_or_default().trim();
        if value.is_empty() {
            return if self.optional { Ok(None) } else { Err(BadValue::Missing) };
        }
        if value.chars().count() > MAX_VALUE_CHARS {
            return Err(BadValue::TooLong);
        }
        if value.chars().any(char::is_control) {
            return Err(BadValue::Control);
        }
        Ok(Some(value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows R59.
    #[test]
    fn rows_are_read_strictly() {
        let row: Parameter = serde_json::from_str(r#"{"key":"INQ_YR","name":"查詢年度"}"#).unwrap();
        assert_eq!(row.read(Some(" 114 ")), Ok(Some("114".to_owned())));
        assert_eq!(row.read(Some("  ")), Err(BadValue::Missing));
        assert_eq!(row.read(Some("1\r\nX: y")), Err(BadValue::Control));
        assert_eq!(row.read(Some(&"臺".repeat(201))), Err(BadValue::TooLong));
        assert_eq!(Parameter { optional: true, ..row }.read(None), Ok(None));
        assert!(serde_json::from_str::<Parameter>(r#"{"key":"Authorization","name":"x"}"#).is_err());
        assert!(serde_json::from_str::<Parameter>(r#"{"key":"a b","name":"x"}"#).is_err());
    }
}
