//! OCSP with `openssl ocsp -port` as the responder, and with answers that no good responder gives.

mod common;

use std::fs;
use std::time::Duration;

use common::{Ca, Web, asking, checker, hours, now, openssl, settings, silent};
use mydata_revocation::crl::Reason;
use mydata_revocation::ocsp::{Answer, OcspFault, Question, Status};
use mydata_revocation::{Certificate, Order};
use mydata_seal::trust::{Revocation, RevocationStatus::*};
use mydata_wire::SystemRandom;
use rustls_pki_types::CertificateDer;

const DELEGATED: &str = "extendedKeyUsage = OCSPSigning\nnoCheck = ignored";

/// Shows R131: good, revoked and unknown, by the issuer itself and by somebody whom it put in charge.
#[tokio::test]
async fn a_responder_tells_who_is_revoked() {
    for ca in [Ca::new("Example Root"), Ca::rsa("Example RSA Root")] {
        let root = ca.root();
        let (good, stolen) = (ca.issue("good", ""), ca.issue("stolen", ""));
        ca.issue("responder", DELEGATED);
        ca.revoke("stolen", &["-crl_reason", "keyCompromise"]);
        let elsewhere = Ca::new("Another Root").issue("elsewhere", "");
        for (signer, more) in [("ca", &["-ndays", "1"][..]), ("responder", &["-nmin", "10"]), ("ca", &[])] {
            let responder = ca.responder(signer, more);
            let checker = asking(Order::OcspThenCrl, &root, &[&responder.url], &[]);
            assert_eq!(checker.check(&good, &root, now()).await.status, Good, "{signer}");
            let found = checker.check(&stolen, &root, now()).await;
            assert_eq!(found.status, Revoked, "{signer}");
            assert_eq!(found.revoked.unwrap().reason, Reason::KeyCompromise);
            let stranger = checker.check(&elsewhere, &root, now()).await;
            assert_eq!(stranger.status, Unknown);
            assert!(stranger.faults().contains("does not know the certificate"), "{}", stranger.faults());
        }
    }
}

/// What is said when `signer` signs answers about `leaf`.
async fn signed_by(ca: &Ca, signer: &str, leaf: &Certificate, lists: &[&str]) -> Result<(), String> {
    let (root, responder) = (ca.root(), ca.responder(signer, &["-ndays", "1"]));
    let found = asking(Order::Ocsp, &root, &[&responder.url], lists).check(leaf, &root, now()).await;
    if found.status == Good { Ok(()) } else { Err(found.faults()) }
}

/// Shows R131: nobody but the issuer, and whom it put in charge, is believed.
#[tokio::test]
async fn only_the_issuer_and_its_delegates_are_believed() {
    let ca = Ca::new("Example Root");
    let leaf = ca.issue("leaf", "");
    ca.issue("responder", DELEGATED);
    ca.issue("undelegated", "extendedKeyUsage = serverAuth");
    ca.issue("may-not-sign", "extendedKeyUsage = OCSPSigning\nnoCheck = ignored\nkeyUsage = keyAgreement");
    let other = Ca::new("Another Root");
    other.issue("foreign", DELEGATED);
    for ending in ["pem", "key"] {
        let name = format!("foreign.{ending}");
        fs::copy(other.path().join(&name), ca.path().join(&name)).unwrap();
    }
    signed_by(&ca, "responder", &leaf, &[]).await.unwrap();
    for (signer, why) in [
        ("undelegated", "not one for OCSP"),
        ("leaf", "not one for OCSP"),
        ("foreign", "comes from another issuer"),
        ("may-not-sign", "does not allow it to sign"),
    ] {
        let said = signed_by(&ca, signer, &leaf, &[]).await.unwrap_err();
        assert!(said.contains(why), "{signer}: {said}");
    }
}

/// Shows R131: a responder that does not say `ocsp-nocheck` is looked for in the issuer's list.
#[tokio::test]
async fn a_responder_that_may_be_revoked_is_looked_up() {
    let ca = Ca::new("Example Root");
    let leaf = ca.issue("leaf", "");
    ca.issue("responder", "extendedKeyUsage = OCSPSigning");
    let said = signed_by(&ca, "responder", &leaf, &[]).await.unwrap_err();
    assert!(said.contains("cannot be learnt (it has no ocsp-nocheck)"), "{said}");
    let web = Web::start(ca.list(&[])).await;
    signed_by(&ca, "responder", &leaf, &[&web.url]).await.unwrap();
    ca.revoke("responder", &["-crl_reason", "keyCompromise"]);
    web.set(ca.list(&[]));
    let said = signed_by(&ca, "responder", &leaf, &[&web.url]).await.unwrap_err();
    assert!(said.contains("own certificate is revoked"), "{said}");
}

