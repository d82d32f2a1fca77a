//! Transactions: one row each, one row for each of their datasets.
//!
//! A change is made by [`load_for_update`], a step of the domain, and [`Kept::save`], inside one database transaction;
//! the row is locked meanwhile, so two steps of one exchange never overlap.

use std::collections::{BTreeMap, HashSet};

use mydata_domain::Time;
use mydata_domain::barcode::BarcodeNumber;
use mydata_domain::collect::{Failure, Tries};
use mydata_domain::entry::Seen;
use mydata_domain::notify::Notice;
use mydata_domain::parameter::ParameterKey;
use mydata_domain::transaction::coverage::Coverage;
use mydata_domain::transaction::own::{Barcode, CounterCase, Held, Own};
use mydata_domain::transaction::part::{Access, Part, PartState};
use mydata_domain::transaction::person::Person;
use mydata_domain::transaction::{
    Authorised, Confirmed, Ended, EndedTicket, Ending, Errand, Purpose, Sealed, State, Token, Transaction,
    TransactionId,
};
use mydata_wire::pid::Pid;
use mydata_wire::returns::ReturnTarget;
use mydata_wire::{AccessToken, ClientId, PermissionTicket, ResourceId, TransactionUid, TxId, Verification};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{barcodes, citizens, unreadable};
use crate::args;
use crate::blobs::BlobId;
use crate::crypt::Crypter;
use crate::db::{Db, Engine, Row, Tx, placeholders};
use crate::error::Result;

pub(super) const TABLE: &str = "transactions";
const PARTS: &str = "transaction_parts";

pub(super) const COLUMNS: &str = "t.id, t.client_id, t.tx_id, t.zone, t.stage, t.ending, t.browser, t.entered_at, t.idle_until, t.authorised_at, \
     t.confirmed_at, t.sealed_at, t.taken_at, t.ended_at, t.expires_at, t.verification, t.told, t.told_undeliverable, t.token_blob, \
     t.token_len, t.token_sha256, t.delivered, t.front_test, t.purpose, t.citizen, t.counter_case, t.held_at, t.previewed, t.saved, \
     t.private";
pub(super) const PART_COLUMNS: &str = "p.place, p.resource_id, p.transaction_uid, p.state, p.received, p.total, p.until_at, p.asked, p.blob, \
     p.failure, p.revocation_unknown, p.calls, p.failures, p.first_call_at, p.access_expires_at, p.private AS part_private";

/// A transaction as it was read, with what is needed to write it back.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The transaction; change it by its steps, then [`Kept::save`].
    pub transaction: Transaction,
    /// Keyed index of the cookie of the browser that it belongs to.
    pub browser: String,
    /// An exchange that the owner of a dataset or service only tries.
    pub front_test: bool,
    /// Keyed index of the citizen, once that is known; it stays when the person is forgotten.
    pub citizen: Option<String>,
    before: Vec<Part>,
    barcode_before: Option<Barcode>,
}

/// What is sealed in `transactions.private`.
#[derive(Serialize, Deserialize)]
struct Private {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    target: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    barcode: Option<KeptBarcode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<Person>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ticket: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// A living number, as it is sealed.
#[derive(Serialize, Deserialize)]
struct KeptBarcode {
    number: String,
    holder: String,
    made_at: i64,
    ends_at: i64,
}

impl Drop for Private {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        if let Some(barcode) = &mut self.barcode {
            barcode.number.zeroize();
        }
        self.pid.zeroize();
        self.ticket.zeroize();
        self.key.zeroize();
    }
}

/// What is sealed in `transaction_parts.private`.
#[derive(Default, Serialize, Deserialize)]
struct PartPrivate {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    parameters: BTreeMap<ParameterKey, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// Which transaction is meant.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    /// By the platform's identifier.
    Id(TransactionId),
    /// By the SP's identifier.
    TxId(&'a ClientId, TxId),
    /// By the ticket.
    Ticket(PermissionTicket),
    /// By the token that a DP was given.
    Access(&'a AccessToken),
    /// By the number of a 資料條碼, also one whose time is over while no other has it.
    Barcode(BarcodeNumber),
}

impl Which<'_> {
    fn condition(&self) -> &'static str {
        match self {
            Self::Id(_) => "t.id = $1",
            Self::TxId(..) => "t.tx_id = $1 AND t.client_id = $2",
            Self::Ticket(_) => "t.ticket = $1",
            Self::Access(_) => "t.id = (SELECT transaction_id FROM transaction_parts WHERE access = $1)",
            Self::Barcode(_) => "t.id = (SELECT transaction_id FROM barcodes WHERE number = $1)",
        }
    }

