//! A backup beside a rotation of keys, and on more than one file system.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::time::Duration;

use mydata_domain::Clock as _;
use mydata_store::blobs::BlobId;
use mydata_store::keys::rotate;
use mydata_store::{Store, StoreConfig};

use super::*;

fn place_of(data: &Path) -> Place {
    Place { data: data.to_owned(), address: DbAddress::in_folder(data), url: None }
}

async fn blob(store: &Store, content: &[u8]) -> BlobId {
    let mut writer = store.blobs.create();
    writer.write(content).await.unwrap();
    writer.finish().await.unwrap().id
}

async fn open(data: &Path) -> Store {
    Store::open(&StoreConfig::in_folder(data), SystemClock.now()).await.unwrap()
}

/// Restores into a fresh folder, with the master key of the first.
async fn restored(from: &Path, file: &Path, to: &Path) -> Store {
    read::restore(&place_of(to), file).unwrap();
    fs::copy(from.join("keys"), to.join("keys")).unwrap();
    open(to).await
}

/// A blob's header is sealed anew in place when keys are rotated, and a link in the backup is the same file. What is in the backup
/// opens under the keys of the database in it all the same: nobody rotates while they are kept, and what is packed is what was kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_beside_a_rotation_opens_with_its_own_keys() {
    let (data, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(data.path()).await;
    let old = store.crypter.sealing();
    let (first, large) = (blob(&store, b"first").await, blob(&store, &[7; 300_000]).await);
    let place = place_of(data.path());
    let file = there.path().join("backup.tar");
    let begun = write::begin(&place, &file).unwrap();
    let address = place.address.clone();
    let rotating = std::cell::RefCell::new(None);
    let moment = unchanged(
        &address,
        &SystemClock,
        || panic!("nobody is at work"),
        async || {
            let config = StoreConfig::in_folder(data.path());
            let (says, said) = std::sync::mpsc::channel();
            *rotating.borrow_mut() = Some(std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let beside = Store::open_beside(&config, SystemClock.now()).await.unwrap();
                    let rotated = rotate::rotate(&beside, &SystemClock, false, |progress| {
                        // Nobody listens any more once everything is kept.
                        let _ = says.send(format!("{progress:?}"));
                    });
                    let rotated = rotated.await.unwrap();
                    rotate::retire(&beside, &SystemClock, old, Duration::ZERO).await.unwrap();
                    beside.close().await;
                    rotated
                })
            }));
            let told = tokio::task::block_in_place(|| said.recv().unwrap());
            assert_eq!(told, "Another", "it waits");
            let kept = begun.keep(&place).unwrap();
            assert!(said.try_recv().is_err(), "it waits still");
            kept
        },
    );
    let moment = moment.await.unwrap();
    let rotated = tokio::task::block_in_place(|| rotating.into_inner().unwrap().join().unwrap());
    assert!(rotated.id != old && rotated.resealed >= 2);
    // The old key is in the backup alone.
    moment.pack().unwrap();
    let to = there.path().join("data");
    let other = restored(data.path(), &file, &to).await;
    assert_eq!(other.crypter.sealing(), old);
    assert_eq!(other.blobs.read(&first).await.unwrap(), b"first");
    assert_eq!(other.blobs.read(&large).await.unwrap(), [7; 300_000]);
    store.keys.look(SystemClock.now()).await.unwrap();
    assert_eq!(store.blobs.read(&first).await.unwrap(), b"first");
    other.close().await;
    store.close().await;
}

/// Blobs may lie on a file system of their own: then they are copied where they would be linked or renamed.
#[tokio::test]
async fn blobs_on_another_file_system_are_backed_up_and_restored() {
    let (data, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, two) = (tempfile::tempdir_in("/dev/shm").unwrap(), tempfile::tempdir_in("/dev/shm").unwrap());
    let device = |path: &Path| fs::metadata(path).unwrap().dev();
    assert_ne!(device(data.path()), device(one.path()), "two file systems are needed");
    symlink(one.path(), data.path().join("blobs")).unwrap();
    let store = open(data.path()).await;
    let id = blob(&store, b"content").await;
    store.close().await;
    drop(store);
    let place = place_of(data.path());
    let file = there.path().join("backup.tar");
    write::begin(&place, &file).unwrap().keep(&place).unwrap().pack().unwrap();

    let to = there.path().join("data");
    fs::create_dir(&to).unwrap();
    symlink(two.path(), to.join("blobs")).unwrap();
    let other = restored(data.path(), &file, &to).await;
    assert_eq!(other.blobs.read(&id).await.unwrap(), b"content");
    assert!(fs::read_dir(two.path()).unwrap().count() > 0, "they lie where they are told to");
    other.close().await;
}

/// What a killed backup has left under the name of the new one is cleared; one that is being written is not touched.
#[tokio::test]
async fn a_draft_that_was_left_is_no_hindrance() {
    let (data, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    open(data.path()).await.close().await;
    let place = place_of(data.path());
    let file = there.path().join("backup.tar");
    fs::write(there.path().join("backup.tar.part"), "left").unwrap();
    let begun = write::begin(&place, &file).unwrap();
    let other = tempfile::tempdir().unwrap();
    open(other.path()).await.close().await;
    let said = write::begin(&place_of(other.path()), &file).err().unwrap().to_string();
    assert!(said.contains("another backup writes it"), "{said}");
    begun.keep(&place).unwrap().pack().unwrap();
    read::check(&file).unwrap();
    assert_eq!(fs::read_dir(there.path()).unwrap().count(), 1);
}
