//! Organisations' own forms, and counter services.

use mydata_domain::calendar::day_of;
use mydata_domain::counter_service::CounterService;
use mydata_domain::forms::{Context, Fields, OrganisationForm};
use mydata_domain::item::Kind;

use super::*;
use crate::repo::items::{Filter, Sort, list, load};
use crate::repo::list::{List, Scope};
use crate::repo::organisations::{State, profile, save_profile, set_state};
use crate::repo::{counter_services, registry};
use crate::testing::on_both;

fn form() -> OrganisationForm {
    let fields = Fields::new()
        .with("name", "示範銀行股份有限公司")
        .with("kind", "private")
        .with("authority", "commission")
        .with("address", "臺北市示範區範例路 1 號")
        .with("applicant.account", "demo.lin")
        .with("applicant.name", "林示範")
        .with("applicant.phone", "02-2345-6789")
        .with("applicant.email", "lin@bank.example");
    let context = Context { authorities: vec![id("commission")], ..Context::bare(day_of(START)) };
    OrganisationForm::read(&fields, &context).unwrap()
}

#[tokio::test]
async fn a_competent_authority_sees_those_in_its_charge() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        let item = begin(&store, "bank", Kind::Service, "線上開戶", "民生消費/財務管理/開戶", START).await;
        begin(&store, "library", Kind::Dataset, "館藏", "教育", START).await;
        let charge = Scope::Authority(id("commission"));
        assert_eq!(load(&store.db, &charge, item.id).await.unwrap(), None);
        let (crypter, form) = (&store.crypter, &form());
        store
            .db
            .run_tx("p", async |tx| {
                save_profile(&tx, crypter, &id("bank"), State::InReview, form, later(3)).await
            })
            .await
            .unwrap();
        let seen = load(&store.db, &charge, item.id).await.unwrap().unwrap();
        assert_eq!((seen.authority, seen.updated_at), (Some(id("commission")), START));
        let all: List<Filter, Sort> = List::default();
        assert_eq!(list(&store.db, &charge, &all).await.unwrap().count, 1);
        let kept = profile(&store.db, crypter, &id("bank")).await.unwrap().unwrap();
        assert_eq!((&kept.form, kept.state), (form, State::InReview));
        store
            .db
            .run_tx("s", async |tx| set_state(&tx, &id("bank"), State::Active, later(4)).await)
            .await
            .unwrap();
        assert_eq!(profile(&store.db, crypter, &id("bank")).await.unwrap().unwrap().state, State::Active);
        assert_eq!(profile(&store.db, crypter, &id("library")).await.unwrap(), None);

        // A new name is found at once.
        let renamed = Registry {
            organisations: vec![organisation("bank", "範例銀行", OrganisationKind::Private)],
            ..Registry::default()
        };
        let renamed = &renamed;
        store
            .db
            .run_tx("r", async |tx| registry::apply(&tx, crypter, renamed, later(5)).await)
            .await
            .unwrap();
        let by_name = List { search: "範例銀".to_owned(), ..all };
        assert_eq!(
            list(&store.db, &Scope::All, &by_name).await.unwrap().rows[0].organisation_name,
            "範例銀行"
        );
    })
    .await;
}

#[tokio::test]
async fn counter_services_are_kept_and_the_revision_grows() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        let before = registry::revision(&store.db).await.unwrap();
        let service: CounterService = serde_json::from_value(serde_json::json!({
            "id": "11111111-1111-4111-8111-111111111111", "zone": "test", "organisation": "library", "name": "借書證",
            "name_en": "Library card", "description": "臨櫃辦理", "category": "教育/臨櫃/借書", "allowed_ips": ["163.22.21.0/28"],
            "cases": [{ "name": "新辦", "required": ["API.Kr1C3b1ijJ"], "take": "preview", "delegate": true }], "state": "listed",
        }))
        .unwrap();
        let service = &service;
        store.db.run_tx("put", async |tx| counter_services::put(&tx, service, START).await).await.unwrap();
        assert_eq!(counter_services::load(&store.db, service.id).await.unwrap().as_ref(), Some(service));
        assert_eq!(counter_services::all(&store.db).await.unwrap(), std::slice::from_ref(service));
        assert_eq!(registry::revision(&store.db).await.unwrap(), before + 1);
    })
    .await;
}