    /// The transaction and its parts, one row a part; there is always a part.
    fn select(&self) -> String {
        format!(
            "SELECT {COLUMNS}, {PART_COLUMNS} FROM transactions t JOIN transaction_parts p ON p.transaction_id = t.id \
             WHERE {} ORDER BY p.place",
            self.condition()
        )
    }

    fn arguments(&self, crypter: &Crypter) -> Vec<crate::db::Arg<'static>> {
        match self {
            Self::Id(id) => vec![id.to_string().into()],
            Self::TxId(client_id, tx_id) => vec![tx_id.to_string().into(), client_id.to_string().into()],
            Self::Ticket(ticket) => vec![crypter.index("ticket", ticket.expose()).into()],
            Self::Access(token) => vec![crypter.index("access", token.expose()).into()],
            Self::Barcode(number) => vec![barcodes::index(crypter, *number).into()],
        }
    }
}

/// Reads a transaction.
pub async fn load(db: &Db, crypter: &Crypter, which: Which<'_>) -> Result<Option<Kept>> {
    let rows = db.fetch_all(which.select(), &which.arguments(crypter)).await?;
    read(crypter, &rows)
}

/// Reads a transaction inside a database transaction that does not change it, by one statement whether it is there or not.
pub async fn load_in(tx: &Tx, crypter: &Crypter, which: Which<'_>) -> Result<Option<Kept>> {
    let rows = tx.fetch_all(which.select(), &which.arguments(crypter)).await?;
    read(crypter, &rows)
}

/// Reads a transaction and locks it until the database transaction ends.
pub async fn load_for_update(tx: &Tx, crypter: &Crypter, which: Which<'_>) -> Result<Option<Kept>> {
    let rows = match tx.engine() {
        // SQLite has one writer, which we are.
        Engine::Sqlite => tx.fetch_all(which.select(), &which.arguments(crypter)).await?,
        // A statement that waits for the lock sees the row afresh, but not the rows joined to it: so the lock comes first.
        Engine::Postgres => {
            let lock = format!("SELECT t.id FROM transactions t WHERE {} FOR UPDATE", which.condition());
            if tx.fetch_opt(lock, &which.arguments(crypter)).await?.is_none() {
                return Ok(None);
            }
            tx.fetch_all(which.select(), &which.arguments(crypter)).await?
        }
    };
    read(crypter, &rows)
}

/// What is known of a service's `tx_id`.
pub async fn seen(db: &Db, client_id: &ClientId, tx_id: TxId) -> Result<Seen> {
    let row = db
        .fetch_opt(
            "SELECT stage FROM transactions WHERE client_id = $1 AND tx_id = $2",
            args![client_id.as_str(), tx_id.to_string()],
        )
        .await?;
    Ok(match row {
        None => Seen::Never,
        Some(row) => match row.get_text(0)?.as_str() {
            "entered" | "authorised" => Seen::Unconfirmed,
            _ => Seen::Used,
        },
    })
}

/// The services that used a `tx_id`; hardly ever more than one.
pub async fn services_of(db: &Db, tx_id: TxId) -> Result<Vec<ClientId>> {
    let rows = db
        .fetch_all(
            "SELECT client_id FROM transactions WHERE tx_id = $1 AND purpose = 'service' LIMIT 20",
            args![tx_id.to_string()],
        )
        .await?;
    rows.iter().map(|r| r.get_text(0)?.parse().map_err(|_| unreadable(TABLE, "client_id"))).collect()
}

