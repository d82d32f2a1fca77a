//! Papers as other programs read them.

use std::path::Path;
use std::process::Command;

use super::*;

fn part(heading: &str, rows: &[(&str, &str)]) -> Part {
    Part {
        heading: Some(heading.to_owned()),
        rows: rows.iter().map(|(term, text)| ((*term).to_owned(), (*text).to_owned())).collect(),
        empty: "尚無紀錄".to_owned(),
    }
}

fn paper() -> Paper {
    Paper {
        lang: Lang::ZhTw,
        title: "資料集介接申請單".to_owned(),
        number: "A1150101001".to_owned(),
        parts: vec![
            part("申請資料", &[("申請機關", "示範圖書館"), ("申請日期", "中華民國 115 年 1 月 1 日")]),
            part(
                "申請內容",
                &[("說明", "第一行\n第二行「引用」，A word & an address https://dp.example/api?x=1")],
            ),
            part("審核紀錄", &[]),
        ],
        signs: vec!["申請人簽章".to_owned(), "機關印信".to_owned()],
        made: "列印時間：115/01/02".to_owned(),
    }
}

fn read(paper: &Paper) -> String {
    let font = Font::find(None).expect("the tests need a font with Chinese characters");
    read_back(&write(paper, &font, "2026-01-02T00:00:00Z".parse().unwrap()).unwrap())
}

/// A paper as `qpdf` judges it and `pdftotext` reads it.
pub(crate) fn read_back(bytes: &[u8]) -> String {
    assert!(bytes.len() < 200_000, "a font was embedded whole: {} bytes", bytes.len());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("paper.pdf");
    std::fs::write(&file, bytes).unwrap();
    let checked = Command::new("qpdf").arg("--check").arg(&file).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    let text =
        Command::new("pdftotext").args(["-layout", "-enc", "UTF-8"]).arg(&file).arg("-").output().unwrap();
    assert!(text.status.success() && text.stderr.is_empty(), "{}", String::from_utf8_lossy(&text.stderr));
    String::from_utf8(text.stdout).unwrap()
}

/// Every word comes back as text, in one page. Shows R57.
#[test]
fn what_was_written_is_read_back() {
    let text = read(&paper());
    for said in [
        "資料集介接申請單",
        "申請機關",
        "示範圖書館",
        "第二行「引用」，A word & an address",
        "https://dp.example/api?x=1",
        "尚無紀錄",
        "申請人簽章",
        "A1150101001",
        "列印時間：115/01/02",
        "第 1 頁，共 1 頁",
    ] {
        assert!(text.contains(said), "{said} is missing in\n{text}");
    }
    assert_eq!(text.matches('\u{c}').count(), 1, "one page");
}

/// Long answers go on over as many pages as they need, each with its number, and nothing is lost.
#[test]
fn a_long_paper_has_numbered_pages() {
    let long: String = (0..1_500).map(|n| format!("第{n}項，")).collect();
    let text = read(&Paper { parts: vec![part("申請內容", &[("說明", &long)])], ..paper() });
    let pages = text.matches('\u{c}').count();
    assert!(pages >= 3, "{pages} pages");
    for page in 1..=pages {
        assert!(text.contains(&format!("第 {page} 頁，共 {pages} 頁")), "page {page}");
    }
    let flat: String = text.split_whitespace().collect();
    for n in [0, 700, 1_499] {
        assert!(flat.contains(&format!("第{n}項，")), "第{n}項");
    }
}

/// A character that the font has not is drawn as 〓, and read as what it is.
#[test]
fn what_the_font_lacks_is_not_lost() {
    // An unassigned character of a plane that has no font at all.
    let text = read(&Paper {
        parts: vec![part("申請人", &[("姓名", "王\u{4fffd}明𠮷\u{202e}乙")])],
        ..paper()
    });
    assert!(text.contains("王\u{4fffd}明𠮷乙"), "{text}");
}

/// A font that cannot be used is named with the reason and the way out.
#[test]
fn a_font_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("font.ttf");
    let said = |file: &Path| Font::find(Some(file)).unwrap_err().to_string();
    assert!(said(&file).contains("cannot be read") && said(&file).contains("print.font"));
    std::fs::write(&file, "no font").unwrap();
    assert!(said(&file).contains("is no OpenType or TrueType font"), "{}", said(&file));
}
