//! A service of a non-public body, by way of its competent authority; what the clock does when its job is lost.

use mydata_domain::account::Role;
use mydata_domain::calendar::{Date, midnight};
use mydata_domain::filing::{FilingKind, ReviewStep};
use mydata_domain::forms::{Fields, Purpose};
use mydata_domain::item::{Act, Kind, Refused, StageName};
use mydata_domain::organisation::OrganisationKind;
use mydata_domain::service::ServiceState;
use mydata_store::repo::organisations::{self, State};
use mydata_store::repo::registry;

use super::{Office, by, filled, flow, on_both};
use crate::backoffice::flow::{ActError, clock};

fn day(year: i16, month: i8, day: i8) -> Date {
    Date::new(year, month, day).unwrap()
}

impl Office {
    /// A bank in the charge of the museum.
    async fn bank(&self) {
        let (crypter, now) = (&self.app.store.crypter, self.now());
        let fields = filled::organisation().with("kind", "private").with("authority", "museum");
        let context = mydata_domain::forms::Context {
            authorities: vec!["museum".parse().unwrap()],
            ..mydata_domain::forms::Context::bare(mydata_domain::calendar::day_of(now))
        };
        let form = &mydata_domain::forms::OrganisationForm::read(&fields, &context).unwrap();
        assert_eq!(form.kind, OrganisationKind::Private);
        let id = &"bank".parse().unwrap();
        self.app
            .store
            .db
            .run_tx("test", |tx| async move {
                let document = mydata_domain::registry::Registry {
                    organisations: vec![form.to_organisation("bank".parse().unwrap())],
                    ..Default::default()
                };
                registry::write(&tx, crypter, &document, now).await?;
                organisations::save_profile(&tx, crypter, id, State::Active, form, now).await
            })
            .await
            .unwrap();
    }
}

/// Shows R9, R89, R99.
#[tokio::test]
async fn a_service_of_a_non_public_body_passes_its_competent_authority() {
    on_both(async |office| {
        office.noon(day(2027, 12, 1));
        let people = office.people().await;
        office.bank().await;
        let app = &office.app;
        // It needs a dataset of each zone.
        let provider = office.account("library.one", Role::Applicant, Some("library")).await;
        let mut datasets = Vec::new();
        for _ in 0..2 {
            let filed = office.filed_dataset(&provider).await;
            office.approve(&people.operator, filed.filing.unwrap(), ReviewStep::Operator).await.unwrap();
            office
                .approve_with_letter(&people.ministry, filed.filing.unwrap(), ReviewStep::Ministry)
                .await
                .unwrap();
            datasets.push(office.item(filed.item).await.test_record.unwrap());
        }

        // The registry in memory may be a second old.
        office.pass(std::time::Duration::from_secs(2));
        let account = office.account("bank.one", Role::Applicant, Some("bank")).await;
        let who = by(&account);
        let draft = flow::begin_item(app, &who, Kind::Service, Fields::new()).await.unwrap();
        let fields = office.service_fields(&draft, &datasets[0]).await;
        let version = office.fill(&who, &draft, &fields).await;
        let filed = flow::file(app, &who, draft.id, version).await.unwrap();
        let (item, filing) = (filed.item, filed.filing.unwrap());
        assert_eq!(filed.number.unwrap().to_string(), "B1161201001");
        office.approve(&people.operator, filing, ReviewStep::Operator).await.unwrap();
        assert_eq!(office.stage(item).await, StageName::AuthorityReview);
        let without = office.approve(&people.authority, filing, ReviewStep::Authority).await;
        assert!(matches!(without, Err(ActError::Refused(Refused::LetterMissing))));
        office.approve_with_letter(&people.authority, filing, ReviewStep::Authority).await.unwrap();
        office.approve(&people.ministry, filing, ReviewStep::Ministry).await.unwrap();
        let record = office.item(item).await.test_record.unwrap();
        let registered = office.registered().await;
        let service = &registered.services[&record.parse().unwrap()];
        assert_eq!(service.service.state, ServiceState::Listed);
        assert!(service.secrets.api_key.as_ref().is_some_and(|key| key.len() == 32));

        // What production asks for must be registered there.
        let draft = flow::begin_form(app, &who, item, FilingKind::GoLive).await.unwrap();
        let fields = draft
            .fields
            .clone()
            .with("on", "117/02/29")
            .with("production.dataset[0]", &datasets[0])
            .with("pilot_ip[0]", "163.22.22.1")
            .with("checklist", office.upload(&draft, Purpose::Checklist).await);
        let version = office.fill(&who, &draft, &fields).await;
        let wrong = flow::file(app, &who, draft.id, version).await;
        let Err(ActError::Faults(faults)) = wrong else { panic!("{wrong:?}") };
        assert!(faults.iter().all(|f| f.path.starts_with("production.dataset")), "{faults:?}");

        // A test from 1 December ends with 29 February in a leap year, whether its job is there or not.
        office.app.store.db.execute("test", "DELETE FROM jobs WHERE kind = 'item-due'", &[]).await.unwrap();
        assert_eq!(office.alarms().await, 0);
        clock::sweep(app).await;
        assert_eq!(office.alarms().await, 3);
        office.until_noon(day(2028, 2, 29)).await;
        assert_eq!(office.stage(item).await, StageName::Testing);
        office.until(midnight(day(2028, 3, 2))).await;
        assert_eq!(office.stage(item).await, StageName::Delisted);
        assert_eq!(
            office.registered().await.services[&record.parse().unwrap()].service.state,
            ServiceState::Delisted
        );
        // A draft that was thrown away is gone.
        let draft = flow::begin_item(app, &who, Kind::CounterService, Fields::new()).await.unwrap();
        flow::act(app, &who, draft.item.unwrap(), Act::Discard).await.unwrap();
        assert!(office.draft(draft.id, &account).await.is_none());
    })
    .await;
}