/// Keeps a new transaction. [`crate::StoreError::Conflict`] when the service has used its `tx_id` before. `browser` is the keyed
/// index of the browser it belongs to; an own download belongs to none, but to its citizen.
pub async fn insert(tx: &Tx, crypter: &Crypter, transaction: &Transaction, browser: &str) -> Result<()> {
    let id = transaction.id.to_string();
    let (client_id, tx_id) = match &transaction.purpose {
        Purpose::Service(errand) => (errand.client_id.as_str(), errand.tx_id.to_string()),
        Purpose::Own(_) => ("", id.clone()),
    };
    let case = transaction.own().and_then(|own| own.case.as_ref());
    let authorised = authorised(transaction);
    tx.run(
        "INSERT INTO transactions (id, client_id, tx_id, zone, stage, browser, entered_at, idle_until, private, purpose, citizen, \
         counter_case, authorised_at, verification) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        args![
            &id,
            client_id,
            tx_id,
            transaction.zone.as_str(),
            transaction.state.name(),
            browser,
            transaction.entered_at.0,
            transaction.idle_until.0,
            seal_private(crypter, transaction),
            transaction.purpose.name(),
            authorised.map(|a| citizens::index(crypter, &a.person)),
            case.map(|case| serde_json::to_string(case).expect("a case is two texts")),
            authorised.map(|a| a.at.0),
            authorised.map(|a| a.verification.code()),
        ],
    )
    .await?;
    for (place, part) in transaction.parts.iter().enumerate() {
        insert_part(tx, crypter, &id, place, part).await?;
    }
    Ok(())
}

async fn insert_part(tx: &Tx, crypter: &Crypter, id: &str, place: usize, part: &Part) -> Result<()> {
    let row = PartRow::of(crypter, part);
    tx.run(
        "INSERT INTO transaction_parts (transaction_id, place, resource_id, transaction_uid, state, received, total, until_at, asked, \
         blob, failure, calls, failures, first_call_at, access, access_expires_at, private, revocation_unknown) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        args![
            id,
            place as i64,
            part.resource_id.as_str(),
            part.transaction_uid.to_string(),
            part.state.name(),
            row.received,
            row.total,
            row.until,
            row.asked,
            row.blob,
            row.failure,
            part.tries.calls,
            part.tries.failures,
            part.tries.first_at.map(|t| t.0),
            row.access,
            row.access_expires_at,
            row.private,
            part.revocation_unknown,
        ],
    )
    .await?;
    Ok(())
}

/// Who the citizen is and how that was proven, as long as it is known.
fn authorised(t: &Transaction) -> Option<&Authorised> {
    match &t.state {
        State::Authorised(a) => Some(a),
        State::Held(held) => Some(&held.authorised),
        _ => t.confirmed().map(|c| &c.authorised),
    }
}

fn barcode(t: &Transaction) -> Option<&Barcode> {
    t.held().and_then(|held| held.barcode.as_ref())
}

