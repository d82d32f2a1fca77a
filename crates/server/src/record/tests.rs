//! A citizen's record through the door, on both engines.

use std::collections::BTreeMap;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use mydata_domain::Time;
use mydata_domain::audit::chain::Proof;
use mydata_domain::audit::receipt::{Receipt, Recipient, Signed, Standing};
use mydata_domain::audit::{Actor, Event, What};
use mydata_domain::entry::Accepted;
use mydata_domain::transaction::own::Order;
use mydata_domain::transaction::person::Person;
use mydata_domain::transaction::{State, Transaction, TransactionId};
use mydata_domain::{Policy, Zone};
use mydata_store::db::count_statements;
use mydata_store::repo::transactions::{self, Which};
use mydata_store::repo::{audit, audit_chain};
use mydata_store::signing::{PublicKeys, Purpose, sha256, signer};
use mydata_wire::pid::Pid;
use mydata_wire::returns::ReturnTarget;
use mydata_wire::{SystemRandom, TxId, Verification};
use serde_json::{Value, json};

use crate::citizen::tests::{Answered, Portal, WANG, WU, on_both};
use crate::flow::{Change, look, step};
use crate::portal::tests::registered;

/// What a page of the record may cost.
const MOST_STATEMENTS: u64 = 6;

fn person(uid: &str) -> Person {
    Person::new(&uid.parse().unwrap(), "王小明".to_owned(), "sub".to_owned())
}

/// An exchange with the example's service that the citizen has authorised, with its events.
async fn authorised(portal: &Portal, uid: &str) -> TransactionId {
    let (app, now, policy) = (&portal.office.app, portal.office.now(), Policy::default());
    let registered = ["http://127.0.0.1:9001/return".parse().unwrap()];
    let accepted = Accepted {
        client_id: "CLI.Example001".parse().unwrap(),
        zone: Zone::Test,
        tx_id: TxId::generate(&SystemRandom),
        resources: vec!["API.Example001".parse().unwrap()],
        target: ReturnTarget::matching("http://127.0.0.1:9001/return", &registered).unwrap(),
        pid: Pid::NotChecked,
    };
    let t = &Transaction::enter(accepted, now, &policy, &SystemRandom);
    let insert = async |tx| transactions::insert(&tx, &app.store.crypter, t, "browser").await;
    app.store.db.run_tx("test", insert).await.unwrap();
    step(app, "test", Which::Id(t.id), None, |kept, now| {
        let t = &mut kept.transaction;
        t.authorise(person(uid), Verification::Cer, BTreeMap::new(), now, &policy)?.unwrap();
        let from = Some("192.0.2.9".parse().unwrap());
        let entered = Event::new(now, Actor::Sp, What::Entered).of(t.id);
        let authorised = Event::new(now, Actor::Citizen, What::Authorised).of(t.id).from(from);
        Ok(Change::telling(())
            .event(entered.with(json!({ "client_id": "CLI.Example001" })))
            .event(authorised.with(json!({ "verification": "CER" }))))
    })
    .await
    .unwrap();
    t.id
}

async fn confirm(portal: &Portal, id: TransactionId) {
    step(&portal.office.app, "test", Which::Id(id), None, |kept, now| {
        kept.transaction.confirm(now, &Policy::default(), &SystemRandom)?;
        let event = Event::new(now, Actor::Citizen, What::Confirmed).of(id);
        Ok(Change::telling(()).event(event.with(json!({ "resources": ["API.Example001"] }))))
    })
    .await
    .unwrap();
}

/// A download of the citizen's own.
async fn download(portal: &Portal, uid: &str) -> TransactionId {
    let (app, now) = (&portal.office.app, portal.office.now());
    let order = Order {
        zone: Zone::Test,
        resources: vec!["API.Example001".parse().unwrap()],
        parameters: BTreeMap::new(),
        case: None,
    };
    let t =
        &Transaction::download(order, person(uid), Verification::Cer, now, &Policy::default(), &SystemRandom);
    let insert = async |tx| transactions::insert(&tx, &app.store.crypter, t, "").await;
    app.store.db.run_tx("test", insert).await.unwrap();
    t.id
}

