//! A QR code as inline SVG: no picture is loaded, nothing leaves the page.

use std::fmt::Write as _;

use askama::filters::Safe;
use qrcodegen::{QrCode, QrCodeEcc};

use crate::web::i18n::escape;

/// Modules left free around the code.
const QUIET: i32 = 4;

/// The code of a text, described as `label` to those who do not see it. `None` when the text is too long for a code.
pub fn svg(text: &str, label: &str) -> Option<Safe<String>> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size() + 2 * QUIET;
    let mut path = String::new();
    for y in 0..code.size() {
        // One line for each run of dark modules keeps the page small.
        let mut x = 0;
        while x < code.size() {
            let begin = x;
            while x < code.size() && code.get_module(x, y) {
                x += 1;
            }
            if x > begin {
                write!(path, "M{} {}h{}v1h-{}z", begin + QUIET, y + QUIET, x - begin, x - begin)
                    .expect("writing to a String does not fail");
            } else {
                x += 1;
            }
        }
    }
    // The colours stand here and not in the style sheet: a code must stay dark on light in dark mode, too.
    Some(Safe(format!(
        "<svg class=\"qr\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {size} {size}\" shape-rendering=\"crispEdges\">\
         <rect width=\"{size}\" height=\"{size}\" fill=\"#fff\"></rect><path d=\"{path}\" fill=\"#000\"></path></svg>",
        escape(label)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dark_module_is_drawn_and_no_other() {
        let text = "otpauth://totp/MyData:jenny?secret=GEZDGNBVGY3TQOJQ";
        let svg = svg(text, "a \"code\"").unwrap().0;
        assert!(svg.contains("aria-label=\"a &quot;code&quot;\""));
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
        let dark = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
        let dark = dark.filter(|(x, y)| code.get_module(*x, *y)).count();
        let path = svg.split("d=\"").nth(1).unwrap().split('"').next().unwrap();
        let drawn: usize = path
            .split('M')
            .skip(1)
            .map(|run| run.split('h').nth(1).unwrap().split('v').next().unwrap().parse::<usize>().unwrap())
            .sum();
        assert_eq!(drawn, dark);
    }
}