/// What a file says of a counter service, a pilot, a DP's addresses and earlier secrets is kept, listed and exported.
#[tokio::test]
async fn a_registry_file_is_kept_whole() {
    const FILE: &str = r#"{
        "version": 1,
        "dataset": [{
            "resource_id": "API.Kr1C3b1ijJ", "resource_secret": "lxLRIhDcR59kp2SG", "zone": "test", "organisation": "library",
            "earlier_resource_secret": "earlierSecret016", "earlier_until": "2026-11-28T00:00:00Z",
            "name": "示範借閱紀錄", "name_en": "Loans", "category": "教育", "weakest_verification": "NHI",
            "dp_api": "https://dp.library.example/", "dp_ips": ["163.22.21.64/32"], "pilot": ["163.22.22.0/24"], "state": "hidden"
        }],
        "service": [{
            "client_id": "CLI.qqOjnjO4WR", "client_secret": "demoBankSecret16", "cbc_iv": "demoBankCbcIv016",
            "api_key": "demo-new-key", "earlier_client_secret": "earlierSecret016", "earlier_api_key": "demo-old-key",
            "earlier_until": "2026-11-28T00:00:00Z", "zone": "test", "organisation": "library", "name": "示範", "name_en": "Demo",
            "purpose": "示範", "purpose_en": "Demo", "category": "綜合", "url": "https://sp.example/", "terms": "示範",
            "return_urls": ["https://sp.example/return"], "sp_api": "https://sp.example/notify", "allowed_ips": ["192.0.2.1/32"],
            "datasets": ["API.Kr1C3b1ijJ"], "state": "listed"
        }],
        "counter_service": [{
            "id": "11111111-1111-4111-8111-111111111111", "zone": "test", "organisation": "library", "name": "借書證",
            "name_en": "Library card", "description": "臨櫃辦理", "category": "教育/臨櫃/借書", "allowed_ips": ["163.22.21.0/28"],
            "cases": [{ "name": "新辦", "required": ["API.Kr1C3b1ijJ"], "take": "preview" }], "state": "listed"
        }]
    }"#;
    on_both(async |store: TestStore| {
        organisations(&store).await;
        let document: Registry = serde_json::from_str(FILE).unwrap();
        assert_eq!(document.check(|_| true, |_| None), Vec::<String>::new());
        let (crypter, file) = (&store.crypter, &document);
        let apply = async || {
            store.db.run_tx("r", async |tx| registry::apply(&tx, crypter, file, START).await).await.unwrap()
        };
        assert_eq!(apply().await.added.len(), 3);
        assert_eq!(apply().await.unchanged, 3);
        let exported = registry::export(&store.db, crypter).await.unwrap();
        assert!(exported.datasets == document.datasets && exported.services == document.services);
        assert_eq!(exported.counter_services, document.counter_services);
        let all: List<Filter, Sort> = List::default();
        let listed = list(&store.db, &Scope::Organisation(id("library")), &all).await.unwrap();
        let shown: Vec<_> = listed.rows.iter().map(|row| (row.kind, row.shown)).collect();
        assert_eq!(listed.count, 3);
        assert!(shown.contains(&(Kind::CounterService, true)) && shown.contains(&(Kind::Dataset, false)));
        let kept = registry::load(&store.db, crypter).await.unwrap();
        let dataset = &kept.datasets[&"API.Kr1C3b1ijJ".parse().unwrap()];
        assert_eq!(dataset.secrets(START).count(), 2);
        // A file that names a dataset nobody has, or chooses more than there are, does not hold together.
        let broken = FILE.replace(
            r#""required": ["API.Kr1C3b1ijJ"]"#,
            r#""choice": { "count": 2, "of": ["API.0000000000"] }"#,
        );
        let broken: Registry = serde_json::from_str(&broken).unwrap();
        assert_eq!(broken.check(|_| true, |_| None).len(), 2);
    })
    .await;
}
