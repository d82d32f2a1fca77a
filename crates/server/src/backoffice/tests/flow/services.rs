//! Services and counter services beyond their test: go-live, pilot, listing, change; a certificate that is renewed.

use mydata_domain::Zone;
use mydata_domain::account::{Account, Role};
use mydata_domain::calendar::{Date, midnight};
use mydata_domain::dataset::DatasetState;
use mydata_domain::filing::{FilingKind, ReviewStep};
use mydata_domain::forms::{Fields, Purpose};
use mydata_domain::item::rule::MailKind;
use mydata_domain::item::{ItemId, Kind, StageName};
use mydata_domain::service::ServiceState;
use mydata_store::repo::counter_services;

use super::{Office, People, by, flow, on_both};

fn day(year: i16, month: i8, day: i8) -> Date {
    Date::new(year, month, day).unwrap()
}

/// 申請上線 of a service and of a counter service, 試辦報告, and the listing.
const GO_LIVE: &str = "116/03/31";

impl Office {
    /// Files a form about an item, with what `fill` makes of the draft.
    async fn hand_in(
        &self,
        owner: &Account,
        item: ItemId,
        kind: FilingKind,
        fill: impl AsyncFn(&mydata_store::repo::drafts::Draft) -> Fields,
    ) -> mydata_domain::filing::FilingId {
        let draft = flow::begin_form(&self.app, &by(owner), item, kind).await.unwrap();
        let fields = fill(&draft).await;
        let version = self.fill(&by(owner), &draft, &fields).await;
        let filed = flow::file(&self.app, &by(owner), draft.id, version).await;
        filed.unwrap_or_else(|error| panic!("{kind:?}: {error:?}")).filing.unwrap()
    }

    /// A dataset of the library in its pilot; gives the records of both zones.
    async fn dataset_in_pilot(&self, people: &People, owner: &Account) -> (String, String) {
        let filed = self.filed_dataset(owner).await;
        let item = filed.item;
        self.approve(&people.operator, filed.filing.unwrap(), ReviewStep::Operator).await.unwrap();
        self.approve_with_letter(&people.ministry, filed.filing.unwrap(), ReviewStep::Ministry)
            .await
            .unwrap();
        let go_live = async |draft: &_| self.go_live_fields(draft, "116/01/31").await;
        self.go_live(people, owner, item, go_live).await;
        let kept = self.item(item).await;
        (kept.test_record.unwrap(), kept.production_record.unwrap())
    }

    /// From the test to the pilot.
    async fn go_live(
        &self,
        people: &People,
        owner: &Account,
        item: ItemId,
        fill: impl AsyncFn(&mydata_store::repo::drafts::Draft) -> Fields,
    ) {
        let filing = self.hand_in(owner, item, FilingKind::GoLive, fill).await;
        self.approve(&people.operator, filing, ReviewStep::Operator).await.unwrap();
        flow::note_letter(&self.app, &by(&people.operator), filing, &self.letter()).await.unwrap();
        let approved = self.approve(&people.ministry, filing, ReviewStep::Ministry).await;
        approved.unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(self.stage(item).await, StageName::Piloting);
        self.pass(std::time::Duration::from_secs(2));
    }

    /// From the pilot to the listing.
    async fn report(&self, people: &People, owner: &Account, item: ItemId) {
        let filing = self
            .hand_in(owner, item, FilingKind::PilotReport, async |draft| self.report_fields(draft).await)
            .await;
        self.approve(&people.operator, filing, ReviewStep::Operator).await.unwrap();
        self.until(midnight(day(2027, 3, 31))).await;
        assert_eq!(self.stage(item).await, StageName::Listed);
    }
}