/// What `openssl ocsp` answers to a question, with more arguments.
fn answer(ca: &Ca, question: &Question, more: &[&str]) -> Vec<u8> {
    fs::write(ca.path().join("question.der"), question.der()).unwrap();
    let mut args =
        vec!["ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key"];
    args.extend(["-reqin", "question.der", "-respout", "answer.der"]);
    args.extend(more);
    openssl(ca.path(), &args);
    fs::read(ca.path().join("answer.der")).unwrap()
}

/// Shows R131: an answer counts for the question that it was made for, and for its time.
#[test]
fn an_answer_counts_for_its_question_and_its_time() {
    let ca = Ca::new("Example Root");
    let (root, leaf, other) = (ca.root(), ca.issue("leaf", ""), ca.issue("other", ""));
    let ask = || Question::about(&leaf, &root, &SystemRandom);
    let judge = |bytes: &[u8], question: &Question, now, last| {
        Answer::read(bytes).and_then(|answer| answer.judge(question, &root, now, last)).map(|j| j.by_nonce)
    };
    let question = ask();
    let good = answer(&ca, &question, &["-ndays", "1"]);
    assert_eq!(judge(&good, &question, now(), None), Ok(true));
    assert_eq!(judge(&good, &ask(), now(), None), Err(OcspFault::Nonce), "replayed to another question");
    let about_other = Question::about(&other, &root, &SystemRandom);
    assert_eq!(judge(&good, &about_other, now(), None), Err(OcspFault::OtherCertificate));
    assert_eq!(judge(&good, &question, now() + hours(25), None), Err(OcspFault::Stale));
    assert_eq!(judge(&good, &question, now() - hours(1), None), Err(OcspFault::Future));

    let endless = answer(&ca, &question, &[]);
    assert_eq!(judge(&endless, &question, now(), None), Ok(true));
    assert_eq!(judge(&endless, &question, now() + hours(1), None), Err(OcspFault::Stale), "it names no end");

    // Made beforehand, it has no nonce and is judged by its age alone.
    let made = answer(&ca, &question, &["-ndays", "1", "-resp_no_certs"]);
    assert_eq!(
        judge(&made, &question, now(), None),
        Ok(true),
        "the issuer's own certificate need not come along"
    );
    let without = {
        let args = ["ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key"];
        let more = ["-issuer", "ca.pem", "-cert", "leaf.pem", "-no_nonce", "-reqout", "plain.der"];
        openssl(ca.path(), &[&["ocsp"], &more[..]].concat());
        openssl(
            ca.path(),
            &[&args[..], &["-reqin", "plain.der", "-respout", "plain.res", "-ndays", "1"]].concat(),
        );
        fs::read(ca.path().join("plain.res")).unwrap()
    };
    assert_eq!(judge(&without, &ask(), now(), None), Ok(false));
    assert_eq!(judge(&without, &ask(), now(), Some(now() - hours(1))), Ok(false));
    assert_eq!(judge(&without, &ask(), now(), Some(now() + hours(1))), Err(OcspFault::WentBack));
    assert_eq!(judge(&without, &ask(), now() + hours(25), None), Err(OcspFault::Stale));

    for at in (0..good.len()).step_by(7) {
        let mut bent = good.clone();
        bent[at] ^= 1;
        let judged = Answer::read(&bent).and_then(|answer| answer.judge(&question, &root, now(), None));
        // The responder's own certificate comes along for nothing: it is not looked at.
        let harmless = judged.as_ref().is_ok_and(|j| j.status == Status::Good && at > good.len() / 3);
        assert!(judged.is_err() || harmless, "byte {at}: {judged:?}");
    }
    let sha1 = answer(&ca, &question, &["-ndays", "1", "-rmd", "sha1"]);
    assert!(matches!(judge(&sha1, &question, now(), None), Err(OcspFault::Signature(_))));
}

