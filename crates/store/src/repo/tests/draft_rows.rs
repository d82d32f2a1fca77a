//! Drafts and uploads.

use mydata_domain::forms::{DraftId, Fields, FormKind, Purpose};
use mydata_domain::item::Kind;

use super::*;
use crate::repo::drafts::{self, Draft, Owner, Saved};
use crate::repo::list::Scope;
use crate::repo::{transactions, uploads};
use crate::testing::on_both;
use crate::{StoreError, args};

async fn draft(
    store: &TestStore,
    organisation: Option<&str>,
    item: Option<&Kept>,
) -> Result<Draft, StoreError> {
    let organisation = organisation.map(id);
    let fields = Fields::new().with("name", "林示範");
    let new = drafts::New {
        form: FormKind::Dataset,
        account: account(1),
        organisation: organisation.as_ref(),
        item: item.map(|i| i.id),
        fields,
    };
    let new = &new;
    let crypter = &store.crypter;
    store
        .db
        .run_tx("draft", async |tx| drafts::begin(&tx, crypter, &SystemRandom, new.clone(), START).await)
        .await
}

async fn save(store: &TestStore, owner: &Owner, id: DraftId, version: i64, name: &str) -> Saved {
    let fields = &Fields::new().with("name", name);
    let crypter = &store.crypter;
    store
        .db
        .run_tx("save", async |tx| {
            drafts::save(&tx, crypter, owner, (id, version), (fields, account(2)), later(9)).await
        })
        .await
        .unwrap()
}

#[tokio::test]
async fn an_old_page_overwrites_nothing() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        let own = Owner::Organisation(id("library"));
        let begun = draft(&store, Some("library"), None).await.unwrap();
        let crypter = &store.crypter;
        assert_eq!(drafts::load(&store.db, crypter, &own, begun.id).await.unwrap().as_ref(), Some(&begun));
        let sealed =
            store.db.fetch_one("SELECT fields FROM drafts", args![]).await.unwrap().get_blob(0).unwrap();
        assert!(!sealed.windows("林示範".len()).any(|w| w == "林示範".as_bytes()));

        assert_eq!(save(&store, &own, begun.id, 1, "甲").await, Saved::As(2));
        assert_eq!(save(&store, &own, begun.id, 1, "乙").await, Saved::Stale(2));
        let (a, b) =
            tokio::join!(save(&store, &own, begun.id, 2, "丙"), save(&store, &own, begun.id, 2, "丁"));
        assert!(
            matches!((a, b), (Saved::As(3), Saved::Stale(3)) | (Saved::Stale(3), Saved::As(3))),
            "{a:?} {b:?}"
        );
        let now = drafts::load(&store.db, crypter, &own, begun.id).await.unwrap().unwrap();
        assert!(["丙", "丁"].contains(&now.fields.text("name")));
        assert_eq!((now.account, now.updated_at, now.version), (account(2), later(9), 3));

        for other in [Owner::Organisation(id("bank")), Owner::Account(account(1))] {
            assert_eq!(drafts::load(&store.db, crypter, &other, begun.id).await.unwrap(), None);
            assert_eq!(save(&store, &other, begun.id, 3, "戊").await, Saved::Gone);
            let deleted = store.db.run_tx("d", async |tx| drafts::delete(&tx, &other, begun.id).await).await;
            assert!(!deleted.unwrap());
            assert!(drafts::of_owner(&store.db, crypter, &other).await.unwrap().is_empty());
        }
        assert_eq!(drafts::of_owner(&store.db, crypter, &own).await.unwrap().len(), 1);
        assert!(store.db.run_tx("d", async |tx| drafts::delete(&tx, &own, begun.id).await).await.unwrap());
        assert_eq!(save(&store, &own, begun.id, 3, "己").await, Saved::Gone);
    })
    .await;
}

