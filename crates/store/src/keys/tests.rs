//! What keys promise: on both engines, with key files of earlier versions, under changes meanwhile, and after a kill.

use super::kept::{self, Purpose};
use super::lease::{self, Holder};
use super::rotate::{self, Progress};
use super::*;
use crate::args;
use crate::testing::{START, TestStore, on_both};
use crate::{Crypter, Store, StoreConfig, StoreError};
use mydata_domain::{Clock, Time};
use mydata_wire::SystemRandom;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The machine's own time: nodes sign by it.
struct Now;

impl Clock for Now {
    fn now(&self) -> Time {
        std::time::SystemTime::now().into()
    }
}

fn parsed(text: &str) -> Result<MasterKeys, String> {
    MasterKeys::parse(text)
}

fn line(word: &str, byte: u8) -> String {
    let key = Zeroizing::new([byte; 32]);
    format!("{word} {} {}", KeyId::of(&key), b64::standard(key.as_slice()))
}

/// What a key file of an earlier version looks like: the newest data key first.
fn earlier_file() -> String {
    format!("# keys\nindex {}\n{}\n{}\n", b64::standard(&[1; 32]), line("data", 3), line("data", 2))
}

fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn a_source_gives_keys_or_says_what_is_wrong_with_which_line() {
    let key = b64::standard(&[7; 32]);
    assert_eq!(parsed(&key).unwrap().count(), 1);
    assert_eq!(parsed(&format!("{key}\n")).unwrap().newest(), parsed(&line("master", 7)).unwrap().newest());
    let two = parsed(&format!("{}\n{} # older\n", line("master", 8), line("master", 7))).unwrap();
    assert_eq!((two.count(), two.newest()), (2, KeyId::of(&Zeroizing::new([8; 32]))));
    assert!(parsed(&earlier_file()).unwrap().is_earlier());
    for (text, reason) in [
        ("", "no line that begins with `master`"),
        ("abc", "line 1: the key is not 32 bytes"),
        ("<html>\n", "line 1: the key is not 32 bytes"),
        ("key abc", "line 1: neither `master ID KEY`"),
        (&format!("# x\nmaster 00000000 {key}"), "line 2: id and key do not belong together"),
        (&format!("{key}\n{key}"), "line 2: a key without an id must be the only one"),
        (&format!("index {key}\nindex {key}"), "line 2: there may be only one index key"),
        (&format!("index {key}"), "begins with `data`"),
        (&line("data", 7), "begins with `index`"),
    ] {
        let said = parsed(text).unwrap_err();
        assert!(said.contains(reason), "{text}: {said}");
        assert!(!said.contains(&key));
    }
}

#[test]
fn no_debug_text_shows_a_key() {
    let ring = KeyRing::fresh(&SystemRandom);
    let masters = parsed(&earlier_file()).unwrap();
    let shown = format!(
        "{ring:?} {masters:?} {:?} {:?}",
        KeySource::Inline(Zeroizing::new(earlier_file())),
        KeySource::Command { program: vec!["kms".into(), "secret".into()], limit: Duration::ZERO }
    );
    for word in earlier_file().split_whitespace().filter(|w| w.len() > 40) {
        assert!(!shown.contains(word));
    }
    assert!(!shown.contains("secret") && shown.contains("command kms"));
}

#[test]
fn a_wrapped_key_unwraps_only_in_its_place() {
    let ring = KeyRing::fresh(&SystemRandom);
    let (id, key) = &ring.sealing;
    let (master, other) = (Zeroizing::new([1; 32]), Zeroizing::new([2; 32]));
    let wrapped = wrap::wrap(&master, "data", *id, key, &SystemRandom);
    assert!(wrap::unwrap(&master, "data", *id, &wrapped).unwrap() == *key);
    assert!(wrap::unwrap(&other, "data", *id, &wrapped).is_none());
    assert!(wrap::unwrap(&master, "index", *id, &wrapped).is_none());
    assert!(wrap::unwrap(&master, "data", KeyId::of(&other), &wrapped).is_none());
    for at in 0..wrapped.len() {
        let mut changed = wrapped.clone();
        changed[at] ^= 1;
        assert!(wrap::unwrap(&master, "data", *id, &changed).is_none(), "{at}");
    }
    assert!(!wrapped.windows(8).any(|w| w == &key[..8]));
}

