//! Revocation lists of an authority made with `openssl ca`.

mod common;

use std::time::Duration;

use common::{Ca, Web, asking, checker, hours, kept_in, now, settings};
use mydata_revocation::crl::{Crl, CrlFault, Reason};
use mydata_revocation::{Addresses, Certificate, Finding, Order, Settings, SignatureFault};
use mydata_seal::trust::RevocationStatus::{Good, Revoked, Unknown};

/// What judging a list says.
fn judged(list: &[u8], issuer: &Certificate, certificate: &Certificate) -> Result<Option<Reason>, CrlFault> {
    let list = Crl::read(list.to_vec())?;
    list.check_issuer(issuer)?;
    list.check_times(now(), None)?;
    list.check_scope(certificate, &[])?;
    Ok(list.find(certificate).map(|revoked| revoked.reason))
}

/// Shows R131.
#[test]
fn a_list_tells_who_is_revoked_and_why() {
    for ca in [Ca::new("Example Root"), Ca::rsa("Example RSA Root")] {
        let root = ca.root();
        let names = ["good", "stolen", "held", "plain", "late"];
        let [good, stolen, held, plain, late] = names.map(|name| ca.issue(name, ""));
        ca.revoke("stolen", &["-crl_compromise", "20260101000000Z"]);
        ca.revoke("held", &["-crl_hold", "holdInstructionNone"]);
        ca.revoke("plain", &[]);
        ca.revoke("late", &["-crl_reason", "cessationOfOperation"]);
        for md in ["sha256", "sha384", "sha512"] {
            let list = ca.list(&["-md", md]);
            assert_eq!(judged(&list, &root, &good), Ok(None), "{md}");
            assert_eq!(judged(&list, &root, &stolen), Ok(Some(Reason::KeyCompromise)));
            assert_eq!(
                judged(&list, &root, &held),
                Ok(Some(Reason::CertificateHold)),
                "not to be used either"
            );
            assert_eq!(judged(&list, &root, &plain), Ok(Some(Reason::Unspecified)));
            assert_eq!(judged(&list, &root, &late), Ok(Some(Reason::CessationOfOperation)));
        }
    }
}

/// Shows R131: each kind of list that cannot be relied on is refused with its own reason.
#[test]
fn lists_that_cannot_be_relied_on_are_refused() {
    let ca = Ca::new("Example Root");
    let (root, leaf) = (ca.root(), ca.issue("leaf", ""));
    let with = |more: &[&str]| judged(&ca.list(more), &root, &leaf);
    assert_eq!(with(&[]), Ok(None));
    assert_eq!(with(&["-crlexts", "crl_users"]), Ok(None), "the signer is no authority");
    assert_eq!(with(&["-crlexts", "crl_delta"]), Err(CrlFault::Delta));
    assert_eq!(with(&["-crlexts", "crl_indirect"]), Err(CrlFault::Indirect));
    assert_eq!(with(&["-crlexts", "crl_some_reasons"]), Err(CrlFault::SomeReasons));
    assert!(matches!(with(&["-crlexts", "crl_authorities"]), Err(CrlFault::Elsewhere(_))));
    assert!(matches!(with(&["-crlexts", "crl_elsewhere"]), Err(CrlFault::Elsewhere(_))));
    assert_eq!(with(&["-crlexts", "crl_unknown"]), Err(CrlFault::Critical { oid: "1.2.3.4".to_owned() }));
    let sha1 = SignatureFault::Algorithm { algorithm: "1.2.840.10045.4.1".to_owned() };
    assert_eq!(with(&["-md", "sha1"]), Err(CrlFault::Signature(sha1)));
    let over = ["-crl_lastupdate", "20260101000000Z", "-crl_nextupdate", "20260102000000Z"];
    assert_eq!(with(&over), Err(CrlFault::Stale));
    let future = ["-crl_lastupdate", "20990101000000Z", "-crl_nextupdate", "20990102000000Z"];
    assert_eq!(with(&future), Err(CrlFault::Future));

    let list = ca.list(&[]);
    let other = Ca::new("Another Root");
    assert_eq!(judged(&list, &other.root(), &leaf), Err(CrlFault::OtherIssuer));
    let namesake = Ca::new("Example Root");
    assert_eq!(judged(&list, &namesake.root(), &leaf), Err(CrlFault::Signature(SignatureFault::Wrong)));
    let silent = Ca::with("Example Root", "ec", "no_crl_sign");
    assert_eq!(judged(&silent.list(&[]), &silent.root(), &leaf), Err(CrlFault::MayNotSign));
    for at in [5, list.len() / 2, list.len() - 1] {
        let mut bent = list.clone();
        bent[at] ^= 1;
        assert!(judged(&bent, &root, &leaf).is_err(), "byte {at}");
    }
    ca.revoke("leaf", &["-crl_reason", "removeFromCRL"]);
    assert_eq!(judged(&ca.list(&[]), &root, &leaf), Err(CrlFault::RemoveFromCrl));
}

/// A list that names where it belongs counts for a certificate that names the same place only: a list of others would make
/// everybody good.
#[test]
fn a_list_counts_where_it_belongs() {
    let ca = Ca::new("Example Root");
    let here = ca.issue("here", "crlDistributionPoints = URI:http://crl.example/another.crl");
    let list = Crl::read(ca.list(&["-crlexts", "crl_elsewhere"])).unwrap();
    assert_eq!(here.crl_addresses(), ["http://crl.example/another.crl"]);
    assert_eq!(list.check_scope(&here, here.crl_addresses()), Ok(()));
    let other = ["http://crl.example/mine.crl".to_owned()];
    assert!(matches!(list.check_scope(&here, &other), Err(CrlFault::Elsewhere(_))));
}

