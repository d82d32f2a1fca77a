//! Filings, their numbers and the decisions on them.

use std::collections::BTreeSet;

use mydata_domain::calendar::day_of;
use mydata_domain::filing::{Comment, Decision, OfficialLetter, Review};
use mydata_domain::item::{ItemId, Kind};

use super::*;
use crate::repo::filings::{self, Filter, Sort};
use crate::repo::list::{List, Scope};
use crate::testing::on_both;
use crate::{StoreError, args};

async fn keep(store: &TestStore, kept: &Kept, filing: &Filing) -> Result<(), StoreError> {
    let about = &filings::About {
        item_kind: Some(kept.kind),
        item_name: &kept.name,
        organisation_name: &kept.organisation_name,
        authority: kept.authority.as_ref(),
    };
    let crypter = &store.crypter;
    store.db.run_tx("file", async |tx| filings::insert(&tx, crypter, filing, about).await).await
}

/// Shows R56.
#[tokio::test]
async fn numbers_of_one_day_are_given_once_each() {
    on_both(async |store: TestStore| {
        let day = day_of(START);
        let take = async |keep: bool| {
            let taken = store
                .db
                .run_tx_as(crate::Isolation::ReadCommitted, "number", async |tx| {
                    let counter = filings::next_counter(&tx, Letter::A, day).await?;
                    tokio::task::yield_now().await;
                    if keep { Ok(counter) } else { Err(StoreError::NotFound) }
                })
                .await;
            taken.ok()
        };
        let taken = futures_util::future::join_all((0..24).map(|n| take(n % 4 != 0))).await;
        let numbers: BTreeSet<u16> = taken.into_iter().flatten().collect();
        // What was taken back was given again: no gap, no number twice.
        assert_eq!(numbers, (1..=18).collect());
        let other = store.db.run_tx("n", async |tx| filings::next_counter(&tx, Letter::B, day).await).await;
        assert_eq!(other.unwrap(), 1);
        let tomorrow = day_of(later(86_400));
        let other =
            store.db.run_tx("n", async |tx| filings::next_counter(&tx, Letter::A, tomorrow).await).await;
        assert_eq!(other.unwrap(), 1);
    })
    .await;
}

/// Shows R54, R55.
#[tokio::test]
async fn a_filing_is_kept_reviewed_and_listed() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        let kept = begin(&store, "library", Kind::Dataset, "館藏資料", "教育", START).await;
        let first = filing(&kept, 1, START);
        keep(&store, &kept, &first).await.unwrap();
        let crypter = &store.crypter;
        let read = filings::load(&store.db, crypter, &Scope::All, first.id).await.unwrap();
        assert_eq!(read.as_ref(), Some(&first));
        // What it says is not readable in the table.
        let row = store.db.fetch_one("SELECT content FROM filings", args![]).await.unwrap();
        let sealed = row.get_blob(0).unwrap();
        assert!(!sealed.windows("林示範".len()).any(|w| w == "林示範".as_bytes()));
        // Nobody else's organisation reads it, and a number is given once.
        let bank = Scope::Organisation(id("bank"));
        assert_eq!(filings::load(&store.db, crypter, &bank, first.id).await.unwrap(), None);
        let twice = filing(&kept, 1, later(1));
        assert!(matches!(keep(&store, &kept, &twice).await, Err(StoreError::Conflict { .. })));

        let letter = OfficialLetter::new("示範字第1150000001號", day_of(START)).unwrap();
        let comment = Comment { field: "parameter[2].key".to_owned(), text: "請補正".parse().unwrap() };
        let reviews = [
            Review {
                step: ReviewStep::Operator,
                decision: Decision::Approved,
                reason: None,
                comments: vec![],
                reviewer: account(2),
                at: later(5),
                letter: Some(letter),
            },
            Review {
                step: ReviewStep::Ministry,
                decision: Decision::Refused,
                reason: Some("說明不足".parse().unwrap()),
                comments: vec![comment],
                reviewer: account(3),
                at: later(6),
                letter: None,
            },
        ];
        let reviews = &reviews;
        store
            .db
            .run_tx("decide", async |tx| {
                for review in reviews {
                    filings::decide(&tx, first.id, review).await?;
                }
                filings::move_on(&tx, first.id, FilingState::Refused, None, later(6)).await
            })
            .await
            .unwrap();
        assert_eq!(filings::reviews(&store.db, first.id).await.unwrap(), reviews);

        let mut second = filing(&kept, 1, later(7));
        second.number = first.number.refiled();
        second.mends = Some(first.id);
        keep(&store, &kept, &second).await.unwrap();
        let all: List<Filter, Sort> = List::default();
        let page = filings::list(&store.db, &Scope::Organisation(id("library")), &all).await.unwrap();
        let shown: Vec<_> =
            page.rows.iter().map(|r| (r.number.to_string(), r.state.printed(), r.step)).collect();
        assert_eq!(
            shown,
            [
                (second.number.to_string(), "審核中", Some(ReviewStep::Operator)),
                (first.number.to_string(), "未通過", None)
            ]
        );
        assert_eq!(filings::list(&store.db, &bank, &all).await.unwrap().count, 0);
        let waiting = Filter {
            step: Some(ReviewStep::Operator),
            state: Some(FilingState::InReview),
            ..Filter::default()
        };
        let page =
            filings::list(&store.db, &Scope::All, &List { filter: waiting, ..all.clone() }).await.unwrap();
        assert_eq!(page.rows.len(), 1);
        let by_words = List { search: "圖書館 藏資".to_owned(), ..all.clone() };
        assert_eq!(filings::list(&store.db, &Scope::All, &by_words).await.unwrap().count, 2);
        let by_number = List { search: second.number.to_string().to_lowercase(), ..all };
        assert_eq!(filings::list(&store.db, &Scope::All, &by_number).await.unwrap().count, 1);
        assert_eq!(filings::of_item(&store.db, &Scope::All, kept.id).await.unwrap().len(), 2);
        let last =
            filings::last_of_account(&store.db, crypter, account(1), FilingKind::NewItem).await.unwrap();
        assert_eq!(last.map(|f| f.id), Some(second.id));

        let approved = async |item: ItemId| {
            store
                .db
                .run_tx("approved", async |tx| {
                    filings::approved(&tx, crypter, item, &[FilingKind::NewItem]).await
                })
                .await
                .unwrap()
        };
        assert_eq!(approved(kept.id).await, None);
        let to = FilingState::Approved;
        store
            .db
            .run_tx("on", async |tx| filings::move_on(&tx, second.id, to, None, later(9)).await)
            .await
            .unwrap();
        assert_eq!(approved(kept.id).await.map(|f| (f.id, f.closed_at)), Some((second.id, Some(later(9)))));
    })
    .await;
}