#[tokio::test]
async fn an_item_has_one_draft_of_a_form() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        let item = begin(&store, "library", Kind::Dataset, "館藏", "教育", START).await;
        let first = draft(&store, Some("library"), Some(&item)).await.unwrap();
        assert!(matches!(
            draft(&store, Some("library"), Some(&item)).await,
            Err(StoreError::Conflict { .. })
        ));
        let own = Owner::Organisation(id("library"));
        let found =
            drafts::of_item(&store.db, &store.crypter, &own, item.id, FormKind::Dataset).await.unwrap();
        assert_eq!(found.map(|d| d.id), Some(first.id));
        let other = Owner::Organisation(id("bank"));
        let found =
            drafts::of_item(&store.db, &store.crypter, &other, item.id, FormKind::Dataset).await.unwrap();
        assert_eq!(found, None);
    })
    .await;
}

#[tokio::test]
async fn uploads_have_versions_belong_to_somebody_and_keep_their_blobs() {
    on_both(async |store: TestStore| {
        organisations(&store).await;
        let begun = draft(&store, None, None).await.unwrap();
        let add = async |purpose: Purpose, content: &[u8]| {
            let mut writer = store.blobs.create();
            writer.write(content).await.unwrap();
            let blob = writer.finish().await.unwrap();
            let new = &uploads::New {
                draft: Some(begun.id),
                item: None,
                organisation: None,
                account: account(1),
                purpose,
                name: "說明.pdf",
                media_type: "application/pdf",
                bytes: blob.len,
                sha256: "0f",
                blob: &blob.id,
            };
            store
                .db
                .run_tx("add", async |tx| uploads::add(&tx, &SystemRandom, new, later(1)).await)
                .await
                .unwrap()
        };
        let first = add(Purpose::Specification, b"one").await;
        let second = add(Purpose::Specification, b"two").await;
        let other = add(Purpose::ApiDocument, b"{}").await;
        assert_eq!([first.version, second.version, other.version], [1, 2, 1]);
        let mine = Owner::Account(account(1));
        let shown = uploads::of_draft(&store.db, &mine, begun.id).await.unwrap();
        assert_eq!(shown.iter().map(|u| u.id).collect::<Vec<_>>(), [other.id, second.id, first.id]);
        let theirs = uploads::of_draft(&store.db, &Owner::Account(account(2)), begun.id).await.unwrap();
        assert!(theirs.is_empty());

        // The sweeper leaves them alone.
        let named =
            transactions::referred(&store.db, vec![first.blob.clone(), second.blob.clone()]).await.unwrap();
        assert_eq!(named.len(), 2);

        // Filed: they are the item's, and stay when the draft goes.
        let item = begin(&store, "library", Kind::Dataset, "館藏", "教育", START).await;
        store
            .db
            .run_tx("adopt", async |tx| {
                uploads::adopt(&tx, begun.id, item.id, &id("library")).await?;
                drafts::delete(&tx, &mine, begun.id).await
            })
            .await
            .unwrap();
        let library = Scope::Organisation(id("library"));
        assert_eq!(uploads::of_item(&store.db, &library, item.id).await.unwrap().len(), 3);
        let kept = uploads::load(&store.db, &library, second.id).await.unwrap().unwrap();
        assert_eq!((kept.item, kept.blob), (Some(item.id), second.blob));
        for scope in [Scope::Organisation(id("bank")), Scope::Authority(id("commission"))] {
            assert_eq!(uploads::load(&store.db, &scope, second.id).await.unwrap(), None);
            assert!(uploads::of_item(&store.db, &scope, item.id).await.unwrap().is_empty());
        }

        // A draft that is thrown away takes its uploads along, and the sweeper their blobs.
        let begun = draft(&store, Some("bank"), None).await.unwrap();
        let own = Owner::Organisation(id("bank"));
        let blob = store.blobs.create().finish().await.unwrap().id;
        let bank = id("bank");
        let new = &uploads::New {
            draft: Some(begun.id),
            item: None,
            organisation: Some(&bank),
            account: account(4),
            purpose: Purpose::TestData,
            name: "x",
            media_type: "text/csv",
            bytes: 0,
            sha256: "0f",
            blob: &blob,
        };
        store
            .db
            .run_tx("add", async |tx| uploads::add(&tx, &SystemRandom, new, later(1)).await)
            .await
            .unwrap();
        store.db.run_tx("d", async |tx| drafts::delete(&tx, &own, begun.id).await).await.unwrap();
        assert!(transactions::referred(&store.db, vec![blob]).await.unwrap().is_empty());
    })
    .await;
}
