//! Bytes of strangers: nothing panics, and nothing that was changed is believed.

use std::convert::Infallible;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mydata_revocation::Certificate;
use mydata_revocation::crl::{Crl, CrlFault, Reason, Revoked};
use mydata_revocation::ocsp::write::{Asked, Draft};
use mydata_revocation::ocsp::{Answer, Question, Status};
use mydata_wire::SystemRandom;
use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DnType, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevocationReason, RevokedCertParams, SerialNumber,
    SigningKey as _, date_time_ymd,
};

/// ecdsa-with-SHA256.
const ECDSA: &[u8] = &[0x30, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];

/// The middle of 2026.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_780_000_000)
}

struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
    leaf: Certificate,
}

fn authority() -> Authority {
    let params = |name: &str, serial: &[u8]| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.serial_number = Some(SerialNumber::from_slice(serial));
        params
    };
    let mut root = params("Example Root", &[1]);
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().unwrap();
    let certificate = Certificate::read(root.self_signed(&key).unwrap().der()).unwrap();
    let issuer = Issuer::new(root, key);
    let leaf = params("leaf", &[0, 0x80, 7]).signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
    Authority { certificate, issuer, leaf: Certificate::read(leaf.der()).unwrap() }
}

fn list(authority: &Authority, revoked: Vec<RevokedCertParams>) -> Vec<u8> {
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 5, 1),
        next_update: date_time_ymd(2027, 5, 1),
        crl_number: SerialNumber::from(7u64),
        issuing_distribution_point: None,
        revoked_certs: revoked,
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(&authority.issuer).unwrap().der().to_vec()
}

fn revoked(serial: &[u8], reason: Option<RevocationReason>) -> RevokedCertParams {
    RevokedCertParams {
        serial_number: SerialNumber::from_slice(serial),
        revocation_time: date_time_ymd(2026, 1, 1),
        reason_code: reason,
        invalidity_date: Some(date_time_ymd(2025, 1, 1)),
    }
}

fn answer(authority: &Authority, question: &Question, status: Status) -> Vec<u8> {
    let asked = Asked::read(&question.der()).unwrap();
    let draft = Draft {
        asked: &asked,
        status,
        this_update: now(),
        next_update: Some(now() + Duration::from_secs(600)),
        responder: &authority.certificate,
        certificates: &[],
    };
    draft.sign(ECDSA, |data| Ok::<_, Infallible>(authority.issuer.key().sign(data).unwrap())).unwrap()
}

/// A list of many finds each, and nobody else; numbers compare as numbers, however they are written.
#[test]
fn a_large_list_finds_each_and_nobody_else() {
    let authority = authority();
    let serial = |n: u32| (n * 2 + 1).to_be_bytes();
    let mut all: Vec<_> = (0..5_000).rev().map(|n| revoked(&serial(n), None)).collect();
    let crl = Crl::read(list(&authority, all.clone())).unwrap();
    crl.check_issuer(&authority.certificate).unwrap();
    crl.check_times(now(), None).unwrap();
    assert_eq!((crl.len(), crl.find(&authority.leaf)), (5_000, None));
    all.push(revoked(&[0x80, 7], Some(RevocationReason::Superseded)));
    let crl = Crl::read(list(&authority, all)).unwrap();
    assert_eq!(crl.find(&authority.leaf).map(|r| r.reason), Some(Reason::Superseded));
    let older = Crl::read(list(&authority, Vec::new())).unwrap();
    assert_eq!(older.check_times(now(), crl.number()), Ok(()), "the same number may come again");
    assert!(older.is_empty());
}

#[test]
fn what_is_written_is_read() {
    let authority = authority();
    let question = Question::about(&authority.leaf, &authority.certificate, &SystemRandom);
    let at = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for status in
        [Status::Good, Status::Unknown, Status::Revoked(Revoked { at, reason: Reason::Unspecified })]
    {
        let bytes = answer(&authority, &question, status);
        let judged =
            Answer::read(&bytes).unwrap().judge(&question, &authority.certificate, now(), None).unwrap();
        assert_eq!((judged.status, judged.by_nonce), (status, true));
    }
}

/// Lists of addresses that name none are as good as none.
#[test]
fn certificates_may_say_anything_else() {
    let mut params = CertificateParams::default();
    params.custom_extensions = vec![
        CustomExtension::from_oid_content(&[2, 5, 29, 31], vec![0x30, 0]),
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], vec![0x30, 0]),
    ];
    let der = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    let read = Certificate::read(der.der()).unwrap();
    assert!(read.crl_addresses().is_empty() && read.ocsp_addresses().is_empty() && read.is_self_issued());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Crl::read(bytes.clone());
        let _ = Answer::read(&bytes);
        let _ = Certificate::read(&bytes);
        let _ = Asked::read(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_list_that_was_changed_is_not_believed(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let authority = authority();
        let good = list(&authority, vec![revoked(&[0x80, 7], Some(RevocationReason::KeyCompromise))]);
        let mut bent = good.clone();
        bent[at.index(good.len())] = to;
        let judged = Crl::read(bent.clone()).and_then(|list| list.check_issuer(&authority.certificate).map(|()| list));
        match judged {
            Ok(_) => prop_assert!(bent == good),
            Err(fault) => prop_assert!(bent != good, "{}", fault),
        }
        prop_assert!(matches!(Crl::read(good[..at.index(good.len())].to_vec()), Err(CrlFault::Unreadable(_))));
    }

    #[test]
    fn an_answer_that_was_changed_is_not_believed(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let authority = authority();
        let question = Question::about(&authority.leaf, &authority.certificate, &SystemRandom);
        let good = answer(&authority, &question, Status::Good);
        let mut bent = good.clone();
        bent[at.index(good.len())] = to;
        let judged =
            Answer::read(&bent).and_then(|answer| answer.judge(&question, &authority.certificate, now(), None));
        prop_assert_eq!(judged.is_ok(), bent == good);
        prop_assert!(Answer::read(&good[..at.index(good.len())]).is_err());
    }
}
