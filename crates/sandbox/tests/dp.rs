//! The data providers: what they give, and that what they give holds.

mod common;

use std::io::{Cursor, Read};
use std::time::SystemTime;

use common::{World, run};
use mydata_sandbox::dp::Dataset;
use mydata_sandbox::dp::document::{Document, Value};
use mydata_sandbox::dp::faults::Fault;
use mydata_sandbox::personas;
use mydata_sdk::seal::dp_package::{self, DpPackageError};
use mydata_wire::{SystemRandom, TransactionUid};

fn url(world: &World, dataset: Dataset) -> String {
    let at = world.sandbox.addresses();
    let base = match dataset {
        Dataset::Household => &at.household,
        Dataset::Kin => &at.kin,
        Dataset::Property => &at.property,
    };
    base.join(dataset.path()).unwrap().into()
}

const YEAR: (&str, &str) = ("INQ_YR", "114");

async fn give(world: &World, dataset: Dataset, persona: &str) -> Vec<u8> {
    let uid = TransactionUid::generate(&SystemRandom);
    let answer = world.ask_dp(&url(world, dataset), persona, uid, &[YEAR]).await;
    assert_eq!(answer.status(), 200, "{persona} {}", dataset.title());
    assert_eq!(answer.headers()["content-type"], "application/zip");
    answer.bytes().await.unwrap().to_vec()
}