#[cfg(unix)]
#[test]
fn a_key_file_is_made_once_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    assert!(file::create(&path, "one", &SystemRandom).unwrap());
    assert!(!file::create(&path, "two", &SystemRandom).unwrap(), "what is there stays");
    assert_eq!(file::read_private(&path).unwrap().as_str(), "one");
    file::replace(&path, "three", &SystemRandom).unwrap();
    assert_eq!(file::read_private(&path).unwrap().as_str(), "three");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left behind");
    for mode in [0o640, 0o604, 0o620, 0o644] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert!(file::read_private(&path).unwrap_err().to_string().contains("chmod 600"), "{mode:o}");
    }
}

fn command(words: &[&str], limit: Duration) -> KeySource {
    KeySource::Command { program: words.iter().map(|w| (*w).to_owned()).collect(), limit }
}

/// A command's output is the key; one that hangs, fails, floods or prints something else is named with the reason, and what it
/// printed appears nowhere.
#[test]
fn a_command_gives_the_key_or_is_named() {
    let soon = Duration::from_secs(20);
    let key = b64::standard(&[7; 32]);
    let given = command(&["printf", "%s\n", &key], soon).read_now().unwrap().unwrap();
    assert_eq!(given.newest(), KeyId::of(&Zeroizing::new([7; 32])));
    // No shell reads the arguments.
    assert!(command(&["echo", "$HOME;", "id"], soon).read_now().is_err());
    for (words, reason) in [
        (&["no-such-program-here"][..], "cannot be started"),
        (&["sh", "-c", "echo hidden; exit 3"], "exit status: 3"),
        (&["sh", "-c", "kill -9 $$"], "signal: 9"),
        (&["true"], "no line that begins with `master`"),
        (&["echo", "hidden"], "line 1: the key is not 32 bytes"),
        (&["printf", "\\377\\376"], "not text"),
        (&["yes", "hidden"], "more than 4096 bytes"),
        (&[], "names no program"),
    ] {
        let said = command(words, soon).read_now().unwrap_err().to_string();
        assert!(said.contains(reason), "{words:?}: {said}");
        assert!(said.contains(words.first().unwrap_or(&"command")), "{said}");
        assert!(!said.contains("hidden"), "{said}");
    }
}

/// Also what the command has started ends, and whoever asked does not wait for it.
#[test]
fn a_command_that_hangs_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("later");
    let script = format!("sleep 2; echo x > {}", mark.display());
    let begun = std::time::Instant::now();
    let limit = Duration::from_millis(300);
    for words in [&["sh", "-c", &script][..], &["sh", "-c", &format!("({script}) & exec 1>&-; sleep 60")]] {
        let said = command(words, limit).read_now().unwrap_err().to_string();
        assert!(said.contains("did not end within 0.3 s"), "{said}");
    }
    assert!(begun.elapsed() < Duration::from_secs(2));
    std::thread::sleep(Duration::from_millis(2_500));
    assert!(!mark.exists(), "nothing goes on in the background");
}

async fn put(store: &Store, id: &str, text: &str) {
    let private = store.crypter.seal("mails", id, "private", text.as_bytes());
    let sql = "INSERT INTO mails (id, kind, state, created_at, private) VALUES ($1, 'k', 'sent', 0, $2) \
               ON CONFLICT (id) DO UPDATE SET private = excluded.private";
    store.db.execute("put", sql, args![id, private]).await.unwrap();
}

async fn got(store: &Store, id: &str) -> String {
    let row = store.db.fetch_one("SELECT private FROM mails WHERE id = $1", args![id]).await.unwrap();
    let sealed = row.get_blob(0).unwrap();
    store.crypter.open_text("mails", id, "private", &sealed).unwrap().as_str().to_owned()
}

