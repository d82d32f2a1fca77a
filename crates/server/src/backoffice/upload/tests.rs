//! Uploads as people, and others, send them.

use std::io::{Cursor, Write as _};

use mydata_domain::forms::Purpose;
use mydata_domain::forms::upload::MAX_BYTES;
use mydata_domain::parameter::ParameterKey;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::oas::{In, OasFault, OasVersion, WhyOas};
use super::tree::{Place, Why};
use super::{Checked, FileKind, Refused, check, oas};

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj<<>>endobj\nstartxref\n0\n%%EOF\n";

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn refused(purpose: Purpose, name: &str, bytes: &[u8]) -> Refused {
    check(purpose, name, bytes).unwrap_err()
}

fn kind(purpose: Purpose, name: &str, bytes: &[u8]) -> FileKind {
    match check(purpose, name, bytes) {
        Ok(Checked { kind, .. }) => kind,
        Err(refused) => panic!("{name}: {refused}"),
    }
}

/// Shows R45.
#[test]
fn size_is_bounded_on_both_sides() {
    let mut pdf = PDF.to_vec();
    pdf.splice(20..20, std::iter::repeat_n(b' ', usize::try_from(MAX_BYTES).unwrap() - PDF.len()));
    assert_eq!(kind(Purpose::Specification, "規格書.pdf", &pdf), FileKind::Pdf);
    pdf.insert(20, b' ');
    let too_large = refused(Purpose::Specification, "規格書.pdf", &pdf);
    assert!(matches!(too_large, Refused::TooLarge { bytes, most } if bytes == most + 1), "{too_large}");
    for empty in [&b""[..], b" \r\n"] {
        assert!(matches!(refused(Purpose::Specification, "規格書.pdf", empty), Refused::Empty));
    }
    assert!(matches!(refused(Purpose::TestData, "空.zip", &zip(&[])), Refused::Empty));
}

