//! Lists: search, filters, sorting, paging, and what they cost.

use mydata_domain::Zone;
use mydata_domain::item::{Kind, StageName};

use super::*;
use crate::db::count_statements;
use crate::repo::items::{Filter, Sort, list};
use crate::repo::list::{List, MAX_PAGE, Scope};
use crate::testing::on_both;

fn searching(words: &str) -> List<Filter, Sort> {
    List { search: words.to_owned(), size: 100, sort: Sort::Name, descending: false, ..List::default() }
}

async fn names(store: &TestStore, list_: &List<Filter, Sort>) -> Vec<String> {
    list(&store.db, &Scope::All, list_).await.unwrap().rows.into_iter().map(|r| r.name).collect()
}

#[tokio::test]
async fn any_part_of_a_name_finds_it() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        for name in [
            "臺北市生育津貼",
            "台北市育兒津貼",
            "高雄市生育獎勵",
            "𠮷野家會員資料",
            "Demo 100%_折扣",
            "ＡＢＣ資料",
        ] {
            begin(&store, "library", Kind::Service, name, "社會福利/線上申請", START).await;
        }
        for (words, found) in [
            ("生育", vec!["臺北市生育津貼", "高雄市生育獎勵"]),
            ("台北", vec!["台北市育兒津貼", "臺北市生育津貼"]),
            ("臺北 生育", vec!["臺北市生育津貼"]),
            ("津貼 高雄", vec![]),
            ("育", vec!["台北市育兒津貼", "臺北市生育津貼", "高雄市生育獎勵"]),
            ("𠮷野", vec!["𠮷野家會員資料"]),
            ("100%_折", vec!["Demo 100%_折扣"]),
            ("demo", vec!["Demo 100%_折扣"]),
            ("abc資", vec!["ＡＢＣ資料"]),
            ("市_育", vec![]),
            ("%", vec!["Demo 100%_折扣"]),
            ("\\", vec![]),
            ("'; DROP TABLE items", vec![]),
            ("圖書館 獎勵", vec!["高雄市生育獎勵"]),
        ] {
            let mut got = names(&store, &searching(words)).await;
            got.sort();
            let mut found: Vec<String> = found.into_iter().map(ToOwned::to_owned).collect();
            found.sort();
            assert_eq!(got, found, "{words}");
        }
        // Found by its new name, no longer by the old one.
        let page = list(&store.db, &Scope::All, &searching("高雄")).await.unwrap();
        let item = page.rows[0].id;
        store
            .db
            .run_tx("rename", async |tx| {
                let mut kept = items::load_for_update(&tx, &Scope::All, item).await?.expect("it is there");
                kept.name = "屏東縣獎勵".to_owned();
                kept.save(&tx, later(1), None).await
            })
            .await
            .unwrap();
        assert_eq!(names(&store, &searching("高雄")).await.len(), 0);
        assert_eq!(names(&store, &searching("東縣")).await, ["屏東縣獎勵"]);
    })
    .await;
}

#[tokio::test]
async fn pages_are_sorted_counted_and_bounded() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        for n in 0..23 {
            let (who, kind) = if n % 2 == 0 { ("library", Kind::Dataset) } else { ("bank", Kind::Service) };
            begin(&store, who, kind, &format!("項目{n:02}"), if n < 5 { "教育" } else { "交通" }, later(n))
                .await;
        }
        let base: List<Filter, Sort> = List::default();
        let page = list(&store.db, &Scope::All, &base).await.unwrap();
        assert_eq!((page.rows.len(), page.count, page.more, page.pages()), (10, 23, false, 3));
        assert_eq!(page.rows[0].name, "項目22");
        let last = list(&store.db, &Scope::All, &List { page: 99, ..base.clone() }).await.unwrap();
        assert_eq!((last.page, last.rows.len()), (3, 3));
        let first = list(&store.db, &Scope::All, &List { page: 0, size: 0, ..base.clone() }).await.unwrap();
        assert_eq!((first.page, first.rows.len()), (1, 1));
        let wide = list(&store.db, &Scope::All, &List { size: 5_000, ..base.clone() }).await.unwrap();
        assert_eq!(wide.size, MAX_PAGE);
        let by_name = List { sort: Sort::Name, descending: false, ..base.clone() };
        assert_eq!(names(&store, &by_name).await[..2], ["項目00", "項目01"]);
        let by_organisation = List { sort: Sort::Organisation, descending: false, ..base.clone() };
        let page = list(&store.db, &Scope::All, &by_organisation).await.unwrap();
        assert!(page.rows.is_sorted_by(|a, b| a.organisation_name <= b.organisation_name));
        let filter = Filter {
            kind: Some(Kind::Dataset),
            stages: vec![StageName::Draft, StageName::Testing],
            zone: Some(Zone::Test),
            category: Some("教育".to_owned()),
            organisation: Some(id("library")),
        };
        assert_eq!(list(&store.db, &Scope::All, &List { filter, ..base.clone() }).await.unwrap().count, 3);
        let none = Filter { stages: vec![StageName::Listed], ..Filter::default() };
        let none = list(&store.db, &Scope::All, &List { filter: none, ..base }).await.unwrap();
        assert_eq!((none.count, none.page, none.pages()), (0, 1, 1));
    })
    .await;
}

#[tokio::test]
async fn a_page_costs_two_statements_and_three_with_a_search() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        for n in 0..30 {
            begin(&store, "library", Kind::Dataset, &format!("示範資料集{n}"), "教育", later(n)).await;
        }
        for (list_, statements) in [(List::default(), 2), (searching("示範資料集 2"), 3), (searching("2"), 2)]
        {
            let (page, sent) = count_statements(list(&store.db, &Scope::All, &list_)).await;
            assert!(page.unwrap().count > 0);
            assert_eq!(sent, statements);
        }
    })
    .await;
}
