//! The token: round trips at every border, leniency where the protocol has it, refusal everywhere else
//! (PROTOCOL.md §5).

mod common;

use std::io::{self, Read, Write};

use common::{client_id, iv, secret_key};
use mydata_seal::token::{OpenError, TokenWriter, open, open_to_folder, sealed_len};
use mydata_wire::b64;
use mydata_wire::{CbcIv, SecretKey};
use proptest::prelude::*;

fn seal(zip: &[u8]) -> Vec<u8> {
    let mut writer = TokenWriter::new(Vec::new(), &client_id(), &secret_key(), &iv()).unwrap();
    writer.write_all(zip).unwrap();
    writer.finish().unwrap()
}

fn open_bytes(token: &[u8]) -> Result<Vec<u8>, OpenError> {
    open(token, &secret_key(), &iv(), Vec::new()).map(|opened| {
        assert_eq!(opened.content.len() as u64, opened.content_len);
        opened.content
    })
}

fn noise(len: usize) -> Vec<u8> {
    (0..len as u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

/// A header and a payload signed with the right key: what the platform would send if it wrote them so.
fn signed(header: &str, payload: &str) -> Vec<u8> {
    let input = format!("{}.{}", b64::url_safe(header.as_bytes()), b64::url_safe(payload.as_bytes()));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret_key().bytes());
    let signature = b64::url_safe(aws_lc_rs::hmac::sign(&key, input.as_bytes()).as_ref());
    format!("{input}.{signature}").into_bytes()
}

/// `data` of a token of `zip`, and the payload around it.
fn payload_of(zip: &[u8]) -> String {
    let token = String::from_utf8(seal(zip)).unwrap();
    let payload = token.split('.').nth(1).unwrap();
    String::from_utf8(b64::decode_lenient(payload).unwrap()).unwrap()
}

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// Shows R121, R123, R124, R125, R126, R127.
#[test]
fn a_token_has_the_form_of_the_protocol() {
    let zip = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let token = String::from_utf8(seal(zip)).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three parts") };
    assert!(!token.contains('='), "base64url without padding");
    assert_eq!(b64::decode_lenient(header).unwrap(), HEADER.as_bytes());

    let payload = String::from_utf8(b64::decode_lenient(payload).unwrap()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&payload).unwrap();
    assert_eq!(json["filename"], "CLI.qqOjnjO4WR.zip");
    let data = json["data"].as_str().unwrap().strip_prefix("application/zip;data:").unwrap();
    assert_eq!(data.len() % 4, 0, "padded");
    assert_eq!(b64::decode_lenient(data).unwrap().len(), 32, "22 bytes are two blocks");
    assert_eq!(b64::decode_lenient(signature).unwrap().len(), 32);
    assert_eq!(token.as_bytes(), signed(HEADER, &payload), "the signature covers header.payload");
}

/// Around the borders of a block (16), of base64 groups (3 and 9), and of the internal buffers.
#[test]
fn every_length_round_trips() {
    let border = 48 * 1024;
    let lengths = (0..200).chain(border - 20..border + 20).chain(2 * border - 20..2 * border + 20);
    for len in lengths {
        let zip = noise(len);
        let token = seal(&zip);
        assert_eq!(token.len() as u64, sealed_len(&client_id(), len as u64), "{len}");
        assert_eq!(open_bytes(&token).unwrap(), zip, "{len}");
    }
}

/// Gives at most `step` bytes per read, and an interruption before each.
struct Drip<'a> {
    bytes: &'a [u8],
    step: usize,
    interrupt: bool,
}

