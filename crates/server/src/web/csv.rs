//! Files of rows (RFC 4180), for spreadsheets. A cell that a spreadsheet would take for a formula is defused.

use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};

/// A file to be saved. Its name is of letters, digits, dots and hyphens.
pub fn answer(file: &str, text: &str) -> Response {
    attachment(file, "text/csv; charset=utf-8", text.to_owned())
}

/// The same of another kind.
pub fn attachment(file: &str, kind: &'static str, text: String) -> Response {
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{file}\""));
    headers.insert(CONTENT_DISPOSITION, disposition.unwrap_or(HeaderValue::from_static("attachment")));
    response
}

/// The file. The mark of the byte order tells spreadsheets that it is UTF-8.
pub fn text(rows: &[Vec<String>], bom: bool) -> String {
    let mut text = String::new();
    if bom {
        text.push('\u{feff}');
    }
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

/// A cell: in quotation marks where it needs them, and with an apostrophe before what would be a formula.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_defused_and_cells_quoted() {
        let row = ["=HYPERLINK(\"x\")", "+1", "-1", "@a", "\tx", "＝1", "a,b", "兩\n行", "3", "說\"好\""];
        let expected = [
            "\"'=HYPERLINK(\"\"x\"\")\"",
            "'+1",
            "'-1",
            "'@a",
            "'\tx",
            "'＝1",
            "\"a,b\"",
            "\"兩\n行\"",
            "3",
            "\"說\"\"好\"\"\"",
        ];
        let row: Vec<String> = row.map(str::to_owned).to_vec();
        assert_eq!(text(&[row], true), format!("\u{feff}{}\r\n", expected.join(",")));
    }
}