/// A key file of an earlier version goes on working: its keys are wrapped at the first start, and nothing becomes unreadable,
/// whether the file may be written or not.
#[tokio::test]
async fn keys_of_an_earlier_version_are_wrapped_at_the_first_start() {
    on_both(async |store: TestStore| {
        // On PostgreSQL the test's own first start has put keys there.
        store.db.execute("clear", "DELETE FROM data_keys", args![]).await.unwrap();
        store.db.execute("clear", "DELETE FROM meta WHERE key IN ('keys', 'index')", args![]).await.unwrap();
        store.close().await;
        let mut config = store.config().clone();
        config.data_dir = store.folder().join("other");
        config.database = config.database.filter(|d| matches!(d, crate::DbAddress::Postgres(_)));
        let folder = &config.data_dir;
        fs::create_dir(folder).unwrap();
        write_private(&folder.join("keys"), &earlier_file());
        // As the earlier version left it.
        let before = MasterKeys::parse(&earlier_file()).unwrap();
        let crypter = Crypter::new(
            &kept::open_ring(&[], &before, &command(&[], Duration::ZERO)).unwrap(),
            Arc::new(SystemRandom),
        );
        let opened = Store::open(&config, START).await.unwrap();
        let sealed = crypter.seal("t", "r", "c", b"x");
        assert_eq!(opened.crypter.open("t", "r", "c", &sealed).unwrap().as_slice(), b"x");
        assert_eq!(opened.crypter.index("p", "v"), crypter.index("p", "v"));
        assert_eq!(opened.crypter.sealing(), crypter.sealing());
        let all = kept::all(&opened.db).await.unwrap();
        assert_eq!(all.len(), 3);
        assert_eq!(all.iter().filter(|k| k.purpose == Purpose::Data && k.seals()).count(), 1);
        put(&opened, "m", "x").await;
        let rotated = rotate::rotate(&opened, &Now, false, |_| {}).await.unwrap();
        assert!(rotated.resealed >= 1);
        let (master, wrapped) = rotate::rotate_master(&opened, &Now, None).await.unwrap();
        assert_eq!(wrapped, 4);
        opened.close().await;
        drop(opened);
        let text = fs::read_to_string(folder.join("keys")).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.len() == 1 && lines[0].starts_with(&format!("master {master} ")));
        let opened = Store::open(&config, START).await.unwrap();
        assert_eq!(got(&opened, "m").await, "x");
        assert_eq!(opened.crypter.open("t", "r", "c", &sealed).unwrap().as_slice(), b"x");
        opened.close().await;
    })
    .await;
}

#[tokio::test]
async fn another_master_key_is_an_error_that_names_both() {
    on_both(async |store: TestStore| {
        let config = StoreConfig {
            keys: Some(KeySource::Inline(Zeroizing::new(line("master", 9)))),
            ..store.config().clone()
        };
        let said = Store::open_beside(&config, START).await.unwrap_err().to_string();
        let there = kept::all(&store.db).await.unwrap()[0].master;
        assert!(
            said.contains(&there.to_string())
                && said.contains(&KeyId::of(&Zeroizing::new([9; 32])).to_string()),
            "{said}"
        );
        assert!(said.contains("not the keys of this database"), "{said}");
    })
    .await;
}