impl Read for Drip<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.interrupt = !self.interrupt;
        if self.interrupt {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let n = self.bytes.len().min(buf.len()).min(self.step);
        buf[..n].copy_from_slice(&self.bytes[..n]);
        self.bytes = &self.bytes[n..];
        Ok(n)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Shows R121, R127: whatever the pieces in which it is written and read.
    #[test]
    fn any_chunking_gives_the_same_token(
        len in prop_oneof![0usize..400, 40_000usize..60_000, 90_000usize..210_000],
        write_step in prop_oneof![1usize..50, 1_000usize..120_000],
        read_step in prop_oneof![1usize..50, 1_000usize..200_000],
        key: [u8; 32],
    ) {
        let zip = noise(len);
        let key = SecretKey::from_bytes(key);
        let mut writer = TokenWriter::new(Vec::new(), &client_id(), &key, &iv()).unwrap();
        for piece in zip.chunks(write_step) {
            writer.write_all(piece).unwrap();
            writer.flush().unwrap();
        }
        let token = writer.finish().unwrap();
        let mut whole = TokenWriter::new(Vec::new(), &client_id(), &key, &iv()).unwrap();
        whole.write_all(&zip).unwrap();
        prop_assert_eq!(&token, &whole.finish().unwrap());
        prop_assert_eq!(token.len() as u64, sealed_len(&client_id(), len as u64));

        let drip = Drip { bytes: &token, step: read_step, interrupt: false };
        let opened = open(drip, &key, &iv(), Vec::new()).unwrap();
        prop_assert_eq!(opened.content, zip);
        prop_assert_eq!(opened.filename, "CLI.qqOjnjO4WR.zip");
    }

    /// Shows R126: one changed bit anywhere, and nothing is opened.
    #[test]
    fn a_changed_bit_is_noticed(len in 0usize..3_000, at: prop::sample::Index, bit in 0u8..8) {
        let mut token = seal(&noise(len));
        let at = at.index(token.len());
        token[at] ^= 1 << bit;
        prop_assert!(open_bytes(&token).is_err());
    }
}

/// Shows R126: every byte of a short token in turn.
#[test]
fn every_changed_byte_is_noticed() {
    let token = seal(b"PK");
    for at in 0..token.len() {
        for other in [b'A', b'_', b'.', b'=', 0, 0xff] {
            let mut changed = token.clone();
            changed[at] = other;
            assert!(changed == token || open_bytes(&changed).is_err(), "{at}");
        }
    }
}

#[test]
fn a_token_cut_anywhere_is_refused() {
    let token = seal(&noise(500));
    let dots: Vec<usize> = (0..token.len()).filter(|&i| token[i] == b'.').collect();
    for len in 0..token.len() {
        let error = open_bytes(&token[..len]).unwrap_err();
        let expected = if len <= dots[0] {
            "header"
        } else if len <= dots[1] {
            "payload"
        } else {
            "signature"
        };
        match error {
            OpenError::Truncated { part } => assert_eq!(part, expected, "{len}"),
            other => panic!("{len}: {other}"),
        }
    }
}

/// Shows R126: with another key nothing opens; with another IV the first block is another one, and the zip in it
/// broken, but the signature cannot tell.
#[test]
fn another_key_is_noticed() {
    let token = seal(&noise(100));
    let other = SecretKey::from_bytes([7; 32]);
    assert!(matches!(open(token.as_slice(), &other, &iv(), Vec::new()), Err(OpenError::Signature)));
    let iv: CbcIv = "0000000000000000".parse().unwrap();
    let opened = open(token.as_slice(), &secret_key(), &iv, Vec::new()).unwrap();
    assert_ne!(opened.content, noise(100));
}

