//! The platform's package: written as a stream, read by the manifest (PROTOCOL.md §5).

mod common;

use std::collections::HashMap;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use common::{good_package, now, person, trust, zip_of};
use mydata_seal::dp_package;
use mydata_seal::package::{Facts, FactsReader, Package, PackageError, Plan, write, written_len};
use mydata_seal::zip::ZipError;
use mydata_wire::ResourceId;
use mydata_wire::manifest::{FileCode, PackageEntry, PackageManifest};
use proptest::prelude::*;
use zip::CompressionMethod;

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

fn entry(resource_id: &str, code: FileCode) -> PackageEntry {
    PackageEntry { resource_id: id(resource_id), resource_name: "個人戶籍資料".to_owned(), code }
}

const FIRST: &str = "API.Kr1C3b1ijJ";
const SECOND: &str = "API.TM12KLkB8o";
const THIRD: &str = "API.0000000000";

fn manifest() -> PackageManifest {
    PackageManifest {
        files: vec![
            entry(FIRST, FileCode::Present),
            entry(SECOND, FileCode::NoData),
            entry(THIRD, FileCode::Present),
        ],
    }
}

fn contents() -> HashMap<ResourceId, Vec<u8>> {
    HashMap::from([(id(FIRST), good_package()), (id(THIRD), Vec::new())])
}

fn package() -> Vec<u8> {
    let contents = contents();
    write(Vec::new(), &manifest(), |id| Ok(contents[id].as_slice())).unwrap()
}

/// Shows R122, R128, R129.
#[test]
fn what_was_written_is_read() {
    let mut package = Package::open(Cursor::new(package())).unwrap();
    assert_eq!(package.manifest(), &manifest());
    assert!(package.dp_package(&id(SECOND)).unwrap().is_none(), "204: no file inside");
    assert!(package.dp_package(&id("API.unknown000")).unwrap().is_none());

    let mut inside = package.dp_package(&id(FIRST)).unwrap().unwrap();
    assert_eq!(inside.package_len(), good_package().len() as u64);
    let mut bytes = Vec::new();
    inside.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, good_package(), "byte for byte");
    let verified = dp_package::verify(inside, &trust(), now(), Some(&person())).unwrap();
    assert_eq!(verified.files.len(), 2);

    let mut empty = package.dp_package(&id(THIRD)).unwrap().unwrap();
    assert_eq!(empty.read(&mut [0; 10]).unwrap(), 0);
}

/// Shows R128: manifest first, entries stored, sizes in front of the content, as the `zip` crate sees it.
#[test]
fn the_zip_is_plain() {
    let bytes = package();
    assert_eq!(&bytes[6..10], [0, 0, 0, 0], "no flags, no data descriptor, stored");
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    let names: Vec<_> =
        (0..archive.len()).map(|i| archive.by_index(i).unwrap().name().unwrap().to_string()).collect();
    assert_eq!(names, ["META-INFO/manifest.xml", &format!("{FIRST}.zip"), &format!("{THIRD}.zip")]);
    for i in 0..archive.len() {
        let mut file = archive.by_index(i).unwrap();
        assert_eq!(file.compression(), CompressionMethod::Stored);
        io::copy(&mut file, &mut io::sink()).expect("check sums are right");
    }
}

#[test]
fn its_length_is_known_beforehand() {
    let contents = contents();
    let facts = |id: &ResourceId| Facts::of(contents[id].as_slice());
    assert_eq!(written_len(&manifest(), facts).unwrap(), package().len() as u64);
    let nothing = PackageManifest::default();
    let written = write(Vec::new(), &nothing, |_| Ok(io::empty())).unwrap();
    assert_eq!(written_len(&nothing, facts).unwrap(), written.len() as u64);
    assert!(Package::open(Cursor::new(written)).unwrap().manifest().files.is_empty());
}

#[test]
fn facts_are_taken_on_the_way() {
    let mut reader = FactsReader::new(&b"123456789"[..]);
    io::copy(&mut reader, &mut io::sink()).unwrap();
    assert_eq!(reader.facts(), Facts { len: 9, crc32: 0xcbf4_3926 });
}

