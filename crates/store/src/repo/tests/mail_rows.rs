//! The outbox.

use mydata_domain::mail::{AboutAccount, Kind, MailId};

use super::*;
use crate::repo::list::List;
use crate::repo::mails::{self, Content, Filter, LINK, Sort, State};
use crate::testing::on_both;

fn content(link: &str, secret: bool) -> Content {
    Content {
        name: "陳示華".to_owned(),
        address: "jenny@library.example".to_owned(),
        subject: "主旨".to_owned(),
        text: format!("請開啟 {LINK}"),
        link: Some(link.to_owned()),
        secret,
        until: None,
    }
}

async fn add(store: &TestStore, kind: Kind, about: &str, content: &Content, now: Time) -> MailId {
    let id = MailId::generate(&SystemRandom);
    let crypter = &store.crypter;
    let add = async |tx| mails::add(&tx, crypter, id, kind, Some(about), content, now).await;
    store.db.run_tx("add", add).await.unwrap();
    id
}

async fn tried(store: &TestStore, id: MailId, failure: Option<&str>, state: State) -> i64 {
    let crypter = &store.crypter;
    let tried = async |tx: crate::db::Tx| {
        let number = mails::tried(&tx, id, failure, later(5)).await?;
        if state != State::Waiting {
            mails::close(&tx, crypter, id, state, later(5)).await?;
        }
        Ok(number)
    };
    store.db.run_tx("tried", tried).await.unwrap()
}

#[tokio::test]
async fn every_try_is_kept_and_a_secret_link_goes_with_the_last() {
    on_both(async |store: TestStore| {
        let kind = Kind::from(AboutAccount::PasswordReset);
        let id = add(&store, kind, "jenny", &content("https://a/?link=s", true), START).await;
        assert_eq!(tried(&store, id, Some("no answer"), State::Waiting).await, 1);
        let kept = mails::load(&store.db, &store.crypter, id).await.unwrap().unwrap();
        assert_eq!((kept.state, kept.content), (State::Waiting, content("https://a/?link=s", true)));
        assert_eq!(tried(&store, id, None, State::Sent).await, 2);
        let kept = mails::load(&store.db, &store.crypter, id).await.unwrap().unwrap();
        assert_eq!((kept.state, kept.done_at), (State::Sent, Some(later(5))));
        assert_eq!(kept.content.link, None, "the secret is gone");
        let tries = mails::tries(&store.db, id).await.unwrap();
        assert_eq!(tries.len(), 2);
        assert_eq!((tries[0].failure.as_deref(), tries[1].failure.as_deref()), (Some("no answer"), None));
        // What is sealed cannot be read beside its row.
        let row = store.db.fetch_one("SELECT private FROM mails", &[]).await.unwrap();
        let sealed = row.get_blob(0).unwrap();
        assert!(!sealed.windows(7).any(|w| w == b"library"));
    })
    .await;
}

#[tokio::test]
async fn what_was_given_up_may_be_sent_again_unless_its_link_was_a_secret() {
    on_both(async |store: TestStore| {
        let kind = Kind::from(AboutAccount::Approved);
        let page = add(&store, kind, "a", &content("https://a/", false), START).await;
        let secret = add(&store, kind, "b", &content("https://a/?s", true), later(1)).await;
        let crypter = &store.crypter;
        let again = async |id| {
            store.db.run_tx("again", async |tx| mails::again(&tx, crypter, id).await).await.unwrap()
        };
        assert!(!again(page).await, "it is waiting");
        for id in [page, secret] {
            tried(&store, id, Some("refused"), State::GivenUp).await;
        }
        assert!(again(page).await && !again(secret).await);
        let kept = mails::load(&store.db, crypter, page).await.unwrap().unwrap();
        assert_eq!((kept.state, kept.done_at), (State::Waiting, None));
        let newest = async |about| {
            store.db.run_tx("n", async |tx| mails::newest(&tx, kind, about).await).await.unwrap()
        };
        assert_eq!((newest("b").await, newest("c").await), (Some(later(1)), None));

        let mut list: List<Filter, Sort> = List::default();
        let ids = async |list: &List<Filter, Sort>| {
            let page = mails::list(&store.db, crypter, list).await.unwrap();
            page.rows.iter().map(|m| m.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(&list).await, [secret, page], "newest first");
        list.filter.state = Some(State::GivenUp);
        assert_eq!(ids(&list).await, [secret]);
        list.filter = Filter { about: Some("a".to_owned()), kind: Some(kind), state: None };
        assert_eq!(ids(&list).await, [page]);
    })
    .await;
}