/// A node that runs follows a rotation by somebody else without a restart, whatever it writes meanwhile; afterwards nothing is under
/// the old key, blobs included, and it can be retired. Shows the order: known everywhere, then sealing, then sealed anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_rotated_under_a_running_node() {
    on_both(async |node: TestStore| {
        for n in 0..120 {
            put(&node, &format!("m{n}"), &format!("text {n}")).await;
        }
        let blob = async |text: &[u8]| {
            let mut writer = node.blobs.create();
            writer.write(text).await.unwrap();
            writer.finish().await.unwrap().id
        };
        let kept_blob = blob(b"before").await;
        let old = node.crypter.sealing();
        node.keys.sign_in(Now.now()).await.unwrap();
        let (stop, stopped) = watch::channel(false);
        let following =
            tokio::spawn(node.keys.clone().follow(Arc::new(Now), stopped.clone(), |e| panic!("{e}")));
        let writing = tokio::spawn({
            let (node, stopped) = (node.clone(), stopped);
            async move {
                let mut n = 0u32;
                while !*stopped.borrow() {
                    let id = format!("m{}", n % 120);
                    put(&node, &id, &format!("again {n}")).await;
                    assert_eq!(got(&node, &id).await, format!("again {n}"));
                    n += 1;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                n
            }
        });

        let beside = Store::open_beside(node.config(), Now.now()).await.unwrap();
        let refused = rotate::retire(&beside, &Now, old, Duration::ZERO).await.unwrap_err().to_string();
        assert!(refused.contains("run `mydata keys rotate` first"), "{refused}");
        let mut said = Vec::new();
        let rotated = rotate::rotate(&beside, &Now, false, |p| said.push(p)).await.unwrap();
        assert!(matches!(said[0], Progress::Made(id) if id == rotated.id && id != old));
        assert!(said.iter().any(|p| matches!(p, Progress::Waits { nodes: 1 })));
        assert!(rotated.resealed > 50 && rotated.unreadable == 0, "{rotated:?}");
        assert_eq!(node.crypter.sealing(), rotated.id, "the node has followed");
        let early = rotate::retire(&beside, &Now, old, Duration::from_secs(3600)).await.unwrap_err();
        assert!(early.to_string().contains("try again in"), "{early}");
        rotate::retire(&beside, &Now, old, Duration::ZERO).await.unwrap();
        assert!(!beside.crypter.knows(old));
        for _ in 0..200 {
            if !node.crypter.knows(old) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(!node.crypter.knows(old), "the node has let it go");
        stop.send(true).unwrap();
        assert!(writing.await.unwrap() > 10);
        following.await.unwrap();
        assert_eq!(node.blobs.read(&kept_blob).await.unwrap(), b"before");
        for n in 0..120 {
            got(&node, &format!("m{n}")).await;
        }
        let row = node.db.fetch_one("SELECT COUNT(*) FROM key_nodes", args![]).await.unwrap();
        assert_eq!(row.get_i64(0).unwrap(), 0, "it has signed out");
        let events = "SELECT what FROM audit_events WHERE what LIKE '%-key-%' ORDER BY at, id";
        let mut whats: Vec<String> = node
            .db
            .fetch_all(events, args![])
            .await
            .unwrap()
            .iter()
            .map(|r| r.get_text(0).unwrap())
            .collect();
        whats.sort();
        assert_eq!(whats, ["data-key-added", "data-key-retired", "data-key-used"]);
        beside.close().await;
    })
    .await;
}

/// What comes to lie under the old key after all keeps it from being retired, by name and number; going on takes care of it.
#[tokio::test]
async fn a_key_is_not_retired_while_anything_is_under_it() {
    on_both(async |store: TestStore| {
        let old = store.crypter.sealing();
        let late = store.crypter.seal("mails", "late", "private", b"x");
        let mut slow = store.blobs.create();
        slow.write(b"slow").await.unwrap();
        let rotated = rotate::rotate(&store, &Now, false, |_| {}).await.unwrap();
        assert_eq!(rotated.cleared, [old]);
        let sql =
            "INSERT INTO mails (id, kind, state, created_at, private) VALUES ('late', 'k', 'sent', 0, $1)";
        store.db.execute("put", sql, args![&late]).await.unwrap();
        let slow = slow.finish().await.unwrap().id;
        let said = rotate::retire(&store, &Now, old, Duration::ZERO).await.unwrap_err();
        assert!(matches!(said, StoreError::KeyInUse { .. }));
        let said = said.to_string();
        assert!(said.contains("1 in blobs, 1 in mails.private") && said.contains("--resume"), "{said}");
        assert_eq!(rotate::rotate(&store, &Now, true, |_| {}).await.unwrap().resealed, 2);
        rotate::retire(&store, &Now, old, Duration::ZERO).await.unwrap();
        assert_eq!(got(&store, "late").await, "x");
        assert_eq!(store.blobs.read(&slow).await.unwrap(), b"slow");
        let index =
            kept::all(&store.db).await.unwrap().into_iter().find(|k| k.purpose == Purpose::Index).unwrap();
        let said = rotate::retire(&store, &Now, index.id, Duration::ZERO).await.unwrap_err().to_string();
        assert!(said.contains("look-up values"), "{said}");
    })
    .await;
}

/// A node that hangs is waited for, and then named; the next call goes on with the same key.
#[tokio::test]
async fn a_rotation_that_did_not_end_is_gone_on_with() {
    on_both(async |store: TestStore| {
        put(&store, "m", "x").await;
        let source = store.keys.source().read_now().unwrap().unwrap();
        let id = lease::alone(
            &store.db,
            &Now,
            &SystemRandom,
            || None,
            async |holder| {
                let masters = (&source, store.keys.source());
                kept::add(&store.db, holder, masters, store.crypter.random_source(), START).await
            },
        )
        .await
        .unwrap();
        let mut said = Vec::new();
        let rotated = rotate::rotate(&store, &Now, false, |p| said.push(p)).await.unwrap();
        assert!(matches!(said[0], Progress::GoesOn(on) if on == id), "{said:?}");
        assert_eq!((rotated.id, rotated.resealed), (id, 1));
        // Through now: the next call begins another.
        let next = rotate::rotate(&store, &Now, false, |_| {}).await.unwrap();
        assert_ne!(next.id, id);
        assert_eq!(kept::all(&store.db).await.unwrap().len(), 4);
    })
    .await;
}

/// Of those who rotate at the same time one does so and the others wait; whatever they do, one key seals, and what was written opens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_rotate_at_once_leave_one_key_that_seals() {
    on_both(async |node: TestStore| {
        put(&node, "m", "text").await;
        let (one, two) = (
            Store::open_beside(node.config(), Now.now()).await.unwrap(),
            Store::open_beside(node.config(), Now.now()).await.unwrap(),
        );
        let mut waited = 0;
        for turn in 0..6 {
            let mut heard = [false; 2];
            let [one_waits, two_waits] = &mut heard;
            let first =
                rotate::rotate(&one, &Now, turn % 3 == 2, |p| *one_waits |= matches!(p, Progress::Another));
            let second = rotate::rotate(&two, &Now, false, |p| *two_waits |= matches!(p, Progress::Another));
            let (first, second) = tokio::join!(first, second);
            let (first, second) = (first.unwrap(), second.unwrap());
            if turn % 3 != 2 {
                assert_eq!(first.id, second.id, "no second key is made");
            }
            waited += heard.iter().filter(|heard| **heard).count();
            let all = kept::all(&node.db).await.unwrap();
            assert_eq!(all.iter().filter(|k| k.purpose == Purpose::Data && k.seals()).count(), 1, "{all:?}");
            let opened = Store::open_beside(node.config(), Now.now()).await.unwrap();
            assert_eq!(got(&opened, "m").await, "text");
            put(&opened, &format!("m{turn}"), "written").await;
            opened.close().await;
        }
        assert!(waited >= 3, "they met {waited} times");
        node.keys.look(Now.now()).await.unwrap();
        for turn in 0..6 {
            assert_eq!(got(&node, &format!("m{turn}")).await, "written");
        }
        let masters = tokio::join!(
            rotate::rotate_master(&one, &Now, None),
            rotate::rotate_master(&two, &Now, None),
            rotate::rotate(&node, &Now, false, |_| {}),
        );
        // Whoever changes the master key waits for a while, then says that somebody else is at work.
        for one in [&masters.0, &masters.1] {
            assert!(matches!(one, Ok(_) | Err(StoreError::KeysTaken)), "{masters:?}");
        }
        assert!(masters.2.is_ok(), "{masters:?}");
        let opened = Store::open_beside(node.config(), Now.now()).await.unwrap();
        assert_eq!(got(&opened, "m").await, "text");
        for store in [one, two, opened] {
            store.close().await;
        }
    })
    .await;
}

