//! 財產資料

use super::document::{Document, Value};
use crate::personas::Persona;

/// The dataset's fields in their order, zh-TW and English.
pub const FIELDS: &[(&str, &str)] = &[("土地", "Land"), ("房屋", "Houses"), ("車輛", "Vehicles")];

/// The parameter that asks for the year.
pub const YEAR: &str = "INQ_YR";

const LAND: [&str; 6] = ["縣市", "地段", "地號", "面積（平方公尺）", "權利範圍", "公告現值（元）"];
const HOUSE: [&str; 4] = ["門牌", "面積（平方公尺）", "權利範圍", "課稅現值（元）"];
const CAR: [&str; 3] = ["廠牌", "出廠年（民國）", "排氣量（cc）"];

/// What a person owned in a year of the ROC calendar.
pub fn document(persona: &Persona, issuer: &str, year: &str) -> Document {
    fn rows<const N: usize>(names: [&'static str; N], rows: &[[&'static str; N]]) -> Value {
        Value::List(rows.iter().map(|row| Value::record(names.into_iter().zip(*row))).collect())
    }
    let owns = &persona.property;
    Document {
        title: "財產資料".to_owned(),
        issuer: issuer.to_owned(),
        content: Value::Record(vec![
            ("查詢年度".to_owned(), Value::text(format!("民國{year}年"))),
            ("姓名".to_owned(), Value::text(persona.name)),
            ("身分證統一編號".to_owned(), Value::text(persona.uid)),
            ("土地".to_owned(), rows(LAND, owns.land)),
            ("房屋".to_owned(), rows(HOUSE, owns.houses)),
            ("車輛".to_owned(), rows(CAR, owns.cars)),
        ]),
    }
}

/// Whether `year` is a year of the ROC calendar that the register knows.
pub fn is_year(year: &str) -> bool {
    year.parse::<u16>().is_ok_and(|year| (90..=200).contains(&year))
}
