//! Credentials: shown on record, replaced with an overlap.

use std::time::Duration;

use mydata_domain::Zone;
use mydata_domain::account::Role;
use mydata_domain::audit::What;
use mydata_domain::filing::ReviewStep;
use mydata_domain::item::ItemId;

use super::{Office, by, on_both};
use crate::backoffice::flow::credentials::{self, Credentials, Overlap};

impl Office {
    /// A dataset in its test, with its owner.
    pub(super) async fn testing_dataset(&self) -> (ItemId, mydata_domain::account::Account) {
        let people = self.people().await;
        let account = self.account("library.one", Role::Applicant, Some("library")).await;
        let filed = self.filed_dataset(&account).await;
        self.approve(&people.operator, filed.filing.unwrap(), ReviewStep::Operator).await.unwrap();
        self.approve_with_letter(&people.ministry, filed.filing.unwrap(), ReviewStep::Ministry)
            .await
            .unwrap();
        (filed.item, account)
    }
}

fn secret(shown: &Credentials) -> (String, String) {
    let Credentials::Dataset { id, secret, .. } = shown else { panic!("a dataset's") };
    (id.to_string(), secret.expose().to_owned())
}

/// Shows R44.
#[tokio::test]
async fn a_secret_is_shown_on_record_and_replaced_while_the_earlier_one_works() {
    on_both(async |office| {
        let (item, owner) = office.testing_dataset().await;
        let (app, who) = (&office.app, by(&owner));
        let (id, first) = secret(&credentials::show(app, &who, item, Zone::Test).await.unwrap());
        office.pass(Duration::from_secs(1));
        let (same, second) = secret(&credentials::rotate(app, &who, item, Zone::Test, Overlap::Usual).await.unwrap());
        assert_eq!(id, same);
        assert_ne!(first, second);
        let works = async || {
            let registered = office.registered().await;
            let dataset = &registered.datasets[&id.parse().unwrap()];
            dataset.secrets(office.now()).map(|s| s.expose().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(works().await, [second.clone(), first.clone()]);

        // The overlap ends by itself, and what is left of it is taken out.
        let week = Duration::from_secs(7 * 24 * 3600);
        let end = office.now().plus(week);
        office.until(mydata_domain::Time(end.0 - 1)).await;
        assert_eq!(works().await.len(), 2);
        office.until(end).await;
        assert_eq!(works().await, [second]);
        let registered = office.registered().await;
        assert!(registered.datasets[&id.parse().unwrap()].earlier.is_none());

        // A secret that leaked ends at once.
        office.pass(Duration::from_secs(1));
        let leaked = credentials::rotate(app, &who, item, Zone::Test, Overlap::None).await.unwrap();
        assert_eq!(works().await, [secret(&leaked).1]);
        let nothing = credentials::show(app, &who, item, Zone::Production).await;
        assert!(matches!(nothing, Err(crate::backoffice::flow::ActError::NoRecord)));

        let rows = app.store.db.fetch_all(
            "SELECT what, account_id, detail FROM audit_events WHERE what LIKE 'credentials%' ORDER BY at, id", &[]).await.unwrap();
        let what: Vec<String> = rows.iter().map(|row| row.get_text(0).unwrap()).collect();
        assert_eq!(what, [
            What::CredentialsShown, What::CredentialsRotated, What::CredentialsLapsed, What::CredentialsRotated,
        ].map(What::as_str));
        assert_eq!(rows[0].get_text(1).unwrap(), owner.id.to_string());
        assert!(rows.iter().all(|row| !row.get_text(2).unwrap().contains(&first)), "no secret on record");
    })
    .await;
}
