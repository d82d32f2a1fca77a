//! 親屬關係資料

use super::document::{Document, Value};
use crate::personas::{Persona, roc_slashes};

/// The dataset's fields in their order, zh-TW and English.
pub const FIELDS: &[(&str, &str)] = &[
    ("身分證字號", "Personal id"),
    ("姓名", "Name"),
    ("出生日期", "Date of birth"),
    ("配偶身分證字號", "Spouse's personal id"),
    ("配偶姓名", "Spouse"),
    ("親屬關係", "Relation"),
    ("親屬等級", "Degree"),
];

/// The person and the relatives.
pub fn document(persona: &Persona, issuer: &str) -> Document {
    let names = FIELDS.iter().map(|(zh, _)| *zh);
    let spouse = persona.relatives.iter().find(|r| r.relation == "配偶");
    let own = [
        persona.uid,
        persona.name,
        &roc_slashes(persona.birthdate),
        spouse.map_or("無", |s| s.id),
        spouse.map_or("無", |s| s.name),
        "己身",
        "-",
    ];
    let mut rows = vec![Value::record(names.clone().zip(own))];
    for relative in persona.relatives {
        let birthdate = roc_slashes(relative.birthdate);
        let (spouse_id, spouse) =
            if relative.relation == "配偶" { (persona.uid, persona.name) } else { ("-", "-") };
        let row =
            [relative.id, relative.name, &birthdate, spouse_id, spouse, relative.relation, relative.degree];
        rows.push(Value::record(names.clone().zip(row)));
    }
    Document { title: "親屬關係資料".to_owned(), issuer: issuer.to_owned(), content: Value::List(rows) }
}