#[test]
fn a_dp_package_that_changed_meanwhile_is_noticed() {
    let manifest = PackageManifest { files: vec![entry(FIRST, FileCode::Present)] };
    let plan = Plan::new(&manifest, |_| Facts::of(&b"one"[..])).unwrap();
    for other in ["two", "on", "ones", ""] {
        let error = plan.write(Vec::new(), |_| Ok(other.as_bytes())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{other}");
    }
    plan.write(Vec::new(), |_| Ok(&b"one"[..])).unwrap();
}

#[test]
fn a_dataset_twice_is_refused() {
    let manifest =
        PackageManifest { files: vec![entry(FIRST, FileCode::Present), entry(FIRST, FileCode::NoData)] };
    assert!(write(Vec::new(), &manifest, |_| Ok(io::empty())).is_err());
    let xml = manifest.to_xml();
    let bytes = zip_of(&[("META-INFO/manifest.xml", xml.as_bytes())], CompressionMethod::Stored);
    assert!(matches!(Package::open(Cursor::new(bytes)), Err(PackageError::FileMissing { .. })));
    let twice =
        PackageManifest { files: vec![entry(FIRST, FileCode::NoData), entry(FIRST, FileCode::NoData)] };
    let bytes = zip_of(&[("META-INFO/manifest.xml", twice.to_xml().as_bytes())], CompressionMethod::Stored);
    assert!(matches!(Package::open(Cursor::new(bytes)), Err(PackageError::Repeated { .. })));
}

/// Shows R128, R129: files and codes must agree.
#[test]
fn packages_that_contradict_themselves_are_refused() {
    let xml = manifest().to_xml();
    let (first, second, third) = (format!("{FIRST}.zip"), format!("{SECOND}.zip"), format!("{THIRD}.zip"));
    let meta = ("META-INFO/manifest.xml", xml.as_bytes());
    let open = |entries: &[(&str, &[u8])], method| {
        Package::open(Cursor::new(zip_of(entries, method))).map(|_| ()).unwrap_err()
    };
    let stored = CompressionMethod::Stored;
    let named = |error: &PackageError, name: &str| {
        assert!(error.to_string().contains(name), "{error}");
        assert!(!error.zh().is_empty());
    };

    assert!(matches!(open(&[(&first, b"")], stored), PackageError::ManifestMissing));
    let error = open(&[meta, (&first, b"")], stored);
    assert!(matches!(error, PackageError::FileMissing { .. }));
    named(&error, &third);
    let error = open(&[meta, (&first, b""), (&second, b""), (&third, b"")], stored);
    assert!(matches!(error, PackageError::FileUnexpected { .. }));
    named(&error, &second);
    let error = open(&[meta, (&first, b""), (&third, b""), ("extra.txt", b"")], stored);
    assert!(matches!(error, PackageError::Unlisted { .. }));
    named(&error, "extra.txt");
    let error = open(&[meta, (&first, b"aaaaaaaaaaaaaaaa"), (&third, b"")], CompressionMethod::Deflated);
    assert!(matches!(error, PackageError::Compressed { .. }));
    let error = open(&[("META-INFO/manifest.xml", b"<!DOCTYPE x><files/>")], stored);
    assert!(matches!(error, PackageError::Manifest(_)));
    let error = Package::open(Cursor::new(b"not a zip")).unwrap_err();
    assert!(matches!(error, PackageError::Zip(ZipError::Structure(_))));
}

#[test]
fn a_window_seeks_like_a_file() {
    let manifest = PackageManifest { files: vec![entry(FIRST, FileCode::Present)] };
    let bytes = write(Vec::new(), &manifest, |_| Ok(&b"0123456789"[..])).unwrap();
    let mut package = Package::open(Cursor::new(bytes)).unwrap();
    let mut window = package.dp_package(&id(FIRST)).unwrap().unwrap();
    let mut rest = String::new();
    assert_eq!(window.seek(SeekFrom::End(-3)).unwrap(), 7);
    window.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "789");
    assert_eq!(window.seek(SeekFrom::Current(-10)).unwrap(), 0);
    assert!(window.seek(SeekFrom::Current(-1)).is_err());
    assert_eq!(window.seek(SeekFrom::Start(100)).unwrap(), 100);
    assert_eq!(window.read(&mut [0; 4]).unwrap(), 0, "beyond the end there is nothing, not the next entry");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Shows R128, R129.
    #[test]
    fn any_package_round_trips(
        files in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..3_000), any::<bool>(), ".{0,30}"), 0..12)
    ) {
        let mut contents = HashMap::new();
        let mut manifest = PackageManifest::default();
        for (index, (content, present, _)) in files.iter().enumerate() {
            let resource_id = id(&format!("API.{index:010}"));
            let code = if *present { FileCode::Present } else { FileCode::NoData };
            contents.insert(resource_id.clone(), content.clone());
            manifest.files.push(PackageEntry { resource_id, resource_name: format!("資料{index}"), code });
        }
        let bytes = write(Vec::new(), &manifest, |id| Ok(contents[id].as_slice())).unwrap();
        let mut package = Package::open(Cursor::new(bytes)).unwrap();
        prop_assert_eq!(package.manifest(), &manifest);
        for file in &manifest.files {
            match package.dp_package(&file.resource_id).unwrap() {
                Some(mut reader) => {
                    let mut content = Vec::new();
                    reader.read_to_end(&mut content).unwrap();
                    prop_assert_eq!(&content, &contents[&file.resource_id]);
                    prop_assert_eq!(file.code, FileCode::Present);
                }
                None => prop_assert_eq!(file.code, FileCode::NoData),
            }
        }
    }

    /// Bytes from anywhere are refused or read; nothing panics.
    #[test]
    fn damaged_packages_never_panic(at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let mut bytes = package();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let cut = cut.index(bytes.len());
        for bytes in [&bytes[..], &bytes[..cut]] {
            if let Ok(mut package) = Package::open(Cursor::new(bytes)) {
                for resource in [FIRST, SECOND, THIRD] {
                    if let Ok(Some(mut reader)) = package.dp_package(&id(resource)) {
                        let _ = reader.read_to_end(&mut Vec::new());
                    }
                }
            }
            let _ = dp_package::verify(Cursor::new(bytes), &trust(), now(), None);
        }
    }
}