impl Kept {
    /// Writes back what the steps changed.
    pub async fn save(&mut self, tx: &Tx, crypter: &Crypter) -> Result<()> {
        let t = &self.transaction;
        let id = t.id.to_string();
        let confirmed = t.confirmed();
        let (sealed, ended) = match &t.state {
            State::Sealed(sealed) => (Some(sealed), None),
            State::Ended(ended) => (None, Some(ended)),
            _ => (None, None),
        };
        let (authorised, held) = (authorised(t), t.held());
        let citizen = authorised.map(|a| citizens::index(crypter, &a.person));
        let taken_at = sealed.and_then(|s| s.taken_at).or(held.and_then(|h| h.taken_at));
        let expires_at = t.ticket().map(|(_, ends)| ends).or(held.map(|h| h.expires_at));
        let ended_ticket = ended.and_then(|e| e.ticket.as_ref());
        let told = confirmed.map(|c| c.told).or(ended_ticket.map(|t| t.told));
        let told_undeliverable =
            confirmed.map(|c| c.told_undeliverable).or(ended_ticket.map(|t| t.told_undeliverable));
        // What was once known stays for the record (when, how verified, which person's index), what is secret goes.
        tx.run(
            "UPDATE transactions SET stage = $2, ending = $3, browser = $4, idle_until = $5, \
             authorised_at = COALESCE($6, authorised_at), confirmed_at = COALESCE($7, confirmed_at), \
             sealed_at = COALESCE($8, sealed_at), taken_at = COALESCE($9, taken_at), ended_at = $10, \
             expires_at = COALESCE($11, expires_at), verification = COALESCE($12, verification), \
             citizen = COALESCE($13, citizen), ticket = $14, told = COALESCE($15, told), \
             told_undeliverable = COALESCE($16, told_undeliverable), token_blob = $17, token_len = $18, token_sha256 = $19, \
             private = $20, entered_at = $21, delivered = $22, held_at = COALESCE($23, held_at), \
             previewed = COALESCE($24, previewed), saved = COALESCE($25, saved) WHERE id = $1",
            args![
                &id,
                t.state.name(),
                ended.map(|e| e.ending.as_str()),
                &self.browser,
                t.idle_until.0,
                authorised.map(|a| a.at.0),
                confirmed.map(|c| c.at.0),
                sealed.map(|s| s.at.0),
                taken_at.map(|at| at.0),
                ended.map(|e| e.at.0),
                expires_at.map(|at| at.0),
                t.verification().map(Verification::code),
                citizen.clone(),
                t.ticket().map(|(ticket, _)| crypter.index("ticket", ticket.expose())),
                told.map(Notice::to_kept),
                told_undeliverable.map(Notice::to_kept),
                sealed.map(|s| s.token.blob.as_str()),
                sealed.map(|s| s.token.len as i64),
                sealed.map(|s| s.token.sha256.as_str()),
                seal_private(crypter, t),
                t.entered_at.0,
                sealed.filter(|s| !s.delivered.is_empty()).map(|s| s.delivered.to_string()),
                held.map(|h| h.at.0),
                held.map(|h| i64::from(h.previewed)),
                held.map(|h| i64::from(h.saved)),
            ],
        )
        .await?;
        if self.barcode_before.as_ref() != barcode(t) {
            barcodes::replace(tx, crypter, t.id, barcode(t)).await?;
        }
        let same_parts = self.before.len() == t.parts.len()
            && self.before.iter().zip(&t.parts).all(|(a, b)| a.transaction_uid == b.transaction_uid);
        if same_parts {
            for (place, (before, part)) in self.before.iter().zip(&t.parts).enumerate() {
                if before != part {
                    update_part(tx, crypter, &id, place, part).await?;
                }
            }
        } else {
            tx.run("DELETE FROM transaction_parts WHERE transaction_id = $1", args![&id]).await?;
            for (place, part) in t.parts.iter().enumerate() {
                insert_part(tx, crypter, &id, place, part).await?;
            }
        }
        self.before.clone_from(&t.parts);
        self.barcode_before = barcode(t).cloned();
        self.citizen = citizen.or(self.citizen.take());
        Ok(())
    }
}

async fn update_part(tx: &Tx, crypter: &Crypter, id: &str, place: usize, part: &Part) -> Result<()> {
    let row = PartRow::of(crypter, part);
    tx.run(
        "UPDATE transaction_parts SET state = $3, received = $4, total = $5, until_at = $6, asked = $7, blob = $8, failure = $9, \
         calls = $10, failures = $11, first_call_at = $12, access = $13, access_expires_at = $14, private = $15, \
         revocation_unknown = $16 \
         WHERE transaction_id = $1 AND place = $2",
        args![
            id,
            place as i64,
            part.state.name(),
            row.received,
            row.total,
            row.until,
            row.asked,
            row.blob,
            row.failure,
            part.tries.calls,
            part.tries.failures,
            part.tries.first_at.map(|t| t.0),
            row.access,
            row.access_expires_at,
            row.private,
            part.revocation_unknown,
        ],
    )
    .await?;
    Ok(())
}

/// A part that is being fetched for an exchange that still wants it.
const WANTED: &str = "transaction_id = $1 AND transaction_uid = $2 AND state = 'fetching' AND EXISTS \
     (SELECT 1 FROM transactions t WHERE t.id = transaction_id AND t.stage IN ('authorised', 'confirmed'))";

/// Notes how far a transfer is, for the pages. `false`, and nothing is noted, when the exchange does not want it any
/// more: refused, left, started over.
pub async fn progress(
    db: &Db,
    id: TransactionId,
    uid: TransactionUid,
    received: u64,
    total: Option<u64>,
) -> Result<bool> {
    let changed = db
        .execute(
            "part-progress",
            format!("UPDATE transaction_parts SET received = $3, total = $4 WHERE {WANTED}"),
            args![id.to_string(), uid.to_string(), received as i64, total.map(|t| t as i64)],
        )
        .await?;
    Ok(changed > 0)
}

