//! What blobs promise, on a local folder and on a store in memory.

use super::chunk::{CHUNK, HEADER, SEALED_CHUNK};
use super::*;
use crate::keys::KeyRing;
use futures_util::TryStreamExt as _;
use mydata_wire::SystemRandom;
use object_store::memory::InMemory;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::io::{Read, Seek, SeekFrom, Write};
use std::time::Duration;
use tempfile::TempDir;

fn crypter() -> Crypter {
    Crypter::new(&KeyRing::fresh(&SystemRandom), Arc::new(SystemRandom))
}

fn local() -> (TempDir, Blobs) {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::in_folder(&folder.path().join("blobs"), crypter()).unwrap();
    (folder, blobs)
}

fn in_memory() -> Blobs {
    Blobs::in_objects(Arc::new(InMemory::new()), crypter())
}

/// Bytes without a period that a chunk or a part could hide.
fn content(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

async fn put(blobs: &Blobs, bytes: &[u8]) -> BlobId {
    let mut writer = blobs.create();
    for piece in bytes.chunks(10_000) {
        writer.write(piece).await.unwrap();
    }
    let info = writer.finish().await.unwrap();
    assert_eq!(info.len, bytes.len() as u64);
    info.id
}

async fn streamed(blobs: &Blobs, id: &BlobId) -> Result<Vec<u8>> {
    let pieces: Vec<_> = blobs.stream(id).await?.try_collect().await?;
    Ok(pieces.concat())
}

fn file_of(folder: &TempDir, id: &BlobId) -> PathBuf {
    folder.path().join("blobs").join(id.key().as_ref())
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { out.extend(files_in(&path)) } else { out.push(path) }
    }
    out
}

#[tokio::test]
async fn content_of_any_length_comes_back() {
    let (_folder, on_disk) = local();
    for blobs in [on_disk, in_memory()] {
        for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, (1 << 20) - 100, (1 << 20) + 1, 6 << 20] {
            let bytes = content(len);
            let id = put(&blobs, &bytes).await;
            assert_eq!(streamed(&blobs, &id).await.unwrap(), bytes, "{len}");
            assert_eq!(blobs.read(&id).await.unwrap(), bytes, "{len}");
            let mut reader = blobs.reader(&id).await.unwrap();
            let (read, claimed) = tokio::task::spawn_blocking(move || {
                let mut out = Vec::new();
                reader.read_to_end(&mut out).unwrap();
                (out, reader.len())
            })
            .await
            .unwrap();
            assert_eq!(claimed, len as u64);
            assert_eq!(read, bytes, "{len}");
        }
    }
}

#[test]
fn reading_after_seeking_gives_the_slice() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (_folder, blobs) = local();
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    let moves = prop::collection::vec((0u64..400_000, 0usize..150_000, any::<bool>()), 1..12);
    runner
        .run(&(0usize..350_000, moves), |(len, moves)| {
            let bytes = content(len);
            let id = runtime.block_on(put(&blobs, &bytes));
            let mut ours = runtime.block_on(blobs.reader(&id)).unwrap();
            let mut std = std::io::Cursor::new(&bytes);
            for (place, count, from_end) in moves {
                let to = if from_end { SeekFrom::End(-(place as i64)) } else { SeekFrom::Start(place) };
                let (a, b) = (ours.seek(to), std.seek(to));
                prop_assert_eq!(a.is_ok(), b.is_ok());
                let (mut a, mut b) = (vec![0; count], vec![0; count]);
                let read = |r: &mut dyn Read, out: &mut [u8]| {
                    let mut n = 0;
                    while n < out.len() {
                        match r.read(&mut out[n..]).unwrap() {
                            0 => break,
                            more => n += more,
                        }
                    }
                    n
                };
                prop_assert_eq!(read(&mut ours, &mut a), read(&mut std, &mut b));
                prop_assert_eq!(a, b);
                prop_assert_eq!(ours.stream_position().unwrap(), std.stream_position().unwrap());
            }
            Ok(())
        })
        .unwrap();
}

/// Every way of reading must refuse.
async fn is_refused(blobs: &Blobs, id: &BlobId, what: &str) {
    assert!(matches!(streamed(blobs, id).await, Err(StoreError::Corrupt { .. })), "{what}: stream");
    assert!(blobs.read(id).await.is_err(), "{what}: read");
    let refused = match blobs.reader(id).await {
        Err(_) => true,
        Ok(mut reader) => {
            let read = tokio::task::spawn_blocking(move || reader.read_to_end(&mut Vec::new()));
            read.await.unwrap().is_err()
        }
    };
    assert!(refused, "{what}: reader");
}