async fn wait(portal: &Portal) {
    portal.office.pass(Duration::from_secs(1));
}

/// A call of the SP's system.
async fn sp(portal: &Portal, path: &str, header: (&'static str, String)) -> Answered {
    let request = Request::get(path).header(header.0, header.1).body(axum::body::Body::empty()).unwrap();
    let mut browser = portal.browser();
    browser.address = "127.0.0.1:5000".parse().unwrap();
    browser.send(request).await
}

#[tokio::test]
async fn the_record_shows_a_citizen_theirs_and_nobody_elses() {
    on_both(async |portal: &Portal| {
        registered(&portal.office, |_| ()).await;
        let refused = authorised(portal, WANG.uid).await;
        step(&portal.office.app, "test", Which::Id(refused), None, |kept, now| {
            let wipe = kept.transaction.refuse(now)?;
            Ok(Change::telling(()).wiping(wipe))
        })
        .await
        .unwrap();
        wait(portal).await;
        let running = authorised(portal, WANG.uid).await;
        confirm(portal, running).await;
        wait(portal).await;
        let own = download(portal, WANG.uid).await;
        let other = authorised(portal, WU.uid).await;
        confirm(portal, other).await;

        let mut browser = portal.browser();
        let stranger = browser.get("/record").await;
        assert_eq!(stranger.status, StatusCode::SEE_OTHER);
        assert!(stranger.location().starts_with("/login?"), "{}", stranger.location());
        browser.log_in(&WANG).await;
        browser.get("/record").await;
        let (page, statements) = count_statements(browser.get("/record")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(statements <= MOST_STATEMENTS, "{statements} statements");
        for mine in [refused, running, own] {
            page.says(&format!("href=\"/record/{mine}\""));
        }
        page.hides(&other.to_string());
        page.says("自然人憑證");
        page.says("範例戶籍資料");
        page.says("192.0.2.9");
        page.says("您已拒絕");
        // The latest first.
        let at = |id: TransactionId| page.body.find(&id.to_string()).unwrap();
        assert!(at(own) < at(running) && at(running) < at(refused));

        let filtered = async |query: &str, there: &[TransactionId], gone: &[TransactionId]| {
            let page = browser.clone().get(&format!("/record?{query}")).await;
            for id in there {
                page.says(&id.to_string());
            }
            for id in gone {
                page.hides(&id.to_string());
            }
        };
        filtered("kind=own", &[own], &[running, refused]).await;
        filtered("kind=service&state=running", &[running], &[own, refused]).await;
        filtered("state=ended", &[refused], &[own, running]).await;
        filtered("service=CLI.Example001", &[running, refused], &[own]).await;
        filtered("until=2020-01-01", &[], &[own, running, refused]).await;
        filtered("from=2020-01-01&kind=%3Cscript%3E&after=x", &[own, running, refused], &[]).await;
        browser.get("/record?from=nonsense").await.says("bad-day");

        browser.get(&format!("/record/{running}")).await.says("撤回同意");
        for path in [format!("/record/{other}"), format!("/record/{other}/withdraw"), "/record/x".to_owned()]
        {
            assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        browser.get(&format!("/record/{running}/withdraw")).await;
        let theirs = browser.post(&format!("/record/{other}/withdraw"), &[]).await;
        assert_eq!(theirs.status, StatusCode::NOT_FOUND);
        let kept = look(&portal.office.app, Which::Id(other)).await.unwrap().unwrap();
        assert!(matches!(kept.transaction.state, State::Confirmed(_)));

        let (csv, statements) = count_statements(browser.get("/record/export.csv?kind=service")).await;
        assert!(statements <= MOST_STATEMENTS, "{statements} statements");
        assert_eq!(csv.headers[CONTENT_TYPE], "text/csv; charset=utf-8");
        assert!(csv.body.starts_with('\u{feff}') && csv.body.contains(&running.to_string()), "{}", csv.body);
        csv.hides(&own.to_string());
        csv.hides(&other.to_string());
        let json = browser.get("/record/export.json").await;
        let json: Value = serde_json::from_str(&json.body).unwrap();
        let all = json["transactions"].as_array().unwrap();
        assert_eq!(all.len(), 3);
        assert_eq!(
            (all[0]["purpose"].as_str(), all[1]["service"]["client_id"].as_str()),
            (Some("own"), Some("CLI.Example001"))
        );
        let events = all[1]["events"].as_array().unwrap();
        assert_eq!(events.len(), 3);
        assert!(events.iter().any(|event| event["what"] == "confirmed"), "{events:?}");
    })
    .await;
}

/// Ticket and package die at once, the SP gets 403, and the record says so; what is withdrawn twice is withdrawn once.
#[tokio::test]
async fn a_consent_is_withdrawn_at_once() {
    on_both(async |portal: &Portal| {
        registered(&portal.office, |_| ()).await;
        let app = &portal.office.app;
        let id = authorised(portal, WANG.uid).await;
        let unconfirmed = authorised(portal, WANG.uid).await;
        confirm(portal, id).await;
        let own = download(portal, WANG.uid).await;
        let kept = look(app, Which::Id(id)).await.unwrap().unwrap();
        let ticket = kept.transaction.confirmed().unwrap().ticket;
        let tx_id = kept.transaction.errand().unwrap().tx_id;
        // While it is confirmed a call for the data is held until the data comes: under a clock that stands still, for ever.
        let data =
            async || sp(portal, "/service/data", ("permission_ticket", String::from(ticket))).await.status;
        let status = async || sp(portal, "/service/txid_status", ("tx_id", tx_id.to_string())).await.status;
        assert_eq!(status().await, StatusCode::OK);

        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        let path = format!("/record/{id}/withdraw");
        let page = browser.get(&path).await;
        page.says("尚未取走資料");
        let forged = browser.post_with(&path, &[], "forged").await;
        assert_eq!(forged.status, StatusCode::CONFLICT);
        assert_eq!(status().await, StatusCode::OK, "nothing was withdrawn");
        browser.get(&path).await;
        for _ in 0..2 {
            browser.post(&path, &[]).await.leads_to(&format!("/record/{id}"));
        }
        assert_eq!((data().await, status().await), (StatusCode::FORBIDDEN, StatusCode::FORBIDDEN));
        let page = browser.get(&format!("/record/{id}")).await;
        page.says("您已撤回");
        page.hides("/withdraw\"");
        assert_eq!(page.body.matches("<strong>撤回同意</strong>").count(), 1);
        let kept = look(app, Which::Id(id)).await.unwrap().unwrap();
        assert!(kept.transaction.ticket().is_none() && kept.transaction.person().is_none());

        // A download of one's own, too; what was never confirmed is not.
        browser.get(&format!("/record/{own}/withdraw")).await.says("資料條碼立即刪除");
        browser.post(&format!("/record/{own}/withdraw"), &[]).await.leads_to(&format!("/record/{own}"));
        browser.get(&format!("/record/{own}")).await.says("您已撤回");
        let told = portal.office.outbox().await;
        let told: Vec<_> = told.iter().filter(|mail| mail.kind.to_string() == "citizen-withdrawn").collect();
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|mail| mail.content.text.contains("若不是您本人撤回")));
        browser
            .get(&format!("/record/{unconfirmed}/withdraw"))
            .await
            .leads_to(&format!("/record/{unconfirmed}"));
        browser.post(&format!("/record/{unconfirmed}/withdraw"), &[]).await;
        let kept = look(app, Which::Id(unconfirmed)).await.unwrap().unwrap();
        assert!(matches!(kept.transaction.state, State::Authorised(_)));
    })
    .await;
}

#[tokio::test]
async fn a_long_record_is_paged_by_key() {
    on_both(async |portal: &Portal| {
        registered(&portal.office, |_| ()).await;
        let mut all = Vec::new();
        for number in 0..25 {
            all.push(download(portal, WANG.uid).await.to_string());
            // Some began in the same millisecond.
            if number % 3 == 0 {
                wait(portal).await;
            }
        }
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        let mut seen = Vec::new();
        let mut path = Some("/record?kind=own".to_owned());
        let mut pages = 0;
        while let Some(at) = path {
            let page = browser.get(&at).await;
            assert_eq!(page.status, StatusCode::OK, "{at}");
            pages += 1;
            let links = page.body.split("<h2><a href=\"/record/").skip(1);
            seen.extend(links.map(|rest| rest.split('"').next().unwrap().to_owned()));
            let next = page.body.split("rel=\"next\"").next().filter(|before| before.len() < page.body.len());
            path = next
                .map(|before| before.rsplit("href=\"").next().unwrap().split('"').next().unwrap())
                .map(|href| href.replace("&#38;", "&"));
        }
        assert_eq!(pages, 3);
        assert_eq!(seen.len(), 25);
        seen.sort();
        all.sort();
        assert_eq!(seen, all, "each once");
    })
    .await;
}

/// Each event has a proof once its day has a root, each transaction a signed receipt; another citizen's are not found. What
/// was downloaded is checked with nothing but what is published.
#[tokio::test]
async fn receipts_and_proofs_hold_without_the_platform() {
    on_both(async |portal: &Portal| {
        registered(&portal.office, |_| ()).await;
        let (db, crypter) = (&portal.office.app.store.db, &portal.office.app.store.crypter);
        let mine = authorised(portal, WANG.uid).await;
        let other = authorised(portal, WU.uid).await;
        let own = download(portal, WANG.uid).await;
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        let seal = async || {
            let now = portal.office.now();
            let key = signer(db, crypter, Purpose::Roots, now).await.unwrap();
            audit_chain::seal_all(db, &key, now).await.unwrap();
        };
        let published = async || {
            let keys = portal.browser().get("/api/audit/keys").await;
            PublicKeys::from_jwks(&serde_json::from_str(&keys.body).unwrap()).unwrap()
        };
        let reader = browser.clone();
        let receipt = async |id: TransactionId| {
            let mut browser = reader.clone();
            let file = browser.get(&format!("/record/{id}/receipt")).await;
            assert_eq!(file.status, StatusCode::OK);
            assert_eq!(file.headers["cache-control"], "no-store");
            assert!(file.headers["content-disposition"].to_str().unwrap().contains("attachment"));
            let signed: Signed = serde_json::from_str(&file.body).unwrap();
            let payload = published().await.check(&signed.jws, Purpose::Receipts).unwrap();
            assert_eq!(serde_json::from_slice::<Receipt>(&payload).unwrap(), signed.receipt);
            assert!(published().await.check(&signed.jws, Purpose::Roots).is_err());
            for secret in [WANG.uid, "王小明"] {
                file.hides(secret);
            }
            signed.receipt
        };
        let before = receipt(mine).await;
        assert_eq!((before.standing, before.who.name.as_str()), (Standing::Open, "王○明"));
        confirm(portal, mine).await;
        let given = receipt(mine).await;
        assert_eq!(given.standing, Standing::Given);
        assert_eq!(given.verification.as_deref(), Some("CER"));
        assert_eq!(given.datasets[0].dataset.id, "API.Example001");
        let policies: Vec<_> = given.policies.iter().map(|p| (p.policy.as_str(), p.version)).collect();
        assert_eq!(policies, [("citizen-terms", 1), ("citizen-privacy", 1)]);
        assert!(given.purpose.is_some() && given.confirmed_at.is_some() && given.ended_at.is_none());
        let Recipient::Service { service, organisation, tx_id } = given.recipient else {
            panic!("a service")
        };
        assert_eq!(service.id, "CLI.Example001");
        assert!(!service.name.is_empty() && organisation.is_some() && !tx_id.is_empty());
        let path = format!("/record/{mine}/withdraw");
        browser.get(&path).await;
        browser.post(&path, &[]).await;
        assert_eq!(receipt(mine).await.standing, Standing::Withdrawn);
        let for_me = receipt(own).await;
        assert_eq!((for_me.recipient, for_me.standing), (Recipient::Own, Standing::Given));

        // Before the day is over.
        seal().await;
        let page = browser.get(&format!("/record/{mine}")).await;
        page.says("下載同意收據");
        page.says("起可下載");
        page.hides("/proof/");
        let events = audit::of_transaction(db, mine).await.unwrap();
        let proof = format!("/record/{mine}/proof/{}", events[0].id);
        let waiting: Value = serde_json::from_str(&browser.get(&proof).await.body).unwrap();
        assert_eq!(waiting["waiting"], events[0].id);
        let ready = Time::from_rfc3339(waiting["ready_from"].as_str().unwrap()).unwrap();
        let empty: Value = serde_json::from_str(&browser.get("/api/audit/roots").await.body).unwrap();
        assert_eq!(empty["roots"], json!([]));

        // After it: a session lasts not as long.
        portal.office.pass(portal.office.now().until(ready));
        seal().await;
        let mut browser = portal.browser();
        browser.log_in(&WANG).await;
        let page = browser.get(&format!("/record/{mine}")).await;
        let (again, statements) = count_statements(browser.get(&format!("/record/{mine}"))).await;
        assert!(statements <= MOST_STATEMENTS + 1, "{statements} statements");
        for event in &events {
            let path = format!("/record/{mine}/proof/{}", event.id);
            page.says(&path);
            assert_eq!(again.status, StatusCode::OK);
            let (file, statements) = count_statements(browser.get(&path)).await;
            assert!(statements <= 10, "{statements} statements");
            let proof: Proof = serde_json::from_str(&file.body).unwrap();
            let root = published().await.check(&proof.root, Purpose::Roots).unwrap();
            let root = serde_json::from_slice(&root).unwrap();
            proof.check(sha256, &root).unwrap();
            assert_eq!((proof.event.what.as_str(), proof.event.at), (event.what.as_str(), event.at));
        }
        let roots = browser.get("/api/audit/roots").await;
        let answer: Value = serde_json::from_str(&roots.body).unwrap();
        let file: Value = serde_json::from_str(&browser.get(&proof).await.body).unwrap();
        assert_eq!(answer["roots"][0]["jws"], file["root"]);
        let tag = roots.headers["etag"].to_str().unwrap().to_owned();
        let same = Request::get("/api/audit/roots").header("if-none-match", tag);
        let same = browser.send(same.body(axum::body::Body::empty()).unwrap()).await;
        assert_eq!((same.status, same.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
        let month = answer["month"].as_str().unwrap();
        assert_eq!(browser.get(&format!("/api/audit/roots?month={month}")).await.body, roots.body);
        for bad in ["x", "2026-13", "2026-1", "%00", "2026-+1"] {
            let path = format!("/api/audit/roots?month={bad}");
            assert_eq!(browser.get(&path).await.status, StatusCode::BAD_REQUEST, "{bad}");
        }

        // Nobody else's: not by their transaction, nor their event under one's own, nor without a login.
        let theirs = audit::of_transaction(db, other).await.unwrap();
        for path in [
            format!("/record/{other}/receipt"),
            format!("/record/{other}/proof/{}", theirs[0].id),
            format!("/record/{mine}/proof/{}", theirs[0].id),
            format!("/record/{mine}/proof/x"),
            "/record/x/receipt".to_owned(),
        ] {
            assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        let stranger = portal.browser().get(&proof).await;
        assert_eq!(stranger.status, StatusCode::SEE_OTHER);
    })
    .await;
}
