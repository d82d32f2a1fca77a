//! The test citizen. Exists for front tests only, and nowhere else.

use mydata_domain::transaction::person::Person;
use mydata_store::repo::transactions::Kept;
use mydata_wire::Verification;

use crate::app::App;

/// The number that the standard of personal ids is explained with; nobody has it.
const ID: &str = "A123456789";
const NAME: &str = "測試民眾";

/// Who it is.
pub fn person() -> Person {
    let id = ID.parse().expect("a constant that is a personal id");
    let mut person = Person::new(&id, NAME.to_owned(), "front-test".to_owned());
    "1990-01-01".clone_into(&mut person.birthdate);
    person
}

/// Whether the test citizen stands in for whoever would have to prove who they are: in a front test, except where the sandbox's
/// identity provider carries the method out. Never in any other exchange.
pub fn stands_in(app: &App, kept: &Kept, method: Verification) -> bool {
    let provider = app.config.sandbox && app.methods.offers(method);
    kept.front_test && kept.transaction.zone == mydata_domain::Zone::Test && !provider
}
