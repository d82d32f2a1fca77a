//! The restore drill: a platform is backed up in the midst of an exchange, lost with all it had, and restored; the
//! exchange goes on where it was.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use mydata_e2e::country::{Country, Platform};
use mydata_e2e::database::Engine;
use mydata_sandbox::sp::{DatasetContent, SpBehaviour};

use crate::steps::{Walk, notifications, outcome, quick, settled};

fn ran(platform: &Platform, args: &[&str], code: i32) -> String {
    let Output { status, stdout, stderr } = platform.run(args).unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert_eq!(status.code(), Some(code), "{args:?}: {said}");
    said
}

/// Whether the bytes stand anywhere in the file.
fn holds(file: &[u8], wanted: &str) -> bool {
    file.windows(wanted.len()).any(|window| window == wanted.as_bytes())
}

/// Everything but the keys.
fn lose(platform: &Platform) {
    for entry in fs::read_dir(platform.data_folder()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            fs::remove_dir_all(entry.path()).unwrap();
        } else if entry.file_name().to_str().is_some_and(|name| name.starts_with("mydata.db")) {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}

async fn drill(engine: Engine) {
    let mut country = Country::start_with(engine, quick).await.unwrap();
    let bank = country.sandbox.bank().clone();
    bank.behave(SpBehaviour::FailFirst(u32::MAX));
    let case = bank.open_case("王小明", None, "test");
    let mut walk = Walk::to_confirm(&case.entry_url, "wang-xiaoming").await;
    walk.reload_until(settled).await;
    walk.press("confirm").await.unwrap();
    for _ in 0..200 {
        if !notifications(&bank, &case).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    // What a backup that was killed has left is named, and cleared by the next one.
    let left = country.platform.data_folder().join(".backup");
    fs::create_dir_all(left.join("blobs/s")).unwrap();
    let output = country.platform.run(&["doctor"]).unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains(".backup was left by a backup that was killed"), "{said}");

    // While it runs; the bank has been told of the data and has not taken it.
    let file = country.platform.data_folder().with_file_name("mydata-backup.tar");
    let path = file.to_str().unwrap();
    let said = ran(&country.platform, &["backup", path], 0);
    assert!(said.contains("The keys are not in it"), "{said}");
    let said = ran(&country.platform, &["backup", path], 1);
    assert!(said.contains("exists"), "{said}");
    let left: Vec<_> =
        fs::read_dir(country.platform.data_folder()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name == ".backup"), "{left:?}");

    // Whoever has the file alone reads nothing of persons and secrets.
    let content = fs::read(&file).unwrap();
    let told = notifications(&bank, &case);
    for persona in country.sandbox.personas() {
        assert!(!holds(&content, persona.uid), "{} is in the backup", persona.uid);
    }
    assert!(!holds(&content, "王小明"), "a name is in the backup");
    for key in ["permission_ticket", "secret_key"] {
        assert!(!holds(&content, told[0][key].as_str().unwrap()), "{key} is in the backup");
    }

    // A damaged one is known as such.
    assert!(ran(&country.platform, &["restore", "--check", path], 0).contains("whole"));
    let bad = file.with_file_name("bad.tar");
    let check = |bytes: &[u8], words: &str| {
        fs::write(&bad, bytes).unwrap();
        let said = ran(&country.platform, &["restore", "--check", bad.to_str().unwrap()], 1);
        assert!(said.contains(words), "{said}");
    };
    check(&content[..content.len() - 4096], "");
    check(b"nothing of the kind", "no backup");
    let mut changed = content.clone();
    changed[20_000] ^= 1;
    check(&changed, "changed");
    check(&content[..512 + 1024], "");

    // Nothing is written over.
    country.platform.kill().unwrap();
    let said = ran(&country.platform, &["restore", path], 1);
    assert!(said.contains("nothing is written over"), "{said}");

    // A journal of the lost database would be played into the restored one.
    if engine == Engine::Sqlite {
        fs::remove_file(country.platform.data_folder().join("mydata.db")).unwrap();
        fs::write(country.platform.data_folder().join("mydata.db-wal"), "left").unwrap();
        fs::rename(country.platform.data_folder().join("blobs"), country.platform.data_folder().join("gone"))
            .unwrap();
        let said = ran(&country.platform, &["restore", path], 1);
        assert!(said.contains("mydata.db-wal"), "{said}");
    }

    lose(&country.platform);
    if engine == Engine::Postgres {
        country.platform.database().lose();
    }
    let said = ran(&country.platform, &["restore", path], 0);
    assert!(said.contains("restored"), "{said}");
    assert!(!Path::new(&country.platform.data_folder()).join(".restore").exists());
    // On record, and the record holds.
    let said = ran(&country.platform, &["audit", "verify"], 0);
    assert!(said.ends_with("the record holds\n"), "{said}");
    country.platform.start().await.unwrap();
    bank.behave(SpBehaviour::Accept);
    let done = outcome(&bank, &case).await;
    let received = done.received().expect("the bank opened its package");
    assert_eq!(received.len(), 3);
    assert!(received.iter().all(|of| matches!(of.content, DatasetContent::Verified { .. })));
    let all = notifications(&bank, &case);
    assert!(all.iter().all(|one| *one == told[0]), "the same ticket and key as before the loss");
    country.platform.stop().unwrap();
}

#[tokio::test]
async fn a_lost_platform_goes_on_from_its_backup_on_sqlite() {
    drill(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_lost_platform_goes_on_from_its_backup_on_postgresql() {
    drill(Engine::Postgres).await;
}
