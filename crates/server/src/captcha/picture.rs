//! The digits as a picture: strokes of an own drawing, each digit turned, sized and bent a little differently, with lines
//! across. Drawn anew at every request.

use std::f32::consts::TAU;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use mydata_wire::random::Random;

/// Width in pixels.
pub const WIDTH: usize = 260;
/// Height in pixels.
pub const HEIGHT: usize = 88;
/// Half the width of a stroke.
const PEN: f32 = 2.6;

type Point = (f32, f32);

/// An arc around a middle, from one angle to another (in turns, clockwise from the right), in a box one wide and one and a
/// half high.
fn arc(middle: Point, radius: Point, from: f32, to: f32) -> Vec<Point> {
    let steps = 14;
    let at = |step: u8| {
        let angle = (from + (to - from) * f32::from(step) / f32::from(steps)) * TAU;
        (middle.0 + radius.0 * angle.cos(), middle.1 + radius.1 * angle.sin())
    };
    (0..=steps).map(at).collect()
}

/// The strokes of a digit.
fn strokes(digit: char) -> Vec<Vec<Point>> {
    match digit {
        '0' => vec![arc((0.5, 0.75), (0.42, 0.72), 0.0, 1.0)],
        '1' => vec![vec![(0.22, 0.32), (0.55, 0.03), (0.55, 1.47)], vec![(0.25, 1.47), (0.85, 1.47)]],
        '2' => {
            let mut line = arc((0.5, 0.42), (0.4, 0.38), 0.52, 1.1);
            line.extend([(0.08, 1.45), (0.92, 1.45)]);
            vec![line]
        }
        '3' => vec![arc((0.46, 0.4), (0.4, 0.36), 0.55, 1.25), arc((0.46, 1.1), (0.44, 0.37), -0.25, 0.45)],
        '4' => vec![vec![(0.7, 1.48), (0.7, 0.04), (0.05, 1.05), (0.98, 1.05)]],
        '5' => {
            let mut line = vec![(0.86, 0.05), (0.2, 0.05), (0.15, 0.68)];
            line.extend(arc((0.47, 1.02), (0.44, 0.44), -0.35, 0.42));
            vec![line]
        }
        '6' => {
            let mut line = vec![(0.8, 0.06), (0.35, 0.42), (0.1, 0.95)];
            line.extend(arc((0.5, 1.06), (0.4, 0.41), 0.5, 1.5));
            vec![line]
        }
        '7' => vec![vec![(0.06, 0.05), (0.94, 0.05), (0.35, 1.48)], vec![(0.3, 0.78), (0.82, 0.78)]],
        '8' => vec![arc((0.5, 0.4), (0.34, 0.36), 0.0, 1.0), arc((0.5, 1.12), (0.43, 0.37), 0.0, 1.0)],
        _ => {
            let mut line = arc((0.5, 0.46), (0.4, 0.41), 0.0, 1.0);
            line.extend([(0.86, 0.7), (0.55, 1.47)]);
            vec![line]
        }
    }
}

/// Numbers between two bounds, one after the other.
struct Dice<'r>(&'r dyn Random);

impl Dice<'_> {
    fn between(&self, low: f32, high: f32) -> f32 {
        let mut bytes = [0; 2];
        self.0.fill(&mut bytes);
        low + (high - low) * f32::from(u16::from_be_bytes(bytes)) / f32::from(u16::MAX)
    }
}

