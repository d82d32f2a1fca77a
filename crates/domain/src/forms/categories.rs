//! The categories that forms offer unless the operating side has set others.

/// 資料集類別.
pub const DATASET: &[&str] = &[
    "戶役政",
    "勞保",
    "地政",
    "健保",
    "財稅金融",
    "醫療",
    "社福",
    "商工",
    "交通",
    "能源",
    "教育",
    "法務",
    "綜合",
];

/// 服務類別, three levels with `/` (R91).
pub const SERVICE: &[&str] = &[
    "社會福利/線上申請/生育津貼",
    "社會福利/線上申請/托育補助",
    "社會福利/線上申請/急難救助",
    "社會福利/線上申請/長期照顧",
    "社會福利/臨櫃申請/身心障礙服務",
    "醫療照護/健康管理/產前檢查",
    "醫療照護/健康管理/幼兒疫苗接種",
    "醫療照護/線上申請/就醫服務",
    "民生消費/財務管理/個人資料查詢",
    "民生消費/線上申請/水電與通訊",
    "財政金融/線上申請/開戶",
    "財政金融/線上申請/貸款",
    "財政金融/線上申請/信用卡",
    "財政金融/線上申請/保險",
    "財政金融/臨櫃申請/開戶與貸款",
    "教育文化/線上申請/就學貸款與獎助",
    "教育文化/線上申請/入學",
    "戶政地政/線上申請/戶籍",
    "戶政地政/臨櫃申請/地政",
    "勞動就業/線上申請/求職與補助",
    "交通運輸/線上申請/監理",
    "工商登記/線上申請/公司與商業登記",
    "其他/綜合/其他服務",
];

/// The same as [`super::Context`] takes them.
pub fn dataset() -> Vec<String> {
    DATASET.iter().map(|c| (*c).to_owned()).collect()
}

/// The same as [`super::Context`] takes them.
pub fn service() -> Vec<String> {
    SERVICE.iter().map(|c| (*c).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn services_have_three_levels_and_nothing_stands_twice() {
        assert!(SERVICE.iter().all(|c| c.split('/').filter(|part| !part.is_empty()).count() == 3));
        assert_eq!(SERVICE.iter().collect::<BTreeSet<_>>().len(), SERVICE.len());
        assert_eq!(DATASET.iter().collect::<BTreeSet<_>>().len(), DATASET.len());
    }
}