/// Shows R15, R16, R17, R33, R35, R53, R89, R94.
#[tokio::test]
async fn a_service_goes_live_with_the_datasets_of_production_and_is_changed_by_review() {
    on_both(async |office| {
        office.noon(day(2026, 12, 1));
        let people = office.people().await;
        let owner = office.account("library.one", Role::Applicant, Some("library")).await;
        let (test, production) = office.dataset_in_pilot(&people, &owner).await;
        let app = &office.app;

        let draft = flow::begin_item(app, &by(&owner), Kind::Service, Fields::new()).await.unwrap();
        let fields = office.service_fields(&draft, &test).await;
        let version = office.fill(&by(&owner), &draft, &fields).await;
        let filed = flow::file(app, &by(&owner), draft.id, version).await.unwrap();
        let (item, filing) = (filed.item, filed.filing.unwrap());
        office.approve(&people.operator, filing, ReviewStep::Operator).await.unwrap();
        office.approve_with_letter(&people.ministry, filing, ReviewStep::Ministry).await.unwrap();
        let go_live = async |draft: &mydata_store::repo::drafts::Draft| {
            assert_eq!(draft.fields.text("production.url"), "https://www.bank.example/loan");
            draft
                .fields
                .clone()
                .with("on", GO_LIVE)
                .with("production.url", "https://live.bank.example/loan")
                .with("production.dataset[0]", &production)
                .with("pilot_ip[0]", "163.22.22.0/24")
                .with("checklist", office.upload(draft, Purpose::Checklist).await)
        };
        office.go_live(&people, &owner, item, go_live).await;
        let kept = office.item(item).await;
        let (test_id, live_id) = (kept.test_record.unwrap(), kept.production_record.unwrap());
        let registered = office.registered().await;
        let (tried, live) = (
            &registered.services[&test_id.parse().unwrap()],
            &registered.services[&live_id.parse().unwrap()],
        );
        assert_eq!(live.service.zone, Zone::Production);
        assert_eq!(live.service.url.as_str(), "https://live.bank.example/loan");
        assert_eq!(live.service.datasets, [production.parse().unwrap()]);
        assert_eq!(tried.service.datasets, [test.parse().unwrap()], "the test goes on as it was");
        assert!(live.service.lets_in("163.22.22.9".parse().unwrap()));
        assert!(!live.service.lets_in("163.22.23.9".parse().unwrap()));
        assert_ne!(live.secrets.client_secret.expose(), tried.secrets.client_secret.expose());

        office.report(&people, &owner, item).await;
        let registered = office.registered().await;
        assert!(registered.services[&live_id.parse().unwrap()].service.pilot.is_none());
        assert_eq!(office.mails(MailKind::Listed).await.len(), 1);

        // A change is taken over when both reviews have passed, and begins with what holds in production.
        let change = async |draft: &mydata_store::repo::drafts::Draft| {
            assert_eq!(draft.fields.text("url"), "https://live.bank.example/loan");
            assert_eq!(draft.fields.text("dataset[0]"), production);
            draft.fields.clone().with("purpose", "審核示範信用貸款").with("ip[1]", "163.22.21.81")
        };
        let filing = office.hand_in(&owner, item, FilingKind::Change, change).await;
        office.approve(&people.operator, filing, ReviewStep::Operator).await.unwrap();
        let purpose =
            async || office.registered().await.services[&live_id.parse().unwrap()].service.purpose.clone();
        assert_eq!(purpose().await, "審核示範貸款");
        office.approve(&people.ministry, filing, ReviewStep::Ministry).await.unwrap();
        assert_eq!(purpose().await, "審核示範信用貸款");
        let registered = office.registered().await;
        let live = &registered.services[&live_id.parse().unwrap()].service;
        assert!(live.allowed_ips.permits("163.22.21.81".parse().unwrap()));
        assert_eq!(registered.services[&test_id.parse().unwrap()].service.purpose, "審核示範貸款");
    })
    .await;
}