#[tokio::test]
async fn a_blob_that_was_changed_is_refused() {
    let (folder, blobs) = local();
    let id = put(&blobs, &content(3 * CHUNK + 500)).await;
    let file = file_of(&folder, &id);
    let whole = fs::read(&file).unwrap();
    let chunk = |n: usize| HEADER + n * SEALED_CHUNK..whole.len().min(HEADER + (n + 1) * SEALED_CHUNK);

    for at in [0, 4, 5, 20, HEADER - 1, HEADER, HEADER + CHUNK, chunk(2).start + 7, whole.len() - 1] {
        let mut bad = whole.clone();
        bad[at] ^= 1;
        fs::write(&file, bad).unwrap();
        is_refused(&blobs, &id, &format!("bit at {at}")).await;
    }
    for len in [0, 1, HEADER, HEADER + 15, chunk(0).end, chunk(2).end, whole.len() - 1, chunk(3).start + 16] {
        fs::write(&file, &whole[..len]).unwrap();
        is_refused(&blobs, &id, &format!("cut off at {len}")).await;
    }
    let head = &whole[..HEADER];
    for order in
        [vec![1, 0, 2, 3], vec![0, 2, 3], vec![0, 1, 1, 2, 3], vec![3, 1, 2, 0], vec![0, 1, 2, 3, 3], vec![3]]
    {
        let mut bad = head.to_vec();
        for n in &order {
            bad.extend_from_slice(&whole[chunk(*n)]);
        }
        fs::write(&file, bad).unwrap();
        is_refused(&blobs, &id, &format!("chunks {order:?}")).await;
    }
    fs::write(&file, [&whole[..], &[0]].concat()).unwrap();
    is_refused(&blobs, &id, "lengthened").await;

    fs::write(&file, &whole).unwrap();
    assert_eq!(streamed(&blobs, &id).await.unwrap().len(), 3 * CHUNK + 500);
}

#[tokio::test]
async fn a_blob_under_another_name_or_key_is_refused() {
    let (folder, blobs) = local();
    let (a, b) = (put(&blobs, b"first").await, put(&blobs, b"other").await);
    fs::copy(file_of(&folder, &a), file_of(&folder, &b)).unwrap();
    is_refused(&blobs, &b, "another's content").await;
    let elsewhere = Blobs::in_folder(&folder.path().join("blobs"), crypter()).unwrap();
    is_refused(&elsewhere, &a, "another key").await;

    for bad in [
        "",
        "s",
        "../../etc/passwd",
        "x0123456789abcdef0123456789abcdef",
        "s0123456789ABCDEF0123456789abcdef",
    ] {
        assert!(bad.parse::<BlobId>().is_err(), "{bad}");
    }
    assert_eq!(a.to_string().parse::<BlobId>().unwrap(), a);
}

#[tokio::test]
async fn nothing_is_seen_before_it_is_finished_and_nothing_stays_of_what_is_given_up() {
    let (folder, blobs) = local();
    let root = folder.path().join("blobs");
    for len in [100, 3 << 20] {
        let mut writer = blobs.create();
        writer.write(&content(len)).await.unwrap();
        assert_eq!(blobs.list().count().await, 0);
        drop(writer);
        // The removal runs in a task of its own.
        for _ in 0..500 {
            if files_in(&root).is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(files_in(&root), Vec::<PathBuf>::new());
    }
}

#[tokio::test]
async fn deleting_is_idempotent_and_a_deleted_blob_is_gone() {
    let (_folder, on_disk) = local();
    for blobs in [on_disk, in_memory()] {
        let id = put(&blobs, b"x").await;
        blobs.delete(&id).await.unwrap();
        blobs.delete(&id).await.unwrap();
        assert!(matches!(streamed(&blobs, &id).await, Err(StoreError::NoBlob { .. })));
        assert!(matches!(blobs.reader(&id).await, Err(StoreError::NoBlob { .. })));
        assert!(matches!(blobs.plain_len(&id).await, Err(StoreError::NoBlob { .. })));
        assert_eq!(blobs.list().count().await, 0);
    }
}

#[tokio::test]
async fn the_sweeper_removes_what_is_old_and_unknown() {
    let (folder, blobs) = local();
    let root = folder.path().join("blobs");
    let (known, orphan) = (put(&blobs, b"known").await, put(&blobs, b"orphan").await);
    let draft = file_of(&folder, &known).with_file_name(format!("{orphan}#1"));
    fs::write(&draft, "cut off by a kill").unwrap();
    fs::write(root.join("note#1"), "not ours").unwrap();
    let only_known = |ids: Vec<BlobId>| {
        let known = known.clone();
        async move { Ok(ids.into_iter().filter(|id| *id == known).collect()) }
    };
    let (past, future) = (Time(0), time_of(SystemTime::now()).plus(Duration::from_secs(60)));
    assert_eq!(blobs.sweep(past, only_known).await.unwrap(), 0, "all are too young");
    assert!(draft.exists());
    assert_eq!(blobs.sweep(future, only_known).await.unwrap(), 2);
    assert_eq!(blobs.sweep(future, only_known).await.unwrap(), 0);
    assert_eq!(streamed(&blobs, &known).await.unwrap(), b"known");
    assert_eq!(files_in(&root).len(), 2, "the known one, and what was never ours");
    let refusing = blobs.sweep(future, async |_| Err(StoreError::NotFound)).await;
    assert!(refusing.is_err());
    assert_eq!(streamed(&blobs, &known).await.unwrap(), b"known", "when in doubt nothing is deleted");
}

#[cfg(unix)]
#[tokio::test]
async fn files_and_folders_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, blobs) = local();
    for len in [10, 3 << 20] {
        let id = put(&blobs, &content(len)).await;
        let file = file_of(&folder, &id);
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file), 0o600);
        for up in file.ancestors().skip(1).take(3) {
            assert_eq!(mode(up), 0o700, "{}", up.display());
        }
    }
}

