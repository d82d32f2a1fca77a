//! What the operating side sets: categories, policies, windows, news, settings.

use mydata_domain::category::{Area, Category};
use mydata_domain::maintenance::{Schedule, Window, WindowId};
use mydata_domain::news::{Entry, NewsId, NewsKind, Topic};
use mydata_domain::policy_text::{PolicyKind, current};
use mydata_domain::settings::Settings;

use super::*;
use crate::repo::list::List;
use crate::repo::organisations::{self as profiles, State};
use crate::repo::policy_texts::Texts;
use crate::repo::{categories, maintenance, news, policy_texts, settings, system};
use crate::testing::on_both;

/// Shows R91: the trees are there from the beginning; a part is added, renamed and retired, and its path stays.
#[tokio::test]
async fn categories_are_there_and_change() {
    on_both(async |store: TestStore| {
        let tree = categories::all(&store.db).await.unwrap();
        assert_eq!(tree.offered(Area::Dataset).len(), 13);
        let offered = tree.offered(Area::Service);
        assert_eq!((offered.len(), offered[0].as_str()), (23, "社會福利/線上申請/生育津貼"));
        let before = system::revision(&store.db).await.unwrap();
        let first = tree.below(Area::Service, None).next().unwrap().clone();
        let parent = first.id;
        let add = async |name: &'static str| {
            let add = |tx| async move {
                categories::add(&tx, &SystemRandom, Area::Service, Some(parent), (name, "New"), START).await
            };
            store.db.run_tx("add", add).await
        };
        let id = add("新的").await.unwrap();
        assert!(matches!(add("新的").await, Err(crate::StoreError::Conflict { .. })));
        let tree = categories::all(&store.db).await.unwrap();
        assert_eq!(tree.path(id), "社會福利/新的");
        let renamed = Category { name: "改名".to_owned(), retired: true, ..tree.get(id).unwrap().clone() };
        let renamed = &renamed;
        let update = async || {
            store
                .db
                .run_tx("u", |tx| async move { categories::update(&tx, renamed, later(1)).await })
                .await
                .unwrap()
        };
        // Of two editors of one moment the second learns that it was too late.
        assert_eq!((update().await, update().await), (true, false));
        let tree = categories::all(&store.db).await.unwrap();
        assert_eq!(tree.label(Area::Service, "社會福利/新的", false), "社會福利/改名");
        assert!(system::revision(&store.db).await.unwrap() > before);
    })
    .await;
}

/// A registry file's category that the tree lacks is added to it, once.
#[tokio::test]
async fn a_registry_file_brings_its_categories() {
    on_both(async |store: TestStore| {
        let ensure = async || {
            let paths = [
                (Area::Service, "社會福利/到府服務/餐食"),
                (Area::Service, "社會福利/到府服務/清潔"),
                (Area::Dataset, "教育"),
                (Area::Service, ""),
            ];
            let ensure = |tx| async move { categories::ensure(&tx, &SystemRandom, paths, START).await };
            store.db.run_tx("ensure", ensure).await.unwrap();
            categories::all(&store.db).await.unwrap()
        };
        let tree = ensure().await;
        assert!(tree.offered(Area::Service).contains(&"社會福利/到府服務/清潔".to_owned()));
        assert_eq!(tree, ensure().await);
        assert_eq!(tree.offered(Area::Dataset).len(), 13);
    })
    .await;
}

/// Shows R20: a version is written, published once, and never changes again.
#[tokio::test]
async fn a_published_policy_never_changes() {
    on_both(async |store: TestStore| {
        let db = &store.db;
        let kind = PolicyKind::Privacy;
        let all = policy_texts::versions(db).await.unwrap();
        assert_eq!(current(&all, kind, START).map(|v| v.number), Some(1));
        let first = policy_texts::texts(db, kind, 1).await.unwrap().unwrap();
        assert!(first.zh.starts_with("# 一、") && first.en.contains("{mailbox}"));
        let texts = &Texts { zh: "# 新\n\n𠮷 <script>".to_owned(), en: "# New".to_owned() };
        let begin = async || {
            db.run_tx("b", |tx| async move { policy_texts::begin(&tx, kind, texts, START).await })
                .await
                .unwrap()
        };
        assert_eq!((begin().await, begin().await), (2, 2), "one draft at a time");
        let save = async |edit| {
            db.run_tx(
                "s",
                |tx| async move { policy_texts::save(&tx, (kind, 2, edit), texts, later(1)).await },
            )
            .await
            .unwrap()
        };
        assert_eq!((save(1).await, save(1).await), (true, false));
        let publish = async |edit| {
            db.run_tx("p", |tx| async move {
                policy_texts::publish(&tx, (kind, 2, edit), later(60), true, account(1), later(2)).await
            })
            .await
            .unwrap()
        };
        assert!(!publish(1).await, "not what the page showed");
        assert!(publish(2).await && !publish(2).await && !save(2).await);
        let discard = |tx| async move { policy_texts::discard(&tx, kind, 2).await };
        assert!(!db.run_tx("d", discard).await.unwrap());
        let all = system::load(db, START).await.unwrap().policies;
        assert_eq!(current(&all, kind, later(59)).map(|v| v.number), Some(1));
        assert_eq!(current(&all, kind, later(60)).map(|v| v.number), Some(2));
        assert_eq!(policy_texts::texts(db, kind, 2).await.unwrap().as_ref(), Some(texts));
    })
    .await;
}