/// Shows R24, R33, R53, R94.
#[tokio::test]
async fn a_counter_service_lives_to_its_listing_and_delisting() {
    on_both(async |office| {
        office.noon(day(2026, 12, 1));
        let people = office.people().await;
        let owner = office.account("library.one", Role::Applicant, Some("library")).await;
        let (test, production) = office.dataset_in_pilot(&people, &owner).await;
        let app = &office.app;
        let draft = flow::begin_item(app, &by(&owner), Kind::CounterService, Fields::new()).await.unwrap();
        let fields = Fields::new()
            .with("category", "財政金融/線上申請/貸款")
            .with("name", "示範臨櫃申辦")
            .with("description", "臨櫃申辦示範事項。")
            .with("ip[0]", "163.22.21.96/28")
            .with("case[0].name", "新申請")
            .with("case[0].required[0]", &test)
            .with("case[0].take", "both")
            .with("application", office.upload(&draft, Purpose::Application).await);
        let version = office.fill(&by(&owner), &draft, &fields).await;
        let filed = flow::file(app, &by(&owner), draft.id, version).await.unwrap_or_else(|e| panic!("{e:?}"));
        let (item, filing) = (filed.item, filed.filing.unwrap());
        assert!(filed.number.unwrap().to_string().starts_with('C'));
        office.approve(&people.operator, filing, ReviewStep::Operator).await.unwrap();
        office.approve_with_letter(&people.ministry, filing, ReviewStep::Ministry).await.unwrap();

        // Its cases are carried on without the datasets of the test, which are not there in production.
        let go_live = async |draft: &mydata_store::repo::drafts::Draft| {
            assert_eq!(draft.fields.text("production.case[0].name"), "新申請");
            assert_eq!(draft.fields.text("production.case[0].required[0]"), "");
            draft
                .fields
                .clone()
                .with("on", GO_LIVE)
                .with("production.case[0].required[0]", &production)
                .with("pilot_ip[0]", "163.22.22.0/24")
                .with("checklist", office.upload(draft, Purpose::Checklist).await)
        };
        let wrong = flow::begin_form(app, &by(&owner), item, FilingKind::GoLive).await.unwrap();
        let fields = go_live(&wrong).await.with("production.case[0].required[0]", &test);
        let version = office.fill(&by(&owner), &wrong, &fields).await;
        let refused = flow::file(app, &by(&owner), wrong.id, version).await;
        let Err(flow::ActError::Faults(faults)) = refused else { panic!("{refused:?}") };
        assert!(faults[0].path.starts_with("production.case[0].required"), "{faults:?}");
        let read_again = async |draft: &mydata_store::repo::drafts::Draft| {
            draft.fields.clone().with("production.case[0].required[0]", &production)
        };
        office.go_live(&people, &owner, item, read_again).await;
        let kept = office.item(item).await;
        let live = kept.production_record.clone().unwrap();
        let load =
            async || counter_services::load(&app.store.db, live.parse().unwrap()).await.unwrap().unwrap();
        let record = load().await;
        assert_eq!(record.cases[0].required, [production.parse().unwrap()]);
        assert!(record.pilot.is_some());
        office.report(&people, &owner, item).await;
        assert!(load().await.pilot.is_none(), "open to every counter");
        let why = "不再辦理".parse().unwrap();
        flow::act(app, &by(&owner), item, mydata_domain::item::Act::Delist(why)).await.unwrap();
        assert_eq!(load().await.state, ServiceState::Delisted);
    })
    .await;
}

/// The certificate ends and suspends the dataset; its owner registers a new one, and it is back. Shows R41.
#[tokio::test]
async fn a_renewed_certificate_ends_the_suspension() {
    on_both(async |office| {
        office.noon(day(2026, 12, 1));
        let people = office.people().await;
        let owner = office.account("library.one", Role::Applicant, Some("library")).await;
        let (app, who) = (&office.app, by(&owner));
        let draft = flow::begin_item(app, &who, Kind::Dataset, Fields::new()).await.unwrap();
        let first = office.certificate(day(2027, 1, 20));
        let fields = office.dataset_fields(&draft).await.with("certificate", first);
        let version = office.fill(&who, &draft, &fields).await;
        let filed = flow::file(app, &who, draft.id, version).await.unwrap();
        let (item, filing) = (filed.item, filed.filing.unwrap());
        office.approve(&people.operator, filing, ReviewStep::Operator).await.unwrap();
        office.approve_with_letter(&people.ministry, filing, ReviewStep::Ministry).await.unwrap();
        let record = office.item(item).await.test_record.unwrap();
        let state = async || office.registered().await.datasets[&record.parse().unwrap()].dataset.state;
        office.until_noon(day(2027, 1, 20)).await;
        assert_eq!(
            (office.stage(item).await, state().await),
            (StageName::Suspended, DatasetState::Suspended)
        );

        // Another organisation cannot, and one that has ended does not help.
        let stranger = office.account("museum.one", Role::Applicant, Some("museum")).await;
        let next = office.certificate(day(2028, 1, 20));
        let register =
            async |who, pem: &str| flow::certificates::register(app, who, item, Zone::Test, pem).await;
        let other = by(&stranger);
        assert!(matches!(register(&other, &next).await, Err(flow::ActError::Gone)));
        let ended = office.certificate(day(2027, 1, 19));
        assert!(matches!(register(&who, &ended).await, Err(flow::ActError::Certificate(..))));
        assert_eq!(office.stage(item).await, StageName::Suspended);

        let renewed = register(&who, &next).await.unwrap();
        assert_eq!(renewed.stage, StageName::Testing);
        assert_eq!(state().await, DatasetState::Listed);
        let registered = office.registered().await;
        let kept = registered.datasets[&record.parse().unwrap()].dataset.signer_certificate.clone();
        assert_eq!(kept.as_deref(), Some(next.trim()));
        assert_eq!(office.mails(MailKind::Resumed).await.len(), 1);
        assert_eq!(office.item(item).await.certificates.len(), 1, "the one that counts is watched");
        office.until_noon(day(2027, 2, 1)).await;
        assert_eq!(office.stage(item).await, StageName::Testing);
    })
    .await;
}
