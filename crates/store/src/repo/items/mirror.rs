//! Items of records that came from a registry file, and the names of organisations beside items: brought up to date when the
//! registry changes.

use mydata_domain::item::{ItemId, Kind, Running, Stage};
use mydata_domain::organisation::OrganisationId;
use mydata_domain::{Time, Zone};

use super::{COLUMNS, Kept, Origin, detail, organisation, read};
use crate::args;
use crate::db::Tx;
use crate::error::Result;
use crate::repo::list::lock;

/// What a registry file's record says of its item.
#[derive(Debug, Clone)]
pub(in crate::repo) struct Mirrored<'a> {
    pub(in crate::repo) kind: Kind,
    pub(in crate::repo) record: &'a str,
    pub(in crate::repo) zone: Zone,
    pub(in crate::repo) organisation: &'a OrganisationId,
    pub(in crate::repo) name: &'a str,
    pub(in crate::repo) category: &'a str,
    pub(in crate::repo) stage: Stage,
    pub(in crate::repo) shown: bool,
}

/// Makes or brings up to date the item of a record that came from a registry file. An item of the back office stays as it is.
pub(in crate::repo) async fn mirror(tx: &Tx, record: &Mirrored<'_>, now: Time) -> Result<()> {
    let sql = format!(
        "SELECT {COLUMNS} FROM items WHERE kind = $1 AND (test_record = $2 OR production_record = $2){}",
        lock(tx)
    );
    let old = tx.fetch_opt(sql, args![record.kind.as_str(), record.record]).await?;
    let old = old.as_ref().map(read).transpose()?;
    if old.as_ref().is_some_and(|kept| kept.origin == Origin::Office) {
        return Ok(());
    }
    let (organisation_name, authority) = organisation(tx, record.organisation).await?;
    let slot = Some(record.record.to_owned());
    let (test_record, production_record) = match record.zone {
        Zone::Test => (slot, None),
        Zone::Production => (None, slot),
    };
    // Since when it stands there is kept as long as it stands there.
    let stage = match &old {
        Some(kept) if same_standing(&kept.stage, &record.stage) => kept.stage.clone(),
        _ => record.stage.clone(),
    };
    let listed_at = stage.running().and_then(Running::listed_since);
    let mut new = Kept {
        id: old.as_ref().map_or_else(|| ItemId::generate(tx.db().random()), |kept| kept.id),
        kind: record.kind,
        origin: Origin::File,
        organisation: record.organisation.clone(),
        organisation_name,
        authority,
        name: record.name.to_owned(),
        category: record.category.to_owned(),
        number: None,
        zone: record.zone,
        stage,
        certificates: old.as_ref().map(|kept| kept.certificates.clone()).unwrap_or_default(),
        test_record,
        production_record,
        listed_at,
        created_at: old.as_ref().map_or(now, |kept| kept.created_at),
        updated_at: old.as_ref().map_or(now, |kept| kept.updated_at),
        updated_by: None,
        indexed: old.as_ref().map(|kept| kept.indexed.clone()).unwrap_or_default(),
        shown: record.shown,
    };
    let moved = old.as_ref().is_some_and(|kept| kept.organisation != new.organisation);
    if old.as_ref() == Some(&new) {
        return Ok(());
    }
    new.write(tx, now, None).await?;
    if moved {
        // A file may give a record to another organisation; the back office never does.
        tx.execute(
            "UPDATE items SET organisation = $2 WHERE id = $1",
            args![new.id.to_string(), new.organisation.as_str()],
        )
        .await?;
    }
    Ok(())
}

fn same_standing(a: &Stage, b: &Stage) -> bool {
    a.name() == b.name() && detail(a) == detail(b)
}

/// Brings the names kept beside items up to date after an organisation was changed.
pub(in crate::repo) async fn organisation_changed(tx: &Tx, id: &OrganisationId, now: Time) -> Result<()> {
    let (name, authority) = organisation(tx, id).await?;
    let sql = format!(
        "SELECT {COLUMNS} FROM items WHERE organisation = $1 AND (organisation_name <> $2 OR COALESCE(authority, '') <> $3){}",
        lock(tx)
    );
    let authority_text = authority.as_ref().map_or("", |a| a.as_str());
    for row in tx.fetch_all(sql, args![id.as_str(), &name, authority_text]).await? {
        let mut kept = read(&row)?;
        let (updated_at, updated_by) = (kept.updated_at, kept.updated_by);
        kept.organisation_name.clone_from(&name);
        kept.authority.clone_from(&authority);
        kept.write(tx, now, updated_by).await?;
        // Nothing of the item itself was changed.
        tx.run("UPDATE items SET updated_at = $2 WHERE id = $1", args![kept.id.to_string(), updated_at.0])
            .await?;
    }
    tx.run(
        "UPDATE filings SET authority = $2 WHERE organisation = $1 AND COALESCE(authority, '') <> $3",
        args![id.as_str(), authority.as_ref().map(OrganisationId::as_str), authority_text],
    )
    .await
}
