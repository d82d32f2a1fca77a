//! A DP's package: what is accepted, and every way to be refused (PROTOCOL.md §7).

mod common;

use std::io::{Cursor, Read};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use common::*;
use mydata_seal::dp_package::{
    BadSigner, BuildError, Builder, DpPackageError, FileKind, PdfFault, Signer, Step, Verified, open_file,
    verify,
};
use mydata_seal::trust::{
    BadTrust, CertificateError, NoRevocationCheck, OnUnknownRevocation, Revocation, RevocationStatus, Trust,
};
use mydata_seal::zip::{NameFault, ZipError};
use mydata_wire::manifest::BadManifest;
use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose, date_time_ymd};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use zip::CompressionMethod;

fn check(package: &[u8]) -> Result<Verified, DpPackageError> {
    verify(Cursor::new(package), &trust(), now(), Some(&person()))
}

fn refused(package: &[u8], step: Step) -> DpPackageError {
    let error = check(package).expect_err("refused");
    assert_eq!(error.step(), step, "{error}");
    assert!(error.zh().starts_with(step.zh()), "{}", error.zh());
    assert!(!error.zh().ends_with(':'), "{}", error.zh());
    error
}

/// Shows R130, R131, R132, R133, R134.
#[test]
fn a_package_of_the_builder_verifies() {
    let verified = check(&good_package()).unwrap();
    let names: Vec<_> = verified.files.iter().map(|f| (f.name.as_str(), f.kind)).collect();
    assert_eq!(names, [("戶籍資料.json", FileKind::Json), ("household.pdf", FileKind::Pdf)]);
    assert_eq!(verified.files[0].digest, sha256(JSON.as_bytes()));
    assert_eq!(verified.files[0].len, JSON.len() as u64);
    assert_eq!(verified.signer.serial, "02:03");
    assert!(verified.signer.subject.contains("household.example"), "{}", verified.signer.subject);
    assert!(verified.signer.issuer.contains("Fictional Root CA"), "{}", verified.signer.issuer);
    assert!(verified.signer.not_before < now() && now() < verified.signer.not_after);
    let der = CertificateDer::from_pem_slice(dp_cert(|_| {}).as_bytes()).unwrap();
    assert_eq!(verified.signer.certificate_sha256, sha256(&der));
    assert_eq!(&verified.signer, signer().info());
}

/// Shows R130: certificate in DER, signature in base64 with line breaks, as some DPs write them.
#[test]
fn other_spellings_are_read() {
    let mut parts = Parts::good();
    let der = CertificateDer::from_pem_slice(dp_cert(|_| {}).as_bytes()).unwrap();
    parts.certificate = Some(der.to_vec());
    let text = mydata_wire::b64::standard(parts.signature.as_ref().unwrap());
    parts.signature = Some(format!("{}\r\n{}\r\n", &text[..76], &text[76..]).into_bytes());
    check(&parts.zip()).unwrap();

    let mut parts = Parts::good();
    let pem = format!("\u{feff}subject=CN = household.example\r\n{}", dp_cert(|_| {}).replace('\n', "\r\n"));
    parts.certificate = Some(pem.into_bytes());
    check(&parts.zip()).unwrap();
}

/// Shows R135: what else a DP puts in is its own affair, as long as it is signed; folders are allowed.
#[test]
fn other_files_and_folders_are_accepted() {
    let mut files = good_files();
    files.push(("附件/說明.txt".to_owned(), b"fictional".to_vec()));
    let parts = Parts::of(files);
    assert_eq!(check(&parts.zip()).unwrap().files[2].kind, FileKind::Other);

    let mut entries = vec![("META-INFO/", &b""[..]), ("附件/", b"")];
    entries.extend(parts.files.iter().map(|(name, content)| (name.as_str(), content.as_slice())));
    let (manifest, signature, certificate) =
        (parts.manifest.unwrap(), parts.signature.unwrap(), parts.certificate.unwrap());
    entries.push(("META-INFO/manifest.xml", &manifest));
    entries.push(("META-INFO/manifest.sha256withrsa", &signature));
    entries.push(("META-INFO/certificate.cer", &certificate));
    check(&zip_of(&entries, CompressionMethod::Stored)).unwrap();
}

