//! The people of the sandbox. None of them exists; every number was made up and only its check digit is right.

use std::sync::LazyLock;

use mydata_wire::{PersonalId, Verification};

/// What a DP does when it is asked about a persona.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// Gives the data.
    #[default]
    Give,
    /// Has none: 204.
    Nothing,
    /// Asks to wait this many times, one second each, then gives.
    Slow(u32),
    /// Refuses: 403.
    Refuse,
    /// Fails this many times with 500, then gives.
    Fail(u32),
    /// Gives a package whose signature another key made.
    BadSignature,
}

/// A person's entry in the household register.
#[derive(Debug, Clone, Copy)]
pub struct Household {
    /// 戶號
    pub number: &'static str,
    /// 配偶姓名, empty when none.
    pub spouse: &'static str,
    /// 父親姓名
    pub father: &'static str,
    /// 母親姓名
    pub mother: &'static str,
    /// 出生地
    pub birthplace: &'static str,
    /// 婚姻狀況
    pub marriage: &'static str,
    /// 戶籍地址
    pub address: &'static str,
}

/// A relative.
#[derive(Debug, Clone, Copy)]
pub struct Relative {
    /// 身分證字號
    pub id: &'static str,
    /// 姓名
    pub name: &'static str,
    /// ISO date.
    pub birthdate: &'static str,
    /// 親屬關係
    pub relation: &'static str,
    /// 親屬等級
    pub degree: &'static str,
}

/// What a person owns.
#[derive(Debug, Clone, Copy)]
pub struct Property {
    /// 土地: 縣市, 地段, 地號, 面積 m², 權利範圍, 公告現值 NT$.
    pub land: &'static [[&'static str; 6]],
    /// 房屋: 門牌, 面積 m², 權利範圍, 課稅現值 NT$.
    pub houses: &'static [[&'static str; 4]],
    /// 車輛: 廠牌, 出廠年, 排氣量 cc.
    pub cars: &'static [[&'static str; 3]],
}

/// A fictional person.
#[derive(Debug, Clone)]
pub struct Persona {
    /// Short name, `[a-z-]`.
    pub key: &'static str,
    /// Personal id, upper case.
    pub uid: &'static str,
    /// Name.
    pub name: &'static str,
    /// ISO date of birth.
    pub birthdate: &'static str,
    /// `male` or `female`.
    pub gender: &'static str,
    /// Methods this person holds.
    pub methods: &'static [Verification],
    /// What to expect, zh-TW.
    pub note: &'static str,
    /// What to expect, English.
    pub note_en: &'static str,
    /// How the DPs treat this person: household, kin, property.
    pub manners: [Manner; 3],
    /// The household register's entry.
    pub household: Household,
    /// The relatives, without the person.
    pub relatives: &'static [Relative],
    /// What the person owns.
    pub property: Property,
}

impl Persona {
    /// The personal id, parsed.
    pub fn id(&self) -> PersonalId {
        self.uid.parse().expect("every persona's check digit is right; a test looks")
    }

    /// The mail address, in a domain that cannot exist.
    pub fn email(&self) -> String {
        format!("{}@example.test", self.key)
    }

    /// Whether this person can sign in with `method`.
    pub fn holds(&self, method: Verification) -> bool {
        self.methods.contains(&method)
    }

    /// The date of birth as 80年1月1日, in the ROC calendar.
    pub fn birthdate_roc(&self) -> String {
        roc(self.birthdate).map_or_else(String::new, |(y, m, d)| format!("{y}年{m}月{d}日"))
    }
}

/// Year of the ROC calendar, month and day of an ISO date.
fn roc(iso: &str) -> Option<(i32, u32, u32)> {
    let mut parts = iso.splitn(3, '-');
    let year: i32 = parts.next()?.parse().ok()?;
    Some((year - 1911, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// An ISO date as 80/01/01, in the ROC calendar.
pub fn roc_slashes(iso: &str) -> String {
    roc(iso).map_or_else(String::new, |(y, m, d)| format!("{y}/{m:02}/{d:02}"))
}

/// Everyone, in the order of the login page.
pub fn all() -> &'static [Persona] {
    &ALL
}

/// The persona of a short name.
pub fn by_key(key: &str) -> Option<&'static Persona> {
    ALL.iter().find(|p| p.key == key)
}

/// The persona of a personal id.
pub fn by_id(id: &PersonalId) -> Option<&'static Persona> {
    ALL.iter().find(|p| p.uid == id.expose())
}

use Verification::{Cer, Fch, Fcs, Fic, Gov, Moe, Nhi, Otp, Pii, Tfd};

