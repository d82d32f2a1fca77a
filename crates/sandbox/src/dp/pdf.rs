//! A small PDF writer for Chinese documents, locked with a password (AES-256).
//!
//! Fonts are not embedded: the text is UTF-16 through the predefined CMaps of Adobe's collections, which every viewer
//! with an East Asian font knows. Adobe-CNS1 is the collection of Taiwan; what it lacks beyond the BMP is taken from
//! Adobe-Japan1.

use std::collections::BTreeMap;
use std::sync::Arc;

use lopdf::content::{Content, Operation};
use lopdf::encryption::crypt_filters::{Aes256CryptFilter, CryptFilter};
use lopdf::{
    Document as Pdf, EncryptionState, EncryptionVersion, Object, Permissions, Stream, StringFormat,
    dictionary,
};
use mydata_wire::{PersonalId, Random};

use super::document::{Document, Value};

/// A4 in points.
const PAGE: (f32, f32) = (595.0, 842.0);
const MARGIN: f32 = 56.0;
/// Where the values of a record begin.
const VALUE_X: f32 = MARGIN + 150.0;
const BODY: f32 = 11.0;
const LEADING: f32 = 19.0;

/// One line of text, placed.
struct Line {
    x: f32,
    size: f32,
    grey: f32,
    text: String,
}

/// What stands on the pages, from top to bottom.
enum Block {
    /// Lines that share a baseline.
    Row(Vec<Line>),
    Rule,
    Gap(f32),
}

/// Writes `document` as a PDF that opens with the upper-case personal id (R134).
///
/// # Errors
/// Those of the PDF library.
pub fn write(document: &Document, person: &PersonalId, random: &dyn Random) -> Result<Vec<u8>, lopdf::Error> {
    let mut pdf = Pdf::with_version("2.0");
    let pages_id = pdf.new_object_id();
    let fonts = dictionary! {
        "F1" => font(&mut pdf, "MSung-Light", "CNS1", 7, "UniCNS-UTF16-H"),
        "F2" => font(&mut pdf, "KozMinPr6N-Regular", "Japan1", 6, "UniJIS-UTF16-H"),
    };
    let resources = pdf.add_object(dictionary! { "Font" => fonts });
    let pages = paginate(blocks(document));
    let count = pages.len();
    let mut kids = Vec::with_capacity(count);
    for (index, mut operations) in pages.into_iter().enumerate() {
        let foot = format!("示範資料，非真實個人資料 · Fictional sample data　{} / {count}", index + 1);
        show(&mut operations, &Line { x: MARGIN, size: 8.5, grey: 0.4, text: foot }, MARGIN / 2.0);
        let content = Content { operations }.encode()?;
        let content = pdf.add_object(Stream::new(dictionary! {}, content));
        let page = pdf.add_object(dictionary! {
            "Type" => "Page", "Parent" => pages_id, "Contents" => content,
        });
        kids.push(page.into());
    }
    let tree = dictionary! {
        "Type" => "Pages",
        "Kids" => kids,
        "Count" => i64::try_from(count).unwrap_or(i64::MAX),
        "Resources" => resources,
        "MediaBox" => vec![0.into(), 0.into(), PAGE.0.into(), PAGE.1.into()],
    };
    pdf.objects.insert(pages_id, Object::Dictionary(tree));
    let catalog = pdf.add_object(dictionary! {
        "Type" => "Catalog",
        "Pages" => pages_id,
        "Lang" => Object::string_literal("zh-TW"),
        "ViewerPreferences" => dictionary! { "DisplayDocTitle" => true },
    });
    let mut title = vec![0xfe, 0xff];
    title.extend(utf16(&document.title));
    let info = pdf.add_object(dictionary! { "Title" => Object::String(title, StringFormat::Hexadecimal) });
    pdf.trailer.set("Root", catalog);
    pdf.trailer.set("Info", info);
    let mut id = vec![0; 16];
    random.fill(&mut id);
    let id = Object::String(id, StringFormat::Hexadecimal);
    pdf.trailer.set("ID", vec![id.clone(), id]);
    lock(&mut pdf, person, random)?;
    let mut out = Vec::new();
    pdf.save_to(&mut out)?;
    Ok(out)
}

fn lock(pdf: &mut Pdf, person: &PersonalId, random: &dyn Random) -> Result<(), lopdf::Error> {
    let mut key = [0; 32];
    random.fill(&mut key);
    // Nobody knows the owner's password: the reader's is the only way in.
    let owner = mydata_wire::random::alphanumeric(random, 32);
    let filter: Arc<dyn CryptFilter> = Arc::new(Aes256CryptFilter);
    let state = EncryptionState::try_from(EncryptionVersion::V5 {
        encrypt_metadata: true,
        crypt_filters: BTreeMap::from([(b"StdCF".to_vec(), filter)]),
        file_encryption_key: &key,
        stream_filter: b"StdCF".to_vec(),
        string_filter: b"StdCF".to_vec(),
        owner_password: &owner,
        user_password: person.expose(),
        permissions: Permissions::all(),
    })?;
    pdf.encrypt(&state)
}

