//! What people wrote is kept sealed, listed, answered once, and forgotten.

use mydata_domain::account::AccountId;
use mydata_domain::contact::{Message, MessageId, MessageNumber, State, Subject, Written};
use mydata_wire::SystemRandom;

use crate::repo::contact::{self, Filter, Sort};
use crate::repo::list::List;
use crate::testing::{START, TestStore, on_both};

fn message(subject: Subject) -> Message {
    Message {
        id: MessageId::generate(&SystemRandom),
        number: MessageNumber::generate(&SystemRandom, START),
        subject,
        state: State::Open,
        at: START,
        answered_at: None,
        answered_by: None,
        version: 1,
        written: Written {
            name: "王示範".to_owned(),
            mail: "wang@body.example".to_owned(),
            text: "想要示範借閱紀錄".to_owned(),
            english: false,
        },
    }
}

#[tokio::test]
async fn a_message_is_kept_until_it_was_answered_long_ago() {
    on_both(async |store: TestStore| {
        let (db, crypter) = (&store.db, &store.crypter);
        let (first, mut second) = (message(Subject::WishData), message(Subject::Trouble));
        let add = async |message: &Message| {
            db.run_tx("add", |tx| async move { contact::add(&tx, crypter, message).await }).await.unwrap()
        };
        assert!(add(&first).await);
        let free = std::mem::replace(&mut second.number, first.number.clone());
        assert!(!add(&second).await, "a number is one message's");
        second.number = free;
        assert!(add(&second).await);
        let list = async |filter| {
            let asked = List::<Filter, Sort> { filter, ..List::default() };
            contact::list(db, crypter, &asked).await.unwrap().rows
        };
        assert_eq!(list(Filter::default()).await.len(), 2);
        let wished = Filter { subject: Some(Subject::WishData), state: Some(State::Open), number: None };
        assert_eq!(list(wished).await, std::slice::from_ref(&first));
        let numbered = Filter { number: Some(second.number.clone()), ..Filter::default() };
        assert_eq!(list(numbered).await, [second.clone()]);

        let by = AccountId::generate(&SystemRandom);
        let (id, later) = (first.id, START.plus(std::time::Duration::from_secs(60)));
        let answer = async |version| {
            let set = async |tx| contact::set_state(&tx, id, version, State::Answered, by, later).await;
            db.run_tx("answer", set).await.unwrap()
        };
        assert_eq!((answer(1).await, answer(1).await), (true, false));
        let there = contact::load(db, crypter, id).await.unwrap().unwrap();
        assert_eq!(
            (there.state, there.answered_at, there.answered_by),
            (State::Answered, Some(later), Some(by))
        );
        assert_eq!(contact::sweep(db, later).await.unwrap(), 0);
        assert_eq!(contact::sweep(db, later.plus(std::time::Duration::from_millis(1))).await.unwrap(), 1);
        assert_eq!(list(Filter::default()).await, [second.clone()], "what is open stays");
    })
    .await;
}