/// All strokes of the picture, in pixels.
fn drawing(digits: &str, dice: &Dice<'_>) -> Vec<Vec<Point>> {
    let count = digits.chars().count().max(1);
    // What the picture is wide, in steps of one digit with half a digit of margin.
    let step = WIDTH as f32 / (count as f32 + 0.6);
    let (wave, phase) = (dice.between(3.0, 6.0), dice.between(0.0, TAU));
    let bend = |(x, y): Point| (x, y + wave * (x / 38.0 + phase).sin());
    let mut lines = Vec::new();
    for (place, digit) in digits.chars().enumerate() {
        let size = dice.between(26.0, 34.0);
        let turn = dice.between(-0.28, 0.28);
        let lean = dice.between(-0.22, 0.22);
        let middle = (step * (place as f32 + 0.8), HEIGHT as f32 / 2.0 + dice.between(-7.0, 7.0));
        let put = |(x, y): Point| {
            let (x, y) = ((x - 0.5) * size, (y - 0.75) * size * 1.05);
            let x = x - y * lean;
            let (sin, cos) = turn.sin_cos();
            bend((middle.0 + x * cos - y * sin, middle.1 + x * sin + y * cos))
        };
        lines.extend(strokes(digit).into_iter().map(|line| line.into_iter().map(put).collect()));
    }
    for _ in 0..3 {
        let (from, to) = (dice.between(8.0, 80.0), dice.between(8.0, 80.0));
        let curve = |step: u8| {
            let along = f32::from(step) / 24.0;
            bend((along * WIDTH as f32, from + (to - from) * along))
        };
        lines.push((0..=24).map(curve).collect());
    }
    lines
}

/// How far a point is from a stretch.
fn distance(p: Point, a: Point, b: Point) -> f32 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx * dx + dy * dy;
    let along = if length == 0.0 { 0.0 } else { ((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length };
    let along = along.clamp(0.0, 1.0);
    (p.0 - a.0 - along * dx).hypot(p.1 - a.1 - along * dy)
}

/// Dark on light, one byte a pixel.
fn pixels(digits: &str, dice: &Dice<'_>) -> Vec<u8> {
    let mut ink = vec![0.0_f32; WIDTH * HEIGHT];
    for line in drawing(digits, dice) {
        for ends in line.windows(2) {
            let (a, b) = (ends[0], ends[1]);
            let reach = PEN + 1.0;
            let clamp = |v: f32, most: usize| v.clamp(0.0, most as f32) as usize;
            let columns = clamp(a.0.min(b.0) - reach, WIDTH)..clamp(a.0.max(b.0) + reach + 1.0, WIDTH);
            let rows = clamp(a.1.min(b.1) - reach, HEIGHT)..clamp(a.1.max(b.1) + reach + 1.0, HEIGHT);
            for y in rows {
                for x in columns.clone() {
                    let away = distance((x as f32, y as f32), a, b);
                    let place = &mut ink[y * WIDTH + x];
                    *place = place.max((PEN + 0.5 - away).clamp(0.0, 1.0));
                }
            }
        }
    }
    ink.into_iter()
        .map(|ink| (255.0 - ink * dice.between(165.0, 215.0) - dice.between(0.0, 26.0)) as u8)
        .collect()
}

/// The digits as a PNG in shades of grey.
pub fn png(digits: &str, random: &dyn Random) -> Vec<u8> {
    let pixels = pixels(digits, &Dice(random));
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::fast());
    for row in pixels.chunks(WIDTH) {
        // Each row begins with its filter: none.
        rows.write_all(&[0]).and_then(|()| rows.write_all(row)).expect("writing to a Vec does not fail");
    }
    let rows = rows.finish().expect("writing to a Vec does not fail");
    let mut head = Vec::with_capacity(13);
    head.extend((WIDTH as u32).to_be_bytes());
    head.extend((HEIGHT as u32).to_be_bytes());
    // Eight bits a pixel, grey, deflated, filtered by row, not interlaced.
    head.extend([8, 0, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, content) in [(b"IHDR", &head), (b"IDAT", &rows), (b"IEND", &Vec::new())] {
        png.extend(u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
        let mut crc = flate2::Crc::new();
        crc.update(name);
        crc.update(content);
        png.extend(name);
        png.extend(content);
        png.extend(crc.sum().to_be_bytes());
    }
    png
}
