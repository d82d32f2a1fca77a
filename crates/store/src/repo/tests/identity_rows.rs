//! Attempts to prove who one is, and cards, on both engines.

use mydata_domain::Time;

use super::super::identity_attempts::{
    Kept, begin, end, index, load, load_in, prove, redeem, save, sweep, uses_card,
};
use crate::testing::{START, TestStore, on_both};

fn later(seconds: i64) -> Time {
    Time(START.0 + seconds * 1_000)
}

async fn begun(store: &TestStore, ticket: &str) -> Kept<String> {
    let private = &"王小明".to_owned();
    let begin = async |tx| begin(&tx, &store.crypter, ticket, private, later(600)).await;
    store.db.run_tx("begin", begin).await.unwrap();
    let id = index(&store.crypter, ticket);
    load(&store.db, &store.crypter, &id, START).await.unwrap().unwrap()
}

#[tokio::test]
async fn an_attempt_is_written_by_one_at_a_time_and_redeemed_once() {
    on_both(async |store| {
        let mut kept = begun(&store, "t").await;
        assert!(kept.browser.is_none() && kept.private == "王小明");
        let stale = kept.clone();
        kept.browser = Some("b".to_owned());
        let write = async |kept: &Kept<String>| {
            store.db.run_tx("save", async |tx| save(&tx, &store.crypter, kept).await).await.unwrap()
        };
        assert!(write(&kept).await);
        assert!(!write(&stale).await, "somebody else wrote first");
        let id = kept.id.as_str();
        let look = async |now| {
            let look = async |tx| load_in::<String>(&tx, &store.crypter, id, now).await;
            store.db.run_tx("look", look).await.unwrap()
        };
        let kept = look(START).await.unwrap();
        assert_eq!(kept.browser.as_deref(), Some("b"));
        assert!(look(later(600)).await.is_none(), "it is over");

        let proves = async |kept: &Kept<String>| {
            let prove = async |tx| prove(&tx, &store.crypter, kept, ("c", later(60))).await;
            store.db.run_tx("prove", prove).await.unwrap()
        };
        assert!(proves(&kept).await);
        assert!(!proves(&kept).await);
        assert!(look(START).await.is_none(), "it goes on no longer");
        let redeems = async |ticket: &str, code: &str, now| {
            let redeem = async |tx| redeem::<String>(&tx, &store.crypter, (ticket, code), now).await;
            store.db.run_tx("redeem", redeem).await.unwrap()
        };
        assert_eq!(redeems("t", "x", START).await, None, "another code");
        assert_eq!(redeems("u", "c", START).await, None, "another attempt's");
        assert_eq!(redeems("t", "c", START).await.as_deref(), Some("王小明"));
        assert_eq!(redeems("t", "c", START).await, None, "once");

        let late = begun(&store, "late").await;
        assert!(proves(&late).await);
        assert_eq!(redeems("late", "c", later(60)).await, None, "too late");
    })
    .await;
}

#[tokio::test]
async fn what_is_over_is_removed_and_a_card_is_its_first_users() {
    on_both(async |store| {
        let kept = begun(&store, "t").await;
        begun(&store, "u").await;
        let id = kept.id.as_str();
        let ends = async || store.db.run_tx("end", async |tx| end(&tx, id).await).await.unwrap();
        assert!(ends().await);
        assert!(!ends().await);
        assert_eq!(sweep(&store.db, later(599)).await.unwrap(), 0);
        assert_eq!(sweep(&store.db, later(601)).await.unwrap(), 1);
        let uses = async |card: &str, citizen: &str| {
            let uses = async |tx| uses_card(&tx, &store.crypter, card, citizen, START).await;
            store.db.run_tx("uses", uses).await.unwrap()
        };
        assert!(uses("1", "wang").await && uses("1", "wang").await && uses("2", "lin").await);
        assert!(!uses("1", "lin").await);
    })
    .await;
}