#[test]
fn files_are_read_one_by_one() {
    let package = good_package();
    let mut content = String::new();
    let mut file = open_file(Cursor::new(&package), "戶籍資料.json").unwrap();
    assert_eq!(file.content_len(), JSON.len() as u64);
    file.read_to_string(&mut content).unwrap();
    assert_eq!(content, JSON);
    assert!(matches!(
        open_file(Cursor::new(&package), "nothing.json"),
        Err(DpPackageError::ListedMissing { .. })
    ));
}

// ---- zip limits

#[test]
fn what_is_no_zip_is_refused() {
    for bytes in [&b""[..], b"<html><body>Internal Server Error</body></html>", &[0; 100]] {
        assert!(matches!(refused(bytes, Step::Zip), DpPackageError::Zip(ZipError::Structure(_))));
    }
}

#[test]
fn half_a_package_is_refused_wherever_it_ends() {
    let package = good_package();
    for len in (0..package.len()).step_by(61).chain(package.len() - 30..package.len()) {
        assert!(check(&package[..len]).is_err(), "cut at {len}");
    }
}

#[test]
fn names_that_lead_out_of_a_folder_are_refused() {
    for (name, fault) in [
        ("../escape.json", NameFault::Parent),
        ("a/../../b.json", NameFault::Parent),
        ("/etc/cron.json", NameFault::Absolute),
        ("C:/startup.txt", NameFault::Absolute),
        ("..\\escape.json", NameFault::Backslash),
        ("a//b-c-d.json", NameFault::Form),
        ("./a-b-c-d.json", NameFault::Form),
        ("a\u{1b}[2J-b.json", NameFault::Form),
    ] {
        let stand_in = "x".repeat(name.len());
        let mut package = zip_of(&[(&stand_in, b"{}")], CompressionMethod::Stored);
        assert_eq!(patch(&mut package, stand_in.as_bytes(), name.as_bytes()), 2);
        match refused(&package, Step::Zip) {
            DpPackageError::Zip(ZipError::Name { file, fault: found }) => {
                assert_eq!(found, fault, "{name}");
                assert!(!file.contains('\u{1b}'), "no control character reaches a terminal");
            }
            other => panic!("{name}: {other}"),
        }
    }
}

#[test]
fn names_in_another_encoding_are_refused() {
    let mut package = zip_of(&[("xxxx.json", b"{}")], CompressionMethod::Stored);
    patch(&mut package, b"xxxx.json", b"\xa4\xe1\xc4\x79.json");
    assert!(matches!(
        refused(&package, Step::Zip),
        DpPackageError::Zip(ZipError::Name { fault: NameFault::NotUtf8, .. })
    ));
}

#[test]
fn links_are_refused() {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("a.json", "/etc/passwd", zip::write::SimpleFileOptions::default()).unwrap();
    let package = zip.finish().unwrap().into_inner();
    assert!(matches!(
        refused(&package, Step::Zip),
        DpPackageError::Zip(ZipError::Name { fault: NameFault::Link, .. })
    ));
}

#[test]
fn a_name_twice_is_refused() {
    let mut package = zip_of(&[("a-1.json", b"{}"), ("a-2.json", b"[]")], CompressionMethod::Stored);
    patch(&mut package, b"a-2.json", b"a-1.json");
    assert!(matches!(refused(&package, Step::Zip), DpPackageError::Zip(ZipError::Duplicate { .. })));

    let package = zip_of(&[("a", b"{}"), ("a/b", b"[]")], CompressionMethod::Stored);
    assert!(
        matches!(refused(&package, Step::Zip), DpPackageError::Zip(ZipError::Duplicate { .. })),
        "file and folder"
    );
}

