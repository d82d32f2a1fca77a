//! The file: pages, and one font with the letters that are used and what each of them says.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document as Pdf, Object, ObjectId, Stream, StringFormat, dictionary};
use ttf_parser::{RawFace, Tag};

use super::face::{Face, Letter};
use super::layout::{HEIGHT, Mark, Page, WIDTH};
use super::{Paper, PdfError};

/// What the font is called: the six letters say that it is a part of one (ISO 32000-1, 9.6.4).
const NAME: &str = "MYDATA+Paper";
/// Most entries of one block of a character map (Adobe technical note 5014).
const BLOCK: usize = 100;

pub(super) fn write(
    paper: &Paper,
    pages: &[Page],
    face: &Face<'_>,
    made: Timestamp,
) -> Result<Vec<u8>, PdfError> {
    let mut pdf = Pdf::with_version("1.7");
    let font = font(&mut pdf, face)?;
    let tree = pdf.new_object_id();
    let resources = pdf.add_object(dictionary! { "Font" => dictionary! { "F" => font } });
    let mut kids: Vec<Object> = Vec::with_capacity(pages.len());
    for page in pages {
        let drawn: Vec<Operation> = page.iter().flat_map(operations).collect();
        let content = Content { operations: drawn }.encode()?;
        let content = pdf.add_object(Stream::new(Dictionary::new(), content));
        let page = dictionary! { "Type" => "Page", "Parent" => tree, "Contents" => content };
        kids.push(pdf.add_object(page).into());
    }
    let count = i64::try_from(kids.len()).unwrap_or(i64::MAX);
    let all = dictionary! {
        "Type" => "Pages",
        "Kids" => kids,
        "Count" => count,
        "Resources" => resources,
        "MediaBox" => vec![0.into(), 0.into(), WIDTH.into(), HEIGHT.into()],
    };
    pdf.objects.insert(tree, all.into());
    let catalog = pdf.add_object(dictionary! {
        "Type" => "Catalog",
        "Pages" => tree,
        "Lang" => Object::string_literal(paper.lang.tag()),
        "ViewerPreferences" => dictionary! { "DisplayDocTitle" => true },
    });
    let zone = TimeZone::fixed(Offset::constant(8));
    let day = made.to_zoned(zone).strftime("D:%Y%m%d%H%M%S+08'00'").to_string();
    let info = pdf.add_object(dictionary! {
        "Title" => text(&format!("{} {}", paper.title, paper.number)),
        "CreationDate" => Object::string_literal(day),
        "Producer" => Object::string_literal("mydata"),
    });
    pdf.trailer.set("Root", catalog);
    pdf.trailer.set("Info", info);
    pdf.compress();
    let mut out = Vec::new();
    pdf.save_to(&mut out)?;
    Ok(out)
}

/// A text of the file's own: UTF-16 with its mark.
fn text(text: &str) -> Object {
    let bytes = [0xfe, 0xff].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
    Object::String(bytes, StringFormat::Hexadecimal)
}

fn operations(mark: &Mark) -> Vec<Operation> {
    let op = Operation::new;
    match mark {
        Mark::Rule { from, to, grey } => vec![
            op("G", vec![(*grey).into()]),
            op("w", vec![0.6.into()]),
            op("m", vec![from.0.into(), from.1.into()]),
            op("l", vec![to.0.into(), to.1.into()]),
            op("S", vec![]),
        ],
        Mark::Text { x, y, size, grey, strong, letters } => {
            let mut all = vec![
                op("BT", vec![]),
                op("g", vec![(*grey).into()]),
                op("G", vec![(*grey).into()]),
                // There is one weight: strong letters get an outline as well.
                op("Tr", vec![if *strong { 2 } else { 0 }.into()]),
                op("w", vec![(size * 0.028).into()]),
                op("Tf", vec!["F".into(), (*size).into()]),
                op("Td", vec![(*x).into(), (*y).into()]),
            ];
            for run in letters.chunk_by(|a, b| a.instead_of.is_none() && b.instead_of.is_none()) {
                match run {
                    [Letter { instead_of: Some(character), .. }] => {
                        let said = dictionary! { "ActualText" => text(&character.to_string()) };
                        all.push(op("BDC", vec!["Span".into(), said.into()]));
                        all.push(show(run));
                        all.push(op("EMC", vec![]));
                    }
                    run => all.push(show(run)),
                }
            }
            all.push(op("ET", vec![]));
            all
        }
    }
}