fn file(package: &[u8], name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    dp_package::open_file(Cursor::new(package), name).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// Shows R130, R132, R133, R134.
#[tokio::test]
async fn every_package_verifies_and_its_pdf_opens_with_the_persons_id_only() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    for dataset in Dataset::ALL {
        let persona = personas::by_key("ji-xiaotian").unwrap();
        let package = give(&world, dataset, persona.key).await;
        let id = persona.id();
        let verified =
            dp_package::verify(Cursor::new(&package), world.sandbox.trust(), SystemTime::now(), Some(&id))
                .unwrap();
        assert!(verified.signer.subject.contains(dataset.issuer()), "{}", verified.signer.subject);
        let title = dataset.title();
        let document = Document::from_json(&file(&package, &format!("{title}.json"))).unwrap();
        assert_eq!((document.title.as_str(), document.issuer.as_str()), (title, dataset.issuer()));

        let pdf = folder.path().join("document.pdf");
        std::fs::write(&pdf, file(&package, &format!("{title}.pdf"))).unwrap();
        let password = format!("--password={}", persona.uid);
        let check = run("qpdf", &[&password, "--check", "document.pdf"], folder.path());
        assert!(check.contains("No syntax or stream encoding errors"), "{check}");
        let encryption = run("qpdf", &[&password, "--show-encryption", "document.pdf"], folder.path());
        assert!(encryption.contains("AESv3"), "{encryption}");
        run("qpdf", &[&password, "--decrypt", "document.pdf", "open.pdf"], folder.path());
        let text = run("pdftotext", &["-upw", persona.uid, "-layout", "document.pdf", "-"], folder.path());
        for word in [title, dataset.issuer(), "𠮷小田", "G101010105", "Fictional"] {
            assert!(text.contains(word), "{word} is not in the PDF's text:\n{text}");
        }
        let wrong = std::process::Command::new("pdftotext")
            .args(["-upw", "A123456789", "document.pdf", "-"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(!wrong.status.success(), "the PDF opens with another id");
    }
}

/// Shows R77's content: the fields that the bank's page pictures.
#[tokio::test]
async fn the_documents_have_the_seeds_fields() {
    let world = World::new().await;
    let package = give(&world, Dataset::Household, "wang-xiaoming").await;
    let document = Document::from_json(&file(&package, "個人戶籍資料.json")).unwrap();
    let Value::Record(fields) = document.content else { panic!("a record") };
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names[..9],
        [
            "戶號",
            "身分證統一編號",
            "姓名",
            "配偶姓名",
            "父親姓名",
            "母親姓名",
            "出生日期",
            "出生地",
            "婚姻狀況"
        ]
    );
    assert_eq!(fields[6].1, Value::text("80年1月1日"));
    let package = give(&world, Dataset::Kin, "wang-xiaoming").await;
    let document = Document::from_json(&file(&package, "親屬關係資料.json")).unwrap();
    let Value::List(rows) = document.content else { panic!("a list") };
    let own = Value::record([
        ("身分證字號", "A123456789"),
        ("姓名", "王小明"),
        ("出生日期", "80/01/01"),
        ("配偶身分證字號", "無"),
        ("配偶姓名", "無"),
        ("親屬關係", "己身"),
        ("親屬等級", "-"),
    ]);
    assert_eq!((rows.len(), &rows[0]), (3, &own));
}

#[tokio::test]
async fn each_persona_is_treated_as_announced() {
    let world = World::new().await;
    let statuses = async |persona: &str, dataset, times| {
        let uid = TransactionUid::generate(&SystemRandom);
        let mut statuses = Vec::new();
        for _ in 0..times {
            statuses.push(world.ask_dp(&url(&world, dataset), persona, uid, &[YEAR]).await.status().as_u16());
        }
        statuses
    };
    assert_eq!(statuses("lin-xiaohua", Dataset::Property, 1).await, [204]);
    assert_eq!(statuses("chen-manman", Dataset::Kin, 4).await, [429, 429, 200, 200]);
    assert_eq!(statuses("huang-butong", Dataset::Property, 2).await, [403, 403]);
    assert_eq!(statuses("xu-zaishi", Dataset::Household, 2).await, [503, 200]);
    let package = give(&world, Dataset::Household, "zhang-weizhang").await;
    let error = dp_package::verify(Cursor::new(&package), world.sandbox.trust(), SystemTime::now(), None)
        .unwrap_err();
    assert!(matches!(error, DpPackageError::Signature), "{error}");
    let uid = TransactionUid::generate(&SystemRandom);
    let property = url(&world, Dataset::Property);
    assert_eq!(world.ask_dp(&property, "wang-xiaoming", uid, &[]).await.status(), 400);
    assert_eq!(world.ask_dp(&property, "wang-xiaoming", uid, &[("INQ_YR", "long ago")]).await.status(), 403);
    assert_eq!(world.ask_dp(&property, "nobody", uid, &[YEAR]).await.status(), 401);
    let calls = world.sandbox.dp_calls().calls();
    let slow = calls.iter().find(|call| call.path == "/kin").unwrap();
    assert_eq!(slow.status.unwrap(), 429);
    assert!(slow.header("transaction_uid").is_some());
}

/// Each fault of a package is refused for its own reason.
#[tokio::test]
async fn the_faulty_dp_fails_as_named() {
    let world = World::with(|config| config.faults = true).await;
    let base = world.sandbox.addresses().faults.clone().unwrap();
    let ask = async |fault: Fault, uid| {
        world.ask_dp(base.join(&fault.path()).unwrap().as_str(), "wang-xiaoming", uid, &[]).await
    };
    let person = personas::by_key("wang-xiaoming").unwrap().id();
    let cases = [
        (Fault::ZipBomb, "zip limits"),
        (Fault::DotDot, "zip limits"),
        (Fault::ShortManifest, "unlisted files"),
        (Fault::WrongDigest, "digests"),
        (Fault::EntityManifest, "entity"),
        (Fault::NoMeta, "required parts"),
        (Fault::NoPdf, "no PDF"),
        (Fault::BrokenJson, "not JSON"),
        (Fault::OtherKey, "signature"),
        (Fault::Expired, "certificate"),
        (Fault::WrongRoot, "certificate"),
    ];
    for (fault, reason) in cases {
        let answer = ask(fault, TransactionUid::generate(&SystemRandom)).await;
        assert_eq!(answer.status(), 200, "{}", fault.name());
        let package = answer.bytes().await.unwrap();
        let error = dp_package::verify(
            Cursor::new(&package),
            world.sandbox.trust(),
            SystemTime::now(),
            Some(&person),
        )
        .expect_err(fault.name());
        assert!(error.to_string().contains(reason), "{}: {error}", fault.name());
    }
    for fault in [Fault::Good, Fault::Large] {
        let package = ask(fault, TransactionUid::generate(&SystemRandom)).await.bytes().await.unwrap();
        assert_eq!(package.len() > 16 << 20, fault == Fault::Large);
        dp_package::verify(Cursor::new(&package), world.sandbox.trust(), SystemTime::now(), Some(&person))
            .unwrap_or_else(|e| panic!("{}: {e}", fault.name()));
    }
    for (fault, expected) in [
        (Fault::Fail, vec![500, 500]),
        (Fault::FailOnce, vec![500, 200]),
        (Fault::Forbidden, vec![403]),
        (Fault::WaitUnsaid, vec![429, 200]),
        (Fault::WaitTwice, vec![429, 429, 200]),
        (Fault::WaitForever, vec![429]),
        (Fault::Html, vec![200]),
    ] {
        let uid = TransactionUid::generate(&SystemRandom);
        for status in expected {
            assert_eq!(ask(fault, uid).await.status(), status, "{}", fault.name());
        }
    }
    let half = ask(Fault::HalfFile, TransactionUid::generate(&SystemRandom)).await;
    assert!(half.bytes().await.is_err(), "half a file is no file");
    let hang = ask(Fault::Hang, TransactionUid::generate(&SystemRandom));
    assert!(tokio::time::timeout(std::time::Duration::from_millis(500), hang).await.is_err());
    let begin = std::time::Instant::now();
    world.sandbox.stop().await;
    assert!(begin.elapsed() < std::time::Duration::from_secs(3), "a hanging request holds the sandbox up");
}
