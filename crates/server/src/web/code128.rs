//! Code 128 (ISO/IEC 15417) as inline SVG: what a hand-held scanner at a counter reads.

use std::fmt::Write as _;

use askama::filters::Safe;

use crate::web::i18n::escape;

/// Widths of bar, space, bar, space, bar, space of each symbol, in modules; eleven modules together.
const WIDTHS: [&[u8; 6]; 106] = [
    b"212222", b"222122", b"222221", b"121223", b"121322", b"131222", b"122213", b"122312", b"132212",
    b"221213", b"221312", b"231212", b"112232", b"122132", b"122231", b"113222", b"123122", b"123221",
    b"223211", b"221132", b"221231", b"213212", b"223112", b"312131", b"311222", b"321122", b"321221",
    b"312212", b"322112", b"322211", b"212123", b"212321", b"232121", b"111323", b"131123", b"131321",
    b"112313", b"132113", b"132311", b"211313", b"231113", b"231311", b"112133", b"112331", b"132131",
    b"113123", b"113321", b"133121", b"313121", b"211331", b"231131", b"213113", b"213311", b"213131",
    b"311123", b"311321", b"331121", b"312113", b"312311", b"332111", b"314111", b"221411", b"431111",
    b"111224", b"111422", b"121124", b"121421", b"141122", b"141221", b"112214", b"112412", b"122114",
    b"122411", b"142112", b"142211", b"241211", b"221114", b"413111", b"241112", b"134111", b"111242",
    b"121142", b"121241", b"114212", b"124112", b"124211", b"411212", b"421112", b"421211", b"212141",
    b"214121", b"412121", b"111143", b"111341", b"131141", b"114113", b"114311", b"411113", b"411311",
    b"113141", b"114131", b"311141", b"411131", b"211412", b"211214", b"211232",
];
/// The end: two modules more than the others.
const STOP: &[u8; 7] = b"2331112";
/// Begins in code set B: printable ASCII.
const START_B: usize = 104;
const MODULUS: usize = 103;
/// Modules left free on either side; the standard asks for ten.
const QUIET: u32 = 10;
/// Height in modules.
const HEIGHT: u32 = 60;

/// Values of the symbols of a text, check symbol included. `None` when it has a character that code set B does not have.
fn symbols(text: &str) -> Option<Vec<usize>> {
    let mut symbols = vec![START_B];
    for byte in text.bytes() {
        symbols.push(usize::from(byte.checked_sub(b' ').filter(|value| *value < 95)?));
    }
    let check =
        symbols.iter().enumerate().map(|(place, value)| value * place.max(1)).sum::<usize>() % MODULUS;
    symbols.push(check);
    Some(symbols)
}

/// Bars as (first module, modules wide), and the modules that all takes.
fn bars(text: &str) -> Option<(Vec<(u32, u32)>, u32)> {
    let widths = symbols(text)?.into_iter().flat_map(|value| WIDTHS[value].iter()).chain(STOP);
    let (mut bars, mut at) = (Vec::new(), QUIET);
    for (place, width) in widths.enumerate() {
        let width = u32::from(width - b'0');
        // Symbols have an even number of elements, so bars and spaces take turns throughout.
        if place % 2 == 0 {
            bars.push((at, width));
        }
        at += width;
    }
    Some((bars, at + QUIET))
}

/// The code of a text, described as `label` to those who do not see it. `None` when it is not printable ASCII.
pub fn svg(text: &str, label: &str) -> Option<Safe<String>> {
    let (bars, width) = bars(text)?;
    let mut path = String::new();
    for (at, wide) in bars {
        write!(path, "M{at} 0h{wide}v{HEIGHT}h-{wide}z").expect("writing to a String does not fail");
    }
    // The colours stand here and not in the style sheet: a code must stay dark on light in dark mode, too.
    Some(Safe(format!(
        "<svg class=\"code128\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {width} {HEIGHT}\" preserveAspectRatio=\"none\" \
         shape-rendering=\"crispEdges\"><rect width=\"{width}\" height=\"{HEIGHT}\" fill=\"#fff\"></rect>\
         <path d=\"{path}\" fill=\"#000\"></path></svg>",
        escape(label)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the bars back, element by element.
    fn read(text: &str) -> String {
        let (bars, width) = bars(text).unwrap();
        let mut modules = vec![b'0'; width as usize];
        for (at, wide) in &bars {
            modules[*at as usize..(*at + *wide) as usize].fill(b'1');
        }
        let modules = String::from_utf8(modules).unwrap();
        assert!(modules.starts_with("0000000000") && modules.ends_with("0000000000"));
        modules.trim_matches('0').to_owned()
    }

    #[test]
    fn a_text_becomes_the_bars_that_the_standard_gives_it() {
        // Start B, P=48, J=42, J=42, 1=17, 2=18, 3=19, C=35; 104 + 48 + 84 + 126 + 68 + 90 + 114 + 245 = 879; 879 mod 103 = 55.
        assert_eq!(symbols("PJJ123C").unwrap(), [104, 48, 42, 42, 17, 18, 19, 35, 55]);
        let bits = read("PJJ123C");
        assert_eq!(bits.len(), 9 * 11 + 13);
        assert!(bits.starts_with("11010010000"), "start B");
        assert!(bits.ends_with("1100011101011"), "stop");
        assert!(symbols("條碼").is_none() && symbols("a\n").is_none());
    }

    #[test]
    fn every_symbol_is_eleven_modules_and_no_two_are_alike() {
        let mut seen = std::collections::BTreeSet::new();
        for widths in WIDTHS {
            assert_eq!(widths.iter().map(|w| u32::from(w - b'0')).sum::<u32>(), 11);
            // Parity: the bars of a symbol are an even number of modules wide.
            assert_eq!(widths.iter().step_by(2).map(|w| u32::from(w - b'0')).sum::<u32>() % 2, 0);
            assert!(seen.insert(widths));
        }
    }

    #[test]
    fn it_is_described_to_those_who_do_not_see_it() {
        let svg = svg("34679ACE", "資料條碼 \"3467 9ACE\"").unwrap().0;
        assert!(svg.contains("aria-label=\"資料條碼 &quot;3467 9ACE&quot;\""));
        assert_eq!(svg.matches('M').count(), 10 * 3 + 4);
    }
}