/// Shows R124.
#[test]
fn headers_are_read_in_any_order_but_only_hs256_counts() {
    let payload = payload_of(b"PK");
    for header in [
        "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}",
        r#"{"alg":"HS256"}"#,
        r#"{"kid":"1","alg":"HS256","typ":"JWT","x":{"a":[1]}}"#,
    ] {
        assert_eq!(open_bytes(&signed(header, &payload)).unwrap(), b"PK", "{header}");
    }
    for alg in ["none", "None", "HS384", "HS512", "RS256", "hs256", ""] {
        let header = format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#);
        assert!(matches!(open_bytes(&signed(&header, &payload)), Err(OpenError::Algorithm)), "{alg}");
    }
    for header in [
        "",
        "{}",
        "[]",
        "HS256",
        r#"{"alg":1}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"HS256","crit":["b64"]}"#,
    ] {
        assert!(matches!(open_bytes(&signed(header, &payload)), Err(OpenError::Header { .. })), "{header}");
    }
    let long = format!(r#"{{"alg":"HS256","x":"{}"}}"#, "x".repeat(5_000));
    assert!(matches!(open_bytes(&signed(&long, &payload)), Err(OpenError::Header { .. })));
}

/// Shows R125: what another writer of the same token may write.
#[test]
fn payloads_are_read_in_any_spelling() {
    let zip = noise(300);
    let json: serde_json::Value = serde_json::from_str(&payload_of(&zip)).unwrap();
    let data = json["data"].as_str().unwrap();
    let slashes = data.replace('/', "\\/");
    let unicode = data.replace('+', "\\u002b").replace('=', "\\u003D").replace('/', "\\u002f");
    for payload in [
        format!(r#"{{"data":"{data}","filename":"a.zip"}}"#),
        format!("\r\n{{ \"filename\" :\t\"a.zip\" ,\n \"data\" : \"{data}\" }} \n"),
        format!(r#"{{"code":"0","filename":"a.zip","data":"{data}"}}"#),
        format!(
            r#"{{"filename":"a.zip","x":{{"y":[1,"}}]",null]}},"n":-1.5e3,"t":true,"data":"{data}","z":[]}}"#
        ),
        format!(r#"{{"filename":"\u0061.zip","data":"{slashes}"}}"#),
        format!(r#"{{"filename":"a.zip","d\u0061ta":"{unicode}"}}"#),
    ] {
        for step in [1, 7, 1_000_000] {
            let token = signed(HEADER, &payload);
            let drip = Drip { bytes: &token, step, interrupt: true };
            let opened =
                open(drip, &secret_key(), &iv(), Vec::new()).unwrap_or_else(|e| panic!("{payload}: {e}"));
            assert_eq!((opened.content, opened.filename.as_str()), (zip.clone(), "a.zip"));
        }
    }
}

#[test]
fn payloads_of_another_shape_are_refused() {
    let json: serde_json::Value = serde_json::from_str(&payload_of(b"PK")).unwrap();
    let data = json["data"].as_str().unwrap();
    for payload in [
        String::new(),
        "[]".to_owned(),
        "{}".to_owned(),
        format!(r#"{{"data":"{data}"}}"#),
        r#"{"filename":"a.zip"}"#.to_owned(),
        format!(r#"{{"filename":1,"data":"{data}"}}"#),
        r#"{"filename":"a.zip","data":null}"#.to_owned(),
        format!(r#"{{"filename":"a.zip","data":"{data}","data":"{data}"}}"#),
        format!(r#"{{"filename":"a.zip","filename":"b.zip","data":"{data}"}}"#),
        format!(r#"{{"filename":"a.zip","data":"{data}"}}x"#),
        format!(r#"{{"filename":"a.zip","data":"{data}""#),
        format!(r#"{{"filename":"a.zip","data":"{data}",}}"#),
        format!(r#"{{"filename":"a.zip" "data":"{data}"}}"#),
        format!(r#"{{"filename":"a.zip","x":01,"data":"{data}"}}"#),
        format!(r#"{{"filename":"a.zip","x":,"data":"{data}"}}"#),
        format!(r#"{{"filename":"a.zip","x":],"data":"{data}"}}"#),
        format!(r#"{{"filename":"a.zip","x":[1}},"data":"{data}"}}"#),
        format!(r#"{{"filename":"a.zip","data":"{}\q"}}"#, &data[..40]),
        format!(r#"{{"filename":"{}","data":"{data}"}}"#, "x".repeat(20_000)),
        format!(r#"{{"filename":"a.zip","x":{}{},"data":"{data}"}}"#, "[".repeat(40), "]".repeat(40)),
    ] {
        let error = open_bytes(&signed(HEADER, &payload)).unwrap_err();
        assert!(matches!(error, OpenError::Payload { .. }), "{payload:.80}: {error}");
    }
    for prefix in ["", "application/zip;base64,", "application/zip;data", "data:application/zip;data:"] {
        let other = data.replace("application/zip;data:", prefix);
        let payload = format!(r#"{{"filename":"a.zip","data":"{other}"}}"#);
        assert!(matches!(open_bytes(&signed(HEADER, &payload)), Err(OpenError::DataPrefix)), "{prefix}");
    }
    let b64 = data.strip_prefix("application/zip;data:").unwrap();
    for broken in [
        b64.trim_end_matches('=').to_owned(),
        format!("{b64}AAAA"),
        format!("{b64}="),
        b64.replacen(|c: char| c.is_ascii_alphanumeric(), "-", 1),
        format!("{}\n{}", &b64[..4], &b64[4..]),
    ] {
        let payload =
            serde_json::json!({"filename": "a.zip", "data": format!("application/zip;data:{broken}")});
        let error = open_bytes(&signed(HEADER, &payload.to_string())).unwrap_err();
        assert!(matches!(error, OpenError::DataBase64), "{broken}: {error}");
    }
    for sealed in ["", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA=="] {
        let payload = format!(r#"{{"filename":"a.zip","data":"application/zip;data:{sealed}"}}"#);
        assert!(matches!(open_bytes(&signed(HEADER, &payload)), Err(OpenError::Cipher)), "{sealed}");
    }
}

#[test]
fn other_forms_are_refused() {
    let token = String::from_utf8(seal(b"PK")).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three parts") };
    let open = |token: String| open_bytes(token.as_bytes()).unwrap_err();
    assert!(matches!(open(format!("{token}\n")), OpenError::Trailing));
    assert!(matches!(open(format!("{token}.")), OpenError::Trailing));
    assert!(matches!(open(format!("{token}=")), OpenError::Trailing));
    assert!(matches!(open(format!("{header}=.{payload}.{signature}")), OpenError::Header { .. }));
    assert!(matches!(open(format!("{header}.{payload}=.{signature}")), OpenError::PayloadBase64));
    assert!(matches!(
        open(format!("{header}.{payload}A.{signature}")),
        OpenError::PayloadBase64 | OpenError::Payload { .. }
    ));
    assert!(matches!(open(format!("{header}.{payload}.{}*", &signature[1..])), OpenError::SignatureForm));
    assert!(matches!(open(format!("{header}.{payload}.{}", "A".repeat(43))), OpenError::Signature));
    assert!(matches!(open("<html><body>Error</body></html>".to_owned()), OpenError::Truncated { .. }));
    assert!(matches!(open("{\"code\":\"403\"}..".to_owned()), OpenError::Header { .. }));
}

/// A sink that takes `room` bytes and fails then.
struct Full {
    room: usize,
}

impl Write for Full {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            return Err(io::Error::other("full"));
        }
        let n = buf.len().min(self.room);
        self.room -= n;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_sink_that_fails_ends_it() {
    let zip = noise(200_000);
    for room in [0, 10, 1_000, 100_000, 266_000] {
        let outcome =
            TokenWriter::new(Full { room }, &client_id(), &secret_key(), &iv()).and_then(|mut writer| {
                let first = writer.write_all(&zip);
                if first.is_err() {
                    writer.write(&[0; 100_000]).expect_err("nothing follows a failed write");
                }
                writer.finish().map(|_| ())
            });
        assert!(outcome.is_err(), "{room}");
    }
    let token = seal(&zip);
    for room in [0, 10, 100_000, 199_999] {
        let outcome = open(token.as_slice(), &secret_key(), &iv(), Full { room });
        assert!(matches!(outcome, Err(OpenError::Write(_))), "{room}");
    }
}

#[test]
fn a_source_that_fails_ends_it() {
    let token = seal(&noise(1_000));
    let broken = token[..500].chain(io::BufReader::new(Broken));
    assert!(matches!(open(broken, &secret_key(), &iv(), Vec::new()), Err(OpenError::Read(_))));
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _buf: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

/// Shows R126: a folder holds a file only when its token was good; nothing is left behind otherwise.
#[test]
fn a_folder_gets_whole_files_only() {
    let folder = tempfile::tempdir().unwrap();
    let list =
        || std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect::<Vec<_>>();
    let open = |token: &[u8]| open_to_folder(token, &secret_key(), &iv(), folder.path());

    let mut token = seal(&noise(100_000));
    let path = open(&token).unwrap();
    assert_eq!(path, folder.path().join("CLI.qqOjnjO4WR.zip"));
    assert_eq!(std::fs::read(&path).unwrap(), noise(100_000));
    assert_eq!(list().len(), 1);

    let last = token.len() - 2;
    token[last] ^= 1;
    assert!(open(&token).is_err());
    assert!(open(&token[..50_000]).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), noise(100_000), "the earlier file is untouched");
    assert_eq!(list().len(), 1, "{:?}", list());

    let payload = payload_of(b"PK");
    for name in ["../escape.zip", "/etc/cron.d/x.zip", "CLI.qqOjnjO4WR.sh", "", "CLI.a/b/../c.zip"] {
        let other = payload.replace("CLI.qqOjnjO4WR.zip", name);
        assert!(matches!(open(&signed(HEADER, &other)), Err(OpenError::Filename)), "{name}");
    }
    assert_eq!(list().len(), 1);
}

#[test]
fn errors_name_the_place_in_two_languages() {
    for token in ["", "e30", "e30.e30.x", "a.b.c"] {
        let error = open_bytes(token.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("token"), "{error}");
        assert!(error.zh().contains("權杖"), "{}", error.zh());
    }
}
