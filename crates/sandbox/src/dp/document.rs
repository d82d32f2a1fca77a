//! What a data provider says about a person, as a tree whose order stays: the same tree becomes JSON, PDF and, on the
//! bank's page, tables.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A value of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text; numbers, too, are shown as they were written.
    Text(String),
    /// Several of a kind.
    List(Vec<Value>),
    /// Named values in their order.
    Record(Vec<(String, Value)>),
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A record of texts.
    pub fn record<'k, 'v>(fields: impl IntoIterator<Item = (&'k str, &'v str)>) -> Self {
        Self::Record(fields.into_iter().map(|(name, value)| (name.to_owned(), Self::text(value))).collect())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => to.serialize_str(text),
            Self::List(list) => list.serialize(to),
            Self::Record(fields) => {
                let mut map = to.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("any JSON value")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
                Ok(Value::text(if value { "是" } else { "否" }))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
                Ok(Value::text(value.to_string()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
                Ok(Value::text(value.to_string()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
                Ok(Value::text(value.to_string()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Value, E> {
                Ok(Value::text(value))
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::text(""))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
                let mut list = Vec::new();
                while let Some(value) = seq.next_element()? {
                    list.push(value);
                }
                Ok(Value::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    fields.push(entry);
                }
                Ok(Value::Record(fields))
            }
        }

        from.deserialize_any(Any)
    }
}

/// One dataset about one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its title, the dataset's name.
    pub title: String,
    /// Who issued it.
    pub issuer: String,
    /// The content.
    pub content: Value,
}

impl Document {
    /// As JSON: the content under the title.
    pub fn to_json(&self) -> Vec<u8> {
        let whole = Value::Record(vec![
            ("資料集".to_owned(), Value::text(&self.title)),
            ("資料提供者".to_owned(), Value::text(&self.issuer)),
            ("資料".to_owned(), self.content.clone()),
        ]);
        serde_json::to_vec_pretty(&whole).expect("a tree of texts is JSON")
    }

    /// Reads what [`Self::to_json`] wrote; `None` when it is something else.
    pub fn from_json(json: &[u8]) -> Option<Self> {
        let Value::Record(fields) = serde_json::from_slice(json).ok()? else { return None };
        let (mut title, mut issuer, mut content) = (None, None, None);
        for (name, value) in fields {
            match (name.as_str(), value) {
                ("資料集", Value::Text(text)) => title = Some(text),
                ("資料提供者", Value::Text(text)) => issuer = Some(text),
                ("資料", value) => content = Some(value),
                _ => {}
            }
        }
        Some(Self { title: title?, issuer: issuer?, content: content? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_order_and_names_beyond_the_bmp() {
        let document = Document {
            title: "個人戶籍資料".to_owned(),
            issuer: "示範戶政司".to_owned(),
            content: Value::Record(vec![
                ("戶號".to_owned(), Value::text("F0000001")),
                ("姓名".to_owned(), Value::text("𠮷小田")),
                ("乙".to_owned(), Value::List(vec![Value::record([("b", "1"), ("a", "2")])])),
            ]),
        };
        assert_eq!(Document::from_json(&document.to_json()), Some(document));
        for other in ["", "[]", "{}", r#"{"資料集":"x"}"#] {
            assert_eq!(Document::from_json(other.as_bytes()), None);
        }
    }

    #[test]
    fn foreign_json_is_shown_as_written() {
        let value: Value = serde_json::from_str(r#"{"z":1,"a":[true,null,-2.5]}"#).unwrap();
        let list = ["是", "", "-2.5"].map(Value::text).to_vec();
        assert_eq!(
            value,
            Value::Record(vec![("z".into(), Value::text("1")), ("a".into(), Value::List(list))])
        );
    }
}
