//! Numbers of 資料條碼: a row for each that may be handed over, unique among the living. It keeps only keyed indexes; the
//! number is sealed in its transaction. Changed with the transaction, by [`super::transactions::Kept::save`], and by
//! nothing else.

use mydata_domain::barcode::BarcodeNumber;
use mydata_domain::transaction::TransactionId;
use mydata_domain::transaction::own::Barcode;

use super::unreadable;
use crate::args;
use crate::crypt::Crypter;
use crate::db::Tx;
use crate::error::{Result, StoreError};

/// How a number is kept and looked up.
pub fn index(crypter: &Crypter, number: BarcodeNumber) -> String {
    crypter.index("barcode", number.as_str())
}

/// Puts a download's number in the place of the one before.
///
/// # Errors
/// [`StoreError::Conflict`]: another download's number is the same and lives; nothing of the transaction is kept. Make another.
pub(super) async fn replace(
    tx: &Tx,
    crypter: &Crypter,
    transaction: TransactionId,
    barcode: Option<&Barcode>,
) -> Result<()> {
    let transaction = transaction.to_string();
    tx.run("DELETE FROM barcodes WHERE transaction_id = $1", args![&transaction]).await?;
    let Some(barcode) = barcode else { return Ok(()) };
    let number = index(crypter, barcode.number);
    // One that has ended may be given again.
    tx.run("DELETE FROM barcodes WHERE number = $1 AND ends_at <= $2", args![&number, barcode.made_at])
        .await?;
    let kept = tx
        .execute(
            "INSERT INTO barcodes (number, transaction_id, holder, ends_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (number) DO NOTHING",
            args![&number, &transaction, &barcode.holder, barcode.ends_at],
        )
        .await?;
    if kept == 1 { Ok(()) } else { Err(StoreError::Conflict { constraint: "barcodes.number".to_owned() }) }
}

/// Whose number it is, also one whose time is over while no other has it.
///
/// # Errors
/// The database refuses, or the row cannot be read.
pub async fn find(tx: &Tx, crypter: &Crypter, number: BarcodeNumber) -> Result<Option<TransactionId>> {
    let sql = "SELECT transaction_id FROM barcodes WHERE number = $1";
    let row = tx.fetch_opt(sql, args![index(crypter, number)]).await?;
    let id = row.map(|row| row.get_text(0)).transpose()?;
    id.map(|id| id.parse().map_err(|_| unreadable("barcodes", "transaction_id"))).transpose()
}