/// A key that took over already does not do so twice, whoever asks: there is no moment without one that seals.
#[tokio::test]
async fn a_key_takes_over_once() {
    on_both(async |store: TestStore| {
        let source = store.keys.source().read_now().unwrap().unwrap();
        let (masters, random) = ((&source, store.keys.source()), store.crypter.random_source());
        lease::alone(
            &store.db,
            &Now,
            &SystemRandom,
            || None,
            async |holder: &Holder| {
                let id = kept::add(&store.db, holder, masters, random, START).await?;
                for _ in 0..2 {
                    kept::take_over(&store.db, holder, random, id, START).await?;
                    let all = kept::all(&store.db).await?;
                    let seals: Vec<KeyId> = all
                        .iter()
                        .filter(|one| one.purpose == Purpose::Data && one.seals())
                        .map(|one| one.id)
                        .collect();
                    assert_eq!(seals, [id]);
                }
                // Neither does the key of the look-up values, which never waits.
                let index = kept::all(&store.db).await?.into_iter().find(|one| one.purpose == Purpose::Index);
                kept::take_over(&store.db, holder, random, index.unwrap().id, START).await?;
                assert!(kept::all(&store.db).await?.iter().any(|one| one.id == id && one.seals()));
                Ok(())
            },
        )
        .await
        .unwrap();
    })
    .await;
}