fn faults(finding: &Finding) -> String {
    assert_eq!(finding.status, Unknown, "{finding:?}");
    finding.faults()
}

/// Shows R131: a list is fetched once and kept; an older one never takes its place; a fault tells why nothing is known.
#[tokio::test]
async fn a_list_is_fetched_once_and_never_goes_back() {
    let ca = Ca::new("Example Root");
    let older = ca.list(&[]);
    let web = Web::start(older.clone()).await;
    let root = ca.root();
    let leaf = ca.issue("leaf", &format!("crlDistributionPoints = URI:{}", web.url));
    let folder = tempfile::tempdir().unwrap();
    let kept = || checker(Settings { folder: kept_in(&folder), ..settings(Order::CrlThenOcsp) });
    let first = kept();
    for _ in 0..3 {
        assert_eq!(first.check(&leaf, &root, now()).await.status, Good);
    }
    assert_eq!(web.calls(), 1);

    ca.revoke("leaf", &[]);
    web.set(ca.list(&[]));
    let soon = now() + Duration::from_secs(3_601);
    assert_eq!(first.check(&leaf, &root, soon).await.status, Good, "the one that holds serves meanwhile");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(first.check(&leaf, &root, soon).await.status, Revoked, "and is renewed beside");
    assert_eq!(web.calls(), 2);

    web.set(older.clone());
    let later = soon + Duration::from_secs(3_700);
    assert_eq!(first.check(&leaf, &root, later).await.status, Revoked);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(first.check(&leaf, &root, later).await.status, Revoked, "an older list is not taken over");
    assert_eq!(web.calls(), 3);

    // After a restart the list on disk serves, also where nobody answers.
    web.fail(axum::http::StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(kept().check(&leaf, &root, now()).await.status, Revoked);
    assert_eq!(web.calls(), 3, "nobody is asked");
    assert_eq!(kept().check(&leaf, &root, soon).await.status, Revoked);
    let over = faults(&kept().check(&leaf, &root, now() + hours(30)).await);
    assert!(over.contains("it answers 503"), "{over}");
    // Nor does an older one serve after a restart.
    web.set(older);
    let back = faults(&kept().check(&leaf, &root, now() + Duration::from_secs(24 * 3_600 + 100)).await);
    assert!(back.contains("older than one that was seen"), "{back}");
    let unread = std::fs::read_dir(folder.path().join("revocation")).unwrap().next().unwrap().unwrap();
    std::fs::write(unread.path(), b"garbage").unwrap();
    web.set(ca.list(&[]));
    assert_eq!(kept().check(&leaf, &root, now()).await.status, Revoked, "what was spoilt is fetched anew");
}

/// Shows R131.
#[tokio::test]
async fn who_answers_wrongly_or_not_at_all_tells_nothing() {
    let ca = Ca::new("Example Root");
    let (root, leaf) = (ca.root(), ca.issue("leaf", ""));
    let none = faults(&checker(settings(Order::CrlThenOcsp)).check(&leaf, &root, now()).await);
    assert_eq!(none, "CRL: no address is known; OCSP: no address is known");
    for (body, why) in [
        (b"<html>maintenance</html>".to_vec(), "no revocation list in DER"),
        (vec![0x30; 2 << 20], "larger than 1048576 bytes"),
        (Vec::new(), "no revocation list in DER"),
        (ca.list(&["-crlexts", "crl_delta"]), "it is a delta list"),
        (Ca::new("Another Root").list(&[]), "another issuer"),
    ] {
        let web = Web::start(body).await;
        let said = faults(&asking(Order::Crl, &root, &[], &[&web.url]).check(&leaf, &root, now()).await);
        assert!(said.contains(why), "{said}");
    }
    let web = Web::start(ca.list(&[])).await;
    let hangs = common::silent().await;
    let both = [hangs.as_str(), web.url.as_str()];
    let began = std::time::Instant::now();
    let slow = asking(Order::Crl, &root, &[], &both);
    let said = slow.check(&leaf, &root, now()).await;
    assert!(faults(&said).contains("no answer within"), "{said:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let again = std::time::Instant::now();
    assert_eq!(slow.check(&leaf, &root, now()).await.status, Good, "the second place was fetched meanwhile");
    assert!(again.elapsed() < Duration::from_secs(2), "{:?}", again.elapsed());
}

/// Addresses that are configured stand for those that certificates do not name.
#[tokio::test]
async fn an_issuer_whose_certificates_name_nothing_is_asked_where_it_is_configured() {
    let ca = Ca::new("Example Root");
    let web = Web::start(ca.list(&[])).await;
    let (root, leaf) = (ca.root(), ca.issue("leaf", ""));
    let addresses = |issuer: &str| {
        let addresses = Addresses { issuer: issuer.to_owned(), ocsp: Vec::new(), crl: vec![web.url.clone()] };
        checker(Settings { addresses: vec![addresses], ..settings(Order::Crl) })
    };
    assert_eq!(root.subject(), "CN=Example Root,O=Example Trust,C=TW");
    assert_eq!(addresses(&root.subject()).check(&leaf, &root, now()).await.status, Good);
    assert_eq!(addresses("CN=Another Root").check(&leaf, &root, now()).await.status, Unknown);
}