fn show(letters: &[Letter]) -> Operation {
    let bytes = letters.iter().flat_map(|letter| letter.glyph.to_be_bytes()).collect();
    Operation::new("Tj", vec![Object::String(bytes, StringFormat::Hexadecimal)])
}

/// The font: letters by number, their outlines embedded (ISO 32000-1, 9.7).
fn font(pdf: &mut Pdf, face: &Face<'_>) -> Result<ObjectId, PdfError> {
    let subset = subsetter::subset(&face.font.data, face.font.index, &face.used)
        .map_err(|source| PdfError::Subset { file: face.font.file.display().to_string(), source })?;
    let outlines = RawFace::parse(&subset, 0).ok().and_then(|raw| raw.table(Tag::from_bytes(b"CFF ")));
    let (key, file, kind) = match outlines {
        Some(cff) => {
            let bare = dictionary! { "Subtype" => "CIDFontType0C" };
            ("FontFile3", Stream::new(bare, cff.to_vec()), "CIDFontType0")
        }
        None => {
            let length = i64::try_from(subset.len()).unwrap_or(i64::MAX);
            ("FontFile2", Stream::new(dictionary! { "Length1" => length }, subset.clone()), "CIDFontType2")
        }
    };
    let file = pdf.add_object(file);
    let parsed = &face.parsed;
    let units = |units: i16| Object::from(face.thousandths(units.into()));
    let whole = parsed.global_bounding_box();
    let mut descriptor = dictionary! {
        "Type" => "FontDescriptor",
        "FontName" => NAME,
        "Flags" => 4,
        "FontBBox" => vec![units(whole.x_min), units(whole.y_min), units(whole.x_max), units(whole.y_max)],
        "ItalicAngle" => 0,
        "Ascent" => units(parsed.ascender()),
        "Descent" => units(parsed.descender()),
        "CapHeight" => units(parsed.capital_height().unwrap_or(parsed.ascender())),
        "StemV" => 80,
    };
    descriptor.set(key, file);
    let descriptor = pdf.add_object(descriptor);
    let widths: Vec<Object> = face.of.values().map(|glyph| face.advance(*glyph).into()).collect();
    let first = face.of.keys().next().copied().unwrap_or(1);
    let mut letters = dictionary! {
        "Type" => "Font",
        "Subtype" => kind,
        "BaseFont" => NAME,
        "CIDSystemInfo" => dictionary! {
            "Registry" => Object::string_literal("Adobe"),
            "Ordering" => Object::string_literal("Identity"),
            "Supplement" => 0,
        },
        "FontDescriptor" => descriptor,
        "DW" => 1000,
        // Numbers in the paper are given without a gap.
        "W" => vec![Object::from(i64::from(first)), widths.into()],
    };
    if kind == "CIDFontType2" {
        letters.set("CIDToGIDMap", "Identity");
    }
    let letters = pdf.add_object(letters);
    let said = pdf.add_object(Stream::new(Dictionary::new(), said(face).into_bytes()));
    Ok(pdf.add_object(dictionary! {
        "Type" => "Font",
        "Subtype" => "Type0",
        "BaseFont" => NAME,
        "Encoding" => "Identity-H",
        "DescendantFonts" => vec![letters.into()],
        "ToUnicode" => said,
    }))
}

/// What each letter says, for those who search, copy or listen (ISO 32000-1, 9.10.3).
fn said(face: &Face<'_>) -> String {
    let mut map = String::from(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
         /CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n\
         /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
         1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n",
    );
    let all: Vec<(&u16, &char)> = face.says.iter().collect();
    for block in all.chunks(BLOCK) {
        let _ = writeln!(map, "{} beginbfchar", block.len());
        for (glyph, character) in block {
            let _ = write!(map, "<{glyph:04X}> <");
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(map, "{unit:04X}");
            }
            map.push_str(">\n");
        }
        map.push_str("endbfchar\n");
    }
    map.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    map
}