#[test]
fn what_it_is_counts_and_not_what_it_is_called() {
    for (purpose, name, content, expected) in [
        (Purpose::Specification, "a.PDF", PDF.to_vec(), FileKind::Pdf),
        (Purpose::TestData, "C:\\temp\\資料.json", br#"[{"a": 1}]"#.to_vec(), FileKind::Json),
        (
            Purpose::TestData,
            "a.csv",
            "姓名,生日\n王小明,80/1/1\n\"a,\"\"b\",c\n".as_bytes().to_vec(),
            FileKind::Csv,
        ),
        (
            Purpose::TestData,
            "a.xml",
            b"<?xml version=\"1.0\"?><a b=\"1\"><c/>x</a>\n".to_vec(),
            FileKind::Xml,
        ),
        (Purpose::TestData, "a.zip", zip(&[("a/b.txt", b"x")]), FileKind::Zip),
        (
            Purpose::Specification,
            "a.docx",
            zip(&[("[Content_Types].xml", b"<a/>"), ("word/document.xml", b"<a/>")]),
            FileKind::Docx,
        ),
        (
            Purpose::Specification,
            "a.xlsx",
            zip(&[("[Content_Types].xml", b"<a/>"), ("xl/workbook.xml", b"<a/>")]),
            FileKind::Xlsx,
        ),
        (
            Purpose::Specification,
            "a.odt",
            zip(&[("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", b"<a/>")]),
            FileKind::Odt,
        ),
        (
            Purpose::Checklist,
            "a.ods",
            zip(&[("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")]),
            FileKind::Ods,
        ),
        (
            Purpose::Application,
            "a.png",
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR....\0\0\0\0IEND\xaeB`\x82".to_vec(),
            FileKind::Png,
        ),
        (Purpose::Application, "a.jpeg", b"\xff\xd8\xff\xe0....\xff\xd9".to_vec(), FileKind::Jpeg),
    ] {
        assert_eq!(kind(purpose, name, &content), expected, "{name}");
        let misnamed = refused(purpose, "a.exe", &content);
        assert!(matches!(misnamed, Refused::Misnamed { .. } | Refused::Unknown), "{misnamed}");
    }
    let checked = check(Purpose::TestData, "dir/資料.json", b"[1]").unwrap();
    assert_eq!(checked.name, "資料.json");
    assert_eq!(checked.sha256, "080a9ed428559ef602668b4c00f114f1a11c3f6b02a435f0bdc154578e4d7f22");
    let not_for = refused(Purpose::PilotReport, "a.csv", b"a,b\n1,2\n");
    assert!(matches!(not_for, Refused::NotFor { found: FileKind::Csv, .. }), "{not_for}");
    assert!(matches!(refused(Purpose::PilotReport, "a\u{202e}fdp.exe", PDF), Refused::Name(_)));
}

#[test]
fn programs_are_refused_whatever_they_are_called() {
    for content in [
        &b"MZ\x90\0\x03"[..],
        b"\x7fELF\x02\x01",
        b"\xcf\xfa\xed\xfe",
        b"#!/bin/sh\nrm -rf /\n",
        b"\xef\xbb\xbf#!/bin/sh\n",
        b"@Echo Off\r\ndel *\r\n",
        b"<?php system($_GET['c']);",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....",
        b"L\0\0\0\x01\x14\x02\0",
    ] {
        for name in ["報告.pdf", "data.csv", "data.json", "photo.png"] {
            assert!(matches!(refused(Purpose::TestData, name, content), Refused::Program { .. }), "{name}");
        }
    }
    let inside = refused(Purpose::TestData, "a.zip", &zip(&[("data.csv", b"MZ\x90\0")]));
    assert!(matches!(inside, Refused::ProgramInside { .. }), "{inside}");
    for (name, content) in [
        (
            "a.pdf",
            b"%PDF-1.7\n<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>\nstartxref\n0\n%%EOF".to_vec(),
        ),
        ("a.pdf", b"%PDF-1.7\n<</S/Launch/F(cmd.exe)>>\nstartxref\n0\n%%EOF".to_vec()),
        ("a.xml", b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>".to_vec()),
        ("a.xml", b"<html><script>alert(1)</script></html>".to_vec()),
        ("a.xml", b"<!DOCTYPE html><p>".to_vec()),
        ("a.xml", b"<?xml-stylesheet href=\"x.xsl\"?><a/>".to_vec()),
        (
            "a.docx",
            zip(&[
                ("[Content_Types].xml", b"<a/>"),
                ("word/document.xml", b""),
                ("word/vbaProject.bin", b"x"),
            ]),
        ),
        ("a.odt", zip(&[("mimetype", b"application/vnd.oasis.opendocument.text"), ("Basic/x.xml", b"x")])),
    ] {
        assert!(matches!(refused(Purpose::Specification, name, &content), Refused::Active { .. }), "{name}");
    }
}

#[test]
fn damaged_files_and_bombs_are_refused() {
    assert!(matches!(refused(Purpose::Specification, "a.pdf", &PDF[..30]), Refused::Damaged { .. }));
    assert!(matches!(
        refused(Purpose::Application, "a.jpg", b"\xff\xd8\xff\xe0cut"),
        Refused::Damaged { .. }
    ));
    let sound = zip(&[("a.txt", b"hello hello hello")]);
    assert!(matches!(refused(Purpose::TestData, "a.zip", &sound[..sound.len() - 9]), Refused::Zip(_)));
    let bomb = zip(&[("a.txt", &vec![0; 50_000_000])]);
    assert!(bomb.len() < 100_000);
    assert!(matches!(refused(Purpose::TestData, "a.zip", &bomb), Refused::Zip(_)));
    assert!(matches!(refused(Purpose::TestData, "a.zip", &zip(&[("../a.txt", b"x")])), Refused::Zip(_)));
    let many: Vec<String> = (0..1_001).map(|n| format!("{n}.txt")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|n| (n.as_str(), &b"x"[..])).collect();
    assert!(matches!(refused(Purpose::TestData, "a.zip", &zip(&many)), Refused::Zip(_)));
    for (name, content, line) in [
        ("a.json", &b"{\"a\": 1,\n}"[..], 2),
        ("a.csv", b"a,b\n1,2,3\n", 2),
        ("a.csv", b"a,b\n\"1,2\n", 3),
        ("a.xml", b"<a>\n<b></a>", 2),
        ("a.xml", b"<a/>\n<b/>", 2),
        ("a.xml", b"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", 1),
        ("a.json", b"{\"a\": \"\xa4\xa4\"}", 1),
    ] {
        match refused(Purpose::TestData, name, content) {
            Refused::Text { fault, .. } => assert_eq!(fault.at.line, line, "{name} {fault}"),
            other => panic!("{name}: {other}"),
        }
    }
    for content in [&b"just words"[..], b"\0\0\0\0", b"a\0b,c", b"GIF89a..."] {
        assert!(matches!(refused(Purpose::TestData, "a.bin", content), Refused::Unknown));
    }
    let deep = format!("{}1{}", "<a>".repeat(500), "</a>".repeat(500));
    assert!(
        matches!(refused(Purpose::TestData, "a.xml", deep.as_bytes()), Refused::Text { fault, .. } if fault.why == Why::TooDeep)
    );
}

const YAML: &str = "openapi: 3.0.3
info:
  title: 示範戶籍資料 API
  version: 1.0
paths:
  /data/{region}:
    parameters:
      - $ref: '#/components/parameters/Region'
    get:
      parameters:
        - {name: INQ_YR, in: header, required: true, schema: {type: string}}
        - {name: Authorization, in: header, schema: {type: string}}
      responses:
        '200': {description: 資料}
    post:
      requestBody:
        $ref: '#/components/requestBodies/Query'
      responses:
        '200': {description: 資料}
components:
  parameters:
    Region: {name: region, in: path, required: true}
  requestBodies:
    Query:
      content:
        application/json:
          schema:
            allOf:
              - $ref: '#/components/schemas/Base'
              - properties: {county: {type: string}}
  schemas:
    Base:
      required: [inq_yr]
      properties: {inq_yr: {type: string}}
";

/// Shows R46.
#[test]
fn operations_and_parameters_are_read() {
    let checked = check(Purpose::ApiDocument, "api.yaml", YAML.as_bytes()).unwrap();
    let api = checked.api.unwrap();
    assert_eq!(
        (api.oas, api.title.as_str(), api.version.as_str()),
        (OasVersion::V3_0, "示範戶籍資料 API", "1.0")
    );
    let shown: Vec<_> =
        api.operations.iter().map(|o| (o.method.as_str(), o.path.as_str(), o.at.line)).collect();
    assert_eq!(shown, [("get", "/data/{region}", 9), ("post", "/data/{region}", 15)]);
    let names = |n: usize| -> Vec<(&str, In, bool)> {
        api.operations[n].parameters.iter().map(|p| (p.name.as_str(), p.of, p.required)).collect()
    };
    assert_eq!(
        names(0),
        [("INQ_YR", In::Header, true), ("Authorization", In::Header, false), ("region", In::Path, true)]
    );
    assert_eq!(
        names(1),
        [("region", In::Path, true), ("inq_yr", In::Body, true), ("county", In::Body, false)]
    );
    let json = r#"{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{"/a":{"get":{}}}}"#;
    let checked = check(Purpose::ApiDocument, "api.json", json.as_bytes()).unwrap();
    assert_eq!(checked.api.unwrap().oas, OasVersion::V3_1);
}

/// Shows R59.
#[test]
fn the_forms_keys_are_held_against_the_document() {
    let api = oas::read(YAML.as_bytes()).unwrap();
    let key = |text: &str| ParameterKey::try_from(text.to_owned()).unwrap();
    let keys = [key("INQ_YR"), key("Region"), key("MONTH")];
    let compared = api.hold_against(&keys);
    assert_eq!(compared.missing, [key("MONTH")]);
    assert_eq!(
        compared.extra.iter().map(|p| (p.name.as_str(), p.at.line)).collect::<Vec<_>>(),
        [("county", 30)]
    );
    assert!(api.hold_against(&[key("inq_yr"), key("region"), key("county")]).agree());
}

/// Shows R46.
#[test]
fn what_is_no_api_document_is_refused_with_its_place() {
    let wrong = |text: &str| match oas::read(text.as_bytes()).unwrap_err() {
        OasFault::Wrong { at, path, why } => (at, path, why),
        OasFault::Unreadable(fault) => panic!("{fault}"),
    };
    let place = |line, column| Place { line, column };
    let head = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\n";
    for (text, at, path, why) in [
        ("[1]".to_owned(), place(1, 1), "(root)", WhyOas::Type { wanted: "a map" }),
        ("swagger: '2.0'\n".to_owned(), place(1, 10), "swagger", WhyOas::Swagger),
        ("info: {}\n".to_owned(), place(1, 1), "(root)", WhyOas::Missing { key: "openapi" }),
        ("openapi: 3.1\n".to_owned(), place(1, 10), "openapi", WhyOas::VersionNumber),
        ("openapi: 4.0.0\n".to_owned(), place(1, 10), "openapi", WhyOas::Version),
        (
            "openapi: 3.0.0\ninfo: {version: '1'}\n".to_owned(),
            place(2, 7),
            "info",
            WhyOas::Missing { key: "title" },
        ),
        (head.to_owned(), place(1, 1), "(root)", WhyOas::Missing { key: "paths" }),
        (format!("{head}paths: {{}}\n"), place(3, 8), "paths", WhyOas::NoOperation),
        (format!("{head}paths:\n  data: {{}}\n"), place(4, 3), "paths.data", WhyOas::Path),
        (
            format!("{head}paths:\n  /a:\n    get: {{}}\n"),
            place(5, 10),
            "paths./a.get",
            WhyOas::Missing { key: "responses" },
        ),
        (
            format!(
                "{head}paths:\n  /a:\n    get:\n      responses: {{'200': {{}}}}\n      parameters:\n        - name: x\n          in: body\n"
            ),
            place(9, 15),
            "paths./a.get.parameters[0].in",
            WhyOas::In,
        ),
        (
            format!("{head}paths:\n  /a:\n    parameters: [{{name: x, in: path, required: true}}]\n"),
            place(5, 18),
            "paths./a.parameters[0]",
            WhyOas::PathParameter,
        ),
        (
            format!("{head}paths:\n  /a:\n    parameters: [{{$ref: 'other.yaml#/a'}}]\n"),
            place(5, 25),
            "paths./a.parameters[0]",
            WhyOas::Outside,
        ),
        (
            format!("{head}paths:\n  /a:\n    parameters: [{{$ref: '#/components/x'}}]\n"),
            place(5, 25),
            "paths./a.parameters[0]",
            WhyOas::Dangling,
        ),
    ] {
        assert_eq!(wrong(&text), (at, path.to_owned(), why), "{text}");
    }
    let circle = format!(
        "{head}paths:\n  /a: {{$ref: '#/components/x'}}\ncomponents:\n  x: {{$ref: '#/components/y'}}\n  y: {{$ref: '#/components/x'}}\n"
    );
    assert_eq!(wrong(&circle).2, WhyOas::Circle);
    let circle = format!(
        "{head}paths:\n  /a:\n    post:\n      requestBody: {{content: {{application/json: {{schema: {{$ref: '#/components/s'}}}}}}}}\n      responses: {{'200': {{}}}}\ncomponents:\n  s: {{allOf: [{{$ref: '#/components/s'}}]}}\n"
    );
    assert_eq!(wrong(&circle).2, WhyOas::Circle);
    let told = oas::read(b"openapi: 3.0.0\ninfo: [\n").unwrap_err();
    assert!(matches!(&told, OasFault::Unreadable(fault) if fault.at.line >= 2), "{told}");
    let told = refused(Purpose::ApiDocument, "api.json", b"{\"openapi\": \"3.0.0\",}").to_string();
    assert!(told.contains("line 1, column 21"), "{told}");
}

/// A megabyte of anything is judged in a moment.
#[test]
fn hostile_texts_take_no_time() {
    let begun = std::time::Instant::now();
    for piece in [
        "[", "{", "- ", "? ", "a: ", "&a ", "*a ", "!", "\"", "|\n", "{a: ", "[a, ", "- - ", "%", "\t",
        "#\n", ": ", "'",
    ] {
        let text = piece.repeat(300_000 / piece.len());
        let _ = super::yaml::read(&text);
        let _ = super::json::read(&text);
        let _ = check(Purpose::TestData, "a.csv", text.as_bytes());
        let _ = check(Purpose::TestData, "a.xml", text.as_bytes());
    }
    let long_keys = (0..30_000).map(|n| format!("k{n}: {n}\n")).collect::<String>();
    assert_eq!(super::yaml::read(&long_keys).unwrap().entries().len(), 30_000);
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}