/// A font of Adobe's collection `ordering`, not embedded.
fn font(pdf: &mut Pdf, name: &str, ordering: &str, supplement: i64, cmap: &str) -> Object {
    let descriptor = pdf.add_object(dictionary! {
        "Type" => "FontDescriptor",
        "FontName" => name,
        "Flags" => 6,
        "FontBBox" => vec![(-160).into(), (-249).into(), 1015.into(), 888.into()],
        "ItalicAngle" => 0,
        "Ascent" => 880,
        "Descent" => -120,
        "CapHeight" => 880,
        "StemV" => 93,
    });
    let cid_font = pdf.add_object(dictionary! {
        "Type" => "Font",
        "Subtype" => "CIDFontType0",
        "BaseFont" => name,
        "CIDSystemInfo" => dictionary! {
            "Registry" => Object::string_literal("Adobe"),
            "Ordering" => Object::string_literal(ordering),
            "Supplement" => supplement,
        },
        "FontDescriptor" => descriptor,
        "DW" => 1000,
        // The CIDs of printable ASCII, half as wide.
        "W" => vec![1.into(), 95.into(), 500.into()],
    });
    let font = pdf.add_object(dictionary! {
        "Type" => "Font",
        "Subtype" => "Type0",
        "BaseFont" => format!("{name}-{cmap}"),
        "Encoding" => cmap,
        "DescendantFonts" => vec![cid_font.into()],
    });
    font.into()
}

fn blocks(document: &Document) -> Vec<Block> {
    let line = |x, size, grey, text: &str| Line { x, size, grey, text: text.to_owned() };
    let mut blocks = vec![
        Block::Row(vec![line(MARGIN, 20.0, 0.1, &document.title)]),
        Block::Gap(6.0),
        Block::Row(vec![line(MARGIN, BODY, 0.35, &document.issuer)]),
        Block::Rule,
        Block::Gap(6.0),
    ];
    value_blocks(&document.content, &mut blocks);
    blocks
}

fn value_blocks(value: &Value, blocks: &mut Vec<Block>) {
    match value {
        Value::Text(text) => row("", text, blocks),
        Value::List(list) => {
            for item in list {
                value_blocks(item, blocks);
                blocks.push(Block::Rule);
            }
            if list.is_empty() {
                row("", "（無）", blocks);
            }
        }
        Value::Record(fields) => {
            for (name, value) in fields {
                match value {
                    Value::Text(text) => row(name, text, blocks),
                    nested => {
                        blocks.push(Block::Gap(10.0));
                        let text = name.clone();
                        blocks.push(Block::Row(vec![Line { x: MARGIN, size: 13.0, grey: 0.1, text }]));
                        blocks.push(Block::Rule);
                        value_blocks(nested, blocks);
                    }
                }
            }
        }
    }
}

fn row(name: &str, text: &str, blocks: &mut Vec<Block>) {
    let mut lines = wrap(text, (PAGE.0 - MARGIN - VALUE_X) / BODY).into_iter();
    let value = |text| Line { x: VALUE_X, size: BODY, grey: 0.1, text };
    let first = lines.next().unwrap_or_default();
    let name = Line { x: MARGIN, size: BODY, grey: 0.35, text: name.to_owned() };
    blocks.push(Block::Row(vec![name, value(first)]));
    blocks.extend(lines.map(|line| Block::Row(vec![value(line)])));
}

/// Breaks a text into lines of at most `width` em.
fn wrap(text: &str, width: f32) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0.0);
    for c in text.chars().filter(|c| !c.is_control()) {
        let em = if c.is_ascii() { 0.5 } else { 1.0 };
        if used + em > width {
            lines.push(std::mem::take(&mut line));
            used = 0.0;
        }
        line.push(c);
        used += em;
    }
    lines.push(line);
    lines
}

/// The drawing operations of each page.
fn paginate(blocks: Vec<Block>) -> Vec<Vec<Operation>> {
    let mut pages = vec![Vec::new()];
    let mut y = PAGE.1 - MARGIN - 10.0;
    for block in blocks {
        if y < MARGIN + LEADING {
            pages.push(Vec::new());
            y = PAGE.1 - MARGIN - 10.0;
        }
        let page = pages.last_mut().expect("there is always a page");
        match block {
            Block::Row(lines) => {
                for line in &lines {
                    show(page, line, y);
                }
                y -= LEADING;
            }
            Block::Rule => {
                let y_rule = (y + LEADING - 6.0).into();
                page.extend([
                    Operation::new("G", vec![0.82.into()]),
                    Operation::new("w", vec![0.6.into()]),
                    Operation::new("m", vec![MARGIN.into(), y_rule]),
                    Operation::new("l", vec![(PAGE.0 - MARGIN).into(), (y + LEADING - 6.0).into()]),
                    Operation::new("S", vec![]),
                ]);
                y -= 4.0;
            }
            Block::Gap(gap) => y -= gap,
        }
    }
    pages
}

fn show(page: &mut Vec<Operation>, line: &Line, y: f32) {
    page.extend([
        Operation::new("BT", vec![]),
        Operation::new("g", vec![line.grey.into()]),
        Operation::new("Td", vec![line.x.into(), y.into()]),
    ]);
    for (font, run) in runs(&line.text) {
        page.push(Operation::new("Tf", vec![font.into(), line.size.into()]));
        page.push(Operation::new("Tj", vec![Object::String(utf16(&run), StringFormat::Hexadecimal)]));
    }
    page.push(Operation::new("ET", vec![]));
}

/// Cuts a text where the font changes.
fn runs(text: &str) -> Vec<(&'static str, String)> {
    let mut runs: Vec<(&'static str, String)> = Vec::new();
    for c in text.chars() {
        let font = if u32::from(c) > 0xffff { "F2" } else { "F1" };
        match runs.last_mut() {
            Some((last, run)) if *last == font => run.push(c),
            _ => runs.push((font, c.to_string())),
        }
    }
    runs
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}