/// Whether a call for this part is still wanted.
pub async fn is_wanted(db: &Db, id: TransactionId, uid: TransactionUid) -> Result<bool> {
    let sql = format!("SELECT 1 FROM transaction_parts WHERE {WANTED}");
    Ok(db.fetch_opt(sql, args![id.to_string(), uid.to_string()]).await?.is_some())
}

/// What a DP's access token opens.
#[derive(Debug)]
pub struct AccessGrant {
    /// The transaction.
    pub kept: Kept,
    /// The dataset the token was made for.
    pub resource_id: ResourceId,
    /// When it ends.
    pub expires_at: Time,
}

/// Finds what an access token opens; `None` when it is unknown.
pub async fn by_access(db: &Db, crypter: &Crypter, token: &AccessToken) -> Result<Option<AccessGrant>> {
    let Some(kept) = load(db, crypter, Which::Access(token)).await? else { return Ok(None) };
    let opened = kept.transaction.parts.iter().find_map(|part| {
        let access = part.access.as_ref().filter(|a| a.token == *token)?;
        Some((part.resource_id.clone(), access.expires_at))
    });
    let (resource_id, expires_at) = opened.ok_or_else(|| unreadable(PARTS, "access"))?;
    Ok(Some(AccessGrant { kept, resource_id, expires_at }))
}

/// Those of the blobs that a transaction or an upload still refers to; what none refers to may be swept.
pub async fn referred(db: &Db, blobs: Vec<BlobId>) -> Result<HashSet<BlobId>> {
    if blobs.is_empty() {
        return Ok(HashSet::new());
    }
    let list = placeholders(1, blobs.len());
    let sql = format!(
        "SELECT blob FROM transaction_parts WHERE blob IN ({list}) UNION SELECT token_blob FROM transactions WHERE token_blob IN ({list}) \
         UNION SELECT blob FROM uploads WHERE blob IN ({list})"
    );
    let arguments: Vec<_> = blobs.iter().map(Into::into).collect();
    let rows = db.fetch_all(sql, &arguments).await?;
    let named = rows.iter().map(|r| r.get_text(0)).collect::<Result<HashSet<_>>>()?;
    Ok(blobs.into_iter().filter(|b| named.contains(b.as_str())).collect())
}

/// The columns of a part that follow from its state.
struct PartRow {
    received: Option<i64>,
    total: Option<i64>,
    until: Option<i64>,
    asked: bool,
    blob: Option<String>,
    failure: Option<String>,
    access: Option<String>,
    access_expires_at: Option<i64>,
    private: Option<Vec<u8>>,
}

impl PartRow {
    fn of(crypter: &Crypter, part: &Part) -> Self {
        let mut row = Self {
            received: None,
            total: None,
            until: None,
            asked: false,
            blob: None,
            failure: None,
            access: part.access.as_ref().map(|a| crypter.index("access", a.token.expose())),
            access_expires_at: part.access.as_ref().map(|a| a.expires_at.0),
            private: None,
        };
        match &part.state {
            PartState::Waiting | PartState::NoData => {}
            PartState::Fetching { received, total } => {
                row.received = Some(*received as i64);
                row.total = total.map(|t| t as i64);
            }
            PartState::Delayed { until, asked } => {
                row.until = Some(until.0);
                row.asked = *asked;
            }
            PartState::Ready { blob, len } => {
                row.blob.clone_from(blob);
                row.total = Some(*len as i64);
            }
            PartState::Undeliverable(failure) => {
                row.failure = Some(serde_json::to_string(failure).expect("a failure is two texts"));
            }
        }
        if !part.parameters.is_empty() || part.access.is_some() {
            let private = PartPrivate {
                parameters: part.parameters.clone(),
                token: part.access.as_ref().map(|a| a.token.expose().to_owned()),
            };
            let plain = Zeroizing::new(serde_json::to_vec(&private).expect("texts become JSON"));
            row.private = Some(crypter.seal(PARTS, &part.transaction_uid.to_string(), "private", &plain));
        }
        row
    }
}