/// Shows R131.
#[tokio::test]
async fn who_hangs_or_answers_nonsense_tells_nothing_and_the_list_is_looked_into() {
    let ca = Ca::new("Example Root");
    let (root, leaf) = (ca.root(), ca.issue("leaf", ""));
    let list = Web::start(ca.list(&[])).await;
    let says = |bytes: &[u8]| Web::start(bytes.to_vec());
    for (at, why) in [
        (says(b"<html>maintenance</html>").await.url, "no OCSP answer in DER"),
        (says(&[0x30, 3, 0x0a, 1, 3]).await.url, "tryLater"),
        (says(&[0x30, 3, 0x0a, 1, 1]).await.url, "malformedRequest"),
        (says(&[0x30, 3, 0x0a, 1, 2]).await.url, "internalError"),
        (says(&[0x30, 3, 0x0a, 1, 5]).await.url, "sigRequired"),
        (says(&[0x30, 3, 0x0a, 1, 6]).await.url, "unauthorized"),
        (says(&vec![0; 1 << 20]).await.url, "larger than"),
        (silent().await, "no answer within 3.0 s"),
        ("http://127.0.0.1:9/".to_owned(), "error sending request"),
        ("not an address".to_owned(), "cannot be read"),
    ] {
        let alone = asking(Order::Ocsp, &root, &[&at], &[]).check(&leaf, &root, now()).await;
        assert_eq!(alone.status, Unknown);
        assert!(alone.faults().contains(why), "{}", alone.faults());
        let then = asking(Order::OcspThenCrl, &root, &[&at], &[&list.url]).check(&leaf, &root, now()).await;
        assert_eq!((then.status, then.tried.len()), (Good, 2), "{}", then.faults());
    }
}

/// Shows R131: an authority between signer and root may be revoked as well.
#[tokio::test]
async fn every_certificate_of_the_chain_is_looked_at() {
    let root = Ca::new("Example Root");
    let list = Web::start(root.list(&[])).await;
    let between = root.issue(
        "between",
        &format!(
            "basicConstraints = CA:TRUE\nkeyUsage = keyCertSign, cRLSign\ncrlDistributionPoints = URI:{}",
            list.url
        ),
    );
    let under = Ca::new("unused");
    for (from, to) in [("between.pem", "ca.pem"), ("between.key", "ca.key")] {
        fs::copy(root.path().join(from), under.path().join(to)).unwrap();
    }
    let own = Web::start(under.list(&[])).await;
    let leaf = under.issue("leaf", &format!("crlDistributionPoints = URI:{}", own.url));
    let chain = [&leaf, &between, &root.root()].map(|c| CertificateDer::from(c.der().to_vec()));
    let learnt = checker(settings(Order::OcspThenCrl)).learn(&chain, now()).await;
    assert_eq!((learnt.overall(), learnt.findings.len()), (Good, 2));
    let as_told = Revocation::status;
    assert_eq!(as_told(&learnt, &chain, now()), Good);
    assert_eq!(as_told(&learnt, &chain[1..], now()), Unknown, "of another chain nothing is known");
    root.revoke("between", &[]);
    list.set(root.list(&[]));
    let learnt = checker(settings(Order::OcspThenCrl)).learn(&chain, now()).await;
    assert_eq!(learnt.overall(), Revoked);
    list.fail(axum::http::StatusCode::NOT_FOUND);
    let learnt = checker(settings(Order::OcspThenCrl)).learn(&chain, now()).await;
    assert_eq!(learnt.overall(), Unknown, "{:?}", learnt.findings);
    let alone = [chain[2].clone(), chain[2].clone()];
    let learnt = checker(settings(Order::OcspThenCrl)).learn(&alone, now()).await;
    assert_eq!(learnt.overall(), Good, "nobody could revoke a root that signs itself");
}

/// An answer is kept, but not for long: a revocation takes effect within the hour.
#[tokio::test]
async fn an_answer_is_kept_for_an_hour_at_most() {
    let ca = Ca::new("Example Root");
    let (root, leaf) = (ca.root(), ca.issue("leaf", ""));
    let responder = ca.responder("ca", &["-ndays", "7"]);
    let checker = asking(Order::Ocsp, &root, &[&responder.url], &[]);
    assert_eq!(checker.check(&leaf, &root, now()).await.status, Good);
    ca.revoke("leaf", &[]);
    drop(responder);
    assert_eq!(checker.check(&leaf, &root, now()).await.status, Good, "kept");
    let later = now() + Duration::from_secs(3_700);
    assert_eq!(checker.check(&leaf, &root, later).await.status, Unknown, "and over");
}