const CITIZEN: &[Verification] = &[Cer, Fic, Fch, Tfd, Nhi, Fcs, Pii, Otp, Gov];
const GIVE: [Manner; 3] = [Manner::Give; 3];

const HOUSEHOLD: Household = Household {
    number: "1234567",
    spouse: "",
    father: "王大明",
    mother: "林小花",
    birthplace: "臺北市",
    marriage: "未婚",
    address: "臺北市示範區虛構路1號",
};

const PARENTS: &[Relative] = &[
    Relative {
        id: "B111111114",
        name: "王大明",
        birthdate: "1962-03-04",
        relation: "父",
        degree: "一親等直系血親",
    },
    Relative {
        id: "B222222228",
        name: "林小花",
        birthdate: "1964-05-06",
        relation: "母",
        degree: "一親等直系血親",
    },
];

const OWNS: Property = Property {
    land: &[["臺北市", "示範段一小段", "0123-0000", "88.00", "10000分之250", "4,180,000"]],
    houses: &[["臺北市示範區虛構路1號3樓", "92.40", "全部", "812,300"]],
    cars: &[["示範牌", "110", "1,798"]],
};

const OWNS_NOTHING: Property = Property { land: &[], houses: &[], cars: &[] };

static ALL: LazyLock<Vec<Persona>> = LazyLock::new(|| {
    let base = Persona {
        key: "",
        uid: "",
        name: "",
        birthdate: "1991-01-01",
        gender: "male",
        methods: CITIZEN,
        note: "",
        note_en: "",
        manners: GIVE,
        household: HOUSEHOLD,
        relatives: PARENTS,
        property: OWNS,
    };
    vec![
        Persona {
            key: "wang-xiaoming",
            uid: "A123456789",
            name: "王小明",
            note: "三項資料都齊全。先從這位開始。",
            note_en: "All three datasets are there. Begin here.",
            ..base.clone()
        },
        Persona {
            key: "lin-xiaohua",
            uid: "B222222228",
            name: "林小花",
            birthdate: "1964-05-06",
            gender: "female",
            note: "財產資料查無資料（204）。",
            note_en: "Nothing found for property (204).",
            manners: [Manner::Give, Manner::Give, Manner::Nothing],
            household: Household { spouse: "王大明", marriage: "有偶", ..HOUSEHOLD },
            relatives: &[Relative {
                id: "B111111114",
                name: "王大明",
                birthdate: "1962-03-04",
                relation: "配偶",
                degree: "配偶",
            }],
            property: OWNS_NOTHING,
            ..base.clone()
        },
        Persona {
            key: "chen-manman",
            uid: "C100000003",
            name: "陳慢慢",
            birthdate: "1985-12-31",
            note: "親屬關係資料要等候兩次（429 與 Retry-After）。",
            note_en: "Kin asks to wait twice (429 with Retry-After).",
            manners: [Manner::Give, Manner::Slow(2), Manner::Give],
            household: Household { number: "7654321", father: "陳老慢", mother: "李不急", ..HOUSEHOLD },
            relatives: &[],
            ..base.clone()
        },
        Persona {
            key: "huang-butong",
            uid: "D121212120",
            name: "黃不通",
            birthdate: "1978-07-08",
            note: "財產資料無法取得（403），其餘照常。",
            note_en: "Property cannot be had (403), the rest can.",
            manners: [Manner::Give, Manner::Give, Manner::Refuse],
            ..base.clone()
        },
        Persona {
            key: "hong-quanting",
            uid: "F131313136",
            name: "洪全停",
            birthdate: "1970-02-28",
            note: "三項資料都無法取得。",
            note_en: "No dataset can be had.",
            manners: [Manner::Refuse; 3],
            ..base.clone()
        },
        Persona {
            key: "xu-zaishi",
            uid: "H200001007",
            name: "徐再試",
            birthdate: "1993-09-09",
            gender: "female",
            note: "個人戶籍資料第一次失敗（500），平臺重試後成功。",
            note_en: "Household fails once (500); the platform tries again.",
            manners: [Manner::Fail(1), Manner::Give, Manner::Give],
            ..base.clone()
        },
        Persona {
            key: "zhang-weizhang",
            uid: "E202020203",
            name: "張偽章",
            birthdate: "1988-04-04",
            gender: "female",
            note: "個人戶籍資料的簽章無效，平臺拒收。",
            note_en: "Household carries an invalid signature; the platform refuses it.",
            manners: [Manner::BadSignature, Manner::Give, Manner::Give],
            ..base.clone()
        },
        Persona {
            key: "nguyen-van-an",
            uid: "A800000014",
            name: "NGUYEN VAN AN（阮文安）",
            birthdate: "1996-06-16",
            methods: &[Cer, Nhi, Pii, Otp],
            note: "持居留證（新式統一證號）。",
            note_en: "Holds a resident certificate (new number).",
            manners: [Manner::Give, Manner::Nothing, Manner::Nothing],
            household: Household {
                number: "8000001",
                father: "NGUYEN VAN BA",
                mother: "TRAN THI HOA",
                birthplace: "越南",
                address: "新北市示範區虛構街8號",
                ..HOUSEHOLD
            },
            relatives: &[],
            property: OWNS_NOTHING,
            ..base.clone()
        },
        Persona {
            key: "sample-mary",
            uid: "AC01234567",
            name: "SAMPLE MARY",
            birthdate: "1959-10-10",
            gender: "female",
            methods: &[Nhi, Otp],
            note: "持舊式統一證號，只有健保卡與一次性密碼。",
            note_en: "Old resident number; only a health card and one-time passwords.",
            manners: [Manner::Give, Manner::Nothing, Manner::Nothing],
            household: Household {
                number: "8000002",
                father: "SAMPLE JOHN",
                mother: "SAMPLE JANE",
                birthplace: "加拿大",
                ..HOUSEHOLD
            },
            relatives: &[],
            property: OWNS_NOTHING,
        },
        Persona {
            key: "ji-xiaotian",
            uid: "G101010105",
            name: "𠮷小田",
            birthdate: "1982-11-21",
            note: "姓名含罕用字（Unicode 第二平面）。",
            note_en: "A name beyond the Basic Multilingual Plane.",
            household: Household {
                number: "2200001", father: "𠮷大田", mother: "高小山", ..HOUSEHOLD
            },
            relatives: &[Relative {
                id: "C200000005",
                name: "𠮷美田",
                birthdate: "2010-01-02",
                relation: "女",
                degree: "一親等直系血親",
            }],
            ..base.clone()
        },
        Persona {
            key: "li-xiaoxiao",
            uid: "J100000018",
            name: "李小小",
            birthdate: "2014-08-08",
            methods: &[Nhi],
            note: "未成年人，只有健保卡。",
            note_en: "A minor with a health card only.",
            manners: [Manner::Give, Manner::Give, Manner::Nothing],
            household: Household { number: "3300001", father: "李大大", mother: "周中中", ..HOUSEHOLD },
            property: OWNS_NOTHING,
            relatives: &[Relative {
                id: "K220000008",
                name: "周代辦",
                birthdate: "1980-01-15",
                relation: "法定代理人",
                degree: "三親等旁系血親",
            }],
            ..base.clone()
        },
        Persona {
            key: "zhou-daiban",
            uid: "K220000008",
            name: "周代辦",
            birthdate: "1980-01-15",
            gender: "female",
            note: "代辦人：王小明可委託這位到臨櫃辦理。",
            note_en: "A delegate: 王小明 can name her to go to the counter.",
            household: Household { number: "3300002", father: "周大中", mother: "吳小中", ..HOUSEHOLD },
            relatives: &[],
            ..base.clone()
        },
        Persona {
            key: "wu-fuze",
            uid: "N120000008",
            name: "吳負責",
            birthdate: "1968-12-12",
            methods: &[Cer, Moe, Nhi, Otp],
            note: "示範股份有限公司負責人，持工商憑證。",
            note_en: "Represents a company; holds a business certificate.",
            household: Household { number: "4400001", father: "吳大責", mother: "鄭小責", ..HOUSEHOLD },
            relatives: &[],
            ..base
        },
    ]
});

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use mydata_wire::person::PersonalIdKind;

    use super::*;

    #[test]
    fn every_number_is_well_formed_and_nobody_stands_twice() {
        let mut ids = HashSet::new();
        for persona in all() {
            assert!(ids.insert(persona.id()), "{}", persona.key);
            assert!(ids.len() <= all().len() && persona.email().ends_with("@example.test"));
            assert!(roc(persona.birthdate).is_some(), "{}", persona.key);
            for relative in persona.relatives {
                assert!(relative.id.parse::<PersonalId>().is_ok(), "{}", relative.name);
            }
        }
        assert!(all().len() >= 10);
        for kind in [PersonalIdKind::National, PersonalIdKind::Resident, PersonalIdKind::OldResident] {
            assert!(all().iter().any(|p| p.id().kind() == kind), "{kind:?}");
        }
    }

    #[test]
    fn dates_are_of_the_roc_calendar() {
        assert_eq!(by_key("wang-xiaoming").map(Persona::birthdate_roc).as_deref(), Some("80年1月1日"));
        assert_eq!(roc_slashes("1991-01-01"), "80/01/01");
    }
}