#[tokio::test]
async fn windows_are_kept_until_they_are_over() {
    on_both(async |store: TestStore| {
        let db = &store.db;
        let window = |schedule, dataset: Option<&str>| Window {
            id: WindowId::generate(&SystemRandom),
            dataset: dataset.map(|id| id.parse().unwrap()),
            schedule,
            note: "換機器".to_owned(),
            note_en: "New machines".to_owned(),
            announced_days: 3,
            version: 1,
        };
        let once = &window(Schedule::Once { from: later(10), until: later(20) }, None);
        let weekly =
            Schedule::Weekly { weekday: 7, from: "23:00".parse().unwrap(), until: "02:00".parse().unwrap() };
        let weekly = &window(weekly, Some("API.Kr1C3b1ijJ"));
        db.run_tx("a", |tx| async move {
            maintenance::add(&tx, once, START).await?;
            maintenance::add(&tx, weekly, later(1)).await
        })
        .await
        .unwrap();
        let live = async |now| maintenance::live(db, now).await.unwrap().len();
        assert_eq!((live(later(19)).await, live(later(20)).await), (2, 1));
        let all: List<(), maintenance::Sort> = List::default();
        assert_eq!(maintenance::list(db, &all).await.unwrap().rows, [weekly.clone(), once.clone()]);
        let changed = &Window { announced_days: 7, ..once.clone() };
        let update = async || {
            db.run_tx("u", |tx| async move { maintenance::update(&tx, changed, later(2)).await })
                .await
                .unwrap()
        };
        assert_eq!((update().await, update().await), (true, false));
        let kept = maintenance::load(db, once.id).await.unwrap().unwrap();
        assert_eq!((kept.announced_days, kept.version), (7, 2));
        let remove = async || {
            db.run_tx("r", |tx| async move { maintenance::remove(&tx, once.id).await }).await.unwrap()
        };
        assert_eq!((remove().await, remove().await), (true, false));
    })
    .await;
}

#[tokio::test]
async fn what_is_public_is_listed_in_its_order() {
    on_both(async |store: TestStore| {
        let db = &store.db;
        let entry = |title: &str, kind, from: Option<i64>, until: Option<i64>, place| Entry {
            id: NewsId::generate(&SystemRandom),
            kind,
            topic: (kind == NewsKind::Faq).then_some(Topic::Counter),
            title: title.to_owned(),
            title_en: String::new(),
            text: "內容".to_owned(),
            text_en: String::new(),
            from: from.map(later),
            until: until.map(later),
            place,
            updated_at: START,
            version: 1,
        };
        let entries = &[
            entry("舊", NewsKind::News, Some(1), None, 0),
            entry("新", NewsKind::News, Some(5), Some(9), 0),
            entry("草稿", NewsKind::News, None, None, 0),
            entry("未到", NewsKind::News, Some(50), None, 0),
            entry("第二題", NewsKind::Faq, Some(1), None, 2),
            entry("第一題", NewsKind::Faq, Some(3), None, 1),
        ];
        db.run_tx("a", |tx| async move {
            for entry in entries {
                news::add(&tx, entry, START).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
        let titles = async |kind, now| {
            let all = news::public(db, kind, now, 100, 0).await.unwrap();
            all.into_iter().map(|e| e.title).collect::<Vec<_>>()
        };
        assert_eq!(titles(NewsKind::News, later(6)).await, ["新", "舊"]);
        assert_eq!(titles(NewsKind::News, later(9)).await, ["舊"]);
        assert_eq!(titles(NewsKind::Faq, later(6)).await, ["第一題", "第二題"]);
        assert_eq!(news::public(db, NewsKind::News, later(6), 1, 0).await.unwrap()[0].title, "新");
        assert_eq!(news::public(db, NewsKind::News, later(6), 9, 1).await.unwrap()[0].title, "舊");
        assert_eq!(news::load(db, entries[5].id).await.unwrap().unwrap().topic, Some(Topic::Counter));
        let all = List { filter: Some(NewsKind::News), ..List::default() };
        assert_eq!(news::list(db, &all).await.unwrap().count, 4);
        let changed = &Entry { title: "改".to_owned(), ..entries[0].clone() };
        let update = async || {
            db.run_tx("u", |tx| async move { news::update(&tx, changed, later(2)).await }).await.unwrap()
        };
        assert_eq!((update().await, update().await), (true, false));
        assert_eq!(news::load(db, changed.id).await.unwrap().unwrap().title, "改");
        let gone = |tx| async move { news::remove(&tx, changed.id).await };
        assert!(db.run_tx("r", gone).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn settings_are_one_row_with_a_version() {
    on_both(async |store: TestStore| {
        let db = &store.db;
        assert_eq!(settings::load(db).await.unwrap(), (Settings::default(), 0));
        let set = &Settings { free_mail: vec!["free.example".to_owned()], ..Settings::default() };
        let save = async |version| {
            db.run_tx("s", |tx| async move { settings::save(&tx, set, version, START).await }).await.unwrap()
        };
        assert_eq!((save(0).await, save(0).await, save(1).await, save(1).await), (true, false, true, false));
        assert_eq!(settings::load(db).await.unwrap(), (set.clone(), 2));
        assert_eq!(system::load(db, START).await.unwrap().settings, *set);
    })
    .await;
}

#[tokio::test]
async fn organisations_are_listed_and_found() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        let found = async |search: &str, filter: Option<State>| {
            let list = List { search: search.to_owned(), filter, descending: false, ..List::default() };
            let page = profiles::list(&store.db, &list).await.unwrap();
            page.rows.into_iter().map(|o| o.organisation.id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found("", None).await.len(), 3);
        assert_eq!(found("圖書", None).await, ["library"]);
        assert_eq!(found("示範 BANK", None).await, ["bank"]);
        assert!(found("%", None).await.is_empty() && found("", Some(State::Active)).await.is_empty());
    })
    .await;
}