fn seal_private(crypter: &Crypter, t: &Transaction) -> Vec<u8> {
    let private = Private {
        target: t.errand().map(|errand| errand.target.to_kept()).unwrap_or_default(),
        barcode: barcode(t).map(|b| KeptBarcode {
            number: b.number.as_str().to_owned(),
            holder: b.holder.clone(),
            made_at: b.made_at.0,
            ends_at: b.ends_at.0,
        }),
        pid: match t.errand().map(|errand| &errand.pid) {
            Some(Pid::Person(id)) => Some(id.expose().to_owned()),
            Some(Pid::NotChecked) | None => None,
        },
        person: t.person().cloned(),
        ticket: t.ticket().map(|(ticket, _)| ticket.expose()),
        key: t.confirmed().map(|c| c.key.to_wire()),
    };
    let plain = Zeroizing::new(serde_json::to_vec(&private).expect("texts become JSON"));
    crypter.seal(TABLE, &t.id.to_string(), "private", &plain)
}

pub(super) fn read(crypter: &Crypter, rows: &[Row]) -> Result<Option<Kept>> {
    let Some(row) = rows.first() else { return Ok(None) };
    let bad = |column| unreadable(TABLE, column);
    let id: TransactionId = row.get_text("id")?.parse().map_err(|_| bad("id"))?;
    let plain = crypter.open(TABLE, &id.to_string(), "private", &row.get_blob("private")?)?;
    let private: Private = serde_json::from_slice(&plain).map_err(|_| bad("private"))?;
    let time = |column| row.get_i64(column).map(Time);
    let verification =
        || -> Result<Verification> { row.get_text("verification")?.parse().map_err(|_| bad("verification")) };
    let notice = |column| -> Result<Notice> {
        row.get_opt_text(column)?
            .map_or(Ok(Notice::None), |text| Notice::from_kept(&text).ok_or_else(|| bad(column)))
    };
    let ticket = || -> Result<PermissionTicket> {
        private.ticket.as_deref().and_then(|t| t.parse().ok()).ok_or_else(|| bad("private"))
    };
    let authorised = || -> Result<Authorised> {
        Ok(Authorised {
            person: private.person.clone().ok_or_else(|| bad("private"))?,
            verification: verification()?,
            at: time("authorised_at")?,
        })
    };
    let confirmed = || -> Result<Confirmed> {
        Ok(Confirmed {
            authorised: authorised()?,
            ticket: ticket()?,
            key: private.key.as_deref().and_then(|k| k.parse().ok()).ok_or_else(|| bad("private"))?,
            at: time("confirmed_at")?,
            expires_at: time("expires_at")?,
            told: notice("told")?,
            told_undeliverable: notice("told_undeliverable")?,
        })
    };
    let count = |column| -> Result<u32> { u32::try_from(row.get_i64(column)?).map_err(|_| bad(column)) };
    let state = match row.get_text("stage")?.as_str() {
        "entered" => State::Entered,
        "authorised" => State::Authorised(authorised()?),
        "confirmed" => State::Confirmed(confirmed()?),
        "sealed" => State::Sealed(Sealed {
            confirmed: confirmed()?,
            token: Token {
                blob: row.get_text("token_blob")?,
                len: u64::try_from(row.get_i64("token_len")?).map_err(|_| bad("token_len"))?,
                sha256: row.get_text("token_sha256")?,
            },
            at: time("sealed_at")?,
            delivered: match row.get_opt_text("delivered")? {
                Some(text) => text.parse().map_err(|_| bad("delivered"))?,
                None => Coverage::default(),
            },
            taken_at: row.get_opt_i64("taken_at")?.map(Time),
        }),
        "held" => State::Held(Held {
            authorised: authorised()?,
            at: time("held_at")?,
            expires_at: time("expires_at")?,
            barcode: match &private.barcode {
                None => None,
                Some(kept) => Some(Barcode {
                    number: kept.number.parse().map_err(|_| bad("private"))?,
                    holder: kept.holder.clone(),
                    made_at: Time(kept.made_at),
                    ends_at: Time(kept.ends_at),
                }),
            },
            previewed: count("previewed")?,
            saved: count("saved")?,
            taken_at: row.get_opt_i64("taken_at")?.map(Time),
        }),
        "ended" => State::Ended(Ended {
            ending: Ending::from_kept(&row.get_text("ending")?).ok_or_else(|| bad("ending"))?,
            at: time("ended_at")?,
            ticket: match private.ticket {
                None => None,
                Some(_) => Some(EndedTicket {
                    ticket: ticket()?,
                    verification: verification()?,
                    expires_at: time("expires_at")?,
                    told: notice("told")?,
                    told_undeliverable: notice("told_undeliverable")?,
                }),
            },
        }),
        _ => return Err(bad("stage")),
    };
    let parts: Vec<Part> = rows.iter().map(|row| read_part(crypter, row)).collect::<Result<_>>()?;
    let purpose = match row.get_text("purpose")?.as_str() {
        "service" => Purpose::Service(Errand {
            tx_id: row.get_text("tx_id")?.parse().map_err(|_| bad("tx_id"))?,
            client_id: row.get_text("client_id")?.parse().map_err(|_| bad("client_id"))?,
            target: ReturnTarget::from_kept(&private.target).map_err(|_| bad("private"))?,
            pid: match private.pid.as_deref() {
                None => Pid::NotChecked,
                Some(id) => Pid::Person(id.parse().map_err(|_| bad("private"))?),
            },
        }),
        "own" => Purpose::Own(Own {
            case: match row.get_opt_text("counter_case")? {
                None => None,
                Some(case) => {
                    let case: CounterCase = serde_json::from_str(&case).map_err(|_| bad("counter_case"))?;
                    Some(case)
                }
            },
        }),
        _ => return Err(bad("purpose")),
    };
    let transaction = Transaction {
        id,
        zone: row.get_text("zone")?.parse().map_err(|_| bad("zone"))?,
        purpose,
        entered_at: time("entered_at")?,
        idle_until: time("idle_until")?,
        parts: parts.clone(),
        state,
    };
    let barcode_before = barcode(&transaction).cloned();
    Ok(Some(Kept {
        transaction,
        browser: row.get_text("browser")?,
        front_test: row.get_bool("front_test")?,
        citizen: row.get_opt_text("citizen")?,
        before: parts,
        barcode_before,
    }))
}