/// A database without a key that seals is an error with a reason, for whoever opens it and for whoever has it open.
#[tokio::test]
async fn a_database_without_a_sealing_key_is_refused() {
    on_both(async |store: TestStore| {
        let sql = "UPDATE data_keys SET replaced_at = 1 WHERE purpose = 'data'";
        store.db.execute("break", sql, args![]).await.unwrap();
        store
            .db
            .execute("break", "UPDATE meta SET value = '99' WHERE key = 'keys-epoch'", args![])
            .await
            .unwrap();
        let before = store.crypter.sealing();
        for said in [
            Store::open_beside(store.config(), START).await.unwrap_err(),
            store.keys.look(START).await.unwrap_err(),
        ] {
            assert!(said.to_string().contains("a key is missing"), "{said}");
        }
        assert_eq!(store.crypter.sealing(), before, "who runs goes on");
    })
    .await;
}

/// Whoever lost the lease changes nothing more; whoever was killed keeps others waiting for as long as it lasts, not longer.
#[tokio::test]
async fn a_lease_that_was_lost_changes_nothing() {
    on_both(async |store: TestStore| {
        let source = store.keys.source().read_now().unwrap().unwrap();
        let (masters, random) = ((&source, store.keys.source()), store.crypter.random_source());
        let steal = "UPDATE meta SET value = 'another 9999999999999' WHERE key = 'keys-lease'";
        let said = lease::alone(
            &store.db,
            &Now,
            &SystemRandom,
            || None,
            async |holder: &Holder| {
                store.db.execute("steal", steal, args![]).await?;
                kept::add(&store.db, holder, masters, random, START).await
            },
        )
        .await
        .unwrap_err();
        assert!(matches!(said, StoreError::KeysTaken), "{said}");
        assert_eq!(kept::all(&store.db).await.unwrap().len(), 2, "no key was added");
        // It was not given back by who had lost it.
        let patience = Some(Duration::from_millis(300));
        let said = lease::alone(&store.db, &Now, &SystemRandom, || patience, async |_: &Holder| Ok(()));
        assert!(matches!(said.await.unwrap_err(), StoreError::KeysTaken));
        let over =
            format!("UPDATE meta SET value = 'another {}' WHERE key = 'keys-lease'", Now.now().0 + 300);
        store.db.execute("end", over, args![]).await.unwrap();
        let patience = Some(Duration::from_secs(10));
        let work = async |_: &Holder| Ok(());
        lease::alone(&store.db, &Now, &SystemRandom, || patience, work).await.unwrap();
    })
    .await;
}
