//! 個人戶籍資料

use super::document::{Document, Value};
use crate::personas::Persona;

/// The dataset's fields in their order, zh-TW and English.
pub const FIELDS: &[(&str, &str)] = &[
    ("戶號", "Household number"),
    ("身分證統一編號", "Personal id"),
    ("姓名", "Name"),
    ("配偶姓名", "Spouse"),
    ("父親姓名", "Father"),
    ("母親姓名", "Mother"),
    ("出生日期", "Date of birth"),
    ("出生地", "Place of birth"),
    ("婚姻狀況", "Marital status"),
    ("戶籍地址", "Registered address"),
];

/// The register's entry of a person.
pub fn document(persona: &Persona, issuer: &str) -> Document {
    let h = &persona.household;
    let birthdate = persona.birthdate_roc();
    let values = [
        h.number,
        persona.uid,
        persona.name,
        h.spouse,
        h.father,
        h.mother,
        &birthdate,
        h.birthplace,
        h.marriage,
        h.address,
    ];
    Document {
        title: "個人戶籍資料".to_owned(),
        issuer: issuer.to_owned(),
        content: Value::record(FIELDS.iter().map(|(zh, _)| *zh).zip(values)),
    }
}
