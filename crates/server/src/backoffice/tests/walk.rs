//! Every route with every role and with none. The table is the source: a route that is added is walked.

use http::{Method, StatusCode};
use mydata_domain::Time;
use mydata_domain::account::session::Stage;
use mydata_domain::account::{Account, AccountId, AccountState, Role};
use mydata_domain::filing::{Filing, FilingId, FilingKind, FilingState, FormNumber, Letter, ReviewStep};
use mydata_domain::forms::{Fields, FormKind, Purpose};
use mydata_domain::item::Kind;
use mydata_domain::organisation::OrganisationId;
use mydata_store::repo::drafts::{self, Draft};
use mydata_store::repo::factors::{self, FactorKind, NewFactor};
use mydata_store::repo::{filings, items, uploads};
use mydata_wire::SystemRandom;
use mydata_wire::random::uuid_v4;

use super::{Answered, Browser, Office};
use crate::backoffice::factor::Content;
use crate::backoffice::owner::Thing;
use crate::backoffice::route::Route;
use crate::backoffice::routes::table;
use crate::backoffice::rule::Rule;
use crate::backoffice::{prove, second_factor, sign_in};

/// Who walks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walker {
    Nobody,
    Halfway(Role),
    Whole(Role),
    /// Signs up, and has not sent the forms in.
    Applying,
}

/// What the walker must meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meets {
    SignIn,
    SecondFactor,
    SignUp,
    Prove,
    Forbidden,
    NotFound,
    Handler,
}

fn met(answer: &Answered) -> Meets {
    let to = |path: &str| answer.location().split('?').next() == Some(path);
    match answer.status {
        // Behind the rule signing out leads here, too, and says so, as does what went wrong with an e-government
        // account; the gate never says anything.
        StatusCode::SEE_OTHER
            if to(sign_in::PATH)
                && answer.headers.get("set-cookie").is_none()
                && !answer.location().contains("&gov=") =>
        {
            Meets::SignIn
        }
        StatusCode::SEE_OTHER if to(second_factor::PATH) && answer.location().contains("next=") => {
            Meets::SecondFactor
        }
        StatusCode::SEE_OTHER if to("/mydata-backend/signup/form") && answer.body.is_empty() => Meets::SignUp,
        StatusCode::SEE_OTHER if to(prove::PATH) => Meets::Prove,
        StatusCode::FORBIDDEN => Meets::Forbidden,
        StatusCode::NOT_FOUND => Meets::NotFound,
        _ => Meets::Handler,
    }
}

/// What the rule of a route means for a walker, written down a second time: from the meaning, not from the program.
fn expected(rule: Rule, walker: Walker, owns: bool) -> Meets {
    match (rule, walker) {
        (Rule::Public, _) | (Rule::Halfway, Walker::Halfway(_) | Walker::Whole(_)) => Meets::Handler,
        (_, Walker::Nobody) => Meets::SignIn,
        (_, Walker::Halfway(_)) => Meets::SecondFactor,
        (Rule::Session | Rule::Applying, Walker::Applying) => Meets::Handler,
        (Rule::Owner { of: Thing::Draft | Thing::Upload, .. }, Walker::Applying) => {
            if owns {
                Meets::Handler
            } else {
                Meets::NotFound
            }
        }
        (_, Walker::Applying) => Meets::SignUp,
        (Rule::SignedIn | Rule::Session, Walker::Whole(_)) => Meets::Handler,
        (Rule::Applying, Walker::Whole(_)) => Meets::Forbidden,
        (Rule::Roles(roles), Walker::Whole(role)) => {
            if roles.contains(&role) {
                Meets::Handler
            } else {
                Meets::Forbidden
            }
        }
        // A competent authority sees what belongs to the bodies in its charge; nothing on this walk is in its charge.
        (
            Rule::Owner { of: Thing::Upload | Thing::Item | Thing::Filing, .. },
            Walker::Whole(Role::Authority),
        ) => Meets::NotFound,
        (Rule::Owner { or, .. }, Walker::Whole(role)) => {
            if owns || or.contains(&role) {
                Meets::Handler
            } else {
                Meets::NotFound
            }
        }
    }
}

/// Makes a thing of an account's, and gives its id.
async fn make(office: &Office, thing: Thing, of: &Account) -> String {
    match thing {
        Thing::Session => office.session(of.id, Stage::Whole, office.now()).await.1,
        Thing::Factor => add_factor(office, of.id).await,
        Thing::Draft => add_draft(office, of).await.id.to_string(),
        Thing::Upload => add_upload(office, of).await,
        Thing::Item => add_item(office, of).await,
        Thing::Filing => add_filing(office, of).await,
    }
}