fn read_part(crypter: &Crypter, row: &Row) -> Result<Part> {
    let bad = |column| unreadable(PARTS, column);
    let uid = row.get_text("transaction_uid")?;
    let private = match row.get_opt_blob("part_private")? {
        None => PartPrivate::default(),
        Some(sealed) => {
            let plain = crypter.open(PARTS, &uid, "private", &sealed)?;
            serde_json::from_slice(&plain).map_err(|_| bad("private"))?
        }
    };
    let unsigned = |column| -> Result<Option<u64>> {
        row.get_opt_i64(column)?.map(|n| u64::try_from(n).map_err(|_| bad(column))).transpose()
    };
    let count = |column| -> Result<u32> { u32::try_from(row.get_i64(column)?).map_err(|_| bad(column)) };
    let state = match row.get_text("state")?.as_str() {
        "waiting" => PartState::Waiting,
        "fetching" => {
            PartState::Fetching { received: unsigned("received")?.unwrap_or(0), total: unsigned("total")? }
        }
        "delayed" => {
            PartState::Delayed { until: Time(row.get_i64("until_at")?), asked: row.get_bool("asked")? }
        }
        "ready" => PartState::Ready { blob: row.get_opt_text("blob")?, len: unsigned("total")?.unwrap_or(0) },
        "no-data" => PartState::NoData,
        "undeliverable" => {
            let failure: Failure =
                serde_json::from_str(&row.get_text("failure")?).map_err(|_| bad("failure"))?;
            PartState::Undeliverable(failure)
        }
        _ => return Err(bad("state")),
    };
    let access = match private.token {
        None => None,
        Some(token) => Some(Access {
            token: AccessToken::from_kept(token),
            expires_at: Time(row.get_i64("access_expires_at")?),
        }),
    };
    Ok(Part {
        resource_id: row.get_text("resource_id")?.parse().map_err(|_| bad("resource_id"))?,
        transaction_uid: uid.parse().map_err(|_| bad("transaction_uid"))?,
        parameters: private.parameters,
        access,
        tries: Tries {
            calls: count("calls")?,
            failures: count("failures")?,
            first_at: row.get_opt_i64("first_call_at")?.map(Time),
        },
        revocation_unknown: row.get_bool("revocation_unknown")?,
        state,
    })
}
