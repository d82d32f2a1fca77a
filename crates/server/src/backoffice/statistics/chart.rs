//! Charts as SVG in the page: no script, no picture that is loaded. What colour says is said by hatching or shape as well;
//! a chart has a title and a description for those who hear it, and the same numbers as a table below it.

use std::fmt::Write as _;

use askama::Template;
use askama::filters::Safe;

use crate::web::i18n::escape;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 216.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 28.0;
/// Most words below the axis.
const MOST_TICKS: usize = 8;

/// A step of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Below the axis.
    pub tick: String,
    /// What is said of it when the pointer rests on it.
    pub title: String,
    /// The values: of bars the parts from the ground up, of lines one for each line.
    pub values: [Option<f64>; 2],
}

/// How the values are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Two parts on each other: filled, and hatched.
    Bars,
    /// Two lines: drawn through with dots, and dashed with squares.
    Lines,
}

/// A chart, with its table.
#[derive(Debug, Clone, Template)]
#[template(path = "backoffice/parts/chart.html")]
pub struct Chart {
    /// Unlike that of every other chart on the page.
    pub id: &'static str,
    /// What it shows.
    pub title: String,
    /// The most important of it in a sentence.
    pub description: String,
    /// How it is drawn.
    pub kind: Kind,
    /// The steps.
    pub points: Vec<Point>,
    /// What the two values are.
    pub legend: [String; 2],
    /// The heads of the table's columns.
    pub heads: Vec<String>,
    /// The table's rows; the first cell of each is its head.
    pub rows: Vec<Vec<String>>,
    /// What opens the table.
    pub table: String,
    /// How a value stands at the axis.
    pub scale: fn(f64) -> String,
}

impl askama::filters::HtmlSafe for Chart {}

/// The next number up that people count by: 1, 2 or 5 and noughts.
fn round_up(value: f64) -> f64 {
    let mut unit = 1.0;
    while value > unit * 10.0 {
        unit *= 10.0;
    }
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|n| n * unit).find(|n| value <= *n).unwrap_or(unit * 10.0)
}

impl Chart {
    fn most(&self) -> f64 {
        let of = |point: &Point| match self.kind {
            Kind::Bars => point.values.iter().flatten().sum(),
            Kind::Lines => point.values.iter().flatten().copied().fold(0.0, f64::max),
        };
        round_up(self.points.iter().map(of).fold(1.0, f64::max))
    }

    /// The drawing.
    fn svg(&self) -> Safe<String> {
        let mut svg = String::new();
        self.draw(&mut svg).expect("writing to a String does not fail");
        Safe(svg)
    }

    fn draw(&self, svg: &mut String) -> std::fmt::Result {
        let (id, most) = (self.id, self.most());
        write!(
            svg,
            "<svg class=\"chart\" role=\"img\" aria-labelledby=\"{id}-title {id}-text\" viewBox=\"0 0 {WIDTH} {HEIGHT}\">\
             <title id=\"{id}-title\">{}</title><desc id=\"{id}-text\">{}</desc>",
            escape(&self.title),
            escape(&self.description)
        )?;
        if self.kind == Kind::Bars {
            write!(
                svg,
                "<defs><pattern id=\"{id}-hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
                 patternTransform=\"rotate(45)\"><rect class=\"hatch-ground\" width=\"6\" height=\"6\"></rect>\
                 <path class=\"hatch-line\" d=\"M0 0V6\"></path></pattern></defs>"
            )?;
        }
        let height = |value: f64| (HEIGHT - TOP - BOTTOM) * value / most;
        let ground = HEIGHT - BOTTOM;
        let lines: &[f64] = if most > 1.0 { &[0.0, 0.5, 1.0] } else { &[0.0, 1.0] };
        for line in lines {
            let y = ground - height(most * line);
            write!(
                svg,
                "<path class=\"rule\" d=\"M{LEFT} {y:.1}H{:.1}\"></path><text class=\"scale\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 8.0,
                y + 4.0,
                escape(&(self.scale)(most * line))
            )?;
        }
        let slot = (WIDTH - LEFT - RIGHT) / self.points.len().max(1) as f64;
        let centre = |place: usize| LEFT + slot * (place as f64 + 0.5);
        let every = self.points.len().div_ceil(MOST_TICKS).max(1);
        for (place, point) in self.points.iter().enumerate().step_by(every) {
            let (x, y) = (centre(place), HEIGHT - 8.0);
            write!(
                svg,
                "<text class=\"tick-label\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
                escape(&point.tick)
            )?;
        }
        match self.kind {
            Kind::Bars => {
                let width = (slot * 0.7).min(44.0);
                for (place, point) in self.points.iter().enumerate() {
                    let x = centre(place) - width / 2.0;
                    write!(svg, "<g><title>{}</title>", escape(&point.title))?;
                    let mut foot = ground;
                    for (part, value) in point.values.iter().enumerate() {
                        let tall = height(value.unwrap_or(0.0));
                        if tall > 0.0 {
                            let fill =
                                if part == 0 { String::new() } else { format!(" fill=\"url(#{id}-hatch)\"") };
                            let class = if part == 0 { "solid" } else { "hatched" };
                            write!(
                                svg,
                                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{tall:.1}\"{fill}></rect>",
                                foot - tall
                            )?;
                        }
                        foot -= tall;
                    }
                    svg.push_str("</g>");
                }
            }
            Kind::Lines => {
                for (line, class) in [(0, "line-whole"), (1, "line-dashed")] {
                    let mut path = String::new();
                    let mut drawing = false;
                    for (place, point) in self.points.iter().enumerate() {
                        // A step without a value is a gap, not a nought.
                        let Some(value) = point.values[line] else {
                            drawing = false;
                            continue;
                        };
                        let letter = if drawing { 'L' } else { 'M' };
                        write!(path, "{letter}{:.1} {:.1}", centre(place), ground - height(value))?;
                        drawing = true;
                    }
                    write!(svg, "<path class=\"{class}\" d=\"{path}\"></path>")?;
                }
                for (place, point) in self.points.iter().enumerate() {
                    write!(svg, "<g><title>{}</title>", escape(&point.title))?;
                    let x = centre(place);
                    if let Some(value) = point.values[1] {
                        let y = ground - height(value);
                        write!(
                            svg,
                            "<rect class=\"square\" x=\"{:.1}\" y=\"{:.1}\" width=\"6\" height=\"6\"></rect>",
                            x - 3.0,
                            y - 3.0
                        )?;
                    }
                    if let Some(value) = point.values[0] {
                        write!(
                            svg,
                            "<circle class=\"dot-mark\" cx=\"{x:.1}\" cy=\"{:.1}\" r=\"3.2\"></circle>",
                            ground - height(value)
                        )?;
                    }
                    svg.push_str("</g>");
                }
            }
        }
        svg.push_str("</svg>");
        Ok(())
    }