/// Whose such a thing is: the organisation's that somebody acts for, or one's own while signing up. Staff own none.
fn place(of: &Account) -> Option<OrganisationId> {
    let applying = of.state == AccountState::FillingIn;
    (!applying).then(|| of.organisation.clone().unwrap_or_else(|| "library".parse().unwrap()))
}

async fn add_draft(office: &Office, of: &Account) -> Draft {
    let (app, place) = (&office.app, &place(of));
    let begin = |tx| async move {
        let (organisation, fields) = (place.as_ref(), Fields::new());
        let new = drafts::New { form: FormKind::Service, account: of.id, organisation, item: None, fields };
        drafts::begin(&tx, &app.store.crypter, &*app.random, new, app.now()).await
    };
    app.store.db.run_tx("test", begin).await.unwrap()
}

async fn add_upload(office: &Office, of: &Account) -> String {
    let (app, place, draft) = (&office.app, &place(of), &add_draft(office, of).await);
    let mut blob = app.store.blobs.create();
    blob.write(b"%PDF-1.7").await.unwrap();
    let blob = &blob.finish().await.unwrap().id;
    let add = |tx| async move {
        let new = uploads::New {
            draft: Some(draft.id),
            item: None,
            organisation: place.as_ref(),
            account: of.id,
            purpose: Purpose::Application,
            name: "申請書.pdf",
            media_type: "application/pdf",
            bytes: 8,
            sha256: "00",
            blob,
        };
        uploads::add(&tx, &*app.random, &new, app.now()).await
    };
    app.store.db.run_tx("test", add).await.unwrap().id.to_string()
}

async fn add_item(office: &Office, of: &Account) -> String {
    let (app, place) = (&office.app, place(of).unwrap_or_else(|| "library".parse().unwrap()));
    let organisation = &place;
    let begin = |tx| async move {
        let new =
            items::New { kind: Kind::Dataset, organisation, name: "示範", category: "教育", by: of.id };
        items::begin(&tx, &*app.random, &new, app.now()).await
    };
    app.store.db.run_tx("test", begin).await.unwrap().id.to_string()
}

/// A filing about such an item, in review.
async fn add_filing(office: &Office, of: &Account) -> String {
    let item = add_item(office, of).await.parse().unwrap();
    let (app, now) = (&office.app, office.now());
    let organisation = &place(of).unwrap_or_else(|| "library".parse().unwrap());
    let file = |tx| async move {
        let day = mydata_domain::calendar::day_of(now);
        let counter = filings::next_counter(&tx, Letter::A, day).await?;
        let filing = Filing {
            id: FilingId::generate(&SystemRandom),
            number: FormNumber::new(Letter::A, day, counter).unwrap(),
            kind: FilingKind::NewItem,
            item: Some(item),
            organisation: Some(organisation.clone()),
            filed_by: of.id,
            filed_at: now,
            mends: None,
            content: serde_json::json!({ "name": "示範" }),
            state: FilingState::InReview,
            step: Some(ReviewStep::Operator),
            closed_at: None,
        };
        let about = filings::About {
            item_kind: Some(Kind::Dataset),
            item_name: "示範",
            organisation_name: "示範圖書館",
            authority: None,
        };
        filings::insert(&tx, &app.store.crypter, &filing, &about).await?;
        Ok(filing.id.to_string())
    };
    app.store.db.run_tx("test", file).await.unwrap()
}

/// An account that the rule of a route lets in.
async fn fitting(office: &Office, route: &Route, number: usize) -> Account {
    let role = match route.rule {
        Rule::Roles(roles) => roles[0],
        _ => Role::Applicant,
    };
    let organisation = role.needs_organisation().then_some("library");
    office.account(&format!("fitting-{number}"), role, organisation).await
}

/// Whether what was made for an account belongs to it.
fn is_own(thing: Option<Thing>, role: Role) -> bool {
    match thing {
        Some(Thing::Draft | Thing::Upload | Thing::Item | Thing::Filing) => {
            Role::ORGANISATION.contains(&role)
        }
        Some(Thing::Session | Thing::Factor) | None => true,
    }
}

async fn add_factor(office: &Office, account: AccountId) -> String {
    let id = uuid_v4(&SystemRandom).to_string();
    let content =
        Content { name: "app".to_owned(), key: "AAAAAAAAAAA".to_owned(), credential: String::new() };
    let (id_in, bytes) = (&id, &content.to_bytes());
    let (crypter, now) = (&office.app.store.crypter, office.now());
    office
        .app
        .store
        .db
        .run_tx("test", |tx| async move {
            let kind = FactorKind::Totp;
            let new = NewFactor { id: id_in, account, kind, lookup: None, counter: 0, content: bytes };
            factors::add(&tx, crypter, &new, now).await
        })
        .await
        .unwrap();
    id
}

