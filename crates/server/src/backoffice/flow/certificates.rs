//! Certificates that items need (R41): read from what is registered, watched for their end, and renewed.

use std::sync::atomic::Ordering;

use mydata_domain::audit::What;
use mydata_domain::dataset::Dataset;
use mydata_domain::item::{Act, Cause, Certificate, ItemId, Kind, Stage};
use mydata_domain::{Time, Zone};
use mydata_seal::trust::{self, CertificateError, SignerInfo};
use mydata_store::repo::items::{self, Kept, Origin};
use mydata_store::repo::list::Scope;
use mydata_store::repo::registry;
use serde_json::json;

use super::records::{self, Record};
use super::{ActError, By, Doer, Outcome, Said, clock, in_tx, outcome};
use crate::app::App;

/// What a certificate says of itself.
///
/// # Errors
/// It cannot be used to sign packages.
pub fn describe(pem: &[u8]) -> Result<SignerInfo, CertificateError> {
    trust::describe(pem)
}

/// A certificate as an item remembers it: told from others by its fingerprint.
pub fn remembered(pem: &[u8]) -> Result<Certificate, CertificateError> {
    let info = describe(pem)?;
    let name = info.certificate_sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Certificate { name, until: Time::from(info.not_after), warned: None })
}

/// Takes over the certificate of the record that counts; the last warning about one that stays is remembered. One that
/// cannot be read (from a registry file) is not watched.
pub(super) fn watch(kept: &mut Kept, record: &Dataset) {
    let found = record.signer_certificate.as_deref().map(|pem| remembered(pem.as_bytes()));
    let mut found: Vec<Certificate> = found.into_iter().filter_map(Result::ok).collect();
    for certificate in &mut found {
        certificate.warned =
            kept.certificates.iter().find(|c| c.name == certificate.name).and_then(|c| c.warned);
    }
    kept.certificates = found;
}

/// Registers another certificate in the dataset's record of a zone: by its owner or the operating team. It must come
/// from a root that is trusted, so it needs no review. A suspension because the earlier one had ended ends with it.
///
/// # Errors
/// [`ActError::Certificate`]: why it cannot be registered.
pub async fn register(app: &App, by: &By, item: ItemId, zone: Zone, pem: &str) -> Result<Outcome, ActError> {
    let now = app.now().to_system();
    let bad = |error: CertificateError| ActError::Certificate(error.zh(), error.to_string());
    let info = app.revocations.accepts(&app.trust, pem.as_bytes(), now).await.map_err(bad)?;
    let fingerprint: String = info.certificate_sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let fingerprint = &fingerprint;
    in_tx(app, "certificate", |tx| async move {
        let doer = Doer::of(app, &tx, by).await?;
        let mut kept = doer.item(&tx, item).await?;
        doer.owns_or_operates(&kept)?;
        let Some(record) = records::read(app, &tx, &kept, zone).await? else {
            return Err(ActError::NoRecord);
        };
        let Record::Dataset(mut entry) = record else { return Err(ActError::NotOfThisKind) };
        entry.dataset.signer_certificate = Some(pem.trim().to_owned());
        records::put(app, &tx, Record::Dataset(entry), doer.now).await?;
        records::settle(app, &tx, &mut kept, doer.now).await?;
        let detail = json!({ "item": kept.id, "zone": zone, "sha256": fingerprint });
        doer.record(app, &tx, What::CertificateRegistered, detail).await?;
        kept.save(&tx, doer.now, doer.id()).await?;
        let ended = matches!(&kept.stage, Stage::Suspended(s) if s.is_for(Cause::Certificate));
        if ended && kept.certificates.iter().all(|c| c.until > doer.now) {
            let clock = Doer::of(app, &tx, &By::Clock).await?;
            return clock.step(app, &tx, &mut kept, Act::RenewCertificate, Said::default()).await;
        }
        clock::wake(&tx, &kept, doer.now).await?;
        Ok(outcome(&kept))
    })
    .await
}

/// Takes over the certificates of records that came from a registry file, once after each change of the registry.
pub(super) async fn watch_registry(app: &App) -> Result<(), ActError> {
    // Not the registry in memory: looking at it would keep it there for a second, in which somebody applies a file.
    let revision = registry::revision(&app.store.db).await?;
    if app.certificates_seen.load(Ordering::Relaxed) == revision {
        return Ok(());
    }
    let catalogue = registry::load(&app.store.db, &app.store.crypter).await?;
    let signed = catalogue.datasets.values().map(|d| &d.dataset).filter(|d| d.signer_certificate.is_some());
    for dataset in signed {
        let id = dataset.resource_id.as_str();
        let found = items::of_record(&app.store.db, &Scope::All, Kind::Dataset, id).await?;
        let Some(found) = found.filter(|kept| kept.origin == Origin::File) else { continue };
        let mut seen = found.clone();
        watch(&mut seen, dataset);
        if seen.certificates == found.certificates {
            continue;
        }
        in_tx(app, "certificate-seen", |tx| async move {
            let now = app.now();
            if let Some(mut kept) = items::load_for_update(&tx, &Scope::All, found.id).await? {
                watch(&mut kept, dataset);
                let by = kept.updated_by;
                kept.save(&tx, now, by).await?;
                clock::wake(&tx, &kept, now).await?;
            }
            Ok(())
        })
        .await?;
    }
    app.certificates_seen.store(catalogue.revision, Ordering::Relaxed);
    Ok(())
}
