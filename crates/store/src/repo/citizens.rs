//! Citizens of the portal, found by the keyed index of their personal id and by nothing else.

use mydata_domain::Time;
use mydata_domain::citizen::contact::Contact;
use mydata_domain::policy_text::PolicyKind;
use mydata_domain::transaction::person::Person;
use serde::{Deserialize, Serialize};

use super::items::parsed;
use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Row, Tx};
use crate::error::Result;

const TABLE: &str = "citizens";

/// The keyed index of a person: by it, and by nothing else, a citizen's rows are found.
pub fn index(crypter: &Crypter, person: &Person) -> String {
    crypter.index("citizen", person.uid().expose())
}

/// What is kept of a citizen. Personal data: no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Private {
    name: String,
    contact: Contact,
    #[serde(default)]
    birthdate: String,
    #[serde(default)]
    gender: String,
}

/// A citizen. Personal data: `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Citizen {
    /// The keyed index.
    pub index: String,
    /// The name, as the last verification told it.
    pub name: String,
    /// How they are reached.
    pub contact: Contact,
    /// ISO date, as the last verification that told it did; else empty.
    pub birthdate: String,
    /// `male` or `female`, likewise; else empty.
    pub gender: String,
    /// When they came first.
    pub first_at: Time,
    /// The last login.
    pub logged_in_at: Time,
    /// Grows with every change of the contact.
    pub edit: i64,
}

impl std::fmt::Debug for Citizen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Citizen(…)")
    }
}

const COLUMNS: &str = "id, first_at, logged_in_at, edit, private";

fn read(crypter: &Crypter, row: &Row) -> Result<Citizen> {
    let index = row.get_text(0)?;
    let plain = crypter.open(TABLE, &index, "private", &row.get_blob(4)?)?;
    let private: Private = serde_json::from_slice(&plain).map_err(|_| unreadable(TABLE, "private"))?;
    Ok(Citizen {
        first_at: row.get_time(1)?,
        logged_in_at: row.get_time(2)?,
        edit: row.get_i64(3)?,
        name: private.name,
        contact: private.contact,
        birthdate: private.birthdate,
        gender: private.gender,
        index,
    })
}

impl Private {
    fn of(citizen: &Citizen, contact: &Contact) -> Self {
        Self {
            name: citizen.name.clone(),
            contact: contact.clone(),
            birthdate: citizen.birthdate.clone(),
            gender: citizen.gender.clone(),
        }
    }
}

fn seal(crypter: &Crypter, index: &str, private: &Private) -> Vec<u8> {
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(private).expect("a citizen is made of texts"));
    crypter.seal(TABLE, index, "private", &plain)
}

/// A citizen logs in: is written down at the first time, with `contact` as the identity provider told it; later the name,
/// what else the verification tells of the person, and the moment are. The row stays locked until the transaction ends, so that logins of one citizen come one after the
/// other.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn logs_in(
    tx: &Tx,
    crypter: &Crypter,
    person: &Person,
    contact: &Contact,
    now: Time,
) -> Result<Citizen> {
    let index = index(crypter, person);
    let first = Private {
        name: person.name.clone(),
        contact: contact.clone(),
        birthdate: person.birthdate.clone(),
        gender: person.gender.clone(),
    };
    tx.execute(
        "INSERT INTO citizens (id, first_at, logged_in_at, edit, private) VALUES ($1, $2, $2, 1, $3) \
         ON CONFLICT (id) DO NOTHING",
        args![&index, now, seal(crypter, &index, &first)],
    )
    .await?;
    let sql = format!("UPDATE citizens SET logged_in_at = $2 WHERE id = $1 RETURNING {COLUMNS}");
    let mut citizen = read(crypter, &tx.fetch_one(sql, args![&index, now]).await?)?;
    let told = |told: &str, known: &str| if told.is_empty() { known.to_owned() } else { told.to_owned() };
    let (birthdate, gender) =
        (told(&person.birthdate, &citizen.birthdate), told(&person.gender, &citizen.gender));
    if (&citizen.name, &citizen.birthdate, &citizen.gender) != (&person.name, &birthdate, &gender) {
        citizen.name.clone_from(&person.name);
        (citizen.birthdate, citizen.gender) = (birthdate, gender);
        let private = seal(crypter, &index, &Private::of(&citizen, &citizen.contact));
        tx.execute("UPDATE citizens SET private = $2 WHERE id = $1", args![&index, private]).await?;
    }
    Ok(citizen)
}

/// A citizen by their index.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn load(db: &Db, crypter: &Crypter, index: &str) -> Result<Option<Citizen>> {
    let sql = format!("SELECT {COLUMNS} FROM citizens WHERE id = $1");
    db.fetch_opt(sql, args![index]).await?.map(|row| read(crypter, &row)).transpose()
}

/// [`load`] inside a transaction.
///
/// # Errors
/// As there.
pub async fn load_in(tx: &Tx, crypter: &Crypter, index: &str) -> Result<Option<Citizen>> {
    let sql = format!("SELECT {COLUMNS} FROM citizens WHERE id = $1");
    tx.fetch_opt(sql, args![index]).await?.map(|row| read(crypter, &row)).transpose()
}

/// Writes how a citizen is reached; `false` when it was changed since `citizen.edit`.
///
/// # Errors
/// The database refuses.
pub async fn set_contact(tx: &Tx, crypter: &Crypter, citizen: &Citizen, contact: &Contact) -> Result<bool> {
    let private = seal(crypter, &citizen.index, &Private::of(citizen, contact));
    let changed = tx
        .execute(
            "UPDATE citizens SET private = $3, edit = edit + 1 WHERE id = $1 AND edit = $2",
            args![&citizen.index, citizen.edit, private],
        )
        .await?;
    Ok(changed == 1)
}

/// Notes that a citizen accepted a version. Done twice, the first moment stays.
///
/// # Errors
/// The database refuses.
pub async fn accept(tx: &Tx, index: &str, kind: PolicyKind, number: u32, now: Time) -> Result<()> {
    tx.run(
        "INSERT INTO citizen_acceptances (citizen, kind, number, at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (citizen, kind, number) DO NOTHING",
        args![index, kind.as_str(), number, now],
    )
    .await
}

/// The newest version of each kind that a citizen accepted.
///
/// # Errors
/// The database refuses, or a column cannot be read.
pub async fn accepted(tx: &Tx, index: &str) -> Result<Vec<(PolicyKind, u32)>> {
    let rows = tx
        .fetch_all(
            "SELECT kind, MAX(number) AS number FROM citizen_acceptances WHERE citizen = $1 GROUP BY kind",
            args![index],
        )
        .await?;
    let read = |row: &Row| {
        let bad = |_| unreadable("citizen_acceptances", "number");
        let number = u32::try_from(row.get_i64("number")?).map_err(bad)?;
        Ok((parsed(row, "citizen_acceptances", "kind")?, number))
    };
    rows.iter().map(read).collect()
}