async fn call(browser: &mut Browser<'_>, route: &Route, path: &str) -> Answered {
    if route.method == Method::GET { browser.get(path).await } else { browser.post(path, &[]).await }
}

async fn accounts(office: &Office) -> Vec<(Role, Account, Account)> {
    let mut all = Vec::new();
    for role in Role::ALL {
        let at = |organisation| role.needs_organisation().then_some(organisation);
        let mine = office.account(&format!("{role}-one"), role, at("library")).await;
        let other = office.account(&format!("{role}-two"), role, at("museum")).await;
        all.push((role, mine, other));
    }
    all
}

/// Shows that every route of the back office keeps its rule: for nobody, halfway through sign-in, and for every role; with a
/// thing of one's own and with the same kind of thing of another organisation's account.
#[tokio::test]
async fn every_route_keeps_its_rule() {
    let office = Office::open().await;
    let all = accounts(&office).await;
    let mut walked = 0;
    for route in table() {
        let things: &[bool] = if route.rule.owned().is_some() { &[true, false] } else { &[true] };
        for owns in things {
            for (role, mine, other) in &all {
                let owner = if *owns { mine } else { other };
                for walker in [Walker::Nobody, Walker::Halfway(*role), Walker::Whole(*role)] {
                    let id = match route.rule.owned() {
                        Some(thing) => make(&office, thing, owner).await,
                        None => String::new(),
                    };
                    let mut browser = match walker {
                        Walker::Nobody => {
                            let mut browser = office.browser();
                            browser.get(sign_in::PATH).await;
                            browser
                        }
                        Walker::Halfway(_) => office.session(mine.id, Stage::Halfway, office.now()).await.0,
                        Walker::Whole(_) | Walker::Applying => {
                            office.session(mine.id, Stage::Whole, office.now()).await.0
                        }
                    };
                    // Everybody has tries left.
                    office.pass(std::time::Duration::from_secs(1));
                    browser.address.set_ip(std::net::Ipv4Addr::from(0xc633_6400 + walked).into());
                    let answer = call(&mut browser, route, &route.path.replace("{id}", &id)).await;
                    let meets = expected(route.rule, walker, *owns && is_own(route.rule.owned(), *role));
                    assert_eq!(
                        met(&answer),
                        meets,
                        "{route:?} for {walker:?}, owning: {owns}: {} {}\n{}",
                        answer.status,
                        answer.location(),
                        answer.body
                    );
                    assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{route:?} for {walker:?}");
                    walked += 1;
                }
            }
        }
    }
    assert!(walked > 300, "{walked}");
    office.close().await;
}

/// Shows R5: who signs up reaches the own forms and nothing else.
#[tokio::test]
async fn who_signs_up_is_led_to_the_forms_from_every_other_route() {
    let office = Office::open().await;
    let mine = applicant(&office, "newcomer").await;
    let other = applicant(&office, "stranger").await;
    for route in table().iter().filter(|route| !matches!(route.rule, Rule::Public | Rule::Halfway)) {
        for owns in [true, false] {
            let id = match route.rule.owned() {
                Some(thing) => make(&office, thing, if owns { &mine } else { &other }).await,
                None => String::new(),
            };
            let (mut browser, _) = office.session(mine.id, Stage::Whole, office.now()).await;
            office.pass(std::time::Duration::from_secs(1));
            let answer = call(&mut browser, route, &route.path.replace("{id}", &id)).await;
            let meets = expected(route.rule, Walker::Applying, owns);
            // The pages of the sign-up lead to each other.
            let met = if route.rule == Rule::Applying { Meets::Handler } else { met(&answer) };
            assert_eq!(met, meets, "{route:?}, owning: {owns}: {} {}", answer.status, answer.location());
            assert!(!answer.status.is_server_error(), "{route:?}");
        }
    }
    office.close().await;
}

async fn applicant(office: &Office, name: &str) -> Account {
    let mut account = office.account(name, Role::Applicant, Some("library")).await;
    office
        .change(account.id, |account| {
            account.state = AccountState::FillingIn;
            account.organisation = None;
        })
        .await;
    account.state = AccountState::FillingIn;
    account.organisation = None;
    account
}

