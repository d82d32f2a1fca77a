//! Forms that came when the citizen's session had ended: kept sealed until the same citizen has logged in again.

use mydata_domain::Time;
use zeroize::Zeroizing;

use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::{Db, Tx};
use crate::error::Result;

const TABLE: &str = "citizen_forms";

/// Names and values, in the order of the form.
pub type Fields = Vec<(String, String)>;

fn place(citizen: &str, action: &str) -> String {
    format!("{citizen} {action}")
}

/// Keeps a form in place of an earlier one with the same address.
///
/// # Errors
/// The database refuses.
pub async fn keep(
    tx: &Tx,
    crypter: &Crypter,
    citizen: &str,
    action: &str,
    fields: &Fields,
    until: Time,
) -> Result<()> {
    let plain = Zeroizing::new(serde_json::to_vec(fields).expect("a form is made of texts"));
    let sealed = crypter.seal(TABLE, &place(citizen, action), "private", &plain);
    tx.run(
        "INSERT INTO citizen_forms (citizen, action, until, private) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (citizen, action) DO UPDATE SET until = excluded.until, private = excluded.private",
        args![citizen, action, until, sealed],
    )
    .await
}

/// The form that was kept, if it is young enough.
///
/// # Errors
/// The database refuses, or the column cannot be read.
pub async fn load(
    db: &Db,
    crypter: &Crypter,
    citizen: &str,
    action: &str,
    now: Time,
) -> Result<Option<Fields>> {
    let sql = "SELECT private FROM citizen_forms WHERE citizen = $1 AND action = $2 AND until > $3";
    let Some(row) = db.fetch_opt(sql, args![citizen, action, now]).await? else { return Ok(None) };
    let plain = crypter.open(TABLE, &place(citizen, action), "private", &row.get_blob(0)?)?;
    serde_json::from_slice(&plain).map(Some).map_err(|_| unreadable(TABLE, "private"))
}

/// The form was posted anew.
///
/// # Errors
/// The database refuses.
pub async fn forget(db: &Db, citizen: &str, action: &str) -> Result<()> {
    let sql = "DELETE FROM citizen_forms WHERE citizen = $1 AND action = $2";
    db.execute("citizen-form-forget", sql, args![citizen, action]).await?;
    Ok(())
}

/// Removes forms that nobody came back for.
///
/// # Errors
/// The database refuses.
pub async fn sweep(db: &Db, now: Time) -> Result<u64> {
    db.execute("citizen-forms-sweep", "DELETE FROM citizen_forms WHERE until < $1", args![now]).await
}