#[test]
fn too_many_entries_are_refused() {
    let names: Vec<String> = (0..1_001).map(|i| format!("{i}.txt")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert!(matches!(
        refused(&zip_of(&entries, CompressionMethod::Stored), Step::Zip),
        DpPackageError::Zip(ZipError::TooManyEntries { found: 1_001 })
    ));
    assert_eq!(
        refused(&zip_of(&entries[..1_000], CompressionMethod::Stored), Step::Parts).step(),
        Step::Parts
    );
}

#[test]
fn a_zip_bomb_is_refused() {
    let zeros = vec![b'0'; 20 * 1024 * 1024];
    let package = zip_of(&[("bomb.json", &zeros)], CompressionMethod::Deflated);
    assert!(package.len() < 100_000, "it is one");
    assert!(matches!(refused(&package, Step::Zip), DpPackageError::Zip(ZipError::Ratio { .. })));
}

/// The declared size of each entry, both in its local header and in the directory.
fn lie_about_sizes(package: &mut [u8], unpacked: u32, lie: u32) {
    assert!(patch(package, &unpacked.to_le_bytes(), &lie.to_le_bytes()) >= 1);
}

#[test]
fn a_zip_bomb_that_lies_about_its_size_is_refused() {
    // Small enough to pass the ratio when it says so; what comes out is stopped at the declared size.
    let mut parts = Parts::good();
    parts.files[0].1 = [b"[".as_slice(), &vec![b' '; 7_654_321], b"]"].concat();
    parts.manifest = Some(manifest_of(&parts.files).to_xml().into_bytes());
    parts.sign();
    let mut package = parts.zip();
    lie_about_sizes(&mut package, 7_654_323, 1_000);
    assert!(matches!(
        refused(&package, Step::Zip),
        DpPackageError::Zip(ZipError::Damaged { reason: "it is longer than declared", .. })
    ));
}

#[test]
fn more_than_two_gibibytes_are_refused() {
    // Declared only: nothing of the kind has to be made to be refused.
    let noise: Vec<u8> = (0..11_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut package = zip_of(&[("big.json", &noise)], CompressionMethod::Deflated);
    lie_about_sizes(&mut package, 11_000_000, 0x8000_0001);
    assert!(matches!(
        refused(&package, Step::Zip),
        DpPackageError::Zip(ZipError::TooLarge { limit: 0x8000_0000 })
    ));
}

#[test]
fn zip_encryption_is_refused() {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().with_aes_encryption(zip::AesMode::Aes256, "A123456789");
    zip.start_file("a.json", options).unwrap();
    let package = zip.finish().unwrap().into_inner();
    assert!(matches!(refused(&package, Step::Zip), DpPackageError::Zip(ZipError::Encrypted { .. })));
}

#[test]
fn other_compressions_are_refused() {
    let mut package = zip_of(&[("a.json", b"{}")], CompressionMethod::Stored);
    let directory = package.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    package[directory + 10] = 12;
    assert!(matches!(refused(&package, Step::Zip), DpPackageError::Zip(ZipError::Method { method: 12, .. })));
}

#[test]
fn a_zip_that_is_two_things_is_refused() {
    let good = good_package();
    let before = [&b"#!/bin/sh\n"[..], &good].concat();
    assert!(matches!(refused(&before, Step::Zip), DpPackageError::Zip(ZipError::Structure(_))));

    // The local header names another file than the directory.
    let mut package = zip_of(&[("a-1.json", b"{}")], CompressionMethod::Stored);
    let local = package.windows(8).position(|w| w == b"a-1.json").unwrap();
    package[local..local + 8].copy_from_slice(b"a-2.json");
    assert!(matches!(refused(&package, Step::Zip), DpPackageError::Zip(ZipError::Inconsistent { .. })));

    // Two entries share the same packed bytes.
    let mut package = zip_of(&[("a-1.json", b"{}"), ("a-2.json", b"{}")], CompressionMethod::Stored);
    let second = package.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    package[second + 42..second + 46].copy_from_slice(&0u32.to_le_bytes());
    assert!(matches!(refused(&package, Step::Zip), DpPackageError::Zip(ZipError::Inconsistent { .. })));
}

#[test]
fn damaged_content_is_refused() {
    let mut package = Parts::good();
    package.files[0].1 = JSON.repeat(40).into_bytes();
    let mut package = package.zip();
    let at = package.windows(4).position(|w| w == b".pdf").unwrap() - 40;
    package[at] ^= 0x55;
    assert!(check(&package).is_err());
}

// ---- parts

#[test]
fn each_part_of_meta_info_is_required() {
    for (name, drop) in [
        ("META-INFO/manifest.xml", (|parts| parts.manifest = None) as fn(&mut Parts)),
        ("META-INFO/manifest.sha256withrsa", |parts| parts.signature = None),
        ("META-INFO/certificate.cer", |parts| parts.certificate = None),
    ] {
        let mut parts = Parts::good();
        drop(&mut parts);
        match refused(&parts.zip(), Step::Parts) {
            DpPackageError::PartMissing { file } => assert_eq!(file, name),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn oversized_parts_are_refused() {
    let mut parts = Parts::good();
    let noise: Vec<u8> = (0..600_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    parts.certificate = Some(noise);
    assert!(matches!(refused(&parts.zip(), Step::Parts), DpPackageError::PartTooLarge { .. }));
}

// ---- certificate

fn with_certificate(certificate: impl Into<Vec<u8>>) -> Vec<u8> {
    let mut parts = Parts::good();
    parts.certificate = Some(certificate.into());
    parts.zip()
}

fn certificate_error(package: &[u8]) -> CertificateError {
    match refused(package, Step::Certificate) {
        DpPackageError::Certificate(e) => e,
        other => panic!("{other}"),
    }
}

#[test]
fn what_is_no_certificate_is_refused() {
    for bytes in [
        &b""[..],
        b"certificate",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"\x30\x82\x01\x00",
    ] {
        assert_eq!(certificate_error(&with_certificate(bytes)), CertificateError::Unreadable);
    }
}

#[test]
fn weak_and_foreign_keys_are_refused() {
    for name in ["short.cer.pem", "ec.cer.pem"] {
        assert_eq!(certificate_error(&with_certificate(fixture(name))), CertificateError::Key, "{name}");
    }
}

#[test]
fn a_certificate_for_another_use_is_refused() {
    let only_tls = dp_cert(|params| params.key_usages = vec![KeyUsagePurpose::KeyEncipherment]);
    assert_eq!(certificate_error(&with_certificate(only_tls)), CertificateError::Usage);
    for purpose in [ExtendedKeyUsagePurpose::EmailProtection, ExtendedKeyUsagePurpose::CodeSigning] {
        let special = dp_cert(|params| params.extended_key_usages = vec![purpose]);
        check(&with_certificate(special)).expect("any extended key usage will do");
    }
    check(&with_certificate(dp_cert(|params| params.key_usages.clear()))).expect("so will none at all");
}

/// Shows R131: the validity, on the day before, on both borders, on the day after.
#[test]
fn validity_is_checked() {
    let at = |day: u64| now() + Duration::from_secs(day * 86_400);
    let package = with_certificate(dp_cert(|params| {
        params.not_before = date_time_ymd(2026, 11, 22);
        params.not_after = date_time_ymd(2026, 11, 23);
    }));
    let check = |now: SystemTime| verify(Cursor::new(&package), &trust(), now, None).map(|_| ());
    match check(at(0)) {
        Err(DpPackageError::Certificate(CertificateError::NotYetValid { from })) => {
            assert_eq!(from, "2026-11-22T00:00:00Z");
        }
        other => panic!("{other:?}"),
    }
    check(at(1)).expect("from its first second");
    check(at(2)).expect("to its last second");
    match check(at(2) + Duration::from_secs(1)) {
        Err(DpPackageError::Certificate(CertificateError::Expired { until })) => {
            assert_eq!(until, "2026-11-23T00:00:00Z");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_certificate_of_nobody_known_is_refused() {
    let own = dp_params(|_| {}).self_signed(&key(&input("dp.key.pem"))).unwrap().pem();
    assert!(matches!(certificate_error(&with_certificate(own)), CertificateError::Untrusted { .. }));

    // Issued by a key that only calls itself the root.
    let issuer = {
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "Fictional Root");
        params.distinguished_name.push(rcgen::DnType::CommonName, "Fictional Root CA");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        rcgen::Issuer::new(params, key(&fixture("other.key.pem")))
    };
    let forged = dp_params(|_| {}).signed_by(&key(&input("dp.key.pem")), &issuer).unwrap().pem();
    assert!(matches!(certificate_error(&with_certificate(forged)), CertificateError::Untrusted { .. }));
}

#[test]
fn intermediates_come_from_the_package_or_from_configuration() {
    let (middle, dp) = chain_of_three();
    let alone = with_certificate(dp.clone());
    assert!(matches!(certificate_error(&alone), CertificateError::Untrusted { .. }));
    check(&with_certificate(format!("{dp}{middle}"))).expect("sent along");
    let trust = trust().with_intermediates(middle.as_bytes()).unwrap();
    verify(Cursor::new(&alone), &trust, now(), None).expect("configured");
}

struct Tells(RevocationStatus, Mutex<Vec<usize>>);

impl Revocation for Tells {
    fn status(&self, chain: &[CertificateDer<'_>], _now: SystemTime) -> RevocationStatus {
        self.1.lock().unwrap().push(chain.len());
        self.0
    }
}

/// Shows R131.
#[test]
fn revocation_is_asked_for_a_verified_chain() {
    let (middle, dp) = chain_of_three();
    let package = with_certificate(format!("{dp}{middle}"));
    let ask = |status, setting| {
        let teller = Arc::new(Tells(status, Mutex::default()));
        let trust = Trust::new(root_pem().as_bytes(), Arc::clone(&teller) as Arc<dyn Revocation>)
            .unwrap()
            .on_unknown_revocation(setting);
        let outcome = verify(Cursor::new(&package), &trust, now(), None).map(|_| ());
        assert_eq!(*teller.1.lock().unwrap(), [3], "asked once, signer to root");
        outcome
    };
    let refuse = OnUnknownRevocation::default();
    ask(RevocationStatus::Good, refuse).unwrap();
    ask(RevocationStatus::Unknown, OnUnknownRevocation::Accept).unwrap();
    assert!(matches!(
        ask(RevocationStatus::Revoked, OnUnknownRevocation::Accept),
        Err(DpPackageError::Certificate(CertificateError::Revoked))
    ));
    assert!(matches!(
        ask(RevocationStatus::Unknown, refuse),
        Err(DpPackageError::Certificate(CertificateError::RevocationUnknown))
    ));
}

#[test]
fn only_the_registered_certificate_is_accepted_where_one_is() {
    let registered = trust().pinned(dp_cert(|_| {}).as_bytes()).unwrap();
    verify(Cursor::new(good_package()), &registered, now(), None).unwrap();
    let other = trust().pinned(cert_of(&fixture("other.key.pem"), |_| {}).as_bytes()).unwrap();
    assert!(matches!(
        verify(Cursor::new(good_package()), &other, now(), None),
        Err(DpPackageError::Certificate(CertificateError::NotRegistered))
    ));
}

#[test]
fn broken_configuration_is_refused() {
    let none = Arc::new(NoRevocationCheck);
    assert_eq!(Trust::new(b"", none.clone()).unwrap_err(), BadTrust::Empty);
    let broken =
        format!("{}{}", root_pem(), "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
    assert!(matches!(
        Trust::new(broken.as_bytes(), none).unwrap_err(),
        BadTrust::Unreadable { position: 2, .. }
    ));
}

// ---- signature

/// Shows R132.
#[test]
fn a_signature_by_another_key_is_refused() {
    let mut parts = Parts::good();
    parts.sign_with(&fixture("other.key.pem"));
    assert!(matches!(refused(&parts.zip(), Step::Signature), DpPackageError::Signature));
}

/// Shows R132: also when only white space of the manifest changed.
#[test]
fn a_changed_manifest_is_refused() {
    let mut parts = Parts::good();
    parts.manifest.as_mut().unwrap().push(b'\n');
    assert!(matches!(refused(&parts.zip(), Step::Signature), DpPackageError::Signature));
}

#[test]
fn what_is_no_signature_is_refused() {
    for bytes in [&b""[..], b"c2hvcnQ=", &[0; 255], "簽章".as_bytes()] {
        let mut parts = Parts::good();
        parts.signature = Some(bytes.to_vec());
        assert!(matches!(refused(&parts.zip(), Step::Signature), DpPackageError::SignatureForm));
    }
}

// ---- digests, listed files

fn with_manifest(xml: impl Into<Vec<u8>>) -> Vec<u8> {
    let mut parts = Parts::good();
    parts.manifest = Some(xml.into());
    parts.sign();
    parts.zip()
}

#[test]
fn hostile_manifests_are_refused() {
    let entity = "<!DOCTYPE files [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><files><file><filename>&a;</filename></file></files>";
    assert!(matches!(
        refused(&with_manifest(entity), Step::Digests),
        DpPackageError::Manifest(BadManifest::Entities)
    ));
    for xml in ["<html></html>", "<files><file>"] {
        assert!(matches!(refused(&with_manifest(xml), Step::Digests), DpPackageError::Manifest(_)), "{xml}");
    }
    let mut parts = Parts::good();
    let mut files = good_files();
    files.push(files[0].clone());
    parts.manifest = Some(manifest_of(&files).to_xml().into_bytes());
    parts.sign();
    assert!(matches!(refused(&parts.zip(), Step::Digests), DpPackageError::ListedTwice { .. }));
}

/// Shows R133.
#[test]
fn a_changed_file_is_refused() {
    for index in 0..2 {
        let mut parts = Parts::good();
        let last = parts.files[index].1.last_mut().unwrap();
        *last ^= 1;
        match refused(&parts.zip(), Step::Digests) {
            DpPackageError::Digest { file } => assert_eq!(file, good_files()[index].0),
            other => panic!("{other}"),
        }
    }
}

/// Shows R133.
#[test]
fn missing_and_unlisted_files_are_refused() {
    let mut parts = Parts::good();
    parts.files.pop();
    assert!(matches!(
        refused(&parts.zip(), Step::Digests),
        DpPackageError::ListedMissing { file } if file == "household.pdf"
    ));
    for extra in ["unsigned.json", "META-INFO/extra.xml", "meta-info/manifest.xml"] {
        let mut parts = Parts::good();
        parts.files.push((extra.to_owned(), b"{}".to_vec()));
        assert!(matches!(
            refused(&parts.zip(), Step::Unlisted),
            DpPackageError::Unlisted { file } if file == extra
        ));
    }
}

// ---- formats

fn with_file(index: usize, content: Vec<u8>) -> Vec<u8> {
    let mut files = good_files();
    files[index].1 = content;
    Parts::of(files).zip()
}

/// Shows R134.
#[test]
fn both_kinds_of_file_are_required() {
    let files = good_files();
    assert!(matches!(refused(&Parts::of(files[1..].to_vec()).zip(), Step::Formats), DpPackageError::NoJson));
    assert!(matches!(refused(&Parts::of(files[..1].to_vec()).zip(), Step::Formats), DpPackageError::NoPdf));
}

#[test]
fn broken_json_is_refused_without_repeating_it() {
    let error = refused(&with_file(0, b"{\"id\": A123456789}".to_vec()), Step::Formats);
    assert!(matches!(error, DpPackageError::Json { .. }));
    assert!(!error.to_string().contains("A123456789"));
}

fn pdf_fault(content: Vec<u8>) -> Option<PdfFault> {
    match check(&with_file(1, content)) {
        Ok(_) => None,
        Err(DpPackageError::Pdf { fault, .. }) => Some(fault),
        Err(other) => panic!("{other}"),
    }
}

/// Shows R134: the ciphers that PDF writers use, and each way a PDF can be wrong.
#[test]
fn a_pdf_opens_with_the_personal_id_and_only_with_it() {
    for name in ["aes256.pdf", "aes256-r5.pdf", "aes256-objstm.pdf", "aes128-objstm.pdf", "rc4.pdf"] {
        assert_eq!(pdf_fault(fixture(name)), None, "{name}");
    }
    for name in ["plain.pdf", "owner-only.pdf", "owner-empty.pdf"] {
        assert_eq!(pdf_fault(fixture(name)), Some(PdfFault::NotEncrypted), "{name}");
    }
    assert_eq!(pdf_fault(fixture("other-person.pdf")), Some(PdfFault::Password));
    assert_eq!(pdf_fault(b"<html></html>".to_vec()), Some(PdfFault::Broken));
    assert_eq!(pdf_fault(b"%PDF-1.7\n%%EOF\n".to_vec()), Some(PdfFault::Broken));
}

#[test]
fn without_a_person_any_pdf_will_do_that_opens() {
    for name in ["plain.pdf", "other-person.pdf"] {
        verify(Cursor::new(with_file(1, fixture(name))), &trust(), now(), None).expect(name);
    }
    let html = with_file(1, b"<html></html>".to_vec());
    assert!(verify(Cursor::new(html), &trust(), now(), None).is_err());
}

/// A PDF beyond what is opened: 20 MiB of comment inside.
#[test]
fn a_large_pdf_is_judged_by_its_ends() {
    let large = |pdf: &[u8]| {
        let noise: Vec<u8> = (0..20 * 1024 * 1024u32)
            .map(|i| b'a' + (i.wrapping_mul(2_654_435_761) >> 24) as u8 % 26)
            .collect();
        let (head, rest) = pdf.split_at(9);
        [head, b"%", &noise, b"\n", rest].concat()
    };
    assert_eq!(pdf_fault(large(&input("household.pdf"))), None);
    assert_eq!(pdf_fault(large(&fixture("plain.pdf"))), Some(PdfFault::NotEncrypted));
    let mut cut = large(&input("household.pdf"));
    cut.truncate(cut.len() - 2_000);
    assert_eq!(pdf_fault(cut), Some(PdfFault::Broken));
}

// ---- building

#[test]
fn the_builder_is_deterministic() {
    assert_eq!(good_package(), good_package());
}

#[test]
fn the_builder_refuses_what_readers_would() {
    let signer = signer();
    let add = |name: &str| Builder::new(Vec::new(), &signer).file(name, &b"{}"[..]);
    for name in
        ["../a.json", "/a.json", "a\\b.json", "META-INFO/manifest.xml", "meta-info/x.json", "folder/", ""]
    {
        assert!(matches!(add(name), Err(BuildError::Name { .. })), "{name}");
    }
    let mut twice = Builder::new(Vec::new(), &signer);
    twice.file("a.json", &b"{}"[..]).unwrap();
    assert!(matches!(twice.file("a.json", &b"{}"[..]), Err(BuildError::Duplicate { .. })));
    assert!(matches!(twice.finish(), Err(BuildError::NoPdf)));
    assert!(matches!(Builder::new(Vec::new(), &signer).finish(), Err(BuildError::NoJson)));

    let zeros = vec![b'0'; 4 * 1024 * 1024];
    let mut bomb = Builder::new(Vec::new(), &signer);
    assert!(matches!(bomb.file("a.json", zeros.as_slice()), Err(BuildError::Ratio { .. })));

    let mut many = Builder::new(Vec::new(), &signer);
    for i in 0..997 {
        many.file(&format!("{i}.txt"), &b""[..]).unwrap();
    }
    assert!(matches!(many.file("one-more.txt", &b""[..]), Err(BuildError::TooMany)));
}

#[test]
fn keys_that_cannot_sign_are_refused() {
    let cert = dp_cert(|_| {});
    let new = |key: &[u8], cert: &str| Signer::new(key, cert.as_bytes()).map(|_| ()).unwrap_err();
    assert_eq!(new(&fixture("short.key.pem"), &cert), BadSigner::Key);
    assert_eq!(new(&fixture("ec.key.pem"), &cert), BadSigner::Key);
    assert_eq!(new(b"", &cert), BadSigner::Key);
    assert_eq!(new(&fixture("other.key.pem"), &cert), BadSigner::Pair);
    assert_eq!(
        new(&input("dp.key.pem"), "no certificate"),
        BadSigner::Certificate(CertificateError::Unreadable)
    );
    let debug = format!("{:?}", signer());
    assert!(debug.len() < 200, "the key stays hidden: {debug}");
}

/// A citizen's own browser shows a PDF without asking for the password; what is none, or another's, is refused. Shows R79.
#[test]
fn a_pdf_opens_with_the_personal_id_and_is_then_without_a_password() {
    use mydata_seal::dp_package::{PdfFault, check_pdf, unlock_pdf};
    let locked = common::input("household.pdf");
    let open = unlock_pdf(&locked, &common::person()).unwrap();
    assert!(open.starts_with(b"%PDF-"));
    assert_eq!(check_pdf(open.as_slice(), None).unwrap(), Ok(()));
    assert_eq!(check_pdf(open.as_slice(), Some(&common::person())).unwrap(), Err(PdfFault::NotEncrypted));
    // One without a password stays as it is to a reader.
    assert!(unlock_pdf(&open, &common::person()).is_ok());
    let other = "B222222228".parse().unwrap();
    assert_eq!(unlock_pdf(&locked, &other).unwrap_err(), PdfFault::Password);
    for broken in [&b"This is no PDF."[..], &locked[..300], b""] {
        assert!(unlock_pdf(broken, &common::person()).is_err(), "{} bytes", broken.len());
    }
}