/// Shows that no form is taken without its token, with another session's, or from another site.
#[tokio::test]
async fn every_form_needs_its_token_and_origin() {
    let office = Office::open().await;
    let jenny = office.account("jenny", Role::Applicant, Some("library")).await;
    let newcomer = applicant(&office, "newcomer").await;
    for (number, route) in table().iter().filter(|route| route.method == Method::POST).enumerate() {
        let staff = match route.rule {
            Rule::Roles(roles) if !roles.contains(&Role::Applicant) => {
                Some(fitting(&office, route, number).await)
            }
            _ => None,
        };
        let account = match &staff {
            Some(account) => account,
            None if route.rule == Rule::Applying => &newcomer,
            None => &jenny,
        };
        let (mut other, _) = office.session(account.id, Stage::Whole, office.now()).await;
        other.get(super::ROOT).await;
        let (mut browser, _) = office.session(account.id, Stage::Whole, office.now()).await;
        let id = match route.rule.owned() {
            Some(thing) => make(&office, thing, account).await,
            None => String::new(),
        };
        let path = route.path.replace("{id}", &id);
        for token in [None, Some(""), Some("x"), Some(other.token.as_str())] {
            let answer = browser.post_with(&path, &[], token).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{route:?} with {token:?}");
            answer.says("這份表單已經失效");
        }
        browser.get(super::ROOT).await;
        for origin in ["https://evil.example", "null", "http://mydata.example"] {
            browser.origin = Some(origin);
            let token = browser.token.clone();
            let answer = browser.post_with(&path, &[], Some(&token)).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{route:?} from {origin}");
        }
        browser.origin = Some("https://mydata.example");
        let answer = browser.post(&path, &[]).await;
        assert_ne!(answer.status, StatusCode::FORBIDDEN, "{route:?} from our own site");
        office.pass(std::time::Duration::from_secs(60));
    }
    office.close().await;
}

/// Shows that routes for secrets ask again who it is when the last proof is older than five minutes.
#[tokio::test]
async fn secrets_need_a_proof_that_is_fresh() {
    let office = Office::open().await;
    let old = Time(office.now().0 - 5 * 60_000);
    for (number, route) in table().iter().filter(|route| route.fresh).enumerate() {
        let account = fitting(&office, route, number).await;
        for (proved, meets) in [(old, Meets::Prove), (Time(old.0 + 1), Meets::Handler)] {
            let (mut browser, _) = office.session(account.id, Stage::Whole, proved).await;
            let id = match route.rule.owned() {
                Some(thing) => make(&office, thing, &account).await,
                None => String::new(),
            };
            let answer = call(&mut browser, route, &route.path.replace("{id}", &id)).await;
            assert_eq!(met(&answer), meets, "{route:?}: {} {}", answer.status, answer.location());
            // The way back leads to a page, not to what was posted.
            if meets == Meets::Prove {
                let next = answer.location().split("next=").nth(1).unwrap();
                let next = percent_encoding::percent_decode_str(next).decode_utf8().unwrap().into_owned();
                let page =
                    table().iter().any(|r| r.method == Method::GET && r.path.replace("{id}", &id) == next);
                assert!(page || route.method == Method::POST, "{route:?} leads to {next}");
            }
        }
    }
    office.close().await;
}

/// The table itself: addresses below the root, none twice, and nothing that the auditor could change.
#[test]
fn the_table_is_sound() {
    let mut seen = std::collections::BTreeSet::new();
    for route in table() {
        assert!(route.path == super::ROOT || route.path.starts_with("/mydata-backend/"), "{route:?}");
        assert!(matches!(route.method, Method::GET | Method::POST), "{route:?}");
        assert!(seen.insert(format!("{} {}", route.method, route.path)), "{route:?} twice");
        assert_eq!(
            route.rule.owned().is_some(),
            route.path.contains("{id}"),
            "{route:?}: an owner needs an {{id}}"
        );
        assert!(!route.fresh || !matches!(route.rule, Rule::Public | Rule::Halfway), "{route:?}");
        let roles: &[Role] = match route.rule {
            Rule::Roles(roles) => roles,
            Rule::Owner { or, .. } => or,
            _ => &[],
        };
        let changes = route.method == Method::POST;
        assert!(!changes || !roles.iter().any(|role| role.only_reads()), "{route:?}: the auditor only reads");
    }
    for thing in Thing::ALL {
        assert!(table().iter().any(|route| route.rule.owned() == Some(thing)), "{thing:?} has no route");
    }
}

#[tokio::test]
async fn other_addresses_are_not_found() {
    let office = Office::open().await;
    let account = office.account("jenny", Role::Applicant, Some("library")).await;
    let (mut browser, _) = office.session(account.id, Stage::Whole, office.now()).await;
    for path in ["/mydata-backend/nowhere", "/mydata-backend/me/nowhere", "/mydata-backend/"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        answer.says("找不到這個頁面");
        assert_eq!(office.browser().get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    office.close().await;
}