#[tokio::test]
async fn plain_blobs_are_hashed_and_read_in_ranges() {
    let (_folder, on_disk) = local();
    for blobs in [on_disk, in_memory()] {
        let bytes = content(700_001);
        let mut writer = blobs.create_plain();
        for piece in bytes.chunks(77_777) {
            writer.write(piece).await.unwrap();
        }
        let info = writer.finish().await.unwrap();
        let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
        assert_eq!((info.len, info.sha256.as_slice()), (700_001, sum.as_ref()));
        assert_eq!(blobs.plain_len(&info.id).await.unwrap(), 700_001);
        for range in
            [0..0, 0..1, 5..700_001, 262_143..262_145, 699_999..900_000, 900_000..900_001, 0..u64::MAX]
        {
            let pieces: Vec<_> =
                blobs.plain_stream(&info.id, range.clone()).await.unwrap().try_collect().await.unwrap();
            let cut = |n: u64| usize::try_from(n.min(700_001)).unwrap();
            assert!(pieces.concat() == bytes[cut(range.start)..cut(range.end)], "{range:?}");
        }
    }
}

#[tokio::test]
async fn blocking_code_can_write() {
    let (_folder, blobs) = local();
    let bytes = content(2_500_000);
    let (mut sealed, mut plain) = (blobs.create().blocking(), blobs.create_plain().blocking());
    let (sealed, plain) = {
        let bytes = bytes.clone();
        tokio::task::spawn_blocking(move || {
            for piece in bytes.chunks(4096) {
                sealed.write_all(piece).unwrap();
                plain.write_all(piece).unwrap();
            }
            (sealed.finish().unwrap(), plain.into_inner())
        })
        .await
        .unwrap()
    };
    let plain = plain.finish().await.unwrap();
    assert_eq!(streamed(&blobs, &sealed.id).await.unwrap(), bytes);
    let read: Vec<_> =
        blobs.plain_stream(&plain.id, 0..plain.len).await.unwrap().try_collect().await.unwrap();
    assert_eq!(read.concat(), bytes);
}

/// Neither kind keeps more of a large blob in memory than a few parts.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn three_hundred_mebibytes_pass_in_bounded_memory() {
    const LEN: usize = 300 << 20;
    let status = |field: &str| -> u64 {
        let all = fs::read_to_string("/proc/self/status").unwrap();
        let line = all.lines().find(|l| l.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let (_folder, blobs) = local();
    let piece = content(1 << 20);
    // Sets the peak back to what is in use now.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status("VmRSS");

    let mut writer = blobs.create();
    let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for _ in 0..LEN / piece.len() {
        hash.update(&piece);
        writer.write(&piece).await.unwrap();
    }
    let written = hash.finish();
    let info = writer.finish().await.unwrap();
    assert_eq!(info.len, LEN as u64);

    let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    let mut stream = blobs.stream(&info.id).await.unwrap();
    while let Some(piece) = stream.try_next().await.unwrap() {
        hash.update(&piece);
    }
    assert_eq!(hash.finish().as_ref(), written.as_ref());

    let mut reader = blobs.reader(&info.id).await.unwrap();
    let read = tokio::task::spawn_blocking(move || std::io::copy(&mut reader, &mut std::io::sink()).unwrap());
    assert_eq!(read.await.unwrap(), LEN as u64);

    let grown = status("VmHWM").saturating_sub(before);
    assert!(grown < 48 << 10, "the peak grew by {grown} KiB");
    blobs.delete(&info.id).await.unwrap();
}