    /// The marks of the legend, drawn as in the chart.
    fn mark(&self, place: &usize) -> Safe<String> {
        let inner = match (self.kind, place) {
            (Kind::Bars, 0) => "<rect class=\"solid\" width=\"16\" height=\"12\"></rect>".to_owned(),
            (Kind::Bars, _) => {
                format!(
                    "<rect class=\"hatched\" width=\"16\" height=\"12\" fill=\"url(#{}-hatch)\"></rect>",
                    self.id
                )
            }
            (Kind::Lines, 0) => {
                "<path class=\"line-whole\" d=\"M0 6H16\"></path><circle class=\"dot-mark\" cx=\"8\" cy=\"6\" r=\"3.2\"></circle>"
                    .to_owned()
            }
            (Kind::Lines, _) => {
                "<path class=\"line-dashed\" d=\"M0 6H16\"></path><rect class=\"square\" x=\"5\" y=\"3\" width=\"6\" height=\"6\"></rect>"
                    .to_owned()
            }
        };
        Safe(format!("<svg class=\"mark\" viewBox=\"0 0 16 12\" aria-hidden=\"true\">{inner}</svg>"))
    }
}

/// A bar in a row of a table, so long as its share. The number stands beside it.
pub fn bar(part: u64, of: u64) -> Safe<String> {
    let share = if of == 0 { 0.0 } else { 100.0 * part as f64 / of as f64 };
    Safe(format!(
        "<svg class=\"share\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <rect class=\"share-ground\" width=\"100\" height=\"8\"></rect>\
         <rect class=\"solid\" width=\"{share:.1}\" height=\"8\"></rect></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(kind: Kind, values: &[[Option<f64>; 2]]) -> String {
        let point = |(place, values): (usize, &[Option<f64>; 2])| Point {
            tick: place.to_string(),
            title: "<title>".to_owned(),
            values: *values,
        };
        let chart = Chart {
            id: "c",
            title: "<b>".to_owned(),
            description: "\"&".to_owned(),
            kind,
            points: values.iter().enumerate().map(point).collect(),
            legend: Default::default(),
            heads: Vec::new(),
            rows: Vec::new(),
            table: String::new(),
            scale: |value| value.to_string(),
        };
        chart.svg().0
    }

    #[test]
    fn the_axis_ends_on_a_round_number() {
        let rounded = [0.3, 1.0, 3.0, 5.1, 10.0, 11.0, 99.0, 1_234.0].map(round_up);
        assert_eq!(rounded, [1.0, 1.0, 5.0, 10.0, 10.0, 20.0, 100.0, 2_000.0]);
    }

    #[test]
    fn bars_stand_on_each_other_and_nothing_becomes_markup() {
        let svg = chart(Kind::Bars, &[[Some(4.0), Some(1.0)], [Some(0.0), None]]);
        assert_eq!(svg.matches("class=\"solid\"").count(), 1, "{svg}");
        // The whole height is 176 for 5: four parts stand below the fifth.
        assert!(svg.contains("y=\"47.2\"") && svg.contains("height=\"140.8\""), "{svg}");
        assert!(svg.contains("y=\"12.0\"") && svg.contains("height=\"35.2\""), "{svg}");
        assert!(svg.contains("&lt;b&gt;") && svg.contains("&quot;&amp;") && !svg.contains("<b>"));
        assert!(svg.contains("aria-labelledby=\"c-title c-text\""));
    }

    #[test]
    fn a_step_without_a_value_is_a_gap_in_the_line() {
        let svg = chart(Kind::Lines, &[[Some(1.0), None], [None, None], [Some(2.0), None]]);
        let path = svg.split("line-whole\" d=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(path.matches('M').count(), 2, "{path}");
        assert!(chart(Kind::Bars, &[]).contains("</svg>"));
    }
}
