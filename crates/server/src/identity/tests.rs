//! Ways to prove who one is, through their pages: good, bad, too often, by somebody else; and what an OpenID Connect provider
//! may not say.

mod card;
mod code;
mod oidc;
mod service;

use http::StatusCode;
use mydata_domain::Zone;
use mydata_domain::entry::Accepted;
use mydata_domain::registry::Registry;
use mydata_domain::transaction::Transaction;
use mydata_store::repo::registry;
use mydata_store::repo::transactions::{self, Which};
use mydata_store::testing::START;
use mydata_wire::pid::Pid;
use mydata_wire::returns::ReturnTarget;
use mydata_wire::{SystemRandom, TxId, Verification};

use crate::citizen::tests::{Answered, Browser, Portal};
use crate::flow::entry::browser_index;

/// Accepts CER only.
const STRICT: &str = "API.Strict0001";
/// Accepts every method.
const LENIENT: &str = "API.Lenient001";

/// The path of the page that a page leads on to.
fn onward(page: &Answered) -> String {
    let url = page.body.split("0;url=").nth(1).unwrap_or_else(|| panic!("leads nowhere: {}", page.body));
    let url = url.split('"').next().unwrap();
    url.strip_prefix("https://mydata.example").unwrap_or_else(|| panic!("leads elsewhere: {url}")).to_owned()
}

/// Chooses a method on the login page; gives the path of the page that proves it.
async fn begin(browser: &mut Browser<'_>, method: &str) -> String {
    browser.get("/login?next=%2Fabout").await;
    let page = browser.post("/login", &[("next", "/about"), ("method", method)]).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let path = onward(&page);
    assert!(path.starts_with("/identity/prove/"), "{path}");
    path
}

/// Follows the way back from a page of ours to the callback; gives the answer there.
async fn follow(browser: &mut Browser<'_>, posted: &Answered) -> Answered {
    assert_eq!(posted.status, StatusCode::SEE_OTHER, "{}", posted.body);
    assert!(posted.location().starts_with("/identity/callback?"), "{}", posted.location());
    browser.get(posted.location()).await
}

/// An exchange of this browser about one dataset, for whoever `pid` is.
async fn exchange(portal: &Portal, browser: &mut Browser<'_>, dataset: &str, pid: Pid) -> String {
    let mut document: Registry =
        toml::from_str(include_str!("../../../../docs/operators/registry.example.toml")).unwrap();
    let mut one = document.datasets[0].clone();
    one.dataset.pilot = None;
    one.dataset.parameters.clear();
    document.datasets.clear();
    for (id, weakest) in [(STRICT, Verification::Cer), (LENIENT, Verification::Gov)] {
        one.dataset.resource_id = id.parse().unwrap();
        one.dataset.weakest_verification = weakest;
        document.datasets.push(one.clone());
    }
    let service = &mut document.services[0].service;
    service.pilot = None;
    service.datasets = vec![STRICT.parse().unwrap(), LENIENT.parse().unwrap()];
    let (client_id, target) = (service.client_id.clone(), service.return_urls[0].clone());
    document.services.truncate(1);
    let app = &portal.office.app;
    let (document, crypter) = (&document, &app.store.crypter);
    let apply = async |tx| registry::apply(&tx, crypter, document, START).await;
    app.store.db.run_tx("test", apply).await.unwrap();
    app.catalogue_changed();
    let tx_id: TxId = mydata_wire::random::uuid_v4(&SystemRandom).to_string().parse().unwrap();
    let accepted = Accepted {
        client_id,
        zone: Zone::Test,
        tx_id,
        resources: vec![dataset.parse().unwrap()],
        target: ReturnTarget::matching(&target.to_string(), std::slice::from_ref(&target)).unwrap(),
        pid,
    };
    let t = &Transaction::enter(accepted, app.now(), &app.config.policy, &SystemRandom);
    let secret = "the secret of a browser of the tests";
    let index = browser_index(app, secret);
    let index = index.as_str();
    let insert = async |tx| transactions::insert(&tx, crypter, t, index).await;
    app.store.db.run_tx("test", insert).await.unwrap();
    let id = t.id.to_string();
    let host = if app.secure() { "__Host-" } else { "" };
    browser.cookies.insert(format!("{host}mydata_{}", &id[..8]), secret.to_owned());
    id
}

/// Ticks the terms and chooses a method; gives the answer.
async fn consents(browser: &mut Browser<'_>, id: &str, method: &str) -> Answered {
    let page = browser.get(&format!("/exchange/{id}")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    browser.post(&format!("/exchange/{id}/authorise"), &[("terms", "yes"), ("method", method)]).await
}

/// The state of an exchange, in its own words.
async fn state(portal: &Portal, id: &str) -> String {
    let store = &portal.office.app.store;
    let id = id.parse().unwrap();
    let kept = transactions::load(&store.db, &store.crypter, Which::Id(id)).await.unwrap().unwrap();
    match &kept.transaction.state {
        mydata_domain::transaction::State::Entered => "entered".to_owned(),
        mydata_domain::transaction::State::Authorised(_) => {
            format!("authorised {}", kept.transaction.verification().map_or("", Verification::code))
        }
        mydata_domain::transaction::State::Ended(_) => "ended".to_owned(),
        _ => "another".to_owned(),
    }
}

fn person(uid: &str) -> Pid {
    Pid::Person(uid.parse().unwrap())
}
